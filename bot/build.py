"""The composition root: builds the parts of the program from the settings."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TextIO

from bot.app import ConversationDependencies, Dependencies
from bot.clock import Clock
from bot.commands.base import BotInfo
from bot.commands.registry import REGISTRY
from bot.connections import ADAPTERS, connect, medium_of
from bot.delivery.sender import Sender
from bot.delivery.share_links import subscribe_link
from bot.digests.sandbox import InProcess, ReaderRunner, Sandbox
from bot.embeddings import process as encoders
from bot.models import MessageReader, Summarizer
from bot.pace import Pace
from bot.platforms.base import Given, Platform, Receiver
from bot.release import installed_version
from bot.rendering.deliveries import render_delivery
from bot.rendering.packing import Medium
from bot.rendering.replies import render_reply
from bot.settings import Settings
from bot.settings.opening import make_ready, make_store
from subscriptions import model
from subscriptions.chats.addresses import declared
from subscriptions.database.copies import KEPT_COPIES
from subscriptions.database.store import Store

if TYPE_CHECKING:  # this import loads httpx and the formats, see App.source_scheduler
    from bot.sources.source_scheduler import SourceScheduler

_MediumAt = Callable[[model.ChatAddress], Medium]


@dataclass(slots=True, kw_only=True)
class App:
    """The parts of the program that subcommands need: the store, the platforms, and what is built from these."""

    settings: Settings
    store: Store
    clock: Clock
    platforms: Mapping[str, Platform]
    deps: Dependencies
    sender: Sender
    bot_names: dict[str, str]  # platform → the bot's name there; filled when the platform tells it
    sandbox: ReaderRunner  # how documents of sources are read
    summarizer: Summarizer | None = None  # None: no language model makes summaries
    stop: asyncio.Event = field(default_factory=asyncio.Event)  # set when the process must stop
    asked_to_stop: bool = False  # whether a signal is the reason to stop
    interrupted: bool = False  # whether this signal is Ctrl-C
    lost_role: bool = False  # whether another process works on the database now, which is the other reason

    @property
    def platforms_off(self) -> list[str]:
        """The names of the platforms that are off, without a token."""
        return sorted(facts.name for facts in declared() if facts.token_variable and facts.name not in self.platforms)

    def open(self, *, words: bool = True) -> None:
        """Creates the database if there is none, and upgrades it to this version; without `words`, its schema only.

        Raises SettingsError, StoreError, RoleTaken (`make_ready`).
        """
        make_ready(self.store, self.settings, now=self.clock.now(), words=words, is_stopping=lambda: self.asked_to_stop)

    def source_scheduler(self) -> "SourceScheduler":
        """Returns the scheduler that polls the sources of the settings."""
        from bot.sources import poll, source_scheduler  # noqa: PLC0415 - httpx takes 120 ms; most subcommands poll nothing

        deps = poll.PollDependencies.of(self.settings, self.deps, self.sandbox)
        return source_scheduler.SourceScheduler(deps, self.settings.sources, stopping=self.stop.is_set)

    def receivers(self) -> list[Receiver]:
        """Returns the receivers of all platforms."""
        return [
            receiver
            for name, platform in self.platforms.items()
            for receiver in platform.receivers(self.clock, partial(self.bot_names.__setitem__, name))
        ]

    async def close(self) -> None:
        """Closes the connections to the platforms and the database, and ends the child processes."""
        for sandbox in (self.sandbox, self.deps.conversation.sandbox):
            sandbox.close()
        for platform in self.platforms.values():
            await platform.close()
        self.store.close()
        if (encoder := self.deps.encoder) is not None:
            encoder.close()
        if self.deps.reader is not None:
            await self.deps.reader.close()


def build_app(
    settings: Settings,
    *,
    clock: Clock,
    channels: Mapping[str, Platform] | None = None,
    out: TextIO | None = None,
    guard_gone: bool = True,
    isolated: bool = False,
) -> App:
    """Builds an App. Raises SettingsError, StoreError.

    `out`: where the console channel writes, stdout by default. `channels`: used instead of the channels that the
    settings turn on. Without `guard_gone`, each chat that refuses a message counts as gone at once. `isolated`: documents
    of sources and files of people are read in child processes, one for each, so that nobody's file holds up a source.
    """
    encoder = encoders.encoder_of(settings)
    store = make_store(settings, encoder=encoder.name if encoder else "")
    on = channels
    if on is None:
        given = Given(settings, store, clock, out or sys.stdout)
        on = {name: connect(name, given) for name in ADAPTERS if settings.is_on(name)}
    stop, bot_names = asyncio.Event(), dict[str, str]()
    medium, titles, make_link = partial(_medium, on), settings.source_titles, partial(subscribe_link, store, bot_names)
    summarizer, reader = _language_model(settings, store, clock) if settings.has_model else (None, None)
    deps = Dependencies(
        store=store,
        clock=clock,
        channels=on,
        pace=Pace(clock, {name: platform.limits for name, platform in on.items()}),
        render_delivery=lambda delivery: render_delivery(
            delivery, medium=medium(delivery.chat.address), titles=titles, make_link=make_link
        ),
        conversation=replace(
            _conversation_context(settings, store, on, bot_names, medium), sandbox=_sandbox(isolated=isolated)
        ),
        encoder=encoder,
        reader=reader,
        on_unclear=settings.on_unclear,
        guard_gone=guard_gone,
        is_stopping=stop.is_set,
    )
    return App(
        settings=settings,
        store=store,
        clock=clock,
        platforms=on,
        deps=deps,
        sender=Sender(deps, on, stop),
        bot_names=bot_names,
        sandbox=_sandbox(isolated=isolated),
        summarizer=summarizer,
        stop=stop,
    )


def _language_model(settings: Settings, store: Store, clock: Clock) -> tuple[Summarizer, MessageReader | None]:
    from bot.llm import messages, summaries  # noqa: PLC0415 - httpx takes 120 ms; most have no language model

    return summaries.summarizer_of(settings, store, clock), messages.reader_of(settings, store, clock)


def _sandbox(*, isolated: bool) -> ReaderRunner:
    return Sandbox() if isolated else InProcess()


def _conversation_context(
    settings: Settings,
    store: Store,
    platforms: Mapping[str, Platform],
    bot_names: Mapping[str, str],
    medium: _MediumAt,
) -> ConversationDependencies:
    """Returns what conversations need."""
    bot_info = BotInfo(
        access=settings.access,
        admins=settings.admins,
        contact=settings.contact or "",
        timezone=settings.timezone,
        mail_platform=next((name for name, platform in platforms.items() if platform.facts.confirms), ""),
        asks_about_kept=settings.kept.ask,
        kept_copies=0 if store.kind.file is None else KEPT_COPIES,
        model=(settings.model_name or "") if settings.has_model else "",
        pages_url=settings.pages_url,
        has_public_pages=settings.web_url is not None,
        model_reads=settings.has_model and settings.model_reads == "messages",
        version=installed_version(),
        bot_names=bot_names,
        platforms_of_open_names=frozenset(name for name, platform in platforms.items() if platform.lets_choose_names),
    )
    return ConversationDependencies(
        registry=replace(
            REGISTRY,
            destinations={chat.address: chat for platform in platforms.values() for chat in platform.destinations},
        ),
        render_reply=lambda reply, chat: render_reply(reply, chat, medium=medium(chat.address)),
        bot_info=bot_info,
    )


def _medium(platforms: Mapping[str, Platform], chat: model.ChatAddress) -> Medium:
    """Returns the medium of a chat, which says how messages are rendered there. The chat's platform may be off."""
    platform = platforms.get(chat.platform)
    return platform.medium_at(chat) if platform else medium_of(chat.platform)

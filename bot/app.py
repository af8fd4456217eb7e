"""The App: what all parts of the program share."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

from bot.clock import Clock
from bot.digests.sandbox import InProcess, ReaderRunner
from bot.messages import Reply
from bot.models import Encoder, MessageReader, Summarizer
from bot.pace import CommandLimits, Pace
from bot.platforms.base import Listener, Platform, Receiver
from bot.settings import Settings
from bot.settings.opening import make_ready
from subscriptions.chats.addresses import declared
from subscriptions.database.store import Store
from subscriptions.model import Chat, ChatAddress, Delivery, Message


class Stop(asyncio.Event):
    """Set when the process must stop."""

    def __init__(self) -> None:
        super().__init__()
        self.was_asked = False  # a signal is the reason
        self.was_interrupted = False  # this signal was Ctrl-C
        self.lost_role = False  # another process works on the database now, which is the other reason


@dataclass(frozen=True, kw_only=True)
class App:
    """What all parts of the program share, as `open_app` in bot/build.py builds it."""

    settings: Settings
    store: Store
    clock: Clock
    platforms: Mapping[str, Platform]  # those that are on, by name
    pace: Pace
    render_delivery: Callable[[Delivery], tuple[Message, ...]]  # as the platform of its chat shows it
    render_reply: Callable[[Reply, Chat], tuple[Message, ...]]
    encoder: Encoder | None = None  # of papers and questions; None: meaning is off
    summarizer: Summarizer | None = None  # None: no language model makes summaries
    reader: MessageReader | None = None  # of messages of which the bot is not sure; None: no language model reads them
    # asks arXiv for the papers of these ids and stores them; False if it does not answer soon. None: nobody is asked
    look_up: Callable[[Sequence[str]], Awaitable[bool]] | None = None
    bot_names: dict[str, str] = field(default_factory=dict)  # platform → the bot's name, once the platform has told it
    sandbox: ReaderRunner = field(default_factory=InProcess)  # reads documents of sources
    file_sandbox: ReaderRunner = field(default_factory=InProcess)  # reads files of people
    fetching_files: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))  # a file may have 20 MB
    command_limits: CommandLimits = field(default_factory=CommandLimits)
    guard_gone: bool = True  # what may be the platform's mood is tried again before a chat counts as gone
    is_terminal: bool = False  # replies are printed in a terminal, which is patient and asks no platform
    stop: Stop = field(default_factory=Stop)

    def listener_of(self, chat: ChatAddress) -> Listener | None:
        """Return the platform on which somebody talks in a chat; None in a terminal, where no platform is asked."""
        platform = self.platforms.get(chat.platform)
        return platform if isinstance(platform, Listener) and not self.is_terminal else None

    @property
    def platforms_off(self) -> list[str]:
        """The names of the platforms that are off, without a token."""
        return sorted(facts.name for facts in declared() if facts.token_variable and facts.name not in self.platforms)

    @property
    def mail_platform(self) -> str:
        """The name of the platform whose addresses have to be confirmed; "" if e-mail is off."""
        return next((name for name, platform in self.platforms.items() if platform.facts.confirms), "")

    @cached_property
    def destinations(self) -> Mapping[str, ChatAddress]:
        """Name → a chat that only receives papers."""
        return {chat.address: chat for platform in self.platforms.values() for chat in platform.destinations}

    def open(self, *, words: bool = True, make: bool = True) -> None:
        """Open the database, and upgrade it to this version; without `words`, its schema only.

        If there is no database, create it; without `make`, raise NotFound. Raise SettingsError, StoreError, LeaderExists
        (`make_ready`).
        """
        now, is_stopping = self.clock.now(), lambda: self.stop.was_asked
        make_ready(self.store, self.settings, now=now, make=make, words=words, is_stopping=is_stopping)

    def receivers(self) -> list[Receiver]:
        """Return the receivers of all platforms."""
        return [
            receiver
            for name, platform in self.platforms.items()
            if isinstance(platform, Listener)
            for receiver in platform.receivers(self.clock, partial(self.bot_names.__setitem__, name))
        ]

    async def close(self) -> None:
        """Close the connections to platforms and the language model, and what `release` closes."""
        for platform in self.platforms.values():
            await platform.close()
        if self.reader is not None:
            await self.reader.close()
        self.release()

    def release(self) -> None:
        """Close the database, and end the child processes."""
        self.sandbox.close()
        self.file_sandbox.close()
        self.store.close()
        if self.encoder is not None:
            self.encoder.close()

"""Open the App for a subcommand; which chats its options may name."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import TypeVar

from pydantic import SecretStr

from bot import connections as platforms
from bot.app import App
from bot.build import build_app
from bot.cli import MAKE_CLOCK
from bot.cli.log import start_logging
from bot.clock import Clock, SystemClock
from bot.digests import FORMATS
from bot.embeddings import questions
from bot.platforms.base import Given, Platform
from bot.settings import FILE, Settings, load_settings, opening
from subscriptions.chats import addresses
from subscriptions.chats.known import get_chat
from subscriptions.errors import NotFound, SettingsError, WrongUsage
from subscriptions.model import Chat, ChatAddress, ChatKind, ChatState
from subscriptions.papers.similarity import lacking
from subscriptions.schedule.times import Ending, read_when, split_exclusion
from subscriptions.schedule.zones import zone

T = TypeVar("T")


def encode(app: App, texts: Sequence[str]) -> None:
    """Have the vectors of texts made, if the store lacks them. Raise EmbeddingError."""
    if texts and app.encoder and (missing := app.store.read_now(lacking, texts)):
        questions.encode(app.store, app.encoder, missing)


def address_of(app: App, text: str) -> ChatAddress:
    """Return the address of the chat that `--as` names, see `resolve`. Raise Refused and what `resolve` raises."""
    return resolve(app, addresses.parse_address(text))


def resolve(app: App, address: ChatAddress) -> ChatAddress:
    """Return the address that the store uses for a chat. Ask the chat's platform if the given one is an alias.

    Raise SettingsError, NotFound, PaperwireError.
    """
    facts = addresses.facts_of(address.platform)
    if not facts.is_alias(address):
        return address
    if not app.settings.is_on(facts.name):
        raise SettingsError(facts.off)
    return asyncio.run(_ask(app, address.platform, lambda platform: platform.resolve(address)))


def platform_of(app: App, name: str) -> Platform:
    """Return a platform that is on, without a call to it. Raise SettingsError."""
    return platforms.connect(name, Given(app.settings, app.store, app.clock, sys.stderr))


async def _ask(app: App, name: str, question: Callable[[Platform], Awaitable[T]]) -> T:
    platform = platform_of(app, name)
    try:
        return await question(platform)
    finally:
        await platform.close()


def read_settings() -> Settings:
    """Return the settings of this process and start logging as they say. Raise SettingsError."""
    settings = load_settings()
    for number, source in enumerate(settings.sources, start=1):
        if source.format not in (None, *FORMATS):
            known = ", ".join(FORMATS)
            raise SettingsError(f"{FILE}: source {number}, format cannot be used: it must be one of {known}.")
    start_logging(settings, quiet=True)
    return settings


@contextmanager
def open_session(
    now: datetime | None = None, *, make: bool = False, dry: bool = False, words: bool = True
) -> Iterator[App]:
    """Open the store for one subcommand, which has no platforms. `words`: whether it compares words of papers.

    If there is no database, the options decide. With `make`, it is created; this is for subcommands that may store the
    first digest or subscription. With `dry`, an empty temporary database is used. Without both, NotFound is raised and
    nothing is created. Also raises SettingsError, StoreError, LeaderExists.
    """
    settings = read_settings()
    with TemporaryDirectory() if dry else nullcontext() as folder:
        if dry and not opening.make_store(settings).exists():
            settings = settings.model_copy(update={"database_url": SecretStr(f"sqlite:///{folder}/paperwire.db")})
        app = build_app(settings, clock=clock_from(now, settings), platforms={})
        try:
            app.open(make=make, words=words)
            yield app
        finally:
            app.release()  # it has no platforms, and has asked no language model


def clock_from(now: datetime | None, settings: Settings) -> Clock:
    """Return the clock of the machine, or one that starts at the moment of `--now` (the operator's time if naive)."""
    if now is not None:
        now = (now if now.tzinfo else now.replace(tzinfo=zone(settings.timezone))).astimezone(UTC)
    return (MAKE_CLOCK.get() or SystemClock)(now)


def look_up_new_chat(app: App, address: ChatAddress) -> tuple[str, ChatKind | None]:
    """Return the (title, kind) of a new chat, as its platform reports them. The kind decides the default settings.

    Return ("", None) for a chat that the store knows, and if the platform is off or describes no chats.
    """
    facts = addresses.facts_of(address.platform)
    can_tell = app.settings.is_on(facts.name) or facts.has_only_named_chats
    if not facts.describes_chats or not can_tell:
        return "", None
    with suppress(NotFound):
        app.store.read_now(get_chat, address)
        return "", None
    return asyncio.run(_ask(app, facts.name, lambda platform: platform.describe(address)))


def one_time(ending: Ending, when: str | None) -> str | None:
    """Return the time that --when or the end of a query says. Raise WrongUsage if both do and differ, or NoSuchTime."""
    if ending.when and when is not None and read_when(ending.when) != read_when(split_exclusion(when)[0]):
        raise WrongUsage(
            f"The query ends with “{ending.when}”, and --when says “{when}”.",
            "Say the time once. In the query it is words if it is in quotation marks.",
        )
    return ending.when if when is None else when


def remarks_on_new(chat: Chat, settings: Settings) -> Iterator[str]:
    """Yield why a new subscription brings nothing yet: an address that has not agreed, a platform that is off."""
    if chat.state is ChatState.UNCONFIRMED:
        yield f"{chat.address.address} is asked first, by the next paperwire run or deliver; no papers go there before a yes."
    facts = addresses.facts_of(chat.address.platform)
    if not settings.is_on(facts.name):
        yield facts.off

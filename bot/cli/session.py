"""Opens the session of a subcommand: its settings, clock and store."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from bot.cli.log import start_logging
from bot.clock import SystemClock
from bot.context import make_store, open_store
from bot.digests import format_names
from bot.errors import WrongUsage
from bot.platforms.known import PLATFORMS, adapter_of
from bot.settings import Settings, load_settings
from subscriptions.addresses import facts_of, parse_address
from subscriptions.errors import NotFound, Sentence
from subscriptions.model import ChatAddress, ChatKind
from subscriptions.service.next_deliveries import get_chat
from subscriptions.store.database.store import Store
from subscriptions.store.platforms import bots
from subscriptions.zones import zone

_YEARS = range(2000, 2100)  # any other year is a slip, such as 0026, and could overflow calculations


def parse_moment(option: str, text: str, settings: Settings) -> datetime:
    """Returns the instant that an option names, in UTC. Without an offset it is local time in PAPERWIRE_TIMEZONE.

    Raises WrongUsage.
    """
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise WrongUsage(
            Sentence("{option} is not a moment: “{text}”.", {"option": option, "text": text}),
            Sentence("For example: 2026-01-22T09:00:00Z, 2026-01-22T09:00+08:00 or 2026-01-22."),
        ) from None
    _refuse_far_away(option, instant, text)
    return (instant if instant.tzinfo else instant.replace(tzinfo=zone(settings.timezone))).astimezone(UTC)


def parse_day(option: str, text: str) -> date:
    """Returns the day that an option names. Raises WrongUsage."""
    try:
        named = date.fromisoformat(text.strip())
    except ValueError:
        raise WrongUsage(
            Sentence("{option} is not a day: “{text}”.", {"option": option, "text": text}),
            Sentence("For example: 2026-01-22."),
        ) from None
    _refuse_far_away(option, named, text)
    return named


def _refuse_far_away(option: str, named: date, text: str) -> None:
    if named.year in _YEARS:
        return
    values = {"option": option, "text": text, "first": _YEARS[0], "last": _YEARS[-1]}
    if named.year < _YEARS[0]:
        wrong = Sentence("{option} lies before the year {first}: “{text}”.", values)
    else:
        wrong = Sentence("{option} lies after the year {last}: “{text}”.", values)
    raise WrongUsage(wrong, Sentence("For example: 2026-01-22."))


@dataclass(frozen=True, slots=True)
class Session:
    """The settings, the clock and the store of one subcommand."""

    settings: Settings
    clock: SystemClock
    store: Store

    @property
    def now(self) -> datetime:
        """See Clock.now."""
        return self.clock.now()

    def address(self, text: str) -> ChatAddress:
        """Returns the chat that `--as` names, resolved as by `resolve`. Raises Refused, SettingsError."""
        return self.resolve(parse_address(text))

    def resolve(self, address: ChatAddress) -> ChatAddress:
        """Returns the address under which the store knows a chat, if need be after a call to the chat's platform.

        Raises SettingsError, NotFound, PaperwireError.
        """
        if not facts_of(address.platform).is_alias(address):
            return address
        owner = bots(self.store).get(address.platform, "")
        return asyncio.run(adapter_of(PLATFORMS[address.platform]).resolve(self.settings, address, owner))


def read_settings() -> Settings:
    """Returns the settings of this process and starts logging as they say. Raises SettingsError."""
    settings = load_settings(os.environ, Path.cwd())
    if any(source.format for source in settings.sources):
        settings = load_settings(os.environ, Path.cwd(), formats=format_names())
    start_logging(settings, quiet=True)
    return settings


@contextmanager
def open_session(now: str | None = None, *, make: bool = False) -> Iterator[Session]:
    """Opens the store for one subcommand. `now` is the text of `--now`.

    `make` creates a missing database, for subcommands that may store the first digest or subscription. Without `make` a
    missing database raises NotFound and nothing is created. Raises SettingsError, WrongUsage, StoreError, too.
    """
    with _open_session(read_settings(), now, make=make) as session:
        yield session


@contextmanager
def open_dry_run(now: str | None = None) -> Iterator[Session]:
    """Opens the store for a dry run. A missing database is replaced by an empty temporary one."""
    settings = read_settings()
    with TemporaryDirectory() as folder:
        if not make_store(settings).exists():
            settings = replace(settings, database_url=SecretStr(f"sqlite:///{folder}/paperwire.db"))
        with _open_session(settings, now, make=True) as session:
            yield session


@contextmanager
def _open_session(settings: Settings, now: str | None, *, make: bool) -> Iterator[Session]:
    clock = clock_from(now, settings)
    store = open_store(settings, now=clock.now(), make=make)
    try:
        yield Session(settings, clock, store)
    finally:
        store.close()


def clock_from(now: str | None, settings: Settings) -> SystemClock:
    """Returns the clock of the machine, or a clock that starts at the moment of `--now`. Raises WrongUsage."""
    return SystemClock(None if now is None else parse_moment("--now", now, settings))


def titled(sender: str) -> str:
    """Returns the display name of a sender: a platform, or a platform, a colon and a workspace."""
    platform, _, workspace = sender.partition(":")
    return f"{facts_of(platform).title} ({workspace})" if workspace else facts_of(platform).title


def look_up_new_chat(session: Session, address: ChatAddress) -> tuple[str, ChatKind | None]:
    """Returns (title, kind) of a chat as far as its platform tells; ("", None) for a chat that the store knows.

    The kind of a new chat decides its default settings.
    """
    platform = address.platform
    if not facts_of(platform).describes_chats or not session.settings.is_on(platform) or _is_known(session, address):
        return "", None
    return asyncio.run(adapter_of(PLATFORMS[platform]).describe(session.settings, address))


def _is_known(session: Session, address: ChatAddress) -> bool:
    try:
        get_chat(session.store, address)
    except NotFound:
        return False
    return True

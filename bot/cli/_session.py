"""Sessions: the settings, the clock and the store that a subcommand works with."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.app import App, connect_slack, connect_telegram, make_store, open_store
from bot.cli._logging import start_logging
from bot.cli._moments import parse_moment
from bot.clock import SystemClock
from bot.digests import format_names
from bot.errors import WrongUsage
from bot.settings import Settings, load_settings
from subscriptions.addresses import parse_address
from subscriptions.errors import ChatGone, NotDelivered, NotFound, PaperwireError, Sentence
from subscriptions.model import ChatAddress, ChatKind
from subscriptions.service.chats import owners
from subscriptions.service.subscriptions import get_chat
from subscriptions.store import Store

_LOOK_SECONDS = 8.0  # how long to wait for a platform to tell the title and kind of a chat


@dataclass(frozen=True, slots=True)
class Session:
    """What a subcommand works with."""

    settings: Settings
    clock: SystemClock
    store: Store

    @property
    def now(self) -> datetime:
        """The current time for every stored time and decision, aware UTC."""
        return self.clock.now()

    def address(self, text: str) -> ChatAddress:
        """Returns the chat that `--as` names, resolved as by `resolve`. Raises Refused, SettingsError."""
        return self.resolve(parse_address(text))

    def resolve(self, address: ChatAddress) -> ChatAddress:
        """Returns the address under which the store knows a chat. Asks the platform for the id of `telegram:@name`.

        Raises SettingsError, NotFound, PaperwireError.
        """
        if address.platform == "telegram" and address.address.startswith("@"):
            return asyncio.run(_resolve_telegram(self.settings, address))
        if address.platform == "slack" and "/" in address.address:
            team, _, channel = address.address.partition("/")
            if ours := owners(self.store).get("slack", "").partition(":")[0]:
                return replace(address, address=channel) if team == ours else address
            return asyncio.run(_resolve_slack(self.settings, address))
        return address


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


def raise_if_interrupted(app: App) -> None:
    """Raises KeyboardInterrupt if Ctrl-C was pressed while `app` worked. What was under way has been finished by then."""
    if app.interrupted:
        raise KeyboardInterrupt


def web_root(option: str, text: str) -> str:
    """Returns a public https address without "/" at its end. Raises WrongUsage if `text` is none."""
    parts = urlsplit(text.strip())
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise WrongUsage(
            Sentence("{option} is no address that Slack can reach: “{text}”.", {"option": option, "text": text}),
            Sentence("For example: https://papers.example.org"),
        )
    return text.strip().rstrip("/")


def look_up_new_chat(session: Session, address: ChatAddress) -> tuple[str, ChatKind | None]:
    """Returns (title, kind) of a Telegram chat that is new to the store, ("", None) for other chats or without an answer.

    The kind decides the default settings, and an id alone does not tell a channel from a group.
    """
    if address.platform != "telegram" or session.settings.telegram.token is None or _is_known(session, address):
        return "", None
    return asyncio.run(_look_up(session.settings, address))


def _is_known(session: Session, address: ChatAddress) -> bool:
    try:
        get_chat(session.store, address)
    except NotFound:
        return False
    return True


async def _look_up(settings: Settings, address: ChatAddress) -> tuple[str, ChatKind | None]:
    channel = connect_telegram(settings)
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            _, title = await channel.resolve(address.address)
            return title, await channel.kind(address.address)
    except (NotDelivered, TimeoutError):
        return "", None
    finally:
        await channel.close()


async def _resolve_telegram(settings: Settings, address: ChatAddress) -> ChatAddress:
    """Returns the address with the chat id of `telegram:@name`."""
    channel = connect_telegram(settings)
    try:
        chat_id, _ = await channel.resolve(address.address)
    except ChatGone:
        raise NotFound(
            Sentence("The bot sees no Telegram chat {name}.", {"name": address.address}),
            Sentence("Add the bot to it, or name the chat by its id."),
        ) from None
    except NotDelivered as error:
        raise _cannot_be_asked("Telegram", address.address, error) from None
    finally:
        await channel.close()
    return ChatAddress("telegram", chat_id, address.topic)


async def _resolve_slack(settings: Settings, address: ChatAddress) -> ChatAddress:
    """Returns `slack:CHANNEL` for `slack:TEAM/CHANNEL` of the own workspace. Unchanged without a token to ask with."""
    if not settings.slack.workspaces:
        return address
    channel = connect_slack(settings)
    try:
        return ChatAddress("slack", await channel.normalise(address.address), address.topic)
    except NotDelivered as error:
        raise _cannot_be_asked("Slack", address.address, error) from None
    finally:
        await channel.close()


def _cannot_be_asked(platform: str, name: str, error: NotDelivered) -> PaperwireError:
    values = {"platform": platform, "name": name, "reason": error.reason.rstrip(".")}
    return PaperwireError(
        Sentence("{platform} cannot be asked about {name}: {reason}.", values),
        Sentence("Try again later, or run `paperwire check`."),
    )

"""A platform that is on, as one value: the rest of the program asks it and never compares a name.

A new platform is a folder in bot/channels with a module `adapter` and a line in `PLATFORMS` of bot/app.py.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TextIO

from bot.errors import SettingsError
from bot.ports.channel import Channel
from bot.ports.clock import Clock
from bot.ports.conversation import PlatformApi
from bot.ports.forms import Forms
from bot.ports.menu import MenuCommand
from bot.ports.receiver import Receiver
from bot.rendering.views.medium import Medium
from bot.settings import Settings
from subscriptions.errors import NotDelivered, PaperwireError, Sentence
from subscriptions.model import ChatAddress, ChatKind
from subscriptions.platforms import PlatformFacts
from subscriptions.store import Store

OnBotName = Callable[[str], None]  # is told what the bot is called on the platform
Speakers = Mapping[str, Callable[[Sentence], str]]  # language code, "" for all others → says a sentence


async def _nothing(*_: object) -> None:
    """What most platforms do at a step that one of them needs."""


async def _no_problem() -> str:
    return ""


def _no_receivers(on_bot_name: OnBotName) -> Sequence[Receiver]:
    del on_bot_name
    return ()


def _on_identity(identity: str) -> None:
    del identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Everything that is done with a platform that is on. What a platform does not need it leaves out."""

    facts: PlatformFacts
    channel: Channel
    api: PlatformApi | None = None  # None: nobody can talk to the bot there
    forms: Forms | None = None  # None: the platform shows no modals and no home view
    medium: Medium | None = None  # what writes its messages; None: rendering has one for this name
    receivers: Callable[[OnBotName], Sequence[Receiver]] = _no_receivers
    identity: str = ""  # the bot's id where the token itself tells it; else the channel is asked
    on_identity: Callable[[str], None] = _on_identity  # blocks: puts into the store what follows from the bot's id
    prepare: Callable[[], Awaitable[None]] = _nothing  # before the process with the sender lock sends anything
    recheck: Callable[[], Awaitable[None]] = _nothing  # every quarter of an hour
    check_tokens: Callable[[Sequence[Receiver]], Awaitable[None]] = _nothing  # raises SettingsError for a refused one
    publish_commands: Callable[[Sequence[MenuCommand], Speakers], Awaitable[None]] = _nothing
    load_installations: Callable[[], Awaitable[str]] = _no_problem  # for who only looks; returns what is wrong
    startup_lines: Sequence[str] = ()  # what the operator should know at the start
    close: Callable[[], Awaitable[None]] = _nothing  # beside the channel's own


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSurroundings:
    """What an adapter may build on."""

    settings: Settings
    store: Store
    clock: Clock


def switched_off(facts: PlatformFacts) -> SettingsError:
    """Returns the refusal of who needs a platform that has no token."""
    return SettingsError(
        Sentence("{platform} is off.", {"platform": facts.title}),
        Sentence("Set {variable}.", {"variable": facts.token_variable}),
    )


def cannot_be_asked(facts: PlatformFacts, name: str, error: NotDelivered) -> PaperwireError:
    """Returns what is said when a platform does not tell which chat a name means."""
    values = {"platform": facts.title, "name": name, "reason": error.reason.rstrip(".")}
    return PaperwireError(
        Sentence("{platform} cannot be asked about {name}: {reason}.", values),
        Sentence("Try again later, or run `paperwire check`."),
    )


class PlatformAdapter(Protocol):
    """The module `adapter` in the folder of a platform."""

    def connect(self, settings: Settings, clock: Clock, out: TextIO) -> Channel:
        """Returns the channel; asks nobody yet. Raises SettingsError when the platform is off or cannot be used so."""

    def platform(self, channel: Channel, around: PlatformSurroundings) -> Platform:
        """Returns the platform on this channel, which the same adapter connected."""

    async def resolve(self, settings: Settings, address: ChatAddress, owner: str) -> ChatAddress:
        """Returns the address under which the store knows a chat; `owner` is the bot that the store belongs to, or "".

        Raises SettingsError, NotFound, PaperwireError.
        """

    async def describe(self, settings: Settings, address: ChatAddress) -> tuple[str, ChatKind | None]:
        """Returns (title, kind) of a chat as far as the platform tells soon; ("", None) for what it does not."""

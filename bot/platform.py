"""A platform that is on, as one value. The rest of the program uses this value and never compares a platform's name.

A new platform is a folder in bot/platforms that declares its facts, with the modules `markup`, `adapter` and perhaps
`settings`, and its name in bot/platforms/__init__.py.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TextIO

from bot.errors import SettingsError
from bot.ports import channel as channels
from bot.ports import conversation
from bot.ports.models import Encoder
from bot.rendering.packing import Medium
from bot.settings import Settings
from subscriptions import errors, model
from subscriptions.addresses import PlatformFacts
from subscriptions.store.database.store import Store

if TYPE_CHECKING:  # so that a subcommand that only knows platforms need not load what finds papers
    from bot.commands.context import Command

OnBotName = Callable[[str], None]  # called with the bot's name on the platform, once it is known
Speakers = Mapping[str, Callable[[errors.Sentence], str]]  # language code, "" for all others → translates a sentence


async def _nothing(*_: object) -> None:
    """Does nothing: the default of the optional steps of a platform."""


async def _no_findings() -> Sequence["CheckResult"]:
    return ()


def _no_receivers(on_bot_name: OnBotName) -> Sequence[conversation.Receiver]:
    del on_bot_name
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """The parts and the steps of a platform that is on. Optional steps have defaults that do nothing."""

    facts: PlatformFacts
    channel: channels.Channel
    medium: Medium  # renders its messages
    medium_at: Callable[[model.ChatAddress], Medium] | None = None  # the medium of a chat, if chats have different ones
    api: conversation.PlatformApi | None = None  # None: people cannot talk to the bot there
    receivers: Callable[[OnBotName], Sequence[conversation.Receiver]] = _no_receivers
    has_token: bool = True  # whether `channel.identity` asks the platform which bot a token is for
    token_identity: str = ""  # the bot's id in the token, maybe mistyped; only the id from `channel.identity` is stored
    check_tokens: Callable[[Sequence[conversation.Receiver]], Awaitable[None]] = (
        _nothing  # called at the start; raises SettingsError if the platform refuses a token
    )
    publish_commands: Callable[[Sequence["Command"], Speakers], Awaitable[None]] = _nothing
    check: Callable[[], Awaitable[Sequence["CheckResult"]]] = (
        _no_findings  # called by `paperwire check`, if there is a token only if it works
    )
    destinations: Sequence[model.ChatAddress] = ()  # chats without people; operators subscribe them from other chats
    lets_choose_names: bool = False  # people choose the names of their chats, so no chat is certainly an operator's
    startup_lines: Sequence[str] = ()  # printed for the operator at the start


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSurroundings:
    """The dependencies that an adapter may use to build its platform."""

    settings: Settings
    store: Store
    clock: channels.Clock
    encoder: Encoder | None = None  # of questions; None: meaning is off


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One question of `paperwire check`, its answer, and how to correct what is wrong.

    Only an answer that was found to be good gets a ✓: with neither `mend`, nor `is_open`, nor a cure.
    """

    question: str
    answer: str
    cure: str = ""
    mend: bool = False  # True: something must be corrected; False: the cure is only advice
    is_open: bool = False  # True: the answer is bad or unknown, but nothing must be corrected

    @classmethod
    def wrong(cls, question: str, answer: str, cure: str) -> "CheckResult":
        """Returns an answer that must be corrected."""
        return cls(question=question, answer=answer, cure=cure, mend=True)

    @classmethod
    def of_error(cls, question: str, error: errors.PaperwireError) -> "CheckResult":
        """Returns the finding that an error answers a question, and must be corrected."""
        return cls(question=question, answer=str(error.sentence), cure=str(error.hint), mend=True)

    @classmethod
    def unanswered(cls, question: str, error: errors.NotDelivered) -> "CheckResult":
        """Returns the finding that a platform cannot be asked now."""
        reason = error.reason.rstrip(".")
        return cls(question=question, answer=f"they cannot be asked for: {reason}", is_open=True)


def switched_off(facts: PlatformFacts) -> SettingsError:
    """Returns the error for using a platform that has no token."""
    return SettingsError(
        errors.Sentence("{platform} is off.", {"platform": facts.title}),
        errors.Sentence("Set {variable}.", {"variable": facts.token_variable}),
    )


def cannot_be_asked(facts: PlatformFacts, name: str, error: errors.NotDelivered) -> errors.PaperwireError:
    """Returns the error for a chat's name that could not be looked up, because the platform did not respond."""
    values = {"platform": facts.title, "name": name, "reason": error.reason.rstrip(".")}
    return errors.PaperwireError(
        errors.Sentence("{platform} cannot be asked about {name}: {reason}.", values),
        errors.Sentence("Try again later, or run `paperwire check`."),
    )


class PlatformAdapter(Protocol):
    """The functions of the module `adapter` in the folder of a platform."""

    def connect(self, settings: Settings, clock: channels.Clock, out: TextIO) -> channels.Channel:
        """Returns the channel without a call to the platform. Raises SettingsError if settings are missing."""

    def platform(self, channel: channels.Channel, around: PlatformSurroundings) -> Platform:
        """Returns the platform for a channel from `connect` of the same adapter."""

    # The functions below are called only if the platform's facts say so (`is_alias`, `describes_chats`,
    # `formats_differ`).

    async def resolve(self, settings: Settings, address: model.ChatAddress, owner: str) -> model.ChatAddress:
        """Returns the address that the store uses for a chat. `owner` is the id of the store's bot, "" if it has none.

        Raises SettingsError, NotFound, PaperwireError.
        """

    def medium_at(self, settings: Settings, address: model.ChatAddress) -> Medium:
        """Returns the medium that renders the messages of a chat."""

    async def describe(self, settings: Settings, address: model.ChatAddress) -> tuple[str, model.ChatKind | None]:
        """Returns (title, kind) of a chat; ("", None) if the platform does not respond soon."""

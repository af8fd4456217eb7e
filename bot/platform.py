"""A platform that is on, as one object. The rest of the program uses this object and never compares a platform's name.

A new platform is a folder in bot/platforms that declares its facts, with the modules `markup` and `adapter`, and its
name in bot/platforms/__init__.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from bot.ports import channel as channels
from bot.ports import conversation
from bot.rendering.packing import Medium
from subscriptions import errors, model
from subscriptions.addresses import PlatformFacts

if TYPE_CHECKING:  # so that a subcommand that only knows platforms need not load what finds papers
    from bot.commands.context import Command

OnBotName = Callable[[str], None]  # called with the bot's name on the platform, once it is known


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One question of `paperwire check`, its answer, and how to correct what is wrong.

    Only an answer that was found to be good gets a ✓: with neither `mend`, nor `is_open`, nor a cure.
    """

    question: str
    answer: str
    _: KW_ONLY
    cure: str = ""
    mend: bool = False  # True: something must be corrected; False: the cure is only advice
    is_open: bool = False  # True: the answer is bad or unknown, but nothing must be corrected

    @classmethod
    def wrong(cls, question: str, answer: str, cure: str) -> "CheckResult":
        """Returns an answer that must be corrected."""
        return cls(question, answer, cure=cure, mend=True)

    @classmethod
    def of_error(cls, question: str, error: errors.PaperwireError) -> "CheckResult":
        """Returns the finding that an error answers a question, and must be corrected."""
        return cls(question, str(error.sentence), cure=str(error.hint), mend=True)


class Platform(channels.Channel, conversation.PlatformApi):
    """A platform that is on. The steps that most platforms do not have do nothing by default."""

    facts: PlatformFacts
    medium: Medium  # renders its messages
    hears: bool = False  # people can talk to the bot there
    has_token: bool = True  # whether `identity` asks the platform which bot a token is for
    token_identity: str = ""  # the bot's id in the token, maybe mistyped; only the id from `identity` is stored
    destinations: Sequence[model.ChatAddress] = ()  # chats without people; operators subscribe them from other chats
    lets_choose_names: bool = False  # people choose the names of their chats, so no chat is certainly an operator's

    @property
    def startup_lines(self) -> Sequence[str]:
        """What is printed for the operator at the start."""
        return ()

    def medium_at(self, chat: model.ChatAddress) -> Medium:  # noqa: ARG002 - the same for all chats, by default
        """Returns the medium that renders the messages of a chat."""
        return self.medium

    def receivers(self, clock: channels.Clock, on_bot_name: OnBotName) -> Sequence[conversation.Receiver]:  # noqa: ARG002 - as above
        """Returns what receives the updates of the platform."""
        return ()

    async def check_tokens(self) -> None:
        """Asks the platform about its tokens at the start. Raises SettingsError if it refuses one for good."""

    async def publish_commands(self, commands: Sequence["Command"]) -> None:
        """Shows the commands in the platform's menus. Logs errors of the platform."""

    async def check(self) -> Sequence[CheckResult]:
        """Returns the findings of `paperwire check`. Called if there is no token, or the token works."""
        return ()

    # The functions below are called only if the platform's facts say so (`is_alias`, `describes_chats`).

    async def resolve(self, address: model.ChatAddress) -> model.ChatAddress:
        """Returns the address that the store uses for a chat. Raises NotFound, PaperwireError."""
        return address

    async def describe(self, address: model.ChatAddress) -> tuple[str, model.ChatKind | None]:  # noqa: ARG002 - as above
        """Returns (title, kind) of a chat; ("", None) if the platform does not respond soon. Raises NotFound."""
        return "", None

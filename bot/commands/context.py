"""The values that all commands share: the context of a command, and the declarations of commands, callbacks and events."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, Protocol

from bot.commands.phrasing import Localizer
from bot.ports.channel import Reply
from bot.ports.conversation import EventRequest, FormRequest, MessageRequest, Request
from subscriptions.addresses import BotLinks, facts_of
from subscriptions.errors import Sentence
from subscriptions.model import Chat, ChatAddress, ChatKind, KnownPaper, Paper
from subscriptions.query import Query
from subscriptions.ranking import Library
from subscriptions.service.access import is_operator
from subscriptions.store.database.store import Transaction

Access = Literal["open", "ask", "closed"]


class InlineFormatter(Protocol):
    """Formats values within the lines of a reply; implemented by bot.rendering.cleaning."""

    def reading(self, query: Query) -> str:
        """Returns what a query asks for, in the reader's language."""

    def caret(self, text: str, column: int) -> tuple[str, str]:
        """Returns the line of a refused query, and a line with ^ under the column."""

    def title(self, paper: Paper) -> str:
        """Returns a paper on one line: its readable title and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BotInfo:
    """The bot's configuration, as far as commands use it."""

    access: Access = "open"
    admins: tuple[ChatAddress, ...] = ()
    contact: str = ""
    timezone: str = "UTC"
    bot_names: Mapping[str, str] = field(default_factory=dict)  # platform → the bot's name there: "paperwire_bot"
    categorised: bool = True  # some source tells the categories of its papers
    looks_up_papers: bool = False  # papers that are not stored can be looked up at arXiv
    mail_platform: str = ""  # the name of the platform whose addresses have to say yes; "": it is off
    kept_copies: int = 0  # daily copies of the database that are kept; 0: the program makes none
    version: str = ""  # of paperwire; "" if it runs from a checkout


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandContext:
    """One request, with everything that a command needs to answer it.

    `chat` is what the command is about. `origin` is where the request was made and where the reply goes. They differ when a
    private chat manages a channel.
    """

    store: Transaction
    now: datetime
    request: Request
    chat: Chat  # id 0 until it is stored
    origin: Chat
    args: str = ""  # the text after the command
    arguments: Mapping[str, Any] = field(default_factory=dict)  # of the button
    file: bytes = b""  # the attached document
    library: Library | None = None  # that it holds
    localizer: Localizer
    formatter: InlineFormatter
    bot_info: BotInfo
    registry: "Registry"
    read_by_group: bool = False  # a whole group or channel sees the reply, not one person
    shared_chats: frozenset[str] | None = (
        None  # addresses of chats that the sender is a member of; None if the platform does not tell
    )

    @property
    def message(self) -> MessageRequest | None:
        """Returns the message that made the request; None for a callback, a form or an event."""
        return self.request if isinstance(self.request, MessageRequest) else None

    @property
    def form_values(self) -> Mapping[str, str]:
        """Returns the values of the form by field; empty unless the request is a form."""
        return self.request.values if isinstance(self.request, FormRequest) else {}

    @property
    def event_details(self) -> Mapping[str, str]:
        """Returns the details of the event; empty unless the request is an event."""
        return self.request.details if isinstance(self.request, EventRequest) else {}

    @property
    def person(self) -> ChatAddress:
        """Returns the address of the sender's private chat."""
        return ChatAddress(self.origin.address.platform, self.request.sender)

    @property
    def actor(self) -> str:
        """Returns the sender as changes store it: "ID NAME"."""
        return f"{self.request.sender} {self.request.sender_name}".strip()

    @property
    def is_operator(self) -> bool:
        """Returns whether the sender runs this bot: as this private chat, or as a person in any chat."""
        if self.request.is_operator:
            return True
        if not self.read_by_strangers and (self.origin.admin or self.origin.address in self.bot_info.admins):
            return True
        by_origin = self.origin.kind is ChatKind.PRIVATE and self.origin.address == self.person
        return (
            bool(self.request.sender) and not by_origin and is_operator(self.store, self.bot_info.admins, self.person)
        )

    @property
    def read_by_strangers(self) -> bool:
        """Returns whether strangers can read the reply. Then it has no buttons that change anything: strangers could press them."""
        return self.origin.public or self.origin.kind is ChatKind.BROADCAST

    @property
    def links(self) -> tuple[BotLinks | None, str]:
        """Returns (links that open the bot on the request's platform, the bot's name there); (None, "") if there are none."""
        platform = self.origin.address.platform
        links, bot = facts_of(platform).links, self.bot_info.bot_names.get(platform, "")
        return (links, bot) if links and bot else (None, "")

    def say(self, sentence: str, /, **values: object) -> str:
        """Returns the sentence in the reader's language."""
        return self.localizer.say(sentence, **values)

    def title(self, known: KnownPaper) -> str:
        """Returns a paper on one line."""
        return self.formatter.title(known.paper)


CommandFunction = Callable[[CommandContext], Reply | None]


Condition = Callable[[CommandContext], bool]
WantedFile = Literal["text", "library", "any"]  # what an attached document must be


def always(_: CommandContext) -> bool:
    """Returns True, for commands that always write."""
    return True


def never(_: CommandContext) -> bool:
    """Returns False, for commands that never write."""
    return False


QueryTexts = Callable[[CommandContext], Iterable[str]]
MatchesAhead = Callable[[CommandContext], None]


def query_of_button(context: CommandContext) -> Iterable[str]:
    """Returns the query that a button carries as its argument `text`."""
    return (str(context.arguments.get("text", "")),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a command, a button, a form or an event does, and what must be checked or fetched before it runs."""

    run: CommandFunction
    needs_manager: bool = False  # only for those who manage the chat that it is about
    needs_operator: bool = False  # only for operators of the bot
    writes: Condition | None = None  # whether it writes to the store; None: if it needs a manager
    queries: QueryTexts | None = None  # whose matches the reply tells: they are matched before the writing transaction
    matches_ahead: MatchesAhead | None = None  # matches what else it needs, likewise
    stays_here: bool = False  # is about the chat where it was made, even if that chat manages another one
    wants_file: WantedFile | None = None  # reads an attached document
    replaces: bool = False  # the reply replaces the message whose button was pressed; other replies say so themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Action):
    """A command that people can type."""

    name: str
    summary: Sentence  # for menus and help: a few words without a full stop
    aliases: tuple[str, ...] = ()
    usage: str = ""  # arguments after the name: "QUERY [WHEN]"
    shows_without_args: bool = False  # without arguments it changes nothing, so everyone may use it
    listed: bool = True  # is shown in menus
    names_chats: bool = False  # a chat in its arguments is an argument, not the chat that it is about
    args_are_chat: bool = False  # its arguments are one chat: @name, link or number
    many_lines: bool = False  # reads every line of a message; in other commands a line may begin another command


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback(Action):
    """The handler of a button, of an answer to a question, or of a form."""

    is_answer: Condition | None = None  # for questions: whether a text is an answer; None: every text is
    show_form: CommandFunction | None = None  # for forms: returns the form for the values that are filled in so far


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Action):
    """The handler of an event: something happens to a chat, or a person opens a home view or a shortcut."""

    writes: Condition | None = always


def write_condition(action: Action) -> Condition:
    """Returns the condition under which an action writes to the store.

    If it does not hold, the action runs in a reading transaction, and an attempt to write there raises WouldWrite.
    """
    return action.writes or (always if action.needs_manager else never)


# Names of these commands in other bots.
_ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "activeall": "resume",
        "config": "set",
        "cron": "schedule",
        "del": "unsub",
        "delete": "unsub",
        "pauseall": "pause",
        "unpause": "resume",
        "version": "about",
    }
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Registry:
    """All commands, callbacks and events by name. Commands use `context.registry` and do not import the registry."""

    commands: tuple[Command, ...]
    callbacks: Mapping[str, Callback]  # by the verb of the button
    events: Mapping[str, Event]  # by the name of the event
    destinations: Mapping[str, ChatAddress] = field(default_factory=dict)  # by name, of chats without people

    @cached_property
    def by_name(self) -> Mapping[str, Command]:
        """Returns all commands by name and alias."""
        return {name: command for command in self.commands for name in (command.name, *command.aliases)}

    def command_named(self, name: str) -> Command | None:
        """Returns the command with this name or alias, in any letter case; None if there is none."""
        return self.by_name.get(name.casefold())

    def nearest(self, name: str, *, alike: float = 0.6) -> str:
        """Returns the name of the command that is most similar to `name`; "" if none is similar enough: 0 to 1."""
        said = name.casefold()
        if said in _ELSEWHERE:
            return _ELSEWHERE[said]
        names = list(self.by_name)
        swapped = [known for known in names if sorted(known) == sorted(said)]  # sbu
        if found := swapped or get_close_matches(said, names, n=1, cutoff=alike):
            return found[0]
        # Such as "sub" of "/subdiffusion".
        return max((known for known in names if said.startswith(known)), key=len, default="")

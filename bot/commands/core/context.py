"""What a command is given and what it is: the values that every family of commands shares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, Protocol

from bot.commands.phrasing.localizer import Localizer
from bot.ports.conversation import EventRequest, FormRequest, MessageRequest, Request
from bot.ports.reply import Reply
from subscriptions.errors import Sentence
from subscriptions.model import Chat, ChatAddress, ChatKind, KnownPaper, Paper
from subscriptions.platforms import BotLinks, facts_of
from subscriptions.query import Query
from subscriptions.service.chats import runs_the_bot
from subscriptions.store import Scope


class InlineFormatter(Protocol):
    """How rendering says things that stand in the middle of a reply's lines."""

    def reading(self, query: Query) -> str:
        """What a query asks for, in the person's own words."""

    def caret(self, text: str, column: int) -> tuple[str, str]:
        """The line of a refused query, and a line with ^ under the column."""

    def title(self, paper: Paper) -> str:
        """A paper on one line: its title, readable, and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BotInfo:
    """What commands know of the bot that they run in."""

    access: Literal["open", "ask", "closed"] = "open"
    admins: tuple[ChatAddress, ...] = ()
    contact: str = ""
    timezone: str = "UTC"
    bot_names: Mapping[str, str] = field(default_factory=dict)  # platform → the bot's name there: "paperwire_bot"
    categorised: bool = True  # some source here tells categories
    looks_up_papers: bool = False  # papers that are not known here can be asked of arXiv
    version: str = ""  # of paperwire; "" where it runs from its source


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandContext:
    """One request on its way to its reply.

    `chat` is what the command is about, `home` is where it was said and where the reply goes; they differ when a
    private chat manages a channel.
    """

    store: Scope
    now: datetime
    request: Request
    chat: Chat  # id 0: nobody has met it yet, and nothing of it is stored
    origin: Chat
    args: str = ""  # what follows the command
    arguments: Mapping[str, Any] = field(default_factory=dict)  # what a button carries
    file: bytes = b""  # the document that came along, fetched
    localizer: Localizer
    formatter: InlineFormatter
    bot_info: BotInfo
    registry: "Registry"
    read_by_group: bool = (
        False  # the reply stands in a group or channel, not in a private chat nor for one person alone
    )
    shared_chats: frozenset[str] | None = None  # addresses of the chats where the person is, too; None: nobody can tell

    @property
    def message(self) -> MessageRequest | None:
        """The message that made the request; None for a callback, a form or an event."""
        return self.request if isinstance(self.request, MessageRequest) else None

    @property
    def form_values(self) -> Mapping[str, str]:
        """What was filled in, by field; empty unless the request is a form."""
        return self.request.values if isinstance(self.request, FormRequest) else {}

    @property
    def event_details(self) -> Mapping[str, str]:
        """What the platform says of the event; empty unless the request is one."""
        return self.request.details if isinstance(self.request, EventRequest) else {}

    @property
    def person(self) -> ChatAddress:
        """The private chat of whoever asks."""
        return ChatAddress(self.origin.address.platform, self.request.sender)

    @property
    def actor(self) -> str:
        """Who asks, as changes remember it: "ID NAME"."""
        return f"{self.request.sender} {self.request.sender_name}".strip()

    @property
    def is_operator(self) -> bool:
        """Whether who asks runs this bot: the chat does, or the person, wherever they say it."""
        if not self.read_by_strangers and (self.origin.admin or self.origin.address in self.bot_info.admins):
            return True
        return bool(self.request.sender) and runs_the_bot(self.store, self.bot_info.admins, self.person)

    @property
    def read_by_strangers(self) -> bool:
        """Whether strangers read the reply: buttons that do something would be everybody's, so it carries none."""
        return self.origin.public or self.origin.kind is ChatKind.BROADCAST

    @property
    def links(self) -> tuple[BotLinks | None, str]:
        """(links that open the bot on the platform where this is said, the bot's name there); (None, "") where there are none."""
        platform = self.origin.address.platform
        links, bot = facts_of(platform).links, self.bot_info.bot_names.get(platform, "")
        return (links, bot) if links and bot else (None, "")

    def say(self, sentence: str, /, **values: object) -> str:
        """The sentence in the reader's language."""
        return self.localizer.say(sentence, **values)

    def title(self, known: KnownPaper) -> str:
        """A paper on one line."""
        return self.formatter.title(known.paper)


CommandFunction = Callable[[CommandContext], Reply | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something that people can say."""

    name: str
    run: CommandFunction
    summary: Sentence  # for menus and help: a few words, without a full stop
    aliases: tuple[str, ...] = ()
    usage: str = ""  # what follows the name: "QUERY [WHEN]"
    needs_manager: bool = False  # only for those who manage the chat
    shows_without_args: bool = False  # with no words after it, it only shows something and changes nothing
    needs_operator: bool = False  # only for administrators of the bot
    listed: bool = True  # stands in menus
    wants_file: bool = False  # reads a document that comes along
    stays_here: bool = False  # about the chat where it is said, also while that manages another one
    names_chats: bool = False  # a chat in its words is what it reads, not where it is sent
    args_are_chat: bool = False  # its words are a chat, however that is written
    many_lines: bool = False  # reads every line of a message; elsewhere a line may begin another command


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """Something that a button does."""

    run: CommandFunction
    needs_manager: bool = False
    needs_operator: bool = False
    stays_here: bool = False  # about the chat where the button stands, even if what it stands under is about another
    show_form: CommandFunction | None = None  # of a form: how it looks by what is filled in so far


# What other bots call it.
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
    """Everything that people can say and press, by name. Commands are given it; none of them imports it."""

    commands: tuple[Command, ...]
    callbacks: Mapping[str, Callback]  # verb of a button → what it does
    events: Mapping[str, CommandFunction]  # name of an event of a chat → what it does

    @cached_property
    def by_name(self) -> Mapping[str, Command]:
        """All commands by name and alias."""
        return {name: command for command in self.commands for name in (command.name, *command.aliases)}

    def command_named(self, name: str) -> Command | None:
        """Returns the command with this name or alias, any letter case; None where there is none."""
        return self.by_name.get(name.casefold())

    def nearest(self, name: str) -> str:
        """Returns the name of a command that was perhaps meant; "" when none is near."""
        said = name.casefold()
        if said in _ELSEWHERE:
            return _ELSEWHERE[said]
        if found := get_close_matches(said, list(self.by_name), n=1, cutoff=0.6):
            return found[0]
        # "/subdiffusion" lacks a blank.
        return max((known for known in self.by_name if said.startswith(known)), key=len, default="")

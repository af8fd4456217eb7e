"""What all commands share: their context, and the classes of commands, callbacks and events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

from bot.app import App
from bot.messages import Button, Buttons, EventRequest, FileReader, MessageRequest, Reply, Request, Row
from bot.platforms.base import Listener
from bot.rendering.papers import is_sample, readable, titled_for
from bot.rendering.queries_in_words import query_in_words
from subscriptions.chats.addresses import BotLinks, facts_of
from subscriptions.chats.known import store_chat
from subscriptions.chats.stored import conversations
from subscriptions.chats.stored.chats import find_chat, home_of
from subscriptions.database.store import Transaction
from subscriptions.errors import Refused, Sentence
from subscriptions.language import Language
from subscriptions.model import CallbackToken, Chat, ChatAddress, ChatKind, StoredPaper
from subscriptions.papers import similarity as nearness
from subscriptions.query.parse import parse_query
from subscriptions.query.tree import Query
from subscriptions.subscribing.access import access_status, is_operator
from subscriptions.text.cutting import clean, cut_at_word, cut_letters, isolated

# what is asked outside a command's transaction: vectors of texts, papers that arXiv may know, what a language model reads
# in a message, the content of an attached file
Need = Literal["vectors", "papers", "reader", "file"]
_NOTHING: Mapping[str, object] = MappingProxyType({})
DO = "do"  # verb of a button that runs a command
_LABEL = 60  # characters of its label
_TITLE = 90  # columns
_OPENING = 80  # columns of the abstract that are shown for a paper without a title


class NeedsLookup(Exception):
    """Raised by a command for what it needs and is not known here.

    What it has changed is taken back. It runs again when that was asked for, and then does without what is still lacking.
    """

    def __init__(self, need: Need, of: Sequence[str]) -> None:
        super().__init__(need)
        self.need = need
        self.of = of  # texts, or ids of papers


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One request, with everything that a command needs to answer it.

    `chat` is what the command is about. `origin` is where the request was made and where the reply goes. `chat` and
    `origin` differ when a private chat manages a channel.
    """

    transaction: Transaction
    now: datetime
    request: Request
    chat: Chat  # id 0 until it is stored
    is_new: bool = False  # this command has stored it
    origin: Chat
    args: str = ""  # the text after the command; of a button, its argument `text`
    arguments: Mapping[str, Any] = field(default_factory=dict)  # the arguments of the button
    file: object = None  # what the command's FileReader returned of the attached document; None: there is none
    localizer: Language
    app: App
    registry: "Registry"
    read_by_group: bool = False  # a whole group or channel sees the reply, not one person
    asked: frozenset[Need] = frozenset()  # what was asked for already
    arxiv_answered: bool = False  # arXiv was asked for the papers that the command lacks, and answered
    news: list[str] = field(default_factory=list)  # lines for the log, written if the command was stored

    @property
    def message(self) -> MessageRequest | None:
        """The message that made the request; None for a callback or an event."""
        if isinstance(self.request, MessageRequest):
            return self.request
        return None

    @property
    def event_details(self) -> Mapping[str, str]:
        """The details of the event; empty unless the request is an event."""
        if isinstance(self.request, EventRequest):
            return self.request.details
        return {}

    @property
    def person(self) -> ChatAddress:
        """The address of the sender's private chat."""
        return ChatAddress(self.origin.address.platform, self.request.sender)

    @property
    def actor(self) -> str:
        """The sender in the form in which changes are stored: "ID NAME"."""
        return f"{self.request.sender} {self.request.sender_name}".strip()

    @property
    def is_about_here(self) -> bool:
        """Whether the command is about the chat where it was given."""
        return self.chat.address == self.origin.address

    @property
    def is_about_own_chat(self) -> bool:
        """Whether the command is about the private chat where it was given."""
        return self.is_about_here and self.origin.kind is ChatKind.PRIVATE

    @property
    def is_operator(self) -> bool:
        """Whether the sender is an operator: at the bot's machine, in a chat of operators, or as a person."""
        if self.request.is_operator:
            return True
        if self.has_open_name:
            return False
        if not self.read_by_strangers and (self.origin.admin or self.origin.address in self.app.settings.admins):
            return True
        by_origin = self.origin.kind is ChatKind.PRIVATE and self.origin.address == self.person
        return (
            bool(self.request.sender)
            and not by_origin
            and is_operator(self.transaction, self.app.settings.admins, self.person)
        )

    @property
    def has_open_name(self) -> bool:
        """Whether somebody else could take the name of the chat in which the request was made."""
        platform = self.app.platforms.get(self.origin.address.platform)
        return isinstance(platform, Listener) and platform.lets_choose_names

    @property
    def has_private_replies(self) -> bool:
        """Whether only the sender sees a reply with `is_ephemeral`."""
        request, platform = self.request, self.app.listener_of(self.request.chat)
        has_ephemeral = platform is not None and platform.facts.has_ephemeral
        return request.place.is_private or request.is_operator or (has_ephemeral and bool(request.sender))

    @property
    def by_operator(self) -> bool:
        """Whether the sender is an operator, or could be one, since they use the bot's own machine."""
        return self.request.is_local or self.is_operator

    @property
    def read_by_strangers(self) -> bool:
        """Whether strangers can read the reply: in public chats and in channels.

        Such a reply has no buttons that change anything, since strangers could press them.
        """
        return self.origin.public or self.origin.kind is ChatKind.BROADCAST

    @property
    def links(self) -> tuple[BotLinks | None, str]:
        """Return (links that open the bot on the request's platform, the bot's name there).

        (None, "") if there are none.
        """
        platform = self.origin.address.platform
        links, bot = facts_of(platform).links, self.app.bot_names.get(platform, "")
        return (links, bot) if links and bot else (None, "")

    def ask_for(self, need: Need, of: Sequence[str]) -> None:
        """Raise NeedsLookup if something of this kind is lacking, and was not asked for yet."""
        if of and need not in self.asked:
            raise NeedsLookup(need, of)

    def ask_for_vectors(self, texts: Sequence[str]) -> None:
        """Raise NeedsLookup if vectors of these texts can be made, and were not asked for yet."""
        if self.transaction.store.encoder:
            self.ask_for("vectors", nearness.lacking(self.transaction, texts))

    def say(self, sentence: str | Sentence, /, **values: object) -> str:
        """Return the sentence in the reader's language."""
        return self.localizer.say(sentence, **values)

    def typed(self, *commands: str) -> str:
        """Return commands, each with a slash before it, as people type them here: "/paperwire list | help"."""
        if self.localizer.slash == "/":
            return " ".join(commands)
        return self.localizer.slash + " | ".join(one.removeprefix("/") for one in commands)

    def count(self, one: str, many: str, count: int, /, **values: object) -> str:
        """Return the singular or plural for `count` in the reader's language."""
        return self.localizer.count(one, many, count, **values)

    def reply(
        self, *sentences: str | Sentence, ok: bool | None = None, buttons: Buttons = (), **values: object
    ) -> Reply:
        """Return a reply: a line for each sentence, in the reader's language, with these values."""
        return Reply(tuple(self.say(one, **values) for one in sentences), ok=ok, buttons=buttons)

    @staticmethod
    def done(*lines: str, buttons: Buttons = ()) -> Reply:
        """Return the reply to a command that was done."""
        return Reply(lines, ok=True, buttons=buttons)

    def toast(self, sentence: str | Sentence, /, **values: object) -> Reply:
        """Return a reply that only shows the sentence where a button was pressed."""
        return Reply(toast=self.say(sentence, **values))

    def button(self, label: str | Sentence, verb: str, /, *, only_for: str = "", **arguments: object) -> Button:
        """Return a button that does `verb` with these arguments. `label` is its label in English."""
        return self.labelled(self.say(label), verb, only_for=only_for, **arguments)

    @staticmethod
    def labelled(label: str, verb: str, /, *, only_for: str = "", **arguments: object) -> Button:
        """Like `button`, but for a label in the reader's language, or one that needs no translation."""
        return Button(label, verb=verb, arguments=arguments, only_for=only_for)

    def runs(self, name: str, args: str = "", label: str = "") -> Button:
        """Return a button that runs a command. Without a label, it shows the command as people type it."""
        typed = label or self.typed(" ".join(f"/{name} {args}".split()))
        return self.labelled(cut_letters(typed, _LABEL), DO, command=name, args=args)

    @property
    def undo_button(self) -> Row:
        """Return [undo] for what this message changed; no button if it changed nothing."""
        change = self.transaction.begun_changes.get(self.chat.id)
        if change is None:
            return ()
        return (self.button("undo", "undo", change=change),)

    @property
    def undo_row(self) -> Buttons:
        """A row with [undo]; no row if this message changed nothing."""
        return (self.undo_button,)

    def remember(
        self,
        name: str,
        arguments: Mapping[str, object] = _NOTHING,
        *,
        lasts: timedelta,
        verb: str = "",
    ) -> None:
        """Store, for the time `lasts`, what the sender was asked here: about which chat, with which arguments.

        It replaces what was stored before.
        """
        about = None if self.is_about_here else self.chat.address
        token = CallbackToken(verb=verb or name, arguments=arguments, about=about, person=self.request.sender)
        if about:
            store_about(self)
        if home := stored_home(self, self.origin):
            conversations.remember(self.transaction, home.id, name, token, lasts=lasts, now=self.now)

    def remembered(self, name: str) -> CallbackToken | None:
        """Return what was stored here under a name for the sender; None if there is nothing, or its time is over."""
        home, person = home_of(self.transaction, self.origin.address), self.request.sender
        return home and conversations.remembered(self.transaction, home.id, name, person=person, now=self.now)

    def drop(self, name: str) -> None:
        """Remove what was stored here under a name for the sender."""
        if home := home_of(self.transaction, self.origin.address):
            conversations.drop_remembered(self.transaction, home.id, name, person=self.request.sender)

    def title(self, known: StoredPaper) -> str:
        """Return the title of a paper, or the first words of its abstract in quotation marks, and its id. One line."""
        paper = titled_for(known.paper, self.origin.settings)
        title = cut_at_word(readable(paper.title), _TITLE) or f"“{cut_at_word(clean(paper.abstract), _OPENING)}”"
        notes = (self.say("a sample") if is_sample(known.paper) else "", paper.arxiv_id or paper.doi)
        about = ", ".join(filter(None, notes))
        return f"{isolated(title)} ({about})" if about else isolated(title)

    def reading(self, query: Query | str) -> str:
        """Return a query in words, in the reader's language. It may be given as text, which is a valid query."""
        parsed = parse_query(query) if isinstance(query, str) else query
        return query_in_words(parsed, self.localizer.translate)


CommandFunction = Callable[[Context], Reply | None]
Condition = Callable[[Context], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a command, a button, a form or an event does, and what must be checked before it runs."""

    run: CommandFunction = field(kw_only=False)
    needs_manager: Condition | bool = False  # only for people who manage the chat that it is about
    needs_operator: bool = False  # only for operators of the bot
    may_end_right: bool = False  # may leave the right to change the chat to its admins
    writes: Condition | bool = False  # whether it writes to the store, which it also does if it needs a manager
    wants_file: FileReader | None = None  # reads an attached document
    # each reply replaces the message of the button, as does that to a button with the argument `replaces`; if False,
    # `Reply.replaces` decides
    replaces: bool = False
    is_answer: Callable[[str], bool] | None = (
        None  # whether a text looks like an answer to its question; None: every text does
    )
    offer: Sentence | None = None  # the label of a button that takes another text as the answer about a subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Action):
    """A command that people can type."""

    name: str = field(kw_only=False)
    summary: str = field(kw_only=False)  # a sentence for menus and help: a few words without a full stop
    aliases: tuple[str, ...] = ()
    usage: str = ""  # arguments after the name: "QUERY [WHEN]"
    examples: tuple[str, ...] = ()  # for help; each works in a chat that has subscription 1
    shows_without_args: bool = False  # without arguments it changes nothing, so everyone may use it
    listed: bool = True  # is shown in menus
    names_chats: bool = False  # a chat in its arguments is a plain argument, not the chat that the command is about
    many_lines: bool = False  # reads all lines of a message; for other commands, a later line may be a second command


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback(Action):
    """The handler of a button or of an answer to a question."""

    stays_here: bool = False  # is about the chat where the button is shown, even below a reply about another one


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Callback):
    """The handler of a button or of an answer that changes the chat. Its reply takes the place of the button."""

    needs_manager: bool = True
    replaces: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Action):
    """The handler of an event: something happens to a chat."""

    writes: Condition | bool = True


def writes_of(action: Action) -> Condition | bool:
    """Return whether an action writes to the store, or the condition under which it does.

    An action that does not write runs in a reading transaction, where an attempt to write raises ReadOnlyError.
    """
    return action.needs_manager or action.writes


def may_write(action: Action, context: Context) -> bool:
    """Return whether an action may write when it runs in this context."""
    writes = writes_of(action)
    return writes(context) if callable(writes) else writes


def needs_manager(action: Action, context: Context) -> bool:
    """Return whether an action is only for people who manage the chat, when it runs in this context."""
    needed = action.needs_manager
    return needed(context) if callable(needed) else needed


# Another word for a command → the command, which is then proposed.
_PROPOSED = {
    "about": "help",
    "activeall": "resume",
    "check": "today",
    "config": "set",
    "cron": "schedule",
    "del": "unsub",
    "delete": "unsub",
    "health": "status",
    "latest": "today",
    "ls": "list",
    "mute": "pause",
    "pauseall": "pause",
    "preferences": "set",
    "rss": "feed",
    "similar": "like",
    "test": "today",
    "unpause": "resume",
    "unsuball": "unsub",
    "version": "help",
    "when": "schedule",
}


# the Chinese name of a command → the command
_IN_CHINESE = {
    "订阅": "sub",
    "取消订阅": "unsub",
    "退订": "unsub",
    "列表": "list",
    "今天": "today",
    "搜索": "search",
    "设置": "set",
    "帮助": "help",
    "暂停": "pause",
    "恢复": "resume",
    "撤销": "undo",
    "收藏": "saved",
    "状态": "status",
    "导出": "export",
    "隐私": "privacy",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Registry:
    """All commands, callbacks and events by name. Commands use `context.registry` and do not import the registry."""

    commands: tuple[Command, ...]
    callbacks: Mapping[str, Callback]  # by the verb of the button
    events: Mapping[str, Event]  # by the name of the event
    destinations: Mapping[str, ChatAddress] = field(default_factory=dict)  # name → a chat that only receives papers

    @cached_property
    def by_name(self) -> Mapping[str, Command]:
        """All commands by name, alias and Chinese name."""
        known = {name: command for command in self.commands for name in (command.name, *command.aliases)}
        return known | {said: known[name] for said, name in _IN_CHINESE.items() if name in known}

    def command_named(self, name: str) -> Command | None:
        """Return the command with this name or alias, in any letter case; None if there is none."""
        return self.by_name.get(name.casefold())

    def nearest(self, name: str, *, alike: float = 0.6) -> str:
        """Return the main name of the command that is most similar to `name`.

        Its alias if that has the same letters, or its Chinese name. "" if no similarity reaches `alike` (0 to 1).
        """
        said = name.casefold()
        if said in _PROPOSED:
            return _PROPOSED[said]
        names = list(self.by_name)
        if swapped := [known for known in names if sorted(known) == sorted(said)]:  # "sbu"
            return swapped[0]
        close = get_close_matches(said, names, n=1, cutoff=alike)
        # or a command without the space after it: "sub" for "/subdiffusion"
        begun = max((known for known in names if said.startswith(known)), key=len, default="")
        near = close[0] if close else begun
        return self.by_name[near].name if near and near.isascii() else near


def refusal(sentence: str, hint: str = "", /, **values: object) -> Refused:
    """Return the error that refuses a request: what is wrong, and what is possible.

    `values` are those of both sentences.
    """
    return Refused(Sentence(sentence, values), Sentence(hint, values))


def with_stored_chat(context: Context) -> Context:
    """Store the context's chat if it is new. Return the context with the stored chat, its language and its time zone.

    This is called before every command that changes something. So a group gets the language and zone of the first who
    changes something there.
    """
    if context.chat.id and (context.chat.kind is ChatKind.PRIVATE or context.chat.is_set_up):
        return context
    met = with_chat(context, _stored(context, context.chat))
    return replace(met, is_new=not context.chat.id)


def stored_home(context: Context, chat: Chat) -> Chat | None:
    """Return the chat to which words in a chat belong (`chats.home_of`). Store it if these are its first words.

    Return None for a chat that was erased after an operator had denied it: only a hash of its address stays.
    """
    known, around = home_of(context.transaction, chat.address), replace(chat.address, topic="")
    if known is None and not access_status(context.transaction, around).is_denied:
        return _stored(context, chat._replace(address=around))
    return known


def store_about(context: Context) -> None:
    """Store the other chat that a command is about if it is new, so that buttons and questions can refer to it."""
    if find_chat(context.transaction, context.chat.address) is None:
        _stored(context, context.chat)


def _stored(context: Context, new: Chat) -> Chat:
    request, is_private = context.request, new.kind is ChatKind.PRIVATE
    return store_chat(
        context.transaction,
        new.address,
        new.kind,
        now=context.now,
        title=new.title,
        lang=request.language,
        timezone=request.timezone,
        public=new.public,
        by=None if is_private else ChatAddress(new.address.platform, request.sender),
    )


def with_chat(context: Context, chat: Chat) -> Context:
    """Return the context with its chat as it is stored now, in the chat's language and time zone."""
    origin = chat if context.origin.address == chat.address else context.origin
    localizer = Language(origin.settings.lang, chat.settings.timezone, slash=context.localizer.slash)
    return replace(context, chat=chat, origin=origin, localizer=localizer)

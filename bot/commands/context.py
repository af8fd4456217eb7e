"""What all commands share: their context; the classes of commands, callbacks and events; commands of other bots, mistyped names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal

from bot.ports import conversation
from bot.ports.attached import FileReader, FileWithoutCommand
from bot.ports.channel import Button, Buttons, Reply, Row
from bot.rendering.cleaning import readable
from bot.rendering.queries_in_words import query_in_words
from bot.rendering.views import titled_for
from subscriptions import model
from subscriptions.addresses import BotLinks, facts_of
from subscriptions.errors import Refused, Sentence
from subscriptions.language import Language
from subscriptions.model import Paper
from subscriptions.query.parse import parse_query
from subscriptions.query.tree import Query
from subscriptions.service.conversation_state import store_chat
from subscriptions.service.operators import is_operator
from subscriptions.store import callbacks
from subscriptions.store.database.store import Transaction
from subscriptions.texts import cutting
from subscriptions.texts.foreign import clean, isolated

Access = Literal["open", "ask", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BotInfo:
    """The part of the bot's configuration that commands use."""

    access: Access = "open"
    admins: tuple[model.ChatAddress, ...] = ()
    contact: str = ""
    timezone: str = "UTC"
    bot_names: Mapping[str, str] = field(default_factory=dict)  # platform → the bot's name there: "paperwire_bot"
    categorised: bool = True  # at least one source tells the categories of its papers
    looks_up_papers: bool = False  # papers that are not stored can be looked up at arXiv
    platforms_of_open_names: frozenset[str] = frozenset()  # there people choose the names of their chats
    mail_platform: str = ""  # the name of the platform whose addresses have to be confirmed; "" if e-mail is off
    model: str = ""  # the language model that makes summaries; "": none does
    model_reads: bool = False  # it also reads messages of which the bot is not sure
    kept_copies: int = 0  # how many daily copies of the database are kept; 0: the program makes none
    pages_url: str = ""  # the address of the bot's pages, without a final "/"
    has_public_pages: bool = True  # False: as far as is known, only the machine of the bot reaches its pages
    version: str = ""  # the version of paperwire; "" if it runs from a checkout


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandContext:
    """One request, with everything that a command needs to answer it.

    `chat` is what the command is about. `origin` is where the request was made and where the reply goes. `chat` and
    `origin` differ when a private chat manages a channel.
    """

    transaction: Transaction
    now: datetime
    request: conversation.Request
    chat: model.Chat  # id 0 until it is stored
    origin: model.Chat
    args: str = ""  # the text after the command
    arguments: Mapping[str, Any] = field(default_factory=dict)  # the arguments of the button
    file: object = None  # what the command's FileReader returned of the attached document; None: there is none
    localizer: Language
    bot_info: BotInfo
    registry: "Registry"
    read_by_group: bool = False  # a whole group or channel sees the reply, not one person
    has_private_replies: bool = True  # only the sender sees a reply with `is_ephemeral`
    operator_is_admin: bool = False  # an operator of the bot administers `chat`
    lookup: Literal["", "answered", "silent"] = ""  # what arXiv did, asked for papers; "": it was not asked
    news: list[str] = field(default_factory=list)  # lines for the log, written if the command was stored

    @property
    def message(self) -> conversation.MessageRequest | None:
        """Returns the message that made the request; None for a callback or an event."""
        if isinstance(self.request, conversation.MessageRequest):
            return self.request
        return None

    @property
    def event_details(self) -> Mapping[str, str]:
        """Returns the details of the event; empty unless the request is an event."""
        if isinstance(self.request, conversation.EventRequest):
            return self.request.details
        return {}

    @property
    def person(self) -> model.ChatAddress:
        """Returns the address of the sender's private chat."""
        return model.ChatAddress(self.origin.address.platform, self.request.sender)

    @property
    def actor(self) -> str:
        """Returns the sender in the form in which changes are stored: "ID NAME"."""
        return f"{self.request.sender} {self.request.sender_name}".strip()

    @property
    def is_about_here(self) -> bool:
        """Returns whether the command is about the chat where it was given."""
        return self.chat.address == self.origin.address

    @property
    def is_about_own_chat(self) -> bool:
        """Returns whether the command is about the private chat where it was given."""
        return self.is_about_here and self.origin.kind is model.ChatKind.PRIVATE

    @property
    def who_may_press(self) -> str:
        """Returns the only person who may press a button that does what the sender asked for; "" for all who manage the chat.

        We learn who an anonymous admin is only when they press a button.
        """
        if self.request.sender_is_admin:
            return ""
        return self.request.sender

    @property
    def is_operator(self) -> bool:
        """Returns whether the sender is an operator: at the machine of the bot, in a chat of operators, or as a person."""
        if self.request.is_operator:
            return True
        if self.has_open_name:
            return False
        if not self.read_by_strangers and (self.origin.admin or self.origin.address in self.bot_info.admins):
            return True
        by_origin = self.origin.kind is model.ChatKind.PRIVATE and self.origin.address == self.person
        return (
            bool(self.request.sender)
            and not by_origin
            and is_operator(self.transaction, self.bot_info.admins, self.person)
        )

    @property
    def has_open_name(self) -> bool:
        """Returns whether somebody else could take the name of the chat in which the request was made."""
        return self.origin.address.platform in self.bot_info.platforms_of_open_names

    @property
    def by_operator(self) -> bool:
        """Returns whether an operator is the sender, or administers the chat."""
        return self.operator_is_admin or self.is_operator

    @property
    def read_by_strangers(self) -> bool:
        """Returns whether strangers can read the reply: in public chats and in channels.

        Such a reply has no buttons that change anything, since strangers could press them.
        """
        return self.origin.public or self.origin.kind is model.ChatKind.BROADCAST

    @property
    def links(self) -> tuple[BotLinks | None, str]:
        """Returns (links that open the bot on the request's platform, the bot's name there); (None, "") if there are none."""
        platform = self.origin.address.platform
        links, bot = facts_of(platform).links, self.bot_info.bot_names.get(platform, "")
        if links and bot:
            return (links, bot)
        return (None, "")

    def say(self, sentence: str | Sentence, /, **values: object) -> str:
        """Returns the sentence in the reader's language."""
        return self.localizer.say(sentence, **values)

    def count(self, one: str, many: str, count: int, /, **values: object) -> str:
        """Returns the singular or plural for `count` in the reader's language."""
        return self.localizer.count(one, many, count, **values)

    def reply(
        self,
        sentence: str | Sentence,
        /,
        *,
        ok: bool | None = None,
        buttons: Buttons = (),
        replaces: bool = False,
        **values: object,
    ) -> Reply:
        """Returns a reply of one line: the sentence in the reader's language, with these values."""
        line = self.say(sentence, **values)
        return Reply(lines=(line,), ok=ok, buttons=buttons, replaces=replaces)

    @staticmethod
    def done(*lines: str, buttons: Buttons = (), replaces: bool = False) -> Reply:
        """Returns the reply to a command that was done."""
        return Reply(lines=lines, ok=True, buttons=buttons, replaces=replaces)

    def toast(self, sentence: str | Sentence, /, **values: object) -> Reply:
        """Returns a reply that only shows the sentence where a button was pressed."""
        return Reply(toast=self.say(sentence, **values))

    def button(self, label: str | Sentence, verb: str, /, *, only_for: str = "", **arguments: object) -> Button:
        """Returns a button that does `verb` with these arguments. `label` is its label in English."""
        return self.labelled(self.say(label), verb, only_for=only_for, **arguments)

    @staticmethod
    def labelled(label: str, verb: str, /, *, only_for: str = "", **arguments: object) -> Button:
        """Like `button`, but for a label in the reader's language, or one that needs no translation."""
        return Button(label=label, verb=verb, arguments=arguments, only_for=only_for)

    @property
    def undo_button(self) -> Row:
        """Returns [undo] for what this message changed; no button if it changed nothing."""
        change = self.transaction.begun_changes.get(self.chat.id)
        if change is None:
            return ()
        return (self.button("undo", "undo", change=change),)

    @property
    def undo_row(self) -> Buttons:
        """Returns a row with [undo]; no row if this message changed nothing."""
        return tuple(filter(None, (self.undo_button,)))

    def remember(
        self, name: str, arguments: Mapping[str, Any], *, lasts: timedelta, verb: str = "", is_personal: bool = True
    ) -> None:
        """Stores arguments under a name for the time `lasts`, in place of earlier ones.

        `verb` is by default the name up to ":".

        With `is_personal`, the arguments are erased together with the sender.
        """
        verb, person = verb or name.partition(":")[0], self.request.sender if is_personal else ""
        token = model.CallbackToken(verb=verb, arguments=arguments, place=str(self.origin.address), person=person)
        callbacks.set_conversation_state(self.transaction, name, token, lasts=lasts, now=self.now)

    def remembered(self, name: str) -> model.CallbackToken | None:
        """Returns what was stored under a name; None if there is nothing, or its time is over."""
        return callbacks.get_conversation_state(self.transaction, name, now=self.now)

    def drop(self, name: str) -> None:
        """Removes what was stored under a name."""
        callbacks.clear_conversation_state(self.transaction, name)

    def press(self, verb: str, arguments: Mapping[str, Any]) -> "Reply | None":
        """Does what the button with this verb does. Returns its reply as a new message; None if there is no such button."""
        if (callback := self.registry.callbacks.get(verb)) is None:
            return None
        args = str(arguments.get(callback.args_from, ""))
        reply = callback.run(replace(self, args=args, arguments=dict(arguments)))
        if reply:
            return replace(reply, replaces=False)
        return None

    def title(self, known: model.KnownPaper) -> str:
        """Returns the title of a paper on one line, or what is shown if it has none."""
        return title_line(titled_for(known.paper, self.origin.settings))

    def reading(self, query: Query | str) -> str:
        """Returns a query in words, in the reader's language. It may be given as text, which is a valid query."""
        parsed = parse_query(query) if isinstance(query, str) else query
        return query_in_words(parsed, self.localizer.translate)


CommandFunction = Callable[[CommandContext], Reply | None]


Condition = Callable[[CommandContext], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a command, a button, a form or an event does, and what must be checked or fetched before it runs."""

    run: CommandFunction
    needs_manager: bool = False  # only for people who manage the chat that it is about
    needs_operator: bool = False  # only for operators of the bot
    writes: Condition | bool | None = None  # whether it writes to the store; None: it writes if it needs a manager
    wants_file: FileReader | None = None  # reads an attached document
    keeps_question: bool = False  # a question that is open stays so
    # each reply replaces the message of the button, as does that to a button with the argument `replaces`; if False,
    # `Reply.replaces` decides
    replaces: bool = False
    is_answer: Callable[[str], bool] | None = None  # whether a text answers its question; None: every text does
    # whether it is not sure what a message means, so that a language model may read it; None: it is sure
    is_unsure: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Action):
    """A command that people can type."""

    name: str
    summary: Sentence  # for menus and help: a few words without a full stop
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
    letter: str = ""  # of a button on a card: it follows the data of the card
    args_from: str = ""  # the argument that is used as the text after the command


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Action):
    """The handler of an event: something happens to a chat."""

    writes: Condition | bool | None = True


def writes_of(action: Action) -> Condition | bool:
    """Returns whether an action writes to the store, or the condition under which it does.

    An action that does not write runs in a reading transaction, where an attempt to write raises WouldWrite.
    """
    if action.writes is None:
        return action.needs_manager
    return action.writes


def may_write(action: Action, context: CommandContext) -> bool:
    """Returns whether an action may write when it runs in this context."""
    writes = writes_of(action)
    if callable(writes):
        return writes(context)
    return writes


# Another word for a command → the command, which is then proposed.
_ELSEWHERE: Mapping[str, str] = {
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


# what people type behind a slash in place of the command → the command
VERBS = {
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
    # name → a chat that only receives papers
    destinations: Mapping[str, model.ChatAddress] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> Mapping[str, Command]:
        """Returns all commands by name and alias."""
        return {name: command for command in self.commands for name in (command.name, *command.aliases)}

    @cached_property
    def verbs_of_cards(self) -> Mapping[str, str]:
        """Returns letter → verb of the buttons of cards."""
        return {one.letter: verb for verb, one in self.callbacks.items() if one.letter}

    @cached_property
    def any_file(self) -> FileReader:
        """Returns the reader of a file without a command, which returns a FileWithoutCommand."""
        readers = [(one.name, one.wants_file) for one in self.commands if one.wants_file]
        readers.sort(key=lambda one: one[1].recognises is None)

        def content(data: bytes) -> FileWithoutCommand:
            fits = (one for one in readers if one[1].recognises is None or one[1].recognises(data))
            name, reader = next(fits)
            return FileWithoutCommand(name, reader.read(data))

        return FileReader(most=max(reader.most for _, reader in readers), content=content)

    def command_named(self, name: str) -> Command | None:
        """Returns the command with this name or alias, in any letter case; None if there is none."""
        return self.by_name.get(name.casefold())

    def nearest(self, name: str, *, alike: float = 0.6) -> str:
        """Returns the name of the command that is most similar to `name`; "" if no similarity reaches `alike` (0 to 1)."""
        said = name.casefold()
        if said in _ELSEWHERE:
            return _ELSEWHERE[said]
        names = list(self.by_name)
        swapped = [known for known in names if sorted(known) == sorted(said)]  # "sbu"
        if found := swapped or get_close_matches(said, names, n=1, cutoff=alike):
            return found[0]
        # A command without the space after it: "sub" for "/subdiffusion".
        return max((known for known in names if said.startswith(known)), key=len, default="")


def refusal(sentence: str, hint: str = "", /, **values: object) -> Refused:
    """Returns the error that refuses a request: what is wrong, and what is possible. `values` are those of both sentences."""
    return Refused(Sentence(sentence, values), Sentence(hint, values))


def with_stored_chat(context: CommandContext) -> CommandContext:
    """Stores the context's chat if it is new. Returns the context with the stored chat, its language and its time zone.

    This is called before every command that changes something.
    """
    if context.chat.id:
        return context
    new, request = context.chat, context.request
    chat = store_chat(
        context.transaction,
        new.address,
        new.kind,
        now=context.now,
        title=new.title,
        lang=request.language,
        timezone=request.timezone,
        public=new.public,
        by=model.ChatAddress(new.address.platform, request.sender) if new.kind is not model.ChatKind.PRIVATE else None,
    )
    return with_chat(context, chat)


def with_chat(context: CommandContext, chat: model.Chat) -> CommandContext:
    """Returns the context with its chat as it is stored now, in the chat's language and time zone."""
    origin = chat if context.origin.address == chat.address else context.origin
    localizer = Language(origin.settings.lang, chat.settings.timezone)
    return replace(context, chat=chat, origin=origin, localizer=localizer)


_TITLE = 90  # columns
_OPENING = 80  # columns of the abstract that are shown for a paper without a title


def title_line(paper: Paper) -> str:
    """Returns the title of a paper, or the first words of its abstract in quotation marks, and its id. One line."""
    title = (
        cutting.cut_at_word(readable(clean(paper.title)), _TITLE)
        or f"“{cutting.cut_at_word(clean(paper.abstract), _OPENING)}”"
    )
    name = paper.arxiv_id or paper.doi
    if name:
        return f"{isolated(title)} ({name})"
    return isolated(title)

"""What a person in a chat said and saw last: for how long a question stays open, and a message may refer to what was shown.

A frame is one value for each person and chat, and its parts last fifteen minutes. What a reply shows is declared by the
reply itself (`Reply.about`, `Reply.numbers`) and stored together with it, so a reply that shows nothing writes nothing.
The open question is a part of the frame, see bot/commands/asking.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter

from bot.commands.context import CommandContext
from bot.ports import channel
from subscriptions import model
from subscriptions.store import updates
from subscriptions.store.database.store import Transaction

WITHIN = timedelta(minutes=15)
_NAME = "frame"
_MOST_CHOICES = 24  # buttons of a reply that a text may press


class Choice(NamedTuple):
    """A button of the last reply, which a text may press."""

    label: str
    verb: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What replies showed. A part stays until another reply shows something else in its place."""

    query: str = ""  # what was looked for last, as it was typed, without a time
    number: int = 0  # of the subscription that was made, changed or named last
    former: int = 0  # of the other one that was before it
    listed: tuple[int, ...] = ()  # the numbers of the subscriptions of the last list, if no papers were shown since
    papers: Mapping[int, int] = field(default_factory=dict)  # the numbers of the papers of the last list → their ids
    paper: int = 0  # the only paper that was shown last
    choices: tuple[Choice, ...] = ()  # the buttons of the last reply
    asks: bool = False  # the last reply asked which of its buttons is meant
    changed: bool = False  # the last reply is that to a change
    setting: str = ""  # the setting that was changed last
    judged: str = ""  # what was done with a paper by the last reply, as `channel.About.judged`
    did: str = ""  # the last change of the subscription, as `channel.About.did`
    last: Literal["query", "number", "list", "setting", ""] = ""  # which of these was last
    at: datetime | None = None
    update: str = ""  # the id of the update whose reply was last
    interrupted: bool = False  # the person did something else since; see `as_seen_now`

    @property
    def is_empty(self) -> bool:
        """Returns whether there is nothing to which a message may refer."""
        return not (self.last or self.papers or self.choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a person in a chat said and saw last."""

    about: str = ""  # the other chat that it is about, if a private chat manages one
    shown: Shown = Shown()
    question: model.CallbackToken | None = None  # the open question
    asked_at: datetime | None = None


_STORED = TypeAdapter(Frame)


def load(context: CommandContext) -> Frame:
    """Returns the frame of the sender in this chat; parts that are too old, or about another chat, are left out."""
    token = context.remembered(_name_of(context))
    if token is None:
        return Frame(about=_about(context))
    found = _STORED.validate_python(token.arguments)
    since = context.now - WITHIN
    if found.shown.at is None or found.shown.at < since or found.about != _about(context):
        found = replace(found, shown=Shown(), about=_about(context))
    if found.asked_at is None or found.asked_at < since:
        found = replace(found, question=None)
    return found


def store(context: CommandContext, frame: Frame) -> None:
    """Stores a frame in place of the earlier one; an empty frame is removed."""
    if frame.shown.is_empty and frame.question is None:
        context.drop(_name_of(context))
        return
    context.remember(_name_of(context), _STORED.dump_python(frame, mode="json"), lasts=WITHIN, verb=_NAME)


def noted(context: CommandContext, reply: channel.Reply) -> Callable[[Transaction], None] | None:
    """Returns a function that stores what a reply shows, with the reply; None if it shows nothing and tells of no change."""
    papers = {
        int(one.arguments["number"]): int(one.arguments["paper"])
        for one in reply.numbers
        if {"number", "paper"} <= one.arguments.keys()
    }
    changes = context.transaction.begun_changes
    if not (reply.about or papers or changes) or reply.target_chat is not None:
        return None

    def note(transaction: Transaction) -> None:
        here = replace(context, transaction=transaction)
        frame = load(here)
        store(here, replace(frame, shown=_shown(frame.shown, reply, papers, here)))

    return note


def _shown(before: Shown, reply: channel.Reply, papers: Mapping[int, int], context: CommandContext) -> Shown:
    """Returns what is shown after a reply."""
    about, update = reply.about or channel.About(), context.request.update_id
    is_change = bool(context.transaction.begun_changes)
    shown = replace(
        before,
        choices=_choices(reply) if reply.about else (),
        asks=about.asks,
        changed=is_change,
        judged=about.judged,
        paper=about.paper or before.paper,
        at=context.now,
        update=update,
        interrupted=False,
    )
    if papers:
        is_one = len(papers) == 1
        shown = replace(shown, paper=next(iter(papers.values())) if is_one else 0, listed=())
        if not (is_one and reply.item_layout == "card" and before.papers):
            shown = replace(shown, papers=papers)
    elif about.query:  # it found none
        shown = replace(shown, papers={}, paper=0, listed=())
    if about.query:
        shown = replace(shown, query=about.query, last="query")
    if about.listed:
        shown = replace(shown, listed=about.listed, last="list")
    if about.number or about.did:
        former = shown.former if about.number == shown.number else shown.number
        shown = replace(shown, number=about.number, former=former, did=about.did, last="number")
    if about.setting:
        shown = replace(shown, setting=about.setting, last="setting")
    return shown


def _choices(reply: channel.Reply) -> tuple[Choice, ...]:
    asks = reply.about is not None and reply.about.asks
    no_answers = ("",) if asks else ("", "undo")  # below the reply to a change, "undo" is a command
    buttons = [one for row in reply.buttons for one in row if one.verb not in no_answers]
    return tuple(Choice(one.label, one.verb, one.arguments) for one in buttons[:_MOST_CHOICES])


def is_asking(context: CommandContext, frame: Frame) -> bool:
    """Returns whether a question is open, and nothing was changed since, nor by the message whose reply asks it."""
    shown = as_seen_now(context, frame.shown)
    is_of_change = shown.changed and not shown.interrupted
    return not is_of_change and (frame.question is not None or shown.asks)


def settle(context: CommandContext) -> None:
    """Forgets the question that is open, and that of the last buttons: one of them was pressed."""
    frame = load(context)
    if frame.question is not None or frame.shown.asks:
        store(context, replace(frame, shown=replace(frame.shown, asks=False), question=None))


def as_seen_now(context: CommandContext, shown: Shown) -> Shown:
    """Returns what was shown; if anything else was said or pressed since, without the buttons of the last reply."""
    if _is_last(context, shown):
        return shown
    return replace(shown, choices=(), asks=False, interrupted=True)


def _is_last(context: CommandContext, shown: Shown) -> bool:
    """Returns whether nothing else was said or pressed in this chat since the last reply that showed something."""
    chat, ours = context.origin.address, (shown.update, context.request.update_id)
    since = shown.at
    return since is not None and not updates.is_later_update(context.transaction, chat, since, without=ours)


def forget(context: CommandContext) -> None:
    """Removes the frame, when the chat stops."""
    context.drop(_name_of(context))


def _about(context: CommandContext) -> str:
    if context.is_about_here:
        return ""
    return str(context.chat.address)


def _name_of(context: CommandContext) -> str:
    """Returns the key of a frame, unique per chat and person: nobody refers to what only another person saw."""
    return f"{_NAME}:{context.origin.address}:{context.request.sender}"

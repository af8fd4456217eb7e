"""edit, name, schedule: a subscription is changed; it keeps its number, and what it has brought stays brought."""

from dataclasses import replace

from bot.commands.core.asking import ask, may_ask
from bot.commands.core.context import Callback, Command, CommandContext
from bot.commands.core.picking import (
    gone,
    no_subscriptions,
    number_and_rest,
    numbered,
    pick_list,
    required_number,
    shown_buttons,
)
from bot.commands.core.typed_times import no_such_time
from bot.commands.core.undo_button import undo_row
from bot.commands.papers.preview import asked_for
from bot.commands.phrasing.cadence_words import cadence_words, when_words
from bot.commands.phrasing.delivery_times import next_line
from bot.commands.phrasing.subscription_words import name_given, renamed
from bot.commands.subscriptions.echo import echo
from bot.commands.subscriptions.subscription_form import edit_subscription
from bot.ports.button import Button
from bot.ports.reply import Reply
from subscriptions.errors import NotFound, QueryError, Refused, Sentence
from subscriptions.model import Subscription
from subscriptions.planning.cadence import parse_cadence
from subscriptions.planning.times import NoSuchTime, as_words, clock_of, is_time, split_when
from subscriptions.query import links_to_no_paper, mentioned, parse_query
from subscriptions.service.operations import next_deliveries_to
from subscriptions.service.subscriptions import edit, rename, reschedule

_OFTEN_WANTED = ("now", "when-out", "daily 09:00", "weekdays 09:00", "weekly mon 09:00")


# ---------------------------------------------------------------------------------------------------------------- edit


def edit_(turn: CommandContext) -> Reply:
    """Changes the query of a subscription, with a WHEN at the end also its time; without a query it asks."""
    if not turn.args:
        return pick_list(turn, turn.say("Which one do you want to change? /edit N QUERY does it, too."), "edit-ask")
    wish, text = required_number(turn, turn.args, "/edit 4 diffusion -survey")
    return _edit(turn, wish, text) if text else _ask_query(turn, wish)


def press_edit_ask(turn: CommandContext) -> Reply:
    """Asks for the new query of the one that was picked."""
    wish = numbered(turn, turn.arguments.get("number"))
    return gone(turn) if wish is None else _ask_query(turn, wish)


def press_edit_page(turn: CommandContext) -> Reply:
    """Another page of the pick list."""
    question = turn.say("Which one do you want to change? /edit N QUERY does it, too.")
    return pick_list(turn, question, "edit-ask", page=int(turn.arguments["page"]), replaces=True)


def answer_edit(turn: CommandContext) -> Reply | None:
    """The text that was asked for is the query."""
    wish = numbered(turn, turn.arguments.get("number"))
    if wish is None:
        return Reply(lines=(turn.say("That subscription is gone. /list shows those that are there."),), ok=False)
    return None if _is_a_paper(turn.args) else _edit(turn, wish, asked_for(turn.args))


def _ask_query(turn: CommandContext, wish: Subscription) -> Reply:
    if turn.request.trigger_id:
        return edit_subscription(turn, wish)
    now = turn.say("{number} asks for: {text}", number=wish.number, text=wish.text)
    if not may_ask(turn):
        example = turn.say("Say it in one line: /edit {number} diffusion -survey", number=wish.number)
        return Reply(lines=(now, example))
    return ask(turn, "edit", {"number": wish.number}, now, turn.say("Write what it shall be instead."))


def _edit(turn: CommandContext, wish: Subscription, typed: str) -> Reply:
    ending = split_when(typed)
    if ending.only_time:  # the query stays
        return _schedule(turn, wish, typed)
    try:
        parse_query(ending.query)
    except QueryError as error:  # the caret stands below what was typed, number and all
        before = len(turn.args) - len(typed)
        raise QueryError(error.sentence, error.hint, error.column + before) from None
    text = " ".join(ending.query.split())
    try:
        done = edit(turn.store, turn.chat.address, wish.number, text, when=ending.when, now=turn.now, who=turn.actor)
    except NoSuchTime as error:
        words = replace(_edit_button(wish, as_words(typed)), label=turn.say("as words"))
        return no_such_time(turn, error, lambda when: _edit_button(wish, text, when), (words,))
    instead = turn.formatter.reading(parse_query(wish.text))
    return echo(turn, done, instead=instead, ending=ending, typed=typed, number=wish.number)


def _edit_button(wish: Subscription, text: str, when: str = "") -> Button:
    return Button(label=when, verb="edit-at", arguments={"number": wish.number, "text": text, "when": when})


def press_edit_at(turn: CommandContext) -> Reply:
    """Changes the query and the time to those that the button has."""
    wish = numbered(turn, turn.arguments.get("number"))
    if wish is None:
        return gone(turn)
    text, when = str(turn.arguments["text"]), str(turn.arguments["when"]) or None
    done = edit(turn.store, turn.chat.address, wish.number, text, when=when, now=turn.now, who=turn.actor)
    return echo(turn, done, instead=turn.formatter.reading(parse_query(wish.text)), replaces=True)


# ---------------------------------------------------------------------------------------------------------------- name


def name(turn: CommandContext) -> Reply:
    """Gives a subscription a name; "-" takes it away."""
    if not turn.args:
        raise _usage_of_name()
    wish, text = required_number(turn, turn.args, "/name 4 diffusion")
    if text:
        return _name(turn, wish, text)
    if not may_ask(turn):
        raise _usage_of_name()
    question = turn.say("What do you want to call {number}? A - takes the name away.", number=wish.number)
    return ask(turn, "name", {"number": wish.number}, question)


def answer_name(turn: CommandContext) -> Reply | None:
    """The text that was asked for is the name."""
    wish = numbered(turn, turn.arguments.get("number"))
    if wish is None:
        return Reply(lines=(turn.say("That subscription is gone. /list shows those that are there."),), ok=False)
    return None if _is_a_paper(turn.args) else _name(turn, wish, turn.args)


def _is_a_paper(text: str) -> bool:
    """Whether a text is nothing but the name of a paper, or a link: neither a query nor a name."""
    return len(text.split()) == 1 and bool(mentioned(text) or links_to_no_paper(text))


def _usage_of_name() -> Refused:
    example = Sentence("For example: {example}", {"example": "/name 4 diffusion"})
    return Refused(Sentence("Say the number and the name."), example)


def _name(turn: CommandContext, wish: Subscription, text: str) -> Reply:
    called = name_given(text)
    try:
        done = rename(turn.store, turn.chat.address, wish.number, called, now=turn.now, who=turn.actor)
    except Refused as error:
        example = Sentence("For example: /name {number} diffusion", {"number": wish.number})
        raise Refused(error.sentence, example) from None
    return replace(renamed(wish, done, turn.localizer), buttons=undo_row(turn) if done.name != wish.name else ())


# ------------------------------------------------------------------------------------------------------------ schedule


def schedule(turn: CommandContext) -> Reply:
    """The time of one subscription, or without a number of all and of new ones; without a time it offers some."""
    wish, text = number_and_rest(turn, turn.args)
    if wish is None:
        _refuse_foreign_number(text)
    return _schedule(turn, wish, text) if text else _offer_times(turn, wish)


def _refuse_foreign_number(text: str) -> None:
    """A number that no subscription has is no hour: the time of all would change by a slip. Raises NotFound."""
    first, *rest = text.split(maxsplit=1) or [""]
    if first.removeprefix("#").isdecimal():
        typed = rest[0] if rest else ""
        hour = f"daily {typed}" if clock_of(typed) else "daily 9"
        when = typed if is_time(typed) else hour
        raise NotFound(
            Sentence("This chat has no subscription {which}.", {"which": first}),
            Sentence("For all subscriptions: /schedule {when}", {"when": when}),
        )


def press_schedule(turn: CommandContext) -> Reply:
    """A time that was picked."""
    number = turn.arguments.get("number")
    wish = numbered(turn, number)
    if number is not None and wish is None:
        return gone(turn)
    return replace(_schedule(turn, wish, str(turn.arguments["when"])), replaces=True)


def _offer_times(turn: CommandContext, wish: Subscription | None) -> Reply:
    if wish is None:
        now = cadence_words(parse_cadence(turn.chat.settings.schedule), turn.localizer)
        lines = [turn.say("New subscriptions come: {when}", when=now)]
        lines.append(turn.say("A new time is for all of them. For one of them: /schedule N daily 9"))
    else:
        now = cadence_words(wish.cadence, turn.localizer)
        lines = [turn.say("{number} comes: {when}", number=wish.number, when=now)]
    example = f"{wish.number} weekdays 8:30" if wish else "weekdays 8:30"
    lines.append(turn.say("Or write it: /schedule {example}", example=example))
    of = {"number": wish.number} if wish else {}
    times = [Button(label=_time(turn, when), verb="schedule", arguments={**of, "when": when}) for when in _OFTEN_WANTED]
    rows = (tuple(times[:2]), tuple(times[2:4]), tuple(times[4:]))
    return Reply(lines=tuple(lines), buttons=shown_buttons(turn, rows))


def _time(turn: CommandContext, when: str) -> str:
    """What the button of a time says."""
    return when_words(when, turn.localizer, parse_cadence(turn.chat.settings.schedule))


def _schedule(turn: CommandContext, wish: Subscription | None, typed: str) -> Reply:
    if wish is None and not turn.chat.id:
        return no_subscriptions(turn)
    number = wish.number if wish else None
    try:
        done = reschedule(turn.store, turn.chat.address, number, typed, now=turn.now, who=turn.actor)
    except NoSuchTime as error:
        of = {"number": number} if wish else {}
        return no_such_time(
            turn, error, lambda when: Button(label=when, verb="schedule", arguments={**of, "when": when})
        )
    if wish is not None:
        when = cadence_words(done[0].cadence, turn.localizer, done[0].zone or "")
        said = turn.say("Schedule of {number}: {when}", number=wish.number, when=when)
    else:
        when = when_words(typed, turn.localizer, parse_cadence(turn.chat.settings.schedule))
        said = turn.say("Schedule of all subscriptions, new ones too: {when}", when=when)
    coming = next_deliveries_to(turn.store, turn.chat.address, done, now=turn.now)
    first = [next_line(coming, turn.localizer, turn.now)] if any(one.state == "active" for one in done) else []
    return Reply(lines=(said, *first), ok=True, buttons=undo_row(turn))


COMMANDS = (
    Command(
        name="edit",
        run=edit_,
        needs_manager=True,
        shows_without_args=True,
        usage="N QUERY",
        summary=Sentence("change a subscription"),
    ),
    Command(name="name", run=name, needs_manager=True, usage="N TEXT", summary=Sentence("name a subscription")),
    Command(
        name="schedule",
        aliases=("time", "when"),
        run=schedule,
        needs_manager=True,
        shows_without_args=True,
        usage="[N] WHEN",
        summary=Sentence("when papers come"),
    ),
)
CALLBACKS = {
    "edit-ask": Callback(run=press_edit_ask, needs_manager=True),
    "edit-ask-page": Callback(run=press_edit_page),
    "edit-at": Callback(run=press_edit_at, needs_manager=True),
    "edit": Callback(run=answer_edit, needs_manager=True),
    "name": Callback(run=answer_name, needs_manager=True),
    "schedule": Callback(run=press_schedule, needs_manager=True),
}

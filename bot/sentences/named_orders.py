"""Decides what an order about subscriptions means that are named by their words, their count, their place, or their time. Pure."""

import re
from collections.abc import Sequence

from bot.commands.frame import Choice, Shown
from bot.sentences import by_time, change_said, meant, references
from bot.sentences.steps import Do, Step, Which
from bot.sentences.words import days, intents, names, orders, reader, subjects, wishes
from bot.sentences.words.said import Said
from subscriptions.model import Subscription
from subscriptions.planning.times.reading import clock_of

_PIECES = re.compile(r"\s*[,;，；、]\s*(?:(?:and|but)\s+)?|\s+and\s+")
_AT = re.compile(
    r"^(?:(?:please|send|move|make|put|get|i want|把|将)\s*)+|\s*(?:\b(?:to|at|on|every|each|for)|改[到成为]?)$",
    re.IGNORECASE,
)
_ORDERS = ("unsub", "pause", "resume", "schedule")
_MOST_BUTTONS = 8  # subscriptions of which a question asks which one is meant


def order(said: Said, shown: Shown, there: Sequence[Subscription]) -> Step | None:
    """Returns an order about subscriptions that are meant by their count, their place in a list, or when they come."""
    pointed = pointed_at(said.text, shown, there)
    numbered = _numbered_order(said, pointed)
    if pointed is None or numbered is None:
        return None
    if not pointed.those:
        return _which_of(numbered, there)
    other = [one for one in there if said.numbers == [str(one.number)] and one not in pointed.those]
    if other:  # the second of the list, or number 2
        return _which_of(numbered, [*other, *pointed.those])
    step = _with_each(numbered, pointed.those, said.text)
    is_of_papers = shown.last == "query" and bool(shown.papers) and numbered.intent == "unsub"
    if step and is_of_papers:
        return Which([step])
    return step


def pointed_at(text: str, shown: Shown, there: Sequence[Subscription]) -> meant.Pointed | None:
    """Returns the subscriptions that a text means by their count, their place in a list, or when they come; None if by none."""
    return meant.pointed_at(text, shown, there) or by_time.pointed_at(text, there)


def _each_at_its_time(said: Said, there: Sequence[Subscription]) -> Choice | None:
    """Returns new times of several subscriptions, each named beside its own: "kelp on mondays, corals every day at 6"."""
    timed = [_at_its_time(piece, there) for piece in _PIECES.split(said.text)]
    times = [one for one in timed if one]
    numbers = {one.args.partition(" ")[0] for one in times}
    if len(timed) == 1 or len(numbers) < len(timed):
        return None
    return Choice(said.text, "do", {"command": "schedule", "args": [one.args for one in times]})


def _at_its_time(piece: str, there: Sequence[Subscription]) -> Do | None:
    when = subjects.time_in(piece, "schedule")
    name = _AT.sub("", piece.replace(when, " ").strip()) if when else ""
    those = meant.only_named(name, there) if name else ()
    if len(those) == 1:
        return rescheduled(intents.meaning(f"move it to {when}"), those[0])
    return None


def order_by_name(said: Said, there: Sequence[Subscription]) -> Step | None:
    """Returns an order about subscriptions by their whole name or query; None if the text is understood without that."""
    if (each := _each_at_its_time(said, there)) is not None:
        return each
    named = tuple(one for one in there if meant.is_named(reader.folded(said.text), one))
    is_understood = said.is_sure and said.intent not in (reader.QUERY, *reader.ASKING)
    asks = said.text.endswith(("?", "？")) and orders.is_rather_no_order(said.tokens)  # "would kelp weekly be better?"
    if not named or is_understood or asks or said.marked(reader.NUMBER):
        return None
    clauses = [reader.tokens_of(one) for one in wishes.clauses_of(said.text)] if len(named) > 1 else []
    if any(map(orders.is_surely_no_order, clauses)):  # "don't pause moss, it's kelp I want paused"
        return None
    text = said.text
    for one in named:
        text = meant.with_number(text, one)
    numbered = _numbered_order(said, meant.Pointed(text, named))
    if numbered is None:
        return None
    # without those of an order that was corrected
    those = [one for one in named if str(one.number) in numbered.numbers]
    if those:
        return _with_each(numbered, those, said.text)
    return None


def _numbered_order(said: Said, pointed: meant.Pointed | None) -> Said | None:
    """Returns the meaning of an order with a number in place of other words for subscriptions; None if it is no order."""
    if pointed is None or names.container_in(said.text) or names.exemption_in(said.text):
        return None
    numbered = intents.meaning(pointed.text)
    times = {clock_of(words) or words for words in numbered.marked(reader.WHEN)}
    if len(times) > 1 and len(pointed.those) > 1:  # each may have a time of its own
        return None
    is_more = numbered.has_unknown or numbered.texts(reader.WANTED, reader.UNWANTED, reader.AUTHOR)
    if numbered.intent in _ORDERS and numbered.is_sure and not is_more:
        return numbered
    return None


def _with_each(said: Said, those: Sequence[Subscription], label: str) -> Do | Choice | None:
    """Returns the step that does with each of these what a sentence says; None if that is impossible with one of them."""
    changes = [change for one in those if (change := change_said.change_of(said, one))]
    if len(changes) < len(those):
        return None
    command, args = changes[0][0], [args for _, args in changes]
    if command == "unsub" or len(args) == 1:
        return Do(command, " ".join(args), label)
    return Choice(label, "do", {"command": command, "args": args})


def _which_of(said: Said, those: Sequence[Subscription]) -> Which | None:
    steps = [
        Do(*change, label=f"/{change[0]} {change[1]}  {one.label}")
        for one in those
        if (change := change_said.change_of(said, one))
    ]
    if steps:
        return Which(steps[:_MOST_BUTTONS])
    return None


def rescheduled(said: Said, one: Subscription) -> Do | None:
    """Returns the change of the time of a subscription that a text says; None if that is impossible."""
    timed = said._replace(found=(reader.Score("schedule", 1.0),))
    command = change_said.change_of(timed, one)
    is_of_weekdays = said.intent == "schedule-weekdays" and not days.days_in(said).denied
    if is_of_weekdays and one.cadence.at:  # the time of day stays
        command = ("schedule", f"{one.number} weekdays {one.cadence.at:%H:%M}")
    if command == ("schedule", f"{one.number} {one.cadence}") and days.days_in(said).denied:
        return None  # it does not come then: perhaps another one is meant
    if command:
        return Do(*command, label=f"{when_of(said)} {one.number}  {one.label}")
    return None


def when_of(said: Said) -> str:
    """Returns the time that a text names, in its own words."""
    when = subjects.time_in(said.text, "schedule")
    if when:
        return when
    if said.intent == "schedule-now":
        return "now"
    return references.plain_of(said.text)

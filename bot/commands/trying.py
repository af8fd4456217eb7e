"""Words that are tried out: the query in them with its newest papers and [subscribe]. Nothing is stored."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands.found import (
    card_buttons,
    count_found,
    only_time,
    query_lines,
    rows_of,
    subscribe_button,
    time_refused,
    words_button,
)
from bot.commands.framing import unframed
from bot.commands.turn import Callback, Command, CommandContext
from bot.ports.reply import Reply
from subscriptions.errors import PaperwireError, QueryError
from subscriptions.planning.times import Ending, split_when
from subscriptions.query import parse_query
from subscriptions.service.planner import TrialResult, would_come

ROWS = 5  # papers of a preview
_MANY_WORDS = 12


def tried(turn: CommandContext, said: str) -> Reply:
    """How many papers the words find, the newest, how they were read, and [subscribe]."""
    text = asked_for(said)
    ending = split_when(text)
    if ending.only_time:
        return only_time(turn, text)
    if ending.when is not None and (refusal := time_refused(replace(turn, args=text), ending)):
        return refusal
    found = would_come(turn.store, turn.chat, now=turn.now, which=ending.query)
    papers = [item.paper for item in found.delivery.items] if found.delivery else []
    newest = sorted(papers, key=lambda known: known.sequence or 0, reverse=True)[:ROWS]
    items = rows_of(newest, found.query)
    lines = (
        count_found(turn, found),
        *_reading(turn, found, ending),
        *_left_out(turn, said, text),
        *_too_many_words(turn, found),
        *_how_to_subscribe(turn, found, text),
    )
    buttons = (*subscribe_button(turn, text), *words_button(turn, ending, text)) if found.query else ()
    return Reply(lines=lines, items=items, numbers=card_buttons(turn, items), buttons=buttons)


def asked_for(said: str) -> str:
    """The query in a sentence, if it is one that can be understood; else the words themselves."""
    text = unframed(said)
    return text if text == said or is_query(text) else said


def is_query(text: str) -> bool:
    """Whether words can be understood as a query."""
    try:
        parse_query(split_when(text).query)
    except QueryError:
        return False
    return True


def finds(turn: CommandContext, said: str) -> bool:
    """Whether words find any paper that is known."""
    try:
        found = would_come(turn.store, turn.chat, now=turn.now, which=split_when(said).query)
    except PaperwireError:
        return False
    return found.delivery is not None


def press_look_for(turn: CommandContext) -> Reply:
    """Words that were not taken for a query at first."""
    return tried(turn, str(turn.arguments["text"]))


def _reading(turn: CommandContext, found: TrialResult, ending: Ending) -> Sequence[str]:
    if found.query is None:
        wish = found.wishes[0]
        return (turn.say("This is subscription {number}: {name}", number=wish.number, name=wish.name or wish.text),)
    return query_lines(turn, found.query, ending)


def _left_out(turn: CommandContext, said: str, text: str) -> Sequence[str]:
    """That a sentence was understood, where everything is explained."""
    if text == said or turn.is_public:
        return ()
    return (turn.say("(I left out the words around it; in quotation marks all of them count.)"),)


def _too_many_words(turn: CommandContext, found: TrialResult) -> Sequence[str]:
    if found.query is None or found.delivery is not None:
        return ()
    words = len(found.query.text.split())
    if words < _MANY_WORDS:
        return ()
    return (turn.localizer.count("{count} word", "A paper must have all {count} words; fewer find more.", words),)


def _how_to_subscribe(turn: CommandContext, found: TrialResult, text: str) -> Sequence[str]:
    """In words, where a button would be everybody's."""
    if not turn.in_public or found.query is None:
        return ()
    return (turn.say("To subscribe: {command}", command=f"/sub {' '.join(text.split())}"),)


COMMANDS: tuple[Command, ...] = ()
PRESSES = {"look-for": Callback(run=press_look_for)}

"""Words that are tried out: the query in them with its newest papers and [subscribe]. Nothing is stored."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands.core.context import Callback, Command, CommandContext
from bot.commands.core.query_in_sentence import unframed
from bot.commands.papers.results import (
    card_buttons,
    count_found,
    nothing_active,
    only_time,
    query_lines,
    rows_of,
    subscribe_button,
    time_refused,
    words_button,
)
from bot.commands.phrasing.delivery_times import next_line
from bot.ports.reply import Reply
from subscriptions.errors import PaperwireError, QueryError, Sentence
from subscriptions.model import Subscription
from subscriptions.planning.times import Ending, split_when
from subscriptions.query import parse_query
from subscriptions.service.operations import next_deliveries_to
from subscriptions.service.planner import TrialResult, would_come
from subscriptions.states import ChatState

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


def preview(turn: CommandContext) -> Reply:
    """What would come from the days known, as the chat would see it; nothing is marked as told."""
    ending = split_when(turn.args)
    if ending.only_time:
        return only_time(turn, turn.args)
    if ending.when is not None and (refusal := time_refused(turn, ending)):
        return refusal
    tried = would_come(turn.store, turn.chat, now=turn.now, which=ending.query)
    if not tried.wishes:
        return nothing_active(turn, "/preview diffusion")
    buttons = (*subscribe_button(turn, turn.args), *words_button(turn, ending, turn.args)) if tried.query else ()
    read = query_lines(turn, tried.query, ending) if tried.query else ()
    lines = (count_found(turn, tried), *read, *_told_before(turn, tried), *_waiting(turn, tried))
    return Reply(lines=lines, delivery=tried.delivery, buttons=buttons)


def press_preview(turn: CommandContext) -> Reply:
    """[preview] under the line that nothing has matched for days."""
    return preview(replace(turn, args=""))


def press_fine(turn: CommandContext) -> Reply:
    """[fine] under it: all stays, and it is not said again."""
    return Reply(lines=(turn.say("Good. I say no more of it until something has come."),), ok=True, replaces=True)


def press_try(turn: CommandContext) -> Reply:
    """[as words] under what was tried: its time is part of the query."""
    return replace(preview(replace(turn, args=str(turn.arguments["text"]), arguments={})), replaces=True)


def _told_before(turn: CommandContext, tried: TrialResult) -> tuple[str, ...]:
    if not tried.told:
        return ()
    found = len(tried.delivery.items) if tried.delivery else 0
    if tried.told == found:
        return (turn.say("This chat has had all of them."),)
    return (
        turn.localizer.count("This chat has had {count} of them.", "This chat has had {count} of them.", tried.told),
    )


def _waiting(turn: CommandContext, tried: TrialResult) -> tuple[str, ...]:
    """How many papers are new to the chat, and when they come: what was shown are all of the days known."""
    if tried.query is not None or not turn.chat.id:
        return ()
    if not tried.waiting:
        return (turn.say("Nothing of it is still to come."),) if tried.told else ()
    words = turn.localizer.count("{count} paper is still to come.", "{count} papers are still to come.", tried.waiting)
    return (turn.say("{sentence} {next}", sentence=words, next=_when(turn, tried.wishes)),)


def _when(turn: CommandContext, wishes: Sequence[Subscription]) -> str:
    """When these subscriptions bring what is still to come."""
    if turn.chat.state is ChatState.ASKED:
        return turn.say("This chat waits for the operator of this bot.")
    if turn.chat.state is ChatState.PAUSED:
        return turn.say("This chat is paused; /resume ends that.")
    if all(wish.state == "paused" for wish in wishes):
        return turn.say("It is paused; /resume {number} ends that.", number=wishes[0].number)
    return next_line(next_deliveries_to(turn.store, turn.chat.address, wishes, now=turn.now), turn.localizer, turn.now)


COMMANDS = (
    Command(
        name="preview",
        aliases=("test", "check"),
        run=preview,
        usage="[QUERY|N]",
        summary=Sentence("see what would come"),
    ),
)
CALLBACKS = {
    "preview": Callback(run=press_preview),
    "try": Callback(run=press_try),
    "fine": Callback(run=press_fine),
    "look-for": Callback(run=press_look_for),
}

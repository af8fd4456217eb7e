"""Words that are tried out: the query in them with its newest papers and [subscribe]. Nothing is stored."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands.core.context import Callback, Command, CommandContext
from bot.commands.core.query_in_sentence import extract_query
from bot.commands.papers.results import (
    card_buttons,
    count_found,
    nothing_active,
    only_time_reply,
    query_lines,
    result_items,
    subscribe_button,
    time_refusal,
    try_as_words_button,
)
from bot.commands.phrasing.delivery_times import next_line
from bot.ports.reply import Reply
from subscriptions.errors import PaperwireError, QueryError, Sentence
from subscriptions.model import Subscription
from subscriptions.planning.times import Ending, split_when
from subscriptions.query import parse_query
from subscriptions.service.operations import next_deliveries_to
from subscriptions.service.planner import TrialResult, would_come
from subscriptions.states import ChatState, SubscriptionState

ROWS = 5  # papers of a preview
_MANY_WORDS = 12


def try_query(context: CommandContext, said: str) -> Reply:
    """How many papers the words find, the newest, how they were read, and [subscribe]."""
    text = query_of(said)
    ending = split_when(text)
    if ending.only_time:
        return only_time_reply(context, text)
    if ending.when is not None and (refusal := time_refusal(replace(context, args=text), ending)):
        return refusal
    found = would_come(context.store, context.chat, now=context.now, which=ending.query)
    papers = [item.paper for item in found.delivery.items] if found.delivery else []
    newest = sorted(papers, key=lambda known: known.sequence or 0, reverse=True)[:ROWS]
    items = result_items(newest, found.query)
    lines = (
        count_found(context, found),
        *_reading(context, found, ending),
        *_left_out(context, said, text),
        *_too_many_words(context, found),
        *_how_to_subscribe(context, found, text),
    )
    buttons = (*subscribe_button(context, text), *try_as_words_button(context, ending, text)) if found.query else ()
    return Reply(lines=lines, items=items, numbers=card_buttons(context, items), buttons=buttons)


def query_of(said: str) -> str:
    """The query in a sentence, if it is one that can be understood; else the words themselves."""
    text = extract_query(said)
    return text if text == said or is_query(text) else said


def is_query(text: str) -> bool:
    """Whether words can be understood as a query."""
    try:
        parse_query(split_when(text).query)
    except QueryError:
        return False
    return True


def finds_papers(context: CommandContext, said: str) -> bool:
    """Whether words find any paper that is known."""
    try:
        found = would_come(context.store, context.chat, now=context.now, which=split_when(said).query)
    except PaperwireError:
        return False
    return found.delivery is not None


def on_look_for(context: CommandContext) -> Reply:
    """Words that were not taken for a query at first."""
    return try_query(context, str(context.arguments["text"]))


def _reading(context: CommandContext, found: TrialResult, ending: Ending) -> Sequence[str]:
    if found.query is None:
        subscription = found.wishes[0]
        return (
            context.say(
                "This is subscription {number}: {name}",
                number=subscription.number,
                name=subscription.name or subscription.text,
            ),
        )
    return query_lines(context, found.query, ending)


def _left_out(context: CommandContext, said: str, text: str) -> Sequence[str]:
    """That a sentence was understood, where everything is explained."""
    if text == said or context.read_by_group:
        return ()
    return (context.say("(I left out the words around it; in quotation marks all of them count.)"),)


def _too_many_words(context: CommandContext, found: TrialResult) -> Sequence[str]:
    if found.query is None or found.delivery is not None:
        return ()
    words = len(found.query.text.split())
    if words < _MANY_WORDS:
        return ()
    return (context.localizer.count("{count} word", "A paper must have all {count} words; fewer find more.", words),)


def _how_to_subscribe(context: CommandContext, found: TrialResult, text: str) -> Sequence[str]:
    """In words, where a button would be everybody's."""
    if not context.read_by_strangers or found.query is None:
        return ()
    return (context.say("To subscribe: {command}", command=f"/sub {' '.join(text.split())}"),)


def preview(context: CommandContext) -> Reply:
    """What would come from the days known, as the chat would see it; nothing is marked as told."""
    ending = split_when(context.args)
    if ending.only_time:
        return only_time_reply(context, context.args)
    if ending.when is not None and (refusal := time_refusal(context, ending)):
        return refusal
    tried = would_come(context.store, context.chat, now=context.now, which=ending.query)
    if not tried.wishes:
        return nothing_active(context, "/preview diffusion")
    buttons = (
        (*subscribe_button(context, context.args), *try_as_words_button(context, ending, context.args))
        if tried.query
        else ()
    )
    read = query_lines(context, tried.query, ending) if tried.query else ()
    lines = (count_found(context, tried), *read, *_delivered_before(context, tried), *_waiting(context, tried))
    return Reply(lines=lines, delivery=tried.delivery, buttons=buttons)


def on_preview(context: CommandContext) -> Reply:
    """[preview] under the line that nothing has matched for days."""
    return preview(replace(context, args=""))


def on_fine(context: CommandContext) -> Reply:
    """[fine] under it: all stays, and it is not said again."""
    return Reply(lines=(context.say("Good. I say no more of it until something has come."),), ok=True, replaces=True)


def on_try_as_words(context: CommandContext) -> Reply:
    """[as words] under what was tried: its time is part of the query."""
    return replace(preview(replace(context, args=str(context.arguments["text"]), arguments={})), replaces=True)


def _delivered_before(context: CommandContext, tried: TrialResult) -> tuple[str, ...]:
    if not tried.told:
        return ()
    found = len(tried.delivery.items) if tried.delivery else 0
    if tried.told == found:
        return (context.say("This chat has had all of them."),)
    return (
        context.localizer.count("This chat has had {count} of them.", "This chat has had {count} of them.", tried.told),
    )


def _waiting(context: CommandContext, tried: TrialResult) -> tuple[str, ...]:
    """How many papers are new to the chat, and when they come: what was shown are all of the days known."""
    if tried.query is not None or not context.chat.id:
        return ()
    if not tried.waiting:
        return (context.say("Nothing of it is still to come."),) if tried.told else ()
    words = context.localizer.count(
        "{count} paper is still to come.", "{count} papers are still to come.", tried.waiting
    )
    return (context.say("{sentence} {next}", sentence=words, next=_when(context, tried.wishes)),)


def _when(context: CommandContext, subscriptions: Sequence[Subscription]) -> str:
    """When these subscriptions bring what is still to come."""
    if context.chat.state is ChatState.ASKED:
        return context.say("This chat waits for the operator of this bot.")
    if context.chat.state is ChatState.PAUSED:
        return context.say("This chat is paused; /resume ends that.")
    if all(subscription.state is SubscriptionState.PAUSED for subscription in subscriptions):
        return context.say("It is paused; /resume {number} ends that.", number=subscriptions[0].number)
    return next_line(
        next_deliveries_to(context.store, context.chat.address, subscriptions, now=context.now),
        context.localizer,
        context.now,
    )


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
    "preview": Callback(run=on_preview),
    "try": Callback(run=on_try_as_words),
    "fine": Callback(run=on_fine),
    "look-for": Callback(run=on_look_for),
}

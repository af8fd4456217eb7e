"""preview, and text that may be a query: shows the papers that would have been found. Nothing is stored."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands.core.context import Callback, Command, CommandContext
from bot.commands.papers.results import (
    card_buttons,
    count_found,
    named_by_number,
    nothing_active,
    only_time_reply,
    query_lines,
    result_items,
    subscribe_button,
    time_refusal,
    try_as_words_button,
)
from bot.commands.phrasing.delivery_times import next_line
from bot.commands.words.subject import query_in
from bot.ports.button import Buttons
from bot.ports.reply import Reply
from subscriptions.errors import PaperwireError, QueryError, Sentence
from subscriptions.model import Subscription
from subscriptions.planning.times import Ending, split_when
from subscriptions.query import Query, parse_query
from subscriptions.service.operations import next_deliveries_to
from subscriptions.service.papers import respelled
from subscriptions.service.planner import TrialResult, preview_recent
from subscriptions.states import ChatState, SubscriptionState

ROWS = 5  # papers of plain words
_MANY_WORDS = 12


def try_query(context: CommandContext, said: str) -> Reply:
    """Returns how many papers the text finds, the newest of them, how it was read, and [subscribe]."""
    text = query_of(said)
    ending = split_when(text)
    if ending.only_time:
        return only_time_reply(context, text)
    if ending.when is not None and (refusal := time_refusal(replace(context, args=text), ending)):
        return refusal
    found = preview_recent(context.store, context.chat, now=context.now, which=ending.query)
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
    asks = found.query or _with_another_time(found, ending)
    meant = respelled(context.store, text) if found.delivery is None and found.query else ""
    if meant:
        reply = try_query(context, meant)
        first = context.say(
            "Nothing has “{typed}”. Did you mean “{meant}”?", typed=ending.query, meant=split_when(meant).query
        )
        return replace(reply, lines=(first, *reply.lines), buttons=respelled_button(context, meant) or reply.buttons)
    buttons = (*subscribe_button(context, text), *try_as_words_button(context, ending, text)) if asks else ()
    return Reply(lines=lines, items=items, numbers=card_buttons(context, items), buttons=buttons)


def respelled_button(context: CommandContext, meant: str) -> Buttons:
    """Returns a button that subscribes to the suggested query; nothing where strangers could press it."""
    return tuple(
        (replace(button, label=context.say("subscribe to {query}", query=meant)),)
        for row in subscribe_button(context, meant)
        for button in row
    )


def query_of(said: str) -> str:
    """Returns the query in a sentence if it is a valid one, else the text itself."""
    text = query_in(said)
    return text if text == said or is_query(text) else said


def is_query(text: str) -> bool:
    """Returns whether a text is a valid query."""
    try:
        parse_query(split_when(text).query)
    except QueryError:
        return False
    return True


def finds_papers(context: CommandContext, said: str) -> bool:
    """Returns whether the words find any stored paper."""
    try:
        found = preview_recent(context.store, context.chat, now=context.now, which=split_when(said).query)
    except PaperwireError:
        return False
    return found.delivery is not None


def on_look_for(context: CommandContext) -> Reply:
    """Handles [look for “…”]: tries text that was not read as a query at first."""
    return try_query(context, str(context.arguments["text"]))


def _reading(context: CommandContext, found: TrialResult, ending: Ending) -> Sequence[str]:
    if found.query is None:
        said = named_by_number(context, found.subscriptions[0])
        if timed := _with_another_time(found, ending):
            return (said, *query_lines(context, timed, ending))
        if ending.when is None:
            return (said,)
        command = f"/schedule {found.subscriptions[0].number} {ending.when}"
        return (said, context.say("To change its schedule: {command}", command=command))
    return query_lines(context, found.query, ending)


def _with_another_time(found: TrialResult, ending: Ending) -> Query | None:
    """Returns the query of a subscription that was typed with a new time, which [subscribe] sets; else None."""
    if found.query is not None or ending.when is None:
        return None
    typed = parse_query(ending.query)  # "1 at 8" names the subscription by its number, and asks for no query
    return typed if typed.canonical == found.subscriptions[0].canonical else None


def _left_out(context: CommandContext, said: str, text: str) -> Sequence[str]:
    """Returns a line that the words around the query were left out; none in groups, where replies are short."""
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
    """Returns the command to subscribe if the reply has no button because strangers could press it; else nothing."""
    if not context.read_by_strangers or found.query is None:
        return ()
    return (context.say("To subscribe: {command}", command=f"/sub {' '.join(text.split())}"),)


def preview(context: CommandContext) -> Reply:
    """Shows the delivery that the known days would give, as the chat would see it; nothing counts as delivered."""
    ending = split_when(context.args)
    if ending.only_time:
        return only_time_reply(context, context.args)
    if ending.when is not None and (refusal := time_refusal(context, ending)):
        return refusal
    tried = preview_recent(context.store, context.chat, now=context.now, which=ending.query)
    if not tried.subscriptions:
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
    """Handles [preview] under the notice that nothing has matched for days."""
    return preview(replace(context, args=""))


def on_fine(context: CommandContext) -> Reply:
    """Handles [fine] under that notice: it is not sent again until something has matched."""
    return Reply(lines=(context.say("Good. I say no more of it until something has come."),), ok=True, replaces=True)


def on_try_as_words(context: CommandContext) -> Reply:
    """Handles [as words] under a preview: the words that were read as a time are part of the query."""
    return replace(preview(replace(context, args=str(context.arguments["text"]), arguments={})), replaces=True)


def _delivered_before(context: CommandContext, tried: TrialResult) -> tuple[str, ...]:
    if not tried.delivered:
        return ()
    found = len(tried.delivery.items) if tried.delivery else 0
    if tried.delivered == found:
        return (context.say("This chat has had all of them."),)
    return (
        context.localizer.count(
            "This chat has had {count} of them.", "This chat has had {count} of them.", tried.delivered
        ),
    )


def _waiting(context: CommandContext, tried: TrialResult) -> tuple[str, ...]:
    """Returns how many of the papers are still to be delivered, and when."""
    if tried.query is not None or not context.chat.id:
        return ()
    if not tried.waiting:
        return (context.say("Nothing of it is still to come."),) if tried.delivered else ()
    words = context.localizer.count(
        "{count} paper is still to come.", "{count} papers are still to come.", tried.waiting
    )
    return (context.say("{sentence} {next}", sentence=words, next=_when(context, tried.subscriptions)),)


def _when(context: CommandContext, subscriptions: Sequence[Subscription]) -> str:
    """Returns when these subscriptions deliver the papers that are still to be delivered."""
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

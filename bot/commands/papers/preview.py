"""preview: shows the papers that would be delivered. Nothing is stored."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands.core.context import Callback, Command, CommandContext
from bot.commands.core.picking import shown_buttons
from bot.commands.papers.results import (
    count_found,
    nothing_active,
    only_time_reply,
    query_lines,
    subscribe_button,
    time_refusal,
    try_as_words_button,
    variant_label,
)
from bot.commands.phrasing.cadence_words import next_line
from bot.ports.reply import Button, Reply
from subscriptions.errors import Sentence
from subscriptions.model import Subscription
from subscriptions.planning.times._ending import split_when
from subscriptions.service.operations.chat_status import next_deliveries_to
from subscriptions.service.papers.loosening import in_last_year
from subscriptions.service.planner.previews import TrialResult, preview_recent
from subscriptions.states import ChatState, SubscriptionState

_FEW = 5  # papers; where fewer fit, a longer time is offered


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
    found = len(tried.delivery.items) if tried.delivery else 0
    year = in_last_year(context.store, tried.query, found, now=context.now) if tried.query and found < _FEW else None
    if year:
        label = f"{variant_label(context.localizer, year.variant)} (+{year.more:,})"
        buttons = (*buttons, (Button(label=label, verb="look-for", arguments={"text": context.args}),))
    lines = (
        count_found(context, found, tried.base),
        *read,
        *_delivered_before(context, tried),
        *_waiting(context, tried),
    )
    return Reply(lines=lines, delivery=tried.delivery, buttons=shown_buttons(context, buttons))


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
}

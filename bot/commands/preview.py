"""preview: shows what a query would bring, independent of the schedule; [fine], which ends the notice that nothing matches."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.commands import results
from bot.commands.context import Callback, Command, CommandContext
from bot.commands.phrasing import next_line
from bot.ports import channel
from subscriptions import model, states
from subscriptions.errors import Sentence
from subscriptions.planning.times import split_when
from subscriptions.service import previews
from subscriptions.service.chat_status import next_deliveries_to
from subscriptions.service.previews import Trial
from subscriptions.service.questions import why_they_rest


def preview(context: CommandContext) -> channel.Reply:
    """Shows what the papers of the last days would look like as a delivery. Nothing counts as delivered."""
    ending = split_when(context.args)
    if ending.only_time:
        return results.only_time_reply(context, context.args)
    if ending.when is not None and (refusal := results.time_refusal(context, ending)):
        return refusal
    tried = previews.preview_recent(context.transaction, context.chat, now=context.now, which=ending.query)
    if not tried.subscriptions:
        return results.nothing_active(context, "/preview diffusion")
    found = len(tried.delivery.items) if tried.delivery else 0
    lines, buttons = [results.count_found(context, found, tried.base)], channel.Buttons()
    if tried.query:
        buttons = results.subscribe_button(context, context.args, ending)
        lines_of = results.lines_above_papers if found else results.query_lines
        lines += lines_of(context, tried.query, ending)
    lines += _resting(context, tried)
    if tried.delivered and tried.delivered == found:
        lines.append(context.say("This chat has had all of them."))
    elif tried.delivered:
        said = context.count(
            "This chat has had {count} of them.", "This chat has had {count} of them.", tried.delivered
        )
        lines.append(said)
    return channel.Reply(lines=(*lines, *_waiting(context, tried)), delivery=tried.delivery, buttons=buttons)


def on_fine(context: CommandContext) -> channel.Reply:
    """Handles [fine] under the notice that nothing matches: the notice is not sent again until something has matched."""
    return replace(context.reply("Good. I say no more of it until something has come.", ok=True), replaces=True)


def _resting(context: CommandContext, tried: Trial) -> Iterator[str]:
    """Yields a line for each of the subscriptions that finds nothing near in meaning now."""
    resting = why_they_rest(context.transaction, [one.canonical for one in tried.subscriptions])
    for one in tried.subscriptions:
        if rest := resting.get(one.canonical):
            yield f"{one.number}  {one.label} · {context.say(rest)}"


def _waiting(context: CommandContext, tried: Trial) -> tuple[str, ...]:
    """Returns at most one line: how many of the papers are still to be delivered, and when."""
    if tried.query is not None or not context.chat.id:
        return ()
    if not tried.waiting:
        if tried.delivered:
            return (context.say("Nothing of it is still to come."),)
        return ()
    words = context.count("{count} paper is still to come.", "{count} papers are still to come.", tried.waiting)
    return (context.localizer.joined(words, _when(context, tried.subscriptions)),)


def _when(context: CommandContext, subscriptions: Sequence[model.Subscription]) -> str:
    """Returns a sentence that says when these subscriptions deliver next, or why they do not."""
    if context.chat.state is states.ChatState.ASKED:
        return context.say("This chat waits for the operator of this bot.")
    if context.chat.state is states.ChatState.PAUSED:
        return context.say("This chat is paused; /resume ends that.")
    if all(subscription.state is states.SubscriptionState.PAUSED for subscription in subscriptions):
        return context.say("It is paused; /resume {number} ends that.", number=subscriptions[0].number)
    then = next_deliveries_to(context.transaction, context.chat.address, subscriptions, now=context.now)
    return next_line(then, context.localizer, context.now)


COMMANDS = (
    Command(
        name="preview",
        examples=("/preview diffusion -survey", "/preview 1"),
        run=preview,
        usage="[QUERY|N]",
        summary=Sentence("see what would come"),
    ),
)

CALLBACKS = {
    "preview": Callback(run=preview),
    "try": Callback(run=preview, args_from="text", replaces=True),
    "fine": Callback(run=on_fine),
}

"""today: shows what the newest day brings, or the last seven days; nothing of it counts as delivered. [fine] ends a notice."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.commands import results, subscribe
from bot.commands.context import Callback, Command, CommandContext, asking_texts
from bot.commands.phrasing import next_line
from bot.commands.picking import subscription_of_button
from bot.ports import channel
from subscriptions import model, states
from subscriptions.errors import Sentence
from subscriptions.planning.times import read_when, split_when
from subscriptions.service import previews
from subscriptions.service.known_chats import next_deliveries_to
from subscriptions.service.nearness import why_they_rest
from subscriptions.service.previews import Today

_WEEK = re.compile(r"(?:^|\s+)(?:7\s?d|7 days|week)$", re.IGNORECASE)


def today(context: CommandContext) -> channel.Reply:
    """Shows the newest day's papers of the subscriptions, of one of them or of a query; without any, those of the last days."""
    typed = context.args.strip()
    asked = _WEEK.sub("", typed)
    return _shown(context, asked, of_week=asked != typed)


def week(context: CommandContext) -> channel.Reply:
    """Handles [preview] under a notice: shows the last days."""
    return _shown(context, context.args.strip(), of_week=True)


def on_today(context: CommandContext) -> channel.Reply:
    """Handles [today's papers]: does the same as /today for one subscription."""
    subscription = subscription_of_button(context)
    if subscription is None:
        return context.toast("This subscription is gone.")
    return _shown(context, str(subscription.number), of_week=False)


def on_fine(context: CommandContext) -> channel.Reply:
    """Handles [fine] under the notice that nothing matches: the notice is not sent again until something has matched."""
    return replace(context.reply("Good. I say no more of it until something has come.", ok=True), replaces=True)


def _shown(context: CommandContext, asked: str, *, of_week: bool) -> channel.Reply:
    ending = split_when(asked)
    if ending.only_time:
        raise subscribe.only_time(context, asked)
    if ending.when is not None:
        read_when(ending.when)  # what cannot be read is refused
    tried = previews.today(context.transaction, context.chat, now=context.now, which=ending.query, of_week=of_week)
    if not tried.subscriptions:
        return results.nothing_active(context, "/today diffusion")
    found = len(tried.delivery.items) if tried.delivery else 0
    lines, buttons = [_count_line(context, tried, found)], channel.Buttons()
    if tried.query:
        buttons = results.subscribe_buttons(context, asked, ending)
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


def _count_line(context: CommandContext, tried: Today, found: int) -> str:
    if tried.day is None:
        return results.count_found(context, found, tried.base)
    day = context.localizer.day(tried.day)
    return context.count("{count} paper of {day}", "{count} papers of {day}", found, day=day)


def _queries(context: CommandContext) -> tuple[str, ...]:
    return (split_when(_WEEK.sub("", context.args.strip())).query,)


def _resting(context: CommandContext, tried: Today) -> Iterator[str]:
    """Yields a line for each of the subscriptions that finds nothing near in meaning now."""
    resting = why_they_rest(context.transaction, [one.canonical for one in tried.subscriptions])
    for one in tried.subscriptions:
        if rest := resting.get(one.canonical):
            yield f"{one.number}  {one.label} · {context.say(rest)}"


def _waiting(context: CommandContext, tried: Today) -> tuple[str, ...]:
    """Returns at most one line: how many of the papers are still to be delivered, and when."""
    if tried.query is not None or not context.chat.id or tried.day is not None:
        return ()
    if not tried.waiting:
        return (context.say("Nothing of it is still to come."),) if tried.delivered else ()
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
        name="today",
        examples=("/today", "/today cat:cs.LG", "/today 1 7d"),
        aliases=("preview",),
        run=today,
        wants=asking_texts(_queries),
        usage="[QUERY|N] [7d]",
        summary=Sentence("see the newest papers"),
    ),
)

CALLBACKS = {
    "today": Callback(run=on_today),
    "preview": Callback(run=week),
    "fine": Callback(run=on_fine),
}

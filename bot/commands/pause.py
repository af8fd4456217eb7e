"""pause, resume and stop, for a chat or one subscription; papers that waited are sent or skipped."""

import re
from datetime import datetime

from bot.commands.asking import (
    not_found,
    number_and_rest,
    on_all_or_one,
    on_subscription,
    required_number,
    subscriptions_here,
)
from bot.commands.base import Change, Command, Context
from bot.commands.phrasing import subscription_label, why_paused
from bot.messages import Buttons, Reply
from subscriptions.errors import Refused, Sentence, sentences
from subscriptions.model import ChatState, Subscription
from subscriptions.schedule.pauses import parse_pause
from subscriptions.subscribing import pause as pausing

_SKIP = re.compile(r"\s*\bskip$", re.IGNORECASE)
_PAUSED = sentences(
    {  # (one subscription and not the chat, with an end)
        (True, False): "{subscription} is paused.",
        (True, True): "{subscription} is paused until {moment}.",
        (False, False): "This chat is paused.",
        (False, True): "This chat is paused until {moment}.",
    }
)
ALL = "all"  # this argument means the whole chat, as if there were no arguments


def pause_(context: Context) -> Reply:
    """Pause the chat, or the subscription with the given number, for the given time."""
    if not context.chat.id:
        return context.reply("There is nothing to pause yet.")
    return _paused(context, *_parsed(context))


def resume_(context: Context) -> Reply:
    """Resume the chat, or one subscription; with `skip`, the papers that waited never come.

    If the chat is not paused, resumes all its subscriptions.
    """
    typed = context.args.strip()
    which = _SKIP.sub("", typed)
    one = bool(which and context.chat.id) and which.casefold() != ALL
    subscription = required_number(context, which, "/resume 4")[0] if one else None
    return _resumed(context, subscription, skips=which != typed)


def what_waits(context: Context, subscription: Subscription | None = None) -> tuple[list[str], Buttons]:
    """Return (lines, buttons) about the papers that wait after a pause; both are empty if no papers wait."""
    number, which = subscription and subscription.number, subscription and subscription.id
    found = pausing.get_waiting_papers(context.transaction, context.chat.address, now=context.now, number=number)
    if not found.papers:
        return [], ()
    lines = [context.count("{count} paper waits.", "{count} papers wait.", found.papers)]
    comes_now = found.delivered_at is None or found.delivered_at <= context.now
    if context.transaction.store.ends_soon and comes_now:  # before anybody could press a button
        return [*lines, context.count("It comes now.", "They come now.", found.papers)], ()
    if found.delivered_at is not None:
        moment = context.localizer.moment(found.delivered_at)
        if found.come_together or found.papers == 1:
            lines.append(context.count("It comes {moment}.", "They come {moment}.", found.papers, moment=moment))
        else:
            lines.append(context.say("The first come {moment}.", moment=moment))
    if context.read_by_strangers:
        return lines, ()
    send = context.button("send now", "send-waiting", subscription=which)
    skip = context.button("skip", "skip-waiting", subscription=which, upto=found.upto, at=context.now.isoformat())
    return lines, ((send, skip),)


def on_send(context: Context, subscription: Subscription | None) -> Reply:
    """Handle [send]: sends the waiting papers at once."""
    address, number = context.chat.address, subscription and subscription.number
    if sent := pausing.send_waiting(context.transaction, address, now=context.now, number=number):
        return context.done(context.count("{count} paper is on its way.", "{count} papers are on their way.", sent))
    return context.toast("Nothing waits any more.")


def on_skip(context: Context, subscription: Subscription | None) -> Reply:
    """Handle [skip]: the papers that waited when the button was shown are never sent."""
    by = datetime.fromisoformat(str(context.arguments["at"]))
    skipped = _skip(context, subscription, upto=int(context.arguments["upto"]), by=by)
    return context.done(*skipped) if skipped else context.toast("Nothing waits any more.")


def _skip(context: Context, subscription: Subscription | None, *, upto: int, by: datetime) -> tuple[str, ...]:
    """Skip the papers up to the sequence `upto`, and deliveries planned by `by`.

    Return lines that say so; () if there are none.
    """
    address, number = context.chat.address, subscription and subscription.number
    skipped = pausing.skip_waiting(context.transaction, address, upto=upto, by=by, now=context.now, number=number)
    if not skipped:
        return ()
    said = context.count("{count} paper is skipped.", "{count} papers are skipped.", skipped)
    return (said, context.say("/search still finds what was skipped."))


def _parsed(context: Context) -> tuple[Subscription | None, datetime | None]:
    """Return (the subscription to pause, or None for the whole chat; the end of the pause, or None for no end).

    "2 weeks" is read as a time, "2" as a subscription, "2 until mon" as both. Raise Refused, NotFound.
    """
    text = context.args
    if not text or text.casefold() == ALL:
        return None, None
    clock = context.localizer.zone
    try:
        return None, parse_pause(text, clock, context.now)
    except Refused:
        subscription, rest = number_and_rest(context, text)
        number, _, until = text.partition(" ")
        if subscription is None and number.isdecimal():
            if until:
                parse_pause(until, clock, context.now)
            raise not_found(number) from None
        if subscription is None:
            raise
        return subscription, parse_pause(rest, clock, context.now) if rest else None


def _paused(context: Context, subscription: Subscription | None, until: datetime | None = None) -> Reply:
    number, address = subscription and subscription.number, context.chat.address
    pausing.pause(context.transaction, address, number, until=until, now=context.now, who=context.actor)
    said = [_PAUSED[bool(subscription), bool(until)], Sentence("What comes in the meantime waits.")]
    if context.read_by_strangers:  # there are no buttons
        said.append(Sentence("/resume {number} ends it.") if number else Sentence("/resume ends it."))
    resume = context.button("resume", "resume", subscription=subscription and subscription.id)
    return context.reply(
        *said,
        ok=True,
        buttons=((resume, *context.undo_button),),
        subscription=subscription_label(subscription) if subscription else "",
        moment=context.localizer.moment(until, now=context.now),
        number=number,
    )


def _resumed(context: Context, subscription: Subscription | None, *, skips: bool = False) -> Reply:
    number, address, chat = subscription and subscription.number, context.chat.address, None
    if context.chat.id:
        chat = pausing.resume(context.transaction, address, number, now=context.now, who=context.actor)
    if chat is None:
        return context.reply(why_paused(context.chat, (), context.localizer) or context.say("Nothing is paused here."))
    head = context.say("Papers come again.")
    if subscription:
        head = context.say("{subscription} is active again.", subscription=subscription_label(subscription))
    if chat.state is ChatState.PAUSED:
        return context.done(head, context.say("This chat is paused; /resume ends that."), buttons=context.undo_row)
    still = [one for one in subscriptions_here(context) if not one.is_active]
    if still and not subscription:
        rest = context.count(
            "{count} subscription stays paused; /list shows it.",
            "{count} subscriptions stay paused; /list shows them.",
            len(still),
        )
        head = context.localizer.joined(head, rest)
    if skips:
        found = pausing.get_waiting_papers(context.transaction, chat.address, now=context.now, number=number)
        skipped = _skip(context, subscription, upto=found.upto, by=context.now)
        return context.done(head, *skipped)  # an undo would not bring back what is skipped
    lines, buttons = what_waits(context, subscription)
    return context.done(head, *lines, buttons=(*buttons, *context.undo_row))


COMMANDS = (
    Command(
        pause_,
        "pause",
        "hold papers back for a while",
        examples=("/pause 1 7d", "/pause until 3 Mar"),
        needs_manager=True,
        usage="[N] [7d | until 3 Mar]",
    ),
    Command(
        pause_,
        "stop",
        "hold all papers back",
        examples=("/stop",),
        needs_manager=True,
        listed=False,
    ),
    Command(
        resume_,
        "resume",
        "end a pause",
        examples=("/resume", "/resume 1"),
        needs_manager=True,
        usage="[N] [skip]",
    ),
)

CALLBACKS = {
    "pause": Change(on_subscription(_paused)),
    "pause-all": Change(pause_),
    **{
        verb: Change(on_all_or_one(run))
        for verb, run in (("resume", _resumed), ("send-waiting", on_send), ("skip-waiting", on_skip))
    },
}

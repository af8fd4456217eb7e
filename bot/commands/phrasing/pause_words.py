"""Pauses, in words."""

from datetime import datetime

from bot.commands.phrasing.localizer import Localizer
from bot.commands.phrasing.subscription_words import subscription_label
from subscriptions.service.subscriptions import PauseResult, WaitingPapers


def paused_line(held: PauseResult, localizer: Localizer, *, now: datetime) -> str:
    """Returns a sentence that says what is paused and until when."""
    words = subscription_label(held.subscription) if held.subscription else ""
    if held.until is None:
        return (
            localizer.say("{subscription} is paused.", subscription=words)
            if words
            else localizer.say("This chat is paused.")
        )
    until = localizer.moment(held.until, now=now)
    if words:
        return localizer.say("{subscription} is paused until {moment}.", subscription=words, moment=until)
    return localizer.say("This chat is paused until {moment}.", moment=until)


def resumed_line(held: PauseResult, localizer: Localizer) -> str:
    """Returns a sentence that says what is active again."""
    if not held.changed:
        return localizer.say("Nothing is paused here.")
    subscription = held.subscription
    return (
        localizer.say("{subscription} is active again.", subscription=subscription_label(subscription))
        if subscription
        else localizer.say("Papers come again.")
    )


def waiting_lines(found: WaitingPapers, localizer: Localizer) -> tuple[str, ...]:
    """Returns sentences that say how many papers wait after a pause and when they come by themselves; none if no paper waits."""
    if not found.papers:
        return ()
    waits = localizer.count("{count} paper waits.", "{count} papers wait.", found.papers)
    if found.delivered_at is None:
        return (waits,)
    comes = localizer.count(
        "Without a word from you it comes {moment}.",
        "Without a word from you they come {moment}.",
        found.papers,
        moment=localizer.moment(found.delivered_at),
    )
    return waits, comes

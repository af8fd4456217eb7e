"""When deliveries come, in words: the first and the next one."""

from datetime import datetime

from bot.commands.phrasing.localizer import Localizer
from subscriptions.planning.forecast import NextDelivery


def first_line(next_delivery: NextDelivery, localizer: Localizer, now: datetime) -> str:
    """Returns a sentence that says when a subscription delivers first."""
    if next_delivery.at is None and next_delivery.latest is not None:
        return localizer.say(
            "First: as soon as papers are out, {moment} at the latest.", moment=localizer.moment(next_delivery.latest)
        )
    if next_delivery.at is None:
        return localizer.say("It comes as soon as papers do.")
    if next_delivery.at <= now:
        return (
            localizer.say("First: as soon as papers are out.")
            if next_delivery.opens
            else localizer.say("First: in a moment.")
        )
    moment = _moment(next_delivery, localizer)
    if next_delivery.opens:
        return localizer.say("First: from {moment} on, as soon as papers are out.", moment=moment)
    return localizer.say("First: {moment}.", moment=moment)


def next_line(next_delivery: NextDelivery, localizer: Localizer, now: datetime) -> str:
    """Returns a sentence that says when a chat gets its next delivery."""
    if next_delivery.at is None and next_delivery.latest is not None:
        return localizer.say(
            "Next: as soon as papers are out, {moment} at the latest.", moment=localizer.moment(next_delivery.latest)
        )
    if next_delivery.at is None:
        return localizer.say("Next: as soon as papers come.")
    if next_delivery.at <= now:
        return (
            localizer.say("Next: as soon as papers are out.")
            if next_delivery.opens
            else localizer.say("Next: in a moment.")
        )
    moment = _moment(next_delivery, localizer)
    if next_delivery.opens:
        return localizer.say("Next: from {moment} on, as soon as papers are out.", moment=moment)
    return localizer.say("Next: {moment}.", moment=moment)


def _moment(next_delivery: NextDelivery, localizer: Localizer) -> str:
    """Returns the moment with the reason why it is not earlier, such as a weekend or a holiday."""
    assert next_delivery.at is not None  # noqa: S101 - checked by the callers
    moment = localizer.moment(next_delivery.at, about=next_delivery.about and not next_delivery.opens)
    if next_delivery.rest == "weekend":
        return localizer.say("{moment} (arXiv is quiet at the weekend)", moment=moment)
    if next_delivery.rest == "holiday":
        return localizer.say("{moment} (arXiv announces nothing on a holiday)", moment=moment)
    return moment

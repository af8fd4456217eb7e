"""When deliveries come, in words: the first and the next one."""

from datetime import datetime
from typing import TYPE_CHECKING

from bot.commands.phrasing.localizer import Localizer

if TYPE_CHECKING:  # its module loads the store, which a refused query does not need
    from subscriptions.planning.forecast import NextDelivery


def first_line(coming: "NextDelivery", localizer: Localizer, now: datetime) -> str:
    """Returns a sentence that says when a subscription delivers first."""
    if coming.at is None and coming.latest is not None:
        return localizer.say(
            "First: as soon as papers are out, {moment} at the latest.", moment=localizer.moment(coming.latest)
        )
    if coming.at is None:
        return localizer.say("It comes as soon as papers do.")
    if coming.at <= now:
        return (
            localizer.say("First: as soon as papers are out.") if coming.opens else localizer.say("First: in a moment.")
        )
    moment = _moment(coming, localizer)
    if coming.opens:
        return localizer.say("First: from {moment} on, as soon as papers are out.", moment=moment)
    return localizer.say("First: {moment}.", moment=moment)


def next_line(coming: "NextDelivery", localizer: Localizer, now: datetime) -> str:
    """Returns a sentence that says when a chat gets its next delivery."""
    if coming.at is None and coming.latest is not None:
        return localizer.say(
            "Next: as soon as papers are out, {moment} at the latest.", moment=localizer.moment(coming.latest)
        )
    if coming.at is None:
        return localizer.say("Next: as soon as papers come.")
    if coming.at <= now:
        return (
            localizer.say("Next: as soon as papers are out.") if coming.opens else localizer.say("Next: in a moment.")
        )
    moment = _moment(coming, localizer)
    if coming.opens:
        return localizer.say("Next: from {moment} on, as soon as papers are out.", moment=moment)
    return localizer.say("Next: {moment}.", moment=moment)


def _moment(coming: "NextDelivery", localizer: Localizer) -> str:
    """Returns the moment with the reason why it is not earlier, such as a weekend or a holiday."""
    assert coming.at is not None  # noqa: S101 - checked by the callers
    moment = localizer.moment(coming.at, about=coming.about and not coming.opens)
    if coming.rest == "weekend":
        return localizer.say("{moment} (arXiv is quiet at the weekend)", moment=moment)
    if coming.rest == "holiday":
        return localizer.say("{moment} (arXiv announces nothing on a holiday)", moment=moment)
    return moment

"""When something comes, in words: first, and next."""

from datetime import datetime
from typing import TYPE_CHECKING

from bot.commands.phrasing.localizer import Localizer

if TYPE_CHECKING:  # its module loads the store, which a refused query has no need of
    from subscriptions.planning.forecast import NextDelivery


def first_line(coming: "NextDelivery", voice: Localizer, now: datetime) -> str:
    """When a subscription comes first."""
    if coming.at is None and coming.latest is not None:
        return voice.say(
            "First: as soon as papers are out, {moment} at the latest.", moment=voice.moment(coming.latest)
        )
    if coming.at is None:
        return voice.say("It comes as soon as papers do.")
    if coming.at <= now:
        return voice.say("First: as soon as papers are out.") if coming.opens else voice.say("First: in a moment.")
    moment = _moment(coming, voice)
    if coming.opens:
        return voice.say("First: from {moment} on, as soon as papers are out.", moment=moment)
    return voice.say("First: {moment}.", moment=moment)


def next_line(coming: "NextDelivery", voice: Localizer, now: datetime) -> str:
    """When a chat hears next."""
    if coming.at is None and coming.latest is not None:
        return voice.say("Next: as soon as papers are out, {moment} at the latest.", moment=voice.moment(coming.latest))
    if coming.at is None:
        return voice.say("Next: as soon as papers come.")
    if coming.at <= now:
        return voice.say("Next: as soon as papers are out.") if coming.opens else voice.say("Next: in a moment.")
    moment = _moment(coming, voice)
    if coming.opens:
        return voice.say("Next: from {moment} on, as soon as papers are out.", moment=moment)
    return voice.say("Next: {moment}.", moment=moment)


def _moment(coming: "NextDelivery", voice: Localizer) -> str:
    """The moment, with the reason why it is no earlier one."""
    assert coming.at is not None  # noqa: S101 - asked before
    moment = voice.moment(coming.at, about=coming.about and not coming.opens)
    if coming.rest == "weekend":
        return voice.say("{moment} (arXiv is quiet at the weekend)", moment=moment)
    if coming.rest == "holiday":
        return voice.say("{moment} (arXiv announces nothing on a holiday)", moment=moment)
    return moment

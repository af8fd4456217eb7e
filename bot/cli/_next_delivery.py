"""When something comes next, as a table of the command line says it."""

from datetime import datetime

from bot.rendering.text.language import Language
from subscriptions.planning.forecast import NextDelivery


def when_next(coming: "NextDelivery", voice: "Language", now: datetime) -> str:
    """When a subscription brings something next, as bot.commands.phrasing.delivery_times says it in a sentence."""
    if coming.at is None:
        return f"{voice.moment(coming.latest, now=now)} at the latest" if coming.latest else "when papers come"
    if coming.at <= now:
        return "when papers are out" if coming.opens else "in a moment"
    moment = voice.moment(coming.at, about=coming.about and not coming.opens, now=now)
    return f"from {moment} on" if coming.opens else moment

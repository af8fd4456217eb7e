"""Formats the next delivery of a subscription for tables of the command line."""

from datetime import datetime

from bot.rendering.text.language import Language
from subscriptions.planning.forecast import NextDelivery


def when_next(expected: NextDelivery, language: Language, now: datetime) -> str:
    """Returns when a subscription delivers next, in the words of bot.commands.phrasing.delivery_times."""
    if expected.at is None:
        return f"{language.moment(expected.latest, now=now)} at the latest" if expected.latest else "when papers come"
    if expected.at <= now:
        return "when papers are out" if expected.opens else "in a moment"
    moment = language.moment(expected.at, about=expected.about and not expected.opens, now=now)
    return f"from {moment} on" if expected.opens else moment

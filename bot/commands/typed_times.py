"""A time in what a person types after /sub: whether one is meant, and that one stands alone."""

from bot.commands import phrasing
from bot.commands.context import CommandContext, refusal
from bot.ports import channel
from subscriptions import errors
from subscriptions.planning.cadence import parse_cadence
from subscriptions.planning.times import Ending, as_words


def which_reading(context: CommandContext, typed: str, ending: Ending) -> channel.Reply:
    """Asks whether words at the end of a new subscription are its time or words to look for, with a button for each."""
    when = phrasing.when_words(str(ending.when), context.localizer, parse_cadence(context.chat.settings.schedule))
    timed = context.labelled(when, "subscribe-at", text=ending.query, when=ending.when)
    words = context.button("as words", "subscribe-at", text=as_words(typed))
    asked = context.say("Is “{words}” the time, or words to look for?", words=ending.when)
    return channel.Reply(lines=(asked,), buttons=((timed, words),))


def only_time(typed: str) -> errors.Refused:
    """Returns the error for a time without a query."""
    example = f"/sub diffusion {' '.join(typed.split())}"
    return refusal("That is a time. Say what papers should contain, too.", "For example: {example}", example=example)

"""The answer in words to “Which clock is yours?”: a city in either language, an offset, or what time it is there."""

import re
from datetime import time

from bot.commands import asking, cities, picking, settings
from bot.commands.context import Callback, CommandContext
from bot.commands.phrasing import when_words
from bot.ports import channel
from subscriptions import zones
from subscriptions.planning.times import clock_of
from subscriptions.texts.folding import folded

# The limit of 9, the possessive ++ and the look-behind keep this fast in texts with many spaces.
_THANKS = re.compile(
    r"(?<![\s.!?。！？])(?:[\s,，]{1,9}(?:please|pls|thanks|thank you)|[\s.!?。！？])++$", re.IGNORECASE
)
_BUTTON = re.compile(r"\d\d:\d\d (?P<place>.+)")  # "14:30 Berlin"
_TALK = frozenset({"nice", "split", "reading"})  # words that are places, too, and are written in lower case


def answer_zone(context: CommandContext) -> channel.Reply:
    """Sets the zone to a typed city or offset; for a time, asks for the city. Only for a text for which `answers_zone` is True."""
    said = answer_in(context.args)
    if zones.zone_of_place(said):
        return settings.change_setting(context, settings.ZONE, said)
    if (shown := clock_of(said)) is not None:
        return where_it_is(context, shown)
    return _did_you_mean(context, zones.near_places(said))


def answers_zone(context: CommandContext) -> bool:
    """Returns whether a text names a place, one with a similar name, or a time."""
    said = answer_in(context.args)
    if folded(said) in _TALK and said.islower():
        return False
    is_name = len(said.split()) <= 2 and not said.islower()  # noqa: PLR2004 - "New Yrok"
    return bool(zones.zone_of_place(said)) or clock_of(said) is not None or (is_name and bool(zones.near_places(said)))


def where_it_is(context: CommandContext, shown: time) -> channel.Reply:
    """Asks for the city, with buttons for cities where it is now that time, since people answer "3pm" to "Which clock is yours?"."""
    near = tuple((context.localizer.city(name), name) for name in cities.cities_at(shown, context.now))
    asked = _did_you_mean(context, near) if near else _cities(context, context.say("Which clock is yours, then?"))
    subscriptions = picking.subscriptions_here(context)
    if len(subscriptions) != 1 or subscriptions[0].cadence.kind in ("now", "when-out"):
        return asked
    number, when = subscriptions[0].number, f"daily {shown:%H:%M}"
    label = context.say("send {number} at {when}", number=number, when=when_words(when, context.localizer))
    send = context.labelled(label, "schedule", number=number, when=when)
    return channel.Reply(lines=asked.lines, buttons=((send,), *asked.buttons))


def answer_in(text: str) -> str:
    """Returns an answer without final punctuation and thanks, and without the time of day on the label of a button."""
    said = _THANKS.sub("", text.strip())
    label = _BUTTON.fullmatch(said)
    if label and zones.zone_of_place(label["place"]):
        return label["place"]
    return said


def _did_you_mean(context: CommandContext, near: tuple[tuple[str, str], ...]) -> channel.Reply:
    """Asks which of the places with similar names is meant, with a button for each."""
    asking.expect_answer(context, "answer-zone")
    words = context.say("Did you mean one of these?")
    if len(near) == 1:
        words = context.say("Did you mean {name}?", name=near[0][0])
    buttons = tuple(context.labelled(name, "zone", zone=zone, replaces=True) for name, zone in near)
    others = context.button("another city", "zones", page=0, replaces=True)
    return channel.Reply(lines=(words,), buttons=(buttons, (others,)))


def _cities(context: CommandContext, words: str) -> channel.Reply:
    asking.expect_answer(context, "answer-zone")
    return channel.Reply(lines=(words,), buttons=cities.zone_buttons(context))


CALLBACKS = {"answer-zone": Callback(run=answer_zone, needs_manager=True, is_answer=answers_zone)}

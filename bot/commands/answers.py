"""Answers in words to questions with buttons: what counts as a city, a subscription's number or name, a value, yes or no, and what as a query.

The functions return None if the text is not an answer. The text is then read as if no question had been asked.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import time
from typing import Any

from bot.commands import asking, cities, frame, picking, search, settings, yes_no
from bot.commands.context import Callback, CommandContext
from bot.commands.phrasing import when_words
from bot.commands.spoken import spoken
from bot.ports import channel
from subscriptions import zones
from subscriptions.errors import PaperwireError
from subscriptions.model import Subscription
from subscriptions.planning.times import split_when
from subscriptions.query import links_in_text
from subscriptions.service.listing import typed_number
from subscriptions.texts.folding import folded

# The limit of 9, the possessive ++ and the look-behind keep this fast in texts with many spaces.
_THANKS = re.compile(
    r"(?<![\s.!?。！？])(?:[\s,，]{1,9}(?:please|pls|thanks|thank you)|[\s.!?。！？])++$", re.IGNORECASE
)
_BUTTON = re.compile(r"\d\d:\d\d (?P<place>.+)")  # "14:30 Berlin"
_EVERYTHING = frozenset({"all", "everything", "all of them", "remove all", "全部", "所有", "都", "全部删除"})
_LIKE_A_QUERY = re.compile(r"[\"“”():*|=#]|(?:^|\s)-\w|\b(?:OR|AND|NOT)\b")
_LONGEST = 40  # characters of a typed text that a reply repeats
# a wrong value that has a number is refused if it has at most so many words; a longer text is not an answer
_LONGEST_VALUE = 3
_MOST_SIGNS = 5  # characters of a place in Chinese
_LONGEST_PLACE = 2  # words of an unknown place


def answer_zone(context: CommandContext) -> channel.Reply:
    """Sets the zone to a typed city (in either language), zone or offset, for a text for which `answers_zone` is True.

    If the name is only similar to a place, asks whether that place is meant.
    """
    said = answer_in(context.args)
    place = spoken(said).place
    offered = str(context.arguments.get("near", ""))
    if offered and yes_no.declines(said):
        return _cities(context, context.say("Which clock is yours, then?"))
    if offered and yes_no.agrees(said):
        place = offered
    if _is_place(said, place):
        return settings.change_setting(context, settings.ZONE, place)
    if (shown := spoken(said).clock) is not None:
        return where_it_is(context, shown)
    return _no_place(context, said, place)


def answers_zone(context: CommandContext) -> bool:
    """Returns whether a text names a place or a time, or probably tries to; False for a query that finds papers."""
    said = answer_in(context.args)
    place = spoken(said).place
    if "near" in context.arguments and (yes_no.agrees(said) or yes_no.declines(said)):
        return True
    if _is_place(said, place) or spoken(said).clock is not None:
        return True
    shown = frame.as_seen_now(context, frame.load(context).shown)
    asked = any(one.verb == "zone" for one in shown.choices)  # the last reply asked for the zone
    is_name = asked and not _is_rather_a_query(context, said, place)
    return _may_be_a_place(said, place) and (is_name or bool(zones.near_places(place)))


def _is_place(said: str, place: str) -> bool:
    """Returns whether a text names a place; small talk such as "nice" in lower case does not."""
    is_talk = said == place and said.islower() and spoken(said).is_talk
    return bool(zones.zone_of_place(place)) and not is_talk


def where_it_is(context: CommandContext, shown: time) -> channel.Reply:
    """Asks for the city, with buttons for cities where it is now that time, since people answer "3pm" to "Which clock is yours?"."""
    near = [(context.localizer.city(name), name) for name in cities.cities_at(shown, context.now)]
    if near:
        asked = _did_you_mean(context, tuple(near))
    else:
        asked = _cities(context, context.say("Which clock is yours, then?"))
    subscriptions = picking.subscriptions_here(context)
    timed = len(subscriptions) == 1 and subscriptions[0].cadence.kind not in ("now", "when-out")
    if not timed or spoken(context.args).is_of_the_clock:
        return asked
    number, when = subscriptions[0].number, f"daily {shown:%H:%M}"
    label = context.say("send {number} at {when}", number=number, when=when_words(when, context.localizer))
    send = context.labelled(label, "schedule", number=number, when=when)
    return replace(asked, buttons=((send,), *asked.buttons))


def _no_place(context: CommandContext, said: str, place: str) -> channel.Reply:
    """Returns the reply to an unknown place."""
    look_for = (search.look_for_button(context, said),) if search.is_query(" ".join(said.split())) else ()
    if near := zones.near_places(place):
        asked = _did_you_mean(context, near)
        return replace(asked, buttons=(*asked.buttons, *look_for))
    unknown = context.say("I know no place “{name}”. Which clock is yours?", name=place[:_LONGEST])
    return _cities(context, unknown, look_for)


def _is_rather_a_query(context: CommandContext, said: str, place: str) -> bool:
    """Returns whether a text is more likely a query than a place: papers match it, or it is not written like a name."""
    return search.finds_papers(context, said) or place.islower() or (not place.isascii() and len(place) > _MOST_SIGNS)


def _may_be_a_place(said: str, place: str) -> bool:
    """Returns whether a text may be meant as a place: one or two words that do not look like a query."""
    words = _LONGEST_PLACE + (place != said)
    if spoken(said).is_order or links_in_text.mentioned(said) or links_in_text.links_to_no_paper(said):
        return False
    if split_when(said).only_time or (not place.isascii() and len(place) > _MOST_SIGNS):
        return False
    return bool(place) and not _LIKE_A_QUERY.search(place) and len(place.split()) <= words


def answer_in(text: str) -> str:
    """Returns an answer without final punctuation and thanks, and without the time of day on the label of a button."""
    said = _THANKS.sub("", text.strip())
    label = _BUTTON.fullmatch(said)
    if label and zones.zone_of_place(label["place"]):
        return label["place"]
    return said


def _did_you_mean(context: CommandContext, near: tuple[tuple[str, str], ...]) -> channel.Reply:
    """Asks which of the places with similar names is meant, with a button for each."""
    asking.expect_answer(context, "answer-zone", {"near": near[0][1]} if len(near) == 1 else {})
    if len(near) == 1:
        words = context.say("Did you mean {name}?", name=near[0][0])
    else:
        words = context.say("Did you mean one of these?")
    buttons = tuple(context.labelled(name, "zone", zone=zone, replaces=True) for name, zone in near)
    others = context.button("another city", "zones", page=0, replaces=True)
    return channel.Reply(lines=(words,), buttons=(buttons, (others,)), about=channel.About())


def _cities(context: CommandContext, words: str, more: channel.Buttons = ()) -> channel.Reply:
    asking.expect_answer(context, "answer-zone")
    buttons = (*cities.zone_buttons(context), *more)
    return channel.Reply(lines=(words,), buttons=buttons, about=channel.About())


def answer_pick(context: CommandContext) -> channel.Reply | None:
    """Handles a typed choice of a subscription: its number, name or query; also "all" if subscriptions are removed."""
    said, verb = context.args.strip(), str(context.arguments["verb"])
    if yes_no.declines(said):
        return context.press("cancel", {})
    if yes_no.agrees(said):
        return context.press(f"{verb}-page", {})
    if verb == "unsub" and said.casefold() in _EVERYTHING:
        return context.press("unsub-all", {})
    digits = said.strip("#.。号第条个 ")  # only the digits of a number as people write it: "#3", 第3个
    there = picking.subscriptions_here(context)
    subscription = _picked(said, typed_number(digits) if digits.isdecimal() else None, there)
    if subscription is None and digits.isdecimal():
        return context.reply("There is no subscription {number} here.", number=digits[:8], ok=False)
    if subscription:
        return context.press(verb, {"number": subscription.number})
    return None


def _picked(said: str, number: int | None, there: Sequence[Subscription]) -> Subscription | None:
    """Returns the subscription that an answer means: by its number, its place, its whole name, or as "the kelp one"."""
    if number is not None:
        return next((one for one in there if one.number == number), None)
    named = [one for one in there if folded(said) in (folded(one.name), folded(one.text))]
    those = named or spoken(said).chosen(there)
    if len(those) == 1:
        return those[0]
    return None


def answer_value(context: CommandContext) -> channel.Reply | None:
    """Handles a typed value for the setting that was just shown."""
    name, said = str(context.arguments["name"]), context.args.strip()
    try:
        with context.transaction.savepoint():
            return settings.change_setting(context, name, said)
    except PaperwireError:
        if any(char.isdecimal() for char in said) and len(said.split()) <= _LONGEST_VALUE:
            raise
        return None


def answer_yes(context: CommandContext) -> channel.Reply | None:
    """Handles a typed yes or no, or the label of one of the two buttons."""
    option = _option_said(context)
    if option:
        return context.press(str(option["verb"]), option["arguments"])
    return None


def says_yes_or_no(context: CommandContext) -> bool:
    """Returns whether a text is an answer for `answer_yes`."""
    return _option_said(context) is not None


def _option_said(context: CommandContext) -> Mapping[str, Any] | None:
    """Returns the button that a text means: its verb, label and arguments; None if it means neither."""
    said = context.args.strip().strip(".!。！").casefold()
    for answer, is_said in (("yes", yes_no.approves(said)), ("no", yes_no.declines(said))):
        option: Mapping[str, Any] = context.arguments[answer]
        if is_said or said == str(option["label"]).casefold():
            return option
    return None


CALLBACKS = {
    "answer-zone": Callback(run=answer_zone, needs_manager=True, is_answer=answers_zone),
    "answer-pick": Callback(run=answer_pick, needs_manager=True),
    "answer-value": Callback(run=answer_value, needs_manager=True),
    "answer-yes": Callback(run=answer_yes, writes=True, is_answer=says_yes_or_no),
}

"""set, timezone and lang: shows and changes the settings of a chat."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.commands.asking import expect, subscriptions_here
from bot.commands.base import Callback, Change, Command, Context
from bot.commands.phrasing import cadence_words, fixed_offset, label_of, setting_change, value_words
from bot.messages import Button, Buttons, Reply, Row
from bot.rendering.queries_in_words import refused
from subscriptions.chats.addresses import facts_of
from subscriptions.chats.settings import SETTINGS, check_value, name_and_value
from subscriptions.errors import Refused, Sentence
from subscriptions.language import Language
from subscriptions.plan.decision import shows_more
from subscriptions.schedule.times import read_when
from subscriptions.schedule.zones import near_places, zone, zone_of_place
from subscriptions.subscribing.subscribe import set_settings
from subscriptions.text.cutting import width
from subscriptions.text.forms import folded

ZONE = "timezone"
A_CITY = "Oslo"
_CHOSEN = "✓"
_LINE = Sentence("{label}: {value}")
_FIXED = Sentence("{label} is fixed in this kind of chat: {value}.")
_OF_BUTTONS = ("limit", "buttons")  # settings that have no effect on a platform without buttons
# IANA names. Of zones with the same local time now, only the first is offered; any other city can be written.
_WELL_KNOWN = (
    "America/Los_Angeles",
    "America/Chicago",
    "America/New_York",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Moscow",
    "Asia/Kolkata",
    "Asia/Bangkok",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
)
# Language of the client → the zone where most speakers of the language live.
_AT_HOME = {
    "zh": "Asia/Shanghai",
    "ja": "Asia/Tokyo",
    "ko": "Asia/Seoul",
    "de": "Europe/Berlin",
    "fr": "Europe/Paris",
    "it": "Europe/Rome",
    "pt": "America/Sao_Paulo",
    "ru": "Europe/Moscow",
    "uk": "Europe/Kyiv",
    "tr": "Europe/Istanbul",
    "fa": "Asia/Tehran",
    "he": "Asia/Jerusalem",
    "hi": "Asia/Kolkata",
    "id": "Asia/Jakarta",
    "vi": "Asia/Ho_Chi_Minh",
}
CITIES = 12  # offered at once
_ROW = 34  # columns of a row on a phone; all buttons of a row are as wide as its widest one
_DAY = timedelta(days=1)
_BUTTON = re.compile(r"\d\d:\d\d (?P<place>.+)")  # "14:30 Berlin"
# words that are places, too
_TALK = frozenset({"nice", "split", "reading", "wake", "resolute", "met", "roc", "wet", "eat"})


def set_(context: Context) -> Reply:
    """Show all settings; with a name, shows that setting; with a name and a value, changes it."""
    if not context.args:
        return _all_settings(context)
    return _shown_or_changed(context, *name_and_value(context.args))


def lang(context: Context) -> Reply:
    """Change the language; without arguments, shows the languages as buttons."""
    return _shown_or_changed(context, "lang", context.args)


def timezone(context: Context) -> Reply:
    """Change the time zone to a city, zone or offset; without arguments, shows cities with their local times."""
    return _shown_or_changed(context, ZONE, place_in(context.args))


def _shown_or_changed(context: Context, name: str, value: str) -> Reply:
    """Show one of SETTINGS, or change it to a value.

    A zone may be named by its city. If a city is unknown, the refusal has a button with a similar one. Raise Refused.
    """
    if not value:
        return _one_setting(context, name)
    if name != ZONE:
        return _change(context, name, value)
    try:
        with context.transaction.savepoint():
            return _change(context, name, zone_of_place(value) or value)
    except Refused as error:
        row = tuple(context.labelled(near, ZONE, text=near) for _, near in near_places(value)[:1])
        return replace(refused(error, context.localizer), buttons=(row,))


def _all_settings(context: Context) -> Reply:
    """Return the reply with all settings that a chat of this kind can change, their values and a button for each.

    In a group of people it is short: the values are on the buttons only.
    """
    free = [name for name in SETTINGS if len(_offered_values(context, name)) != 1]
    lines = [context.say("Settings of this chat:")]
    if not context.is_about_here:
        lines = [context.say("Settings of {chat}:", chat=context.chat.name)]
    labels = [label_of(name, context.localizer) for name in free]
    if context.read_by_group and not context.read_by_strangers:
        labels = [_with_value(context, name) for name in free]
    else:
        lines += [f"· {_with_value(context, name)}" for name in free]
    buttons = [context.labelled(label, "set", text=name) for label, name in zip(labels, free, strict=True)]
    if context.read_by_strangers:
        lines.append(context.say("To change one: /set text titles"))
    return Reply(lines, buttons=phone_rows(buttons), names_chat=True)


def _is_without_effect(context: Context, name: str, value: str) -> bool:
    """Return whether a setting is of buttons, which the platform of the chat does not have, and would change."""
    if name not in _OF_BUTTONS or facts_of(context.chat.address.platform).shows_more:
        return False
    return check_value(name, value, kind=context.chat.kind) != context.chat.settings.value(name)


def _with_value(context: Context, name: str, form: Sentence = _LINE) -> str:
    """Return the label and the value of a setting: "Quiet hours: from 22:00 to 08:00"."""
    localizer = context.localizer
    value = value_words(name, context.chat.settings.value(name), localizer)
    return context.say(form, label=label_of(name, localizer), value=value)


def _offered_values(context: Context, name: str) -> tuple[str, ...]:
    """Return the values that are shown as buttons: all values, or some with the current one.

    None for the time zone; only the current one if the platform has no buttons and another would have no effect.
    """
    if name in _OF_BUTTONS and not facts_of(context.chat.address.platform).shows_more:
        return (context.chat.settings.value(name),)
    words = SETTINGS[name].choices_in(context.chat.kind, public=context.chat.public)
    some = SETTINGS[name].offered.get(context.chat.kind, ())
    value = context.chat.settings.value(name)
    if words or not some or value in some:
        return words or some
    return (value, *some)


def _one_setting(context: Context, name: str) -> Reply:
    """Return the reply about one setting: its value, its meaning, its other values."""
    offered = _offered_values(context, name)
    if len(offered) == 1:
        return Reply((_with_value(context, name, _FIXED),))
    lines = [_with_value(context, name), context.say("({inner})", inner=context.say(SETTINGS[name].meaning))]
    buttons = phone_rows([_value_button(context, name, option) for option in offered])
    if name == ZONE:
        lines.append(context.say("Which clock is yours? Or write a city: /timezone {city}", city=A_CITY))
        buttons = zone_buttons(context)
        expect(context, ZONE)
    elif example := SETTINGS[name].example:
        lines.append(context.say("Any other can be written: /set {name} {value}", name=name, value=example))
    elif context.read_by_strangers:
        lines.append(context.say("Possible: /set {name} {values}", name=name, values=" | ".join(offered)))
    back = context.button("all settings", "set")
    return Reply(lines, buttons=(*buttons, (back,)))


def _value_button(context: Context, name: str, value: str) -> Button:
    is_short = value.isdigit() or (name == "quiet" and value[:1].isdigit())
    label = value.replace("-", "–") if is_short else value_words(name, value, context.localizer)
    if value == context.chat.settings.value(name):
        label = f"{_CHOSEN} {label}"
    return context.labelled(label, "set", text=f"{name} {value}")


def _change(context: Context, name: str, value: str) -> Reply:
    """Change a setting. Return the reply with its old and new value, in the language that is set after the change."""
    before, chosen = context.chat, {name: value}
    if _is_without_effect(context, name, value):
        raise Refused(_with_value(context, name, _FIXED))
    after = set_settings(context.transaction, before.address, chosen, now=context.now, who=context.actor)
    now = after.settings
    if before.settings.value(name) == now.value(name):
        return Reply((_with_value(context, name, Sentence("{label}: {value}, as it was.")),), ok=True)
    reader = after if context.is_about_here else context.origin
    context = replace(context, localizer=Language(reader.settings.lang, now.timezone, slash=context.localizer.slash))
    lines = [setting_change(name, before, after, context.localizer)]
    if name == ZONE:
        there = context.say("It is {time} there.", time=local_time(context.now, now.timezone))
        lines += [*fixed_offset(now.timezone, context.localizer), there]
    if name == "limit" and now.limit and not shows_more(after):
        lines.append(context.say("All are shown: no button opens the rest here."))
    if name == "schedule" and any(str(one.cadence) != now.schedule for one in subscriptions_here(context)):
        when = cadence_words(read_when(now.schedule).cadence, context.localizer)
        lines.append(context.say("It is for new subscriptions. For all: /schedule {when}", when=when))
    return context.done(*lines, buttons=context.undo_row)


def nearest_zones(now: datetime, *, operator: str, language: str) -> list[str]:
    """Return well-known zones, no two with the same local time now; those near the operator's zone come first.

    So do those near the zone where most speakers of the language live; `language` is a code such as "pt-br".
    """
    home = _AT_HOME.get(language.casefold().replace("_", "-").partition("-")[0], "")
    first = [name for name in (home, operator) if "/" in name]
    by_offset: dict[timedelta, str] = {}
    for name in (*first, *_WELL_KNOWN):
        by_offset.setdefault(_offset(name, now), name)
    near = [_offset(name, now) for name in first or [operator]]

    def apart(name: str) -> timedelta:
        """Return how far a zone is from the nearest of these, the shorter way around the clock."""
        ways = ((_offset(name, now) - place) % _DAY for place in near)
        return min(min(way, _DAY - way) for way in ways)

    return sorted(by_offset.values(), key=apart)


def _offset(name: str, now: datetime) -> timedelta:
    return now.astimezone(zone(name)).utcoffset() or timedelta(0)


def place_in(text: str) -> str:
    """Return a typed place without final punctuation, and without the time of day on the label of a button."""
    said = text.strip().rstrip(" .!。！")
    label = _BUTTON.fullmatch(said)
    return label["place"] if label and zone_of_place(label["place"]) else said


def names_a_place(text: str) -> bool:
    """Return whether a text names a place whose clock is known, perhaps misspelt with a capital letter.

    No word of talk does.
    """
    said = place_in(text)
    is_place = zone_of_place(said) or (said[:1].isupper() and near_places(said))
    return folded(said) not in _TALK and bool(is_place)


def zone_buttons(context: Context) -> Buttons:
    """Return buttons for cities with their local times, sorted by these; the reply to one replaces the message."""
    near = sorted(_near(context)[:CITIES], key=lambda name: _offset(name, context.now))
    return phone_rows([_city_button(context, name, replaces=True) for name in near])


def zone_row(context: Context) -> Row:
    """Return one row of buttons for a reply that is not about the zone: the likeliest cities, and [another city]."""
    other = context.button("another city", ZONE)
    first_row = phone_rows([other, *(_city_button(context, name) for name in _near(context))])[0]
    return (*first_row[1:], other)


def _near(context: Context) -> list[str]:
    return nearest_zones(context.now, operator=context.app.settings.timezone, language=context.request.language)


def _city_button(context: Context, name: str, *, replaces: bool = False) -> Button:
    label = f"{local_time(context.now, name)} {context.localizer.city(name)}"
    return context.labelled(label, ZONE, text=name, replaces=replaces)


def local_time(now: datetime, name: str) -> str:
    """Return the time of day in a zone, such as "14:30"."""
    return f"{now.astimezone(zone(name)):%H:%M}"


def phone_rows(buttons: Sequence[Button]) -> Buttons:
    """Return the buttons in rows whose labels are readable on a phone."""
    rows: list[Row] = []
    for button in buttons:
        row = (*rows[-1], button) if rows else ()
        if row and len(row) * max(width(one.label) for one in row) <= _ROW:
            rows[-1] = row
        else:
            rows.append((button,))
    return tuple(rows)


COMMANDS = (
    Command(
        set_,
        "set",
        "settings of this chat",
        examples=("/set", "/set limit 12", "/set quiet 23:00-07:00"),
        aliases=("settings",),
        needs_manager=True,
        may_end_right=True,
        shows_without_args=True,
        usage="[NAME VALUE]",
    ),
    Command(
        lang,
        "lang",
        "English or Chinese",
        examples=("/lang zh", "/lang en"),
        needs_manager=True,
        shows_without_args=True,
        usage="[en|zh]",
    ),
    Command(
        timezone,
        "timezone",
        "your clock, for all times",
        examples=("/timezone Oslo", "/timezone +08:00"),
        aliases=("tz",),
        is_answer=names_a_place,
        needs_manager=True,
        shows_without_args=True,
        usage="[CITY]",
    ),
)


CALLBACKS = {
    "set": Change(set_, may_end_right=True),
    ZONE: Callback(timezone, needs_manager=True),
}

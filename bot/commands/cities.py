"""Which cities are offered to choose a time zone by, with their local times, and whether a text names a place."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.commands.context import CommandContext
from bot.ports import channel
from subscriptions import zones
from subscriptions.texts.cutting import width
from subscriptions.texts.normal_forms import folded
from subscriptions.zones import zone

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
CITIES = 12  # offered at once, in four rows of three buttons
_DAY = timedelta(days=1)
_BUTTON = re.compile(r"\d\d:\d\d (?P<place>.+)")  # "14:30 Berlin"
_TALK = frozenset(
    {"nice", "split", "reading", "wake", "resolute", "met", "roc", "wet", "eat"}
)  # words that are places, too


def nearest_zones(now: datetime, *, operator: str, language: str) -> list[str]:
    """Returns well-known zones, no two with the same local time now; those near the operator's zone come first.

    So do those near the zone where most speakers of the language live; `language` is a code such as "pt-br".
    """
    home = _AT_HOME.get(language.casefold().replace("_", "-").partition("-")[0], "")
    first = [name for name in (home, operator) if "/" in name]
    by_offset: dict[timedelta, str] = {}
    for name in (*first, *_WELL_KNOWN):
        by_offset.setdefault(_offset(name, now), name)
    near = [_offset(name, now) for name in first] or [_offset(operator, now)]
    return sorted(by_offset.values(), key=lambda name: min(_between(_offset(name, now), place) for place in near))


def place_in(text: str) -> str:
    """Returns a typed place without final punctuation, and without the time of day on the label of a button."""
    said = text.strip().rstrip(" .!。！")
    label = _BUTTON.fullmatch(said)
    return label["place"] if label and zones.zone_of_place(label["place"]) else said


def names_a_place(text: str) -> bool:
    """Returns whether a text names a place whose clock is known, perhaps misspelt with a capital letter; no word of talk does."""
    said = place_in(text)
    is_place = zones.zone_of_place(said) or (said[:1].isupper() and zones.near_places(said))
    return folded(said) not in _TALK and bool(is_place)


def _offset(name: str, now: datetime) -> timedelta:
    return now.astimezone(zone(name)).utcoffset() or timedelta(0)


def _between(one: timedelta, other: timedelta) -> timedelta:
    """Returns the difference of two times of day or offsets, the shorter way around the clock: at most twelve hours."""
    apart = abs(one - other) % _DAY
    return min(apart, _DAY - apart)


_ROW = 34  # columns of a row on a phone; all buttons of a row are as wide as its widest one


def zone_buttons(context: CommandContext) -> channel.Buttons:
    """Returns buttons for cities with their local times, sorted by these; the reply to one replaces the message."""
    near = sorted(_near(context)[:CITIES], key=lambda name: _offset(name, context.now))
    return button_rows([_city_button(context, name, replaces=True) for name in near])


def zone_row(context: CommandContext) -> channel.Row:
    """Returns one row of buttons for a reply that is not about the zone: the likeliest cities, and [another city]."""
    other = context.button("another city", "zones")
    first_row = button_rows([other, *(_city_button(context, name) for name in _near(context))])[0]
    return (*first_row[1:], other)


def _near(context: CommandContext) -> list[str]:
    return nearest_zones(context.now, operator=context.bot_info.timezone, language=context.request.language)


def _city_button(context: CommandContext, name: str, *, replaces: bool = False) -> channel.Button:
    label = f"{local_time(context.now, name)} {context.localizer.city(name)}"
    return context.labelled(label, "zone", zone=name, replaces=replaces)


def local_time(now: datetime, name: str) -> str:
    """Returns the time of day in a zone, such as "14:30"."""
    return f"{now.astimezone(zone(name)):%H:%M}"


def button_rows(buttons: Sequence[channel.Button], most: int = _ROW, columns: int = _ROW) -> channel.Buttons:
    """Returns the buttons in rows that are readable on a phone: of at most so many buttons, and so many columns."""
    rows: list[channel.Row] = []
    for button in buttons:
        row = (*rows[-1], button) if rows else ()
        if row and len(row) <= most and len(row) * max(width(one.label) for one in row) <= columns:
            rows[-1] = row
        else:
            rows.append((button,))
    return tuple(rows)

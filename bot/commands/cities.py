"""Which cities are offered to choose a time zone by, in which order and how many at once, with their local times: as buttons or in a form."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from bot.commands.context import CommandContext
from bot.ports import channel
from subscriptions.texts.cutting import width
from subscriptions.zones import zone

# IANA names. If several zones have the same local time now, only the first of them is on the first pages.
_WELL_KNOWN = (
    "Pacific/Honolulu",
    "America/Anchorage",
    "America/Los_Angeles",
    "America/Denver",
    "America/Chicago",
    "America/New_York",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Africa/Cairo",
    "Europe/Moscow",
    "Asia/Tehran",
    "Asia/Dubai",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Dhaka",
    "Asia/Bangkok",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
)
# Zones with other local times, and zones that have the same local time as one of the above only in winter.
_MORE = (
    "America/Halifax",
    "America/St_Johns",
    "Atlantic/Azores",
    "Asia/Kabul",
    "Asia/Kathmandu",
    "Asia/Yangon",
    "Australia/Adelaide",
    "Pacific/Noumea",
    "America/Mexico_City",
    "America/Bogota",
    "America/Phoenix",
    "America/Santiago",
    "Africa/Casablanca",
    "Africa/Lagos",
    "Europe/Athens",
    "Asia/Jerusalem",
    "Africa/Johannesburg",
    "Europe/Istanbul",
    "Asia/Singapore",
    "Asia/Seoul",
    "Australia/Brisbane",
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
CITIES_OF_A_PAGE = 11  # zones on a page; with [another city] they fill four rows of three buttons
_DAY = timedelta(days=1)
_SLOW = timedelta(minutes=20)  # how far a typed local time may be from the zone's local time


def city_pages(now: datetime, *, operator: str, language: str) -> tuple[tuple[str, ...], ...]:
    """Returns pages of zones, each sorted by local time; no two zones of a page have the same local time now.

    The first page holds the zones nearest to the operator's zone and to the zone where most speakers of the language
    live. Every zone is on exactly one page. `language` is a code such as "pt-br".
    """
    pages: list[tuple[str, ...]] = []
    for layer in _layers_near(now, operator=operator, language=language):
        for start in range(0, len(layer), CITIES_OF_A_PAGE):
            page = layer[start : start + CITIES_OF_A_PAGE]
            pages.append(tuple(sorted(page, key=lambda name: _offset(name, now))))
    return tuple(pages)


def _layers_near(now: datetime, *, operator: str, language: str) -> list[list[str]]:
    """Returns the layers of all zones, each sorted by distance from the operator's zone and the zone of the language."""
    home = _AT_HOME.get(language.casefold().replace("_", "-").partition("-")[0], "")
    first = [name for name in (home, operator) if "/" in name]
    near = [_offset(name, now) for name in first] or [_offset(operator, now)]
    return [
        sorted(layer, key=lambda name: min(_between(_offset(name, now), place) for place in near))
        for layer in _layers([*first, *_WELL_KNOWN], _MORE, now)
    ]


def cities_at(shown: time, now: datetime) -> tuple[str, ...]:
    """Returns well-known zones where it is now about the time `shown`, no two with the same local time."""
    said = timedelta(hours=shown.hour, minutes=shown.minute)
    universal = timedelta(hours=now.hour, minutes=now.minute)
    (clocks,) = _layers(_WELL_KNOWN, (), now)
    return tuple(name for name in clocks if _between(universal + _offset(name, now), said) <= _SLOW)


def _layers(first: Sequence[str], more: Sequence[str], now: datetime) -> list[list[str]]:
    """Splits zones into layers; no two zones of a layer have the same local time now."""
    layers: list[list[str]] = []
    left = list(dict.fromkeys(first))
    rest = [name for name in more if name not in left]
    while left:
        taken: dict[timedelta, str] = {}
        for name in left:
            taken.setdefault(_offset(name, now), name)
        layers.append(list(taken.values()))
        left = [name for name in left if name not in taken.values()] + rest
        rest = []
    return layers


def _offset(name: str, now: datetime) -> timedelta:
    return now.astimezone(zone(name)).utcoffset() or timedelta(0)


def _between(one: timedelta, other: timedelta) -> timedelta:
    """Returns the difference of two times of day or offsets, the shorter way around the clock: at most twelve hours."""
    apart = abs(one - other) % _DAY
    return min(apart, _DAY - apart)


_ROW = 34  # columns of a row on a phone; all buttons of a row are as wide as its widest one


def zone_buttons(context: CommandContext, page: int = 0) -> channel.Buttons:
    """Returns buttons for one page of cities with their local times, and [another city]. Pages are counted from 0.

    [another city] on the last page leads to the first. Every reply that asks for the zone may have these buttons. The
    reply to a pressed button replaces the message below which the button is.
    """
    pages = _pages(context)
    number = page % len(pages)
    buttons = [_city_button(context, name, replaces=True) for name in pages[number]]
    return button_rows([*buttons, _another_city(context, number + 1, replaces=True)])


def zone_row(context: CommandContext) -> channel.Row:
    """Returns one row of buttons for a reply that is not about the zone: the likeliest cities, and [another city]."""
    near, *_ = _layers_near(context.now, operator=context.bot_info.timezone, language=context.request.language)
    other = _another_city(context, 0)
    first_row = button_rows([other, *(_city_button(context, name) for name in near)])[0]
    return (*first_row[1:], other)


def _pages(context: CommandContext) -> tuple[tuple[str, ...], ...]:
    return city_pages(context.now, operator=context.bot_info.timezone, language=context.request.language)


def _city_button(context: CommandContext, name: str, *, replaces: bool = False) -> channel.Button:
    return context.labelled(
        f"{local_time(context.now, name)} {context.localizer.city(name)}", "zone", zone=name, replaces=replaces
    )


def _another_city(context: CommandContext, page: int, *, replaces: bool = False) -> channel.Button:
    return context.button("another city", "zones", page=page, replaces=replaces)


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

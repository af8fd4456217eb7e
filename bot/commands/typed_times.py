"""Times and zones that people type, and the buttons that offer some."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from unicodedata import east_asian_width

from bot.commands.asking import shown_buttons
from bot.commands.context import CommandContext
from bot.commands.phrasing import refused
from bot.commands.phrasing.setting_words import when_words
from bot.ports.channel import Button, Buttons, Option, Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.planning.times import Ending, NoSuchTime, as_words, time_put_last
from subscriptions.service.undoing import last_change
from subscriptions.zones import zone

# IANA names. If several zones have the same clock now, the first of them is offered.
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
# Zones with other clocks, and zones that agree with one of the above only in winter.
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
# Language of the client → the zone where most of its speakers live.
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
A_PAGE = 11  # zones of a page: with [more] four rows of three
_DAY = timedelta(days=1)
_SLOW = timedelta(minutes=20)  # how far a typed local time may be from the zone's local time


def city_pages(now: datetime, *, operator: str, language: str) -> tuple[tuple[str, ...], ...]:
    """Returns zones in pages, each sorted by local time; no two zones of a page have the same clock now.

    The first page holds the zones nearest to the operator's and to the zone where most people of that language live. Every
    zone is on one page. `language` is a code such as "pt-br".
    """
    home = _AT_HOME.get(language.casefold().replace("_", "-").partition("-")[0], "")
    first = [name for name in (home, operator) if "/" in name]
    near = [_offset(name, now) for name in first] or [_offset(operator, now)]
    pages: list[tuple[str, ...]] = []
    for layer in _layers([*first, *_WELL_KNOWN], _MORE, now):
        by_distance = sorted(layer, key=lambda name: min(_between(_offset(name, now), place) for place in near))
        for start in range(0, len(by_distance), A_PAGE):
            page = by_distance[start : start + A_PAGE]
            pages.append(tuple(sorted(page, key=lambda name: _offset(name, now))))
    return tuple(pages)


def cities_at(shown: time, now: datetime) -> tuple[str, ...]:
    """Returns well-known zones whose clocks show about the time `shown` now, no two with the same clock."""
    said = timedelta(hours=shown.hour, minutes=shown.minute)
    universal = timedelta(hours=now.hour, minutes=now.minute)
    (clocks,) = _layers(_WELL_KNOWN, (), now)
    return tuple(name for name in clocks if _between(universal + _offset(name, now), said) <= _SLOW)


def _layers(first: Sequence[str], more: Sequence[str], now: datetime) -> list[list[str]]:
    """Splits zones into layers; no two zones of a layer have the same clock now."""
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
    """Returns how far apart two clocks are, the shorter way around the globe."""
    apart = abs(one - other) % _DAY
    return min(apart, _DAY - apart)


# -------------------------------------------------------------- cities with their local time, to choose a time zone by

# as buttons, and as options of a form.


_MOST_OPTIONS = 95  # platforms take a hundred
_ROW = 34  # columns of a row on a phone, where each button is as wide as the widest of its row


def zone_buttons(context: CommandContext, page: int = 0, *, replaces: bool = False) -> Buttons:
    """Returns a page of cities with their local time, counted from 0, and [more], which leads from the last page to the first.

    Any reply may carry them that asks for the zone. With `replaces` the answer to a button replaces that reply.
    """
    pages = city_pages(context.now, operator=context.bot_info.timezone, language=context.request.language)
    number = page % len(pages)
    buttons = [
        Button(
            label=f"{local_time(context.now, name)} {context.localizer.city(name)}",
            verb="zone",
            arguments={"zone": name, "replaces": replaces},
        )
        for name in pages[number]
    ]
    more = Button(label=context.say("more"), verb="zones", arguments={"page": number + 1, "replaces": replaces})
    return shown_buttons(context, button_rows([*buttons, more]))


def zone_options(context: CommandContext, chosen: str) -> tuple[Option, ...]:
    """Returns a form's options for the zone: the chosen zone, the chat's zone, then cities near the operator's zone."""
    pages = city_pages(context.now, operator=context.bot_info.timezone, language=context.request.language)
    names = dict.fromkeys((chosen, context.chat.settings.timezone, *(name for page in pages for name in page)))
    return tuple(
        Option(value=name, label=f"{context.localizer.city(name)} · {local_time(context.now, name)}")
        for name in list(names)[:_MOST_OPTIONS]
    )


def local_time(now: datetime, name: str) -> str:
    """Returns the time of day in a zone, such as "14:30"."""
    return f"{now.astimezone(zone(name)):%H:%M}"


def button_rows(buttons: Sequence[Button]) -> Buttons:
    """Returns the buttons in rows that are readable on a phone."""
    rows: list[list[Button]] = []
    for button in buttons:
        row = [*rows[-1], button] if rows else []
        if row and len(row) * max(_columns(one.label) for one in row) <= _ROW:
            rows[-1] = row
        else:
            rows.append([button])
    return tuple(map(tuple, rows))


def _columns(text: str) -> int:
    """Returns how wide a text is, in Latin letters."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


# -------------------------------------------------------------------------------------- replies about times in a query


AS_WORDS = "as-words"  # verb of the button that undoes the reading as a time


def with_time_note(context: CommandContext, ending: Ending, reply: Reply) -> Reply:
    """Returns the echo of a subscription with a line on its time, if there is anything to say of it."""
    note = time_note(context, ending)
    if not note:
        return reply
    said = context.say("({inner})", inner=note)
    head, *rest = reply.lines
    if context.read_by_group:
        return replace(reply, lines=(context.say("{sentence} {next}", sentence=head, next=said), *rest))
    return replace(reply, lines=(head, said, *rest))


def time_note(context: CommandContext, ending: Ending) -> str:
    """Returns a sentence on words that may be the time or words, and on a time that is no time at the front; "" for neither."""
    if ending.when is None:
        moved = time_put_last(ending.query)
        return context.say("A time counts only at the end: {line}", line=" ".join(moved.split())) if moved else ""
    if not ending.either:
        return ""
    return context.say("I read “{words}” as the time; in quotes it is words.", words=ending.when)


def as_words_button(context: CommandContext, text: str, number: int | None) -> tuple[Button, ...]:
    """Returns [as words] under an echo: it undoes the last change and subscribes to all of `text` as words.

    `number` is the subscription that was edited; None for a new one.
    """
    change = last_change(context.store, context.chat.address)
    if change is None:
        return ()
    arguments = {"text": as_words(text), "change": change.id, "number": number}
    return (Button(label=context.say("as words"), verb=AS_WORDS, arguments=arguments),)


class OnlyTime(Refused):
    """Raised when a time was typed without a query."""

    def __init__(self, typed: str) -> None:
        example = Sentence("For example: {example}", {"example": f"/sub diffusion {' '.join(typed.split())}"})
        super().__init__(Sentence("That is a time. Say also what papers should hold."), example)


def only_time_refused(context: CommandContext, error: OnlyTime, words: Button) -> Reply:
    """Returns the refusal of a time without a query; the button `words` searches for it as words."""
    return replace(refused(error, context.localizer), buttons=shown_buttons(context, ((words,),)))


def time_refused_with_nearest(
    context: CommandContext, error: NoSuchTime, button: Button, others: Sequence[Button] = (), *, argument: str = "when"
) -> Reply:
    """Returns the refusal of a time that is not available, with `button` for each of the nearest available times."""
    names = [when_words(when, context.localizer) for when in error.nearest]
    nearest = tuple(
        replace(button, label=name, arguments={**button.arguments, argument: when})
        for when, name in zip(error.nearest, names, strict=True)
    )
    hint = Sentence(error.hint.template, {**error.hint.values, "when": names[0]})
    return replace(
        refused(Refused(error.sentence, hint), context.localizer),
        buttons=shown_buttons(context, (nearest, tuple(others))),
    )

"""Buttons with cities and what the clock shows there, to choose a time zone by."""

from collections.abc import Sequence
from datetime import datetime
from unicodedata import east_asian_width

from bot.commands.core.cities import city_pages
from bot.commands.core.context import CommandContext
from bot.commands.core.picking import shown_buttons
from bot.ports.button import Button, Buttons
from subscriptions.zones import zone

_ROW = 34  # columns that stand side by side on a phone, each button as wide as the longest of its row


def zone_buttons(context: CommandContext, *, replaces: bool = False) -> Buttons:
    """Cities with what the clock shows there now, to choose a zone by; [more] leads to others.

    They go under any reply that asks for the zone. With `replaces` the answer takes the place of that reply.
    """
    return zone_page(context, 0, replaces=replaces)


def zone_page(context: CommandContext, page: int, *, replaces: bool) -> Buttons:
    """A page of cities, from 0, and [more], which leads to the next one; behind the last comes the first."""
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


def local_time(now: datetime, name: str) -> str:
    """The time of day that clocks of a zone show: "14:30"."""
    return f"{now.astimezone(zone(name)):%H:%M}"


def button_rows(buttons: Sequence[Button]) -> Buttons:
    """As many side by side as can be read on a phone."""
    rows: list[list[Button]] = []
    for button in buttons:
        row = [*rows[-1], button] if rows else []
        if row and len(row) * max(_columns(one.label) for one in row) <= _ROW:
            rows[-1] = row
        else:
            rows.append([button])
    return tuple(map(tuple, rows))


def _columns(text: str) -> int:
    """How wide a text is, in Latin letters."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)

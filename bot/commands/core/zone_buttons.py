"""Cities with their local time, to choose a time zone by: as buttons, and as options of a form."""

from collections.abc import Sequence
from datetime import datetime
from unicodedata import east_asian_width

from bot.commands.core.cities import city_pages
from bot.commands.core.context import CommandContext
from bot.commands.core.picking import shown_buttons
from bot.ports.button import Button, Buttons
from bot.ports.forms import Option
from subscriptions.zones import zone

_MOST_OPTIONS = 95  # platforms take a hundred
_ROW = 34  # columns of a row on a phone, where each button is as wide as the widest of its row


def zone_buttons(context: CommandContext, *, replaces: bool = False) -> Buttons:
    """Returns the first page of cities with their local time, and [more].

    Any reply may carry them that asks for the zone. With `replaces` the answer to a button replaces that reply.
    """
    return zone_page(context, 0, replaces=replaces)


def zone_page(context: CommandContext, page: int, *, replaces: bool) -> Buttons:
    """Returns a page of cities, counted from 0, and [more], which leads to the next page and from the last to the first."""
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
    """Returns the options of a form for the zone: the chosen one, that of the chat, then cities near the operator's zone."""
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

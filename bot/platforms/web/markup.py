"""What a message on the page consists of: {"html": …, "text": …}, drawn once.

Which of its buttons look pressed is drawn with the page.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from bot.platforms.web import FACTS
from bot.rendering import packing
from bot.rendering.dialects import draw_html, html_macros
from bot.rendering.packing import Display, plain
from bot.rendering.views import Heading, PaperView
from subscriptions.model import Signal

_TOKEN = re.compile(r' name="press" value="[^"]*"')  # of a button
# a button that shows whether the chat has told something of a paper; values are escaped, so no ">" is inside a tag
_TELLING = re.compile(r'<button ([^>]*) data-shows="([A-Z]+):(\d+)"(.*?</button>)', re.DOTALL)


class Web(packing.Renderer):
    """The renderer of a web page. It accepts messages of any length."""

    beside = "always"

    def draw(self, view: object) -> packing.Fragment:
        """Return the view as escaped HTML."""
        return packing.Fragment(view, draw_html(FACTS.name, view))

    def compose(self, page: packing.Page) -> dict[str, Any]:
        """Return the message as HTML and as text.

        [subscribe] is above the papers, since below them it would be out of view.
        """
        papers = [at for at, one in enumerate(page.fragments) if isinstance(one.view, PaperView | Heading)]
        above = []
        if papers:
            above = [button for row in page.buttons for button in row if button.name == "subscribe"]
        below = [[button for button in row if button not in above] for row in page.buttons]
        shown = [fragment.markup for fragment in page.fragments]
        draw = html_macros(FACTS.name)["buttons"]
        if above:
            shown.insert(papers[0], str(draw(above)))
        html = "\n".join([*shown, *(str(draw(row)) for row in below if row)])
        return {"html": html, "text": packing.plain_text(page.fragments)}

    def display(self, payload: Mapping[str, Any]) -> Display:
        """See Renderer. Its buttons do nothing without a chat that they belong to."""
        return Display((plain(payload["text"]),), whole=_TOKEN.sub("", payload["html"]))


RENDERER = Web()


def papers_told_of(html: str) -> set[int]:
    """Return the ids of the papers that the buttons of a message are about."""
    return {int(found[3]) for found in _TELLING.finditer(html)}


def with_pressed(html: str, number: int, told: Collection[tuple[int, Signal]]) -> str:
    """Return the HTML of message `number` in which the buttons of what was `told` look pressed.

    `told`: what the chat told of papers, as (paper, signal).
    """
    return _TELLING.sub(lambda found: _button(found, number, told), html)


def pressed_buttons(html: str, number: int, told: Collection[tuple[int, Signal]]) -> str:
    """Return these buttons alone, each of which replaces the one with its id on an open page."""
    return "".join(_button(found, number, told, ' hx-swap-oob="true"') for found in _TELLING.finditer(html))


def _button(found: re.Match[str], number: int, told: Collection[tuple[int, Signal]], more: str = "") -> str:
    start, kind, paper, rest = found.groups()
    is_pressed = "true" if (int(paper), Signal[kind]) in told else "false"
    return f'<button id="m{number}-{kind}-{paper}" {start} aria-pressed="{is_pressed}"{more}{rest}'

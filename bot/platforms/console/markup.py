"""The terminal: text without markup, with the buttons' labels below."""

import re
from collections.abc import Mapping
from html import escape as html_escaped
from typing import Any

from bot.rendering import packing
from bot.rendering.dialects import PLAIN
from bot.rendering.packing import Block, Display

_ADDRESS = re.compile(r"(https?://[^\s<>\"]+[^\s<>\".,;:!?)\]}])")


class Console(packing.Medium):
    """The medium of a terminal, which takes messages of any length."""

    def draw(self, view: object) -> packing.Fragment:
        """Returns the view as text without markup."""
        return packing.Fragment(view, PLAIN.draw(view))

    def compose(self, page: packing.Page) -> dict[str, Any]:
        """Returns {"text": …}: the message, then the addresses of its links, then the labels of buttons."""
        text = packing.joined([(one.view, one.markup) for one in page.fragments])
        buttons = [button for row in page.buttons for button in row]
        links = [f"{one.label}: {one.url}" for one in buttons if one.url and one.url not in text.split()]
        labels = "  ".join(f"[{one.label}]" for one in buttons if not one.url)
        return {"text": "\n".join(filter(None, (text, *links, labels)))}

    def display(self, payload: Mapping[str, Any]) -> Display:
        """See Medium."""
        return Display((_linked(payload["text"]),))

    def person(self, text: str) -> Block:
        """See Medium."""
        return _linked(text)


def _linked(text: str) -> Block:
    """Returns a text whose addresses are links, as terminals show them."""
    parts = [html_escaped(part, quote=False) for part in _ADDRESS.split(text)]  # every second part is an address
    parts[1::2] = (f'<a href="{address}">{address}</a>' for address in parts[1::2])
    return Block("".join(parts))


MEDIUM = Console()

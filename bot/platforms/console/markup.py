"""The terminal: text without markup, with the buttons' labels below."""

import json
import re
from collections.abc import Collection
from html import escape as html_escaped

from bot.rendering.appearance import Display, Look, Paragraph
from bot.rendering.packing import Contents, Fragment, Medium, plain_page, plain_text

_ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]}]")


class Console(Medium):
    """The medium of a terminal, which takes messages of any length."""

    def draw(self, view: object) -> Fragment:
        """Returns the view as text without markup."""
        return Fragment(view=view, markup=plain_text(view))

    def compose(self, contents: Contents) -> tuple[str, str]:
        """{"text": …} with the buttons' labels below, and the addresses of links that the text does not have."""
        text, shown_buttons = plain_page(contents.fragments), [button for line in contents.buttons for button in line]
        links = [
            f"{button.label}: {button.url}" for button in shown_buttons if button.url and button.url not in text.split()
        ]
        row = "  ".join(f"[{button.label}]" for button in shown_buttons if not button.url)
        payload = json.dumps({"text": "\n".join(part for part in (text, *links, row) if part)}, ensure_ascii=False)
        return payload, payload


def _read(payload: object, pressed: Collection[str]) -> Display | None:
    del pressed
    match payload:
        case {"text": str(text)}:
            return Display(paragraphs=tuple(map(_line, text.split("\n"))))
    return None


def _line(text: str) -> Paragraph:
    """Returns a line with its addresses as links, as terminals show it."""
    return Paragraph(html=_ADDRESS.sub(r'<a href="\g<0>">\g<0></a>', html_escaped(text, quote=False)))


MEDIUM = Console()
LOOK = Look(style="terminal", columns=100, read=_read, title_bar="{title}", person=_line)

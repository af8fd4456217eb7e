"""The terminal: text without markup, with the buttons' labels below."""

import json
import re
from collections.abc import Collection, Sequence
from html import escape as html_escaped

from bot.ports.channel import Buttons
from bot.rendering.appearance import Display, Look, Paragraph
from bot.rendering.packing import NO_SUBJECT, Beside, Fragment, Size, plain_page, plain_text
from bot.rendering.parts import Subject

_ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]}]")


class Console:
    """The medium of a terminal, which takes messages of any length."""

    room = Size()
    numbers = 0
    beside: Beside = "never"

    def draw(self, view: object) -> Fragment:
        """Returns the view as text without markup."""
        return Fragment(view=view, markup=plain_text(view))

    def beneath(self, buttons: Buttons) -> Size:  # noqa: ARG002 - any length
        """Nothing."""
        return Size()

    def compose(
        self,
        fragments: Sequence[Fragment],
        *,
        silent: bool,  # noqa: ARG002 - a terminal makes no sound
        buttons: Buttons = (),
        titled: Sequence[Fragment] = (),  # noqa: ARG002 - and shows everything
        subject: Subject = NO_SUBJECT,  # noqa: ARG002 - no message has one here
    ) -> tuple[str, str]:
        """{"text": …} with the buttons' labels below, and the addresses of links that the text does not have."""
        text, shown_buttons = plain_page(fragments), [button for line in buttons for button in line]
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

"""The look of a message on its platform, as values that the gallery and the terminal draw."""

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from html import escape, unescape
from typing import Literal

Shape = Literal["text", "header", "small", "quote", "folded", "code", "rule"]

_TAGS = ("b", "i", "u", "s", "code", "kbd", "a")  # kbd: a command that can be pressed
_OPEN, _CLOSE = "\ue000", "\ue001"  # in place of the angle brackets of these tags


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """One block of a message. `folded` is a quotation that opens on a click."""

    html: str = ""  # as the platform was given it, with its marks as HTML elements
    shape: Shape = "text"
    menu: bool = False  # an overflow menu is shown beside it

    @property
    def shown(self) -> str:
        """The HTML with _TAGS and links to web pages alone, each closed; any other tag is text, so a payload is never trusted."""
        html = self.html.replace(_OPEN, "").replace(_CLOSE, "")
        for tag in _TAGS:
            link = ' href="https?://[^"<>]*"' if tag == "a" else ""
            html = re.sub(
                rf"<({tag}{link})>(.*?)</{tag}>", rf"{_OPEN}\1{_CLOSE}\2{_OPEN}/{tag}{_CLOSE}", html, flags=re.DOTALL
            )
        return html.replace("<", "&lt;").replace(">", "&gt;").replace(_OPEN, "<").replace(_CLOSE, ">")

    @property
    def text(self) -> str:
        """The text without marks."""
        return unescape(re.sub("<[^>]*>", "", self.shown))


def plain(text: str) -> Paragraph:
    """Returns a text without marks."""
    return Paragraph(html=escape(text, quote=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownButton:
    """A button under a message; `link` is "" for a button that sends a callback to the bot."""

    text: str
    link: str = ""
    pressed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """What one message looks like."""

    paragraphs: tuple[Paragraph, ...]
    keys: tuple[tuple[ShownButton, ...], ...] = ()  # rows
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the messages of one platform look like."""

    style: Literal["bubbles", "feed", "terminal"]  # how a chat is laid out; a feed shows threads
    columns: int  # of its widest line in a terminal
    read: Callable[
        [object, Collection[str]], Display | None
    ]  # payload as JSON, data of pressed buttons; None: no message
    title_bar: str  # the line above the messages of a chat with a {title} and perhaps a {detail}
    person: Callable[[str], Paragraph] = plain  # what a person wrote

    def display(self, payload: str, *, pressed: Collection[str] = ()) -> Display:
        """Returns the message that a payload makes. `pressed`: data of the buttons that were pressed. Raises ValueError."""
        display = self.read(json.loads(payload), pressed)
        if display is None:
            raise ValueError("this is no message of the platform")
        return display

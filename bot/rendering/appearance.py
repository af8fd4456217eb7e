"""The look of a message on its platform, as values that the gallery and the terminal draw."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape, unescape
from typing import Literal

Shape = Literal["text", "header", "small", "quote", "folded", "code", "rule"]

_TAGS = ("b", "i", "u", "s", "code", "kbd", "a")  # kbd: a command that a person can press
_OPEN, _CLOSE = "\ue000", "\ue001"  # placeholders for the angle brackets of these tags


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """One block of a message. The shape `folded` is a quotation that opens on a click."""

    html: str = ""  # the text as sent to the platform, with its markup as HTML elements
    shape: Shape = "text"
    menu: bool = False  # an overflow menu is shown beside it

    @property
    def shown(self) -> str:
        """The HTML with only complete _TAGS and links to web pages. All other tags become text, since payloads are not trusted."""
        html = self.html.replace(_OPEN, "").replace(_CLOSE, "")
        for tag in _TAGS:
            link = ' href="https?://[^"<>]*"' if tag == "a" else ""
            html = re.sub(
                rf"<({tag}{link})>(.*?)</{tag}>", rf"{_OPEN}\1{_CLOSE}\2{_OPEN}/{tag}{_CLOSE}", html, flags=re.DOTALL
            )
        return html.replace("<", "&lt;").replace(">", "&gt;").replace(_OPEN, "<").replace(_CLOSE, ">")

    @property
    def text(self) -> str:
        """The text without markup."""
        return unescape(re.sub("<[^>]*>", "", self.shown))


def plain(text: str) -> Paragraph:
    """Returns a paragraph of a text without markup."""
    return Paragraph(html=escape(text, quote=False))


def plain_lines(text: str) -> tuple[Paragraph, ...]:
    """Returns a paragraph for each line of a text without markup."""
    return tuple(plain(line) for line in text.split("\n"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownButton:
    """A button under a message; `link` is "" for a button that sends a callback to the bot."""

    text: str
    link: str = ""
    data: str = ""  # callback data, on platforms that show which button was pressed


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """What one message looks like on its platform."""

    paragraphs: tuple[Paragraph, ...]
    keys: tuple[tuple[ShownButton, ...], ...] = ()  # rows of buttons
    silent: bool = False
    subject: str = ""  # of a mail
    whole: str = ""  # the HTML that a template of ours made of the message, on platforms that show HTML; it is escaped


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """What the messages of one platform look like."""

    style: Literal["bubbles", "feed", "terminal", "letter"]  # how a chat is laid out; a feed shows threads
    columns: int  # columns of the widest line in a terminal
    read: Callable[[object], Display]  # returns the Display of a message's payload, parsed from JSON; raises ValueError
    title_bar: str  # the line above the messages of a chat, with {title} and possibly {detail}
    person: Callable[[str], Paragraph] = plain  # returns the Paragraph of what a person wrote

    def display(self, payload: str) -> Display:
        """Returns the Display of a payload. Raises ValueError."""
        return self.read(json.loads(payload))

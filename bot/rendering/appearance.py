"""What a message looks like on its platform, read back from its payload: for the gallery, and for a preview in a terminal.

It is HTML of few tags: b, i, u, s, code, pre, blockquote, kbd (a command that a person can press) and a. We wrote the
payload ourselves, so its texts are escaped.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of a message."""

    html: str
    shape: Literal["text", "header", "small"] = "text"
    has_menu: bool = False  # an overflow menu is shown beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A button under a message; `link` is "" for a button that sends a callback to the bot."""

    text: str
    link: str = ""
    data: str = ""  # callback data, on platforms that show which button was pressed


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """What one message looks like on its platform."""

    blocks: tuple[Block, ...]
    keys: tuple[tuple[Key, ...], ...] = ()  # rows of buttons
    silent: bool = False
    subject: str = ""  # of a mail
    whole: str = ""  # the HTML of the message, on platforms whose messages are HTML


def plain(text: str) -> Block:
    """Returns a block of a text without markup."""
    return Block(html=escape(text, quote=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """What the messages of one platform look like."""

    style: Literal["bubbles", "feed", "terminal", "letter"]  # how a chat is laid out; a feed shows threads
    columns: int  # columns of the widest line in a terminal
    read: Callable[[Mapping[str, Any]], Display]  # returns the Display of a message's payload
    title_bar: str  # the line above the messages of a chat, with {title} and possibly {detail}
    person: Callable[[str], Block] = plain  # returns what a person wrote

    def display(self, payload: str) -> Display:
        """Returns the Display of a payload."""
        return self.read(json.loads(payload))

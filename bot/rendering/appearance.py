"""What a message looks like on its platform, read back from its payload: for the gallery, and for a preview in a terminal.

It is HTML of few tags: b, i, u, s, code, pre, blockquote, kbd (a command that a person can press) and a. We wrote the
payload ourselves, so its texts are escaped.
"""

from dataclasses import dataclass
from html import escape
from typing import Literal

Key = tuple[str, str]  # a button: its label, and its address; "" for one that sends a callback to the bot


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of a message."""

    html: str
    shape: Literal["text", "header", "small"] = "text"
    has_menu: bool = False  # an overflow menu is shown beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """What one message looks like on its platform."""

    blocks: tuple[Block, ...]
    keys: tuple[tuple[Key, ...], ...] = ()  # rows of buttons under it
    silent: bool = False
    subject: str = ""  # of a mail
    whole: str = ""  # the HTML of the message, on platforms whose messages are HTML


def plain(text: str) -> Block:
    """Returns a block of a text without markup."""
    return Block(html=escape(text, quote=False))

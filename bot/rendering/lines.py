"""Sentences that stand in a message without a paper: answers to people, notices."""

from dataclasses import dataclass

from bot.ports.button import Buttons


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sentence."""

    text: str
    mark: str = ""  # ✓ or ✗


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Lines that want a fixed width: a query and its caret, a list."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """News about the service itself."""

    title: str
    lines: tuple[str, ...] = ()
    buttons: Buttons = ()

"""The look of a message on its platform, as values that the gallery and the terminal draw.

The values hold text, marks and checked links only, so that no text of a paper can become markup where it is drawn.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

Mark = Literal["bold", "italic", "underline", "strike", "code", "hidden", "command"]
Shape = Literal["text", "header", "small", "quote", "folded", "code", "rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of text with the same marks and link throughout."""

    text: str
    marks: frozenset[Mark] = frozenset()
    link: str = ""  # http or https


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """One block of a message. `folded` is a quotation that opens on a click."""

    shape: Shape = "text"
    spans: tuple[Span, ...] = ()
    menu: bool = False  # an overflow menu is shown beside it

    @property
    def text(self) -> str:
        """The text without marks."""
        return "".join(span.text for span in self.spans)


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
    title_bar: Callable[[str, str], str]  # title and detail of a chat → the line above its messages
    person: Callable[[str], Display]  # what a person wrote


def linked(spans: Iterable[Span]) -> Iterator[tuple[str, list[Span]]]:
    """Groups adjacent spans with the same link: a title with a marked word is one link, not three."""
    for link, run in groupby(spans, key=lambda span: span.link):
        yield link, list(run)

"""Prints the gallery's exhibits in a terminal: each chat as a panel that resembles its platform."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.align import Align
from rich.box import ROUNDED, SQUARE
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.style import Style
from rich.text import Text

from bot.rendering.display.gallery import Exhibit, ShownMessage, shown_messages
from bot.rendering.text.cleaning import breaks
from bot.rendering.text.language import Language
from bot.rendering.views.appearance import Mark, Paragraph, ShownButton, Span, linked

_FOLDED_LINES = 3
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2060]"
)  # control characters, and the word joiner, which terminals show
_STYLES: dict[Mark, Style] = {
    "bold": Style(bold=True),
    "italic": Style(italic=True),
    "underline": Style(underline=True),
    "strike": Style(strike=True),
    "code": Style(),
    "hidden": Style(reverse=True),
    "command": Style(color="bright_blue"),
}


def print_exhibit(exhibit: Exhibit, console: Console) -> None:
    """Prints one chat: its people, subscriptions and messages. No information is in colour alone."""
    console.print(Text(exhibit.who, style="bold"))
    for ask in exhibit.asks:
        line = Text("  ").append(ask.query, style="bold")
        console.print(line.append(f"  {ask.who}", style="dim") if ask.who else line)
    if exhibit.when:
        console.print(Text(f"  {exhibit.when}", style="dim"))
    # A file cannot hide an address behind a title, so addresses are written out there.
    drawn = _drawn(exhibit, shown_messages(exhibit), written=not console.is_terminal)
    console.print(
        Panel(
            drawn,
            box=SQUARE if exhibit.look.style == "terminal" else ROUNDED,
            title=Text(exhibit.title_bar),
            title_align="left",
            border_style="dim",
            width=min(console.width, exhibit.look.columns),
        )
    )
    console.print()


def _drawn(exhibit: Exhibit, messages: Sequence[ShownMessage], *, written: bool) -> RenderableType:
    words = exhibit.words
    parts: list[RenderableType] = []
    for number, message in enumerate(messages):
        if number == 0 or messages[number - 1].day != message.day:
            parts.append(Align.center(Text(message.day, style="dim")))
        else:
            parts.append(Text())
        match exhibit.look.style:
            case "feed":
                parts += _feed_post(message, words, written=written)
            case "terminal":
                parts.append(Text(f"{message.time} $ ", style="dim").append("paperwire deliver", style="bold"))
                parts += _paragraphs(message, written=False)
            case _ if message.mine:
                parts += [Align.right(paragraph) for paragraph in _paragraphs(message, written=written)]
                parts.append(Align.right(Text(message.time, style="dim")))
            case _:
                parts += [Text("paperwire", style="bold")] if exhibit.shared else []
                parts += _paragraphs(message, written=written)
                parts += _keys(message.display.keys)
                silent = f"{words.say('sent without a sound')} · " if message.display.silent else ""
                parts.append(Align.right(Text(silent + message.time, style="dim")))
    return Group(*parts)


def _feed_post(message: ShownMessage, words: Language, *, written: bool) -> Iterator[RenderableType]:
    yield Text("paperwire", style="bold").append("  APP  ", style="dim").append(message.time, style="dim")
    for above, paragraph in pairwise([None, *message.display.paragraphs]):
        if above and paragraph and paragraph.shape != "small":
            yield Text()
        if paragraph:
            yield _paragraph(paragraph, written=written)
    yield from _keys(message.display.keys)
    if message.replies:
        yield Text()
        yield Text(words.count("{count} reply", "{count} replies", len(message.replies)), style="bold")
    for reply in message.replies:
        yield Padding(Group(*_feed_post(reply, words, written=written)), (0, 0, 0, 3))


def _paragraphs(message: ShownMessage, *, written: bool) -> Iterator[RenderableType]:
    for paragraph in message.display.paragraphs:
        yield _paragraph(paragraph, written=written)


def _paragraph(paragraph: Paragraph, *, written: bool) -> RenderableType:
    match paragraph.shape:
        case "rule":
            return Rule(style="dim")
        case "quote":
            return _Flow(text_of(paragraph.spans, written=written), bar="│ ")
        case "folded":
            return _Flow(text_of(paragraph.spans, written=written), bar="│ ", most=_FOLDED_LINES)
        case "header":
            return _Flow(Text(paragraph.text, style="bold"))
        case "small":
            return _Flow(text_of(paragraph.spans, written=written, style="dim"))
        case _:
            return _Flow(text_of(paragraph.spans, written=written))


def _keys(rows: Iterable[Sequence[ShownButton]]) -> Iterator[RenderableType]:
    for row in rows:
        yield Text(" ".join(f"[{key.text}]" for key in row))


def flow(spans: Iterable[Span], *, written: bool) -> RenderableType:
    """Returns the spans folded to the terminal's width. `written`: the address of each link is written after it."""
    return _Flow(text_of(spans, written=written))


def text_of(spans: Iterable[Span], *, written: bool, style: str = "") -> Text:
    """Returns the spans as a text of rich. `written`: the address of each link is written after it."""
    text = Text(style=style)
    for link, run in linked(spans):
        for span in run:
            look = Style(color="bright_blue", link=link) if link else Style()
            for mark in span.marks:
                look += _STYLES[mark]
            text.append(_CONTROL.sub("", span.text), look)
        if link and written and not any(span.text == link for span in run):
            text.append(f" <{link}>")
    return text


@dataclass(frozen=True, slots=True)
class _Flow:
    """Text folded to the width of the terminal, with `bar` before each line; at most `most` lines, 0 for all."""

    text: Text
    bar: str = ""
    most: int = 0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        lines = list(wrapped(self.text, options.max_width - cell_len(self.bar)))
        if self.most and len(lines) > self.most:
            lines = [*lines[: self.most], Text("…", style="dim")]
        yield from (Text.assemble((self.bar, "dim"), line) for line in lines)


def wrapped(text: Text, width: int) -> Iterator[Text]:
    """Yields the text in lines of at most `width` columns, folded as by `folded`; rich itself breaks only at spaces."""
    for line in text.split("\n", allow_blank=True):
        hang, places = breaks(line.plain, width)
        for number, part in enumerate(line.divide(places)):
            part.rstrip()
            yield Text.assemble(" " * hang, part) if number else part

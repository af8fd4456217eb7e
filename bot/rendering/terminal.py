"""Texts with styles and links in a terminal, folded to its width."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.style import Style
from rich.text import Text

from bot.rendering.appearance import Paragraph
from bot.rendering.folding import breaks

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2060]")  # includes the word joiner, which terminals show
_STYLES = {
    "b": Style(bold=True),
    "i": Style(italic=True),
    "u": Style(underline=True),
    "s": Style(strike=True),
    "code": Style(),
    "kbd": Style(color="bright_blue"),
}


def text_of(paragraph: Paragraph, *, written: bool, style: str = "") -> Text:
    """Returns the paragraph as rich's `Text`. With `written`, each link is followed by its address."""
    text, styles, began = Text(style=style), [Style()], 0
    for part in re.split("(<[^>]*>)", paragraph.shown):
        tag, _, link = part.strip("<>").partition(" href=")
        if part == "</a>" and written and text.plain[began:] != (address := str(styles[-1].link)):
            text.append(f" <{address}>")
        if part.startswith("</"):
            styles.pop()
        elif tag == "a":
            began = len(text)
            styles.append(styles[-1] + Style(color="bright_blue", link=unescape(link.strip('"'))))
        elif part.startswith("<"):
            styles.append(styles[-1] + _STYLES[tag])
        else:
            text.append(_CONTROL.sub("", unescape(part)), styles[-1])
    return text


@dataclass(frozen=True, slots=True)
class Flow:
    """Text that is folded to the width of the terminal, with `bar` before each line. `most`: the most lines, 0 for all."""

    text: Text
    bar: str = ""
    most: int = 0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        lines = list(wrapped(self.text, options.max_width - cell_len(self.bar)))
        if self.most and len(lines) > self.most:
            lines = [*lines[: self.most], Text("…", style="dim")]
        yield from (Text.assemble((self.bar, "dim"), line) for line in lines)


def wrapped(text: Text, width: int) -> Iterator[Text]:
    """Yields the text in lines of at most `width` columns, folded like `folded`, because rich breaks lines only at spaces."""
    for line in text.split("\n", allow_blank=True):
        hang, places = breaks(line.plain, width)
        for number, part in enumerate(line.divide(places)):
            part.rstrip()
            yield Text.assemble(" " * hang, part) if number else part

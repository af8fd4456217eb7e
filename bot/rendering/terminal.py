"""Messages in a terminal: HTML of few tags as styled text, folded to its width with a hanging indent.

A continued line begins below the text, not below its number. A line may end after any Chinese, Japanese or Korean
character, except before or after some punctuation. Otherwise it ends only at a space, so that an address stays whole.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.style import Style
from rich.text import Text

from bot.rendering.packing import Block

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2060]")  # includes the word joiner, which terminals show
_QUOTED = re.compile(r"\n?<blockquote>(.*?)</blockquote>\n?", re.DOTALL)
_TAGS = {
    "b": Style(bold=True),
    "i": Style(italic=True),
    "u": Style(underline=True),
    "s": Style(strike=True),
}
_SHAPES = {"header": "bold", "small": "dim"}

_WIDE = r"\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef"  # written without spaces, so a line may end after each
_NEVER_FIRST = "，。、；：？！）》」』】〉〕…”’"
_NEVER_LAST = "（《「『【〈〔“‘"
_PIECE = re.compile(rf"[{_NEVER_LAST}]*(?:[{_WIDE}]|[^\s{_WIDE}]+)[{_NEVER_FIRST}]*\s*|\s+")
_BEFORE_TEXT = re.compile(r" *(?:\d+  +|▸ )?(?=\S)")
_LEAST_ROOM = 20  # columns for the text; with fewer, continued lines are not indented


@dataclass(frozen=True, slots=True)
class Flow:
    """Text that is folded to the width of the terminal, with `bar` before each line."""

    text: Text
    bar: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        for line in wrapped(self.text, options.max_width - cell_len(self.bar)):
            yield Text.assemble((self.bar, "dim"), line)


def flows(block: Block, *, written: bool) -> Iterator[Flow]:
    """Yield a block, its quotations between the texts around them.

    With `written`, each link is followed by its address.
    """
    for place, part in enumerate(_QUOTED.split(block.html)):
        text = _text_of(part, written=written, style=_SHAPES.get(block.shape, ""))
        if place % 2:
            yield Flow(text, bar="│ ")
        elif part or place == 0:
            yield Flow(text)


def _text_of(html: str, *, written: bool, style: str) -> Text:
    text, styles, began = Text(style=style), [Style()], 0
    for part in re.split("(<[^>]*>)", html):
        tag, _, link = part.strip("<>").partition(" href=")
        if part == "</a>" and written and text.plain[began:] != (address := str(styles[-1].link)):
            text.append(f" <{address}>")
        if part.startswith("</"):
            styles.pop()
        elif tag == "a":
            began = len(text)
            styles.append(styles[-1] + Style(color="bright_blue", link=unescape(link.strip('"'))))
        elif part.startswith("<"):
            styles.append(styles[-1] + _TAGS.get(tag, Style()))
        else:
            text.append(_CONTROL.sub("", unescape(part)), styles[-1])
    return text


def wrapped(text: Text, width: int) -> Iterator[Text]:
    """Yield the text in lines of at most `width` columns, because rich breaks lines only at spaces.

    Only a single word may be longer.
    """
    for line in text.split("\n", allow_blank=True):
        hang, places = _breaks(line.plain, width)
        for number, part in enumerate(line.divide(places)):
            part.rstrip()
            yield Text.assemble(" " * hang, part) if number else part


def hanging(line: str) -> int:
    """Return the number of columns before the text of a line: spaces, and perhaps a number or a bullet."""
    before = _BEFORE_TEXT.match(line)
    return cell_len(before[0]) if before else 0


def _breaks(line: str, width: int) -> tuple[int, list[int]]:
    """Return (indent of the continued lines, places in the line where they begin)."""
    before = hanging(line)  # the characters before the text take one column each, so this is also an index
    hang = before if width - before >= _LEAST_ROOM else 0
    found: list[int] = []
    used = before
    for number, piece in enumerate(_PIECE.finditer(line, before)):
        if number and used + cell_len(piece[0].rstrip()) > width:
            found.append(piece.start())
            used = hang
        used += cell_len(piece[0])
    return hang, found

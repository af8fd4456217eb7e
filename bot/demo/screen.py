"""Prints the gallery's exhibits in a terminal: each chat as a panel that resembles its platform."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from rich.align import Align
from rich.box import ROUNDED, SQUARE
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from bot.demo.gallery import Exhibit, ShownMessage, shown_messages
from bot.rendering.appearance import Paragraph, ShownButton
from bot.rendering.terminal import Flow, text_of
from bot.rendering.text.language import Language

_FOLDED_LINES = 3
_STYLES = {"header": "bold", "small": "dim"}


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
    text = text_of(paragraph, written=written, style=_STYLES.get(paragraph.shape, ""))
    match paragraph.shape:
        case "rule":
            return Rule(style="dim")
        case "quote" | "folded" as shape:
            return Flow(text, bar="│ ", most=_FOLDED_LINES if shape == "folded" else 0)
        case _:
            return Flow(text)


def _keys(rows: Iterable[Sequence[ShownButton]]) -> Iterator[RenderableType]:
    for row in rows:
        yield Text(" ".join(f"[{key.text}]" for key in row))

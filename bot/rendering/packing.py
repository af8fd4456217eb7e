"""Packs papers into as few messages as the limits of a platform allow; a message ends between papers.

A message is a sequence of fragments: a head, possibly the name of a group, papers, closing lines.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from sys import maxsize
from typing import Any, Literal, Protocol

from bot.messages import Buttons, Row
from bot.rendering.buttons import button_rows
from bot.rendering.dialects import PLAIN
from bot.rendering.views import CardButtons, Code, Head, Heading, Line, Measure, More, PaperView, Root, Section
from subscriptions.model import Message

NUMBERS_IN_MESSAGE = 16  # largest number of papers with number buttons under one message: two rows


@dataclass(frozen=True, slots=True)
class Size:
    """What a platform limits in one message. As a limit, the default means that there is none."""

    length: int = 0  # in the unit that the platform counts
    pieces: int = 0  # of its markup: marks within a text, or blocks

    def __add__(self, other: "Size") -> "Size":
        return Size(self.length + other.length, self.pieces + other.pieces)

    def fits(self, room: "Size") -> bool:
        """Return whether both amounts are within their limits."""
        return self.length <= room.length and self.pieces <= room.pieces


NO_LIMIT = Size(maxsize, maxsize)


@dataclass(frozen=True, slots=True)
class Fragment:
    """A view drawn in the markup of a platform."""

    view: object  # the view that was drawn
    markup: str
    size: Size = Size()


@dataclass(frozen=True, slots=True)
class Page:
    """What one message shows. A platform leaves out what it cannot show."""

    fragments: tuple[Fragment, ...]
    titled: Sequence[Fragment] = ()  # fragments of other messages whose titles this message's notification also lists
    # set by `messages`
    buttons: Buttons = ()  # all rows under it
    silent: bool = False
    # of a delivery, for platforms that show it outside the message: "8 papers on diffusion · 23 Nov"; "": the first line
    subject: str = ""
    about: str = ""  # the subscription, if all papers of a delivery come from one


# What a message looks like on its platform, read back from its payload: for the gallery, and for a preview in a terminal.
# It is HTML of few tags: b, i, u, s, code, pre, blockquote and a. We wrote the payload ourselves, so its texts are escaped.

Key = tuple[str, str]  # a button: its label, and its address; "" for one that sends a callback to the bot


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a message."""

    html: str
    shape: Literal["text", "header", "small"] = "text"
    has_menu: bool = False  # an overflow menu is shown beside it


@dataclass(frozen=True, slots=True)
class Display:
    """What one message looks like on its platform."""

    blocks: tuple[Block, ...]
    keys: tuple[tuple[Key, ...], ...] = ()  # rows of buttons under it
    silent: bool = False
    subject: str = ""  # of a mail
    whole: str = ""  # the HTML of the message, on platforms whose messages are HTML


def plain(text: str) -> Block:
    """Return a block of a text without markup."""
    return Block(escape(text, quote=False))


class Renderer(Protocol):
    """Writes messages in the markup of one platform."""

    room: Size = NO_LIMIT  # the limits of one message
    has_numbers: bool = False  # buttons with the numbers of papers are under the message of a delivery
    # when the buttons of a paper are beside it instead of below the message
    beside: Literal["never", "in lists", "always"] = "never"

    def draw(self, view: object) -> Fragment:
        """Return the view in this markup, never shortened. `size` of the fragment tells whether it fits.

        By default, without markup.
        """
        return Fragment(view, PLAIN.draw(view))

    def beneath(self, buttons: Buttons) -> Size:  # noqa: ARG002 - buttons have a size only on some platforms
        """Return the size of these buttons under a message."""
        return Size()

    def compose(self, page: Page) -> dict[str, Any]:
        """Return the payload of one message, which becomes JSON."""

    def display(self, payload: Mapping[str, Any]) -> Display:
        """Return what a message looks like on its platform. By default, a text without markup."""
        return Display((plain(payload["text"]),))


@dataclass(frozen=True, slots=True)
class Part:
    """Fragments that must be in the same message: a paper and the lines below it, or lines alone."""

    body: tuple[Fragment, ...]
    opening: Fragment | None = None  # the name of the group; only at the first paper of a group
    again: Fragment | None = None  # the name of the group, shown if a message begins with this paper


def papers_in(fragments: Iterable[Fragment]) -> list[PaperView]:
    """Return the papers that fragments show."""
    return [fragment.view for fragment in fragments if isinstance(fragment.view, PaperView)]


def _numbers(fragments: Iterable[Fragment], renderer: Renderer) -> Row:
    """Return the buttons that open the cards of papers, as far as they are below the message."""
    if renderer.beside != "never":
        return ()
    return tuple(paper.buttons.opens for paper in papers_in(fragments) if paper.buttons.opens)


def messages(
    renderer: Renderer,
    pages: Sequence[Page],
    *,
    last: Buttons = (),
    silent: bool,
    subject: str = "",
    about: str = "",
    is_thread: bool = False,
) -> tuple[Message, ...]:
    """Return a message for each page, `last` being the buttons under the last. Only the first may make a sound.

    `is_thread`: all but the first are posted in the thread that the first begins.
    """
    composed = []
    for number, page in enumerate(pages, start=1):
        rows = (*button_rows(_numbers(page.fragments, renderer)), *(last if number == len(pages) else ()))
        whole = replace(page, buttons=rows, silent=silent or number > 1, subject=subject, about=about)
        reply_to = 1 if is_thread and number > 1 else None
        payload, papers = json.dumps(renderer.compose(whole), ensure_ascii=False), papers_in(page.fragments)
        composed.append(
            Message(number=number, payload=payload, reply_to=reply_to, papers=tuple(paper.id for paper in papers))
        )
    return tuple(composed)


def total(fragments: Iterable[Fragment]) -> Size:
    """Return the sum of the sizes of these fragments."""
    return sum((fragment.size for fragment in fragments), Size())


def pack(parts: Iterable[Part], renderer: Renderer, taken: Size) -> list[Page]:
    """Return the parts in pages, in order, each as full as the renderer allows.

    Precondition: every part fits into a message.

    `taken`: the size of the head and the buttons of a message.
    """
    pages: list[list[Fragment]] = []
    used = taken
    for part in parts:
        following = [part.opening, *part.body] if part.opening else [*part.body]
        size = used + total(following)
        if (
            pages
            and len(_numbers([*pages[-1], *following], renderer)) <= NUMBERS_IN_MESSAGE
            and size.fits(renderer.room)
        ):
            pages[-1] += following
            used = size
        else:
            pages.append([part.again, *part.body] if part.again and not part.opening else following)
            used = taken + total(pages[-1])
    return [Page(tuple(page)) for page in pages]


def fitted(
    view: Callable[[Measure], PaperView], measure: Measure, renderer: Renderer, beside: Size, buttons: CardButtons
) -> Fragment:
    """Return a paper with `buttons`.

    The paper is shorter than `measure` only if it and `beside` do not fit into one message.
    """
    for narrower in measure.narrower():
        fragment = renderer.draw(replace(view(narrower), buttons=buttons))
        if (beside + fragment.size).fits(renderer.room):
            break
    return fragment


def _line_ends(above: object, below: object, under_head: str) -> str:
    """Return the line ends between two views in a text: an empty line, unless the two belong together."""
    match above, below:
        case Head(remark=""), _:
            return under_head
        case (Heading(), _) | (_, More()) | (_, Section(close=True)):
            return "\n"
        case PaperView(), PaperView(form="title"):
            return "\n"
        case ((Line() | Code()), (Line() | Code())):
            return "\n"
    return "\n\n"


def joined(views_and_texts: Sequence[tuple[object, str]], *, under_head: str = "\n\n") -> str:
    """Return the texts of views as one text. `under_head`: the line ends below the head of a message."""
    parts: list[str] = []
    above: object = None
    for view, text in views_and_texts:
        parts += [_line_ends(above, view, under_head) if parts else "", text]
        above = view
    return "".join(parts)


def plain_text(fragments: Sequence[Fragment]) -> str:
    """Return a message without markup."""
    return joined([(fragment.view, PLAIN.draw(fragment.view)) for fragment in fragments])


def notification_titles(fragments: Sequence[Fragment]) -> str:
    """Return the head of a message and the titles of its papers, one per line, for a notification."""
    lines = []
    for fragment in fragments:
        match fragment.view:
            case PaperView() as paper:
                lines.append(f"{paper.number} {paper.title}".strip())
            case Head(small=False) | Root() as head:
                lines.append(head.line)
    return "\n".join(lines)

"""Packs papers into as few messages as a platform's limits allow. A message ends between papers, never within one.

A message is a sequence of fragments: a head, perhaps the name of a group, papers, closing lines. Sizes are vectors, since
a platform has several limits (see its module), and every message must stay within each of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal, Protocol

from bot.ports.channel import Buttons
from bot.rendering import parts as views
from bot.rendering.papers import CardButtons, Measure, PaperView, shrinking_measures
from bot.rendering.templating import Macro, macros
from subscriptions.cutting import cut_at_word
from subscriptions.model import Message


@dataclass(frozen=True, slots=True)
class Size:
    """The amounts that a platform limits, in the platform's order. The empty size is zero; as a limit it means none."""

    amounts: tuple[int, ...] = ()

    def __add__(self, other: "Size") -> "Size":
        if not self.amounts or not other.amounts:
            return self if self.amounts else other
        return Size(tuple(map(sum, zip(self.amounts, other.amounts, strict=True))))

    def fits(self, room: "Size") -> bool:
        """Returns whether every amount is within its limit."""
        if not self.amounts or not room.amounts:
            return True
        return all(used <= limit for used, limit in zip(self.amounts, room.amounts, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """A view in the markup of a platform."""

    view: object  # the value that was drawn
    markup: str
    size: Size = field(default=Size())
    is_within_limits: bool = True  # False: a part of it is too large for any message


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperPart:
    """A paper with the fragments that must be in the same message."""

    paper: int | None  # id; None for closing lines without a paper
    body: tuple[Fragment, ...]
    opening: Fragment | None = None  # the name of the group, for the first paper of a group
    again: Fragment | None = None  # the name of the group, used if a message begins with this paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The fragments of one message, without its head."""

    fragments: tuple[Fragment, ...]
    papers: tuple[int, ...]


def total(fragments: Iterable[Fragment]) -> Size:
    """Returns the size of these fragments together."""
    size = Size()
    for fragment in fragments:
        size += fragment.size
    return size


def pack(
    parts: Sequence[PaperPart], room: Size, first_head: Size, head: Size, *, most: int | None = None
) -> list[Page]:
    """Returns the parts in pages, in order, each page as full as `room` allows. Precondition: every part fits into a message.

    `first_head` and `head` are the sizes of the first message's head and of the others'; `most` is the number of papers
    that one message may show.
    """
    groups: list[list[PaperPart]] = []
    used = Size()
    for part in parts:
        following = total(_fragments(part, first=False))
        full = most is not None and part.paper is not None and bool(groups) and _papers(groups[-1]) >= most
        if groups and not full and (used + following).fits(room):
            groups[-1].append(part)
            used += following
        else:
            used = (head if groups else first_head) + total(_fragments(part, first=True))
            groups.append([part])
    return [_page(group) for group in groups]


def pages_as_sent(parts: Sequence[PaperPart], layout: Sequence[Sequence[int]]) -> list[Page]:
    """Returns the parts in the pages in which they were sent: `layout` has the papers of each message."""
    place = {paper: number for number, papers in enumerate(layout) for paper in papers}
    groups: list[list[PaperPart]] = [[] for _ in layout]
    number = 0
    for part in parts:
        number = number if part.paper is None else place.get(part.paper, number)
        groups[number].append(part)
    return [_page(group) for group in groups]


def _papers(parts: Sequence[PaperPart]) -> int:
    return sum(part.paper is not None for part in parts)


def _page(parts: Sequence[PaperPart]) -> Page:
    fragments = [fragment for place, part in enumerate(parts) for fragment in _fragments(part, first=place == 0)]
    return Page(fragments=tuple(fragments), papers=tuple(part.paper for part in parts if part.paper is not None))


def _fragments(part: PaperPart, *, first: bool) -> tuple[Fragment, ...]:
    heading = part.opening or (part.again if first else None)
    return (heading, *part.body) if heading else part.body


# ------------------------------------------------------------------------------------- the port of a platform's markup


NUMBERS_IN_MESSAGE = 16  # papers whose numbers are buttons under one message: two rows


Beside = Literal["never", "in lists", "always"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What one message holds. A platform leaves out what it has no place for."""

    fragments: Sequence[Fragment] = ()
    buttons: Buttons = ()
    silent: bool
    titled: Sequence[Fragment] = ()  # of other messages; the notification of this one lists their titles, too
    subject: views.Subject = field(default=views.Subject())  # of the delivery


class Medium(Protocol):
    """Writes messages in the markup of one platform."""

    room: Size = Size()  # of one message
    numbers: int = 0  # most papers whose numbers are buttons under one message; 0: there are no such buttons
    beside: Beside = "never"  # whether the buttons of a paper are beside it, not below the message

    def draw(self, view: object) -> Fragment:
        """Returns the view in this markup, never shortened: the fragment's `is_within_limits` and `size` tell whether it fits."""

    def beneath(self, buttons: Buttons) -> Size:  # noqa: ARG002 - they count only on some platforms
        """Returns the size of these buttons under a message."""
        return Size()

    def compose(self, contents: Contents) -> tuple[str, str]:
        """Returns payload and plain form of one message, both JSON objects as text."""


def message(
    medium: Medium, number: int, contents: Contents, papers: tuple[int, ...] = (), *, reply_to: int | None = None
) -> Message:
    """Returns a message that holds `contents`. `papers` are the ids of those that it shows."""
    payload, plain = medium.compose(contents)
    return Message(number=number, payload=payload, plain=plain, reply_to=reply_to, papers=papers)


def fits(fragment: Fragment, medium: Medium, beside: Size) -> bool:
    """Whether a fragment fits into one message with `beside`."""
    return fragment.is_within_limits and (beside + fragment.size).fits(medium.room)


def fitted(
    view: Callable[[Measure], PaperView], measure: Measure, medium: Medium, beside: Size, buttons: CardButtons
) -> Fragment:
    """Returns a paper with `buttons` beside it; shorter than `measure` only if it fits into no message with `beside`."""
    for narrower in shrinking_measures(measure):
        fragment = medium.draw(replace(view(narrower), buttons=buttons))
        if fits(fragment, medium, beside):
            break
    return fragment


def macro_name(view: object) -> str:
    """Returns the name of the macro that draws a view: a paper's form, else its class without "View", in lower case."""
    return view.form if isinstance(view, PaperView) else type(view).__name__.removesuffix("View").lower()


def line_ends_between(above: object, below: object, *, under_head: str = "\n\n") -> str:
    """Returns the line ends between two views in one text: a blank line, unless the two belong together."""
    if isinstance(above, views.Head):
        return "\n\n" if above.remark else under_head
    if (
        isinstance(above, views.Heading)
        or isinstance(below, views.More)
        or (isinstance(below, views.Section) and below.close)
    ):
        return "\n"
    if isinstance(above, PaperView) and isinstance(below, PaperView) and below.form == "title":
        return "\n"
    return "\n" if isinstance(above, views.Line | views.Code) and isinstance(below, views.Line | views.Code) else "\n\n"


def joined_texts(views_and_texts: Sequence[tuple[object, str]], *, under_head: str = "\n\n") -> str:
    """Returns the texts of views as one text, with line ends between them."""
    parts: list[str] = []
    above: object = None
    for view, text in views_and_texts:
        parts += [line_ends_between(above, view, under_head=under_head) if parts else "", text]
        above = view
    return "".join(parts)


# --------------------------------------------------------- text without markup, with a paper's link on a separate line


_SHORT_TITLE = 60


@lru_cache
def _macros() -> Mapping[str, Macro]:
    return macros("plain", "txt")


def plain_text(view: object) -> str:
    """Returns the view without markup."""
    return _macros()[macro_name(view)](view).strip("\n")


def short_text(view: object) -> str:
    """Returns the view without markup, a paper reduced to its title and link."""
    if isinstance(view, PaperView):
        title = cut_at_word(str(view.title), _SHORT_TITLE)
        return "\n".join(part for part in (f"{view.number} {title}".strip(), view.url) if part)
    return plain_text(view)


def plain_page(fragments: Sequence[Fragment]) -> str:
    """Returns a message without markup."""
    return joined_texts([(fragment.view, plain_text(fragment.view)) for fragment in fragments])


def notification_titles(fragments: Sequence[Fragment]) -> str:
    """Returns the head of a message and the titles of its papers: what a notification shows."""
    lines = []
    for fragment in fragments:
        match fragment.view:
            case PaperView() as paper:
                lines.append(f"{paper.number} {paper.title}".strip())
            case views.Head(small=False) | views.Root() as head:
                lines.append(head.line)
            case _:
                pass
    return "\n".join(lines)

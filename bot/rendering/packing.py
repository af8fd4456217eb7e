"""Packs papers into as few messages as limits allow: a message ends between papers; how many buttons in a row and numbers below one.

A message is a sequence of fragments: a head, possibly the name of a group, papers, closing lines. Sizes are vectors, because
a platform has several limits (see its module `markup`), and every message must stay within each of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from bot.ports import channel
from bot.rendering import views
from bot.rendering.templating import Macro, macros
from subscriptions.model import Message
from subscriptions.texts.cutting import cut_at_word


@dataclass(frozen=True, slots=True)
class Size:
    """The amounts that a platform limits, in the platform's order. An empty Size is zero; as a limit, it means no limit."""

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
    """A view drawn in the markup of a platform."""

    view: object  # the view that was drawn
    markup: str
    size: Size = field(default=Size())
    is_within_limits: bool = True  # False if a part of it is too large for any message


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperPart:
    """A paper with the fragments that must be in the same message."""

    paper: int | None  # the id; None for closing lines without a paper
    body: tuple[Fragment, ...]
    opening: Fragment | None = None  # the name of the group; only at the first paper of a group
    again: Fragment | None = None  # the name of the group, shown if a message begins with this paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The fragments of one message except its head."""

    fragments: tuple[Fragment, ...]
    papers: tuple[int, ...]


def total(fragments: Iterable[Fragment]) -> Size:
    """Returns the sum of the sizes of these fragments."""
    size = Size()
    for fragment in fragments:
        size += fragment.size
    return size


def pack(
    parts: Sequence[PaperPart], room: Size, first_head: Size, head: Size, *, most: int | None = None
) -> list[Page]:
    """Returns the parts in pages, in order, each page as full as `room` allows. Precondition: every part fits into a message.

    `first_head` and `head` are the sizes of the first message's head and of the other heads. `most` is the largest number of
    papers in one message.
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


def _papers(parts: Sequence[PaperPart]) -> int:
    return sum(part.paper is not None for part in parts)


def _page(parts: Sequence[PaperPart]) -> Page:
    fragments = [fragment for place, part in enumerate(parts) for fragment in _fragments(part, first=place == 0)]
    return Page(fragments=tuple(fragments), papers=tuple(part.paper for part in parts if part.paper is not None))


def _fragments(part: PaperPart, *, first: bool) -> tuple[Fragment, ...]:
    heading = part.opening or (part.again if first else None)
    if heading:
        return (heading, *part.body)
    return part.body


IN_ROW = 8  # buttons in one row: the most that platforms with number buttons can show
NUMBERS_IN_MESSAGE = 16  # largest number of papers with number buttons under one message: two rows


Beside = Literal["never", "in lists", "always"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The contents of one message. A platform leaves out what it cannot show."""

    fragments: Sequence[Fragment] = ()
    buttons: channel.Buttons = ()
    silent: bool
    titled: Sequence[Fragment] = ()  # fragments of other messages whose titles this message's notification also lists
    subject: views.Subject = field(default=views.Subject())  # the subject of the delivery


class Medium(Protocol):
    """Writes messages in the markup of one platform."""

    room: Size = Size()  # the limits of one message
    numbers: int = 0  # largest number of papers with number buttons under one message; 0: no such buttons
    beside: Beside = "never"  # when the buttons of a paper are beside it instead of below the message

    def draw(self, view: object) -> Fragment:
        """Returns the view in this markup, never shortened. `is_within_limits` and `size` of the fragment tell whether it fits."""

    def beneath(self, buttons: channel.Buttons) -> Size:  # noqa: ARG002 - buttons have a size only on some platforms
        """Returns the size of these buttons under a message."""
        return Size()

    def compose(self, contents: Contents) -> tuple[str, str]:
        """Returns (payload, plain form) of one message. Both are JSON objects as text."""


def button_rows(buttons: Sequence[channel.Button], width: int = IN_ROW) -> channel.Buttons:
    """Returns the buttons in as few rows as possible, of nearly equal length: nine buttons become five and four."""
    if not buttons:
        return ()
    rows = -(-len(buttons) // width)
    width = -(-len(buttons) // rows)
    return tuple(tuple(buttons[start : start + width]) for start in range(0, len(buttons), width))


def message(
    medium: Medium, number: int, contents: Contents, papers: tuple[int, ...] = (), *, reply_to: int | None = None
) -> Message:
    """Returns a message with these contents. `papers` are the ids of the papers that it shows."""
    payload, plain = medium.compose(contents)
    return Message(number=number, payload=payload, plain=plain, reply_to=reply_to, papers=papers)


def fits(fragment: Fragment, medium: Medium, beside: Size) -> bool:
    """Returns whether a fragment and `beside` fit into one message."""
    return fragment.is_within_limits and (beside + fragment.size).fits(medium.room)


def fitted(
    view: Callable[[views.Measure], views.PaperView],
    measure: views.Measure,
    medium: Medium,
    beside: Size,
    buttons: views.CardButtons,
) -> Fragment:
    """Returns a paper with `buttons`.

    The paper is shorter than `measure` only if it and `beside` do not fit into one message.
    """
    for narrower in views.shrinking_measures(measure):
        fragment = medium.draw(replace(view(narrower), buttons=buttons))
        if fits(fragment, medium, beside):
            break
    return fragment


def macro_name(view: object) -> str:
    """Returns the name of the macro that draws a view: a paper's form, or its class in lower case without "View"."""
    if isinstance(view, views.PaperView):
        return view.form
    return type(view).__name__.removesuffix("View").lower()


def line_ends_between(above: object, below: object, *, under_head: str = "\n\n") -> str:
    """Returns the line ends between two views in a text: an empty line, unless the two belong together."""
    if isinstance(above, views.Head):
        if above.remark:
            return "\n\n"
        return under_head
    if (
        isinstance(above, views.Heading)
        or isinstance(below, views.More)
        or (isinstance(below, views.Section) and below.close)
    ):
        return "\n"
    if isinstance(above, views.PaperView) and isinstance(below, views.PaperView) and below.form == "title":
        return "\n"
    if isinstance(above, views.Line | views.Code) and isinstance(below, views.Line | views.Code):
        return "\n"
    return "\n\n"


def joined_texts(views_and_texts: Sequence[tuple[object, str]], *, under_head: str = "\n\n") -> str:
    """Returns the texts of views as one text, with the line ends of `line_ends_between`."""
    parts: list[str] = []
    above: object = None
    for view, text in views_and_texts:
        parts += [line_ends_between(above, view, under_head=under_head) if parts else "", text]
        above = view
    return "".join(parts)


_SHORT_TITLE = 60


def markup(view: object, found: Mapping[str, Macro]) -> str:
    """Returns the view, drawn by its macro, as str: Jinja's own string type would escape text that is added to it."""
    return str(found[macro_name(view)](view)).strip("\n")


def plain_text(view: object) -> str:
    """Returns the view without markup."""
    return markup(view, macros("plain", "txt"))


def short_text(view: object) -> str:
    """Returns the view without markup. A paper is reduced to its title and link."""
    if isinstance(view, views.PaperView):
        title = cut_at_word(str(view.title), _SHORT_TITLE)
        return "\n".join(part for part in (f"{view.number} {title}".strip(), view.url) if part)
    return plain_text(view)


def plain_page(fragments: Sequence[Fragment]) -> str:
    """Returns a message without markup."""
    return joined_texts([(fragment.view, plain_text(fragment.view)) for fragment in fragments])


def notification_titles(fragments: Sequence[Fragment]) -> str:
    """Returns the head of a message and the titles of its papers, one per line, for a notification."""
    lines = []
    for fragment in fragments:
        match fragment.view:
            case views.PaperView() as paper:
                lines.append(f"{paper.number} {paper.title}".strip())
            case views.Head(small=False) | views.Root() as head:
                lines.append(head.line)
            case _:
                pass
    return "\n".join(lines)

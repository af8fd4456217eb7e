"""Papers into as few messages as a platform's limits allow, cut only between papers.

A message is a row of fragments: a header, perhaps the name of a group, papers, closing lines. Sizes are vectors, since a
platform has several limits at once (see its module): each message must stay within every one of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Size:
    """Amounts that a platform counts, in an order of its own; the empty size is nothing, and as a limit: no limit."""

    amounts: tuple[int, ...] = ()

    def __add__(self, other: "Size") -> "Size":
        if not self.amounts or not other.amounts:
            return self if self.amounts else other
        return Size(tuple(map(sum, zip(self.amounts, other.amounts, strict=True))))

    def fits(self, room: "Size") -> bool:
        """Whether every amount is within its limit."""
        if not self.amounts or not room.amounts:
            return True
        return all(used <= limit for used, limit in zip(self.amounts, room.amounts, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """A piece of a message as its platform writes it."""

    view: object  # the value that it was made of
    markup: str
    size: Size = field(default=Size())
    whole: bool = True  # False: one of its own parts is beyond a limit, however much room the message has


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A paper with all that must stand in the same message."""

    paper: int | None  # id; None for closing lines without a paper
    body: tuple[Fragment, ...]
    opening: Fragment | None = None  # the name of the group that begins here
    again: Fragment | None = None  # the name of its group, for when a message begins here


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one message holds, without its header."""

    fragments: tuple[Fragment, ...]
    papers: tuple[int, ...]


def total(fragments: Iterable[Fragment]) -> Size:
    """The size of fragments that stand in one message."""
    size = Size()
    for fragment in fragments:
        size += fragment.size
    return size


def pack(parts: Sequence[Part], room: Size, first_head: Size, head: Size, *, most: int | None = None) -> list[Page]:
    """Fills message after message, in order; every part is smaller than a message (see `pages_as_sent` otherwise).

    `most` is how many papers one message may show, however short they are.
    """
    groups: list[list[Part]] = []
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


def pages_as_sent(parts: Sequence[Part], layout: Sequence[Sequence[int]]) -> list[Page]:
    """The same parts in messages that are out already: `layout` names the papers of each."""
    place = {paper: number for number, papers in enumerate(layout) for paper in papers}
    groups: list[list[Part]] = [[] for _ in layout]
    number = 0
    for part in parts:
        number = number if part.paper is None else place.get(part.paper, number)
        groups[number].append(part)
    return [_page(group) for group in groups]


def _papers(parts: Sequence[Part]) -> int:
    return sum(part.paper is not None for part in parts)


def _page(parts: Sequence[Part]) -> Page:
    fragments = [fragment for place, part in enumerate(parts) for fragment in _fragments(part, first=place == 0)]
    return Page(fragments=tuple(fragments), papers=tuple(part.paper for part in parts if part.paper is not None))


def _fragments(part: Part, *, first: bool) -> tuple[Fragment, ...]:
    heading = part.opening or (part.again if first else None)
    return (heading, *part.body) if heading else part.body

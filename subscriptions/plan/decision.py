"""What one delivery brings: which papers, in which order, as alert or bulletin, also empty or late. Pure."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from subscriptions.chats.addresses import facts_of
from subscriptions.matching.reasons import DIGITS
from subscriptions.model import (
    Chat,
    ChatKind,
    Delivery,
    DeliveryContext,
    DeliveryKind,
    Item,
    MatchReason,
    MissingSources,
    StoredPaper,
    Subscription,
)


def shows_more(chat: Chat) -> bool:
    """Return whether this chat has a button that opens papers beyond its limit."""
    return facts_of(chat.address.platform).shows_more and chat.settings.buttons == "full"


# The decision is a pure function of the chat's subscriptions, new papers and earlier deliveries. A preview calls the
# same function, so it shows what would be sent.


ALERT_UP_TO = 5  # at most this many papers make an alert in a private chat; more make a bulletin
MOST_NEAR = 5  # papers that a subscription shows in one delivery only because they resemble papers that it names
LATE_AFTER = timedelta(hours=1)


class Evidence(NamedTuple):
    """Why and how well a paper fits a query."""

    words: tuple[str, ...]  # the words that matched, as the paper writes them
    in_title: bool = False
    by_author: bool = False
    fit: float = 0.0  # how well it fits, see `fit` of subscriptions/matching/reasons.py
    near: float | None = (
        None  # how near it is to the papers that the query names, from 0 to 1; None: it fits without this
    )


# position of a paper -> points that are added to its fit; None: the chat has no taste
Points = Callable[[int], float] | None
EvidenceOf = Callable[[str, StoredPaper], Evidence]  # (canonical text of a query, a paper that it finds) -> evidence


@dataclass(frozen=True, slots=True)
class Papers:
    """Papers in the order of their sequences. Most chats look at the same papers, so their days are cached."""

    known: Sequence[StoredPaper]
    _days: dict[int, tuple[date, ...]] = field(default_factory=dict, compare=False, repr=False)

    def first_after(self, cursor: int) -> int:
        """Return the position in `known` of the first paper with a higher sequence than `cursor`."""
        return bisect_right(self.known, cursor, key=_sequence)

    def after(self, cursor: int) -> Sequence[StoredPaper]:
        """Return the papers with a higher sequence than `cursor`."""
        return self.known[self.first_after(cursor) :]

    def days_after(self, cursor: int) -> tuple[date, ...]:
        """Return the days of the digests that announced the papers after `cursor`, ascending."""
        first = self.first_after(cursor)
        if first not in self._days:
            self._days[first] = _days_of(self.known[first:])
        return self._days[first]


class DueDelivery(NamedTuple):
    """Everything that one delivery of one chat depends on."""

    chat: Chat
    subscriptions: tuple[Subscription, ...]  # those that are due, in the order of their numbers
    due: datetime  # the latest of the moments at which its subscriptions became due
    now: datetime
    zone: tzinfo
    next_due: datetime | None
    papers: Papers = Papers(())  # the papers that at least one of the chats that are planned has not looked at
    fits: Mapping[int, Iterable[int]] = MappingProxyType({})  # subscription id -> positions in `papers` that it matches
    delivered: frozenset[int] | set[int] = frozenset()  # ids of papers that are in a delivery to this chat
    next_about: bool = False  # see DeliveryContext
    may_be_empty: bool = True  # a delivery without papers may be planned now
    # papers could have come since the subscriptions last looked; read only before the first delivery
    expected: bool = True
    notes: bool = False  # the chat wants a delivery also on days without papers
    missing: MissingSources | None = None  # awaited sources that have not reported
    has_others: bool = False  # the chat has active subscriptions that are not due
    added: Points = None

    @property
    def looked_at(self) -> int:
        """The highest sequence up to which all its subscriptions have looked at the papers."""
        return min((subscription.cursor for subscription in self.subscriptions), default=0)


Decided = tuple[DueDelivery, Delivery | None]  # what was decided about a chat; None: there is nothing to deliver


def decide(due: DueDelivery, evidence: EvidenceOf, *, limited: bool, name: str = "preview") -> Delivery | None:
    """Return the delivery, with this id; None if there is nothing to deliver.

    `limited`: a button in this chat opens the papers beyond its limit. If there is none, all papers are shown.
    """
    found = _found(due, evidence)
    if not found and not _is_planned_empty(due):
        return None
    limit = due.chat.settings.limit if limited else None
    items = _limited(_ordered(found), limit)
    kind = _kind(due.chat, sum(item.shown for item in items))
    return Delivery(id=name, chat=due.chat, kind=kind, due=due.due, items=items, facts=_facts(due))


def in_order(
    papers: Sequence[StoredPaper], found_by: Subscription, evidence: EvidenceOf, added: Points
) -> list[StoredPaper]:
    """Return papers that a subscription finds in the order of a delivery. See DueDelivery for `added`."""
    found = [_of_paper(one, [found_by], evidence, added(at) if added else None) for at, one in enumerate(papers)]
    return [one.paper for one in _ordered(found)]


def nothing_fits(due: DueDelivery) -> bool:
    """Return whether the subscriptions match none of the papers that came since they last looked.

    Papers that were delivered earlier count as matches, too.
    """
    return next(_fitting(due), None) is None


def _fitting(due: DueDelivery) -> Iterator[int]:
    """Yield the positions of papers that a subscription matches and has not looked at."""
    for subscription in due.subscriptions:
        for position in due.fits.get(subscription.id, ()):
            if _sequence(due.papers.known[position]) > subscription.cursor:
                yield position


def _is_planned_empty(due: DueDelivery) -> bool:
    """Return whether to plan a delivery without papers.

    The chat's first delivery is planned if papers could have come; a later one if the chat wants to hear of empty days.
    """
    if not due.may_be_empty or _has_all(due):
        return False
    if due.chat.first_delivery_planned:
        return due.notes
    return due.expected or bool(due.papers.after(due.looked_at))


class _Found(NamedTuple):
    """A paper to deliver, before its position in the delivery is known."""

    paper: StoredPaper
    because: tuple[MatchReason, ...]
    number: int  # of the first subscription that it matches
    by_author: bool  # a subscription that follows one of the paper's authors matches it
    cross: bool
    is_near: bool  # it matches only because it resembles papers that the subscriptions name
    rank: tuple[int, bool, float, bool, int, tuple[int, int]]  # orders papers whose groups have the same size


def _found(due: DueDelivery, evidence: EvidenceOf) -> list[_Found]:
    """Return each new paper that a subscription matches, with all subscriptions that match it, ordered by number."""
    papers, delivered, with_crosses = due.papers.known, due.delivered, due.chat.settings.crosslists != "out"
    reasons: dict[int, list[Subscription]] = {}
    for subscription in due.subscriptions:
        for position in due.fits.get(subscription.id, ()):
            paper = papers[position]
            # if cross-lists are left out, only the sequence counts that the paper had when it was new
            sequence = _sequence(paper) if with_crosses else paper.sequence_as_new
            if sequence > subscription.cursor and paper.id not in delivered:
                reasons.setdefault(position, []).append(subscription)
    near = due.added
    return [_of_paper(papers[at], reasons[at], evidence, near(at) if near else None) for at in sorted(reasons)]


def _of_paper(
    paper: StoredPaper,
    fitting: list[Subscription],
    evidence: EvidenceOf,
    added: float | None,
) -> _Found:
    """Return a paper with its reasons and its rank. `added` is None if the chat has no taste."""
    proofs = [evidence(one.canonical, paper) for one in fitting]
    reasons = [(one.number, one.text, one.name, proof.words) for one, proof in zip(fitting, proofs, strict=True)]
    first, proof = fitting[0].number, proofs[0]
    # only cross-listed since the subscriptions last looked
    cross = all(paper.sequence_as_new <= subscription.cursor for subscription in fitting)
    # Newer days come first. Sequences do not give this order, since missed days are fetched after newer days.
    newer_first = -paper.day.toordinal(), -(paper.sequence or 0)
    if proof.near is not None:  # the query asks for near papers, so the nearest come first in any chat
        rank = first, False, -proof.near, False, 0, newer_first
    else:
        points = proof.fit if added is None else round(proof.fit + added, DIGITS)
        rank = first, cross, -points, not proof.in_title, -len(proof.words), newer_first
    return _Found(
        paper,
        _because(*reasons),
        first,
        by_author=any(one.by_author for one in proofs),
        cross=cross,
        is_near=all(one.near is not None for one in proofs),
        rank=rank,
    )


@lru_cache(maxsize=8192)
def _because(*cases: tuple[int, str, str, tuple[str, ...]]) -> tuple[MatchReason, ...]:
    """Return the reasons of a paper. Each case is (number, query, name, words) of a subscription.

    Cached, since most papers have the same few reasons.
    """
    return tuple(MatchReason(number=number, text=text, name=name, words=words) for number, text, name, words in cases)


def _ordered(found: list[_Found]) -> list[_Found]:
    """Return the papers in the order of the delivery: groups (papers of one subscription) with fewer papers first.

    Within a group cross-lists come last. The other papers are ordered by score, then by matches in the title, number of
    matching words and age.
    """
    sizes = Counter([one.number for one in found])
    return sorted(found, key=lambda one: (sizes[one.number], one.rank))


def _limited(ordered: list[_Found], limit: int | None) -> tuple[Item, ...]:
    """Return the items of all papers. Items beyond the limit are not shown, except papers of a followed author.

    Even in chats without a limit, each subscription shows at most `MOST_NEAR` papers that match only by nearness.
    """
    free = len(ordered)
    if limit is not None:
        free = limit - sum(one.by_author for one in ordered)
    near: Counter[int] = Counter()
    items = []
    for position, one in enumerate(ordered):
        shown = one.by_author or (free > 0 and not (one.is_near and near[one.number] >= MOST_NEAR))
        free -= shown and not one.by_author
        near[one.number] += shown and one.is_near
        items.append(Item(one.paper, one.because, position, shown, one.cross))
    return tuple(items)


def _kind(chat: Chat, shown: int) -> DeliveryKind:
    alerts = chat.kind is ChatKind.PRIVATE and chat.settings.shape == "digest"
    if alerts and 1 <= shown <= ALERT_UP_TO:
        return DeliveryKind.ALERT
    return DeliveryKind.BULLETIN


def _sequence(paper: StoredPaper) -> int:
    return paper.sequence or 0


def _has_all(due: DueDelivery) -> bool:
    """Return whether papers came, and the chat got all of them earlier, so that there is nothing to report."""
    window = due.papers.after(due.looked_at) if due.delivered else ()
    return bool(window) and all(paper.id in due.delivered for paper in window)


def _facts(due: DueDelivery) -> DeliveryContext:
    """Return the facts of the delivery. Papers that fit, but were delivered earlier, are only counted as such."""
    first = due.papers.first_after(due.looked_at)
    seen = set[int]()
    if due.delivered:
        seen = {at for at in _fitting(due) if due.papers.known[at].id in due.delivered}
    if seen:
        window = [due.papers.known[at] for at in range(first, len(due.papers.known)) if at not in seen]
        known, days = len(window), _days_of(window)
    else:
        known, days = len(due.papers.known) - first, due.papers.days_after(due.looked_at)
    late = due.now - due.due
    return _facts_of(
        known=known,
        days=days,
        asked=", ".join(one.label for one in due.subscriptions) if due.has_others else "",
        seen=len(seen),
        first=not due.chat.first_delivery_planned,
        next_due=due.next_due,
        next_about=due.next_about,
        late=late if late >= LATE_AFTER else timedelta(0),
        missing=due.missing,
    )


_facts_of = lru_cache(maxsize=1024)(
    DeliveryContext
)  # chats with equal facts share one value, so it is encoded only once


def _days_of(papers: Iterable[StoredPaper]) -> tuple[date, ...]:
    return tuple(sorted({paper.day for paper in papers}))

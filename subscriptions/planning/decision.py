"""Decides what a chat gets at a due moment: a pure function of its subscriptions, new papers and earlier deliveries.

The same function decides what is sent and what a preview shows.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from subscriptions.model import (
    Because,
    Chat,
    ChatKind,
    DeliveryKind,
    Facts,
    Item,
    KnownPaper,
    MissingHow,
    MissingSources,
    NoMatchStreak,
    Subscription,
)

ALERT_UP_TO = 5  # papers that a private chat gets one by one
LATE_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """How a paper fits a query."""

    words: tuple[str, ...]  # as they stand in the paper
    in_title: bool = False
    by_author: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDelivery:
    """Everything that one delivery of one chat depends on."""

    chat: Chat
    subscriptions: tuple[Subscription, ...]  # those that are due, in the order of their numbers
    cursor: Mapping[int, int]  # subscription id -> the highest sequence that it has looked at
    papers: Sequence[KnownPaper]  # the window, in the order of their sequences
    fits: Mapping[int, Iterable[int]]  # subscription id -> positions in `papers` that its query matches
    delivered: frozenset[int] | set[int]  # ids of papers that this chat has in a delivery
    due: datetime  # the latest of the moments that made the chat due
    now: datetime
    zone: tzinfo
    next_due: datetime | None
    next_about: bool = False  # see Facts
    may_be_empty: bool = True  # a delivery without papers may be planned now
    expected: bool = True  # papers could have come since the subscriptions last looked
    notes: bool = False  # the chat wants a delivery also on days without papers
    missing: tuple[str, ...] = ()  # names of awaited sources that have not reported
    missing_how: MissingHow = MissingHow.AWAITED


def decide(
    due: DueDelivery, evidence: Callable[[Subscription, KnownPaper], Evidence], *, limited: bool
) -> tuple[DeliveryKind, tuple[Item, ...], Facts] | None:
    """Kind, items and facts of the delivery; None if there is nothing to deliver.

    `limited`: this chat can open papers beyond its limit. Otherwise all papers are shown.
    """
    found = _found(due, evidence)
    if not found and not _is_planned_empty(due):
        return None
    limit = due.chat.settings.limit if limited else None
    items = _limited(_ordered(found), limit)
    return _kind(due.chat, sum(item.shown for item in items)), items, _facts(due)


def days_known(due: DueDelivery) -> tuple[date, ...]:
    """The local days on which papers came since the subscriptions last looked, ascending."""
    return _days(_window(due), due.zone)


def nothing_fits(due: DueDelivery) -> bool:
    """Whether no paper since the subscriptions last looked matches one of them, not even a paper delivered earlier."""
    return not any(
        (due.papers[position].sequence or 0) > due.cursor[subscription.id]
        for subscription in due.subscriptions
        for position in due.fits.get(subscription.id, ())
    )


def streak_after(due: DueDelivery, days: Sequence[date]) -> NoMatchStreak | None:
    """The no-match streak of the chat after `days` with papers of which none matched; None if papers never came."""
    before = due.chat.no_match_streak
    new = [day for day in days if before is None or day > before.last]
    if not new:
        return before
    after = min(due.cursor.values(), default=0) if before is None else before.after
    count = len(new) + (before.days if before else 0)
    return NoMatchStreak(days=count, last=new[-1], after=after, said=before is not None and before.said)


def _is_planned_empty(due: DueDelivery) -> bool:
    """Whether to plan a delivery without papers.

    The first one of a chat is planned if papers could have come, later ones if the chat wants them.
    """
    if not due.may_be_empty or _has_all(due):
        return False
    return due.notes if due.chat.first_delivery_planned else due.expected or bool(_window(due))


class _Found(NamedTuple):
    """A paper to be delivered, before its position is known."""

    paper: KnownPaper
    because: tuple[Because, ...]
    proof: Evidence  # for the first of them
    by_author: bool  # for any of them
    cross: bool


def _found(due: DueDelivery, evidence: Callable[[Subscription, KnownPaper], Evidence]) -> list[_Found]:
    """Each paper once, with the subscriptions that it matches in the order of their numbers."""
    reasons: dict[int, list[Subscription]] = {}
    for subscription in due.subscriptions:
        cursor = due.cursor[subscription.id]
        for position in due.fits.get(subscription.id, ()):
            paper = due.papers[position]
            looked = (paper.sequence or 0) <= cursor or _counts_as_sent(subscription, paper)
            if not looked and paper.id not in due.delivered and _wanted(due.chat, paper):
                reasons.setdefault(position, []).append(subscription)
    found = []
    alike: dict[
        tuple[tuple[int, tuple[str, ...]], ...], tuple[Because, ...]
    ] = {}  # most papers have the same few reasons
    for position in sorted(reasons):
        paper = due.papers[position]
        fitting = reasons[position]
        proofs = [evidence(subscription, paper) for subscription in fitting]
        case = tuple([(subscription.id, proof.words) for subscription, proof in zip(fitting, proofs, strict=True)])
        if case not in alike:
            alike[case] = tuple(map(_because, fitting, proofs))
        by_author = True in [proof.by_author for proof in proofs]
        found.append(_Found(paper, alike[case], proofs[0], by_author, _is_cross(paper)))
    return found


def _counts_as_sent(subscription: Subscription, paper: KnownPaper) -> bool:
    """Whether a paper that was read again after a loss came before what the subscription had delivered (rule 13)."""
    came_at, until = paper.came_at, subscription.counted_until
    return came_at is not None and until is not None and came_at <= until


def _wanted(chat: Chat, paper: KnownPaper) -> bool:
    return chat.settings.crosslists != "out" or not _is_cross(paper)


def _is_cross(paper: KnownPaper) -> bool:
    return paper.paper.announce_type is not None


def _because(subscription: Subscription, proof: Evidence) -> Because:
    return Because(
        number=subscription.number,
        text=subscription.text,
        name=subscription.name,
        words=proof.words,
        added_by=subscription.added_by,
    )


def _ordered(found: list[_Found]) -> list[_Found]:
    """The papers in the order of the delivery: groups with fewer papers first.

    Inside a group: cross-lists last, then matches in the title first, more words first, newer ones first.
    """
    sizes: dict[int, int] = {}
    for one in found:
        number = one.because[0].number
        sizes[number] = sizes.get(number, 0) + 1

    def rank(one: _Found) -> tuple[int, int, bool, bool, int, int, int]:
        number = one.because[0].number
        return sizes[number], number, one.cross, not one.proof.in_title, -len(one.proof.words), *_newer_first(one.paper)

    return sorted(found, key=rank)


def _newer_first(paper: KnownPaper) -> tuple[int, int]:
    """Sort key: newer days first. Not by sequence alone: missed days are fetched after newer ones."""
    return -paper.day.toordinal(), -(paper.sequence or 0)


def _limited(ordered: list[_Found], limit: int | None) -> tuple[Item, ...]:
    """Items of all papers; those beyond the limit are not shown, but papers of a followed author always are."""
    free = len(ordered) if limit is None else limit - sum(one.by_author for one in ordered)
    items = []
    for position, one in enumerate(ordered):
        shown = one.by_author or free > 0
        free -= shown and not one.by_author
        items.append(Item(paper=one.paper, because=one.because, position=position, shown=shown, cross=one.cross))
    return tuple(items)


def _kind(chat: Chat, shown: int) -> DeliveryKind:
    alerts = chat.kind is ChatKind.PRIVATE and chat.settings.shape == "digest"
    return DeliveryKind.ALERT if alerts and 1 <= shown <= ALERT_UP_TO else DeliveryKind.BULLETIN


def _window(due: DueDelivery) -> Sequence[KnownPaper]:
    since = min(due.cursor.values(), default=0)
    return due.papers[bisect_right(due.papers, since, key=_sequence) :]


def _sequence(paper: KnownPaper) -> int:
    return paper.sequence or 0


def _has_all(due: DueDelivery) -> bool:
    """Whether papers came, and all were delivered earlier on request: then there is nothing left to report."""
    window = _window(due)
    return bool(window) and all(paper.id in due.delivered for paper in window)


def _facts(due: DueDelivery) -> Facts:
    """Counts for the header; papers delivered earlier are left out."""
    window = _window(due)
    if due.delivered:
        window = [paper for paper in window if paper.id not in due.delivered]
    late = due.now - due.due
    return Facts(
        known=len(window),
        days=tuple(sorted({paper.day for paper in window})),
        first=not due.chat.first_delivery_planned,
        next_due=due.next_due,
        next_about=due.next_about,
        late=late if late >= LATE_AFTER else timedelta(0),
        missing=MissingSources(", ".join(due.missing), len(due.missing), due.missing_how) if due.missing else None,
    )


def _days(papers: Sequence[KnownPaper], zone: tzinfo) -> tuple[date, ...]:
    moments = {paper.sequenced_at for paper in papers}
    return tuple(sorted({at.astimezone(zone).date() for at in moments if at}))

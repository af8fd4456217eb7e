"""What a chat gets at a due moment: a pure function of its wishes, the papers new to them and what it was told.

The same function decides what is sent and what a preview shows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo

from subscriptions.model import Because, Chat, ChatKind, Facts, Item, Kind, KnownPaper, Subscription

ALERT_UP_TO = 5  # papers that a private chat gets one by one
LATE_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """How a paper fits a query."""

    words: tuple[str, ...]  # as they stand in the paper
    in_title: bool = False
    by_author: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Everything that decides one delivery of one chat."""

    chat: Chat
    subscriptions: tuple[Subscription, ...]  # those that are due, in the order of their numbers
    seen: Mapping[int, int]  # subscription id -> the highest change it has seen
    papers: Sequence[KnownPaper]  # the window, in the order of their changes
    fits: Mapping[int, Iterable[int]]  # subscription id -> positions in `papers` that its query matches
    told: frozenset[int] | set[int]  # ids of papers that this chat was told
    due: datetime  # the latest of the moments that made it due
    now: datetime
    zone: tzinfo
    next_due: datetime | None
    next_about: bool = False  # see Facts
    speaks_first: bool = True  # an empty first delivery is a message


def decide(
    due: Due, evidence: Callable[[Subscription, KnownPaper], Evidence], *, limited: bool
) -> tuple[Kind, tuple[Item, ...], Facts] | None:
    """Kind, items and facts of the delivery; None: nothing to say.

    `limited` says whether this chat can open what lies beyond its limit; where it can not, everything is shown.
    """
    found = _items(due, evidence)
    if not found and (due.chat.spoken or not due.speaks_first or _has_all(due)):
        return None
    limit = due.chat.settings.limit if limited else None
    items = _limited(_ordered(found), limit)
    return _kind(due.chat, sum(item.shown for _, item in items)), tuple(item for _, item in items), _facts(due)


def _items(due: Due, evidence: Callable[[Subscription, KnownPaper], Evidence]) -> list[tuple[Evidence, Item]]:
    """Each paper once, under the first subscription that it fits; the others are named behind it."""
    reasons: dict[int, list[Subscription]] = {}
    for subscription in due.subscriptions:
        seen = due.seen[subscription.id]
        for position in due.fits.get(subscription.id, ()):
            paper = due.papers[position]
            if (paper.change or 0) > seen and paper.id not in due.told and _wanted(due.chat, paper):
                reasons.setdefault(position, []).append(subscription)
    found = []
    for position in sorted(reasons):
        paper = due.papers[position]
        pairs = [(subscription, evidence(subscription, paper)) for subscription in reasons[position]]
        because = tuple(_because(subscription, proof) for subscription, proof in pairs)
        item = Item(paper=paper, because=because, position=0, cross=_is_cross(paper))
        found.append((replace(pairs[0][1], by_author=any(proof.by_author for _, proof in pairs)), item))
    return found


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


def _ordered(found: list[tuple[Evidence, Item]]) -> list[tuple[Evidence, Item]]:
    """Groups with the fewest papers first; inside: cross-lists last, hits in the title, more words, newer first."""
    sizes: dict[int, int] = {}
    for _, item in found:
        number = item.because[0].number
        sizes[number] = sizes.get(number, 0) + 1

    def rank(pair: tuple[Evidence, Item]) -> tuple[int, int, bool, bool, int, int]:
        proof, item = pair
        number = item.because[0].number
        newer = -(item.paper.change or 0)
        return sizes[number], number, item.cross, not proof.in_title, -len(proof.words), newer

    return [(proof, replace(item, position=position)) for position, (proof, item) in enumerate(sorted(found, key=rank))]


def _limited(ordered: list[tuple[Evidence, Item]], limit: int | None) -> list[tuple[Evidence, Item]]:
    """Papers beyond the limit are told but not shown; those of a followed author always are."""
    if limit is None:
        return ordered
    free = limit - sum(proof.by_author for proof, _ in ordered)
    limited = []
    for proof, item in ordered:
        shown = proof.by_author or free > 0
        free -= shown and not proof.by_author
        limited.append((proof, replace(item, shown=shown)))
    return limited


def _kind(chat: Chat, shown: int) -> Kind:
    alerts = chat.kind is ChatKind.PRIVATE and chat.settings.shape == "digest"
    return Kind.ALERT if alerts and 1 <= shown <= ALERT_UP_TO else Kind.BULLETIN


def _window(due: Due) -> list[KnownPaper]:
    since = min(due.seen.values(), default=0)
    return [paper for paper in due.papers if (paper.change or 0) > since]


def _has_all(due: Due) -> bool:
    """Whether a person asked for all that came before it was due: then nobody is left to say anything about."""
    window = _window(due)
    return bool(window) and all(paper.id in due.told for paper in window)


def _facts(due: Due) -> Facts:
    """What was told before is no base of "none of them matched"."""
    window = [paper for paper in _window(due) if paper.id not in due.told]
    late = due.now - due.due
    return Facts(
        known=len(window),
        days=_days(window, due.zone),
        first=not due.chat.spoken,
        next_due=due.next_due,
        next_about=due.next_about,
        late=late if late >= LATE_AFTER else timedelta(0),
    )


def _days(papers: Sequence[KnownPaper], zone: tzinfo) -> tuple[date, ...]:
    return tuple(sorted({paper.changed_at.astimezone(zone).date() for paper in papers if paper.changed_at}))

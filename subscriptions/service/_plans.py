"""Planning: what is due is matched, decided and written down, a slice of chats at a time."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache

from subscriptions import cadence as cadences
from subscriptions.matching import PaperIndex, QuerySet, match, why
from subscriptions.model import Cadence, Chat, KnownPaper, Lane, Subscription
from subscriptions.planning import Due, Evidence, decide
from subscriptions.query import Query, parse_canonical
from subscriptions.service._wishes import span
from subscriptions.store import Planned, Store, Transaction, outbox, papers, people

SLICE = 1000  # chats planned in one transaction: bounds memory and how long other writers wait
SHOWS_MORE = frozenset({"telegram", "slack"})  # their messages have a [show] button; elsewhere no limit applies
_MINUTE = "%Y-%m-%dT%H:%M"


@dataclass(slots=True)
class Window:
    """Papers with a change in (after, head], tokenised; read once and widened when a slice looks further back."""

    head: int
    after: int | None = None
    known: tuple[KnownPaper, ...] = ()
    index: PaperIndex | None = None

    def cover(self, session: Transaction, after: int) -> PaperIndex:
        if self.index is None or self.after is None or after < self.after:
            self.after = after
            self.known = papers.window(session, after, self.head)
            self.index = PaperIndex.of([known.paper for known in self.known])
        return self.index


def plan_due(store: Store, *, now: datetime, enough: Callable[[], bool] = lambda: False) -> tuple[Lane, ...]:
    """Plans everything that is due, until `enough`; returns the lane of each delivery that was written down.

    A second call at the same moment plans nothing: a subscription's place and next moment move in the transaction that
    writes the delivery.
    """
    with store.read() as session:
        pause_ended = people.a_pause_ended(session, now)
    if pause_ended:
        with store.write() as session:
            people.wake_paused(session, now)
    with store.read() as session:
        head = papers.head(session)
        chat_ids = people.due_chats(session, now, head)
    window = Window(head)
    lanes: list[Lane] = []
    for start in range(0, len(chat_ids), SLICE):
        if enough():
            break
        with store.write() as session:
            lanes += _plan_slice(session, store, chat_ids[start : start + SLICE], window, now)
    if chat_ids:
        with store.write() as session:
            people.share_now_mark(session, head)
    return tuple(lanes)


def _plan_slice(
    session: Transaction, store: Store, chat_ids: Sequence[int], window: Window, now: datetime
) -> list[Lane]:
    chats = people.chats_by_id(session, chat_ids, zone=store.zone)
    wishes = people.subscriptions_of(session, chat_ids)
    mark = people.now_mark(session)
    due: dict[int, tuple[Subscription, ...]] = {}
    for chat_id, chat in chats.items():
        if chat.state == "active" and (theirs := _due_now(chat, wishes[chat_id], mark, window.head, now)):
            due[chat_id] = theirs
    keys = _free_keys(session, [(chats[chat_id], theirs) for chat_id, theirs in due.items()], mark, window.head, now)
    due = {chat_id: theirs for chat_id, theirs in due.items() if chat_id in keys}
    if not due:
        return []
    everybody = [s for theirs in due.values() for s in theirs]
    seen = {s.id: mark if s.seen is None else s.seen for s in everybody}
    index = window.cover(session, min(seen.values()))
    fits = fits_of(everybody, index)
    told = outbox.told(session, list(due), {window.known[i].id for positions in fits.values() for i in positions})
    evidence = evidence_of_fits()
    planned, moves = [], []
    for chat_id, theirs in due.items():
        chat = chats[chat_id]
        next_due, about = chat_next_due(chat, wishes[chat_id], now)
        case = Due(
            chat=chat,
            subscriptions=theirs,
            seen={s.id: seen[s.id] for s in theirs},
            papers=window.known,
            fits=fits,
            told=told[chat_id],
            due=_due_moment(chat, theirs, now),
            now=now,
            zone=cadences.zone(chat.settings.timezone),
            next_due=next_due,
            next_about=about,
        )
        decided = decide(case, evidence, limited=shows_more(chat))
        moves += [(s.id, window.head, _span_after(s, chat, now, said=decided is not None)) for s in theirs]
        if decided is not None:
            kind, items, facts = decided
            planned.append(
                Planned(
                    id=secrets.token_hex(8),
                    chat_id=chat_id,
                    kind=kind,
                    due=case.due,
                    key=keys[chat_id],
                    items=items,
                    facts=facts,
                )
            )
    outbox.add_deliveries(session, planned, now=now)
    people.advance(session, moves)
    people.mark_spoken(session, [p.chat_id for p in planned if not chats[p.chat_id].spoken])
    return [chats[p.chat_id].address.lane for p in planned]


def shows_more(chat: Chat) -> bool:
    """Whether a button opens what lies beyond this chat's limit."""
    return chat.address.platform in SHOWS_MORE and chat.settings.buttons == "full"


def _due_now(
    chat: Chat, wishes: Sequence[Subscription], mark: int, head: int, now: datetime
) -> tuple[Subscription, ...]:
    def due(s: Subscription) -> bool:
        came = (mark if s.seen is None else s.seen) < head
        return s.state == "active" and cadences.is_due(s.cadence, _zone(s, chat), s.next_due_at, now, came)

    return tuple(s for s in wishes if due(s))


def _zone(subscription: Subscription, chat: Chat) -> tzinfo:
    return cadences.zone(subscription.zone or chat.settings.timezone)


def _next_due(subscription: Subscription, chat: Chat, now: datetime) -> datetime | None:
    return _next_moment(subscription.cadence, _zone(subscription, chat), now)


def _span_after(subscription: Subscription, chat: Chat, now: datetime, *, said: bool) -> people.Span:
    """When it is due next. A when-out that had nothing to say stays due until the end of its window."""
    zone, opened = _zone(subscription, chat), subscription.next_due_at
    waits = not said and opened is not None and subscription.cadence.kind == "when-out"
    if waits and opened is not None and now < cadences.closes(subscription.cadence, zone, opened):
        return span(subscription.cadence, zone, opened)
    return span(subscription.cadence, zone, _next_due(subscription, chat, now))


@lru_cache(maxsize=4096)
def _next_moment(cadence: Cadence, zone: tzinfo, now: datetime) -> datetime | None:
    """Many chats share a cadence, a zone and the moment at which they are planned."""
    return cadences.next_due(cadence, zone, now)


def chat_next_due(chat: Chat, wishes: Sequence[Subscription], now: datetime) -> tuple[datetime | None, bool]:
    """The next regular moment of a chat, and whether it is but the first of two times (when-out)."""
    active = [s for s in wishes if s.state == "active"]
    moments = [(moment, s.cadence.kind == "when-out") for s in active if (moment := _next_due(s, chat, now))]
    return min(moments, default=(None, False))


def _due_moment(chat: Chat, theirs: Sequence[Subscription], now: datetime) -> datetime:
    """The latest of the moments that made a chat due; `now` and an open when-out are due when planned."""
    return max(_moment(s, chat, now) for s in theirs)


def _moment(subscription: Subscription, chat: Chat, now: datetime) -> datetime:
    if subscription.next_due_at is None or subscription.cadence.kind == "now":
        return now  # `now` has a moment only while it is held back after a pause
    if subscription.cadence.kind == "when-out":
        return min(now, cadences.closes(subscription.cadence, _zone(subscription, chat), subscription.next_due_at))
    return subscription.next_due_at


def _free_keys(
    session: Transaction, due: Sequence[tuple[Chat, Sequence[Subscription]]], mark: int, head: int, now: datetime
) -> dict[int, str]:
    """Chat id -> the dedupe key of its delivery; without the chats that have had their delivery of this minute.

    Those wait for the next minute. A wish whose own minute is over by then has a key of its own: else it would be due
    for ever and never sent.
    """
    keys = {chat.id: _dedupe_key(chat, theirs, mark, head, now) for chat, theirs in due}
    taken = outbox.taken_keys(session, list(keys.values()))
    for chat, theirs in due:
        if keys[chat.id] in taken and f"{_due_moment(chat, theirs, now):{_MINUTE}}" != f"{now:{_MINUTE}}":
            keys[chat.id] += f":{head}:" + ",".join(str(s.number) for s in theirs)
    return {chat_id: key for chat_id, key in keys.items() if key not in taken}


def _dedupe_key(chat: Chat, theirs: Sequence[Subscription], mark: int, head: int, now: datetime) -> str:
    """Rule 5 of docs/architecture.md: one delivery per chat and due minute; for `now` alone, one per chat and stretch of papers."""
    if any(s.next_due_at is not None for s in theirs):
        return f"{chat.id}:{_due_moment(chat, theirs, now):{_MINUTE}}"
    numbers = ",".join(str(s.number) for s in theirs)
    seen = min(mark if s.seen is None else s.seen for s in theirs)
    return f"{chat.id}:now:{seen}-{head}:{numbers}"


def fits_of(subscriptions: Sequence[Subscription], index: PaperIndex) -> dict[int, tuple[int, ...]]:
    """Subscription id -> positions of the papers that its query matches; each unique query is matched once."""
    queries = QuerySet()
    handles = {canonical: queries.add(stored_query(canonical)) for canonical in {s.canonical for s in subscriptions}}
    bits = match(queries, index)
    positions = {canonical: tuple(_set_bits(bits.get(handle, 0))) for canonical, handle in handles.items()}
    return {s.id: positions[s.canonical] for s in subscriptions}


def _set_bits(bits: int) -> Iterator[int]:
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


@lru_cache(maxsize=65536)
def stored_query(canonical: str) -> Query:
    return parse_canonical(canonical)


def evidence_of_fits() -> Callable[[Subscription, KnownPaper], Evidence]:
    """How papers fit queries; many chats share a query, so each pair is looked at once per plan."""
    known: dict[tuple[str, int], Evidence] = {}

    def evidence(subscription: Subscription, paper: KnownPaper) -> Evidence:
        key = (subscription.canonical, paper.id)
        if key not in known:
            hits = why(stored_query(subscription.canonical), paper.paper)
            words = tuple(dict.fromkeys(word for hit in hits for word in hit.terms))
            fields = {hit.field for hit in hits}
            known[key] = Evidence(words=words, in_title="title" in fields, by_author="author" in fields)
        return known[key]

    return evidence

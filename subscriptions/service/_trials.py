"""What chats would get, looked at before it is due: previews of what comes, and the newest batch at once."""

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from subscriptions import zones
from subscriptions.matching import Shelf
from subscriptions.model import Cadence, Chat, ChatAddress, Delivery, Facts, Item, Kind, KnownPaper, Subscription
from subscriptions.planning import Due, Evidence, decide
from subscriptions.query import Query, parse_query
from subscriptions.service._plans import (
    Window,
    evidence_of_fits,
    shows_more,
    stored_query,
)
from subscriptions.service._recent import recent
from subscriptions.service._wishes import get_chat
from subscriptions.store import Planned, Store, Transaction, outbox, papers, people, skimming

PREVIEW_DAYS = 7
MOST_SHOWN = 20  # papers of a preview in a chat: it has no [show], so it must not be endless
MOST_READ = 60  # papers of a reply, the newest, that are read for what was found in them, a millisecond each


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a chat would get, not written down."""

    delivery: Delivery | None  # None: nothing
    known: int  # papers looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What wishes of a chat find among the papers known, told ones too."""

    wishes: tuple[Subscription, ...]  # that were tried; number 0: one that nobody made
    query: Query | None  # what was tried out, when it is no subscription of the chat
    delivery: Delivery | None  # what they find, as a delivery would show it; None: nothing
    told: int  # papers of it that the chat was told before
    known: int  # papers looked at
    days: int  # in so many days; 0 while no paper is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What wishes of a chat find on the newest day with announcements."""

    wishes: tuple[Subscription, ...]
    query: Query | None
    day: date | None  # by the chat's clock; None: no paper was ever announced
    known: int  # papers of that day
    delivery: Delivery | None  # None: nothing that the chat was not told before
    told: int  # papers that it was told before


def preview(
    store: Store, address: ChatAddress, *, now: datetime, text: str | None = None, days: int | None = None
) -> Preview:
    """What would be sent: to all wishes of a chat, or for one query. Nothing is written. Raises NotFound, QueryError."""
    chat = get_chat(store, address)
    with store.read() as session:
        wishes = people.subscriptions_of(session, [chat.id])[chat.id]
        if text is not None:
            wishes = (_untold(chat, parse_query(text), now),)
        mark, head = people.now_mark(session), papers.head(session)
        seen = {s.id: mark if s.seen is None else s.seen for s in wishes}
        if text is not None or days is not None:
            start = papers.change_before(session, now - timedelta(days=days or PREVIEW_DAYS))
            seen = dict.fromkeys(seen, start)
        window = Window(head)
        window.cover(session, min(seen.values(), default=head))
        fits = window.fits(wishes)
        told = outbox.told(session, [chat.id], [p.id for p in window.known])[chat.id] if text is None else set()
    decided = _decided(chat, wishes, window.known, fits, told, seen=seen, now=now, limited=shows_more(chat))
    return Preview(delivery=_delivery("preview", chat, decided, now), known=len(window.known))


def would_come(store: Store, chat: Chat, *, now: datetime, which: str = "") -> Tried:
    """What the wishes of a chat find among the papers of the last days; nothing is written. Raises QueryError.

    `which` is the number of a subscription or a query; "": all that are active.
    """
    with store.read() as session:
        wishes, query = _asked(session, chat, which, now)
        window = recent(session, store, now)
        fits = {wish.id: window.shelf.matching(stored_query(wish.canonical)) for wish in wishes}
        proof = _newest_read(window.papers, fits)
        case = _with_an_end(chat)
        decided = _decided(case, wishes, window.papers, fits, (), now=now, limited=True, evidence=proof)
        delivery = _delivery("preview", chat, decided, now)
        told = _told(session, chat, [item.paper.id for item in delivery.items]) if delivery else set()
    return Tried(
        wishes=wishes,
        query=query,
        delivery=delivery,
        told=len(told),
        known=len(window.papers),
        days=window.days,
    )


def newest_batch(
    store: Store,
    chat: Chat,
    *,
    now: datetime,
    which: str = "",
    key: str = "",
    day: date | None = None,
    told_too: bool = False,
) -> Batch:
    """What the wishes of a chat find on the newest day with announcements, or on another `day`. Raises QueryError.

    With `key`, unique for what a person asked, it is written down as a delivery, so all of it counts as told; the place
    of its subscriptions stays, so what comes for them by itself is all the rest. Without, nothing is written, and
    `told_too` shows what the chat was told before as well.
    """
    zone = zones.zone(chat.settings.timezone)
    with store.write() if key else store.read() as session:
        wishes, query = _asked(session, chat, which, now)
        newest = skimming.newest_change_at(session)
        day = day or (newest.astimezone(zone).date() if newest else None)
        if day is None:
            return Batch(wishes=wishes, query=query, day=None, known=0, delivery=None, told=0)
        known, shelf, of_day = _papers_of(session, store, day, zone, now)
        found = {wish.id: shelf.matching(stored_query(wish.canonical)) for wish in wishes}
        fits = {wish: tuple(place for place in places if place in of_day) for wish, places in found.items()}
        told = _told(session, chat, [known[place].id for places in fits.values() for place in places])
        skipped = set() if told_too else told
        case = chat if key else _with_an_end(chat)
        limited = not key or shows_more(chat)
        proof = None if key else _newest_read(known, fits)
        decided = _decided(case, wishes, known, fits, skipped, now=now, limited=limited, evidence=proof)
        if decided is not None:
            kind, items, facts = decided
            decided = kind, items, replace(facts, known=len(of_day), days=(day,), first=False)
        delivery = _delivery(secrets.token_hex(8), chat, decided, now)
        if key and delivery:
            _write_down(session, delivery, key, now)
    return Batch(wishes=wishes, query=query, day=day, known=len(of_day), delivery=delivery, told=len(told))


def _asked(
    session: Transaction, chat: Chat, which: str, now: datetime
) -> tuple[tuple[Subscription, ...], Query | None]:
    """The wishes that a person means, and the query where it is none of the chat's."""
    wishes = people.subscriptions_of(session, [chat.id])[chat.id]
    if not which.strip():
        return tuple(wish for wish in wishes if wish.state == "active"), None
    number = which.strip().removeprefix("#")
    for wish in wishes:
        if number == str(wish.number):
            return (wish,), None
    query = parse_query(which)
    for wish in wishes:
        if wish.canonical == query.canonical:
            return (wish,), None
    return (_untold(chat, query, now),), query


def _untold(chat: Chat, query: Query, now: datetime) -> Subscription:
    """A wish that nobody made."""
    return Subscription(
        id=0,
        chat_id=chat.id,
        number=0,
        text=query.text.strip(),
        canonical=query.canonical,
        cadence=Cadence(kind="now"),
        zone=None,
        since=now,
        seen=0,
        next_due_at=None,
    )


def _papers_of(
    session: Transaction, store: Store, day: date, zone: tzinfo, now: datetime
) -> tuple[tuple[KnownPaper, ...], Shelf, frozenset[int]]:
    """Papers with all that were announced on a local day, and the places of these."""
    start, end = (datetime.combine(d, time(0), zone).astimezone(UTC) for d in (day, day + timedelta(days=1)))
    after = papers.change_before(session, start)
    window = recent(session, store, now)
    known = window.papers if window.after <= after else papers.window(session, after, papers.head(session))
    shelf = window.shelf if known is window.papers else Shelf.of(paper.paper for paper in known)
    of_day = (place for place, paper in enumerate(known) if paper.changed_at and start <= paper.changed_at < end)
    return known, shelf, frozenset(of_day)


def _told(session: Transaction, chat: Chat, paper_ids: Sequence[int]) -> set[int]:
    return outbox.told(session, [chat.id], paper_ids)[chat.id]


def _with_an_end(chat: Chat) -> Chat:
    """The chat with a limit of what a reply may show."""
    return replace(chat, settings=replace(chat.settings, limit=min(chat.settings.limit or MOST_SHOWN, MOST_SHOWN)))


_Decided = tuple[Kind, tuple[Item, ...], Facts]
_Proof = Callable[[Subscription, KnownPaper], Evidence]


def _decided(
    chat: Chat,
    wishes: Sequence[Subscription],
    known: Sequence[KnownPaper],
    fits: Mapping[int, tuple[int, ...]],
    told: Collection[int],
    *,
    now: datetime,
    limited: bool,
    seen: Mapping[int, int] | None = None,
    evidence: _Proof | None = None,
) -> _Decided | None:
    """What the very function says that plans deliveries. Without `seen` every paper counts as new."""
    case = Due(
        chat=chat,
        subscriptions=tuple(wishes),
        seen=seen or dict.fromkeys((wish.id for wish in wishes), 0),
        papers=known,
        fits=fits,
        told=frozenset(told),
        due=now,
        now=now,
        zone=zones.zone(chat.settings.timezone),
        next_due=None,
        may_be_empty=False,
    )
    return decide(case, evidence or evidence_of_fits(), limited=limited)


def _newest_read(known: Sequence[KnownPaper], fits: Mapping[int, tuple[int, ...]]) -> _Proof:
    """How papers fit, of as many as a person waits for; the others are counted, and rank behind them."""
    read = evidence_of_fits()
    places = sorted({place for found in fits.values() for place in found})[-MOST_READ:]
    newest = {known[place].id for place in places}
    return lambda wish, paper: read(wish, paper) if paper.id in newest else Evidence(words=())


def _delivery(name: str, chat: Chat, decided: _Decided | None, now: datetime) -> Delivery | None:
    if decided is None:
        return None
    kind, items, facts = decided
    return Delivery(id=name, chat=chat, kind=kind, due=now, items=items, facts=facts)


def _write_down(session: Transaction, delivery: Delivery, key: str, now: datetime) -> None:
    planned = Planned(
        id=delivery.id,
        chat_id=delivery.chat.id,
        kind=delivery.kind,
        due=delivery.due,
        key=key,
        items=delivery.items,
        facts=delivery.facts,
    )
    outbox.add_deliveries(session, [planned], now=now)

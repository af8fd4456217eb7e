"""What chats would get, looked at before it is due: trials of what they ask for, and the newest batch at once."""

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import reduce
from operator import or_

from subscriptions import cadence as cadences
from subscriptions.model import (
    Announce,
    Cadence,
    Chat,
    Delivery,
    Item,
    KnownPaper,
    Paper,
    Subscription,
)
from subscriptions.planning import Due, Evidence, decide
from subscriptions.query import Query, parse_query
from subscriptions.service._counting import Entries, day_of, find, number_of, read
from subscriptions.service._plans import evidence_of_fits, shows_more, stored_query
from subscriptions.service._recent import Base, recent
from subscriptions.service._unseen import unseen
from subscriptions.store import Planned, Store, Transaction, index, outbox, papers, people

MOST_SHOWN = 20  # papers of a preview in a chat: it has no [show], so it must not be endless
MOST_READ = 60  # papers of a reply, the newest, that are read for what was found in them, a millisecond each

_Proof = Callable[[Subscription, KnownPaper], Evidence]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What wishes of a chat find among the papers known, told ones too."""

    wishes: tuple[Subscription, ...]  # that were tried; number 0: one that nobody made
    query: Query | None  # what was tried out, when it is no subscription of the chat
    delivery: Delivery | None  # what they find, as a delivery would show it; None: nothing
    told: int  # papers of it that the chat was told before
    waiting: int  # papers that subscriptions have still to bring
    base: Base  # what was looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What wishes of a chat find on the newest day with announcements."""

    wishes: tuple[Subscription, ...]
    query: Query | None
    day: date | None  # None: no paper was ever announced
    known: int  # papers of that day
    delivery: Delivery | None  # None: nothing that the chat was not told before
    told: int  # papers that it was told before


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What a chat would get of some papers."""

    chat: Chat
    wishes: Sequence[Subscription]
    entries: Entries
    fits: Mapping[int, int]  # id of a subscription -> the papers that it finds, as a set
    told: Collection[int] = ()  # numbers of papers that are left out
    limited: bool = True
    days: tuple[date, ...]
    known: int  # papers that were looked at


def would_come(store: Store, chat: Chat, *, now: datetime, which: str = "") -> Tried:
    """What the wishes of a chat find among the papers of the last days; nothing is written. Raises QueryError.

    `which` is the number of a subscription or a query; "": all that are active.
    """
    with store.read() as session:
        wishes, query = _asked(session, chat, which, now)
        window = recent(session, store, now)
        sets = window.find({str(wish.id): stored_query(wish.canonical) for wish in wishes}, chat)
        case = _Case(
            chat=_with_an_end(chat),
            wishes=wishes,
            entries=window.entries,
            fits={wish.id: sets.of[str(wish.id)] for wish in wishes},
            days=window.entries.days,
            known=sets.base.of,
        )
        told = _told(session, chat, window.entries, sets.union)
        delivery = _delivery(session, "preview", case, now, read_all=False)
        waiting = () if query else unseen(session, chat, wishes, upto=papers.head(session)).values()
    return Tried(
        wishes=wishes,
        query=query,
        delivery=delivery,
        told=len(told),
        waiting=len(set().union(*waiting)),
        base=sets.base,
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
    with store.write() if key else store.read() as session:
        wishes, query = _asked(session, chat, which, now)
        day = day or index.newest_day(session)
        if day is None:
            return Batch(wishes=wishes, query=query, day=None, known=0, delivery=None, told=0)
        entries = Entries.of(index.news(session, None, since=day, until=day), whole=True)
        known = entries.papers.bit_count()
        fits = {wish.id: _fitting(session, entries, wish) for wish in wishes}
        told = _told(session, chat, entries, _union(fits))
        case = _Case(
            chat=chat if key else _with_an_end(chat),
            wishes=wishes,
            entries=entries,
            fits=fits,
            told=() if told_too else told,
            limited=not key or shows_more(chat),
            days=(day,),
            known=known,
        )
        delivery = _delivery(session, secrets.token_hex(8), case, now, read_all=bool(key))
        if key and delivery:
            _write_down(session, delivery, key, now)
    return Batch(wishes=wishes, query=query, day=day, known=known, delivery=delivery, told=len(told))


def untold(chat: Chat, query: Query, now: datetime) -> Subscription:
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
    return (untold(chat, query, now),), query


def _fitting(session: Transaction, entries: Entries, wish: Subscription) -> int:
    return find(session, entries, stored_query(wish.canonical), most_read=None).bits


def _union(fits: Mapping[int, int]) -> int:
    return reduce(or_, fits.values(), 0)


def _told(session: Transaction, chat: Chat, entries: Entries, found: int) -> set[int]:
    numbers = [number_of(key) for key in entries.newest_first(found)]
    return outbox.told(session, [chat.id], numbers)[chat.id]


def _with_an_end(chat: Chat) -> Chat:
    """The chat with a limit of what a reply may show."""
    return replace(chat, settings=replace(chat.settings, limit=min(chat.settings.limit or MOST_SHOWN, MOST_SHOWN)))


# ------------------------------------------------------------------------------------------------------------ deliveries


def _delivery(session: Transaction, name: str, case: _Case, now: datetime, *, read_all: bool) -> Delivery | None:
    """What the very function says that plans deliveries; every paper counts as new. None: nothing.

    Unless all are read, only the newest are, and what is shown; the others are counted, and rank behind them.
    """
    papers_known, newest = _known_papers(session, case, read_all=read_all)
    place = {known.id: at for at, known in enumerate(papers_known)}
    prove = evidence_of_fits()
    due = Due(
        chat=case.chat,
        subscriptions=tuple(case.wishes),
        seen=dict.fromkeys((wish.id for wish in case.wishes), -1),
        papers=papers_known,
        fits={
            wish: tuple(place[number] for number in _numbers(case.entries, found)) for wish, found in case.fits.items()
        },
        told=frozenset(case.told),
        due=now,
        now=now,
        zone=cadences.zone(case.chat.settings.timezone),
        next_due=None,
        may_be_empty=False,
    )
    decided = decide(
        due,
        lambda wish, paper: prove(wish, paper) if paper.id in newest else Evidence(words=()),
        limited=case.limited,
    )
    if decided is None:
        return None
    kind, items, facts = decided
    shown = _read_what_is_shown(session, items, newest, case.wishes, prove)
    facts = replace(facts, known=case.known, days=case.days, first=False)
    return Delivery(id=name, chat=case.chat, kind=kind, due=now, items=shown, facts=facts)


def _numbers(entries: Entries, found: int) -> Iterator[int]:
    return map(number_of, entries.newest_first(found))


def _known_papers(session: Transaction, case: _Case, *, read_all: bool) -> tuple[list[KnownPaper], set[int]]:
    """What the wishes find, the newest first, and the numbers of those that were read."""
    found = _union(case.fits)
    keys = case.entries.newest_first(found)
    crosslisted = set(_numbers(case.entries, case.entries.crosslisted & found))
    newest = read(session, keys if read_all else keys[:MOST_READ])
    others = [_unread(key, crosslisted) for key in keys[len(newest) :]]
    return [*newest, *others], {known.id for known in newest}


def _unread(key: int, crosslisted: set[int]) -> KnownPaper:
    """A paper of which only is known what orders it."""
    number, day = number_of(key), day_of(key)
    kind = Announce.CROSS if number in crosslisted else None
    at = datetime.combine(day, time(0), UTC)
    return KnownPaper(
        id=number, paper=Paper(key="", announce_type=kind), change=None, changed_at=at, first_seen_at=at, day=day
    )


def _read_what_is_shown(
    session: Transaction, items: Sequence[Item], known: Collection[int], wishes: Sequence[Subscription], prove: _Proof
) -> tuple[Item, ...]:
    unread = papers.stored_papers(
        session, [item.paper.id for item in items if item.shown and item.paper.id not in known]
    )
    asked = {wish.number: wish for wish in wishes}

    def with_its_words(item: Item, paper: KnownPaper) -> Item:
        because = (replace(one, words=prove(asked[one.number], paper).words) for one in item.because)
        return replace(item, paper=paper, because=tuple(because))

    return tuple(with_its_words(item, unread[item.paper.id]) if item.paper.id in unread else item for item in items)


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

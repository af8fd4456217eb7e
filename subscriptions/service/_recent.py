"""The papers of the last days, kept ready for echoes and lists: people ask them one query after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from subscriptions.advice import Advice, advise
from subscriptions.matching import Shelf
from subscriptions.model import Chat, KnownPaper, Subscription
from subscriptions.query import Query, parse_canonical
from subscriptions.store import Store, Transaction, chat_outbox, papers

DAYS_KNOWN = 7  # an echo counts what a query would have brought in so many days
CAME_WITHIN = timedelta(days=60)  # a list says when papers came last, if it was since then
MOST_KEPT = 1500  # papers, the newest: about 25 KB of memory and 0.5 ms of reading each


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """The papers that became known in the last days, in the order of their changes."""

    after: int  # the change before the first of them
    head: int
    papers: tuple[KnownPaper, ...]
    shelf: Shelf
    days: int  # how many days they cover; 0 while no paper is known

    def found(self, query: Query) -> tuple[KnownPaper, ...]:
        """Those that a query finds, the newest first."""
        return tuple(self.papers[place] for place in reversed(self.shelf.matching(query)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What subscriptions find and brought."""

    found: Mapping[str, int]  # canonical text -> papers
    days: int  # in so many days that are known
    came: Mapping[int, datetime]  # number of a subscription -> when papers of it were sent last


_KEPT: WeakKeyDictionary[Store, Recent] = WeakKeyDictionary()


def recent(session: Transaction, store: Store, now: datetime) -> Recent:
    """The papers of the seven days before `now`, or of fewer when they are many. What was read before is not read again."""
    head = papers.head(session)
    before = papers.change_before(session, now - timedelta(days=DAYS_KNOWN))
    after = max(before, head - MOST_KEPT)
    kept = _KEPT.get(store)
    if kept is not None and kept.head == head and kept.after <= after:
        gone = sum((paper.change or 0) <= after for paper in kept.papers)
        known, shelf = kept.papers[gone:], kept.shelf.without_first(gone)
    else:
        known = papers.window(session, after, head)
        shelf = Shelf.of((paper.paper for paper in known), kept.shelf if kept else None)
    days = _days(known, now, more=before > 0, cut=after > before)
    found = _KEPT[store] = Recent(after=after, head=head, papers=known, shelf=shelf, days=days)
    return found


def read_recent(store: Store, *, now: datetime) -> None:
    """Reads the papers of the last days, up to a second of work, for use cases that are to find them ready."""
    with store.read() as session:
        recent(session, store, now)


def keep_recent(store: Store, *, now: datetime) -> None:
    """The same where somebody asked for them before: a program to which nobody talks is spared the memory."""
    if store in _KEPT:
        read_recent(store, now=now)


def _days(known: Sequence[KnownPaper], now: datetime, *, more: bool, cut: bool) -> int:
    """Of how many days papers are known; `more`: there are older ones, `cut`: the window does not reach back to them."""
    if more and not cut:
        return DAYS_KNOWN
    if not known:
        return 0
    oldest = min((paper.changed_at for paper in known if paper.changed_at), default=now)
    return min(DAYS_KNOWN, max(now - oldest, timedelta(0)).days + 1)


def activity(store: Store, chat: Chat, wishes: Sequence[Subscription], *, now: datetime) -> Brought:
    """How many papers of the last days these subscriptions of a chat find, and when they brought some."""
    with store.read() as session:
        window = recent(session, store, now)
        came = chat_outbox.last_came(session, chat.id, now - CAME_WITHIN)
    queries = {wish.canonical for wish in wishes}
    found = {text: len(window.shelf.matching(parse_canonical(text))) for text in queries}
    return Brought(found=found, days=window.days, came=came)


def advice_on(store: Store, chat: Chat, query: Query, *, now: datetime, categorised: bool = True) -> Advice | None:
    """The advice on a query that has most effect on the papers known; None: it is fine as it is.

    `categorised`: some source tells categories.
    """
    with store.read() as session:
        window = recent(session, store, now)
    crosslists = chat.settings.crosslists != "out"
    return advise(query, window.shelf, days=window.days, categorised=categorised, crosslists=crosslists)


def found_lately(store: Store, query: Query, *, now: datetime) -> tuple[tuple[KnownPaper, ...], int]:
    """The papers of the last days that a query finds, newest first, and of how many days papers are known."""
    with store.read() as session:
        window = recent(session, store, now)
    return window.found(query), window.days

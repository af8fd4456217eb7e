"""A search through all that is stored, not only one stretch of it."""

from datetime import date, datetime, timedelta

from subscriptions.model import KnownPaper
from subscriptions.query import Query
from subscriptions.service._search import search
from subscriptions.store import Store


def search_all(store: Store, query: Query, *, days: int | None, now: datetime) -> tuple[tuple[KnownPaper, ...], int]:
    """The papers that a query finds, the newest first, and how many were looked at: all, or those of the last days."""
    first = None if days is None else (now - timedelta(days=days)).date()
    found: list[KnownPaper] = []
    looked, upto = 0, None
    while True:
        stretch = search(store, query, upto=upto)
        found += (known for known in stretch.papers if first is None or paper_day(known) >= first)
        looked += stretch.looked
        if stretch.below is None:
            return tuple(found), looked
        upto = stretch.below


def paper_day(known: KnownPaper) -> date:
    """The day under which a paper counts: that of its digest, else when it came."""
    return known.day or (known.changed_at or known.first_seen_at).date()

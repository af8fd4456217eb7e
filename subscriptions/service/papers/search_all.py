"""A search through all that is stored, not only one stretch of it."""

from datetime import date, datetime, timedelta

from subscriptions.model import KnownPaper
from subscriptions.query import Query
from subscriptions.service.papers.counting import MOST_COUNTED
from subscriptions.service.papers.paper_search import search
from subscriptions.store import Store


def search_all(store: Store, query: Query, *, days: int | None, now: datetime) -> tuple[tuple[KnownPaper, ...], int]:
    """The papers that a query finds, the newest first, and how many are stored; of all, or of those of the last days."""
    first = date.min if days is None else (now - timedelta(days=days)).date()
    found: list[KnownPaper] = []
    upto: int | None = None
    while True:
        stretch = search(store, query, upto=upto, most=MOST_COUNTED)
        found += (known for known in stretch.papers if known.day >= first)
        if stretch.below is None or (stretch.since or first) < first:
            return tuple(found), stretch.stored
        upto = stretch.below

"""The day of a paper: in a database of the previous schema, and in all rows written since."""

from datetime import date, timedelta

import pytest

from subscriptions.model import Announce, KnownPaper
from subscriptions.store.database.store import Store
from tests.make import NOON, digest, ingest_digest, paper, stored_papers

pytestmark = pytest.mark.both_databases

# Two digests of 20 and 22 January, received at nine in the morning of those days; a third came without new papers.
# title, first seen, change and its moment, the digests it is in → its day


def stored_days(store: Store) -> dict[str, date | None]:
    return {title: known.day for title, known in stored(store).items()}


def stored(store: Store) -> dict[str, KnownPaper]:
    with store.read() as session:
        return {known.paper.title: known for known in stored_papers(session)}


def test_a_paper_counts_for_the_day_of_its_digest(store: Store) -> None:
    replaced = paper("Known by a replacement", kind=Announce.REPLACE, arxiv_id="2601.90001")
    twice = paper("In two digests", "cs.LG", arxiv_id="2601.90002")
    days = [date(2026, 1, 20), date(2026, 1, 21), date(2026, 1, 22)]
    for n, content in enumerate((digest(replaced, twice), digest(twice, name="again"))):
        ingest_digest(store, content, source="daily", day=days[n], now=NOON + timedelta(hours=n))
    assert stored_days(store) == {"Known by a replacement": days[0], "In two digests": days[0]}
    announced = paper("Known by a replacement", arxiv_id="2601.90001")
    moved = paper("In two digests", "cs.LG", "cs.CL", kind=Announce.CROSS, arxiv_id="2601.90002")
    ingest_digest(store, digest(announced, moved), source="daily", day=days[2], now=NOON + timedelta(hours=3))
    assert stored_days(store) == {"Known by a replacement": days[2], "In two digests": days[2]}


def test_merged_papers_count_for_the_day_of_the_news(store: Store) -> None:
    untitled = paper("One Work", arxiv_id=None)
    for n, content in enumerate((digest(untitled), digest(paper("One Work", arxiv_id="2601.90003")))):
        ingest_digest(store, content, source=f"s{n}", day=date(2026, 1, 20 + n), now=NOON + timedelta(hours=n))
    assert stored_days(store) == {"One Work": date(2026, 1, 20)}

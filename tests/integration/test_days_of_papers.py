"""The day of a paper: in a database of the previous schema, and in all rows written since."""

import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine

from subscriptions.model import Announce, KnownPaper
from subscriptions.service.papers import ingest_digest
from subscriptions.store import Store
from subscriptions.store.database.schema_upgrade import alembic_config
from tests.make import NOON, digest, paper, stored_papers

pytestmark = pytest.mark.both_databases

# Two digests of 20 and 22 January, received at nine in the morning of those days; a third came without papers of its own.
DIGESTS = """
INSERT INTO source (name, kind, location, title, home, schedule, validators, state)
    VALUES ('daily', 'file', '', '', '', '', '{}', '{}');
INSERT INTO digest (id, content_hash, source, format, date, received_at, counts, warnings) VALUES
    (1, 'a', 'daily', 'daily_arxiv_md', '2026-01-20', '2026-01-21 09:00:00.000000', '{}', '[]'),
    (2, 'b', 'daily', 'daily_arxiv_md', '2026-01-22', '2026-01-22 09:00:00.000000', '{}', '[]');
"""
PAPER = """
INSERT INTO paper (id, key, title, abstract, authors, categories, comment, "cross", first_seen_at, change, changed_at)
    VALUES (?, ?, ?, '', '[]', '[]', '', 0, ?, ?, ?)
"""
# title, first seen, change and its moment, the digests it stands in → its day
CASES = (
    ("came with the first", "2026-01-21 09:00:00.000000", 1, "2026-01-21 09:00:00.000000", (1,), date(2026, 1, 20)),
    ("moved by the second", "2026-01-21 09:00:00.000000", 2, "2026-01-22 09:00:00.000000", (1, 2), date(2026, 1, 22)),
    (
        "in both, moved by none",
        "2026-01-21 09:00:00.000000",
        3,
        "2026-01-21 09:00:00.000000",
        (1, 2),
        date(2026, 1, 20),
    ),
    ("never announced", "2026-01-22 09:00:00.000000", None, None, (2,), date(2026, 1, 22)),
    ("whose digest nobody knows", "2025-12-31 23:30:00.000000", None, None, (), date(2025, 12, 31)),
)


def test_a_database_of_the_version_before_learns_the_days_of_its_papers(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    write_before_days(path)
    store = Store(f"sqlite:///{path}")
    store.open(now=NOON, copies=tmp_path / "copies")
    assert stored_days(store) == {title: day for title, *_, day in CASES}
    store.close()


def write_before_days(path: Path) -> None:
    """Creates a database at schema 0004, with these papers."""
    with create_engine(f"sqlite:///{path}").begin() as connection:
        command.upgrade(alembic_config(connection), "0004")
    with sqlite3.connect(path) as old:
        old.executescript(DIGESTS)
        for number, (title, seen, change, changed_at, digests, _) in enumerate(CASES, 1):
            old.execute(PAPER, (number, f"key {number}", title, seen, change, changed_at))
            rows = [(number, one) for one in digests]
            old.executemany("INSERT INTO appearance (paper, digest, kind) VALUES (?, ?, '')", rows)
    old.close()


def stored_days(store: Store) -> dict[str, date | None]:
    return {title: known.day for title, known in stored(store).items()}


def stored(store: Store) -> dict[str, KnownPaper]:
    with store.read() as session:
        return {known.paper.title: known for known in stored_papers(session)}


def test_a_paper_counts_under_the_day_of_the_digest_that_made_it_news(store: Store) -> None:
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


def test_two_papers_that_turn_out_to_be_one_count_under_the_day_of_the_news(store: Store) -> None:
    untitled = paper("One Work", arxiv_id=None)
    for n, content in enumerate((digest(untitled), digest(paper("One Work", arxiv_id="2601.90003")))):
        ingest_digest(store, content, source=f"s{n}", day=date(2026, 1, 20 + n), now=NOON + timedelta(hours=n))
    assert stored_days(store) == {"One Work": date(2026, 1, 20)}

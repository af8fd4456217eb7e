"""News of kept papers and their transactions: whatever is killed when, each piece of news is in the outbox once."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest
import sqlalchemy as sa

from subscriptions.chats.stored.chats import find_chat
from subscriptions.database.store import Store
from subscriptions.life import Event, Mark
from subscriptions.model import Announce, Paper, Signal
from subscriptions.papers.stored.feedback import note_signal
from subscriptions.plan.plan import plan_due
from tests import make, stored
from tests.clock import NOON
from tests.make import DAY, MINUTE, address, digest, ingest_digest, paper

pytestmark = pytest.mark.both_databases

CHATS = ("console:saves", "console:likes")
KITES = paper("Kites", arxiv_id="2601.70001", version=1, abstract="Kites fly.", comment="9 pages")
GLUE = paper("Glue", arxiv_id="2601.70002", version=1, abstract="Glue holds.", comment="9 pages")
OF_JOURNAL = paper("Knots", arxiv_id=None, key="10.1234/knots", doi="10.1234/knots", venue="Knots", url=None)
GONE = "This paper has been withdrawn by the authors."


def again(known: Paper, version: int, **values: object) -> Paper:
    return replace(known, version=version, announce_type=Announce.REPLACE, **values)  # type: ignore[arg-type]


# what a year brings, day by day: papers of arXiv, and notices about others
YEAR: list[tuple[list[Paper], list[Mark]]] = [
    ([again(KITES, 2)], []),
    ([again(KITES, 2, doi="10.1234/kites", comment="Accepted at Kites"), again(GLUE, 2, comment=GONE)], []),
    (
        [again(KITES, 1)],
        [Mark(keys=("doi:10.1234/knots",), event=Event.CONCERN, notice="10.1234/n.1", day="2026-01-24")],
    ),
    ([again(GLUE, 3)], [Mark(keys=("doi:10.1234/knots",), event=Event.RETRACTED, notice="10.1234/n.2")]),
    (
        [again(KITES, 3, comment="10 pages")],
        [Mark(keys=("doi:10.1234/kites",), event=Event.CORRECTED, day="2026-01-26")],
    ),
]
TOLD = {
    "console:saves": [
        ["version 2"],
        ["published"],
        ["withdrawn by the authors", "you kept it on 22 Jan"],
        ["expression of concern, 24 Jan", "you kept it on 22 Jan"],
        ["retracted", "you kept it on 22 Jan"],
        ["version 3: “9 pages”"],
        ["corrected, 26 Jan", "version 3: “10 pages”"],
    ],
    "console:likes": [
        ["published"],
        ["withdrawn by the authors", "you liked it on 22 Jan"],
        ["expression of concern, 24 Jan", "you liked it on 22 Jan"],
        ["retracted", "you liked it on 22 Jan"],
    ],
}  # fmt: skip


class Killed(BaseException):
    """The process is killed before it commits."""


@contextmanager
def killed_at(store: Store, number: int) -> Iterator[list[int]]:
    """Kill the commit with this number. The list has the number of those that were tried."""
    tried = [0]

    def count(_: object) -> None:
        tried[0] += 1
        if tried[0] == number:
            raise Killed

    sa.event.listen(sa.Engine, "commit", count)
    try:
        yield tried
    finally:
        sa.event.remove(sa.Engine, "commit", count)


def lives(store: Store, *, kill: int = 0) -> int:
    """Let a year pass, with one kill, after which the step is done again. Return the number of commits."""
    make.subscribes(store, CHATS[0], "nothing")
    make.subscribes(store, CHATS[1], "nothing")
    make.ingested(store, KITES, GLUE, source="arxiv", of_arxiv=True)
    make.ingested(store, OF_JOURNAL)
    for chat, kind in zip(CHATS, (Signal.SAVED, Signal.LIKED), strict=True):
        with store.reading() as session:
            known = find_chat(session, address(chat))
        assert known
        store.write_now(note_signal, known, [1, 2, 3], kind, now=NOON)
    with killed_at(store, kill) as tried:
        for number, (papers, marks) in enumerate(YEAR, 1):
            now = NOON + number * DAY
            came = replace(digest(*papers, name=str(number)), marks=tuple(marks))
            for step in (
                lambda now=now, came=came: ingest_digest(
                    store, came, source="arxiv", day=now.date(), now=now, of_arxiv=True
                ),
                lambda now=now: plan_due(store, now=now),
                lambda now=now: plan_due(store, now=now + MINUTE),
            ):
                try:
                    step()
                except Killed:
                    step()
    return tried[0]


def told(store: Store) -> dict[str, list[list[str]]]:
    """Return chat → the lines of each paper in the notices of its outbox, in the order of their sending."""
    found: dict[str, list[list[str]]] = {chat: [] for chat in CHATS}
    select = "SELECT chat.address, facts FROM delivery JOIN chat ON chat.id = delivery.chat WHERE delivery.kind = 'notice' ORDER BY seq"
    for chat, facts in stored.rows(store, select):
        read = json.loads(facts) if isinstance(facts, str) else facts
        found[f"console:{chat}"] += [[text for text, _ in one["lines"]] for one in read["news"]]
    return found


def test_a_year_is_told_once_whichever_commit_is_killed(new_url: str, made: Store) -> None:
    commits = lives(made)
    assert {chat: sorted(lines) for chat, lines in told(made).items()} == {
        chat: sorted(lines) for chat, lines in TOLD.items()
    }
    assert commits > len(YEAR) * 2
    if made.kind.file is None:
        return  # transactions of a server are tried in the stories of processes
    whole = told(made)
    for kill in range(1, commits + 1):
        with closing(Store(f"{new_url}.{kill}")) as store:
            store.open(now=NOON)
            lives(store, kill=kill)
            assert told(store) == whole, f"commit {kill}"

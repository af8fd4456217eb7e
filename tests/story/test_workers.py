"""Three real workers on one PostgreSQL: the fake Telegram's journal is the judge."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from subscriptions.store import Store
from tests.cluster.workers import Verdict, Workers, fill, judged, workers
from tests.fakes.process import Remote, running
from tests.postgres.server import Server

LANES, PAPERS, MESSAGES = 60, 39, 3
IN_HAND = 10  # messages that a worker sends at once


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[Remote]:
    with running("telegram", journal=tmp_path / "journal") as fake:
        fake.call("opens_to_all")
        yield fake


@pytest.fixture
def three(postgres: Server, fake: Remote, tmp_path: Path) -> Iterator[Workers]:
    """Three workers that have just been started, with three messages for each of sixty chats."""
    with postgres.database() as url:
        store = Store(url)
        fill(store, lanes=LANES, papers=PAPERS)
        store.close()
        with workers(url, fake, tmp_path) as started:
            started.start(3)
            yield started


def sent(three: Workers, *, at_least: int) -> bool:
    return len(three.posts) >= at_least


def is_whole(three: Workers) -> bool:
    return len(three.posts) >= LANES * MESSAGES and judged(three.posts, lanes=LANES, papers=PAPERS).lost == 0


@pytest.mark.timeout(300)
def test_three_workers_send_everything_once_and_in_order(three: Workers) -> None:
    three.wait_for(lambda: is_whole(three), "all is sent")
    assert judged(three.posts, lanes=LANES, papers=PAPERS) == Verdict(lost=0, duplicates=0, disorder=0, at_once=1)

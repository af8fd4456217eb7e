"""Three real workers on one PostgreSQL. The checks use the fake Telegram's journal."""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psycopg
import pytest

from subscriptions.service.plan import plan_due
from subscriptions.service.senders_at_work import workers_at_work
from subscriptions.store.database.store import Store
from tests.fakes.process import Remote
from tests.postgres.server import Server
from tests.programs.cluster.workers import Verdict, Workers, fill, judged, workers

LANES, PAPERS, MESSAGES = 20, 39, 3
IN_HAND = 10  # messages that a worker sends at once


@pytest.fixture
def lanes() -> int:
    """The number of chats that wait for three messages each."""
    return LANES


@pytest.fixture
def three(postgres: Server, fake: Remote, tmp_path: Path, lanes: int) -> Iterator[Workers]:
    """Three workers that have just started."""
    with postgres.database() as url:
        store = Store(url)
        fill(store, lanes=lanes, papers=PAPERS)
        store.close()
        with workers(url, fake, tmp_path) as started:
            started.start(3)
            yield started


NOTHING_WAITS = pytest.mark.parametrize("lanes", [0])


def sent(three: Workers, *, at_least: int) -> bool:
    return len(three.posts) >= at_least


def is_whole(three: Workers) -> bool:
    return len(three.posts) >= LANES * MESSAGES and judged(three.posts, lanes=LANES, papers=PAPERS).lost == 0


def test_of_killed_workers_nothing_is_lost_and_little_is_sent_twice(three: Workers) -> None:
    for kills in (1, 2):
        three.wait_for(partial(sent, three, at_least=kills * LANES), f"{kills * LANES} are sent")
        three.kill()
        three.start()
    three.wait_for(lambda: is_whole(three), "all is sent")
    found = judged(three.posts, lanes=LANES, papers=PAPERS)
    assert found == Verdict(lost=0, duplicates=found.duplicates, disorder=0, at_once=1)
    assert found.duplicates <= 2 * IN_HAND


def test_workers_that_are_replaced_one_by_one_send_nothing_twice(three: Workers) -> None:
    for left in (1, 2, 3):
        three.wait_for(partial(sent, three, at_least=left * LANES * 3 // 4), f"{left} quarters are sent")
        three.start()
        assert three.terminate() == 0
    three.wait_for(lambda: is_whole(three), "all is sent")
    assert judged(three.posts, lanes=LANES, papers=PAPERS) == Verdict(lost=0, duplicates=0, disorder=0, at_once=1)


def test_lanes_whose_jobs_are_lost_are_found_by_the_sweep(postgres: Server, fake: Remote, tmp_path: Path) -> None:
    with postgres.database() as url:
        store = Store(url)
        fill(store, lanes=LANES, papers=PAPERS)
        assert len(plan_due(store, now=datetime.now(UTC))) == LANES
        store.close()
        with psycopg.connect(url) as connection:
            assert connection.execute("DELETE FROM procrastinate_jobs").rowcount == LANES
        with workers(url, fake, tmp_path) as started:
            started.start()
            started.wait_for(lambda: is_whole(started), "all is sent")
            found = judged(started.posts, lanes=LANES, papers=PAPERS)
        assert found == Verdict(lost=0, duplicates=0, disorder=0, at_once=1)


@NOTHING_WAITS
def test_when_the_worker_that_receives_is_killed_another_one_answers(three: Workers, fake: Remote) -> None:
    """Telegram lets only one client at a time read updates."""
    for answers in range(3):
        fake.call("user_writes", "/list", "1")
        three.wait_for(partial(sent, three, at_least=answers + 1), "an answer")
        three.wait_for(lambda: is_answered(three), "the answer is stored as posted, so nobody posts it again")
        (receiver,) = (place for place, log in enumerate(three.logs_of_alive) if "This worker receives" in log)
        number = three.alive[receiver].pid
        three.wait_for(partial(is_receiving, three, number), "its first heartbeat says that it is alive")
        three.kill(receiver)
        three.start()
    assert [entry.chat for entry in three.posts] == ["1"] * 3


@NOTHING_WAITS
def test_when_the_worker_that_receives_is_stopped_another_one_answers_also_after_it_goes_on(
    three: Workers, fake: Remote
) -> None:
    three.wait_for(lambda: receiving(three) != 0, "somebody receives")
    stopped = receiving(three)
    (place,) = (place for place, worker in enumerate(three.alive) if worker.pid == stopped)
    three.signal(signal.SIGSTOP, place)
    fake.call("user_writes", "/list", "1")
    three.wait_for(partial(sent, three, at_least=1), "an answer")
    assert receiving(three) not in (0, stopped)
    three.signal(signal.SIGCONT, place)
    three.wait_for(lambda: "does not receive any more" in three.log_of[stopped].read_text(), "it notices")
    fake.call("user_writes", "/help", "1")
    three.wait_for(partial(sent, three, at_least=2), "another answer")
    assert receiving(three) not in (0, stopped)
    assert len(three.posts) == 2


def is_answered(three: Workers) -> bool:
    """Returns whether no answer waits to be posted or confirmed."""
    with psycopg.connect(three.url) as connection:
        return connection.execute("SELECT count(*) FROM update WHERE state != 'done'").fetchone() == (0,)


def is_receiving(three: Workers, number: int) -> bool:
    return receiving(three) == number


def receiving(three: Workers) -> int:
    """Returns the number of the worker that receives updates, as in `paperwire workers`, or 0."""
    store = Store(three.url)
    found = workers_at_work(store, is_running=lambda _: False)
    store.close()
    receivers = [one.known.where.number for one in found if one.receives and one.is_alive]
    assert len(receivers) <= 1
    return receivers[0] if receivers else 0

"""A worker is stopped (SIGSTOP) while it sends, others take it for dead, and later it goes on. The checks use the fake's journal.

A stopped process keeps its sessions of the database, so the lane in which it is sending waits for it. If these sessions
were cut, too, nobody can know whether the process will go on. Then another worker posts the message again, as after a
kill.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from subscriptions.store.database.store import Store
from tests.fakes.process import Remote
from tests.postgres.server import Server
from tests.programs.cluster import worker
from tests.programs.cluster.workers import Verdict, Workers, bring, fill, judged, paper_ids, workers

PAPERS = 13  # papers that fill a message
BEFORE_IT_MARKS, BEFORE_IT_POSTS = worker.PAUSES
WHILE_IT_POSTS = "while it posts the message"
IS_QUIET = """
    SELECT NOT EXISTS (SELECT FROM delivery JOIN chat ON chat.id = chat WHERE address = '2' AND settled_at IS NULL)
    AND NOT EXISTS (SELECT FROM lease WHERE name = 'telegram:2') AND NOT EXISTS (
        SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND pid != pg_backend_pid() AND xact_start IS NOT NULL
    )
"""  # a worker that was stopped within a transaction, or with the other lane, would hold up its successor
IS_DEAD = """
    SELECT NOT EXISTS (SELECT FROM worker WHERE number = %s) AND NOT EXISTS (
        SELECT FROM procrastinate_jobs WHERE lock = 'lane:telegram:1'
        AND (status = 'doing' AND (worker_id = ANY(%s)) IS NOT FALSE OR status = 'todo' AND coalesce(scheduled_at, '-infinity') <= now())
    )
"""  # its successor has taken each job of the lane
CUT = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid != pg_backend_pid()
"""


@pytest.fixture
def started(postgres: Server, fake: Remote, tmp_path: Path) -> Iterator[Workers]:
    """No workers yet. A message waits for each of the chats 1 and 2."""
    with postgres.database() as url:
        with closing(Store(url)) as store:
            fill(store, lanes=2, papers=PAPERS)
        with workers(url, fake, tmp_path, looks="keen") as started:
            yield started


@pytest.fixture
def outside(started: Workers) -> Iterator[psycopg.Connection]:
    with psycopg.connect(started.url, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    ("moment", "is_cut"),
    [
        (BEFORE_IT_MARKS, False),
        (BEFORE_IT_POSTS, False),
        (BEFORE_IT_POSTS, True),
        (WHILE_IT_POSTS, False),
        (WHILE_IT_POSTS, True),
    ],
)
def test_a_worker_that_was_stopped_and_replaced_posts_nothing_beside_its_successor(
    started: Workers, fake: Remote, outside: psycopg.Connection, moment: str, *, is_cut: bool
) -> None:
    """`is_cut`: the sessions of the stopped worker are cut, too."""
    stop(started, outside, moment)
    pid = started.alive[0].pid
    jobs_of = [number for (number,) in outside.execute("SELECT id FROM procrastinate_workers")]
    if is_cut:
        fake.call("releases")  # a platform does not let a post wait for long
        outside.execute(CUT)
    if moment == BEFORE_IT_MARKS:
        fake.call("answers", "hang after", chat="1")
    started.start()
    started.wait_for(lambda: outside.execute(IS_DEAD, (pid, jobs_of)).fetchone() == (True,), "others take it for dead")
    if moment == BEFORE_IT_MARKS:
        fake.call("waits_hanging")  # its successor posts in the lane
        goes_on(started)
        started.wait_for(lambda: worker.LEAVES in started.log_of[pid].read_text(), "it finds the lane taken")
        fake.call("releases")
    with closing(Store(started.url)) as store:
        bring(store, paper_ids(PAPERS, PAPERS))
    started.wait_for(lambda: has_both(started, "2"), "the other lane has its next message")
    if is_cut:
        started.wait_for(lambda: has_both(started, "1"), "its successor has sent everything")
    fake.call("releases")
    goes_on(started)
    started.wait_for(lambda: worker.LEAVES in started.log_of[pid].read_text(), "it leaves the lane")
    started.wait_for(lambda: has_both(started, "1"), "all is sent")
    found = judged(started.posts, lanes=2, papers=2 * PAPERS)
    assert found == Verdict(lost=0, duplicates=int(is_cut), disorder=0, at_once=1)


def stop(started: Workers, outside: psycopg.Connection, moment: str) -> None:
    """Starts a worker, and stops it at this moment of its first post in the lane telegram:1, when it does nothing else."""
    if moment == WHILE_IT_POSTS:
        started.fake.call("answers", "hang after", chat="1")
        started.start()
        started.fake.call("waits_hanging")
    else:
        started.start(pauses=moment)
        started.wait_for(lambda: worker.HAS_PAUSED in started.logs_of_alive[0], "it pauses")
    started.wait_for(lambda: is_stopped(started, outside), "it does nothing else")


def is_stopped(started: Workers, outside: psycopg.Connection) -> bool:
    """Stops the worker. Returns whether it does nothing else; if it does, lets it go on."""
    started.signal(signal.SIGSTOP)
    os.waitid(os.P_PID, started.alive[0].pid, os.WSTOPPED)
    if outside.execute(IS_QUIET).fetchone() == (True,):
        return True
    started.signal(signal.SIGCONT)
    return False


def goes_on(started: Workers) -> None:
    for one in (signal.SIGUSR1, signal.SIGCONT):
        started.signal(one)


def has_both(started: Workers, chat: str) -> bool:
    """Whether a chat got both of its messages."""
    return len({entry.text for entry in started.posts if entry.chat == chat}) == 2

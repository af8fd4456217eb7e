"""Real processes on one PostgreSQL, one after another, and two at the same time.

The checks use the fake Telegram's journal.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.process import Remote
from tests.postgres.server import Server
from tests.programs.several_processes import judging
from tests.programs.several_processes.processes import Processes, paper_ids, processes

LANES, PAPERS, MESSAGES = 20, 39, 3
IN_HAND = 10  # messages that a process sends at once
CHATS = [str(n) for n in range(1, LANES + 1)]


@pytest.fixture
def bots(postgres: Server, fake: Remote, tmp_path: Path) -> Iterator[Processes]:
    """A database with subscriptions, on which no process runs yet."""
    with postgres.database(empty=True) as url, processes(url, fake, tmp_path) as started:
        started.subscribes(CHATS)
        yield started


def sends(bots: Processes) -> None:
    """Papers come that fill three messages for each chat, and a process begins."""
    assert bots.brings(paper_ids(0, PAPERS))
    bots.start()


def verdict(bots: Processes) -> judging.Verdict:
    papers = paper_ids(0, PAPERS)
    return judging.judged(bots.posts, [], wanted=dict.fromkeys(CHATS, papers), first=papers, said={})


def is_whole(bots: Processes) -> bool:
    return len(bots.posts) >= LANES * MESSAGES and not verdict(bots).lost


def test_of_killed_processes_nothing_is_lost_and_little_is_sent_twice(bots: Processes) -> None:
    sends(bots)
    for kills in (1, 2):
        bots.wait_for(lambda kills=kills: len(bots.posts) >= kills * LANES, f"{kills * LANES} are sent")  # type: ignore[misc]
        bots.kill()
        bots.start()
    bots.wait_for(lambda: is_whole(bots), "all is sent")
    found = verdict(bots)
    assert (found.out_of_order, found.at_once) == ([], [])
    assert len(found.wrongly_doubled) <= 2 * IN_HAND


def test_processes_that_are_replaced_send_nothing_twice(bots: Processes) -> None:
    sends(bots)
    for left in (1, 2):
        bots.wait_for(lambda left=left: len(bots.posts) >= left * LANES, f"{left} thirds are sent")  # type: ignore[misc]
        assert bots.stop() == 0
        bots.start()
    bots.wait_for(lambda: is_whole(bots), "all is sent")
    found = verdict(bots)
    assert (found.lost, found.wrongly_doubled, found.out_of_order, found.at_once) == ([], [], [], [])


def test_a_second_process_waits_until_the_first_is_gone(bots: Processes, fake: Remote) -> None:
    bots.start()
    first = bots.alive[0]
    first.waits_until_ready()
    bots.start()
    second = bots.alive[1]
    second.waits_for_line(f"Waiting: process {first.pid} on .* works on this database")
    fake.call("user_writes", "/list", "1")
    bots.wait_for(lambda: len(bots.posts) == 1, "an answer of the first")
    bots.kill()
    second.waits_until_ready()
    fake.call("user_writes", "/help about", "1")
    # the first may have been killed before it had noted its own answer: then the second says so first
    bots.wait_for(lambda: "Thank you to arXiv" in bots.posts[-1].text, "an answer of the second")
    bots.start()
    bots.alive[1].waits_for_line("Waiting")
    assert bots.stop() == 0
    bots.alive[0].waits_until_ready()

"""Several real processes on one PostgreSQL. The checks use the fake Telegram's journal."""

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
def three(postgres: Server, fake: Remote, tmp_path: Path) -> Iterator[Processes]:
    """Three processes that have just started."""
    with postgres.database(empty=True) as url, processes(url, fake, tmp_path) as started:
        started.subscribes(CHATS)
        yield started


def sends(three: Processes) -> None:
    """Papers come that fill three messages for each chat, and three processes begin."""
    assert three.brings(paper_ids(0, PAPERS))
    three.start(3)


def verdict(three: Processes) -> judging.Verdict:
    papers = paper_ids(0, PAPERS)
    return judging.judged(three.posts, [], wanted=dict.fromkeys(CHATS, papers), first=papers, said={})


def is_whole(three: Processes) -> bool:
    return len(three.posts) >= LANES * MESSAGES and not verdict(three).lost


def test_of_killed_processes_nothing_is_lost_and_little_is_sent_twice(three: Processes) -> None:
    sends(three)
    for kills in (1, 2):
        three.wait_for(lambda kills=kills: len(three.posts) >= kills * LANES, f"{kills * LANES} are sent")  # type: ignore[misc]
        three.kill()
        three.start()
    three.wait_for(lambda: is_whole(three), "all is sent")
    found = verdict(three)
    assert (found.out_of_order, found.at_once) == ([], [])
    assert len(found.wrongly_doubled) <= 2 * IN_HAND


def test_processes_that_are_replaced_one_by_one_send_nothing_twice(three: Processes) -> None:
    sends(three)
    for left in (1, 2, 3):
        three.wait_for(lambda left=left: len(three.posts) >= left * LANES * 3 // 4, f"{left} quarters are sent")  # type: ignore[misc]
        three.start()
        assert three.stop() == 0
    three.wait_for(lambda: is_whole(three), "all is sent")
    found = verdict(three)
    assert (found.lost, found.wrongly_doubled, found.out_of_order, found.at_once) == ([], [], [], [])


def test_whoever_is_killed_another_one_answers(three: Processes, fake: Remote) -> None:
    """Telegram lets only one client at a time read updates."""
    three.start(3)
    for answers in (1, 2, 3):
        fake.call("user_writes", "/list", "1")
        three.wait_for(lambda answers=answers: len(three.posts) >= answers, "an answer")  # type: ignore[misc]
        fake.call("waits_until_confirmed")
        three.kill()
        three.start()
    assert [entry.chat for entry in three.posts] == ["1"] * 3

"""Crashes: the program runs as a process, and is killed at moments that the fake platform chooses.

The fake platform runs in its own process, and the checks read only its journal. No paper is ever lost, and each lane
keeps its order. A message may come twice if the platform cannot look it up, but at most one message for each kill.
"""

import re
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from subscriptions.service.amendments import set_settings
from subscriptions.store.database.store import Store
from tests.clock import NOON
from tests.fakes.process import Remote, running
from tests.fakes.slack import TOKEN as SLACK_TOKEN
from tests.fakes.telegram import TOKEN as TELEGRAM_TOKEN
from tests.forked import Forked, clean_environment
from tests.make import address, ingested, paper, subscribes
from tests.patience import PATIENCE

PAPERS = 39  # two messages in each delivery
CHATS = {"telegram": ("1", "2"), "slack": ("C1", "C2")}
LINK = re.compile(r"arxiv\.org/abs/([\d.]+)")


class Program:
    """Runs `paperwire deliver` as often as a test needs."""

    def __init__(self, tmp_path: Path, platform: str, fake: Remote) -> None:
        self.database = tmp_path / "paperwire.db"
        self.platform = platform
        self.environment = {
            **clean_environment(),
            "PAPERWIRE_DATABASE_URL": f"sqlite:///{self.database}",
            **(
                {"PAPERWIRE_TELEGRAM_TOKEN": TELEGRAM_TOKEN, "PAPERWIRE_TELEGRAM_API_URL": fake.url}
                if platform == "telegram"
                else {"PAPERWIRE_SLACK_BOT_TOKEN": SLACK_TOKEN, "PAPERWIRE_SLACK_API_URL": fake.url}
            ),
        }
        self.calls = 0

    def start(self) -> subprocess.Popen[str]:
        now = NOON + timedelta(minutes=self.calls)
        self.calls += 1
        command = ["bot", "deliver", "--now", now.isoformat(), "--json"]
        return Forked(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self) -> str:
        """Runs to the end. Returns what the program printed."""
        process = self.start()
        out, err = process.communicate(timeout=PATIENCE)
        assert "Traceback" not in err
        return out

    def kill(self, process: subprocess.Popen[str]) -> None:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)


@pytest.fixture(params=["telegram", "slack"])
def story(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Program, Remote]]:
    """Two chats that must get the same papers, and the program, which is not started yet."""
    platform = request.param
    with running(platform, journal=tmp_path / "journal") as fake:
        program = Program(tmp_path, platform, fake)
        store = Store(f"sqlite:///{program.database}")
        store.open(now=NOON)
        for chat in CHATS[platform]:
            fake.call("knows", chat)
            subscribes(store, f"{platform}:{chat}", "graph", every="now", since="1d", now=NOON - timedelta(hours=1))
            set_settings(store, address(f"{platform}:{chat}"), {"limit": "all"}, now=NOON - timedelta(hours=1))
        titles = [
            paper(f"A graph of kind {n}", arxiv_id=f"2601.{n:05d}", abstract="Text. " * 60) for n in range(PAPERS)
        ]
        ingested(store, *titles, now=NOON - timedelta(minutes=30))
        store.close()
        yield program, fake


def delivered(fake: Remote) -> dict[str, list[str]]:
    """Returns chat → the papers that it got, in the order in which the platform accepted them."""
    found: dict[str, list[str]] = {}
    for entry in fake.journal:
        if entry.kind == "post":
            links = dict.fromkeys(LINK.findall(str(entry.payload)))
            found.setdefault(entry.chat, []).extend(links)
    return found


def assert_whole(program: Program, fake: Remote, *, kills: int) -> None:
    """Checks that each chat got all papers in the same order, with at most one repeated message per kill (none on Slack)."""
    everything = {f"2601.{n:05d}" for n in range(PAPERS)}
    in_flight = kills if program.platform == "telegram" else 0
    messages = Counter((entry.chat, entry.text) for entry in fake.journal if entry.kind == "post")
    assert sum(times - 1 for times in messages.values()) <= in_flight * len(CHATS[program.platform])
    orders = set()
    for chat in CHATS[program.platform]:
        shown = delivered(fake)[chat]
        assert set(shown) == everything
        orders.add(tuple(dict.fromkeys(shown)))
    assert len(orders) == 1


def test_without_a_crash_every_paper_comes_once(story: tuple[Program, Remote]) -> None:
    program, fake = story
    program.finish()
    program.finish()
    assert_whole(program, fake, kills=0)


@pytest.mark.parametrize("moment", ["hang before", "hang after"])
@pytest.mark.parametrize("n", [0, 3])
def test_killed_while_the_platform_has_the_nth_message_in_hand(
    story: tuple[Program, Remote], moment: str, n: int
) -> None:
    program, fake = story
    fake.call("answers", moment, 1, after=n)
    process = program.start()
    fake.call("waits_hanging")
    program.kill(process)
    fake.call("releases", drop=True)
    program.finish()
    assert_whole(program, fake, kills=1)


@pytest.mark.parametrize(
    "condition",
    [
        "SELECT count(*) FROM delivery",
        "SELECT count(*) FROM delivery WHERE rendered_at IS NOT NULL",
        "SELECT count(*) FROM message WHERE state = 'sending'",
        "SELECT count(*) FROM message WHERE state = 'sent'",
    ],
    ids=["planned", "rendered", "claimed", "confirmed"],
)
def test_killed_as_soon_as_a_step_is_in_the_store(story: tuple[Program, Remote], condition: str) -> None:
    program, fake = story
    process = program.start()
    connection = sqlite3.connect(program.database, isolation_level=None)
    while process.poll() is None and not connection.execute(condition).fetchone()[0]:
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.001)  # without a wait, this loop would slow the program down
    connection.close()
    program.kill(process)
    program.finish()
    assert_whole(program, fake, kills=1)


def test_killed_again_and_again(story: tuple[Program, Remote]) -> None:
    program, fake = story
    for n in range(3):
        fake.call("answers", ("hang before", "hang after")[n % 2], 1)
        process = program.start()
        fake.call("waits_hanging")
        program.kill(process)
        fake.call("releases", drop=True)
    program.finish()
    assert_whole(program, fake, kills=3)


def test_asked_twice_it_ends_at_once_and_loses_nothing(story: tuple[Program, Remote]) -> None:
    program, fake = story
    fake.call("answers", "hang after", 1)
    process = program.start()
    fake.call("waits_hanging")
    process.send_signal(signal.SIGTERM)
    while process.poll() is None:  # the platform does not answer, so only the second signal can end the program
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
    assert process.communicate()[1].count("Traceback") == 0
    assert process.returncode == 1
    fake.call("releases", drop=True)
    program.finish()
    assert_whole(program, fake, kills=1)


def test_asked_to_stop_it_finishes_what_is_on_its_way_and_doubles_nothing(story: tuple[Program, Remote]) -> None:
    program, fake = story
    fake.call("answers", "hang after", 1)
    process = program.start()
    fake.call("waits_hanging")
    process.send_signal(signal.SIGTERM)
    fake.call("releases")
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    program.finish()
    assert_whole(program, fake, kills=0)

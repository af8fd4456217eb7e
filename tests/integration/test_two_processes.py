"""Two real processes on one database plan and deliver at the same time: the fake Telegram's journal is the judge."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from bot.delivery.sender import CONCURRENCY
from subscriptions.service.amendments import set_settings
from subscriptions.store.database.store import Store
from tests.fakes.process import Remote, running
from tests.fakes.telegram import TOKEN
from tests.forked import Forked, clean_environment
from tests.make import NOON, address, ingested, paper, subscribes
from tests.patience import PATIENCE

LANES = 40
PAPERS = 39  # three messages in each delivery
LINK = re.compile(r"arxiv\.org/abs/([\d.]+)")


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[Remote]:
    with running("telegram", journal=tmp_path / "journal") as fake:
        fake.call("opens_to_all")
        yield fake


@pytest.fixture
def database(tmp_path: Path, store: Store) -> Path:
    """A database where some hundred chats are to get the same papers, in three messages each."""
    with store.write() as transaction:
        for number in range(1, LANES + 1):
            chat = f"telegram:{number}"
            subscribes(transaction, chat, "graph", every="now", since="1d", now=NOON - timedelta(hours=1))
            set_settings(transaction, address(chat), {"limit": "all"}, now=NOON - timedelta(hours=1))
    papers = [paper(f"A graph of kind {n}", arxiv_id=f"2601.{n:05d}", abstract="Text. " * 60) for n in range(PAPERS)]
    ingested(store, *papers, now=NOON - timedelta(minutes=30))
    return store.path


def starts(database: Path, fake: Remote, *command: str) -> subprocess.Popen[str]:
    environment = clean_environment(
        PAPERWIRE_DATABASE_URL=f"sqlite:///{database}",
        PAPERWIRE_TELEGRAM_TOKEN=TOKEN,
        PAPERWIRE_TELEGRAM_API_URL=fake.url,
        PAPERWIRE_WEB_PORT="0",
    )
    return Forked(
        command,
        cwd=database.parent,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def assert_whole(fake: Remote) -> None:
    """Checks that every chat got every paper once, in the order of all others."""
    shown: dict[str, list[str]] = {}
    posts = [entry for entry in fake.journal if entry.kind == "post"]
    for entry in posts:
        shown.setdefault(entry.chat, []).extend(dict.fromkeys(LINK.findall(str(entry.payload))))
    assert sorted(shown, key=int) == [str(number) for number in range(1, LANES + 1)]
    assert set(Counter((entry.chat, entry.text) for entry in posts).values()) == {1}
    assert len(posts) == 3 * LANES
    (order,) = {tuple(papers) for papers in shown.values()}
    assert sorted(order) == [f"2601.{n:05d}" for n in range(PAPERS)]
    assert {entry.concurrent for entry in posts} == {1}


def ready(database: Path, fake: Remote, how: str) -> subprocess.Popen[str]:
    """A process that waits for `begins`. `how`: what it says of the lock that it does not hold."""
    process = starts(database, fake, "tests.integration.deliver_without_lock", how, "--now", NOON.isoformat(), "--json")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def begins(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def begin_together(fake: Remote, both: Sequence[subprocess.Popen[str]]) -> None:
    """Lets both begin. Even on a busy machine, the first one goes on only after the other one has begun."""
    fake.call("answers", "hang before", CONCURRENCY)
    for process in both:
        begins(process)
    fake.call("waits_for", "sendMessage", 1)
    fake.call("forgives")
    fake.call("releases")


def ended(*processes: subprocess.Popen[str]) -> list[dict[str, int]]:
    """What each printed."""
    done = [process.communicate(timeout=PATIENCE) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), done
    return [json.loads(out) for out, _ in done]


def test_two_processes_without_a_lock_double_nothing(database: Path, fake: Remote) -> None:
    both = [ready(database, fake, "honest") for _ in range(2)]
    begin_together(fake, both)
    one, other = ended(*both)
    assert one["planned"] + other["planned"] == LANES
    assert one["sent"] + other["sent"] == LANES
    assert min(one["sent"], other["sent"]) > 0
    assert_whole(fake)


def test_of_two_lock_owners_none_takes_what_the_other_holds(database: Path, fake: Remote) -> None:
    """As on a file system without locks, or when a person removed the lock file."""
    fake.call("answers", "hang after", CONCURRENCY, after=3 * (LANES - 2 * CONCURRENCY))
    first, second = (ready(database, fake, "claims") for _ in range(2))
    begins(first)
    fake.call("waits_hanging")
    while len(fake.call("failures")) < CONCURRENCY:  # it has claimed all that it sends at once, and ten chats are left
        pass
    begins(second)
    (theirs,) = ended(second)
    assert theirs["sent"] > 0
    fake.call("releases")
    (ours,) = ended(first)
    assert ours["sent"] + theirs["sent"] == LANES
    assert_whole(fake)


def test_without_the_guard_the_journal_shows_doubles(database: Path, fake: Remote) -> None:
    """Shows that the test above can fail: two processes that take messages in any state send some of them twice."""
    both = [ready(database, fake, "careless") for _ in range(2)]
    begin_together(fake, both)
    ended(*both)
    posts = Counter((entry.chat, entry.text) for entry in fake.journal if entry.kind == "post")
    assert max(posts.values()) > 1

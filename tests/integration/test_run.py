"""`paperwire run` as a process: it watches, plans, delivers, serves its health page, and stops when asked."""

import resource
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from subscriptions.service.amendments import set_settings
from subscriptions.store.database.store import Store
from tests.fakes.process import Remote, running
from tests.fakes.telegram import TOKEN
from tests.integration.cli import DIGEST, Process
from tests.make import address, subscribes
from tests.patience import PATIENCE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an inbox, and a chat that subscribes to everything about language models."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "paperwire.toml").write_text('[[source]]\nname = "daily"\npath = "inbox/*.md"\n')
    store = Store(f"sqlite:///{tmp_path}/paperwire.db")
    now = datetime.now(UTC)  # the program has the machine's clock
    store.open(now=now)
    subscribes(store, "telegram:1", "cs.*", every="now", now=now)
    set_settings(store, address("telegram:1"), {"quiet": "off"}, now=now)  # so that the time of day does not matter
    store.close()
    return tmp_path


@pytest.fixture
def telegram(tmp_path: Path) -> Iterator[Remote]:
    with running("telegram", journal=tmp_path / "journal") as fake:
        fake.call("knows", "1")
        yield fake


@contextmanager
def runs(folder: Path, fake: Remote | None = None) -> Iterator[Process]:
    """A program that is stopped at the end, and ends well."""
    program = Process(folder, "run", fake=fake)
    try:
        yield program
    finally:
        assert program.stops() == 0


def runs_once(folder: Path, fake: Remote) -> None:
    program = Process(folder, "run", "--once", fake=fake)
    _, err = program.process.communicate(timeout=PATIENCE)
    assert program.process.returncode == 0, err


def test_a_file_in_the_inbox_becomes_a_message(folder: Path, telegram: Remote) -> None:
    telegram.call("answers", "hang before", 1)
    with runs(folder, telegram) as program:
        address = program.says(r"Health: (http://\S+)/health/ready")[1]
        program.says("Watching ")
        assert httpx.get(f"{address}/health/live", trust_env=False).json() == {"live": True}
        (folder / "inbox" / "today.md").write_bytes(DIGEST.read_bytes())
        telegram.call("waits_hanging")  # the message is on its way
        telegram.call("releases")
        ready = httpx.get(f"{address}/health/ready", trust_env=False)
        assert (ready.status_code, ready.json()["problems"]) == (200, {})
        missing = httpx.get(f"{address}/settings", trust_env=False)
        assert (missing.status_code, missing.text.count("\n")) == (404, 1)
    assert len(telegram.journal) >= 1


def test_a_second_one_is_told_who_holds_the_role(folder: Path) -> None:
    with runs(folder) as first:
        first.says("Watching ")
        second = Process(folder, "run")
        _, err = second.process.communicate(timeout=PATIENCE)
        assert second.process.returncode == 1
        assert f"Process {first.process.pid} sends for this database already." in err


def test_once_reads_delivers_and_ends(folder: Path, telegram: Remote) -> None:
    (folder / "inbox" / "today.md").write_bytes(DIGEST.read_bytes())
    posts = []
    for _ in range(2):
        runs_once(folder, telegram)
        posts.append(len(telegram.journal))
    assert posts[0] >= 1
    assert posts[1] == posts[0]


def test_people_are_answered_until_the_process_is_stopped(folder: Path, telegram: Remote) -> None:
    telegram.call("user_writes", "/sub written before", "42")
    with runs(folder, telegram) as program:
        program.says("Watching ")
        telegram.call("waits_for", "sendMessage", 1, chat="42")
        telegram.call("user_writes", "/sub diffusion", "42")
        telegram.call("waits_for", "sendMessage", 2, chat="42")
    assert [entry.text[:3] for entry in telegram.journal] == ["✓ 1", "✓ 2"]
    assert "unsub" in str(telegram.call("menu", "all_private_chats", "zh"))


def test_once_answers_what_waits_and_delivers_then(folder: Path, telegram: Remote) -> None:
    (folder / "inbox" / "today.md").write_bytes(DIGEST.read_bytes())
    telegram.call("user_writes", "/list", "42")
    telegram.call("user_writes", "/help", "42")
    for _ in range(2):
        runs_once(folder, telegram)
    chats = [entry.chat for entry in telegram.journal]
    assert (chats[:2], set(chats[2:])) == (["42", "42"], {"1"})
    assert telegram.call("waiting") == 0


def test_a_receiver_that_does_not_work_is_named(folder: Path, telegram: Remote) -> None:
    telegram.call("revokes")
    with runs(folder, telegram) as program:
        address = program.says(r"Health: (http://\S+)/health/ready")[1]
        program.says("Nobody can talk to the bot on Telegram: Telegram does not know this token")
        ready = httpx.get(f"{address}/health/ready", trust_env=False)
        assert (ready.status_code, "telegram updates" in ready.json()["problems"]) == (503, True)
        assert TOKEN.partition(":")[2] not in ready.text


def test_a_file_that_is_no_digest_is_named_and_passed_over(folder: Path, telegram: Remote) -> None:
    (folder / "inbox" / "a.md").write_text("# About\n\nThese are notes.\n")
    (folder / "inbox" / "b.md").write_bytes(DIGEST.read_bytes())
    program = Process(folder, "run", "--once", fake=telegram)
    _, err = program.process.communicate(timeout=PATIENCE)
    assert "a.md" in err
    assert len(telegram.journal) >= 1


def test_more_connections_than_files_make_no_log(folder: Path) -> None:
    """Nineteen such bursts wrote 25,787 lines, and each took all files of the process."""
    program = Process(folder, "run")
    try:
        address = program.says(r"Health: (http://\S+)/health/ready")[1]
        program.says("Watching ")
        resource.prlimit(program.process.pid, resource.RLIMIT_NOFILE, (200, 200))
        place = ("127.0.0.1", int(address.rpartition(":")[2]))
        for _ in range(3):
            with ExitStack() as stack:
                for _ in range(600):
                    one = stack.enter_context(socket.socket())
                    one.setblocking(False)
                    one.connect_ex(place)
                assert httpx.get(f"{address}/health/live", trust_env=False, timeout=PATIENCE).json() == {"live": True}
    finally:
        program.process.send_signal(signal.SIGTERM)
        _, err = program.process.communicate(timeout=PATIENCE)
    assert err.splitlines() == ["Stopping: finishing what is on its way."]


def test_a_port_in_use_is_a_sentence(folder: Path) -> None:
    with runs(folder) as first:
        port = first.says(r"Health: http://[\d.]+:(\d+)/")[1]
        other = folder / "other"
        other.mkdir()
        second = Process(other, "run", port=port)
        out, err = second.process.communicate(timeout=PATIENCE)
        assert (second.process.returncode, out) == (2, "")
        assert "PAPERWIRE_WEB_PORT" in err

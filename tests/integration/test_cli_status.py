"""`paperwire status`: what `/health/ready` answers, and what waits, for a shell."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from subscriptions.store.database.store import Store
from tests.fakes.process import Remote, running
from tests.fakes.watchman import Watchman
from tests.integration.cli import PAGE, Ended, Process, Terminal


@pytest.fixture
def port() -> int:
    """An unused port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
        return found


@pytest.fixture
def telegram(tmp_path: Path) -> Iterator[Remote]:
    with running("telegram", journal=tmp_path / "journal") as fake:
        yield fake


@pytest.fixture
def kept(terminal: Terminal, port: int) -> Terminal:
    """A folder with a database and a port."""
    terminal.set("WEB_PORT", str(port))
    Store(f"sqlite:///{terminal.database}").open(now=datetime.now(UTC))
    return terminal


def test_where_nothing_runs_it_says_so_and_ends_with_1(kept: Terminal, port: int) -> None:
    ended = kept("status")
    assert ended.status == 1
    assert ended.out.splitlines()[:3] == [
        "✗ Not all is well:",
        f"  process: nothing answers at http://127.0.0.1:{port}/health/ready; is paperwire run running, with the same settings?",
        "Outbox: nothing waits.",
    ]
    document = kept("status", "--json").json
    assert (document["ready"], list(document["problems"])) == (False, ["process"])
    assert document["copies"] == {"count": 0, "newest_at": None}


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1"])  # noqa: S104 - an address that a setting may name
def test_the_wildcard_address_is_asked_on_this_machine(kept: Terminal, host: str) -> None:
    kept.set("WEB_HOST", host)
    asked = kept("status", "--json").json["problems"]["process"]
    assert asked.startswith(f"nothing answers at http://{'[::1]' if host == '::1' else '127.0.0.1'}:")


def test_another_program_at_the_port_is_no_paperwire(kept: Terminal) -> None:
    with Watchman() as stranger:
        kept.set("WEB_PORT", stranger.url.split(":")[2].partition("/")[0])
        ended = kept("status", "--json")
    assert (ended.status, ended.json["ready"]) == (1, False)
    assert "is not paperwire" in ended.json["problems"]["process"]


def test_a_port_chosen_by_the_machine_is_not_known_outside(kept: Terminal) -> None:
    kept.set("WEB_PORT", "0")
    assert "PAPERWIRE_WEB_PORT is 0" in kept("status").out


def test_it_tells_what_waits_and_how_the_sources_and_copies_are(kept: Terminal) -> None:
    kept.file("inbox/day.md", PAGE)
    kept("subscribe", "graph", "--as", "telegram:7", "--now", "2026-01-22T06:00Z", "--every", "now")
    kept("ingest", "inbox/day.md", "--source", "inbox", "--date", "2026-01-22", "--now", "2026-01-22T12:00Z")
    kept("sources", "poll")
    kept("deliver", "--now", "2026-01-22T12:01Z")  # Telegram is off, so the delivery stays
    kept("backup", "backups/now.db")
    document = kept("status", "--json", "--now", "2026-01-22T14:01Z").json
    assert document["outbox"] == {
        "waiting": 1, "held": 0, "dead": 0, "held_lanes": 0, "oldest_waiting_since": "2026-01-22T12:01:00Z",
    }  # fmt: skip
    assert document["copies"]["count"] == 1
    assert document["database_bytes"] >= kept.database.stat().st_size
    assert [(one["name"], one["overdue"]) for one in document["sources"]] == [("inbox", False)]
    said = kept("status", "--now", "2026-01-22T14:01Z").out
    assert "Outbox: 1 waiting; the oldest for 2 hours." in said
    assert "Source inbox: " in said
    assert "Newest copy: " in said


def test_status_says_what_the_page_of_the_process_says(kept: Terminal, telegram: Remote, port: int) -> None:
    def asked(*arguments: str) -> Ended:
        return kept("status", *arguments)

    program = Process(kept.folder, "run", fake=telegram, port=str(port))
    try:
        program.says("Watching ")
        with httpx.Client(trust_env=False) as line:
            while line.get(f"http://127.0.0.1:{port}/health/ready").status_code != 200:
                pass  # it is still starting
        ended = asked()
        assert (ended.status, ended.out.splitlines()[0]) == (0, "✓ paperwire runs, and all is well.")
        assert asked("--json").json["problems"] == {}
        kept.file("paperwire.toml", '[[source]]\nname = "daily"\nurl = "http://127.0.0.1:9/"\n')
        assert kept("sources", "poll").status == 1
        ended = asked()
        assert (ended.status, ended.out.splitlines()[0]) == (1, "✗ paperwire runs, but not all is well:")
        assert "✗ Source daily: failed, " in ended.out
        kept.set("DATABASE_URL", f"sqlite:///{kept.folder}/other.db")
        kept("subscribe", "graph", "--as", "console:me")
        ended = asked("--json")
        assert (ended.status, ended.json["ready"]) == (1, False)
        assert "works on another database" in ended.json["problems"]["process"]
        kept.set("DATABASE_URL", f"sqlite:///{kept.database}")
        kept.file("paperwire.toml", "")
    finally:
        assert program.stops() == 0
    telegram.call("revokes")
    program = Process(kept.folder, "run", fake=telegram, port=str(port))
    try:
        program.says("Nobody can talk to the bot on Telegram")
        ended = asked("--json")
        page = httpx.get(f"http://127.0.0.1:{port}/health/ready", trust_env=False).json()
        assert (ended.status, ended.json["ready"], ended.json["problems"].keys()) == (1, False, page["problems"].keys())
        assert "  telegram updates: " in asked().out
    finally:
        assert program.stops() == 0

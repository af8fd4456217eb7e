"""Digests on the command line, where a transcript (command_line/) is not enough: inspect, ingest, sources, deliver,
run, outbox.
"""

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, date, datetime

import pytest

from subscriptions.store.database.store import Store
from subscriptions.store.sources import known_sources
from tests.fakes.arxiv import FakeArxiv
from tests.fakes.process import ROOT
from tests.integration.cli import PAGE, Process, Terminal
from tests.make import paper
from tests.patience import PATIENCE

NOW = ("--now", "2026-01-22T06:00:00Z")
THURSDAY = date(2026, 1, 22)


def source(name: str, url: str, schedule: str = "every 30m") -> str:
    return f'[[source]]\nname = "{name}"\nurl = "{url}"\nschedule = "{schedule}"\n'


WHEN_OUT = ("--as", "console:me", "--every", "when-out", "--at", "08:00-20:00")


def test_a_look_from_another_folder_switches_no_source_off(
    terminal: Terminal, local_arxiv: FakeArxiv, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.file("paperwire.toml", source("lg", f"{local_arxiv.url}/late.md", "arxiv"))
    terminal("subscribe", "diffusion", *WHEN_OUT, "--now", "2026-01-22T07:00:00Z")
    terminal.file("elsewhere/paperwire.toml", source("mine", "https://example.org/other.md"))
    monkeypatch.chdir(terminal.folder / "elsewhere")
    terminal("subscriptions")
    store = Store(f"sqlite:///{terminal.database}")
    assert {one.name: one.state.on for one in known_sources(store)} == {"lg": True, "mine": True}
    store.close()


def test_run_once_asks_what_is_due_and_sends_it(terminal: Terminal, local_arxiv: FakeArxiv) -> None:
    terminal.file("paperwire.toml", source("lg", f"{local_arxiv.url}/rss/cs.LG"))
    terminal.set("WEB_PORT", "0")
    terminal.set("CONTACT", "me@example.org")
    terminal("subscribe", "graphs", "--as", "console:me")
    local_arxiv.announces(
        datetime.now(UTC).date(), paper("Graphs that forget", "cs.LG")
    )  # the program uses the machine's clock
    ended = terminal("run", "--once")
    assert (ended.status, "Graphs that forget" in ended.out) == (0, True)
    agent = local_arxiv.arrivals[0].headers["User-Agent"]
    assert agent.startswith("paperwire/")
    assert agent.endswith(" (+me@example.org)")
    assert terminal("run", "--once").status == 0
    assert len(local_arxiv.asked()) == 1  # the next poll is not due


def test_check_says_which_sources_can_be_reached(terminal: Terminal, local_arxiv: FakeArxiv) -> None:
    terminal.file(
        "paperwire.toml",
        source("lg", f"{local_arxiv.url}/rss/cs.LG") + source("gone", f"{local_arxiv.url}/gone.md") + source("daily", f"{local_arxiv.url}/{{date}}.md"),
    )  # fmt: skip
    local_arxiv.announces(datetime.now(UTC).date(), paper("Nets of today", "cs.LG"))
    terminal("sources", "poll", "lg")
    found = [row for row in terminal("check", "--json").json if row["question"].startswith("Source ")]
    subscribed = {
        name: [row["answer"] for row in found if row["question"] == f"Source {name}"]
        for name in ("lg", "gone", "daily")
    }
    assert subscribed["lg"][0].endswith(": new")
    assert subscribed["lg"][1:] == ["it can be reached"]
    assert subscribed["gone"] == ["nobody has looked at it yet", "127.0.0.1 answers 404 Not Found."]
    assert subscribed["daily"][1] == "it can be reached; that of today is not there yet"
    offline = terminal("check", "--offline", "--json").json
    assert [row["answer"] for row in offline if row["question"] == "Source gone"] == ["nobody has looked at it yet"]
    assert json.dumps(offline)


# --------------------------------------------------------------------------- the subcommands explain, inspect and match


@pytest.fixture
def no_settings(terminal: Terminal) -> None:
    """Sets an invalid variable: none of these subcommands reads the environment."""
    terminal.set("WEB_PORT", "nonsense")
    terminal.file("day.md", PAGE)


@pytest.mark.usefixtures("no_settings")
def test_explain_inspect_and_match_load_no_store_and_no_platform(terminal: Terminal) -> None:
    program = (
        "import sys; from bot.cli import run;"
        "[run(line.split()) for line in ('explain graph --json', 'explain -x', 'inspect day.md', 'match a day.md')];"
        "print([n for n in ('sqlmodel', 'sqlalchemy', 'telegram', 'slack_sdk', 'alembic') if n in sys.modules])"
    )
    assert terminal.python(program).out.splitlines()[-1] == "[]"


def _unpainted(text: str) -> list[str]:
    return re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()


def _crowd(terminal: Terminal) -> None:
    for number in range(30):
        terminal.file(f"inbox/{number:02}.md", PAGE)
    for number in range(12):
        terminal.file(f"inbox/deep/{number:02}.json", "[]" if number % 2 else '[{"pa')


@pytest.mark.usefixtures("no_settings")
@pytest.mark.parametrize("columns", [80, 120])
def test_a_folder_of_many_files_is_told_by_format_and_by_reason(terminal: Terminal, columns: int) -> None:
    _crowd(terminal)
    ended = terminal.on_screen(columns, "inspect", "inbox")
    assert ended.status == 1
    rows, output = ([" ".join(line.split()) for line in _unpainted(text)] for text in (ended.out, ended.err))
    assert rows[1].startswith("daily_arxiv_md 30 90 – –")
    assert rows[2].startswith("hf_json 6 0 – –")
    assert rows[3].startswith("in all 36 90 – –")
    assert rows[4] == "Each file by itself: add --json"
    assert output[1:3] == ["✗ Not read as digests: 6 of 42 files", "Files Why First"]
    assert output[3] == "6 looks like JSON inbox/deep/00.json"
    assert output[4] == "inbox/deep/02.json"
    assert max(map(len, _unpainted(ended.out + ended.err))) <= columns
    assert len(terminal("inspect", "inbox", "--json").json["digests"]) == 42


# ---------------------------------------------------------------------- the subcommands ingest, deliver, run and outbox


def test_only_one_process_sends_and_the_others_work_beside_it(terminal: Terminal) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    with Process(terminal.folder, "run") as program:
        program.says("Database: ")
        for arguments in (["deliver"], ["run", "--once"], ["restore", "copy.db"]):
            ended = terminal(*arguments)
            assert (ended.status, ended.out) == (1, "")
            assert "sends for this database already." in ended.err
        assert terminal("subscribe", "cloud", "--as", "console:me").status == 0
        assert terminal("backup", "copy.db").status == 0


def test_a_progress_bar_shows_on_a_terminal_when_work_takes_long(terminal: Terminal) -> None:
    terminal.file("all.txt", "now | graph\nnow | cloud\nnow | rain\n")
    slow = (
        "import bot.cli.tables as s; s._BAR_AFTER = 0; from bot.cli import run; import sys; sys.exit(run(sys.argv[1:]))"
    )
    ours, theirs = pty.openpty()
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", slow, "import", "all.txt", "--as", "console:me", "--json"],
        cwd=terminal.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        timeout=PATIENCE,
        check=False,
    )
    os.close(theirs)
    written = b""
    with suppress(OSError):  # the end of a terminal is an error
        while part := os.read(ours, 4096):
            written += part
    os.close(ours)
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["lines"]) == 3
    # the number of lines is known from the beginning
    assert all(part in written for part in (b"Reading", b"3/3", b"Importing", b"1/1"))

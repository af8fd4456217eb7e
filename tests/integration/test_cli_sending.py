"""The subcommands ingest, deliver, run and outbox."""

import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.fakes.process import ROOT
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.integration.cli import PAGE, Process, Terminal, page
from tests.patience import PATIENCE

MORNING = "2026-01-22T06:00:00Z"
LATER = "2026-01-22T12:00:00Z"


def test_ingest_counts_what_is_new_updated_and_known(terminal: Terminal) -> None:
    terminal.file("2026-01-22.md", PAGE)
    first = terminal("ingest", "2026-01-22.md", "--now", MORNING, "--json").json
    assert (first["digests"], first["already_known"]) == (1, 0)
    assert first["papers"] == {"new": 3, "updated": 0, "unchanged": 0}
    again = terminal("ingest", "2026-01-22.md", "--now", LATER, "--json").json
    assert (again["digests"], again["already_known"]) == (1, 1)
    assert again["papers"] == {"new": 0, "updated": 0, "unchanged": 3}
    terminal.file("next.md", PAGE + page(("2601.00009", "Another", "One more.")))
    more = terminal("ingest", "next.md", "--now", LATER, "--json").json
    assert more["papers"] == {"new": 1, "updated": 0, "unchanged": 3}
    shown = terminal("ingest", "next.md")
    assert shown.out == "1 digest, 1 of them known before: 0 papers new, 0 updated, 4 known already.\n"


def test_one_bad_file_holds_up_no_good_one(terminal: Terminal) -> None:
    terminal.file("inbox/a.md", page(("2601.00001", "First", "One.")))
    terminal.file("inbox/b.md", "# About\n\nNo paper.\n")
    terminal.file("inbox/c.md", page(("2601.00003", "Third", "Three.")))
    ended = terminal("ingest", "inbox", "nowhere", "--json")
    assert ended.status == 1
    assert (ended.json["digests"], ended.json["failed"], ended.json["papers"]["new"]) == (2, 2, 2)
    assert [line.split(":")[0] for line in ended.err.splitlines()] == ["inbox/b.md", "nowhere"]


def test_a_readme_of_a_folder_is_skipped_with_a_note(terminal: Terminal) -> None:
    terminal.file("inbox/2026-01-22.md", PAGE)
    terminal.file("inbox/README.md", "# About\n\nNo paper.\n")
    ended = terminal("ingest", "inbox")
    assert (ended.status, ended.err) == (0, "inbox/README.md: skipped, it is no digest.\n")
    report = terminal("ingest", "inbox", "--json").json
    assert (report["digests"], report["failed"], report["skipped"]) == (1, 0, 1)
    assert terminal("ingest", "inbox/README.md").status == 1  # who names it means it


def test_warnings_name_their_file(terminal: Terminal) -> None:
    terminal.file("day.md", PAGE.replace("[Total: 3]", "[Total: 5]"))
    warnings = terminal("ingest", "day.md", "--json").json["warnings"]
    assert {warning["code"] for warning in warnings} == {"declared_mismatch", "date_assumed"}
    assert {warning["path"] for warning in warnings} == {"day.md"}
    terminal.file("2026-01-23.md", PAGE.replace("[Total: 3]", "[Total: 6]"))
    shown = terminal("ingest", "2026-01-23.md").out.splitlines()
    assert len(shown) == 2
    assert shown[1] == "! 2026-01-23.md, line 5: papers announced: 6, read: 3"


def test_a_date_is_a_day(terminal: Terminal) -> None:
    terminal.file("day.md", PAGE)
    ended = terminal("ingest", "day.md", "--date", "yesterday")
    assert (ended.status, ended.err) == (2, "--date is not a day: “yesterday”. For example: 2026-01-22.\n")
    assert terminal("ingest", "day.md", "--date", "2026-01-22", "--json").json["warnings"] == []


@pytest.mark.parametrize(
    ("arguments", "source"), [([], "files"), (["--source", "mine"], "mine"), (["--source", "daily"], "daily")]
)
def test_a_file_is_of_a_named_source(terminal: Terminal, arguments: list[str], source: str) -> None:
    terminal.file("day.md", PAGE)
    terminal("ingest", "day.md", *arguments, "--now", MORNING)
    terminal("subscribe", f"source:{source}", "--as", "console:me", "--now", MORNING)
    assert len(terminal("preview", "--as", "console:me", "--now", MORNING, "--json").json["papers"]) == 3


def test_a_file_that_a_source_watches_is_of_that_source(terminal: Terminal) -> None:
    terminal.file("paperwire.toml", '[[source]]\nname = "daily"\npath = "inbox/*.md"\n')
    terminal.file("inbox/day.md", PAGE)
    terminal.file("inbox/deeper/day.md", page(("2601.00009", "Another", "One.")))  # "*" is one level, as for the watch
    terminal("ingest", "inbox", "--now", MORNING)
    terminal("subscribe", "source:daily", "--as", "console:me", "--now", MORNING)
    assert len(terminal("preview", "--as", "console:me", "--now", MORNING, "--json").json["papers"]) == 3


def test_deliver_prints_to_the_console_once(terminal: Terminal) -> None:
    terminal.file("day.md", PAGE)
    terminal("subscribe", "diffusion -survey", "--as", "console:me", "--now", MORNING)
    terminal("ingest", "day.md", "--now", MORNING)
    first = terminal("deliver", "--now", LATER)
    assert (first.status, first.err) == (0, "")
    assert "Diffusion models for weather" in first.out
    assert first.out.endswith("Planned 1, sent 1 with 1 papers.\n")
    again = terminal("deliver", "--now", LATER)
    assert again.out == "Nothing was due.\n"


def test_deliver_json_is_one_document_on_stdout(terminal: Terminal) -> None:
    terminal.file("day.md", PAGE)
    terminal("subscribe", "graph", "--as", "console:me", "--now", MORNING)
    terminal("ingest", "day.md", "--now", MORNING)
    ended = terminal("deliver", "--json", "--now", LATER)
    assert ended.json == {"planned": 1, "sent": 1, "papers": 1, "waiting": 0, "unclear": 0, "dead": 0}
    assert "Graph networks that forget" in ended.err
    assert terminal("deliver", "--json", "--now", LATER).json["planned"] == 0


def test_what_waits_for_a_platform_that_is_off_is_said(terminal: Terminal) -> None:
    terminal("subscribe", "graph", "--as", "telegram:42", "--every", "daily", "--at", "8", "--now", MORNING)
    ended = terminal("deliver", "--now", LATER)
    assert ended.status == 0
    assert "Telegram is off, without a token." in ended.err
    (entry,) = terminal("outbox", "--json", "--now", LATER).json
    assert entry["reason"] == "Telegram is off, without a token."
    assert set(entry) == {
        "id", "chat", "kind", "state", "papers", "messages", "attempts", "next_at", "waiting_since", "reason"
    }  # fmt: skip
    assert (entry["chat"], entry["state"], entry["next_at"]) == ("telegram:42", "planned", None)


def refused_by_telegram(terminal: Terminal, telegram: FakeTelegram) -> str:
    """Adds a dead delivery, whose chat refuses the message and its plain form. Returns its id."""
    telegram.knows("42")
    terminal.set("TELEGRAM_TOKEN", TOKEN)
    terminal.set("TELEGRAM_API_URL", telegram.url)
    terminal.file("day.md", PAGE)
    terminal("subscribe", "graph", "--as", "telegram:42", "--every", "daily", "--at", "8", "--now", MORNING)
    terminal("ingest", "day.md", "--now", MORNING)
    telegram.forbids("42", "something that nobody has seen before")
    ended = terminal("deliver", "--now", LATER, "--json")
    assert (ended.status, ended.json["dead"]) == (1, 1)
    (entry,) = terminal("outbox", "--state", "dead", "--json").json
    return str(entry["id"])


def test_a_dead_letter_can_be_retried(terminal: Terminal) -> None:
    with FakeTelegram() as telegram:
        delivery = refused_by_telegram(terminal, telegram)
        assert delivery in terminal("outbox").out
        telegram.unblocks("42")
        assert terminal("outbox", "retry", delivery).out == f"✓ {delivery} will be tried again.\n"
        ended = terminal("deliver", "--now", LATER, "--json")
        assert (ended.status, ended.json["sent"], ended.json["dead"]) == (0, 1, 0)
        assert len(telegram.posted_to("42")) == 1
    assert terminal("outbox").out == "Nothing waits.\n"
    assert [entry["id"] for entry in terminal("outbox", "--state", "sent", "--json").json] == [delivery]


def test_a_dead_letter_can_be_dismissed(terminal: Terminal) -> None:
    with FakeTelegram() as telegram:
        delivery = refused_by_telegram(terminal, telegram)
        ended = terminal("outbox", "dismiss", delivery, "nowhere")
        assert (ended.status, ended.out) == (1, f"✓ {delivery} is dismissed.\n")
        assert ended.err == "There is no delivery nowhere. paperwire outbox lists them.\n"
        assert terminal("deliver", "--now", LATER, "--json").json["dead"] == 0
    assert terminal("outbox", "--json").json == []
    assert [entry["id"] for entry in terminal("outbox", "--state", "dismissed", "--json").json] == [delivery]


def test_a_token_that_fails_leaves_everything_planned(terminal: Terminal) -> None:
    with FakeTelegram() as telegram:
        telegram.knows("42")
        telegram.revokes()
        terminal.set("TELEGRAM_TOKEN", TOKEN)
        terminal.set("TELEGRAM_API_URL", telegram.url)
        terminal("subscribe", "graph", "--as", "telegram:42", "--every", "daily", "--at", "8", "--now", MORNING)
        ended = terminal("deliver", "--now", LATER, "--json")
    assert (ended.json["waiting"], ended.json["dead"]) == (1, 0)
    assert "Telegram stands still" in ended.err
    assert TOKEN not in ended.err


def test_a_state_that_is_none_is_wrong_usage(terminal: Terminal) -> None:
    ended = terminal("outbox", "--state", "lost")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("“lost” is not a state of a delivery. Choose one of: planned, held,")
    assert terminal("outbox", "lost").status == 2


@contextmanager
def running(terminal: Terminal) -> Iterator[None]:
    """Runs `paperwire run` during the test, and stops it by SIGTERM."""
    program = Process(terminal.folder, "run")
    program.says("Database: ")
    try:
        yield
    finally:
        assert program.stops() == 0


def test_only_one_process_sends_and_the_others_work_beside_it(terminal: Terminal) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    with running(terminal):
        for arguments in (["deliver"], ["run", "--once"], ["restore", "copy.db"]):
            ended = terminal(*arguments)
            assert (ended.status, ended.out) == (1, "")
            assert "sends for this database already." in ended.err
        assert terminal("subscribe", "cloud", "--as", "console:me").status == 0
        assert terminal("backup", "copy.db").status == 0


def test_the_log_may_be_json(terminal: Terminal) -> None:
    terminal.file("paperwire.toml", '[[source]]\nname = "daily"\npath = "inbox/*.md"\n')
    terminal.file("inbox/day.md", PAGE)
    ended = terminal.process("run", "--once", environ={"PAPERWIRE_LOG_FORMAT": "json"})
    (line,) = (json.loads(line) for line in ended.err.splitlines())
    assert (line["level"], line["logger"]) == ("info", "paperwire")
    assert "3 papers" in line["message"]


def test_any_file_name_makes_one_line_in_the_log(terminal: Terminal) -> None:
    terminal.file("paperwire.toml", '[[source]]\nname = "daily"\npath = "inbox/*.md"\nannounce = "all"\n')
    terminal.file("inbox/day\n2026-01-22T00:00:00Z info paperwire: all is well\x1b[2J.md", PAGE)
    ended = terminal.process("run", "--once")
    (line,) = ended.err.splitlines()
    assert r"inbox/day\u000a2026-01-22T00:00:00Z info paperwire: all is well\u001b[2J.md" in line


@pytest.mark.parametrize(
    ("words", "names", "shown"),
    [
        (["inspect", "inbox"], "digests", [b"Reading", b"3/3"]),  # how many there are is known from the beginning
        (["import", "all.txt", "--as", "console:me"], "lines", [b"Reading", b"3/3", b"Importing", b"1/1"]),
    ],
)
def test_a_progress_bar_shows_on_a_terminal_when_work_takes_long(
    terminal: Terminal, words: list[str], names: str, shown: list[bytes]
) -> None:
    for number in range(3):
        terminal.file(f"inbox/{number}.md", PAGE)
    terminal.file("all.txt", "now | graph\nnow | cloud\nnow | rain\n")
    slow = (
        "import bot.cli.tables as s; s._BAR_AFTER = 0; from bot.cli import run; import sys; sys.exit(run(sys.argv[1:]))"
    )
    ours, theirs = pty.openpty()
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", slow, *words, "--json"],
        cwd=terminal.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        timeout=PATIENCE,
        check=False,
    )
    os.close(theirs)
    written = b""
    while select.select([ours], [], [], 1)[0]:
        try:
            part = os.read(ours, 4096)
        except OSError:
            break
        if not part:
            break
        written += part
    os.close(ours)
    assert done.returncode == 0
    assert len(json.loads(done.stdout)[names]) == 3
    assert all(part in written for part in shown)

"""The command line as a whole, where its transcripts are not enough: output streams, exit statuses and sentences."""

import os
import re
import shlex
import subprocess
import sys
import tomllib

import pytest

from subscriptions.errors import EmbeddingError
from tests import tables
from tests.fakes.meaning import FakeEncoder
from tests.fakes.process import ROOT
from tests.forked import Forked
from tests.integration import cli
from tests.integration.cli import PAGE, Process, Terminal

FULL = "The disk that holds {} is full. Free some space, then try again."

NAMES = [
    "demo", "inspect", "match", "explain", "ingest", "subscribe", "subscriptions", "preview",
    "deliver", "run", "outbox", "outbox retry", "outbox dismiss", "sources", "sources poll", "sources import", "export", "import", "check", "status", "db", "db copy",
    "backup", "restore", "slack manifest", "say", "settings", "library", "init",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_subcommand_explains_itself(terminal: Terminal, name: str) -> None:
    line = (*name.split(), "--help")
    for ended in (terminal.on_screen(44, *line), terminal(*line)):  # `on_screen` also sets the width of the second call
        assert (ended.status, ended.err) == (0, "")
        page = re.sub(r"\x1b\[[0-9;]*m", "", ended.out)
        assert page.split()[:2] == ["Usage:", "paperwire"]
        assert " ".join(page.split()).startswith(f"Usage: paperwire {name} [OPTIONS]")
        assert max(map(len, page.splitlines())) <= 44
        assert not re.search(r"TEXT.*TEXT|\bctx\b", page)  # names in the code, which people must not see


EXAMPLES = {name: one.epilog.split("`")[1] for name, one in cli.subcommands().items() if one.epilog}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_a_help_page_can_be_typed(name: str) -> None:
    words = shlex.split(EXAMPLES[name].partition(" >")[0])[1:]
    called = " ".join(words[:2]) if " ".join(words[:2]) in cli.subcommands() else words[0]
    assert called.startswith(name)
    rest = words[len(called.split()) :]
    cli.subcommands()[called].make_context("paperwire", rest).close()  # raises Typer's error if the line is wrong


def test_the_overview_names_every_subcommand(terminal: Terminal) -> None:
    ended = terminal("--help")
    assert ended.status == 0
    assert all(name.split()[0] in ended.out for name in NAMES)
    alone = terminal()
    assert (alone.status, "subscribe" in alone.out) == (2, True)
    assert set(NAMES) | {"slack"} == set(cli.subcommands())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    tables.rows("""
        subscrib                                     → No such command 'subscrib'. Did you mean 'subscribe', 'subscriptions'? See paperwire --help.
        check --ofline                               → No such option: --ofline (Possible options: --offline). See paperwire check --help.
        subscribe x --as console:me --wen now        → extra argument(s) (--wen now). Put a query with spaces in quotes. See paperwire subscribe --help.
        deliver --now                                → --now
    """),
)
def test_wrong_usage_is_one_line_and_status_2(terminal: Terminal, arguments: str, sentence: str) -> None:
    said = terminal(*shlex.split(arguments)).refusal()
    assert sentence in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        *tables.rows("""
        ingest day.md --date 1999-12-31          → “1999-12-31” is not in the years 2000 to 2099. For example: 2026-01-22.
        subscriptions --now 9999-12-31           → “9999-12-31” is not in the years 2000 to 2099. For example: 2026-01-22.
        outbox --now noon                        → --now is not a moment: “noon”. For example: 2026-01-22T09:00:00Z, 2026-01-22T09:00+08:00 or 2026-01-22.
    """),
        (f"ingest day.md --source {'x' * 201}", "--source cannot be used: it must have at most 200 characters."),
        ("ingest day.md --source a\u2028b", "--source cannot be used: it must be one line of text."),
    ],
)  # fmt: skip
def test_an_option_that_cannot_be_meant_is_wrong_usage(terminal: Terminal, arguments: str, sentence: str) -> None:
    terminal.file("day.md", PAGE)
    assert terminal(*arguments.split(" ")).refusal() == f"{sentence}\n"
    assert not terminal.database.exists()


@pytest.mark.parametrize("subcommand", ["subscriptions", "deliver"])
@pytest.mark.parametrize("place", ["plain.txt", "plain.txt/folder/paper.db", "folder"])
def test_a_database_that_cannot_be_reached_is_named_by_its_file(
    terminal: Terminal, place: str, subcommand: str
) -> None:
    terminal.file("plain.txt", "a file is no folder")
    terminal.file("folder/file.txt", "a folder is no file")
    terminal.set("DATABASE_URL", f"sqlite:///{place}")
    said = terminal(subcommand).refusal()
    assert said.count("\n") == 1
    assert f" {terminal.folder / place} " in said
    assert "PAPERWIRE_DATABASE_URL" in said


def test_text_is_utf_8_whatever_the_locale(terminal: Terminal) -> None:
    terminal.file("größe/день.md", PAGE)
    environ = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    ended = terminal.process("match", "扩散 OR graph", "größe/день.md", environ=environ)
    assert (ended.status, ended.out.splitlines()[0]) == (0, "扩散 OR graph: 1 of 3 papers")
    refused = terminal.process("explain", b"\xff\xfe").refusal()
    assert refused == "An argument holds bytes that are not text. Write it in UTF-8.\n"


def test_a_reader_that_goes_away_is_no_trouble(terminal: Terminal) -> None:
    terminal.file("day.md", PAGE * 30)
    reading, writing = os.pipe()
    os.close(reading)
    with Forked(
        ["bot", "inspect", "--papers", "--json", "day.md"], cwd=terminal.folder, stdout=writing, stderr=subprocess.PIPE
    ) as process:
        os.close(writing)
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.parametrize("streams", [">&-", "2>&-", ">/dev/full"])
def test_a_stream_that_takes_nothing_is_no_trouble(terminal: Terminal, streams: str) -> None:
    """A shell starts the program with a closed stream, or with an output whose disk is full."""
    done = subprocess.run(  # noqa: S602 - a line of ours
        f"{shlex.quote(sys.executable)} -m bot explain graph {streams}",
        shell=True,
        cwd=terminal.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    full = (1, f"{FULL.format('the output')}\n".encode())
    assert (done.returncode, done.stderr) == (full if "full" in streams else (0, b""))


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (KeyboardInterrupt(), 130, "Stopped.\n"),
        (
            ExceptionGroup("tasks", [ExceptionGroup("inner", [OSError(28, "No space left on device", "graph")])]),
            1,
            f"{FULL.format('graph')}\n",
        ),
        (
            ValueError("cannot do graph with 1:secret-token"),
            1,
            (
                "Something went wrong within paperwire: ValueError: cannot do graph with <secret>. "
                "PAPERWIRE_LOG_LEVEL=debug shows where.\n"
            ),
        ),
    ],
    ids=["Ctrl-C", "a full disk in tasks side by side", "a surprise"],
)
def test_whatever_happens_is_a_sentence(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, said: str
) -> None:
    def failing(_: str) -> None:
        raise error

    monkeypatch.setattr("bot.cli.match.print_line", failing)
    terminal.set("TELEGRAM_TOKEN", "1:secret-token")
    assert terminal("explain", "graph").refusal(status) == said
    terminal.set("LOG_LEVEL", "debug")
    details = terminal("explain", "graph").err
    assert ("Traceback" in details) == said.startswith("Something")
    assert "secret-token" not in details


READS = [
    "subscriptions --json", "preview --as console:me", "outbox", "outbox retry 0123456789abcdef",
    "outbox dismiss 0123456789abcdef", "sources", "export --all", "backup copy.db", "db copy data/paperwire.db new.db",
    "settings --as console:me", "say /pause --as console:me", "status", "library my.bib --as console:me",
]  # fmt: skip
BEGINS = [  # these make the database if there is none
    "ingest day.md", "deliver", "run --once", "subscribe graph --as console:me", "import all.txt", "sources poll",
]  # fmt: skip
WITHOUT = [  # these need no database, and make none
    "inspect day.md", "match graph day.md", "explain graph", "check --offline", "slack manifest",
    "restore no.db --sent", "import all.txt --dry-run", "sources import feeds.opml",
]  # fmt: skip


@pytest.fixture
def empty(terminal: Terminal) -> Terminal:
    """A terminal in a folder with a digest, an export and a library, but without a database or the folder of the database."""
    terminal.file("day.md", PAGE)
    terminal.file("my.bib", "@article{a, title={Graphs}}")
    terminal.file("all.txt", "[console:me]\nnow | graph |\n")
    terminal.database = terminal.folder / "data" / "paperwire.db"
    terminal.set("DATABASE_URL", f"sqlite:///{terminal.database}")
    terminal.set("WEB_PORT", "0")
    return terminal


def _files(terminal: Terminal) -> set[str]:
    return {str(path.relative_to(terminal.folder)) for path in terminal.folder.rglob("*")}


@pytest.mark.parametrize("line", READS)
def test_reading_commands_say_there_is_no_database(empty: Terminal, line: str) -> None:
    before = _files(empty)
    said = empty(*line.split()).refusal(1)
    assert said.count("\n") == 1
    assert said.startswith(f"There is no database at {empty.database}. ")
    assert _files(empty) == before


@pytest.mark.parametrize("line", BEGINS)
def test_what_may_come_first_makes_the_database_with_its_folder(empty: Terminal, line: str) -> None:
    ended = empty(*line.split())
    assert (ended.status, ended.err) == (0, ""), ended.err
    assert empty.database.exists()


@pytest.mark.parametrize("line", WITHOUT)
def test_what_needs_no_database_makes_none(empty: Terminal, line: str) -> None:
    before = _files(empty)
    assert "no database" not in empty(*line.split()).err
    assert _files(empty) == before


KILLED = """
import os, shutil, sqlite3, sys
from contextlib import closing
from datetime import datetime, UTC
from pathlib import Path
from sqlalchemy.orm import configure_mappers
from subscriptions.database.store import Store
from subscriptions.maintenance.restore import restore
configure_mappers()  # takes half of the time of a restore, and each process would do it again
folder, now = Path.cwd(), datetime(2026, 1, 22, 12, tzinfo=UTC)
STEPS = {"open", "os.rename", "os.remove", "shutil.copyfile", "sqlite3.connect"}

def restored(copy, stop):
    done = 0
    def hook(event, arguments):
        nonlocal done
        if event in STEPS and str(folder) in str(arguments[0]):
            done += 1
            if done == stop:
                os._exit(9)
    sys.addaudithook(hook)
    store = Store(f"sqlite:///{folder}/paperwire.db")
    restore(store, folder / copy, copies=folder / "backups", lost_at=now, now=now)
    store.close()
    os._exit(0)

def in_a_process(copy, stop):
    pid = os.fork()
    if pid == 0:
        try:
            restored(copy, stop)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

for first, there in enumerate(("whole", "damaged", "gone"), 1):
    step, status = first, 9  # each of the three takes every third step
    while status == 9:
        at = there, step
        for path in folder.glob("paperwire.db*"):
            path.unlink()
        if there == "whole":
            shutil.copyfile("second.db", "paperwire.db")
        if there == "damaged":
            Path("paperwire.db").write_bytes(b"damaged" * 1000)
        status = in_a_process("first.db", step)
        assert there == "gone" or Path("paperwire.db").exists(), at
        assert in_a_process("second.db", 0) == 0, at
        with closing(sqlite3.connect("paperwire.db")) as database:
            found = database.execute("SELECT text FROM subscription ORDER BY number").fetchall()
            assert found == [("graph",), ("tree",)], (at, found)
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",), at
        assert not list(folder.glob("*.restoring*")), at
        step += 3
    assert status == 0, at
    assert step > 10, "the restore has more steps"
"""


def test_a_restore_killed_at_any_step_can_be_repeated(terminal: Terminal) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    terminal("backup", "first.db")
    terminal("subscribe", "tree", "--as", "console:me")
    terminal("backup", "second.db")
    ended = terminal.python(KILLED)
    assert ended.status == 0, ended.err


# digests and sources, where a transcript is not enough


def source(name: str, url: str, schedule: str = "every 30m") -> str:
    return f'[[source]]\nname = "{name}"\nurl = "{url}"\nschedule = "{schedule}"\n'


def test_the_feeds_of_a_reader_become_sources(terminal: Terminal) -> None:
    terminal.file(
        "feeds.opml",
        '<opml><body><outline text="Folder"><outline text="Birds &quot;and&quot; | eggs" xmlUrl="https://a.example/rss?a=1&amp;b"/>'
        '<outline text="birds" xmlUrl="https://b.example/"/><outline text="Birds" xmlUrl="https://c.example/"/></outline>'
        '<outline text="a note"/><outline text="broken" xmlUrl="https://d.example/{day}"/></body></opml>',
    )
    ended = terminal("sources", "import", "feeds.opml")
    assert (ended.status, ended.err) == (0, "3 feeds; 0 more are there already, 1 are no feeds.\n")
    terminal.file("paperwire.toml", ended.out)
    assert [one["name"] for one in tomllib.loads(ended.out)["source"]] == ['Birds "and"  eggs', "birds", "Birds 2"]
    assert terminal("sources", "import", "feeds.opml").out == ""


GRAPHS = "2601.00003"


@pytest.mark.parametrize(
    ("term", "column", "sentence"),
    [
        ("about:tides", 16, "Meaning is off here, so it is not known what is near."),
        ("like:2601.00001", 15, "like: asks for papers that are stored, and match stores none."),
    ],
)
def test_match_knows_neither_stored_papers_nor_without_an_encoder_what_is_near(
    terminal: Terminal, term: str, column: int, sentence: str
) -> None:
    terminal.file("day.md", PAGE)
    terminal.file("lines", f"graph\ngraph OR {term}\n")
    refused = terminal("match", f"graph OR {term}", "day.md", "--json")
    assert (refused.status, refused.json["query"]) == (1, None)
    assert (refused.json["error"]["column"], refused.json["error"]["message"]) == (column, sentence)
    many = terminal("match", "--queries", "lines", "day.md", "--json")
    assert (many.status, many.json["matches"]) == (0, [[1, [GRAPHS]]])
    assert [(line, why.startswith(sentence)) for line, why in many.json["refused"]] == [(2, True)]


def test_where_the_encoder_fails_only_what_asks_it_is_refused(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = FakeEncoder()
    monkeypatch.setattr("bot.embeddings.process.encoder_of", lambda _: encoder)
    terminal.file("day.md", PAGE)
    assert terminal("match", "about:graph", "day.md", "--json").json["keys"] == [GRAPHS]
    encoder.fails = EmbeddingError("The encoder sleeps.", "Wake it.")
    refused = terminal("match", "tides OR about:graph", "day.md", "--json")
    assert (refused.status, refused.json["error"]["message"]) == (1, "The encoder sleeps.")


def test_only_one_process_sends_and_the_others_work_beside_it(terminal: Terminal) -> None:
    terminal("subscribe", "graph", "--as", "console:me")
    with Process(terminal.folder, "run") as program:
        program.says("Database: ")
        assert terminal("backup", "copy.db").status == 0
        for arguments in (["deliver"], ["run", "--once"], ["restore", "copy.db", "--sent"]):
            assert "sends for this database already." in terminal(*arguments).refusal(1)
        assert terminal("subscribe", "cloud", "--as", "console:me").status == 0


def test_colour_is_for_terminals_and_for_those_who_want_it(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    assert "\x1b[31m✗" in terminal.on_screen(80, "explain", "-x").err
    assert "\x1b[32m✓" in terminal.on_screen(80, "subscribe", "graph", "--as", "console:me").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in terminal.on_screen(80, "explain", "-x").err
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in terminal("subscriptions").out + terminal("explain", "-x").err

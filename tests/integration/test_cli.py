"""The command line as a whole: streams, exit statuses and sentences, each in its own process; and transcripts of a shell
(command_line/*.console)."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from typer.core import TyperArgument, TyperOption

from subscriptions import addresses
from tests.fakes.process import ROOT
from tests.forked import Forked
from tests.integration import cli, transcripts
from tests.patience import PATIENCE

FULL = "The disk that holds {} is full. Free some space, then try again."

NAMES = [
    "demo", "inspect", "match", "explain", "ingest", "subscribe", "subscriptions", "unsubscribe", "set", "preview",
    "deliver", "run", "outbox", "outbox retry", "outbox dismiss", "sources", "sources poll", "export", "import", "check", "status", "workers", "db", "db upgrade", "db size",
    "db current", "backup", "restore", "slack manifest", "say", "settings", "link", "library",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_subcommand_explains_itself(terminal: cli.Terminal, name: str) -> None:
    line = (*name.split(), "--help")
    for ended in (terminal.on_screen(44, *line), terminal(*line)):  # the second call has the same width
        assert (ended.status, ended.err) == (0, "")
        page = re.sub(r"\x1b\[[0-9;]*m", "", ended.out)
        assert page.split()[:2] == ["Usage:", "paperwire"]
        assert " ".join(page.split()).startswith(f"Usage: paperwire {name} [OPTIONS]")
        assert max(map(len, page.splitlines())) <= 44
        assert not re.search(r"TEXT.*TEXT|\bctx\b", page)  # names in the code, which people must not see


EXAMPLES = {name: one.epilog.split("`")[1] for name, one in cli.subcommands().items() if one.epilog}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_a_help_page_can_be_typed(name: str) -> None:
    words = shlex.split(EXAMPLES[name].partition(" > ")[0])[1:]
    called = " ".join(words[:2]) if " ".join(words[:2]) in cli.subcommands() else words[0]
    assert called.startswith(name)
    rest = words[len(called.split()) :]
    cli.subcommands()[called].make_context("paperwire", rest).close()  # raises Typer's error if the line is wrong


def test_every_argument_and_option_has_a_description() -> None:
    for name in NAMES:
        for one in cli.subcommands()[name].params:
            assert getattr(one, "help", None), (name, one.name)
            wants = isinstance(one, TyperArgument) or (isinstance(one, TyperOption) and not one.is_flag)
            assert not wants or re.fullmatch(r"[\[\]A-Z:… ]+", str(one.metavar)), (name, one.name)


def test_the_overview_names_every_subcommand(terminal: cli.Terminal) -> None:
    ended = terminal("--help")
    assert ended.status == 0
    assert all(name.split()[0] in ended.out for name in NAMES)
    alone = terminal()
    assert (alone.status, "subscribe" in alone.out) == (2, True)
    assert set(NAMES) | {"slack"} == set(cli.subcommands()) - {"db copy"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["subscrib"], "No such command 'subscrib'. Did you mean subscribe? See paperwire --help."),
        (["list"], "No such command 'list'. Did you mean subscriptions? See paperwire --help."),
        (["sub", "x"], "Did you mean subscribe?"),
        (["qqqq"], "No such command 'qqqq'. See paperwire --help."),
        (["outbox", "retri", "x"], "Did you mean retry? See paperwire outbox --help."),
        (["upgrade"], "Did you mean db upgrade?"),
        (["check", "--ofline"], "No such option: --ofline. Did you mean --offline? See paperwire check --help."),
        (["subscribe", "graph", "--as", "console:me", "--evry", "daily"], "Did you mean --every?"),
        (["subscribe", "--hepl"], "No such option: --hepl. Did you mean --help? See paperwire subscribe --help."),
        (
            ["subscribe", "--as", "console:me", "--evry", "--", "--hepl"],
            "No such option: --evry. Did you mean --every?",
        ),
        (["deliver", "--hepl"], "No such option: --hepl. Did you mean --help?"),
        (["explain", "graph", "neural"], "Put a query with spaces in quotes."),
        (["preview", "--days", "many", "--as", "console:me"], "Invalid value for '--days'"),
        (["explain"], "Missing argument 'QUERY'. See paperwire explain --help."),
        (["inspect", "--jsn", "x"], "No such option: --jsn"),
        (["deliver", "--now"], "--now"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(terminal: cli.Terminal, arguments: list[str], sentence: str) -> None:
    ended = terminal(*arguments)
    assert (ended.status, ended.out) == (2, "")
    assert sentence in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("ingest day.md --date 1999-12-31", "--date is before the year 2000: “1999-12-31”. For example: 2026-01-22."),
        ("ingest day.md --date 0026-01-22", "--date is before the year 2000: “0026-01-22”. For example: 2026-01-22."),
        ("ingest day.md --date 2100-01-01", "--date is after the year 2099: “2100-01-01”. For example: 2026-01-22."),
        ("ingest day.md --date 22.1.2026", "--date is not a day: “22.1.2026”. For example: 2026-01-22."),
        ("ingest day.md --now 1999-12-31", "--now is before the year 2000: “1999-12-31”. For example: 2026-01-22."),
        ("deliver --now 1970-01-01T00:00Z", "--now is before the year 2000: “1970-01-01T00:00Z”. For example: 2026-01-22."),
        ("preview --as console:me --now 1900-01-01", "--now is before the year 2000: “1900-01-01”. For example: 2026-01-22."),
        ("subscriptions --now 9999-12-31", "--now is after the year 2099: “9999-12-31”. For example: 2026-01-22."),
        ("outbox --now noon", "--now is not a moment: “noon”. For example: 2026-01-22T09:00:00Z, 2026-01-22T09:00+08:00 or 2026-01-22."),
        ("restore copy.db --lost-at 1999-12-31", "--lost-at is before the year 2000: “1999-12-31”. For example: 2026-01-22."),
        (f"ingest day.md --source {'x' * 201}", "--source cannot be used: it must have at most 200 characters."),
        ("ingest day.md --source a\u2028b", "--source cannot be used: it must be one line of text."),
    ],
)  # fmt: skip
def test_an_option_that_cannot_be_meant_is_wrong_usage(terminal: cli.Terminal, arguments: str, sentence: str) -> None:
    terminal.file("day.md", cli.PAGE)
    ended = terminal(*arguments.split(" "))
    assert (ended.status, ended.out, ended.err) == (2, "", f"{sentence}\n")
    assert not terminal.database.exists()


@pytest.mark.parametrize("subcommand", ["subscriptions", "deliver"])
@pytest.mark.parametrize("place", ["plain.txt", "plain.txt/folder/paper.db", "folder"])
def test_a_database_that_cannot_be_reached_is_named_by_its_file(
    terminal: cli.Terminal, place: str, subcommand: str
) -> None:
    terminal.file("plain.txt", "a file is no folder")
    terminal.file("folder/file.txt", "a folder is no file")
    terminal.set("DATABASE_URL", f"sqlite:///{place}")
    ended = terminal(subcommand)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.count("\n") == 1
    assert f" {terminal.folder / place} " in ended.err
    assert "PAPERWIRE_DATABASE_URL" in ended.err


def test_text_is_utf_8_whatever_the_locale(terminal: cli.Terminal) -> None:
    terminal.file("größe/день.md", cli.PAGE)
    environ = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    ended = terminal.process("match", "扩散 OR graph", "größe/день.md", environ=environ)
    assert (ended.status, ended.out.splitlines()[0]) == (0, "扩散 OR graph: 1 of 3 papers")
    ended = terminal.process("explain", b"\xff\xfe")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == "Argument 2 holds bytes that are not text. Write it in UTF-8.\n"


def test_a_lone_surrogate_of_a_digest_leaves_json_readable(terminal: cli.Terminal) -> None:
    terminal.file("day.md", cli.PAGE)
    program = (
        "import sys, bot.cli.output as s; s.prepare_streams();"
        "s.print_json({'x': chr(0xD800) + '\\x1b'}); s.print_line('a\\x1b[31mb')"
    )
    assert terminal.python(program).out == '{"x": "\\ud800\\u001b"}\na\\u001b[31mb\n'


def test_a_reader_that_goes_away_is_no_trouble(terminal: cli.Terminal) -> None:
    terminal.file("day.md", cli.PAGE * 300)
    reading, writing = os.pipe()
    os.close(reading)
    line = ["bot", "inspect", "--papers", "--json", "day.md"]
    with Forked(line, cwd=terminal.folder, stdout=writing, stderr=subprocess.PIPE) as process:
        os.close(writing)
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.parametrize("streams", [">&-", "2>&-", ">/dev/full"])
def test_a_stream_that_takes_nothing_is_no_trouble(terminal: cli.Terminal, streams: str) -> None:
    """It is closed from the start, or the disk that holds it is full."""
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


FULL_DISK = OSError(28, "No space left on device", "graph")
MEANWHILE = RuntimeError("Error calling __set_name__")  # Python raises this if Ctrl-C comes while a module is loaded
MEANWHILE.__cause__ = KeyboardInterrupt()


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (KeyboardInterrupt(), 130, "Stopped.\n"),
        (MEANWHILE, 130, "Stopped.\n"),
        (ExceptionGroup("tasks", [ExceptionGroup("inner", [FULL_DISK])]), 1, f"{FULL.format('graph')}\n"),
        (
            ValueError("cannot do graph with 1:secret-token"),
            1,
            (
                "Something went wrong within paperwire: ValueError: cannot do graph with <secret>. "
                "PAPERWIRE_LOG_LEVEL=debug shows where.\n"
            ),
        ),
    ],
    ids=["Ctrl-C", "Ctrl-C while a module was loaded", "a full disk in tasks side by side", "a surprise"],
)
def test_whatever_happens_is_a_sentence(
    terminal: cli.Terminal, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, said: str
) -> None:
    def failing(_: str) -> None:
        raise error

    monkeypatch.setattr("bot.cli.output.print_line", failing)
    terminal.set("TELEGRAM_TOKEN", "1:secret-token")
    ended = terminal("explain", "graph")
    assert (ended.status, ended.out, ended.err) == (status, "", said)
    terminal.set("LOG_LEVEL", "debug")
    details = terminal("explain", "graph").err
    assert ("Traceback" in details) == said.startswith("Something")
    assert "secret-token" not in details


def test_help_is_quick_to_import() -> None:
    """Modules that every start loads do not import libraries that only some subcommands need."""
    program = "import sys, bot.cli; print([n for n in ('sqlmodel', 'rich', 'jinja2', 'pydantic') if n in sys.modules])"
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


# --------------------------------------------------------------------------------------------------------------- Ctrl-C

# Presses Ctrl-C at the Nth module that is loaded, counted from our first one, then continues as `python -m bot`.
PRESSED = """
import runpy, signal, sys
left = int(sys.argv.pop(1))
begun = False
def load(event, told):
    global begun, left
    begun = begun or (event == "import" and told[0].startswith("bot"))
    if begun and event == "import":
        left -= 1
        if left == 0:
            signal.raise_signal(signal.SIGINT)
sys.addaudithook(load)
runpy.run_module("bot", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    ("line", "module"),
    [
        ("explain graph", 2),
        ("subscriptions", 240),
        ("ingest day.md", 290),
    ],
)
def test_ctrl_c_while_modules_are_loaded_ends_with_130(terminal: cli.Terminal, line: str, module: int) -> None:
    terminal.file("day.md", cli.PAGE)
    # Python's own handler, as in a terminal
    program = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n{PRESSED}"
    ended = terminal.python(program, str(module), *line.split())
    assert ended.status == 130, ended.err
    assert ended.err in ("", "Stopped.\n")


def test_run_finishes_what_is_on_its_way(terminal: cli.Terminal) -> None:
    program = cli.Process(terminal.folder, "run")
    program.says("Watching ")
    program.process.send_signal(signal.SIGINT)
    _, said = program.process.communicate(timeout=PATIENCE)
    assert (program.process.returncode, said.endswith("Stopped.\n"), "Traceback" in said) == (130, True, False)


def test_a_port_in_use_is_a_sentence(terminal: cli.Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        terminal.set("WEB_PORT", str(taken.getsockname()[1]))
        ended = terminal("run")
    assert (ended.status, ended.out) == (2, "")
    assert "PAPERWIRE_WEB_PORT" in ended.err


def test_a_program_that_was_told_to_ignore_ctrl_c_goes_on(terminal: cli.Terminal) -> None:
    """A shell starts background programs with SIGINT ignored."""
    program = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{PRESSED}"
    ended = terminal.python(program, "150", "explain", "graph")
    assert (ended.status, ended.out.splitlines()[0]) == (0, "graph")


# ---------------------------------------------------------------------------------- every subcommand without a database


READS = [
    "subscriptions", "subscriptions --json", "subscriptions --as console:me", "unsubscribe 1 --as console:me",
    "set lang zh --as console:me", "preview --as console:me", "preview graph --as console:me --json", "outbox", "outbox --json",
    "outbox retry 0123456789abcdef", "outbox dismiss 0123456789abcdef", "sources", "sources --json", "export --all",
    "export --as console:me", "backup copy.db", "db copy data/paperwire.db new.db", "db current", "db size --json", "settings --as console:me",
    "say /list --as console:me", "say /pause --as console:me --json", "status", "status --json", "workers",
    "workers --json", "restore --lost-at 2026-01-22", "link graph", "link graph --json", "library my.bib --as console:me",
]  # fmt: skip
BEGINS = [  # the first digest or subscription makes the database
    "ingest day.md", "deliver", "run --once", "subscribe graph --as console:me", "import all.txt", "sources poll", "db upgrade",
]  # fmt: skip
WITHOUT = [  # these need no database, and make none in their folder
    "inspect day.md", "match graph day.md", "explain graph", "check --offline", "slack manifest", "demo --out gallery",
    "restore no.db", "import all.txt --dry-run",
]  # fmt: skip


def _known(line: str, leaves: set[str]) -> str:
    """Returns the name of the subcommand that a line calls."""
    first, second, *_ = [*line.split(), ""]
    return f"{first} {second}" if f"{first} {second}" in leaves else first


def test_the_table_names_every_subcommand_of_the_program() -> None:
    leaves = set(cli.subcommands()) - {"db", "slack"}  # these two only list their subcommands
    assert {_known(line, leaves) for line in READS + BEGINS + WITHOUT} == leaves


@pytest.fixture
def empty(terminal: cli.Terminal) -> cli.Terminal:
    """A folder with a digest and an export. The database would be in another folder, which does not exist."""
    terminal.file("day.md", cli.PAGE)
    terminal.file("my.bib", "@article{a, title={Graphs}}")
    terminal.file("all.txt", "[console:me]\nnow | graph |\n")
    terminal.database = terminal.folder / "data" / "paperwire.db"
    terminal.set("DATABASE_URL", f"sqlite:///{terminal.database}")
    terminal.set("WEB_PORT", "0")
    return terminal


def _files(terminal: cli.Terminal) -> set[str]:
    return {str(path.relative_to(terminal.folder)) for path in terminal.folder.rglob("*")}


@pytest.mark.parametrize("line", READS)
def test_reading_commands_say_there_is_no_database(empty: cli.Terminal, line: str) -> None:
    before = _files(empty)
    ended = empty(*line.split())
    assert (ended.status, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert ended.err.startswith(f"There is no database at {empty.database}. ")
    assert _files(empty) == before


@pytest.mark.parametrize("line", BEGINS)
def test_what_may_come_first_makes_the_database_with_its_folder(empty: cli.Terminal, line: str) -> None:
    ended = empty(*line.split())
    assert (ended.status, ended.err) == (0, ""), ended.err
    assert empty.database.exists()


@pytest.mark.parametrize("line", WITHOUT)
def test_what_needs_no_database_makes_none(empty: cli.Terminal, line: str) -> None:
    before = _files(empty)
    ended = empty(*line.split())
    assert "no database" not in ended.err
    assert {name for name in _files(empty) - before if not name.startswith("gallery")} == set()


# ---------------------------------------------------------------------------------------------------------- transcripts


FILES = sorted(Path(__file__).with_name("command_line").glob("*.console"))
STORIES = [pytest.param(text, id=title) for path in FILES for title, text in transcripts.stories(path).items()]
_QUOTED = 1500  # how many characters of an answer a failure shows


@pytest.mark.parametrize("story", STORIES)
def test_the_command_line_answers_as_its_transcripts_show(
    terminal: cli.Terminal, monkeypatch: pytest.MonkeyPatch, story: str
) -> None:
    # other tests in this process may have declared it
    monkeypatch.delitem(addresses._declared, "postbox", raising=False)
    # `run --once` uses the machine's clock: it would delete the deliveries of the examples, which are of January 2026.
    monkeypatch.setattr("subscriptions.service.retention.claim_daily_work", lambda *_, **__: False)
    monkeypatch.setattr("subscriptions.service.retention.claim_copy", lambda *_, **__: False)
    with ExitStack() as stack:
        shell = transcripts.Shell(terminal, monkeypatch, stack)
        wrong = [documented for step in transcripts.steps(story) if (documented := _wrong(step, shell))]
    assert not wrong, "\n".join(wrong)


def _wrong(step: transcripts.Step, shell: transcripts.Shell) -> str:
    """Returns how the result of a line differs from the example; "" if it does not."""
    status, printed = shell.type(step.typed)
    if " --json" in step.typed and step.shown:
        fits = status == step.status and transcripts.shows_value(json.loads(step.shown), json.loads(printed))
    else:
        fits = status == step.status and transcripts.shows(step.shown, printed)
    shown = f"$ {step.typed}\nis shown with {step.status} and\n{step.shown}"
    return "" if fits else f"{shown}\nbut ends with {status} and\n{printed[:_QUOTED]}\n"

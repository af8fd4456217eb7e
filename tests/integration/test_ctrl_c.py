"""Ctrl-C ends every subcommand with 130 and without a traceback, also while its modules are loaded."""

import os
import signal
import subprocess
import sys

import pytest

from tests.fakes.process import ROOT
from tests.integration.cli import PAGE, Terminal

# Presses Ctrl-C at the Nth module that is loaded, counted from our first one, then goes on as `python -m bot`.
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


@pytest.mark.parametrize("module", [2, 3, 40, 150, 240, 290])
@pytest.mark.parametrize("line", ["explain graph", "subscriptions", "ingest day.md", "deliver", "demo --out gallery"])
def test_while_modules_are_loaded(terminal: Terminal, line: str, module: int) -> None:
    terminal.file("day.md", PAGE)
    program = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n{PRESSED}"  # as in a terminal
    ended = terminal.python(program, str(module), *line.split())
    assert ended.status == 130, ended.err
    assert ended.err in ("", "Stopped.\n")


def test_an_error_that_came_of_it_is_no_surprise(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def loading(text: str) -> None:
        raise RuntimeError("Error calling __set_name__") from KeyboardInterrupt(text)

    monkeypatch.setattr("bot.cli.reading.print_line", loading)
    ended = terminal("explain", "graph")
    assert (ended.status, ended.out, ended.err) == (130, "", "Stopped.\n")


@pytest.mark.parametrize(
    ("number", "status", "last"),
    [(signal.SIGINT, 130, "Stopped.\n"), (signal.SIGTERM, 0, "Stopping: finishing what is on its way.\n")],
)
def test_run_finishes_what_is_on_its_way(terminal: Terminal, number: signal.Signals, status: int, last: str) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PAPERWIRE_WEB_PORT": "0"}
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "run"], cwd=terminal.folder, env=environ, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert any(line.startswith("Watching ") for line in process.stderr)
        process.send_signal(number)
        said = process.stderr.read()
    assert (process.returncode, said.endswith(last), "Traceback" in said) == (status, True, False)


def test_a_program_that_was_told_to_ignore_it_goes_on(terminal: Terminal) -> None:
    """A shell starts background programs with SIGINT ignored."""
    program = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{PRESSED}"
    ended = terminal.python(program, "150", "explain", "graph")
    assert (ended.status, ended.out.splitlines()[0]) == (0, "graph")

"""Ctrl-C and other signals: how the program ends."""

import signal
import socket

import pytest

from tests.integration.cli import PAGE, Process, Terminal
from tests.patience import PATIENCE

# This program runs `python -m bot`, and presses Ctrl-C when Python loads the Nth module, counted from our first one.
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
def test_ctrl_c_while_modules_are_loaded_ends_with_130(terminal: Terminal, line: str, module: int) -> None:
    terminal.file("day.md", PAGE)
    # sets Python's own handler of Ctrl-C, which a program has that a person starts in a terminal
    program = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n{PRESSED}"
    ended = terminal.python(program, str(module), *line.split())
    assert ended.status == 130, ended.err
    assert ended.err in ("", "Stopped.\n")


# Ctrl-D at the first question; Typer has one error for it and for Ctrl-C
LEFT = """
import io, sys, bot.cli
sys.stdin = type("Terminal", (io.StringIO,), {"isatty": lambda self: True})()
sys.exit(bot.cli.main(["init", "there"]))
"""


def test_a_question_that_is_left_ends_with_130(terminal: Terminal) -> None:
    ended = terminal.python(LEFT)
    assert (ended.status, ended.err.endswith("Stopped.\n"), "wrong" in ended.err) == (130, True, False)
    assert not (terminal.folder / "there").exists()


def test_run_finishes_what_is_on_its_way(terminal: Terminal) -> None:
    program = Process(terminal.folder, "run")
    program.says("Watching ")
    program.process.send_signal(signal.SIGINT)
    _, said = program.process.communicate(timeout=PATIENCE)
    assert (program.process.returncode, said.endswith("Stopped.\n"), "Traceback" in said) == (130, True, False)


def test_a_port_in_use_is_a_sentence(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        terminal.set("WEB_PORT", str(taken.getsockname()[1]))
        assert "PAPERWIRE_WEB_PORT" in terminal("run").refusal()

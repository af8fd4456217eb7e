"""Starts our programs quickly, in processes that have imported all modules already.

Imports take a second, which is most of the time of a test that starts a program, and what a program does the first time
takes most of the rest. Therefore one process imports all modules once, does a round, and makes a copy of itself (by fork)
for each program. A test of the imports themselves, of Ctrl-C during
them, or of memory starts a new Python instead.
"""

import atexit
import ctypes
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import bot
import subscriptions
from tests import compiled

ROOT = Path(__file__).parents[1]
_LATER = (  # modules that libraries and the program import only when they need them
    "babel.numbers",
    "certifi",
    "encodings.idna",
    "httpcore",
    "jinja2",
    "stringprep",
    "tests.fakes.server",
    "typer._adapters",
    "tzdata",
)
_NO_IMPORT = ("__main__", "migrations")  # modules that do something as soon as they are imported
_PR_SET_CHILD_SUBREAPER = 36  # orphaned children of our children become our children (prctl(2))
_ONE_AT_A_TIME = threading.Lock()
_LONGEST = 1 << 17  # bytes that a request may have


def clean_environment(**given: str) -> dict[str, str]:
    """Returns the environment of a program: that of this process without PAPERWIRE_ variables, plus the given variables.

    Meaning is off, since its encoder takes seconds to start.
    """
    others = {name: value for name, value in os.environ.items() if not name.startswith("PAPERWIRE_")}
    return {**others, "PYTHONPATH": str(ROOT), "PAPERWIRE_MEANING": "off", **given}


class Forked(subprocess.Popen[Any]):
    """Works like `Popen([sys.executable, "-m", module, *arguments])` for a module of ours."""

    def _execute_child(self, args: list[str], *others: Any) -> None:
        """Makes the process and sets `pid`, which Popen would do in a slower way. Popen does all the rest."""
        folder, environment = others[4:6]
        pipes = others[9:15]
        streams = [own if theirs == -1 else theirs for own, theirs in enumerate((pipes[0], pipes[3], pipes[5]))]
        request = json.dumps([str(folder or Path.cwd()), environment or {**os.environ}, list(args)])
        with _ONE_AT_A_TIME:
            socket.send_fds(_line(), [request.encode()], streams)
            number = _line().recv(_LONGEST)
        assert number, "the process that is copied has ended: python -m tests.forked < /dev/null says why"
        self.pid = int(number)
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


@cache
def _line() -> socket.socket:
    """Returns the connection to the process that is copied, which ends when this process ends.

    The first call starts it.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.forked"]
    with theirs:
        begun = subprocess.Popen(command, cwd=ROOT, env=clean_environment(), stdin=theirs.fileno())  # noqa: S603 - this interpreter
    begun.returncode = 0  # so that Popen does not wait for the process and does not warn that it still runs
    atexit.register(ours.close)
    return ours


def _copies(line: socket.socket) -> Iterator[str]:
    """Makes a process for each request. The iterator yields in each new process only, and only that process's request.

    In the original process, the iterator ends without a value when there are no more requests.
    """
    while True:
        request, streams, _, _ = socket.recv_fds(line, _LONGEST, 3)
        if not request:
            return
        reading, writing = os.pipe()
        between = os.fork()
        if not between:
            if copy := os.fork():
                os.write(writing, str(copy).encode())
                os._exit(0)  # the copy then becomes a child of the process that requested the copy
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
        else:
            os.waitpid(between, 0)
            line.send(os.read(reading, _LONGEST))
        for one in (reading, writing, *streams):
            os.close(one)
        if not between:
            line.close()
            yield request.decode()


def _become(folder: str, environment: Mapping[str, str], arguments: list[str]) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115 - as Python does
    if os.environ.get("PYTHONUNBUFFERED"):
        sys.stdout.reconfigure(write_through=True)
    sys.path[0], sys.argv = folder, arguments
    try:
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        _end(end)


def _end(end: SystemExit) -> NoReturn:
    """Does what Python does at its end, except that it frees no module."""
    if not isinstance(end.code, int):
        raise end
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (OSError, ValueError):
        raise end from None
    os._exit(end.code)


def _warm_up() -> None:
    """Does once what takes long the first time in a process, such as to compile statements and templates."""
    from tests import product  # noqa: PLC0415 - which imports this module
    from tests.papers import jsonl, paper  # noqa: PLC0415

    with TemporaryDirectory() as folder:
        program = product.Product(Path(folder))
        program.writes("inbox/day.jsonl", jsonl([paper("Kelp"), paper("Kelp forests")]))
        program.runs("subscribe", "kelp", "--as", "console:me", "--when", "now")
        program.runs("say", "/list", "--as", "console:me")
        program.runs("run", "--once")
        program.clock.advance(timedelta(hours=1))
        for command in ("deliver", "outbox", "subscriptions"):
            program.runs(command, "--json")
    for thread in threading.enumerate():  # a process with threads cannot be copied
        if thread is not threading.main_thread():
            thread.join()


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for the tests only
    for package in (bot, subscriptions):
        for found in walk_packages(package.__path__, f"{package.__name__}."):
            if not any(word in found.name for word in _NO_IMPORT):
                import_module(found.name)
    for name in _LATER:
        import_module(name)
    compiled.share()
    _warm_up()
    gc.freeze()
    vars(gc)["freeze"] = vars(gc)["unfreeze"] = lambda: None  # a process that unfreezes it copies all of it
    for request in _copies(socket.socket(fileno=os.dup(0))):
        _become(*json.loads(request))
        break


if __name__ == "__main__":
    _main()

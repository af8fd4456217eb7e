"""A child process that answers one request after another.

It starts with the first request and ends after a rest, with the program that started it, and when it is closed. One that
hangs is killed; one that crashes costs its request only.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Lock, Timer
from typing import Any

IDLE_SECONDS = 60.0  # without a request, after which the process ends
_PR_SET_PDEATHSIG = 1  # of prctl(2), which only Linux has
_SPAWN = get_context("spawn")

Serve = Callable[[Connection], None]


class ChildEnded(Exception):
    """The process ended, or could not start, before it answered.

    `status`: its exit status, negative for a signal, or None if it never ran. `was_late`: it took longer than it may.
    `was_closed`: this program ended it. `why`: what the system says if it cannot be started.
    """

    def __init__(
        self, status: int | None = None, *, was_late: bool = False, was_closed: bool = False, why: str = ""
    ) -> None:
        super().__init__(status)
        self.status = status
        self.was_late = was_late
        self.was_closed = was_closed
        self.why = why


class ChildProcess:
    """A child process, seen from the program. Its methods block."""

    def __init__(self, serves: Serve, name: str, *, may_repeat: bool) -> None:
        """Start the child: `serves` runs in it, and begins with `prepare`. `name` is that of the process.

        `may_repeat`: a request at which the process died is asked once more; else only one that a process did not read,
        since it was ending after its rest.
        """
        self._serves = serves
        self._name = name
        self._may_repeat = may_repeat
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._asking = Lock()
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """The id of the process; None while none runs."""
        process = self._process
        return process.pid if process is not None else None

    def ask(self, seconds: float, *request: object) -> Any:  # noqa: ANN401 - the child's own
        """Return the answer to a request, which may take `seconds`. Raise ChildEnded."""
        with self._asking:
            try:
                return self._answer(seconds, request)
            except ChildEnded as ended:
                is_lost = ended.was_late or ended.was_closed or ended.status is None
                if is_lost or (ended.status != 0 and not self._may_repeat):
                    raise
            return self._answer(seconds, request)

    def close(self) -> None:
        """End the process, also while it works. Later requests raise ChildEnded."""
        self._is_closed = True
        if (process := self._process) is not None:
            process.kill()
        with self._asking:
            self._end()

    def _answer(self, seconds: float, request: object) -> object:
        if self._is_closed:
            raise ChildEnded(was_closed=True)
        if self._process is not None and not self._process.is_alive():
            self._end()
        if self._connection is None or self._process is None:
            self._connection, self._process = self._started()
        late: list[bool] = []

        def end(process: BaseProcess = self._process) -> None:
            late.append(True)
            process.kill()  # it closes the connection, so that nothing here waits for it any longer

        watch = Timer(seconds, end)
        watch.daemon = True
        watch.start()
        try:
            self._connection.send(request)
            return self._connection.recv()
        except (EOFError, OSError):
            status = self._end()
            raise ChildEnded(status, was_late=bool(late), was_closed=self._is_closed) from None
        finally:
            watch.cancel()

    def _started(self) -> tuple[Connection, BaseProcess]:
        ours, its = _SPAWN.Pipe()
        process = _SPAWN.Process(target=self._serves, args=(its,), name=self._name, daemon=True)
        try:
            process.start()
        except OSError as error:
            raise ChildEnded(why=str(error)) from None
        finally:
            its.close()
        return ours, process

    def _end(self) -> int | None:
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if connection is not None:
            connection.close()
        if process is None:
            return None
        process.join(1.0)  # one that closed its connection is about to end, and its status says why
        process.kill()
        process.join()
        return process.exitcode


def prepare() -> None:
    """Make this process end with its program, ignore Ctrl-C, which is for the program, and print nothing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":  # elsewhere it ends when it has answered, since its connection is closed
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if (program := parent_process()) is not None and program.pid != os.getppid():
            os._exit(0)  # it was gone before the line above
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for printed in (1, 2):  # by libraries
        os.dup2(nowhere, printed)

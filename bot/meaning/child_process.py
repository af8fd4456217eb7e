"""The child process in which texts are encoded, seen from the parent: it is started when needed, and ends when idle.

So a process that encodes nothing needs no memory for the encoder, and an encoder that hangs or crashes harms nothing.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen
from threading import Lock, Timer
from time import monotonic
from typing import Any, TypeVar

from subscriptions.errors import MeaningFails, Sentence

T = TypeVar("T")

PROGRAM = (sys.executable, "-P", str(Path(__file__).with_name("child.py")))
IDLE = 30.0  # seconds without a request after which it ends
_KEPT = ("HOME", "LD_LIBRARY_PATH", "PATH", "PYTHONHOME", "PYTHONPATH", "PYTHONUSERBASE", "SYSTEMROOT", "TMPDIR")
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class _Ended(Exception):
    """The child has ended, or what it says is no answer."""


class ChildProcess:
    """Answers requests (bot/meaning/child.py), one at a time."""

    def __init__(self, program: Sequence[str] = PROGRAM, *, idle: float = IDLE) -> None:
        self._program = program
        self._idle = idle
        self._process: Popen[bytes] | None = None
        self._resting: Timer | None = None  # ends the idle process
        self._last_answer = 0.0
        self._asking = Lock()
        self._is_closed = False

    def ask(self, request: Mapping[str, object], read: Callable[[Mapping[str, Any]], T], until: float) -> T:
        """Returns what `read` makes of the answer. `read` raises ValueError for an answer that makes no sense.

        A process that has died or talks nonsense is asked a second time. `until` is a moment of the monotonic clock.
        Raises MeaningFails.
        """
        line = json.dumps(request).encode() + b"\n"
        with self._alone(until):
            try:
                return self._answer(line, read, until)
            except _Ended:
                self._end()
            try:
                return self._answer(line, read, until)
            except _Ended as ended:
                self._end()
                raise failed(Sentence("its process ended ({reason})", {"reason": str(ended)})) from None

    def close(self) -> None:
        """Ends the process, if it runs. Whoever waits for an answer, or asks later, gets MeaningFails."""
        self._is_closed = True
        if (process := self._process) is not None:
            process.kill()
        with self._asking:
            self._end()

    @contextmanager
    def _alone(self, until: float) -> Iterator[None]:
        if not self._asking.acquire(timeout=max(until - monotonic(), 0)):
            raise failed(_TOO_SLOW)
        try:
            yield
        finally:
            self._asking.release()

    def _answer(self, line: bytes, read: Callable[[Mapping[str, Any]], T], until: float) -> T:
        if self._is_closed:
            raise failed(ENDS)
        if self._resting is not None:
            self._resting.cancel()
        process = self._process = self._process or self._start()
        # a process that is killed closes its pipes, so that nothing here waits for it any longer
        watch = Timer(max(until - monotonic(), 0), process.kill)
        watch.daemon = True
        watch.start()
        try:
            answer, said = _exchange(process, line)
        finally:
            watch.cancel()
        if answer is None:
            if monotonic() >= until:
                self._end()
                raise failed(_TOO_SLOW)
            raise _Ended(said or f"status {process.wait()}")
        self._rest()
        if "error" in answer:
            raise failed(str(answer["error"]))
        try:
            return read(answer)
        except (KeyError, TypeError, ValueError):
            raise _Ended("nonsense") from None

    def _start(self) -> Popen[bytes]:
        environ = {name: os.environ[name] for name in _KEPT if name in os.environ} | _ONE_THREAD
        try:
            return Popen(self._program, stdin=PIPE, stdout=PIPE, stderr=STDOUT, env=environ)  # noqa: S603 - our own program
        except OSError as error:
            raise failed(Sentence("its process cannot be started ({error})", {"error": str(error)})) from None

    def _rest(self) -> None:
        """Ends the process after a while, if nothing is asked until then."""
        self._last_answer = monotonic()
        self._resting = Timer(self._idle, self._end_if_idle)
        self._resting.daemon = True
        self._resting.start()

    def _end_if_idle(self) -> None:
        with self._asking:
            if monotonic() - self._last_answer >= self._idle:
                self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if self._resting is not None:
            self._resting.cancel()
        if process is not None:
            process.kill()
            process.communicate()


_TOO_SLOW = Sentence("it is too slow")
ENDS = Sentence("it is being ended")


def failed(reason: Sentence | str) -> MeaningFails:
    """Returns the error for an encoder that does not work."""
    return MeaningFails(
        Sentence("Meaning cannot be encoded now: {reason}.", {"reason": reason}),
        Sentence("Until it works, papers are found by words only."),
    )


def _exchange(process: Popen[bytes], line: bytes) -> tuple[Mapping[str, Any] | None, str]:
    """Returns (the answer to a line, the last other line that was printed). The answer is None if there is none."""
    assert process.stdin and process.stdout  # noqa: S101, PT018 - both are pipes
    said = ""
    try:
        process.stdin.write(line)
        process.stdin.flush()
    except OSError:
        pass  # it has ended; what it said tells why
    for printed in process.stdout:
        try:
            answer = json.loads(printed)
        except ValueError:
            said = printed.decode(errors="replace").strip()[:200] or said
        else:
            if isinstance(answer, dict):
                return answer, said
    return None, said

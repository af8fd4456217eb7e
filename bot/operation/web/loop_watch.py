"""Answers for the event loop while it stands still, so that `/health/live` and all other addresses fail at once."""

import asyncio
import json
import logging
import select
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

log = logging.getLogger("paperwire")

ROUND = 1.0  # seconds
MISSED_ROUNDS = 15  # rounds without a beat of the loop after which it stands still
LONGEST_REQUEST = 1.0  # seconds for a request that is answered in place of the loop


@contextmanager
def loop_watched(listener: socket.socket) -> Iterator[None]:
    """Watches the running event loop from a thread. While it stands still, the thread answers 503 at the listener."""
    watch = _LoopWatch(asyncio.get_running_loop(), listener)
    watch.start()
    try:
        yield
    finally:
        watch.stop()


class _LoopWatch:
    """Counts rounds in which the loop has not run a callback.

    Counting rounds and not seconds: when the machine slept, both have missed the same time.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, listener: socket.socket) -> None:
        self._loop = loop
        self._loop_thread = threading.get_ident()
        self._listener = listener
        self._missed = 0
        self._has_beaten = threading.Event()
        self._has_beaten.set()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="paperwire-loop-watch", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread."""
        self._is_over.set()
        self._thread.join(ROUND + LONGEST_REQUEST)

    def _run(self) -> None:
        while not self._is_over.is_set():
            self._missed = 0 if self._has_beaten.is_set() else self._missed + 1
            if self._has_beaten.is_set():
                self._has_beaten.clear()
                with suppress(RuntimeError):  # the loop is closed
                    self._loop.call_soon_threadsafe(self._has_beaten.set)
            if self._missed < MISSED_ROUNDS:
                self._is_over.wait(ROUND)
                continue
            if self._missed == MISSED_ROUNDS:
                log.error("The event loop stands still, in %s.", self._place())
            self._answer_once()

    def _place(self) -> str:
        """Returns where the thread of the loop is, without any values."""
        frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001 - the only way to look into a thread
        return f"{frame.f_code.co_qualname}, line {frame.f_lineno}" if frame else "an unknown place"

    def _answer_once(self) -> None:
        """Waits one round for a connection, and answers it."""
        with suppress(OSError, ValueError):  # the connection is lost, or the listener is closed
            readable, _, _ = select.select([self._listener], [], [], ROUND)
            if not readable:
                return
            connection, _ = self._listener.accept()
            with connection:
                connection.settimeout(LONGEST_REQUEST)
                connection.recv(65536)
                connection.sendall(_refusal(self._missed))


def _refusal(rounds: int) -> bytes:
    seconds = int(rounds * ROUND)
    body = json.dumps(
        {"live": False, "ready": False, "problems": {"loop": "it stands still"}, "seconds": {"loop": seconds}}
    ).encode()
    head = f"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body

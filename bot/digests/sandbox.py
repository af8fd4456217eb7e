"""Read documents of others in a child process, with limits of processor time, wall time and memory.

No reader can be trusted to be quick with every text that somebody may write. In `run`, the main process neither unpacks
nor decodes nor parses a document: it hands over bytes and gets papers as plain data. A document that breaks a limit costs
itself only.
"""

import asyncio
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import ceil
from multiprocessing.connection import Connection
from time import process_time
from typing import Protocol, TypeVar

from bot.child import IDLE_SECONDS, ChildEnded, ChildProcess, prepare
from bot.log import mistake_with
from subscriptions.errors import BrokenDigest, PaperwireError, Sentence

_OUT_OF_MEMORY = 77  # exit status

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What reading one document may take."""

    cpu_seconds: int = 20
    wall_seconds: int = 60
    memory_bytes: int = 1 << 30  # of addresses; macOS has no such limit


class ReaderRunner(Protocol):
    """A way to call a reader of documents."""

    async def read(self, name: str, reader: Callable[..., T], *arguments: object) -> T:
        """Return `reader(*arguments)`, and raise the PaperwireError that it raises. `name`: of the document, in errors.

        Raise BrokenDigest if it breaks a limit. `reader`, its arguments and its result can be pickled.
        """

    def close(self) -> None:
        """End what is being read."""


class InProcess(ReaderRunner):
    """Call readers in this process: in the command line, where the person who named the document waits for it."""

    async def read(self, name: str, reader: Callable[..., T], *arguments: object) -> T:  # noqa: ARG002 - nothing ends it
        """See ReaderRunner."""
        return await asyncio.to_thread(reader, *arguments)

    def close(self) -> None:
        """See ReaderRunner."""


class Sandbox(ReaderRunner):
    """Call readers in a child process, one after another. It ends when it has been idle for a minute.

    A program that uses it needs `if __name__ == "__main__"`, as for every process that multiprocessing spawns.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._child = ChildProcess(partial(_serve, self._limits), "paperwire-reader", may_repeat=False)
        # its own, since the threads of the shared pool are for those who answer; Linux ends the child with this thread
        self._thread = ThreadPoolExecutor(1, "paperwire-reader")

    async def read(self, name: str, reader: Callable[..., T], *arguments: object) -> T:
        """See ReaderRunner."""
        asking = asyncio.get_running_loop().run_in_executor(self._thread, self._ask, name, reader, arguments)
        found: T = await asking
        return found

    def close(self) -> None:
        """See ReaderRunner."""
        self._child.close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _ask(self, name: str, reader: Callable[..., T], arguments: tuple[object, ...]) -> T:
        try:
            found, error = self._child.ask(self._limits.wall_seconds, name, reader, arguments)
        except ChildEnded as ended:
            reason = _reason(ended, self._limits)
            said = Sentence("{name}: {reason}", {"name": name, "reason": reason}) if name else reason
            raise BrokenDigest(said) from None
        if error is not None:
            raise error
        result: T = found
        return result


def _reason(ended: ChildEnded, limits: Limits) -> Sentence:
    if ended.was_late:
        return Sentence("Reading it takes longer than {seconds} seconds.", {"seconds": limits.wall_seconds})
    if ended.was_closed:
        return Sentence("It was being read when the program stopped.")
    if ended.status is None:
        return Sentence("The process that reads it cannot be started: {why}.", {"why": ended.why})
    broken = {
        -signal.SIGXCPU: Sentence(
            "Reading it takes more than {seconds} seconds of a processor.", {"seconds": limits.cpu_seconds}
        ),
        _OUT_OF_MEMORY: Sentence(
            "Reading it takes more than {memory} MiB of memory.", {"memory": limits.memory_bytes >> 20}
        ),
    }
    how = signal.Signals(-ended.status).name if ended.status < 0 else f"status {ended.status}"
    return broken.get(ended.status, Sentence("The process that read it ended by {how}.", {"how": how}))


def _serve(limits: Limits, connection: Connection) -> None:
    """Answer requests: (name, reader, arguments) with (result, None), or (None, error)."""
    prepare()
    signal.signal(
        signal.SIGTERM, signal.SIG_IGN
    )  # whoever signals all processes means the program, which ends this one
    _limit("RLIMIT_AS", limits.memory_bytes)
    _limit("RLIMIT_CORE", 0)
    with suppress(EOFError, OSError):
        while connection.poll(IDLE_SECONDS):
            name, reader, arguments = connection.recv()
            _limit("RLIMIT_CPU", ceil(process_time()) + limits.cpu_seconds)
            connection.send(_answer(name, reader, arguments))


def _answer(
    name: str, reader: Callable[..., T], arguments: tuple[object, ...]
) -> tuple[T | None, PaperwireError | None]:
    try:
        return reader(*arguments), None
    except MemoryError:
        sys.exit(_OUT_OF_MEMORY)
    except PaperwireError as error:
        return None, error.with_traceback(None)
    except Exception as error:  # noqa: BLE001 - whatever a reader does not expect, the program says where it was
        return None, mistake_with(name, error)


def _limit(kind: str, most: int) -> None:
    """Lower a soft limit of this process. The hard one stays, so that the next document gets a limit of its own."""
    import resource  # noqa: PLC0415 - only Unix has it

    number = getattr(resource, kind)
    with suppress(ValueError, OSError):
        _, hard = resource.getrlimit(number)
        resource.setrlimit(number, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))

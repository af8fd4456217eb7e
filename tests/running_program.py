"""Runs `paperwire run` as a process, and reads from /proc how much memory it takes."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.forked import clean_environment

PAGE = os.sysconf("SC_PAGE_SIZE")
STARTS = 180.0  # most seconds that a start may take


@dataclass(frozen=True, slots=True)
class Program:
    """A running `paperwire run`."""

    process: "subprocess.Popen[bytes]"
    log: Path
    port: int

    def memory(self) -> int:
        """Returns the resident bytes of the process now."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE

    def stops(self, seconds: float = 60) -> int:
        """Asks the program to end. Returns its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


@contextmanager
def running_program(folder: Path, environment: dict[str, str], module: str = "bot", *words: str) -> Iterator[Program]:
    """Starts `python -m MODULE … run` in `folder`. Yields when it listens, and kills it at the end if it still runs."""
    log = folder / "log.txt"
    with (
        log.open("wb") as out,
        subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", module, *words, "run"],
            cwd=folder,
            env=clean_environment(**{"PAPERWIRE_WEB_PORT": "0", "PYTHONUNBUFFERED": "1", **environment}),
            stdout=out,
            stderr=out,
        ) as process,
    ):
        try:
            yield Program(process, log, _listens(process, log))
        finally:
            if process.poll() is None:
                process.kill()


def _listens(process: "subprocess.Popen[bytes]", log: Path) -> int:
    """Waits until the program watches its sources. Returns the port of its web address."""
    return next(
        int(found[1])
        for said in _while_it_starts(process, log)
        if (found := re.search(r"Health: http://[\d.]+:(\d+)/", said)) and "Watching " in said
    )


def _while_it_starts(process: "subprocess.Popen[bytes]", log: Path) -> Iterator[str]:
    """Yields the log again and again. Raises RuntimeError if the program ends or takes too long."""
    end = time.monotonic() + STARTS
    while time.monotonic() < end and process.poll() is None:
        yield log.read_text("utf-8", "replace")
        time.sleep(0.05)
    raise RuntimeError(f"it did not start:\n{log.read_text('utf-8', 'replace')}")

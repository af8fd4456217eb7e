"""Runs a fake platform in its own process, for tests that start paperwire as a program and kill it."""

import dataclasses
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.journal import Entry
from tests.forked import Forked
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]


@dataclasses.dataclass(slots=True)
class Remote:
    """A fake platform that runs in another process."""

    url: str  # the value for the program's setting
    control: str
    path: Path
    line: httpx.Client  # one client for all calls, because making one takes longer than using it
    _entries: list[Entry] = dataclasses.field(default_factory=list)
    _read: int = 0  # bytes of the journal

    def call(self, verb: str, *args: Any, **options: Any) -> Any:
        """Calls a method (verb) of the fake. Returns its result; journal entries in it are dicts."""
        answer = self.line.post(self.control, json={"verb": verb, "args": args, "options": options})
        answer.raise_for_status()
        return answer.json()["result"]

    @property
    def journal(self) -> list[Entry]:
        """Returns the entries that the fake has written so far, without an entry that is only half written."""
        with self.path.open("rb") as file:
            file.seek(self._read)
            whole, end, _ = file.read().rpartition(b"\n")
        self._read += len(whole + end)
        self._entries += [Entry(**json.loads(line)) for line in whole.splitlines()]
        return list(self._entries)


@contextmanager
def running(platform: str, *, journal: Path) -> Iterator[Remote]:
    """Runs `python -m tests.fakes.<platform>`, which writes its journal to the file `journal`."""
    journal.touch()
    with Forked(
        [f"tests.fakes.{platform}", "--journal", str(journal)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as fake:
        assert fake.stdout is not None
        ready = json.loads(fake.stdout.readline())
        try:
            with httpx.Client(timeout=PATIENCE, trust_env=False) as line:
                yield Remote(ready["url"], ready["control"], journal, line)
        finally:
            fake.kill()

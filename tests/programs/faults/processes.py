"""Rows with real processes: the program is killed, stopped and doubled from outside, and another one takes over.

The platform runs in its own process, and only its journal is the judge.
"""

import json
import random
import signal
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import httpx

from tests.fakes.journal import Entry
from tests.fakes.process import Remote, running
from tests.fakes.telegram import TOKEN
from tests.forked import Forked, clean_environment
from tests.make import NOON
from tests.patience import PATIENCE
from tests.programs.faults.filled import TOPIC, arrivals, copy_of, lane_of, ready_made, telegram_chats, wanted
from tests.programs.faults.judging import Hit, Life, Verdict, in_flight, judge, unexplained

FEW, MANY, ROUNDS = 20, 100, 4  # chats, and messages for each
MARGIN = 25  # messages that must be left when a process is started that is to be hit
LATEST = 12  # messages after which the fault comes at the latest
COMMITS = 30  # commits after which it comes at the latest
HALF_A_SECOND = 0.5  # about twelve messages go out in this time


class Child(Forked):
    """A process that runs the program."""

    def __init__(self, arguments: Sequence[str], environment: dict[str, str], output: Path) -> None:
        with output.open("ab", buffering=0) as file:
            super().__init__(["bot", *arguments], env=environment, cwd=output.parent, stdout=file, stderr=file)

    @property
    def lives(self) -> bool:
        return self.poll() is None

    def ends(self) -> int:
        """Waits for its end. Returns its exit status, minus the signal if one ended it."""
        return self.wait(PATIENCE)


@dataclass(slots=True)
class Stage:
    """A platform, a database, and the program that is started on it again and again."""

    folder: Path
    fake: Remote
    dice: random.Random
    chats: Sequence[str]
    entries: list[Entry] = field(default_factory=list)  # the journal of this batch
    lives: list[Life] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    strange: int = 0
    _read_up_to: int = 0
    _starts: int = 0

    @property
    def database(self) -> Path:
        return self.folder / "paperwire.db"

    def starts(self) -> Child:
        """Starts `paperwire deliver`; by its clock, a minute later than the last time."""
        now = NOON + timedelta(hours=1, minutes=self._starts)
        self._starts += 1
        return Child(("deliver", "--now", now.isoformat(), "--json"), self.environment, self.folder / "output.txt")

    @property
    def environment(self) -> dict[str, str]:
        """Returns the environment of the program."""
        return clean_environment(
            PAPERWIRE_DATABASE_URL=f"sqlite:///{self.database}",
            PAPERWIRE_TELEGRAM_TOKEN=TOKEN,
            PAPERWIRE_TELEGRAM_API_URL=self.fake.url,
        )

    def reads(self) -> int:
        """Reads what the platform wrote meanwhile. Returns the number of its messages in this batch."""
        for _ in range(3):  # what a dead process had sent may still be on its way through the platform
            self.fake.call("arrived", "nothing")
        with self.fake.path.open("rb") as file:
            file.seek(self._read_up_to)
            for line in file:
                self.entries.append(Entry(**json.loads(line)))
            self._read_up_to = file.tell()
        return len(self.entries)

    def begins_anew(self, ready: Path) -> None:
        """Begins another batch, with a fresh database."""
        self.reads()
        copy_of(ready, self.database)
        self.entries, self.lives, self.hits, self.strange = [], [], [], 0

    @property
    def left(self) -> int:
        """Returns how many messages have not arrived."""
        return len(self.chats) * ROUNDS - len({(one.lane, one.paper) for one in arrivals(self.entries)})

    def judged(self) -> Verdict:
        taken = arrivals(self.entries)
        verdict = judge(wanted(self.chats, ROUNDS), taken, self.hits)
        copied = verdict.allowed > 0  # from a copy, everything that was sent since then may come again
        allowed = verdict.allowed or sum(in_flight(taken, life) for life in self.lives)
        strange = self.strange if copied else self.strange + unexplained(taken, self.lives)
        return replace(verdict, allowed=allowed, strange=verdict.strange + strange)


Scene = Callable[[Stage], None]  # one life of the program: starts it, hits it, notes the hit


def processes(folder: Path, tries: int, scene: Scene, *, seed: str) -> Verdict:
    """Plays a scene until there were tries enough, a batch of messages after the other, and lets each batch be finished."""
    chats = telegram_chats(min(max(FEW, 2 * tries), MANY))
    ready = ready_made(folder, chats, ROUNDS)
    verdict = Verdict()
    with _platform(folder, chats) as fake:
        stage = Stage(folder, fake, random.Random(seed), chats)
        while verdict.tries < tries:
            stage.begins_anew(ready)
            while verdict.tries + len(stage.hits) < tries and stage.left > MARGIN:
                scene(stage)
            for _ in range(5):
                begin = len(stage.entries)
                stage.strange += stage.starts().ends() != 0
                stage.lives.append(Life(begin, stage.reads(), killed=False))
                if not stage.left:
                    break
            verdict += stage.judged()
    return verdict


@contextmanager
def _platform(folder: Path, chats: Sequence[str]) -> Iterator[Remote]:
    with running("telegram", journal=folder / "journal") as fake:
        for chat in chats:
            fake.call("knows", lane_of(chat), topics=[TOPIC] if "/" in chat else [])
        yield fake


# ── the faults ────────────────────────────────────────────────────────────────


def _dies(stage: Stage, child: Child, begin: int) -> None:
    """Kills a process, and notes the try."""
    child.kill()
    at = time.time()
    status = child.ends()
    with suppress(httpx.HTTPError):
        stage.fake.call("releases", drop=True)
    stage.lives.append(Life(begin, stage.reads(), killed=True))
    if status == -signal.SIGKILL:  # else it had done everything before
        stage.hits.append(Hit(at=at))


def _until_answered(stage: Stage, child: Child, number: int) -> None:
    """Returns when the platform has answered so many more messages, or the process has ended."""
    size = stage.fake.path.stat().st_size
    while child.lives:
        with stage.fake.path.open("rb") as file:
            file.seek(size)
            if file.read().count(b"\n") >= number:
                return
        time.sleep(0.001)


def at_a_write(stage: Stage) -> None:
    """Kills the program while the platform handles the n-th message: before it takes it, after it, or as it answers."""
    begin, moment = len(stage.entries), ("hang before", "hang after", "")[len(stage.hits) % 3]
    number = stage.dice.randrange(LATEST)
    if moment:
        stage.fake.call("answers", moment, 1, after=number)
    child = stage.starts()
    if moment:
        stage.fake.call("waits_hanging", PATIENCE)
    else:
        _until_answered(stage, child, number + 1)
    _dies(stage, child, begin)


def at_a_commit(stage: Stage) -> None:
    """Kills the program as soon as another process sees its n-th commit."""
    begin, number = len(stage.entries), stage.dice.randrange(1, COMMITS)
    child = stage.starts()
    with closing(sqlite3.connect(stage.database, isolation_level=None)) as beside:
        version, seen = beside.execute("PRAGMA data_version").fetchone(), 0
        while seen < number and child.lives:
            now = beside.execute("PRAGMA data_version").fetchone()
            seen, version = seen + (now != version), now
            time.sleep(0.0005)  # else this process would take the time of the other
    _dies(stage, child, begin)


def at_random(stage: Stage) -> None:
    """Kills the program at any moment: each fourth time at its start, else while it sends."""
    begin = len(stage.entries)
    child = stage.starts()
    if len(stage.hits) % 4:
        _until_answered(stage, child, 1)
    time.sleep(stage.dice.uniform(0, HALF_A_SECOND))
    _dies(stage, child, begin)


def power_lost(stage: Stage) -> None:
    """Stops everything at any moment, and goes on from a copy of the database and its WAL, without what was never committed."""
    begin = len(stage.entries)
    child = stage.starts()
    _until_answered(stage, child, stage.dice.randrange(LATEST))
    time.sleep(stage.dice.uniform(0, 0.05))
    child.send_signal(signal.SIGSTOP)
    while child.lives and not _stands_still(child.pid):
        time.sleep(0.001)
    wal = stage.database.with_name("paperwire.db-wal")
    image = stage.database.read_bytes(), _committed(wal.read_bytes()) if wal.exists() else b""
    _dies(stage, child, begin)
    for suffix in ("", "-wal", "-shm"):
        stage.database.with_name("paperwire.db" + suffix).unlink(missing_ok=True)
    stage.database.write_bytes(image[0])
    if image[1]:
        wal.write_bytes(image[1] + stage.dice.randbytes(stage.dice.randrange(10_000)))


def _stands_still(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] in "TtZ"


def _committed(wal: bytes) -> bytes:
    """Returns a write-ahead log up to its last frame that ends a transaction (sqlite.org/fileformat2.html#walformat)."""
    if len(wal) < 32:
        return b""
    page = struct.unpack(">I", wal[8:12])[0]
    salts, end = wal[16:24], 32
    for start in range(32, len(wal) - page - 23, page + 24):
        if wal[start + 8 : start + 16] != salts:
            break
        if wal[start + 4 : start + 8] != b"\0\0\0\0":
            end = start + 24 + page
    return wal[:end]


def asked_to_stop(stage: Stage) -> None:
    """Asks the program to stop while messages are under way: it finishes them, and the next one doubles nothing."""
    begin, hangs = len(stage.entries), len(stage.hits) % 2
    if hangs:
        stage.fake.call("answers", "hang after", 1, after=stage.dice.randrange(LATEST))
    child = stage.starts()
    if hangs:
        stage.fake.call("waits_hanging", PATIENCE)
    else:
        _until_answered(stage, child, stage.dice.randrange(1, LATEST))
    child.send_signal(signal.SIGTERM)
    at = time.time()
    if hangs:
        time.sleep(0.02)
        stage.fake.call("releases")
    stage.strange += child.ends() != 0
    stage.lives.append(Life(begin, stage.reads(), killed=False))
    stage.hits.append(Hit(at=at))


def two_at_once(stage: Stage) -> None:
    """Starts two programs at once: one sends, the other says that it may not. Every third time the sender is killed."""
    begin = len(stage.entries)
    children = [stage.starts(), stage.starts()]
    end = time.monotonic() + PATIENCE
    while all(child.lives for child in children) and time.monotonic() < end:
        time.sleep(0.001)
    sender, refused = sorted(children, key=lambda child: child.lives, reverse=True)
    _until_answered(stage, sender, stage.dice.randrange(1, LATEST))
    stage.strange += refused.ends() != 1
    at, killed = time.time(), len(stage.hits) % 3 == 0
    sender.send_signal(signal.SIGKILL if killed else signal.SIGTERM)
    status = sender.ends()
    stage.strange += not killed and status != 0
    stage.lives.append(Life(begin, stage.reads(), killed=killed))
    stage.hits.append(Hit(at=at))


def damaged(stage: Stage) -> None:
    """Overwrites pages of the database while messages are under way. Ends the program and restores the newest copy.

    What was sent since the copy may come again: the program warns the operator, and `--lost-at` prefers to lose it.
    """
    copy = stage.folder / "copy.db"
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(stage.database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    begin = len(stage.entries)
    child = stage.starts()
    _until_answered(stage, child, stage.dice.randrange(1, LATEST))
    for name in ("paperwire.db", "paperwire.db-wal"):
        with suppress(FileNotFoundError), stage.database.with_name(name).open("r+b") as file:
            file.seek(stage.dice.choice((0, 4096)))
            file.write(stage.dice.randbytes(64 * 4096))
    time.sleep(0.05)
    child.kill()
    at = time.time()
    child.ends()
    stage.lives.append(Life(begin, stage.reads(), killed=True))
    sent = len(arrivals(stage.entries)) - begin
    stage.strange += Child(("restore", str(copy)), stage.environment, stage.folder / "output.txt").ends() != 0
    stage.hits.append(Hit(at=at, may_double=sent))

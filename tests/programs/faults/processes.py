"""Rows with real processes: the program is killed, stopped or started twice from outside, and another process continues.

The platform runs in its own process, and the checks use only its journal.
"""

import random
import shutil
import signal
import sqlite3
import struct
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import httpx

from tests.clock import NOON
from tests.fakes import process
from tests.fakes.journal import Entry
from tests.patience import PATIENCE
from tests.product import Process, Product
from tests.programs.faults import filled, judging

FEW, MANY, ROUNDS = 10, 100, 4  # chats (few, many), and messages for each chat
MARGIN = 25  # messages that must be left before the next process is started and hit
LATEST = 12  # the fault comes after at most this many messages
COMMITS = 30  # the fault comes after at most this many commits
HALF_A_SECOND = 0.5  # about twelve messages are sent in this time


@dataclass(slots=True)
class Stage:
    """A platform, a fresh database, and the program that is started on them again and again."""

    product: Product
    fake: process.Remote
    dice: random.Random
    chats: list[str]
    first: int  # number of the entries of earlier batches
    entries: list[Entry] = field(default_factory=list)  # the journal of this batch
    lives: list[judging.Life] = field(default_factory=list)
    hits: list[judging.Hit] = field(default_factory=list)
    strange: int = 0
    rounds: int = ROUNDS  # messages for each chat
    _started: list[Process] = field(default_factory=list)

    @property
    def database(self) -> Path:
        return self.product.folder / "paperwire.db"

    def starts(self) -> Process:
        """Starts `paperwire deliver` and returns the process.

        By its clock, this is a minute later than the last start.
        """
        now = NOON + timedelta(hours=1, minutes=len(self._started))
        return self.runs("deliver", "--now", now.isoformat(), "--json")

    def runs(self, *arguments: str) -> Process:
        """Starts the program with these arguments."""
        self._started.append(self.product.starts(*arguments))
        return self._started[-1]

    def plays(self, scene: "Scene") -> None:
        """Plays one life of the program, and records its part of the journal and whether it was killed."""
        begin, first = len(self.entries), len(self._started)
        scene(self)
        self.reads()
        killed = any(child.popen.returncode == -signal.SIGKILL for child in self._started[first:])
        self.lives.append(judging.Life(begin, len(self.entries), killed=killed))

    def reads(self) -> None:
        """Reads what the platform has written."""
        for _ in range(3):  # the platform may still be handling the last requests of a dead process
            self.fake.call("arrived", "nothing")
        self.entries = self.fake.journal[self.first :]

    @property
    def left(self) -> int:
        """Returns the number of messages that have not arrived."""
        return len(self.chats) * self.rounds - len({(one.lane, one.paper) for one in filled.arrivals(self.entries)})

    def judged(self) -> judging.Verdict:
        taken = filled.arrivals(self.entries)
        verdict = judging.judge(filled.wanted(self.chats, self.rounds), taken, self.hits)
        verdict = replace(verdict, strange=verdict.strange + self.strange)
        if verdict.allowed:  # after a restore from a copy, everything that was sent since the copy may come again
            return verdict
        lives = [self._in_arrivals(life) for life in self.lives]
        allowed = sum(judging.in_flight(taken, life) for life in lives)
        return replace(verdict, allowed=allowed, strange=verdict.strange + judging.unexplained(taken, lives))

    def _in_arrivals(self, life: judging.Life) -> judging.Life:
        """Returns a life whose bounds count arrivals instead of entries: a message may bring several papers, or none."""
        begin, end = (len(filled.arrivals(self.entries[:bound])) for bound in (life.begin, life.end))
        return replace(life, begin=begin, end=end)


Scene = Callable[[Stage], None]  # one life of the program: starts it, hits it, records the hit


def processes(folder: Path, tries: int, scene: Scene, *, seed: str) -> judging.Verdict:
    """Plays a scene until there are enough tries, in batches of messages, and returns the verdict.

    After each batch, the remaining messages are sent.
    """
    chats = filled.telegram_chats(min(max(FEW, 2 * tries), MANY))
    verdict = judging.Verdict()
    with process.running("telegram", journal=folder / "journal") as fake:
        for chat in chats:
            fake.call("knows", filled.lane_of(chat), topics=[filled.TOPIC] if "/" in chat else [])
        product = Product(folder, telegram=fake)
        filled.fill(product, chats, ROUNDS)
        ready = (folder / "paperwire.db").rename(folder / "ready.db")
        dice = random.Random(seed)
        while verdict.tries < tries:
            stage = Stage(product, fake, dice, chats, len(fake.journal))
            filled.copy_of(ready, stage.database)
            while verdict.tries + len(stage.hits) < tries and stage.left > MARGIN:
                stage.plays(scene)
            for _ in range(5):
                stage.plays(_sends_the_rest)
                if not stage.left:
                    break
            verdict += stage.judged()
    return verdict


def _sends_the_rest(stage: Stage) -> None:
    stage.strange += stage.starts().ends() != 0


def dies(stage: Stage, child: Process) -> None:
    """Kills a process and records the try."""
    child.kill()
    at = time.time()
    with suppress(httpx.HTTPError):
        stage.fake.call("releases", drop=True)
    if child.popen.returncode == -signal.SIGKILL:  # otherwise the process had already finished
        stage.hits.append(judging.Hit(at=at))


def _holds_an_answer(stage: Stage, moment: str, number: int) -> Process:
    """Starts the program.

    Returns when it waits for the answer to its n-th message, which comes late (see tests/fakes/faults.py).
    """
    stage.fake.call("answers", moment, 1, after=number)
    child = stage.starts()
    stage.fake.call("waits_hanging", PATIENCE)
    return child


def _has_answers(stage: Stage, number: int) -> Process:
    """Starts the program. Returns when the platform has answered so many messages."""
    child = stage.starts()
    _until_answered(stage, child, number)
    return child


def _until_answered(stage: Stage, child: Process, number: int) -> None:
    """Returns when the platform has answered `number` more messages, or when the process has ended."""
    size = stage.fake.path.stat().st_size
    while child.popen.poll() is None:
        with stage.fake.path.open("rb") as file:
            file.seek(size)
            if file.read().count(b"\n") >= number:
                return
        time.sleep(0.001)


def at_a_write(stage: Stage) -> None:
    """Kills the program at the n-th message: before the platform accepts it, after that, or during the answer."""
    moment, number = ("hang before", "hang after", "")[len(stage.hits) % 3], stage.dice.randrange(LATEST)
    dies(stage, _holds_an_answer(stage, moment, number) if moment else _has_answers(stage, number + 1))


def at_a_commit(stage: Stage) -> None:
    """Kills the program as soon as another process sees its n-th commit."""
    number = stage.dice.randrange(1, COMMITS)
    child = stage.starts()
    with closing(sqlite3.connect(stage.database, isolation_level=None)) as beside:
        version, seen = beside.execute("PRAGMA data_version").fetchone(), 0
        while seen < number and child.popen.poll() is None:
            now = beside.execute("PRAGMA data_version").fetchone()
            seen, version = seen + (now != version), now
            time.sleep(0.0005)  # without a wait, this loop would take the program's CPU time
    dies(stage, child)


def at_random(stage: Stage) -> None:
    """Kills the program at a random moment: every fourth time at its start, otherwise while it sends."""
    child = _has_answers(stage, 1) if len(stage.hits) % 4 else stage.starts()
    time.sleep(stage.dice.uniform(0, HALF_A_SECOND))
    dies(stage, child)


def power_lost(stage: Stage) -> None:
    """Stops everything at a random moment. Continues with a copy of the database and the committed part of its WAL."""
    child = _has_answers(stage, stage.dice.randrange(LATEST))
    time.sleep(stage.dice.uniform(0, 0.05))
    child.signals(signal.SIGSTOP)
    while child.popen.poll() is None and not _stands_still(child.pid):
        time.sleep(0.001)
    wal = stage.database.with_name("paperwire.db-wal")
    image, log = stage.product.folder / "image.db", _committed(wal.read_bytes()) if wal.exists() else b""
    shutil.copyfile(stage.database, image)
    dies(stage, child)
    filled.copy_of(image, stage.database)
    if log:
        wal.write_bytes(log + stage.dice.randbytes(stage.dice.randrange(10_000)))


def _stands_still(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] in "TtZ"


def _committed(wal: bytes) -> bytes:
    """Returns a write-ahead log up to the last frame that commits a transaction (sqlite.org/fileformat2.html#walformat)."""
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
    """Asks the program to stop while it sends messages. It finishes these, and the next process sends none twice."""
    hangs, number = len(stage.hits) % 2, stage.dice.randrange(1, LATEST)
    child = _holds_an_answer(stage, "hang after", number - 1) if hangs else _has_answers(stage, number)
    child.signals(signal.SIGTERM)
    at = time.time()
    if hangs:
        time.sleep(0.02)
        stage.fake.call("releases")
    stage.strange += child.ends() != 0
    stage.hits.append(judging.Hit(at=at))


def two_at_once(stage: Stage) -> None:
    """Starts two programs at once. One sends, the other refuses to start. Every third time, the sender is killed."""
    children = [stage.starts(), stage.starts()]
    end = time.monotonic() + PATIENCE
    while all(child.popen.poll() is None for child in children) and time.monotonic() < end:
        time.sleep(0.001)
    sender, refused = sorted(children, key=lambda child: child.popen.poll() is None, reverse=True)
    _until_answered(stage, sender, stage.dice.randrange(1, LATEST))
    stage.strange += refused.ends() != 1
    at, killed = time.time(), len(stage.hits) % 3 == 0
    sender.signals(signal.SIGKILL if killed else signal.SIGTERM)
    status = sender.ends()
    stage.strange += not killed and status != 0
    stage.hits.append(judging.Hit(at=at))


def damaged(stage: Stage) -> None:
    """Overwrites pages of the database while messages are being sent. Ends the program and restores the newest copy.

    What was sent since the copy may come again.
    """
    copy = stage.product.folder / "copy.db"
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(stage.database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    before = len(stage.entries)
    child = _has_answers(stage, stage.dice.randrange(1, LATEST))
    for name in ("paperwire.db", "paperwire.db-wal"):
        with suppress(FileNotFoundError), stage.database.with_name(name).open("r+b") as file:
            file.seek(stage.dice.choice((0, 4096)))
            file.write(stage.dice.randbytes(64 * 4096))
    time.sleep(0.05)
    child.kill()
    at = time.time()
    stage.reads()
    sent = len(filled.arrivals(stage.entries)) - before
    stage.strange += stage.runs("restore", str(copy), "--not-sent").ends() != 0
    stage.hits.append(judging.Hit(at=at, may_double=sent))

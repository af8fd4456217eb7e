"""The load of a soak: digests, people, operators, other processes, and faults, each at its own pace.

It counts everything that it does, so the judge knows what each chat must have got.
"""

import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from subscriptions.service.amendments import set_settings
from subscriptions.store.database.store import Transaction
from tests.fakes.arxiv import FakeArxiv
from tests.fakes.slack import FakeSlack, SentEnvelope
from tests.fakes.telegram import FakeTelegram
from tests.forked import Forked
from tests.integration.cli import page
from tests.make import address, an_open_store, clean_up, subscribes

WORDS = ("kite", "harbour", "lantern", "meadow", "orchard")
FIRST_TALKER = 900_000  # first id of the private chats in which people talk; no papers are delivered there
PRESS = ""  # means that a person presses "undo" under the newest message with this button
SAID = (
    "sub zebra {n} daily 9", PRESS, "list", "set limit {n}", "set limit 7", PRESS, "search kite", "why 2611.00001", "help sub", "unsub 1",
    "status",
)  # fmt: skip
BRIEF = {"429", "429 on Slack", "updates cut", "connections of Slack dropped"}
LOCKED = 3.0  # seconds for which another process holds the database


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How much happens. Times are in seconds."""

    seconds: float
    chats: int  # on Telegram; each gets one message per digest
    channels: int  # on Slack
    talkers: int = 120
    digest: float = 60.0  # between two digests
    talk: float = 0.8  # between two commands of people
    fault: float = 20.0  # between two faults of a platform
    lock: float = 150.0  # between two locks of the database
    others: float = 120.0  # between two other subcommands that run at the same time, for example a backup
    sample: float = 5.0
    brief: bool = False  # use only faults that are over within a second


@dataclass(slots=True)
class Account:
    """What was done, and what the chats must get."""

    # (chat, paper) → second in which the digest was written
    due: dict[tuple[str, str], float] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)  # chat → the word to which it subscribes
    asked: Counter[str] = field(default_factory=Counter)  # chat on Telegram → number of commands, each gets one message
    handed_over: list[tuple[str, SentEnvelope]] = field(default_factory=list)  # (chat, command) on Slack
    # doubles that the faults allow: accepted messages whose answer was lost and that the bot cannot look up
    doubles: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    digests: int = 0
    presses: list[str] = field(default_factory=list)  # buttons that were pressed; each press must be acknowledged


class Load:
    """Everything that happens to a running program."""

    def __init__(
        self,
        folder: Path,
        pace: Pace,
        telegram: FakeTelegram,
        slack: FakeSlack,
        mirror: FakeArxiv,
        *,
        environment: dict[str, str],
    ) -> None:
        self.folder = folder
        self.pace = pace
        self.telegram = telegram
        self.slack = slack
        self.mirror = mirror  # a source on the web, which serves one page
        self.account = Account()
        self.port = 0  # port of the program's web address
        self.environment = environment
        self.database = folder / "paperwire.db"
        self._turn = 0
        self._beside: list[threading.Thread] = []

    def prepares(self, now: datetime) -> None:
        """Writes the settings and a database in which every chat subscribes to one word."""
        (self.folder / "inbox").mkdir()
        self.mirror.holds("/list.md", page(("2610.00001", "A first page", "Nothing is asked for in it.")))
        (self.folder / "paperwire.toml").write_text(
            '[[source]]\nname = "inbox"\npath = "inbox/*.md"\n'
            f'[[source]]\nname = "mirror"\nurl = "{self.mirror.url}/list.md"\nschedule = "every 1m"\n'
        )
        with an_open_store(f"sqlite:///{self.database}", now=now) as store, store.write() as transaction:
            for n in range(self.pace.chats):
                chat = str(1000 + n) if n % 4 else str(-1_000_000 - n)  # a quarter are groups
                self.telegram.knows(chat)
                self._subscribes(transaction, f"telegram:{chat}", n, now)
            for n in range(self.pace.channels):
                self.slack.knows(f"C{n}", people=("U0",))
                self._subscribes(transaction, f"slack:C{n}", n, now)
        for n in range(self.pace.talkers):
            self.telegram.knows(str(FIRST_TALKER + n))
            self.slack.knows_person(f"U{n}", name=f"Person {n}")
        self.slack.grants_all()

    def _subscribes(self, store: Transaction, chat: str, n: int, now: datetime) -> None:
        word = WORDS[n % len(WORDS)]
        subscribes(store, chat, word, every="now", now=now)
        # otherwise the result would depend on the time of day
        set_settings(store, address(chat), {"quiet": "off"}, now=now)
        self.account.words[chat.partition(":")[2]] = word

    # ── the loop ──────────────────────────────────────────────────────────────

    def runs(self, sample: Callable[[float], None]) -> None:
        """Lets everything happen at its pace for `pace.seconds`. Calls `sample` with the current second."""
        pace = self.pace
        jobs: list[tuple[float, Callable[[float], object]]] = [
            (pace.sample, sample),
            (pace.digest, self.brings_a_digest),
            (pace.talk, self.somebody_talks),
            (pace.fault, self.fails),
            (pace.lock, lambda _: self._starts(self.locks)),
            (pace.others, lambda _: self._starts(self.works_beside)),
            (pace.sample * 3, lambda _: self._starts(self.scrapes)),
        ]
        due = [0.0, 0.0, *(every / 2 for every, _ in jobs[2:])]
        began = time.monotonic()
        while (second := time.monotonic() - began) < pace.seconds:
            for n, (every, job) in enumerate(jobs):
                if second >= due[n]:
                    due[n] += every
                    job(second)
            time.sleep(max(0.0, min(*due, pace.seconds) - (time.monotonic() - began)))
        for thread in self._beside:
            thread.join()

    def settles(self, seconds: float) -> None:
        """Ends all faults, and waits until nothing is unfinished, at most this many seconds."""
        self.telegram.forgives()
        self.slack.forgives()
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.unfinished():
            time.sleep(0.25)

    def unfinished(self) -> Counter[str]:
        """Returns how much is unfinished, by kind: messages, replies, updates, and papers that were not read."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as connection:
            (messages,) = connection.execute("SELECT count(*) FROM delivery WHERE settled_at IS NULL").fetchone()
            (replies,) = connection.execute("SELECT count(*) FROM \"update\" WHERE state = 'ready'").fetchone()
            read = {key for (key,) in connection.execute("SELECT key FROM paper WHERE key LIKE '2611.%'")}
        written = {f"2611.{n:05d}" for n in range(1, self.account.digests * len(WORDS) + 1)}
        waiting = {"messages": messages, "replies": replies, "updates": self.telegram.waiting()}
        return +Counter(waiting | {"papers to read": len(written - read)})  # without zeros

    # ── what happens ──────────────────────────────────────────────────────────

    def brings_a_digest(self, second: float) -> None:
        """Writes a digest with one paper for each word. Every third digest goes to the source on the web.

        If more than one digest is unfinished, it writes none. A machine that cannot keep up gets only as much as it can send.
        """
        if self.unfinished().total() > len(self.account.words):
            self.account.faults["digest put off"] += 1
            return
        self.account.digests += 1
        first = (self.account.digests - 1) * len(WORDS) + 1
        papers = [
            (
                f"2611.{first + n:05d}",
                f"On the {word}, part {first + n}",
                f"We look at one {word} after the other. " * 20,
            )
            for n, word in enumerate(WORDS)
        ]
        for chat, word in self.account.words.items():
            self.account.due[chat, papers[WORDS.index(word)][0]] = second
        if self.account.digests % 3 == 0 and self.pace.seconds - second > 2 * 60:
            self.mirror.holds("/list.md", page(*papers))  # the program polls this source every minute
        else:
            part = self.folder / "inbox" / f"{self.account.digests}.part"
            part.write_text(page(*papers), "utf-8")
            part.rename(part.with_suffix(".md"))  # so the file appears as a whole

    def somebody_talks(self, _: float) -> None:
        """Lets a person send the next command of their list, or press a button. Every fourth person is on Slack."""
        round_of_all, person = divmod(self._turn, self.pace.talkers)
        self._turn += 1
        words = SAID[(round_of_all + person) % len(SAID)].format(n=5 + self._turn % 40)
        on_slack = person % 4 == 3
        chat = f"D{person}" if on_slack else str(FIRST_TALKER + person)
        if words == PRESS:
            with suppress(AssertionError):  # no message of the chat has this button
                if not on_slack:
                    pressed = self.telegram.in_its_loop(lambda: self.telegram.presses("undo", chat))
                    self.account.presses.append(pressed)
        elif on_slack:
            self.account.handed_over.append((chat, self.slack.user_types(f"/paperwire {words}", chat, by=f"U{person}")))
        else:
            self.account.asked[chat] += 1
            self.telegram.in_its_loop(lambda: self.telegram.user_writes(f"/{words}", chat))

    def fails(self, _: float) -> None:
        """Makes the next of the platforms fail."""
        kinds: tuple[tuple[str, Callable[[], object]], ...] = (
            ("429", lambda: self.telegram.answers("429", 2, retry_after=1)),
            ("500", lambda: self.telegram.answers("500", 3)),
            ("429 on Slack", lambda: self.slack.answers("429", 1, retry_after=1)),
            ("cut before it was taken", lambda: self.telegram.answers("cut before", 3)),
            ("updates cut", lambda: self.telegram.answers("reset before", 2, method="getUpdates")),
            ("cut after it was taken", lambda: self._loses("reset after", 2)),
            ("Slack cut after it was taken", lambda: self.slack.answers("reset after")),
            ("502", lambda: self.telegram.answers("502", 2)),
            ("connections of Slack dropped", self.slack.drops_connections),
            ("half an answer", lambda: self._loses("cut in the answer", 1)),
        )
        if self.pace.brief:
            kinds = tuple(kind for kind in kinds if kind[0] in BRIEF)
        name, act = kinds[sum(self.account.faults[kind] for kind, _ in kinds) % len(kinds)]
        self.account.faults[name] += 1
        act()

    def _loses(self, fault: str, times: int) -> None:
        """Lets Telegram accept the next messages and lose its answers, so that the bot sends them again."""
        self.account.doubles += times
        self.telegram.answers(fault, times)

    def locks(self) -> None:
        """Lets another process lock the database for LOCKED seconds."""
        self.account.faults["database locked"] += 1
        with closing(sqlite3.connect(self.database, timeout=30, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(min(LOCKED, self.pace.seconds / 8))
            connection.execute("ROLLBACK")

    def works_beside(self) -> None:
        """Runs a backup, a subcommand and a clean-up in other processes."""
        self.account.faults["copy, status and clean-up beside it"] += 1
        copy = self.folder / "copy.db"
        copy.unlink(missing_ok=True)
        for words in (["backup", str(copy)], ["status"], ["outbox"]):
            with Forked(
                ["bot", *words],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ) as process:
                process.wait(120)
        with an_open_store(f"sqlite:///{self.database}", now=datetime.now(UTC)) as store:
            clean_up(store, now=datetime.now(UTC))

    def scrapes(self) -> None:
        """Requests the metrics and the health page, as a monitor does."""
        for path in ("/metrics", "/health/ready"):
            try:
                httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False, timeout=30)
            except httpx.HTTPError:
                self.account.faults[f"{path} did not answer"] += 1

    def _starts(self, work: Callable[[], None]) -> None:
        self._beside = [one for one in self._beside if one.is_alive()]
        self._beside.append(threading.Thread(target=work, daemon=True))
        self._beside[-1].start()

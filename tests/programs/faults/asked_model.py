"""A row with real processes: `paperwire run` is killed while it asks a language model, and another process continues.

Papers come before each start. In every other try, the process is killed only after they have arrived, since a delivery does
not wait for the model; otherwise at once. Each try is a day of the budget.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from subscriptions.store.database.store import Store
from tests import stored
from tests.fakes import process
from tests.fakes.chat_model import MODEL, FakeChatModel, summary_of
from tests.forked import Forked
from tests.make import an_open_store, ingested
from tests.patience import PATIENCE
from tests.programs.faults import filled, language_model
from tests.programs.faults.judging import Verdict
from tests.programs.faults.processes import Stage, dies

CHATS = 5
ROUND = language_model.A_ROUND  # papers that come before a start
REQUESTS, TOKENS = 7, 15_000  # budget of a day: those of the killed process, and not enough for all of the next one
REST_EVERY = 4  # tries; then the model works for a day, so that what it owes does not grow
MOST_RESTS = 1000  # days
HALF_A_SECOND = 0.5
DELIVERS_IN = 60.0  # seconds; a process whose model is silent waits for it twice as long


@dataclass(slots=True)
class Asked:
    """A model, and the process that asks it."""

    stage: Stage
    server: FakeChatModel
    store: Store
    days: int = 0

    def is_killed(self, _: Stage) -> None:
        """Kills the process while it waits for answers."""
        self._brings()
        self.server.always = "never"
        self.server.hangs.clear()
        child = self._starts("run")
        is_late = False
        if self._waits(child, self.server.hangs.is_set) and len(self.stage.hits) % 2:
            is_late = not self._waits(child, lambda: not self._left(), DELIVERS_IN)
        time.sleep(self.stage.dice.uniform(0, HALF_A_SECOND))
        self.stage.strange += is_late + (not self.server.hangs.is_set())
        dies(self.stage, child)

    def goes_on(self, _: Stage) -> None:
        """Lets the next process end by itself. It is five minutes later: others ask for what the killed one asked."""
        self.server.always = None
        stored.change(self.store, "UPDATE model_summary SET until = '2001-01-01 00:00:00.000000' WHERE state = 'asked'")
        self.stage.strange += self._starts("run", "--once").wait(PATIENCE) != 0

    def ends_day(self, asked: int, tokens: int) -> None:
        """Ends a day of the budget. `asked` and `tokens`: what the server had counted when it began."""
        counted = stored.rows(self.store, "SELECT requests, tokens FROM model_day WHERE day > '2020-01-01'")
        requests, cost = counted[0] if counted else (0, 0)
        self.stage.strange += requests > REQUESTS or cost > TOKENS
        self.stage.strange += len(self.server.asked) - asked > requests or self.server.tokens - tokens > cost
        stored.change(
            self.store,
            "UPDATE model_day SET day = date('2001-01-01', :days) WHERE day > '2020-01-01'",
            days=f"+{self.days} days",
        )
        self.days += 1

    def judged(self) -> Verdict:
        """Returns the verdict about the messages. Strange are also summaries that are missing, and too many requests."""
        verdict = self.stage.judged()
        made = stored.value(self.store, "SELECT count(*) FROM model_summary WHERE state = 'made'")
        return replace(
            verdict,
            strange=verdict.strange + (made != self.stage.rounds) + (self.server.most_at_once > language_model.A_ROUND),
        )

    def owes(self) -> bool:
        """Tells whether a summary is missing."""
        return bool(stored.value(self.store, "SELECT count(*) FROM model_summary WHERE state != 'made'"))

    def _brings(self) -> None:
        for _ in range(ROUND):
            paper = language_model.paper(self.stage.rounds)
            ingested(self.store, paper, now=datetime.now(UTC))
            self.stage.rounds += 1

    def _left(self) -> int:
        self.stage.reads()
        return self.stage.left

    def _starts(self, *arguments: str) -> Forked:
        return self.stage.runs(
            *arguments,
            PAPERWIRE_CONFIG=str(self.stage.folder / "paperwire.toml"),
            PAPERWIRE_WEB_PORT="0",
            PAPERWIRE_MODEL_URL=self.server.url,
            PAPERWIRE_MODEL_NAME=MODEL,
            PAPERWIRE_MODEL_KEY="sesame",
            PAPERWIRE_MODEL_DAILY=f"{REQUESTS} requests, {TOKENS} tokens",
        )

    @staticmethod
    def _waits(child: Forked, is_true: Callable[[], bool], seconds: float = PATIENCE) -> bool:
        """Waits until something is true, the process has ended, or so many seconds are over. Returns whether it is true."""
        end = time.monotonic() + seconds
        while not (found := is_true()) and child.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        return found


def killed(folder: Path, tries: int) -> Verdict:
    """Kills the process so often, and returns the verdict. At the end, all summaries must be there."""
    chats = filled.telegram_chats(CHATS)
    (folder / "inbox").mkdir()
    (folder / "paperwire.toml").write_text('[[source]]\nname = "inbox"\npath = "inbox/*.md"\n', "utf-8")
    with (
        process.running("telegram", journal=folder / "journal") as fake,
        FakeChatModel(say=summary_of) as server,
        an_open_store(f"sqlite:///{folder / 'paperwire.db'}", now=datetime.now(UTC)) as store,
    ):
        for chat in chats:
            fake.call("knows", filled.lane_of(chat), topics=[filled.TOPIC] if "/" in chat else [])
        filled.subscribe(store, chats, now=datetime.now(UTC), quiet="off", text="summary")
        stage = Stage(folder, fake, random.Random("model"), chats, 0, rounds=0)
        asked = Asked(stage, server, store)
        while len(stage.hits) < tries:
            before = len(server.asked), server.tokens
            stage.plays(asked.is_killed)
            stage.plays(asked.goes_on)
            asked.ends_day(*before)
            if len(stage.hits) % REST_EVERY == 0:
                _rests(asked)
        for _ in range(MOST_RESTS):
            if asked.owes():
                _rests(asked)
        return asked.judged()


def _rests(asked: Asked) -> None:
    before = len(asked.server.asked), asked.server.tokens
    asked.stage.plays(asked.goes_on)
    asked.ends_day(*before)

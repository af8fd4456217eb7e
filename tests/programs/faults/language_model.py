"""Rows with a language model that fails, or whose workers end, while papers come and are delivered.

Every paper must arrive in the round in which it comes, whatever the model does. The server counts what it is asked each day,
and what that costs. Strange are: papers that come late, messages that are edited, summaries of nonsense, summaries given up
although the model answered nothing wrong, and more requests at once, requests or tokens than are allowed or counted.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import patch

from pydantic import SecretStr

from bot.model.language_model import summarizer_of
from bot.model.settings import Budget, ModelSettings
from bot.model.summaries import Summaries
from bot.settings import Settings
from subscriptions.model import Paper
from tests import make, stored
from tests.fakes.chat_model import MODEL, FakeChatModel, summary_of
from tests.programs.faults import filled, simulated
from tests.programs.faults.judging import Verdict

FAULTS = ("slow", "never", "429", "500", "cut", "nonsense", "4 MB")
WRONG = ("4 MB",)  # the model answers; after two wrong answers, a summary is given up
CHATS = 5
A_ROUND = 4  # papers: as many as are asked for at once
BETWEEN = timedelta(hours=3)
# less than a day's eight rounds need. With faults that may cost an answer, the tokens end first, otherwise the requests
BUDGET = Budget(requests=25, tokens=15_000)
ANSWERS_IN = 1.0  # seconds for which a worker waits
DELIVERS_IN = 60.0  # seconds; a worker whose model is silent waits twice as long
WORKERS = 2
ABSTRACT = (
    "We follow nodes of kind {} through a graph for one summer, and find that they move further than its edges say. "
)


def paper(number: int) -> Paper:
    """Returns the n-th paper, whose abstract is long enough for a summary."""
    title, abstract = f"A graph of kind {number}", ABSTRACT.format(number) * 2
    return make.paper(title, arxiv_id=filled.paper_id(number), abstract=abstract)


@dataclass(slots=True)
class Ward:
    """A model, its workers, and what it was asked on each day."""

    world: simulated.World
    server: FakeChatModel
    workers: list[Summaries] = field(default_factory=list)
    requests: Counter[date] = field(default_factory=Counter)
    tokens: Counter[date] = field(default_factory=Counter)
    hits: int = 0  # requests while the model failed
    late: int = 0  # rounds after which a paper was not there
    given_up: int = 0  # summaries that failed although no answer was wrong

    def __post_init__(self) -> None:
        """Starts the workers."""
        settings = Settings(
            database_url=SecretStr("sqlite:///x"),
            of_rooms=(ModelSettings(url=self.server.url, name=MODEL, key=SecretStr("sesame"), daily=BUDGET),),
        )
        for _ in range(WORKERS):
            worker = summarizer_of(settings, self.world.app.deps)
            assert isinstance(worker, Summaries)
            self.workers.append(worker)

    async def plays(self, fault: str, *, papers: int = A_ROUND, kills: bool = False) -> int:
        """Lets papers come while the model fails. Returns how often it was asked."""
        self.server.always = fault or None
        asked_before, tokens_before, failed_before = len(self.server.asked), self.server.tokens, self.amount("failed")
        for worker in self.workers:
            worker._failures, worker._due = 0, 0.0  # a long rest would be a round without a try
        for _ in range(papers):
            self.comes()
        for worker in self.workers:
            worker.start()
        self.late += not await self._arrives()
        await self._ends(kills=kills)
        asked = len(self.server.asked) - asked_before
        day = self.world.clock.now().date()
        self.requests[day] += asked
        self.tokens[day] += self.server.tokens - tokens_before
        self.hits += asked if fault else 0
        self.given_up += 0 if fault in WRONG else self.amount("failed") - failed_before
        self.world.clock.advance(BETWEEN)
        return asked

    async def _arrives(self) -> bool:
        """Delivers. Returns whether every chat has every paper, also while the model is silent."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DELIVERS_IN):
                await self.world.delivers()
        return len(filled.arrivals(self.world.fake.journal)) >= CHATS * self.world.rounds

    def amount(self, *states: str) -> int:
        """Returns how many summaries are in these states."""
        rows = stored.rows(self.world.app.store, "SELECT state FROM model_summary")
        return sum(state in states for (state,) in rows)

    @property
    def waiting(self) -> int:
        """How many summaries are still wanted."""
        return self.amount("wanted", "asked")

    def comes(self) -> None:
        """Ingests the next paper."""
        make.ingested(self.world.app.store, paper(self.world.rounds), now=self.world.clock.now())
        self.world.rounds += 1

    async def _ends(self, *, kills: bool) -> None:
        """Waits for the workers, or ends them while they ask, as if they were killed, and starts others."""
        if kills:
            await asyncio.to_thread(self.server.hangs.wait, 1)
            self.server.hangs.clear()
        for place, worker in enumerate(self.workers):
            if kills:
                await worker.close()
                self.workers[place] = Summaries(self.world.app.deps, worker._model, BUDGET)
            elif worker._task is not None:
                await worker._task

    async def closes(self) -> None:
        """Ends the workers, and closes their connections."""
        for worker in self.workers:
            await worker.close()

    def judged(self) -> Verdict:
        """Returns the verdict about the messages, and about what is strange."""
        store, verdict = self.world.app.store, self.world.judged()
        made = stored.rows(store, "SELECT fields FROM model_summary WHERE state = 'made'")
        wrong = sum("further than" not in str(fields) for (fields,) in made)
        counted = {str(day): one for day, *one in stored.rows(store, "SELECT day, requests, tokens FROM model_day")}
        over = sum(requests > BUDGET.requests or tokens > BUDGET.tokens for requests, tokens in counted.values())
        unpaid = sum(
            asked > counted[str(day)][0] or self.tokens[day] > counted[str(day)][1]
            for day, asked in self.requests.items()
            if asked
        )
        crowded = self.server.most_at_once > A_ROUND
        edits = sum(entry.kind == "edit" for entry in self.world.fake.journal)
        budget = over + unpaid + crowded
        strange = self.late + edits + wrong + self.given_up + self.waiting + budget + (not made)
        return replace(verdict, tries=self.hits, strange=verdict.strange + strange)


@contextmanager
def _impatient() -> Iterator[None]:
    with patch("bot.model.summaries.ANSWERS_IN", ANSWERS_IN):
        yield


async def fails(folder: Path, tries: int) -> Verdict:
    """The model fails in each way for so many tries. After each round in which it fails, it works for one."""
    chats = filled.telegram_chats(CHATS)
    with FakeChatModel(say=summary_of) as server, _impatient():
        async with simulated.a_world(folder, lambda *_: None, tries=0, seed="model", chats=chats) as world:
            filled.subscribe(world.app.store, chats, quiet="off", text="summary")
            ward = Ward(world, server)
            for fault in FAULTS:
                hits = 0
                while hits < tries:
                    hits += await ward.plays(fault)
                    await ward.plays("")
            await _rest(ward)
            await ward.closes()
            return ward.judged()


async def is_ended(folder: Path, tries: int) -> Verdict:
    """All workers are cancelled while they wait for answers, and others begin."""
    chats = filled.telegram_chats(CHATS)
    with FakeChatModel(say=summary_of) as server:
        async with simulated.a_world(folder, lambda *_: None, tries=0, seed="killed", chats=chats) as world:
            filled.subscribe(world.app.store, chats, quiet="off", text="summary")
            ward = Ward(world, server)
            while ward.hits < tries:
                await ward.plays("never", kills=True)
                await ward.plays("")
            await _rest(ward)
            await ward.closes()
            return ward.judged()


async def _rest(ward: Ward) -> None:
    """Lets the model work until nothing is wanted any more, for ten days at most."""
    for _ in range(10 * 8):
        if ward.waiting:
            await ward.plays("", papers=0)

"""Asks the model for summaries of papers that subscriptions match, within a budget a day: how often, how long, its rests after failures.

Nothing waits for it. Before each request, its cost is reserved in the store, which also counts all requests;
so a process that is killed loses at most its four requests, and nobody asks more than the budget allows.
"""

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import Protocol

from bot.errors import ModelFails, NoModelAnswer, error_location
from bot.model.paper_summary import repeating, request_of, texts_in
from bot.model.settings import Budget
from bot.ports import tasks
from bot.ports.channel import Clock
from bot.ports.language_model import LanguageModel, ModelAnswer, ModelRequest
from subscriptions.errors import PaperwireError
from subscriptions.model import ModelSummary
from subscriptions.service import model_summaries
from subscriptions.service.model_summaries import AT_ONCE, Task
from subscriptions.store.database.store import Store
from subscriptions.store.model_summaries import is_wanted

log = logging.getLogger("paperwire")

INTERVAL = 10.0  # seconds between two looks for papers and for wanted summaries
IDLE = 60.0  # the same, if there is nothing to ask for or no budget
ANSWERS_IN = 120.0  # seconds; a model on a small machine is slow
LONGEST = 180.0  # seconds that `run` takes
SHORTEST_REST, LONGEST_REST = 60.0, 3600.0  # seconds without requests after the model gave no answer


class SummaryDependencies(Protocol):
    """The dependencies of summaries."""

    @property
    def store(self) -> Store:
        """The store of the papers."""

    @property
    def clock(self) -> Clock:
        """The clock."""


class Summaries:
    """Has summaries made. See bot.ports.language_model.Summarizer."""

    def __init__(self, deps: SummaryDependencies, model: LanguageModel, budget: Budget) -> None:
        self._deps = deps
        self.name = model.name
        self._model = model
        self._budget = budget
        self._task: asyncio.Task[None] | None = None
        self._due = float("-inf")  # monotonic second of the next look
        self._failures = 0  # without an answer since the last one

    def start(self) -> None:
        """See Summarizer."""
        second = self._deps.clock.monotonic()
        if self._task is not None and self._task.done():
            if error := self._task.exception():
                said = error if isinstance(error, PaperwireError) else error_location(error)
                log.error("Papers could not be summarised: %s", said)
            self._task = None
        if self._task is None and second >= self._due:
            self._due = second + INTERVAL
            self._task = asyncio.create_task(self._summarise())

    async def run(self) -> None:
        """See Summarizer."""
        try:
            async with asyncio.timeout(LONGEST):
                await self._summarise()
        except TimeoutError:
            return  # the rest is made later

    async def check(self) -> None:
        """See Summarizer."""
        with suppress(NoModelAnswer):  # it answered; how, does not matter
            await self._model.ask(
                ModelRequest(system="Answer with one word.", text="Yes?", most=16), seconds=ANSWERS_IN
            )

    async def close(self) -> None:
        """See Summarizer."""
        await tasks.end(self._task)
        await self._model.close()

    async def _summarise(self) -> None:
        store, clock = self._deps.store, self._deps.clock
        while found := await store.run(model_summaries.find_wanted, now=clock.now()):
            await store.run(model_summaries.put_wanted, found, now=clock.now())
        if await store.run(is_wanted):
            ended = await asyncio.gather(
                *(self._ask_one_after_another() for _ in range(AT_ONCE)), return_exceptions=True
            )
            for error in filter(None, ended):
                raise error
        self._rest(IDLE if not self._failures else 0.0)

    async def _ask_one_after_another(self) -> None:
        """Asks until nothing is wanted, the budget has no more room, or the model gives no answer."""
        failures = self._failures
        while self._failures <= failures and (task := await self._next()) is not None:
            await self._ask(task)

    async def _next(self) -> Task | None:
        clock, budget = self._deps.clock, self._budget
        return await self._deps.store.run(
            model_summaries.begin,
            lambda task: request_of(task).cost,
            requests=budget.requests,
            tokens=budget.tokens,
            now=clock.now(),
            wall=clock.wall(),
        )

    async def _ask(self, task: Task) -> None:
        try:
            answer = await self._model.ask(request_of(task), seconds=ANSWERS_IN)
        except ModelFails as error:
            await self._note(task, error)
            return
        self._failures = 0
        await self._keep(task, answer)

    async def _note(self, task: Task, error: ModelFails) -> None:
        """Stores that there is no answer. Unless only this answer was wrong, the model is not asked for a while."""
        works = isinstance(error, NoModelAnswer)
        if not works:
            self._failures += 1
            self._rest(max(error.wait, min(SHORTEST_REST * 2.0 ** (self._failures - 1), LONGEST_REST)))
        is_news = await self._deps.store.run(
            model_summaries.put_failed, task, tokens=error.tokens, now=self._deps.clock.now(), works=works
        )
        if is_news and not works:
            log.warning("Papers wait for their summaries: %s", error)

    async def _keep(self, task: Task, answer: ModelAnswer) -> None:
        """Stores an answer if it is a summary."""
        store, now = self._deps.store, self._deps.clock.now()
        texts = texts_in(answer.value, task)
        if not texts:
            await store.run(model_summaries.put_failed, task, tokens=answer.tokens, now=now, works=True)
            return
        made = ModelSummary(
            language=task.place.language, fields=texts.fields, title=texts.title, model=self._model.name, made_at=now
        )
        repeats = partial(repeating, task, texts)
        await store.run(model_summaries.put_made, task, made, repeats, tokens=answer.tokens, now=now)

    def _rest(self, seconds: float) -> None:
        """Looks again no earlier than in so many seconds."""
        self._due = max(self._due, self._deps.clock.monotonic() + seconds)

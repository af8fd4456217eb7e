"""Dispatches requests: their order, how many at once, when one is given up if the database fails, how long a stop waits for them.

The effect and the reply of a request are committed before its update is acknowledged. The reply is posted in the
background.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from tenacity import AsyncRetrying, RetryCallState

from bot.conversation import handler
from bot.conversation.reply_sender import StoredReply, send_reply
from bot.dependencies import Dependencies
from bot.dependencies.until_stored import repeating
from bot.errors import error_location
from bot.ports import conversation
from bot.ports.measurements import RequestHandled
from bot.sources.arxiv_lookup import PaperLookup
from subscriptions import errors, model
from subscriptions.store import updates

log = logging.getLogger("paperwire")

MAX_CONCURRENT = 16  # requests of different lanes that are handled at the same time
MIN_BACKOFF, MAX_BACKOFF = 1.0, 30.0  # seconds until a database that cannot be used is tried again
MAX_STORE_FAILURES = 6  # failures with one request, half a minute in all; then the request is given up
EFFECT_GRACE = 5.0  # seconds for running requests to end when the process stops
REPLY_GRACE = 10.0  # seconds for replies to be sent when the process stops


class Dispatcher:
    """A RequestDispatcher, which also runs the tasks that post replies."""

    def __init__(self, deps: Dependencies, lookup: PaperLookup | None = None) -> None:
        """`lookup` finds papers that the store does not know; with None, they are not looked up."""
        self._deps = deps if lookup is None else _with_lookup(deps, lookup)
        self._in_hand: set[tuple[str, str]] = set()  # (platform, update id) of the replies that are being posted
        self._lane_locks: WeakValueDictionary[model.Lane, asyncio.Lock] = WeakValueDictionary()
        self._concurrency = asyncio.Semaphore(MAX_CONCURRENT)
        self._dispatching: set[asyncio.Task[Any]] = set()
        self._background_tasks: set[asyncio.Task[None]] = set()
        self._store_failures: Counter[tuple[str, str]] = Counter()  # (platform, update id) → failures of the database

    async def dispatch(self, request: conversation.Request) -> None:
        """See RequestDispatcher."""
        async with self._in_lane_order(request):
            await self._attempts(request.chat.platform)(self._handle, request)

    async def dispatch_without_retry(self, request: conversation.Request) -> None:
        """See RequestDispatcher."""
        async with self._in_lane_order(request):
            await self._handle(request)

    async def resume_replies(self) -> None:
        """Posts the replies that an earlier process left unfinished. Raises StoreError."""
        deps = self._deps
        replies = await deps.store.run(updates.unfinished_replies, now=deps.clock.now())
        for platform, text in replies:
            if platform in self._deps.channels:
                self._post_reply(StoredReply.from_json(text))

    async def close(self, patience: float = REPLY_GRACE) -> None:
        """Waits for running requests, at most EFFECT_GRACE seconds, then for replies, at most `patience` seconds."""
        if self._dispatching:
            _, late = await asyncio.wait(self._dispatching, timeout=EFFECT_GRACE)
            for task in late:  # the update was not acknowledged, so the platform will send it again
                task.cancel()
        if self._background_tasks:
            await asyncio.wait(self._background_tasks, timeout=patience)

    @asynccontextmanager
    async def _in_lane_order(self, request: conversation.Request) -> AsyncIterator[None]:
        """Waits until earlier requests of the lane have ended and fewer than MAX_CONCURRENT requests are being handled."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine always runs in a task
        self._dispatching.add(task)
        lane = self._lane_locks.setdefault(request.chat.lane, asyncio.Lock())
        try:
            async with lane, self._concurrency:
                yield
        finally:
            self._dispatching.discard(task)

    async def _handle(self, request: conversation.Request) -> None:
        """Handles a request. Returns after effect and reply are stored.

        If our code fails on a request, the reply says so. Raises StoreError, so that the caller may try again. After
        MAX_STORE_FAILURES such errors, we assume that the request causes them, and the reply says that the request
        failed. StoreUnavailable does not count, since it affects all requests.
        """
        key = (request.chat.platform, request.update_id)
        began, outcome = self._deps.clock.monotonic(), "failed"
        try:
            reply = await handler.answer(self._deps, request)
            outcome = "silent" if reply is None else "answered"
        except errors.StoreUnavailable:
            outcome = "waits"
            raise
        except errors.StoreError:
            if self._may_pass(key):
                outcome = "waits"
                raise
            reply = await handler.answer_failure(self._deps, request)
        except Exception as error:  # noqa: BLE001 - no message of a person may stop the receiver
            log.error(
                "Update %s of %s was not understood: %s",
                request.update_id,
                request.chat.platform,
                error_location(error),
                extra={"chat": str(request.chat)},
            )
            reply = await handler.answer_failure(self._deps, request)
        finally:
            seconds = self._deps.clock.monotonic() - began
            self._deps.observe(RequestHandled(platform=request.chat.platform, outcome=outcome, seconds=seconds))
        del self._store_failures[key]
        if reply is None:
            api = self._deps.api_of(request.chat)
            if api and isinstance(request, conversation.CallbackRequest) and request.callback_id:
                self._run_in_background(api.acknowledge(request.callback_id))
            return
        self._post_reply(reply)

    def _attempts(self, platform: str) -> AsyncRetrying:
        """Returns an object that repeats a function until the database can be used, without a limit of time."""
        return repeating(self._deps.clock, MIN_BACKOFF, MAX_BACKOFF, partial(_log_store_error, platform))

    def _may_pass(self, key: tuple[str, str]) -> bool:
        """Counts a failure of the database with this request. Returns False if the request seems to cause the failures."""
        self._store_failures[key] += 1
        return self._store_failures[key] < MAX_STORE_FAILURES

    def _post_reply(self, reply: StoredReply) -> None:
        key = (reply.chat.platform, reply.update)
        if key not in self._in_hand:
            self._in_hand.add(key)
            posting = self._run_in_background(send_reply(self._deps, reply))
            posting.add_done_callback(lambda _: self._in_hand.discard(key))

    def _run_in_background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._background_tasks.add(task)
        task.add_done_callback(self._on_done)
        return task

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._background_tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A reply could not be posted: %s", error_location(error))


def _with_lookup(deps: Dependencies, lookup: PaperLookup) -> Dependencies:
    """Returns dependencies by which papers are looked up."""
    bot_info = replace(deps.conversation.bot_info, looks_up_papers=True)
    return replace(deps, conversation=replace(deps.conversation, bot_info=bot_info), look_up=lookup.find_soon)


def _log_store_error(platform: str, attempt: RetryCallState) -> None:
    if attempt.outcome:
        log.error("What was said on %s waits for the database: %s", platform, attempt.outcome.exception())

"""Dispatches requests: in the order of each lane, many lanes at once, and given up if the database fails for long.

A request is acknowledged when its update is noted, and its reply is posted from memory. If the process ends in between,
the next one tells the chat so (`tell_unanswered`).
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from bot.app import App
from bot.conversation import handler, reply_sender
from bot.conversation.drafts import RenderedReply
from bot.conversation.handler import Unfinished
from bot.counters import REQUESTS
from bot.log import error_location
from bot.messages import CallbackRequest, Reply, Request
from bot.sources.arxiv_lookup import PaperLookup
from bot.tasks import retry_until_stored
from subscriptions.chats import known as known_chats
from subscriptions.chats.addresses import command_prefix, facts_of
from subscriptions.chats.stored import conversations
from subscriptions.errors import Sentence, StoreError, StoreUnavailable
from subscriptions.language import Language
from subscriptions.model import ChatAddress, Lane

log = logging.getLogger("paperwire")

MAX_CONCURRENT = 16  # requests of different lanes that are handled at the same time
MIN_BACKOFF, MAX_BACKOFF = 1.0, 30.0  # seconds until a database that cannot be used is tried again
MAX_STORE_FAILURES = 6  # failures with one request, half a minute in all; then the request is given up
EFFECT_GRACE = 5.0  # seconds for running requests to end when the process stops
REPLY_GRACE = 10.0  # seconds for replies to be sent when the process stops
_DONE = Sentence("I was started again before I could answer. What you asked for is done: /list shows it.")
_ASK_AGAIN = Sentence("I was started again before I could answer. Please ask again.")

Begun = RenderedReply | Unfinished | None
Handle = Callable[[], Coroutine[Any, Any, Begun]]


class _InHand(NamedTuple):
    """The work on one update."""

    task: asyncio.Task[None]
    noted: asyncio.Future[None]  # done when its platform may forget the update


class Dispatcher:
    """A RequestDispatcher, which also runs the tasks that post replies."""

    def __init__(self, app: App, lookup: PaperLookup | None = None) -> None:
        """`lookup` finds papers that the store does not know; with None, they are not looked up."""
        self._app = app if lookup is None else replace(app, look_up=lookup.find_soon)
        self._lane_locks: WeakValueDictionary[Lane, asyncio.Lock] = WeakValueDictionary()
        self._concurrency = asyncio.Semaphore(MAX_CONCURRENT)
        self._in_hand: dict[tuple[str, str], _InHand] = {}  # by platform and update id

    async def dispatch(self, request: Request) -> asyncio.Task[None]:
        """See RequestDispatcher."""
        return await self._dispatch(request, retries=True)

    async def dispatch_without_retry(self, request: Request) -> asyncio.Task[None]:
        """See RequestDispatcher."""
        return await self._dispatch(request, retries=False)

    async def tell_unanswered(self) -> None:
        """Tell each chat whose updates an earlier process noted and did not answer what became of them.

        Raise StoreError.
        """
        now = self._app.clock.now()
        waiting = await self._app.store.write(conversations.unanswered, tuple(self._app.platforms), now=now)
        for chat, changed in waiting.items():
            noted = asyncio.get_running_loop().create_future()
            noted.set_result(None)
            telling = _tell(self._app, chat, _DONE if changed else _ASK_AGAIN, now)
            self._start((chat.platform, f"told {chat}"), telling, noted)

    async def close(self, patience: float = REPLY_GRACE) -> None:
        """Wait for running requests, at most EFFECT_GRACE seconds, then for replies, at most `patience` seconds."""
        if self._in_hand:
            await asyncio.wait([one.noted for one in self._in_hand.values()], timeout=EFFECT_GRACE)
        for one in self._in_hand.values():
            if not one.noted.done():  # the update was not acknowledged, so the platform will send it again
                one.task.cancel()
        if self._in_hand:
            await asyncio.wait([one.task for one in self._in_hand.values()], timeout=patience)

    async def _dispatch(self, request: Request, *, retries: bool) -> asyncio.Task[None]:
        """Handle a request, unless it is in hand: then its platform has sent the update again."""
        key = (request.chat.platform, request.update_id)
        if (one := self._in_hand.get(key)) is None:
            noted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            one = self._start(key, self._work(request, noted, retries=retries), noted)
        await asyncio.wait((one.task, one.noted), return_when=asyncio.FIRST_COMPLETED)
        if one.noted.done():
            one.noted.result()
        return one.task

    def _start(self, key: tuple[str, str], work: Coroutine[Any, Any, None], noted: asyncio.Future[None]) -> "_InHand":
        one = self._in_hand[key] = _InHand(asyncio.create_task(work), noted)
        one.task.add_done_callback(partial(self._on_done, key))
        return one

    def _on_done(self, key: tuple[str, str], task: asyncio.Task[None]) -> None:
        del self._in_hand[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A reply could not be posted: %s", error_location(error))

    async def _work(self, request: Request, noted: asyncio.Future[None], *, retries: bool) -> None:
        """Handle a request and post its reply. Resolve `noted` as soon as its platform may forget the update.

        A change that waits for something slow keeps its lane, since a later request may be about it. A look does not.
        Neither keeps a place of `_concurrency`, so that others are answered meanwhile.
        """
        lane = self._lane_locks.setdefault(request.chat.lane, asyncio.Lock())
        try:
            async with lane:
                async with self._concurrency:
                    begun = await self._handled(request, partial(handler.begin, self._app, request), retries=retries)
                    noted.set_result(None)
                if isinstance(begun, Unfinished) and begun.prepared.writes:
                    begun = await self._finished(request, begun)
        except StoreError as error:
            noted.set_exception(error)
            noted.exception()  # nobody may wait for it any more
            return
        await self._post(request, begun)

    async def _post(self, request: Request, begun: Begun) -> None:
        """Post the reply in the order of the requests of its lane, after what it still waits for."""
        app = self._app
        if isinstance(begun, Unfinished):
            async with reply_sender.reserve_slot(app, request.chat):
                begun = await self._finished(request, begun)
                if isinstance(begun, RenderedReply) and begun.chat.lane == request.chat.lane:
                    await reply_sender.acknowledge(app, begun)
                    await reply_sender.send_now(app, begun)
                    return
        if isinstance(begun, RenderedReply):
            await reply_sender.send_reply(app, begun)
        elif isinstance(request, CallbackRequest) and request.callback_id and (api := app.listener_of(request.chat)):
            await api.acknowledge(request.callback_id)

    async def _finished(self, request: Request, begun: Unfinished) -> Begun:
        finish = partial(handler.finish, self._app, begun)
        return await self._handled(request, finish, is_noted=True, retries=True)

    async def _handled(self, request: Request, handle: Handle, *, retries: bool, is_noted: bool = False) -> Begun:
        """Handle a request, with `retries` until the database can be used. If our code fails on it, the reply says so.

        After MAX_STORE_FAILURES errors of the database, we assume that the request causes them, and the reply says that
        the request failed. StoreUnavailable does not count, since it affects all requests. Raise StoreError.
        """
        app, platform, began = self._app, request.chat.platform, self._app.clock.monotonic()
        outcome, wait, failures = "answered", MIN_BACKOFF, 0
        failed = partial(handler.answer_failure, app, request, is_noted=is_noted)
        while True:
            try:
                done = await handle()
            except StoreError as error:
                self._observe(platform, "waits", began)
                if not retries:
                    raise
                log.error("What was said on %s waits for the database: %s", platform, error)
                failures += not isinstance(error, StoreUnavailable)
                if failures >= MAX_STORE_FAILURES:
                    outcome, handle = "failed", failed
                await app.clock.sleep(wait)
                wait = min(2 * wait, MAX_BACKOFF)
            except Exception as error:  # noqa: BLE001 - no message of a person may stop the receiver
                where, chat = error_location(error), {"chat": str(request.chat)}
                log.error("Update %s of %s was not understood: %s", request.update_id, platform, where, extra=chat)
                if handle is failed:
                    return None
                outcome, handle = "failed", failed
            else:
                if not isinstance(done, Unfinished):
                    self._observe(platform, outcome if done else "silent", began)
                return done

    def _observe(self, platform: str, outcome: str, began: float) -> None:
        REQUESTS.labels(platform, outcome).observe(self._app.clock.monotonic() - began)


async def _tell(app: App, chat: ChatAddress, sentence: Sentence, upto: datetime) -> None:
    """Post one line in a chat, and note its updates until `upto` as answered."""
    target = await app.store.read(known_chats.known_or_new, chat, facts_of(chat.platform).kind_of(chat))
    language = Language(target.settings.lang, target.settings.timezone, slash=command_prefix(chat))
    messages = app.render_reply(Reply(lines=(language.say(sentence),)), target)
    told = RenderedReply(
        update=f"told {upto.isoformat()}", platform=chat.platform, chat=target.address, messages=messages
    )
    await reply_sender.send_reply(app, told)
    await retry_until_stored(app.clock, lambda: app.store.confirm(conversations.mark_told, chat, upto=upto))

"""What people say, from any receiver: its effect is stored before the receiver goes on, its reply is posted beside."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential

from bot.commands.chat.home_view import HOME_VIEW
from bot.commands.papers.paper_lookup import LOOKUP_VERB, PENDING_FOR, lookup_request, pending_name
from bot.context.dependencies import Context
from bot.conversation.handler import answer, answer_failure
from bot.conversation.reply_sender import send_reply
from bot.conversation.stored_reply import StoredReply
from bot.errors import error_location
from bot.ports.conversation import CallbackRequest, EventRequest, Place, Request
from bot.sources.lookup import PaperLookup
from subscriptions.errors import StoreError
from subscriptions.model import ChatAddress, ChatKind, Lane
from subscriptions.service.chats import conversation_states, get_conversation_state, has_home_view, unfinished_replies

log = logging.getLogger("paperwire")

MAX_CONCURRENT = 16  # requests of different lanes whose effects are under way together
MIN_BACKOFF, MAX_BACKOFF = 1.0, 30.0  # seconds until a database that cannot be used is tried again
MAX_STORE_FAILURES = 6  # times that the database refused one request, half a minute in all; others may work
EFFECT_GRACE = 5.0  # seconds that requests have to have their effects when the process stops
REPLY_GRACE = 10.0  # as long for replies to arrive


class Dispatcher:
    """A Listener, which also keeps the replies that are on their way."""

    def __init__(self, context: Context, lookup: PaperLookup | None = None) -> None:
        """`lookup` finds papers that are not known here; None: nobody may be asked for them."""
        self._context = context if lookup is None else _with_lookup(context)
        self._lookup = lookup
        self._lookups: set[asyncio.Task[None]] = set()  # what is given up when the process stops: the next one does it
        self._lane_locks: WeakValueDictionary[Lane, asyncio.Lock] = WeakValueDictionary()
        self._concurrency = asyncio.Semaphore(MAX_CONCURRENT)
        self._dispatching: set[asyncio.Task[Any]] = set()
        self._background_tasks: set[asyncio.Task[None]] = set()
        self._store_failures: Counter[tuple[str, str]] = (
            Counter()
        )  # (platform, update) → times that the database refused

    async def dispatch(self, request: Request) -> Mapping[str, str]:
        """See RequestDispatcher."""
        async with self._in_lane_order(request):
            attempts = AsyncRetrying(
                retry=retry_if_exception_type(StoreError),
                wait=wait_exponential(MIN_BACKOFF, MAX_BACKOFF),
                sleep=self._context.clock.sleep,
                before_sleep=partial(_log_store_error, request.chat.platform),
            )
            problems: Mapping[str, str] = await attempts(self._handle, request)
            return problems

    async def dispatch_without_retry(self, request: Request) -> Mapping[str, str]:
        """See RequestDispatcher."""
        async with self._in_lane_order(request):
            return await self._handle(request)

    async def resume_replies(self) -> None:
        """Posts once more what an earlier process stored and did not see arrive."""
        context = self._context
        for platform, update, text in await asyncio.to_thread(
            unfinished_replies, context.store, now=context.clock.now()
        ):
            if platform in context.channels:
                self._post_reply(StoredReply.from_json(update, text))

        for name, _ in await asyncio.to_thread(
            conversation_states, context.store, LOOKUP_VERB, since=context.clock.now() - PENDING_FOR
        ):
            self._start_lookup(name)

    async def wait_for_lookups(self, patience: float) -> None:
        """Waits until what is being looked up is answered, at most `patience` seconds."""
        if self._lookups:
            await asyncio.wait(self._lookups, timeout=patience)

    async def close(self, patience: float = REPLY_GRACE) -> None:
        """Waits for what is under way: first effects, then replies, these at most `patience` seconds."""
        for looking in self._lookups:
            looking.cancel()
        if self._dispatching:
            _, late = await asyncio.wait(self._dispatching, timeout=EFFECT_GRACE)
            for task in late:  # it was not confirmed, so it comes again at the next start
                task.cancel()
        if self._background_tasks:
            await asyncio.wait(self._background_tasks, timeout=patience)

    @asynccontextmanager
    async def _in_lane_order(self, request: Request) -> AsyncIterator[None]:
        """After what was said before in the same lane, and with not too many others beside it."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        self._dispatching.add(task)
        lane = self._lane_locks.setdefault(request.chat.lane, asyncio.Lock())
        try:
            async with lane, self._concurrency:
                yield
        finally:
            self._dispatching.discard(task)

    async def _handle(self, request: Request) -> Mapping[str, str]:
        """Returns when the effect and the reply are stored, what is wrong with a form that was sent.

        Whatever our code stumbles over is answered kindly. Raises StoreError; not for ever for the same request, since then not the database but the request is to blame.
        """
        key = (request.chat.platform, request.update_id)
        try:
            posting = await answer(self._context, request)
        except StoreError:
            self._store_failures[key] += 1
            if self._store_failures[key] < MAX_STORE_FAILURES:
                raise
            posting = await asyncio.to_thread(answer_failure, self._context, request)
        except Exception as error:  # noqa: BLE001 - nothing that a person writes may stop the listening
            log.error(
                "Update %s of %s was not understood: %s",
                request.update_id,
                request.chat.platform,
                error_location(error),
            )
            posting = await asyncio.to_thread(answer_failure, self._context, request)
        del self._store_failures[key]
        if posting is None:
            if isinstance(request, CallbackRequest) and request.callback_id:
                self._run_in_background(self._acknowledge(request))
            return {}
        self._post_reply(posting)
        if posting.lookup_ids:
            self._start_lookup(pending_name(request))
        if posting.changed:
            self._run_in_background(self._refresh_home_view(request))
        return posting.problems

    def _start_lookup(self, name: str) -> None:
        task = asyncio.create_task(self._run_lookup(name))
        self._lookups.add(task)
        task.add_done_callback(self._lookups.discard)
        task.add_done_callback(self._on_done)

    async def _run_lookup(self, name: str) -> None:
        """Looks up papers on arXiv for the stored request `name`, and dispatches the result as an event."""
        context = self._context
        link = await asyncio.to_thread(
            get_conversation_state, context.store, name, since=context.clock.now() - PENDING_FOR
        )
        if link is None:  # the chat was forgotten meanwhile
            return
        found = self._lookup is not None and await self._lookup.find(link.arguments["names"])
        await self.dispatch(lookup_request(name, link, failed=not found))

    async def _refresh_home_view(self, request: Request) -> None:
        """Renders the home view of the person who made a change, if they have ever opened it."""
        person = ChatAddress(request.chat.platform, request.sender)
        if not person.address or not await asyncio.to_thread(has_home_view, self._context.store, person):
            return
        place, update = Place(chat=person, kind=ChatKind.PRIVATE), f"board:{request.update_id}"
        shown = EventRequest(
            place=place, update_id=update, event=HOME_VIEW, sender=person.address, language=request.language
        )
        await self._handle(shown)

    async def _acknowledge(self, request: CallbackRequest) -> None:
        conversation = self._context.conversation
        platform_api = conversation.platform_apis.get(request.chat.platform) if conversation else None
        if platform_api is not None:
            await platform_api.acknowledge(request.callback_id)

    def _post_reply(self, posting: StoredReply) -> None:
        self._run_in_background(send_reply(self._context, posting))

    def _run_in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background_tasks.add(task)
        task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._background_tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A reply could not be posted: %s", error_location(error))


def _with_lookup(context: Context) -> Context:
    """Returns the context of conversations in which a paper that is not known here is said to be asked of arXiv."""
    conversation = context.conversation
    if conversation is None:
        return context
    bot_info = replace(conversation.bot_info, looks_up_papers=True)
    return replace(context, conversation=replace(conversation, bot_info=bot_info))


def _log_store_error(platform: str, attempt: RetryCallState) -> None:
    if attempt.outcome:
        log.error("What was said on %s waits for the database: %s", platform, attempt.outcome.exception())

"""Receives updates, by long polling (#getupdates of the Bot API); what if another program has the same token."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.platforms import receiver_loop
from bot.platforms.receiver_loop import Backoff, Failure, ReceiverLoop
from bot.platforms.telegram import incoming
from bot.platforms.telegram.client import Client, UpdatesConflict
from bot.platforms.telegram.incoming import MalformedUpdate
from bot.ports.channel import Clock
from bot.ports.conversation import Request, RequestDispatcher
from subscriptions.errors import NotDelivered, SenderStopped

CONFLICT_BACKOFF = Backoff(5.0, 30.0)
# A conflict counts as over after so many seconds without one. A single poll without a conflict proves nothing, because
# two pollers get updates in turn.
CONFLICT_OVER_AFTER = 60.0

_CONFLICT = (
    "another program asks Telegram for this bot's updates, so people are answered by chance; "
    "stop it, or give it a token of its own"
)
_WEBHOOK = (
    "another program had Telegram send this bot's updates to a webhook; "
    "give it a token of its own, and start paperwire again"
)


def assess(error: NotDelivered) -> Failure:
    """Returns the Failure for an error of a call to Telegram."""
    usual = receiver_loop.assess(error)
    match error:
        case UpdatesConflict():
            problem = _WEBHOOK if error.webhook else _CONFLICT
            return Failure(problem=problem, backoff=CONFLICT_BACKOFF, lasts=CONFLICT_OVER_AFTER)
        case SenderStopped():
            return replace(usual, problem=f"{usual.problem}; put the token that @BotFather shows into the settings")
        case _:
            return usual


# A call confirms all updates before its offset, so it is made only after their effects and replies are committed. After a
# crash in between, an update comes again, and its id shows that it was handled. The polling of python-telegram-bot is not
# used, because it confirms updates before they are handled (docs/architecture.md, rule 8).


log = logging.getLogger("paperwire")

NAME = "telegram updates"
LONG_POLL_SECONDS = 25  # how long one call waits for updates
MAX_IN_FLIGHT = 100  # at most so many updates are returned by one call, and at most so many are handled at once
# If a call confirms nothing new and comes within half a second of the last call, Telegram returns only one update
# (tdlib/telegram-bot-api, process_get_updates_query). So the next call waits until running updates are handled, such as one
# that asks who administers a chat.
MAX_WAIT = 0.6  # seconds

Update = Mapping[str, Any]  # as the Bot API writes it, with its update_id
Dispatch = Callable[[Request], Awaitable[object]]


def request_in(update: Update, bot: tuple[str, str]) -> Request | None:
    """Returns the request in an update; None if it contains none, or cannot be read."""
    try:
        return incoming.read_update(update, bot_id=bot[0], bot_name=bot[1])
    except MalformedUpdate as error:
        log.warning("Update %d has an unknown shape (%s).", update["update_id"], error)
        return None


class LongPolling:
    """A Receiver that fetches updates from Telegram.

    `on_bot_name` is called with the bot's name once Telegram has named it.
    """

    name = NAME
    routes = ()

    def __init__(self, client: Client, clock: Clock, *, on_bot_name: Callable[[str], None]) -> None:
        self._client = client
        self._on_bot_name = on_bot_name
        self._clock = clock
        self._loop = ReceiverLoop("Telegram", clock, assess=assess)
        self._bot = ("", "")

    @property
    def problem(self) -> str:
        """See Receiver."""
        return self._loop.problem

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. After a cancellation, the dispatcher finishes the updates that it already has."""
        await self._loop.retry(self._prepare)
        window = UpdateWindow(lambda update: self._dispatch(update, dispatcher.dispatch))
        await self._loop.run(lambda: self._poll(window))

    async def _poll(self, window: "UpdateWindow") -> None:
        """Makes one call, and starts handling the updates that it returns."""
        await window.wait()
        if len(window.in_flight) >= MAX_IN_FLIGHT:
            return
        updates = await self._loop.retry(
            lambda: self._client.updates(
                window.offset,
                # no wait while updates are in flight, since Telegram would return these at once anyway
                seconds=0 if window.in_flight else LONG_POLL_SECONDS,
                allowed=incoming.ALLOWED,
            )
        )
        if not window.start(updates) and updates and not window.in_flight:
            await self._clock.sleep(MAX_WAIT)  # something on the way, such as a proxy, repeats an old response

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver."""
        offset, known = 0, set[int]()
        try:
            await self._prepare()
            while updates := await self._client.updates(offset, seconds=0, allowed=incoming.ALLOWED):
                numbers = [update["update_id"] for update in updates]
                if known.issuperset(numbers):
                    return
                known.update(numbers)
                await self._dispatch_all(updates, dispatcher)
                offset = numbers[-1] + 1
        except NotDelivered as error:
            log.warning("What waits on Telegram cannot be answered now: %s", error.reason)

    async def _dispatch_all(self, updates: Sequence[Update], dispatcher: RequestDispatcher) -> None:
        """Dispatches updates concurrently. Returns when all have ended. Raises StoreError."""
        dispatched = (self._dispatch(update, dispatcher.dispatch_without_retry) for update in updates)
        for problem in await asyncio.gather(*dispatched, return_exceptions=True):
            if problem is not None:
                raise problem

    async def _prepare(self) -> None:
        """Finds out who the bot is, and deletes a webhook that is still set. Raises NotDelivered."""
        self._bot = await self._client.get_me()
        self._on_bot_name(self._bot[1])
        webhook = await self._client.call_for_object("getWebhookInfo")
        if webhook.get("url"):
            log.warning("Telegram sent updates to a webhook; they are asked for from now on. None is lost.")
            await self._client.call("deleteWebhook", drop_pending_updates=False)

    async def _dispatch(self, update: Update, dispatch: Dispatch) -> None:
        request = request_in(update, self._bot)
        if request is not None:
            await dispatch(request)


class UpdateWindow:
    """The updates in flight. They are handled concurrently, and confirmed in their order.

    A call confirms all updates before its offset. So the offset stays at the first update in flight. Telegram returns the
    updates after it with every call; those are recognised by their ids. Ids are compared only for equality, because after a
    week without updates Telegram continues with any number.
    """

    def __init__(self, handle: Callable[[Update], Coroutine[Any, Any, None]]) -> None:
        self._handle = handle
        self.in_flight: dict[int, asyncio.Task[None]] = {}  # in the order of their arrival
        self._over: deque[int] = deque(maxlen=10 * MAX_IN_FLIGHT)  # ids of the latest updates that were handled
        self._next = 0

    @property
    def offset(self) -> int:
        """The offset of the next call. All updates before it were handled."""
        return next(iter(self.in_flight), self._next)

    def start(self, updates: Sequence[Update]) -> bool:
        """Starts handling those updates that are new. Returns whether there were any."""
        new = [one for one in updates if one["update_id"] not in self.in_flight and one["update_id"] not in self._over]
        for update in new:
            number = update["update_id"]
            self._next = number + 1
            self.in_flight[number] = asyncio.create_task(self._handle(update))
        return bool(new)

    async def wait(self) -> None:
        """Waits until no update is in flight, for at most MAX_WAIT seconds."""
        if self.in_flight:
            await asyncio.wait(self.in_flight.values(), timeout=MAX_WAIT)
        for number in [number for number, task in self.in_flight.items() if task.done()]:
            task = self.in_flight.pop(number)
            self._over.append(number)
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("Update %d was given up: %s", number, type(error).__name__)

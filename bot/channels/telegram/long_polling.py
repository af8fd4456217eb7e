"""Long polling with a loop of our own (core.telegram.org/bots/api#getupdates).

An update is confirmed by the next call, so only after its effect and its reply are stored: a crash in between brings it
again, and its id tells that it was taken. The library's own polling confirms first (docs/architecture.md, rule 8).
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bot.channels.telegram.api import TelegramApi
from bot.channels.telegram.inbound import ALLOWED, MalformedUpdate, read_update
from bot.channels.telegram.trouble import TelegramBackoff
from bot.ports.clock import Clock
from bot.ports.conversation import Request
from bot.ports.receiver import RequestDispatcher
from subscriptions.errors import NotDelivered

if TYPE_CHECKING:
    from bot.channels.telegram._client import Client

log = logging.getLogger("paperwire")

NAME = "telegram updates"
LONG_POLL_SECONDS = 25  # seconds that one call waits for news
MAX_IN_FLIGHT = 100  # updates that one call brings, and so the most that can be under way
# A call that confirms nothing new is answered with a single update if it comes within half a second of the last one
# (tdlib/telegram-bot-api, process_get_updates_query).
MAX_WAIT = 0.6

Update = Mapping[str, Any]  # as the Bot API writes it, with its update_id
Dispatch = Callable[[Request], Awaitable[object]]


class LongPolling:
    """Asks Telegram for updates.

    `met` is told the name of the bot as soon as Telegram says it. `patience` is how many seconds the next question may
    be held up by updates whose effect takes long, such as one that waits for an answer about who is an admin.
    """

    name = NAME
    webhook = None
    routes = ()

    def __init__(
        self, client: "Client", clock: Clock, *, on_bot_name: Callable[[str], None], max_wait: float = MAX_WAIT
    ) -> None:
        self._client = client
        self._met = on_bot_name
        self._max_wait = max_wait
        self._clock = clock
        self._backoff = TelegramBackoff(clock)
        self._bot = ("", "")

    @property
    def problem(self) -> str:
        """See Receiver."""
        return self._backoff.problem

    async def listen(self, listener: RequestDispatcher) -> None:
        """See Receiver. What was taken when it is cancelled is finished by the listener."""
        await self._backoff.retry_until_done(self._prepare)
        window = UpdateWindow(lambda update: self._dispatch(update, listener.dispatch))
        while True:
            await window.wait(self._max_wait)
            if len(window.in_flight) >= MAX_IN_FLIGHT:
                continue
            updates = await self._backoff.retry_until_done(lambda: self._ask(window))
            if not window.start(updates) and updates and not window.in_flight:
                await self._clock.sleep(self._max_wait)  # something on the way repeats an old answer

    async def drain(self, listener: RequestDispatcher) -> None:
        """See Receiver."""
        offset, known = 0, set[int]()
        try:
            await self._prepare()
            while updates := await self._client.updates(offset, seconds=0, allowed=ALLOWED):
                numbers = [update["update_id"] for update in updates]
                if known.issuperset(numbers):
                    return
                known.update(numbers)
                await self._dispatch_all(updates, listener)
                offset = numbers[-1] + 1
        except NotDelivered as error:
            log.warning("What waits on Telegram cannot be answered now: %s", error.reason)

    async def _dispatch_all(self, updates: Sequence[Update], listener: RequestDispatcher) -> None:
        """Takes them side by side; when it ends none is under way. Raises StoreError."""
        taken = (self._dispatch(update, listener.dispatch_without_retry) for update in updates)
        for problem in await asyncio.gather(*taken, return_exceptions=True):
            if problem is not None:
                raise problem

    async def _prepare(self) -> None:
        """Finds out who the bot is, and takes a webhook away that somebody left. Raises NotDelivered."""
        self._bot = await TelegramApi(self._client).get_me()
        self._met(self._bot[1])
        webhook = await self._client.call_for_object("getWebhookInfo")
        if webhook.get("url"):
            log.warning("Telegram sent updates to a webhook; they are asked for from now on. None is lost.")
            await self._client.call("deleteWebhook", drop_pending_updates=False)

    async def _ask(self, window: "UpdateWindow") -> Sequence[Update]:
        """The next updates. While some are under way it asks without waiting, since those come again at once."""
        return await self._client.updates(
            window.offset, seconds=0 if window.in_flight else LONG_POLL_SECONDS, allowed=ALLOWED
        )

    async def _dispatch(self, update: Update, take: Dispatch) -> None:
        try:
            request = read_update(update, bot_id=self._bot[0], bot_name=self._bot[1])
        except MalformedUpdate as error:
            log.warning("Update %d is of a shape that nobody knows (%s).", update["update_id"], error)
            return
        if request is not None:
            await take(request)


class UpdateWindow:
    """Updates on their way from Telegram to their effect: taken side by side, confirmed in their order.

    Only a call with a larger offset confirms, and it confirms everything before. So the offset stays at the first
    update that is still under way; those after it come again with every call, and are known here by their ids. Ids are
    only compared for equality: after a week of silence they begin anew at any number.
    """

    def __init__(self, take: Callable[[Update], Coroutine[Any, Any, None]]) -> None:
        self._take = take
        self.in_flight: dict[int, asyncio.Task[None]] = {}  # in the order of their arrival
        self._over: deque[int] = deque(maxlen=10 * MAX_IN_FLIGHT)  # the newest of those that had their effect
        self._next = 0

    @property
    def offset(self) -> int:
        """What the next call says: everything before it has had its effect."""
        return next(iter(self.in_flight), self._next)

    def start(self, updates: Sequence[Update]) -> bool:
        """Begins with those that are new; whether there were any."""
        new = [one for one in updates if one["update_id"] not in self.in_flight and one["update_id"] not in self._over]
        for update in new:
            number = update["update_id"]
            self._next = number + 1
            self.in_flight[number] = asyncio.create_task(self._take(update))
        return bool(new)

    async def wait(self, patience: float) -> None:
        """Waits until all are over, at most `patience` seconds."""
        if self.in_flight:
            await asyncio.wait(self.in_flight.values(), timeout=patience)
        for number in [number for number, task in self.in_flight.items() if task.done()]:
            task = self.in_flight.pop(number)
            self._over.append(number)
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("Update %d was given up: %s", number, type(error).__name__)

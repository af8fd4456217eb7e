"""Long polling with a loop of our own (core.telegram.org/bots/api#getupdates).

An update is confirmed by the next call, so only after its effect and its reply are stored: a crash in between brings it
again, and its id tells that it was taken. The library's own polling confirms first (docs/architecture.md, rule 8).
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bot.channels.telegram.inbound import ALLOWED, UnknownShape, read_update
from bot.channels.telegram.trouble import Trouble
from bot.channels.telegram.venue import TelegramVenue
from bot.ports.clock import Clock
from bot.ports.conversation import Request
from bot.ports.receiver import Listener
from subscriptions import NotDelivered

if TYPE_CHECKING:
    from bot.channels.telegram._client import Client

log = logging.getLogger("paperwire")

NAME = "telegram updates"
LONG = 25  # seconds that one call waits for news
WINDOW = 100  # updates that one call brings, and so the most that can be under way
# A call that confirms nothing new is answered with a single update if it comes within half a second of the last one
# (tdlib/telegram-bot-api, process_get_updates_query).
PATIENCE = 0.6

Update = Mapping[str, Any]  # as the Bot API writes it, with its update_id
Take = Callable[[Request], Awaitable[object]]


class Poller:
    """Asks Telegram for updates.

    `met` is told the name of the bot as soon as Telegram says it. `patience` is how many seconds the next question may
    be held up by updates whose effect takes long, such as one that waits for an answer about who is an admin.
    """

    name = NAME
    hook = None
    doors = ()

    def __init__(
        self, client: "Client", clock: Clock, *, met: Callable[[str], None], patience: float = PATIENCE
    ) -> None:
        self._client = client
        self._met = met
        self._patience = patience
        self._clock = clock
        self._trouble = Trouble(clock)
        self._bot = ("", "")

    @property
    def problem(self) -> str:
        """See Receiver."""
        return self._trouble.problem

    async def listen(self, listener: Listener) -> None:
        """See Receiver. What was taken when it is cancelled is finished by the listener."""
        await self._trouble.insist(self._begin)
        window = Window(lambda update: self._take(update, listener.dispatch))
        while True:
            await window.settle(self._patience)
            if len(window.open) >= WINDOW:
                continue
            updates = await self._trouble.insist(lambda: self._ask(window))
            if not window.admit(updates) and updates and not window.open:
                await self._clock.sleep(self._patience)  # something on the way repeats an old answer

    async def drain(self, listener: Listener) -> None:
        """See Receiver."""
        offset, known = 0, set[int]()
        try:
            await self._begin()
            while updates := await self._client.updates(offset, seconds=0, allowed=ALLOWED):
                numbers = [update["update_id"] for update in updates]
                if known.issuperset(numbers):
                    return
                known.update(numbers)
                await self._take_all(updates, listener)
                offset = numbers[-1] + 1
        except NotDelivered as error:
            log.warning("What waits on Telegram cannot be answered now: %s", error.reason)

    async def _take_all(self, updates: Sequence[Update], listener: Listener) -> None:
        """Takes them side by side; when it ends none is under way. Raises StoreError."""
        taken = (self._take(update, listener.dispatch_without_retry) for update in updates)
        for problem in await asyncio.gather(*taken, return_exceptions=True):
            if problem is not None:
                raise problem

    async def _begin(self) -> None:
        """Finds out who the bot is, and takes a webhook away that somebody left. Raises NotDelivered."""
        self._bot = await TelegramVenue(self._client).me()
        self._met(self._bot[1])
        webhook = await self._client.ask_for("getWebhookInfo")
        if webhook.get("url"):
            log.warning("Telegram sent updates to a webhook; they are asked for from now on. None is lost.")
            await self._client.ask("deleteWebhook", drop_pending_updates=False)

    async def _ask(self, window: "Window") -> Sequence[Update]:
        """The next updates. While some are under way it asks without waiting, since those come again at once."""
        return await self._client.updates(window.offset, seconds=0 if window.open else LONG, allowed=ALLOWED)

    async def _take(self, update: Update, take: Take) -> None:
        try:
            request = read_update(update, bot_id=self._bot[0], bot_name=self._bot[1])
        except UnknownShape as error:
            log.warning("Update %d is of a shape that nobody knows (%s).", update["update_id"], error)
            return
        if request is not None:
            await take(request)


class Window:
    """Updates on their way from Telegram to their effect: taken side by side, confirmed in their order.

    Only a call with a larger offset confirms, and it confirms everything before. So the offset stays at the first
    update that is still under way; those after it come again with every call, and are known here by their ids. Ids are
    only compared for equality: after a week of silence they begin anew at any number.
    """

    def __init__(self, take: Callable[[Update], Coroutine[Any, Any, None]]) -> None:
        self._take = take
        self.open: dict[int, asyncio.Task[None]] = {}  # in the order of their arrival
        self._over: deque[int] = deque(maxlen=10 * WINDOW)  # the newest of those that had their effect
        self._next = 0

    @property
    def offset(self) -> int:
        """What the next call says: everything before it has had its effect."""
        return next(iter(self.open), self._next)

    def admit(self, updates: Sequence[Update]) -> bool:
        """Begins with those that are new; whether there were any."""
        new = [one for one in updates if one["update_id"] not in self.open and one["update_id"] not in self._over]
        for update in new:
            number = update["update_id"]
            self._next = number + 1
            self.open[number] = asyncio.create_task(self._take(update))
        return bool(new)

    async def settle(self, patience: float) -> None:
        """Waits until all are over, at most `patience` seconds."""
        if self.open:
            await asyncio.wait(self.open.values(), timeout=patience)
        for number in [number for number, task in self.open.items() if task.done()]:
            task = self.open.pop(number)
            self._over.append(number)
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("Update %d was given up: %s", number, type(error).__name__)

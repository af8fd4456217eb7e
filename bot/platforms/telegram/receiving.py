"""Receives updates of Telegram by long polling (core.telegram.org/bots/api#getupdates); what if another program has the same token.

A call confirms all updates before its offset. So the offset moves on only when the effects of a batch are stored. After a crash in
between, its updates come again, and their ids show that they were handled. The polling of python-telegram-bot is not used, because it
confirms updates before they are handled (docs/architecture.md, rule 8).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from bot.errors import error_location
from bot.platforms.receiver_loop import ReceiverLoop
from bot.platforms.telegram import incoming
from bot.platforms.telegram.client import Client
from bot.platforms.telegram.incoming import MalformedUpdate
from bot.ports.channel import Clock
from bot.ports.conversation import Request, RequestDispatcher
from subscriptions.errors import NotDelivered, StoreError

log = logging.getLogger("paperwire")

LONG_POLL_SECONDS = 25  # how long one call waits for updates
REPEATED_PAUSE = 1.0  # seconds until the next call after an old answer came again

Update = Mapping[str, Any]  # as the Bot API writes it, with its update_id
Dispatch = Callable[[Request], Awaitable[object]]


class LongPolling:
    """A Receiver that fetches updates from Telegram.

    `on_bot_name` is called with the bot's name once Telegram has named it.
    """

    name = "telegram updates"
    routes = ()

    def __init__(self, client: Client, clock: Clock, *, on_bot_name: Callable[[str], None]) -> None:
        self._client = client
        self._on_bot_name = on_bot_name
        self._clock = clock
        self._loop = ReceiverLoop("Telegram", clock)
        self._bot_id, self._bot_name = "", ""

    @property
    def problem(self) -> str:
        """See Receiver."""
        return self._loop.problem

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. After a cancellation, the dispatcher finishes the updates that it already has."""
        await self._loop.retry(self._prepare)
        offset = 0
        while True:
            updates = await self._loop.retry(partial(self._updates, offset, LONG_POLL_SECONDS))
            following = await self._handle(updates, offset, dispatcher.dispatch)
            if updates and following == offset:  # something on the way, such as a proxy, repeats an old answer
                await self._clock.sleep(REPEATED_PAUSE)
            offset = following

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver."""
        offset = 0
        try:
            await self._prepare()
            while updates := await self._updates(offset, 0):
                following = await self._handle(updates, offset, dispatcher.dispatch_without_retry)
                if following == offset:
                    return
                offset = following
        except NotDelivered as error:
            log.warning("What waits on Telegram cannot be answered now: %s", error.reason)

    async def _prepare(self) -> None:
        """Finds out who the bot is, and deletes a webhook that is still set. Raises NotDelivered."""
        me = await self._client.ask_for_object("getMe")
        self._bot_id, self._bot_name = str(me.get("id", "")), str(me.get("username") or "")
        self._on_bot_name(self._bot_name)
        webhook = await self._client.ask_for_object("getWebhookInfo")
        if webhook.get("url"):
            log.warning("Telegram sent updates to a webhook; they are asked for from now on. None is lost.")
            await self._client.ask("deleteWebhook", drop_pending_updates=False)

    async def _updates(self, offset: int, seconds: int) -> list[dict[str, Any]]:
        return await self._client.updates(offset, seconds=seconds, allowed=incoming.ALLOWED)

    async def _handle(self, updates: Sequence[Update], offset: int, dispatch: Dispatch) -> int:
        """Dispatches updates at the same time. Returns the next offset when all have taken effect. Raises StoreError."""
        dispatched = (self._dispatch(update, dispatch) for update in updates)
        for update, problem in zip(updates, await asyncio.gather(*dispatched, return_exceptions=True), strict=True):
            if isinstance(problem, StoreError):
                raise problem
            if isinstance(problem, Exception):
                log.error("Update %d was given up: %s", update["update_id"], error_location(problem))
        return int(updates[-1]["update_id"]) + 1 if updates else offset

    async def _dispatch(self, update: Update, dispatch: Dispatch) -> None:
        try:
            request = incoming.read_update(update, bot_id=self._bot_id, bot_name=self._bot_name)
        except MalformedUpdate as error:
            log.warning("Update %d has an unknown shape (%s).", update["update_id"], error)
            return
        if request is not None:
            await dispatch(request)

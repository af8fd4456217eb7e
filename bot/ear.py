"""What people say, from any receiver: its effect is stored before the receiver goes on, its reply is posted beside."""

import asyncio
import logging

from bot.app import App
from bot.pipeline import answer, speak
from bot.ports import Request
from bot.posting import Posting, read_posting
from subscriptions import unfinished_replies

log = logging.getLogger("paperwire")

LONGEST_GOODBYE = 10.0  # seconds that replies have to arrive when the process stops


class Ear:
    """Takes requests one by one, and keeps the replies that are on their way."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._speaking: set[asyncio.Task[None]] = set()

    async def take(self, request: Request) -> None:
        """Returns when the effect of the request and its reply are stored. Raises StoreError when they cannot be."""
        posting = await answer(self._app.wire, request)
        if posting is not None:
            self._speak(posting)

    async def finish_replies(self) -> None:
        """Posts once more what an earlier process stored and did not see arrive."""
        wire = self._app.wire
        for platform, update, text in await asyncio.to_thread(unfinished_replies, wire.store, now=wire.clock.now()):
            if platform in wire.channels:
                self._speak(read_posting(update, text))

    async def close(self) -> None:
        """Waits for the replies that are on their way."""
        if self._speaking:
            await asyncio.wait(self._speaking, timeout=LONGEST_GOODBYE)

    def _speak(self, posting: Posting) -> None:
        task = asyncio.create_task(speak(self._app.wire, posting))
        self._speaking.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._speaking.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A reply could not be posted: %s: %s", type(error).__name__, error)

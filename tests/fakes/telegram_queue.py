"""The update queue of the fake Telegram. The bot gets updates by getUpdates. A webhook only ends that.

In two cases the real server waits before it answers, and the fake does not: a conflict between two getUpdates requests,
and a second short getUpdates within three seconds.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes import server
from tests.fakes import telegram_rules as rules

LONGEST_POLL = 50  # seconds


class UpdateQueue:
    """Keeps updates until the bot confirms them.

    `add` may run in any thread, the rest only in the server's event loop.
    """

    def __init__(self, news: server.News) -> None:
        self.repeat_after = 0.5  # seconds. If a getUpdates repeats the last offset within this time, it gets one update
        self.webhook = ""  # the address to which updates are posted
        self.loop: asyncio.AbstractEventLoop | None = None
        self._news = news
        self._updates: list[dict[str, Any]] = []
        self._next = 1000
        self._allowed = frozenset(rules.UPDATES) - rules.NOT_BY_DEFAULT
        self._lock = threading.RLock()
        self._asking: asyncio.Future[None] | None = None
        self._last: tuple[int, float] = (-1, -1.0)  # (offset, second) of the last getUpdates
        self.asked = threading.Event()  # set while a client waits for updates

    def __len__(self) -> int:
        return len(self._updates)

    def notify(self, kind: str, body: Mapping[str, Any]) -> None:
        """Queues an update if the bot wants updates of this kind."""
        if kind in self._allowed:
            self.add({kind: body})

    def add(self, update: Mapping[str, Any]) -> None:
        """Queues an update and adds an id to it."""
        with self._lock:
            self._updates.append({"update_id": self._next, **update})
            self._next += 1
        self._soon(self._wake)

    def goes_on_from(self, other: "UpdateQueue") -> None:
        """Numbers its updates as another queue would, of which the bot has confirmed all."""
        self.renumber(other._next)
        self._allowed = other._allowed

    def renumber(self, first: int) -> None:
        assert not self._updates, "only after silence"
        self._next = first

    def close(self) -> None:
        """Ends all waiting requests."""
        if self._asking is not None and not self._asking.done():
            self._asking.cancel()

    async def get_updates(self, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Drops the updates below `offset`, then waits for further updates and returns them.

        If another request waits, that request is refused as a conflict.
        """
        rules.Refusal.when(
            self.webhook,
            409,
            "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
        )
        self._end_question("terminated by other getUpdates request; make sure that only one bot instance is running")
        self._allow(arguments)
        offset = rules.whole(arguments, "offset")
        again = self._last[0] == offset and time.monotonic() < self._last[1] + self.repeat_after
        self._last = offset, time.monotonic()
        limit = 1 if again else min(max(rules.whole(arguments, "limit", 100), 1), 100)
        found = self._from(offset)[:limit]
        self._news.tell()
        seconds = min(rules.whole(arguments, "timeout"), LONGEST_POLL)
        if found or seconds <= 0:
            return found
        return (await self._following(seconds, offset))[:limit]

    async def _following(self, seconds: int, offset: int) -> list[dict[str, Any]]:
        news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asking = news
        self.asked.set()
        try:
            async with asyncio.timeout(seconds):
                await news
        except TimeoutError:
            return []
        finally:
            if self._asking is news:
                self._asking = None
        return self._from(offset)

    def _from(self, offset: int) -> list[dict[str, Any]]:
        """Drops updates below `offset` and returns the rest. An offset far in the future drops none (TQueue::get)."""
        with self._lock:
            if offset < 0:
                self._updates = self._updates[offset:]
            elif offset <= self._next + 10:
                self._updates = [update for update in self._updates if update["update_id"] >= offset]
            return list(self._updates)

    def _allow(self, arguments: Mapping[str, Any]) -> None:
        """Stores the kinds of updates that the bot wants, if the arguments contain `allowed_updates`."""
        wanted = rules.allowed_of(arguments)
        if wanted is not None:
            self._allowed = wanted

    def _end_question(self, words: str) -> None:
        if self._asking is not None and not self._asking.done():
            self._asking.set_exception(rules.Refusal(409, f"Conflict: {words}"))

    def set_webhook(self, arguments: Mapping[str, Any]) -> bool:
        """Answers setWebhook. Without a URL, this works as deleteWebhook."""
        self.webhook = str(arguments.get("url") or "")
        if self.webhook:
            self._end_question("terminated by setWebhook request")
            self._allow(arguments)
        if server.truth(arguments.get("drop_pending_updates")):
            with self._lock:
                self._updates.clear()
        return True

    def webhook_info(self) -> dict[str, Any]:
        return {"url": self.webhook, "has_custom_certificate": False, "pending_update_count": len(self)}

    def _wake(self) -> None:
        if not self.webhook and self._asking is not None and not self._asking.done():
            self._asking.set_result(None)

    def _soon(self, do: Callable[[], None]) -> None:
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(do)

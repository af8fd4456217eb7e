"""The update queue of the fake Telegram. The bot gets updates by getUpdates, or the queue posts them to a webhook.

In two cases the real server waits before it answers, and the fake does not: a conflict between two getUpdates requests,
and a second short getUpdates within three seconds.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from tests.fakes import server
from tests.fakes import telegram_rules as rules

LONGEST_POLL = 50  # seconds
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


class UpdateQueue:
    """Keeps updates until the bot confirms them. `add` may run in any thread, the rest only in the server's event loop."""

    def __init__(self, clock: Callable[[], int], news: server.News) -> None:
        self.repeat_after = 0.5  # seconds. If a getUpdates repeats the last offset within this time, it gets one update
        self.local = False  # whether this is a local server, which also reaches webhooks over http
        self.webhook = rules.Webhook()
        self.loop: asyncio.AbstractEventLoop | None = None
        self._clock = clock
        self._news = news
        self._updates: list[dict[str, Any]] = []
        self._next = 1000
        self._allowed = frozenset(rules.UPDATES) - rules.NOT_BY_DEFAULT
        self._lock = threading.RLock()
        self._asking: asyncio.Future[None] | None = None
        self._last: tuple[int, float] = (-1, -1.0)  # (offset, second) of the last getUpdates
        self._last_error: dict[str, Any] = {}
        self.asked = threading.Event()  # set while a client waits for updates
        self.failed = threading.Event()  # set when the webhook refused an update
        self._pushing: dict[int, asyncio.Task[None]] = {}  # chat → the task that sends its updates to the webhook

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

    def renumber(self, first: int) -> None:
        assert not self._updates, "only after silence"
        self._next = first

    def repeat(self) -> None:
        """Calls the webhook again."""
        self._soon(self._push)

    def close(self) -> None:
        """Ends all waiting requests."""
        for task in list(self._pushing.values()):
            task.cancel()
        if self._asking is not None and not self._asking.done():
            self._asking.cancel()

    # ── getUpdates ────────────────────────────────────────────────────────────

    async def get_updates(self, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Drops the updates below `offset`, then waits for further updates and returns them.

        If another request waits, that request is refused as a conflict.
        """
        rules.Refusal.when(
            self.webhook.url,
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

    # ── webhook ───────────────────────────────────────────────────────────────

    def set_webhook(self, arguments: Mapping[str, Any]) -> bool:
        """Answers setWebhook. Without a URL, this works as deleteWebhook."""
        self.webhook = rules.webhook_of(arguments, local=self.local)
        self._last_error = {}
        if self.webhook.url:
            self._end_question("terminated by setWebhook request")
            self._allow(arguments)
        if server.truth(arguments.get("drop_pending_updates")):
            with self._lock:
                self._updates.clear()
        self._push()
        return True

    def webhook_info(self) -> dict[str, Any]:
        about = {"url": self.webhook.url, "has_custom_certificate": False, "pending_update_count": len(self)}
        if not self.webhook.url:
            return about
        return {
            **about,
            "max_connections": self.webhook.connections,
            "allowed_updates": sorted(self._allowed),
            **self._last_error,
        }

    def _push(self) -> None:
        """Sends waiting updates to the webhook: in order within a chat, and several chats in parallel."""
        if not self.webhook.url:
            return
        for update in list(self._updates):
            chat = _chat_of(update)
            if chat not in self._pushing:
                self._begin_push(chat)

    def _begin_push(self, chat: int) -> None:
        self._pushing[chat] = asyncio.get_running_loop().create_task(self._push_chat(chat))

    async def _push_chat(self, chat: int) -> None:
        try:
            async with aiohttp.ClientSession() as session:
                while update := next((one for one in self._updates if _chat_of(one) == chat), None):
                    if not self.webhook.url or not await self._push_one(session, update):
                        return
                    with self._lock:
                        self._updates.remove(update)
                    self._news.tell()
        finally:
            self._pushing.pop(chat, None)
        if any(_chat_of(update) == chat for update in self._updates):  # an update came while the session was closed
            self._begin_push(chat)

    async def _push_one(self, session: aiohttp.ClientSession, update: Mapping[str, Any]) -> bool:
        """Sends one update. Returns whether the webhook accepted it. If not, the update stays until `repeat`."""
        headers = {SECRET_HEADER: self.webhook.secret} if self.webhook.secret else {}
        try:
            async with session.post(self.webhook.url, json=update, headers=headers) as answer:
                if 200 <= answer.status < 300:
                    return True
                words = f"Wrong response from the webhook: {answer.status} {answer.reason}"
        except aiohttp.ClientError:
            words = "Connection refused"
        self._last_error = {"last_error_date": self._clock(), "last_error_message": words}
        self.failed.set()
        return False

    # ── both ──────────────────────────────────────────────────────────────────

    def _wake(self) -> None:
        if self.webhook.url:
            self._push()
        elif self._asking is not None and not self._asking.done():
            self._asking.set_result(None)

    def _soon(self, do: Callable[[], None]) -> None:
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(do)


def _chat_of(update: Mapping[str, Any]) -> int:
    """Returns the id of the chat of an update. The webhook gets updates of one chat in order."""
    for body in update.values():
        if isinstance(body, dict):
            about = body.get("message", body)
            return int(about.get("chat", {}).get("id", 0)) if isinstance(about, dict) else 0
    return 0

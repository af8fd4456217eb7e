"""Receives updates, by long polling (core.telegram.org/bots/api#getupdates) or by a webhook (#setwebhook)."""

import asyncio
import hashlib
import hmac
import json
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
from bot.ports import conversation
from bot.ports.channel import Clock
from subscriptions import errors

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


def assess(error: errors.NotDelivered) -> Failure:
    """Returns the Failure for an error of a call to Telegram."""
    usual = receiver_loop.assess(error)
    match error:
        case UpdatesConflict():
            problem = _WEBHOOK if error.webhook else _CONFLICT
            return Failure(problem=problem, backoff=CONFLICT_BACKOFF, lasts=CONFLICT_OVER_AFTER)
        case errors.SenderStopped():
            return replace(usual, problem=f"{usual.problem}; put the token that @BotFather shows into the settings")
        case _:
            return usual


# ----------------------------------------------------------------- long polling (core.telegram.org/bots/api#getupdates)

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
Dispatch = Callable[[conversation.Request], Awaitable[object]]


def _request_in(update: Update, bot: tuple[str, str]) -> conversation.Request | None:
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
    is_exclusive = True
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

    async def listen(self, dispatcher: conversation.RequestDispatcher) -> None:
        """See Receiver. After a cancellation, the dispatcher finishes the updates that it already has."""
        await self._loop.retry(self._prepare)
        window = UpdateWindow(lambda update: self._dispatch(update, dispatcher.dispatch))
        await self._loop.run(lambda: self._poll(window))

    async def _poll(self, window: "UpdateWindow") -> None:
        """Makes one call, and starts handling the updates that it returns."""
        await window.wait()
        if len(window.in_flight) >= MAX_IN_FLIGHT:
            return
        updates = await self._loop.retry(lambda: self._get_updates(window))
        if not window.start(updates) and updates and not window.in_flight:
            await self._clock.sleep(MAX_WAIT)  # something on the way, such as a proxy, repeats an old response

    async def drain(self, dispatcher: conversation.RequestDispatcher) -> None:
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
        except errors.NotDelivered as error:
            log.warning("What waits on Telegram cannot be answered now: %s", error.reason)

    async def _dispatch_all(self, updates: Sequence[Update], dispatcher: conversation.RequestDispatcher) -> None:
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

    async def _get_updates(self, window: "UpdateWindow") -> Sequence[Update]:
        """Returns the next updates. While updates are in flight, does not wait: Telegram would return these at once anyway."""
        return await self._client.updates(
            window.offset, seconds=0 if window.in_flight else LONG_POLL_SECONDS, allowed=incoming.ALLOWED
        )

    async def _dispatch(self, update: Update, dispatch: Dispatch) -> None:
        request = _request_in(update, self._bot)
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


def webhook_path(token: str) -> str:
    """Returns the path of the webhook on our web address. It changes only if the token changes."""
    return f"/telegram-{derive_secret(token, 'path')[:32]}"


def webhook_address(url: str, token: str) -> str:
    """Returns the full address to which Telegram sends updates."""
    return url.rstrip("/") + webhook_path(token)


def derive_secret(token: str, what: str) -> str:
    """Returns 64 hexadecimal digits that can only be computed with the token."""
    return hmac.new(token.encode(), f"paperwire webhook {what}".encode(), hashlib.sha256).hexdigest()


# ---------------------------------- the webhook to which Telegram sends updates (core.telegram.org/bots/api#setwebhook)

# The address ends in a path that is derived from the token, and each request contains a secret. Telegram repeats an
# update if the response is not 2xx, at growing intervals, for a day. So we respond only after the effect is
# committed.


STARTING = "it does not take updates yet"
HEADER = "x-telegram-bot-api-secret-token"
MAX_CONNECTIONS = 20  # connections that Telegram may open
CHECK_INTERVAL = 300.0  # seconds between two checks of the webhook


class TelegramWebhook:
    """A Receiver of the updates that Telegram posts to our web address.

    `url` is the setting PAPERWIRE_TELEGRAM_WEBHOOK_URL: where Telegram reaches our web server, without the path. `secret` is the
    secret in Telegram's requests; with None, it is derived from the token. `on_bot_name` is called with the bot's name.
    """

    name = NAME
    is_exclusive = False

    def __init__(
        self,
        client: Client,
        clock: Clock,
        *,
        url: str,
        token: str,
        secret: str | None = None,
        on_bot_name: Callable[[str], None],
    ) -> None:
        self.routes = (
            conversation.WebRoute(path=webhook_path(token), answer=self.answer, method="POST", accepts=self.accepts),
        )
        self._url = webhook_address(url, token)
        self._secret = secret or derive_secret(token, "secret")
        self._client = client
        self._on_bot_name = on_bot_name
        self._loop = ReceiverLoop("Telegram", clock, assess=assess)
        self._last_error = ""  # why Telegram's last delivery failed; "" if it did not
        self._last_error_at = 0  # seconds since 1970; 0: never
        self._dispatcher: conversation.RequestDispatcher | None = None
        self._bot = ("", "")

    @property
    def problem(self) -> str:
        """See Receiver."""
        return self._loop.problem or self._last_error or ("" if self._dispatcher else STARTING)

    async def listen(self, dispatcher: conversation.RequestDispatcher) -> None:
        """See Receiver. Accepts updates once Telegram has said who the bot is. Refuses them after a cancellation."""
        self._bot = await self._loop.retry(self._client.get_me)
        self._on_bot_name(self._bot[1])
        self._dispatcher = dispatcher
        try:
            await self._loop.retry(self._set_webhook)
            await self._loop.run(self._check_webhook, every=CHECK_INTERVAL)
        finally:
            self._dispatcher = None

    async def drain(self, dispatcher: conversation.RequestDispatcher) -> None:
        """See Receiver. Only logs a warning, since updates of a webhook cannot be fetched later."""
        del dispatcher
        log.warning("Telegram sends updates to the webhook, where only a paperwire run that goes on takes them.")

    def accepts(self, headers: Mapping[str, str]) -> bool:
        """See WebRoute."""
        is_known = hmac.compare_digest(headers.get(HEADER, "").encode("utf-8", "replace"), self._secret.encode())
        if not is_known:
            log.warning("Somebody asked at the address for updates without the secret, and got nothing.")
        return is_known

    async def answer(self, call: conversation.WebRequest) -> conversation.WebResponse:
        """See WebRoute. Telegram repeats an update unless the status is 2xx."""
        if call.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return conversation.WebResponse(status=415)
        try:
            return conversation.WebResponse(status=200 if await self._receive(_read(call.body)) else 503)
        except ValueError:
            return conversation.WebResponse(status=400)

    async def _receive(self, update: Update) -> bool:
        """Handles an update. Returns whether it is done; if not, Telegram must send it again."""
        if self._dispatcher is None:
            return False
        request = _request_in(update, self._bot)
        if request is None:
            return True
        try:
            await self._dispatcher.dispatch_without_retry(request)
        except errors.StoreError as error:
            log.error("Telegram is asked to send update %d again: %s", update["update_id"], error)
            return False
        return True

    async def _set_webhook(self) -> None:
        """Sets the webhook, keeping waiting updates. Errors of earlier deliveries are not reported."""
        await self._client.call(
            "setWebhook",
            url=self._url,
            secret_token=self._secret,
            max_connections=MAX_CONNECTIONS,
            allowed_updates=list(incoming.ALLOWED),
            drop_pending_updates=False,
        )
        self._last_error_at = _last_error_at(await self._client.call_for_object("getWebhookInfo"))

    async def _check_webhook(self) -> None:
        """Sets the webhook again if Telegram sends updates elsewhere. Otherwise reports why Telegram cannot reach us."""
        info = await self._loop.retry(lambda: self._client.call_for_object("getWebhookInfo"))
        if info.get("url") != self._url:
            log.warning("Somebody had Telegram send the updates elsewhere; they are sent here again.")
            await self._loop.retry(self._set_webhook)
            return
        failed_at = _last_error_at(info)
        has_failed = failed_at > self._last_error_at
        error = f"Telegram cannot deliver to the webhook: {info.get('last_error_message', '')}" if has_failed else ""
        if error and error != self._last_error:
            log.error("%s.", error.rstrip("."))
        self._last_error, self._last_error_at = error, failed_at


def _read(body: bytes) -> dict[str, Any]:
    """Returns the update. Raises ValueError."""
    try:
        update = json.loads(body)
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
        raise ValueError("no update")  # noqa: TRY004 - one error for all unreadable updates
    return update


def _last_error_at(info: Mapping[str, Any]) -> int:
    """Returns when a delivery to the webhook last failed, in seconds since 1970; 0 if none failed."""
    at = info.get("last_error_date")
    return at if isinstance(at, int) else 0

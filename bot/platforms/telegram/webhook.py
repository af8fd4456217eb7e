"""The web hook to which Telegram sends updates: how many connections, how often it is checked (core.telegram.org/bots/api#setwebhook)."""

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from bot.platforms.receiver_loop import ReceiverLoop
from bot.platforms.telegram import incoming
from bot.platforms.telegram.client import Client
from bot.platforms.telegram.receiving import (
    NAME,
    Update,
    assess,
    derive_secret,
    log,
    request_in,
    webhook_address,
    webhook_path,
)
from bot.ports.channel import Clock
from bot.ports.conversation import RequestDispatcher, WebRequest, WebResponse, WebRoute
from subscriptions.errors import StoreError

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
        self.routes = (WebRoute(path=webhook_path(token), answer=self.answer, method="POST", accepts=self.accepts),)
        self._url = webhook_address(url, token)
        self._secret = secret or derive_secret(token, "secret")
        self._client = client
        self._on_bot_name = on_bot_name
        self._loop = ReceiverLoop("Telegram", clock, assess=assess)
        self._last_error = ""  # why Telegram's last delivery failed; "" if it did not
        self._last_error_at = 0  # seconds since 1970; 0: never
        self._dispatcher: RequestDispatcher | None = None
        self._bot = ("", "")

    @property
    def problem(self) -> str:
        """See Receiver."""
        return self._loop.problem or self._last_error or ("" if self._dispatcher else STARTING)

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. Accepts updates once Telegram has said who the bot is. Refuses them after a cancellation."""
        self._bot = await self._loop.retry(self._client.get_me)
        self._on_bot_name(self._bot[1])
        self._dispatcher = dispatcher
        try:
            await self._loop.retry(self._set_webhook)
            await self._loop.run(self._check_webhook, every=CHECK_INTERVAL)
        finally:
            self._dispatcher = None

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. Only logs a warning, since updates of a webhook cannot be fetched later."""
        del dispatcher
        log.warning("Telegram sends updates to the webhook, where only a paperwire run that goes on takes them.")

    def accepts(self, headers: Mapping[str, str]) -> bool:
        """See WebRoute."""
        is_known = hmac.compare_digest(headers.get(HEADER, "").encode("utf-8", "replace"), self._secret.encode())
        if not is_known:
            log.warning("Somebody asked at the address for updates without the secret, and got nothing.")
        return is_known

    async def answer(self, call: WebRequest) -> WebResponse:
        """See WebRoute. Telegram repeats an update unless the status is 2xx."""
        if call.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return WebResponse(status=415)
        try:
            return WebResponse(status=200 if await self._receive(_read(call.body)) else 503)
        except ValueError:
            return WebResponse(status=400)

    async def _receive(self, update: Update) -> bool:
        """Handles an update. Returns whether it is done; if not, Telegram must send it again."""
        if self._dispatcher is None:
            return False
        request = request_in(update, self._bot)
        if request is None:
            return True
        try:
            await self._dispatcher.dispatch_without_retry(request)
        except StoreError as error:
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
        error = ""
        if has_failed:
            error = f"Telegram cannot deliver to the webhook: {info.get('last_error_message', '')}"
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

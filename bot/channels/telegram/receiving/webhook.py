"""The address of the webhook and its secret. Both are derived from the token, so that strangers cannot guess them."""

import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from bot.channels.receiver_loop import ReceiverLoop
from bot.channels.telegram.api import TelegramApi
from bot.channels.telegram.bot_api.client import Client
from bot.channels.telegram.receiving.inbound import ALLOWED, MalformedUpdate, read_update
from bot.channels.telegram.receiving.long_polling import assess
from bot.ports.channel import Clock
from bot.ports.conversation import RequestDispatcher
from subscriptions.errors import StoreError


def webhook_path(token: str) -> str:
    """Returns the path of the webhook on our web address. It changes only with the token."""
    return f"/telegram-{derive_secret(token, 'path')[:32]}"


def webhook_address(url: str, token: str) -> str:
    """Returns the full address to which Telegram sends updates."""
    return url.rstrip("/") + webhook_path(token)


def derive_secret(token: str, what: str) -> str:
    """Returns 64 hexadecimal characters that can only be computed with the token."""
    return hmac.new(token.encode(), f"paperwire webhook {what}".encode(), hashlib.sha256).hexdigest()


# ---------------------------------------------------------------------------------------------------------------------
# The webhook to which Telegram sends updates (core.telegram.org/bots/api#setwebhook).
#
# The address ends in a path that is derived from the token, and each request carries a secret. Telegram repeats an update
# that is not answered with 2xx, at growing intervals, for a day. So we answer only after the effect is committed.


log = logging.getLogger("paperwire")

NAME = "telegram updates"
STARTING = "it does not take updates yet"
HEADER = "x-telegram-bot-api-secret-token"
MAX_CONNECTIONS = 20  # that Telegram may open
CHECK_INTERVAL = 300.0  # seconds between two checks of the webhook


class TelegramWebhook:
    """A Receiver that is its own Webhook.

    `url` is the setting: the address under which Telegram reaches our web address; the path is appended. `secret` is
    what Telegram sends along; None: it is derived from the token. `on_bot_name` is called with the bot's name.
    """

    name = NAME
    routes = ()

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
        self.path = webhook_path(token)
        self.webhook = self
        self._url = webhook_address(url, token)
        self._secret = secret or derive_secret(token, "secret")
        self._client = client
        self._on_bot_name = on_bot_name
        self._loop = ReceiverLoop("Telegram", clock, assess=assess)
        self._last_error = ""  # why Telegram's last delivery failed; "": it did not
        self._last_error_at = 0  # seconds since 1970; 0: never
        self._dispatcher: RequestDispatcher | None = None
        self._bot = ("", "")

    @property
    def problem(self) -> str:
        """See Receiver."""
        return self._loop.problem or self._last_error or ("" if self._dispatcher else STARTING)

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. Accepts updates as soon as Telegram has told who the bot is, and none after a cancellation."""
        self._bot = await self._loop.retry(TelegramApi(self._client).get_me)
        self._on_bot_name(self._bot[1])
        self._dispatcher = dispatcher
        try:
            await self._loop.retry(self._set_webhook)
            await self._loop.run(self._check_webhook, every=CHECK_INTERVAL)
        finally:
            self._dispatcher = None

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. Only logs a warning, since updates of a webhook cannot be fetched."""
        del dispatcher
        log.warning("Telegram sends updates to the webhook, where only a paperwire run that goes on takes them.")

    def accepts(self, headers: Mapping[str, str]) -> bool:
        """See Webhook."""
        shown = headers.get(HEADER, "")
        return hmac.compare_digest(shown.encode("utf-8", "replace"), self._secret.encode())

    async def receive(self, body: bytes) -> bool:
        """See Webhook."""
        update = _read(body)
        if self._dispatcher is None:
            return False
        try:
            request = read_update(update, bot_id=self._bot[0], bot_name=self._bot[1])
        except MalformedUpdate as error:
            log.warning("Update %d is of a shape that nobody knows (%s).", update["update_id"], error)
            return True
        if request is None:
            return True
        try:
            await self._dispatcher.dispatch_without_retry(request)
        except StoreError as error:
            log.error("Telegram is asked to send update %d again: %s", update["update_id"], error)
            return False
        return True

    async def _set_webhook(self) -> None:
        """Tells Telegram the address; waiting updates stay. Errors of deliveries up to now are not reported."""
        await self._client.call(
            "setWebhook",
            url=self._url,
            secret_token=self._secret,
            max_connections=MAX_CONNECTIONS,
            allowed_updates=list(ALLOWED),
            drop_pending_updates=False,
        )
        self._last_error_at = _last_error_at(await self._client.call_for_object("getWebhookInfo"))

    async def _check_webhook(self) -> None:
        """Sets the webhook again if Telegram sends updates elsewhere, and reports why Telegram does not reach us."""
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
    """Returns when a delivery to the webhook failed last, in seconds since 1970; 0: never."""
    at = info.get("last_error_date")
    return at if isinstance(at, int) else 0

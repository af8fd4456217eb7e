"""Telegram sends updates to our web address (core.telegram.org/bots/api#setwebhook).

The address ends in a path that only the token tells, and each request shows a secret. Telegram repeats what is not
answered with 2xx, longer and longer apart, for a day; so it is answered only after the effect is stored.
"""

import hmac
import json
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bot.channels.telegram.api import TelegramApi
from bot.channels.telegram.inbound import ALLOWED, MalformedUpdate, read_update
from bot.channels.telegram.trouble import TelegramBackoff
from bot.channels.telegram.webhook_url import derive_secret, webhook_address, webhook_path
from bot.ports.clock import Clock
from bot.ports.receiver import RequestDispatcher
from subscriptions.errors import StoreError

if TYPE_CHECKING:
    from bot.channels.telegram._client import Client

log = logging.getLogger("paperwire")

NAME = "telegram updates"
STARTING = "it does not take updates yet"
HEADER = "x-telegram-bot-api-secret-token"
AT_ONCE = 20  # connections that Telegram may open
LOOK_EVERY = 300.0  # seconds between two looks at what Telegram says of the webhook


class TelegramWebhook:
    """A Receiver, and its Hook.

    `url` is the setting: the address under which the web address is reached from outside; the path is appended to it.
    `secret` is what Telegram shows; None: one that is made from the token. `met` is told the bot's name.
    """

    name = NAME
    routes = ()

    def __init__(
        self,
        client: "Client",
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
        self._clock = clock
        self._met = on_bot_name
        self._backoff = TelegramBackoff(clock)
        self._missed = ""  # what Telegram says of its last try, when it failed
        self._listener: RequestDispatcher | None = None
        self._bot = ("", "")

    @property
    def problem(self) -> str:
        """See Receiver."""
        return self._backoff.problem or self._missed or ("" if self._listener else STARTING)

    async def listen(self, listener: RequestDispatcher) -> None:
        """See Receiver. It takes updates as soon as it knows who the bot is, and none after it is cancelled."""
        self._bot = await self._backoff.retry_until_done(TelegramApi(self._client).get_me)
        self._met(self._bot[1])
        self._listener = listener
        try:
            since = await self._backoff.retry_until_done(self._set)
            while True:
                await self._clock.sleep(LOOK_EVERY)
                since = await self._look(since)
        finally:
            self._listener = None

    async def drain(self, listener: RequestDispatcher) -> None:
        """See Receiver. Nobody can ask for what is sent to a webhook."""
        del listener
        log.warning("Telegram sends updates to the webhook, where only a paperwire run that goes on takes them.")

    def accepts(self, headers: Mapping[str, str]) -> bool:
        """See Hook."""
        shown = headers.get(HEADER, "")
        return hmac.compare_digest(shown.encode("utf-8", "replace"), self._secret.encode())

    async def receive(self, body: bytes) -> bool:
        """See Hook."""
        update = _read(body)
        if self._listener is None:
            return False
        try:
            request = read_update(update, bot_id=self._bot[0], bot_name=self._bot[1])
        except MalformedUpdate as error:
            log.warning("Update %d is of a shape that nobody knows (%s).", update["update_id"], error)
            return True
        if request is None:
            return True
        try:
            await self._listener.dispatch_without_retry(request)
        except StoreError as error:
            log.error("Telegram is asked to send update %d again: %s", update["update_id"], error)
            return False
        return True

    async def _set(self) -> int:
        """Tells Telegram the address; what waits stays. Returns when it last failed, so that older news is no news."""
        await self._client.call(
            "setWebhook",
            url=self._url,
            secret_token=self._secret,
            max_connections=AT_ONCE,
            allowed_updates=list(ALLOWED),
            drop_pending_updates=False,
        )
        return _second(await self._client.call_for_object("getWebhookInfo"))

    async def _look(self, since: int) -> int:
        """Sees whether updates still come here, and whether Telegram reaches us."""
        found = await self._backoff.retry_until_done(lambda: self._client.call_for_object("getWebhookInfo"))
        if found.get("url") != self._url:
            log.warning("Somebody had Telegram send the updates elsewhere; they are sent here again.")
            return await self._backoff.retry_until_done(self._set)
        failed = _second(found)
        missed = (
            f"Telegram cannot deliver to the webhook: {found.get('last_error_message', '')}" if failed > since else ""
        )
        if missed and missed != self._missed:
            log.error("%s.", missed.rstrip("."))
        self._missed = missed
        return failed


def _read(body: bytes) -> dict[str, Any]:
    """The update. Raises ValueError."""
    try:
        update = json.loads(body)
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
        raise ValueError("no update")  # noqa: TRY004 - one error for whatever cannot be read
    return update


def _second(info: Mapping[str, Any]) -> int:
    """When Telegram last failed to deliver, seconds since 1970; 0: never."""
    at = info.get("last_error_date")
    return at if isinstance(at, int) else 0

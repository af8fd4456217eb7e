"""Receives the requests that Slack sends to our web address (docs.slack.dev, Verifying requests from Slack).

The raw bytes must be signed with the app's secret, at most five minutes ago, before they are parsed. Slack repeats an event
that is not answered with 200 within three seconds. So we answer only after the effect is committed.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from pydantic import SecretStr
from slack_sdk.signature import SignatureVerifier

from bot.channels.receiver_loop import ReceiverLoop
from bot.channels.slack.outbound import SlackChannel
from bot.channels.slack.receiving.inbound import COMMANDS, EVENTS, INTERACTIONS
from bot.channels.slack.receiving.payload_dispatcher import PayloadDispatcher
from bot.ports.channel import Clock
from bot.ports.conversation import RequestDispatcher
from bot.ports.web_route import WebRequest, WebResponse
from subscriptions.errors import StoreError

log = logging.getLogger("paperwire")

NAME = "slack requests"
# Each path accepts every kind of request; the app's settings at Slack have three fields for addresses.
PATHS = ("/slack/events", "/slack/commands", "/slack/interactivity")
TIMESTAMP, SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"

STARTING = "it does not take requests yet"

_DONE = WebResponse()
_UNSIGNED = WebResponse(status=401, body="That is not signed by Slack.\n")
_UNREADABLE = WebResponse(status=400, body="That cannot be read.\n")
_NOT_NOW = WebResponse(status=503, body="Not now.\n")
_FORM = "application/x-www-form-urlencoded"


class SlackHttp:
    """A Receiver of requests by HTTP. `on_bot_name` is called with the bot's name."""

    name = NAME
    webhook = None

    def __init__(
        self, channel: SlackChannel, secret: SecretStr, clock: Clock, *, on_bot_name: Callable[[str], None]
    ) -> None:
        self.routes = tuple(_Route(path, self) for path in PATHS)
        self._verifier = SignatureVerifier(secret.get_secret_value(), _Seconds(clock))  # type: ignore[arg-type]
        self._payloads = PayloadDispatcher(channel, None, on_bot_name=on_bot_name)
        self._loop = ReceiverLoop("Slack", clock)
        self._dispatcher: RequestDispatcher | None = None

    @property
    def problem(self) -> str:
        """See Receiver."""
        return self._loop.problem or ("" if self._dispatcher else STARTING)

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. Accepts requests as soon as Slack has told who the bot is, and none after a cancellation."""
        await self._loop.retry(self._payloads.identify)
        self._dispatcher = dispatcher
        try:
            await asyncio.Event().wait()
        finally:
            self._dispatcher = None

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. Only logs a warning, since requests to a web address cannot be fetched."""
        del dispatcher
        log.warning("Slack sends what people say to the web address, where only a paperwire run that goes on takes it.")

    def signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Returns whether Slack signed these bytes in the last five minutes."""
        try:
            return self._verifier.is_valid(body, headers.get(TIMESTAMP), headers.get(SIGNATURE))
        except (
            ValueError,
            TypeError,
            OverflowError,
        ):  # a time that is no number or too large, or bytes that are no text
            return False

    async def receive(self, call: WebRequest) -> WebResponse:
        """Dispatches a signed request. Raises ValueError if it cannot be read."""
        kind, payload = _read(call)
        if kind == "url_verification":
            return WebResponse(body=str(payload.get("challenge", "")).encode("utf-8", "replace").decode())
        if not kind:
            return _DONE
        if self._dispatcher is None:
            return _NOT_NOW
        try:
            answer = await self._payloads.dispatch(kind, payload, self._dispatcher.dispatch_without_retry)
        except StoreError as error:
            log.error("Slack is asked to come again: %s", error)
            return _NOT_NOW
        return WebResponse(body=json.dumps(answer), kind="application/json") if answer else _DONE


class _Route:
    """See WebRoute."""

    method = "POST"

    def __init__(self, path: str, owner: SlackHttp) -> None:
        self.path = path
        self._owner = owner

    def accepts(self, headers: Mapping[str, str]) -> bool:
        """See WebRoute."""
        return bool(headers.get(TIMESTAMP) and headers.get(SIGNATURE, "").startswith("v0="))

    async def answer(self, call: WebRequest) -> WebResponse:
        """See WebRoute."""
        if not self._owner.signed(call.headers, call.body):
            log.warning("Somebody asked at Slack's address without Slack's signature, and got nothing.")
            return _UNSIGNED
        try:
            return await self._owner.receive(call)
        except (ValueError, RecursionError):
            return _UNREADABLE


class _Seconds:
    """The machine's clock in the shape that slack-sdk expects."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock.wall().timestamp()


def _read(call: WebRequest) -> tuple[str, dict[str, Any]]:
    """Returns (kind, payload) of a request; kind "" if it asks for nothing. Raises ValueError."""
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        payload = _object(call.body)
        kinds = {"url_verification": "url_verification", "event_callback": EVENTS}
        return kinds.get(str(payload.get("type")), ""), payload
    form = dict(parse_qsl(call.body.decode(), keep_blank_values=True, max_num_fields=100))
    if "payload" in form:
        return INTERACTIONS, _object(form["payload"])
    return (COMMANDS, form) if "command" in form else ("", {})  # ssl_check: Slack only tests the certificate


def _object(text: str | bytes) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("no object")  # noqa: TRY004 - one error for all unreadable bodies
    return value

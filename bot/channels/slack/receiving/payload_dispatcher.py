"""Reads payloads of Slack, from Socket Mode or HTTP, and dispatches the requests in them."""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import SecretStr

from bot.channels.slack.outbound import SlackChannel
from bot.channels.slack.receiving.inbound import MalformedPayload, UnknownWorkspace, read
from bot.ports.conversation import MessageRequest, Request
from subscriptions.errors import NotDelivered

log = logging.getLogger("paperwire")

Dispatch = Callable[[Request], Awaitable[Mapping[str, str]]]

_IDENTIFY_INTERVAL = 60.0  # seconds between two attempts to identify workspaces whose tokens are still unknown


class PayloadDispatcher:
    """Dispatches the payloads of one app.

    `app` is the app's token; None: the app whose signing secret is set. `on_bot_name` is called with the bot's name.
    """

    def __init__(self, channel: SlackChannel, app: SecretStr | None, *, on_bot_name: Callable[[str], None]) -> None:
        self._channel = channel
        self._app = app
        self._on_bot_name = on_bot_name
        self._identified_at = float("-inf")

    async def identify(self) -> None:
        """Asks Slack which workspace each token belongs to. Raises NotDelivered."""
        workspaces = self._channel.workspaces
        await workspaces.identify_all()
        me = next((one.identity for one in workspaces.all if one.identity is not None), None)
        if me is not None and me.name:
            self._on_bot_name(me.name)

    async def dispatch(self, kind: str, payload: object, dispatch_request: Dispatch) -> dict[str, Any]:
        """Returns the answer for Slack once the effect is committed. Raises what `dispatch_request` raises."""
        try:
            request = await self._read(kind, payload)
        except MalformedPayload as error:
            log.warning("Slack sent something of a shape that nobody knows (%s, %s).", kind, error)
            return {}
        except UnknownWorkspace as error:
            log.info("Slack sent something of the workspace %s, which has no token here; it was dropped.", error.team)
            return {}
        if request is None:
            return {}
        if isinstance(request, MessageRequest) and request.direct_channel:
            self._channel.conversations.remember_direct(request.sender, request.direct_channel)
        problems = await dispatch_request(request)
        return {"response_action": "errors", "errors": dict(problems)} if problems else {}

    async def _read(self, kind: str, payload: object) -> Request | None:
        workspaces = self._channel.workspaces
        try:
            return read(kind, payload, workspaces.served(self._app))
        except UnknownWorkspace:
            if not await self._identify_new_workspaces():
                raise
        return read(kind, payload, workspaces.served(self._app))

    async def _identify_new_workspaces(self) -> bool:
        """Asks Slack about tokens that are still unknown, at most once in _IDENTIFY_INTERVAL. True if one became known."""
        before = len(self._channel.workspaces.served(self._app))
        if time.monotonic() - self._identified_at < _IDENTIFY_INTERVAL:
            return False
        self._identified_at = time.monotonic()
        try:
            await self._channel.workspaces.identify_all()
        except NotDelivered:
            return False
        return len(self._channel.workspaces.served(self._app)) > before

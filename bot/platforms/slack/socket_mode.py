"""Receive what Slack sends over Socket Mode.

Slack repeats an event that is not acknowledged within three seconds. So we acknowledge once the effect is committed,
and recognize a repetition by its id, that of a message by its channel and ts. When Slack announces the end of a connection, the library opens the next one; a
connection that is lost is opened again here, since the library would ask for a new one without end if the token is
refused.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from slack_sdk.socket_mode.aiohttp import SocketModeClient

from bot.clock import Clock
from bot.log import error_location
from bot.platforms.base import RequestDispatcher
from bot.platforms.receivers import ReceiverLoop
from bot.platforms.slack.client import BotIdentity, Workspace
from bot.platforms.slack.incoming import read
from subscriptions.outcomes import RetryLater

log = logging.getLogger("paperwire")

OPEN_SECONDS = 10.0  # seconds to open a connection
PING_SECONDS = 10.0  # seconds between two pings
LOOK_SECONDS = 1.0  # seconds between two looks whether the connection is open
CLOSED_LOOKS = 2  # looks in a row that find it closed; one may fall between an announced end and the next connection
FINISH_SECONDS = 2.0  # seconds to acknowledge events in flight when a connection ends


class SocketMode(ReceiverLoop):
    """Receives the events of a workspace. `on_bot_name` is called with the bot's name."""

    name = "slack events"

    def __init__(self, workspace: Workspace, clock: Clock, *, on_bot_name: Callable[[str], None]) -> None:
        super().__init__("Slack", clock)
        self._workspace = workspace
        self._on_bot_name = on_bot_name
        self._in_flight: set[asyncio.Task[Any]] = set()  # that handle an event

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. After a cancellation, the dispatcher finishes the requests that it already has."""
        me = await self.retry(self._workspace.identify)
        if me.name:
            self._on_bot_name(me.name)
        await self.retry(partial(self._use_connection, me, dispatcher))

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. Only logs a warning, since Slack keeps no events that could be fetched."""
        del dispatcher
        log.warning("Slack sends what people say only to a paperwire run that goes on.")

    async def _use_connection(self, me: BotIdentity, dispatcher: RequestDispatcher) -> None:
        """Open a connection, and uses it until it ends. Always raises: NotDelivered, or RetryLater at its end."""
        address = await self._workspace.socket_address()
        client = self._workspace.socket_client(PING_SECONDS)
        client.wss_uri = address

        async def read_envelope(_: object, envelope: dict[str, Any], __: object) -> None:
            await self._handle(client, envelope, me, dispatcher)

        client.message_listeners.append(read_envelope)
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await client.connect()  # type: ignore[no-untyped-call]
            await _until_closed(client)
        except TimeoutError:
            raise RetryLater("No connection to Slack.") from None
        finally:
            if self._in_flight:
                await asyncio.wait(self._in_flight, timeout=FINISH_SECONDS)
            await client.close()  # type: ignore[no-untyped-call]
        raise RetryLater("The connection to Slack ended.")

    async def _handle(
        self, client: SocketModeClient, envelope: dict[str, Any], me: BotIdentity, dispatcher: RequestDispatcher
    ) -> None:
        """Handle an envelope in a task that the library started, and acknowledges it."""
        if envelope.get("type") == "hello":
            self.mark_healthy()
        if not isinstance(envelope.get("envelope_id"), str):
            return
        if task := asyncio.current_task():
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
        kind = str(envelope.get("type"))
        try:
            sent = partial(read, kind, envelope.get("payload"), me)
            await self.take(f"Something that Slack sent ({kind})", sent, dispatcher.dispatch)
            # if the connection is lost, Slack sends the event again, and it has no second effect
            with suppress(ConnectionError):
                await client.send_socket_mode_response({"envelope_id": envelope["envelope_id"]})
        except Exception as error:  # noqa: BLE001 - the library would log what a person wrote
            log.error("Something that Slack sent was given up: %s", error_location(error))


async def _until_closed(client: SocketModeClient) -> None:
    closed = 0
    while closed < CLOSED_LOOKS:
        await asyncio.sleep(LOOK_SECONDS)
        closed = 0 if await client.is_connected() else closed + 1

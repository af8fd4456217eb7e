"""Translates what Slack sends into requests (pure), and receives it by Socket Mode.

Shapes: docs.slack.dev, Events API, Slash commands, Interactivity. A chat of direct messages has the person's address,
not the id of the conversation. A thread is a topic.

Slack repeats an event that is not acknowledged within three seconds. So we acknowledge once the effect is committed,
and recognize a repetition by its id. When Slack announces the end of a connection, the library opens the next one; a
connection that is lost is opened again here, since the library would ask for a new one without end if the token is
refused.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from slack_sdk.socket_mode.aiohttp import SocketModeClient

from bot.failures import error_location
from bot.platforms.receivers import ReceiverLoop, documented_shape
from bot.platforms.slack import DIRECT
from bot.platforms.slack.client import BotIdentity, Workspace
from bot.ports.channel import Clock, usable_text
from bot.ports.conversation import CallbackRequest, EventRequest, MessageRequest, Place, Request, RequestDispatcher
from subscriptions.errors import RetryLater
from subscriptions.model import ChatAddress, ChatKind

log = logging.getLogger("paperwire")

OPEN_SECONDS = 10.0  # seconds to open a connection
PING_SECONDS = 10.0  # seconds between two pings
LOOK_SECONDS = 1.0  # seconds between two looks whether the connection is open
CLOSED_LOOKS = 2  # looks in a row that find it closed; one may fall between an announced end and the next connection
FINISH_SECONDS = 2.0  # seconds to acknowledge events in flight when a connection ends

Payload = Mapping[str, Any]

EVENTS, COMMANDS, INTERACTIONS = "events_api", "slash_commands", "interactive"  # the names in Socket Mode

_OURS = frozenset({None, "file_share", "thread_broadcast"})  # subtypes of the messages that people write
# What happens to a channel, by the type of the event → its name in the registry of commands.
HAPPENINGS = {
    "member_joined_channel": "arrived",
    "member_left_channel": "left",
    "channel_left": "left",
    "group_left": "left",
    "channel_archive": "archived",
    "group_archive": "archived",
    "channel_unarchive": "back",
    "group_unarchive": "back",
    "channel_deleted": "deleted",
    "group_deleted": "deleted",
    "channel_rename": "renamed",
    "group_rename": "renamed",
    "channel_id_changed": "moved",
}


_WRAPPED = re.compile(r"<(?P<sign>[@#!]?)(?P<what>[^<>|]*)(?:\|(?P<label>[^<>]*))?>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))  # &amp; must be the last: "&amp;lt;" means "&lt;"
_ADDED = ("http://", "https://", "mailto:", "tel:")  # Slack adds these to words that it turns into links


class UnknownWorkspace(Exception):
    """A payload from another workspace than that of the token. Its text is the id of the workspace."""


def read(kind: str, payload: object, here: BotIdentity) -> Request | None:
    """Returns the request in a payload; None if it contains none. Raises Malformed, UnknownWorkspace."""
    reader = _READERS.get(kind)
    if reader is None:
        return None
    with documented_shape():
        if not isinstance(payload, Mapping):
            raise TypeError
        request = reader(usable(payload), here)
    if request is not None and "/" in request.chat.address:  # a person of another workspace, whom the bot cannot answer
        return None
    return request


def _event(payload: Payload, here: BotIdentity) -> Request | None:
    event, kind = payload["event"], payload["event"]["type"]
    if kind not in ("message", "app_mention", *HAPPENINGS):
        return None
    named = [one.get("team_id") for one in payload.get("authorizations") or ()]
    _check_workspace(here, *named, payload.get("context_team_id"), payload.get("team_id"))
    update = str(payload["event_id"])
    if kind in HAPPENINGS:
        return _happened(HAPPENINGS[kind], event, here, update)
    if event.get("bot_id") or event.get("user") in (None, "USLACKBOT", here.user):
        return None
    return _written(event, here, update)


def _written(event: Payload, here: BotIdentity, update: str) -> Request | None:
    """Returns the request in a direct message or a mention. Of other messages in channels there is none."""
    channel, sender, text = str(event["channel"]), _sender(event, here), event.get("text")
    written = MessageRequest(
        place=Place(ChatAddress("slack", sender), ChatKind.PRIVATE),
        update_id=update,
        text=unescape(text),
        message_id=str(event["ts"]),
        sender=sender,
        takes_bare_commands=True,
        written_at=datetime.fromtimestamp(float(str(event["ts"])), UTC),
    )
    if event["type"] == "app_mention":
        if channel.startswith(DIRECT):
            return None
        said = unescape(after_mention(text, here.user))
        return replace(written, place=_place(channel, thread=_thread(event)), text=said)
    if event.get("channel_type") != "im" or event.get("subtype") not in _OURS:
        return None
    file: Payload = next(iter(event.get("files") or ()), {})
    return replace(written, direct_channel=channel, thread_id=_thread(event), file_id=str(file.get("id") or ""))


def _happened(what: str, event: Payload, here: BotIdentity, update: str) -> Request | None:
    """Returns the request for an event of a channel; None if another member than the bot came or left."""
    if what in ("arrived", "left") and event.get("user", here.user) != here.user:
        return None
    channel, name, details, sender = event.get("channel"), None, {}, ""
    if what == "renamed":
        channel, name = event["channel"]["id"], event["channel"].get("name")
    elif what == "moved":
        channel, details = event["old_channel_id"], {"to": str(event["new_channel_id"])}
    elif event.get("inviter"):
        sender = _sender({"user": event["inviter"]}, here)
    if not channel:
        raise KeyError("channel")
    place = _place(str(channel), name=name)
    return EventRequest(place=place, update_id=update, event=what, details=details, sender=sender)


def _command(payload: Payload, here: BotIdentity) -> Request:
    _check_workspace(here, payload.get("team_id"))
    sender = _sender({"user": payload["user_id"]}, here)
    channel = str(payload["channel_id"])
    return MessageRequest(
        place=_place(channel, sender, payload.get("channel_name")),
        update_id=str(payload["trigger_id"]),
        text=unescape(payload.get("text")),
        outside_channel=channel if channel.startswith(DIRECT) else "",
        sender=sender,
        sender_name=usable_text(payload.get("user_name")),
        takes_bare_commands=True,
        follows_name=True,
        response_url=str(payload.get("response_url") or ""),
    )


def _interaction(payload: Payload, here: BotIdentity) -> Request | None:
    """Returns the request for a button or menu under a message."""
    if payload["type"] != "block_actions":
        return None
    user = payload["user"]
    _check_workspace(here, (payload.get("team") or {}).get("id"), user.get("team_id"))
    action = payload["actions"][0]
    token = str(action.get("value") or (action.get("selected_option") or {}).get("value") or "")
    if not token:
        return None  # the button only opened an address
    sender = _sender({"user": user["id"], "team": user.get("team_id")}, here)
    channel, container, message = payload["channel"], payload.get("container") or {}, payload.get("message") or {}
    is_ephemeral, thread = bool(container.get("is_ephemeral")), _thread({**container, **message})
    place = _place(str(channel["id"]), sender, channel.get("name"), thread)
    if place.is_outside and not is_ephemeral:
        place = replace(place, is_outside=False)  # the bot posted the message, so it is in the channel
    return CallbackRequest(
        place=place,
        update_id=str(payload["trigger_id"]),
        sender=sender,
        sender_name=usable_text(user.get("name") or user.get("username")),
        response_url=str(payload.get("response_url") or ""),
        callback_data=token,
        outside_channel=str(channel["id"]) if place.is_outside else "",
        thread_id=thread if place.is_private else "",
        message_id=str(message.get("ts") or container.get("message_ts") or ""),
        is_ephemeral=is_ephemeral,
    )


_READERS: Mapping[str, Callable[[Payload, BotIdentity], Request | None]] = {
    EVENTS: _event,
    COMMANDS: _command,
    INTERACTIONS: _interaction,
}


def _check_workspace(here: BotIdentity, *named: object) -> None:
    """Raises UnknownWorkspace if a payload does not name our workspace."""
    if here.team not in named:
        raise UnknownWorkspace(next((str(team) for team in named if team), ""))


def _sender(said: Payload, here: BotIdentity) -> str:
    """Returns the id of a person; "TEAM/ID" for a person of another workspace in a shared channel."""
    home = str(said.get("user_team") or said.get("source_team") or said.get("team") or here.team)
    user = str(said["user"])
    return user if home == here.team else f"{home}/{user}"


def _place(channel: str, sender: str = "", name: object = None, thread: str = "") -> Place:
    """Returns the Place of a channel, a group conversation, or the direct messages of a sender.

    In those the bot may be absent where a command was given, so the Place says that the bot is outside.
    """
    if channel.startswith(DIRECT):
        return Place(ChatAddress("slack", sender), ChatKind.PRIVATE, is_outside=True)
    return Place(ChatAddress("slack", channel, thread), ChatKind.TEAM, title=title_of(name))


def _thread(said: Payload) -> str:
    """Returns the ts of the first message of the thread; "" for that message itself, and outside threads."""
    thread = str(said.get("thread_ts") or "")
    if thread == str(said.get("ts") or said.get("message_ts") or ""):
        return ""
    return thread


# Slack replaces addresses by links, names of people and channels by ids, and the characters & < > by entities
# (docs.slack.dev, Formatting message text).


def unescape(text: object) -> str:
    """Returns the text as it was typed.

    A channel that is the first or second word becomes "@" and its id.
    """
    wrapped = usable_text(text)
    words = _WRAPPED.sub(lambda found: _unwrapped(found, wrapped[: found.start()]), wrapped).strip()
    for entity, sign in _ENTITIES:
        words = words.replace(entity, sign)
    code = words.strip("`")
    if words.startswith("`") and words.endswith("`") and "`" not in code:
        return code.strip()
    return words


def usable(payload: Any) -> Any:  # noqa: ANN401 - any JSON
    """Returns a payload with all its texts, including ids, changed so that they can be stored."""
    if isinstance(payload, Mapping):
        return {usable_text(name): usable(inner) for name, inner in payload.items()}
    if isinstance(payload, list):
        return [usable(inner) for inner in payload]
    if isinstance(payload, str):
        return usable_text(payload)
    return payload


def after_mention(text: object, bot: str) -> str:
    """Returns the text after the first mention of the bot; the text before it if nothing follows.

    Both are in Slack's form.
    """
    mention = re.compile(rf"<@{re.escape(bot)}(?:\|[^<>]*)?>")  # Slack may add the bot's name to it
    before, *behind = mention.split(usable_text(text), maxsplit=1)
    return "".join(behind).strip().lstrip(":,").strip() or before.strip()


def title_of(name: object) -> str:
    """Returns the title of a conversation: "#general", or the names in a group conversation.

    "" if Slack hides the name.
    """
    plain = usable_text(name).strip()
    if plain in ("", "directmessage", "privategroup"):
        return ""
    if plain.startswith("mpdm-"):
        return ", ".join(plain.removeprefix("mpdm-").rpartition("-")[0].split("--"))
    return f"#{plain}"


def _unwrapped(found: re.Match[str], before: str) -> str:
    sign, what, label = found["sign"], found["what"], found["label"] or ""
    match sign:
        case "#":
            first = len(before.split()) <= 1
            return f"@{what}" if first else f"#{label or what}"
        case "@":
            return f"@{label or what}"
        case "!":
            return label or f"@{what.partition('^')[0]}"
        case _:
            same = label and any(what.rstrip("/") == start + label.rstrip("/") for start in ("", *_ADDED))
            if same:
                return label
            return what.removeprefix("mailto:")


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
        me = await self.retry(self._workspace.identify, proves_health=False)
        if me.name:
            self._on_bot_name(me.name)
        await self.retry(partial(self._use_connection, me, dispatcher))

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. Only logs a warning, since Slack keeps no events that could be fetched."""
        del dispatcher
        log.warning("Slack sends what people say only to a paperwire run that goes on.")

    async def _use_connection(self, me: BotIdentity, dispatcher: RequestDispatcher) -> None:
        """Opens a connection, and uses it until it ends. Always raises: NotDelivered, or RetryLater at its end."""
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
        """Handles an envelope in a task that the library started, and acknowledges it."""
        if envelope.get("type") == "hello":
            self.mark_healthy()
        if not isinstance(envelope.get("envelope_id"), str):
            return
        if task := asyncio.current_task():
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
        kind = str(envelope.get("type"))
        try:
            ours = partial(_read_ours, kind, envelope.get("payload"), me)
            await self.take(f"Something that Slack sent ({kind})", ours, dispatcher.dispatch)
            # if the connection is lost, Slack sends the event again, and it has no second effect
            with suppress(ConnectionError):
                await client.send_socket_mode_response({"envelope_id": envelope["envelope_id"]})
        except Exception as error:  # noqa: BLE001 - the library would log what a person wrote
            log.error("Something that Slack sent was given up: %s", error_location(error))


def _read_ours(kind: str, payload: object, here: BotIdentity) -> Request | None:
    """Like `read`, but drops what comes from another workspace."""
    try:
        return read(kind, payload, here)
    except UnknownWorkspace as error:
        log.info("Slack sent something of the workspace %s, which has no token here; it was dropped.", error)
        return None


async def _until_closed(client: SocketModeClient) -> None:
    closed = 0
    while closed < CLOSED_LOOKS:
        await asyncio.sleep(LOOK_SECONDS)
        closed = 0 if await client.is_connected() else closed + 1

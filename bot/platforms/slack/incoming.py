"""Translates what Slack sends into requests (pure), and receives it by Socket Mode.

Shapes: docs.slack.dev, Events API, Slash commands, Interactivity. A chat of direct messages has the person's address,
not the id of the conversation. A thread is a topic.

Slack repeats an event that is not acknowledged within three seconds. So we acknowledge once the effect is committed,
and recognize a repetition by its id, that of a message by its channel and ts. When Slack announces the end of a connection, the library opens the next one; a
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

from bot.channel import Clock, usable_text
from bot.conversation_moved import CallbackRequest, EventRequest, MessageRequest, Place, Request, RequestDispatcher
from bot.platforms.receivers import ReceiverLoop, documented_shape
from bot.platforms.slack import DIRECT
from bot.platforms.slack.client import BotIdentity, Workspace
from subscriptions.errors import RetryLater
from subscriptions.errors_moved import error_location
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


_OWN_COMMAND = re.compile(r"^\s*/paperwire\s+")  # typed after a mention, or as text, as in what others share
_WRAPPED = re.compile(r"<(?P<sign>[@#!]?)(?P<what>[^<>|]*)(?:\|(?P<label>[^<>]*))?>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))  # &amp; must be the last: "&amp;lt;" means "&lt;"
_ADDED = ("http://", "https://", "mailto:", "tel:")  # Slack adds these to words that it turns into links


def read(kind: str, payload: object, here: BotIdentity) -> Request | None:
    """Returns the request in a payload; None if it has none, or comes from another workspace. Raises Malformed."""
    reader = _READERS.get(kind)
    with documented_shape():
        sent = usable(payload)
        request = reader(sent, here) if reader and _is_of(here.team, sent) else None
    if request is not None and "/" in request.chat.address:  # a person of another workspace, whom the bot cannot answer
        return None
    return request


def _is_of(workspace: str, sent: Payload) -> bool:
    """Returns whether a payload names this workspace. Raises IndexError if it names none."""
    named = [one.get("team_id") for one in (sent, sent.get("user") or {}, *(sent.get("authorizations") or ()))]
    named = [*filter(None, (*named, sent.get("context_team_id"), (sent.get("team") or {}).get("id")))]
    if workspace not in named:
        log.info("Slack sent something of the workspace %s, which has no token here; it was dropped.", named[0])
    return workspace in named


def _event(sent: Payload, here: BotIdentity) -> Request | None:
    event, update = sent["event"], str(sent["event_id"])
    kind = event["type"]
    if kind in HAPPENINGS:
        return _happened(HAPPENINGS[kind], event, here, update)
    changed = event.get("message") or {}
    if event.get("subtype") == "message_changed" and changed.get("edited"):  # by its author, and not by Slack itself
        event = {**event, "subtype": None, **changed}
    if event.get("bot_id") or event.get("user") in (None, "USLACKBOT", here.user):
        return None
    home = event.get("user_team") or event.get("source_team") or event.get("team")
    channel, sender, text = str(event["channel"]), _sender(event["user"], home, here), event.get("text")
    more: dict[str, Any] = {}
    if kind == "app_mention" and not channel.startswith(DIRECT):
        place, text = _place(channel, thread=_thread(event)), after_mention(text, here.user)
    elif kind == "message" and event.get("channel_type") == "im" and event.get("subtype") in _OURS:
        place = Place(ChatAddress("slack", sender), ChatKind.PRIVATE)
        file: Payload = next(iter(event.get("files") or ()), {})
        more = {"direct_channel": channel, "thread_id": _thread(event), "file_id": str(file.get("id") or "")}
    else:
        return None
    # the event has a new id after each edit, what was said keeps channel and ts
    said = f"{channel}:{event['ts']}"
    version = (event.get("edited") or {}).get("ts", "")
    return MessageRequest(
        place=place,
        update_id=f"{said}:{version}",
        said_id=said,
        text=_OWN_COMMAND.sub("", unescape(text)),
        message_id=str(event["ts"]),
        sender=sender,
        takes_bare_commands=True,
        written_at=datetime.fromtimestamp(float(str(event["ts"])), UTC),
        **more,
    )


def _happened(what: str, event: Payload, here: BotIdentity, update: str) -> Request | None:
    """Returns the request for an event of a channel; None if another member than the bot came or left."""
    if what in ("arrived", "left") and event.get("user", here.user) != here.user:
        return None
    name, details = None, dict[str, str]()
    match what:
        case "renamed":
            channel, name = event["channel"]["id"], event["channel"].get("name")
        case "moved":
            channel, details = event["old_channel_id"], {"to": str(event["new_channel_id"])}
        case _:
            channel = event["channel"]
    place, sender = _place(str(channel), name=name), str(event.get("inviter") or "")
    return EventRequest(place=place, update_id=update, event=what, details=details, sender=sender)


def _command(sent: Payload, _: BotIdentity) -> Request:
    sender, channel = str(sent["user_id"]), str(sent["channel_id"])
    return MessageRequest(
        place=_place(channel, sender, sent.get("channel_name")),
        update_id=str(sent["trigger_id"]),
        text=unescape(sent.get("text")),
        outside_channel=channel if channel.startswith(DIRECT) else "",
        sender=sender,
        sender_name=str(sent.get("user_name") or ""),
        takes_bare_commands=True,
        follows_name=True,
        response_url=str(sent.get("response_url") or ""),
    )


def _interaction(sent: Payload, here: BotIdentity) -> Request | None:
    """Returns the request for a button or menu under a message; None for a button that only opened an address."""
    if sent["type"] != "block_actions":
        return None
    user, action, channel = sent["user"], sent["actions"][0], sent["channel"]
    token = str(action.get("value") or (action.get("selected_option") or {}).get("value") or "")
    if not token:
        return None
    sender, container, message = (
        _sender(user["id"], user.get("team_id"), here),
        sent.get("container") or {},
        sent.get("message") or {},
    )
    is_ephemeral, thread = bool(container.get("is_ephemeral")), _thread({**container, **message})
    place = _place(str(channel["id"]), sender, channel.get("name"), thread)
    if not is_ephemeral:
        place = replace(place, is_outside=False)  # the bot posted the message, so it is in the channel
    return CallbackRequest(
        place=place,
        update_id=str(sent["trigger_id"]),
        sender=sender,
        sender_name=str(user.get("name") or user.get("username") or ""),
        response_url=str(sent.get("response_url") or ""),
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


def _sender(user: object, home: object, here: BotIdentity) -> str:
    """Returns the id of a person; "TEAM/ID" for a person of another workspace in a shared channel."""
    return f"{home}/{user}" if home and home != here.team else str(user)


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
    return "" if thread == said.get("ts", said.get("message_ts")) else thread


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
    what, label = found["what"], found["label"] or ""
    match found["sign"]:
        case "#":
            return f"@{what}" if len(before.split()) <= 1 else f"#{label or what}"
        case "@":
            return f"@{label or what}"
        case "!":
            return label or f"@{what.partition('^')[0]}"
    if label and any(what.rstrip("/") == start + label.rstrip("/") for start in ("", *_ADDED)):
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
        me = await self.retry(self._workspace.identify)
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

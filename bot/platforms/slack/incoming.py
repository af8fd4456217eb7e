"""Translate what Slack sends into requests.

Shapes: docs.slack.dev, Events API, Slash commands, Interactivity. A chat of direct messages has the person's address,
not the id of the conversation. A thread is a topic.
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.messages import CallbackRequest, EventRequest, MessageRequest, Place, Request
from bot.platforms.receivers import documented_shape
from bot.platforms.slack import DIRECT
from bot.platforms.slack.client import BotIdentity
from bot.platforms.slack.texts import after_mention, title_of, unescape, usable
from subscriptions.model import ChatAddress, ChatKind

log = logging.getLogger("paperwire")

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


def read(kind: str, payload: object, here: BotIdentity) -> Request | None:
    """Return the request in a payload; None if it has none, or comes from another workspace. Raise Malformed."""
    reader = _READERS.get(kind)
    with documented_shape():
        sent = usable(payload)
        request = reader(sent, here) if reader and _is_of(here.team, sent) else None
    if request is not None and "/" in request.chat.address:  # a person of another workspace, whom the bot cannot answer
        return None
    return request


def _is_of(workspace: str, sent: Payload) -> bool:
    """Return whether a payload names this workspace. Raise IndexError if it names none."""
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
    """Return the request for an event of a channel; None if another member than the bot came or left."""
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
    """Return the request for a button or menu under a message; None for a button that only opened an address."""
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
    """Return the id of a person; "TEAM/ID" for a person of another workspace in a shared channel."""
    return f"{home}/{user}" if home and home != here.team else str(user)


def _place(channel: str, sender: str = "", name: object = None, thread: str = "") -> Place:
    """Return the Place of a channel, a group conversation, or the direct messages of a sender.

    In those the bot may be absent where a command was given, so the Place says that the bot is outside.
    """
    if channel.startswith(DIRECT):
        return Place(ChatAddress("slack", sender), ChatKind.PRIVATE, is_outside=True)
    return Place(ChatAddress("slack", channel, thread), ChatKind.TEAM, title=title_of(name))


def _thread(said: Payload) -> str:
    """Return the ts of the first message of the thread; "" for that message itself, and outside threads."""
    thread = str(said.get("thread_ts") or "")
    return "" if thread == said.get("ts", said.get("message_ts")) else thread

"""Translates events, commands and interactions of Slack into requests, and which messages are left out. Pure.

Shapes: docs.slack.dev, Events API, Slash commands, Interactivity. A chat of direct messages has the person's address, not
the id of the conversation. A thread is a topic.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bot.platforms.slack import DIRECT, joined, typed_text
from bot.platforms.slack.workspaces import ServedWorkspace
from bot.ports.channel import usable_text
from bot.ports.conversation import CallbackRequest, EventRequest, MessageRequest, Place, Request
from subscriptions.model import ChatAddress, ChatKind

Payload = Mapping[str, Any]
Teams = Mapping[str, ServedWorkspace]

EVENTS, COMMANDS, INTERACTIONS = "events_api", "slash_commands", "interactive"  # the names in Socket Mode

_OURS = frozenset({None, "file_share", "thread_broadcast"})  # subtypes of the messages that people write
_EDITED = "message_changed"


class MalformedPayload(ValueError):
    """A payload that does not have Slack's documented shape. Its text is the class of the error, without any content."""


class UnknownWorkspace(Exception):
    """A payload from a workspace for which there is no token. Its text is the id of the workspace."""


def read(kind: str, payload: object, teams: Teams) -> Request | None:
    """Returns the request in a payload; None if it contains none. Raises MalformedPayload, UnknownWorkspace."""
    reader = _READERS.get(kind)
    if reader is None:
        return None
    if not isinstance(payload, Mapping):
        raise MalformedPayload("no object")
    try:
        return reader(typed_text.usable(payload), teams)
    except (
        KeyError, TypeError, AttributeError, ValueError, OverflowError, OSError, IndexError, RecursionError
    ) as error:  # fmt: skip
        raise MalformedPayload(type(error).__name__) from None  # the error's text may contain what a person wrote


def _event(payload: Payload, teams: Teams) -> Request | None:
    event = payload["event"]
    reader = _EVENTS.get(str(event["type"]))
    if reader is None:
        return None
    named = [one.get("team_id") for one in payload.get("authorizations") or ()]
    here = _served(teams, *named, payload.get("context_team_id"), payload.get("team_id"))
    return reader(event, here, teams, str(payload["event_id"]))


def _message(event: Payload, here: ServedWorkspace, teams: Teams, update: str) -> Request | None:
    """Returns the request in a direct message; None for other messages. In channels, people use mentions and commands."""
    subtype = event.get("subtype")
    edited = subtype == _EDITED
    said = event["message"] if edited else event
    if event.get("channel_type") != "im" or (subtype not in _OURS and not edited) or _is_bot(said, here):
        return None
    if edited and said.get("text") == (event.get("previous_message") or {}).get("text"):
        return None  # the text is the same: Slack only added a preview of a link
    sender = _sender(said, here, teams)
    file: Payload = next(iter(said.get("files") or ()), {})
    return MessageRequest(
        place=_private(sender),
        update_id=update,
        text=typed_text.unescape(said.get("text"), here.prefix),
        direct_channel=str(event["channel"]),
        message_id=str(said["ts"]),
        sender=sender,
        takes_bare_commands=True,
        is_edit=edited,
        written_at=_moment(said["ts"]),
        thread_id=_thread(said),
        file_id=joined(here.prefix, str(file["id"])) if file.get("id") else "",
    )


def _mention(event: Payload, here: ServedWorkspace, teams: Teams, update: str) -> Request | None:
    if _is_bot(event, here) or str(event["channel"]).startswith(DIRECT):
        return None
    return MessageRequest(
        place=_place(here, str(event["channel"]), _thread(event)),
        update_id=update,
        text=typed_text.unescape(typed_text.after_mention(event.get("text"), here.bot), here.prefix),
        message_id=str(event["ts"]),
        sender=_sender(event, here, teams),
        takes_bare_commands=True,
        written_at=_moment(event["ts"]),
    )


def _joined(event: Payload, here: ServedWorkspace, teams: Teams, update: str) -> Request | None:
    """Returns the request for a new member of a channel; None if the member is not the bot."""
    if event["user"] != here.bot:
        return None
    inviter = event.get("inviter")
    sender = ""
    if inviter:
        sender = _sender({"user": inviter}, here, teams)
    return _event_request("arrived", event["channel"], here, update, sender=sender)


def _left(event: Payload, here: ServedWorkspace, teams: Teams, update: str) -> Request:
    """Returns the request for a member who left, or for the bot's removal."""
    if event.get("user") in (None, here.bot) or event["type"] != "member_left_channel":
        return _event_request("left", event["channel"], here, update)
    sender = _sender({"user": event["user"]}, here, teams)  # not with event.team, which is the channel's workspace
    return _event_request("member-left", event["channel"], here, update, sender=sender)


def _of_channel(name: str, event: Payload, here: ServedWorkspace, _: Teams, update: str) -> Request:
    return _event_request(name, event["channel"], here, update)


def _renamed(event: Payload, here: ServedWorkspace, _: Teams, update: str) -> Request:
    channel = event["channel"]
    return _event_request("renamed", channel["id"], here, update, name=channel.get("name"))


def _moved(event: Payload, here: ServedWorkspace, _: Teams, update: str) -> Request:
    details = {"to": joined(here.prefix, str(event["new_channel_id"]))}
    return _event_request("moved", event["old_channel_id"], here, update, details=details)


def _uninstalled(event: Payload, here: ServedWorkspace, _: Teams, update: str) -> Request | None:
    """Returns the request for the app's removal or a revoked token. Slack may send both events in any order, one, or none."""
    if event["type"] == "tokens_revoked" and here.bot not in (event["tokens"].get("bot") or ()):
        return None  # only tokens of people were revoked, which we do not use
    chat = ChatAddress("slack", here.team)
    return EventRequest(
        place=Place(chat=chat, kind=ChatKind.TEAM),
        update_id=update,
        event="uninstalled",
        details={"team": here.team},
    )


def _event_request(
    what: str,
    channel: object,
    here: ServedWorkspace,
    update: str,
    *,
    sender: str = "",
    name: object = "",
    details: Payload | None = None,
) -> Request:
    return EventRequest(
        place=_place(here, str(channel), title=typed_text.title_of(name)),
        update_id=update,
        event=what,
        details=details or {},
        sender=sender,
    )


_EVENTS: Mapping[str, Callable[[Payload, ServedWorkspace, Teams, str], Request | None]] = {
    "message": _message,
    "app_mention": _mention,
    "member_joined_channel": _joined,
    "member_left_channel": _left,
    "channel_left": _left,
    "group_left": _left,
    "channel_archive": partial(_of_channel, "archived"),
    "group_archive": partial(_of_channel, "archived"),
    "channel_unarchive": partial(_of_channel, "back"),
    "group_unarchive": partial(_of_channel, "back"),
    "channel_deleted": partial(_of_channel, "deleted"),
    "group_deleted": partial(_of_channel, "deleted"),
    "channel_rename": _renamed,
    "group_rename": _renamed,
    "channel_id_changed": _moved,
    "app_uninstalled": _uninstalled,
    "tokens_revoked": _uninstalled,
}


def _command(payload: Payload, teams: Teams) -> Request:
    here = _served(teams, payload.get("team_id"))
    sender = _sender({"user": payload["user_id"]}, here, teams)
    channel = str(payload["channel_id"])
    return MessageRequest(
        place=_place_of(here, channel, sender, payload.get("channel_name")),
        update_id=str(payload["trigger_id"]),
        text=typed_text.unescape(payload.get("text"), here.prefix),
        outside_channel=channel if channel.startswith(DIRECT) else "",
        sender=sender,
        sender_name=usable_text(payload.get("user_name")),
        takes_bare_commands=True,
        follows_name=True,
        response_url=str(payload.get("response_url") or ""),
    )


def _interaction(payload: Payload, teams: Teams) -> Request | None:
    reader = _INTERACTIONS.get(str(payload["type"]))
    if reader is None:
        return None
    user, view = payload["user"], payload.get("view") or {}
    here = _served(teams, view.get("app_installed_team_id"), (payload.get("team") or {}).get("id"), user.get("team_id"))
    return reader(payload, here, _sender({"user": user["id"], "team": user.get("team_id")}, here, teams))


def _block_actions(payload: Payload, here: ServedWorkspace, sender: str) -> Request | None:
    """Returns the request for a button or menu under a message."""
    token = _value(payload["actions"][0])
    if not token:
        return None  # the button only opened an address
    channel, container, message = payload["channel"], payload.get("container") or {}, payload.get("message") or {}
    is_ephemeral, thread = bool(container.get("is_ephemeral")), _thread({**container, **message})
    place = _place_of(here, str(channel["id"]), sender, channel.get("name"), thread)
    if place.is_outside and not is_ephemeral:
        place = replace(place, is_outside=False)  # the bot posted the message, so it is in the channel
    return CallbackRequest(
        **_by_person(payload, place, sender),
        callback_data=token,
        outside_channel=str(channel["id"]) if place.is_outside else "",
        thread_id=thread if place.kind is ChatKind.PRIVATE else "",
        message_id=str(message.get("ts") or container.get("message_ts") or ""),
        is_ephemeral=is_ephemeral,
    )


def _by_person(payload: Payload, place: Place, sender: str) -> dict[str, Any]:
    """Returns the fields of a request that every interaction gives in the same way."""
    return {
        "place": place,
        "update_id": str(payload["trigger_id"]),
        "sender": sender,
        "sender_name": _name(payload["user"]),
        "response_url": str(payload.get("response_url") or ""),
    }


_INTERACTIONS: Mapping[str, Callable[[Payload, ServedWorkspace, str], Request | None]] = {
    "block_actions": _block_actions,
}
_READERS: Mapping[str, Callable[[Payload, Teams], Request | None]] = {
    EVENTS: _event,
    COMMANDS: _command,
    INTERACTIONS: _interaction,
}


def _served(teams: Teams, *named: object) -> ServedWorkspace:
    """Returns the workspace of a payload: the first team it names that has a token here. Raises UnknownWorkspace."""
    for team in named:
        if team in teams:
            return teams[str(team)]
    raise UnknownWorkspace(next((str(team) for team in named if team), ""))


def _sender(said: Payload, here: ServedWorkspace, teams: Teams) -> str:
    """Returns the address of the person. In a shared channel, that is their address in their own workspace."""
    home = str(said.get("user_team") or said.get("source_team") or said.get("team") or here.team)
    known = here if home == here.team else teams.get(home)
    return joined(known.prefix if known else home, str(said["user"]))


def _is_bot(said: Payload, here: ServedWorkspace) -> bool:
    return bool(said.get("bot_id")) or said.get("user") in (None, "USLACKBOT", here.bot)


def _private(sender: str) -> Place:
    """Returns the Place of a person's direct messages with the bot."""
    return Place(chat=ChatAddress("slack", sender), kind=ChatKind.PRIVATE)


def _place(here: ServedWorkspace, channel: str, thread: str = "", *, title: str = "") -> Place:
    """Returns the Place of a channel or a group conversation."""
    return Place(chat=ChatAddress("slack", joined(here.prefix, channel), thread), kind=ChatKind.TEAM, title=title)


def _place_of(here: ServedWorkspace, channel: str, sender: str, name: object, thread: str = "") -> Place:
    """Returns the Place of a command or an interaction.

    In direct messages the bot may be absent, so the Place says that the bot is outside.
    """
    if channel.startswith(DIRECT):
        return replace(_private(sender), is_outside=True)
    return _place(here, channel, thread, title=typed_text.title_of(name))


def _thread(said: Payload) -> str:
    """Returns the ts of the first message of the thread; "" for that message itself, and outside threads."""
    thread = str(said.get("thread_ts") or "")
    if thread == str(said.get("ts") or said.get("message_ts") or ""):
        return ""
    return thread


def _moment(ts: object) -> datetime:
    return datetime.fromtimestamp(float(str(ts)), UTC)


def _name(user: Payload) -> str:
    return usable_text(user.get("name") or user.get("username"))


def _value(action: Payload) -> str:
    chosen = action.get("selected_option") or {}
    return str(action.get("value") or chosen.get("value") or "")

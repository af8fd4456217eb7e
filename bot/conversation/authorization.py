"""Finds the chat that a request is about, and checks the rights of its sender there, before the request has an effect.

Each request checks rights with the platform. A person who does not administer a chat gets no information about
it, not even whether it exists.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from bot.commands.connect import connection, disconnect
from bot.commands.context import BotInfo, CommandContext
from bot.commands.intent import Intent
from bot.conversation.stored_reply import refusal
from bot.ports.channel import Reply
from bot.ports.conversation import Place, PlatformApi, Request
from subscriptions.addresses import facts_of
from subscriptions.errors import NotDelivered
from subscriptions.model import ChatAddress, ChatKind
from subscriptions.service.access import operators_on, standing_of
from subscriptions.service.chat_status import known_or_new
from subscriptions.store.database.store import Store

MOST_ASKED = 5  # operators about whom the platform is asked whether they administer a chat, one call each

Refusal = Callable[[CommandContext], Reply | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """The chat that a request is about, and whether the sender may do it."""

    place: Place  # the chat that it is about
    refusal: Refusal | None = None  # runs in place of the command; None: the sender may do it
    operator_is_admin: bool = False  # an operator of the bot administers this chat


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationContext:
    """The dependencies of the checks in this module."""

    store: Store
    api: PlatformApi | None  # None: on this platform people talk to the bot only in private chats
    bot_info: BotInfo
    now: datetime


async def authorize(context: AuthorizationContext, request: Request, intent: Intent) -> Authorization:
    """Returns the chat that a request is about, and the refusal if its sender may not do this there."""
    try:
        authorization = await _authorize(context, request, intent)
        by_operator = authorization.operator_is_admin or await _operator_is_admin(context, intent, authorization)
        return replace(authorization, operator_is_admin=by_operator)
    except NotDelivered:
        return Authorization(place=request.place, refusal=_cannot_ask)


async def _authorize(context: AuthorizationContext, request: Request, intent: Intent) -> Authorization:
    if intent.destination:  # whether an operator asks is known where the command runs
        place = Place(chat=intent.destination, kind=ChatKind.PRIVATE, title=intent.destination.address)
        return Authorization(place=place, operator_is_admin=True)
    if intent.target:
        return await _authorize_named_chat(context, request, intent)
    if not intent.ignores_connection and request.place.kind is ChatKind.PRIVATE:
        managed = await asyncio.to_thread(connection, context.store, request.chat, now=context.now)
        if managed is not None:
            return await _authorize_managed_chat(context, request, managed)
    return Authorization(place=request.place, refusal=await _refusal_here(context, request, intent))


async def _authorize_named_chat(context: AuthorizationContext, request: Request, intent: Intent) -> Authorization:
    """Returns the chat that the text or the button names, if the sender administers it; else a refusal."""
    name, topic = facts_of(request.chat.platform).split_topic(intent.target)
    found = await context.api.find_chat(name) if context.api else None
    unknown = Authorization(place=request.place, refusal=partial(_not_there, name=name))
    if found is None or found.kind is ChatKind.PRIVATE:
        return unknown
    place = replace(found, chat=replace(found.chat, topic=topic)) if topic else found
    if place.chat == request.chat:
        return Authorization(place=request.place, refusal=await _refusal_here(context, request, intent))
    if not await _may_manage(context, found.chat, found.kind, request.sender):
        return unknown
    if topic and not found.is_forum and found.kind is not ChatKind.TEAM:
        return Authorization(place=request.place, refusal=partial(_no_topics, place=found))
    return Authorization(place=place)


async def _authorize_managed_chat(
    context: AuthorizationContext, request: Request, managed: ChatAddress
) -> Authorization:
    """Returns the chat that the sender manages from this private chat, or a refusal if the sender may not any more."""
    chat = await asyncio.to_thread(known_or_new, context.store, managed, ChatKind.BROADCAST)
    place = Place(chat=chat.address, kind=chat.kind, title=chat.title, public=chat.public)
    place_itself = replace(chat.address, topic="")
    if chat.id and await _may_manage(context, place_itself, chat.kind, request.sender):
        return Authorization(place=place)
    return Authorization(place=request.place, refusal=partial(_connection_over, name=chat.title or str(chat.address)))


async def _refusal_here(context: AuthorizationContext, request: Request, intent: Intent) -> Refusal | None:
    """Returns the refusal if the sender may not change the chat where the request was made; None if they may."""
    if not intent.needs_manager or request.place.kind is ChatKind.PRIVATE or request.sender_is_admin:
        return None
    chat = await asyncio.to_thread(known_or_new, context.store, request.chat, request.place.kind)
    members, team = chat.settings.manage == "members", request.place.kind is ChatKind.TEAM
    if members and not team:
        return None
    manages = await _is_admin(context, request.chat, request.sender, members=members, in_chat=True)
    if manages is None:
        return _cannot_see_team if team else _cannot_see
    if team:
        return None if manages else partial(_members_only, members=members)
    return None if manages else _managers_only


async def _may_manage(context: AuthorizationContext, chat: ChatAddress, kind: ChatKind, person: str) -> bool | None:
    """Returns whether a person administers a chat other than the one where the request was made. None: not known."""
    known = await asyncio.to_thread(known_or_new, context.store, chat, kind)
    members = kind is ChatKind.TEAM and known.settings.manage == "members"
    return await _is_admin(context, chat, person, members=members)


async def _is_admin(
    context: AuthorizationContext, chat: ChatAddress, person: str, *, members: bool = False, in_chat: bool = False
) -> bool | None:
    return (
        await context.api.is_admin(chat, person, member_suffices=members, in_chat=in_chat)
        if context.api and person
        else False
    )


async def administers(context: AuthorizationContext, request: Request) -> bool:
    """Returns whether the sender certainly administers the chat where the request was made."""
    if request.sender_is_admin:
        return True
    with suppress(NotDelivered):
        return bool(await _is_admin(context, request.chat, request.sender, in_chat=True))
    return False


async def _operator_is_admin(context: AuthorizationContext, intent: Intent, authorization: Authorization) -> bool:
    """Returns whether an operator administers the chat, if it is a group or channel that was not let in yet."""
    of_many = authorization.place.kind is not ChatKind.PRIVATE and context.api is not None
    if (
        context.bot_info.access == "open"
        or not intent.needs_manager
        or authorization.refusal is not None
        or not of_many
    ):
        return False
    chat = replace(authorization.place.chat, topic="")
    if (await asyncio.to_thread(standing_of, context.store, chat)).is_admitted:
        return False
    people = await asyncio.to_thread(operators_on, context.store, context.bot_info.admins, chat.platform)
    for person in people[:MOST_ASKED]:
        if await _is_admin(context, chat, person):
            return True
    return False


# ------------------------------------------------------------------------------------------------------------ refusals


def _managers_only(command: CommandContext) -> Reply:
    return refusal(command, command.say("Only admins of this chat can change that."))


def _cannot_see(command: CommandContext) -> Reply:
    return refusal(
        command,
        command.say("I cannot see who is an admin here. Make me an admin, or write to me in private: /connect."),
    )


def _members_only(command: CommandContext, *, members: bool) -> Reply:
    if members:
        return refusal(command, command.say("Only members of this workspace can change that, not guests."))
    return refusal(command, command.say("Only admins of this workspace can change that."))


def _cannot_see_team(command: CommandContext) -> Reply:
    return refusal(
        command,
        command.say("I cannot see who is an admin of this workspace: the app may not read people (users:read)."),
    )


def _cannot_ask(command: CommandContext) -> Reply:
    return refusal(
        command, command.say("I cannot find out now who is an admin, so nothing is changed. Please try again later.")
    )


def _not_there(command: CommandContext, *, name: str) -> Reply:
    return refusal(
        command, command.say("I know no chat {name} that you administer and I am in. Add me to it first.", name=name)
    )


def _no_topics(command: CommandContext, *, place: Place) -> Reply:
    if place.kind is ChatKind.BROADCAST:
        return refusal(command, command.say("A channel has no topics."))
    if place.is_linked:
        return refusal(
            command,
            command.say("{name} is linked to a channel, and such a group can have no topics.", name=place.title),
        )
    return refusal(command, command.say("{name} has no topics.", name=place.title))


def _connection_over(command: CommandContext, *, name: str) -> Reply:
    disconnect(command)
    return Reply(
        lines=(
            command.say(
                "You do not administer {name} any more, or I am not in it, so nothing is changed there.", name=name
            ),
            command.say("What you say here is about this chat again."),
        ),
        ok=False,
    )

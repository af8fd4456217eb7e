"""Finds the chat that a request is about, and checks the rights of its sender there, before the request has an effect.

Each request checks rights with the platform. A person who does not administer a chat gets no information about
it, not even whether it exists.

A form is about the chat where it was opened, or about a chat that the person selects in it; a home view shows many chats
on one page. A request from either counts as made in the chat that it is about. That chat is taken from the callback token
that was stored for this person when the view was shown. The platform's answer is trusted only for the token's id.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.commands.connect import connection, disconnect
from bot.commands.context import BotInfo, CommandContext
from bot.commands.intent import Intent
from bot.conversation.reply_sender import refusal
from bot.ports.channel import CHAT_FIELD, Button, HomePanel, HomeView, Modal, Reply
from bot.ports.conversation import FormRequest, Interaction, Place, PlatformApi, Request
from subscriptions.addresses import facts_of
from subscriptions.errors import NotDelivered
from subscriptions.model import CallbackToken, ChatAddress, ChatKind
from subscriptions.service.access import operators_on, standing_of
from subscriptions.service.chat_status import find_callback, known_or_new
from subscriptions.store import conversations
from subscriptions.store.conversations import home_view_of
from subscriptions.store.database.store import Scope, Store

MOST_ASKED = 5  # operators about whom the platform is asked whether they administer a chat, one call each
Refusal = Callable[[CommandContext], Reply | None]
MAX_FORM_AGE = timedelta(days=1)  # an older form is refused
MAIN = "query"  # the field at which problems of the whole form are shown
_CHAT_KEY, _PLACES, _UNTIL = "at", "places", "until"


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
    if not intent.stays_here and request.place.kind is ChatKind.PRIVATE:
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


# ------------------------------------------------------------------------------------------------- forms and home views


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedRequest:
    """A request of a form or home view, with the chat that it is about as its place, and its callback token."""

    request: Interaction
    token: CallbackToken
    on_home_view: bool = False


def route_form_request(store: Scope, request: Interaction, *, now: datetime) -> RoutedRequest | None:
    """Returns the routed request of a form or home view. None if the view is another person's, or too old."""
    token = find_callback(store, request.callback_data)
    if token is None or not token.person or token.person != request.sender:
        return None
    arguments = dict(token.arguments)
    on_home_view = token.place == home_view_of(request.chat)
    if on_home_view:
        address = arguments.pop(_CHAT_KEY, None)
    elif _PLACES in arguments:
        if now > datetime.fromisoformat(arguments.pop(_UNTIL)):
            return None
        places, chosen = arguments.pop(_PLACES), _values(request).get(CHAT_FIELD, "")
        if chosen not in places:
            return None
        address = places[chosen]
    else:
        return None
    place = _place(store, address) if address else request.place
    return RoutedRequest(
        request=replace(request, place=place),
        token=CallbackToken(verb=token.verb, arguments=arguments, place=str(place.chat), person=token.person),
        on_home_view=on_home_view,
    )


def _values(request: Interaction) -> Mapping[str, str]:
    return request.values if isinstance(request, FormRequest) else {}


def form_token(command: CommandContext, modal: Modal) -> tuple[str, dict[str, CallbackToken]]:
    """Returns the id of a form's token, and the new token.

    A form that is shown again while it is being filled in keeps its token, so there is no new one.
    """
    if isinstance(command.request, FormRequest):
        return command.request.callback_data, {}
    here = {**_address(command.chat.address), "kind": command.chat.kind.value, "title": command.chat.title}
    places = {"": here, **{value: _elsewhere(command, address) for value, address in modal.places.items()}}
    until = (command.now + MAX_FORM_AGE).isoformat()
    arguments = {**modal.arguments, _PLACES: places, _UNTIL: until}
    token_id = conversations.new_callback_id()
    token = CallbackToken(
        verb=modal.verb, arguments=arguments, place=str(command.origin.address), person=command.request.sender
    )
    return token_id, {token_id: token}


def with_home_view_tokens(command: CommandContext, home_view: HomeView) -> tuple[HomeView, dict[str, CallbackToken]]:
    """Returns the home view with a token id in each button, and the tokens, which are valid until it is shown again."""
    tokens: dict[str, CallbackToken] = {}

    def bound(button: Button, about: ChatAddress | None) -> Button:
        if not button.verb:
            return button
        token_id, chat = conversations.new_callback_id(), {_CHAT_KEY: _address(about)} if about else {}
        tokens[token_id] = CallbackToken(
            verb=button.verb,
            arguments={**button.arguments, **chat},
            place=home_view_of(command.origin.address),
            person=command.request.sender,
        )
        return replace(button, data=token_id)

    panels = tuple(_with_buttons(panel, partial(bound, about=panel.about)) for panel in home_view.panels)
    return replace(home_view, panels=panels), tokens


def as_form_problems(reply: Reply) -> Reply:
    """Returns the reply to a submitted form. A refusal becomes a problem shown on the form, which stays open."""
    if reply.form_errors or (reply.ok is not False and not (reply.toast and not reply.lines)):
        return reply
    return Reply(form_errors={MAIN: " ".join(reply.lines) or reply.toast})


def _with_buttons(panel: HomePanel, change: Callable[[Button], Button]) -> HomePanel:
    """Returns the panel with each of its buttons changed."""
    items = tuple(replace(item, menu=tuple(map(change, item.menu))) for item in panel.items)
    return replace(panel, items=items, buttons=tuple(tuple(map(change, row)) for row in panel.buttons))


def _elsewhere(command: CommandContext, address: ChatAddress) -> dict[str, Any]:
    """Returns the JSON of another chat that a form offers besides its own, such as the private chat."""
    kind = ChatKind.PRIVATE if address == command.person else command.chat.kind
    title = command.chat.title if address.lane == command.chat.address.lane else ""
    return {**_address(address), "kind": kind.value, "title": title}


def _address(address: ChatAddress) -> dict[str, Any]:
    return {"platform": address.platform, "address": address.address, "topic": address.topic}


def _place(store: Scope, at: Mapping[str, Any]) -> Place:
    """Returns the place of an address in JSON. Kind and title are from the store, or from JSON for an unknown chat."""
    address = ChatAddress(at["platform"], at["address"], at["topic"])
    chat = known_or_new(store, address, ChatKind(at.get("kind", ChatKind.PRIVATE)))
    return Place(chat=address, kind=chat.kind, title="" if chat.id else at.get("title", ""))

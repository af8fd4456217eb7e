"""Finds the chat that a request is about, and checks the rights of its sender there, before the request has an effect.

Each request checks rights with the platform. A person who does not administer a chat gets no information about
it, not even whether it exists.

A form is about the chat where it was opened, or about a chat that the person selects in it; a home view shows many chats
on one page. A request from either counts as made in the chat that it is about. That chat is taken from the callback token
that was stored for this person when the view was shown. The platform's answer is trusted only for the token's id.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.commands.connect import connection, disconnect
from bot.commands.context import CommandContext, CommandFunction
from bot.commands.intent import Intent
from bot.context import Context
from bot.conversation.reply_sender import refusing
from bot.ports.channel import CHAT_FIELD, Button, HomeView, Modal, Reply
from bot.ports.conversation import FormRequest, Interaction, Place, Request
from subscriptions.addresses import facts_of
from subscriptions.errors import NotDelivered, Sentence
from subscriptions.model import CallbackToken, ChatAddress, ChatKind
from subscriptions.service.access import operators_on, standing_of
from subscriptions.service.chat_status import find_callback, known_or_new
from subscriptions.store import conversations
from subscriptions.store.conversations import home_view_of
from subscriptions.store.database.store import Scope

MOST_ASKED = 5  # operators about whom the platform is asked whether they administer a chat, one call each
MAX_FORM_AGE = timedelta(days=1)  # an older form is refused
MAIN = "query"  # the field at which problems of the whole form are shown
_CHAT_KEY, _PLACES, _UNTIL = "at", "places", "until"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """The chat that a request is about, and whether the sender may do it."""

    place: Place  # the chat that it is about
    refusal: CommandFunction | None = None  # runs in place of the command; None: the sender may do it
    operator_is_admin: bool = False  # an operator of the bot administers this chat


async def authorize(context: Context, request: Request, intent: Intent) -> Authorization:
    """Returns the chat that a request is about, and the refusal if its sender may not do this there."""
    try:
        authorization = await _authorize(context, request, intent)
        by_operator = authorization.operator_is_admin or await _operator_is_admin(context, intent, authorization)
        return replace(authorization, operator_is_admin=by_operator)
    except NotDelivered:
        return Authorization(place=request.place, refusal=_CANNOT_ASK)


async def _authorize(context: Context, request: Request, intent: Intent) -> Authorization:
    if intent.destination:  # whether an operator asks is known where the command runs
        place = Place(chat=intent.destination, kind=ChatKind.PRIVATE, title=intent.destination.address)
        return Authorization(place=place, operator_is_admin=True)
    if intent.target:
        return await _authorize_named_chat(context, request, intent)
    if not intent.stays_here and request.place.kind is ChatKind.PRIVATE:
        managed = await asyncio.to_thread(connection, context.store, request.chat, now=context.clock.now())
        if managed is not None:
            return await _authorize_managed_chat(context, request, managed)
    return Authorization(place=request.place, refusal=await _refusal_here(context, request, intent))


async def _authorize_named_chat(context: Context, request: Request, intent: Intent) -> Authorization:
    """Returns the chat that the text or the button names, if the sender administers it; else a refusal."""
    name, topic = facts_of(request.chat.platform).split_topic(intent.target)
    api = context.api_of(request.chat)
    found = await api.find_chat(name) if api else None
    words = Sentence("I know no chat {name} that you administer and I am in. Add me to it first.", {"name": name})
    unknown = Authorization(place=request.place, refusal=refusing(words))
    if found is None or found.kind is ChatKind.PRIVATE:
        return unknown
    place = replace(found, chat=replace(found.chat, topic=topic)) if topic else found
    if place.chat == request.chat:
        return Authorization(place=request.place, refusal=await _refusal_here(context, request, intent))
    if not await _may_manage(context, found.chat, found.kind, request.sender):
        return unknown
    if topic and not found.is_forum and found.kind is not ChatKind.TEAM:
        return Authorization(place=request.place, refusal=refusing(_no_topics(found)))
    return Authorization(place=place)


async def _authorize_managed_chat(context: Context, request: Request, managed: ChatAddress) -> Authorization:
    """Returns the chat that the sender manages from this private chat, or a refusal if the sender may not any more."""
    chat = await asyncio.to_thread(known_or_new, context.store, managed, ChatKind.BROADCAST)
    place = Place(chat=chat.address, kind=chat.kind, title=chat.title, public=chat.public)
    place_itself = replace(chat.address, topic="")
    if chat.id and await _may_manage(context, place_itself, chat.kind, request.sender):
        return Authorization(place=place)
    return Authorization(place=request.place, refusal=partial(_connection_over, name=chat.title or str(chat.address)))


async def _refusal_here(context: Context, request: Request, intent: Intent) -> CommandFunction | None:
    """Returns the refusal if the sender may not change the chat where the request was made; None if they may."""
    if not intent.needs_manager or request.place.kind is ChatKind.PRIVATE or request.sender_is_admin:
        return None
    chat = await asyncio.to_thread(known_or_new, context.store, request.chat, request.place.kind)
    members, team = chat.settings.manage == "members", request.place.kind is ChatKind.TEAM
    if members and not team:
        return None
    manages = await _is_admin(context, request.chat, request.sender, members=members, in_chat=True)
    if manages:
        return None
    by = "workspace" if team else "chat"
    return _REFUSED[by, "unknown" if manages is None else "members" if members and team else "admins"]


_CANNOT_ASK = refusing(
    Sentence("I cannot find out now who is an admin, so nothing is changed. Please try again later.")
)
_REFUSED: Mapping[tuple[str, str], CommandFunction] = {  # (where, why)
    ("chat", "admins"): refusing(Sentence("Only admins of this chat can change that.")),
    ("chat", "unknown"): refusing(
        Sentence("I cannot see who is an admin here. Make me an admin, or write to me in private: /connect.")
    ),
    ("workspace", "admins"): refusing(Sentence("Only admins of this workspace can change that.")),
    ("workspace", "members"): refusing(Sentence("Only members of this workspace can change that, not guests.")),
    ("workspace", "unknown"): refusing(
        Sentence("I cannot see who is an admin of this workspace: the app may not read people (users:read).")
    ),
}


def _no_topics(place: Place) -> Sentence:
    if place.kind is ChatKind.BROADCAST:
        return Sentence("A channel has no topics.")
    if place.is_linked:
        return Sentence("{name} is linked to a channel, and such a group can have no topics.", {"name": place.title})
    return Sentence("{name} has no topics.", {"name": place.title})


async def _may_manage(context: Context, chat: ChatAddress, kind: ChatKind, person: str) -> bool | None:
    """Returns whether a person administers a chat other than the one where the request was made. None: not known."""
    known = await asyncio.to_thread(known_or_new, context.store, chat, kind)
    members = kind is ChatKind.TEAM and known.settings.manage == "members"
    return await _is_admin(context, chat, person, members=members)


async def _is_admin(
    context: Context, chat: ChatAddress, person: str, *, members: bool = False, in_chat: bool = False
) -> bool | None:
    api = context.api_of(chat)
    return await api.is_admin(chat, person, member_suffices=members, in_chat=in_chat) if api and person else False


async def administers(context: Context, request: Request) -> bool:
    """Returns whether the sender certainly administers the chat where the request was made."""
    if request.sender_is_admin:
        return True
    with suppress(NotDelivered):
        return bool(await _is_admin(context, request.chat, request.sender, in_chat=True))
    return False


async def _operator_is_admin(context: Context, intent: Intent, authorization: Authorization) -> bool:
    """Returns whether an operator administers the chat, if it is a group or channel that was not let in yet."""
    bot_info, chat = context.conversation.bot_info, replace(authorization.place.chat, topic="")
    of_many = authorization.place.kind is not ChatKind.PRIVATE and context.api_of(chat) is not None
    if bot_info.access == "open" or not intent.needs_manager or authorization.refusal is not None or not of_many:
        return False
    if (await asyncio.to_thread(standing_of, context.store, chat)).is_admitted:
        return False
    people = await asyncio.to_thread(operators_on, context.store, bot_info.admins, chat.platform)
    for person in people[:MOST_ASKED]:
        if await _is_admin(context, chat, person):
            return True
    return False


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


def form_token(command: CommandContext, modal: Modal, tokens: dict[str, CallbackToken]) -> str:
    """Returns the id of a form's token, which is added to `tokens`, unless the form is shown again while it is filled in."""
    if isinstance(command.request, FormRequest):
        return command.request.callback_data
    here = {**_address(command.chat.address), "kind": command.chat.kind.value, "title": command.chat.title}
    places = {"": here, **{value: _elsewhere(command, address) for value, address in modal.places.items()}}
    arguments = {**modal.arguments, _PLACES: places, _UNTIL: (command.now + MAX_FORM_AGE).isoformat()}
    token_id, place = conversations.new_callback_id(), str(command.origin.address)
    tokens[token_id] = CallbackToken(verb=modal.verb, arguments=arguments, place=place, person=command.request.sender)
    return token_id


def with_token(
    button: Button, tokens: dict[str, CallbackToken], *, place: str, person: str, more: Mapping[str, Any]
) -> Button:
    """Returns the button with the id of its token, which is added to `tokens`; a button that opens a URL as it is."""
    if not button.verb:
        return button
    token_id = conversations.new_callback_id()
    arguments = {**more, **button.arguments}
    tokens[token_id] = CallbackToken(verb=button.verb, arguments=arguments, place=place, person=person)
    return replace(button, data=token_id)


def with_home_view_tokens(command: CommandContext, home_view: HomeView, tokens: dict[str, CallbackToken]) -> HomeView:
    """Returns the home view with a token id in each button. The tokens are valid until it is shown again."""
    place, person = home_view_of(command.origin.address), command.request.sender

    def bound(buttons: Iterable[Button], about: ChatAddress | None) -> tuple[Button, ...]:
        more = {_CHAT_KEY: _address(about)} if about else {}
        return tuple(with_token(button, tokens, place=place, person=person, more=more) for button in buttons)

    return replace(
        home_view,
        panels=tuple(
            replace(
                panel,
                items=tuple(replace(item, menu=bound(item.menu, panel.about)) for item in panel.items),
                buttons=tuple(bound(row, panel.about) for row in panel.buttons),
            )
            for panel in home_view.panels
        ),
    )


def as_form_problems(reply: Reply) -> Reply:
    """Returns the reply to a submitted form. A refusal becomes a problem shown on the form, which stays open."""
    if reply.form_errors or (reply.ok is not False and not (reply.toast and not reply.lines)):
        return reply
    return Reply(form_errors={MAIN: " ".join(reply.lines) or reply.toast})


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

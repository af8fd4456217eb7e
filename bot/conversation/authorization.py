"""Finds the chat that a request is about, and checks the rights of the sender in that chat before the request is executed.

For each request, the platform is asked about rights. A person who does not administer a chat gets no information about
it, not even whether it exists.

A form is about the chat where it was opened, or about a chat that the person selects in it; a home view shows many
chats on one page. A request from a form or home view is treated as if it was made in the chat that it is about. That
chat is read from the callback token, which was stored for this person when the view was shown. From the platform, only
the token's id is used.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.commands import connect
from bot.commands.context import CommandContext, CommandFunction
from bot.commands.intent import Intent
from bot.context import Context
from bot.conversation.reply_sender import refusing
from bot.ports.channel import CHAT_FIELD, Button, HomeView, Modal, Reply
from bot.ports.conversation import FormRequest, Interaction, Place, Request
from subscriptions.addresses import facts_of
from subscriptions.errors import NotDelivered, Sentence
from subscriptions.matching.ranking import Library
from subscriptions.model import CallbackToken, ChatAddress, ChatKind
from subscriptions.service import access, chat_status
from subscriptions.store import conversations
from subscriptions.store.conversations import home_view_of
from subscriptions.store.database.store import Scope

MOST_ASKED = 5  # operators for whom the platform is asked whether they administer a chat; each takes one call
MAX_FORM_AGE = timedelta(days=1)  # an older form is refused
MAIN = "query"  # the field where problems of the whole form are shown
_CHAT_KEY, _PLACES, _UNTIL = "at", "places", "until"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRequest:
    """A request with its intent and everything that its command needs from the platform."""

    request: Request  # as `PlatformApi.enrich` returned it
    intent: Intent
    place: Place  # the chat that the request is about
    refusal: CommandFunction | None = None  # runs in place of the command
    operator_is_admin: bool = False  # an operator of the bot administers `place`
    file: bytes = b""  # the attached document
    library: Library | None = None  # the library that was read from the document
    shared_chats: frozenset[str] | None = None  # addresses of chats that bot and sender are both in; None: not known
    is_over_limit: bool = False  # the person or the chat gave too many commands within a minute


async def authorize(context: Context, request: Request, intent: Intent) -> PreparedRequest:
    """Returns the request with the chat that it is about; with a refusal if its sender may not do this there."""
    try:
        found = await _authorize(context, request, intent)
        by_operator = found.operator_is_admin or await _operator_is_admin(context, found)
        return replace(found, operator_is_admin=by_operator)
    except NotDelivered:
        return PreparedRequest(request=request, intent=intent, place=request.place, refusal=_CANNOT_ASK)


async def _authorize(context: Context, request: Request, intent: Intent) -> PreparedRequest:
    here = PreparedRequest(request=request, intent=intent, place=request.place)
    if intent.destination:  # only operators may do this, which is checked when the command runs
        place = Place(chat=intent.destination, kind=ChatKind.PRIVATE, title=intent.destination.address)
        return replace(here, place=place, operator_is_admin=True)
    if intent.target:
        return await _authorize_named_chat(context, here)
    if not intent.stays_here and request.place.kind is ChatKind.PRIVATE:
        managed = await asyncio.to_thread(connect.connection, context.store, request.chat, now=context.clock.now())
        if managed is not None:
            return await _authorize_managed_chat(context, here, managed)
    return replace(here, refusal=await _refusal_here(context, request, intent))


async def _authorize_named_chat(context: Context, here: PreparedRequest) -> PreparedRequest:
    """Returns the request about the chat that the text or the button names; with a refusal if the sender is no admin there."""
    request, intent = here.request, here.intent
    name, topic = facts_of(request.chat.platform).split_topic(intent.target)
    api = context.api_of(request.chat)
    found = await api.find_chat(name) if api else None
    words = Sentence("I know no chat {name} that you administer and I am in. Add me to it first.", {"name": name})
    unknown = replace(here, refusal=refusing(words))
    if found is None or found.kind is ChatKind.PRIVATE:
        return unknown
    place = replace(found, chat=replace(found.chat, topic=topic)) if topic else found
    if place.chat == request.chat:
        return replace(here, refusal=await _refusal_here(context, request, intent))
    if not await _may_manage(context, found.chat, found.kind, request.sender):
        return unknown
    if topic and not found.is_forum and found.kind is not ChatKind.TEAM:
        return replace(here, refusal=refusing(_no_topics(found)))
    return replace(here, place=place)


async def _authorize_managed_chat(context: Context, here: PreparedRequest, managed: ChatAddress) -> PreparedRequest:
    """Returns the request about the chat that the sender manages from here; with a refusal if they no longer may."""
    chat = await asyncio.to_thread(chat_status.known_or_new, context.store, managed, ChatKind.BROADCAST)
    place_itself = replace(chat.address, topic="")
    if chat.id and await _may_manage(context, place_itself, chat.kind, here.request.sender):
        return replace(here, place=Place(chat=chat.address, kind=chat.kind, title=chat.title, public=chat.public))
    return replace(here, refusal=partial(_connection_over, name=chat.title or str(chat.address)))


async def _refusal_here(context: Context, request: Request, intent: Intent) -> CommandFunction | None:
    """Returns a refusal if the sender may not change the chat where the request was made; None if they may."""
    if not intent.needs_manager or request.place.kind is ChatKind.PRIVATE or request.sender_is_admin:
        return None
    chat = await asyncio.to_thread(chat_status.known_or_new, context.store, request.chat, request.place.kind)
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
_REFUSED: Mapping[tuple[str, str], CommandFunction] = {  # (kind of chat, reason) → refusal
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
    """Returns whether a person may manage a chat other than the one where the request was made; None if unknown."""
    known = await asyncio.to_thread(chat_status.known_or_new, context.store, chat, kind)
    members = kind is ChatKind.TEAM and known.settings.manage == "members"
    return await _is_admin(context, chat, person, members=members)


async def _is_admin(
    context: Context, chat: ChatAddress, person: str, *, members: bool = False, in_chat: bool = False
) -> bool | None:
    api = context.api_of(chat)
    return await api.is_admin(chat, person, member_suffices=members, in_chat=in_chat) if api and person else False


async def administers(context: Context, request: Request) -> bool:
    """Returns whether the sender administers the chat where the request was made; False also if that is unknown."""
    if request.sender_is_admin:
        return True
    with suppress(NotDelivered):
        return bool(await _is_admin(context, request.chat, request.sender, in_chat=True))
    return False


async def _operator_is_admin(context: Context, prepared: PreparedRequest) -> bool:
    """Returns whether an operator administers the chat. Checks only groups and channels that have not been let in."""
    bot_info, chat = context.conversation.bot_info, replace(prepared.place.chat, topic="")
    of_many = prepared.place.kind is not ChatKind.PRIVATE and context.api_of(chat) is not None
    if bot_info.access == "open" or not prepared.intent.needs_manager or prepared.refusal is not None or not of_many:
        return False
    if (await asyncio.to_thread(access.standing_of, context.store, chat)).is_admitted:
        return False
    people = await asyncio.to_thread(access.operators_on, context.store, bot_info.admins, chat.platform)
    for person in people[:MOST_ASKED]:
        if await _is_admin(context, chat, person):
            return True
    return False


def _connection_over(command: CommandContext, *, name: str) -> Reply:
    connect.disconnect(command)
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
    """A request from a form or home view, with its callback token; its place is the chat that it is about."""

    request: Interaction
    token: CallbackToken
    on_home_view: bool = False


def route_form_request(store: Scope, request: Interaction, *, now: datetime) -> RoutedRequest | None:
    """Returns the routed request from a form or home view; None if the view is another person's or too old."""
    token = chat_status.find_callback(store, request.callback_data)
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
    """Returns the id of a form's token and adds the token to `tokens`; if the form is shown again, returns its old id."""
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
    """Returns the button with the id of a new token, which is added to `tokens`; a button without a verb is not changed."""
    if not button.verb:
        return button
    token_id = conversations.new_callback_id()
    arguments = {**more, **button.arguments}
    tokens[token_id] = CallbackToken(verb=button.verb, arguments=arguments, place=place, person=person)
    return replace(button, data=token_id)


def with_home_view_tokens(command: CommandContext, home_view: HomeView, tokens: dict[str, CallbackToken]) -> HomeView:
    """Returns the home view with a token id in each button. The tokens are valid until the view is shown again."""
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
    """Returns the reply to a submitted form. A refusal becomes a problem that is shown on the form, which stays open."""
    if reply.form_errors or (reply.ok is not False and not (reply.toast and not reply.lines)):
        return reply
    return Reply(form_errors={MAIN: " ".join(reply.lines) or reply.toast})


def _elsewhere(command: CommandContext, address: ChatAddress) -> dict[str, Any]:
    """Returns the JSON of another chat that a form offers in addition to its own, such as the private chat."""
    kind = ChatKind.PRIVATE if address == command.person else command.chat.kind
    title = command.chat.title if address.lane == command.chat.address.lane else ""
    return {**_address(address), "kind": kind.value, "title": title}


def _address(address: ChatAddress) -> dict[str, Any]:
    return {"platform": address.platform, "address": address.address, "topic": address.topic}


def _place(store: Scope, at: Mapping[str, Any]) -> Place:
    """Returns the place for an address in JSON. Its kind and title are from the store; for an unknown chat, from the JSON."""
    address = ChatAddress(at["platform"], at["address"], at["topic"])
    chat = chat_status.known_or_new(store, address, ChatKind(at.get("kind", ChatKind.PRIVATE)))
    return Place(chat=address, kind=chat.kind, title="" if chat.id else at.get("title", ""))

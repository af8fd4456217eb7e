"""Routes requests of forms and home views to the chat that they are about, and makes their callback tokens.

A form is about the chat where it was opened, or about a chat that the person selects in it; a home view shows many chats
on one page. A request from either counts as made in the chat that it is about. That chat is taken from the callback token
that was stored for this person when the view was shown. The platform's answer is trusted only for the token's id.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.commands.context import CommandContext
from bot.ports.channel import CHAT_FIELD, Button, HomePanel, HomeView, Modal, Reply
from bot.ports.conversation import FormRequest, Interaction, Place
from subscriptions.model import CallbackToken, ChatAddress, ChatKind
from subscriptions.service.chat_status import find_callback, known_or_new
from subscriptions.store import conversations
from subscriptions.store.conversations import home_view_of
from subscriptions.store.database.store import Scope

MAX_FORM_AGE = timedelta(days=1)  # an older form is refused
MAIN = "query"  # the field at which problems of the whole form are shown

_CHAT_KEY, _PLACES, _UNTIL = "at", "places", "until"


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
    """Returns the JSON of a chat that a form offers beside the one where it was opened, such as the private chat."""
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

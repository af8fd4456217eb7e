"""Forms and boards: which chat something on them is about, and what their buttons stand for.

A form is opened in a chat, or leads into one that the person chooses on it; a board gathers many chats on one page. What
is pressed there counts as if it were said in the chat that it is about. That chat stands in the link that was stored
when the form or board was shown, for one person alone: nothing that comes back is trusted but the link's id.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.commands.core.context import CommandContext
from bot.ports.button import Button, Buttons
from bot.ports.conversation import FormRequest, Interaction, Place
from bot.ports.forms import CHAT_FIELD, HomeItem, HomePanel, HomeView, Modal
from bot.ports.reply import Reply
from subscriptions.model import CallbackToken, ChatAddress, ChatKind
from subscriptions.service.chats import add_callbacks, find_callback, home_callbacks, home_view_of, known_or_new
from subscriptions.store import Scope

MAX_FORM_AGE = timedelta(days=1)  # how long after it was opened a form is taken
MAIN = "query"  # the field that shows what is wrong with a form as a whole

_CHAT_KEY, _PLACES, _UNTIL = "at", "places", "until"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedRequest:
    """A request from a form or board, as if made in the chat that it is about, with what was pressed."""

    request: Interaction
    token: CallbackToken
    on_home_view: bool = False


def route_form_request(store: Scope, request: Interaction, *, now: datetime) -> RoutedRequest | None:
    """What something on a form or board is about. None: it is not this person's, or was shown too long ago."""
    link = find_callback(store, request.callback_data)
    if link is None or not link.person or link.person != request.sender:
        return None
    arguments = dict(link.arguments)
    on_board = link.place == home_view_of(request.chat)
    if on_board:
        at = arguments.pop(_CHAT_KEY, None)
    elif _PLACES in arguments:
        if now > datetime.fromisoformat(arguments.pop(_UNTIL)):
            return None
        places, chosen = arguments.pop(_PLACES), _values(request).get(CHAT_FIELD, "")
        if chosen not in places:
            return None
        at = places[chosen]
    else:
        return None
    place = _place(store, at) if at else request.place
    return RoutedRequest(
        request=replace(request, place=place),
        token=CallbackToken(verb=link.verb, arguments=arguments, place=str(place.chat), person=link.person),
        on_home_view=on_board,
    )


def _values(request: Interaction) -> Mapping[str, str]:
    return request.values if isinstance(request, FormRequest) else {}


def store_modal_token(context: CommandContext, modal: Modal) -> str:
    """The id of what a form stands for; one that is shown anew while it is being filled in stays what it was."""
    if isinstance(context.request, FormRequest):
        return context.request.callback_data
    here = {**_address(context.chat.address), "kind": context.chat.kind.value, "title": context.chat.title}
    places = {"": here, **{value: _elsewhere(context, address) for value, address in modal.places.items()}}
    until = (context.now + MAX_FORM_AGE).isoformat()
    arguments = {**modal.arguments, _PLACES: places, _UNTIL: until}
    link = CallbackToken(
        verb=modal.verb, arguments=arguments, place=str(context.origin.address), person=context.request.sender
    )
    (link_id,) = add_callbacks(context.store, [link], now=context.now)
    return link_id


def with_home_view_tokens(context: CommandContext, home_view: HomeView) -> HomeView:
    """The board with ids for its buttons, which work on it until it is shown anew."""
    wanted = [(button, panel.about) for panel in home_view.panels for button in _buttons_of(panel) if button.verb]
    links = [_home_view_token(button, about, context.request.sender) for button, about in wanted]
    ids = iter(home_callbacks(context.store, context.origin.address, links, now=context.now))

    def bound(button: Button) -> Button:
        return replace(button, data=next(ids)) if button.verb else button

    return replace(home_view, panels=tuple(_bound(panel, bound) for panel in home_view.panels))


def as_form_problems(reply: Reply | None) -> Reply | None:
    """The answer to a form that was sent: a refusal stands on the form itself, and the form stays open."""
    if reply is None or reply.form_errors or (reply.ok is not False and not (reply.toast and not reply.lines)):
        return reply
    return Reply(form_errors={MAIN: " ".join(reply.lines) or reply.toast})


def _home_view_token(button: Button, about: ChatAddress | None, person: str) -> CallbackToken:
    at = {_CHAT_KEY: _address(about)} if about else {}
    return CallbackToken(verb=button.verb, arguments={**button.arguments, **at}, person=person)


def _buttons_of(panel: HomePanel) -> list[Button]:
    return [button for item in panel.items for button in item.menu] + [one for row in panel.buttons for one in row]


def _bound(panel: HomePanel, bound: Callable[[Button], Button]) -> HomePanel:
    items: Sequence[HomeItem] = [replace(item, menu=tuple(map(bound, item.menu))) for item in panel.items]
    buttons: Buttons = tuple(tuple(map(bound, row)) for row in panel.buttons)
    return replace(panel, items=tuple(items), buttons=buttons)


def _elsewhere(context: CommandContext, address: ChatAddress) -> dict[str, Any]:
    """A chat that a form may lead into: the person's own, or one beside that where it was opened."""
    kind = ChatKind.PRIVATE if address == context.person else context.chat.kind
    title = context.chat.title if address.lane == context.chat.address.lane else ""
    return {**_address(address), "kind": kind.value, "title": title}


def _address(address: ChatAddress) -> dict[str, Any]:
    return {"platform": address.platform, "address": address.address, "topic": address.topic}


def _place(store: Scope, at: Mapping[str, Any]) -> Place:
    """The chat as it is known by now; of one that nobody has met, what the form knew of it."""
    address = ChatAddress(at["platform"], at["address"], at["topic"])
    chat = known_or_new(store, address, ChatKind(at.get("kind", ChatKind.PRIVATE)))
    return Place(chat=address, kind=chat.kind, title="" if chat.id else at.get("title", ""))

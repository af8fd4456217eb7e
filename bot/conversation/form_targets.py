"""Which chat a form or a button of a home view is about, whether its sender may still use it, and how old a form may be.

A form is about the chat where it was opened, or about a chat that the person selects in it. A home view shows many
chats on one page. A request from a form or home view is treated as if it was made in the chat that it is about. The
callback token, which was stored for this person when the view was shown, names that chat. The data from the platform
only name the token and, in a form, which of its chats the person selected.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.commands.context import CommandContext
from bot.ports import channel, conversation
from subscriptions import addresses, model
from subscriptions.service import conversation_state
from subscriptions.store import callbacks
from subscriptions.store.database.store import Scope

_LONGEST_USE = timedelta(days=1)  # an older form is refused
_MAIN = "query"  # the field where problems of the whole form are shown
_AT, _PLACES, _UNTIL = "at", "places", "until"


def route_form_request(
    store: Scope, request: conversation.Interaction, *, now: datetime
) -> tuple[conversation.Interaction, model.CallbackToken] | None:
    """Returns (the request, its callback token) for a request from a form or home view.

    The place of the request becomes the chat that the view is about. Returns None if the view was shown to another
    person or is too old.
    """
    token = conversation_state.find_callback(store, request.callback_data)
    if token is None or not token.person or token.person != request.sender:
        return None
    arguments = dict(token.arguments)
    if token.place == callbacks.home_view_of(request.chat):
        at = arguments.pop(_AT, None)
    elif _PLACES in arguments:
        if now > datetime.fromisoformat(arguments.pop(_UNTIL)):
            return None
        places, chosen = arguments.pop(_PLACES), ""
        if isinstance(request, conversation.FormRequest):
            chosen = request.values.get(channel.CHAT_FIELD, "")
        if chosen not in places:
            return None
        at = places[chosen]
    else:
        return None
    place = _place(store, at) if at else request.place
    return replace(request, place=place), replace(token, arguments=arguments, place=str(place.chat))


def form_token(context: CommandContext, modal: channel.Modal, tokens: dict[str, model.CallbackToken]) -> str:
    """Returns the id of a form's token and adds the token to `tokens`; if the form is shown again, returns its old id."""
    if isinstance(context.request, conversation.FormRequest):
        return context.request.callback_data
    chats = {"": context.chat.address, **modal.places}
    places = {value: _in_json(context, address) for value, address in chats.items()}
    arguments = {**modal.arguments, _PLACES: places, _UNTIL: (context.now + _LONGEST_USE).isoformat()}
    token_id, place = callbacks.new_callback_id(), str(context.origin.address)
    tokens[token_id] = model.CallbackToken(
        verb=modal.verb, arguments=arguments, place=place, person=context.request.sender
    )
    return token_id


def with_token(
    button: channel.Button, tokens: dict[str, model.CallbackToken], *, place: str, person: str, more: Mapping[str, Any]
) -> channel.Button:
    """Returns the button with the id of a new token, which is added to `tokens`; a button without a verb is not changed."""
    if not button.verb:
        return button
    token_id = callbacks.new_callback_id()
    arguments = {**more, **button.arguments}
    tokens[token_id] = model.CallbackToken(verb=button.verb, arguments=arguments, place=place, person=person)
    return replace(button, data=token_id)


def with_home_view_tokens(
    context: CommandContext, home_view: channel.HomeView, tokens: dict[str, model.CallbackToken]
) -> channel.HomeView:
    """Returns the home view with a token id in each button. The tokens are valid until the view is shown again."""
    place, person = callbacks.home_view_of(context.origin.address), context.request.sender

    def bound(buttons: Iterable[channel.Button], about: model.ChatAddress | None) -> channel.Row:
        more = {_AT: _in_json(context, about)} if about else {}
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


def as_form_problems(reply: channel.Reply) -> channel.Reply:
    """Returns the reply to a submitted form. A refusal becomes a problem that is shown on the form, which stays open."""
    if reply.form_errors or (reply.ok is not False and not (reply.toast and not reply.lines)):
        return reply
    return channel.Reply(form_errors={_MAIN: " ".join(reply.lines) or reply.toast})


def _in_json(context: CommandContext, address: model.ChatAddress) -> dict[str, str]:
    """Returns the chat that a form or a home view is about, as JSON.

    That chat may differ from the chat of the command.
    """
    kind = model.ChatKind.PRIVATE if address == context.person else context.chat.kind
    title = context.chat.title if address.lane == context.chat.address.lane else ""
    return {"chat": str(address), "kind": kind.value, "title": title}


def _place(store: Scope, at: Mapping[str, str]) -> conversation.Place:
    """Returns the chat in the JSON of `_in_json`.

    Kind and title come from the store; for a chat that is not stored, from the JSON.
    """
    address = addresses.parse_address(at["chat"])
    chat = conversation_state.known_or_new(store, address, model.ChatKind(at["kind"]))
    return conversation.Place(chat=address, kind=chat.kind, title="" if chat.id else at["title"])

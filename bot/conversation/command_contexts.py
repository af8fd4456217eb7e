"""Builds the CommandContext of a request: its chat, language and zone (also those heard before, and how long they are kept), who writes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.commands.context import CommandContext
from bot.commands.spoken import spoken
from bot.conversation.authorization import PreparedRequest
from bot.dependencies import Dependencies
from bot.ports.conversation import (
    EventRequest,
    MessageRequest,
    Place,
    Request,
)
from bot.rendering.language import Language
from subscriptions import model
from subscriptions.service import conversation_state
from subscriptions.service.amendments import follow_person
from subscriptions.store import callbacks
from subscriptions.store.database.store import Scope, Transaction

_HEARD_LASTS = timedelta(days=30)  # how long we keep the language of a person whose chat is not stored


def build_command_context(store: Transaction, deps: Dependencies, prepared: PreparedRequest) -> CommandContext:
    """Returns the context of a prepared request. Reads from `store` and writes nothing."""
    origin = chat_at(store, prepared.request.place, prepared.request.language)
    request = prepared.request if origin.id else _in_its_language(store, prepared.request, deps.clock.now())
    if request.language != prepared.request.language:
        origin = origin._replace(settings=replace(origin.settings, lang=request.language))
    chat = origin if prepared.place.chat == request.chat else chat_at(store, prepared.place, request.language)
    reader = _reader(store, request, origin)
    conversation, api = deps.conversation, deps.api_of(request.chat)
    localizer = Language(reader.settings.lang, chat.settings.timezone)
    is_private, has_ephemeral = request.place.is_private, api is not None and api.has_ephemeral
    return CommandContext(
        transaction=store,
        now=deps.clock.now(),
        request=request,
        chat=chat,
        origin=origin,
        args=prepared.intent.args,
        arguments=prepared.intent.arguments,
        file=prepared.file,
        localizer=localizer,
        bot_info=conversation.bot_info,
        registry=conversation.registry,
        read_by_group=not is_private and (prepared.intent.needs_manager or not has_ephemeral),
        has_private_replies=is_private or request.is_operator or (has_ephemeral and bool(request.sender)),
        operator_is_admin=prepared.operator_is_admin,
    )


def chat_at(store: Scope, place: Place, language: str) -> model.Chat:
    """Returns the stored chat at a place; if it is not stored, a new chat with id 0."""
    return conversation_state.known_or_new(
        store, place.chat, place.kind, title=place.title, lang=language, public=place.public
    )


def _in_its_language(store: Scope, request: Request, now: datetime) -> Request:
    """Returns the request of a chat that is not stored.

    In a private chat, it gets the language in which the person last wrote.
    """
    if not request.place.is_private:
        return request
    last = callbacks.get_conversation_state(store, _heard_name(request.chat), now=now)
    if last:
        return replace(request, language=last.arguments["lang"])
    return request


def newly_heard(context: CommandContext) -> Mapping[str, str]:
    """Returns the language and zone that a private request shows, without those that are known or chosen by the person."""
    request, chat = context.request, context.origin
    if isinstance(request, EventRequest) or chat.kind is not model.ChatKind.PRIVATE:
        return {}
    told = {"timezone": request.timezone if chat.id else ""}
    if isinstance(request, MessageRequest) and not request.command:
        # the first word may be a command that was typed without its slash
        is_command = context.registry.command_named(request.text.partition(" ")[0])
        told["lang"] = "" if is_command else spoken(request.text).language
    return {
        name: value
        for name, value in told.items()
        if value and name not in chat.chosen and value != chat.settings.value(name)
    }


def store_heard(context: CommandContext, heard: Mapping[str, str]) -> None:
    """Stores the result of `newly_heard` as settings of the chat; if the chat is not stored, keeps it for 30 days."""
    chat = context.origin
    if chat.id:
        follow_person(context.transaction, chat, heard, now=context.now)
    else:
        context.remember(_heard_name(chat.address), heard, lasts=_HEARD_LASTS)


def _heard_name(chat: model.ChatAddress) -> str:
    return f"heard:{chat}"


def newly_named(context: CommandContext, prepared: PreparedRequest) -> list[Place]:
    """Returns the places of a request whose stored title or public state differs from what the platform says now."""
    chats = ((context.origin, prepared.request.place), (context.chat, prepared.place))
    return [
        place
        for chat, place in chats
        if chat.id and place.title and chat.address == place.chat
        if (chat.title, chat.public) != (place.title, place.public)
    ]


def _reader(store: Scope, request: Request, origin: model.Chat) -> model.Chat:
    """Returns the chat in whose language the reply is: `origin`, or for an event of a channel, the sender's private chat."""
    if not isinstance(request, EventRequest) or origin.kind is not model.ChatKind.BROADCAST or not request.sender:
        return origin
    private = model.ChatAddress(request.chat.platform, request.sender)
    return chat_at(store, Place(chat=private, kind=model.ChatKind.PRIVATE), request.language)

"""Builds the CommandContext of a request: its chat, language and zone, who writes."""

from bot.commands.context import CommandContext
from bot.conversation.authorization import PreparedRequest
from bot.dependencies import Dependencies
from bot.ports.conversation import (
    EventRequest,
    Place,
    Request,
)
from subscriptions import model
from subscriptions.language import Language
from subscriptions.service import conversation_state
from subscriptions.store.database.store import Scope, Transaction


def build_command_context(store: Transaction, deps: Dependencies, prepared: PreparedRequest) -> CommandContext:
    """Returns the context of a prepared request. Reads from `store` and writes nothing."""
    origin = chat_at(store, prepared.request.place, prepared.request.language)
    request = prepared.request
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
        lookup=prepared.lookup,
    )


def chat_at(store: Scope, place: Place, language: str) -> model.Chat:
    """Returns the stored chat at a place; if it is not stored, a new chat with id 0."""
    return conversation_state.known_or_new(
        store, place.chat, place.kind, title=place.title, lang=language, public=place.public
    )


def zone_heard(context: CommandContext) -> str:
    """Returns the zone that a private request shows; "" if it is known, or the person has chosen one."""
    request, chat = context.request, context.origin
    if isinstance(request, EventRequest) or chat.kind is not model.ChatKind.PRIVATE or not chat.id:
        return ""
    is_new = "timezone" not in chat.chosen and request.timezone != chat.settings.timezone
    return request.timezone if is_new else ""


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

"""Builds the CommandContext of a request: the command's chat, the chat that gets the reply, and the reply's language."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.commands.chat.sentences import language_of
from bot.commands.core.context import CommandContext
from bot.context.dependencies import Context, ConversationContext
from bot.conversation.prepared_request import PreparedRequest
from bot.ports.conversation import EventRequest, MessageRequest, Place, Request
from subscriptions.model import CallbackToken, Chat, ChatAddress, ChatKind
from subscriptions.service.chats.conversation_state import known_or_new, store_chat
from subscriptions.service.subscriptions.amendments import follow_person
from subscriptions.store import Scope, Transaction
from subscriptions.store.conversations import get_conversation_state, set_conversation_state

_HEARD_LASTS = timedelta(days=30)  # how long the language of a person is known of whom nothing else is stored
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def build_command_context(
    store: Transaction, context: Context, conversation: ConversationContext, prepared: PreparedRequest
) -> CommandContext:
    """Returns the context of a prepared request. Reads `store` and writes nothing."""
    origin = chat_at(store, prepared.request.place, prepared.request.language)
    request = prepared.request if origin.id else _in_its_language(store, prepared.request)
    if request.language != prepared.request.language:
        origin = origin._replace(settings=replace(origin.settings, lang=request.language))
    chat = origin if prepared.place.chat == request.chat else chat_at(store, prepared.place, request.language)
    reader = _reader(store, request, origin)
    localizer = conversation.make_localizer(reader.settings.lang, chat.settings.timezone)
    api = conversation.platform_apis.get(request.chat.platform)
    is_ephemeral = api is not None and api.has_ephemeral and not prepared.intent.needs_manager
    return CommandContext(
        store=store,
        now=context.clock.now(),
        request=request,
        chat=chat,
        origin=origin,
        args=prepared.intent.args,
        arguments=prepared.intent.arguments,
        file=prepared.file,
        localizer=localizer,
        formatter=conversation.make_inline_formatter(localizer),
        bot_info=conversation.bot_info,
        registry=conversation.registry,
        read_by_group=request.place.kind is not ChatKind.PRIVATE and not is_ephemeral,
        shared_chats=prepared.shared_chats,
    )


def chat_at(store: Scope, place: Place, language: str) -> Chat:
    """Returns the chat at a place; if it is not stored, a new chat with id 0."""
    return known_or_new(store, place.chat, place.kind, title=place.title, lang=language, public=place.public)


def _in_its_language(store: Scope, request: Request) -> Request:
    """Returns a request of a chat that is not stored, in the language in which its person writes."""
    if request.place.kind is not ChatKind.PRIVATE:
        return request
    last = get_conversation_state(store, _heard_name(request.chat), since=_EVER)
    return replace(request, language=last.arguments["lang"]) if last else request


def newly_heard(command: CommandContext) -> Mapping[str, str]:
    """Returns the settings of a private chat that the request tells otherwise, and that the chat has not chosen."""
    request, chat = command.request, command.origin
    if isinstance(request, EventRequest) or chat.kind is not ChatKind.PRIVATE:
        return {}
    sentence = request.text if isinstance(request, MessageRequest) and not request.command else ""
    if command.registry.command_named(sentence.partition(" ")[0]):  # typed without its slash
        sentence = ""
    told = {
        "lang": language_of(sentence),
        "timezone": request.timezone if chat.id else "",
    }
    return {
        name: value
        for name, value in told.items()
        if value and name not in chat.chosen and value != chat.settings.value(name)
    }


def store_heard(command: CommandContext, heard: Mapping[str, str]) -> None:
    """Stores what `newly_heard` returns."""
    chat = command.origin
    if chat.id:
        follow_person(command.store, chat, heard, now=command.now)
    else:
        token = CallbackToken(verb="heard", arguments=heard, place=str(chat.address))
        set_conversation_state(command.store, _heard_name(chat.address), token, lasts=_HEARD_LASTS, now=command.now)


def _heard_name(chat: ChatAddress) -> str:
    return f"heard:{chat}"


def newly_named(command: CommandContext, prepared: PreparedRequest) -> list[Place]:
    """Returns the places of a request whose chats are stored with another title, or as read by others, than on the platform."""
    chats = ((command.origin, prepared.request.place), (command.chat, prepared.place))
    return [
        place
        for chat, place in chats
        if chat.id and place.title and chat.address == place.chat
        if (chat.title, chat.public) != (place.title, place.public)
    ]


def with_stored_chat(conversation: ConversationContext, command: CommandContext) -> CommandContext:
    """Stores the command's chat if it is new. Returns the context with the chat's id, language and time zone.

    This is called before every command that changes something.
    """
    if command.chat.id:
        return command
    new, request = command.chat, command.request
    owner = ChatAddress(new.address.platform, request.sender) if new.kind is not ChatKind.PRIVATE else None
    chat = store_chat(
        command.store,
        new.address,
        new.kind,
        now=command.now,
        title=new.title,
        lang=request.language,
        timezone=request.timezone,
        public=new.public,
        by=owner,
    )
    origin = chat if command.origin.address == chat.address else command.origin
    localizer = command.localizer.speaking(origin.settings.lang, chat.settings.timezone)
    formatter = conversation.make_inline_formatter(localizer)
    return replace(command, chat=chat, origin=origin, localizer=localizer, formatter=formatter)


def _reader(store: Scope, request: Request, origin: Chat) -> Chat:
    """Returns the chat whose language the reply has: the sender's private chat for an event of a channel, else `origin`."""
    if not isinstance(request, EventRequest) or origin.kind is not ChatKind.BROADCAST or not request.sender:
        return origin
    private = ChatAddress(request.chat.platform, request.sender)
    return chat_at(store, Place(chat=private, kind=ChatKind.PRIVATE), request.language)

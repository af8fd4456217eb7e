"""Who speaks where, and what a command gets: the chat of a thread, the meaning of a button, the context."""

from dataclasses import dataclass, replace

from bot.app import App
from bot.commands import asking
from bot.commands.base import CommandFunction, Context, Need, Registry
from bot.commands.cards import pressed_token
from bot.commands.registry import Intent, registry_of
from bot.messages import CallbackRequest, EventRequest, MessageRequest, Place, Request
from subscriptions.chats.addresses import command_prefix
from subscriptions.chats.known import known_or_new
from subscriptions.database.store import Transaction
from subscriptions.language import Language
from subscriptions.model import CallbackToken, Chat, ChatAddress, ChatKind
from subscriptions.outbox.figures import chat_of_thread
from subscriptions.plan.why import where_delivered


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRequest:
    """A request with its intent and everything that its command needs from outside."""

    request: Request  # as `Platform.enrich` returned it
    intent: Intent
    place: Place  # the chat that the request is about
    needs_manager: bool = False  # only for people who manage that chat
    writes: bool = True  # it changes something, so that it needs a writing transaction
    refusal: CommandFunction | None = None  # runs in place of the command
    keeps_right: bool = True  # the sender may still change the chat if only its admins may
    file: object = None  # the content of the attached document
    asked: frozenset[Need] = frozenset()  # see Context
    arxiv_answered: bool = False  # see Context
    is_noted: bool = False  # its update is stored

    @property
    def file_id(self) -> str:
        """The platform's id of the document that the command reads; "" if there is none."""
        return self.request.file_id if self.intent.wants_file and isinstance(self.request, MessageRequest) else ""


def at_home(transaction: Transaction, request: Request, registry: Registry) -> Request:
    """Return the request; if its thread belongs to another stored chat, that chat becomes the place of the request."""
    if isinstance(request, CallbackRequest) and request.topic_is_unknown:
        request = _with_topic(transaction, request, registry)
    home = chat_of_thread(transaction, request.chat) if request.chat.topic else request.chat
    if home == request.chat:
        return request
    return replace(request, place=replace(request.place, chat=home), thread_id=request.chat.topic)


def _with_topic(transaction: Transaction, request: CallbackRequest, registry: Registry) -> CallbackRequest:
    """Return the callback with the topic in which its button was posted, if that topic is stored."""
    token = pressed_token(transaction, request.callback_data, None, registry)
    place = token.place if token else None
    if token and not place and (delivery := token.arguments.get("delivery")):
        place = where_delivered(transaction, request.chat.lane, str(delivery))
    if place is None or place.lane != request.chat.lane:
        return request
    return replace(request, place=replace(request.place, chat=place))


def token_of(transaction: Transaction, app: App, request: Request) -> CallbackToken | None:
    """Return the token of a button, or the open question to the sender of a text.

    None if there is none for this person.
    """
    if isinstance(request, EventRequest) or (isinstance(request, MessageRequest) and request.command):
        return None
    here = known_or_new(transaction, request.chat, request.place.kind).address
    if isinstance(request, MessageRequest):
        return asking.question_to(transaction, here, request.sender, app.clock.now())
    # the callback data is untrusted
    token = pressed_token(transaction, request.callback_data, request.chat, registry_of(app))
    if token is None or token.person not in ("", request.sender):
        return None
    # in a topic also what was posted there before it was stored, as words of the chat around it
    return token if token.place in (None, request.chat, here, replace(here, topic="")) else None


def context_of(transaction: Transaction, app: App, prepared: PreparedRequest) -> Context:
    """Return the context of a prepared request. Read, and writes nothing."""
    request, api = prepared.request, app.listener_of(prepared.request.chat)
    origin = chat_at(transaction, request.place, request.language)
    chat = origin if prepared.place.chat == request.chat else chat_at(transaction, prepared.place, request.language)
    reader = _reader(transaction, request, origin).settings.lang
    is_private, has_ephemeral = request.place.is_private, api is not None and api.facts.has_ephemeral
    return Context(
        transaction=transaction,
        now=app.clock.now(),
        request=request,
        chat=chat,
        origin=origin,
        args=prepared.intent.args,
        arguments=prepared.intent.arguments,
        file=prepared.file,
        localizer=Language(reader, chat.settings.timezone, slash=command_prefix(origin.address)),
        app=app,
        registry=registry_of(app),
        read_by_group=not is_private and (prepared.needs_manager or not has_ephemeral),
        asked=prepared.asked,
        arxiv_answered=prepared.arxiv_answered,
    )


def chat_at(transaction: Transaction, place: Place, language: str) -> Chat:
    """Return the stored chat at a place; if it is not stored, a new chat with id 0."""
    return known_or_new(transaction, place.chat, place.kind, title=place.title, lang=language, public=place.public)


def zone_heard(context: Context) -> str:
    """Return the zone that a private request shows; "" if it is known, or the person has chosen one."""
    request, chat = context.request, context.origin
    if isinstance(request, EventRequest) or chat.kind is not ChatKind.PRIVATE or not chat.id:
        return ""
    is_new = "timezone" not in chat.chosen and request.timezone != chat.settings.timezone
    return request.timezone if is_new else ""


def newly_named(context: Context, prepared: PreparedRequest) -> list[Place]:
    """Return the places of a request whose stored title or public state differs from what the platform says now."""
    chats = ((context.origin, prepared.request.place), (context.chat, prepared.place))
    return [
        place
        for chat, place in chats
        if chat.id and place.title and chat.address == place.chat
        if (chat.title, chat.public) != (place.title, place.public)
    ]


def _reader(transaction: Transaction, request: Request, origin: Chat) -> Chat:
    """Return the chat in whose language the reply is: `origin`, or for an event of a channel, the private chat."""
    if not isinstance(request, EventRequest) or origin.kind is not ChatKind.BROADCAST or not request.sender:
        return origin
    private = ChatAddress(request.chat.platform, request.sender)
    return chat_at(transaction, Place(chat=private, kind=ChatKind.PRIVATE), request.language)

"""From a person's request to its reply: what must be asked first, then the effect and the reply in one transaction."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.commands.chat.chat_events import welcome_back
from bot.commands.chat.free_text import FREE_TEXT
from bot.commands.core.asking import drop_passing_questions, reminder
from bot.commands.core.command_spelling import spell_commands
from bot.commands.core.context import CommandContext, Registry
from bot.commands.intent import ABOUT, Intent, understand
from bot.commands.operators.entry import ChatBefore, admit
from bot.commands.papers.delivery_callback import read_callback
from bot.commands.papers.paper_lookup import pending_lookup
from bot.commands.phrasing.refusal_words import refused
from bot.context.dependencies import Context, ConversationContext
from bot.conversation.authorization import Gate, Refusal, no, right_to
from bot.conversation.form_routing import (
    RoutedRequest,
    as_form_problems,
    route_form_request,
    store_modal_token,
    with_home_view_tokens,
)
from bot.conversation.stored_reply import StoredReply
from bot.conversation.visibility import is_ephemeral, with_invitation, without_toast
from bot.ports.button import Button, Buttons
from bot.ports.conversation import (
    CallbackRequest,
    EventRequest,
    FormRequest,
    Interaction,
    MessageRequest,
    Place,
    Request,
)
from bot.ports.reply import Reply
from subscriptions.errors import NotDelivered, PaperwireError, QueryError, StoreError
from subscriptions.model import CallbackToken, Chat, ChatAddress, ChatKind
from subscriptions.service.chats import (
    add_callbacks,
    commands_since,
    describe,
    find_callback,
    had_its_effect,
    home_of,
    known_or_new,
    meet,
    once,
    one_address,
    set_conversation_state,
)
from subscriptions.service.notices import is_gone, name_of
from subscriptions.service.papers import read_recent, where_delivered
from subscriptions.store import Scope, Transaction, WouldWrite

log = logging.getLogger("paperwire")

MAX_MESSAGE_AGE = timedelta(days=1)  # what was written earlier, while nothing ran, is not answered any more
MINUTE = timedelta(minutes=1)
MAX_COMMANDS_PER_MINUTE = 20  # commands that one chat may give
MAX_FILE_BYTES = 256 * 1024  # bytes of a document that is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRequest:
    """What the platform said before a request could have its effect."""

    intent: Intent
    place: Place  # the chat that it is about
    request: Request | None = None  # with what the platform knew beside it
    refusal: Refusal | None = None  # runs instead of what was asked for
    operator_is_admin: bool = False  # somebody who runs the bot administers that chat
    file: bytes = b""
    shared_chats: frozenset[str] | None = None  # where its sender is, too


async def prepare(context: Context, conversation: ConversationContext, request: Request) -> PreparedRequest | None:
    """Finds out what is asked for and whether it may be done; None: there is nothing to answer."""
    now = context.clock.now()
    if isinstance(request, MessageRequest) and _is_too_old(request, now):
        return None
    if await asyncio.to_thread(had_its_effect, context.store, request.chat.platform, request.update_id):
        return None
    link: CallbackToken | None = None
    if isinstance(request, FormRequest) or (isinstance(request, CallbackRequest) and request.view_id):
        found = await asyncio.to_thread(route_form_request, context.store, request, now=now)
        if found is None or not await _may_see_target(conversation, request, found):
            return PreparedRequest(intent=Intent(run=_old_form), place=request.place)
        request, link = found.request, found.token
    else:
        request = await asyncio.to_thread(_with_home_chat, context, request)
        if isinstance(request, CallbackRequest):
            link = await asyncio.to_thread(_permitted_token, context, request)
    intent = understand(request, link, conversation.registry, now=now)
    if intent is None:
        old = PreparedRequest(intent=Intent(run=_old_button), place=request.place, request=request)
        return old if isinstance(request, Interaction) else None
    venue = conversation.platform_apis.get(request.chat.platform)
    if venue is not None:
        request = await venue.enrich(request, changes=intent.changes or intent.wants_chats)
    return await _allowed(context, conversation, request, intent)


def _is_too_old(request: MessageRequest, now: datetime) -> bool:
    if request.written_at is None or request.written_at >= now - MAX_MESSAGE_AGE or request.is_edit:
        return False
    log.info("A message of %s is older than a day and was not answered.", request.written_at.isoformat())
    return True


def _is_submitted(request: Request) -> bool:
    return isinstance(request, FormRequest) and request.is_submitted


async def _may_see_target(conversation: ConversationContext, request: Request, found: RoutedRequest) -> bool:
    """Whether the person is still where something on their board leads to; nobody can tell on some platforms."""
    chat, forms = found.request.chat, conversation.forms.get(request.chat.platform)
    if not found.on_home_view or chat == request.chat or forms is None:
        return True
    with suppress(NotDelivered):  # whether they may change something there is asked anyway
        there = await forms.shared_chats(request.chat)
        return there is None or chat.address in there
    return True


async def _chats(conversation: ConversationContext, request: Request, intent: Intent) -> frozenset[str] | None:
    """The chats where the person is, if the request is about them."""
    forms = conversation.forms.get(request.chat.platform) if intent.wants_chats else None
    with suppress(NotDelivered):
        return await forms.shared_chats(request.chat) if forms is not None else None
    return None


def _with_home_chat(context: Context, request: Request) -> Request:
    """The request with the chat that it belongs to, where it was said in a thread."""
    if isinstance(request, MessageRequest) and (direct := request.direct_channel):
        prefix, _, _ = request.sender.rpartition("/")
        one_address(context.store, request.chat, f"{prefix}/{direct}" if prefix else direct, now=context.clock.now())
    if isinstance(request, CallbackRequest) and request.topic_is_unknown:
        request = _in_its_topic(context, request)
    home = home_of(context.store, request.chat) if request.chat.topic else request.chat
    if home == request.chat:
        return request
    return replace(request, place=replace(request.place, chat=home), thread_id=request.chat.topic)


def _in_its_topic(context: Context, request: CallbackRequest) -> CallbackRequest:
    """The press with the topic that its button was made for; of a very old message the platform tells only the chat."""
    topics = f"{request.chat}/"
    if pressed := read_callback(request.callback_data, ""):
        told = where_delivered(context.store, request.chat.lane, str(pressed.arguments["delivery"]))
        place = str(told or "")
    else:
        link = find_callback(context.store, request.callback_data)
        place = link.place if link else ""
    if not place.startswith(topics):
        return request
    return replace(request, place=replace(request.place, chat=replace(request.chat, topic=place.removeprefix(topics))))


def _permitted_token(context: Context, request: CallbackRequest) -> CallbackToken | None:
    """What the pressed button stands for, if it may be pressed here and by this person. Callback data is never trusted."""
    link = read_callback(request.callback_data, str(request.chat)) or find_callback(
        context.store, request.callback_data
    )
    if link is None or link.person not in ("", request.sender):
        return None
    moved_to = known_or_new(context.store, request.chat, request.place.kind).address
    return link if link.place in ("", str(request.chat), str(moved_to)) else None


async def _allowed(
    context: Context, conversation: ConversationContext, request: Request, intent: Intent
) -> PreparedRequest:
    """The intent with its place, or with the refusal that stands in its stead."""
    venue = conversation.platform_apis.get(request.chat.platform)
    gate = Gate(store=context.store, api=venue, bot_info=conversation.bot_info, now=context.clock.now())
    right = await right_to(gate, request, intent)
    refusal, file = right.refusal, b""
    if refusal is None and intent.wants_file and isinstance(request, MessageRequest) and request.file_id and venue:
        try:
            file = await venue.fetch(request.file_id, MAX_FILE_BYTES)
        except NotDelivered as error:
            refusal = partial(_file_unreadable, why=str(error))
        except PaperwireError as error:
            refusal = partial(_file_refused, error=error)
    return PreparedRequest(
        intent=intent,
        place=right.place,
        request=request,
        refusal=refusal,
        operator_is_admin=right.vouched,
        file=file,
        shared_chats=await _chats(conversation, request, intent),
    )


def execute(
    context: Context, conversation: ConversationContext, request: Request, prepared: PreparedRequest
) -> StoredReply | None:
    """What was asked for happens, and its reply is stored, in one transaction. None: it happened before, or silently."""
    request = prepared.request or request
    platform, now = request.chat.platform, context.clock.now()
    looked = _reply_read_only(context, conversation, request, prepared)
    if prepared.intent.changes:
        read_recent(context.store, now=now)  # nobody else can write while they are read inside

    def happen(transaction: Transaction) -> str:
        turn = _command_context(transaction, context, conversation, request, prepared)
        missed = _welcome_back(turn)
        if missed is not None:
            turn = _command_context(transaction, context, conversation, request, prepared)
        transaction.changed_chats.clear()  # a chat that is welcomed back was not changed by this request
        reply = _with(looked or _run_intent(context, turn, prepared, transaction.write), missed)
        reply = _with_rest(turn, reply) if not prepared.intent.alone else reply
        reply = as_form_problems(reply) if _is_submitted(request) else reply
        if reply is None:
            return ""
        changed = prepared.intent.changes and _changed(transaction, turn, request)
        return _stored_reply(conversation, turn, reply, changed=changed).to_json()

    stored, new = once(context.store, platform, request.update_id, happen, chat=str(request.chat), now=now)
    return StoredReply.from_json(request.update_id, stored) if new and stored else None


def _changed(transaction: Transaction, before: CommandContext, request: Request) -> bool:
    """Whether use cases changed subscriptions of the chat where the request was made, or held or freed them."""
    after = known_or_new(transaction, request.chat, request.place.kind)
    return not transaction.changed_chats.isdisjoint({before.origin.id, after.id})


def _reply_read_only(
    context: Context, conversation: ConversationContext, request: Request, prepared: PreparedRequest
) -> Reply | None:
    """The reply to a request that changes nothing, found out before the transaction: nobody waits for a search.

    None: the request wants to write after all, and is run once more inside.
    """
    if prepared.intent.changes or prepared.refusal is not None:
        return None
    try:
        with context.store.read() as transaction:
            turn = _command_context(transaction, context, conversation, request, prepared)
            return _run_intent(context, turn, prepared, nullcontext)
    except WouldWrite:
        return None


def store_failure_reply(context: Context, conversation: ConversationContext, request: Request) -> StoredReply | None:
    """A request that our code fails over had its effect, which is none, and is answered kindly. Raises StoreError."""
    try:
        return execute(
            context,
            conversation,
            request,
            PreparedRequest(intent=Intent(run=_internal_error, counts=False), place=request.place),
        )
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - not even an answer can be made; that it was taken is all that is left to say
        once(context.store, request.chat.platform, request.update_id, _no_reply, chat="", now=context.clock.now())
        return None


def _no_reply(_: Transaction) -> str:
    return ""


def _command_context(
    store: Scope, context: Context, conversation: ConversationContext, request: Request, prepared: PreparedRequest
) -> CommandContext:
    home = _chat_with_new_name(store, request.place, request.language)
    chat = home if prepared.place.chat == request.chat else _chat_with_new_name(store, prepared.place, request.language)
    voice = conversation.make_localizer(_chat_of_reader(store, request, home).settings.lang, chat.settings.timezone)
    venue = conversation.platform_apis.get(request.chat.platform)
    alone = venue is not None and venue.has_ephemeral and not prepared.intent.changes
    return CommandContext(
        store=store,
        now=context.clock.now(),
        request=request,
        chat=chat,
        origin=home,
        args=prepared.intent.args,
        arguments=prepared.intent.arguments,
        file=prepared.file,
        localizer=voice,
        formatter=conversation.make_inline_formatter(voice),
        bot_info=conversation.bot_info,
        registry=conversation.registry,
        read_by_group=request.place.kind is not ChatKind.PRIVATE and not alone,
        shared_chats=prepared.shared_chats,
    )


def _chat(store: Scope, place: Place, language: str) -> Chat:
    return known_or_new(
        store, place.chat, place.kind, title=place.title, lang=language, public=place.public
    )  # fmt: skip


def _chat_with_new_name(store: Scope, place: Place, language: str) -> Chat:
    """The chat, under the name that the platform gives it by now."""
    chat = _chat(store, place, language)
    known_as = (chat.title, chat.public)
    if not chat.id or not place.title or chat.address != place.chat or known_as == (place.title, place.public):
        return chat
    describe(store, chat.address, title=place.title, public=place.public)
    return _chat(store, place, language)


def _chat_of_reader(store: Scope, request: Request, home: Chat) -> Chat:
    """Whose language is spoken: of what happens to a channel the person hears who did it, in private."""
    if not isinstance(request, EventRequest) or home.kind is not ChatKind.BROADCAST or not request.sender:
        return home
    private = ChatAddress(request.chat.platform, request.sender)
    return _chat(store, Place(chat=private, kind=ChatKind.PRIVATE), request.language)


def _welcome_back(command_context: CommandContext) -> Reply | None:
    """Who writes to us in private can be written to again; what waits for them is offered behind the answer."""
    wrote = command_context.origin.kind is ChatKind.PRIVATE and not isinstance(command_context.request, EventRequest)
    return (welcome_back(command_context) or Reply()) if wrote and is_gone(command_context.origin) else None


def _with(reply: Reply | None, missed: Reply | None) -> Reply | None:
    if missed is None or not missed.lines:
        return reply
    if reply is None or not reply.lines:
        return missed
    return replace(reply, lines=(*reply.lines, *missed.lines), buttons=(*reply.buttons, *missed.buttons))


def _with_question(command_context: CommandContext, reply: Reply | None) -> Reply | None:
    """The reply to words that are a command, while a question waits which they could have answered."""
    waits = reminder(command_context)
    return replace(reply, lines=(*reply.lines, waits)) if reply is not None and reply.lines and waits else reply


def _with_rest(command_context: CommandContext, reply: Reply | None) -> Reply | None:
    """The reply to the first of several commands says that it is to one only."""
    if reply is None or not (reply.lines or reply.items or reply.delivery or reply.code):
        return reply
    said = command_context.say("I did the first command only; send each by itself.")
    return replace(reply, lines=(*reply.lines, said))


def _run_intent(
    context: Context,
    command_context: CommandContext,
    prepared: PreparedRequest,
    transaction: Callable[[], AbstractContextManager[object]],
) -> Reply | None:
    """Runs what was asked for. A refusal undoes all that was begun, and is the reply."""
    given = (
        commands_since(command_context.store, command_context.request.chat, command_context.now - MINUTE)
        if prepared.intent.counts
        else 0
    )
    if given >= MAX_COMMANDS_PER_MINUTE:
        return (
            _too_many(command_context)
            if given == MAX_COMMANDS_PER_MINUTE or isinstance(command_context.request, Interaction)
            else None
        )
    if prepared.refusal is not None:
        return prepared.refusal(command_context)
    if prepared.intent.operator and not command_context.is_operator:
        return _operators_only(command_context)
    try:
        with transaction():
            command_context = _register_chat(context, command_context) if prepared.intent.changes else command_context
            before = ChatBefore.of(command_context)
            if prepared.intent.run is not FREE_TEXT.run:
                drop_passing_questions(command_context)
            reply = admit(
                command_context, before, prepared.intent.run(command_context), vouched=prepared.operator_is_admin
            )
            return _with_question(command_context, reply) if prepared.intent.spoken else reply
    except StoreError:
        raise  # the request waits for the database
    except QueryError as error:
        return refused(
            error, command_context.localizer, code=command_context.formatter.caret(command_context.args, error.column)
        )
    except PaperwireError as error:
        return refused(error, command_context.localizer)


def _register_chat(context: Context, command_context: CommandContext) -> CommandContext:
    """Whoever changes something is known from then on, and spoken to in the language and the zone that they have then."""
    if command_context.chat.id:
        return command_context
    chat = command_context.chat
    known = meet(
        command_context.store,
        chat.address,
        chat.kind,
        now=command_context.now,
        title=chat.title,
        lang=command_context.request.language,
        timezone=command_context.request.timezone,
        public=chat.public,
        by=ChatAddress(chat.address.platform, command_context.request.sender)
        if chat.kind is not ChatKind.PRIVATE
        else None,
    )
    home = known if command_context.origin.address == known.address else command_context.origin
    voice = command_context.localizer.speaking(home.settings.lang, known.settings.timezone)
    words = context.conversation.make_inline_formatter(voice) if context.conversation else command_context.formatter
    return replace(command_context, chat=known, origin=home, localizer=voice, formatter=words)


def _stored_reply(
    conversation: ConversationContext, command_context: CommandContext, reply: Reply, *, changed: bool
) -> StoredReply:
    request, venue = command_context.request, conversation.platform_apis.get(command_context.request.chat.platform)
    callback = request if isinstance(request, CallbackRequest) else None
    under_ephemeral = callback is not None and callback.is_ephemeral
    to = _addressee(command_context, reply)
    whispered = is_ephemeral(command_context, reply, venue, changed=changed)
    if venue is not None and venue.has_ephemeral:
        reply = without_toast(with_invitation(command_context, reply) if changed else reply)
    about = str(command_context.chat.address) if command_context.chat.address != to.address else ""
    numbers, *rows = _with_callback_tokens(command_context, (reply.numbers, *reply.buttons), to, about)
    bound = replace(reply, numbers=numbers, buttons=tuple(row for row in rows if row))
    if about and reply.target_chat is None:
        bound = _named(command_context, bound)
    bound = spell_commands(bound, to.address, conversation.registry)
    shown = bool(bound.lines or bound.items or bound.delivery or bound.code)
    if reply.lookup_ids:
        set_conversation_state(
            command_context.store, *pending_lookup(request, reply.lookup_ids), now=command_context.now
        )
    return StoredReply(
        update=request.update_id,
        chat=to.address,
        messages=conversation.render_reply(bound, to) if shown else (),
        replaces=request.message_id if callback and reply.replaces and whispered == under_ephemeral else "",
        callback_id=callback.callback_id if callback else "",
        toast=bound.toast,
        file=(reply.file.name, reply.file.text) if reply.file else None,
        thread=request.thread_id if reply.target_chat is None else "",
        is_ephemeral=whispered,
        person=request.sender if whispered or under_ephemeral or bound.home_view else "",
        response_url=request.response_url if reply.target_chat is None else "",
        replaces_ephemeral=under_ephemeral and reply.replaces,
        modal=conversation.render_modal(
            bound.modal, store_modal_token(command_context, bound.modal), command_context.origin
        )
        if bound.modal
        else "",
        instead=conversation.render_reply(Reply(lines=(bound.modal.fallback,)), to)
        if bound.modal and bound.modal.fallback
        else (),
        home_view=conversation.render_home_view(
            with_home_view_tokens(command_context, bound.home_view), command_context.origin
        )
        if bound.home_view
        else "",
        trigger_id=request.trigger_id,
        view=request.view_id if isinstance(request, FormRequest) else "",
        problems=bound.form_errors,
        lookup_ids=reply.lookup_ids,
        changed=changed or bool(callback and callback.view_id),
    )


def _addressee(command_context: CommandContext, reply: Reply) -> Chat:
    """Where the reply goes."""
    if reply.target_chat is None:
        return command_context.origin
    kind = (
        command_context.origin.kind
        if reply.target_chat.lane == command_context.origin.address.lane
        else ChatKind.PRIVATE
    )
    return _chat(command_context.store, Place(chat=reply.target_chat, kind=kind), command_context.request.language)


def _named(command_context: CommandContext, reply: Reply) -> Reply:
    """A reply about another chat than the one where it stands says which."""
    if reply.names_chat or not (reply.lines or reply.items or reply.delivery or reply.code):
        return reply
    first, *rest = reply.lines or ("",)
    line = command_context.say("{chat}: {line}", chat=name_of(command_context.chat), line=first).rstrip()
    return replace(reply, lines=(line, *rest))


def _with_callback_tokens(command_context: CommandContext, rows: Buttons, to: Chat, about: str) -> Buttons:
    """The buttons with ids of what they do; these stand in the store, so they survive a restart.

    Where strangers read along there are none but links. `about` is the other chat that they are about, or "".
    """
    if to.public or to.kind is ChatKind.BROADCAST:
        rows = tuple(tuple(button for button in row if button.url) for row in rows)
    wanted = [button for row in rows for button in row if button.verb]
    links = [
        CallbackToken(
            verb=b.verb, arguments=_about(command_context.registry, b, about), place=str(to.address), person=b.only_for
        )
        for b in wanted
    ]
    ids = iter(add_callbacks(command_context.store, links, now=command_context.now))
    return tuple(tuple(replace(b, data=next(ids)) if b.verb else b for b in row) for row in rows)


def _about(registry: Registry, button: Button, about: str) -> Mapping[str, Any]:
    """What a button carries. One that is about the chat where it stands, whatever the reply is about, says nothing of it."""
    press = registry.callbacks.get(button.verb)
    if not about or (press is not None and press.stays_here):
        return button.arguments
    return {ABOUT: about, **button.arguments}


# -------------------------------------------------------------------------------------------------- refusals of our own


def _internal_error(command_context: CommandContext) -> Reply | None:
    request = command_context.request
    words = command_context.say("I stumbled over that; nothing was changed. Say it another way, or tell the operator.")
    match request:
        case CallbackRequest() | FormRequest():
            return Reply(toast=words)
        case MessageRequest(is_addressed=False, command=""):
            return None
        case _:
            return Reply(lines=(words,), ok=False)


def _old_form(command_context: CommandContext) -> Reply:
    words = command_context.say("This form is too old, or not yours. Nothing was changed; please open it again.")
    return Reply(lines=(words,), ok=False) if _is_submitted(command_context.request) else Reply(toast=words)


def _old_button(command_context: CommandContext) -> Reply:
    return Reply(toast=command_context.say("This button does not work any more, or not for you."))


def _operators_only(command_context: CommandContext) -> Reply:
    return no(command_context, command_context.say("Only the operator of this bot can do that."))


def _file_unreadable(command_context: CommandContext, *, why: str) -> Reply:
    return Reply(lines=(command_context.say("The file cannot be read: {why}", why=why),), ok=False)


def _file_refused(command_context: CommandContext, *, error: PaperwireError) -> Reply:
    return refused(error, command_context.localizer)


def _too_many(command_context: CommandContext) -> Reply:
    words = command_context.say("That was a lot at once. I listen again in a minute.")
    return Reply(toast=words) if isinstance(command_context.request, Interaction) else Reply(lines=(words,))


async def answer(wire: Context, request: Request) -> StoredReply | None:
    """What a person asked for happens, and its reply is stored. None: it happened before, or nobody is to be answered."""
    if wire.conversation is None:
        return None
    asked = await prepare(wire, wire.conversation, request)
    return await asyncio.to_thread(execute, wire, wire.conversation, request, asked) if asked else None


def stumble(wire: Context, request: Request) -> StoredReply | None:
    """What is answered where we failed over a request; it counts as taken. Raises StoreError."""
    return store_failure_reply(wire, wire.conversation, request) if wire.conversation else None

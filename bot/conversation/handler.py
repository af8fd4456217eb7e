"""Handles a request: what it means, what is asked outside for it, and its command in one transaction.

    begin:  read (known? what is meant? may it run at once?) → ask outside (rights, files) → run the command
    finish: ask outside for what the command lacks (a file, vectors, papers of arXiv, a language model) → run it again

The update is noted in the transaction of its effect, so it takes effect once. A command that changes nothing runs in a
reading transaction; its update and its buttons are noted in a short one after it. A command that lacks something slow
is noted before that is asked for, so that its platform need not wait.
"""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from functools import partial
from math import ceil
from typing import NamedTuple

from bot.app import App
from bot.commands import access as admission
from bot.commands import chat_events
from bot.commands.asking import QUESTION
from bot.commands.base import Context, NeedsLookup, may_write, needs_manager, stored_home, with_stored_chat
from bot.commands.registry import Intent, registry_of, understand
from bot.conversation import contexts, proposals
from bot.conversation.authorization import authorize, refusing
from bot.conversation.contexts import PreparedRequest
from bot.conversation.drafts import RenderedReply, draft_reply, has_content, store_buttons
from bot.embeddings.questions import compute_embeddings
from bot.messages import CallbackRequest, EventRequest, MessageRequest, Reply, Request
from bot.rendering.queries_in_words import refused
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import conversations
from subscriptions.chats.stored import records as whole_chat
from subscriptions.database.store import Transaction
from subscriptions.errors import NotFound, PaperwireError, Refused, Sentence, StoreError
from subscriptions.model import ChatKind
from subscriptions.outcomes import NotDelivered
from subscriptions.subscribing.subscribe import follow_zone

log = logging.getLogger("paperwire")

MAX_MESSAGE_AGE = timedelta(days=1)  # an older message was written while the bot did not run, and gets no answer

_old_button = refusing("This button does not work any more, or not for you.")
_operators_only = refusing("Only the operator of this bot can do that.")
_to_destinations_only = refusing(
    "Only the operator of this bot sends papers there. To look for these words, put them in quotation marks."
)
_failed = refusing("Something went wrong here; nothing was changed. Say it another way, or tell the operator.")

_LOCKED_OUT = Refused(
    Sentence("You are no admin here, so you could not change anything any more."),
    Sentence("An admin can do it: /set manage admins"),
)


Run = Callable[[Transaction], tuple[RenderedReply | None, bool]]  # runs a command; see `_ran`


class Unfinished(NamedTuple):
    """A request whose update is noted, and whose command lacks something. `finish` runs it."""

    prepared: PreparedRequest
    lacking: NeedsLookup


async def answer(app: App, request: Request) -> RenderedReply | None:
    """Handle a request. Return its reply; None if it was handled before or gets none. Raise StoreError."""
    begun = await begin(app, request)
    return await finish(app, begun) if isinstance(begun, Unfinished) else begun


async def begin(app: App, request: Request) -> RenderedReply | Unfinished | None:
    """Handle a request as far as nothing slow is needed, and note its update.

    Return its reply, or None if it was handled before or gets none. Raise StoreError.
    """
    if isinstance(request, MessageRequest):
        if request.written_at and request.written_at < app.clock.now() - MAX_MESSAGE_AGE:
            log.info("A message of %s is older than a day and was not answered.", request.written_at.isoformat())
            return None
        if request.direct_channel:
            await _move_home(app, request)
    read = await app.store.read(_read, app, request)
    if read is None:
        return None
    if read.has_run:
        return await _note_look(app, read.prepared, read.reply)
    prepared, lacking = read.prepared, read.lacking
    if lacking is None:
        prepared = await _prepare(app, prepared)
        try:
            return await _run_first(app, prepared)
        except NeedsLookup as found:
            lacking = found
    if not await app.store.write(_note_begun, app, prepared):
        return None
    return Unfinished(replace(prepared, is_noted=True), lacking)


async def _run_first(app: App, prepared: PreparedRequest) -> RenderedReply | None:
    """Run the command of a request. Raise NeedsLookup, also before the command runs if its file was not read yet."""
    if prepared.refusal is None and prepared.file_id and app.listener_of(prepared.request.chat):
        raise NeedsLookup("file", (prepared.file_id,))
    return await _run(app, prepared)


async def finish(app: App, begun: Unfinished) -> RenderedReply | None:
    """Ask for what a command lacks, each kind once, and run it. Return its reply. Raise StoreError."""
    prepared, lacking = begun.prepared, begun.lacking
    while True:
        prepared = replace(prepared, asked=prepared.asked | {lacking.need})
        if lacking.need == "vectors":
            await compute_embeddings(app, lacking.of)
        elif lacking.need == "file":
            prepared = await _with_file(app, prepared)
        elif lacking.need == "reader":
            prepared = await proposals.with_proposal(app, prepared)
        elif app.look_up is not None:
            # the card of a paper that is known now is noted as opened
            prepared = replace(prepared, arxiv_answered=await app.look_up(lacking.of), writes=True)
        try:
            return await _run(app, prepared)
        except NeedsLookup as more:
            lacking = more


async def answer_failure(app: App, request: Request, *, is_noted: bool) -> RenderedReply | None:
    """Note a request on which our code failed as handled. Return the reply that says so. Raise StoreError.

    If even that reply fails, returns None.
    """
    intent = Intent(run=_internal_error, counts_to_limit=False)
    failed = PreparedRequest(request=request, intent=intent, place=request.place, writes=False, is_noted=is_noted)
    try:
        return await _run(app, failed)
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - this reply fails, too, so the request is only noted as handled
        await _note_look(app, failed, None)
        return None


async def _move_home(app: App, request: MessageRequest) -> None:
    """Give a chat that an operator subscribed by the id of a direct channel the id of its person, who speaks now."""
    direct = replace(request.chat, address=request.direct_channel, topic="")
    made = await app.store.read(stored_chats.find_chat, direct)
    if made is not None and made.address == direct:
        await app.store.share(whole_chat.chat_moved, made.address, request.chat.address, now=app.clock.now())


class _Read(NamedTuple):
    """What was found out about a request in a reading transaction."""

    prepared: PreparedRequest
    has_run: bool = False  # its command changes nothing, so it has run: `reply`, which may be None
    reply: RenderedReply | None = None
    lacking: NeedsLookup | None = None  # what its command, which changes nothing, lacks


def _read(transaction: Transaction, app: App, request: Request) -> _Read | None:
    """Find out what a request means, and run its command at once if it changes nothing and may surely run.

    Return None for a request that took effect before, or gets no reply.
    """
    noted = (conversations.is_noted(transaction, request.chat.platform, one) for one in _ids(request))
    if any(noted):
        return None
    registry = registry_of(app)
    request = contexts.at_home(transaction, request, registry)
    intent = understand(request, contexts.token_of(transaction, app, request), registry)
    if intent is None and isinstance(request, CallbackRequest):
        intent = Intent(run=_old_button, writes=False)
    if intent is None:
        return None
    prepared = PreparedRequest(request=request, intent=intent, place=request.place)
    if intent.counts_to_limit and app.command_limits.wait(request, app.clock.monotonic()):
        return _Read(_too_many(app, prepared))
    context = contexts.context_of(transaction, app, prepared)
    prepared = replace(prepared, needs_manager=needs_manager(intent, context))
    prepared = replace(prepared, writes=_writes(context, prepared))
    asks = intent.target or intent.destination or request.place.is_outside or prepared.file_id
    if prepared.needs_manager or prepared.writes or asks:
        return _Read(prepared)
    try:
        reply, _ = _ran(transaction, app, prepared, [])
    except NeedsLookup as lacking:
        return _Read(prepared, lacking=lacking)
    return _Read(prepared, has_run=True, reply=reply)


def _ids(request: Request) -> list[str]:
    return [one for one in (request.update_id, request.said_id) if one]


def _too_many(app: App, prepared: PreparedRequest) -> PreparedRequest:
    """Return a request beyond the limit of a minute with its refusal. It does not count itself.

    Of several messages beyond the limit, only the first gets a reply. Every press of a button gets a reply.
    """
    request, limits, second = prepared.request, app.command_limits, app.clock.monotonic()
    is_told = isinstance(request, CallbackRequest) or limits.tells(request, second)
    seconds = ceil(limits.wait(request, second))

    def refuse(context: Context) -> Reply | None:
        words = context.count(
            "That was a lot at once. I listen again in {count} second.",
            "That was a lot at once. I listen again in {count} seconds.",
            seconds,
        )
        if context.message is None:
            return Reply(toast=words)
        return Reply(lines=(words,)) if is_told else None

    return replace(prepared, refusal=refuse, intent=replace(prepared.intent, counts_to_limit=False))


def _writes(context: Context, prepared: PreparedRequest) -> bool:
    """Return whether there is anything to write except the reply."""
    return (
        may_write(prepared.intent, context)
        or bool(contexts.newly_named(context, prepared))
        or bool(contexts.zone_heard(context))
        or _is_back(context)
        or _ends_question(context, prepared)
    )


async def _prepare(app: App, prepared: PreparedRequest) -> PreparedRequest:
    """Return the request with what its platform tells: names and rights. A refusal needs nothing else."""
    api = app.listener_of(prepared.request.chat)
    if prepared.refusal is None and api:
        request = await api.enrich(prepared.request, changes=prepared.needs_manager)
        prepared = replace(prepared, request=request, place=request.place)
    if prepared.refusal is None:
        prepared = await authorize(app, prepared)
    return prepared


async def _with_file(app: App, prepared: PreparedRequest) -> PreparedRequest:
    """Return the request with the content of its file; with a refusal if it cannot be read."""
    reader, api = prepared.intent.wants_file, app.listener_of(prepared.request.chat)
    assert reader is not None and api is not None  # noqa: S101, PT018 - only such a request lacks its file
    try:
        async with app.fetching_files:
            data = await api.fetch(prepared.file_id, reader.most)
            return replace(prepared, file=await app.file_sandbox.read("", reader.read, data))
    except NotDelivered as error:
        return replace(prepared, refusal=refusing("The file cannot be read: {why}", why=str(error)))
    except PaperwireError as error:
        return replace(prepared, refusal=partial(_refused, error))


def _refused(error: PaperwireError, context: Context) -> Reply:
    return refused(error, context.localizer)


def _note_begun(transaction: Transaction, app: App, prepared: PreparedRequest) -> bool:
    """Note a request whose command lacks something. Return False if it was noted before."""
    at, update = prepared.request.chat, prepared.request.update_id
    is_first = _is_first(transaction, prepared)
    if update and is_first:
        context = contexts.context_of(transaction, app, prepared)
        stored_home(context, context.origin)
        conversations.note_update(transaction, at.platform, update, chat=at, now=context.now)
    return is_first


def _is_first(transaction: Transaction, prepared: PreparedRequest) -> bool:
    """Return whether an update has not taken effect yet."""
    at, update = prepared.request.chat, prepared.request.update_id
    return not update or not conversations.is_noted(transaction, at.platform, update, changed=prepared.is_noted)


async def _run(app: App, prepared: PreparedRequest) -> RenderedReply | None:
    """Run the command of a request in the transaction that it needs, and note the update. Return its reply."""
    news: list[str] = []
    if not prepared.writes and prepared.refusal is None:
        reply, _ = await app.store.read(_ran, app, prepared, news)
        return await _note_look(app, prepared, reply)
    reply = await _noted(app, prepared, lambda transaction: _ran(transaction, app, prepared, news))
    for line in news:
        log.info(line)
    return reply


async def _note_look(app: App, prepared: PreparedRequest, reply: RenderedReply | None) -> RenderedReply | None:
    """Note a request that changed nothing, and the buttons of its reply. Return the reply."""
    return await _noted(app, prepared, lambda _: (reply, False)) if prepared.request.update_id else reply


async def _noted(app: App, prepared: PreparedRequest, run: Run) -> RenderedReply | None:
    reply = await app.store.write(_settled, app, prepared, run)
    if prepared.intent.counts_to_limit:
        app.command_limits.count(prepared.request, app.clock.monotonic())
    return reply


def _settled(transaction: Transaction, app: App, prepared: PreparedRequest, run: Run) -> RenderedReply | None:
    """Note the update, run the command, and store the buttons of its reply.

    Return the reply; None if there is none, or if the update was handled before.
    """
    at, update = prepared.request.chat, prepared.request.update_id
    if not _is_first(transaction, prepared):
        return None
    reply, changed = run(transaction)
    if update:
        context, is_over = contexts.context_of(transaction, app, prepared), reply is None
        store_buttons(context, reply)
        is_understood = prepared.intent.is_understood and reply and reply.unrendered.ok is not False
        conversations.note_update(
            transaction,
            at.platform,
            update,
            chat=at,
            understood=prepared.request.said_id if is_understood else "",
            changed=changed,
            answered=is_over,
            now=context.now,
        )
    return reply


def _ran(
    transaction: Transaction, app: App, prepared: PreparedRequest, news: list[str]
) -> tuple[RenderedReply | None, bool]:
    """Run the command, and store what the request tells about its chat. Add lines for the log to `news`.

    Return (its reply, whether it changed something).
    """
    context, missed = _met(transaction, app, prepared)
    transaction.changed_chats.clear()  # changes made by the return of a person do not count as changes of the request
    reply = _result(replace(context, news=news), prepared)
    is_refused = prepared.refusal is not None or (reply is not None and reply.ok is False)
    changed = not is_refused and may_write(prepared.intent, context)
    reply = _with_missed(reply, missed)
    if reply is None:
        return None, changed
    if not prepared.intent.is_only_command and has_content(reply):
        reply = reply.with_lines(context.say("I did the first command only; send each by itself."))
    here = stored_chats.find_chat(transaction, context.origin.address)
    shows_change = prepared.needs_manager and here is not None and here.id in transaction.changed_chats
    has_set = prepared.needs_manager and here is not None and here.chosen != context.origin.chosen
    return draft_reply(app, context, reply, changed=shows_change, has_set=has_set), changed


def _met(transaction: Transaction, app: App, prepared: PreparedRequest) -> tuple[Context, Reply | None]:
    """Store what a request that writes tells about its chat: its name, a person's zone, that a person is back.

    Return (the context of the command, what is offered to a person who is back).
    """
    context = contexts.context_of(transaction, app, prepared)
    if not prepared.writes:
        return context, None
    for place in contexts.newly_named(context, prepared):
        stored_chats.describe(transaction, place.chat.lane, title=place.title, public=place.public)
    if heard := contexts.zone_heard(context):
        follow_zone(transaction, context.origin, heard, now=context.now)
    missed = chat_events.welcome_back(context) if _is_back(context) else None
    return contexts.context_of(transaction, app, prepared), missed


def _result(context: Context, prepared: PreparedRequest) -> Reply | None:
    """Run the command within a part of the transaction. A refusal undoes that part and becomes the reply."""
    intent = prepared.intent
    if prepared.refusal is not None:
        _end_question(context, prepared)
        return prepared.refusal(context)
    if intent.needs_operator and not context.is_operator:
        return (_to_destinations_only if intent.destination else _operators_only)(context)
    try:
        with context.transaction.savepoint() if prepared.writes else nullcontext():
            if not prepared.writes:
                return _reply_of(context, prepared)
            _end_question(context, prepared)
            stored = with_stored_chat(context) if prepared.needs_manager else context
            reply = admission.admit(stored, _reply_of(stored, prepared))
            if not prepared.keeps_right and _is_left_to_admins(stored):
                raise _LOCKED_OUT
            return reply
    except StoreError:
        raise  # the request is repeated when the database can be used
    except PaperwireError as error:
        if prepared.writes and isinstance(error, NotFound):  # the question is about something that is gone
            _end_question(context, prepared)
        return refused(error, context.localizer, context.args)


def _is_left_to_admins(context: Context) -> bool:
    """Return whether the command has left the right to change the chat to its admins."""
    here = stored_chats.find_chat(context.transaction, context.chat.address)
    return here is not None and here.settings.manage == "admins"


def _reply_of(context: Context, prepared: PreparedRequest) -> Reply | None:
    reply = prepared.intent.run(context)
    if reply is not None and prepared.intent.replaces:
        return replace(reply, replaces=True)
    return reply


def _ends_question(context: Context, prepared: PreparedRequest) -> bool:
    """Return whether an open question ends: at the next message or press of the person, unless the answer is refused."""
    return not isinstance(prepared.request, EventRequest) and context.remembered(QUESTION) is not None


def _end_question(context: Context, prepared: PreparedRequest) -> None:
    if _ends_question(context, prepared):
        context.drop(QUESTION)


def _is_back(context: Context) -> bool:
    """Return whether a person is back: the request comes from their private chat, which is marked as gone."""
    by_person = context.origin.kind is ChatKind.PRIVATE and not isinstance(context.request, EventRequest)
    return by_person and context.origin.is_unreachable


def _with_missed(reply: Reply | None, missed: Reply | None) -> Reply | None:
    """Return the reply followed by the offer that `welcome_back` made, if any."""
    if missed is None or not missed.lines:
        return reply
    if reply is None or not reply.lines:
        return missed
    return replace(reply, lines=(*reply.lines, *missed.lines), buttons=(*reply.buttons, *missed.buttons))


def _internal_error(context: Context) -> Reply | None:
    """Return the reply to a request on which our code failed; None if the message was not meant for the bot."""
    message = context.message
    if message is not None and not message.is_addressed and not message.command:
        return None
    return _failed(context)

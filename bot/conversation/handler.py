"""Executes a prepared request. Effect and reply are stored in one transaction."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace

from bot.commands import asking
from bot.commands.chat_events import welcome_back
from bot.commands.context import CommandContext
from bot.commands.free_text import FREE_TEXT
from bot.commands.intent import Intent
from bot.commands.operators import admit
from bot.commands.phrasing import refused
from bot.context import Context, do_steps
from bot.conversation import prepared_request, reply_sender
from bot.conversation.authorization import as_form_problems
from bot.conversation.prepared_request import PreparedRequest
from bot.conversation.reply_draft import ReplyDraft, draft_reply, has_content
from bot.conversation.reply_sender import StoredReply
from bot.ports.channel import Reply
from bot.ports.conversation import EventRequest, FormRequest, Request
from subscriptions.errors import PaperwireError, QueryError, StoreError
from subscriptions.model import ChatKind
from subscriptions.service import paper_search
from subscriptions.service.chat_status import apply_once
from subscriptions.service.notices import is_gone
from subscriptions.store import chats as stored_chats
from subscriptions.store.database.store import ReadThenWrite, Transaction
from subscriptions.store.database.writer import READS, WRITES, Steps


def execute(context: Context, prepared: PreparedRequest) -> Steps[StoredReply | None]:
    """Executes the command of a request and stores its reply, in one transaction.

    The result is None if the request was executed before, or gets no reply. Other writers do not wait for slow work: a command
    that writes nothing is run and rendered before the transaction. For a command that writes, the queries whose matches its
    reply needs are matched before the transaction, and again if papers have arrived meanwhile.
    """
    request, now, conversation = prepared.request, context.clock.now(), context.conversation
    is_read, read = _answer_reading(context, prepared)
    matches = not is_read and not isinstance(request, EventRequest)

    def effect(transaction: Transaction) -> str:
        draft = read if is_read else _answer_writing(transaction, context, prepared)
        if draft and conversation.show_reply:
            conversation.show_reply(draft.unrendered, draft.target)
            return ""
        return draft.store(transaction, now=now) if draft else ""

    platform, update = request.chat.platform, request.update_id
    work = ReadThenWrite(context.store)
    while True:
        if matches:
            with work.read() as transaction:
                _match_ahead(transaction, context, prepared)
        yield WRITES
        with work.write() as transaction:
            if not (matches and work.is_stale) or paper_search.is_ready(transaction, now=now):
                stored, is_new = apply_once(transaction, platform, update, effect, chat=str(request.chat), now=now)
                break
        yield READS
    if is_new and prepared.intent.counts_to_limit and not prepared.is_over_limit:
        conversation.command_limits.count(request, context.clock.monotonic())
    return StoredReply.from_json(stored) if is_new and stored else None


def _match_ahead(transaction: Transaction, context: Context, prepared: PreparedRequest) -> None:
    """Matches the queries whose matches the reply needs, and caches the matches, which the command then uses."""
    now, categorised = context.clock.now(), context.conversation.bot_info.categorised
    intent = prepared.intent
    if prepared.refusal is not None or not (intent.queries or intent.matches_ahead):
        paper_search.recent(transaction, now)
        return
    command = prepared_request.build_command_context(transaction, context, prepared)
    texts = intent.queries(command) if intent.queries else ()
    paper_search.match_ahead(transaction, command.chat, texts, now=now, categorised=categorised)
    with suppress(PaperwireError):  # the command itself says what is wrong
        if intent.matches_ahead:
            intent.matches_ahead(command)


def _answer_reading(context: Context, prepared: PreparedRequest) -> tuple[bool, ReplyDraft | None]:
    """Returns (whether nothing has to be written but the reply, that reply)."""
    if prepared.intent.needs_manager or prepared.refusal is not None:
        return False, None
    with context.store.read() as transaction:
        command = prepared_request.build_command_context(transaction, context, prepared)
        if _writes(command, prepared):
            return False, None
        reply, _ = _run(context, command, prepared, transaction.read)
        return True, _drafted(context, command, prepared, reply, changed=False)


def _writes(command: CommandContext, prepared: PreparedRequest) -> bool:
    """Returns whether there is anything to write except the reply."""
    return (
        prepared.intent.writes(command)
        or bool(prepared_request.newly_named(command, prepared))
        or bool(prepared_request.newly_heard(command))
        or _is_back(command)
        or (prepared.intent.run is not FREE_TEXT.run and asking.has_passing_question(command))
    )


def _answer_writing(transaction: Transaction, context: Context, prepared: PreparedRequest) -> ReplyDraft | None:
    """Returns the answer to a request whose command writes."""
    command = prepared_request.build_command_context(transaction, context, prepared)
    new_names, missed = prepared_request.newly_named(command, prepared), None
    for place in new_names:
        stored_chats.describe(transaction, place.chat.lane, title=place.title, public=place.public)
    if heard := prepared_request.newly_heard(command):
        prepared_request.store_heard(command, heard)
    is_back = _is_back(command)
    if is_back:
        missed = welcome_back(command)
    if new_names or heard or is_back:
        command = prepared_request.build_command_context(transaction, context, prepared)
    transaction.changed_chats.clear()  # changes made by welcome_back do not count as changes of the request
    reply, after = _run(context, command, prepared, transaction.savepoint)
    changed = prepared.intent.needs_manager and after.origin.id in transaction.changed_chats
    return _drafted(context, command, prepared, _with_missed(reply, missed), changed=changed)


def _drafted(
    context: Context,
    command: CommandContext,
    prepared: PreparedRequest,
    reply: Reply | None,
    *,
    changed: bool,
) -> ReplyDraft | None:
    """Returns the answer with the rendered reply."""
    if reply is None:
        return None
    if not prepared.intent.is_only_command and has_content(reply):
        rest = command.say("I did the first command only; send each by itself.")
        reply = replace(reply, lines=(*reply.lines, rest))
    if isinstance(prepared.request, FormRequest) and prepared.request.is_submitted:
        reply = as_form_problems(reply)
    return draft_reply(context, command, reply, changed=changed)


def _run(
    context: Context,
    command: CommandContext,
    prepared: PreparedRequest,
    part: Callable[[], AbstractContextManager[object]],
) -> tuple[Reply | None, CommandContext]:
    """Runs the command within a part of the transaction. A refusal undoes that part, and is the reply.

    Returns the reply, and the context with what was stored before the command.
    """
    intent = prepared.intent
    if prepared.refusal is not None:
        return prepared.refusal(command), command
    if intent.needs_operator and not command.is_operator:
        return (reply_sender.to_destinations_only if intent.destination else reply_sender.operators_only)(
            command
        ), command
    try:
        with part():
            stored = prepared_request.with_stored_chat(context, command) if intent.needs_manager else command
            return _run_command(stored, prepared), stored
    except StoreError:
        raise  # the request waits for the database
    except QueryError as error:
        return refused(error, command.localizer, code=command.formatter.caret(command.args, error.column)), command
    except PaperwireError as error:
        return refused(error, command.localizer), command


def _run_command(command: CommandContext, prepared: PreparedRequest) -> Reply | None:
    """Runs the command, drops questions that it makes obsolete, and decides on the admission of a new chat."""
    if prepared.intent.run is not FREE_TEXT.run:
        asking.drop_passing_questions(command)
    reply = prepared.intent.run(command)
    if reply is not None and prepared.intent.replaces:
        reply = replace(reply, replaces=True)
    reply = admit(command, reply, operator_is_admin=prepared.operator_is_admin)
    # The person's text could have answered the open question, too.
    waits = asking.reminder(command) if prepared.intent.is_in_words else ""
    return replace(reply, lines=(*reply.lines, waits)) if reply is not None and reply.lines and waits else reply


def _is_back(command: CommandContext) -> bool:
    """Returns whether the request comes from a private chat that counted as gone."""
    by_person = command.origin.kind is ChatKind.PRIVATE and not isinstance(command.request, EventRequest)
    return by_person and is_gone(command.origin)


def _with_missed(reply: Reply | None, missed: Reply | None) -> Reply | None:
    """Returns the reply with the offer that `welcome_back` makes."""
    if missed is None or not missed.lines:
        return reply
    if reply is None or not reply.lines:
        return missed
    return replace(reply, lines=(*reply.lines, *missed.lines), buttons=(*reply.buttons, *missed.buttons))


# --------------------------------------------------------------------------------------------------- handles a request

# prepares it, executes it, and returns its stored reply.


async def answer(context: Context, request: Request) -> StoredReply | None:
    """Handles a request and returns the stored reply.

    None: the request was handled before, or gets no reply. Raises StoreError.
    """
    prepared = await prepared_request.prepare(context, request)
    if prepared is None:
        return None
    return await do_steps(execute(context, prepared), context.store)


def answer_failure(context: Context, request: Request) -> Steps[StoredReply | None]:
    """Marks a request with which our code failed as handled, and returns the stored answer. Raises StoreError."""
    failed = PreparedRequest(
        request=request, intent=Intent(run=reply_sender.internal_error, counts_to_limit=False), place=request.place
    )
    try:
        return (yield from execute(context, failed))
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - no answer can be made either; the request is only marked as handled
        yield WRITES
        platform, now = request.chat.platform, context.clock.now()
        apply_once(context.store, platform, request.update_id, lambda _: "", chat="", now=now)
        return None

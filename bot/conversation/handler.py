"""Handles a request: runs its command, stores effect and reply in one transaction; what is undone if it is refused or our code fails."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.commands import admission, asking, chat_events
from bot.commands.context import CommandContext, may_write, with_stored_chat
from bot.commands.intent import Intent
from bot.conversation import authorization, command_contexts, prepared_request, proposals, reply_sender
from bot.conversation.authorization import PreparedRequest
from bot.conversation.reply_drafts import ReplyDraft, draft_reply, has_content
from bot.conversation.reply_sender import StoredReply
from bot.dependencies import Dependencies
from bot.dependencies.questions import is_encoded
from bot.ports import channel
from bot.ports.conversation import CallbackRequest, EventRequest, MessageRequest, Request
from bot.rendering.language import refused
from subscriptions import errors, model
from subscriptions.service.amendments import follow_zone
from subscriptions.service.conversation_state import apply_once
from subscriptions.store import chats as stored_chats
from subscriptions.store.database import store as stored_store
from subscriptions.store.database.store import Store, Transaction

log = logging.getLogger("paperwire")


async def execute(deps: Dependencies, prepared: PreparedRequest) -> StoredReply | None:
    """Executes the command of a request and stores its reply, in one transaction.

    Returns None if the request was executed before or gets no reply. Slow work is done in a reading transaction before,
    so that other writers do not wait for it: a command that writes nothing is run and rendered there. For a command that
    writes, the queries whose matches its reply needs are matched there; if papers arrive meanwhile, they are matched
    again. If the command lacks vectors of texts, it is done again with them, or in words only; if it lacks papers, arXiv
    is asked for them first. If it leaves the right to
    change the chat to admins, it is done again when it is known whether the sender is one.
    """
    effect, may_ask = None, deps.encoder is not None
    while effect is None:
        try:
            ahead = await deps.store.run(_read_ahead, deps, prepared, may_ask=may_ask)
            effect = await deps.store.run(_store_effect, deps, prepared, ahead, may_ask=may_ask)
        except _LosesRight:
            is_admin = await authorization.administers(deps, prepared.request, replace(prepared.place.chat, topic=""))
            prepared = replace(prepared, sender_is_admin=is_admin)
        except errors.NotLookedUp as unknown:
            is_answered = deps.look_up is not None and await deps.look_up(unknown.ids)
            prepared = replace(prepared, lookup="answered" if is_answered else "silent")
        except errors.Unencoded as lacking:
            in_terminal = deps.conversation.show_reply is not None
            may_ask = await is_encoded(deps.store, deps.encoder, lacking.texts, in_terminal=in_terminal)
    for line in effect.news if effect.is_new else ():
        log.info(line)
    if effect.is_new and prepared.intent.counts_to_limit and not prepared.is_over_limit:
        deps.conversation.command_limits.count(prepared.request, deps.clock.monotonic())
    if effect.is_new and effect.reply:
        return StoredReply.from_json(effect.reply)
    return None


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What was done before the writing transaction."""

    is_answered: bool = False  # only the reply has to be written: `reply`, which may be None
    reply: ReplyDraft | None = None


@dataclass(frozen=True, slots=True)
class _Effect:
    """What the transaction of a request has stored."""

    reply: str  # as JSON; "" if there is none
    is_new: bool  # False: the request was executed before
    news: Sequence[str]  # lines for the log


def _read_ahead(store: Store, deps: Dependencies, prepared: PreparedRequest, *, may_ask: bool) -> _Ahead:
    """Runs a command that writes nothing. For another one, matches the queries whose matches its reply needs."""
    with store.read() as transaction:
        transaction.may_ask = may_ask
        if not (prepared.intent.needs_manager or prepared.refusal is not None):
            context = command_contexts.build_command_context(transaction, deps, prepared)
            if not _writes(context, prepared):
                reply, _ = _run(context, prepared, writes=False)
                return _Ahead(True, _drafted(deps, context, prepared, reply, changed=False))
    return _Ahead()


@stored_store.writes
def _store_effect(
    transaction: Transaction, deps: Dependencies, prepared: PreparedRequest, ahead: _Ahead, *, may_ask: bool
) -> _Effect | None:
    """Runs the command, unless that was done ahead, and stores its reply. Returns None if papers came after the matching."""
    transaction.may_ask = may_ask
    request, now, show = prepared.request, deps.clock.now(), deps.conversation.show_reply
    news: list[str] = []

    def effect(transaction: Transaction) -> str:
        draft = ahead.reply if ahead.is_answered else _answer_writing(transaction, deps, prepared, news)
        if draft and show:
            show(draft.unrendered, draft.target)
            return ""
        if draft:
            return draft.store(transaction, now=now)
        return ""

    platform, update = request.chat.platform, request.update_id
    reply, is_new = apply_once(transaction, platform, update, effect, chat=str(request.chat), now=now)
    return _Effect(reply, is_new, news)


def _writes(context: CommandContext, prepared: PreparedRequest) -> bool:
    """Returns whether there is anything to write except the reply."""
    return (
        may_write(prepared.intent, context)
        or bool(command_contexts.newly_named(context, prepared))
        or bool(command_contexts.zone_heard(context))
        or _is_back(context)
        or _ends_question(context, prepared)
    )


def _answer_writing(
    transaction: Transaction, deps: Dependencies, prepared: PreparedRequest, news: list[str]
) -> ReplyDraft | None:
    """Runs a command that writes, and stores what the request tells about its chat. Adds lines for the log to `news`.

    Returns the drafted reply; None if there is no reply.
    """
    context = command_contexts.build_command_context(transaction, deps, prepared)
    new_names, missed = command_contexts.newly_named(context, prepared), None
    for place in new_names:
        stored_chats.describe(transaction, place.chat.lane, title=place.title, public=place.public)
    if heard := command_contexts.zone_heard(context):
        follow_zone(transaction, context.origin, heard, now=context.now)
    is_back = _is_back(context)
    if is_back:
        missed = chat_events.welcome_back(context)
    if new_names or heard or is_back:
        context = command_contexts.build_command_context(transaction, deps, prepared)
    transaction.changed_chats.clear()  # changes made by welcome_back do not count as changes of the request
    reply, after = _run(replace(context, news=news), prepared, writes=True)
    changed = prepared.intent.needs_manager and after.origin.id in transaction.changed_chats
    return _drafted(deps, context, prepared, _with_missed(reply, missed), changed=changed)


def _drafted(
    deps: Dependencies,
    context: CommandContext,
    prepared: PreparedRequest,
    reply: channel.Reply | None,
    *,
    changed: bool,
) -> ReplyDraft | None:
    """Returns the draft of a reply, or None for no reply; adds a line if the message has a second command."""
    if reply is None:
        return None
    if not prepared.intent.is_only_command and has_content(reply):
        rest = context.say("I did the first command only; send each by itself.")
        reply = reply.with_lines(rest)
    return draft_reply(deps, context, reply, changed=changed)


def _run(
    context: CommandContext, prepared: PreparedRequest, *, writes: bool
) -> tuple[channel.Reply | None, CommandContext]:
    """Runs the command within a part of the transaction. A refusal undoes that part and becomes the reply.

    Returns (reply, the context with which the command ran, in which a new chat is stored).
    """
    intent = prepared.intent
    if prepared.refusal is not None:
        if writes:
            _end_question(context, prepared)
        return prepared.refusal(context), context
    if intent.needs_operator and not context.is_operator:
        return (reply_sender.to_destinations_only if intent.destination else reply_sender.operators_only)(
            context
        ), context
    try:
        with context.transaction.savepoint() if writes else context.transaction.read():
            stored = with_stored_chat(context) if intent.needs_manager else context
            reply = _run_command(stored, prepared, writes=writes)
            if writes and _loses_right(stored, prepared):
                raise _ONLY_FOR_ADMINS
            return reply, stored
    except errors.StoreError:
        raise  # the request is repeated when the database can be used
    except errors.PaperwireError as error:
        if writes and isinstance(error, errors.NotFound):  # the question is about something that is gone
            _end_question(context, prepared)
        return refused(error, context.localizer, context.args), context


class _LosesRight(Exception):
    """A command leaves the right to change a chat to its admins, and whether the sender is one is not known yet."""


_ONLY_FOR_ADMINS = errors.Refused(
    errors.Sentence("You are no admin here, so you could not change anything any more."),
    errors.Sentence("An admin can do it: /set manage admins"),
)


def _loses_right(context: CommandContext, prepared: PreparedRequest) -> bool:
    """Returns whether the sender may not change the chat any more after the command. Raises _LosesRight."""
    if context.chat.kind is model.ChatKind.PRIVATE or context.chat.settings.manage != "members" or context.is_operator:
        return False
    after = stored_chats.find_chat(context.transaction, context.chat.address)
    if after is None or after.settings.manage == "members":
        return False
    if prepared.sender_is_admin is None:
        raise _LosesRight
    return not prepared.sender_is_admin


def _run_command(context: CommandContext, prepared: PreparedRequest, *, writes: bool) -> channel.Reply | None:
    """Runs the command.

    If the command writes, drops questions that are then obsolete, and decides whether a new chat is admitted.
    """
    if writes:
        _end_question(context, prepared)
    reply = prepared.intent.run(context)
    if reply is not None and prepared.intent.replaces:
        reply = replace(reply, replaces=True)
    if writes:
        reply = admission.admit(context, reply)
    return reply


def _ends_question(context: CommandContext, prepared: PreparedRequest) -> bool:
    """Returns whether a question is open that ends because a command was typed, or a button pressed that changes something."""
    acts = isinstance(prepared.request, MessageRequest) and not prepared.intent.keeps_question
    presses = isinstance(prepared.request, CallbackRequest) and prepared.intent.needs_manager
    return (acts or presses) and asking.is_open(context)


def _end_question(context: CommandContext, prepared: PreparedRequest) -> None:
    if _ends_question(context, prepared):
        asking.drop_question(context)


def _is_back(context: CommandContext) -> bool:
    """Returns whether a person is back: the request comes from their private chat, which is marked as gone."""
    by_person = context.origin.kind is model.ChatKind.PRIVATE and not isinstance(context.request, EventRequest)
    return by_person and context.origin.is_unreachable


def _with_missed(reply: channel.Reply | None, missed: channel.Reply | None) -> channel.Reply | None:
    """Returns the reply followed by the offer that `welcome_back` made, if any."""
    if missed is None or not missed.lines:
        return reply
    if reply is None or not reply.lines:
        return missed
    return replace(reply, lines=(*reply.lines, *missed.lines), buttons=(*reply.buttons, *missed.buttons))


async def answer(deps: Dependencies, request: Request) -> StoredReply | None:
    """Handles a request and returns the stored reply.

    Returns None if the request was handled before or gets no reply. Raises StoreError.
    """
    prepared = await prepared_request.prepare(deps, request)
    if prepared is None:
        return None
    return await execute(deps, await proposals.with_proposal(deps, prepared))


async def answer_failure(deps: Dependencies, request: Request) -> StoredReply | None:
    """Marks a request on which our code failed as handled. Returns the stored reply that says so. Raises StoreError.

    If even that reply fails, returns None.
    """
    failed = PreparedRequest(
        request=request, intent=Intent(run=reply_sender.internal_error, counts_to_limit=False), place=request.place
    )
    try:
        return await execute(deps, failed)
    except errors.StoreError:
        raise
    except Exception:  # noqa: BLE001 - this reply fails, too, so the request is only marked as handled
        platform, now = request.chat.platform, deps.clock.now()
        await deps.store.run(apply_once, platform, request.update_id, lambda _: "", chat="", now=now)
        return None

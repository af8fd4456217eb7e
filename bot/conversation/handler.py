"""Executes a prepared request and renders its reply. The effect and the reply are stored in one transaction.

On a platform with ephemeral messages, only the sender sees the reply, unless subscriptions changed. Commands in a reply
are written as people type them on the platform, which may require a prefix before their names.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from bot.commands import admission, asking, chat_events, frame, model_summary, paper_lookup
from bot.commands.context import CommandContext, Registry, may_write, with_stored_chat
from bot.commands.intent import ABOUT, Intent
from bot.conversation import authorization, prepared_request, proposals, reply_sender
from bot.conversation.authorization import PreparedRequest
from bot.conversation.reply_sender import StoredReply
from bot.dependencies import Dependencies
from bot.dependencies.questions import is_encoded
from bot.ports import channel
from bot.ports.conversation import CallbackRequest, EventRequest, FormRequest, Place, PlatformApi, Request
from bot.rendering.language import refused
from subscriptions import errors, model
from subscriptions.addresses import command_prefix
from subscriptions.service import recent_matches
from subscriptions.service.conversation_state import apply_once
from subscriptions.store import callbacks
from subscriptions.store import chats as stored_chats
from subscriptions.store.database import store as stored_store
from subscriptions.store.database.store import Store, Transaction

log = logging.getLogger("paperwire")


def is_ephemeral(
    context: CommandContext, reply: channel.Reply, platform_api: PlatformApi | None, *, changed: bool
) -> bool:
    """Returns whether only the sender sees the reply. `changed`: the request changed the chat's subscriptions."""
    request = context.request
    if platform_api is None or not platform_api.has_ephemeral or not request.sender or reply.target_chat is not None:
        return False
    # no person waits for the reply to this event
    if isinstance(request, EventRequest) and not (request.trigger_id or request.event == paper_lookup.LOOKUP_EVENT):
        return False
    if request.place.is_outside:
        return True
    return request.place.kind is not model.ChatKind.PRIVATE and (reply.is_ephemeral or not changed)


def without_toast(reply: channel.Reply) -> channel.Reply:
    """Returns the reply for a platform without toasts. If the reply posts no message, the toast becomes one."""
    if not reply.toast or has_content(reply):
        return replace(reply, toast="")
    return replace(reply, lines=(reply.toast,), toast="", replaces=False)


def with_invitation(context: CommandContext, reply: channel.Reply) -> channel.Reply:
    """Returns the reply; if the bot is not in the channel of the request, with a line that says how to invite it."""
    if not context.request.place.is_outside or context.request.place.kind is model.ChatKind.PRIVATE:
        return reply
    name = context.bot_info.bot_names.get(context.request.chat.platform, "paperwire")
    words = context.say(
        "I am not in this channel, so I cannot post here yet. To let me in: {command}", command=f"/invite @{name}"
    )
    return replace(reply, lines=(*reply.lines, words))


# ------------------------------------------------------------------------------------------- renders a command's reply

# To render a reply means to find where it goes, its messages, buttons and forms, and the callback tokens to store.


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyDraft:
    """A rendered reply, with the callback tokens and the look-up that are stored with it."""

    reply: StoredReply
    unrendered: channel.Reply
    target: model.Chat  # the chat that gets the reply
    tokens: Mapping[str, model.CallbackToken]  # id in a button → its token
    home_of: model.ChatAddress | None  # the person whose home view is shown; older tokens of that view are deleted
    lookup: tuple[str, model.CallbackToken] | None  # (name, pending look-up) if papers are looked up after the reply
    note: Callable[[Transaction], None] | None  # stores what the reply shows in the frame of the person

    def store(self, transaction: Transaction, *, now: datetime) -> str:
        """Stores the tokens and the look-up of the reply. Returns the JSON of the reply, which the caller must store."""
        if self.home_of is not None:
            callbacks.drop_callbacks_at(transaction, callbacks.home_view_of(self.home_of))
        callbacks.store_callbacks(transaction, self.tokens, now=now)
        if self.lookup is not None:
            name, request = self.lookup
            callbacks.begin_lookup(transaction, name, request, now=now)
        if self.note is not None:
            self.note(transaction)
        return self.reply.to_json()


def draft_reply(deps: Dependencies, context: CommandContext, reply: channel.Reply, *, changed: bool) -> ReplyDraft:
    """Returns the rendered reply to a request. Writes nothing. `changed`: the chat's subscriptions have changed."""
    api = deps.api_of(context.request.chat)
    ephemeral = is_ephemeral(context, reply, api, changed=changed)
    if api is not None and api.has_ephemeral:
        reply = without_toast(with_invitation(context, reply) if changed else reply)
    reply = model_summary.without_rejected(context, reply)
    target = _target(context, reply)
    tokens: dict[str, model.CallbackToken] = {}
    bound = _with_tokens(deps.conversation.registry, context, reply, target, tokens)
    bound = spell_commands(bound, target.address, deps.conversation.registry)
    stored = replace(
        _addressed(context, reply, target, ephemeral=ephemeral),
        messages=deps.conversation.render_reply(bound, target) if has_content(bound) else (),
        toast=bound.toast,
        file=reply.file,
        problems=bound.form_errors,
        lookup_ids=reply.lookup_ids,
        changed=changed or (isinstance(context.request, CallbackRequest) and bool(context.request.view_id)),
        **_views(deps, context, bound, target, tokens),
    )
    return ReplyDraft(
        reply=stored,
        unrendered=bound,
        target=target,
        tokens=tokens,
        home_of=context.origin.address if bound.home_view else None,
        lookup=paper_lookup.pending_lookup(context.request, reply.lookup_ids) if reply.lookup_ids else None,
        note=frame.noted(context, reply),
    )


# ------------------------------------------------------------------------------------------------------ where it goes


def _target(context: CommandContext, reply: channel.Reply) -> model.Chat:
    """Returns the chat to which the reply goes."""
    if reply.target_chat is None:
        return context.origin
    same_lane = reply.target_chat.lane == context.origin.address.lane
    kind = context.origin.kind if same_lane else model.ChatKind.PRIVATE
    return prepared_request.chat_at(
        context.transaction, Place(chat=reply.target_chat, kind=kind), context.request.language
    )


def _addressed(context: CommandContext, reply: channel.Reply, target: model.Chat, *, ephemeral: bool) -> StoredReply:
    """Returns a reply without content: where it goes, who sees it, and which message it replaces."""
    request = context.request
    callback = request if isinstance(request, CallbackRequest) else None
    under_ephemeral = callback is not None and callback.is_ephemeral
    for_sender = ephemeral or under_ephemeral or reply.home_view is not None
    stays = reply.target_chat is None
    return StoredReply(
        update=request.update_id,
        chat=target.address,
        replaces=request.message_id if callback and reply.replaces and ephemeral == under_ephemeral else "",
        callback_id=callback.callback_id if callback else "",
        thread=request.thread_id if stays else "",
        is_ephemeral=ephemeral,
        person=request.sender if for_sender else "",
        response_url=request.response_url if stays else "",
        replaces_ephemeral=under_ephemeral and reply.replaces,
        trigger_id=request.trigger_id,
        view=request.view_id if isinstance(request, FormRequest) else "",
    )


# ---------------------------------------------------------------------------------------------------- what it consists of


def has_content(reply: channel.Reply) -> bool:
    """Returns whether a reply posts a message."""
    return bool(reply.lines or reply.items or reply.delivery or reply.code)


def _with_tokens(
    registry: Registry,
    context: CommandContext,
    reply: channel.Reply,
    target: model.Chat,
    tokens: dict[str, model.CallbackToken],
) -> channel.Reply:
    """Returns the reply with a token id in each of its buttons; the tokens are added to `tokens`.

    In a chat that strangers can read, only buttons that open a URL are kept. A button acts on the chat that the reply is
    about, even if another chat gets the reply. Some buttons always act on the chat where they are shown.
    """
    about = str(context.chat.address) if context.chat.address != target.address else ""
    is_public, place = target.public or target.kind is model.ChatKind.BROADCAST, str(target.address)

    def bound(row: tuple[channel.Button, ...]) -> tuple[channel.Button, ...]:
        return tuple(
            authorization.with_token(
                button, tokens, place=place, person=button.only_for, more=_about(registry, button, about)
            )
            for button in row
            if button.url or not is_public
        )

    rows = tuple(row for row in map(bound, reply.buttons) if row)
    reply = replace(reply, numbers=bound(reply.numbers), buttons=rows)
    return _naming_chat(context, reply) if about and reply.target_chat is None else reply


def _about(registry: Registry, button: channel.Button, about: str) -> Mapping[str, str]:
    callback = registry.callbacks.get(button.verb)
    return {ABOUT: about} if about and not (callback and callback.stays_here) else {}


def _naming_chat(context: CommandContext, reply: channel.Reply) -> channel.Reply:
    """Returns the reply; its first line names the chat that it is about."""
    if reply.names_chat or not has_content(reply):
        return reply
    first, *rest = reply.lines or ("",)
    line = context.say("{chat}: {line}", chat=context.chat.name, line=first).rstrip()
    return replace(reply, lines=(line, *rest))


# -------------------------------------------------------------------------------------------------------------- views


def _views(
    deps: Dependencies,
    context: CommandContext,
    reply: channel.Reply,
    target: model.Chat,
    tokens: dict[str, model.CallbackToken],
) -> dict[str, Any]:
    """Returns the fields of a stored reply that hold its form and its home view. Adds their tokens to `tokens`."""
    forms, views = deps.forms_of(context.origin.address), dict[str, Any]()
    if forms and reply.modal:
        views["modal"] = forms.render_modal(reply.modal, authorization.form_token(context, reply.modal, tokens))
    if reply.modal and reply.modal.fallback:
        views["instead"] = deps.conversation.render_reply(channel.Reply(lines=(reply.modal.fallback,)), target)
    if forms and reply.home_view:
        views["home_view"] = forms.render_home_view(
            authorization.with_home_view_tokens(context, reply.home_view, tokens)
        )
    return views


# --------------------------------------------------------------------------- commands as they are typed on the platform


def spell_commands(reply: channel.Reply, chat: model.ChatAddress, registry: Registry) -> channel.Reply:
    """Returns the reply with each command written as people type it in that chat.

    Quoted words of a person are also rewritten if they look like a command, which is rare.
    """
    before = command_prefix(chat)
    if before == "/":
        return reply
    typed = partial(_as_typed, _commands(registry), before)
    return replace(
        reply,
        lines=tuple(typed(line) for line in reply.lines),
        code=tuple(typed(line) for line in reply.code),
        toast=typed(reply.toast),
        buttons=tuple(tuple(replace(button, label=typed(button.label)) for button in row) for row in reply.buttons),
        form_errors={name: typed(words) for name, words in reply.form_errors.items()},
        modal=_modal(reply.modal, typed) if reply.modal else None,
        home_view=_home_view(reply.home_view, typed) if reply.home_view else None,
    )


def _modal(modal: channel.Modal, typed: Callable[[str], str]) -> channel.Modal:
    fields = (replace(one, notes=tuple(typed(note) for note in one.notes)) for one in modal.fields)
    return replace(modal, fields=tuple(fields), fallback=typed(modal.fallback))


def _home_view(view: channel.HomeView, typed: Callable[[str], str]) -> channel.HomeView:
    panels = (replace(one, lines=tuple(typed(line) for line in one.lines)) for one in view.panels)
    return replace(view, panels=tuple(panels), remark=typed(view.remark))


def _as_typed(commands: re.Pattern[str], before: str, text: str) -> str:
    """Returns the text with its commands rewritten. If several commands follow each other, only the first gets the prefix."""
    return commands.sub(lambda found: before + _BETWEEN.join(_NAME.findall(found[0])), text) if "/" in text else text


_NAME = re.compile(r"/(\w+)")
_BETWEEN = " | "


@lru_cache
def _commands(registry: Registry) -> re.Pattern[str]:
    """Returns a pattern for one or more commands in a row, each with a slash before it and perhaps the bot's name after it."""
    names = sorted(registry.by_name, key=len, reverse=True)
    one = rf"/(?:{'|'.join(map(re.escape, names))})(?![\w/])(?:@\w+)?"
    return re.compile(rf"(?<![\w/@:.<]){one}(?: {one})*")


# ----------------------------------------------------------------------------------------------------- runs the command


async def execute(deps: Dependencies, prepared: PreparedRequest) -> StoredReply | None:
    """Executes the command of a request and stores its reply, in one transaction.

    Returns None if the request was executed before or gets no reply. Slow work is done in a reading transaction before,
    so that other writers do not wait for it: a command that writes nothing is run and rendered there. For a command that
    writes, the queries whose matches its reply needs are matched there; if papers arrive meanwhile, they are matched
    again. If the command lacks vectors of texts, it is done again with them, or in words only.
    """
    effect, may_ask = None, deps.encoder is not None
    while effect is None:
        try:
            ahead = await deps.store.run(_read_ahead, deps, prepared, may_ask=may_ask)
            effect = await deps.store.run(_store_effect, deps, prepared, ahead, may_ask=may_ask)
        except errors.Unencoded as lacking:
            in_terminal = deps.conversation.show_reply is not None
            may_ask = await is_encoded(deps.store, deps.encoder, lacking.texts, in_terminal=in_terminal)
    for line in effect.news if effect.is_new else ():
        log.info(line)
    if effect.is_new and prepared.intent.counts_to_limit and not prepared.is_over_limit:
        deps.conversation.command_limits.count(prepared.request, deps.clock.monotonic())
    return StoredReply.from_json(effect.reply) if effect.is_new and effect.reply else None


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What was done before the writing transaction."""

    version: object | None  # the version of the database before anything was read
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
    version = store.version()
    with store.read() as transaction:
        transaction.may_ask = may_ask
        if not (prepared.intent.needs_manager or prepared.refusal is not None):
            context = prepared_request.build_command_context(transaction, deps, prepared)
            if not _writes(context, prepared):
                reply, _ = _run(context, prepared, writes=False)
                return _Ahead(version, True, _drafted(deps, context, prepared, reply, changed=False))
        if not isinstance(prepared.request, EventRequest):
            _match_ahead(transaction, deps, prepared)
    return _Ahead(version)


@stored_store.writes
def _store_effect(
    transaction: Transaction, deps: Dependencies, prepared: PreparedRequest, ahead: _Ahead, *, may_ask: bool
) -> _Effect | None:
    """Runs the command, unless that was done ahead, and stores its reply. Returns None if papers came after the matching."""
    transaction.may_ask = may_ask
    request, now, show = prepared.request, deps.clock.now(), deps.conversation.show_reply
    is_matched = ahead.is_answered or isinstance(request, EventRequest) or transaction.is_current(ahead.version)
    if not is_matched and not recent_matches.is_ready(transaction, now=now):
        return None
    news: list[str] = []

    def effect(transaction: Transaction) -> str:
        draft = ahead.reply if ahead.is_answered else _answer_writing(transaction, deps, prepared, news)
        if draft and show:
            if draft.note is not None:
                draft.note(transaction)
            show(draft.unrendered, draft.target)
            return ""
        return draft.store(transaction, now=now) if draft else ""

    platform, update = request.chat.platform, request.update_id
    reply, is_new = apply_once(transaction, platform, update, effect, chat=str(request.chat), now=now)
    return _Effect(reply, is_new, news)


def _match_ahead(transaction: Transaction, deps: Dependencies, prepared: PreparedRequest) -> None:
    """Matches the queries whose matches the reply needs, and caches the matches for the command."""
    now, categorised = deps.clock.now(), deps.conversation.bot_info.categorised
    intent = prepared.intent
    if prepared.refusal is not None or not (intent.queries or intent.matches_ahead):
        recent_matches.recent(transaction, now)
        return
    context = prepared_request.build_command_context(transaction, deps, prepared)
    texts = intent.queries(context) if intent.queries else ()
    recent_matches.match_ahead(transaction, context.chat, texts, now=now, categorised=categorised)
    with suppress(errors.PaperwireError):  # the command itself will report this error
        if intent.matches_ahead:
            intent.matches_ahead(context)


def _writes(context: CommandContext, prepared: PreparedRequest) -> bool:
    """Returns whether there is anything to write except the reply."""
    return (
        may_write(prepared.intent, context)
        or bool(prepared_request.newly_named(context, prepared))
        or bool(prepared_request.newly_heard(context))
        or _is_back(context)
        or (not prepared.intent.keeps_question and asking.has_passing_question(context))
    )


def _answer_writing(
    transaction: Transaction, deps: Dependencies, prepared: PreparedRequest, news: list[str]
) -> ReplyDraft | None:
    """Runs a command that writes, and stores what the request tells about its chat. Adds lines for the log to `news`.

    Returns the drafted reply; None if there is no reply.
    """
    context = prepared_request.build_command_context(transaction, deps, prepared)
    new_names, missed = prepared_request.newly_named(context, prepared), None
    for place in new_names:
        stored_chats.describe(transaction, place.chat.lane, title=place.title, public=place.public)
    if heard := prepared_request.newly_heard(context):
        prepared_request.store_heard(context, heard)
    is_back = _is_back(context)
    if is_back:
        missed = chat_events.welcome_back(context)
    if new_names or heard or is_back:
        context = prepared_request.build_command_context(transaction, deps, prepared)
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
        reply = replace(reply, lines=(*reply.lines, rest))
    if isinstance(prepared.request, FormRequest) and prepared.request.is_submitted:
        reply = authorization.as_form_problems(reply)
    return draft_reply(deps, context, reply, changed=changed)


def _run(
    context: CommandContext, prepared: PreparedRequest, *, writes: bool
) -> tuple[channel.Reply | None, CommandContext]:
    """Runs the command within a part of the transaction. A refusal undoes that part and becomes the reply.

    Returns (reply, the context with which the command ran, in which a new chat is stored).
    """
    intent = prepared.intent
    if prepared.refusal is not None:
        return prepared.refusal(context), context
    if intent.needs_operator and not context.is_operator:
        return (reply_sender.to_destinations_only if intent.destination else reply_sender.operators_only)(
            context
        ), context
    try:
        with context.transaction.savepoint() if writes else context.transaction.read():
            stored = with_stored_chat(context) if intent.needs_manager else context
            return _run_command(stored, prepared, writes=writes), stored
    except errors.StoreError:
        raise  # the request is repeated when the database can be used
    except errors.PaperwireError as error:
        return refused(error, context.localizer, context.args), context


def _run_command(context: CommandContext, prepared: PreparedRequest, *, writes: bool) -> channel.Reply | None:
    """Runs the command.

    If the command writes, drops questions that are then obsolete, and decides whether a new chat is admitted.
    """
    if writes and not prepared.intent.keeps_question:
        asking.drop_passing_questions(context)
    reply = prepared.intent.run(context)
    if reply is not None and prepared.intent.replaces:
        reply = replace(reply, replaces=True)
    if writes:
        reply = admission.admit(context, reply)
    # The text was read as a command, but it could also have been the answer to an open question.
    waits = asking.reminder(context) if prepared.intent.is_in_words else ""
    return replace(reply, lines=(*reply.lines, waits)) if reply is not None and reply.lines and waits else reply


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


# --------------------------------------------------------------------------------------------------- handles a request

# A request is prepared and executed, and its stored reply is returned.


async def answer(deps: Dependencies, request: Request) -> StoredReply | None:
    """Handles a request and returns the stored reply.

    Returns None if the request was handled before or gets no reply. Raises StoreError.
    """
    prepared = await prepared_request.prepare(deps, request)
    if prepared is None:
        return None
    return await execute(deps, await proposals.with_proposal(deps, prepared))


async def answer_reading(deps: Dependencies, request: Request) -> ReplyDraft | None:
    """Returns the reply to a request that changes nothing, without storing it; None if it gets no reply.

    Raises Refused if the request would change something, or is not allowed. Raises StoreError.
    """
    prepared = await prepared_request.prepare(deps, request)
    may_ask = deps.encoder is not None
    while prepared is not None:
        try:
            ahead = await deps.store.run(_read_ahead, deps, prepared, may_ask=may_ask)
        except errors.Unencoded as lacking:
            may_ask = await is_encoded(deps.store, deps.encoder, lacking.texts)
            continue
        if not ahead.is_answered:
            raise errors.Refused(
                errors.Sentence("This would change something, and programs may only read."),
                errors.Sentence("Type it in the chat."),
            )
        return ahead.reply
    return None


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

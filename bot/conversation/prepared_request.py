"""Prepares a request: when its message is too old for an answer, over the limit or a button of others; reads what its command needs."""

import asyncio
import logging
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from math import ceil

from bot.commands import asking
from bot.commands.cards import pressed_token
from bot.commands.context import CommandContext, CommandFunction, Registry
from bot.commands.intent import Intent, understand
from bot.conversation import authorization, reply_sender
from bot.conversation.authorization import PreparedRequest
from bot.dependencies import Dependencies
from bot.ports.channel import Reply
from bot.ports.conversation import (
    CallbackRequest,
    MessageRequest,
    Request,
)
from bot.rendering.language import refused
from subscriptions import errors, model
from subscriptions.addresses import command_prefix
from subscriptions.service import conversation_state
from subscriptions.service.asked_papers import where_delivered
from subscriptions.store import chats, moving, updates
from subscriptions.store.database.store import Transaction, reads
from subscriptions.texts.cutting import cut_letters

log = logging.getLogger("paperwire")

MAX_MESSAGE_AGE = timedelta(days=1)  # an older message was written while the bot did not run, and gets no answer
_QUOTED = 80  # characters of a message that a reply quotes


async def prepare(deps: Dependencies, request: Request) -> PreparedRequest | None:
    """Returns the request with its intent, and with a refusal if its sender may not do that; None if it gets no reply."""
    conversation, now = deps.conversation, deps.clock.now()
    if isinstance(request, MessageRequest) and _is_too_old(request, now):
        return None
    if isinstance(request, MessageRequest) and request.direct_channel:
        await _move_home(deps, request)
    known = await deps.store.run(_read_known, deps, request)
    if known is None:
        return None
    request, token = known
    intent = understand(request, token, conversation.registry)
    if intent is None:
        return _answered_with(reply_sender.old_button, request) if isinstance(request, CallbackRequest) else None
    if intent.counts_to_limit and conversation.command_limits.is_person_over(request, deps.clock.monotonic()):
        return _over_limit(deps, request, intent)
    if api := deps.api_of(request.chat):
        request = await api.enrich(request, changes=intent.needs_manager)
    return await _authorized(deps, request, intent)


def _answered_with(run: CommandFunction, request: Request) -> PreparedRequest:
    """Returns the request with `run` in place of a command. It writes nothing."""
    return PreparedRequest(request=request, intent=Intent(run=run, writes=False), place=request.place)


@reads
def _read_known(
    transaction: Transaction, deps: Dependencies, request: Request
) -> tuple[Request, model.CallbackToken | None] | None:
    """Returns the request, its place the chat that its thread belongs to, and its token (`understand`).

    The token is that of its button, None if the sender may not use it; of a message, the question to its sender.
    Returns None for a request that took effect before.
    """
    here, now, registry = request.chat, deps.clock.now(), deps.conversation.registry
    token = None
    if updates.reply_to(transaction, here.platform, request.update_id) is not None:
        return None
    request = _with_home_chat(transaction, request, registry)
    if isinstance(request, CallbackRequest):
        token = _permitted_token(transaction, request, registry)
    elif isinstance(request, MessageRequest) and not request.command:
        place = conversation_state.known_or_new(transaction, request.chat, request.place.kind).address
        token = asking.question_to(transaction, place, request.sender, now)
    return request, token


def _is_too_old(request: MessageRequest, now: datetime) -> bool:
    if request.written_at is None or request.written_at >= now - MAX_MESSAGE_AGE:
        return False
    log.info("A message of %s is older than a day and was not answered.", request.written_at.isoformat())
    return True


async def _move_home(deps: Dependencies, request: MessageRequest) -> None:
    """Gives a chat that is stored under the id of a direct channel, since its person was not known, the id of its person."""
    prefix, _, _ = request.sender.rpartition("/")
    address = f"{prefix}/{request.direct_channel}" if prefix else request.direct_channel
    made = await deps.store.run(chats.find_chat, replace(request.chat, address=address, topic=""))
    if made is not None and made.address.address == address:
        await deps.store.run(moving.chat_moved, made.address, request.chat.address, now=deps.clock.now())


def _with_home_chat(transaction: Transaction, request: Request, registry: Registry) -> Request:
    """Returns the request; if its thread belongs to another stored chat, that chat becomes the place of the request."""
    if isinstance(request, CallbackRequest) and request.topic_is_unknown:
        request = _with_topic(transaction, request, registry)
    home = conversation_state.chat_of_thread(transaction, request.chat) if request.chat.topic else request.chat
    if home == request.chat:
        return request
    return replace(request, place=replace(request.place, chat=home), thread_id=request.chat.topic)


def _with_topic(transaction: Transaction, request: CallbackRequest, registry: Registry) -> CallbackRequest:
    """Returns the callback with the topic in which its button was posted, if that topic is stored."""
    token = pressed_token(transaction, request.callback_data, None, registry)
    place = token.place if token else None
    if token and not place and (delivery := token.arguments.get("delivery")):
        place = where_delivered(transaction, request.chat.lane, str(delivery))
    if place is None or place.lane != request.chat.lane:
        return request
    return replace(request, place=replace(request.place, chat=place))


def _permitted_token(
    transaction: Transaction, request: CallbackRequest, registry: Registry
) -> model.CallbackToken | None:
    """Returns the token of a button; None if this person may not press it in this chat. The callback data is untrusted."""
    token = pressed_token(transaction, request.callback_data, request.chat, registry)
    if token is None or token.person not in ("", request.sender):
        return None
    here = conversation_state.known_or_new(transaction, request.chat, request.place.kind).address
    # in a topic also what was posted there before it was stored, as words of the chat around it
    if token.place in (None, request.chat, here, replace(here, topic="")):
        return token
    return None


async def _authorized(deps: Dependencies, request: Request, intent: Intent) -> PreparedRequest:
    """Returns the prepared request, with a refusal if the sender may not do this or the file cannot be read."""
    api, limits = deps.api_of(request.chat), deps.conversation.command_limits
    chat_over = intent.counts_to_limit and limits.is_chat_over(request, deps.clock.monotonic())
    # admins of the chat may go on, so that others cannot lock them out
    if chat_over and not await authorization.administers(deps, request):
        return _over_limit(deps, request, intent)
    prepared = await authorization.authorize(deps, request, intent)
    file_id = request.file_id if isinstance(request, MessageRequest) else ""
    if prepared.refusal is None and file_id and api and intent.wants_file:
        try:
            async with deps.conversation.reading_files:
                data = await api.fetch(file_id, intent.wants_file.most)
                content = await asyncio.to_thread(intent.wants_file.read, data)
            prepared = replace(prepared, file=content)
        except errors.NotDelivered as error:
            refusal = reply_sender.refusing("The file cannot be read: {why}", why=str(error))
            prepared = replace(prepared, refusal=refusal)
        except errors.PaperwireError as error:
            prepared = replace(prepared, refusal=partial(_refused, error))
    return prepared


def _refused(error: errors.PaperwireError, context: CommandContext) -> Reply:
    return refused(error, context.localizer)


def _over_limit(deps: Dependencies, request: Request, intent: Intent) -> PreparedRequest:
    """Returns the request with the refusal of a command beyond the limit.

    Of several messages beyond the limit, only the first gets a reply. Every press of a button gets a reply.
    """
    limits, second = deps.conversation.command_limits, deps.clock.monotonic()
    told = isinstance(request, CallbackRequest) or limits.tells(request, second)

    def refusal(context: CommandContext) -> Reply | None:
        if told:
            return _too_many(context, ceil(limits.seconds_left(request, second)))
        return None

    return PreparedRequest(request=request, intent=intent, place=request.place, refusal=refusal, is_over_limit=True)


def _too_many(context: CommandContext, seconds: int) -> Reply:
    """Returns the reply to the first command beyond the limit of a minute. The reply quotes that command."""
    message, count = context.message, context.localizer.count
    if message is None:
        words = count(
            "That was a lot at once. I listen again in {count} second.",
            "That was a lot at once. I listen again in {count} seconds.",
            seconds,
        )
        return Reply(toast=words)
    before = command_prefix(message.chat) if message.command else ""
    typed = " ".join(f"{before}{message.command} {message.text}".split())
    words = count(
        "That was a lot at once. I did not read {message}, nor what comes in the next {count} second.",
        "That was a lot at once. I did not read {message}, nor what comes in the next {count} seconds.",
        seconds,
        message=f"“{cut_letters(typed, _QUOTED)}”" if typed else context.say("your file"),
    )
    return Reply(lines=(words,))

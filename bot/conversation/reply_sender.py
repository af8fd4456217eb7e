"""A reply on its way: posted for all or whispered to the asker, ahead of bulk, in the order in which it was asked for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from bot.context.dependencies import Context, ConversationContext
from bot.conversation.stored_reply import StoredReply
from bot.ports.channel import Channel
from bot.ports.conversation import PlatformApi
from bot.ports.reply import File
from subscriptions.errors import ChatGone, ChatMoved, NotDelivered, Rejected, RetryLater
from subscriptions.model import ChatAddress, Message
from subscriptions.service.chats import chat_moved, reply_is_over
from subscriptions.service.notices import lose_place

log = logging.getLogger("paperwire")

WAITED_FOR = 600.0  # seconds that a reply is worth waiting for
FIRST_WAIT = 1.0


async def send_reply(wire: Context, talk: ConversationContext, posting: StoredReply) -> None:
    """Posts a reply, ahead of bulk and after the replies before it. What cannot arrive is let go."""
    venue = talk.platform_apis.get(posting.chat.platform)
    if posting.callback_id and venue:
        await venue.acknowledge(posting.callback_id, posting.toast)
    if not await _show(talk, posting):
        posting = replace(posting, messages=posting.instead)
    async with talk.reply_locks.setdefault(posting.chat.lane, asyncio.Lock()):
        try:
            chat = posting.chat
            for number, message in enumerate(posting.messages):
                post = partial(_post, wire, venue, posting, message, first=number == 0)
                chat = await _with_retries(wire, chat, post, paced=not posting.is_ephemeral)
            if posting.replaces_ephemeral and not posting.is_ephemeral and venue:
                await _take_away(venue, posting)
            if posting.file and venue:
                await _with_retries(wire, chat, partial(_send_file, wire, talk, posting))
        except NotDelivered as error:
            log.warning("A reply did not arrive: %s", error.reason)
            await asyncio.to_thread(_follow, wire, posting.chat, error)
    await asyncio.to_thread(reply_is_over, wire.store, posting.chat.platform, posting.update)


async def _show(talk: ConversationContext, posting: StoredReply) -> bool:
    """Shows a form or a board, before anything else: what opens a form lasts three seconds. False: no form opened.

    What fails is let go otherwise; who fills a form in sees that it does not answer.
    """
    forms, person = talk.forms.get(posting.chat.platform), ChatAddress(posting.chat.platform, posting.person)
    if forms is None:
        return True
    try:
        if posting.modal and posting.view:
            await forms.update_modal(posting.chat, posting.view, posting.modal)
        elif posting.modal and posting.trigger_id:
            await forms.open_modal(posting.chat, posting.trigger_id, posting.modal)
        if posting.home_view:
            await forms.publish_home(person, posting.home_view)
    except NotDelivered as error:
        log.warning("A form or a page could not be shown: %s", error.reason)
        return not (posting.modal and posting.trigger_id and not posting.view)
    return True


async def _post(
    wire: Context,
    venue: PlatformApi | None,
    posting: StoredReply,
    message: Message,
    chat: ChatAddress,
    *,
    first: bool,
    plain: bool,
) -> None:
    channel = wire.channels[chat.platform]
    if venue is not None and posting.is_ephemeral:
        await _post_ephemeral(venue, posting, message, chat, replaces=posting.replaces_ephemeral and first, plain=plain)
        return
    try:
        if posting.replaces and first and await _replaced(channel, posting, message, chat, plain=plain):
            return
        update, thread = f"reply{posting.update}", posting.thread or None
        await channel.post(chat, message, delivery=update, thread=thread, plain=plain)
    except ChatGone as gone:
        if venue is None or not posting.response_url:
            raise
        await asyncio.to_thread(_follow, wire, chat, gone)
        await _post_ephemeral(
            venue, posting, message, chat, replaces=False, plain=plain
        )  # whoever asked is answered anyway


async def _replaced(
    channel: Channel, posting: StoredReply, message: Message, chat: ChatAddress, *, plain: bool
) -> bool:
    """Whether a message took the place of another; False: that one is gone, or cannot be changed any more."""
    try:
        await channel.edit(chat, posting.replaces, message, plain=plain)
    except Rejected as error:
        if error.form and not plain:
            raise
        return False
    return True


async def _post_ephemeral(
    venue: PlatformApi, posting: StoredReply, message: Message | None, chat: ChatAddress, *, replaces: bool, plain: bool
) -> None:
    place = replace(chat, topic=posting.thread) if posting.thread else chat
    await venue.post_ephemeral(
        place, posting.person, message, response_url=posting.response_url, replaces=replaces, plain=plain
    )


async def _take_away(venue: PlatformApi, posting: StoredReply) -> None:
    """What one person saw is out of date, now that all see what came of it."""
    with suppress(NotDelivered):
        await _post_ephemeral(venue, posting, None, posting.chat, replaces=True, plain=False)


async def _send_file(
    wire: Context, talk: ConversationContext, posting: StoredReply, chat: ChatAddress, *, plain: bool
) -> None:
    """A file that only one person is to see goes into their direct messages."""
    del wire, plain
    assert posting.file is not None  # noqa: S101 - the caller looked
    to = ChatAddress(chat.platform, posting.person) if posting.is_ephemeral else chat
    await talk.platform_apis[chat.platform].send_file(to, File(name=posting.file[0], text=posting.file[1]))


async def _with_retries(
    wire: Context, chat: ChatAddress, post: Callable[..., Awaitable[None]], *, paced: bool = True
) -> ChatAddress:
    """Posts once its turn has come, again when the platform asks to wait, to the new address when the chat moved.

    What is not `paced` is no message that the platform counts.
    """
    began, wait, plain = wire.clock.monotonic(), FIRST_WAIT, False
    while True:
        if paced:
            await _reply_lock(wire, chat)
            wire.rate_limiter.record_send(chat.lane, wire.clock.monotonic())
        try:
            await post(chat, plain=plain)
        except RetryLater as later:
            seconds = later.after.total_seconds() or wait
            if wire.clock.monotonic() + seconds - began > WAITED_FOR or wire.is_stopping():
                raise
            if later.after:
                now = wire.clock.monotonic()
                wire.rate_limiter.pause(chat.lane, now + seconds, now)
            await wire.clock.sleep(seconds)
            wait *= 2
        except ChatMoved as moved:
            await asyncio.to_thread(chat_moved, wire.store, chat, moved.address, now=wire.clock.now())
            chat = replace(chat, address=moved.address)
        except Rejected as error:
            if plain or not error.form:
                raise
            plain = True
        else:
            return chat


async def _reply_lock(wire: Context, chat: ChatAddress) -> None:
    """Waits until one more message of the lane and of the token may go, before everything that is not a reply."""
    while (wait := wire.rate_limiter.ready_at(chat.lane, now := wire.clock.monotonic(), urgent=True) - now) > 0:
        await wire.clock.sleep(wait)
    wait = await wire.engine.reserve(chat.platform, urgent=True) - wire.clock.monotonic()
    if wait > 0:
        await wire.clock.sleep(wait)


def _follow(wire: Context, chat: ChatAddress, outcome: NotDelivered) -> None:
    """What follows for the chat when nobody may write there any more."""
    if isinstance(outcome, ChatGone):
        topic, now = outcome.scope == "topic", wire.clock.now()
        lose_place(wire.store, chat, outcome.reason, topic=topic, reason=outcome.pause_reason, now=now)


async def speak(wire: Context, posting: StoredReply) -> None:
    """Posts a reply that was stored."""
    if wire.conversation is not None:
        await send_reply(wire, wire.conversation, posting)

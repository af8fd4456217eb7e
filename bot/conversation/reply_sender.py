"""Posts replies: in which order, for how long one is tried, when one is an edit.

They are posted before all waiting deliveries.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from typing import Any

from bot.app import App
from bot.conversation.drafts import RenderedReply
from bot.counters import post_counted
from bot.messages import File, reply_delivery
from bot.platforms.base import Listener, Platform
from bot.tasks import retry_until_stored
from subscriptions.chats.stored import conversations
from subscriptions.chats.stored.records import chat_moved
from subscriptions.model import ChatAddress, Message
from subscriptions.outbox.unreachable import pause_unreachable
from subscriptions.outcomes import ChatGone, ChatMoved, NotDelivered, Rejected, RetryLater

log = logging.getLogger("paperwire")
MAX_WAIT = 600.0  # seconds after which a reply is given up
FIRST_BACKOFF = 1.0


def reserve_slot(app: App, chat: ChatAddress) -> AbstractAsyncContextManager[Any]:
    """Return the turn to post in a chat: one after another, in the order in which the turns were taken.

    A page shows replies by itself, so nothing holds them up there.
    """
    return nullcontext() if _is_on_page(app, chat) else app.pace.posting(chat.lane)


async def send_reply(app: App, reply: RenderedReply) -> None:
    """Post a reply when it is its turn. If it cannot be delivered, logs that and gives up."""
    await acknowledge(app, reply)
    async with reserve_slot(app, reply.chat):
        await send_now(app, reply)


async def acknowledge(app: App, reply: RenderedReply) -> None:
    """Acknowledge the pressed button, if the reply is to one. This waits for no turn."""
    if reply.callback_id and (api := app.listener_of(reply.chat)):
        await api.acknowledge(reply.callback_id, reply.toast)


async def send_now(app: App, reply: RenderedReply) -> None:
    """Post a reply, whose turn it is, and note its update as answered. Give up like `send_reply`."""
    try:
        await _send_content(app, reply)
    except NotDelivered as error:
        log.warning("A reply did not arrive: %s", error.reason, extra={"chat": str(reply.chat)})
        if not reply.is_ephemeral:  # otherwise it may be its reader who is gone, not the chat
            await _record_loss(app, reply.chat, error)
    if reply.update:
        await retry_until_stored(
            app.clock, lambda: app.store.confirm(conversations.mark_answered, reply.platform, reply.update)
        )


async def _send_content(app: App, reply: RenderedReply) -> None:
    """Send the messages of a reply in their order, then its file. Raise NotDelivered."""
    chat, api = reply.chat, app.listener_of(reply.chat)
    is_limited = not (reply.is_ephemeral or _is_on_page(app, chat))
    for number, message in enumerate(reply.messages):
        post = partial(_post, app, reply, message, is_first=number == 0)
        chat = await _with_retries(app, chat, post, is_limited=is_limited)
    if api and reply.replaces_ephemeral and not reply.is_ephemeral:
        with suppress(NotDelivered):  # removes the ephemeral message, because the reply was posted for everyone
            await _post_ephemeral(api, reply, None, reply.chat, replaces=True, plain=False)
    if api and reply.file:
        await _with_retries(app, chat, partial(_send_file, api, reply, reply.file))


def _is_on_page(app: App, chat: ChatAddress) -> bool:
    channel = app.platforms.get(chat.platform)
    return channel is not None and channel.facts.replies_in_page


async def _post(
    app: App,
    reply: RenderedReply,
    message: Message,
    chat: ChatAddress,
    *,
    is_first: bool,
    plain: bool,
) -> None:
    """Post one message of a reply, or edits the message that the reply replaces. Raise NotDelivered."""
    api, channel = app.listener_of(chat), app.platforms[chat.platform]
    if api is not None and reply.is_ephemeral:
        await _post_ephemeral(api, reply, message, chat, replaces=reply.replaces_ephemeral and is_first, plain=plain)
        return
    try:
        if reply.replaces and is_first and await _edit(channel, reply, message, chat, plain=plain):
            return
        delivery = reply_delivery(reply.update)
        await channel.post(chat, message, delivery=delivery, thread=reply.thread or None, plain=plain)
    except ChatGone as gone:
        if api is None or not reply.response_url:
            raise
        await _record_loss(app, chat, gone)
        await _post_ephemeral(api, reply, message, chat, replaces=False, plain=plain)  # the sender still gets the reply


async def _edit(channel: Platform, reply: RenderedReply, message: Message, chat: ChatAddress, *, plain: bool) -> bool:
    """Edit the message that the reply replaces. Return False if that message is gone or can no longer be edited."""
    try:
        await channel.edit(chat, reply.replaces, message, plain=plain)
    except Rejected as error:
        if error.form and not plain:
            raise
        return False
    return True


async def _post_ephemeral(
    api: Listener,
    reply: RenderedReply,
    message: Message | None,
    chat: ChatAddress,
    *,
    replaces: bool,
    plain: bool,
) -> None:
    await api.post_ephemeral(
        _place(reply, chat), reply.person, message, response_url=reply.response_url, replaces=replaces, plain=plain
    )


async def _send_file(api: Listener, reply: RenderedReply, file: File, chat: ChatAddress, *, plain: bool) -> None:
    """Send a document; if only the sender may see it, privately."""
    del plain
    if reply.is_ephemeral:
        await api.send_file_privately(_place(reply, chat), reply.person, file)
    else:
        await api.send_file(chat, file)


def _place(reply: RenderedReply, chat: ChatAddress) -> ChatAddress:
    """Return the chat, or its thread to which the reply belongs."""
    if reply.thread:
        return replace(chat, topic=reply.thread)
    return chat


async def _with_retries(
    app: App, chat: ChatAddress, post: Callable[..., Awaitable[None]], *, is_limited: bool = True
) -> ChatAddress:
    """Call `post` within the rate limit. Return the address to which it posted.

    `post` is called again after a wait that the platform demands. `post` is called with plain text if the platform
    refuses the markup, and with the new address if the chat has moved. `is_limited`: the message counts towards the
    platform's rate limit. Raise NotDelivered.
    """
    began, backoff, plain = app.clock.monotonic(), FIRST_BACKOFF, False
    while True:
        if is_limited:
            await app.pace.slot(chat.lane, urgent=True)
        try:
            with post_counted(chat.platform, "reply"):
                await post(chat, plain=plain)
        except (RetryLater, ChatGone) as later:
            asked = later.after.total_seconds() if isinstance(later, RetryLater) else 0
            seconds, is_over = asked or backoff, isinstance(later, ChatGone) and not later.in_doubt
            if is_over or app.clock.monotonic() + seconds - began > MAX_WAIT or app.stop.is_set():
                raise
            if asked:
                app.pace.pause(chat.lane, seconds)
            await app.clock.sleep(seconds)
            backoff *= 2
        except ChatMoved as moved:
            await retry_until_stored(
                app.clock, partial(app.store.share, chat_moved, chat, moved.address, now=app.clock.now())
            )
            chat = replace(chat, address=moved.address)
        except Rejected as error:
            if plain or not error.form:
                raise
            plain = True
        else:
            return chat


async def _record_loss(app: App, chat: ChatAddress, outcome: NotDelivered) -> None:
    """If the reply was not delivered because the chat or topic is surely gone, records that it is gone."""
    if isinstance(outcome, ChatGone) and not outcome.in_doubt:
        is_topic, reason, now = outcome.scope == "topic", outcome.pause_reason, app.clock.now()
        pause = partial(pause_unreachable, topic=is_topic, reason=reason, now=now)
        await retry_until_stored(app.clock, lambda: app.store.share(pause, chat, outcome.reason))

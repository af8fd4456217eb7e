"""Sends stored replies: in which order, for how long, when one is an edit; the refusals of old buttons, the reply if our code fails.

For the refused requests, no command runs. Replies are sent before all waiting deliveries. In each lane,
they are sent in the order of the requests.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial

from pydantic import TypeAdapter

from bot.commands.context import CommandContext, CommandFunction
from bot.delivery.lane_sender import measured
from bot.dependencies import Dependencies
from bot.dependencies.until_stored import until_stored
from bot.ports import channel as channels
from bot.ports import conversation
from subscriptions import errors, model
from subscriptions.service.notices import pause_unreachable
from subscriptions.store import updates
from subscriptions.store.moving import chat_moved

log = logging.getLogger("paperwire")
MAX_WAIT = 600.0  # seconds after which a reply is given up
FIRST_BACKOFF = 1.0


def refusing(sentence: str, /, **values: object) -> CommandFunction:
    """Returns a function that refuses in place of a command: with a toast for a button, otherwise with one line.

    Only the sender sees the refusal.
    """

    def refuse(context: CommandContext) -> channels.Reply:
        words = context.say(sentence, **values)
        if isinstance(context.request, conversation.CallbackRequest):
            return channels.Reply(toast=words)
        return channels.Reply(lines=(words,), ok=False, is_ephemeral=True)

    return refuse


def internal_error(context: CommandContext) -> channels.Reply | None:
    """Returns the reply to a request on which our code failed; None if the message was not meant for the bot."""
    message = context.message
    if message is not None and not message.is_addressed and not message.command:
        return None
    refuse = refusing("Something went wrong here; nothing was changed. Say it another way, or tell the operator.")
    return refuse(context)


old_button = refusing("This button does not work any more, or not for you.")
operators_only = refusing("Only the operator of this bot can do that.")
to_destinations_only = refusing(
    "Only the operator of this bot sends papers there. To look for these words, put them in quotation marks."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReply:
    """A rendered reply and where it goes. Its JSON is stored, so that any process can post it."""

    update: str  # the platform's id of the update that the reply answers
    chat: model.ChatAddress
    messages: tuple[model.Message, ...] = ()
    replaces: str = ""  # the platform's id of the message that the first of `messages` replaces
    callback_id: str = ""  # the platform's id of the callback that must be acknowledged
    toast: str = ""  # a few words that are shown with the acknowledgement
    file: channels.File | None = None  # a document that is sent after the messages
    thread: str = ""  # the platform's id of the message in whose thread the reply goes
    is_ephemeral: bool = False  # only `person` sees it
    person: str = ""  # the platform's id of the sender of the request
    response_url: str = ""  # a URL to which replies to the request can be posted
    replaces_ephemeral: bool = False  # the reply replaces a message that only `person` sees

    def to_json(self) -> str:
        """Returns the reply as JSON, which `from_json` reads."""
        return _STORED.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "StoredReply":
        """Returns the reply from JSON that `to_json` wrote."""
        return _STORED.validate_json(text)


_STORED = TypeAdapter(StoredReply)


async def send_reply(deps: Dependencies, reply: StoredReply) -> None:
    """Sends a stored reply. If it cannot be delivered, logs that and gives up."""
    api = deps.api_of(reply.chat)
    if reply.callback_id and api:
        await api.acknowledge(reply.callback_id, reply.toast)
    async with nullcontext() if _is_on_page(deps, reply) else deps.pace.posting(reply.chat.lane):
        if await until_stored(deps, updates.is_reply_finished, reply.chat.platform, reply.update):
            return  # its chat was erased meanwhile
        try:
            await _send_content(deps, api, reply)
        except errors.NotDelivered as error:
            log.warning("A reply did not arrive: %s", error.reason, extra={"chat": str(reply.chat)})
            await _record_loss(deps, reply.chat, error)
        await until_stored(deps, updates.finish_reply, reply.chat.platform, reply.update)


async def _send_content(deps: Dependencies, api: conversation.PlatformApi | None, reply: StoredReply) -> None:
    """Sends the messages of a reply in their order, then its file. Raises NotDelivered."""
    chat = reply.chat
    for number, message in enumerate(reply.messages):
        post = partial(_post, deps, api, reply, message, is_first=number == 0)
        is_limited = not (reply.is_ephemeral or _is_on_page(deps, reply))
        chat = await _with_retries(deps, chat, post, is_limited=is_limited)
    if api and reply.replaces_ephemeral and not reply.is_ephemeral:
        with suppress(errors.NotDelivered):  # removes the ephemeral message, because the reply was posted for everyone
            await _post_ephemeral(api, reply, None, reply.chat, replaces=True, plain=False)
    if api and reply.file:
        await _with_retries(deps, chat, partial(_send_file, api, reply, reply.file))


def _is_on_page(deps: Dependencies, reply: StoredReply) -> bool:
    channel = deps.channels.get(reply.chat.platform)
    return channel is not None and channel.answers_on_page


async def _post(
    deps: Dependencies,
    api: conversation.PlatformApi | None,
    reply: StoredReply,
    message: model.Message,
    chat: model.ChatAddress,
    *,
    is_first: bool,
    plain: bool,
) -> None:
    """Posts one message of a reply, or edits the message that the reply replaces. Raises NotDelivered."""
    if api is not None and reply.is_ephemeral:
        await _post_ephemeral(api, reply, message, chat, replaces=reply.replaces_ephemeral and is_first, plain=plain)
        return
    channel = deps.channels[chat.platform]
    try:
        if reply.replaces and is_first and await _edit(channel, reply, message, chat, plain=plain):
            return
        delivery, thread = conversation.reply_delivery(reply.update), reply.thread or None
        await channel.post(chat, message, delivery=delivery, thread=thread, plain=plain)
    except errors.ChatGone as gone:
        if api is None or not reply.response_url:
            raise
        await _record_loss(deps, chat, gone)
        await _post_ephemeral(api, reply, message, chat, replaces=False, plain=plain)  # the sender still gets the reply


async def _edit(
    channel: channels.Channel, reply: StoredReply, message: model.Message, chat: model.ChatAddress, *, plain: bool
) -> bool:
    """Edits the message that the reply replaces. Returns False if that message is gone or can no longer be edited."""
    try:
        await channel.edit(chat, reply.replaces, message, plain=plain)
    except errors.Rejected as error:
        if error.form and not plain:
            raise
        return False
    return True


async def _post_ephemeral(
    api: conversation.PlatformApi,
    reply: StoredReply,
    message: model.Message | None,
    chat: model.ChatAddress,
    *,
    replaces: bool,
    plain: bool,
) -> None:
    await api.post_ephemeral(
        _place(reply, chat), reply.person, message, response_url=reply.response_url, replaces=replaces, plain=plain
    )


async def _send_file(
    api: conversation.PlatformApi, reply: StoredReply, file: channels.File, chat: model.ChatAddress, *, plain: bool
) -> None:
    """Sends a document; if only the sender may see it, privately."""
    del plain
    if reply.is_ephemeral:
        await api.send_file_privately(_place(reply, chat), reply.person, file)
    else:
        await api.send_file(chat, file)


def _place(reply: StoredReply, chat: model.ChatAddress) -> model.ChatAddress:
    """Returns the chat, or its thread to which the reply belongs."""
    if reply.thread:
        return replace(chat, topic=reply.thread)
    return chat


async def _with_retries(
    deps: Dependencies, chat: model.ChatAddress, post: Callable[..., Awaitable[None]], *, is_limited: bool = True
) -> model.ChatAddress:
    """Calls `post` within the rate limit. Returns the address to which it posted.

    `post` is called again after a wait that the platform demands. `post` is called with plain text if the platform
    refuses the markup, and with the new address if the chat has moved. `is_limited`: the message counts towards the
    platform's rate limit. Raises NotDelivered.
    """
    began, backoff, plain = deps.clock.monotonic(), FIRST_BACKOFF, False
    while True:
        if is_limited:
            await deps.pace.slot(chat.lane, urgent=True)
        try:
            with measured(deps, chat.platform, "reply"):
                await post(chat, plain=plain)
        except errors.RetryLater as later:
            seconds = later.after.total_seconds() or backoff
            if deps.clock.monotonic() + seconds - began > MAX_WAIT or deps.is_stopping():
                raise
            if later.after:
                deps.pace.pause(chat.lane, seconds)
            await deps.clock.sleep(seconds)
            backoff *= 2
        except errors.ChatMoved as moved:
            await until_stored(deps, chat_moved, chat, moved.address, now=deps.clock.now())
            chat = replace(chat, address=moved.address)
        except errors.Rejected as error:
            if plain or not error.form:
                raise
            plain = True
        else:
            return chat


async def _record_loss(deps: Dependencies, chat: model.ChatAddress, outcome: errors.NotDelivered) -> None:
    """If the reply was not delivered because the chat or topic is gone, records that it is gone."""
    if isinstance(outcome, errors.ChatGone):
        is_topic, reason, now = outcome.scope == "topic", outcome.pause_reason, deps.clock.now()
        await until_stored(deps, pause_unreachable, chat, outcome.reason, topic=is_topic, reason=reason, now=now)

"""Decides who sees a reply. On a platform with ephemeral messages: the sender alone, unless subscriptions changed."""

from dataclasses import replace

from bot.commands.core.context import CommandContext
from bot.commands.papers.paper_lookup import LOOKUP_EVENT
from bot.ports.conversation import EventRequest, PlatformApi
from bot.ports.reply import Reply
from subscriptions.model import ChatKind


def is_ephemeral(context: CommandContext, reply: Reply, platform_api: PlatformApi | None, *, changed: bool) -> bool:
    """Returns whether only the sender sees the reply. `changed`: the request changed the chat's subscriptions."""
    request = context.request
    if platform_api is None or not platform_api.has_ephemeral or not request.sender or reply.target_chat is not None:
        return False
    if isinstance(request, EventRequest) and not (
        request.trigger_id or request.event == LOOKUP_EVENT
    ):  # an event that no person caused to get an answer
        return False
    if request.place.is_outside:
        return True
    return request.place.kind is not ChatKind.PRIVATE and (reply.is_ephemeral or not changed)


def without_toast(reply: Reply) -> Reply:
    """Returns the reply for a platform that shows no toasts. The toast becomes a message if the reply posts no other."""
    if not reply.toast or reply.lines or reply.items or reply.delivery or reply.code:
        return replace(reply, toast="")
    return replace(reply, lines=(reply.toast,), toast="", replaces=False)


def with_invitation(context: CommandContext, reply: Reply) -> Reply:
    """Returns the reply with a line that tells how to invite the bot, if the bot is not in the channel of the request."""
    if not context.request.place.is_outside or context.request.place.kind is ChatKind.PRIVATE:
        return reply
    name = context.bot_info.bot_names.get(context.request.chat.platform, "paperwire")
    words = context.say(
        "I am not in this channel, so I cannot post here yet. To let me in: {command}", command=f"/invite @{name}"
    )
    return replace(reply, lines=(*reply.lines, words))

"""Who sees an answer: where the platform can whisper, the asker alone, unless what the chat asks for has changed."""

from dataclasses import replace

from bot.commands.core.context import CommandContext
from bot.commands.papers.paper_lookup import LOOKUP_EVENT
from bot.ports.conversation import EventRequest, PlatformApi
from bot.ports.reply import Reply
from subscriptions.model import ChatKind


def is_ephemeral(context: CommandContext, reply: Reply, platform_api: PlatformApi | None, *, changed: bool) -> bool:
    """Whether only the asker sees the reply. `changed`: what the chat asks for is not what it was."""
    request = context.request
    if platform_api is None or not platform_api.has_ephemeral or not request.sender or reply.target_chat is not None:
        return False
    if isinstance(request, EventRequest) and not (
        request.trigger_id or request.event == LOOKUP_EVENT
    ):  # nobody did it to be answered
        return False
    if request.place.is_outside:
        return True
    return request.place.kind is not ChatKind.PRIVATE and (reply.is_ephemeral or not changed)


def without_toast(reply: Reply) -> Reply:
    """The reply where no words can be shown at a pressed button: they are a message, unless there is one anyway."""
    if not reply.toast or reply.lines or reply.items or reply.delivery or reply.code:
        return replace(reply, toast="")
    return replace(reply, lines=(reply.toast,), toast="", replaces=False)


def with_invitation(context: CommandContext, reply: Reply) -> Reply:
    """Where the bot is not in the channel that asked for something, the reply says how it comes in."""
    if not context.request.place.is_outside or context.request.place.kind is ChatKind.PRIVATE:
        return reply
    name = context.bot_info.bot_names.get(context.request.chat.platform, "paperwire")
    words = context.say(
        "I am not in this channel, so I cannot post here yet. To let me in: {command}", command=f"/invite @{name}"
    )
    return replace(reply, lines=(*reply.lines, words))

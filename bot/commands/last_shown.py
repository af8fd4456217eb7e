"""A paper that a message may refer to without its name: one that was delivered."""

from collections.abc import Sequence

from bot.commands.context import CommandContext
from subscriptions import model
from subscriptions.service import why_not
from subscriptions.service.paper_search import papers_named
from subscriptions.store.deliveries import DeliveredPaper


def paper_meant(context: CommandContext, names: Sequence[str]) -> model.KnownPaper | None:
    """Returns the first of the named papers; without names, the result of `paper_delivered`.

    None if there is no such paper.
    """
    if names:
        return papers_named(context.transaction, names[:1]).get(names[0])
    found = paper_delivered(context)
    if found:
        return found.item.paper
    return None


def paper_delivered(context: CommandContext) -> DeliveredPaper | None:
    """Returns the paper of the message that the sender replied to; without a reply, the last delivered paper."""
    replied_to = context.message.reply_to if context.message else ""
    if context.chat.id:
        return why_not.last_delivered(context.transaction, context.chat, message=replied_to)
    return None

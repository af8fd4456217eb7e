"""What a message may refer to without its name: the papers and buttons that were shown last, a paper that was delivered."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.commands.context import CommandContext
from subscriptions import model
from subscriptions.service import chat_status, known_papers
from subscriptions.service.paper_search import papers_named
from subscriptions.store import conversations
from subscriptions.store import known_papers as stored_known_papers
from subscriptions.store.deliveries import DeliveredPaper

WITHIN = timedelta(minutes=15)  # a text cannot refer to a reply that is older than this


def last_buttons(context: CommandContext) -> tuple[model.CallbackToken, ...]:
    """Finds the last reply with buttons in this chat. Returns those of its buttons that the sender may press."""
    since = context.now - WITHIN
    found = conversations.last_callbacks(context.transaction, str(context.origin.address), since=since)
    return tuple(token for token in found if token.person in ("", context.request.sender))


def papers_shown(context: CommandContext) -> Mapping[int, model.KnownPaper]:
    """Returns {number: paper} of the last reply with buttons; if there is none, of the last delivery."""
    buttons = last_buttons(context)
    numbers = {int(one.arguments["number"]): int(one.arguments["paper"]) for one in buttons if one.verb == "card"}
    if not buttons and context.chat.id:
        numbers = known_papers.last_papers(context.transaction, context.chat)
    known = stored_known_papers.stored_papers(context.transaction, list(numbers.values()))
    return {number: known[paper] for number, paper in sorted(numbers.items()) if paper in known}


def paper_meant(context: CommandContext, names: Sequence[str]) -> model.KnownPaper | None:
    """Returns the first of the named papers; without names, the result of `paper_delivered`.

    None if there is no such paper.
    """
    if names:
        return papers_named(context.transaction, names[:1]).get(names[0])
    found = paper_delivered(context)
    return found.item.paper if found else None


def paper_delivered(context: CommandContext) -> DeliveredPaper | None:
    """Returns the paper of the message that the sender replied to; without a reply, the last delivered paper."""
    replied_to = context.message.reply_to if context.message else ""
    return (
        chat_status.last_delivered(context.transaction, context.chat, message=replied_to) if context.chat.id else None
    )

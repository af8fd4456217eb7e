"""What a message may refer to without its name: the buttons of the last answer, its papers by their numbers, the last delivery."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.commands.core.context import CommandContext
from subscriptions.model import CallbackToken, KnownPaper
from subscriptions.service.papers.hold_reasons import last_delivered
from subscriptions.service.papers.known_papers import last_papers
from subscriptions.service.papers.paper_search import papers_named
from subscriptions.store.conversations import last_callbacks
from subscriptions.store.outbox.deliveries import DeliveredPaper
from subscriptions.store.papers.known_papers import stored_papers

WITHIN = timedelta(minutes=15)  # an older answer is not referred to


def last_buttons(context: CommandContext) -> tuple[CallbackToken, ...]:
    """Returns the buttons of the last answer in this chat that had some, if the sender may press them."""
    since = context.now - WITHIN
    found = last_callbacks(context.store, str(context.origin.address), since=since)
    return tuple(token for token in found if token.person in ("", context.request.sender))


def papers_shown(context: CommandContext) -> Mapping[int, KnownPaper]:
    """Returns the papers that the chat was shown last, by their numbers: in the last answer, else in the last delivery."""
    buttons = last_buttons(context)
    numbers = {int(one.arguments["number"]): int(one.arguments["paper"]) for one in buttons if one.verb == "card"}
    if not buttons and context.chat.id:
        numbers = last_papers(context.store, context.chat)
    known = stored_papers(context.store, list(numbers.values()))
    return {number: known[paper] for number, paper in sorted(numbers.items()) if paper in known}


def paper_meant(context: CommandContext, names: Sequence[str]) -> KnownPaper | None:
    """Returns the first paper that is named, by id or DOI; without names the last one that was delivered."""
    if names:
        return papers_named(context.store, names[:1]).get(names[0])
    found = paper_delivered(context)
    return found.item.paper if found else None


def paper_delivered(context: CommandContext) -> DeliveredPaper | None:
    """Returns the paper of the message that this one replies to, else the last one that was delivered."""
    replied_to = context.message.reply_to if context.message else ""
    return last_delivered(context.store, context.chat, message=replied_to) if context.chat.id else None

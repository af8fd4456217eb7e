"""Why a paper was delivered to a chat, or was not."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from subscriptions.errors import QueryError
from subscriptions.matching.hits import unfulfilled_parts
from subscriptions.model import Announce, Chat, KnownPaper, Subscription
from subscriptions.query.nearness import asked_beside
from subscriptions.query.parsing.parse import parse_canonical
from subscriptions.query.syntax import Node, Query
from subscriptions.states import ChatState, SubscriptionState
from subscriptions.store import Transaction, reads
from subscriptions.store.chat import subscriptions as stored_subscriptions
from subscriptions.store.outbox import deliveries
from subscriptions.store.outbox.deliveries import DeliveredPaper
from subscriptions.store.papers import announcing


class HoldReason(StrEnum):
    """What keeps a subscription from delivering a paper."""

    WORDS = "words"  # the query does not fit it
    REPLACEMENT = "replacement"  # only a new version of it came, which is not announced
    ARCHIVE = "archive"  # it was too old to be news when it came, so it was filed
    CROSSLIST = "crosslist"  # the chat wants no cross-lists
    OLDER = "older"  # it came before the papers that the subscription began with
    PASSED = "passed"  # the subscription looked at it before the query or the settings changed
    PAUSED = "paused"  # the subscription is paused
    CHAT = "chat"  # the chat is paused, or waits to be let in
    TIME = "time"  # nothing: it comes with the next delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why one subscription did not bring a paper."""

    subscription: Subscription
    hold_reason: HoldReason
    query: Query  # as parsed
    failing: tuple[Node, ...] = ()  # the parts of it that the paper does not fit, as typed
    due: datetime | None = None  # when it is to come; None: as soon as papers are sent
    about: bool = False  # `due` is the first of two times (when-out)


@reads
def last_delivered(transaction: Transaction, chat: Chat, *, message: str = "") -> DeliveredPaper | None:
    """The paper that was delivered to this chat last, or the first one of the message with this id of the platform's."""
    paper = next(iter(deliveries.papers_in_message(transaction, chat.id, message)), None) if message else None
    paper = paper or next(iter(deliveries.last_delivered(transaction, chat.id).values()), None)
    return deliveries.deliveries_of(transaction, chat.id, paper) if paper else None


@reads
def reasons(transaction: Transaction, chat: Chat, known: KnownPaper, *, now: datetime) -> tuple[Reason, ...]:
    """Why a paper was not delivered to this chat, for each of its subscriptions: the nearest to a match first."""
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
    found = [_reason(transaction, chat, subscription, known, now) for subscription in subscriptions]
    return tuple(sorted(found, key=_distance))


def _distance(reason: Reason) -> tuple[bool, int, int]:
    return reason.hold_reason is HoldReason.WORDS, len(reason.failing), reason.subscription.number


def _reason(
    transaction: Transaction, chat: Chat, subscription: Subscription, known: KnownPaper, now: datetime
) -> Reason:
    query = _as_typed(subscription)
    lacking = unfulfilled_parts(query, known.paper)
    keeps = HoldReason.WORDS if lacking else _keeps(transaction, chat, subscription, known)
    timed = keeps is HoldReason.TIME and subscription.next_due_at is not None
    return Reason(
        subscription=subscription,
        hold_reason=keeps,
        query=query,
        failing=lacking,
        due=max(subscription.next_due_at, now) if timed and subscription.next_due_at else None,
        about=subscription.cadence.kind == "when-out",
    )


def _as_typed(subscription: Subscription) -> Query:
    """The query as typed; if that means something else by today's grammar, the stored canonical query."""
    try:
        query: Query | None = asked_beside(subscription.text, (subscription.canonical,))
    except QueryError:
        query = None
    return query if query and query.canonical == subscription.canonical else parse_canonical(subscription.canonical)


def _keeps(transaction: Transaction, chat: Chat, subscription: Subscription, known: KnownPaper) -> HoldReason:
    """What keeps a subscription from delivering a paper that it matches."""
    if known.sequence is None or known.sequenced_at is None:
        return (
            HoldReason.ARCHIVE
            if announcing.unannounced(transaction, announcing.of_paper(known.id))
            else HoldReason.REPLACEMENT
        )
    if chat.settings.crosslists == "out" and known.paper.announce_type is Announce.CROSS:
        return HoldReason.CROSSLIST
    if known.sequence <= subscription.cursor:
        return HoldReason.OLDER if known.sequenced_at < subscription.since else HoldReason.PASSED
    if chat.state is not ChatState.ACTIVE:
        return HoldReason.CHAT
    return HoldReason.PAUSED if subscription.state is not SubscriptionState.ACTIVE else HoldReason.TIME

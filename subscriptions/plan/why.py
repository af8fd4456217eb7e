"""What people ask about papers that a chat got, or did not get: where one went, what brought it, what kept it away."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from subscriptions import errors
from subscriptions.chats import known as known_chats
from subscriptions.chats.stored import access as access_rows
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import subscriptions as stored_subscriptions
from subscriptions.database.store import Transaction
from subscriptions.matching.paper_index import matching_papers
from subscriptions.matching.reasons import unfulfilled_parts
from subscriptions.model import Announce, Chat, ChatAddress, Item, Lane, MatchReason, StoredPaper, Subscription
from subscriptions.outbox.stored import deliveries as stored_deliveries
from subscriptions.papers.similarity import with_known_vectors
from subscriptions.papers.stored import digests as stored_digests
from subscriptions.papers.stored import papers as known_papers
from subscriptions.papers.stored.feedback import owned
from subscriptions.plan.plan import evidence_by, stored_queries
from subscriptions.query import parse
from subscriptions.query.tree import Node, Query

MOST_IN_FEED = 100  # papers in a feed


def where_delivered(transaction: Transaction, lane: Lane, delivery: str) -> ChatAddress | None:
    """Return the chat of a lane that got a delivery (a group, or one of its topics); None if none of them got it."""
    chats = stored_chats.chats_in(transaction, lane)
    delivered = (
        chat.address for chat in chats if stored_deliveries.delivered_items(transaction, chat.id, delivery, position=0)
    )
    return next(delivered, None)


def as_item(transaction: Transaction, chat: Chat, known: StoredPaper) -> Item:
    """Return a paper as it was delivered to this chat; if it was not, with the subscriptions that match it now."""
    delivered = stored_deliveries.deliveries_of(transaction, chat.id, known.id)
    if delivered is not None:
        return delivered.item
    subscriptions = stored_subscriptions.subscriptions_in(transaction, chat.id)
    return Item(paper=known, because=_fitting(transaction, subscriptions, known), position=0)


def subscriptions_behind(transaction: Transaction, chat: Chat, item: Item) -> tuple[Subscription, ...]:
    """Return the subscriptions that delivered a paper, as they are now. Removed ones are left out."""
    numbers = [because.number for because in item.because]
    subscriptions = stored_subscriptions.subscriptions_in(transaction, chat.id)
    found = {subscription.number: subscription for subscription in subscriptions}
    return tuple(found[number] for number in dict.fromkeys(numbers) if number in found)


def _fitting(
    transaction: Transaction, subscriptions: Sequence[Subscription], known: StoredPaper
) -> tuple[MatchReason, ...]:
    queries = stored_queries(transaction, [one.canonical for one in subscriptions])
    evidence = evidence_by(queries)
    return tuple(
        MatchReason(number=one.number, text=one.text, name=one.name, words=evidence(one.canonical, known).words)
        for one in subscriptions
        if matching_papers(queries[one.canonical], [known.paper])
    )


class HoldReason(StrEnum):
    """A reason why a subscription does not deliver a paper."""

    WORDS = "words"  # the query does not match the paper
    REPLACEMENT = "replacement"  # only a new version of the paper came; new versions are not announced
    ARCHIVE = "archive"  # the paper was too old to be news when it came, so it was stored without being announced
    CROSSLIST = "crosslist"  # the chat wants no cross-lists
    OLDER = "older"  # the paper came before the moment from which the subscription wants papers
    LIBRARY = "library"  # the chat's library has the paper
    PASSED = "passed"  # the subscription is past the paper: it looked when its query or the chat was another, or a person skipped it
    PAUSED = "paused"  # the subscription is paused
    CHAT = "chat"  # the chat is paused or waits for admission
    TIME = "time"  # nothing prevents it: the paper comes with the next delivery


class Reason(NamedTuple):
    """Why a subscription did not deliver a paper."""

    subscription: Subscription
    hold_reason: HoldReason
    query: Query  # the subscription's query
    failing: tuple[Node, ...] = ()  # the parts of the query that the paper does not match, as typed
    due: datetime | None = None  # when the paper will come; None: as soon as papers are sent
    about: bool = False  # `due` is only the earliest moment (when-out)


def last_delivered(
    transaction: Transaction, chat: Chat, *, message: str = ""
) -> stored_deliveries.DeliveredPaper | None:
    """Return the first paper in the message with the platform id `message`.

    If no message of the chat has this id, or if the message shows no paper, returns the chat's last delivered paper;
    None if the chat has got no paper.
    """
    paper = stored_deliveries.last_paper(transaction, chat.id, message=message)
    return stored_deliveries.deliveries_of(transaction, chat.id, paper) if paper else None


def reasons(transaction: Transaction, chat: Chat, known: StoredPaper, *, now: datetime) -> tuple[Reason, ...]:
    """Return, for each subscription of a chat, why it did not deliver a paper. Those nearest to a match come first."""
    subscriptions = stored_subscriptions.subscriptions_in(transaction, chat.id)
    found = [_reason(transaction, chat, subscription, known, now) for subscription in subscriptions]
    return tuple(sorted(found, key=_distance))


def _distance(reason: Reason) -> tuple[bool, int, int]:
    return reason.hold_reason is HoldReason.WORDS, len(reason.failing), reason.subscription.number


def _reason(
    transaction: Transaction, chat: Chat, subscription: Subscription, known: StoredPaper, now: datetime
) -> Reason:
    query = with_known_vectors(transaction, _as_typed(subscription))
    lacking = unfulfilled_parts(query, known.paper)
    keeps = HoldReason.WORDS if lacking else _keeps(transaction, chat, subscription, known)
    due = None
    if keeps is HoldReason.TIME and subscription.next_due_at is not None:
        due = max(subscription.next_due_at, now)
    return Reason(
        subscription=subscription,
        hold_reason=keeps,
        query=query,
        failing=lacking,
        due=due,
        about=subscription.cadence.kind == "when-out",
    )


def _as_typed(subscription: Subscription) -> Query:
    """Return the query as typed. If this version reads the text differently, returns the stored canonical query."""
    try:
        query: Query | None = parse.parse_query(subscription.text, subscription.chat_id)
    except errors.QueryError:
        query = None
    if query and query.canonical == subscription.canonical:
        return query
    return parse.parse_canonical(subscription.canonical)


def _keeps(transaction: Transaction, chat: Chat, subscription: Subscription, known: StoredPaper) -> HoldReason:
    """Return why a subscription does not deliver a paper that its query matches."""
    if known.sequence is None or known.sequenced_at is None:
        unannounced = stored_digests.unannounced(transaction, paper=known.id)
        return HoldReason.ARCHIVE if unannounced else HoldReason.REPLACEMENT
    if owned(transaction, [chat.id], [known.id]).get(chat.id):
        return HoldReason.LIBRARY
    is_cross = known.paper.announce_type is Announce.CROSS
    if chat.settings.crosslists == "out" and is_cross and known.sequence_as_new <= subscription.cursor:
        return HoldReason.CROSSLIST
    if known.sequence <= subscription.cursor:
        return HoldReason.OLDER if known.sequenced_at < subscription.since else HoldReason.PASSED
    if not chat.is_active:
        return HoldReason.CHAT
    return HoldReason.TIME if subscription.is_active else HoldReason.PAUSED


class SentPapers(NamedTuple):
    """The newest papers that a chat was sent."""

    chat: Chat
    begun: datetime  # when the chat got the key of its feed
    papers: Sequence[tuple[StoredPaper, datetime]]  # with the moment when each was sent, newest delivery first


def sent_papers(transaction: Transaction, key: str) -> SentPapers | None:
    """Return the papers of the chat whose feed has this key; None for any other text."""
    chat = access_rows.chat_of_key(transaction, key)
    if chat is None or (begun := access_rows.key_made_at(transaction, chat.id)) is None:
        return None
    sent = stored_deliveries.newest_sent(transaction, chat.id, MOST_IN_FEED)
    known = known_papers.stored_papers(transaction, [paper for paper, _ in sent])
    return SentPapers(chat=chat, begun=begun, papers=[(known[paper], at) for paper, at in sent])


def papers_sent(transaction: Transaction, address: ChatAddress, *, since: datetime) -> tuple[StoredPaper, ...]:
    """Return the papers that a chat was sent from `since` on, in the order of sending.

    Raise NotFound.
    """
    chat = known_chats.get_chat(transaction, address)
    ids = stored_deliveries.sent_since(transaction, chat.id, since)
    known = known_papers.stored_papers(transaction, ids)
    return tuple(known[paper_id] for paper_id in ids)

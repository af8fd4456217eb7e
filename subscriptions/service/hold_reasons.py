"""Why a paper did not come to a chat: held, lost, or left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from subscriptions.errors import QueryError
from subscriptions.matching.batch import match
from subscriptions.matching.hits import unfulfilled_parts
from subscriptions.matching.paper_index import PaperIndex, TokenizedPapers
from subscriptions.matching.query_set import QuerySet
from subscriptions.model import Announce, Chat, KnownPaper, Subscription
from subscriptions.planning import receipts
from subscriptions.planning.cadence import local_moment
from subscriptions.query import Node, Query
from subscriptions.query.parse import asked_beside, parse_canonical
from subscriptions.states import ChatState, SubscriptionState
from subscriptions.store import deliveries, drafts, known_papers, retention, sources
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.chats import all_chats
from subscriptions.store.database.store import Transaction, reads
from subscriptions.store.deliveries import DeliveredPaper
from subscriptions.store.drafts import Came, came_now
from subscriptions.store.signals import owned
from subscriptions.zones import zone


class HoldReason(StrEnum):
    """A reason why a subscription does not deliver a paper."""

    WORDS = "words"  # the query does not fit it
    REPLACEMENT = "replacement"  # only a new version of it came, which is not announced
    ARCHIVE = "archive"  # it was too old to be news when it came, so it was filed
    CROSSLIST = "crosslist"  # the chat wants no cross-lists
    OLDER = "older"  # it came before the papers that the subscription began with
    LIBRARY = "library"  # the chat's library has it
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
    """Returns why a subscription does not deliver a paper that it matches."""
    if known.sequence is None or known.sequenced_at is None:
        return (
            HoldReason.ARCHIVE if drafts.unannounced(transaction, drafts.of_paper(known.id)) else HoldReason.REPLACEMENT
        )
    if owned(transaction, [chat.id], [known.id]).get(chat.id):
        return HoldReason.LIBRARY
    if chat.settings.crosslists == "out" and known.paper.announce_type is Announce.CROSS:
        return HoldReason.CROSSLIST
    if known.sequence <= subscription.cursor:
        return HoldReason.OLDER if known.sequenced_at < subscription.since else HoldReason.PASSED
    if chat.state is not ChatState.ACTIVE:
        return HoldReason.CHAT
    return HoldReason.PAUSED if subscription.state is not SubscriptionState.ACTIVE else HoldReason.TIME


# -------------------------------------------------------------------------------------------------------------- losses


SLICE = 1000  # chats whose subscriptions are matched at a time


def came(transaction: Transaction, arrival: receipts.Arrival, source: str, now: datetime) -> Came:
    """Tells of each paper of a digest that is being stored when it came, if that counts as before a loss."""
    loss = retention.last_loss(transaction)
    if loss is None or arrival.requested:
        return came_now
    lost_at = loss.lost_at
    if arrival.completes:  # what the lost database knew of a paper it had completed, too
        return lambda seen_at, before: before or (seen_at if seen_at <= lost_at else None)
    found = receipts.came_before(loss, arrival, _day(transaction, arrival.day, source), now)
    return lambda _, __: found


def _day(transaction: Transaction, day: date | None, source: str) -> receipts.Day | None:
    if day is None:
        return None
    local = zone(transaction.zone)
    opens, ends = (local_moment(of, time(0), local) for of in (day, day + timedelta(days=1)))
    expected = sources.expected_on(transaction, transaction.schedules, source, day, (opens, ends))
    return receipts.Day(opens=expected or opens, ends=ends)


def starting_point(transaction: Transaction, since: datetime) -> tuple[datetime, datetime | None]:
    """From when a new subscription takes papers, and what of them counts as sent: nothing from before a loss comes again.

    The chat may have had the same subscription in the lost database.
    """
    loss = retention.last_loss(transaction)
    return (since, None) if loss is None else (max(since, loss.lost_at), loss.lost_at)


def note_loss(transaction: Transaction, loss: receipts.Loss) -> None:
    """Stores a loss, and for each subscription of the copy up to when it had delivered what had come before the loss."""
    retention.put_loss(transaction, loss)
    for page in all_chats(transaction, zone=transaction.zone):
        chats = {chat.id: chat for chat in page}
        found = stored_subscriptions.subscriptions_of(transaction, list(chats))
        subscriptions = [subscription for of_chat in found.values() for subscription in of_chat]
        moments = {s.id: receipts.counted_until(s, chats[s.chat_id], loss) for s in subscriptions}
        retention.count_until(transaction, moments)


def count_read_again(transaction: Transaction, after: int) -> int:
    """Counts the papers with a sequence above `after` as sent that came before the loss; returns how many these are."""
    papers = known_papers.window(transaction, after, known_papers.last_sequence(transaction))
    again = [(paper, paper.came_at) for paper in papers if paper.came_at is not None]
    _count(transaction, again)
    return len(again)


def count_known(transaction: Transaction) -> None:
    """Counts the papers of a restored copy as sent that had come when subscriptions delivered last before the loss."""
    after = retention.lowest_cursor_that_counts(transaction)
    if after is not None:
        papers = known_papers.window(transaction, after, known_papers.last_sequence(transaction))
        _count(transaction, [(paper, at) for paper in papers if (at := paper.came_at or paper.sequenced_at)])


def _count(transaction: Transaction, papers: Sequence[tuple[KnownPaper, datetime]]) -> None:
    """Stores papers as delivered to a chat if one of its subscriptions would have delivered them before the loss."""
    if not papers:
        return
    index = PaperIndex(TokenizedPapers.of(paper.paper for paper, _ in papers))
    chats = retention.chats_that_count(transaction, min(at for _, at in papers))
    for start in range(0, len(chats), SLICE):
        found = stored_subscriptions.subscriptions_of(transaction, chats[start : start + SLICE])
        counting = [s for subscriptions in found.values() for s in subscriptions if s.counted_until is not None]
        retention.count_as_delivered(transaction, _told(counting, papers, index))


def _told(
    subscriptions: Sequence[Subscription],
    papers: Sequence[tuple[KnownPaper, datetime]],
    index: PaperIndex,
) -> Iterator[tuple[int, int]]:
    """Yields (chat, paper) for the papers that count as sent for these subscriptions."""
    fits = _fits({s.canonical for s in subscriptions}, index)
    for subscription in subscriptions:
        until = subscription.counted_until
        for position in index.positions(fits[subscription.canonical]):
            paper, at = papers[position]
            if until is not None and at <= until and (paper.sequence or 0) > subscription.cursor:
                yield subscription.chat_id, paper.id


def _fits(canonicals: set[str], index: PaperIndex) -> Mapping[str, int]:
    """Canonical text → the papers that it matches, as a set."""
    asked = QuerySet()
    handles = {canonical: asked.add(parse_canonical(canonical)) for canonical in canonicals}
    bits = match(asked, index)
    return {canonical: bits.get(handle, 0) for canonical, handle in handles.items()}

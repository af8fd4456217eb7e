"""After a loss of the database: papers that came before it count as sent (rule 13)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from subscriptions.matching import paper_index
from subscriptions.model import KnownPaper, Subscription
from subscriptions.planning import counted_as_sent
from subscriptions.planning.cadence import local_moment
from subscriptions.service.plan_inputs import vectors_of, with_vectors
from subscriptions.store import (
    drafts,
    known_papers,
    losses,
    paper_sequence,
    sources,
)
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.chats import all_chats
from subscriptions.store.database.store import Transaction
from subscriptions.zones import zone

SLICE = 1000  # chats whose subscriptions are matched together


def came(transaction: Transaction, arrival: counted_as_sent.Arrival, source: str, now: datetime) -> drafts.Came | None:
    """Returns a function that tells when a paper of this digest came, if it counts as sent because of a loss; None: none does."""
    loss = losses.last_loss(transaction)
    if loss is None or arrival.requested:
        return None
    lost_at = loss.lost_at
    # This digest only adds missing values. It had added those of papers that were known before the loss.
    if arrival.completes:
        return lambda seen_at, before: before or (seen_at if seen_at <= lost_at else None)
    found = counted_as_sent.came_before(loss, arrival, _day(transaction, arrival.day, source), now)
    return lambda _, __: found


def _day(transaction: Transaction, day: date | None, source: str) -> counted_as_sent.Day | None:
    if day is None:
        return None
    local = zone(transaction.zone)
    opens, ends = (local_moment(of, time(0), local) for of in (day, day + timedelta(days=1)))
    expected = sources.expected_on(transaction, transaction.schedules, source, day, (opens, ends))
    return counted_as_sent.Day(opens=expected or opens, ends=ends)


def starting_point(transaction: Transaction, since: datetime) -> tuple[datetime, datetime | None]:
    """Returns `since` and `counted_until` of a new subscription. After a loss, papers from before the loss are not sent.

    The reason: the chat may have had the same subscription in the lost database, and got these papers.
    """
    loss = losses.last_loss(transaction)
    if loss is None:
        return (since, None)
    return (max(since, loss.lost_at), loss.lost_at)


def note_loss(transaction: Transaction, loss: counted_as_sent.Loss) -> None:
    """Stores a loss, and for each subscription of the restored copy the moment until which its papers count as sent."""
    losses.put_loss(transaction, loss)
    for page in all_chats(transaction):
        chats = {chat.id: chat for chat in page}
        found = stored_subscriptions.subscriptions_of(transaction, list(chats))
        subscriptions = [subscription for of_chat in found.values() for subscription in of_chat]
        moments = {s.id: counted_as_sent.counted_until(s, chats[s.chat_id], loss) for s in subscriptions}
        losses.count_until(transaction, moments)


def count_read_again(transaction: Transaction, after: int) -> int:
    """Stores papers with a sequence above `after` as sent if they came before the loss.

    Returns how many papers these are.
    """
    papers = known_papers.window(transaction, after, paper_sequence.last_sequence(transaction))
    again = [(paper, paper.came_at) for paper in papers if paper.came_at is not None]
    _count(transaction, again)
    return len(again)


def count_known(transaction: Transaction) -> None:
    """Stores papers of a restored copy as sent to a chat if its subscriptions delivered them before the loss."""
    after = losses.lowest_cursor_that_counts(transaction)
    if after is not None:
        papers = known_papers.window(transaction, after, paper_sequence.last_sequence(transaction))
        _count(transaction, [(paper, at) for paper in papers if (at := paper.came_at or paper.sequenced_at)])


def _count(transaction: Transaction, papers: Sequence[tuple[KnownPaper, datetime]]) -> None:
    """Stores papers as delivered to each chat that has a subscription that would have delivered them before the loss."""
    if not papers:
        return
    index = paper_index.PaperIndex(paper_index.TokenizedPapers.of(paper.paper for paper, _ in papers))
    chats = losses.chats_that_count(transaction, min(at for _, at in papers))
    for start in range(0, len(chats), SLICE):
        found = stored_subscriptions.subscriptions_of(transaction, chats[start : start + SLICE])
        counting = [s for subscriptions in found.values() for s in subscriptions if s.counted_until is not None]
        losses.count_as_delivered(transaction, _told(transaction, counting, papers, index))


def _told(
    transaction: Transaction,
    subscriptions: Sequence[Subscription],
    papers: Sequence[tuple[KnownPaper, datetime]],
    index: paper_index.PaperIndex,
) -> Iterator[tuple[int, int]]:
    """Yields (chat, paper) for the papers that count as sent for these subscriptions."""
    fits = _fits(transaction, {s.canonical for s in subscriptions}, index)
    for subscription in subscriptions:
        until = subscription.counted_until
        for position in index.positions(fits[subscription.canonical]):
            paper, at = papers[position]
            if until is not None and at <= until and (paper.sequence or 0) > subscription.cursor:
                yield subscription.chat_id, paper.id


def _fits(transaction: Transaction, canonicals: set[str], index: paper_index.PaperIndex) -> Mapping[str, int]:
    """Returns canonical text → the set of the papers that it matches."""
    vectors = vectors_of(transaction, canonicals)
    return {canonical: index.found_by(with_vectors(canonical, vectors)) for canonical in canonicals}

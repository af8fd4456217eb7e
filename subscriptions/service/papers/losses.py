"""Counts papers as sent that came before the database was lost and are read again (docs/architecture.md, rule 13)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from subscriptions.matching.batch import match
from subscriptions.matching.paper_index import PaperIndex
from subscriptions.matching.query_set import QuerySet
from subscriptions.matching.tokenized_papers import TokenizedPapers
from subscriptions.model import KnownPaper, Subscription
from subscriptions.planning.cadence import local_moment
from subscriptions.planning.losses import Arrival, Day, Loss, came_before, counted_until
from subscriptions.query.parsing.parse import parse_canonical
from subscriptions.store import Transaction, losses, sources
from subscriptions.store.chat import subscriptions as stored_subscriptions
from subscriptions.store.chat.chats import all_chats
from subscriptions.store.papers import known_papers
from subscriptions.store.papers.announcing import Came, came_now
from subscriptions.zones import zone

SLICE = 1000  # chats whose subscriptions are matched at a time


def came(transaction: Transaction, arrival: Arrival, source: str, now: datetime) -> Came:
    """Tells of each paper of a digest that is being stored when it came, if that counts as before a loss."""
    loss = losses.last_loss(transaction)
    if loss is None or arrival.requested:
        return came_now
    lost_at = loss.lost_at
    if arrival.completes:  # what the lost database knew of a paper it had completed, too
        return lambda seen_at, before: before or (seen_at if seen_at <= lost_at else None)
    found = came_before(loss, arrival, _day(transaction, arrival.day, source), now)
    return lambda _, __: found


def _day(transaction: Transaction, day: date | None, source: str) -> Day | None:
    if day is None:
        return None
    local = zone(transaction.zone)
    opens, ends = (local_moment(of, time(0), local) for of in (day, day + timedelta(days=1)))
    expected = sources.expected_on(transaction, transaction.schedules, source, day, (opens, ends))
    return Day(opens=expected or opens, ends=ends)


def starting_point(transaction: Transaction, since: datetime) -> tuple[datetime, datetime | None]:
    """From when a new subscription takes papers, and what of them counts as sent: nothing from before a loss comes again.

    The chat may have had the same subscription in the lost database.
    """
    loss = losses.last_loss(transaction)
    return (since, None) if loss is None else (max(since, loss.lost_at), loss.lost_at)


def note_loss(transaction: Transaction, loss: Loss) -> None:
    """Stores a loss, and for each subscription of the copy up to when it had delivered what had come before the loss."""
    losses.put_loss(transaction, loss)
    for page in all_chats(transaction, zone=transaction.zone):
        chats = {chat.id: chat for chat in page}
        found = stored_subscriptions.subscriptions_of(transaction, list(chats))
        subscriptions = [subscription for of_chat in found.values() for subscription in of_chat]
        moments = {s.id: counted_until(s, chats[s.chat_id], loss) for s in subscriptions}
        losses.count_until(transaction, moments)


def count_read_again(transaction: Transaction, after: int) -> int:
    """Counts the papers with a sequence above `after` as sent that came before the loss; returns how many these are."""
    papers = known_papers.window(transaction, after, known_papers.last_sequence(transaction))
    again = [(paper, paper.came_at) for paper in papers if paper.came_at is not None]
    _count(transaction, again)
    return len(again)


def count_known(transaction: Transaction) -> None:
    """Counts the papers of a restored copy as sent that had come when subscriptions delivered last before the loss."""
    after = losses.lowest_cursor_that_counts(transaction)
    if after is not None:
        papers = known_papers.window(transaction, after, known_papers.last_sequence(transaction))
        _count(transaction, [(paper, at) for paper in papers if (at := paper.came_at or paper.sequenced_at)])


def _count(transaction: Transaction, papers: Sequence[tuple[KnownPaper, datetime]]) -> None:
    """Stores papers as delivered to a chat if one of its subscriptions would have delivered them before the loss."""
    if not papers:
        return
    index = PaperIndex(TokenizedPapers.of(paper.paper for paper, _ in papers))
    chats = losses.chats_that_count(transaction, min(at for _, at in papers))
    for start in range(0, len(chats), SLICE):
        found = stored_subscriptions.subscriptions_of(transaction, chats[start : start + SLICE])
        counting = [s for subscriptions in found.values() for s in subscriptions if s.counted_until is not None]
        losses.count_as_delivered(transaction, _told(counting, papers, index))


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

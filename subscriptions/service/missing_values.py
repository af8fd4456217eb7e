"""Papers whose missing values arXiv is asked for."""

from datetime import datetime

from subscriptions.store import (
    incomplete_papers,
)
from subscriptions.store.database.store import Scope, Transaction, writes


def claim_incomplete(
    store: Scope, *, now: datetime, ids: int, titles: int
) -> tuple[incomplete_papers.IncompletePaper, ...]:
    """Claims papers to look up at arXiv: at most `ids` papers with an arXiv id and `titles` papers without an id.

    Each claim counts as a request. So no other process requests the same papers, and no paper is requested for ever.
    """
    if incomplete_papers.may_be_asked(store, now=now):
        return _claim_incomplete(store, now, ids, titles)
    return ()


@writes
def _claim_incomplete(
    transaction: Transaction, now: datetime, ids: int, titles: int
) -> tuple[incomplete_papers.IncompletePaper, ...]:
    incomplete_papers.hold_asked(transaction)
    may = incomplete_papers.may_be_asked(transaction, now=now)
    with_id = [paper for paper in may if paper.arxiv_id]
    without = [paper for paper in may if not paper.arxiv_id]
    taken = (*with_id[:ids], *without[:titles])
    incomplete_papers.note_asked(transaction, [paper.id for paper in taken], now=now)
    return taken

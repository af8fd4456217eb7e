"""Rounds of questions about kept papers: which papers are in the next one, and what the last one brought."""

from datetime import datetime
from typing import NamedTuple

from subscriptions.planning.kept_rounds import following_round, next_round
from subscriptions.planning.receipts import Receipt
from subscriptions.service import retention
from subscriptions.store import asked_papers, stored_sources
from subscriptions.store.asked_papers import AskedPaper
from subscriptions.store.database.store import Transaction, reads, writes

ASK = "ask"  # the daily work


class Round(NamedTuple):
    """The papers about which services are asked."""

    papers: tuple[AskedPaper, ...]
    upto: int  # the paper up to which the turns have come afterwards


@writes
def claim(transaction: Transaction, *, now: datetime) -> bool:
    """Claim the round of the day. Return False if it is not due."""
    return retention.claim(transaction, ASK, now=now, until=following_round(now))


@reads
def planned(transaction: Transaction, *, now: datetime) -> Round:
    """Return the next round: papers that were just kept, then those that were replaced, then those whose turn it is."""
    kept = asked_papers.kept_since(transaction, now=now)
    at, upto = asked_papers.last_round(transaction)
    new = sorted(paper for paper, since in kept.items() if at is None or since > at)
    replaced = asked_papers.replaced_since(transaction, kept, at) if at else ()
    papers, upto = next_round(kept, (*new, *replaced), upto)
    return Round(asked_papers.named(transaction, papers), upto)


@writes
def note(transaction: Transaction, receipt: Receipt, upto: int, *, is_answered: bool) -> None:
    """Store what a round brought. If nobody answered, its papers are in the next round, too."""
    stored_sources.note_poll(transaction, receipt, stored_sources.SourceState(), {})
    if is_answered:
        asked_papers.note_round(transaction, receipt.at, upto)

"""Papers that came incomplete, for which arXiv is asked."""

from collections.abc import Iterable
from datetime import datetime

from subscriptions.store import Scope
from subscriptions.store.papers import enrichment
from subscriptions.store.papers.enrichment import Asked, IncompletePaper


def claim_incomplete(store: Scope, *, now: datetime, ids: int, titles: int) -> tuple[IncompletePaper, ...]:
    """Claims papers to ask arXiv about: at most `ids` with an arXiv id and `titles` without one.

    They count as asked about from then on, so that no other process asks about them, and none is asked about without
    end.
    """
    with store.read() as transaction:
        found = enrichment.may_be_asked(
            enrichment.incomplete_papers(transaction, now=now), enrichment.asked(transaction), now
        )
    if not found:
        return ()
    with store.write() as transaction:
        enrichment.hold_asked(transaction)
        all_lacking, before = enrichment.incomplete_papers(transaction, now=now), enrichment.asked(transaction)
        may = enrichment.may_be_asked(all_lacking, before, now)
        taken = [paper for paper in may if paper.arxiv_id][:ids]
        taken += [paper for paper in may if not paper.arxiv_id][:titles]
        now_asked = {paper.id: Asked((before[paper.id].times if paper.id in before else 0) + 1, now) for paper in taken}
        kept = {paper.id: before[paper.id] for paper in all_lacking if paper.id in before}
        enrichment.note_asked(transaction, kept | now_asked)
    return tuple(taken)


def give_back(store: Scope, papers: Iterable[IncompletePaper]) -> None:
    """Frees papers that were not asked about after all: they may be claimed at once."""
    with store.write() as transaction:
        enrichment.hold_asked(transaction)
        before = enrichment.asked(transaction)
        for paper in papers:
            one = before.pop(paper.id, None)
            if one is not None and one.times > 1:
                before[paper.id] = Asked(one.times - 1, one.last - enrichment.AGAIN_AFTER)
        enrichment.note_asked(transaction, before)

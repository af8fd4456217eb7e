"""Stored papers, by id, by sequence (rule 1), or the newest ones."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.database.bot_state import LAST_SEQUENCE
from subscriptions.database.columns import AnyRow, from_stored
from subscriptions.database.store import Transaction, execute, grouped, rows_of
from subscriptions.database.tables import PaperKeyRow, PaperRow, PaperValues, tables
from subscriptions.identity import versioned
from subscriptions.life import PaperFacts
from subscriptions.model import Announce, ModelSummary, Paper, StoredPaper, Summary, Translation
from subscriptions.papers.stored import embeddings as meanings
from subscriptions.papers.stored import llm_requests as model_requests

# Each plan and each rendering executes these statements, so they are built only once.
_papers, _appearances, _digests, _values = tables("paper", "appearance", "digest", "key_value")
_p, _a, _d = _papers.c, _appearances.c, _digests.c
_NEWEST_DIGEST = sa.select(sa.func.max(_d.id))
# With "+ 0", SQLite uses the index of `sequenced_at`, and reads only the papers since the instant. Without it, SQLite
# would search all papers, beginning with the oldest.
_SINCE = sa.select(sa.func.min(_p.sequence + 0), LAST_SEQUENCE.scalar_subquery()).where(
    _p.sequenced_at >= sa.bindparam("instant")
)
_SOURCES = sa.select(_a.paper, _d.source).join_from(_appearances, _digests, _d.id == _a.digest).distinct()
_PaperRow = PaperValues | AnyRow


def paper_count(transaction: Transaction) -> int:
    """Return the number of stored papers."""
    return transaction.exec(select(sa.func.count()).select_from(PaperRow)).one()


def sequenced_since(transaction: Transaction, since: datetime, upto: int) -> dict[datetime, int]:
    """Return moment → number of papers that were announced then, for those after `since` with sequence <= upto."""
    announced = _p.sequence > sequence_before(transaction, since), _p.sequence <= upto
    wanted = sa.select(_p.sequenced_at, sa.func.count().label("papers")).where(*announced).group_by(_p.sequenced_at)
    return {row.sequenced_at: row.papers for row in execute(transaction, wanted)}


def first_paper_at(transaction: Transaction) -> datetime | None:
    """Return when the first paper came; None if there are no papers."""
    return transaction.exec(select(_p.first_seen_at).order_by(_p.id).limit(1)).first()


def papers_with_keys(transaction: Transaction, keys: Sequence[str]) -> dict[str, int]:
    """Return key → paper id for these arXiv ids, DOIs or keys. Unknown keys are left out."""
    asked = {stored: key for key in keys for stored in (key, f"doi:{versioned(key).doi}", f"doi:{key}")}
    rows = transaction.exec(select(PaperKeyRow.key, PaperKeyRow.paper).where(col(PaperKeyRow.key).in_(asked)))
    return {asked[stored]: paper for stored, paper in rows}


def newest_digest(transaction: Transaction) -> int:
    """Return the id of the newest digest; 0 if there is none. As long as it stays the same, no paper has changed."""
    return execute(transaction, _NEWEST_DIGEST).scalar() or 0


def sequence_before(transaction: Transaction, instant: datetime) -> int:
    """Return the highest sequence below all those that were assigned at `instant` or later.

    If the clock was set back, some higher sequences may have been assigned before `instant`, too.
    """
    first, last = execute(transaction, _SINCE, {"instant": instant}).one()
    return int(last or 0) if first is None else first - 1


def window(transaction: Transaction, after: int, upto: int) -> tuple[StoredPaper, ...]:
    """Return the papers with after < sequence <= upto, in the order of their sequences."""
    wanted = sa.select(_papers).where(_p.sequence > after, _p.sequence <= upto).order_by(_p.sequence)
    return known_papers(transaction, execute(transaction, wanted).all())


def stored_papers(transaction: Transaction, ids: Sequence[int]) -> dict[int, StoredPaper]:
    """Return id → paper for these ids."""
    rows = list(rows_of(transaction, _papers, _p.id, ids))
    return {paper.id: paper for paper in known_papers(transaction, rows)}


def known_papers(transaction: Transaction, rows: Sequence[_PaperRow]) -> tuple[StoredPaper, ...]:
    """Return the papers of these rows, with their summaries, translations, sources and codes."""
    ids = [row.id for row in rows]
    sources = grouped((paper, source) for paper, source in rows_of(transaction, _SOURCES, _a.paper, ids))
    codes = dict(meanings.each_code(transaction, ids))
    by_model = model_requests.summaries_of(transaction, ids)
    return tuple(
        known_paper(
            row,
            sources.get(row.id, []),
            by_model=by_model.get(row.id, ()),
            meaning=codes.get(row.id, b""),
        )
        for row in rows
    )


def known_paper(
    row: _PaperRow,
    sources: list[str],
    *,
    by_model: tuple[ModelSummary, ...] = (),
    meaning: bytes = b"",
) -> StoredPaper:
    """Return the paper of one row with its summaries, translations, sources and codes."""
    paper = Paper(
        key=row.key,
        title=row.title,
        abstract=row.abstract,
        authors=tuple(row.authors),
        categories=tuple(row.categories),
        primary=row.primary,
        arxiv_id=row.arxiv_id,
        doi=row.doi,
        version=row.version,
        url=row.url,
        announce_type=Announce.CROSS if row.cross else None,
        summaries=tuple(Summary(language=code, fields=texts) for code, texts in sorted(row.summaries.items())),
        translations=tuple(Translation(language=code, **texts) for code, texts in sorted(row.translations.items())),
        comment=row.comment,
        venue=row.venue,
        published=row.published,
        facts=from_stored(PaperFacts, row.facts),
        sources=tuple(sorted(sources)),
        by_model=by_model,
        meaning=meaning,
    )
    return StoredPaper(
        id=row.id,
        paper=paper,
        sequence=row.sequence,
        sequenced_at=row.sequenced_at,
        first_seen_at=row.first_seen_at,
        day=row.day,
        new_sequence=row.new_sequence,
    )

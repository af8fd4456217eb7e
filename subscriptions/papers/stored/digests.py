"""Stores digests with their papers, and announces papers, sometimes long after they were stored (rules 1 and 12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import sqlalchemy as sa

from subscriptions.database import bot_state
from subscriptions.database.store import Transaction, execute
from subscriptions.database.tables import DigestRow, SourceRow, tables
from subscriptions.matching.full_text import index_document
from subscriptions.model import SAMPLES, Digest
from subscriptions.papers.stored import embeddings as meanings
from subscriptions.papers.stored import merging
from subscriptions.papers.stored import words as paper_words
from subscriptions.papers.stored.batch import PaperBatch
from subscriptions.papers.stored.merging import REPLACEMENTS
from subscriptions.sources.stored import add_name

_appearances, _digests, _papers = tables("appearance", "digest", "paper")
_a, _d, _p = _appearances.c, _digests.c, _papers.c
_other = _appearances.alias()
_AS_NEW = sa.exists().where(_other.c.paper == _a.paper, _other.c.kind.in_(("", "new")))
_UNANNOUNCED = (
    sa.select(_a.paper, ~_AS_NEW, _d.date)
    .join(_digests, _d.id == _a.digest)
    .join(_papers, _p.id == _a.paper)
    .where(_p.sequence.is_(None), _a.kind.not_in([kind.value for kind in REPLACEMENTS]))
    .order_by(_d.date, _d.id, _a.paper)
)
_NARROWED = {"source": _d.source, "digest": _d.content_hash, "paper": _a.paper}


def drop_samples(transaction: Transaction) -> None:
    """Remove the samples: their papers, with all that belongs to these, and their digests."""
    samples = execute(transaction, sa.select(_d.id).where(_d.source == SAMPLES)).scalars().all()
    if samples:
        papers = sa.select(_a.paper).where(_a.digest.in_(samples))
        execute(transaction, sa.delete(_papers).where(_p.id.in_(papers)))
        execute(transaction, sa.delete(_digests).where(_d.id.in_(samples)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """The result of an ingest: numbers of papers, and whether the digest was already stored."""

    already_known: bool = False
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    archive: bool = False  # the digest is an archive, so its papers are not announced
    archived: int = 0  # number of papers of the digest that are not announced
    announced: int = 0  # number of papers that were stored earlier and that a person announces now
    revised: int = 0  # number of papers that were stored earlier in an older version

    def plus(self, part: "Ingested") -> "Ingested":
        """Return the result of this ingest and of that of a further part of the same document."""
        names = ("new", "updated", "unchanged", "archived", "announced", "revised")
        amounts = {name: getattr(self, name) + getattr(part, name) for name in names}
        return Ingested(already_known=part.already_known, archive=self.archive or part.archive, **amounts)


def add_digest(transaction: Transaction, digest: Digest, batch: PaperBatch) -> Ingested:
    """Store a digest with its merged papers. Assigns sequences last, right before the commit (rule 1)."""
    number = None if batch.ingest.only_known else _add_row(transaction, digest, batch)
    last = batch.assign_sequences(bot_state.last_sequence(transaction))
    made = _codes_of(transaction, batch)
    batch.write(transaction)
    appearances = [{"paper": paper, "digest": number, "kind": kind} for paper, kind in batch.kinds.items() if number]
    transaction.execute_rows(sa.insert(_appearances), appearances)
    paper_words.write(transaction, ((paper, index_document(batch.entry(paper))) for paper in batch.changed))
    meanings.put(transaction, batch.ingest.codes.encoder, made)
    if batch.news:
        bot_state.raise_counter(transaction, last)
    return _result(batch)


def _codes_of(transaction: Transaction, batch: PaperBatch) -> dict[int, bytes]:
    """Note which changed papers lack codes.

    Return paper → its new codes; b"": its texts changed, and none came with them.
    """
    codes = batch.ingest.codes
    ours = bool(codes.encoder) and meanings.is_encoder(transaction, codes.encoder)
    changed: dict[int, bytes] = {}
    for paper in filter(batch.lacks_codes, batch.changed):
        code = codes.of_texts.get(batch.texts_of(paper), b"") if ours else b""
        batch.rows[paper].uncoded = not code
        if code or paper in batch.encoded:
            changed[paper] = code
    if codes.encoder and (codes.fails or codes.of_texts):
        bot_state.note_fails(transaction, bot_state.ENCODER_FAILS, batch.ingest.now if codes.fails else None)
    return changed


def _add_row(transaction: Transaction, digest: Digest, batch: PaperBatch) -> int:
    ingest = batch.ingest
    add_name(transaction, ingest.source)
    row = DigestRow(
        content_hash=digest.content_hash,
        source=ingest.source,
        date=ingest.day,
        received_at=ingest.now,
    )
    transaction.add(row)
    transaction.flush()
    return row.id


def _result(batch: PaperBatch) -> Ingested:
    updated = (batch.updated | batch.noted) - batch.new
    announced = [paper for paper, kind in batch.kinds.items() if kind not in merging.REPLACEMENTS]
    return Ingested(
        archive=not batch.is_news,
        archived=0 if batch.is_news else sum(batch.rows[paper].sequence is None for paper in announced),
        new=len(batch.new),
        updated=len(updated),
        unchanged=len(batch.kinds.keys() - batch.new - updated),
        revised=len(batch.revised - batch.new),
    )


def is_known(transaction: Transaction, content_hash: str) -> bool:
    """Whether a digest with these bytes is stored."""
    return transaction.finds(DigestRow.content_hash == content_hash)


def stored_digest(transaction: Transaction, content_hash: str, *, announced: int = 0) -> Ingested:
    """Return the result for a digest that was stored before.

    `announced`: how many of its papers were announced now.
    """
    amount = _amount_of_papers(transaction, _d.content_hash == content_hash)
    left = len(unannounced(transaction, digest=content_hash))
    return Ingested(already_known=True, unchanged=amount, archive=left > 0, archived=left, announced=announced)


def first_brought(transaction: Transaction, digest: Digest, source: str, *, before: datetime) -> int:
    """Return how many papers of a stored digest its source had not brought `before`, announced in this way.

    A paper that was new and is cross-listed or replaced now is brought for the first time in this way.
    """
    earlier, its_digest = _appearances.alias(), _digests.alias()
    brought = (
        sa.exists()
        .where(earlier.c.paper == _a.paper, earlier.c.kind == _a.kind, earlier.c.digest == its_digest.c.id)
        .where(its_digest.c.source == source, its_digest.c.received_at < before)
    )
    return _amount_of_papers(transaction, _d.content_hash == digest.content_hash, ~brought)


class NewestDay(NamedTuple):
    """The day of a source's newest digest, with the number of papers in all its digests of that day."""

    source: str
    day: date
    papers: int  # each counted once


def newest_days(transaction: Transaction, most: int) -> tuple[NewestDay, ...]:
    """Return the newest days of at most `most` sources, newest day first."""
    others = _digests.alias()
    newest = (
        sa.select(others.c.id)
        .where(others.c.source == SourceRow.name)
        .order_by(others.c.date.desc(), others.c.id.desc())
        .limit(1)
        .correlate(SourceRow)
        .scalar_subquery()
    )
    wanted = sa.select(_d.source, _d.date).join(SourceRow, _d.id == newest).order_by(_d.date.desc(), _d.id.desc())
    rows = execute(transaction, wanted.limit(most)).all()
    return tuple(NewestDay(source=source, day=of, papers=papers_of_day(transaction, of, source)) for source, of in rows)


def papers_of_day(transaction: Transaction, day: date, source: str = "") -> int:
    """Return the number of different papers in the digests of a day, from one source or from all."""
    of_source = (_d.source == source,) if source else ()
    return _amount_of_papers(transaction, _d.date == day, *of_source)


def _amount_of_papers(transaction: Transaction, *which: sa.ColumnElement[bool]) -> int:
    """Return the number of different papers in some digests."""
    papers = sa.select(sa.func.count(_a.paper.distinct())).join(_digests, _d.id == _a.digest)
    amount: int = execute(transaction, papers.where(*which)).scalar_one()
    return amount


def unannounced(transaction: Transaction, **of: object) -> Mapping[int, tuple[bool, date]]:
    """Return the papers that were never announced: paper → (whether it came only as a cross-list, its day).

    `of` says which papers: those of a `source`, those of the `digest` with these bytes, or one `paper`. The day is that
    of the first digest that could announce it. The oldest day comes first.
    """
    found: dict[int, tuple[bool, date]] = {}
    which = [_NARROWED[name] == value for name, value in of.items()]
    for paper, cross, day in execute(transaction, _UNANNOUNCED.where(*which)):
        found.setdefault(paper, (cross, day))
    return found


def announce(transaction: Transaction, /, now: datetime, **of: object) -> int:
    """Give papers that were never announced the next sequences. Return how many. `of`: see `unannounced`."""
    first = bot_state.last_sequence(transaction) + 1
    found = unannounced(transaction, **of)
    for sequence, (paper, (cross, day)) in enumerate(found.items(), first):
        announced = {"sequence": sequence, "sequenced_at": now, "cross": cross, "day": day}
        execute(transaction, sa.update(_papers).filter_by(id=paper).values(announced))
    if found:
        bot_state.raise_counter(transaction, first + len(found) - 1)
    return len(found)

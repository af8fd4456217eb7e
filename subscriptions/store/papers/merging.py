"""Merges the papers of a digest into those that are known: one row per work (docs/architecture.md, rules 1 and 4)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, delete, select, update

from subscriptions.model import Announce, Paper
from subscriptions.normalize import title_alias
from subscriptions.store.database import CHUNK, in_chunks
from subscriptions.store.papers.announcing import REPLACEMENTS
from subscriptions.store.papers.known_papers import known_papers
from subscriptions.store.papers.standing import (
    Claim,
    Standing,
    Vouched,
    better_text,
    claim_of,
    fill,
    may_add_keys,
    may_join,
    says_withdrawn,
    vouched_by,
)
from subscriptions.store.rows import (
    AppearanceRow,
    DeliveryItemRow,
    PaperAliasRow,
    PaperKeyRow,
    PaperRow,
    SummaryRow,
    TranslationRow,
)

COMPLETION_WINDOW = timedelta(days=7)  # how long after first sight something missing may still make a paper new


@dataclass(slots=True)
class MergeBatch:
    """What one ingest looks up and collects before its papers get sequences."""

    now: datetime
    day: date  # of the digest
    source: str  # which brought it
    of_arxiv: bool  # it is one of arXiv's own (rule 4)
    is_news: bool  # False: its papers get no sequence
    rows: dict[int, PaperRow] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    aliases: dict[str, set[int]] = field(default_factory=dict)
    summaries: dict[int, dict[str, SummaryRow]] = field(default_factory=dict)
    translations: dict[int, dict[str, TranslationRow]] = field(default_factory=dict)
    to_announce: dict[int, bool] = field(default_factory=dict)  # papers that get a sequence -> whether by a cross-list
    appearances: dict[int, str] = field(default_factory=dict)  # paper -> how this digest announces it
    new: set[int] = field(default_factory=set)
    updated: set[int] = field(default_factory=set)
    withdrawn: set[int] = field(default_factory=set)  # known before, withdrawn now
    summarised: dict[int, set[str]] = field(default_factory=dict)  # known before -> languages that are new


def _keys(paper: Paper) -> tuple[str, ...]:
    keys = (paper.arxiv_id, f"doi:{paper.doi}" if paper.doi else None, _stored_key(paper))
    return tuple(dict.fromkeys(key for key in keys if key))


def _stored_key(paper: Paper) -> str:
    """The paper's key as stored: "doi:" is put before a DOI."""
    return f"doi:{paper.key}" if paper.doi and paper.key == paper.doi else paper.key


def look_up(session: Session, papers: Sequence[Paper], batch: MergeBatch) -> MergeBatch:
    """Reads into the batch what is known of these papers; returns the batch."""
    keys = sorted({key for paper in papers for key in _keys(paper)})
    aliases = sorted({alias for paper in papers if (alias := title_alias(paper.title))})
    for i in range(0, len(keys), CHUNK):
        for found in session.exec(select(PaperKeyRow).where(col(PaperKeyRow.key).in_(keys[i : i + CHUNK]))):
            batch.keys[found.key] = found.paper
    for i in range(0, len(aliases), CHUNK):
        rows = session.exec(select(PaperAliasRow).where(col(PaperAliasRow.alias).in_(aliases[i : i + CHUNK])))
        for title in rows:
            batch.aliases.setdefault(title.alias, set()).add(title.paper)
    ids = set(batch.keys.values()).union(*batch.aliases.values())
    for part in in_chunks(sorted(ids)):
        for row in session.exec(select(PaperRow).where(col(PaperRow.id).in_(part))):
            batch.rows[row.id or 0] = row
        for s in session.exec(select(SummaryRow).where(col(SummaryRow.paper).in_(part))):
            batch.summaries.setdefault(s.paper, {})[s.language] = s
        for t in session.exec(select(TranslationRow).where(col(TranslationRow.paper).in_(part))):
            batch.translations.setdefault(t.paper, {})[t.language] = t
    return batch


def merge(session: Session, batch: MergeBatch, paper: Paper) -> int:
    """Merges one paper of a digest into the known paper that it is, or adds it; returns the id."""
    found, now = _same_paper(batch, paper), batch.now
    if found:
        row = batch.rows[found[0]]
        for other in found[1:]:
            _join(session, batch, row, batch.rows[other])
        claim = claim_of(row, paper, source=batch.source, of_arxiv=batch.of_arxiv)
        was_withdrawn, newer, keys = row.withdrawn_at, claim.newer(row), may_add_keys(row, claim.standing)
        facts = _fill(row, claim, now)
        if row.withdrawn_at is not None and was_withdrawn is None:
            batch.withdrawn.add(row.id or 0)
    else:
        newer, keys = False, True
        row = _new_row(batch, paper)
        session.add(row)
        session.flush()
        batch.rows[row.id or 0] = row
        batch.new.add(row.id or 0)
        facts = _Facts(missing=False, category=False, anything=True)
    row_id = row.id or 0
    facts = _fill_texts(session, batch, row_id, paper, facts, newer=newer)
    _remember_keys(session, batch, row, paper, further=keys)
    if facts.anything:
        batch.updated.add(row_id)
    if not batch.is_news:
        _file(row, paper, is_new=not found)
    elif _is_news(row, paper, facts, now):
        batch.to_announce[row_id] = paper.announce_type is Announce.CROSS
    elif paper.announce_type in (None, Announce.NEW) and row.cross:
        row.cross = False
    return row_id


def without_sequence(batch: MergeBatch, papers: Sequence[Paper]) -> set[int]:
    """Ids of the papers that a digest announces and that have no sequence."""
    ids = {batch.keys[paper.key] for paper in papers if paper.announce_type not in REPLACEMENTS}
    return {paper_id for paper_id in ids if batch.rows[paper_id].sequence is None}


def _file(row: PaperRow, paper: Paper, *, is_new: bool) -> None:
    """Sets `cross` of a paper that is not announced: whether only cross-lists brought it."""
    if row.sequence is None and paper.announce_type not in REPLACEMENTS:
        row.cross = paper.announce_type is Announce.CROSS and (is_new or row.cross)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What was not known of a paper before a digest."""

    missing: bool  # something was missing and is known now
    category: bool  # it has a category that was not known
    anything: bool  # any text or value changed


def _is_news(row: PaperRow, paper: Paper, facts: _Facts, now: datetime) -> bool:
    """Whether a paper gets a sequence (rule 1). A replacement gives none."""
    if paper.announce_type in REPLACEMENTS:
        return False
    if row.sequence is None:
        return True
    if paper.announce_type is Announce.CROSS and facts.category:
        return True
    return (facts.missing or facts.category) and now - row.first_seen_at <= COMPLETION_WINDOW


def _same_paper(batch: MergeBatch, paper: Paper) -> list[int]:
    """Ids of the rows that are this paper; all are merged into the first (rule 4).

    Where the source may not say that two of them are one, only the first is this paper: that of its first id.
    """
    found = list(dict.fromkeys(batch.keys[key] for key in _keys(paper) if key in batch.keys))
    has_id = bool(paper.arxiv_id or paper.doi) or any(_has_id(batch.rows[i]) for i in found)
    alias = title_alias(paper.title)
    fits = [
        i
        for i in sorted(batch.aliases.get(alias, ())) if alias
        and i not in found
        and not (has_id and _has_id(batch.rows[i]))
    ]  # fmt: skip
    if len(fits) == 1:
        found += fits
    ours = batch.of_arxiv and paper.arxiv_id is not None
    allowed = [i for i in found[1:] if may_join(batch.rows[found[0]], batch.rows[i], source=batch.source, arxiv=ours)]
    return sorted((*found[:1], *allowed), key=lambda i: (not _has_id(batch.rows[i]), i))


def _has_id(row: PaperRow) -> bool:
    return bool(row.arxiv_id or row.doi)


def _new_row(batch: MergeBatch, paper: Paper) -> PaperRow:
    return PaperRow(
        key=paper.key,
        title=paper.title,
        abstract=paper.abstract,
        authors=list(paper.authors),
        categories=list(paper.categories),
        primary=paper.primary,
        arxiv_id=paper.arxiv_id,
        doi=paper.doi,
        url=paper.url,
        version=paper.version,
        comment=paper.comment,
        withdrawn_at=batch.now if says_withdrawn(paper) else None,
        first_seen_at=batch.now,
        day=batch.day,
        owner=batch.source,
        vouched=int(vouched_by(paper)) if batch.of_arxiv and paper.arxiv_id else 0,
    )


def _fill(row: PaperRow, claim: Claim, now: datetime) -> _Facts:
    had = (row.title, row.abstract, tuple(row.authors), tuple(row.categories))
    fill(row, claim, now)
    has = (row.title, row.abstract, tuple(row.authors), tuple(row.categories))
    missing = any(not before and after for before, after in zip(had, has, strict=True))
    return _Facts(missing=missing, category=set(had[3]) < set(has[3]), anything=had != has)


def _fill_texts(
    session: Session, batch: MergeBatch, row_id: int, paper: Paper, facts: _Facts, *, newer: bool
) -> _Facts:
    missing, anything = facts.missing, facts.anything
    summaries = batch.summaries.setdefault(row_id, {})
    for summary in paper.summaries:
        known = summaries.get(summary.language)
        if known is None:
            known = summaries[summary.language] = SummaryRow(paper=row_id, language=summary.language)
            session.add(known)
            missing = True
            batch.summarised.setdefault(row_id, set()).add(summary.language)
        fields = dict(known.fields)
        for name, text in summary.fields.items():
            fields[name] = better_text(fields.get(name, ""), text, newer=newer)
        if fields != known.fields:
            known.fields = fields
            anything = True
    translations = batch.translations.setdefault(row_id, {})
    for translation in paper.translations:
        row = translations.get(translation.language)
        if row is None:
            row = translations[translation.language] = TranslationRow(paper=row_id, language=translation.language)
            session.add(row)
            missing = True
        title = better_text(row.title, translation.title, newer=newer)
        abstract = better_text(row.abstract, translation.abstract, newer=newer)
        anything = anything or (title, abstract) != (row.title, row.abstract)
        row.title, row.abstract = title, abstract
    return _Facts(missing=missing, category=facts.category, anything=anything or missing)


def _remember_keys(session: Session, batch: MergeBatch, row: PaperRow, paper: Paper, *, further: bool) -> None:
    """Makes the keys and the title of a paper lead to its row. Without `further` no new id and no other title does."""
    row_id = row.id or 0
    for key in _keys(paper):
        if key not in batch.keys and (further or not (paper.arxiv_id or paper.doi)):
            batch.keys[key] = row_id
            session.add(PaperKeyRow(key=key, paper=row_id))
    if paper.key not in batch.keys:
        batch.keys[paper.key] = row_id  # callers look a paper with a DOI up by its plain key, too
    alias = title_alias(paper.title)
    if not further and alias != title_alias(row.title):
        return
    if alias and row_id not in batch.aliases.setdefault(alias, set()):
        batch.aliases[alias].add(row_id)
        session.add(PaperAliasRow(alias=alias, paper=row_id))


def _join(session: Session, batch: MergeBatch, keep: PaperRow, lose: PaperRow) -> None:
    """Moves all that the row `lose` has to the row `keep`: both are one paper. Gives no sequence (rule 4)."""
    kept, lost = keep.id or 0, lose.id or 0
    session.flush()
    as_entry = known_papers(session, [lose])[0].paper
    _fill(keep, Claim(as_entry, Standing.OWNER, Vouched(lose.vouched)), keep.first_seen_at)
    _fill_texts(session, batch, kept, as_entry, _Facts(missing=False, category=False, anything=False), newer=False)
    if keep.sequence is None and lose.first_seen_at < keep.first_seen_at:
        keep.day = lose.day
    keep.first_seen_at = min(keep.first_seen_at, lose.first_seen_at)
    if lose.withdrawn_at is not None and keep.withdrawn_at is None and not keep.vouched & ~lose.vouched:
        keep.withdrawn_at = lose.withdrawn_at
        batch.withdrawn.add(kept)
    if lose.sequence is not None and lose.sequence > (keep.sequence or 0):
        keep.sequence, keep.sequenced_at, keep.cross, keep.day = lose.sequence, lose.sequenced_at, lose.cross, lose.day
        keep.came_at = lose.came_at
    session.exec(update(PaperKeyRow).where(col(PaperKeyRow.paper) == lost).values(paper=kept))
    _move(session, PaperAliasRow, "alias", lost, kept)
    _move(session, AppearanceRow, "digest", lost, kept)
    _move(session, DeliveryItemRow, "chat", lost, kept)
    session.flush()
    session.delete(lose)
    session.flush()
    batch.keys.update({key: kept for key, paper_id in batch.keys.items() if paper_id == lost})
    for papers in batch.aliases.values():
        if lost in papers:
            papers.discard(lost)
            papers.add(kept)
    if lost in batch.appearances:
        batch.appearances.setdefault(kept, batch.appearances.pop(lost))
    batch.to_announce.pop(lost, None)
    batch.rows.pop(lost, None)
    batch.withdrawn.discard(lost)
    batch.summarised.pop(lost, None)
    batch.updated.add(kept)
    batch.new.discard(lost)


def _move(
    session: Session,
    table: type[PaperAliasRow] | type[AppearanceRow] | type[DeliveryItemRow],
    other: str,
    lost: int,
    kept: int,
) -> None:
    """Moves rows that are unique by (paper, other) from one paper to another.

    Where both papers have a row, that of `kept` stays.
    """
    column = getattr(table, other)
    taken = select(column).where(col(table.paper) == kept)
    session.exec(delete(table).where(col(table.paper) == lost, column.in_(taken)))
    session.exec(update(table).where(col(table.paper) == lost).values(paper=kept))

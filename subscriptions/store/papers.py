"""Papers in the store: one row per work, merged from all that its digests told (docs/architecture.md, rules 1 and 4)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Integer, Row, bindparam, insert
from sqlalchemy import select as columns
from sqlmodel import Session, col, delete, func, select, update

from subscriptions.matching import merge_copies
from subscriptions.model import Announce, Digest, KnownPaper, Paper, Summary, Translation
from subscriptions.normalize import title_alias
from subscriptions.store import index
from subscriptions.store.announcing import REPLACEMENTS, SEQUENCE, assign_sequences, of_digest, unannounced
from subscriptions.store.database import execute
from subscriptions.store.rows import (
    TABLES,
    AppearanceRow,
    DeliveryItemRow,
    DigestRow,
    PaperAliasRow,
    PaperKeyRow,
    PaperRow,
    SourceRow,
    SummaryRow,
    TranslationRow,
)

COMPLETION_WINDOW = timedelta(days=7)  # how long after first sight something missing may still make a paper new
WITHDRAWN = "this paper has been withdrawn"
CHUNK = 500  # values in one IN (…)

# What every plan and every rendering asks for: these statements are made once.
_papers, _summaries, _translations, _appearances, _digests, _marks = (
    TABLES.tables[name] for name in ("paper", "summary", "translation", "appearance", "digest", "key_value")
)
_p, _a, _d = _papers.c, _appearances.c, _digests.c
_HEAD = columns(_marks.c.value).where(_marks.c.name == SEQUENCE)
_NEWEST_DIGEST = columns(func.max(_d.id))
_in_window = (_p.sequence > bindparam("after")) & (_p.sequence <= bindparam("upto"))
_WINDOW = columns(_papers).where(_in_window).order_by(_p.sequence)
_ids = bindparam("ids", expanding=True, type_=Integer)
_PAPERS = columns(_papers).where(_p.id.in_(_ids))
_SUMMARIES = columns(_summaries).where(_summaries.c.paper.in_(_ids))
_TRANSLATIONS = columns(_translations).where(_translations.c.paper.in_(_ids))
_SOURCES = (
    columns(_a.paper, _d.source)
    .join_from(_appearances, _digests, _d.id == _a.digest)
    .where(_a.paper.in_(_ids))
    .distinct()
)


_PaperRow = PaperRow | Row[*tuple[Any, ...]]


@dataclass(slots=True)
class _Batch:
    """What one ingest looks up and collects before its change numbers are given."""

    now: datetime
    day: date  # of the digest
    is_news: bool  # False: its papers are filed without a change
    rows: dict[int, PaperRow] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    aliases: dict[str, set[int]] = field(default_factory=dict)
    summaries: dict[int, dict[str, SummaryRow]] = field(default_factory=dict)
    translations: dict[int, dict[str, TranslationRow]] = field(default_factory=dict)
    moved: dict[int, bool] = field(default_factory=dict)  # paper -> came by a cross-list; these get a change
    stands: dict[int, str] = field(default_factory=dict)  # paper -> how this digest announces it
    new: set[int] = field(default_factory=set)
    updated: set[int] = field(default_factory=set)
    withdrawn: set[int] = field(default_factory=set)  # known before, withdrawn now
    summarised: dict[int, set[str]] = field(default_factory=dict)  # known before -> languages that are new


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What an ingest did: counts of papers, or that the digest was known already."""

    already_known: bool = False
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    withdrawn: frozenset[int] = frozenset()  # ids of papers that were known before and are withdrawn now
    archive: bool = False  # it is one, and nobody asked to have it announced
    archived: int = 0  # papers of it that are filed without being news
    announced: int = 0  # papers that were filed before and are news now, since somebody asked for that
    summarised: Mapping[int, frozenset[str]] = field(default_factory=dict)  # id → languages of summaries that are new


def add_digest(
    session: Session, digest: Digest, *, source: str, day: date, now: datetime, is_news: bool = True
) -> Ingested:
    """Stores a digest and merges its papers; gives the change numbers last, just before the commit (rule 1).

    One that is no news gives none (rule 12).
    """
    if session.get(SourceRow, source) is None:
        session.add(SourceRow(name=source))
        session.flush()
    papers = merge_copies(digest.entries)
    row = DigestRow(
        content_hash=digest.content_hash,
        source=source,
        format=digest.format,
        date=day,
        received_at=now,
        counts={"papers": len(digest.entries), "unique": len(papers)},
        warnings=[{"code": w.code, "count": w.count, "line": w.line, "message": w.message} for w in digest.warnings],
    )
    session.add(row)
    session.flush()
    batch = _look_up(session, papers, _Batch(now=now, day=day, is_news=is_news))
    for paper in papers:
        paper_id = _merge(session, batch, paper)
        batch.stands.setdefault(paper_id, paper.announce_type.value if paper.announce_type else "")
    _write_appearances(session, batch, row.id or 0)
    moved = [(i, batch.moved[i], day) for i in sorted(batch.moved) if i in batch.rows]
    assign_sequences(session, batch.rows, moved, now)
    index.write(session, _changed(batch))
    touched = len({batch.keys[paper.key] for paper in papers})
    updated = batch.updated - batch.new
    return Ingested(
        archive=not is_news,
        archived=0 if is_news else len(_left_out(batch, papers)),
        new=len(batch.new),
        updated=len(updated),
        unchanged=touched - len(batch.new) - len(updated),
        withdrawn=frozenset(batch.withdrawn - batch.new),
        summarised={i: frozenset(codes) for i, codes in batch.summarised.items() if i not in batch.new},
    )


def _write_appearances(session: Session, batch: _Batch, digest: int) -> None:
    rows = [{"paper": paper, "digest": digest, "kind": kind} for paper, kind in batch.stands.items()]
    if rows:
        execute(session, insert(_appearances), rows)


def _changed(batch: _Batch) -> Iterable[tuple[int, Paper]]:
    """The papers whose words or whose place among the days are other ones now."""
    for paper_id in sorted(batch.new | batch.updated | batch.moved.keys()):
        if paper_id in batch.rows:
            summaries = [Summary(language=s.language, fields=s.fields) for s in batch.summaries[paper_id].values()]
            translations = [
                Translation(language=t.language, title=t.title, abstract=t.abstract)
                for t in batch.translations[paper_id].values()
            ]
            yield paper_id, _known(batch.rows[paper_id], summaries, translations, []).paper


def index_newest(session: Session, most: int) -> None:
    """The newest `most` papers that the index does not know get their entries."""
    for part in _chunks(index.without_entry(session, most)):
        index.write(session, ((known.id, known.paper) for known in stored_papers(session, part).values()))


def is_known(session: Session, content_hash: str) -> bool:
    """Whether a digest with these bytes is stored."""
    return session.exec(select(DigestRow.id).where(DigestRow.content_hash == content_hash)).first() is not None


def stored_digest(session: Session, content_hash: str, *, announced: int = 0) -> Ingested:
    """What is stored of a digest that is known already, of whose papers so many have just been `announced`."""
    number = session.exec(select(DigestRow.id).where(DigestRow.content_hash == content_hash)).one()
    amount = session.exec(select(func.count()).where(AppearanceRow.digest == number)).one()
    left = len(unannounced(session, of_digest(content_hash)))
    return Ingested(already_known=True, unchanged=amount, archive=left > 0, archived=left, announced=announced)


def last_sequence(session: Session) -> int:
    """The highest change given so far; 0 before the first."""
    return int(execute(session, _HEAD).scalar() or 0)


def newest_digest(session: Session) -> int:
    """The number of the digest that was stored last: until there is another one, no paper changes. 0 before the first."""
    return execute(session, _NEWEST_DIGEST).scalar() or 0


def sequence_before(session: Session, instant: datetime) -> int:
    """The highest change given before `instant`.

    Should the clock have been set back meanwhile, a lower one: what was given from `instant` on is always above it.
    """
    # "+ 0": else SQLite looks for the lowest change through all papers, from the oldest on
    first = session.exec(
        select(func.min(col(PaperRow.sequence) + 0)).where(col(PaperRow.sequenced_at) >= instant)
    ).one()
    return last_sequence(session) if first is None else first - 1


def window(session: Session, after: int, upto: int) -> tuple[KnownPaper, ...]:
    """The papers with after < change <= upto, in the order of their changes."""
    return known_papers(session, execute(session, _WINDOW, {"after": after, "upto": upto}).all())


def newest_titles(session: Session, most: int) -> list[str]:
    """The titles of the papers that were announced last."""
    wanted = columns(_p.title).where(_p.sequence.is_not(None)).order_by(_p.sequence.desc()).limit(most)
    return list(execute(session, wanted).scalars())


def everything(session: Session) -> tuple[KnownPaper, ...]:
    """Every paper, newest first."""
    return known_papers(session, session.exec(select(PaperRow).order_by(col(PaperRow.id).desc())).all())


def stored_papers(session: Session, ids: Sequence[int]) -> dict[int, KnownPaper]:
    """The papers with these ids."""
    rows: list[Row[*tuple[Any, ...]]] = []
    for part in _chunks(list(ids)):
        rows += execute(session, _PAPERS, {"ids": part})
    return {paper.id: paper for paper in known_papers(session, rows)}


def known_papers(session: Session, rows: Sequence[_PaperRow]) -> tuple[KnownPaper, ...]:
    """Values of these rows, with their summaries, translations and sources."""
    ids = [row.id for row in rows if row.id is not None]
    summaries: dict[int, list[Summary]] = {}
    translations: dict[int, list[Translation]] = {}
    sources: dict[int, list[str]] = {}
    for part in _chunks(ids):
        for s in execute(session, _SUMMARIES, {"ids": part}):
            summaries.setdefault(s.paper, []).append(Summary(language=s.language, fields=s.fields))
        for t in execute(session, _TRANSLATIONS, {"ids": part}):
            value = Translation(language=t.language, title=t.title, abstract=t.abstract)
            translations.setdefault(t.paper, []).append(value)
        for paper_id, source in execute(session, _SOURCES, {"ids": part}):
            sources.setdefault(paper_id, []).append(source)
    return tuple(
        _known(row, summaries.get(row.id, []), translations.get(row.id, []), sources.get(row.id, []))
        for row in rows
        if row.id is not None
    )


def _known(row: _PaperRow, summaries: list[Summary], translations: list[Translation], sources: list[str]) -> KnownPaper:
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
        summaries=tuple(sorted(summaries, key=lambda s: s.language)),
        translations=tuple(sorted(translations, key=lambda t: t.language)),
        comment=row.comment,
        sources=tuple(sorted(sources)),
    )
    return KnownPaper(
        id=row.id or 0,
        paper=paper,
        sequence=row.sequence,
        sequenced_at=row.sequenced_at,
        first_seen_at=row.first_seen_at,
        withdrawn_at=row.withdrawn_at,
        day=row.day,
    )


def _chunks(values: list[int]) -> Iterable[list[int]]:
    return (values[i : i + CHUNK] for i in range(0, len(values), CHUNK))


def _keys(paper: Paper) -> tuple[str, ...]:
    keys = (paper.arxiv_id, f"doi:{paper.doi}" if paper.doi else None, _stored_key(paper))
    return tuple(dict.fromkeys(key for key in keys if key))


def _stored_key(paper: Paper) -> str:
    """A bare DOI could look like nothing else, but "doi:" says what it is."""
    return f"doi:{paper.key}" if paper.doi and paper.key == paper.doi else paper.key


def _look_up(session: Session, papers: Sequence[Paper], batch: _Batch) -> _Batch:
    """Fills in what is known of these papers."""
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
    for part in _chunks(sorted(ids)):
        for row in session.exec(select(PaperRow).where(col(PaperRow.id).in_(part))):
            batch.rows[row.id or 0] = row
        for s in session.exec(select(SummaryRow).where(col(SummaryRow.paper).in_(part))):
            batch.summaries.setdefault(s.paper, {})[s.language] = s
        for t in session.exec(select(TranslationRow).where(col(TranslationRow.paper).in_(part))):
            batch.translations.setdefault(t.paper, {})[t.language] = t
    return batch


def _merge(session: Session, batch: _Batch, paper: Paper) -> int:
    """Merges one entry into the paper it belongs to, or makes a new one; returns its id."""
    found, now = _same_paper(batch, paper), batch.now
    if found:
        row = batch.rows[found[0]]
        for other in found[1:]:
            _join(session, batch, row, batch.rows[other])
        was_withdrawn = row.withdrawn_at
        facts = _fill(row, paper, now)
        if row.withdrawn_at is not None and was_withdrawn is None:
            batch.withdrawn.add(row.id or 0)
    else:
        row = _new_row(paper, batch.day, now)
        session.add(row)
        session.flush()
        batch.rows[row.id or 0] = row
        batch.new.add(row.id or 0)
        facts = _Facts(missing=False, category=False, anything=True)
    row_id = row.id or 0
    facts = _fill_texts(session, batch, row_id, paper, facts, newer=_is_newer(row, paper))
    row.version = max(filter(None, (row.version, paper.version)), default=None)
    _remember_keys(session, batch, row_id, paper)
    if facts.anything:
        batch.updated.add(row_id)
    if not batch.is_news:
        _file(row, paper, is_new=not found)
    elif _is_news(row, paper, facts, now):
        batch.moved[row_id] = paper.announce_type is Announce.CROSS
    elif paper.announce_type in (None, Announce.NEW) and row.cross:
        row.cross = False
    return row_id


def _left_out(batch: _Batch, papers: Sequence[Paper]) -> set[int]:
    """The papers that a digest announces and that are no news."""
    ids = {batch.keys[paper.key] for paper in papers if paper.announce_type not in REPLACEMENTS}
    return {paper_id for paper_id in ids if batch.rows[paper_id].sequence is None}


def _file(row: PaperRow, paper: Paper, *, is_new: bool) -> None:
    """Notes of a paper that no digest has made news yet whether it is known by cross-lists only."""
    if row.sequence is None and paper.announce_type not in REPLACEMENTS:
        row.cross = paper.announce_type is Announce.CROSS and (is_new or row.cross)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What an entry told that was not known."""

    missing: bool  # something was missing and is known now
    category: bool  # it stands in a category that it did not have
    anything: bool  # any text or value changed


def _is_news(row: PaperRow, paper: Paper, facts: _Facts, now: datetime) -> bool:
    """Rule 1: when a paper gets a change. A replacement never moves it."""
    if paper.announce_type in REPLACEMENTS:
        return False
    if row.sequence is None:
        return True
    if paper.announce_type is Announce.CROSS and facts.category:
        return True
    return (facts.missing or facts.category) and now - row.first_seen_at <= COMPLETION_WINDOW


def _same_paper(batch: _Batch, paper: Paper) -> list[int]:
    """Ids of the rows that are this paper, the survivor first (rule 4)."""
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
    return sorted(found, key=lambda i: (not _has_id(batch.rows[i]), i))


def _has_id(row: PaperRow) -> bool:
    return bool(row.arxiv_id or row.doi)


def _new_row(paper: Paper, day: date, now: datetime) -> PaperRow:
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
        withdrawn_at=now if _says_withdrawn(paper) else None,
        first_seen_at=now,
        day=day,
    )


def _says_withdrawn(paper: Paper) -> bool:
    return paper.comment.casefold().startswith(WITHDRAWN) or paper.abstract.casefold().startswith(WITHDRAWN)


def _is_newer(row: PaperRow, paper: Paper) -> bool:
    return paper.version is not None and row.version is not None and paper.version > row.version


def _is_older(row: PaperRow, paper: Paper) -> bool:
    return paper.version is not None and row.version is not None and paper.version < row.version


def _fill(row: PaperRow, paper: Paper, now: datetime) -> _Facts:
    newer, older = _is_newer(row, paper), _is_older(row, paper)
    had = (row.title, row.abstract, tuple(row.authors), tuple(row.categories))
    row.title = better_text(row.title, paper.title, newer=newer, older=older)
    row.abstract = better_text(row.abstract, paper.abstract, newer=newer, older=older)
    if paper.authors and (newer or not row.authors):
        row.authors = list(paper.authors)
    row.categories = _joined_categories(row, paper)
    row.primary = row.primary or paper.primary
    row.arxiv_id = row.arxiv_id or paper.arxiv_id
    row.doi = row.doi or paper.doi
    row.key = row.arxiv_id or row.doi or row.key
    row.url = row.url or paper.url
    row.comment = better_text(row.comment, paper.comment, newer=newer, older=older)
    if row.withdrawn_at is None and _says_withdrawn(paper) and not older:
        row.withdrawn_at = now
    has = (row.title, row.abstract, tuple(row.authors), tuple(row.categories))
    missing = any(not before and after for before, after in zip(had, has, strict=True))
    return _Facts(missing=missing, category=set(had[3]) < set(has[3]), anything=had != has)


def better_text(old: str, new: str, *, newer: bool, older: bool = False) -> str:
    """Rule 4: a higher version's text replaces; the same version's first text stays, unless it was cut off."""
    if not new or not old:
        return old or new
    if newer:
        return old if old.startswith(new.rstrip(" .…")) else new
    if older:
        return old
    return new if len(new) > len(old) and new.startswith(old.rstrip(" .…")) else old


def _joined_categories(row: PaperRow, paper: Paper) -> list[str]:
    primary = row.primary or paper.primary
    first = (primary,) if primary else ()
    return list(dict.fromkeys((*first, *row.categories, *paper.categories)))


def _fill_texts(session: Session, batch: _Batch, row_id: int, paper: Paper, facts: _Facts, *, newer: bool) -> _Facts:
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


def _remember_keys(session: Session, batch: _Batch, row_id: int, paper: Paper) -> None:
    for key in _keys(paper):
        if key not in batch.keys:
            batch.keys[key] = row_id
            session.add(PaperKeyRow(key=key, paper=row_id))
    if paper.key not in batch.keys:
        batch.keys[paper.key] = row_id  # so that callers find a DOI paper by its plain key, too
    alias = title_alias(paper.title)
    if alias and row_id not in batch.aliases.setdefault(alias, set()):
        batch.aliases[alias].add(row_id)
        session.add(PaperAliasRow(alias=alias, paper=row_id))


def _join(session: Session, batch: _Batch, keep: PaperRow, lose: PaperRow) -> None:
    """Two rows turn out to be one paper: all that `lose` has goes to `keep`. Nothing becomes new by it (rule 4)."""
    kept, lost = keep.id or 0, lose.id or 0
    session.flush()
    as_entry = known_papers(session, [lose])[0].paper
    _fill(keep, as_entry, keep.first_seen_at)
    _fill_texts(session, batch, kept, as_entry, _Facts(missing=False, category=False, anything=False), newer=False)
    if keep.sequence is None and lose.first_seen_at < keep.first_seen_at:
        keep.day = lose.day
    keep.first_seen_at = min(keep.first_seen_at, lose.first_seen_at)
    if lose.withdrawn_at is not None and keep.withdrawn_at is None:
        keep.withdrawn_at = lose.withdrawn_at
        batch.withdrawn.add(kept)
    if lose.sequence is not None and lose.sequence > (keep.sequence or 0):
        keep.sequence, keep.sequenced_at, keep.cross, keep.day = lose.sequence, lose.sequenced_at, lose.cross, lose.day
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
    if lost in batch.stands:
        batch.stands.setdefault(kept, batch.stands.pop(lost))
    batch.moved.pop(lost, None)
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
    """Moves rows unique by (paper, other) from one paper to another; where both have one, the kept paper's stays."""
    column = getattr(table, other)
    taken = select(column).where(col(table.paper) == kept)
    session.exec(delete(table).where(col(table.paper) == lost, column.in_(taken)))
    session.exec(update(table).where(col(table.paper) == lost).values(paper=kept))

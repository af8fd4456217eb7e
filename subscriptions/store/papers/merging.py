"""Merges the papers of a digest into those that are known: one row per work (docs/architecture.md, rules 1 and 4)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from subscriptions.model import Announce, Paper, Summary, Translation
from subscriptions.store.database import execute
from subscriptions.store.papers.drafts import REPLACEMENTS, Incoming, MergeBatch, PaperDraft
from subscriptions.store.papers.known_papers import known_paper
from subscriptions.store.rows import (
    AppearanceRow,
    DeliveryItemRow,
    PaperAliasRow,
    PaperKeyRow,
    PaperRow,
)

COMPLETION_WINDOW = timedelta(days=7)  # how long after first sight something missing may still make a paper new
WITHDRAWN = "this paper has been withdrawn"


def merge(session: Session, batch: MergeBatch, one: Incoming) -> int:
    """Merges one paper of a digest into the known paper that it is, or adds it; returns the id."""
    paper, found, now = one.paper, _same_paper(batch, one), batch.now
    if found:
        row = batch.rows[found[0]]
        for other in found[1:]:
            _join(session, batch, row, batch.rows[other])
        if row.id in batch.unclaimed:
            batch.places.setdefault(row.id, one.place)
        was_withdrawn = row.withdrawn_at
        facts = _fill(row, paper, now)
        if row.withdrawn_at is not None and was_withdrawn is None:
            batch.withdrawn.add(row.id)
        batch.as_it_came.pop(row.id, None)
    else:
        row = _new_row(batch.last_id + 1, paper, batch.day, now)
        batch.add(row)
        batch.places[row.id] = one.place
        batch.as_it_came[row.id] = one
        facts = _Facts(missing=False, category=False, anything=True)
    facts = _fill_texts(batch, row.id, paper, facts, newer=_is_newer(row, paper))
    row.version = max(filter(None, (row.version, paper.version)), default=None)
    _remember_keys(batch, row.id, one)
    if facts.anything:
        batch.updated.add(row.id)
    if not batch.is_news:
        _file(row, paper, is_new=not found)
    elif _is_news(row, paper, facts, now):
        batch.to_announce[row.id] = paper.announce_type is Announce.CROSS
    elif paper.announce_type in (None, Announce.NEW) and row.cross:
        row.cross = False
    batch.note_appearance(row.id, paper)
    return row.id


def stands_alone(batch: MergeBatch, one: Incoming) -> bool:
    """Whether a paper shares no key and no title with others, but perhaps with one row that no digest has.

    Then its place among the papers of the digest does not matter, and nothing follows from storing it but that it is
    stored: it can be merged ahead of the others.
    """
    found = {batch.keys[key] for key in one.keys if key in batch.keys} | batch.aliases.get(one.alias, set())
    return one.is_apart and len(found) <= 1 and found <= batch.unclaimed


def _file(row: PaperDraft, paper: Paper, *, is_new: bool) -> None:
    """Sets `cross` of a paper that is not announced: whether only cross-lists brought it."""
    if row.sequence is None and paper.announce_type not in REPLACEMENTS:
        row.cross = paper.announce_type is Announce.CROSS and (is_new or row.cross)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What was not known of a paper before a digest."""

    missing: bool  # something was missing and is known now
    category: bool  # it has a category that was not known
    anything: bool  # any text or value changed


def _is_news(row: PaperDraft, paper: Paper, facts: _Facts, now: datetime) -> bool:
    """Whether a paper gets a sequence (rule 1). A replacement gives none."""
    if paper.announce_type in REPLACEMENTS:
        return False
    if row.sequence is None:
        return True
    if paper.announce_type is Announce.CROSS and facts.category:
        return True
    return (facts.missing or facts.category) and now - row.first_seen_at <= COMPLETION_WINDOW


def _same_paper(batch: MergeBatch, one: Incoming) -> list[int]:
    """Ids of the rows that are this paper; all are merged into the first (rule 4)."""
    found = list(dict.fromkeys(batch.keys[key] for key in one.keys if key in batch.keys))
    has_id = bool(one.paper.arxiv_id or one.paper.doi) or any(batch.rows[i].has_id for i in found)
    fits = [
        i
        for i in sorted(batch.aliases.get(one.alias, ())) if one.alias
        and i not in found
        and not (has_id and batch.rows[i].has_id)
    ]  # fmt: skip
    if len(fits) == 1:
        found += fits
    return sorted(found, key=lambda i: (not batch.rows[i].has_id, *batch.order_of(i)))


def _new_row(number: int, paper: Paper, day: date, now: datetime) -> PaperDraft:
    return PaperDraft(
        id=number,
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
        cross=False,
        withdrawn_at=now if _says_withdrawn(paper) else None,
        first_seen_at=now,
        day=day,
    )


def _says_withdrawn(paper: Paper) -> bool:
    return paper.comment.casefold().startswith(WITHDRAWN) or paper.abstract.casefold().startswith(WITHDRAWN)


def _is_newer(row: PaperDraft, paper: Paper) -> bool:
    return paper.version is not None and row.version is not None and paper.version > row.version


def _is_older(row: PaperDraft, paper: Paper) -> bool:
    return paper.version is not None and row.version is not None and paper.version < row.version


def _fill(row: PaperDraft, paper: Paper, now: datetime) -> _Facts:
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
    """The text to keep (rule 4): that of a higher version; of the same version the first, unless it was cut off."""
    if not new or not old:
        return old or new
    if newer:
        return old if old.startswith(new.rstrip(" .…")) else new
    if older:
        return old
    return new if len(new) > len(old) and new.startswith(old.rstrip(" .…")) else old


def _joined_categories(row: PaperDraft, paper: Paper) -> list[str]:
    primary = row.primary or paper.primary
    first = (primary,) if primary else ()
    return list(dict.fromkeys((*first, *row.categories, *paper.categories)))


def _fill_texts(batch: MergeBatch, row_id: int, paper: Paper, facts: _Facts, *, newer: bool) -> _Facts:
    missing, anything = facts.missing, facts.anything
    for summary in paper.summaries:
        known = batch.summaries.get(row_id, {}).get(summary.language)
        if known is None:
            missing = True
            batch.summarised.setdefault(row_id, set()).add(summary.language)
        fields = dict(known or {})
        for name, text in summary.fields.items():
            fields[name] = better_text(fields.get(name, ""), text, newer=newer)
        if fields != known:
            batch.put_summary(row_id, summary.language, fields)
            anything = True
    for translation in paper.translations:
        had = batch.translations.get(row_id, {}).get(translation.language)
        missing = missing or had is None
        title = better_text(had[0] if had else "", translation.title, newer=newer)
        abstract = better_text(had[1] if had else "", translation.abstract, newer=newer)
        if (title, abstract) != had:
            batch.put_translation(row_id, translation.language, title, abstract)
            anything = True
    return _Facts(missing=missing, category=facts.category, anything=anything or missing)


def _remember_keys(batch: MergeBatch, row_id: int, one: Incoming) -> None:
    for key in one.keys:
        if key not in batch.keys:
            batch.add_key(key, row_id)
    if one.alias and row_id not in batch.aliases.get(one.alias, ()):
        batch.add_alias(one.alias, row_id)


def _join(session: Session, batch: MergeBatch, keep: PaperDraft, lose: PaperDraft) -> None:
    """Moves all that the row `lose` has to the row `keep`: both are one paper. Gives no sequence (rule 4)."""
    kept, lost = keep.id, lose.id
    batch.write(session)
    entry = as_entry(batch, lose)
    _fill(keep, entry, keep.first_seen_at)
    _fill_texts(batch, kept, entry, _Facts(missing=False, category=False, anything=False), newer=False)
    if keep.sequence is None and lose.first_seen_at < keep.first_seen_at:
        keep.day = lose.day
    keep.first_seen_at = min(keep.first_seen_at, lose.first_seen_at)
    if lose.withdrawn_at is not None and keep.withdrawn_at is None:
        keep.withdrawn_at = lose.withdrawn_at
        batch.withdrawn.add(kept)
    if lose.sequence is not None and lose.sequence > (keep.sequence or 0):
        keep.sequence, keep.sequenced_at, keep.cross, keep.day = lose.sequence, lose.sequenced_at, lose.cross, lose.day
    execute(session, update(PaperKeyRow).where(col(PaperKeyRow.paper) == lost).values(paper=kept))
    _move(session, PaperAliasRow, "alias", lost, kept)
    _move(session, AppearanceRow, "digest", lost, kept)
    _move(session, DeliveryItemRow, "chat", lost, kept)
    execute(session, delete(PaperRow).where(col(PaperRow.id) == lost))
    batch.forget_joined(lost, kept)


def as_entry(batch: MergeBatch, row: PaperDraft) -> Paper:
    """Returns a known paper as a digest would bring it."""
    summaries = [Summary(language=code, fields=fields) for code, fields in batch.summaries.get(row.id, {}).items()]
    translations = [
        Translation(language=code, title=title, abstract=abstract)
        for code, (title, abstract) in batch.translations.get(row.id, {}).items()
    ]
    return known_paper(row, summaries, translations, []).paper


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
    execute(session, delete(table).where(col(table.paper) == lost, column.in_(taken)))
    execute(session, update(table).where(col(table.paper) == lost).values(paper=kept))

"""Merges the papers of a digest into those that are known: one row per work (docs/architecture.md, rules 1 and 4)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from subscriptions.model import Announce, Paper, Summary, Translation
from subscriptions.normalize import title_alias
from subscriptions.store import drafts, standing
from subscriptions.store.conversation_rows import EnrichmentRequestRow
from subscriptions.store.database import store
from subscriptions.store.database.conflicts import move_rows, put_all
from subscriptions.store.database.store import Transaction
from subscriptions.store.drafts import Incoming, MergeBatch, PaperDraft
from subscriptions.store.key_value import hold_value
from subscriptions.store.known_papers import known_paper
from subscriptions.store.rows import PaperKeyRow, PaperRow
from subscriptions.store.standing import Claim, Standing, Vouched

_OF_PAPER = {  # tables of what belongs to a paper → what is unique beside it
    "paper_alias": ("alias",),
    "appearance": ("digest",),
    "delivery_item": ("chat",),
    "signal": ("chat", "kind"),
}
COMPLETION_WINDOW = timedelta(days=7)  # how long after first sight something missing may still make a paper new


def merge(session: Transaction, batch: MergeBatch, one: Incoming) -> int:
    """Merges one paper of a digest into the known paper that it is, or adds it; returns the id."""
    paper, found, now = one.paper, _same_paper(batch, one), batch.now
    if found:
        row = batch.rows[found[0]]
        for other in found[1:]:
            _join(session, batch, row, batch.rows[other])
        paper = _without_ids_of_others(batch, row, one)
        if row.id in batch.unclaimed:
            batch.places.setdefault(row.id, one.place)
        claim = standing.claim_of(row, paper, source=batch.source, of_arxiv=batch.of_arxiv)
        was_withdrawn, newer, keys = row.withdrawn_at, claim.newer(row), standing.may_add_keys(row, claim.standing)
        facts = _fill(row, claim, now)
        if row.withdrawn_at is not None and was_withdrawn is None:
            batch.withdrawn.add(row.id)
        batch.as_it_came.pop(row.id, None)
    else:
        newer, keys = False, True
        row = _new_row(batch, paper)
        batch.add(row)
        batch.places[row.id] = one.place
        batch.as_it_came[row.id] = one
        facts = _Facts(missing=False, category=False, anything=True)
    facts = _fill_texts(batch, row.id, paper, facts, newer=newer)
    _remember_keys(batch, row, one, further=keys)
    if facts.anything:
        batch.updated.add(row.id)
    if not batch.is_news:
        _file(row, paper, is_new=not found)
    elif _is_news(row, paper, facts, now):
        batch.to_announce[row.id] = paper.announce_type is Announce.CROSS
    elif paper.announce_type in (None, Announce.NEW) and row.cross:
        row.cross = False
    batch.stands_at.setdefault(row.id, one.place)
    batch.note_appearance(row.id, paper)
    return row.id


def joins(batch: MergeBatch, one: Incoming) -> bool:
    """Whether a paper shows that several stored ones are one."""
    return len(_same_paper(batch, one)) > 1


def stands_alone(batch: MergeBatch, one: Incoming) -> bool:
    """Whether a paper shares no key and no title with others, but perhaps with one row that no digest has.

    Then its place in the digest does not matter, and storing it has no other effect: it can be merged ahead of the
    others.
    """
    found = {batch.keys[key] for key in one.keys if key in batch.keys} | batch.aliases.get(one.alias, set())
    return one.is_apart and len(found) <= 1 and found <= batch.unclaimed


def _without_ids_of_others(batch: MergeBatch, row: PaperDraft, one: Incoming) -> Paper:
    """Returns the paper without an id of another row, where the source may not say that the two are one."""
    paper, others = one.paper, {key for key in one.keys if batch.keys.get(key, row.id) != row.id}
    if not others:
        return paper
    arxiv_id = None if paper.arxiv_id in others else paper.arxiv_id
    return replace(paper, arxiv_id=arxiv_id, doi=None if f"doi:{paper.doi}" in others else paper.doi)


def _file(row: PaperDraft, paper: Paper, *, is_new: bool) -> None:
    """Sets `cross` of a paper that is not announced: whether only cross-lists brought it."""
    if row.sequence is None and paper.announce_type not in drafts.REPLACEMENTS:
        row.cross = paper.announce_type is Announce.CROSS and (is_new or row.cross)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What was not known of a paper before a digest."""

    missing: bool  # something was missing and is known now
    category: bool  # it has a category that was not known
    anything: bool  # any text or value changed


def _is_news(row: PaperDraft, paper: Paper, facts: _Facts, now: datetime) -> bool:
    """Whether a paper gets a sequence (rule 1). A replacement gives none."""
    if paper.announce_type in drafts.REPLACEMENTS:
        return False
    if row.sequence is None:
        return True
    if paper.announce_type is Announce.CROSS and facts.category:
        return True
    return (facts.missing or facts.category) and now - row.first_seen_at <= COMPLETION_WINDOW


def _same_paper(batch: MergeBatch, one: Incoming) -> list[int]:
    """Ids of the rows that are this paper; all are merged into the first (rule 4).

    Where the source may not say that two of them are one, only the first is this paper: that of its first id.
    """
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
    ours = batch.of_arxiv and one.paper.arxiv_id is not None
    allowed = [
        i for i in found[1:] if standing.may_join(batch.rows[found[0]], batch.rows[i], source=batch.source, arxiv=ours)
    ]
    return sorted((*found[:1], *allowed), key=lambda i: (not batch.rows[i].has_id, *batch.order_of(i)))


def _new_row(batch: MergeBatch, paper: Paper) -> PaperDraft:
    return PaperDraft(
        id=batch.last_id + 1,
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
        withdrawn_at=batch.now if standing.says_withdrawn(paper) else None,
        first_seen_at=batch.now,
        day=batch.day,
        owner=batch.source,
        vouched=int(standing.vouched_by(paper)) if batch.of_arxiv and paper.arxiv_id else 0,
    )


def _fill(row: PaperDraft, claim: Claim, now: datetime) -> _Facts:
    had = (row.title, row.abstract, tuple(row.authors), tuple(row.categories))
    standing.fill(row, claim, now)
    has = (row.title, row.abstract, tuple(row.authors), tuple(row.categories))
    missing = any(not before and after for before, after in zip(had, has, strict=True))
    return _Facts(missing=missing, category=set(had[3]) < set(has[3]), anything=had != has)


def _fill_texts(batch: MergeBatch, row_id: int, paper: Paper, facts: _Facts, *, newer: bool) -> _Facts:
    missing, anything = facts.missing, facts.anything
    for table, language, brought in _texts_of(paper):
        known = batch.texts[table, row_id].get(language)
        if known is None:
            missing = True
            if table == drafts.SUMMARY:
                batch.summarised.setdefault(row_id, set()).add(language)
        texts = dict(known or {})
        for name, text in brought.items():
            texts[name] = standing.better_text(texts.get(name, ""), text, newer=newer)
        if texts != known:
            batch.put_texts(table, row_id, language, texts)
            anything = True
    return _Facts(missing=missing, category=facts.category, anything=anything or missing)


def _texts_of(paper: Paper) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """(table, language, texts) of the summaries and translations of a paper."""
    for summary in paper.summaries:
        yield drafts.SUMMARY, summary.language, summary.fields
    for translation in paper.translations:
        yield drafts.TRANSLATION, translation.language, {"title": translation.title, "abstract": translation.abstract}


def _remember_keys(batch: MergeBatch, row: PaperDraft, one: Incoming, *, further: bool) -> None:
    """Makes the keys and the title of a paper lead to its row. Without `further` no new id and no other title does."""
    for key in one.keys:
        if key not in batch.keys and (further or not (one.paper.arxiv_id or one.paper.doi)):
            batch.add_key(key, row.id)
    may_name = bool(one.alias) and (further or one.alias == title_alias(row.title))
    if may_name and row.id not in batch.aliases.get(one.alias, ()):
        batch.add_alias(one.alias, row.id)


def _join(session: Transaction, batch: MergeBatch, keep: PaperDraft, lose: PaperDraft) -> None:
    """Moves all that the row `lose` has to the row `keep`: both are one paper. Gives no sequence (rule 4)."""
    kept, lost = keep.id, lose.id
    batch.write(session)
    entry = as_entry(batch, lose)
    _fill(keep, Claim(entry, Standing.OWNER, Vouched(lose.vouched)), keep.first_seen_at)
    _fill_texts(batch, kept, entry, _Facts(missing=False, category=False, anything=False), newer=False)
    if keep.sequence is None and lose.first_seen_at < keep.first_seen_at:
        keep.day = lose.day
    keep.first_seen_at = min(keep.first_seen_at, lose.first_seen_at)
    if lose.withdrawn_at is not None and keep.withdrawn_at is None and not keep.vouched & ~lose.vouched:
        keep.withdrawn_at = lose.withdrawn_at
        batch.withdrawn.add(kept)
    if lose.sequence is not None and lose.sequence > (keep.sequence or 0):
        keep.sequence, keep.sequenced_at, keep.cross, keep.day = lose.sequence, lose.sequenced_at, lose.cross, lose.day
        keep.came_at = lose.came_at
    store.execute(session, sa.update(PaperKeyRow).where(col(PaperKeyRow.paper) == lost).values(paper=kept))
    for table, keys in _OF_PAPER.items():
        move_rows(session, table, keys, column="paper", before=lost, after=kept)
    store.execute(session, sa.delete(PaperRow).where(col(PaperRow.id) == lost))
    batch.forget_joined(lost, kept)


def as_entry(batch: MergeBatch, row: PaperDraft) -> Paper:
    """Returns a known paper as a digest would bring it."""
    summaries = [Summary(language=code, fields=fields) for code, fields in batch.texts[drafts.SUMMARY, row.id].items()]
    translations = [
        Translation(language=code, **texts) for code, texts in batch.texts[drafts.TRANSLATION, row.id].items()
    ]
    return known_paper(row, summaries, translations, []).paper


# ------------------------------------------------------------------------- papers that lack something that arXiv knows


_HELD = "enrichment"  # a key: who counts how often arXiv is asked holds its row
_NOTHING = "[]"  # an empty list as JSON
MOST_ASKED = 3
AGAIN_AFTER = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncompletePaper:
    """A paper without categories, authors or title."""

    id: int
    arxiv_id: str | None
    title: str


@store.reads
def may_be_asked(session: Transaction, *, now: datetime) -> tuple[IncompletePaper, ...]:
    """The papers of the last seven days that lack something that arXiv may know, newest first.

    Without those that arXiv was asked about lately, or too often.

    New details of older papers do not announce them to any chat (docs/architecture.md, rule 1). A paper with a DOI and
    no arXiv id is from another publisher, so arXiv is not asked.
    """
    since, times, last = now - COMPLETION_WINDOW, col(EnrichmentRequestRow.times), col(EnrichmentRequestRow.last)
    rows = session.exec(
        select(PaperRow.id, PaperRow.arxiv_id, PaperRow.title, PaperRow.sequence)
        .outerjoin(EnrichmentRequestRow, col(EnrichmentRequestRow.paper) == PaperRow.id)
        .where(
            or_(times.is_(None), (times < MOST_ASKED) & or_(last <= now - AGAIN_AFTER, last > now)),
            col(PaperRow.sequenced_at) >= since,
            col(PaperRow.first_seen_at) >= since,
            or_(
                sa.cast(col(PaperRow.categories), sa.String) == _NOTHING,
                sa.cast(col(PaperRow.authors), sa.String) == _NOTHING,
                col(PaperRow.title) == "",
            ),
            or_(col(PaperRow.arxiv_id).is_not(None), col(PaperRow.doi).is_(None) & (col(PaperRow.title) != "")),
        )
    ).all()
    newest = sorted(rows, key=lambda row: row[3] or 0, reverse=True)  # here: SQLite would walk all papers for the order
    return tuple(IncompletePaper(id=found or 0, arxiv_id=arxiv_id, title=title) for found, arxiv_id, title, _ in newest)


def hold_asked(session: Transaction) -> None:
    """Lets no other process change how often arXiv was asked for papers until the transaction ends."""
    hold_value(session, _HELD, "")


def note_asked(session: Transaction, papers: Sequence[int], *, now: datetime) -> None:
    """Stores that arXiv is asked for these papers once more. What was stored of papers that are too old goes."""
    before = {row.paper: row.times for row in session.exec(_requests(papers))}
    rows = [{"paper": paper, "times": before.get(paper, 0) + 1, "last": now} for paper in papers]
    put_all(session, "enrichment_request", ("paper",), rows)
    session.exec(sa.delete(EnrichmentRequestRow).where(col(EnrichmentRequestRow.last) < now - COMPLETION_WINDOW))


@store.writes
def give_back(transaction: Transaction, papers: Iterable[IncompletePaper]) -> None:
    """Frees papers that were not asked about after all: they may be claimed at once."""
    hold_asked(transaction)
    for row in transaction.exec(_requests([paper.id for paper in papers])).all():
        row.times, row.last = row.times - 1, row.last - AGAIN_AFTER
        if not row.times:
            transaction.delete(row)


def _requests(papers: Sequence[int]) -> SelectOfScalar[EnrichmentRequestRow]:
    return select(EnrichmentRequestRow).where(col(EnrichmentRequestRow.paper).in_(papers))

"""Merges papers of a digest into the known ones: which are the same, and which are news again within so many days (rules 1 and 4)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from subscriptions.model import Announce, Paper, Summary, Translation
from subscriptions.normalize import title_alias
from subscriptions.store import drafts
from subscriptions.store.drafts import Incoming, MergeBatch, PaperDraft
from subscriptions.store.known_papers import known_paper
from subscriptions.store.merging import (
    MergedFacts,
    better_text,
    claim_of,
    fill_missing,
    may_add_keys,
    says_withdrawn,
    vouched_by,
)

# for so long after a paper was first seen, a missing value that becomes known makes the paper news again
COMPLETION_WINDOW = timedelta(days=7)


def merge(batch: MergeBatch, one: Incoming) -> int:
    """Merges a paper of a digest with the stored paper that is the same, or adds it if it is new. Returns its id."""
    paper, found, now = one.paper, _same_paper(batch, one), batch.now
    if found is not None:
        row = batch.rows[found]
        paper = _without_ids_of_others(batch, row, one)
        claim = claim_of(row, paper, source=batch.source, of_arxiv=batch.of_arxiv)
        newer, keys = claim.newer(row), may_add_keys(row, claim.standing)
        facts = fill_missing(row, claim, now)
    else:
        newer, keys = False, True
        row = _new_row(batch, paper)
        batch.add(row)
        facts = MergedFacts(missing=False, category=False, anything=True)
    facts = _fill_texts(batch, row.id, paper, facts, newer=newer)
    _remember_keys(batch, row, one, further=keys)
    if facts.anything:
        batch.updated.add(row.id)
    if newer:
        batch.revised.add(row.id)
    if not batch.is_news or (found is not None and _stays_filed(batch, row)):
        _file(row, paper, is_new=found is None)
    elif _is_news(row, paper, facts, now):
        batch.announce(row.id, cross=_is_cross(row, paper, facts, now))
    batch.stands_at.setdefault(row.id, one.place)
    batch.note_appearance(row.id, paper)
    return row.id


def _without_ids_of_others(batch: MergeBatch, row: PaperDraft, one: Incoming) -> Paper:
    """Returns the paper without ids of another row, since the source may not decide that both are the same paper."""
    paper, others = one.paper, {key for key in one.keys if batch.keys.get(key, row.id) != row.id}
    if not others:
        return paper
    arxiv_id = None if paper.arxiv_id in others else paper.arxiv_id
    return replace(paper, arxiv_id=arxiv_id, doi=None if f"doi:{paper.doi}" in others else paper.doi)


def _file(row: PaperDraft, paper: Paper, *, is_new: bool) -> None:
    """Sets, for a paper that is not announced, whether it came only as a cross-list (`cross`)."""
    if row.sequence is None and paper.announce_type not in drafts.REPLACEMENTS:
        row.cross = paper.announce_type is Announce.CROSS and (is_new or row.cross)


def _stays_filed(batch: MergeBatch, row: PaperDraft) -> bool:
    """Whether a feed brings a paper again that was filed when it was first read."""
    return batch.continues and row.sequence is None and row.owner == batch.source


def _is_news(row: PaperDraft, paper: Paper, facts: MergedFacts, now: datetime) -> bool:
    """Whether a paper gets a new sequence (rule 1). A replacement gets none."""
    if paper.announce_type in drafts.REPLACEMENTS:
        return False
    if row.sequence is None:
        return True
    if paper.announce_type is Announce.CROSS and facts.category:
        return True
    if paper.announce_type is not Announce.CROSS and row.sequence_as_new is None:
        return True  # it was only cross-listed, so chats that leave cross-lists out have not looked at it
    return (facts.missing or facts.category) and _is_recent(row, now)


def _is_cross(row: PaperDraft, paper: Paper, facts: MergedFacts, now: datetime) -> bool:
    """Whether a paper gets its sequence as a cross-list, not if the cross-list completes a paper that was new."""
    completes = facts.missing and _is_recent(row, now) and row.sequence_as_new is not None
    return paper.announce_type is Announce.CROSS and not completes


def _is_recent(row: PaperDraft, now: datetime) -> bool:
    return now - row.first_seen_at <= COMPLETION_WINDOW


def _same_paper(batch: MergeBatch, one: Incoming) -> int | None:
    """Returns the id of the stored row of the same paper: that of its first known key, else of its title (rule 4)."""
    found = next((batch.keys[key] for key in one.keys if key in batch.keys), None)
    if found is not None or not one.alias:
        return found
    has_id = bool(one.paper.arxiv_id or one.paper.doi)
    fits = [i for i in sorted(batch.aliases.get(one.alias, ())) if not (has_id and batch.rows[i].has_id)]
    return fits[0] if len(fits) == 1 else None


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
        venue=paper.venue,
        published=paper.published,
        cross=False,
        withdrawn_at=batch.now if says_withdrawn(paper) else None,
        first_seen_at=batch.now,
        day=batch.day,
        owner=batch.source,
        vouched=int(vouched_by(paper)) if batch.of_arxiv and paper.arxiv_id else 0,
    )


def _fill_texts(batch: MergeBatch, row_id: int, paper: Paper, facts: MergedFacts, *, newer: bool) -> MergedFacts:
    missing, anything = facts.missing, facts.anything
    for table, language, brought in _texts_of(paper):
        known = batch.texts[table, row_id].get(language)
        if known is None:
            missing = True
        texts = dict(known or {})
        for name, text in brought.items():
            texts[name] = better_text(texts.get(name, ""), text, newer=newer)
        if texts != known:
            batch.put_texts(table, row_id, language, texts)
            anything = True
    return MergedFacts(missing=missing, category=facts.category, anything=anything or missing)


def _texts_of(paper: Paper) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Yields (table, language, texts) of the summaries and translations of a paper."""
    for summary in paper.summaries:
        yield drafts.SUMMARY, summary.language, summary.fields
    for translation in paper.translations:
        yield drafts.TRANSLATION, translation.language, {"title": translation.title, "abstract": translation.abstract}


def _remember_keys(batch: MergeBatch, row: PaperDraft, one: Incoming, *, further: bool) -> None:
    """Stores the keys and the title by which the paper is found. Without `further`, stores no new ids and no other title."""
    for key in one.keys:
        if key not in batch.keys and (further or not (one.paper.arxiv_id or one.paper.doi)):
            batch.add_key(key, row.id)
    may_name = bool(one.alias) and (further or one.alias == title_alias(row.title))
    if may_name and row.id not in batch.aliases.get(one.alias, ()):
        batch.add_alias(one.alias, row.id)


def as_entry(batch: MergeBatch, row: PaperDraft) -> Paper:
    """Returns a known paper in the form in which digests have papers."""
    summaries = [Summary(language=code, fields=fields) for code, fields in batch.texts[drafts.SUMMARY, row.id].items()]
    translations = [
        Translation(language=code, **texts) for code, texts in batch.texts[drafts.TRANSLATION, row.id].items()
    ]
    return known_paper(row, summaries, translations, []).paper

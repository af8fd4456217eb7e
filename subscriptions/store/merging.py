"""Merges the papers of a digest into the known papers: one row for each paper (docs/architecture.md, rules 1 and 4).

The first part has pure functions, which decide which source may change which value of a known paper. There are three
kinds of sources: arXiv's own sources, the source that brought the paper first (the owner), and all others.

- A value that one of arXiv's own sources gave to a paper with an arXiv id is *vouched for*. Only arXiv's sources may
  change it.
- The owner may change values that are not vouched for.
- Other sources may only fill in missing values.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, IntFlag, auto
from operator import attrgetter

import sqlalchemy as sa
from sqlmodel import col

from subscriptions import model
from subscriptions.normalize import title_alias
from subscriptions.store import drafts
from subscriptions.store.database import store
from subscriptions.store.database.conflicts import move_rows
from subscriptions.store.database.store import Transaction
from subscriptions.store.drafts import Incoming, MergeBatch, PaperDraft
from subscriptions.store.known_papers import known_paper
from subscriptions.store.rows import PaperKeyRow, PaperRow
from subscriptions.texts import withdrawn_by

_ELLIPSIS = ("…", "...")
# compares lists without copying them, since lists of a row are replaced and never changed
_compared_of = attrgetter("title", "abstract", "authors", "categories", "venue")
_CLOSED = tuple(".!?。！？)）]\"”'’$")  # a complete abstract ends with one of these


class Standing(Enum):
    """What a source is to a paper."""

    ARXIV = auto()  # the source is arXiv's own, and the paper has an arXiv id
    OWNER = auto()  # the source brought the paper first
    OTHER = auto()


class Vouched(IntFlag):
    """The values of a paper that are vouched for: one of arXiv's own sources gave them.

    Stored as a number, so the order of the members must not change.
    """

    TITLE = auto()
    ABSTRACT = auto()
    AUTHORS = auto()
    CATEGORIES = auto()
    PRIMARY = auto()
    DOI = auto()
    URL = auto()
    COMMENT = auto()
    VERSION = auto()
    WITHDRAWN = auto()


NOTHING, ALL = Vouched(0), ~Vouched(0)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a source says about a known paper."""

    paper: model.Paper
    standing: Standing
    vouched: Vouched = NOTHING  # the values that one of arXiv's own sources gave

    def newer(self, row: PaperDraft) -> bool:
        """Whether the source has a higher version of the paper. Ignores versions from sources of the kind OTHER."""
        version, known = self.paper.version, Vouched.VERSION in Vouched(row.vouched)
        if version is None or row.version is None or self.standing is Standing.OTHER:
            return False
        vouched = Vouched.VERSION in self.vouched
        return version > row.version if known == vouched else vouched

    def older(self, row: PaperDraft) -> bool:
        """Whether the source has a lower version of the paper."""
        version = self.paper.version
        return version is not None and row.version is not None and version < row.version and not self.newer(row)


def claim_of(row: PaperDraft, paper: model.Paper, *, source: str, of_arxiv: bool) -> Claim:
    """Returns what a source says about a known paper, and what the source is to the paper."""
    if of_arxiv and paper.arxiv_id:
        return Claim(paper, Standing.ARXIV, ALL)
    return Claim(paper, Standing.OWNER if source == row.owner else Standing.OTHER)


def may_add_keys(row: PaperDraft, standing: Standing) -> bool:
    """Whether a source may add further ids to a paper. A paper without an id accepts them from any source."""
    if standing is Standing.ARXIV or not (row.arxiv_id or row.doi):
        return True
    return standing is Standing.OWNER and not row.vouched


def may_join(keep: PaperDraft, lose: PaperDraft, *, source: str, arxiv: bool) -> bool:
    """Whether a source may decide that two known papers are the same. `arxiv`: the source is arXiv's own."""
    return arxiv or (keep.owner == lose.owner == source and not keep.vouched | lose.vouched)


def says_withdrawn(paper: model.Paper) -> bool:
    """Whether a comment or an abstract says that the paper has been withdrawn."""
    return bool(withdrawn_by(paper.comment) or withdrawn_by(paper.abstract))


def vouched_by(paper: model.Paper) -> Vouched:
    """Returns which values a paper has. If one of arXiv's own sources gave the paper, these values are vouched for."""
    given = {
        Vouched.TITLE: paper.title,
        Vouched.ABSTRACT: paper.abstract,
        Vouched.AUTHORS: paper.authors,
        Vouched.CATEGORIES: paper.categories,
        Vouched.PRIMARY: paper.primary,
        Vouched.DOI: paper.doi,
        Vouched.URL: paper.url,
        Vouched.COMMENT: paper.comment,
        Vouched.VERSION: paper.version,
        Vouched.WITHDRAWN: says_withdrawn(paper),
    }
    return Vouched(sum(name for name, value in given.items() if value))


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a digest added to a known paper."""

    missing: bool  # a value was missing and is known now
    category: bool  # it has a new category
    anything: bool  # any text or value changed


def _fill(row: PaperDraft, claim: Claim, now: datetime) -> _Facts:
    """Updates a row with the values of a claim that are new or better, including the version. Returns what changed."""
    had = _compared_of(row)
    paper, newer, older = claim.paper, claim.newer(row), claim.older(row)
    row.title = _text(row, Vouched.TITLE, row.title, paper.title, claim, newer=newer, older=older)
    row.abstract = _text(row, Vouched.ABSTRACT, row.abstract, paper.abstract, claim, newer=newer, older=older)
    row.comment = _text(row, Vouched.COMMENT, row.comment, paper.comment, claim, newer=newer, older=older)
    row.venue, row.published = row.venue or paper.venue, row.published or paper.published
    if paper.authors and (not row.authors or _overrules(row, Vouched.AUTHORS, claim, newer=newer)):
        row.authors = list(paper.authors)
    row.primary = _value(row, Vouched.PRIMARY, row.primary, paper.primary, claim)
    row.categories = _joined_categories(row, claim)
    row.doi = _value(row, Vouched.DOI, row.doi, paper.doi, claim) if may_add_keys(row, claim.standing) else row.doi
    row.arxiv_id = row.arxiv_id or (paper.arxiv_id if may_add_keys(row, claim.standing) else None)
    row.url = _value(row, Vouched.URL, row.url, paper.url, claim)
    row.key = row.arxiv_id or row.doi or row.key
    _withdraw(row, claim, now, older=older)
    row.version = _version(row, claim)
    row.vouched = int(Vouched(row.vouched) | (vouched_by(paper) & claim.vouched))
    has = _compared_of(row)
    missing = any(not before and after for before, after in zip(had, has, strict=True))
    return _Facts(missing=missing, category=set(had[3]) < set(has[3]), anything=had != has)


def _withdraw(row: PaperDraft, claim: Claim, now: datetime, *, older: bool) -> None:
    vouched = Vouched.WITHDRAWN in claim.vouched
    if not vouched and (row.vouched or claim.standing is Standing.OTHER):
        return
    if says_withdrawn(claim.paper):
        if row.withdrawn_at is None and not older:
            row.withdrawn_at = now
    elif Vouched.WITHDRAWN not in Vouched(row.vouched) and vouched and (claim.paper.abstract or claim.paper.comment):
        row.withdrawn_at = None  # another source said that the paper was withdrawn, but arXiv does not say so


def _version(row: PaperDraft, claim: Claim) -> int | None:
    version = claim.paper.version
    if version is None or claim.standing is Standing.OTHER:
        return row.version
    if Vouched.VERSION in claim.vouched and Vouched.VERSION not in Vouched(row.vouched):
        return version
    if Vouched.VERSION in Vouched(row.vouched) and Vouched.VERSION not in claim.vouched:
        return row.version
    return max(version, row.version or 0)


def _overrules(row: PaperDraft, name: Vouched, claim: Claim, *, newer: bool) -> bool:
    """Whether a claim's value replaces the known value.

    A vouched value replaces a value that is not vouched for. If both are vouched for, or neither is, the value of the
    newer version wins.
    """
    had, has = name in Vouched(row.vouched), name in claim.vouched
    return newer if had == has else has


def _value(row: PaperDraft, name: Vouched, old: str | None, new: str | None, claim: Claim) -> str | None:
    if not (old and new):
        return old or new
    return new if _overrules(row, name, claim, newer=False) else old


def _text(row: PaperDraft, name: Vouched, old: str, new: str, claim: Claim, *, newer: bool, older: bool) -> str:
    had, has = name in Vouched(row.vouched), name in claim.vouched
    if not (old and new):
        return old or new
    if had != has:
        # a title that differs only in its spelling is not replaced
        return new if has and title_alias(old) != title_alias(new) else old
    if claim.standing is Standing.OTHER and not _is_cut_off(name, old):
        return old
    return better_text(old, new, newer=newer, older=older)


def _is_cut_off(name: Vouched, text: str) -> bool:
    """Whether a text was cut off, so that any source may complete it: also an abstract without final punctuation."""
    return text.endswith(_ELLIPSIS) or (name is Vouched.ABSTRACT and not text.endswith(_CLOSED))


def better_text(old: str, new: str, *, newer: bool, older: bool = False) -> str:
    """Returns the text of the higher version (rule 4); of equal versions `old`. An empty text always loses.

    A text that is only the beginning of the other one was cut off. It replaces no complete text, and the complete text
    of the same version replaces it.
    """
    if not new or not old:
        return old or new
    if newer:
        return old if old.startswith(new.rstrip(" .…")) else new
    if older:
        return old
    return new if len(new) > len(old) and new.startswith(old.rstrip(" .…")) else old


def _joined_categories(row: PaperDraft, claim: Claim) -> list[str]:
    """Returns the known categories and those of the claim. If arXiv gave the known ones, only arXiv may add to them."""
    first = (row.primary,) if row.primary else ()
    closed = Vouched.CATEGORIES in Vouched(row.vouched) and Vouched.CATEGORIES not in claim.vouched
    return list(dict.fromkeys((*first, *row.categories, *(() if closed else claim.paper.categories))))


# --------------------------------------------------------------------------------------------------------------- merges


_OF_PAPER = {  # tables of rows that belong to a paper → columns that are unique together with the paper
    "paper_alias": ("alias",),
    "appearance": ("digest",),
    "delivery_item": ("chat",),
    "signal": ("chat", "kind"),
}
# for so long after a paper was first seen, a missing value that becomes known makes the paper news again
COMPLETION_WINDOW = timedelta(days=7)


def merge(transaction: Transaction, batch: MergeBatch, one: Incoming) -> int:
    """Merges a paper of a digest with the stored paper that is the same, or adds it if it is new. Returns its id."""
    paper, found, now = one.paper, _same_paper(batch, one), batch.now
    if found:
        row = batch.rows[found[0]]
        for other in found[1:]:
            _join(transaction, batch, row, batch.rows[other])
        paper = _without_ids_of_others(batch, row, one)
        claim = claim_of(row, paper, source=batch.source, of_arxiv=batch.of_arxiv)
        was_withdrawn, newer, keys = row.withdrawn_at, claim.newer(row), may_add_keys(row, claim.standing)
        facts = _fill(row, claim, now)
        if row.withdrawn_at is not None and was_withdrawn is None:
            batch.withdrawn.add(row.id)
    else:
        newer, keys = False, True
        row = _new_row(batch, paper)
        batch.add(row)
        facts = _Facts(missing=False, category=False, anything=True)
    facts = _fill_texts(batch, row.id, paper, facts, newer=newer)
    _remember_keys(batch, row, one, further=keys)
    if facts.anything:
        batch.updated.add(row.id)
    if not batch.is_news:
        _file(row, paper, is_new=not found)
    elif _is_news(row, paper, facts, now):
        batch.announce(row.id, cross=_is_cross(row, paper, facts, now))
    batch.stands_at.setdefault(row.id, one.place)
    batch.note_appearance(row.id, paper)
    return row.id


def joins(batch: MergeBatch, one: Incoming) -> bool:
    """Whether the keys and the title of a paper show that several stored papers are the same paper."""
    return len(_same_paper(batch, one)) > 1


def _without_ids_of_others(batch: MergeBatch, row: PaperDraft, one: Incoming) -> model.Paper:
    """Returns the paper without ids of another row, since the source may not decide that both are the same paper."""
    paper, others = one.paper, {key for key in one.keys if batch.keys.get(key, row.id) != row.id}
    if not others:
        return paper
    arxiv_id = None if paper.arxiv_id in others else paper.arxiv_id
    return replace(paper, arxiv_id=arxiv_id, doi=None if f"doi:{paper.doi}" in others else paper.doi)


def _file(row: PaperDraft, paper: model.Paper, *, is_new: bool) -> None:
    """Sets, for a paper that is not announced, whether it came only as a cross-list (`cross`)."""
    if row.sequence is None and paper.announce_type not in drafts.REPLACEMENTS:
        row.cross = paper.announce_type is model.Announce.CROSS and (is_new or row.cross)


def _is_news(row: PaperDraft, paper: model.Paper, facts: _Facts, now: datetime) -> bool:
    """Whether a paper gets a new sequence (rule 1). A replacement gets none."""
    if paper.announce_type in drafts.REPLACEMENTS:
        return False
    if row.sequence is None:
        return True
    if paper.announce_type is model.Announce.CROSS and facts.category:
        return True
    if paper.announce_type is not model.Announce.CROSS and row.sequence_as_new is None:
        return True  # it was only cross-listed, so chats that leave cross-lists out have not looked at it
    return (facts.missing or facts.category) and _is_recent(row, now)


def _is_cross(row: PaperDraft, paper: model.Paper, facts: _Facts, now: datetime) -> bool:
    """Whether a paper gets its sequence as a cross-list, not if the cross-list completes a paper that was new."""
    completes = facts.missing and _is_recent(row, now) and row.sequence_as_new is not None
    return paper.announce_type is model.Announce.CROSS and not completes


def _is_recent(row: PaperDraft, now: datetime) -> bool:
    return now - row.first_seen_at <= COMPLETION_WINDOW


def _same_paper(batch: MergeBatch, one: Incoming) -> list[int]:
    """Returns the ids of the stored rows of the same paper. All are merged into the first of them (rule 4).

    If the source may not decide that they are the same paper, returns only the row that the first key finds.
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
    allowed = [i for i in found[1:] if may_join(batch.rows[found[0]], batch.rows[i], source=batch.source, arxiv=ours)]
    return sorted((*found[:1], *allowed), key=lambda i: (not batch.rows[i].has_id, i))


def _new_row(batch: MergeBatch, paper: model.Paper) -> PaperDraft:
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


def _fill_texts(batch: MergeBatch, row_id: int, paper: model.Paper, facts: _Facts, *, newer: bool) -> _Facts:
    missing, anything = facts.missing, facts.anything
    for table, language, brought in _texts_of(paper):
        known = batch.texts[table, row_id].get(language)
        if known is None:
            missing = True
            if table == drafts.SUMMARY:
                batch.summarised.setdefault(row_id, set()).add(language)
        texts = dict(known or {})
        for name, text in brought.items():
            texts[name] = better_text(texts.get(name, ""), text, newer=newer)
        if texts != known:
            batch.put_texts(table, row_id, language, texts)
            anything = True
    return _Facts(missing=missing, category=facts.category, anything=anything or missing)


def _texts_of(paper: model.Paper) -> Iterator[tuple[str, str, Mapping[str, str]]]:
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


def _join(transaction: Transaction, batch: MergeBatch, keep: PaperDraft, lose: PaperDraft) -> None:
    """Moves everything from the row `lose` to the row `keep`, which is the same paper. Assigns no sequence (rule 4)."""
    kept, lost = keep.id, lose.id
    batch.write(transaction)
    entry = as_entry(batch, lose)
    _fill(keep, Claim(entry, Standing.OWNER, Vouched(lose.vouched)), keep.first_seen_at)
    _fill_texts(batch, kept, entry, _Facts(missing=False, category=False, anything=False), newer=False)
    if keep.sequence is None and lose.first_seen_at < keep.first_seen_at:
        keep.day = lose.day
    keep.first_seen_at = min(keep.first_seen_at, lose.first_seen_at)
    if lose.withdrawn_at is not None and keep.withdrawn_at is None and not keep.vouched & ~lose.vouched:
        keep.withdrawn_at = lose.withdrawn_at
        batch.withdrawn.add(kept)
    as_new = max(keep.sequence_as_new or 0, lose.sequence_as_new or 0) or None
    if lose.sequence is not None and lose.sequence > (keep.sequence or 0):
        keep.sequence, keep.sequenced_at, keep.cross, keep.day = lose.sequence, lose.sequenced_at, lose.cross, lose.day
        keep.came_at = lose.came_at
    keep.new_sequence = as_new
    store.execute(transaction, sa.update(PaperKeyRow).where(col(PaperKeyRow.paper) == lost).values(paper=kept))
    for table, keys in _OF_PAPER.items():
        move_rows(transaction, table, keys, column="paper", before=lost, after=kept)
    store.execute(transaction, sa.delete(PaperRow).where(col(PaperRow.id) == lost))
    batch.forget_joined(lost, kept)


def as_entry(batch: MergeBatch, row: PaperDraft) -> model.Paper:
    """Returns a known paper in the form in which digests have papers."""
    summaries = [
        model.Summary(language=code, fields=fields) for code, fields in batch.texts[drafts.SUMMARY, row.id].items()
    ]
    translations = [
        model.Translation(language=code, **texts) for code, texts in batch.texts[drafts.TRANSLATION, row.id].items()
    ]
    return known_paper(row, summaries, translations, []).paper

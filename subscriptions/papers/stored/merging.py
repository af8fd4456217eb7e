"""Decides what a source may change in a known paper, and whether the paper is news again (rules 1 and 4).

Pure functions.

| who speaks | before arXiv described the paper | after |
|---|---|---|
| one of arXiv's own sources | takes over | same or newer version: replaces; older: fills in; unknown: completes |
| the source that brought the paper first | newer version: replaces; older: fills in; else: completes | fills in |
| any other source | completes | fills in |

Only a *trusted* source raises the version, withdraws the paper and gives it further ids: one of arXiv's own, and the
first source until arXiv has described the paper. A paper without an id takes one from any source. Once arXiv has named
the categories, only arXiv adds to them. Every source adds summaries and translations. What is known is never removed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from operator import attrgetter
from typing import NamedTuple

from subscriptions.database.columns import Json, as_stored, from_stored
from subscriptions.database.tables import PaperValues
from subscriptions.identity import is_preprint, is_server, paper_key
from subscriptions.life import Article, Event, Mark, Notice, PaperFacts, Withdrawal
from subscriptions.model import Announce, Paper
from subscriptions.text.statements import withdrawal_reason, withdrawn_by
from subscriptions.text.words import title_alias

# for so long after a paper was first seen, a missing value that becomes known makes the paper news again
COMPLETION_WINDOW = timedelta(days=7)
# papers with these announce types are not announced
REPLACEMENTS = frozenset({Announce.REPLACE, Announce.REPLACE_CROSS})

Languages = Mapping[str, Mapping[str, str]]  # language → name of a text → text

_CUT = " .…"  # what may be written where a text was cut off
_ELLIPSIS = ("…", "...")
_CLOSED = tuple(".!?。！？)）]\"”'’$")  # a complete abstract ends with one of these
# compares lists without copying them, since lists of a row are replaced and never changed
_compared_of = attrgetter("title", "abstract", "authors", "categories", "venue", "summaries", "translations")
_noted_of = attrgetter("version", "doi", "facts")  # no query finds them


class Effect(Enum):
    """What the values of a source do to the known values of a paper. All of them fill in what is missing."""

    FILLS = auto()
    COMPLETES = auto()  # also completes texts that were cut off
    REPLACES = auto()  # also replaces values, but no text by its cut beginning
    TAKES_OVER = auto()  # replaces all values, since arXiv describes the paper for the first time


_REPLACING = (Effect.REPLACES, Effect.TAKES_OVER)


class Claim(NamedTuple):
    """What a source says about a known paper."""

    paper: Paper
    effect: Effect
    is_trusted: bool
    is_newer: bool  # a trusted source has a higher version
    is_of_article: bool  # its DOI is that of an article, and a source relates it to the paper


def claim_of(row: PaperValues, paper: Paper, source: str, *, of_arxiv: bool, is_related: bool = False) -> Claim:
    """Return what a source says about a known paper, or about an empty row.

    `of_arxiv`: the source is one of arXiv's own. `is_related`: a source says that the record is of the paper's work.
    """
    by_arxiv = of_arxiv and paper.arxiv_id is not None
    trusted = by_arxiv or (source == row.owner and not row.by_arxiv)
    known, version = row.version or 0, paper.version
    if is_related and row.version is None and is_preprint(paper.doi or "") and row.doi and not is_preprint(row.doi):
        effect, trusted = Effect.FILLS, False  # the preprint of an article that came first
    elif by_arxiv and not row.by_arxiv:
        effect = Effect.TAKES_OVER
    elif not trusted:
        effect = Effect.FILLS if row.by_arxiv else Effect.COMPLETES
    elif version is None or (version == known and not by_arxiv):
        effect = Effect.COMPLETES
    else:
        effect = Effect.FILLS if version < known else Effect.REPLACES
    is_of_article = is_related and bool(paper.doi) and not is_preprint(paper.doi or "")
    return Claim(paper, effect, trusted, trusted and (version or 0) > known > 0, is_of_article)


@dataclass(frozen=True, slots=True)
class Change:
    """What a digest added to a known paper."""

    missing: bool  # a value was missing and is known now
    category: bool  # it has a new category
    anything: bool  # any text or value changed that queries look at
    noted: bool  # its version, its DOI or its facts changed


def apply_claim(row: PaperValues, claim: Claim, now: datetime) -> Change:
    """Update a row with what the source may change in it. Return what changed."""
    had, paper, effect = _compared_of(row), claim.paper, claim.effect
    comment, noted = row.comment, _noted_of(row)
    row.title = _merged_text(row.title, paper.title, effect, is_prose=False)
    row.abstract = _merged_text(row.abstract, paper.abstract, effect)
    row.comment = _merged_text(row.comment, paper.comment, effect, is_prose=False)
    if claim.is_of_article:  # its record names the journal in full
        row.doi = paper.doi if not row.doi or is_preprint(row.doi) else row.doi
        if paper.venue and paper.doi == row.doi and not is_server(paper.venue):
            row.venue, row.published = paper.venue, paper.published or row.published
    row.venue, row.published = row.venue or paper.venue, row.published or paper.published
    if paper.authors and (not row.authors or (effect in _REPLACING and _differ(row.authors, paper.authors))):
        row.authors = list(paper.authors)
    row.primary = _merged_value(row.primary, paper.primary, effect)
    row.url = _merged_value(row.url, paper.url, effect)
    row.categories = _joined_categories(row, claim)
    if may_add_keys(row, claim):
        row.doi = _merged_value(row.doi, paper.doi, effect)
        row.arxiv_id = row.arxiv_id or paper.arxiv_id
    row.key = paper_key(arxiv_id=row.arxiv_id, doi=row.doi) or row.key
    if claim.is_trusted:
        facts = from_stored(PaperFacts, row.facts)
        if (told := _facts(row, claim, facts, now)) != facts:
            row.facts = as_stored(told)
        known = 0 if effect is Effect.TAKES_OVER else row.version or 0
        row.version = max(paper.version or 0, known) or None
    row.by_arxiv = row.by_arxiv or effect is Effect.TAKES_OVER
    row.summaries = _joined_texts(row.summaries, {one.language: one.fields for one in paper.summaries}, claim)
    translations = {one.language: {"title": one.title, "abstract": one.abstract} for one in paper.translations}
    row.translations = _joined_texts(row.translations, translations, claim)
    has = _compared_of(row)
    in_more_languages = len(row.summaries) > len(had[-2]) or len(row.translations) > len(had[-1])
    return Change(
        missing=in_more_languages or any(new and not old for old, new in zip(had, has, strict=True)),
        category=set(had[3]) < set(has[3]),
        anything=had != has or comment != row.comment,
        noted=noted != _noted_of(row),
    )


def may_add_keys(row: PaperValues, claim: Claim) -> bool:
    """Whether a source may add further ids to a paper. A paper without an id accepts them from any source."""
    return claim.is_trusted or not row.has_id


def _joined_texts(known: Languages, brought: Languages, claim: Claim) -> Json:
    """Return the texts of summaries or translations: language → name → text. Every source may complete them."""
    effect = Effect.REPLACES if claim.is_newer else Effect.COMPLETES
    joined = {**known}
    for language, texts in brought.items():
        old = known.get(language, {})
        merged = {name: _merged_text(old.get(name, ""), text, effect) for name, text in texts.items()}
        joined[language] = {**old, **merged}
    return joined


def is_news(row: PaperValues, paper: Paper, change: Change, now: datetime) -> bool:
    """Whether a paper gets a new sequence (rule 1). A replacement gets none."""
    if paper.announce_type in REPLACEMENTS:
        return False
    if row.sequence is None:
        return True
    if paper.announce_type is Announce.CROSS and change.category:
        return True
    if paper.announce_type is not Announce.CROSS and row.sequence_as_new is None:
        return True  # it was only cross-listed, so chats that leave cross-lists out have not looked at it
    return (change.missing or change.category) and _is_recent(row, now)


def is_cross(row: PaperValues, paper: Paper, change: Change, now: datetime) -> bool:
    """Whether a paper gets its sequence as a cross-list, not if the cross-list completes a paper that was new."""
    completes = change.missing and _is_recent(row, now) and row.sequence_as_new is not None
    return paper.announce_type is Announce.CROSS and not completes


def _is_recent(row: PaperValues, now: datetime) -> bool:
    return now - row.first_seen_at <= COMPLETION_WINDOW


def _merged_value(old: str | None, new: str | None, effect: Effect) -> str | None:
    return new if new and (not old or effect in _REPLACING) else old


def _merged_text(old: str, new: str, effect: Effect, *, is_prose: bool = True) -> str:
    """Return the text that stays. `is_prose`: a complete text ends with a mark that closes a sentence.

    A text with the same words replaces nothing.
    """
    if not old or not new:
        return old or new
    if effect is Effect.COMPLETES and _is_beginning(old, new, is_prose=is_prose):
        return new
    if effect is Effect.REPLACES and _is_beginning(new, old, is_prose=is_prose):
        return old
    return new if effect in _REPLACING and _differ([old], [new]) else old


def _is_beginning(short: str, long: str, *, is_prose: bool) -> bool:
    """Whether a text is the beginning of a longer one and was cut off there."""
    is_cut = short.endswith(_ELLIPSIS) or (is_prose and not short.endswith(_CLOSED))
    return is_cut and len(long) > len(short) and long.startswith(short.rstrip(_CUT))


def _differ(old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether texts differ in more than their spelling."""
    return [*map(title_alias, old)] != [*map(title_alias, new)]


def _joined_categories(row: PaperValues, claim: Claim) -> list[str]:
    """Return the known categories and those of the claim.

    Once arXiv has named the categories, only arXiv adds to them.
    """
    first = (row.primary,) if row.primary else ()
    is_closed = row.by_arxiv and row.categories and not claim.is_trusted
    return list(dict.fromkeys((*first, *row.categories, *(() if is_closed else claim.paper.categories))))


def _facts(row: PaperValues, claim: Claim, facts: PaperFacts, now: datetime) -> PaperFacts:
    """Return the facts of a paper after a trusted source described it, and before the row gets its version."""
    paper = claim.paper
    by_arxiv = row.by_arxiv or claim.effect is Effect.TAKES_OVER
    if by_arxiv and paper.venue and not is_server(paper.venue):  # its journal reference
        facts = replace(facts, article=Article(venue=paper.venue, day=paper.published))
    return replace(
        facts,
        withdrawn=_withdrawal(row, claim, facts.withdrawn, now),
        has_no_comment=facts.has_no_comment or (paper.has_all and not paper.comment),
    )


def _withdrawal(row: PaperValues, claim: Claim, known: Withdrawal | None, now: datetime) -> Withdrawal | None:
    """Return the withdrawal of a paper, by the word of a trusted source. It ends with a later version that does not say so."""
    paper = claim.paper
    words = next(filter(withdrawn_by, (paper.comment, paper.abstract)), "")
    if words:
        if known or claim.effect is Effect.FILLS:
            return known
        by_authors = "authors" in map(withdrawn_by, (paper.comment, paper.abstract))
        return Withdrawal(at=now, version=paper.version, by_authors=by_authors, reason=withdrawal_reason(words))
    is_described = bool(paper.abstract or paper.comment)
    is_newer = (paper.version or 0) > ((known and known.version) or row.version or 0)
    # another source may have said that the paper was withdrawn, when arXiv does not say so
    return None if is_described and (is_newer or claim.effect is Effect.TAKES_OVER) else known


def after_mark(facts: PaperFacts, mark: Mark, now: datetime) -> PaperFacts:
    """Return the facts of a paper after a notice about it. Of several corrections, the newest counts."""
    notice = Notice(doi=mark.notice, day=mark.day)
    if mark.event is Event.WITHDRAWN:
        withdrawn = Withdrawal(at=now, version=mark.version, by_authors=bool(mark.reason), reason=mark.reason)
        return facts if facts.withdrawn else replace(facts, withdrawn=withdrawn)
    if mark.event is Event.CORRECTED:
        return facts if facts.corrected and facts.corrected.day >= mark.day else replace(facts, corrected=notice)
    known = facts.retracted if mark.event is Event.RETRACTED else facts.concern
    if known and (known.doi or not notice.doi):
        return facts
    return replace(facts, retracted=notice) if mark.event is Event.RETRACTED else replace(facts, concern=notice)

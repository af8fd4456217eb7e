"""Decides which source may change which value of a known paper (docs/architecture.md, rule 4). Pure functions.

There are three kinds of sources: arXiv's own sources, the source that brought the paper first (the owner), and all others.

- A value that one of arXiv's own sources gave to a paper with an arXiv id is *vouched for*. Only arXiv's sources may
  change it.
- The owner may change values that are not vouched for.
- Other sources may only fill in missing values.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntFlag, auto
from operator import attrgetter

from subscriptions.model import Paper
from subscriptions.normalize import title_alias
from subscriptions.store.drafts import PaperDraft
from subscriptions.texts.withdrawals import withdrawn_by

_ELLIPSIS = ("…", "...")
# compares lists without copying them, since lists of a row are replaced and never changed
_compared_of = attrgetter("title", "abstract", "authors", "categories", "venue")
_CLOSED = tuple(".!?。！？)）]\"”'’$")  # a complete abstract ends with one of these


class Precedence(Enum):
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
class SaidBySource:
    """What a source says about a known paper."""

    paper: Paper
    standing: Precedence
    vouched: Vouched = NOTHING  # the values that one of arXiv's own sources gave

    def newer(self, row: PaperDraft) -> bool:
        """Whether the source has a higher version of the paper. Ignores versions from sources of the kind OTHER."""
        version, known = self.paper.version, Vouched.VERSION in Vouched(row.vouched)
        if version is None or row.version is None or self.standing is Precedence.OTHER:
            return False
        vouched = Vouched.VERSION in self.vouched
        if known == vouched:
            return version > row.version
        return vouched

    def older(self, row: PaperDraft) -> bool:
        """Whether the source has a lower version of the paper."""
        version = self.paper.version
        return version is not None and row.version is not None and version < row.version and not self.newer(row)


def claim_of(row: PaperDraft, paper: Paper, *, source: str, of_arxiv: bool) -> SaidBySource:
    """Returns what a source says about a known paper, and what the source is to the paper."""
    if of_arxiv and paper.arxiv_id:
        return SaidBySource(paper, Precedence.ARXIV, ALL)
    return SaidBySource(paper, Precedence.OWNER if source == row.owner else Precedence.OTHER)


def may_add_keys(row: PaperDraft, standing: Precedence) -> bool:
    """Whether a source may add further ids to a paper. A paper without an id accepts them from any source."""
    if standing is Precedence.ARXIV or not (row.arxiv_id or row.doi):
        return True
    return standing is Precedence.OWNER and not row.vouched


def says_withdrawn(paper: Paper) -> bool:
    """Whether a comment or an abstract says that the paper has been withdrawn."""
    return bool(withdrawn_by(paper.comment) or withdrawn_by(paper.abstract))


def vouched_by(paper: Paper) -> Vouched:
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
class MergedFacts:
    """What a digest added to a known paper."""

    missing: bool  # a value was missing and is known now
    category: bool  # it has a new category
    anything: bool  # any text or value changed


def fill_missing(row: PaperDraft, claim: SaidBySource, now: datetime) -> MergedFacts:
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
    return MergedFacts(missing=missing, category=set(had[3]) < set(has[3]), anything=had != has)


def _withdraw(row: PaperDraft, claim: SaidBySource, now: datetime, *, older: bool) -> None:
    vouched = Vouched.WITHDRAWN in claim.vouched
    if not vouched and (row.vouched or claim.standing is Precedence.OTHER):
        return
    if says_withdrawn(claim.paper):
        if row.withdrawn_at is None and not older:
            row.withdrawn_at = now
    elif Vouched.WITHDRAWN not in Vouched(row.vouched) and vouched and (claim.paper.abstract or claim.paper.comment):
        row.withdrawn_at = None  # another source said that the paper was withdrawn, but arXiv does not say so


def _version(row: PaperDraft, claim: SaidBySource) -> int | None:
    version = claim.paper.version
    if version is None or claim.standing is Precedence.OTHER:
        return row.version
    if Vouched.VERSION in claim.vouched and Vouched.VERSION not in Vouched(row.vouched):
        return version
    if Vouched.VERSION in Vouched(row.vouched) and Vouched.VERSION not in claim.vouched:
        return row.version
    return max(version, row.version or 0)


def _overrules(row: PaperDraft, name: Vouched, claim: SaidBySource, *, newer: bool) -> bool:
    """Whether a claim's value replaces the known value.

    A vouched value replaces a value that is not vouched for. If both are vouched for, or neither is, the value of the
    newer version wins.
    """
    had, has = name in Vouched(row.vouched), name in claim.vouched
    return newer if had == has else has


def _value(row: PaperDraft, name: Vouched, old: str | None, new: str | None, claim: SaidBySource) -> str | None:
    if not (old and new):
        return old or new
    if _overrules(row, name, claim, newer=False):
        return new
    return old


def _text(row: PaperDraft, name: Vouched, old: str, new: str, claim: SaidBySource, *, newer: bool, older: bool) -> str:
    had, has = name in Vouched(row.vouched), name in claim.vouched
    if not (old and new):
        return old or new
    if had != has:
        # a title that differs only in its spelling is not replaced
        if has and title_alias(old) != title_alias(new):
            return new
        return old
    if claim.standing is Precedence.OTHER and not _is_cut_off(name, old):
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
        if old.startswith(new.rstrip(" .…")):
            return old
        return new
    if older:
        return old
    if len(new) > len(old) and new.startswith(old.rstrip(" .…")):
        return new
    return old


def _joined_categories(row: PaperDraft, claim: SaidBySource) -> list[str]:
    """Returns the known categories and those of the claim. If arXiv gave the known ones, only arXiv may add to them."""
    first = (row.primary,) if row.primary else ()
    closed = Vouched.CATEGORIES in Vouched(row.vouched) and Vouched.CATEGORIES not in claim.vouched
    return list(dict.fromkeys((*first, *row.categories, *(() if closed else claim.paper.categories))))

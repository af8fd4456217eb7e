"""Who may say what about a known paper (docs/architecture.md, rule 4). Pure; works on rows, writes nothing.

Three kinds of sources describe a paper: arXiv's own ones, the source that brought it first, and any other. Each value
that one of arXiv's own gives for a paper with an arXiv id is vouched for, and only they change it. The source that
brought a paper first changes values that are not vouched for. Any other fills in missing ones.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntFlag, auto

from subscriptions.model import Paper
from subscriptions.normalize import title_alias
from subscriptions.store.drafts import PaperDraft

WITHDRAWN = "this paper has been withdrawn"
_ELLIPSIS = ("…", "...")
_CLOSED = tuple(".!?。！？)）]\"”'’$")  # how an abstract ends that was not cut off


class Standing(Enum):
    """What a source is to a paper."""

    ARXIV = auto()  # one of arXiv's own, and the paper has an arXiv id
    OWNER = auto()  # it brought the paper first
    OTHER = auto()


class Vouched(IntFlag):
    """The values of a paper that one of arXiv's own sources gave; stored as a number, so their order stays."""

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
    """What a source says of a known paper."""

    paper: Paper
    standing: Standing
    vouched: Vouched = NOTHING  # the values that one of arXiv's own sources gave

    def newer(self, row: PaperDraft) -> bool:
        """Whether its texts are those of a higher version. Versions from other sources are ignored."""
        version, known = self.paper.version, Vouched.VERSION in Vouched(row.vouched)
        if version is None or row.version is None or self.standing is Standing.OTHER:
            return False
        vouched = Vouched.VERSION in self.vouched
        return version > row.version if known == vouched else vouched

    def older(self, row: PaperDraft) -> bool:
        """Whether its texts are those of a lower version."""
        version = self.paper.version
        return version is not None and row.version is not None and version < row.version and not self.newer(row)


def standing_of(row: PaperDraft, paper: Paper, *, source: str, of_arxiv: bool) -> Standing:
    """What a source is to a known paper."""
    if of_arxiv and paper.arxiv_id:
        return Standing.ARXIV
    return Standing.OWNER if source == row.owner else Standing.OTHER


def claim_of(row: PaperDraft, paper: Paper, *, source: str, of_arxiv: bool) -> Claim:
    """What a source says about a known paper, and the standing of the source."""
    standing = standing_of(row, paper, source=source, of_arxiv=of_arxiv)
    return Claim(paper, standing, ALL if standing is Standing.ARXIV else NOTHING)


def may_add_keys(row: PaperDraft, standing: Standing) -> bool:
    """Whether a source may make further ids lead to a paper. A paper without an id takes them from any source."""
    if standing is Standing.ARXIV or not (row.arxiv_id or row.doi):
        return True
    return standing is Standing.OWNER and not row.vouched


def may_join(keep: PaperDraft, lose: PaperDraft, *, source: str, arxiv: bool) -> bool:
    """Whether a source may say that two known papers are one; `arxiv`: it is one of arXiv's own."""
    return arxiv or (keep.owner == lose.owner == source and not keep.vouched | lose.vouched)


def says_withdrawn(paper: Paper) -> bool:
    """Whether a comment or an abstract says that the paper has been withdrawn."""
    return paper.comment.casefold().startswith(WITHDRAWN) or paper.abstract.casefold().startswith(WITHDRAWN)


def vouched_by(paper: Paper) -> Vouched:
    """The values that one of arXiv's own sources gives of a paper."""
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
    found = NOTHING
    for name, value in given.items():
        found |= name if value else NOTHING
    return found


def fill(row: PaperDraft, claim: Claim, now: datetime) -> None:
    """Gives a row what a claim adds to it, or puts right; the version too."""
    paper, newer, older = claim.paper, claim.newer(row), claim.older(row)
    row.title = _text(row, Vouched.TITLE, row.title, paper.title, claim, newer=newer, older=older)
    row.abstract = _text(row, Vouched.ABSTRACT, row.abstract, paper.abstract, claim, newer=newer, older=older)
    row.comment = _text(row, Vouched.COMMENT, row.comment, paper.comment, claim, newer=newer, older=older)
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


def _withdraw(row: PaperDraft, claim: Claim, now: datetime, *, older: bool) -> None:
    vouched = Vouched.WITHDRAWN in claim.vouched
    if not vouched and (row.vouched or claim.standing is Standing.OTHER):
        return
    if says_withdrawn(claim.paper):
        if row.withdrawn_at is None and not older:
            row.withdrawn_at = now
    elif Vouched.WITHDRAWN not in Vouched(row.vouched) and vouched and (claim.paper.abstract or claim.paper.comment):
        row.withdrawn_at = None  # another source said so, and arXiv does not


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
    """Whether a claim's value replaces a known one: a vouched one does, else that of a newer version."""
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
        return new if has and title_alias(old) != title_alias(new) else old  # a spelling is no other text
    if claim.standing is Standing.OTHER and not _is_cut_off(name, old):
        return old
    return better_text(old, new, newer=newer, older=older)


def _is_cut_off(name: Vouched, text: str) -> bool:
    """Whether a text breaks off, so that any source may bring the rest. A title may lack a final full stop."""
    return text.endswith(_ELLIPSIS) or (name is Vouched.ABSTRACT and not text.endswith(_CLOSED))


def better_text(old: str, new: str, *, newer: bool, older: bool = False) -> str:
    """The text to keep (rule 4): that of a higher version; of the same version the first, unless it was cut off."""
    if not new or not old:
        return old or new
    if newer:
        return old if old.startswith(new.rstrip(" .…")) else new
    if older:
        return old
    return new if len(new) > len(old) and new.startswith(old.rstrip(" .…")) else old


def _joined_categories(row: PaperDraft, claim: Claim) -> list[str]:
    """The known categories and those of the claim. Only arXiv adds to categories that arXiv named."""
    first = (row.primary,) if row.primary else ()
    closed = Vouched.CATEGORIES in Vouched(row.vouched) and Vouched.CATEGORIES not in claim.vouched
    return list(dict.fromkeys((*first, *row.categories, *(() if closed else claim.paper.categories))))

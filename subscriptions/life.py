"""What may become of a paper after it came, and the values that tell it.

`PaperFacts` is what the texts of a paper do not say, as the store keeps it. `Life` is the whole at one moment.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Event(StrEnum):
    """What may become of a paper, the gravest first."""

    RETRACTED = "retracted"
    WITHDRAWN = "withdrawn"
    CONCERN = "concern"
    CORRECTED = "corrected"
    ARTICLE = "article"
    VERSION = "version"
    ACCEPTED = "accepted"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a record says became of a paper that may be known: by a notice about it, or by its own record."""

    keys: tuple[str, ...]  # of the paper: an arXiv id, "doi:10.1234/a", "pmid:40000001"
    event: Event  # RETRACTED, WITHDRAWN, CONCERN or CORRECTED
    notice: str = ""  # the DOI of the notice, or "pmid:…"; "": there is none
    day: str = ""  # of the notice: "2026-12-02", "2026-12" or "2026"; "": not known
    version: int | None = None  # of the paper, which says so itself; None: not known
    reason: str = ""  # the authors' words; "": none


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice of a publisher about a paper."""

    doi: str = ""  # or "pmid:…"; "": there is none
    day: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """The article of a preprint. All "": the paper is not known to be a preprint."""

    doi: str = ""
    venue: str = ""
    day: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """The withdrawal of a paper by its authors, or by whom its server names."""

    at: datetime  # when the store learned it
    version: int | None = None  # the version that says so
    by_authors: bool = False  # its words say that the authors did it
    reason: str = ""  # their words; "": none


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFacts:
    """What the store keeps of a paper beside its texts and ids."""

    article: Article | None = None  # by a journal reference, or that of another row
    corrected: Notice | None = None  # the newest
    concern: Notice | None = None
    retracted: Notice | None = None
    withdrawn: Withdrawal | None = None
    others: tuple[str, ...] = ()  # keys of stored papers that are the same work and were announced, too
    has_no_comment: bool = False  # arXiv says so; otherwise a missing comment is unknown


NO_FACTS = PaperFacts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What is known of a paper at one moment, or what a chat knows of it. None: not known."""

    version: int | None = None
    comment: str | None = None  # the authors' words about their paper, perhaps only the beginning; "": there is none
    accepted: str = ""  # the sentence of the comment that says so
    code: str = ""  # address
    article: Article | None = None  # None: the paper is a preprint without one
    corrected: Notice | None = None
    concern: Notice | None = None
    retracted: Notice | None = None
    withdrawn: Withdrawal | None = None

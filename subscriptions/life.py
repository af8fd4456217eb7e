"""What became of a paper since it came: its facts, what a source says of it later, what a chat was not told yet.

Facts only grow, but a withdrawal ends with a later version that does not say so. All functions are pure; the store keeps
facts and what a chat knew of them as JSON (`as_stored`, `read_facts`).
"""

from dataclasses import dataclass
from enum import StrEnum


class Event(StrEnum):
    """What may become of a paper, the gravest first."""

    RETRACTED = "retracted"
    WITHDRAWN = "withdrawn"
    CONCERN = "concern"
    CORRECTED = "corrected"
    ARTICLE = "article"
    ACCEPTED = "accepted"
    VERSION = "version"
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
    """The article of a preprint."""

    doi: str = ""
    venue: str = ""
    day: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """The withdrawal of a paper by its authors, or by whom its server names."""

    version: int | None = None  # the version that says so
    reason: str = ""  # the words that say so
    by: str = ""  # as `texts.statements.withdrawn_by` says


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFacts:
    """What is known of a paper beside its texts."""

    version: int | None = None
    accepted: str = ""  # the authors' sentence
    code: str = ""  # address
    article: Article | None = None
    corrected: Notice | None = None  # the newest
    concern: Notice | None = None
    retracted: Notice | None = None
    withdrawn: Withdrawal | None = None
    others: tuple[str, ...] = ()  # keys of stored papers that are the same work and were announced, too


NO_FACTS = PaperFacts()

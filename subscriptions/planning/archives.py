"""Which digests are news by their day, and what receipts say of the others. Pure (docs/architecture.md, rule 12)."""

from dataclasses import dataclass
from datetime import date, timedelta
from shlex import quote

NEWS_FOR = timedelta(days=7)  # a digest that is older than this when it comes is an archive
_AHEAD = timedelta(days=2)  # no clock and no zone is further ahead


def is_archive(day: date, came: date) -> bool:
    """Whether a digest of a day is an archive when it comes on another. Both are days of the operator's zone."""
    return came - day > NEWS_FOR


def lies_ahead(day: date, came: date) -> bool:
    """Whether a day had begun nowhere when the digest came: then the date is wrong."""
    return day - came > _AHEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """Counts of papers of archives, which are not announced, and of those that were announced later."""

    papers: int = 0
    days: tuple[date, ...] = ()  # of their digests
    announced: int = 0

    def with_papers(self, papers: int, day: date | None, *, announced: int) -> "Filed":
        """The counts with those of one more digest."""
        days = (*self.days, day) if papers and day else self.days
        return Filed(papers=self.papers + papers, days=days, announced=self.announced + announced)

    def as_sentence(self, source: str) -> str:
        """The words about these papers in a source's receipt; "" if there are none."""
        announced = f"Announced after they had been filed: {_papers(self.announced)}." if self.announced else ""
        if not self.days:
            return announced
        first, last = min(self.days), max(self.days)
        days = f"{first} to {last}" if first < last else str(first)
        return (
            f"Older than {NEWS_FOR.days} days, so filed and not announced: {_papers(self.papers)} of {days}. "
            f"To announce them: paperwire sources poll {quote(source)} --announce. {announced}"
        ).rstrip()


def _papers(number: int) -> str:
    return "1 paper" if number == 1 else f"{number:,} papers"

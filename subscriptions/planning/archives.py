"""Decides which digests are news and which are archives: for how many days one is news (rule 12), and which dates lie too far ahead."""

from dataclasses import dataclass
from datetime import date, timedelta
from shlex import quote

NEWS_FOR = timedelta(days=7)  # a digest that comes longer after its day is an archive
_AHEAD = timedelta(days=2)  # no zone is that far ahead of another, so a later day is an error


def is_archive(day: date, came: date) -> bool:
    """Returns whether a digest of `day` is an archive if it comes on `came`. Both are days in the operator's zone."""
    return came - day > NEWS_FOR


def lies_ahead(day: date, came: date) -> bool:
    """Returns whether `day` had not begun in any zone when a digest came on `came`. Then the date must be wrong."""
    return day - came > _AHEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """Counts the papers of archives, which are stored but not announced, and those of them that were announced later."""

    papers: int = 0
    days: tuple[date, ...] = ()  # the days of their digests
    announced: int = 0

    def with_papers(self, papers: int, day: date | None, *, announced: int) -> "Filed":
        """Returns the sum of these counts and those of one more digest."""
        days = self.days
        if papers and day:
            days = (*self.days, day)
        return Filed(papers=self.papers + papers, days=days, announced=self.announced + announced)

    def as_sentence(self, source: str) -> str:
        """Returns the sentences about these papers for a source's receipt; "" if there are none."""
        announced = ""
        if self.announced:
            announced = f"Announced after they had been filed: {_papers(self.announced)}."
        if not self.days:
            return announced
        first, last = min(self.days), max(self.days)
        days = f"{first} to {last}" if first < last else str(first)
        return (
            f"Older than {NEWS_FOR.days} days, so filed and not announced: {_papers(self.papers)} of {days}. "
            f"To announce them: paperwire sources poll {quote(source)} --announce. {announced}"
        ).rstrip()


def _papers(number: int) -> str:
    if number == 1:
        return "1 paper"
    return f"{number:,} papers"

"""The warnings of one digest: their texts, and which of them need no attention."""

from collections import Counter
from datetime import date

from bot.digests._lines import shortened
from subscriptions.model import DigestWarning

_LONGEST_ERROR = 400  # characters
INFO = frozenset({"empty_digest", "date_from_name", "date_assumed"})  # codes of warnings that need no attention
_MESSAGES = {
    "authors_not_shown": "papers whose list of authors is cut short: {count}",
    "bad_json_line": "lines of JSON that hold no paper that can be read: {count}; all others are kept",
    "control_characters": "control characters that were removed: {count}",
    "date_ahead": "its date, {day}, lies ahead, so it is taken for today's",
    "date_from_name": "the date is taken from the file name",
    "date_overruled": "it tells its own date, so that counts and not --date",
    "declared_mismatch": "the document counts its papers otherwise than they could be read",
    "duplicate_papers": "papers that stand there again: {count}; the first copy of each is kept",
    "empty_digest": "a valid digest without papers",
    "entry_without_text": "papers of which only the head could be read: {count}",
    "entry_without_title": "papers without a title: {count}",
    "failed_summaries": "summaries that their generator did not manage: {count}; the abstract is shown instead",
    "feed_error": "the feed reports an error",
    "glued_line": "lines where one file was glued to the end of another: {count}; they were separated",
    "id_mismatch": "papers whose text names another arXiv id than their address: {count}; the address is believed",
    "incomplete_group": "groups that lack a line at the end of the file: {count}; all others are kept",
    "long_fields": "papers with a field that is longer than any real one: {count}; what is beyond the limit is left out",
    "not_papers": "entries that are no papers, such as news, corrections and parts of an issue: {count}; they are left out",
    "odd_line_count": "a title without an abstract at the end; all pairs before it are kept",
    "possibly_capped": "{count} papers: the feed may have been cut at its limit; ask for one category at a time",
    "refused_entries": "entries that could not be read, by a mistake of paperwire: {count}; all others are kept",
    "repeated_texts": "texts that stand below several papers, so that none is a summary: {count}; they are left out",
    "unparsed_heading": "headings that look like a paper but could not be read: {count}; what follows them is left out",
    "unread_text": "texts of papers that stand below no label: {count}; they are left out",
    "xml_truncated": "the XML breaks off; all complete entries are kept",
}
DATE_ASSUMED = DigestWarning(code="date_assumed", message="no date is known, so it is taken for today's")


def date_ahead(day: date) -> DigestWarning:
    """Returns the warning for a digest whose day is in the future."""
    return DigestWarning(code="date_ahead", message=_MESSAGES["date_ahead"].replace("{day}", day.isoformat()))


class Warnings:
    """Collects warnings by code (docs/formats.md)."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}  # code → message of the first case
        self._counts = Counter[str]()

    def add(self, code: str, *, message: str = "", count: int = 1) -> None:
        """Adds `count` cases of `code`. Keeps the message of the first case; the default message is in `_MESSAGES`."""
        self._first.setdefault(code, message or _MESSAGES[code])
        self._counts[code] += count

    def add_error(self, detail: str) -> None:
        """Adds the error that a source sent instead of papers, in the words of the source."""
        self.add("feed_error", message=f"the feed reports an error: {shortened(detail, _LONGEST_ERROR)}")

    def add_refused(self, place: str) -> None:
        """Adds an entry that a mistake of the program, at `place`, kept from being read."""
        self.add("refused_entries", message=f"{_MESSAGES['refused_entries']} ({place})")

    def add_mismatch(self, announced: int, read: int, differ: int) -> None:
        """Adds a warning: more or fewer papers were read than the document announces, in `differ` of its parts."""
        self.add("declared_mismatch", message=f"papers announced: {announced}, read: {read}", count=max(1, differ))

    def __contains__(self, code: str) -> bool:
        return code in self._first

    def collected(self) -> tuple[DigestWarning, ...]:
        """Returns one warning per code, in the order of their first cases."""
        return tuple(
            DigestWarning(
                code=code,
                message=message.replace("{count}", str(self._counts[code])),
                count=self._counts[code],
            )
            for code, message in self._first.items()
        )

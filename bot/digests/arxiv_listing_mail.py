r"""The mail with the new papers of an archive or a subject class (info.arxiv.org/help/subscribe.html).

    Date: Fri,  3 Mar 23 01:29:12 GMT
    Subject: astro-ph daily 53 new + 4 crosses received

Papers follow as described in `_listing`: new papers, cross-lists after a line `%-%-%…`, replacements after `%%--%%--…`;
`%%%---…` ends the list. The day is the one in the `Date` of the mail, in GMT. In New York the mail is sent the evening before.
"""

import re
from collections import Counter

from bot.digests._format import Content, Entry, Warnings
from bot.digests._listing import listed_papers
from bot.digests._text import day_in_words, nothing_read
from subscriptions.model import Announce

name = "arxiv_listing_mail"

_LINE = r"[A-Z][A-Za-z-]*:.*\n(?:[ \t]+\S.*\n)*"  # of a head; continued lines begin with a space or tab
_BEGINNING = re.compile(rf"\s*(?:(?!Date:){_LINE}){{0,40}}Date: (?P<date>.*(?:\n[ \t]+\S.*)?)")
_SLASHES = re.compile(r"^\\\\[^\S\n]*$", re.MULTILINE)
_SUBJECT = re.compile(
    r"^Subject: (?:(?:.|\n[ \t])*?\b(?P<new>\d{1,6})\s+new\s+\+\s+(?P<cross>\d{1,6})\s+crosses\s+received)?",
    re.MULTILINE,
)


def detect(text: str) -> bool:
    r"""Returns whether the text begins like a mail with a date, and one of its lines is `\\`."""
    return bool(_BEGINNING.match(text)) and bool(_SLASHES.search(text))


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """Returns the papers of the mail. Raises BrokenDigest if there are none."""
    entries = listed_papers(text, warnings, abstracts=True)
    if not entries:
        raise nothing_read()
    _compare_numbers(text, entries, warnings)
    beginning = _BEGINNING.match(text)
    return Content(entries=entries, day=day_in_words(beginning["date"]) if beginning else None)


def _compare_numbers(text: str, entries: list[Entry], warnings: Warnings) -> None:
    """Warns if the subject announces other numbers than were read. Mails that are glued together have several subjects."""
    subjects = list(_SUBJECT.finditer(text))
    if not subjects or any(subject["new"] is None for subject in subjects):
        return
    read = Counter(entry.paper.announce_type for entry in entries)
    announced = {kind: sum(int(subject[kind.value]) for subject in subjects) for kind in (Announce.NEW, Announce.CROSS)}
    differ = [
        f"{kind}: {count} announced, {read[kind]} read" for kind, count in announced.items() if count != read[kind]
    ]
    if differ:
        message = f"papers announced: {sum(announced.values())}, read: {sum(read[kind] for kind in announced)}"
        line = text.count("\n", 0, subjects[0].start()) + 1
        warnings.add("declared_mismatch", message=message, line=line, count=len(differ), examples=differ)

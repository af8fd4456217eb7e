r"""The mail with the new papers of an archive or a subject class (info.arxiv.org/help/subscribe.html).

    Date: Fri,  3 Mar 23 01:29:12 GMT
    Subject: astro-ph daily 53 new + 4 crosses received

What `_listing` tells follows: new papers, cross-lists after a line `%-%-%…`, replacements after `%%--%%--…`; `%%%---…` ends
the list. The day is that of the mail as written, in Greenwich: it goes out in the evening before, in New York.
"""

import re
from collections import Counter

from bot.digests._days import day_in_words
from bot.digests._format import Content, Entry
from bot.digests._listing import listed_papers
from bot.digests._looks import nothing_read
from bot.digests._warnings import Warnings
from subscriptions.model import Announce

name = "arxiv_listing_mail"

_BEGINNING = re.compile(r"\s*(?P<date>Date: .*)")
_SLASHES = re.compile(r"^\\\\$", re.MULTILINE)
_SUBJECT = re.compile(r"^Subject: (?:.*?\s(?P<new>\d{1,6}) new \+ (?P<cross>\d{1,6}) crosses received)?", re.MULTILINE)


def detect(text: str) -> bool:
    r"""A mail, by its first line, in which a line is nothing but `\\`."""
    return bool(_BEGINNING.match(text)) and bool(_SLASHES.search(text))


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """The papers of the mail. Raises BrokenDigest when there are none."""
    entries = listed_papers(text, warnings, abstracts=True)
    if not entries:
        raise nothing_read()
    _compare_numbers(text, entries, warnings)
    beginning = _BEGINNING.match(text)
    return Content(entries=entries, day=day_in_words(beginning["date"]) if beginning else None)


def _compare_numbers(text: str, entries: list[Entry], warnings: Warnings) -> None:
    """Warns when the subject counts papers otherwise than was read. Mails that were glued together have several."""
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

"""Decides about one document of a source: whether it can be read, is whole, or has a day in the future; what is stored about it."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.digests import files, read_digest
from bot.errors import BrokenDigest, UnknownFormat
from bot.settings import SourceSettings
from bot.sources.fetcher import Fetched
from subscriptions.errors import PaperwireError
from subscriptions.model import Digest
from subscriptions.store import sources as stored_sources
from subscriptions.texts.cutting import clip

# formats in which the day of a digest is the day of arXiv's announcement
BATCH_FORMATS = frozenset({"arxiv_rss", "arxiv_atom", "arxiv_listing_html"})
# a date further in the future is a mistake; if it were stored, the days before it would look old
FUTURE = timedelta(days=2)
LONGEST_PROBLEM = 200  # characters of the sentence about one document


def read_watched_digest(source: SourceSettings, path: str) -> Digest:
    """Returns the digest in a file of a source. Raises OSError, UnreadableInput, UnknownFormat, BrokenDigest.

    The errors quote nothing of a file to which a symbolic link led out of the folder.
    """
    data, elsewhere = files.read_watched(path, str(source.path), follow=source.links == "follow")
    try:
        return read_digest(data, path, format=source.format, language=source.language)
    except PaperwireError as error:
        raise files.without_quotation(error, path) if elsewhere else error from None


def reason_of(error: UnknownFormat | BrokenDigest) -> str:
    """Returns why a document cannot be read, for a receipt."""
    return short(error.brief if isinstance(error, UnknownFormat) else str(error.sentence))


def short(text: str) -> str:
    """Returns a sentence for a receipt: one line, at most LONGEST_PROBLEM characters."""
    return clip(" ".join(text.split()), LONGEST_PROBLEM)


def truncation(digest: Digest) -> str:
    """Returns the sentence for a document that breaks off; "" if it is whole."""
    cut = _warning(digest, "xml_truncated")
    return f"{cut}." if cut else ""


def feed_error(digest: Digest) -> str:
    """Returns the error message that a document contains instead of papers; "" if it contains none."""
    return _warning(digest, "feed_error")


def _warning(digest: Digest, code: str) -> str:
    message = next((one.message for one in digest.warnings if one.code == code), "")
    return f"{message[:1].upper()}{message[1:]}"


def future_problem(digest: Digest, source: str, now: datetime) -> str:
    """Returns why a digest is not stored because its day lies in the future; "" if its day does not."""
    if digest.day is None or digest.day <= (now + FUTURE).date():
        return ""
    return f"{source}: its date, {digest.day}, lies in the future; it is not stored."


def seen_now(seen: stored_sources.DocumentSeen, found: Fetched, digest: Digest) -> stored_sources.DocumentSeen:
    """Returns what is stored about a document.

    If the document broke off, its validators are left out, so that it is fetched again.
    """
    whole = not truncation(digest)
    return replace(
        seen,
        etag=found.etag if whole else "",
        modified=found.modified if whole else "",
        digest=digest.content_hash,
        day=digest.day,
        papers=len(digest.entries),
        batch=digest.format in BATCH_FORMATS,
    )

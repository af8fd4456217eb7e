"""Read what servers answer: papers, the pages that follow, whether anything is missing, why a request is refused.

Pure. In `run` these functions work in the sandbox, so they take bytes as they were sent, and return plain data. The
interfaces of databases are described at developers.openalex.org/guides/page-through-results,
www.crossref.org/documentation/retrieve-metadata/rest-api and www.ncbi.nlm.nih.gov/books/NBK25499.
"""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bot.digests import read_digest
from bot.digests.files import NotText, unpacked
from bot.sources.fetch_request import FetchRequest, with_query
from subscriptions.errors import BrokenDigest, FetchError, UnknownFormat
from subscriptions.model import Digest

MOST_PAGES = 100  # of one answer; with more of them, a server repeats itself or the question is too wide
MOST_OLDER_PAGES = 12  # of an operator's own query to arXiv's API; several are needed after an outage
_RATE_EXCEEDED = b"Rate exceeded."  # the body with which arXiv's API asks for a wait, with any status
_CURSOR = re.compile(  # of bioRxiv's API, also behind a prefix: two days, or the last days or preprints
    r"(?P<before>.*/(?:details|pubs?)/[^/]+/(?:\d{4}-\d\d-\d\d/\d{4}-\d\d-\d\d|\d{1,6}d?))(?:/(?P<cursor>\d+))?(?P<after>(?:/[a-z]\w*)?/?)"
)
_MESSAGES, _HEAD = b'"messages"', 4096  # bytes, in which the total of an answer of bioRxiv is told
_TOTAL = re.compile(rb"totalResults\b[^>]{0,200}>\s{0,20}(\d{1,9})\s{0,20}<")
_ENTRY = re.compile(rb"<(?:\w{1,20}:)?entry[\s>]")
_PUBMED_RECORD = re.compile(rb"<Pubmed(?:Book)?Article[\s>]")
_IDS_PER_REQUEST = 200  # records in one request; with more of them, NCBI wants a POST
_NOT_WHOLE = "The answer is not whole."
_ENDS_EARLY = "The answer ends after {received:,} of {total:,} papers."

# (addresses to request next, papers of the answer and of those before it, why papers are missing or "")
_Rest = tuple[Sequence[str], int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPage:
    """What one page of an answer says."""

    digest: Digest | None  # None: it only lists papers, which are requested next
    following: tuple[FetchRequest, ...] = ()  # requests for the rest of it
    older: FetchRequest | None = None  # the page after it, of an operator's own query to arXiv's API
    missing: str = ""  # why papers are missing; "" if it is whole


def read_answer(data: bytes, request: FetchRequest, source: str, language: str | None = None) -> AnswerPage:
    """Return what an answer says. `source` is the name of the source, `language` that of its summaries.

    Raise UnknownFormat, BrokenDigest, and FetchError if it only says that the server is busy.
    """
    data = unpacked(data)
    if data.strip() == _RATE_EXCEEDED:
        raise FetchError(f"{request.host} is too busy to answer.", "It is asked again by itself.", busy=True)
    following, missing = rest_of_answer(request, data)
    if request.is_list:
        return AnswerPage(digest=None, following=following, missing=missing)
    digest = read_digest(data, request.named(source), format=request.format, language=language)
    page = sha256("\n".join(one.key for one in digest.entries).encode()).hexdigest()
    if digest.entries and page in request.pages:  # what it lacks would look as if it had come
        return AnswerPage(digest=digest, missing=f"The answer repeats itself after {request.received:,} papers.")
    following = tuple(replace(one, pages=(*request.pages, page)) for one in following)
    return AnswerPage(digest=digest, following=following, older=_older_page(request, data), missing=missing)


def read_refusal(body: bytes, request: FetchRequest, status: int, source: str) -> tuple[bool, str]:
    """Return (whether the server is only busy, the reason that it gives, or "") of an answer with an error status."""
    with suppress(UnknownFormat, BrokenDigest, NotText):
        body = unpacked(body)
        if body.strip() == _RATE_EXCEEDED:
            return True, ""
        if request.database:
            return False, _refusal(body)
        if status == HTTPStatus.BAD_REQUEST:  # arXiv reports an error as a feed
            found = read_digest(body, request.named(source), format=request.format).warnings
            return False, next(
                (f"{one.message[:1].upper()}{one.message[1:]}" for one in found if one.code == "feed_error"), ""
            )
    return False, ""


def rest_of_answer(request: FetchRequest, data: bytes) -> tuple[tuple[FetchRequest, ...], str]:
    """Return (the requests for the rest of an answer, why papers are missing or "").

    Servers return pages of any size, so the received papers are counted, and their total is believed rather than an
    empty page.
    """
    addresses, received, missing = _rest(request, data)
    if request.page >= MOST_PAGES and addresses:
        return (), f"There are more than {received:,} papers; a narrower question finds fewer."
    return tuple(replace(request, url=url, page=request.page + 1, received=received) for url in addresses), missing


def _rest(request: FetchRequest, data: bytes) -> _Rest:
    if request.database == "pubmed":
        return _rest_of_pubmed(request, data)
    if request.database:
        return _rest_by_cursor(request, data)
    if request.history or request.is_api:
        return _rest_of_arxiv(request, data)
    return _rest_of_biorxiv(request, data) if _MESSAGES in data[:_HEAD] else ((), 0, "")


def _older_page(request: FetchRequest, data: bytes) -> FetchRequest | None:
    """Return the request for the page after the one of an operator's own query to arXiv's API; None after the last."""
    if request.history or not request.is_api:
        return None
    total, received = _figures(data)
    following = request.start + received
    if total is None or not received or following >= total:
        return None
    return replace(request, url=_with_number(request.url, "start", following), page=request.page + 1)


def _figures(data: bytes) -> tuple[int | None, int]:
    """Return (the total that arXiv's API names, or None, and the entries of this page)."""
    total = _TOTAL.search(data)
    return int(total[1]) if total else None, len(_ENTRY.findall(data))


def _rest_of_arxiv(request: FetchRequest, data: bytes) -> _Rest:
    total, received = _figures(data)
    if total is None:  # an error, or no feed at all, which the reader of digests tells
        return (), 0, _NOT_WHOLE if received and request.history else ""
    # an operator's own query asks for so many of the newest papers; a missed day for all of them
    wanted = total if request.history else min(total, request.start + request.results)
    following = request.start + received
    if following >= wanted:
        return (), following, ""
    if not received:
        return (), following, _ENDS_EARLY.format(received=following, total=total)
    url = _with_number(request.url, "start", following)
    return [url if request.history else _with_number(url, "max_results", wanted - following)], following, ""


def _with_number(url: str, name: str, number: int) -> str:
    """Return an address with another number in its query; all else stays as the operator wrote it."""
    given = re.compile(rf"(?<=[?&]{name}=)\d+")
    return given.sub(str(number), url) if given.search(url) else f"{url}&{name}={number}"


def _rest_of_biorxiv(request: FetchRequest, data: bytes) -> _Rest:
    """`messages[0].total` of api.biorxiv.org is the total; the papers in `collection` are counted."""
    try:
        answer = _parsed(data)
        total, received = int(answer["messages"][0]["total"]), len(answer["collection"])
    except (ValueError, TypeError, KeyError, IndexError, OverflowError):
        return (), 0, ""
    path = _CURSOR.fullmatch(urlsplit(request.url).path)
    following = received + (int(path["cursor"] or 0) if path else 0)
    if following >= total:
        return (), following, ""
    if not (received and path):
        return (), following, _ENDS_EARLY.format(received=following, total=total)
    address = urlsplit(request.url)._replace(path=f"{path['before']}/{following}{path['after']}").geturl()
    return [address], following, ""


def _rest_by_cursor(request: FetchRequest, data: bytes) -> _Rest:
    """Return the rest of an answer of OpenAlex or Crossref, which names a cursor for the next page."""
    try:
        answer = _parsed(data)
        if request.database == "openalex":
            about = answer["meta"]
            total, here, cursor = about["count"], len(answer["results"]), about.get("next_cursor")
        else:
            about = answer["message"]
            total, here, cursor = about["total-results"], len(about["items"]), about.get("next-cursor")
        received = request.received + here
        is_complete = received >= total
    except (KeyError, TypeError, AttributeError):
        return (), 0, _NOT_WHOLE
    if is_complete:
        return (), received, ""
    if not (here and cursor):
        return (), 0, _ENDS_EARLY.format(received=received, total=total)
    return [with_query(request.url, cursor=cursor)], received, ""


def _rest_of_pubmed(request: FetchRequest, data: bytes) -> _Rest:
    """Return the records that a list of PubMed names, to request next; nothing more for the records themselves."""
    query = dict(parse_qsl(urlsplit(request.url).query))
    if not request.is_list:
        found, asked = len(_PUBMED_RECORD.findall(data)), len(query.get("id", "").split(","))
        missing = f"PubMed sent {found:,} of {asked:,} papers that it found." if found < asked else ""
        return (), request.received + found, missing
    try:
        answer = _parsed(data)["esearchresult"]
        if problem := _wrong_with_query(answer):
            return (), 0, problem
        ids, total = [str(int(one)) for one in answer["idlist"]], int(answer["count"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return (), 0, _NOT_WHOLE
    kept = {name: query.get(name, "") for name in ("db", "tool", "email")}
    records = request.url.partition("?")[0].replace("esearch", "efetch")
    groups = [",".join(ids[start : start + _IDS_PER_REQUEST]) for start in range(0, len(ids), _IDS_PER_REQUEST)]
    addresses = [with_query(records, **kept, id=group, retmode="xml") for group in groups]
    missing = f"PubMed finds {total:,} papers, of which it names {len(ids):,}." if len(ids) < total else ""
    return addresses, 0, missing


def _wrong_with_query(answer: Mapping[str, Any]) -> str:
    """Return what PubMed says against a query; "" if nothing. Words that no paper has are no mistake."""
    fields = (answer.get("errorlist") or {}).get("fieldsnotfound") or ()
    if answer.get("ERROR"):
        return str(answer["ERROR"])
    if fields:
        return f"PubMed has no field {', '.join(map(str, fields))}."
    return ""


def _refusal(body: bytes) -> str:
    """Return the reason in an error of a database; "" if it gives none."""
    answer = _parsed(body)
    found = answer.get("message") or answer.get("error")
    if isinstance(found, Sequence) and not isinstance(found, str):
        found = " ".join(str(one.get("message", "")) for one in found if isinstance(one, Mapping))
    return found if isinstance(found, str) else ""


def _parsed(data: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, Mapping) else {}

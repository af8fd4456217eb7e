"""Questions to OpenAlex, Crossref and PubMed: the address for new papers, and whether an answer has more pages.

Pure. The interfaces are described at developers.openalex.org/guides/page-through-results,
www.crossref.org/documentation/retrieve-metadata/rest-api and www.ncbi.nlm.nih.gov/books/NBK25499.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

MOST_PAGES = 100  # most pages of one answer; with more of them, a server repeats itself or the question is too wide
FIRST_DAYS = timedelta(days=7)  # how far back the first poll of a source asks
_ADDRESS = re.compile(r"[^\s<>:,;]+@[^\s<>,;]+")
_PUBMED_RECORD = re.compile(rb"<Pubmed(?:Book)?Article[\s>]")
_IDS = 200  # records in one request; with more of them, NCBI wants a POST
_MOST_IDS = 9_999  # ids in one answer of PubMed


@dataclass(frozen=True, slots=True)
class DatabaseQuery:
    """What is asked of a database."""

    root: str  # the address of the interface
    text: str  # the filter or the query
    first: date  # papers since this day
    today: date
    contact: str = ""  # how to reach the operator
    key: str = ""


@dataclass(frozen=True, slots=True)
class Rest:
    """What an answer says about the papers that it does not hold."""

    addresses: tuple[str, ...] = ()  # to ask for next
    received: int = 0  # papers of the answer and of those before it
    problem: str = ""  # why papers are missing


@dataclass(frozen=True, slots=True)
class Database:
    """A database of papers that can be asked for new ones."""

    format: str  # of the documents with papers
    lag: timedelta  # how long after the day that is asked for a paper may appear
    first: Callable[[DatabaseQuery], str]
    rest: Callable[[str, bytes, int], Rest]  # from the address, the answer, and how many papers came before it
    lists: str = ""  # the path of answers that only list papers


def asked_since(database: str, declared: datetime, looked_at: datetime | None, now: datetime) -> date:
    """Returns the day since which a poll asks. `declared`: when the source was declared.

    `looked_at`: its last good poll.

    No poll goes further back than the first, so that old papers do not become news when the lag is added.
    """
    read_until = min(looked_at or declared, now) - DATABASES[database].lag
    return max(read_until, min(declared, now) - FIRST_DAYS).date()


def is_list(database: str, url: str) -> bool:
    """Returns whether the answer at an address only lists papers, which are requested next."""
    lists = DATABASES[database].lists if database else ""
    return bool(lists) and urlsplit(url).path.endswith(lists)


def refusal(body: bytes) -> str:
    """Returns the reason that an answer with an error gives; "" if it gives none."""
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


def _address(question: DatabaseQuery) -> str:
    found = _ADDRESS.search(question.contact)
    return found[0] if found else ""


def _with_query(url: str, **values: str) -> str:
    """Returns an address with these values in its query, in place of former ones."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query)) | {name: value for name, value in values.items() if value}
    return parts._replace(query=urlencode(query)).geturl()


def _first_of_openalex(question: DatabaseQuery) -> str:
    filters = f"{question.text},from_publication_date:{question.first}"
    page = {"filter": filters, "per-page": "100", "cursor": "*"}
    return _with_query(question.root, **page, mailto=_address(question), api_key=question.key)


def _first_of_crossref(question: DatabaseQuery) -> str:
    filters = f"{question.text},from-created-date:{question.first}"
    return _with_query(question.root, filter=filters, rows="200", cursor="*", mailto=_address(question))


def _pages_of_openalex(answer: Mapping[str, Any]) -> tuple[int, int, str]:
    return answer["meta"]["count"], len(answer["results"]), answer["meta"].get("next_cursor") or ""


def _pages_of_crossref(answer: Mapping[str, Any]) -> tuple[int, int, str]:
    message = answer["message"]
    return message["total-results"], len(message["items"]), message.get("next-cursor") or ""


def _by_cursor(
    numbers: Callable[[Mapping[str, Any]], tuple[int, int, str]],
) -> Callable[[str, bytes, int], Rest]:
    """Returns how the rest is found in an answer from which `numbers` reads (total, papers in it, next cursor)."""

    def rest(url: str, data: bytes, before: int) -> Rest:
        try:
            total, here, cursor = numbers(_parsed(data))
            received = before + here
            is_complete = received >= total
        except (KeyError, TypeError, AttributeError):
            return Rest(problem="The answer is not whole.")
        if is_complete:
            return Rest(received=received)
        if not (here and cursor):
            return Rest(problem=f"The answer ends after {received:,} of {total:,} papers.")
        return Rest((_with_query(url, cursor=cursor),), received)

    return rest


def _first_of_pubmed(question: DatabaseQuery) -> str:
    days = {"datetype": "edat", "mindate": f"{question.first:%Y/%m/%d}", "maxdate": f"{question.today:%Y/%m/%d}"}
    asked = {"db": "pubmed", "term": question.text, **days, "retmax": str(_MOST_IDS), "retmode": "json"}
    return _with_query(f"{question.root}esearch.fcgi", **asked, tool="paperwire", email=_address(question))


def _rest_of_pubmed(url: str, data: bytes, before: int) -> Rest:
    if not is_list("pubmed", url):
        found = len(_PUBMED_RECORD.findall(data))
        return Rest(received=before + found, problem="" if found else "PubMed sent none of the papers that it found.")
    try:
        answer = _parsed(data)["esearchresult"]
        if problem := _wrong_with_query(answer):
            return Rest(problem=problem)
        ids, total = [str(int(one)) for one in answer["idlist"]], int(answer["count"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return Rest(problem="The answer is not whole.")
    query = dict(parse_qsl(urlsplit(url).query))
    kept = {name: query.get(name, "") for name in ("db", "tool", "email")}
    records = url.partition("?")[0].replace("esearch", "efetch")
    groups = [",".join(ids[start : start + _IDS]) for start in range(0, len(ids), _IDS)]
    addresses = tuple(_with_query(records, **kept, id=group, retmode="xml") for group in groups)
    problem = ""
    if len(ids) < total:
        problem = f"PubMed finds {total:,} papers, of which it names {len(ids):,}."
    return Rest(addresses, 0, problem)


def _wrong_with_query(answer: Mapping[str, Any]) -> str:
    """Returns what PubMed says against a query; "" if nothing. Words that no paper has are no mistake."""
    fields = (answer.get("errorlist") or {}).get("fieldsnotfound") or ()
    if answer.get("ERROR"):
        return str(answer["ERROR"])
    if fields:
        return f"PubMed has no field {', '.join(map(str, fields))}."
    return ""


DATABASES: Mapping[str, Database] = {
    # only the day of publication can be asked for without a contract, and many records come weeks later
    "openalex": Database("openalex_json", timedelta(days=30), _first_of_openalex, _by_cursor(_pages_of_openalex)),
    "crossref": Database("crossref_json", timedelta(days=2), _first_of_crossref, _by_cursor(_pages_of_crossref)),
    "pubmed": Database("pubmed_xml", timedelta(days=2), _first_of_pubmed, _rest_of_pubmed, lists="esearch.fcgi"),
}

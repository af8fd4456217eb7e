"""Fakes of OpenAlex, Crossref and PubMed on one server.

They refuse what these refuse, and fail as the fake arXiv does.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar
from xml.sax.saxutils import escape

from aiohttp import web

from tests.fakes.arxiv import Document, FakeArxiv, conditional

T = TypeVar("T")
CONTACT = "Ada <ada@example.org>"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SLASHED_DAY = re.compile(r"\d{4}/\d\d/\d\d")
_FIELDS = {
    "openalex": {
        "primary_location.source.issn",
        "title.search",
        "from_publication_date",
        "doi",
        "locations.landing_page_url",
    },
    "crossref": {"issn", "from-created-date", "type", "doi"},
}
_MOST_VALUES = 100  # of OpenAlex, between "|"
_LONGEST_ADDRESS = 8_000  # letters; Crossref has no other limit of DOIs
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_MOST = {"openalex": 100, "crossref": 1_000, "pubmed": 10_000}
_MOST_IDS = 200


class _Refused(Exception):
    """The platform refuses a request, with a reason."""


class FakeDatabases(FakeArxiv):
    """The interfaces of the three databases. All hold the same papers; each paper has the day on which it was added."""

    def __init__(self, *made_of: object, page: int = 2, **options: object) -> None:
        """`page`: how many papers an answer holds at most, fewer than requests may ask for."""
        super().__init__(*made_of, **options)  # type: ignore[arg-type]
        self.papers: list[tuple[date, str]] = []
        self.records: dict[str, list[dict[str, Any]]] = {"openalex": [], "crossref": []}  # which only their names find
        self._page = page
        self._cursors: dict[str, int] = {}  # cursor -> the number of its next paper
        self._count = 0
        self._hidden = self._sends_all = False
        self._tag = ""

    def adds(self, day: date, *titles: str) -> None:
        """Adds papers on a day."""
        self.papers += [(day, title) for title in titles]

    def describes(self, service: str, *records: dict[str, Any], asked: bool = True) -> None:
        """Lets OpenAlex or Crossref have these records, in place of those that it had. Not `asked`: it sends all of them."""
        self.records[service] = list(records)
        self._sends_all = not asked

    def fails_at(self, status: int, at: str) -> None:
        """Answers the next request whose address contains `at` with an error."""
        self._override(1, at, lambda: web.Response(status=status, text="No."))

    def forgets_cursors(self) -> None:
        """Lets all cursors expire."""
        self._cursors.clear()

    def empties(self, at: str) -> None:
        """Sends the next answer whose address contains `at` without its papers."""

        async def empty(request: web.BaseRequest) -> web.StreamResponse:
            self._hidden = True
            try:
                return self._usual(request)
            finally:
                self._hidden = False

        self._overrides.append((at, empty))

    def keeps_its_tag(self) -> None:
        """From now on, all answers have the same ETag."""
        self._tag = '"1"'

    @property
    def sites(self) -> dict[str, str]:
        """The addresses that the program must use to reach the fake, and whom it names there."""
        return {
            **super().sites,
            "openalex": f"{self.url}/openalex/works",
            "crossref": f"{self.url}/crossref/works",
            "pubmed": f"{self.url}/eutils/",
            "contact": CONTACT,
        }

    def _usual(self, request: web.BaseRequest) -> web.Response:
        answers: Mapping[str, Callable[[Mapping[str, str]], str]] = {
            "/openalex/works": self._openalex,
            "/crossref/works": self._crossref,
            "/eutils/esearch.fcgi": self._esearch,
            "/eutils/efetch.fcgi": self._efetch,
        }
        if request.path not in answers:
            return super()._usual(request)
        if not request.headers.get("User-Agent"):
            return web.Response(status=403, text="Who asks?")
        if len(request.path_qs) > _LONGEST_ADDRESS:
            return web.Response(status=414, text="Too long.")
        try:
            return conditional(request, Document(data=answers[request.path](request.query).encode(), etag=self._tag))
        except _Refused as refused:
            problem = {"type": "validation", "message": str(refused)}
            of_crossref = {"status": "failed", "message-type": "validation-failure", "message": [problem]}
            of_others = {"error": "Invalid query parameters error.", "message": str(refused)}
            return web.json_response(of_crossref if "crossref" in request.path else of_others, status=400)

    def _asked_for(self, name: str, query: Mapping[str, str], size: str) -> list[str]:
        """Returns the titles that a filter finds. Raises _Refused."""
        filters = dict(one.split(":", 1) for one in query["filter"].split(","))
        for field in filters:
            if field not in _FIELDS[name]:
                raise _Refused(f"{field} is not a valid field.")
        since = next((value for field, value in filters.items() if field.startswith("from")), "")
        if since and not _DAY.fullmatch(since):
            raise _Refused(f"{since} is not a date.")
        if not 0 < int(query.get(size, 20)) <= _MOST[name]:
            raise _Refused(f"{size} is too large.")
        return self._since(since)

    def _named(self, name: str, query: Mapping[str, str]) -> list[dict[str, Any]] | None:
        """Returns the records that a filter finds by their DOIs or addresses; None for another filter. Raises _Refused."""
        pairs = [one.partition(":")[::2] for one in query["filter"].split(",")]
        field = pairs[0][0]
        if field not in ("doi", "locations.landing_page_url"):
            return None
        values = [value.lower() for _, text in pairs for value in (text.split("|") if name == "openalex" else [text])]
        if name == "openalex" and (len(pairs) > 1 or len(values) > _MOST_VALUES):
            raise _Refused(f"Maximum number of values exceeded for {field}.")
        if any(other != field for other, _ in pairs) or (field == "doi" and not all(map(_DOI.fullmatch, values))):
            raise _Refused(f"{query['filter']} is not a valid filter.")
        return [one for one in self.records[name] if self._sends_all or not _names_of(field, one).isdisjoint(values)]

    def _since(self, day: str) -> list[str]:
        return [title for added, title in self.papers if not day or added >= date.fromisoformat(day)]

    def _part(self, found: Sequence[T], cursor: str | None, *, follow_on: bool) -> tuple[list[T], str | None]:
        """Returns (the papers of one answer, the next cursor).

        `follow_on`: a cursor stays the same from page to page.
        """
        if cursor not in (None, "*") and cursor not in self._cursors:
            raise _Refused("The cursor has expired.")
        start = self._cursors.get(cursor or "", 0)
        part = [] if self._hidden else list(found[start : start + self._page])
        if cursor is None:
            return part, None
        self._count += 1
        following = cursor if follow_on and cursor != "*" else f"a+b/{self._count}="
        self._cursors[following] = start + len(part)
        return part, following if part else None

    def _openalex(self, query: Mapping[str, str]) -> str:
        if (named := self._named("openalex", query)) is not None:
            records, cursor = self._part(named, query.get("cursor"), follow_on=False)
            return json.dumps({"meta": {"count": len(named), "next_cursor": cursor}, "results": records})
        found = self._asked_for("openalex", query, "per-page")
        part, cursor = self._part(found, query.get("cursor"), follow_on=False)
        works = [
            {"id": f"https://openalex.org/W{number(one)}", "doi": f"https://doi.org/{doi(one)}", "title": one,
             "type": "article", "authorships": [{"author": {"display_name": "Ada Lark"}}],
             "publication_date": next(day for day, title in self.papers if title == one).isoformat()} for one in part
        ]  # fmt: skip
        return json.dumps({"meta": {"count": len(found), "next_cursor": cursor}, "results": works})

    def _crossref(self, query: Mapping[str, str]) -> str:
        if (named := self._named("crossref", query)) is not None:
            records, cursor = self._part(named, query.get("cursor"), follow_on=True)
            listed = {"total-results": len(named), "items": records, "next-cursor": cursor}
            return json.dumps({"status": "ok", "message-type": "work-list", "message": listed})
        found = self._asked_for("crossref", query, "rows")
        part, cursor = self._part(found, query.get("cursor"), follow_on=True)
        works = [
            {"DOI": doi(one), "title": [one], "type": "journal-article", "author": [{"given": "Ada", "family": "Lark"}]}
            for one in part
        ]
        message = {"total-results": len(found), "items": works, "next-cursor": cursor}
        return json.dumps({"status": "ok", "message-type": "work-list", "message": message})

    def _esearch(self, query: Mapping[str, str]) -> str:
        dates, term = (query["mindate"], query["maxdate"]), query["term"]
        if not all(map(_SLASHED_DAY.fullmatch, dates)) or int(query["retmax"]) > _MOST["pubmed"]:
            return json.dumps({"esearchresult": {"ERROR": "Invalid parameter."}})
        if "[wing]" in term:
            return json.dumps(
                {"esearchresult": {"count": "0", "idlist": [], "errorlist": {"fieldsnotfound": ["wing"]}}}
            )
        ids = [number(one) for one in self._since(dates[0].replace("/", "-"))]
        return json.dumps({"esearchresult": {"count": str(len(ids)), "idlist": ids}})

    def _efetch(self, query: Mapping[str, str]) -> str:
        ids = query["id"].split(",")
        if len(ids) > _MOST_IDS:
            raise _Refused("The address is too long.")
        found = [title for _, title in self.papers if number(title) in ids and not self._hidden]
        return f'<?xml version="1.0" ?><PubmedArticleSet>{"".join(map(_record, found))}</PubmedArticleSet>'


def _names_of(field: str, record: Mapping[str, Any]) -> set[str]:
    """Returns the names under which a filter finds a record, in lower case."""
    if field == "doi":
        return {str(record.get("doi") or record.get("DOI")).lower().removeprefix("https://doi.org/")}
    return {str(one["landing_page_url"]).lower() for one in record.get("locations", ())}


def number(title: str) -> str:
    """Returns the number of the paper with a title "… N"."""
    return title.rpartition(" ")[2]


def doi(title: str) -> str:
    return f"10.5555/birds.{number(title)}"


def _record(title: str) -> str:
    return (
        f'<PubmedArticle><MedlineCitation><PMID Version="1">{number(title)}</PMID><Article><ArticleTitle>{escape(title)}.'
        f'</ArticleTitle><ELocationID EIdType="doi" ValidYN="Y">{doi(title)}</ELocationID><AuthorList><Author><LastName>Lark'
        "</LastName><ForeName>Ada</ForeName></Author></AuthorList></Article></MedlineCitation></PubmedArticle>"
    )

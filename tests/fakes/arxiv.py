"""A fake arXiv over real HTTP.

It records each request that breaks arXiv's limits: one per three seconds, one at a time.
"""

import asyncio
import re
import ssl
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, cast

from aiohttp import web

from tests.clock import FakeClock
from tests.fakes import arxiv_pages as pages
from tests.fakes.arxiv_pages import Paper
from tests.fakes.server import LoopbackServer
from tests.patience import PATIENCE

GAP = 3.0  # seconds
Responder = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(slots=True, kw_only=True)
class RecordedRequest:
    """One received request."""

    path: str  # with its query string
    headers: Mapping[str, str]
    status: int = 0  # of the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document at a path that the real arXiv does not have."""

    data: bytes
    status: int = 200
    etag: str = ""
    modified: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeArxiv(LoopbackServer):
    """A fake arXiv on loopback. Its verbs set what the fake serves and how it fails.

    If the fake has a clock, `violations` lists every breach of arXiv's limits for programs.
    """

    def __init__(self, clock: FakeClock | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self.arrivals: list[RecordedRequest] = []
        self.violations: list[str] = []
        self.tls = tls
        self._clock = clock
        self._last_begin = float("-inf")  # second of the last request
        self._open = 0
        self._batches: list[tuple[date, tuple[Paper, ...]]] = []
        self._behind: dict[str, int] = {}  # category → number of batches when its feed stopped changing
        self._documents: dict[str, Document] = {}
        self._overrides: deque[tuple[str, Responder]] = deque()
        self._silent = threading.Event()
        self._builds = 0
        self._withdrawn: list[Paper] = []
        # id → (submission time, paper) of everything that the API finds
        self._known: dict[str, tuple[datetime, Paper]] = {}

    def announces(self, day: date, *papers: Paper) -> None:
        """Announces the batch of a day. Without papers, the batch is empty, as at weekends and on holidays."""
        self._batches.append((day, (*papers, *self._withdrawn)))
        self.knows(*papers, *self._withdrawn, submitted=_submitted(day))
        self._withdrawn = []

    def knows(self, *papers: Paper, submitted: datetime = datetime(2025, 1, 2, tzinfo=UTC)) -> None:
        """Adds papers with their submission time to the API.

        A later version of a paper keeps its first submission time.
        """
        for paper in papers:
            at, _ = self._known.get(paper.arxiv_id or "", (submitted, paper))
            first = paper.announce_type in (None, "", "new")
            self._known[paper.arxiv_id or ""] = (at if first else min(at, submitted - timedelta(days=60)), paper)

    def is_late(self, *categories: str) -> None:
        """Keeps the feeds of these categories (or all feeds) unchanged until `catches_up`, even if papers are announced."""
        self._behind.update(dict.fromkeys(categories or ("",), len(self._batches)))

    def catches_up(self) -> None:
        self._behind.clear()

    def withdraws(self, paper: Paper) -> None:
        """Adds a withdrawn version of the paper to the next batch. Its abstract says that the paper was withdrawn."""
        self._withdrawn.append(
            replace(
                cast(Any, paper),  # a dataclass
                version=(paper.version or 1) + 1,
                abstract="This paper has been withdrawn by its authors.",
                announce_type="replace",
            )
        )

    def holds(self, path: str, data: bytes | str, **values: object) -> None:
        """Puts a document at a path; `values` are the fields of Document."""
        self._documents[path] = Document(data=data if isinstance(data, bytes) else data.encode(), **values)  # type: ignore[arg-type]

    def recovers(self) -> None:
        """Ends all faults that are planned, and removes all documents that `holds` added."""
        self._overrides.clear()
        self._documents.clear()

    def answers_429(self, times: int = 1, *, retry_after: str = "", status: int = 429, at: str = "") -> None:
        self._override(
            times,
            at,
            lambda: web.Response(
                status=status, text="Too busy.", headers={"Retry-After": retry_after} if retry_after else {}
            ),
        )

    def says_rate_exceeded(self, times: int = 1, *, at: str = "") -> None:
        self._override(times, at, lambda: web.Response(text="Rate exceeded."))

    def reports(self, words: str, times: int = 1, *, at: str = "") -> None:
        """Answers the next `times` requests (with `at` in their path) with status 400 and arXiv's feed for an error."""
        self._override(times, at, lambda: web.Response(status=400, body=pages.feed_error(words)))

    def fails(self, status: int, times: int = 1) -> None:
        self._override(times, "", lambda: web.Response(status=status, text="No."))

    def sends_html(self) -> None:
        self._override(
            1,
            "",
            lambda: web.Response(
                text="<!DOCTYPE html><html><body><h1>Welcome to this hotel</h1></body></html>", content_type="text/html"
            ),
        )

    def redirects_to(self, url: str, times: int = 1) -> None:
        self._override(times, "", lambda: web.Response(status=302, headers={"Location": url}))

    def is_endless(self) -> None:
        """Answers the next request with an endless body."""

        async def stream(request: web.BaseRequest) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            while not self._stop.is_set():
                await response.write(b"<p>and on</p>" * 1000)
                await asyncio.sleep(0)  # lets the server stop
            return response

        self._overrides.append(("", stream))

    def hangs(self, times: int = 1, *, at: str = "") -> None:
        """Accepts the next `times` requests (with `at` in their path) but does not answer them."""

        async def silence(_: web.BaseRequest) -> web.StreamResponse:
            self._silent.set()
            await self._stop.wait()
            return web.Response()

        self._overrides.extend([(at, silence)] * times)

    def breaks_off(self) -> None:
        """Closes the connection in the middle of the next answer."""

        async def half(request: web.BaseRequest) -> web.StreamResponse:
            data = self._usual(request)
            whole = data.body if isinstance(data.body, bytes) else b"<rss>"
            response = web.StreamResponse(headers={"Content-Length": str(len(whole))})
            await response.prepare(request)
            await response.write(whole[: len(whole) // 2])
            if request.transport:
                request.transport.close()
            return response

        self._overrides.append(("", half))

    def cuts(self, *, at: str = "") -> None:
        """Sends two thirds of the next answer as if they were the complete answer."""

        async def part(request: web.BaseRequest) -> web.StreamResponse:
            data = self._usual(request).body
            assert isinstance(data, bytes)
            return web.Response(body=data[: len(data) * 2 // 3])

        self._overrides.append((at, part))

    def empties_pages(self, times: int = 1, *, at: str = "") -> None:
        """Answers the next `times` requests (with `at` in their path) with the total of papers, but without any paper."""

        async def bare(request: web.BaseRequest) -> web.StreamResponse:
            data = self._usual(request).body
            assert isinstance(data, bytes)
            return web.Response(body=re.sub(rb"<entry>.*?</entry>", b"", data, flags=re.DOTALL))

        self._overrides.extend([(at, bare)] * times)

    def waits_hanging(self) -> None:
        """Returns as soon as a request hangs.

        An async test calls it by `await asyncio.to_thread(fake.waits_hanging)`.
        """
        assert self._silent.wait(PATIENCE)

    @property
    def sites(self) -> dict[str, str]:
        """The addresses that the program must use to reach the fake."""
        return {"feeds": f"{self.url}/rss/", "api": f"{self.url}/api/query"}

    def asked(self, part: str = "") -> list[str]:
        """Returns the paths of all requests whose path contains `part`, in order."""
        return [arrival.path for arrival in self.arrivals if part in arrival.path]

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        self._watch(request)
        arrival = RecordedRequest(path=request.path_qs, headers=dict(request.headers))
        self.arrivals.append(arrival)
        self._open += 1
        try:
            mood = self._next_mood(request.path_qs)
            response = await mood(request) if mood else self._usual(request)
        finally:
            self._open -= 1
        arrival.status = response.status
        return response

    def _watch(self, request: web.BaseRequest) -> None:
        if self._clock is None:
            return
        if self._open:
            self.violations.append(f"{request.path_qs} while another request was answered")
        second = self._clock.monotonic()
        if second - self._last_begin < GAP:
            self.violations.append(f"{request.path_qs} {second - self._last_begin:.2f} s after the one before")
        self._last_begin = second

    def _override(self, times: int, at: str, response: Callable[[], web.Response]) -> None:
        async def given(_: web.BaseRequest) -> web.StreamResponse:
            return response()

        self._overrides.extend([(at, given)] * times)

    def _next_mood(self, path: str) -> Responder | None:
        for place, (part, mood) in enumerate(self._overrides):
            if part in path:
                del self._overrides[place]
                return mood
        return None

    def _usual(self, request: web.BaseRequest) -> web.Response:
        if document := self._documents.get(request.path_qs):
            return conditional(request, document)
        match request.path.strip("/").split("/"):
            case ["rss", category]:
                day, papers = self._batch(category)
                data = pages.feed(category, day, papers, built=self._builds)
            case ["list", category, "new"]:
                data = pages.listing(category, *self._batch(category))
            case ["api", "query"]:
                data = self._search(request.query)
            case _:
                return web.Response(status=404, text="Not here.")
        return conditional(request, Document(data=data, etag=f'"{sha256(data).hexdigest()[:16]}"'))

    def _batch(self, category: str) -> tuple[date, tuple[Paper, ...]]:
        """Returns the day and the papers of a feed."""
        count = min(self._behind.get(name, len(self._batches)) for name in ("", category))
        day, papers = self._batches[count - 1] if count > 0 else (date(2026, 1, 1), ())
        return day, tuple(paper for paper in papers if pages.belongs(paper, category))

    def _search(self, query: Mapping[str, str]) -> bytes:
        """Returns the API's answer to a search for ids, or for submission days, categories and title words.

        Newest paper first.
        """
        start, most = int(query.get("start", 0)), int(query.get("max_results", 10))
        found = sorted(self._known.values(), key=lambda known: known[0], reverse=True)
        papers = [paper for at, paper in found if _fits(query, at, paper)]
        day = self._batches[-1][0] if self._batches else date(2026, 1, 1)
        self._builds += 1
        return pages.answer(papers[start : start + most], total=len(papers), day=day, built=self._builds)


def _submitted(batch: date) -> datetime:
    """Returns when the papers of a batch were submitted: at 15:00 on the day before, or on Friday for a Monday's batch."""
    evening = batch - timedelta(days=1)
    days = 2 if evening.weekday() == 6 else 0
    return datetime(evening.year, evening.month, evening.day, 15, tzinfo=UTC) - timedelta(days=days)


def _fits(query: Mapping[str, str], submitted: datetime, paper: Paper) -> bool:
    ids = query.get("id_list")
    if ids is not None:
        return paper.arxiv_id in ids.split(",")
    words = query["search_query"]
    days = re.search(r"submittedDate:\[(\d+) TO (\d+)\]", words)
    categories = [code.removesuffix(".*") for code in re.findall(r"cat:([\w.*-]+)", words)]
    title = re.search(r'ti:"([^"]*)"', words)
    return (
        (days is None or days[1] <= f"{submitted:%Y%m%d%H%M}" <= days[2])
        and (not categories or any(pages.belongs(paper, code) for code in categories))
        and (title is None or title[1].casefold() in re.sub(r"\W+", " ", paper.title).casefold())
    )


def conditional(request: web.BaseRequest, document: Document) -> web.Response:
    """Returns the document, or status 304 if the request's ETag or Last-Modified shows that the client has it already."""
    headers = dict(document.headers)
    headers |= {"ETag": document.etag} if document.etag else {}
    headers |= {"Last-Modified": document.modified} if document.modified else {}
    asked = request.headers
    if (document.etag and asked.get("If-None-Match") == document.etag) or (
        document.modified and asked.get("If-Modified-Since") == document.modified
    ):
        return web.Response(status=304, headers=headers)
    return web.Response(status=document.status, body=document.data, headers=headers)

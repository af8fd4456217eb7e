"""Fetching: which addresses are allowed, limits of size and time, how a failure is named, and the requests for each day."""

import gzip
import json
import ssl
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bot.digests.files import unpacked
from bot.settings import SourceSettings
from bot.sources import answers, fetch_request
from bot.sources import fetcher as web
from bot.sources.fetcher import is_public
from bot.sources.web import days_due
from subscriptions.errors import BrokenDigest, FetchError
from subscriptions.schedule.calendar import ArxivCalendar, Schedules
from subscriptions.sources.poll_results import MOST_TRIES, End, MissedDays
from tests import tables
from tests.clock import NOON, FakeClock
from tests.fakes.arxiv import FakeArxiv
from tests.make import DAY, paper

SMALL = web.FetchLimits(connect=5, idle=5, total=20, most=100_000)
HERE = frozenset({"127.0.0.1", "feeds.example.org"})


@pytest.fixture
def arxiv() -> Iterator[FakeArxiv]:
    with FakeArxiv() as fake:
        fake.announces(date(2026, 1, 22), paper("Graphs", "cs.LG"))
        yield fake


def fetcher(
    clock: FakeClock | None = None,
    *,
    allowed: frozenset[str] = HERE,
    limits: web.FetchLimits = SMALL,
    names: dict[str, list[str]] | None = None,
    proxy: str | None = None,
    by_machine: bool = False,
) -> web.Fetcher:
    """Returns a fetcher. `names`: host → its addresses; other hosts are addresses, or are resolved by the system."""

    async def look_up(host: str, port: int) -> list[str]:
        if by_machine and host not in HERE:
            return await web.resolve(host, port)
        found = (names or {}).get(host, [host])
        if not found:
            raise OSError("no such name")
        return found

    clock = clock or FakeClock(NOON)
    return web.Fetcher(
        clock,
        agent="paperwire/1.0 (+me@example.org)",
        allowed_hosts=allowed,
        limits=limits,
        resolve=look_up,
        proxy_of=lambda *_: proxy,
    )


async def refusal(fetching: web.Fetcher, url: str) -> FetchError:
    with pytest.raises(FetchError) as failed:
        await fetching.fetch(url)
    return failed.value


@pytest.mark.parametrize(
    ("address", "expected"),
    tables.rows("""
        8.8.8.8            → public
        127.0.0.1          →
        169.254.169.254    →  # here clouds give their machines secret keys
        224.0.0.1          →
        192.0.0.8          →  # a dummy, which Python 3.11 takes for public
        192.0.0.10         →
        192.88.99.1        →  # the anycast relay of 6to4
        192.31.196.1       →
        2620:4f:8000::1    →
        168.63.129.16      →  # Azure's services for the machine itself
        192.0.1.8          → public
        ::1                →
        fc00::1            →
        2001:0:a00:1::     →  # Teredo
        ::ffff:127.0.0.1   →
        ::ffff:8.8.8.8     → public
        ::127.0.0.1        →
        ::8.8.8.8          →  # a form that is given up
        2002:7f00:1::      →  # 6to4 of 127.0.0.1
        2002:c000:8::      →  # 6to4 of 192.0.0.8
        64:ff9b::a00:1     →  # NAT64 of 10.0.0.1
                           →
    """),
)
def test_which_addresses_anybody_may_reach(address: str, expected: str) -> None:
    assert is_public(address) is (expected == "public")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/rss/cs.LG",
        "http://localhost:{port}/rss/cs.LG",
        "http://[::1]:{port}/rss/cs.LG",
        "http://169.254.169.254/latest/meta-data",
        "http://inner.example.org:{port}/rss/cs.LG",  # a public name for a private address
    ],
)
async def test_a_private_address_is_not_asked_however_it_is_written(url: str, arxiv: FakeArxiv) -> None:
    names = {
        "localhost": ["127.0.0.1", "::1"],
        "2130706433": ["127.0.0.1"],
        "inner.example.org": ["10.1.2.3"],
    }
    error = await refusal(fetcher(allowed=frozenset(), names=names), url.format(port=arxiv.port))
    assert "is an address of a private network" in str(error)
    assert "PAPERWIRE_ALLOWED_HOSTS" in str(error.hint)
    assert arxiv.asked() == []


async def test_the_connection_goes_to_the_address_that_was_checked(
    arxiv: FakeArxiv,
) -> None:
    looked_up: list[str] = []

    async def look_up(host: str, _port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]  # a second look-up could return another address, but there is none

    clock = FakeClock(NOON)
    fetching = web.Fetcher(
        clock,
        agent="a",
        allowed_hosts=HERE,
        resolve=look_up,
        proxy_of=lambda *_: None,
    )
    await fetching.fetch(f"http://feeds.example.org:{arxiv.port}/rss/cs.LG")
    assert looked_up == ["feeds.example.org"]
    assert arxiv.arrivals[0].headers["Host"] == f"feeds.example.org:{arxiv.port}"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        *tables.rows(r"""
            http://10.0.0.1/          → 10.0.0.1 is an address of a private network
            http://[::1]/x            → ::1 is an address of a private network
            http://inner.example.org/ → inner.example.org is an address of a private network
            file:///etc/passwd        → redirects to something that is no web address
            → redirects to something that is no web address
            http://xn--/              → redirects to something that is no web address
            http://a:99999/           → There is no host a
        """),
        (f"http://{'a' * 300}/", "There is no host aaa"),
        # what browsers mend stays on its host
        ("//", "127.0.0.1 "),
    ],
)
async def test_a_redirect_is_checked_as_the_address_was(target: str, words: str, arxiv: FakeArxiv) -> None:
    arxiv.redirects_to(target, 100)
    fetching = fetcher(names={"inner.example.org": ["192.168.0.1"]}, by_machine=words.startswith("There is no host"))
    assert words in str(await refusal(fetching, f"{arxiv.url}/rss/cs.LG"))


async def test_an_allowed_host_is_open_to_its_source_only(
    arxiv: FakeArxiv,
) -> None:
    names = {"feeds.example.org": ["127.0.0.1"], "wiki.example.org": ["127.0.0.1"]}
    fetching = fetcher(names=names, allowed=frozenset({"feeds.example.org", "wiki.example.org"}))
    wiki = f"http://wiki.example.org:{arxiv.port}"
    assert isinstance(await fetching.fetch(f"{wiki}/rss/cs.LG"), web.Fetched)
    arxiv.redirects_to(f"{wiki}/rss/cs.LG")
    assert "wiki.example.org is an address of a private network" in str(
        await refusal(fetching, f"http://feeds.example.org:{arxiv.port}/moved")
    )


async def test_a_redirect_to_another_port_of_a_private_host_is_refused(arxiv: FakeArxiv) -> None:
    fetching = fetcher(names={"wiki.lab": ["127.0.0.1"]}, allowed=frozenset({"wiki.lab", "127.0.0.1"}))
    for target in ("http://{host}:1/x", "https://{host}:1/x", "https://{host}/x", "//{host}:65535/x"):
        for host in ("wiki.lab", "127.0.0.1"):
            arxiv.redirects_to(target.format(host=host))
            error = await refusal(fetching, f"http://{host}:{arxiv.port}/moved")
            assert f"{host} is an address of a private network" in str(error)
    for target in (f"http://WIKI.lab:{arxiv.port}/rss/cs.LG", "/rss/cs.LG"):
        arxiv.redirects_to(target)
        assert isinstance(await fetching.fetch(f"http://wiki.lab:{arxiv.port}/moved"), web.Fetched)


async def test_redirects_are_followed_but_not_for_ever(arxiv: FakeArxiv) -> None:
    arxiv.redirects_to("/rss/cs.LG", 5)
    assert isinstance(await fetcher().fetch(f"{arxiv.url}/moved"), web.Fetched)
    arxiv.redirects_to("/rss/cs.LG", 100)
    assert "redirects again and again" in str(await refusal(fetcher(), f"{arxiv.url}/moved"))
    assert len(arxiv.arrivals) == 12


async def test_a_password_goes_along_within_its_host_only(arxiv: FakeArxiv) -> None:
    behind = fetcher(proxy=arxiv.url)
    arxiv.holds("/list.md", "the list")
    arxiv.redirects_to("/list.md")
    await behind.fetch("http://me:secret@wiki.example.org/moved")
    arxiv.redirects_to("http://feeds.example.org/list.md")
    await behind.fetch("http://me:secret@wiki.example.org/moved")
    assert ["Authorization" in arrival.headers for arrival in arxiv.arrivals] == [True, True, True, False]


async def test_an_unusable_proxy_is_a_sentence_without_it() -> None:
    error = await refusal(fetcher(proxy="quic://user:secret@proxy:1"), "http://feeds.example.org/x")
    assert str(error.sentence) == "The proxy of this machine cannot be used."


async def test_packed_answers_arrive_as_sent_and_are_unpacked_up_to_the_limit(arxiv: FakeArxiv) -> None:
    page = json.dumps([{"paper": {"id": "2601.00001", "title": "Kite"}, "title": "Kite"}]).encode()
    for name, packed in (("list", gzip.compress(page)), ("bomb", gzip.compress(bytes(50_000_000)))):
        arxiv.holds(f"/{name}", packed, headers={"Content-Encoding": "gzip"})
        arxiv.holds(f"/{name}.gz", packed)
        arxiv.holds(f"/{name}.gz.gz", gzip.compress(packed), headers={"Content-Encoding": "gzip"})
    for form in ("", ".gz", ".gz.gz"):
        for name in ("list", "bomb"):
            found = await fetcher().fetch(f"{arxiv.url}/{name}{form}")
            assert isinstance(found, web.Fetched)
            assert found.data.startswith(b"\x1f\x8b")
            request = fetch_request.FetchRequest(url=f"{arxiv.url}/{name}{form}")
            if name == "list":
                digest = answers.read_answer(found.data, request, "web").digest
                assert digest is not None
                assert [one.title for one in digest.entries] == ["Kite"]
            else:
                with pytest.raises(BrokenDigest, match="larger than 16 MiB"):
                    answers.read_answer(found.data, request, "web")


def test_gzip_of_several_members_is_read_whole_and_a_torn_one_is_refused() -> None:
    head, tail = (gzip.compress(part) for part in (b"first ", b"second"))
    assert unpacked(head + tail) == b"first second"
    with pytest.raises(BrokenDigest, match="packed by gzip and damaged"):
        unpacked((head + tail)[:-3])


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds"),
    [
        (429, "120", 120),
        (503, "Thu, 22 Jan 2026 12:05:00 GMT", 300),
        (429, "soon", 0),
        (429, "99999999999", 86_400),
        (503, "Mon, 01 Jan 2026 00:00:00 +99999999999999", 0),
    ],
)
async def test_a_busy_server_says_how_long(status: int, retry_after: str, seconds: int, arxiv: FakeArxiv) -> None:
    arxiv.answers_429(status=status, retry_after=retry_after)
    error = await refusal(fetcher(), f"{arxiv.url}/rss/cs.LG")
    assert (error.busy, error.retry_after) == (True, timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X-RateLimit-Reset": "5400"}, 5400),  # OpenAlex: until midnight
        ({"X-RateLimit-Reset": str(int(NOON.timestamp()) + 90)}, 90),
        ({"X-RateLimit-Reset": "86399.5", "X-RateLimit-Remaining": "0"}, 86_399),
        ({"X-RateLimit-Reset": "5400", "Retry-After": "7"}, 7),
        ({"X-RateLimit-Reset": str(int(NOON.timestamp()) - 90)}, 0),
        ({"X-RateLimit-Reset": "soon"}, 0),
        ({"X-RateLimit-Reset": str(int(NOON.timestamp() + 30) * 1000)}, 30),
        ({"X-RateLimit-Reset": "60", "Retry-After": "abc"}, 60),
        ({"X-RateLimit-Reset": "500", "Retry-After": "0"}, 500),
    ],
)
async def test_limit_of_a_server_says_when_it_is_renewed(
    headers: dict[str, str], seconds: int, arxiv: FakeArxiv
) -> None:
    arxiv.holds("/works", "{}", status=429, headers=headers)
    error = await refusal(fetcher(), f"{arxiv.url}/works")
    assert (error.busy, error.retry_after) == (True, timedelta(seconds=seconds))


async def test_a_server_that_says_nothing_is_not_waited_for(arxiv: FakeArxiv) -> None:
    arxiv.hangs(2)
    assert "sent nothing for 0.05 seconds" in str(
        await refusal(fetcher(limits=web.FetchLimits(idle=0.05, total=20)), f"{arxiv.url}/rss/cs.LG")
    )
    assert "took longer than 0.05 seconds" in str(
        await refusal(fetcher(limits=web.FetchLimits(idle=20, total=0.05)), f"{arxiv.url}/rss/cs.LG")
    )


async def test_a_certificate_is_verified_by_name(tls: FakeArxiv, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fetcher trusts this certificate, which belongs to another host."""
    names = {"paperwire.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]}
    trusting = fetcher(names=names, allowed=frozenset(names))
    context = ssl.create_default_context(cafile=str(CERTIFICATE))
    monkeypatch.setattr("bot.sources.fetcher.trusted", lambda: context)
    assert isinstance(await trusting.fetch(f"https://paperwire.test:{tls.port}/rss/cs.LG"), web.Fetched)
    assert "The certificate of other.test cannot be trusted: hostname mismatch" in str(
        await refusal(trusting, f"https://other.test:{tls.port}/rss/cs.LG")
    )


CERTIFICATE = Path(__file__).parent / "paperwire.test.pem"  # self-signed for this test, valid for a hundred years


@pytest.fixture
def tls() -> Iterator[FakeArxiv]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with FakeArxiv(tls=context) as fake:
        yield fake


async def test_arxiv_is_asked_once_in_three_seconds(clock: FakeClock) -> None:
    turns = web.HostThrottle(clock)
    starts = []

    async def request(host: str) -> None:
        async with turns.turn(host):
            starts.append(clock.monotonic())
            raise ConnectionError

    for host in ("rss.arxiv.org", "export.arxiv.org", "arxiv.org", "example.org"):
        with pytest.raises(ConnectionError):
            await request(host)
    assert starts == [1000.0, 1003.0, 1006.0, 1006.0]


@pytest.mark.parametrize(("retry_after", "stops_others"), [("3600", True), ("86400", False)])
async def test_a_wait_of_a_day_stops_only_who_was_told(
    retry_after: str, stops_others: bool, arxiv: FakeArxiv, clock: FakeClock
) -> None:
    fetching = fetcher(clock)
    arxiv.answers_429(retry_after=retry_after, at="/rss/cs.LG")
    assert (await refusal(fetching, f"{arxiv.url}/rss/cs.LG")).retry_after >= timedelta(hours=1)
    if stops_others:
        await refusal(fetching, f"{arxiv.url}/rss/cs.AI")
    else:
        assert isinstance(await fetching.fetch(f"{arxiv.url}/rss/cs.AI"), web.Fetched)


def source(**values: object) -> SourceSettings:
    return SourceSettings(name="x", **values)


def source_at(place: str, schedule: str) -> SourceSettings:
    """Returns a source at an address, or of a category of arXiv."""
    return source(**({"url": place} if ":" in place else {"arxiv": (place,)}), schedule=schedule)


def biorxiv(received: int, total: object) -> bytes:
    return json.dumps({"messages": [{"total": total, "count": received}], "collection": [{}] * received}).encode()


SITE = "https://api.biorxiv.org"
DETAILS = f"{SITE}/details/biorxiv/2026-01-21/2026-01-22"


@pytest.mark.parametrize(
    ("url", "data", "following", "missing"),
    [
        (f"{DETAILS}/0", biorxiv(100, "230"), f"{DETAILS}/100", ""),
        (f"{DETAILS}/100", biorxiv(30, "230"), f"{DETAILS}/130", ""),  # a page may have any size
        (f"{DETAILS}/200", biorxiv(30, "230"), None, ""),
        (f"{DETAILS}/230", biorxiv(0, "230"), None, ""),
        (f"{DETAILS}/100", biorxiv(0, "230"), None, "The answer ends after 100 of 230 papers."),
        (f"{DETAILS}/0", biorxiv(0, "230"), None, "The answer ends after 0 of 230 papers."),
        (f"{DETAILS}/0", biorxiv(100, "many"), None, ""),
        (f"{DETAILS}/0", b'{"messages": [{"total": 1e999}], "collection": []}', None, ""),
        (f"{SITE}/details/biorxiv/7d/0/json", biorxiv(30, "90"), f"{SITE}/details/biorxiv/7d/30/json", ""),
        (f"{SITE}/details/biorxiv/7d", biorxiv(30, "90"), f"{SITE}/details/biorxiv/7d/30", ""),
        (f"{SITE}/mirror/pubs/medrxiv/5", biorxiv(2, "5"), f"{SITE}/mirror/pubs/medrxiv/5/2", ""),
        ("https://example.org/mirror.json", biorxiv(30, "90"), None, "The answer ends after 30 of 90 papers."),
        (f"{DETAILS}/0", b"[1, 2]", None, ""),
        ("https://example.org/list.json", biorxiv(230, "230"), None, ""),
    ],
)
def test_next_page_of_biorxiv_begins_after_the_last(url: str, data: bytes, following: str | None, missing: str) -> None:
    found, why = answers.rest_of_answer(fetch_request.FetchRequest(url=url), data)
    assert ([one.url for one in found], why) == ([following] if following else [], missing)


API = "https://export.arxiv.org/api/query?search_query=cat:cs.LG+AND+ti:kites"


def api(entries: int, total: int | None) -> bytes:
    told = "" if total is None else f"<opensearch:totalResults>{total}</opensearch:totalResults>"
    return f"<feed>{told}{'<entry></entry>' * entries}</feed>".encode()


@pytest.mark.parametrize(
    ("url", "history", "data", "following", "missing"),
    [
        (f"{API}&start=0&max_results=500", True, api(500, 700), f"{API}&start=500&max_results=500", ""),
        (f"{API}&start=500&max_results=500", True, api(200, 700), None, ""),
        (f"{API}&start=500&max_results=500", True, api(0, 700), None, "The answer ends after 500 of 700 papers."),
        (f"{API}&start=0&max_results=500", True, api(0, 700), None, "The answer ends after 0 of 700 papers."),
        (f"{API}&start=0&max_results=500", True, api(0, 0), None, ""),
        (f"{API}&start=0&max_results=500", True, api(5, None), None, "The answer is not whole."),
        (f"{API}&max_results=100", False, api(100, 700), None, ""),  # an own query wants only the newest
        (f"{API}&max_results=100", False, api(40, 700), f"{API}&max_results=60&start=40", ""),
        (f"{API}&max_results=100", False, api(0, 700), None, "The answer ends after 0 of 700 papers."),
        (API, False, api(10, 700), None, ""),
        (f"{API}&max_results=100", False, api(7, 7), None, ""),
    ],
)
def test_answer_of_arxivs_api_is_whole_at_its_own_total(
    url: str, history: bool, data: bytes, following: str | None, missing: str
) -> None:
    found, why = answers.rest_of_answer(fetch_request.FetchRequest(url=url, history=history), data)
    assert ([one.url for one in found], why) == ([following] if following else [], missing)


def test_server_that_repeats_itself_is_left_after_100_pages() -> None:
    requests: tuple[fetch_request.FetchRequest, ...] = (fetch_request.FetchRequest(url=f"{DETAILS}/0"),)
    count, missing = 0, ""
    while requests:
        count += 1
        requests, missing = answers.rest_of_answer(requests[0], biorxiv(1, "1000000"))
    assert (count, missing) == (100, "There are more than 100 papers; a narrower question finds fewer.")


def test_an_address_is_shown_without_secrets() -> None:
    url = "https://user:password@example.org:8443/a/{date}.md?token=secret"
    assert SourceSettings(name="x", url=url).place == "https://example.org:8443/a/{date}.md"
    assert SourceSettings(name="x", arxiv=("cs.LG", "hep-th")).place == "cs.LG, hep-th"


CALENDAR = ArxivCalendar()
THURSDAY, FRIDAY = date(2026, 1, 22), date(2026, 1, 23)


@pytest.mark.parametrize(
    ("batch", "first", "last"),
    [
        ("2026-01-22", "2026-01-20 19:00", "2026-01-21 19:00"),
        ("2026-01-27", "2026-01-23 19:00", "2026-01-26 19:00"),  # Tuesday's batch: what was submitted over the weekend
        ("2026-01-21", "2026-01-16 19:00", "2026-01-20 19:00"),  # after Martin Luther King Day
        ("2026-07-02", "2026-06-30 18:00", "2026-07-01 18:00"),  # in summer
    ],
)
def test_when_the_papers_of_a_batch_were_submitted(batch: str, first: str, last: str) -> None:
    assert [
        f"{moment:%Y-%m-%d %H:%M}" for moment in fetch_request.submitted_between(date.fromisoformat(batch), CALENDAR)
    ] == [first, last]


def test_batches_of_a_year_leave_no_gap_between_them() -> None:
    spans = [
        fetch_request.submitted_between(day, CALENDAR)
        for day in CALENDAR.announcement_days(date(2026, 1, 1), date(2026, 12, 31))
    ]
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert all(first < last for first, last in spans)


def days(one: SourceSettings, after: date | None, now: str) -> list[str]:
    found = days_due(Schedules(), one, after, datetime.fromisoformat(now).replace(tzinfo=UTC))
    return [f"{day:%m-%d}" for day in found]


@pytest.mark.parametrize(
    ("place", "schedule", "after", "now", "due"),
    tables.rows("""
        https://e.org/{date}             → every 30m   →            → 2026-01-22 12:00 → 01-22
        https://e.org/{date}             → every 30m   → 2027-01-22 → 2026-01-22 12:00 → 01-22  # the clock was set back
        cs.LG                            → arxiv       →            → 2026-01-22 05:04 → 01-21  # a minute before the next batch is available
        cs.LG                            → arxiv       →            → 2026-01-22 05:05 → 01-22
        cs.LG                            → arxiv       → 2026-01-15 → 2026-01-24 12:00 → 01-16, 01-19, 01-21, 01-22, 01-23
        https://e.org/x                  → every 30m   → 2026-01-01 → 2026-01-22 12:00 →
    """),
)
def test_which_days_have_become_due(place: str, schedule: str, after: str, now: str, due: str) -> None:
    found = days(source_at(place, schedule), date.fromisoformat(after) if after else None, now)
    assert ", ".join(found) == due


def _missed(*days: date) -> MissedDays:
    """Returns these days as missed, on a Friday whose own papers come with a regular request."""
    missed = MissedDays()
    missed.begin((*days, FRIDAY), (FRIDAY,), FRIDAY)
    return missed


@pytest.mark.parametrize(("answered", "kept"), [(True, ([FRIDAY - DAY], FRIDAY - 2 * DAY)), (False, ([FRIDAY - 2 * DAY, FRIDAY - DAY], FRIDAY - 3 * DAY))])  # fmt: skip
def test_the_oldest_day_is_asked_for_eight_times_if_it_is_answered(answered: bool, kept: object) -> None:
    missed = _missed(FRIDAY - 2 * DAY, FRIDAY - DAY)
    for _ in range(MOST_TRIES):
        assert (missed.left[0], missed.of(End.LOST)) == (FRIDAY - 2 * DAY, ())
        missed.fail(FRIDAY - 2 * DAY, "No answer.", answered=answered)
    assert (missed.left, missed.read_until) == kept

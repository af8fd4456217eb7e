"""Fetching from one address: which addresses are allowed, limits of size and time, and how a failure is named."""

import gzip
import ssl
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.errors import FetchError
from bot.sources.fetch_request import HostLimiter, StoredHostSlots, is_arxiv
from bot.sources.fetcher import (
    Damaged,
    Fetched,
    Fetcher,
    FetchLimits,
    TooLarge,
    gunzipped,
    is_public,
)
from bot.sources.fetcher import resolve as looked_up
from tests import make
from tests.fakes.arxiv import FakeArxiv
from tests.make import FakeClock

SMALL = FetchLimits(connect=5, idle=5, total=20, most=100_000)
HERE = frozenset({"127.0.0.1", "feeds.example.org"})


@pytest.fixture
def arxiv() -> Iterator[FakeArxiv]:
    with FakeArxiv() as fake:
        fake.announces(date(2026, 1, 22), make.paper("Graphs", "cs.LG"))
        yield fake


def fetcher(
    clock: FakeClock | None = None,
    *,
    allowed: frozenset[str] = HERE,
    limits: FetchLimits = SMALL,
    names: dict[str, list[str]] | None = None,
    proxy: str | None = None,
    by_machine: bool = False,
) -> Fetcher:
    """Returns a fetcher. `names`: host → its addresses; other hosts are addresses, or are resolved by the system."""

    async def resolve(host: str, port: int) -> list[str]:
        if by_machine and host not in HERE:
            return await looked_up(host, port)
        found = (names or {}).get(host, [host])
        if not found:
            raise OSError("no such name")
        return found

    clock = clock or FakeClock(make.NOON)
    return Fetcher(
        clock,
        HostLimiter(clock),
        agent="paperwire/1.0 (+me@example.org)",
        allowed_hosts=allowed,
        limits=limits,
        resolve=resolve,
        proxy_of=lambda *_: proxy,
    )


async def refusal(fetching: Fetcher, url: str) -> FetchError:
    with pytest.raises(FetchError) as failed:
        await fetching.fetch(url)
    return failed.value


# ── which addresses are allowed ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("0.0.0.0", False),  # noqa: S104 - not bound to
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("172.31.255.255", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),  # here clouds give their machines secret keys
        ("100.64.0.1", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("239.255.255.250", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("fd12:3456::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("2001:db8::1", False),
        ("3fff::1", False),
        ("5f00::1", False),
        ("100::1", False),
        ("2001:0:a00:1::", False),  # Teredo
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("::127.0.0.1", False),
        ("2002:7f00:1::", False),  # 6to4 of 127.0.0.1
        ("2002:808:808::", True),
        ("64:ff9b::a00:1", False),  # NAT64 of 10.0.0.1
        ("64:ff9b::808:808", True),
        ("64:ff9b:1::808:808", False),
        ("no address", False),
        ("", False),
    ],
)
def test_which_addresses_anybody_may_reach(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/rss/cs.LG",
        "http://localhost:{port}/rss/cs.LG",
        "http://2130706433:{port}/rss/cs.LG",
        "http://127.1:{port}/rss/cs.LG",
        "http://[::1]:{port}/rss/cs.LG",
        "http://[::ffff:127.0.0.1]:{port}/rss/cs.LG",
        "http://169.254.169.254/latest/meta-data",
        "http://inner.example.org:{port}/rss/cs.LG",  # a public name for a private address
    ],
)
async def test_a_private_address_is_not_asked_however_it_is_written(url: str, arxiv: FakeArxiv) -> None:
    names = {
        "localhost": ["127.0.0.1", "::1"],
        "2130706433": ["127.0.0.1"],
        "127.1": ["127.0.0.1"],
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

    async def resolve(host: str, _port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]  # a second look-up could return another address, but there is none

    clock = FakeClock(make.NOON)
    fetching = Fetcher(
        clock, HostLimiter(clock), agent="a", allowed_hosts=HERE, resolve=resolve, proxy_of=lambda *_: None
    )
    await fetching.fetch(f"http://feeds.example.org:{arxiv.port}/rss/cs.LG")
    assert looked_up == ["feeds.example.org"]
    assert arxiv.arrivals[0].headers["Host"] == f"feeds.example.org:{arxiv.port}"


async def test_the_next_address_is_tried_private_ones_are_left_out(arxiv: FakeArxiv) -> None:
    both = fetcher(names={"feeds.example.org": ["127.0.0.2", "127.0.0.1"]})
    url = f"http://feeds.example.org:{arxiv.port}/rss/cs.LG"
    assert isinstance(await both.fetch(url), Fetched)
    mixed = fetcher(allowed=frozenset(), names={"feeds.example.org": ["10.0.0.1", "192.168.0.1"]})
    assert "private network" in str(await refusal(mixed, url))


@pytest.mark.parametrize(
    "url", ["ftp://example.org/x", "file:///etc/passwd", "gopher://x", "javascript:alert(1)", "/x", ""]
)
async def test_only_the_web_is_asked(url: str) -> None:
    assert "http or https" in str(await refusal(fetcher(), url))


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("http://10.0.0.1/", "10.0.0.1 is an address of a private network"),
        ("http://[::1]/x", "::1 is an address of a private network"),
        ("http://inner.example.org/", "inner.example.org is an address of a private network"),
        ("//10.0.0.1/", "10.0.0.1 is an address of a private network"),
        ("file:///etc/passwd", "redirects to something that is no web address"),
        ("ftp://example.org/", "redirects to something that is no web address"),
        ("", "redirects to something that is no web address"),
        ("http:foo", "redirects to something that is no web address"),
        ("http:\\\\h\\x", "redirects to something that is no web address"),
        ("foo:bar", "redirects to something that is no web address"),
        ("http://xn--/", "redirects to something that is no web address"),
        ("https://xn--a/", "redirects to something that is no web address"),
        ("http://.../", "There is no host ..."),
        ("http://a..b/", "There is no host a..b"),
        ("http://a:99999/", "There is no host a"),
        ("http://a%00b/", "There is no host a%00b"),
        (f"http://{'a' * 300}/", "There is no host aaa"),
        # what browsers mend stays on its host
        ("//", "127.0.0.1 "),
        ("?x", "127.0.0.1 "),
        ("#f", "127.0.0.1 "),
        ("http:///x", "127.0.0.1 "),
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
    assert isinstance(await fetching.fetch(f"{wiki}/rss/cs.LG"), Fetched)
    arxiv.redirects_to(f"{wiki}/rss/cs.LG")
    error = await refusal(fetching, f"http://feeds.example.org:{arxiv.port}/moved")
    assert "wiki.example.org is an address of a private network" in str(error)


async def test_redirects_are_followed_but_not_for_ever(arxiv: FakeArxiv) -> None:
    arxiv.redirects_to("/rss/cs.LG", 5)
    assert isinstance(await fetcher().fetch(f"{arxiv.url}/moved"), Fetched)
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


async def test_behind_a_proxy_the_proxy_looks_names_up_and_decides(arxiv: FakeArxiv) -> None:
    asked = "http://inner.example.org/page.md"
    arxiv.holds("/page.md", "through the proxy")
    behind = fetcher(names={"inner.example.org": []}, allowed=frozenset(), proxy=arxiv.url)
    found = await behind.fetch(asked)
    assert isinstance(found, Fetched)
    assert (found.data, arxiv.arrivals[0].headers["Host"]) == (b"through the proxy", "inner.example.org")


async def test_an_unusable_proxy_is_a_sentence_without_it() -> None:
    error = await refusal(fetcher(proxy="quic://user:secret@proxy:1"), "http://feeds.example.org/x")
    assert str(error.sentence) == "The proxy of this machine cannot be used."


# ── requests and answers ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_document_is_sent_once_by_its_validators(arxiv: FakeArxiv) -> None:
    found = await fetcher().fetch(f"{arxiv.url}/rss/cs.LG")
    assert isinstance(found, Fetched)
    assert b"Graphs" in found.data
    assert await fetcher().fetch(f"{arxiv.url}/rss/cs.LG", etag=found.etag) is None
    first, second = arxiv.arrivals
    assert (first.headers["User-Agent"], "If-None-Match" in first.headers) == ("paperwire/1.0 (+me@example.org)", False)
    assert (second.status, second.headers["If-None-Match"]) == (304, found.etag)


async def test_last_modified_is_a_validator_too(arxiv: FakeArxiv) -> None:
    stamp = "Thu, 22 Jan 2026 05:00:00 GMT"
    arxiv.holds("/list.md", "x", modified=stamp)
    found = await fetcher().fetch(f"{arxiv.url}/list.md")
    assert isinstance(found, Fetched)
    assert found.modified == stamp
    assert await fetcher().fetch(f"{arxiv.url}/list.md", modified=stamp) is None


async def test_what_comes_packed_is_unpacked(arxiv: FakeArxiv) -> None:
    arxiv.holds("/packed", gzip.compress(b"papers"), headers={"Content-Encoding": "gzip"})
    arxiv.holds("/list.md.gz", gzip.compress(b"papers"))
    for path in ("/packed", "/list.md.gz"):
        found = await fetcher().fetch(arxiv.url + path)
        assert isinstance(found, Fetched)
        assert found.data == b"papers"


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds"),
    [
        (429, "", 0),
        (429, "120", 120),
        (503, "Thu, 22 Jan 2026 12:05:00 GMT", 300),
        (503, "Thu, 22 Jan 2026 11:00:00 GMT", 0),
        (429, "soon", 0),
        (429, "-5", 0),
        (429, "99999999999", 86_400),
    ],
)
async def test_a_busy_server_says_how_long(status: int, retry_after: str, seconds: int, arxiv: FakeArxiv) -> None:
    arxiv.answers_429(status=status, retry_after=retry_after)
    error = await refusal(fetcher(), f"{arxiv.url}/rss/cs.LG")
    assert (error.busy, error.retry_after) == (True, timedelta(seconds=seconds))


@pytest.mark.parametrize("status", [200, 403, 429])
async def test_rate_exceeded_is_a_busy_server_whatever_its_status(status: int, arxiv: FakeArxiv) -> None:
    arxiv.says_rate_exceeded(status=status)
    assert (await refusal(fetcher(), f"{arxiv.url}/api/query?start=0&max_results=1")).busy


@pytest.mark.parametrize(
    ("status", "words", "of_host"),
    [
        (404, "127.0.0.1 answers 404 Not Found.", False),
        (403, "127.0.0.1 answers 403 Forbidden.", False),
        (500, "127.0.0.1 answers 500 Internal Server Error.", True),
        (599, "127.0.0.1 answers 599.", True),
        (204, "127.0.0.1 answers 204 No Content.", False),
        (304, "127.0.0.1 answers 304 Not Modified.", False),  # nothing was asked about a version known before
    ],
)
async def test_any_other_answer_is_named(status: int, words: str, of_host: bool, arxiv: FakeArxiv) -> None:
    arxiv.fails(status)
    error = await refusal(fetcher(), f"{arxiv.url}/rss/cs.LG?token=secret")
    assert (str(error), error.status, error.host_wide) == (words, status, of_host)


# ── limits of size and time ───────────────────────────────────────────────────────────────────────────────────────────


async def test_what_unfolds_beyond_the_limit_is_left_there(arxiv: FakeArxiv) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    arxiv.holds("/bomb", bomb, headers={"Content-Encoding": "gzip"})
    arxiv.holds("/bomb.gz", bomb)
    for path in ("/bomb", "/bomb.gz"):
        assert "larger than" in str(await refusal(fetcher(), arxiv.url + path))


async def test_a_packing_that_is_broken_or_was_not_asked_for(arxiv: FakeArxiv) -> None:
    arxiv.holds("/half", gzip.compress(b"papers" * 99)[:-9], headers={"Content-Encoding": "gzip"})
    assert "packed and damaged" in str(await refusal(fetcher(), f"{arxiv.url}/half"))
    arxiv.holds("/other", b"\x00", headers={"Content-Encoding": "br"})
    assert "br, which was not asked for" in str(await refusal(fetcher(), f"{arxiv.url}/other"))


async def test_a_server_that_says_nothing_is_not_waited_for(arxiv: FakeArxiv) -> None:
    arxiv.hangs(2)
    idle = fetcher(limits=FetchLimits(idle=0.05, total=20))
    assert "sent nothing for 0.05 seconds" in str(await refusal(idle, f"{arxiv.url}/rss/cs.LG"))
    slow = fetcher(limits=FetchLimits(idle=20, total=0.05))
    assert "took longer than 0.05 seconds" in str(await refusal(slow, f"{arxiv.url}/rss/cs.LG"))


async def test_a_name_that_nobody_knows() -> None:
    error = await refusal(fetcher(names={"nowhere.example.org": []}), "https://nowhere.example.org/x?token=secret")
    assert str(error) == "There is no host nowhere.example.org, or no network."


async def test_a_certificate_that_nobody_vouches_for(tls: FakeArxiv) -> None:
    url = f"https://127.0.0.1:{tls.port}/rss/cs.LG"
    assert "The certificate of 127.0.0.1 cannot be trusted: " in str(await refusal(fetcher(), url))
    assert tls.arrivals == []


async def test_a_certificate_is_verified_by_name(tls: FakeArxiv) -> None:
    """The fetcher trusts this certificate, which belongs to another host."""
    names = {"paperwire.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]}
    trusting = fetcher(names=names, allowed=frozenset(names))
    trusting._tls = ssl.create_default_context(cafile=str(CERTIFICATE))
    assert isinstance(await trusting.fetch(f"https://paperwire.test:{tls.port}/rss/cs.LG"), Fetched)
    error = await refusal(trusting, f"https://other.test:{tls.port}/rss/cs.LG")
    assert "The certificate of other.test cannot be trusted: hostname mismatch" in str(error)


CERTIFICATE = Path(__file__).parent / "paperwire.test.pem"  # self-signed for this test, valid for a hundred years


@pytest.fixture
def tls() -> Iterator[FakeArxiv]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with FakeArxiv(tls=context) as fake:
        yield fake


# ── politeness ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("arxiv.org", True),
        ("rss.arxiv.org", True),
        ("export.ARXIV.org.", True),
        ("notarxiv.org", False),
        ("arxiv.org.example.org", False),
    ],
)
def test_which_hosts_are_arxivs(host: str, ours: bool) -> None:
    assert is_arxiv(host) is ours


async def test_arxiv_is_asked_once_in_three_seconds(clock: FakeClock) -> None:
    host_limiter = HostLimiter(clock)
    starts = []

    async def request(host: str) -> None:
        async with host_limiter.slot(host):
            starts.append(clock.monotonic())
            raise ConnectionError

    for host in ("rss.arxiv.org", "export.arxiv.org", "arxiv.org", "example.org"):
        with pytest.raises(ConnectionError):
            await request(host)
    assert starts == [1000.0, 1003.0, 1006.0, 1006.0]


async def test_other_processes_are_waited_for_and_hear_when_it_is_over(clock: FakeClock) -> None:
    class Busy(StoredHostSlots):
        """Another process that has taken the next seven seconds."""

        def __init__(self) -> None:
            self.received: list[str] = []

        async def acquire(self, publisher: str, _: timedelta) -> timedelta:
            self.received.append(publisher)
            return max(timedelta(seconds=1007 - clock.monotonic()), timedelta(0))

        async def release(self, publisher: str, gap: timedelta) -> None:
            self.received.append(f"{publisher} {gap.total_seconds():.0f}")

    others = Busy()
    host_limiter = HostLimiter(clock, others=others)
    with pytest.raises(ConnectionError):
        async with host_limiter.slot("arxiv.org"):
            raise ConnectionError
    assert (others.received, clock.slept) == (["arxiv"] * 4 + ["arxiv 3"], [3.0, 3.0, 1.0])
    async with host_limiter.slot("example.org"):
        assert len(others.received) == 5


async def test_a_host_with_a_long_wait_is_not_waited_for(arxiv: FakeArxiv, clock: FakeClock) -> None:
    fetching = fetcher(clock)
    arxiv.answers_429(retry_after="30")
    arxiv.answers_429(retry_after="3600")
    url = f"{arxiv.url}/rss/cs.LG"
    await refusal(fetching, url)
    await refusal(fetching, url)
    assert clock.slept == [30.0]
    error = await refusal(fetching, url)
    assert (error.retry_after, len(arxiv.arrivals)) == (timedelta(seconds=3600), 2)


# ── unpacking ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_unpacking_reads_all_members_stops_at_its_limit_and_sees_what_is_damaged() -> None:
    assert gunzipped(gzip.compress(b"one ") + gzip.compress(b"two") + bytes(8), 100) == b"one two"
    assert gunzipped(gzip.compress(bytes(100)), 100) == bytes(100)
    with pytest.raises(TooLarge):
        gunzipped(gzip.compress(bytes(101)), 100)
    for damaged in (gzip.compress(b"papers")[:-4], b"\x1f\x8bno", b"plain"):
        with pytest.raises(Damaged):
            gunzipped(damaged, 100)

"""What programs read with a key of a chat: its feeds, which our own reader reads back, and the API. And who reads nothing."""

import asyncio
import dataclasses
import io
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest

from bot.app import App, build_app
from bot.digests import read_digest
from bot.operation import passwords
from bot.operation.program_pages import ProgramPages
from bot.operation.web_server import health_app
from bot.settings.loading import load_settings
from subscriptions.model import Announce, Paper
from subscriptions.service import feeds as sent
from subscriptions.service.listing import get_chat
from subscriptions.service.retention import forget
from subscriptions.states import Opens, PauseReason
from subscriptions.store import admitted_chats, chat_keys, chats
from tests import make
from tests.clock import NOON, FakeClock
from tests.integration.cli import Terminal
from tests.integration.program import opened
from tests.make import ingested

ROOT, LOCAL, ME = "https://papers.example.org", "http://127.0.0.1:8420", "console:me"
ATOM = {"a": "http://www.w3.org/2005/Atom"}
HOSTILE = "]]> <script>&amp;</script> \x00\x07\x1b[31m \uffff שלום\u202e 🧪👩‍🔬 \"'\u2028end"
PAPERS = (
    make.paper("A graph of knots", "math.GT", "cs.LG", abstract="Knots have graphs.", authors=("Ada Example", "Bo Lê")),
    make.paper(
        "Graphs in the liver",
        arxiv_id=None,
        key="10.5555/liver.1",
        doi="10.5555/liver.1",
        url="https://doi.org/10.5555/liver.1",
        venue="Annals of Made-up Medicine",
        published="2026-01-09",
        abstract="The liver has graphs, too.",
        authors=(),
        summaries=make.summary("Livers, in short.", "en"),
    ),
    make.paper(f"Graph {HOSTILE}", abstract=HOSTILE, authors=(HOSTILE,), venue=HOSTILE),
)


@dataclasses.dataclass(slots=True)
class Programs:
    """A bot with a chat that was sent papers, and programs that ask for them."""

    app: App
    clock: FakeClock

    def client(self, address: str = "203.0.113.7", home: str = ROOT) -> httpx.AsyncClient:
        pages = health_app(dict, ProgramPages(self.app).routes)
        return httpx.AsyncClient(transport=httpx.ASGITransport(pages, client=(address, 1)), base_url=home)

    def key(self, opens: Opens, chat: str = ME) -> str:
        """Makes a new key of a chat."""
        of = get_chat(self.app.store, make.address(chat))
        with self.app.store.write() as transaction:
            return chat_keys.make_key(transaction, of.id, opens, now=self.clock.now())

    async def sends(self, *papers: Paper) -> None:
        """Sends papers to the chats that want them."""
        ingested(self.app.store, *papers, now=self.clock.now())
        await self.app.sender.send_once()
        self.clock.advance(timedelta(hours=1))


@asynccontextmanager
async def a_bot(folder: Path, url: str, clock: FakeClock, **settings: str) -> AsyncIterator[Programs]:
    given = {f"PAPERWIRE_{name}": value for name, value in settings.items()}
    made = build_app(
        load_settings({"PAPERWIRE_DATABASE_URL": url, "PAPERWIRE_ACCESS": "open", **given}, folder),
        clock=clock,
        out=io.StringIO(),
    )
    async with opened(made) as app:
        make.subscribes(app.store, ME, "graph OR graphs", every="now")
        yield Programs(app, clock)


@pytest.fixture
async def programs(tmp_path: Path, database_url: str, clock: FakeClock) -> AsyncIterator[Programs]:
    async with a_bot(tmp_path, database_url, clock, WEB_URL=ROOT, WEB_HOSTS="inner.example.org") as found:
        yield found


async def read(programs: Programs, path: str, key: str, **headers: str) -> httpx.Response:
    async with programs.client() as client:
        return await client.get(path, params={"key": key}, headers=headers)


def xml_of(content: bytes) -> ET.Element:
    return ET.fromstring(content)  # noqa: S314 - we wrote it


def bearing(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize("ending", ["atom", "json"])
async def test_our_own_reader_reads_the_same_papers_in_a_feed(programs: Programs, ending: str) -> None:
    await programs.sends(*PAPERS[:2])
    answer = await read(programs, f"/feed.{ending}", programs.key(Opens.FEED))
    digest = read_digest(answer.content, f"feed.{ending}")
    assert digest.format == f"feed_{ending}"
    assert digest.warnings == ()
    found = {paper.title: paper for paper in digest.entries}
    for paper in PAPERS[:2]:
        again = found[paper.title]
        for name in ("key", "arxiv_id", "doi", "authors", "venue", "abstract"):
            assert getattr(again, name) == getattr(paper, name), name
    assert found["Graphs in the liver"].published == "2026-01-09"
    assert found["A graph of knots"].published == "2026-01-22", "the day on which it was sent"


async def test_a_feed_has_what_feed_readers_need(programs: Programs) -> None:
    key = programs.key(Opens.FEED)
    empty = xml_of((await read(programs, "/feed.atom", key)).content)
    assert empty.findtext("a:id", "", ATOM).startswith("urn:uuid:")
    assert empty.findtext("a:updated", "", ATOM) == "2026-01-22T12:00:00Z"
    await programs.sends(PAPERS[0])
    await programs.sends(PAPERS[1])
    answer = await read(programs, "/feed.atom", key)
    assert answer.headers["content-type"] == "application/atom+xml"
    feed = xml_of(answer.content)
    first, second = feed.findall("a:entry", ATOM)
    assert feed.findtext("a:updated", "", ATOM) == first.findtext("a:updated", "", ATOM) == "2026-01-22T13:00:00Z"
    assert [one.findtext("a:id", "", ATOM) for one in (first, second)] == [PAPERS[1].url, PAPERS[0].url]
    assert first.findtext("a:summary", "", ATOM) == "AI: Livers, in short."
    assert first.findtext("a:content", "", ATOM) == "The liver has graphs, too."
    assert [one.attrib for one in second.findall("a:category", ATOM)] == [{"term": "math.GT"}, {"term": "cs.LG"}]
    assert [one.attrib["href"] for one in second.findall("a:link", ATOM)] == [PAPERS[0].url]
    assert key not in answer.text
    document = (await read(programs, "/feed.json", key)).json()
    assert document["version"] == "https://jsonfeed.org/version/1.1"
    assert document["items"][0] == {
        "id": PAPERS[1].url,
        "url": PAPERS[1].url,
        "title": "Graphs in the liver",
        "summary": "AI: Livers, in short.",
        "content_text": "The liver has graphs, too.",
        "date_published": "2026-01-22T13:00:00Z",
        "_paperwire": {"doi": "10.5555/liver.1", "venue": "Annals of Made-up Medicine", "date": "2026-01-09"},
    }


async def test_a_paper_that_was_withdrawn_is_in_the_feed_without_its_abstract(programs: Programs) -> None:
    await programs.sends(PAPERS[0])
    comment = "This paper has been withdrawn by the authors"
    gone = dataclasses.replace(PAPERS[0], version=2, announce_type=Announce.REPLACE, comment=comment)
    ingested(programs.app.store, gone, of_arxiv=True, now=programs.clock.now())
    (item,) = (await read(programs, "/feed.json", programs.key(Opens.FEED))).json()["items"]
    assert item["content_text"] == "withdrawn by the authors, 22 Jan"


@pytest.mark.parametrize("ending", ["atom", "json"])
async def test_a_hostile_paper_breaks_no_feed(programs: Programs, ending: str) -> None:
    await programs.sends(PAPERS[2])
    answer = await read(programs, f"/feed.{ending}", programs.key(Opens.FEED))
    if ending == "atom":
        found = xml_of(answer.content).findtext("a:entry/a:title", "", ATOM)
    else:
        found = json.loads(answer.content)["items"][0]["title"]
    assert found == "Graph ]]> <script>&amp;</script> [31m שלום 🧪👩‍🔬 \"' end"


@pytest.mark.both_databases
async def test_a_feed_has_the_newest_hundred_papers(programs: Programs) -> None:
    await programs.sends(*(make.paper(f"Graph {number}") for number in range(70)))
    await programs.sends(*(make.paper(f"Later graph {number}") for number in range(40)))
    items = (await read(programs, "/feed.json", programs.key(Opens.FEED))).json()["items"]
    assert len(items) == sent.MOST
    assert [one["title"].startswith("Later") for one in items] == [True] * 40 + [False] * 60


async def test_the_bytes_of_a_feed_stay_until_it_changes(programs: Programs) -> None:
    await programs.sends(PAPERS[0])
    key = programs.key(Opens.FEED)
    first = await read(programs, "/feed.atom", key)
    programs.clock.advance(timedelta(days=3))
    again = await read(programs, "/feed.atom", key)
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    for given in (first.headers["etag"], f'"other", W/{first.headers["etag"]}', "*"):
        same = await read(programs, "/feed.atom", key, **{"if-none-match": given})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    await programs.sends(PAPERS[1])
    other = await read(programs, "/feed.atom", key, **{"if-none-match": first.headers["etag"]})
    assert other.status_code == 200
    assert other.headers["etag"] != first.headers["etag"]
    anew = await read(programs, "/feed.atom", programs.key(Opens.FEED))
    ids = [xml_of(one.content).findtext("a:id", "", ATOM) for one in (first, other, anew)]
    assert ids == [ids[0], ids[0], ids[2]]
    assert ids[0] != ids[2], "a feed that was made anew is another one"


async def test_no_cache_and_no_other_site_gets_a_feed(programs: Programs) -> None:
    for answer in (
        await read(programs, "/feed.atom", programs.key(Opens.FEED)),
        await read(programs, "/feed.atom", ""),
    ):
        assert answer.headers["cache-control"] == "private, no-cache"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in answer.headers["x-robots-tag"]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert not {"access-control-allow-origin", "set-cookie"} & {*answer.headers}


async def test_head_says_what_get_says_and_nothing_else_is_done(programs: Programs) -> None:
    key = programs.key(Opens.FEED)
    async with programs.client() as client:
        got = await client.get("/feed.atom", params={"key": key})
        head = await client.head("/feed.atom", params={"key": key})
        assert (head.status_code, head.headers["etag"]) == (200, got.headers["etag"])
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert (await client.request(method, "/feed.atom", params={"key": key})).status_code == 405


async def test_an_unknown_key_gets_the_answer_of_an_unknown_page(programs: Programs) -> None:
    key, token = programs.key(Opens.FEED), programs.key(Opens.API)
    async with programs.client() as client:
        unknown = await client.get("/nowhere")
        for wrong in ("", "x", key[:-1], key.upper(), f"{key} ", token, "x" * 10_000, "ключ", "\x00", f"{key}\udcff"):
            answer = await client.get("/feed.atom", params=f"key={wrong.encode('utf-8', 'replace').hex()}")
            assert (answer.status_code, answer.text) == (404, unknown.text)
            answer = await client.get("/feed.atom", params={"key": wrong.encode("utf-8", "replace").decode()})
            assert (answer.status_code, answer.text) == (404, unknown.text), ascii(wrong)


async def test_keys_cannot_be_guessed(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as hashing:
        hashing.setattr("subscriptions.store.chat_keys.sha256", None)  # no long text is hashed
        assert (await read(programs, "/feed.atom", "k" * (chat_keys.LONGEST + 1))).status_code == 404
    key, token = programs.key(Opens.FEED), programs.key(Opens.API)
    async with programs.client() as client:
        for number in range(passwords.MOST_TRIES_OF_AN_ADDRESS // 2):
            assert (await client.get("/feed.atom", params={"key": f"feed_{number}"})).status_code == 404
            assert (await client.get("/api/search", headers=bearing(f"api_{number}"))).status_code == 401
        for path, headers in (("/feed.atom", {}), ("/api/subscriptions", bearing(token))):
            refused = await client.get(path, params={"key": key}, headers=headers)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
        programs.clock.advance(timedelta(minutes=1))
        assert (await client.get("/feed.atom", params={"key": key})).status_code == 200


@pytest.mark.parametrize(
    ("home", "status"),
    [(ROOT, 200), ("http://inner.example.org", 200), (LOCAL, 200), ("http://evil.example.com", 421)],
)
async def test_only_our_hosts_have_feeds(programs: Programs, home: str, status: int) -> None:
    async with programs.client(home=home) as client:
        answer = await client.get("/feed.atom", params={"key": programs.key(Opens.FEED)})
    assert answer.status_code == status
    assert "evil" not in answer.text


@pytest.mark.both_databases
async def test_a_key_ends_at_once_in_all_processes(programs: Programs, tmp_path: Path) -> None:
    other = build_app(programs.app.settings, clock=programs.clock, out=io.StringIO())
    async with opened(other) as app:
        worker = Programs(app, programs.clock)
        key = programs.key(Opens.FEED)
        assert (await read(worker, "/feed.atom", key)).status_code == 200
        newer = programs.key(Opens.FEED)
        assert (await read(worker, "/feed.atom", key)).status_code == 404
        assert (await read(worker, "/feed.atom", newer)).status_code == 200
        with programs.app.store.write() as transaction:
            chat_keys.drop_key(transaction, get_chat(transaction, make.address(ME)).id, Opens.FEED)
        assert (await read(worker, "/feed.atom", newer)).status_code == 404


@pytest.mark.both_databases
@pytest.mark.parametrize("gone", ["forgotten", "left", "asked"])
async def test_the_keys_of_a_chat_end_with_it(programs: Programs, gone: str) -> None:
    key, token = programs.key(Opens.FEED), programs.key(Opens.API)
    address, store = make.address(ME), programs.app.store
    if gone == "forgotten":
        forget(store, address)
    else:
        with store.write() as transaction:
            chat = get_chat(transaction, address)
            if gone == "left":
                chats.mark_unreachable(transaction, chat.id, PauseReason.GONE, "kicked", now=NOON)
            else:
                admitted_chats.deny(transaction, chat.id, now=NOON)
    assert (await read(programs, "/feed.atom", key)).status_code == 404
    async with programs.client() as client:
        assert (await client.get("/api/subscriptions", headers=bearing(token))).status_code == 401


async def test_no_key_is_in_the_database_or_in_the_log(
    programs: Programs, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key, token = programs.key(Opens.FEED), programs.key(Opens.API)
    await read(programs, "/feed.atom", key)
    async with programs.client() as client:
        await client.get("/api/search", params={"query": "graph"}, headers=bearing(token))
        await client.get("/api/search", headers=bearing(f"{token}x"))
    contents = [path.read_bytes() for path in tmp_path.glob("*.db*")]  # noqa: ASYNC240 - nothing else runs
    assert contents
    for secret in (key, token):
        assert not any(secret in record.getMessage() for record in caplog.records if record.name == "paperwire")
        assert not any(secret.encode() in content for content in contents)


async def asks(programs: Programs, path: str, token: str, **query: str) -> httpx.Response:
    async with programs.client() as client:
        return await client.get(f"/api/{path}", params=query, headers=bearing(token))


SAME: list[tuple[str, dict[str, str], tuple[str, ...]]] = [  # path and query of the API, and the subcommand
    ("subscriptions", {}, ("subscriptions",)),
    ("say", {"text": "/list"}, ("say", "/list")),
    ("say", {"text": "search graph"}, ("say", "search graph")),
    ("say", {"text": "/why 9999.99999"}, ("say", "/why 9999.99999")),
    ("say", {"text": "/export"}, ("say", "/export")),
]


def test_the_api_gives_the_bytes_of_the_subcommands(terminal: Terminal, clock: FakeClock) -> None:
    async def answered() -> list[str]:
        url = f"sqlite:///{terminal.database}"
        async with a_bot(terminal.folder, url, clock) as programs, programs.client("127.0.0.1", LOCAL) as client:
            await programs.sends(*PAPERS)
            found = []
            for path, query, _ in SAME:
                headers = bearing(programs.key(Opens.API))
                answer = await client.get(f"/api/{path}", params=query, headers=headers)
                assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), answer.text
                headers["if-none-match"] = answer.headers["etag"]
                assert (await client.get(f"/api/{path}", params=query, headers=headers)).status_code == 304
                found.append(answer.text)
            return found

    now = f"{NOON + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    answers = asyncio.run(answered())
    printed = [terminal(*command, "--as", ME, "--now", now, "--json").out for _, _, command in SAME]
    assert answers == printed


async def test_a_search_finds_papers_in_pages(programs: Programs) -> None:
    await programs.sends(*(make.paper(f"Graph {number}", abstract=f"{number}") for number in range(7)), make.paper("x"))
    token, found, after = programs.key(Opens.API), list[str](), "-0"
    while after:
        answer = (await asks(programs, "search", token, query="Graphs", limit="3", after=after)).json()
        assert (answer["query"], answer["found"], answer["stored"]) == ("graph", 7, 8)
        found += [one["title"] for one in answer["papers"]]
        after = answer["next"]
    assert found == [f"Graph {number}" for number in reversed(range(7))]
    assert {*answer["papers"][0]} >= {"key", "arxiv_id", "doi", "title", "authors", "abstract", "venue", "date"}


@pytest.mark.parametrize(
    ("path", "query", "column", "message"),
    [
        ("search", {}, 1, ""),
        ("search", {"query": "a )"}, 3, ""),
        ("search", {"query": "x", "limit": "0"}, None, "limit"),
        ("search", {"query": "x", "limit": "101"}, None, "limit"),
        ("search", {"query": "x", "limit": "²"}, None, "limit"),
        ("search", {"query": "x", "after": "3"}, None, "after"),
        ("search", {"query": "x", "after": f"{10**30}-0"}, None, "after"),
        ("search", {"query": "x", "after": "0-0"}, None, "after"),
        ("search", {"query": "about:knots"}, None, "Meaning is off"),
        ("say", {"text": "/sub diffusion"}, None, "only read"),
        ("say", {"text": "/unsub 1"}, None, "only read"),
        ("say", {"text": "/set lang zh"}, None, "only read"),
        ("say", {"text": "/feed"}, None, "only read"),
        ("say", {"text": "/forget"}, None, "only read"),
        ("say", {"text": "/admin ABCD-EFGH"}, None, "only read"),
    ],
)
async def test_what_the_api_refuses_changes_nothing(
    programs: Programs, path: str, query: Mapping[str, str], column: int | None, message: str
) -> None:
    token = programs.key(Opens.API)
    before = get_chat(programs.app.store, make.address(ME))
    answer = await asks(programs, path, token, **query)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert (error["column"], message in error["message"]) == (column, True), error
    assert get_chat(programs.app.store, make.address(ME)) == before


async def test_a_program_has_not_the_rights_of_an_operator(tmp_path: Path, database_url: str, clock: FakeClock) -> None:
    async with a_bot(tmp_path, database_url, clock, ADMINS=ME, CONTACT="mail@example.org") as programs:
        await programs.sends(PAPERS[0])
        token = programs.key(Opens.API)
        for text in ("/help all", "/status", "/health"):
            answer = await asks(programs, "say", token, text=text)
            assert not any(word in answer.text for word in ("/allow", "For operators", "outbox", "database")), text


async def test_what_a_program_says_in_chinese_is_answered_and_chooses_no_language(programs: Programs) -> None:
    await programs.sends(PAPERS[0])
    answer = await asks(programs, "say", programs.key(Opens.API), text="列表")
    assert answer.status_code == 200
    assert get_chat(programs.app.store, make.address(ME)).settings.lang == "en"


async def test_a_chat_may_ask_twenty_times_a_minute(programs: Programs) -> None:
    token = programs.key(Opens.API)
    async with programs.client() as client:

        async def asks() -> int:
            return (await client.get("/api/subscriptions", headers=bearing(token))).status_code

        assert [await asks() for _ in range(22)] == [200] * 20 + [429] * 2
        refused = await client.get("/api/subscriptions", headers=bearing(token))
        assert (refused.headers["content-type"], refused.headers["retry-after"]) == ("application/json", "60")
        assert refused.json()["error"] == {"column": None, "message": "That was too much.", "hint": "Wait a minute."}
        programs.clock.advance(timedelta(minutes=1))
        assert await asks() == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer"}, {"authorization": "Bearer "}, {"authorization": "Basic YTpi"}, bearing("feed_x")],
)
async def test_without_a_token_the_api_says_how_to_get_one(programs: Programs, headers: dict[str, str]) -> None:
    async with programs.client() as client:
        answer = await client.get("/api/subscriptions", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="paperwire"')
    assert "/feed token" in answer.json()["error"]["hint"]

"""What feed readers read with the key of a chat, which our own reader reads back. And who reads nothing."""

import dataclasses
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest

from bot.app import App
from bot.build import build_app
from bot.delivery.sender import Sender
from bot.digests import read_digest
from bot.web.feeds import feed_routes
from bot.web.server import create_app
from subscriptions.chats.known import get_chat
from subscriptions.chats.stored import access as access_rows
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.model import Admission, Paper, PauseReason
from subscriptions.plan import why as delivered_papers
from tests import make
from tests.clock import NOON, FakeClock
from tests.given_settings import settings_of
from tests.integration.program import opened
from tests.make import ingested

ROOT, ME = "https://papers.example.org", "console:me"
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
    """A bot with a chat that was sent papers, and feed readers that ask for them."""

    app: App
    clock: FakeClock

    def client(self) -> httpx.AsyncClient:
        pages = create_app(feed_routes(self.app))
        return httpx.AsyncClient(transport=httpx.ASGITransport(pages, client=("203.0.113.7", 1)), base_url=ROOT)

    def key(self, chat: str = ME) -> str:
        """Makes a new key of a chat."""
        of = self.app.store.read_now(get_chat, make.address(chat))
        with self.app.store.writing() as transaction:
            return access_rows.make_key(transaction, of.id, now=self.clock.now())

    async def sends(self, *papers: Paper) -> None:
        """Sends papers to the chats that want them."""
        ingested(self.app.store, *papers, now=self.clock.now())
        await Sender(self.app).send_once()
        self.clock.advance(timedelta(hours=1))


@asynccontextmanager
async def a_bot(folder: Path, url: str, clock: FakeClock, **settings: str) -> AsyncIterator[Programs]:
    given = {f"PAPERWIRE_{name}": value for name, value in settings.items()}
    made = build_app(
        settings_of({"PAPERWIRE_DATABASE_URL": url, "PAPERWIRE_ACCESS": "open", **given}, folder),
        clock=clock,
        out=io.StringIO(),
    )
    async with opened(made) as app:
        make.subscribes(app.store, ME, "graph OR graphs", when="now")
        yield Programs(app, clock)


@pytest.fixture
async def programs(tmp_path: Path, database_url: str, clock: FakeClock) -> AsyncIterator[Programs]:
    async with a_bot(tmp_path, database_url, clock, WEB_URL=ROOT) as found:
        yield found


async def read(programs: Programs, path: str, key: str, **headers: str) -> httpx.Response:
    async with programs.client() as client:
        return await client.get(path.replace("KEY", key), headers=headers)


def xml_of(content: bytes) -> ET.Element:
    return ET.fromstring(content)  # noqa: S314 - we wrote it


@pytest.mark.parametrize("ending", ["atom", "json"])
async def test_our_own_reader_reads_the_same_papers_in_a_feed(programs: Programs, ending: str) -> None:
    await programs.sends(*PAPERS[:2])
    answer = await read(programs, f"/feed/KEY.{ending}", programs.key())
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
    key = programs.key()
    empty = xml_of((await read(programs, "/feed/KEY.atom", key)).content)
    assert empty.findtext("a:id", "", ATOM).startswith("urn:uuid:")
    assert empty.findtext("a:updated", "", ATOM) == "2026-01-22T12:00:00Z"
    await programs.sends(PAPERS[0])
    await programs.sends(PAPERS[1])
    answer = await read(programs, "/feed/KEY.atom", key)
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
    document = (await read(programs, "/feed/KEY.json", key)).json()
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


@pytest.mark.parametrize("ending", ["atom", "json"])
async def test_a_hostile_paper_breaks_no_feed(programs: Programs, ending: str) -> None:
    await programs.sends(PAPERS[2])
    answer = await read(programs, f"/feed/KEY.{ending}", programs.key())
    if ending == "atom":
        found = xml_of(answer.content).findtext("a:entry/a:title", "", ATOM)
    else:
        found = json.loads(answer.content)["items"][0]["title"]
    assert found == "Graph ]]> <script>&amp;</script> [31m שלום 🧪👩‍🔬 \"' end"


@pytest.mark.both_databases
async def test_a_feed_has_the_newest_hundred_papers(programs: Programs) -> None:
    await programs.sends(*(make.paper(f"Graph {number}") for number in range(70)))
    await programs.sends(*(make.paper(f"Later graph {number}") for number in range(40)))
    items = (await read(programs, "/feed/KEY.json", programs.key())).json()["items"]
    assert len(items) == delivered_papers.MOST_IN_FEED
    assert [one["title"].startswith("Later") for one in items] == [True] * 40 + [False] * 60


async def test_the_bytes_of_a_feed_stay_until_it_changes(programs: Programs, caplog: pytest.LogCaptureFixture) -> None:
    await programs.sends(PAPERS[0])
    key = programs.key()
    first = await read(programs, "/feed/KEY.atom", key)
    programs.clock.advance(timedelta(days=3))
    again = await read(programs, "/feed/KEY.atom", key)
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    for given in (first.headers["etag"], f'"other", W/{first.headers["etag"]}', "*"):
        same = await read(programs, "/feed/KEY.atom", key, **{"if-none-match": given})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    await programs.sends(PAPERS[1])
    other = await read(programs, "/feed/KEY.atom", key, **{"if-none-match": first.headers["etag"]})
    assert other.status_code == 200
    assert other.headers["etag"] != first.headers["etag"]
    assert key not in caplog.text
    anew = await read(programs, "/feed/KEY.atom", programs.key())
    ids = [xml_of(one.content).findtext("a:id", "", ATOM) for one in (first, other, anew)]
    assert ids == [ids[0], ids[0], ids[2]]
    assert ids[0] != ids[2], "a feed that was made anew is another one"


async def test_no_cache_and_no_other_site_gets_a_feed(programs: Programs) -> None:
    for answer in (
        await read(programs, "/feed/KEY.atom", programs.key()),
        await read(programs, "/feed/KEY.atom", "wrong"),
    ):
        assert answer.headers["cache-control"] == "private, no-cache"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in answer.headers["x-robots-tag"]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert not {"access-control-allow-origin", "set-cookie"} & {*answer.headers}


async def test_an_unknown_key_gets_the_answer_of_an_unknown_page(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = programs.key()
    async with programs.client() as client:
        unknown = await client.get("/nowhere")
        for wrong in ("", "x", key[:-1], key.upper(), f"{key}%20", "x" * 10_000, "ключ", "%00", f"{key}%ED%B3%BF"):
            answer = await client.get(f"/feed/{wrong}.atom")
            assert (answer.status_code, answer.text) == (404, unknown.text), ascii(wrong)
    monkeypatch.setattr("subscriptions.chats.stored.access.sha256", None)  # no long text is hashed
    assert (await read(programs, "/feed/KEY.atom", "k" * (access_rows.LONGEST_KEY + 1))).status_code == 404


@pytest.mark.both_databases
@pytest.mark.parametrize("gone", ["left", "denied"])
async def test_the_keys_of_a_chat_end_with_it(programs: Programs, gone: str) -> None:
    key = programs.key()
    address, store = make.address(ME), programs.app.store
    with store.writing() as transaction:
        chat = get_chat(transaction, address)
        if gone == "left":
            stored_chats.mark_unreachable(transaction, chat.id, PauseReason.GONE, "kicked", now=NOON)
        else:
            access_rows.answer(transaction, chat.id, Admission.DENIED, now=NOON)
    assert (await read(programs, "/feed/KEY.atom", key)).status_code == 404

"""Polling of sources: arXiv's daily batches, other pages, folders, all kinds of failure, and the receipts of polls."""

import asyncio
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from bot.commands.phrasing import being_read
from bot.settings import SourceSettings
from bot.sources.fetcher import FetchLimits
from bot.sources.folders import noted
from subscriptions.database.store import Store
from subscriptions.errors import StoreError
from subscriptions.language import Language
from subscriptions.sources.poll_results import Outcome
from tests import source_harness
from tests.clock import FakeClock
from tests.fakes.arxiv import FakeArxiv
from tests.integration.cli import PAGE
from tests.make import address, paper
from tests.source_harness import Feeds, SourceHarness, arxiv_source, new_york, titles, web_source

pytestmark = pytest.mark.both_databases

WEDNESDAY, THURSDAY = dt.date(2026, 1, 21), dt.date(2026, 1, 22)
GRAPHS, LG = paper("Graphs", "cs.LG"), arxiv_source("cs.LG")
OPERATOR = address("console:ops")
RESTART = dt.timedelta(seconds=3)  # until a new process makes its first request
ON_ONE = pytest.mark.sqlite_alone("it is about requests; what is stored is told on both by others here")


@pytest.fixture
def clock() -> FakeClock:
    """A clock at five past midnight in New York on Thursday 22 January 2026, when arXiv's batch is out."""
    return FakeClock(new_york("2026-01-22 00:05"))


def causes(store: Store) -> list[str]:
    """Returns the causes of all notices to operators, in order."""
    return [cause for cause, _ in source_harness.notices(store)]


@ON_ONE
async def test_a_late_category_holds_up_no_other_and_is_named(store: Store, arxiv: FakeArxiv, feeds: Feeds) -> None:
    arxiv.announces(WEDNESDAY, paper("Old", "stat.ML"))
    arxiv.is_late("stat.ML")
    arxiv.announces(THURSDAY, GRAPHS, paper("Means", "stat.ML"))
    feeding = await feeds.polled(arxiv_source("cs.LG", "stat.ML"), admins=(OPERATOR,))
    assert [(one.outcome, one.detail) for one in feeding.receipts("arxiv")] == [
        (Outcome.STALE, "stat.ML: Still that of 2026-01-21.")
    ]
    assert titles(store) == ["Graphs", "Old"]
    await feeding.until(new_york("2026-01-22 07:00"))
    arxiv.catches_up()
    await feeding.until(new_york("2026-01-22 08:00"))
    assert set(feeding.outcomes("arxiv")[1:-1]) == {"stale", "late"}
    assert feeding.outcomes("arxiv")[-1] == "new"
    assert len(arxiv.asked("cs.LG")) == 1
    assert titles(store) == ["Graphs", "Means", "Old"]
    assert causes(store) == ["overdue", "source-back"]
    assert source_harness.notices(store)[0][1].startswith("arxiv has nothing new in stat.ML although it is time.")


@ON_ONE
async def test_without_sources_all_archives_are_read(
    arxiv: FakeArxiv, monkeypatch: pytest.MonkeyPatch, feeds: Feeds
) -> None:
    monkeypatch.setattr("bot.sources.fetch_request.PAGE", 4)
    arxiv.announces(WEDNESDAY, *(paper(f"Old {n}", "cs.LG") for n in range(5)))
    arxiv.announces(THURSDAY, GRAPHS, paper("Strings", "hep-th"))
    await feeds.polled()
    assert len(arxiv.asked("/rss/")) == 20
    # one page of Monday's batch, two of Wednesday's; Tuesday had no batch
    assert [path.partition("&start=")[2].partition("&")[0] for path in arxiv.asked("/api/")] == ["0", "0", "4"]
    assert len(titles(feeds.store)) == 7
    feeds.clock.advance(RESTART)
    await feeds.of().poll()
    assert len(arxiv.asked("/api/")) == 3


@ON_ONE
async def test_a_feed_cut_at_its_limit_is_asked_by_category(
    arxiv: FakeArxiv, monkeypatch: pytest.MonkeyPatch, feeds: Feeds
) -> None:
    monkeypatch.setattr("bot.digests.feeds.LIMIT", 3)
    arxiv.announces(THURSDAY, *(paper(f"Markets {n}", f"econ.{name}") for n, name in enumerate(["EM", "GN", "TH"])))
    feeding = await feeds.polled(arxiv_source("econ"))
    assert arxiv.asked() == ["/rss/econ", "/rss/econ.EM", "/rss/econ.GN", "/rss/econ.TH"]
    feeds.clock.set_now(new_york("2026-01-23 00:05"))
    await feeding.due()
    assert arxiv.asked()[4:] == ["/rss/econ", "/rss/econ.EM", "/rss/econ.GN", "/rss/econ.TH"]
    assert arxiv.arrivals[4].status == 200  # "not modified" would hide that papers are missing


@ON_ONE
async def test_a_requested_wait_is_news_at_the_third_time(feeds: Feeds) -> None:
    feeds.arxiv.answers_429(3)
    feeding = feeds.of(LG, admins=(OPERATOR,))
    for notified in (0, 0, 1):
        await feeding.poll()
        assert len(causes(feeds.store)) == notified


async def test_a_restart_forgets_nothing(arxiv: FakeArxiv, feeds: Feeds) -> None:
    arxiv.announces(THURSDAY, GRAPHS)
    await feeds.of(LG).due()
    feeds.clock.advance(RESTART)
    again = await feeds.polled(LG)
    assert len(arxiv.asked()) == 1
    assert (await again.poll()).outcome is Outcome.QUIET
    assert arxiv.arrivals[-1].status == 304


@ON_ONE
async def test_server_that_says_not_modified_is_believed_for_a_day(feeds: Feeds) -> None:
    """Its ETag stays although the document changes."""
    same = '"always"'
    feeds.arxiv.holds("/list.xml", feed_of("Kites"), etag=same)
    feeding = feeds.of(web_source(f"{feeds.arxiv.url}/list.xml", schedule="every 6h"))
    await feeding.due()
    feeds.arxiv.holds("/list.xml", feed_of("Kites", "Sails"), etag=same)
    statuses = []
    for _ in range(9):
        feeds.clock.advance(dt.timedelta(hours=6))
        await feeding.due()
        statuses.append(feeds.arxiv.arrivals[-1].status)
    assert statuses == [304, 304, 304, 200, 304, 304, 304, 200, 304]
    assert titles(feeds.store) == ["Kites", "Sails"]


@ON_ONE
@pytest.mark.parametrize(
    "future", ["Tue, 01 Jan 2041 00:00:00 GMT", "Tue, 01 Jan 2041 00:00:00 -0000", "Tue Jan  1 00:00:00 2041"]
)
async def test_document_from_the_future_is_asked_for_without_conditions(feeds: Feeds, future: str) -> None:
    feeds.arxiv.holds("/list.xml", feed_of("Kites"), modified=future)
    feeding = feeds.of(web_source(f"{feeds.arxiv.url}/list.xml", schedule="every 6h"))
    await feeding.due()
    feeds.arxiv.holds("/list.xml", feed_of("Kites", "Sails"), modified=future)
    feeds.clock.advance(dt.timedelta(hours=6))
    await feeding.due()
    assert (titles(feeds.store), feeds.arxiv.arrivals[-1].status) == (["Kites", "Sails"], 200)


def feed_of(*names: str) -> str:
    items = "".join(
        f"<item><title>{name}</title><link>https://a.example.org/doi/10.5555/{name}</link>"
        f"<author>Ada Example</author></item>"
        for name in names
    )
    return f'<rss version="2.0"><channel><title>Journal of Kites</title>{items}</channel></rss>'


async def test_a_receipt_is_stored_together_with_its_papers(feeds: Feeds) -> None:
    feeds.arxiv.announces(THURSDAY, GRAPHS)
    feeding = feeds.of(LG)
    with patch("bot.sources.poll.note_poll", side_effect=StoreError("The disk is full.")), pytest.raises(StoreError):
        await feeding.poll()
    assert (titles(feeds.store), feeding.receipts("arxiv")) == ([], [])
    assert (await feeding.poll()).outcome is Outcome.NEW
    assert titles(feeds.store) == ["Graphs"]


async def test_the_tick_waits_for_no_server(arxiv: FakeArxiv, tmp_path: Path, feeds: Feeds) -> None:
    arxiv.hangs()
    feeding = feeds.of(
        LG,
        folder(tmp_path),
        limits=FetchLimits(idle=30, total=30),
    )
    await feeding.scheduler.poll()
    await asyncio.to_thread(arxiv.waits_hanging)
    assert being_read(Language("en", "UTC"), feeds.store.being_read) == "I am reading today's list."
    (tmp_path / "inbox" / "a.md").write_text(PAGE)
    for _ in range(3):
        feeds.clock.advance(dt.timedelta(seconds=2))
        await feeding.scheduler.poll()
    assert (len(titles(feeds.store)), len(arxiv.asked())) == (3, 1)
    await feeding.scheduler.close()
    assert feeding.receipts("arxiv") == []
    assert feeds.store.being_read == {}


def folder(tmp_path: Path, **values: object) -> SourceSettings:
    (tmp_path / "inbox").mkdir(exist_ok=True)
    return SourceSettings(name="inbox", path=tmp_path / "inbox" / "*.md", **values)


async def finds(feeding: SourceHarness, file: Path, text: str = PAGE) -> list[str]:
    """Writes a file into a folder and polls the due sources.

    Returns the outcomes of all polls of the source "inbox".
    """
    await asyncio.to_thread(file.write_text, text)
    await feeding.due()
    return feeding.outcomes("inbox")


async def test_a_file_that_was_not_stored_is_in_no_receipt(tmp_path: Path, feeds: Feeds) -> None:
    def disk_is_full(*about: Any) -> Callable[..., None]:
        def note(*written: Any) -> None:
            noted(*about)(*written)
            raise StoreError("The disk is full.")

        return note

    feeding = feeds.of(folder(tmp_path))
    with patch("bot.sources.folders.noted", disk_is_full), pytest.raises(StoreError):
        await finds(feeding, tmp_path / "inbox" / "a.md")
    assert (titles(feeds.store), feeding.known("inbox").last) == ([], None)
    assert await finds(feeding, tmp_path / "inbox" / "a.md") == ["new"]


async def test_a_lost_folder_is_said_once_and_read_when_it_is_back(tmp_path: Path, feeds: Feeds) -> None:
    (tmp_path / "inbox").mkdir()
    feeding = feeds.of(SourceSettings(name="inbox", path=tmp_path / "inbox"), admins=(OPERATOR,))
    assert feeding.scheduler.descriptions == [f"Watching {tmp_path / 'inbox'}"]
    await feeding.due()
    (tmp_path / "inbox").rename(tmp_path / "away")
    assert feeding.scheduler.descriptions == [f"Watching {tmp_path / 'inbox'} (nothing is there yet)"]
    await feeding.due()
    await feeding.due()
    assert feeding.outcomes("inbox") == ["failed"]
    assert feeding.receipts("inbox")[-1].detail == f"{tmp_path / 'inbox'}: the folder is gone."
    assert feeding.scheduler.problems
    (tmp_path / "away").rename(tmp_path / "inbox")
    assert await finds(feeding, tmp_path / "inbox" / "a.md") == ["failed", "new"]
    assert not feeding.scheduler.problems


async def test_a_folder_with_a_schedule_can_be_late(tmp_path: Path, feeds: Feeds) -> None:
    feeding = feeds.of(folder(tmp_path, schedule="arxiv"), admins=(OPERATOR,))
    feeds.clock.set_now(new_york("2026-01-22 12:00"))
    await feeding.due()
    await feeding.until(new_york("2026-01-23 00:00"), dt.timedelta(hours=2))
    assert feeding.outcomes("inbox") == []
    await feeding.until(new_york("2026-01-23 12:00"), dt.timedelta(hours=2))
    assert feeding.outcomes("inbox") == ["late"]
    await finds(feeding, tmp_path / "inbox" / "2026-01-23.md")
    await feeding.until(new_york("2026-01-25 12:00"), dt.timedelta(hours=12))
    assert feeding.outcomes("inbox") == ["late", "new"]
    assert causes(feeds.store) == ["overdue", "source-back"]

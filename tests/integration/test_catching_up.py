"""Papers that come late.

After an outage, the bot fetches the missed days and names them in the receipt, also if a source does not answer at
first.
"""

import asyncio
import datetime as dt
from pathlib import Path
from unittest.mock import patch

import pytest

from bot.run.process import Process
from bot.settings import SourceSettings
from bot.sources.fetcher import FetchLimits
from bot.sources.source_scheduler import MAX_CATCH_UP_WAIT
from subscriptions.database.store import Store
from subscriptions.model import ChatAddress, Paper
from subscriptions.sources.poll_results import Outcome
from tests import make, source_harness, stored
from tests.clock import FakeClock
from tests.fakes.arxiv import FakeArxiv
from tests.fakes.telegram import FakeTelegram
from tests.integration import program
from tests.integration.cli import page
from tests.make import paper
from tests.source_harness import Feeds, SourceHarness, arxiv_source, new_york, polled, titles, web_source

# arXiv announced nothing on Tuesday, the 20th
FRIDAY_BEFORE, MONDAY, WEDNESDAY, THURSDAY = (dt.date(2026, 1, day) for day in (16, 19, 21, 22))
LG = arxiv_source("cs.LG")
OPERATOR = ChatAddress("telegram", "1")
LACKS = "; cross-lists of older papers and new versions are not in it."


def graphs_of(day: str) -> Paper:
    return paper(f"Graphs of {day}", "cs.LG")


@pytest.fixture
def clock() -> FakeClock:
    """A clock at five past midnight in New York on Friday 16 January 2026."""
    return FakeClock(new_york("2026-01-16 00:05"))


@pytest.fixture
async def friday(store: Store, clock: FakeClock, arxiv: FakeArxiv) -> None:
    """Polls the papers of that Friday. Afterwards, no process runs."""
    arxiv.announces(FRIDAY_BEFORE, graphs_of("Friday"))
    await polled(store, clock, arxiv, LG)


def days_of(store: Store) -> dict[str, list[str]]:
    """Maps each title to the days of the digests that contained the paper, sorted."""
    found = stored.rows(
        store,
        "SELECT title, digest.date FROM appearance JOIN paper ON paper.id = appearance.paper"
        " JOIN digest ON digest.id = appearance.digest ORDER BY digest.date",
    )
    return {title: [str(day) for other, day in found if other == title] for title, _ in found}


def missed_notices(store: Store) -> list[str]:
    """Returns which days can no longer be fetched, as the notices to operators say."""
    return [text.splitlines()[1] for name, text in source_harness.notices(store) if name == "missed"]


def five_days_pass(arxiv: FakeArxiv, clock: FakeClock) -> None:
    """Six days pass while no process runs. arXiv announces papers on Monday, Wednesday and Thursday."""
    clock.advance(dt.timedelta(days=6))
    arxiv.announces(MONDAY, graphs_of("Monday"), paper("Means of Monday", "stat.ML"))
    arxiv.announces(WEDNESDAY, graphs_of("Wednesday"), paper("Strings", "hep-th"))
    arxiv.announces(THURSDAY, graphs_of("Thursday"))


@pytest.mark.usefixtures("friday")
async def test_an_interrupted_poll_continues_with_the_missing_days(arxiv: FakeArxiv, feeds: Feeds) -> None:
    five_days_pass(arxiv, feeds.clock)
    arxiv.hangs(at="202601161900+TO+202601201900")  # the request for Wednesday's papers
    cut = asyncio.create_task(feeds.of(LG, limits=FetchLimits(idle=30, total=30)).due(), name="cut")
    await asyncio.to_thread(arxiv.waits_hanging)
    (receipt,) = feeds.of(LG).receipts("arxiv")[1:]
    assert (receipt.outcome, "missed days: They were not all asked for yet." in receipt.detail) == (
        Outcome.STALE,
        True,
    )
    cut.cancel()
    await asyncio.wait([cut])
    again = feeds.of(LG)
    await again.until(feeds.clock.now() + dt.timedelta(minutes=20))
    assert again.receipts("arxiv")[-1].detail == f"Fetched afterwards: 2026-01-21{LACKS}"
    assert set(days_of(feeds.store)) == {f"Graphs of {day}" for day in ("Friday", "Monday", "Wednesday", "Thursday")}
    assert len(arxiv.asked("/rss/cs.LG")) == 2
    # the fake still holds the cancelled request open, so it counted two requests at the same time
    arxiv.violations.clear()


@pytest.mark.usefixtures("friday")
async def test_while_the_api_is_busy_todays_papers_come(store: Store, clock: FakeClock, arxiv: FakeArxiv) -> None:
    five_days_pass(arxiv, clock)
    arxiv.says_rate_exceeded(2, at="/api/")
    feeding = SourceHarness(store, clock, arxiv, LG)
    began = clock.now()
    await feeding.due()
    assert feeding.receipts("arxiv")[-1].outcome is Outcome.NEW
    assert feeding.receipts("arxiv")[-1].detail == (
        "Not fetched yet: 2026-01-19, 2026-01-21 (127.0.0.1 is too busy to answer)."
    )
    await feeding.until(began + dt.timedelta(minutes=30))
    assert feeding.outcomes("arxiv") == ["new", "new", "quiet", "new"]
    assert len(days_of(store)) == 4
    assert (len(arxiv.asked("/rss/")), len(arxiv.asked("/api/"))) == (2, 4)


@pytest.mark.usefixtures("friday")
@pytest.mark.parametrize(("page", "came"), [("start=0", 0), ("start=4", 4)])
async def test_answer_that_ends_before_its_total_leaves_its_day_missed(
    page: str, came: int, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sources.fetch_request.PAGE", 4)
    kites = [f"Kites {number}" for number in range(7)]
    feeds.arxiv.announces(MONDAY, *(paper(title, "cs.LG") for title in kites))
    feeds.arxiv.announces(WEDNESDAY, graphs_of("Wednesday"))
    feeds.clock.advance(dt.timedelta(days=5))
    feeds.arxiv.empties_pages(at=page)
    feeding = await feeds.polled(LG)
    # the eighth is of Friday, since moderators may have held back a paper of Monday until then
    assert feeding.receipts("arxiv")[-1].detail == (
        f"Not fetched yet: 2026-01-19 (The answer ends after {came} of 8 papers)."
    )
    assert len(set(kites) & set(titles(feeds.store))) == came
    await feeding.until(feeds.clock.now() + dt.timedelta(minutes=30))
    assert feeding.receipts("arxiv")[-1].detail == f"Fetched afterwards: 2026-01-19{LACKS}"
    assert set(kites) <= set(titles(feeds.store))


async def test_own_query_without_its_papers_is_not_quiet(store: Store, clock: FakeClock, arxiv: FakeArxiv) -> None:
    arxiv.knows(*(paper(f"Kites {number}", "cs.LG") for number in range(7)))
    query = web_source(f"{arxiv.url}/api/query?search_query=cat:cs.LG&start=0&max_results=5")
    feeding = SourceHarness(store, clock, arxiv, query)
    arxiv.empties_pages(at="/api/")
    receipt = await feeding.poll()
    assert (receipt.outcome, receipt.detail) == (Outcome.FAILED, "The answer ends after 0 of 7 papers.")
    await feeding.poll()
    assert len(titles(store)) == 7


@pytest.mark.usefixtures("friday")
async def test_the_rest_of_a_partial_day_is_asked_for_again(store: Store, clock: FakeClock, arxiv: FakeArxiv) -> None:
    arxiv.announces(MONDAY, *(paper(f"Graphs {number}", "cs.LG") for number in range(9)))
    arxiv.announces(WEDNESDAY, graphs_of("Wednesday"))
    clock.advance(dt.timedelta(days=5))
    arxiv.cuts(at="/api/")
    feeding = await polled(store, clock, arxiv, LG)
    assert feeding.receipts("arxiv")[-1].detail.startswith("Not fetched yet: 2026-01-19 (arxiv: The XML breaks off")
    assert 2 < len(days_of(store)) < 11
    await feeding.until(clock.now() + dt.timedelta(minutes=5))
    assert (len(days_of(store)), len(arxiv.asked("/api/"))) == (11, 2)


async def test_an_api_query_reads_on_until_a_paper_is_known(arxiv: FakeArxiv, feeds: Feeds) -> None:
    source = web_source(f"{arxiv.url}/api/query?search_query=cat:cs.LG&max_results=3")
    arxiv.announces(FRIDAY_BEFORE, *(paper(f"Old {number}", "cs.LG") for number in range(7)))
    await feeds.polled(source)
    assert len(arxiv.asked()) == 1  # the first poll reads only the newest papers
    arxiv.announces(MONDAY, *(paper(f"Graphs {number}", "cs.LG") for number in range(8)))
    feeds.clock.advance(dt.timedelta(days=5))
    await feeds.polled(source)
    assert [path.partition("&start=")[2] for path in arxiv.asked()[1:]] == ["", "3", "6"]
    assert len([title for title in days_of(feeds.store) if "Graphs" in title]) == 8


async def test_every_missed_day_of_a_dated_page_is_asked_for(clock: FakeClock, arxiv: FakeArxiv, feeds: Feeds) -> None:
    source = web_source(f"{arxiv.url}/{{date}}.md")
    for number in (16, 17, 19, 21, 22):
        arxiv.holds(
            f"/2026-01-{number}.md", page((f"2601.000{number}", f"Paper of {number}", "Words.")), etag=f'"{number}"'
        )
    await feeds.polled(source)
    arxiv.arrivals.clear()
    clock.advance(dt.datetime(2026, 1, 22, 12, tzinfo=dt.UTC) - clock.now())
    feeding = await feeds.polled(source)
    assert arxiv.asked() == [f"/2026-01-{number}.md" for number in (22, 21, 16, 17, 18, 19, 20)]
    assert days_of(feeds.store) == {f"Paper of {number}": [f"2026-01-{number}"] for number in (16, 22, 21, 17, 19)}
    receipt = feeding.receipts("web")[-1]
    assert (receipt.outcome, receipt.counts["new"]) == (Outcome.NEW, 4)
    assert receipt.detail == (
        "Fetched afterwards: 2026-01-16, 2026-01-17, 2026-01-19. There is nothing of 2026-01-18, 2026-01-20."
    )
    arxiv.arrivals.clear()
    await feeding.until(clock.now() + dt.timedelta(hours=2))
    assert set(arxiv.asked()) == {"/2026-01-22.md", "/2026-01-21.md"}


async def test_days_of_a_source_without_history_are_named_once(arxiv: FakeArxiv, feeds: Feeds) -> None:
    arxiv.holds("/list.md", page(("2601.00001", "Diffusion", "Clouds.")))
    source = web_source(f"{arxiv.url}/list.md", schedule="arxiv")
    await feeds.polled(source)
    arxiv.holds("/list.md", page(("2601.00002", "Graphs", "Nodes.")))
    feeds.clock.advance(dt.timedelta(days=6))
    feeding = await feeds.polled(source, admins=(OPERATOR,))
    assert missed_notices(feeds.store) == ["Not fetched afterwards: Mon 19 Jan · Wed 21 Jan."]
    assert feeding.receipts("web")[-1].detail == "Missed: 2026-01-19, 2026-01-21; it shows only its newest."
    arxiv.holds("/list.md", page(("2601.00003", "Trees", "Leaves.")))
    await feeding.until(feeds.clock.now() + dt.timedelta(days=1))
    assert feeding.receipts("web")[-1].detail == ""
    assert len(missed_notices(feeds.store)) == 1


class Killed(BaseException):
    """Ends the work at once, as if the process were killed. No code of the product catches it."""


@pytest.mark.usefixtures("friday")
async def test_operators_hear_of_days_given_up_by_a_cut_off_poll(
    store: Store, clock: FakeClock, arxiv: FakeArxiv
) -> None:
    clock.advance(dt.timedelta(days=21))
    arxiv.announces(dt.date(2026, 2, 6), graphs_of("February"))
    feeding = SourceHarness(store, clock, arxiv, LG, admins=(OPERATOR,))

    with patch("bot.sources.poll.Poll.close", side_effect=Killed), pytest.raises(Killed):
        await feeding.due()
    assert "Graphs of February" in days_of(store)
    clock.advance(dt.timedelta(minutes=16))
    await feeding.due()
    assert missed_notices(store) == ["Not fetched afterwards: Mon 19 Jan · Wed 21 – Thu 22 Jan."]


async def test_nobody_waits_long_for_a_source_that_says_nothing(
    tmp_path: Path, clock: FakeClock, arxiv: FakeArxiv, telegram: FakeTelegram
) -> None:
    arxiv.announces(WEDNESDAY, graphs_of("Wednesday"))
    clock.set_now(new_york("2026-01-21 00:10"))
    async with program.running(tmp_path, clock, telegram=telegram) as app:
        make.subscribes(app.store, "telegram:1", "graphs", when="daily 09:00", now=clock.now())
        await polled(app.store, clock, arxiv, LG)
    clock.advance(new_york("2026-01-22 06:00") - clock.now())
    arxiv.hangs()
    async with program.running(tmp_path, clock, telegram=telegram) as app:
        scheduler = SourceHarness(app.store, clock, arxiv, LG).scheduler
        process = Process(app, scheduler)
        await process.tick()
        await asyncio.to_thread(arxiv.waits_hanging)
        await process.tick()
        await process.finish()
        assert (scheduler.is_catching_up, telegram.posted_to("1")) == (True, [])
        clock.advance(dt.timedelta(seconds=MAX_CATCH_UP_WAIT))
        await process.tick()
        await process.finish()
        assert len(telegram.posted_to("1")) == 1
        await scheduler.close()


async def test_a_monthly_list_misses_nothing_at_its_first_look(clock: FakeClock, feeds: Feeds) -> None:
    clock.advance(new_york("2026-01-28 12:00") - clock.now())
    feeds.arxiv.holds("/list.md", page(("2601.00001", "Diffusion", "Clouds.")))
    feeding = await feeds.polled(web_source(f"{feeds.arxiv.url}/list.md", schedule="0 4 1 * *"))
    assert feeding.receipts("web")[-1].detail == ""
    clock.advance(new_york("2026-02-27 12:00") - clock.now())
    await feeding.due()
    assert feeding.receipts("web")[-1].detail == "Due since 2026-02-01 04:00 UTC. The same as before."


async def test_file_that_takes_long_delays_planning_for_a_minute(
    feeds: Feeds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = asyncio.Event()

    async def waits(*_: object) -> None:
        await never.wait()

    monkeypatch.setattr("bot.digests.sandbox.InProcess.read", waits)
    monkeypatch.setattr("bot.sources.source_scheduler.FILES_TIMEOUT_SECONDS", 0.01)
    (tmp_path / "slow.md").write_text(page(("2601.00001", "Kites", "Words.")))
    scheduler = feeds.of(SourceSettings(name="inbox", path=tmp_path)).scheduler
    seen = []
    for seconds in (0, 2, 30, 30):
        feeds.clock.advance(dt.timedelta(seconds=seconds))
        await scheduler.poll()
        seen.append(scheduler.is_catching_up)
    await scheduler.close()
    assert seen == [False, True, True, False]

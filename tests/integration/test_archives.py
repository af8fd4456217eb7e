"""Rule 12 (docs/architecture.md): papers that are older than a week when they come are filed and not delivered."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.settings import SourceSettings
from subscriptions.model import Announce, ChatAddress, KnownPaper, Paper
from subscriptions.service.ingest import announce_filed
from subscriptions.service.plan import plan_due
from subscriptions.store.database.store import Store
from subscriptions.store.digests import Ingested
from subscriptions.store.rows import DeliveryItemRow, DeliveryRow, PaperRow
from tests.fakes.arxiv import FakeArxiv
from tests.integration.cli import Terminal, page
from tests.make import NOON, FakeClock, digest, ingest_digest, paper, stored_papers, subscribes, summary
from tests.source_harness import SourceHarness, arxiv_source, new_york

pytestmark = pytest.mark.both_databases

TODAY = NOON.date()
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
OLD = TODAY - 30 * DAY
REPLACED = Announce.REPLACE
ADMIN = ChatAddress("console", "me")


def comes(
    store: Store,
    *content: Paper,
    day: date = TODAY,
    now: datetime = NOON,
    name: str = "",
    announce: bool = False,
    source: str = "daily",
) -> Ingested:
    """Ingests a digest of that day at that moment."""
    made = replace(digest(*content, name=f"{name}{day}"), day=day)
    return ingest_digest(store, made, source=source, day=day, now=now, announce=announce)


def known(store: Store, title: str) -> KnownPaper:
    with store.read() as session:
        return next(one for one in stored_papers(session) if one.paper.title == title)


def delivered(store: Store, now: datetime = NOON + HOUR) -> list[str]:
    """Plans what is due. Returns the titles, in the order of their deliveries."""
    plan_due(store, now=now)
    with store.read() as session:
        titles = {row.id: row.title for row in session.exec(select(PaperRow))}
        items = session.exec(select(DeliveryItemRow)).all()
        items = sorted(items, key=lambda item: (item.delivery or 0, item.position))
        return [titles[item.paper] for item in items]


def notices(store: Store) -> list[dict[str, str]]:
    """Returns the notices to operators about papers that came too late."""
    with store.read() as session:
        facts = [row.facts for row in session.exec(select(DeliveryRow)) if row.facts.get("notice") == "filed"]
    return [one["detail"] for one in facts]


# ── which digests are archives ───────────────────────────────────────────────────────────────────────────────────────

AGES = [
    pytest.param(0, "UTC", NOON, False, id="of today"),
    pytest.param(7, "UTC", NOON, False, id="of a week ago"),
    pytest.param(8, "UTC", NOON, True, id="of eight days ago"),
    pytest.param(1000, "UTC", NOON, True, id="of years ago"),
    pytest.param(-1, "UTC", NOON, False, id="of tomorrow"),
    pytest.param(8, "America/New_York", datetime(2026, 1, 22, 4, tzinfo=UTC), False, id="where it is still yesterday"),
    pytest.param(8, "UTC", datetime(2026, 1, 22, 4, tzinfo=UTC), True, id="where it is not"),
    pytest.param(7, "Pacific/Auckland", datetime(2026, 1, 22, 20, tzinfo=UTC), True, id="where it is tomorrow"),
]


@pytest.mark.parametrize(("age", "zone", "now", "filed"), AGES)
def test_a_digest_is_an_archive_by_its_day_and_the_operators(
    tmp_path: Path, age: int, zone: str, now: datetime, filed: bool
) -> None:
    store = Store(f"sqlite:///{tmp_path}/zone.db", zone=zone)
    store.open(now=now)
    done = comes(store, paper("Graphs"), day=TODAY - age * DAY, now=now)
    assert (done.archive, done.archived, done.new) == (filed, int(filed), 1)
    assert (known(store, "Graphs").sequence is None) == filed
    assert known(store, "Graphs").day == TODAY - age * DAY
    store.close()


NAMES = [
    pytest.param("# AI-Enhanced arXiv Daily 2023-04-05\n\n", "list.md", (), True, id="the document says so"),
    pytest.param("", "2023-04-05.md", (), True, id="its name says so"),
    pytest.param("", "list.md", ("--date", "2023-04-05"), True, id="the caller says so"),
    pytest.param("", "list.md", (), False, id="nobody says a day"),
    pytest.param("# AI-Enhanced arXiv Daily 2026-01-22\n\n", "2023-04-05.md", (), False, id="document before name"),
    pytest.param("# AI-Enhanced arXiv Daily 2023-04-05\n\n", "2026-01-22.md", (), True, id="also an old document"),
    pytest.param("", "2023-04-05.md", ("--date", "2026-01-22"), True, id="name before caller"),
    pytest.param("", "2026-01-22.md", ("--date", "2023-04-05"), False, id="also a new name"),
    pytest.param("", "2027-04-05.md", (), False, id="a day that lies ahead"),
]


@pytest.mark.parametrize(("head", "name", "options", "filed"), NAMES)
def test_the_day_of_a_digest_is_its_own_else_of_its_name(
    terminal: Terminal, head: str, name: str, options: tuple[str, ...], filed: bool
) -> None:
    terminal.file(name, head + page(("2304.00001", "Graphs", "Nodes."), ("2304.00002", "Nets", "Edges.")))
    answer = terminal("ingest", name, "--json", "--now", "2026-01-22T12:00Z", *options).json
    assert answer["papers"]["new"] == 2
    assert answer["archived"] == (2 if filed else 0)


# ── what becomes of their papers ─────────────────────────────────────────────────────────────────────────────────────


def test_nobody_gets_the_papers_of_an_archive(store: Store) -> None:
    subscribes(store, "console:now", "graphs", every="now")
    subscribes(store, "telegram:1", "graphs", every="daily", at="09:00")
    subscribes(store, "telegram:2", "graphs", every="weekly", at="09:00")
    subscribes(store, "telegram:3", "graphs", every="when-out")
    comes(store, paper("Old graphs"), day=OLD)
    assert delivered(store, NOON + 10 * DAY) == []
    comes(store, paper("New graphs"), now=NOON + 10 * DAY, day=TODAY + 10 * DAY)
    assert set(delivered(store, NOON + 20 * DAY)) == {"New graphs"}


def test_a_later_digest_of_its_day_announces_a_filed_paper(store: Store) -> None:
    subscribes(store, "console:me", "graphs")
    old = paper("Graphs", "cs.LG", arxiv_id="2601.90001")
    comes(store, old, day=OLD)
    assert (delivered(store), known(store, "Graphs").day) == ([], OLD)
    comes(store, old, name="current", now=NOON + HOUR)
    assert (delivered(store, NOON + 2 * HOUR), known(store, "Graphs").day) == (["Graphs"], TODAY)
    comes(store, old, name="another", day=OLD - DAY, now=NOON + 2 * HOUR)
    assert (delivered(store, NOON + 3 * HOUR), known(store, "Graphs").day) == (["Graphs"], TODAY)


def test_a_new_version_makes_no_news_of_a_paper_that_was_filed(store: Store) -> None:
    comes(store, paper("Graphs", arxiv_id="2601.90001"), day=OLD)
    comes(store, paper("Graphs", arxiv_id="2601.90001", version=2, kind=REPLACED), name="current")
    assert known(store, "Graphs").sequence is None


@pytest.mark.parametrize(
    "more",
    [
        paper("Graphs", "cs.LG", "cs.CL", arxiv_id="2601.90001", kind=Announce.CROSS),
        paper("Graphs", "cs.LG", "cs.CL", arxiv_id="2601.90001"),
        paper("Graphs", "cs.LG", arxiv_id="2601.90001", abstract="Nodes and edges."),
        paper("Graphs", "cs.LG", arxiv_id="2601.90001", summaries=summary("图。")),
    ],
    ids=["a category by a cross-list", "a category", "an abstract", "a summary"],
)
def test_an_archive_adds_what_it_knows_and_moves_no_change(store: Store, more: Paper) -> None:
    comes(store, paper("Graphs", "cs.LG", arxiv_id="2601.90001"))
    before = known(store, "Graphs")
    done = comes(store, more, day=OLD, now=NOON + HOUR)
    after = known(store, "Graphs")
    assert (done.updated, done.archived) == (1, 0)
    assert (after.sequence, after.sequenced_at, after.day) == (before.sequence, before.sequenced_at, before.day)
    assert after.paper != before.paper
    assert after.paper.announce_type is None


def test_a_filed_paper_that_equals_a_delivered_one_comes_once(store: Store) -> None:
    subscribes(store, "console:me", "graphs")
    comes(store, paper("Graphs", arxiv_id=None))
    assert delivered(store) == ["Graphs"]
    comes(store, paper("Graphs", arxiv_id="2601.90001"), day=OLD, now=NOON + HOUR)
    assert (known(store, "Graphs").sequence, known(store, "Graphs").day) == (1, TODAY)
    comes(store, paper("Graphs", arxiv_id="2601.90001"), name="feed", now=NOON + 2 * HOUR)
    assert delivered(store, NOON + 3 * HOUR) == ["Graphs"]


def test_a_withdrawal_that_an_archive_tells_is_known(store: Store) -> None:
    comes(store, paper("Graphs", arxiv_id="2601.90001"))
    comment = "This paper has been withdrawn by its author"
    done = comes(store, paper("Graphs", arxiv_id="2601.90001", version=2, comment=comment), day=OLD, now=NOON + HOUR)
    assert len(done.withdrawn) == 1
    assert known(store, "Graphs").withdrawn_at == NOON + HOUR


def test_an_archive_does_not_move_what_waits_for_its_time(store: Store) -> None:
    subscribes(store, "telegram:1", "graphs", every="daily", at="09:00")
    subscribes(store, "console:me", "graphs", every="now")
    comes(store, paper("New graphs"))
    for n in range(5):
        comes(store, paper(f"Old graphs {n}"), day=OLD - n * DAY, now=NOON + HOUR)
    comes(store, paper("Newer graphs"), now=NOON + 2 * HOUR)
    assert sorted(delivered(store, NOON + DAY)) == ["New graphs", "New graphs", "Newer graphs", "Newer graphs"]


# ── announced all the same ───────────────────────────────────────────────────────────────────────────────────────────


def test_who_asks_for_it_has_an_archive_announced_at_once(store: Store) -> None:
    subscribes(store, "console:me", "graphs")
    done = comes(store, paper("Old graphs"), day=OLD, announce=True)
    assert (done.archive, done.archived, done.announced) == (False, 0, 0)
    assert (delivered(store), known(store, "Old graphs").day) == (["Old graphs"], OLD)


def test_filed_papers_are_announced_once(store: Store) -> None:
    subscribes(store, "console:me", "graphs")
    seen = paper("Graphs that came", arxiv_id="2601.90001")
    comes(store, seen)
    assert delivered(store) == ["Graphs that came"]
    archive = (seen, paper("Old graphs", arxiv_id="2601.90002"), paper("New version", kind=REPLACED))
    assert comes(store, *archive, day=OLD).archived == 1
    again = comes(store, *archive, day=OLD, now=NOON + HOUR)
    assert again == Ingested(already_known=True, unchanged=3, archive=True, archived=1)
    asked = comes(store, *archive, day=OLD, now=NOON + HOUR, announce=True)
    assert asked == Ingested(already_known=True, unchanged=3, announced=1)
    assert comes(store, *archive, day=OLD, now=NOON + HOUR, announce=True).announced == 0
    assert delivered(store, NOON + 2 * HOUR) == ["Graphs that came", "Old graphs"]
    assert known(store, "Old graphs").day == OLD
    assert known(store, "New version").sequence is None


def test_papers_of_a_source_are_announced_oldest_first(store: Store) -> None:
    for n, name in enumerate(("first", "second", "third")):
        comes(store, paper(name), day=OLD - n * DAY)
    comes(store, paper("of another"), day=OLD, source="other")
    assert announce_filed(store, "daily", now=NOON) == 3
    assert announce_filed(store, "daily", now=NOON) == 0
    changes = {one: (known(store, one).sequence, known(store, one).day) for one in ("third", "second", "first")}
    assert changes == {"third": (1, OLD - 2 * DAY), "second": (2, OLD - DAY), "first": (3, OLD)}
    assert known(store, "of another").sequence is None


# ── folders, and receipts ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def clock() -> FakeClock:
    """Five past midnight in New York, Thursday 22 January 2026."""
    return FakeClock(new_york("2026-01-22 00:05"))


def folder(place: Path, days: int) -> SourceSettings:
    """A folder of daily files, the newest of today."""
    (place / "inbox").mkdir()
    for back in range(days):
        day = TODAY - back * DAY
        text = page((f"{day:%y%m}.{day.day:05}", f"Graphs of {day}", "Nodes."))
        (place / "inbox" / f"{day}.md").write_text(text)
    return SourceSettings(name="my list", path=place / "inbox" / "*.md")


async def test_a_first_look_announces_a_week_and_leaves_one_receipt(
    store: Store, clock: FakeClock, arxiv: FakeArxiv, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="paperwire")
    subscribes(store, "console:me", "graphs", now=clock.now() - HOUR)
    feeding = SourceHarness(store, clock, arxiv, folder(tmp_path, 40))
    await feeding.scheduler.inbox.drain()
    (receipt,) = feeding.receipts("my list")
    said = (
        "Older than 7 days, so filed and not announced: 32 papers of 2025-12-14 to 2026-01-14. "
        "To announce them: paperwire sources poll 'my list' --announce."
    )
    assert (receipt.outcome, receipt.detail) == ("new", said)
    assert (receipt.counts["digests"], receipt.counts["new"], receipt.counts["archived"]) == (40, 40, 32)
    assert [line for line in caplog.messages if "Older than" in line] == [f"my list: {said}"]
    assert len(caplog.messages) == 9  # and a line for each of the eight days
    titles = delivered(store, clock.now() + HOUR)
    assert sorted(titles) == [f"Graphs of {TODAY - back * DAY}" for back in range(7, -1, -1)]


async def test_operators_hear_of_files_that_lay_there_too_long(
    store: Store, clock: FakeClock, arxiv: FakeArxiv, tmp_path: Path
) -> None:
    source = folder(tmp_path, 20)
    await SourceHarness(store, clock, arxiv, source, admins=(ADMIN,)).scheduler.inbox.drain()
    assert notices(store) == []
    clock.advance(10 * DAY)  # nothing ran meanwhile, and a generator went on
    for ahead in range(1, 11):
        day = TODAY + ahead * DAY
        (tmp_path / "inbox" / f"{day}.md").write_text(page((f"{day:%y%m}.{day.day:05}", f"Graphs of {day}", "Nodes.")))
    again = SourceHarness(store, clock, arxiv, source, admins=(ADMIN,))
    await again.scheduler.inbox.drain()
    assert again.receipts("my list")[-1].counts["archived"] == 2
    assert notices(store) == [{"source": "my list", "days": "2026-01-23/2026-01-24", "papers": "2"}]


async def test_a_file_that_is_no_digest_does_not_hide_the_others(
    store: Store, clock: FakeClock, arxiv: FakeArxiv, tmp_path: Path
) -> None:
    source = folder(tmp_path, 20)
    (tmp_path / "inbox" / "2026-01-10-notes.md").write_text("# Notes\n\nNothing.\n")
    feeding = SourceHarness(store, clock, arxiv, source)
    await feeding.scheduler.inbox.drain()
    assert feeding.outcomes("my list") == ["quiet", "failed", "new"]
    first, _, last = feeding.receipts("my list")
    assert (first.counts["digests"], last.counts["digests"]) == (7, 13)
    assert "12 papers of 2026-01-03 to 2026-01-14" in last.detail


@pytest.mark.parametrize(("schedule", "outcomes"), [(None, ["quiet", "new"]), ("0 0 * * *", ["stale", "new"])])
async def test_an_archive_is_not_what_was_due_today(  # noqa: PLR0917 - fixtures
    store: Store, clock: FakeClock, arxiv: FakeArxiv, tmp_path: Path, schedule: str | None, outcomes: list[str]
) -> None:
    source = folder(tmp_path, 0)
    (tmp_path / "inbox" / "2023-04-05.md").write_text(page(("2304.00001", "Old graphs", "Nodes.")))
    feeding = SourceHarness(store, clock, arxiv, replace(source, schedule=schedule))
    await feeding.scheduler.inbox.drain()
    (tmp_path / "inbox" / "2026-01-22.md").write_text(page(("2601.00001", "Graphs", "Nodes.")))
    await feeding.scheduler.inbox.drain()
    assert feeding.outcomes("my list") == outcomes


async def test_days_missed_for_over_a_week_are_filed_and_told(store: Store, clock: FakeClock, arxiv: FakeArxiv) -> None:
    subscribes(store, "console:me", "graphs", now=clock.now() - HOUR)
    arxiv.announces(TODAY, paper("Graphs of the 22nd", "cs.LG"))
    await SourceHarness(store, clock, arxiv, arxiv_source("cs.LG")).due()
    assert delivered(store, clock.now()) == ["Graphs of the 22nd"]
    long_ago, lately, now = date(2026, 1, 23), date(2026, 1, 28), date(2026, 2, 2)
    for day in (long_ago, lately, now):
        arxiv.announces(day, paper(f"Graphs of {day}", "cs.LG"))
    clock.advance(new_york("2026-02-02 09:00") - clock.now())
    feeding = SourceHarness(store, clock, arxiv, arxiv_source("cs.LG"), admins=(ADMIN,))
    await feeding.due()
    receipt = feeding.receipts("arxiv")[-1]
    assert "Fetched afterwards: 2026-01-23" in receipt.detail
    assert (
        "so filed and not announced: 1 paper of 2026-01-23. To announce them: paperwire sources poll" in receipt.detail
    )
    assert receipt.counts["archived"] == 1
    assert known(store, f"Graphs of {long_ago}").sequence is None
    assert notices(store) == [{"source": "arxiv", "days": "2026-01-23/2026-01-23", "papers": "1"}]
    assert delivered(store, clock.now()) == ["Graphs of the 22nd", f"Graphs of {now}", f"Graphs of {lately}"]


# --------------------------------------------------------------------------------------------------- the day of a paper


# Two digests of 20 and 22 January, received at nine in the morning of those days; a third came without new papers.
# title, first seen, change and its moment, the digests it is in → its day


def stored_days(store: Store) -> dict[str, date | None]:
    return {title: known.day for title, known in stored_by_title(store).items()}


def stored_by_title(store: Store) -> dict[str, KnownPaper]:
    with store.read() as session:
        return {known.paper.title: known for known in stored_papers(session)}


def test_a_paper_counts_for_the_day_of_its_digest(store: Store) -> None:
    replaced = paper("Known by a replacement", kind=Announce.REPLACE, arxiv_id="2601.90001")
    twice = paper("In two digests", "cs.LG", arxiv_id="2601.90002")
    days = [date(2026, 1, 20), date(2026, 1, 21), date(2026, 1, 22)]
    for n, content in enumerate((digest(replaced, twice), digest(twice, name="again"))):
        ingest_digest(store, content, source="daily", day=days[n], now=NOON + timedelta(hours=n))
    assert stored_days(store) == {"Known by a replacement": days[0], "In two digests": days[0]}
    announced = paper("Known by a replacement", arxiv_id="2601.90001")
    moved = paper("In two digests", "cs.LG", "cs.CL", kind=Announce.CROSS, arxiv_id="2601.90002")
    ingest_digest(store, digest(announced, moved), source="daily", day=days[2], now=NOON + timedelta(hours=3))
    assert stored_days(store) == {"Known by a replacement": days[2], "In two digests": days[2]}


def test_merged_papers_count_for_the_day_of_the_news(store: Store) -> None:
    untitled = paper("One Work", arxiv_id=None)
    for n, content in enumerate((digest(untitled), digest(paper("One Work", arxiv_id="2601.90003")))):
        ingest_digest(store, content, source=f"s{n}", day=date(2026, 1, 20 + n), now=NOON + timedelta(hours=n))
    assert stored_days(store) == {"One Work": date(2026, 1, 20)}

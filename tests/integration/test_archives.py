"""Rule 12 (docs/architecture.md): papers that are older than a week when they arrive are filed. Also: which day a paper
gets.
"""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.digests import read_digest
from bot.settings import SourceSettings
from subscriptions import model
from subscriptions.service.ingest import announce_filed
from subscriptions.service.plan import plan_due
from subscriptions.store import rows
from subscriptions.store.database.store import Store
from subscriptions.store.digests import Ingested
from tests import make, source_harness
from tests.fakes.arxiv import FakeArxiv
from tests.integration import cli

TODAY = make.NOON.date()
OLD = TODAY - 30 * make.DAY
REPLACED = model.Announce.REPLACE
ADMIN = model.ChatAddress("console", "me")


def comes(
    store: Store,
    *content: model.Paper,
    day: date = TODAY,
    now: datetime = make.NOON,
    name: str = "",
    announce: bool = False,
    source: str = "daily",
) -> Ingested:
    """Ingests a digest of this day at this moment."""
    made = replace(make.digest(*content, name=f"{name}{day}"), day=day)
    return make.ingest_digest(store, made, source=source, day=day, now=now, announce=announce)


def known(store: Store, title: str) -> model.KnownPaper:
    with store.read() as session:
        return next(one for one in make.stored_papers(session) if one.paper.title == title)


def delivered(store: Store, now: datetime = make.NOON + make.HOUR) -> list[str]:
    """Plans what is due. Returns the titles in the order of their deliveries."""
    plan_due(store, now=now)
    with store.read() as session:
        titles = {row.id: row.title for row in session.exec(select(rows.PaperRow))}
        items = session.exec(select(rows.DeliveryItemRow)).all()
        items = sorted(items, key=lambda item: (item.delivery or 0, item.position))
        return [titles[item.paper] for item in items]


def notices(store: Store) -> list[dict[str, str]]:
    """Returns the notices to operators about papers that were filed because they came too late."""
    with store.read() as session:
        facts = [row.facts for row in session.exec(select(rows.DeliveryRow)) if row.facts.get("notice") == "filed"]
    return [one["detail"] for one in facts]


# ── which digests are archives ───────────────────────────────────────────────────────────────────────────────────────

AGES = [
    pytest.param(0, "UTC", make.NOON, False, id="of today"),
    pytest.param(7, "UTC", make.NOON, False, id="of a week ago"),
    pytest.param(8, "UTC", make.NOON, True, id="of eight days ago"),
    pytest.param(1000, "UTC", make.NOON, True, id="of years ago"),
    pytest.param(-1, "UTC", make.NOON, False, id="of tomorrow"),
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
    done = comes(store, make.paper("Graphs"), day=TODAY - age * make.DAY, now=now)
    assert (done.archive, done.archived, done.new) == (filed, int(filed), 1)
    assert (known(store, "Graphs").sequence is None) == filed
    assert known(store, "Graphs").day == TODAY - age * make.DAY
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
    terminal: cli.Terminal, head: str, name: str, options: tuple[str, ...], filed: bool
) -> None:
    terminal.file(name, head + cli.page(("2304.00001", "Graphs", "Nodes."), ("2304.00002", "Nets", "Edges.")))
    answer = terminal("ingest", name, "--json", "--now", "2026-01-22T12:00Z", *options).json
    assert answer["papers"]["new"] == 2
    assert answer["archived"] == (2 if filed else 0)


# ── what happens to their papers ──────────────────────────────────────────────────────────────────────────────────────


def test_a_later_digest_of_its_day_announces_a_filed_paper(store: Store) -> None:
    make.subscribes(store, "console:me", "graphs")
    old = make.paper("Graphs", "cs.LG", arxiv_id="2601.90001")
    comes(store, old, day=OLD)
    assert (delivered(store), known(store, "Graphs").day) == ([], OLD)
    comes(store, replace(old, version=2, announce_type=REPLACED), name="newer")
    assert known(store, "Graphs").sequence is None
    comes(store, old, name="current", now=make.NOON + make.HOUR)
    assert (delivered(store, make.NOON + 2 * make.HOUR), known(store, "Graphs").day) == (["Graphs"], TODAY)
    comes(store, old, name="another", day=OLD - make.DAY, now=make.NOON + 2 * make.HOUR)
    assert (delivered(store, make.NOON + 3 * make.HOUR), known(store, "Graphs").day) == (["Graphs"], TODAY)


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "more",
    [
        make.paper("Graphs", "cs.LG", "cs.CL", arxiv_id="2601.90001", kind=model.Announce.CROSS),
        make.paper("Graphs", "cs.LG", "cs.CL", arxiv_id="2601.90001"),
        make.paper("Graphs", "cs.LG", arxiv_id="2601.90001", abstract="Nodes and edges."),
        make.paper("Graphs", "cs.LG", arxiv_id="2601.90001", summaries=make.summary("图。")),
    ],
    ids=["a category by a cross-list", "a category", "an abstract", "a summary"],
)
def test_an_archive_adds_what_it_knows_and_moves_no_change(store: Store, more: model.Paper) -> None:
    comes(store, make.paper("Graphs", "cs.LG", arxiv_id="2601.90001"))
    before = known(store, "Graphs")
    done = comes(store, more, day=OLD, now=make.NOON + make.HOUR)
    after = known(store, "Graphs")
    assert (done.updated, done.archived) == (1, 0)
    assert (after.sequence, after.sequenced_at, after.day) == (before.sequence, before.sequenced_at, before.day)
    assert after.paper != before.paper
    assert after.paper.announce_type is None


def test_a_filed_paper_that_equals_a_delivered_one_comes_once(store: Store) -> None:
    make.subscribes(store, "console:me", "graphs")
    comes(store, make.paper("Graphs", arxiv_id=None))
    assert delivered(store) == ["Graphs"]
    comes(store, make.paper("Graphs", arxiv_id="2601.90001"), day=OLD, now=make.NOON + make.HOUR)
    assert (known(store, "Graphs").sequence, known(store, "Graphs").day) == (1, TODAY)
    comes(store, make.paper("Graphs", arxiv_id="2601.90001"), name="feed", now=make.NOON + 2 * make.HOUR)
    assert delivered(store, make.NOON + 3 * make.HOUR) == ["Graphs"]


# ── archives that are announced anyway ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.both_databases
def test_filed_papers_are_announced_once(store: Store) -> None:
    make.subscribes(store, "console:me", "graphs")
    seen = make.paper("Graphs that came", arxiv_id="2601.90001")
    comes(store, seen)
    assert delivered(store) == ["Graphs that came"]
    archive = (seen, make.paper("Old graphs", arxiv_id="2601.90002"), make.paper("New version", kind=REPLACED))
    assert comes(store, *archive, day=OLD).archived == 1
    again = comes(store, *archive, day=OLD, now=make.NOON + make.HOUR)
    assert again == Ingested(already_known=True, unchanged=3, archive=True, archived=1)
    asked = comes(store, *archive, day=OLD, now=make.NOON + make.HOUR, announce=True)
    assert asked == Ingested(already_known=True, unchanged=3, announced=1)
    assert comes(store, *archive, day=OLD, now=make.NOON + make.HOUR, announce=True).announced == 0
    assert delivered(store, make.NOON + 2 * make.HOUR) == ["Graphs that came", "Old graphs"]
    assert known(store, "Old graphs").day == OLD
    assert known(store, "New version").sequence is None


@pytest.mark.both_databases
def test_papers_of_a_source_are_announced_oldest_first(store: Store) -> None:
    for n, name in enumerate(("first", "second", "third")):
        comes(store, make.paper(name), day=OLD - n * make.DAY)
    comes(store, make.paper("of another"), day=OLD, source="other")
    assert announce_filed(store, "daily", now=make.NOON) == 3
    assert announce_filed(store, "daily", now=make.NOON) == 0
    changes = {one: (known(store, one).sequence, known(store, one).day) for one in ("third", "second", "first")}
    assert changes == {"third": (1, OLD - 2 * make.DAY), "second": (2, OLD - make.DAY), "first": (3, OLD)}
    assert known(store, "of another").sequence is None


# ── folders and receipts ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def clock() -> make.FakeClock:
    """Five past midnight in New York, Thursday 22 January 2026."""
    return make.FakeClock(source_harness.new_york("2026-01-22 00:05"))


def folder(place: Path, days: int) -> SourceSettings:
    """A folder of daily files, the newest of today."""
    (place / "inbox").mkdir()
    for back in range(days):
        day = TODAY - back * make.DAY
        text = cli.page((f"{day:%y%m}.{day.day:05}", f"Graphs of {day}", "Nodes."))
        (place / "inbox" / f"{day}.md").write_text(text)
    return SourceSettings(name="my list", path=place / "inbox" / "*.md")


async def test_a_first_look_announces_a_week_and_leaves_one_receipt(
    store: Store, clock: make.FakeClock, arxiv: FakeArxiv, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="paperwire")
    make.subscribes(store, "console:me", "graphs", now=clock.now() - make.HOUR)
    feeding = source_harness.SourceHarness(store, clock, arxiv, folder(tmp_path, 40))
    await feeding.scheduler.inbox.drain()
    (receipt,) = feeding.receipts("my list")
    said = (
        "Older than 7 days, so filed and not announced: 32 papers of 2025-12-14 to 2026-01-14. "
        "To announce them: paperwire sources poll 'my list' --announce."
    )
    assert (receipt.outcome, receipt.detail) == ("new", said)
    assert (receipt.counts["digests"], receipt.counts["new"], receipt.counts["archived"]) == (40, 40, 32)
    assert [line for line in caplog.messages if "Older than" in line] == [f"my list: {said}"]
    assert len(caplog.messages) == 9  # the other eight lines are about one day each
    titles = delivered(store, clock.now() + make.HOUR)
    assert sorted(titles) == [f"Graphs of {TODAY - back * make.DAY}" for back in range(7, -1, -1)]


@pytest.mark.parametrize(("schedule", "outcomes"), [(None, ["quiet", "new"]), ("0 0 * * *", ["stale", "new"])])
async def test_an_archive_is_not_what_was_due_today(  # noqa: PLR0917 - fixtures
    store: Store, clock: make.FakeClock, arxiv: FakeArxiv, tmp_path: Path, schedule: str | None, outcomes: list[str]
) -> None:
    source = folder(tmp_path, 0)
    (tmp_path / "inbox" / "2023-04-05.md").write_text(cli.page(("2304.00001", "Old graphs", "Nodes.")))
    feeding = source_harness.SourceHarness(store, clock, arxiv, replace(source, schedule=schedule))
    await feeding.scheduler.inbox.drain()
    (tmp_path / "inbox" / "2026-01-22.md").write_text(cli.page(("2601.00001", "Graphs", "Nodes.")))
    await feeding.scheduler.inbox.drain()
    assert feeding.outcomes("my list") == outcomes


async def test_days_missed_for_over_a_week_are_filed_and_told(
    store: Store, clock: make.FakeClock, arxiv: FakeArxiv
) -> None:
    make.subscribes(store, "console:me", "graphs", now=clock.now() - make.HOUR)
    arxiv.announces(TODAY, make.paper("Graphs of the 22nd", "cs.LG"))
    await source_harness.SourceHarness(store, clock, arxiv, source_harness.arxiv_source("cs.LG")).due()
    assert delivered(store, clock.now()) == ["Graphs of the 22nd"]
    long_ago, lately, now = date(2026, 1, 23), date(2026, 1, 28), date(2026, 2, 2)
    for day in (long_ago, lately, now):
        arxiv.announces(day, make.paper(f"Graphs of {day}", "cs.LG"))
    clock.advance(source_harness.new_york("2026-02-02 09:00") - clock.now())
    feeding = source_harness.SourceHarness(store, clock, arxiv, source_harness.arxiv_source("cs.LG"), admins=(ADMIN,))
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


def stored_days(store: Store) -> dict[str, date | None]:
    return {known.paper.title: known.day for known in _stored(store).values()}


def test_a_paper_counts_for_the_day_of_its_digest(store: Store) -> None:
    replaced = make.paper("Known by a replacement", kind=model.Announce.REPLACE, arxiv_id="2601.90001")
    twice = make.paper("In two digests", "cs.LG", arxiv_id="2601.90002")
    days = [date(2026, 1, 20), date(2026, 1, 21), date(2026, 1, 22)]
    for n, content in enumerate((make.digest(replaced, twice), make.digest(twice, name="again"))):
        make.ingest_digest(store, content, source="daily", day=days[n], now=make.NOON + timedelta(hours=n))
    assert stored_days(store) == {"Known by a replacement": days[0], "In two digests": days[0]}
    announced = make.paper("Known by a replacement", arxiv_id="2601.90001")
    moved = make.paper("In two digests", "cs.LG", "cs.CL", kind=model.Announce.CROSS, arxiv_id="2601.90002")
    make.ingest_digest(
        store, make.digest(announced, moved), source="daily", day=days[2], now=make.NOON + timedelta(hours=3)
    )
    assert stored_days(store) == {"Known by a replacement": days[2], "In two digests": days[2]}


# ── Papers of one day in many formats: each paper is stored once, and gains facts ─────────────────────────────────────

PAGE = """<div id=toc></div>

# Table of Contents

- [cs.GR](#cs.GR) [Total: 2]


<div id='cs.GR'></div>

# cs.GR [[Back]](#toc)

### [1] [Bells under Water](https://arxiv.org/abs/2602.20001)
*Uma Reed,Vik Stone*

Main category: cs.GR

TL;DR: 水下的钟。


<details>
  <summary>Details</summary>
Motivation: 钟沉了。

Method: 听。

Result: 听见了。

Conclusion: 水传声。

Abstract: Bells ring under water

</details>


### [2] [Bells on Ice](https://arxiv.org/abs/2602.20002)
*Wim Tor*

Main category: cs.GR

TL;DR: Summary generation failed


<details>
  <summary>Details</summary>
Motivation: Motivation analysis unavailable

Method: Method extraction failed

Result: Result analysis unavailable

Conclusion: Conclusion extraction failed

Abstract: Bells slide on ice.

</details>
"""
LINES = "\n".join(
    json.dumps(line)
    for line in (
        {
            "id": "2602.20001",
            "title": "Bells under Water",
            "authors": ["Uma Reed", "Vik Stone"],
            "categories": ["cs.GR", "cs.SD", "68T05"],
            "summary": "Bells ring under water\nand fish listen.",
            "AI": {"tldr": "水下的钟。", "title_translation": "水下的钟", "translation": "钟在水下响。"},
        },
        {
            "id": "2602.20002",
            "title": "Bells on Ice",
            "categories": ["cs.GR"],
            "summary": "Bells slide on ice.",
            "AI": {"tldr": "冰上的钟。"},
        },
        {"id": "2602.20003", "title": "Bells in Fog", "summary": "Nobody sees these bells.", "cate": "cs.SD"},
        {"id": "2602.20003", "title": "Bells in Fog", "summary": "Nobody sees these bells.", "cate": "cs.GR"},
    )
)
FEED = """<rss xmlns:arxiv='http://arxiv.org/schemas/atom' xmlns:dc='http://purl.org/dc/elements/1.1/' version='2.0'><channel>
<title>cs.SD updates on arXiv.org</title><link>http://rss.arxiv.org/rss/cs.SD</link>
<pubDate>Wed, 11 Feb 2026 00:00:00 -0500</pubDate>
<item><title>Bells under Water</title><guid>oai:arXiv.org:2602.20001v1</guid>
<description>arXiv:2602.20001v1 Announce Type: cross Abstract: Bells ring under water</description>
<category>cs.GR</category><category>cs.SD</category><category>eess.AS</category><arxiv:announce_type>cross</arxiv:announce_type></item>
<item><title>Bells on Ice</title><guid>oai:arXiv.org:2602.20002v1</guid>
<description>arXiv:2602.20002v1 Announce Type: new Abstract: Bells slide on ice.</description>
<category>cs.GR</category><arxiv:announce_type>new</arxiv:announce_type></item>
<item><title>Bells in Fog</title><guid>oai:arXiv.org:2602.20003v1</guid>
<description>arXiv:2602.20003v1 Announce Type: new Abstract: Nobody sees these bells.</description>
<category>cs.SD</category><arxiv:announce_type>new</arxiv:announce_type><dc:creator>Zo\\"e Kr{\\o}yer (Fog Lab)</dc:creator></item>
</channel></rss>
"""
ANSWER = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom"><id>https://arxiv.org/api/bells</id>
<updated>2026-02-12T12:00:00Z</updated>
<entry><id>http://arxiv.org/abs/2602.20002v2</id><title>Bells on Thin Ice</title><summary>Bells break thin ice.</summary>
<author><name>Wim Tor</name></author><category term="cs.GR"/><arxiv:primary_category term="cs.GR"/>
<arxiv:doi>10.5802/ICE.2</arxiv:doi></entry>
<entry><id>http://arxiv.org/abs/2602.20003v2</id><title>Bells in Fog</title><summary>Nobody sees these bells.</summary>
<category term="cs.SD"/><arxiv:comment>This paper has been withdrawn by the authors: the fog lifted</arxiv:comment></entry>
<entry><id>https://arxiv.org/api/errors#bells</id><title>Error</title><summary>incorrect id format for bells</summary></entry>
</feed>
"""
MAIL = r"""Date: Wed, 11 Feb 26 01:29:12 GMT
Subject: cs daily 1 new + 0 crosses received

------------------------------------------------------------------------------
\\
arXiv:2602.20004
Date: Tue, 10 Feb 2026 19:00:02 GMT   (17kb)

Title: Bells by Mail
Authors: A. One, B. Two, et al. (7 additional authors not shown)
Categories: cs.SD cs.GR
\\
  The postman rings.
\\ ( https://arxiv.org/abs/2602.20004 ,  17kb)
%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%
------------------------------------------------------------------------------
\\
arXiv:2501.20005
replaced with revised version Tue, 10 Feb 2026 08:21:51 GMT   (133kb,D)

Title: Known by Its Revision Only
Authors: Ada Quill
Categories: cs.SD
\\ ( https://arxiv.org/abs/2501.20005 ,  133kb)
"""
WEEK = r"""------------------------------------------------------------------------------
\\
/* Wed, 11 Feb 2026 */
\\
------------------------------------------------------------------------------
\\
arXiv:2602.20004
Date: Tue, 10 Feb 2026 19:00:02 GMT   (17kb)

Title: Bells by Mail
Authors: A. One, B. Two
Categories: cs.SD cs.GR
DOI: 10.5802/MAIL.4
\\
"""
DAILY = json.dumps(
    [
        {"paper": {"id": "2602.20004", "title": "Bells by Mail", "submittedOnDailyAt": "2026-02-12T00:00:00.000Z"}},
        {"paper": {"id": "2602.20001", "title": "Bells under Water", "authors": [{"name": "Uma Reed"}]}},
    ]
)
PREPRINTS = json.dumps(
    {
        "messages": [{"status": "ok", "count": 2, "total": "2"}],
        "collection": [
            {"doi": "10.1101/2026.02.10.1", "title": "Bells in Mice", "date": "2026-02-10", "version": "1"},
            {"doi": "10.1101/2026.02.10.1", "title": "Bells in Mice", "date": "2026-02-11", "version": "2", "abstract": "They hear."},
        ],
    }
)  # fmt: skip
ONE_DAY = (PAGE, LINES, FEED, ANSWER, MAIL, WEEK, DAILY, PREPRINTS)


def _read(text: str) -> model.Digest:
    return read_digest(text.encode(), "digest")


def _ingested(store: Store, digest: model.Digest, hours: int = 0) -> Ingested:
    at = make.NOON + timedelta(hours=hours)
    return make.ingest_digest(store, digest, source="files", day=digest.day or make.NOON.date(), now=at)


def _ingest(store: Store, text: str, hours: int) -> Ingested:
    return _ingested(store, _read(text), hours)


def _stored(store: Store) -> dict[str, model.KnownPaper]:
    with store.read() as session:
        return {known.paper.key: known for known in make.stored_papers(session)}


@pytest.mark.both_databases
def test_a_day_in_eight_formats_twice_leaves_one_paper_each(store: Store) -> None:
    assert [_read(text).format for text in ONE_DAY] == [
        "daily_arxiv_md", "daily_arxiv_jsonl", "arxiv_rss", "arxiv_api_atom", "arxiv_listing_mail", "arxiv_listing_pastweek",
        "hf_json", "biorxiv_json",
    ]  # fmt: skip
    counts = []
    for hours, text in enumerate(ONE_DAY):
        done = _ingest(store, text, hours)
        counts.append((done.new, done.updated, done.unchanged))
    assert counts == [
        (2, 0, 0),
        (1, 2, 0),
        (0, 2, 1),
        (0, 1, 1),  # a withdrawal is not counted as an update
        (2, 0, 0),
        (0, 0, 1),  # a paper that only gains a DOI is no news
        (0, 0, 2),
        (1, 0, 0),
    ]
    assert sorted(_stored(store)) == [
        "10.1101/2026.02.10.1", "2501.20005", "2602.20001", "2602.20002", "2602.20003", "2602.20004",
    ]  # fmt: skip

    before = _stored(store)
    for text in reversed(ONE_DAY):
        again = _ingest(store, text, 24)
        assert again == Ingested(already_known=True, unchanged=again.unchanged)
        assert again.unchanged > 0
        assert _ingest(store, text + "\n\n", 24).new == 0
    assert {key: known.paper for key, known in _stored(store).items()} == {
        key: known.paper for key, known in before.items()
    }


@pytest.mark.both_databases
def test_what_a_digest_tells_of_itself_is_kept(store: Store) -> None:
    for text in ONE_DAY:
        _ingest(store, text, 0)
    with store.read() as session:
        digests = {row.format: row for row in session.exec(select(rows.DigestRow))}
        kinds = {(row.digest, row.kind) for row in session.exec(select(rows.AppearanceRow))}
    assert {name: row.date for name, row in digests.items()} == {
        "daily_arxiv_md": make.NOON.date(),
        "daily_arxiv_jsonl": make.NOON.date(),
        "arxiv_rss": date(2026, 2, 11),
        "arxiv_api_atom": date(2026, 2, 12),
        "arxiv_listing_mail": date(2026, 2, 11),
        "arxiv_listing_pastweek": date(2026, 2, 11),
        "hf_json": date(2026, 2, 12),
        "biorxiv_json": date(2026, 2, 11),
    }
    warnings = {name: [(w["code"], w["count"], w["line"]) for w in row.warnings] for name, row in digests.items()}
    assert warnings == {
        "daily_arxiv_md": [("failed_summaries", 1, 35)],
        "daily_arxiv_jsonl": [("duplicate_papers", 1, 4)],
        "arxiv_rss": [],
        "arxiv_api_atom": [("feed_error", 1, 8)],
        "arxiv_listing_mail": [("authors_not_shown", 1, 6)],
        "arxiv_listing_pastweek": [],
        "hf_json": [],
        "biorxiv_json": [("duplicate_papers", 1, 1)],
    }
    assert digests["biorxiv_json"].counts == {"papers": 2, "unique": 1}
    assert {kind for digest, kind in kinds if digest == digests["arxiv_listing_mail"].id} == {"new", "replace"}
    assert {kind for digest, kind in kinds if digest == digests["arxiv_rss"].id} == {"new", "cross"}
    assert {kind for digest, kind in kinds if digest == digests["hf_json"].id} == {""}


REAL_DIGESTS = [
    {
        "hf_json/bv_hf_daily_papers.json": (5, 0),
        "hf_json/sc_hf_papers.json": (25, 5),
        "arxiv_mail/astro-ph_new.txt": (97, 0),
        "arxiv_mail/astro-ph_pastweek.EP.txt": (37, 12),
        "daily_jsonl/dw_2025-03-21_AI_enhanced_Chinese.jsonl": (45, 0),
        "arxiv_feed/sc_api_query_atom.xml": (22, 3),
        "biorxiv_json/ys_biorxiv.json": (3, 0),
    },
    {
        "bilingual/cn_2024-06_cs.IR.md": (10, 0),
        "bilingual/cn_2024-06_cs.IR.xml": (0, 10),
        "bilingual/cn_2023-04_cs.IR.xml": (14, 0),
        "bilingual/cn_2023-04_cs.IR.md": (0, 14),
        "bilingual/cn_paper_2305.17574.json": (1, 0),
        "bilingual/ha_GLU_Variants_Improve_Transformer.md": (1, 0),
        "bilingual/ha_month_index.md": (394, 0),
    },
]


@pytest.mark.parametrize("expected", REAL_DIGESTS, ids=["many formats", "two languages"])
def test_real_digests_meet_in_one_store(store: Store, shared: Path, expected: dict[str, tuple[int, int]]) -> None:
    found = {}
    for name in expected:
        done = _ingested(store, read_digest((shared / "corpus" / name).read_bytes(), name))
        found[name] = (done.new, done.updated + done.unchanged)
    assert found == expected

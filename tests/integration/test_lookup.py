"""What is asked of arXiv: a paper that a person names and the store lacks, which no other chat gets, and what digests lack."""

import json
from collections import abc
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.app import App
from bot.run import listeners as worker
from bot.sources import arxiv_lookup
from bot.sources.ingest import store_digest
from subscriptions.database import tables
from subscriptions.database.store import Store
from subscriptions.model import Paper
from subscriptions.plan.plan import plan_due
from tests import source_harness, stored
from tests.fakes.arxiv import FakeArxiv
from tests.fakes.telegram import FakeTelegram
from tests.integration.program import RestingClock
from tests.integration.telegram_bot import a_bot, posts
from tests.make import DAY, MINUTE, digest, ingested, paper, subscribes
from tests.source_harness import SourceHarness, arxiv_source, web_source

ID = "2601.09001"
FORGETS = paper("Graphs that forget", "cs.LG", arxiv_id=ID, abstract="They do.", authors=("Ada Example",))


@pytest.fixture
def clock() -> RestingClock:
    return RestingClock()


@asynccontextmanager
async def asking(
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock, arxiv: FakeArxiv
) -> abc.AsyncIterator[App]:
    """Yields a bot that listens and looks papers up at the fake arXiv. The end of the block cancels open look-ups."""
    async with a_bot(tmp_path, telegram, clock) as app:
        receivers = app.receivers()
        sources = SourceHarness(app.store, clock, arxiv, arxiv_source("cs.LG"))
        async with worker.listening(app, receivers, sources.scheduler.lookup):
            yield app


@pytest.fixture
async def app(tmp_path: Path, telegram: FakeTelegram, clock: RestingClock, arxiv: FakeArxiv) -> abc.AsyncIterator[App]:
    async with asking(tmp_path, telegram, clock, arxiv) as made:
        yield made


def said(telegram: FakeTelegram, chat: str = "7") -> list[str]:
    return [entry.text.replace("\u2060", "") for entry in telegram.posted_to(chat)]


async def asks(telegram: FakeTelegram, text: str, answers: int = 1) -> None:
    """A person writes `text`. Waits until the bot has posted `answers` messages since its start."""
    telegram.user_writes(text, "7")
    await posts(telegram, answers, "7")


@pytest.mark.usefixtures("app")
async def test_the_answer_is_the_card(telegram: FakeTelegram, arxiv: FakeArxiv) -> None:
    arxiv.knows(FORGETS)
    await asks(telegram, f"see https://www.alphaxiv.org/abs/{ID}v2")
    (card,) = said(telegram)
    assert card.startswith("Graphs that forget\nAda Example · cs.LG · 2601.09001")
    assert "They do." in card
    await asks(telegram, ID, 2)
    assert said(telegram)[1].startswith("Graphs that forget")
    assert len(arxiv.asked("id_list")) == 1, "the next time it is found here"


@pytest.mark.usefixtures("app")
async def test_only_what_arxiv_does_not_know_is_refused(telegram: FakeTelegram, arxiv: FakeArxiv) -> None:
    arxiv.knows(FORGETS)
    await asks(telegram, "2601.99999")
    await asks(telegram, f"{ID} and 2601.99998", 2)
    refused, cards = said(telegram)
    assert refused == "✗ arXiv knows no paper 2601.99999."
    assert cards.startswith("arXiv knows no paper 2601.99998.")
    assert "Graphs that forget" in cards


@pytest.mark.parametrize("fault", ["answers_429", "sends_html", "breaks_off"])
@pytest.mark.usefixtures("app")
async def test_while_arxiv_is_away_a_sentence_and_a_link_say_so(
    telegram: FakeTelegram, arxiv: FakeArxiv, fault: str
) -> None:
    getattr(arxiv, fault)()
    await asks(telegram, ID)
    assert said(telegram) == [f"✗ arXiv does not answer now, so I do not know {ID}. Ask again in a minute."]
    assert f"https://arxiv.org/abs/{ID}" in str(telegram.posted_to("7")[0].payload)


@pytest.mark.usefixtures("app")
async def test_nobody_waits_longer_than_three_seconds_and_what_comes_later_is_there_then(
    telegram: FakeTelegram, arxiv: FakeArxiv, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert arxiv_lookup.LOOKUP_TIMEOUT_SECONDS < 3
    monkeypatch.setattr(arxiv_lookup, "LOOKUP_TIMEOUT_SECONDS", 0)
    arxiv.knows(FORGETS)
    await asks(telegram, ID)
    assert said(telegram)[0].endswith("Ask again in a minute.")
    monkeypatch.undo()
    await asks(telegram, ID, 2)
    assert said(telegram)[1].startswith("Graphs that forget")


# what a digest lacks is asked of arXiv before its papers are stored, so that they match at once

AUTHORS = ("Ada Example", "Bo Beispiel")
TODAY = date(2026, 1, 22)


@pytest.fixture
def feeding(store: Store, clock: RestingClock, arxiv: FakeArxiv) -> SourceHarness:
    clock.advance(source_harness.new_york("2026-01-22 12:00") - clock.now())
    arxiv.announces(TODAY, paper("Of today", "cs.LG"))
    return SourceHarness(store, clock, arxiv, arxiv_source("cs.LG"), web_source(f"{arxiv.url}/list.json", name="list"))


NAMED = paper("Graphs that forget", "cs.LG", arxiv_id="2601.09001", authors=AUTHORS)


def bare(title: str, arxiv_id: str | None = None, **values: object) -> Paper:
    """Returns a paper without authors, as in lists that name none. It has no categories."""
    return paper(title, arxiv_id=arxiv_id, authors=(), abstract=f"We look at {title or 'it'}.", **values)  # type: ignore[arg-type]


BARE = bare("Graphs that forget", ID)


async def brings(feeding: SourceHarness, *papers: Paper, day: date = TODAY) -> None:
    """A list brings papers."""
    deps = feeding.scheduler._deps
    await store_digest(deps.app, digest(*papers, day=day), source="list", complete=deps.complete)


def many(count: int, arxiv: FakeArxiv) -> list[Paper]:
    """Returns so many papers without arXiv's facts, which arXiv knows."""
    ids = [f"2601.{number:05d}" for number in range(10_000, 10_000 + count)]
    arxiv.knows(*(paper(f"Paper {one}", "cs.LG", arxiv_id=one, authors=AUTHORS) for one in ids))
    return [bare("", one) for one in ids]


def incomplete(store: Store) -> list[str]:
    """Returns the keys of the papers without categories."""
    with store.reading() as session:
        papers = session.exec(select(tables.PaperRow).order_by(tables.PaperRow.id))  # type: ignore[arg-type]
        return [one.key for one in papers if not one.categories]


@pytest.mark.both_databases
async def test_what_a_list_lacks_is_known_when_its_papers_are_matched(
    store: Store, clock: RestingClock, arxiv: FakeArxiv, feeding: SourceHarness
) -> None:
    for name, query in {"words": "graphs", "category": "cat:cs.LG", "author": "author:Beispiel"}.items():
        subscribes(store, f"console:{name}", query, when="now", now=clock.now())
    clock.advance(timedelta(minutes=1))
    entry = {"id": ID, "title": BARE.title, "submittedOnDailyAt": "2026-01-22T00:00:00.000Z"}
    arxiv.holds("/list.json", json.dumps([{"paper": entry}]))
    arxiv.knows(NAMED)
    await feeding.poll("list")
    for later in (MINUTE, DAY):
        plan_due(store, now=clock.now())
        found = [chat for chat, title in stored.delivered(store) if title == NAMED.title]
        assert found == ["console:author", "console:category", "console:words"]
        clock.advance(later)
        arxiv.announces(TODAY, NAMED)
        await feeding.due()
    assert len(arxiv.asked("id_list")) == 1


async def test_a_paper_is_completed_by_a_title_that_fits_one_only(
    store: Store, arxiv: FakeArxiv, feeding: SourceHarness
) -> None:
    arxiv.knows(
        paper("$\\alpha$-Graphs: they don't forget", "cs.LG", arxiv_id="2601.09001", authors=AUTHORS),
        paper("Trees", "cs.LG", arxiv_id="2601.09002"),
        paper("Trees", "math.CO", arxiv_id="2601.09003"),
        paper("Nets of nets", "cs.LG", arxiv_id="2601.09004"),
        paper("Nets", "cs.LG", arxiv_id="2601.09005"),
    )
    await brings(feeding, bare("$\\alpha$-graphs: They don’t forget"), bare("Trees"), bare("Nets"))
    with store.reading() as session:
        found = {one.title: one.arxiv_id for one in session.exec(select(tables.PaperRow))}
    assert found == {"$\\alpha$-graphs: They don’t forget": "2601.09001", "Trees": None, "Nets": "2601.09005"}
    asked = arxiv.asked("/api/")
    assert len(asked) == 3
    assert "ti:%22Nets%22" in "".join(asked)


@pytest.mark.parametrize(
    ("papers", "day"),
    [
        ([BARE], TODAY - 30 * DAY),
        ([paper("Cells", arxiv_id=None, authors=(), doi="10.1101/2026.01.22.000001")], TODAY),
        ([bare("扩散模型"), paper("Whole", "cs.LG")], TODAY),
        ([bare("Known to the store", "2601.09003")], TODAY),
    ],
    ids=["of an archive", "of another publisher", "without words or complete", "that the store knows"],
)
async def test_of_some_papers_nobody_is_asked(
    store: Store, arxiv: FakeArxiv, feeding: SourceHarness, papers: list[Paper], day: date
) -> None:
    ingested(store, paper("Known to the store", "cs.LG", arxiv_id="2601.09003"), now=feeding.clock.now())
    await brings(feeding, *papers, day=day)
    assert arxiv.asked("/api/") == []


async def test_ids_are_asked_for_in_batches_and_refused_ones_in_halves(
    store: Store, arxiv: FakeArxiv, feeding: SourceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv_lookup, "IDS_PER_REQUEST", 8)
    papers = many(10, arxiv)
    arxiv.reports("incorrect id format for 2601.10003", 99, at="2601.10003")
    await brings(feeding, *papers)
    assert incomplete(store) == ["2601.10003"]
    assert sorted(path.count(",") + 1 for path in arxiv.asked("id_list")) == [1, 1, 2, 2, 2, 4, 4, 8]


@pytest.mark.parametrize("fault", ["answers_429", "sends_html"])
async def test_an_arxiv_that_fails_is_left_alone_for_a_while(
    store: Store, clock: RestingClock, arxiv: FakeArxiv, feeding: SourceHarness, fault: str
) -> None:
    papers = many(4, arxiv)
    getattr(arxiv, fault)()
    for one in papers:
        await brings(feeding, one)
        clock.advance(timedelta(seconds=arxiv_lookup.BACKOFF_SECONDS / 2))
    assert incomplete(store) == [one.key for one in papers[:2]]
    assert len(arxiv.asked("id_list")) == 3  # the second digest did not wait


async def test_a_slow_arxiv_holds_up_no_digest(
    store: Store, arxiv: FakeArxiv, feeding: SourceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv_lookup, "DIGEST_TIMEOUT_SECONDS", 0.1)
    arxiv.hangs()
    await brings(feeding, BARE)
    assert incomplete(store) == [ID]

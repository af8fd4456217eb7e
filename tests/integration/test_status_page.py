"""The status page of operators: what waits and why, retry and dismiss, sources day by day, messages by hour."""

import re
from collections import abc
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from bot.app import App, build_app
from bot.operation import findings
from bot.operation.findings import Problem
from bot.pages import status
from bot.ports import measurements
from bot.ports.conversation import PageFrame, PageRequest, Visitor
from bot.settings.loading import load_settings
from subscriptions.model import ChatAddress
from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.service import (
    notices,
    sending,
    source_notices,
)
from subscriptions.service.plan import plan_due
from subscriptions.states import PauseReason
from subscriptions.store import sources
from tests.clock import NOON, FakeClock
from tests.integration.program import opened
from tests.make import DAY, ingested, paper, subscribes


@pytest.fixture
async def app(tmp_path: Path, clock: FakeClock) -> abc.AsyncIterator[App]:
    async with opened(
        build_app(load_settings({"PAPERWIRE_DATABASE_URL": f"sqlite:///{tmp_path}/status.db"}, tmp_path), clock=clock)
    ) as app:
        yield app


@pytest.fixture
def work(app: App) -> status.RecentWork:
    return status.RecentWork(app.clock)


@pytest.fixture
def page(app: App, work: status.RecentWork) -> status.StatusPage:
    return status.StatusPage(app, work)


def asked(
    language: str = "en", *, query: dict[str, str] | None = None, form: dict[str, str] | None = None
) -> PageRequest:
    frame = PageFrame(
        path="/status",
        language=language,
        token="secret",
        visitor=Visitor(name="me", is_operator=True),
    )
    return PageRequest(frame=frame, headers={}, query=query or {}, form=form or {})


async def shown(page: status.StatusPage, language: str = "en", **query: str) -> str:
    return str((await page.show(asked(language, query=query))).body)


def words(html: str) -> str:
    """Returns the text of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


async def says(page: status.StatusPage, *texts: str, language: str = "en", **query: str) -> None:
    """Fails the test if the page does not show all these texts."""
    found = words(await shown(page, language, **query))
    assert [text for text in texts if text not in found] == [], found


def waits(app: App, chats: int = 1, *, platform: str = "telegram") -> list[str]:
    """Plans one delivery to each of this number of chats. Returns the ids of the deliveries."""
    for chat in range(chats):
        subscribes(app.store, f"{platform}:{1000 + chat}", "diffusion", every="now", now=NOON - DAY)
    ingested(app.store, paper("Diffusion <b>models</b>", "cs.LG", arxiv_id="2601.00001"), now=NOON)
    plan_due(app.store, now=NOON)
    return [one.id for one in sending.outbox_entries(app.store, now=NOON, over=False)]


async def test_what_waits_is_listed_given_up_and_taken_back(page: status.StatusPage, app: App) -> None:
    assert all(one.for_operators for one in page.all())
    await says(
        page,
        "Status Is everything all right? All is well. It has run since Thu 22 Jan 12:00.",
        "Came today No papers yet.",
        "Went out today No delivery yet. Nothing waits.",
    )
    (delivery,) = waits(app)
    await says(page, "telegram:1000 planned · 1 paper · since Thu 22 Jan 12:00")
    chinese = words(await shown(page, "zh"))
    assert "telegram:1000 已计划 · 1 篇论文 · 自 1月22日 周四 12:00" in chinese
    assert not re.search(r"What waits|planned|retry|There is no copy|Came|wait|It has run|Source", chinese)
    assert (
        await page.press(asked(form={"delivery": delivery, "action": "dismiss"}))
    ).location == "/status?done=dismiss"
    await says(page, "Nothing waits.", "It is given up; retry takes that back.", done="dismiss")
    await page.press(asked(form={"delivery": delivery, "action": "retry"}))
    await says(page, "telegram:1000 planned")
    assert str(app.store.path) not in await shown(page), "no setting is shown"


@pytest.mark.parametrize(
    ("form", "location"),
    [
        ({"delivery": "no-such", "action": "retry"}, "/status?done=gone"),
        ({"delivery": "no-such", "action": "dismiss"}, "/status?done=gone"),
        ({"action": "drop"}, "/status"),
        ({}, "/status"),
    ],
)
async def test_what_cannot_be_done_changes_nothing(
    page: status.StatusPage, app: App, form: dict[str, str], location: str
) -> None:
    waits(app)
    assert (await page.press(asked(form=form))).location == location
    await says(page, "telegram:1000 planned")


async def test_what_waits_is_counted_and_the_first_are_shown(page: status.StatusPage, app: App) -> None:
    waits(app, chats=status.SHOWN + 1)
    assert (await shown(page)).count('value="retry"') == status.SHOWN
    await says(
        page,
        "There are more; paperwire outbox lists all of them.",
        f"No delivery yet. {status.SHOWN + 1} deliveries wait, the first since Thu 22 Jan 12:00.",
    )
    notices.pause_unreachable(
        app.store,
        ChatAddress("telegram", "1000"),
        "It left.",
        topic=False,
        reason=PauseReason.GONE,
        now=NOON,
    )
    await says(
        page, f"{status.SHOWN} deliveries wait, the first since Thu 22 Jan 12:00. 1 is held: its chat is paused."
    )


def polled(app: App, name: str, *outcomes: tuple[int, Outcome]) -> None:
    """Adds a source with polls. `outcomes` are the polls: (days ago, outcome)."""
    sources.sync_sources(
        app.store, [sources.SourceFact(name=name, kind="rss", location="feed")], now=NOON, are_all=False
    )
    for back, outcome in sorted(outcomes, reverse=True):
        source_notices.note_poll(
            app.store,
            Receipt(source=name, at=NOON - back * DAY, outcome=outcome, detail="It says 404."),
            sources.SourceState(on=True),
            {},
        )


async def test_each_day_of_a_source_has_its_outcome(page: status.StatusPage, app: App) -> None:
    polled(
        app,
        "feed<1>",
        (0, Outcome.STALE),
        (0, Outcome.NEW),
        (1, Outcome.QUIET),
        (2, Outcome.STALE),
        (2, Outcome.FAILED),
        (4, Outcome.NEW),
        (5, Outcome.LATE),
        (40, Outcome.NEW),
    )
    found = await shown(page)
    picture = found[found.index("<svg") : found.index("</svg>")]
    assert re.findall(r'rect class="(\w+)"', picture)[-7:] == ["none", "late", "new", "none", "failed", "quiet", "new"]
    assert "<title>22 Jan: papers came</title>" in picture
    assert "feed&lt;1&gt;: papers on 2 of 6 days, failed on 1" in found
    assert "feed<1>" not in found


async def test_few_days_of_sources_are_told_without_a_picture(page: status.StatusPage, app: App) -> None:
    polled(app, "feed", *((back, Outcome.NEW) for back in range(4)))
    found = await shown(page)
    assert "<svg" not in found
    assert "Sources in the last four weeks feed: papers on 4 of 4 days Database" in words(found)


async def test_messages_are_counted_by_hour_and_outcome(
    page: status.StatusPage, work: status.RecentWork, clock: FakeClock
) -> None:
    for outcome in ("sent", "sent", "retry_later"):
        work.observe(measurements.MessageTried(platform="telegram", kind="delivery", outcome=outcome, seconds=0.1))
    for _ in range(4):
        assert "<svg" not in await shown(page), "a picture of fewer than five hours says nothing"
        clock.advance(timedelta(hours=1))
        work.observe(measurements.MessageTried(platform="telegram", kind="delivery", outcome="sent", seconds=0.1))
    found = await shown(page)
    assert "<title>12:00: 2 messages sent, 1 failed attempt</title>" in found
    assert "<title>13:00: 1 message sent</title>" in found
    assert "6 messages sent, 1 failed attempt, answers included, since Thu 22 Jan 12:00." in words(found)
    clock.advance(timedelta(days=2))
    work.observe(measurements.MessageTried(platform="telegram", kind="delivery", outcome="sent", seconds=0.1))
    await says(page, "1 message sent, answers included, since Fri 23 Jan 17:00.")


async def test_plans_are_told_once_there_are_many(page: status.StatusPage, work: status.RecentWork) -> None:
    work.observe(measurements.PlanMade(deliveries=0, seconds=9, matching_seconds=9))
    for number in range(20):
        assert " plan" not in words(await shown(page))
        seconds = 7 if number == 3 else number % 2 + 1
        work.observe(measurements.PlanMade(deliveries=10, seconds=seconds, matching_seconds=seconds / 4))
    await says(
        page,
        "Of the last 20 plans with 200 deliveries, half took 2.00 s or less, the longest 7.00 s; matching was 25 % of it.",
    )


async def test_a_source_that_is_behind_is_named_with_what_to_do(page: status.StatusPage, app: App) -> None:
    polled(app, "a feed", (0, Outcome.FAILED), (1, Outcome.NEW))
    cure = "It is tried again by itself; at once by paperwire sources poll 'a feed'."
    problem = f"a feed cannot be read. It says 404. since Wed 21 Jan 12:00 · {cure}"
    await says(page, f"Is everything all right? {problem} Came today", "a feed behind 0 Wed 21 Jan 12:00")
    assert "All is well." not in words(await shown(page))


async def test_what_came_today_is_told_for_each_source(page: status.StatusPage, app: App) -> None:
    polled(app, "feed", (0, Outcome.NEW))
    polled(app, "list", (2, Outcome.NEW))
    ingested(app.store, paper("Before midnight", arxiv_id="2601.00011"), source="feed", now=NOON - DAY)
    ingested(
        app.store,
        paper("A", arxiv_id="2601.00012"),
        paper("B", arxiv_id="2601.00013"),
        source="feed",
        now=NOON - DAY / 4,
    )
    ingested(
        app.store,
        paper("B", arxiv_id="2601.00013"),
        paper("C", arxiv_id="2601.00014"),
        source="by hand",
        now=NOON,
    )
    await says(
        page,
        "Came today 3 papers Source Papers Last arrival",
        "feed 2 06:00 list 0 Tue 20 Jan 12:00 by hand 2 12:00",
    )


async def test_what_went_out_is_counted_today(app: App, page: status.StatusPage, clock: FakeClock) -> None:
    waits(app, chats=2, platform="web")
    await app.sender.send_once()
    await says(page, "Went out today 2 messages to 2 chats Nothing waits.")
    clock.advance(DAY)
    await says(page, "Went out today No delivery yet. Nothing waits.")


async def test_what_the_process_knows_is_told(app: App, work: status.RecentWork) -> None:
    problems = {"telegram": Problem("it does not answer", 7200), "daily work": Problem("the clean-up failed", 0)}
    page = status.StatusPage(app, work, lambda: findings.parts_of(problems, NOON))
    await says(
        page,
        "telegram: it does not answer since Thu 22 Jan 10:00 · The log says more.",
        "daily work: the clean-up failed The log says more.",
    )
    sending.stop_platform(app.store, "telegram", "3 of 4 chats are gone.", [], now=NOON)
    await says(
        page,
        "Sending to Telegram has stopped. 3 of 4 chats are gone. Nothing is lost. paperwire check says how to mend it.",
    )
    assert "it does not answer" not in words(await shown(page)), "it is told once"

"""The status page for operators: what waits and why, retry and dismiss, the sources day by day, messages by hour."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from bot.app import App, build_app
from bot.operation import status
from bot.operation.health import Problem
from bot.ports import conversation
from bot.ports.channel import MessageTried, PlanMade
from bot.settings.loading import load_settings
from subscriptions.model import ChatAddress
from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.service import notices, sending
from subscriptions.service.plan import plan_due
from subscriptions.states import PauseReason
from subscriptions.store import sources
from tests import make


@pytest.fixture
async def app(tmp_path: Path, clock: make.FakeClock) -> AsyncIterator[App]:
    url = f"sqlite:///{tmp_path}/status.db"
    app = build_app(load_settings({"PAPERWIRE_DATABASE_URL": url}, tmp_path), clock=clock)
    app.open()
    yield app
    await app.close()


@pytest.fixture
def work(app: App) -> status.RecentWork:
    return status.RecentWork(app.clock)


@pytest.fixture
def page(app: App, work: status.RecentWork) -> status.StatusPage:
    return status.StatusPage(app, work)


def asked(
    language: str = "en", *, query: dict[str, str] | None = None, form: dict[str, str] | None = None
) -> conversation.PageRequest:
    visitor = conversation.Visitor(name="me", is_operator=True)
    frame = conversation.PageFrame(
        path="/status", language=language, has_chosen_language=True, token="secret", visitor=visitor
    )
    return conversation.PageRequest(frame=frame, headers={}, query=query or {}, form=form or {})


async def shown(page: status.StatusPage, language: str = "en", **query: str) -> str:
    return str((await page.show(asked(language, query=query))).body)


def words(html: str) -> str:
    """Returns the text of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def waits(app: App, chats: int = 1, *, platform: str = "telegram") -> list[str]:
    """Plans deliveries to this number of chats. Returns their ids."""
    for chat in range(chats):
        make.subscribes(app.store, f"{platform}:{1000 + chat}", "diffusion", every="now", now=make.NOON - make.DAY)
    make.ingested(app.store, make.paper("Diffusion <b>models</b>", "cs.LG", arxiv_id="2601.00001"), now=make.NOON)
    plan_due(app.store, now=make.NOON)
    return [one.id for one in sending.outbox_entries(app.store, now=make.NOON, over=False)]


async def test_what_waits_is_listed_given_up_and_taken_back(page: status.StatusPage, app: App) -> None:
    assert all(one.for_operators for one in page.all())
    found = words(await shown(page))
    assert "Status Is everything all right? All is well. It has run since Thu 22 Jan 12:00." in found
    assert "Came today No papers yet." in found
    assert "Went out today No delivery yet. Nothing waits." in found
    (delivery,) = waits(app)
    assert "telegram:1000 planned · 1 paper · since Thu 22 Jan 12:00" in words(await shown(page))
    chinese = words(await shown(page, "zh"))
    assert "telegram:1000 已计划 · 1 篇论文 · 自 1月22日 周四 12:00" in chinese
    assert not re.search(r"What waits|planned|retry|There is no copy|Came|wait|It has run|Source", chinese)
    answer = await page.press(asked(form={"delivery": delivery, "action": "dismiss"}))
    assert answer.location == "/status?done=dismiss"
    found = words(await shown(page, done="dismiss"))
    assert "Nothing waits." in found
    assert "It is given up; retry takes that back." in found
    await page.press(asked(form={"delivery": delivery, "action": "retry"}))
    assert "telegram:1000 planned" in words(await shown(page))
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
    assert "telegram:1000 planned" in words(await shown(page))


async def test_what_waits_is_counted_and_the_first_are_shown(page: status.StatusPage, app: App) -> None:
    waits(app, chats=status.SHOWN + 1)
    found = await shown(page)
    assert found.count('value="retry"') == status.SHOWN
    assert "There are more; paperwire outbox lists all of them." in words(found)
    assert f"No delivery yet. {status.SHOWN + 1} deliveries wait, the first since Thu 22 Jan 12:00." in words(found)
    notices.pause_unreachable(
        app.store, ChatAddress("telegram", "1000"), "It left.", topic=False, reason=PauseReason.GONE, now=make.NOON
    )
    found = words(await shown(page))
    assert f"{status.SHOWN} deliveries wait, the first since Thu 22 Jan 12:00. 1 is held: its chat is paused." in found


def polled(app: App, name: str, *outcomes: tuple[int, Outcome]) -> None:
    """Makes a source with polls. `outcomes`: (days ago, outcome)."""
    sources.sync_sources(
        app.store, [sources.SourceFact(name=name, kind="rss", location="feed")], now=make.NOON, are_all=False
    )
    for back, outcome in sorted(outcomes, reverse=True):
        receipt = Receipt(source=name, at=make.NOON - back * make.DAY, outcome=outcome, detail="It says 404.")
        notices.note_poll(app.store, receipt, sources.SourceState(on=True), {})


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
    page: status.StatusPage, work: status.RecentWork, clock: make.FakeClock
) -> None:
    for outcome in ("sent", "sent", "retry_later"):
        work.observe(MessageTried(platform="telegram", kind="delivery", outcome=outcome, seconds=0.1))
    for _ in range(4):
        assert "<svg" not in await shown(page), "a picture of fewer than five hours says nothing"
        clock.advance(timedelta(hours=1))
        work.observe(MessageTried(platform="telegram", kind="delivery", outcome="sent", seconds=0.1))
    found = await shown(page)
    assert "<title>12:00: 2 messages sent, 1 failed attempt</title>" in found
    assert "<title>13:00: 1 message sent</title>" in found
    assert "6 messages sent, 1 failed attempt, answers included, since Thu 22 Jan 12:00." in words(found)
    clock.advance(timedelta(days=2))
    work.observe(MessageTried(platform="telegram", kind="delivery", outcome="sent", seconds=0.1))
    said = "1 message sent, answers included, since Fri 23 Jan 17:00."
    assert said in words(await shown(page))


async def test_plans_are_told_once_there_are_many(page: status.StatusPage, work: status.RecentWork) -> None:
    work.observe(PlanMade(deliveries=0, seconds=9, matching_seconds=9))
    for number in range(20):
        assert " plan" not in words(await shown(page))
        seconds = 7 if number == 3 else number % 2 + 1
        work.observe(PlanMade(deliveries=10, seconds=seconds, matching_seconds=seconds / 4))
    said = "Of the last 20 plans with 200 deliveries, half took 2.00 s or less, the longest 7.00 s; matching was 25 % of it."
    assert said in words(await shown(page))


async def test_a_source_that_is_behind_is_named_with_what_to_do(page: status.StatusPage, app: App) -> None:
    polled(app, "a feed", (0, Outcome.FAILED), (1, Outcome.NEW))
    found = words(await shown(page))
    problem = "a feed is behind. It says 404. since Wed 21 Jan 12:00 · To look again: paperwire sources poll 'a feed'"
    assert f"Is everything all right? {problem} Came today" in found
    assert "All is well." not in found
    assert "a feed behind 0 Wed 21 Jan 12:00" in found


async def test_what_came_today_is_told_for_each_source(page: status.StatusPage, app: App) -> None:
    polled(app, "feed", (0, Outcome.NEW))
    polled(app, "list", (2, Outcome.NEW))
    make.ingested(
        app.store, make.paper("Before midnight", arxiv_id="2601.00011"), source="feed", now=make.NOON - make.DAY
    )
    make.ingested(
        app.store,
        make.paper("A", arxiv_id="2601.00012"),
        make.paper("B", arxiv_id="2601.00013"),
        source="feed",
        now=make.NOON - make.DAY / 4,
    )
    make.ingested(
        app.store,
        make.paper("B", arxiv_id="2601.00013"),
        make.paper("C", arxiv_id="2601.00014"),
        source="by hand",
        now=make.NOON,
    )
    found = words(await shown(page))
    assert "Came today 3 papers Source Papers Last arrival" in found
    assert "feed 2 06:00 list 0 Tue 20 Jan 12:00 by hand 2 12:00" in found


async def test_what_went_out_is_counted_today(app: App, page: status.StatusPage, clock: make.FakeClock) -> None:
    waits(app, chats=2, platform="web")
    await app.sender.send_once()
    assert "Went out today 2 messages to 2 chats Nothing waits." in words(await shown(page))
    clock.advance(make.DAY)
    assert "Went out today No delivery yet. Nothing waits." in words(await shown(page))


PROBLEMS = {
    "telegram": Problem("it does not answer", 7200),
    "daily work": Problem("the clean-up failed", 0),
}


async def test_what_the_process_knows_is_told(app: App, work: status.RecentWork) -> None:
    page = status.StatusPage(app, work, lambda: PROBLEMS)
    found = words(await shown(page))
    assert "telegram: it does not answer since Thu 22 Jan 10:00 · The log says more." in found
    assert "daily work: the clean-up failed The log says more." in found
    sending.stop_platform(app.store, "telegram", "3 of 4 chats are gone.", [], now=make.NOON)
    found = words(await shown(page))
    assert "Sending to Telegram has stopped. 3 of 4 chats are gone. paperwire check says how to mend it." in found
    assert "it does not answer" not in found, "it is told once"

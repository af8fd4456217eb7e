"""The two pages that operators watch: `/metrics`, which Prometheus reads, and the status page.

Prometheus' own parser reads `/metrics`, and each test compares the values with what the bot did before.
"""

import dataclasses
import re
from collections import abc
from contextlib import asynccontextmanager
from datetime import timedelta
from html import unescape
from pathlib import Path
from unittest.mock import Mock

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from bot.app import App, build_app
from bot.operation import metrics as operation_metrics
from bot.operation import status, web_server
from bot.operation.health import Problem
from bot.ports import channel, conversation
from bot.settings import Settings
from bot.settings.loading import load_settings
from subscriptions import model
from subscriptions.planning import receipts
from subscriptions.service import notices, sending
from subscriptions.service.pausing import pause
from subscriptions.service.plan import plan_due
from subscriptions.states import PauseReason
from subscriptions.store import sources
from tests import make
from tests.fakes.telegram import FakeTelegram
from tests.integration.docs_pages import DOCS
from tests.integration.telegram_bot import a_bot, opened
from tests.stored import change


@dataclasses.dataclass(frozen=True)
class Page:
    """One answer of `/metrics`."""

    text: str
    types: abc.Mapping[str, str]
    samples: abc.Mapping[tuple[str, frozenset[tuple[str, str]]], float]  # name and labels → value

    def __call__(self, name: str, **labels: str) -> float | None:
        """Returns the value of the sample with this name and these labels; None if the page does not have it."""
        return self.samples.get((name, frozenset(labels.items())))


@dataclasses.dataclass
class Bot:
    """An app with its web address."""

    app: App
    url: str = ""
    problems: dict[str, str] = dataclasses.field(default_factory=dict)

    async def scrape(self) -> Page:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{self.url}/metrics")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/plain")
        families = list(text_string_to_metric_families(answer.text))
        samples = {
            (one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples
        }
        return Page(answer.text, {family.name: family.type for family in families}, samples)


@asynccontextmanager
async def bot_with(
    tmp_path: Path,
    clock: make.FakeClock,
    telegram: FakeTelegram,
    metrics: tuple[operation_metrics.Gauge, ...] | None = None,
) -> abc.AsyncIterator[Bot]:
    async with a_bot(tmp_path, telegram, clock) as app:
        bot = Bot(app)
        counted = operation_metrics.Metrics(app, lambda: bot.problems, metrics or operation_metrics.METRICS)
        app.context.observe.listeners.append(counted.observe)
        async with web_server.serving(app.settings, web_server.health_app(dict, metrics=counted.page)) as bot.url:
            yield bot


@pytest.fixture
async def bot(tmp_path: Path, clock: make.FakeClock, telegram: FakeTelegram) -> abc.AsyncIterator[Bot]:
    async with bot_with(tmp_path, clock, telegram) as made:
        yield made


async def test_what_was_sent_is_counted_and_no_label_names_a_person(bot: Bot, telegram: FakeTelegram) -> None:
    for chat in ("7001", "7002", "7003", "-1007004"):
        make.subscribes(bot.app.store, f"telegram:{chat}", "zebrafinch", every="now", name="warbler")
    make.ingested(bot.app.store, make.paper("A zebrafinch"))
    telegram.answers("429", chat="7002", retry_after=600)
    telegram.blocks("7003")
    await bot.app.sender.deliver()
    page = await bot.scrape()
    posts = {"platform": "telegram", "kind": "delivery"}
    outcomes = {"sent": 2, "retry_later": 1, "chat_gone": 1}
    assert {one: page("paperwire_messages_total", **posts, outcome=one) for one in outcomes} == outcomes
    assert [
        page(f"paperwire_{one}")
        for one in ("deliveries_planned_total", "planning_seconds_count", "matching_seconds_count")
    ] == [4, 1, 1]
    of_telegram = {"message_seconds_count": 4, "lanes_held": 1, "deliveries_waiting": 1, "deliveries_held": 1}
    assert {one: page(f"paperwire_{one}", platform="telegram") for one in of_telegram} == of_telegram
    for hidden in ("7001", "7004", "zebrafinch", "warbler", telegram.token, telegram.token.partition(":")[2]):
        assert hidden not in without_moments(page.text)
    known = {
        "sender_stopped",
        "unclear",
        "failed",
        "delivery",
        "reply",
        "connection",
        "stream",
        "refused",
        "database",
        "wal",
    }
    labels = [label for _, of_one in page.samples for label in of_one]
    assert {value for name, value in labels if name not in ("le", "version", "python")} <= {
        *known,
        *outcomes,
        *bot.app.platforms,
    }


def without_moments(text: str) -> str:
    """Removes the values of moments and lengths of time from a page, because they may contain any digits."""
    return re.sub(r"^(process_\w+|\w+_(?:created|sum|seconds)(?:\{.*\})?) \S+$", r"\1", text, flags=re.MULTILINE)


async def test_counters_that_alerts_watch_begin_at_zero(bot: Bot, telegram: FakeTelegram) -> None:
    """An alert watches the increase of a counter. If a series began with the value 1, Prometheus would see no increase."""
    increases = re.findall(r"increase\((\w+)\{(\w+)=\"(\w+)\"\}\[", (DOCS / "alerts.yml").read_text("utf-8"))
    assert increases
    page = await bot.scrape()
    for name, label, value in increases:
        found = [
            number
            for (sample, labels), number in page.samples.items()
            if sample == name and {(label, value), ("platform", "telegram")} <= labels
        ]
        assert found, (name, value)
        assert set(found) == {0}
    make.due(bot.app.store, "telegram:1")
    telegram.revokes()
    await bot.app.sender.deliver()
    page = await bot.scrape()
    assert page("paperwire_messages_total", platform="telegram", kind="delivery", outcome="sender_stopped") == 1


async def test_what_waits_is_read_from_the_store_when_it_is_asked_for(
    bot: Bot, clock: make.FakeClock, telegram: FakeTelegram
) -> None:
    assert (await bot.scrape())("paperwire_oldest_waiting_seconds", platform="telegram") == 0
    make.due(bot.app.store, "telegram:1")
    telegram.goes_down()
    await bot.app.sender.deliver()
    clock.advance(timedelta(hours=2))
    page = await bot.scrape()
    assert page("paperwire_oldest_waiting_seconds", platform="telegram") == 7200
    pause(bot.app.store, make.address("telegram:1"), None, until=None, now=clock.now())
    page = await bot.scrape()
    assert page("paperwire_oldest_waiting_seconds", platform="telegram") == 0
    assert page("paperwire_deliveries_held", platform="telegram") == 1


async def test_dead_letters_count_until_they_are_dismissed(bot: Bot, telegram: FakeTelegram) -> None:
    make.due(bot.app.store, "telegram:1")
    object.__setattr__(bot.app.context, "render_delivery", Mock(side_effect=ValueError("broken")))
    await bot.app.sender.deliver()
    assert (await bot.scrape())("paperwire_deliveries_dead", platform="telegram") == 1
    change(bot.app.store, "UPDATE delivery SET dismissed_at = settled_at")
    assert (await bot.scrape())("paperwire_deliveries_dead", platform="telegram") == 0


@pytest.mark.parametrize(
    ("outcome", "due_in", "overdue"),
    [
        (receipts.Outcome.NEW, timedelta(hours=1), 0),
        (receipts.Outcome.LATE, timedelta(hours=1), 1),
        (receipts.Outcome.FAILED, timedelta(hours=1), 1),
        (receipts.Outcome.NEW, -timedelta(minutes=9), 0),
        (receipts.Outcome.NEW, -timedelta(minutes=11), 1),
    ],
)
async def test_a_source_is_overdue_when_it_is_late_or_was_passed_over(
    bot: Bot, outcome: receipts.Outcome, due_in: timedelta, overdue: int, clock: make.FakeClock
) -> None:
    sources.sync_sources(
        bot.app.store, [sources.SourceFact(name="daily", kind="url", location="x", schedule="every 30m")], now=make.NOON
    )
    notices.note_poll(
        bot.app.store,
        receipts.Receipt(source="daily", at=make.NOON, outcome=outcome, counts={}, detail=""),
        sources.SourceState(next_at=clock.now() + due_in),
        {},
    )
    assert (await bot.scrape())("paperwire_source_overdue", source="daily") == overdue


async def test_the_age_of_the_newest_copy_and_the_size_of_the_database(
    bot: Bot, tmp_path: Path, clock: make.FakeClock
) -> None:
    page = await bot.scrape()
    assert (page("paperwire_copies"), page("paperwire_newest_copy_age_seconds")) == (0, None)
    # `restore` leaves a replaced database in the folder of copies
    bot.app.store.backup(tmp_path / "backups" / "replaced-20260122T120000Z.db")
    assert (await bot.scrape())("paperwire_copies") == 0
    bot.app.store.copy_into(tmp_path / "backups", "daily", clock.now())
    page = await bot.scrape()
    assert page("paperwire_copies") == 1
    assert page("paperwire_newest_copy_age_seconds") is not None
    assert page("paperwire_database_bytes", file="database") == bot.app.store.path.stat().st_size


def damage(path: Path) -> None:
    for part in path.parent.glob("paperwire.db*"):
        part.unlink()
    path.write_bytes(b"no database" * 1000)


async def test_without_the_database_the_page_leaves_its_values_out(bot: Bot, tmp_path: Path) -> None:
    bot.problems["database"] = "it cannot be used"
    bot.app.store.close()
    damage(tmp_path / "paperwire.db")
    page = await bot.scrape()
    assert (page("paperwire_database_readable"), page("paperwire_ready")) == (0, 0)
    assert page("paperwire_platforms_stopped") is None
    assert page("paperwire_copies") == 0


async def test_a_new_metric_is_one_value(tmp_path: Path, clock: make.FakeClock, telegram: FakeTelegram) -> None:
    own = operation_metrics.Gauge(
        name="paperwire_answer", help="The answer.", read=lambda _: operation_metrics.alone(42)
    )
    async with bot_with(tmp_path, clock, telegram, (own,)) as bot, httpx.AsyncClient(trust_env=False) as client:
        page = await bot.scrape()
        # /metrics is not below the prefix of the pages, because a proxy that passes on this prefix would make it public
        assert (await client.get(f"{bot.url}/prefix/metrics")).status_code == 404
        assert (await client.post(f"{bot.url}/metrics")).status_code == 405
    assert (page("paperwire_answer"), page.types["paperwire_answer"]) == (42, "gauge")


def test_a_listener_that_fails_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    counted: list[object] = []
    tried = channel.MessageTried(platform="telegram", kind="reply", outcome="sent", seconds=1)
    channel.Observers([Mock(side_effect=ValueError("zebrafinch")), counted.append])(tried)
    assert counted == [tried]
    assert [record.getMessage() for record in caplog.records] == ["A measurement was not counted: ValueError"]


async def test_what_waits_and_what_is_in_hand_is_measured(
    bot: Bot, clock: make.FakeClock, telegram: FakeTelegram
) -> None:
    page = await bot.scrape()
    names = ("planning_lag_seconds", "sending_lag_seconds", "lanes_in_hand", "jobs_waiting")
    assert [page(f"paperwire_{name}") for name in names] == [0, 0, 0, None]
    make.due(bot.app.store, "telegram:1")
    clock.set_now(make.NOON + 3 * make.MINUTE)
    assert (await bot.scrape())("paperwire_planning_lag_seconds") == 180
    plan_due(bot.app.store, now=make.NOON + 3 * make.MINUTE)
    clock.set_now(make.NOON + 5 * make.MINUTE)
    page = await bot.scrape()
    assert [page(f"paperwire_{name}") for name in names] == [0, 120, 0, None]
    scraped_within: list[float | None] = []

    async def deliver(_: model.Lane) -> None:
        scraped_within.append((await bot.scrape())("paperwire_lanes_in_hand"))

    bot.app.context.engine.wake([model.Lane("telegram", "1")])
    await bot.app.context.engine.run(deliver)
    assert scraped_within == [1]


async def test_lanes_that_wait_for_a_worker_are_measured(url: str, clock: make.FakeClock) -> None:
    settings = Settings(database_url=SecretStr(url), web_port=0)
    async with opened(build_app(settings, clock=clock, is_worker=True)) as app:
        make.due(app.store, "telegram:1")
        plan_due(app.store, now=make.NOON)
        before = (await operation_metrics.Metrics(app, dict).page())[0].decode()
        change(app.store, "UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 hour'")
        after = (await operation_metrics.Metrics(app, dict).page())[0].decode()
    assert "\npaperwire_jobs_waiting 1.0\n" in before
    assert "\npaperwire_lanes_in_hand 0.0\n" in before
    assert "\npaperwire_jobs_waiting 0.0\n" in after


# ── The status page: what waits and why, retry and dismiss, sources day by day, messages by hour ────────────────────────


@pytest.fixture
async def app(tmp_path: Path, clock: make.FakeClock) -> abc.AsyncIterator[App]:
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
) -> conversation.PageRequest:
    frame = conversation.PageFrame(
        path="/status",
        language=language,
        has_chosen_language=True,
        token="secret",
        visitor=conversation.Visitor(name="me", is_operator=True),
    )
    return conversation.PageRequest(frame=frame, headers={}, query=query or {}, form=form or {})


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
        make.subscribes(app.store, f"{platform}:{1000 + chat}", "diffusion", every="now", now=make.NOON - make.DAY)
    make.ingested(app.store, make.paper("Diffusion <b>models</b>", "cs.LG", arxiv_id="2601.00001"), now=make.NOON)
    plan_due(app.store, now=make.NOON)
    return [one.id for one in sending.outbox_entries(app.store, now=make.NOON, over=False)]


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
        model.ChatAddress("telegram", "1000"),
        "It left.",
        topic=False,
        reason=PauseReason.GONE,
        now=make.NOON,
    )
    await says(
        page, f"{status.SHOWN} deliveries wait, the first since Thu 22 Jan 12:00. 1 is held: its chat is paused."
    )


def polled(app: App, name: str, *outcomes: tuple[int, receipts.Outcome]) -> None:
    """Adds a source with polls. `outcomes` are the polls: (days ago, outcome)."""
    sources.sync_sources(
        app.store, [sources.SourceFact(name=name, kind="rss", location="feed")], now=make.NOON, are_all=False
    )
    for back, outcome in sorted(outcomes, reverse=True):
        notices.note_poll(
            app.store,
            receipts.Receipt(source=name, at=make.NOON - back * make.DAY, outcome=outcome, detail="It says 404."),
            sources.SourceState(on=True),
            {},
        )


async def test_each_day_of_a_source_has_its_outcome(page: status.StatusPage, app: App) -> None:
    polled(
        app,
        "feed<1>",
        (0, receipts.Outcome.STALE),
        (0, receipts.Outcome.NEW),
        (1, receipts.Outcome.QUIET),
        (2, receipts.Outcome.STALE),
        (2, receipts.Outcome.FAILED),
        (4, receipts.Outcome.NEW),
        (5, receipts.Outcome.LATE),
        (40, receipts.Outcome.NEW),
    )
    found = await shown(page)
    picture = found[found.index("<svg") : found.index("</svg>")]
    assert re.findall(r'rect class="(\w+)"', picture)[-7:] == ["none", "late", "new", "none", "failed", "quiet", "new"]
    assert "<title>22 Jan: papers came</title>" in picture
    assert "feed&lt;1&gt;: papers on 2 of 6 days, failed on 1" in found
    assert "feed<1>" not in found


async def test_few_days_of_sources_are_told_without_a_picture(page: status.StatusPage, app: App) -> None:
    polled(app, "feed", *((back, receipts.Outcome.NEW) for back in range(4)))
    found = await shown(page)
    assert "<svg" not in found
    assert "Sources in the last four weeks feed: papers on 4 of 4 days Database" in words(found)


async def test_messages_are_counted_by_hour_and_outcome(
    page: status.StatusPage, work: status.RecentWork, clock: make.FakeClock
) -> None:
    for outcome in ("sent", "sent", "retry_later"):
        work.observe(channel.MessageTried(platform="telegram", kind="delivery", outcome=outcome, seconds=0.1))
    for _ in range(4):
        assert "<svg" not in await shown(page), "a picture of fewer than five hours says nothing"
        clock.advance(timedelta(hours=1))
        work.observe(channel.MessageTried(platform="telegram", kind="delivery", outcome="sent", seconds=0.1))
    found = await shown(page)
    assert "<title>12:00: 2 messages sent, 1 failed attempt</title>" in found
    assert "<title>13:00: 1 message sent</title>" in found
    assert "6 messages sent, 1 failed attempt, answers included, since Thu 22 Jan 12:00." in words(found)
    clock.advance(timedelta(days=2))
    work.observe(channel.MessageTried(platform="telegram", kind="delivery", outcome="sent", seconds=0.1))
    await says(page, "1 message sent, answers included, since Fri 23 Jan 17:00.")


async def test_plans_are_told_once_there_are_many(page: status.StatusPage, work: status.RecentWork) -> None:
    work.observe(channel.PlanMade(deliveries=0, seconds=9, matching_seconds=9))
    for number in range(20):
        assert " plan" not in words(await shown(page))
        seconds = 7 if number == 3 else number % 2 + 1
        work.observe(channel.PlanMade(deliveries=10, seconds=seconds, matching_seconds=seconds / 4))
    await says(
        page,
        "Of the last 20 plans with 200 deliveries, half took 2.00 s or less, the longest 7.00 s; matching was 25 % of it.",
    )


async def test_a_source_that_is_behind_is_named_with_what_to_do(page: status.StatusPage, app: App) -> None:
    polled(app, "a feed", (0, receipts.Outcome.FAILED), (1, receipts.Outcome.NEW))
    problem = "a feed is behind. It says 404. since Wed 21 Jan 12:00 · To look again: paperwire sources poll 'a feed'"
    await says(page, f"Is everything all right? {problem} Came today", "a feed behind 0 Wed 21 Jan 12:00")
    assert "All is well." not in words(await shown(page))


async def test_what_came_today_is_told_for_each_source(page: status.StatusPage, app: App) -> None:
    polled(app, "feed", (0, receipts.Outcome.NEW))
    polled(app, "list", (2, receipts.Outcome.NEW))
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
    await says(
        page,
        "Came today 3 papers Source Papers Last arrival",
        "feed 2 06:00 list 0 Tue 20 Jan 12:00 by hand 2 12:00",
    )


async def test_what_went_out_is_counted_today(app: App, page: status.StatusPage, clock: make.FakeClock) -> None:
    waits(app, chats=2, platform="web")
    await app.sender.send_once()
    await says(page, "Went out today 2 messages to 2 chats Nothing waits.")
    clock.advance(make.DAY)
    await says(page, "Went out today No delivery yet. Nothing waits.")


async def test_what_the_process_knows_is_told(app: App, work: status.RecentWork) -> None:
    problems = {"telegram": Problem("it does not answer", 7200), "daily work": Problem("the clean-up failed", 0)}
    page = status.StatusPage(app, work, lambda: problems)
    await says(
        page,
        "telegram: it does not answer since Thu 22 Jan 10:00 · The log says more.",
        "daily work: the clean-up failed The log says more.",
    )
    sending.stop_platform(app.store, "telegram", "3 of 4 chats are gone.", [], now=make.NOON)
    await says(page, "Sending to Telegram has stopped. 3 of 4 chats are gone. paperwire check says how to mend it.")
    assert "it does not answer" not in words(await shown(page)), "it is told once"

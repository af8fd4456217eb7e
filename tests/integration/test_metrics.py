"""`/metrics`: scraped over HTTP, read by the library's own parser, and compared with what the bot has done."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from bot.app import App, build_app
from bot.operation.metrics import METRICS, Gauge, Metrics, alone
from bot.operation.web_server import serving
from bot.ports.channel import MessageTried, Observers
from bot.settings import Settings
from subscriptions.model import Lane
from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.service.notices import note_poll
from subscriptions.service.pausing import pause
from subscriptions.service.plan import plan_due
from subscriptions.store import sources
from tests import make
from tests.fakes.telegram import FakeTelegram
from tests.integration.docs_pages import DOCS
from tests.integration.telegram_bot import a_bot
from tests.stored import change

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


@dataclass(frozen=True)
class Page:
    """One answer of `/metrics`."""

    text: str
    types: Mapping[str, str]
    samples: Samples

    def __call__(self, name: str, **labels: str) -> float | None:
        """Returns the value of a sample; None if there is none."""
        return self.samples.get((name, frozenset(labels.items())))

    @property
    def label_values(self) -> set[str]:
        return {
            value for _, labels in self.samples for name, value in labels if name not in ("le", "version", "python")
        }


@dataclass
class Bot:
    """An app with its web address."""

    app: App
    url: str = ""
    problems: dict[str, str] = field(default_factory=dict)

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
    tmp_path: Path, clock: make.FakeClock, telegram: FakeTelegram, metrics: tuple[Gauge, ...] | None = None
) -> AsyncIterator[Bot]:
    async with a_bot(tmp_path, telegram, clock) as app:
        bot, said = Bot(app), list[str]()
        counted = Metrics(app, lambda: bot.problems, metrics or METRICS)
        app.context.observe.listeners.append(counted.observe)
        async with serving(app.settings, dict, said.append, [], metrics=counted.page):
            bot.url = said[0].partition(" ")[2].removesuffix("/health/ready")
            yield bot


@pytest.fixture
async def bot(tmp_path: Path, clock: make.FakeClock, telegram: FakeTelegram) -> AsyncIterator[Bot]:
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
    once = ("deliveries_planned_total", "planning_seconds_count", "matching_seconds_count")
    assert [page(f"paperwire_{one}") for one in once] == [4, 1, 1]
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
    assert page.label_values <= {*known, *outcomes, *bot.app.platforms}


def without_moments(text: str) -> str:
    """Removes the values that may have any digits (moments and lengths of time) from a page."""
    return re.sub(r"^(process_\w+|\w+_(?:created|sum|seconds)(?:\{.*\})?) \S+$", r"\1", text, flags=re.MULTILINE)


async def test_counters_that_alerts_watch_begin_at_zero(bot: Bot, telegram: FakeTelegram) -> None:
    """Prometheus sees no increase in the first value of a series, so one refused token used to raise no alert."""
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
    make.subscribes(bot.app.store, "telegram:1", "graph", every="now")
    make.ingested(bot.app.store, make.paper("A graph"))
    telegram.revokes()
    await bot.app.sender.deliver()
    page = await bot.scrape()
    assert page("paperwire_messages_total", platform="telegram", kind="delivery", outcome="sender_stopped") == 1


async def test_what_waits_is_read_from_the_store_when_it_is_asked_for(
    bot: Bot, clock: make.FakeClock, telegram: FakeTelegram
) -> None:
    assert (await bot.scrape())("paperwire_oldest_waiting_seconds", platform="telegram") == 0
    make.subscribes(bot.app.store, "telegram:1", "graph", every="now")
    make.ingested(bot.app.store, make.paper("A graph"))
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
    make.subscribes(bot.app.store, "telegram:1", "graph", every="now")
    make.ingested(bot.app.store, make.paper("A graph"))
    object.__setattr__(bot.app.context, "render_delivery", cannot_be_rendered)
    await bot.app.sender.deliver()
    assert (await bot.scrape())("paperwire_deliveries_dead", platform="telegram") == 1
    change(bot.app.store, "UPDATE delivery SET dismissed_at = settled_at")
    assert (await bot.scrape())("paperwire_deliveries_dead", platform="telegram") == 0


@pytest.mark.parametrize(
    ("outcome", "due_in", "overdue"),
    [
        (Outcome.NEW, timedelta(hours=1), 0),
        (Outcome.LATE, timedelta(hours=1), 1),
        (Outcome.FAILED, timedelta(hours=1), 1),
        (Outcome.NEW, -timedelta(minutes=9), 0),
        (Outcome.NEW, -timedelta(minutes=11), 1),
    ],
)
async def test_a_source_is_overdue_when_it_is_late_or_was_passed_over(
    bot: Bot, outcome: Outcome, due_in: timedelta, overdue: int, clock: make.FakeClock
) -> None:
    sources.sync_sources(
        bot.app.store, [sources.SourceFact(name="daily", kind="url", location="x", schedule="every 30m")], now=make.NOON
    )
    receipt = Receipt(source="daily", at=make.NOON, outcome=outcome, counts={}, detail="")
    note_poll(bot.app.store, receipt, sources.SourceState(next_at=clock.now() + due_in), {})
    assert (await bot.scrape())("paperwire_source_overdue", source="daily") == overdue


async def test_the_age_of_the_newest_copy_and_the_size_of_the_database(
    bot: Bot, tmp_path: Path, clock: make.FakeClock
) -> None:
    page = await bot.scrape()
    assert (page("paperwire_copies"), page("paperwire_newest_copy_age_seconds")) == (0, None)
    put_aside(bot.app)
    assert (await bot.scrape())("paperwire_copies") == 0
    bot.app.store.copy_into(tmp_path / "backups", "daily", clock.now())
    page = await bot.scrape()
    assert page("paperwire_copies") == 1
    assert page("paperwire_newest_copy_age_seconds") is not None
    assert page("paperwire_database_bytes", file="database") == size_of(tmp_path / "paperwire.db")


def put_aside(app: App) -> None:
    """Leaves a replaced database in the folder of copies, as `restore` does."""
    app.store.backup(app.store.path.parent / "backups" / "replaced-20260122T120000Z.db")


def size_of(path: Path) -> int:
    return path.stat().st_size


def cannot_be_rendered(*_: object) -> None:
    raise ValueError("broken")


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
    own = Gauge(name="paperwire_answer", help="The answer.", read=lambda _: alone(42))
    async with bot_with(tmp_path, clock, telegram, (own,)) as bot, httpx.AsyncClient(trust_env=False) as client:
        page = await bot.scrape()
        # not also below the prefix of the pages: a proxy that passes on this prefix would make it public
        assert (await client.get(f"{bot.url}/prefix/metrics")).status_code == 404
        assert (await client.post(f"{bot.url}/metrics")).status_code == 405
    assert (page("paperwire_answer"), page.types["paperwire_answer"]) == (42, "gauge")


def test_a_listener_that_fails_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    counted: list[object] = []

    def fails(_: object) -> None:
        raise ValueError("zebrafinch")

    tried = MessageTried(platform="telegram", kind="reply", outcome="sent", seconds=1)
    Observers([fails, counted.append])(tried)
    assert counted == [tried]
    assert [record.getMessage() for record in caplog.records] == ["A measurement was not counted: ValueError"]


async def test_what_waits_and_what_is_in_hand_is_measured(
    bot: Bot, clock: make.FakeClock, telegram: FakeTelegram
) -> None:
    page = await bot.scrape()
    names = ("planning_lag_seconds", "sending_lag_seconds", "lanes_in_hand", "jobs_waiting")
    assert [page(f"paperwire_{name}") for name in names] == [0, 0, 0, None]
    make.subscribes(bot.app.store, "telegram:1", "zebrafinch", every="now", now=make.NOON)
    make.ingested(bot.app.store, make.paper("A zebrafinch"), now=make.NOON)
    clock.set_now(make.NOON + 3 * make.MINUTE)
    assert (await bot.scrape())("paperwire_planning_lag_seconds") == 180
    plan_due(bot.app.store, now=make.NOON + 3 * make.MINUTE)
    clock.set_now(make.NOON + 5 * make.MINUTE)
    page = await bot.scrape()
    assert [page(f"paperwire_{name}") for name in names] == [0, 120, 0, None]
    scraped_within: list[float | None] = []

    async def deliver(_: Lane) -> None:
        scraped_within.append((await bot.scrape())("paperwire_lanes_in_hand"))

    bot.app.context.engine.wake([Lane("telegram", "1")])
    await bot.app.context.engine.run(deliver)
    assert scraped_within == [1]


async def test_lanes_that_wait_for_a_worker_are_measured(url: str, clock: make.FakeClock) -> None:
    app = build_app(Settings(database_url=SecretStr(url), web_port=0), clock=clock, is_worker=True)
    app.open()
    make.subscribes(app.store, "telegram:1", "zebrafinch", every="now", now=make.NOON)
    make.ingested(app.store, make.paper("A zebrafinch"), now=make.NOON)
    plan_due(app.store, now=make.NOON)
    pages = [(await Metrics(app, dict).page())[0].decode()]
    change(app.store, "UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 hour'")
    pages.append((await Metrics(app, dict).page())[0].decode())
    await app.close()
    assert [page.count("\npaperwire_jobs_waiting 1.0\n") for page in pages] == [1, 0]
    assert pages[1].count("\npaperwire_jobs_waiting 0.0\n") == 1
    assert "\npaperwire_lanes_in_hand 0.0\n" in pages[0]

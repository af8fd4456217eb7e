"""What operators see, and no other person: `/metrics`, which Prometheus reads, log lines and notices.

Prometheus' own parser reads `/metrics`, and each test compares the values with what the bot did before.
"""

import dataclasses
import re
from collections import abc
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot import counters as measurements
from bot.app import App
from bot.delivery.sender import Sender
from bot.run.process import Process
from bot.web import server as web_server
from bot.web.metrics import Metrics
from subscriptions.sources import stored as stored_sources
from subscriptions.sources.poll_results import Outcome, Receipt
from subscriptions.subscribing.pause import pause
from tests.clock import NOON, FakeClock
from tests.fakes.telegram import FakeTelegram
from tests.integration import docs_pages
from tests.integration.program import Quiet, running
from tests.integration.telegram_bot import a_bot
from tests.make import HOUR, address, due, ingested, subscribes
from tests.patience import PATIENCE
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
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
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
    clock: FakeClock,
    telegram: FakeTelegram,
) -> abc.AsyncIterator[Bot]:
    async with a_bot(tmp_path, telegram, clock) as app:
        for metric in (measurements.MESSAGES, measurements.REQUESTS):  # other tests of this process have counted, too
            metric.clear()
        bot = Bot(app)
        counted = Metrics(app, lambda: bot.problems)
        async with web_server.serving(
            app.settings, web_server.create_app(web_server.metrics_routes(counted.page, None))
        ) as bot.url:
            yield bot


@pytest.fixture
async def bot(tmp_path: Path, clock: FakeClock, telegram: FakeTelegram) -> abc.AsyncIterator[Bot]:
    async with bot_with(tmp_path, clock, telegram) as made:
        yield made


async def test_what_was_sent_is_counted_and_no_label_names_a_person(bot: Bot, telegram: FakeTelegram) -> None:
    for chat in ("7001", "7002", "7003", "-1007004"):
        subscribes(bot.app.store, f"telegram:{chat}", "zebrafinch", when="now", name="warbler")
    ingested(bot.app.store, "A zebrafinch")
    telegram.answers("429", chat="7002", retry_after=600)
    telegram.blocks("7003")
    planned = (await bot.scrape())("paperwire_planning_seconds_count") or 0.0
    await Sender(bot.app).deliver()
    page = await bot.scrape()
    outcomes = {"sent": 2, "retry_later": 1, "chat_gone": 1}
    assert {
        one: page("paperwire_messages_total", platform="telegram", kind="delivery", outcome=one) for one in outcomes
    } == outcomes
    assert page("paperwire_planning_seconds_count") == planned + 1
    # the values of moments and lengths of time may contain any digits
    moments = r"^(process_\w+|\w+_(?:created|sum|seconds)(?:\{.*\})?) \S+$"
    for hidden in ("7001", "7004", "zebrafinch", "warbler", telegram.token, telegram.token.partition(":")[2]):
        assert hidden not in re.sub(moments, r"\1", page.text, flags=re.MULTILINE)
    known = {
        "sender_stopped",
        "unclear",
        "failed",
        "delivery",
        "reply",
    }
    labels = [label for _, of_one in page.samples for label in of_one]
    assert {value for name, value in labels if name != "le"} <= {
        *known,
        *outcomes,
        *bot.app.platforms,
    }


async def test_what_waits_is_read_from_the_store_when_it_is_asked_for(
    bot: Bot, clock: FakeClock, telegram: FakeTelegram
) -> None:
    assert (await bot.scrape())("paperwire_oldest_waiting_seconds", platform="telegram") == 0
    due(bot.app.store, "telegram:1")
    telegram.goes_down()
    await Sender(bot.app).deliver()
    clock.advance(timedelta(hours=2))
    page = await bot.scrape()
    assert page("paperwire_oldest_waiting_seconds", platform="telegram") == 7200
    bot.app.store.write_now(pause, address("telegram:1"), None, until=None, now=clock.now())
    page = await bot.scrape()
    assert page("paperwire_oldest_waiting_seconds", platform="telegram") == 0


async def test_dead_letters_count_until_they_are_dismissed(bot: Bot, telegram: FakeTelegram) -> None:
    due(bot.app.store, "telegram:1")
    object.__setattr__(bot.app, "render_delivery", Mock(side_effect=ValueError("broken")))
    await Sender(bot.app).deliver()
    assert (await bot.scrape())("paperwire_deliveries_dead", platform="telegram") == 1
    change(bot.app.store, "UPDATE delivery SET dismissed_at = settled_at")
    assert (await bot.scrape())("paperwire_deliveries_dead", platform="telegram") == 0


@pytest.mark.parametrize(
    ("outcome", "due_in", "overdue"),
    [
        (Outcome.NEW, timedelta(hours=1), 0),
        (Outcome.LATE, timedelta(hours=1), 1),
        (Outcome.NEW, -timedelta(minutes=9), 0),
        (Outcome.NEW, -timedelta(minutes=11), 1),
    ],
)
async def test_a_source_is_overdue_when_it_is_late_or_was_passed_over(
    bot: Bot, outcome: Outcome, due_in: timedelta, overdue: int, clock: FakeClock
) -> None:
    bot.app.store.write_now(
        stored_sources.sync_sources,
        [stored_sources.SourceFact(name="daily", kind="url", location="x", schedule="every 30m")],
        now=NOON,
    )
    bot.app.store.write_now(
        stored_sources.note_poll,
        Receipt(source="daily", at=NOON, outcome=outcome, counts={}, detail=""),
        stored_sources.SourceState(next_at=clock.now() + due_in),
        {},
    )
    assert (await bot.scrape())("paperwire_source_overdue", source="daily") == overdue


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


async def test_the_page_about_metrics_lists_those_that_there_are(bot: Bot, tmp_path: Path, clock: FakeClock) -> None:
    bot.app.store.write_now(
        stored_sources.sync_sources, [stored_sources.SourceFact(name="daily", kind="url", location="x")], now=NOON
    )
    bot.app.store.copy_into(tmp_path / "backups", "daily", clock.now())
    bot.problems["start"] = "still starting"
    page = await bot.scrape()
    listed = docs_pages.metrics()
    helps = dict(re.findall(r"^# HELP (paperwire_\w+) (.*)\.$", page.text, re.MULTILINE))
    assert {name: text for name, text in helps.items() if not name.endswith("_created")} == {
        name: text for name, (_, _, text) in listed.items()
    }
    kinds = {name: {"histogram": "timing"}.get(page.types[name.removesuffix("_total")]) for name in listed}
    assert {name: kind or page.types[name.removesuffix("_total")] for name, kind in kinds.items()} == {
        name: kind for name, (kind, _, _) in listed.items()
    }
    for name, (kind, labels, _) in listed.items():
        series = f"{name}_count" if kind == "timing" else name
        assert {frozenset(label for label, _ in of) for sample, of in page.samples if sample == series} <= {labels}


def copies_in(folder: Path) -> list[str]:
    return sorted(copy.name[:14] for copy in folder.glob("*.db"))


async def test_a_copy_that_failed_is_made_later_on_the_same_day(
    tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    backups = tmp_path / "backups"
    backups.write_text("a file where the folder should be")
    async with running(tmp_path, clock) as app:
        process = Process(app, Quiet())  # type: ignore[arg-type]
        await process.upkeep.copy()
        await process.notify_operators({})
        assert process.attention["daily work"].why == "The daily clean-up or the copy of the database failed."
        assert "The daily copy failed" in caplog.text

        backups.unlink()
        made = []
        a_day = timedelta(days=1)
        for later in (timedelta(0), HOUR, HOUR, a_day, 365 * a_day, -364 * a_day):
            clock.advance(later)
            await process.upkeep.copy()
            made.append(len(copies_in(backups)))
        # a copy that failed is tried again after an hour, and a clock that was a year ahead delays no copy
        assert made == [0, 1, 1, 2, 3, 4]
        assert copies_in(backups) == ["daily-20260122", "daily-20260123", "daily-20260124", "daily-20270123"]
        await process.notify_operators({})
        assert process.attention == {}

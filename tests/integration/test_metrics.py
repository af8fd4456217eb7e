"""`/metrics`: scraped over HTTP, read by the library's own parser, and compared with what the bot has done."""

import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy.dialects import sqlite

from bot.app import App, build_app
from bot.operation.metrics import METRICS, Gauge, Metrics, alone
from bot.operation.web_server import serving
from bot.ports.channel import MessageTried, Observers, outcome_name
from bot.settings import Settings, TelegramSettings
from subscriptions.errors import ChatGone, ChatMoved, Rejected, RetryLater, SenderStopped, Unclear
from subscriptions.model import Lane
from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.service.notices import note_poll
from subscriptions.service.pausing import pause
from subscriptions.service.plan import plan_due
from subscriptions.store import outbox
from subscriptions.store.sources import SourceFact, SourceState, sync_sources
from tests import make
from tests.fakes.process import Remote
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.integration.cli import DIGEST, Process
from tests.integration.docs_pages import DOCS, expressions
from tests.postgres.server import Server

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


async def scraped(url: str) -> Page:
    async with httpx.AsyncClient(trust_env=False) as client:
        return page_of(await client.get(f"{url}/metrics"))


def page_of(answer: httpx.Response) -> Page:
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    families = list(text_string_to_metric_families(answer.text))
    samples = {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}
    return Page(answer.text, {family.name: family.type for family in families}, samples)


@dataclass
class Bot:
    """An app with its web address."""

    app: App
    url: str = ""
    problems: dict[str, str] = field(default_factory=dict)

    async def scrape(self) -> Page:
        return await scraped(self.url)


@asynccontextmanager
async def bot_with(
    tmp_path: Path, clock: make.FakeClock, telegram: FakeTelegram, metrics: tuple[Gauge, ...] | None = None
) -> AsyncIterator[Bot]:
    settings = Settings(
        database_url=SecretStr(f"sqlite:///{tmp_path}/paperwire.db"),
        telegram=TelegramSettings(token=SecretStr(telegram.token), api_url=telegram.url),
        web_port=0,
    )
    app = build_app(settings, clock=clock)
    app.open()
    bot, said = Bot(app), list[str]()
    counted = Metrics(app, lambda: bot.problems, metrics or METRICS)
    app.context.observe.listeners.append(counted.observe)
    try:
        async with serving(settings, dict, said.append, [], metrics=counted.page):
            bot.url = said[0].partition(" ")[2].removesuffix("/health/ready")
            yield bot
    finally:
        await app.close()


@pytest.fixture
async def bot(tmp_path: Path, clock: make.FakeClock, telegram: FakeTelegram) -> AsyncIterator[Bot]:
    async with bot_with(tmp_path, clock, telegram) as made:
        yield made


async def test_what_was_sent_is_counted_by_platform_and_outcome(bot: Bot, telegram: FakeTelegram) -> None:
    for chat in ("7001", "7002", "7003"):
        make.subscribes(bot.app.store, f"telegram:{chat}", "zebrafinch", every="now")
    make.ingested(bot.app.store, make.paper("A zebrafinch"))
    telegram.answers("429", chat="7002", retry_after=600)
    telegram.blocks("7003")
    await bot.app.sender.deliver()
    page = await bot.scrape()
    posts = {"platform": "telegram", "kind": "delivery"}
    assert page("paperwire_messages_total", **posts, outcome="sent") == 1
    assert page("paperwire_messages_total", **posts, outcome="retry_later") == 1
    assert page("paperwire_messages_total", **posts, outcome="chat_gone") == 1
    assert page("paperwire_message_seconds_count", platform="telegram") == 3
    assert page("paperwire_deliveries_planned_total") == 3
    assert page("paperwire_planning_seconds_count") == 1
    assert page("paperwire_matching_seconds_count") == 1
    assert page("paperwire_lanes_held", platform="telegram") == 1
    assert page("paperwire_deliveries_waiting", platform="telegram") == 1
    assert page("paperwire_deliveries_held", platform="telegram") == 1


def without_moments(text: str) -> str:
    """Removes the values that may have any digits (moments and lengths of time) from a page."""
    return re.sub(r"^(process_\w+|\w+_(?:created|sum|seconds)(?:\{.*\})?) \S+$", r"\1", text, flags=re.MULTILINE)


async def test_no_label_names_a_chat_a_person_or_a_word(bot: Bot, telegram: FakeTelegram) -> None:
    for chat in ("7001", "-1007002/3"):
        make.subscribes(bot.app.store, f"telegram:{chat}", "zebrafinch", every="now", name="warbler")
    make.ingested(bot.app.store, make.paper("A zebrafinch"))
    await bot.app.sender.deliver()
    page = await bot.scrape()
    for hidden in ("7001", "7002", "zebrafinch", "warbler", telegram.token, telegram.token.partition(":")[2]):
        assert hidden not in without_moments(page.text)
    outcomes = {"sent", "chat_gone", "sender_stopped", "unclear", "failed"}
    closed = {"connection", "stream", "refused"}
    kinds = {"delivery", "reply", *closed, "database", "wal"}
    assert page.label_values <= {*kinds, *outcomes, *bot.app.platforms}


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
    with closing(sqlite3.connect(bot.app.store.path)) as raw:
        raw.execute("UPDATE delivery SET dismissed_at = settled_at")
        raw.commit()
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
    sync_sources(
        bot.app.store, [SourceFact(name="daily", kind="url", location="x", schedule="every 30m")], now=make.NOON
    )
    receipt = Receipt(source="daily", at=make.NOON, outcome=outcome, counts={}, detail="")
    note_poll(bot.app.store, receipt, SourceState(next_at=clock.now() + due_in), {})
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
    async with bot_with(tmp_path, clock, telegram, (own,)) as bot:
        page = await bot.scrape()
    assert page("paperwire_answer") == 42
    assert page.types["paperwire_answer"] == "gauge"


async def test_the_page_has_one_address_only(tmp_path: Path, clock: make.FakeClock, telegram: FakeTelegram) -> None:
    """/metrics is not also below the prefix of the pages: a proxy that passes on this prefix would make it public."""
    async with bot_with(tmp_path, clock, telegram) as bot, httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{bot.url}/prefix/metrics")).status_code == 404
        assert (await client.post(f"{bot.url}/metrics")).status_code == 405


def test_a_listener_that_fails_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    counted: list[object] = []

    def fails(_: object) -> None:
        raise ValueError("zebrafinch")

    tried = MessageTried(platform="telegram", kind="reply", outcome="sent", seconds=1)
    Observers([fails, counted.append])(tried)
    assert counted == [tried]
    assert [record.getMessage() for record in caplog.records] == ["A measurement was not counted: ValueError"]


def test_outcomes_are_few() -> None:
    errors = (RetryLater(""), Unclear(""), Rejected(""), ChatMoved("", ""), ChatGone(""), SenderStopped(""), None)
    named = [outcome_name(error) for error in errors]
    assert named == ["retry_later", "unclear", "rejected", "chat_moved", "chat_gone", "sender_stopped", "sent"]


@pytest.mark.parametrize("name", ["OPEN", "DEAD", "HELD_LANES"])
def test_no_statement_of_the_page_scans_a_table(name: str, empty_database: Path) -> None:
    statement = getattr(outbox, name)
    sql = str(statement.compile(dialect=sqlite.dialect(), compile_kwargs={"render_postcompile": True}))
    with closing(sqlite3.connect(empty_database)) as raw:
        values = [None] * sql.count("?")
        plan = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert plan
    assert [step for step in plan if step.startswith("SCAN")] == []


def until(url: str, holds: Callable[[Page], bool]) -> Page:
    """Scrapes until the page satisfies `holds`, and returns it."""
    for _ in range(500):
        page = page_of(httpx.get(f"{url}/metrics", trust_env=False))
        if holds(page):
            return page
    raise AssertionError(page.text)


def test_a_process_counts_what_it_does(tmp_path: Path, remote: Remote) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "paperwire.toml").write_text('[[source]]\nname = "daily"\npath = "inbox/*.md"\n')
    program = Process(tmp_path, "run", fake=remote)
    try:
        url = program.says(r"Health: (http://\S+)/health/ready")[1]
        remote.call("user_writes", "/sub cs.* now", "4242424242")
        until(url, lambda page: page("paperwire_request_seconds_count", platform="telegram", outcome="answered") == 1)
        (tmp_path / "inbox" / "today.md").write_bytes(DIGEST.read_bytes())
        page = until(url, lambda page: page("paperwire_polls_total", source="daily", outcome="new") == 1)
        assert (page("paperwire_papers_total", source="daily", novelty="new") or 0) > 0
        page = until(
            url,
            lambda page: page("paperwire_messages_total", platform="telegram", kind="reply", outcome="sent") == 1,
        )
        assert (page("paperwire_planning_seconds_count") or 0) > 0
        assert (page("paperwire_database_bytes", file="database") or 0) > 0
        assert (page("process_resident_memory_bytes") or 0) > 0
        assert page("paperwire_ready") == 1
        assert [name for name, _ in page.samples if name == "paperwire_build_info"]
        assert {name for one in expressions() for name in re.findall(r"\b(?:paperwire|process)_[a-z_]+\b", one)} <= {
            *page.types,
            *(f"{name}{end}" for name in page.types for end in ("_bucket", "_sum", "_count", "_total")),
        }
        assert "4242424242" not in page.text
        assert TOKEN.partition(":")[2] not in page.text
    finally:
        assert program.stops() == 0


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


async def test_lanes_that_wait_for_a_worker_are_measured(postgres: Server, clock: make.FakeClock) -> None:
    with postgres.database() as url:
        app = build_app(Settings(database_url=SecretStr(url), web_port=0), clock=clock, is_worker=True)
        app.open()
        make.subscribes(app.store, "telegram:1", "zebrafinch", every="now", now=make.NOON)
        make.ingested(app.store, make.paper("A zebrafinch"), now=make.NOON)
        plan_due(app.store, now=make.NOON)
        page, _ = await Metrics(app, dict).page()
        await app.close()
    assert "\npaperwire_jobs_waiting 1.0\n" in page.decode()
    assert "\npaperwire_lanes_in_hand 0.0\n" in page.decode()

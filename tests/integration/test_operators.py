"""Pages, notices and commands for operators, which no other person sees."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from pydantic import SecretStr
from sqlmodel import update

from bot.app import App, build_app
from bot.digests import read_digest
from bot.operation.checks import check_outbox
from bot.operation.metrics import operator_lines
from bot.operation.process import Process, run
from bot.operation.web_server import health_app
from bot.settings import Settings, SlackSettings, SlackWorkspace, SourceSettings, TelegramSettings
from bot.sources.ingest import store_digest
from subscriptions.model import Announce, ChatAddress, ChatKind, DeliveryKind, Facts
from subscriptions.service import sending
from subscriptions.service.access import redeem_code, request_admission
from subscriptions.service.amendments import set_settings
from subscriptions.service.chat_status import apply_once, store_chat
from subscriptions.service.next_deliveries import get_chat
from subscriptions.service.requests import SubscriptionRequest, subscribe
from subscriptions.store import chats, planner
from subscriptions.store.conversations import reply_to
from subscriptions.store.database.store import Store
from subscriptions.store.outbox import room
from subscriptions.store.rows import DeliveryRow
from tests import make
from tests.fakes.journal import Entry
from tests.fakes.markup import parse_html
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram
from tests.filling import fill
from tests.integration.cli import Terminal

OPERATOR = make.address("telegram:99")


def settings(tmp_path: Path, fake: FakeTelegram | None, **more: object) -> Settings:
    telegram = TelegramSettings(token=SecretStr(fake.token), api_url=fake.url) if fake else TelegramSettings()
    url = SecretStr(f"sqlite:///{tmp_path}/paperwire.db")
    return Settings(database_url=url, telegram=telegram, **more)  # type: ignore[arg-type]


@asynccontextmanager
async def a_bot(tmp_path: Path, fake: FakeTelegram | None, clock: make.FakeClock, **more: object) -> AsyncIterator[App]:
    """A bot that reads a folder."""
    folder = SourceSettings(name="inbox", path=tmp_path / "*.md")
    app = build_app(settings(tmp_path, fake, sources=(folder,), **more), clock=clock)
    app.open()
    try:
        yield app
    finally:
        await app.close()


async def test_run_prints_a_code_while_nobody_runs_the_bot(
    tmp_path: Path, telegram: FakeTelegram, clock: make.FakeClock
) -> None:
    async with a_bot(tmp_path, telegram, clock) as app:
        (line,) = operator_lines(app.store, app)
        code = line.rpartition(" ")[2]
        assert line == f"Nobody runs this bot yet. To do so, send it in private: /admin {code}"
        store_chat(app.store, make.address("telegram:1"), ChatKind.PRIVATE, now=make.NOON)
        assert redeem_code(app.store, make.address("telegram:1"), code, admins=(), now=make.NOON) == "made"
        assert operator_lines(app.store, app) == []


async def test_it_prints_none_where_an_operator_is_set_or_nobody_talks(tmp_path: Path, clock: make.FakeClock) -> None:
    with FakeTelegram() as telegram:
        named = build_app(settings(tmp_path, telegram, admins=(OPERATOR,)), clock=clock)
        named.open()
        assert operator_lines(named.store, named) == []
        await named.close()
    alone = build_app(settings(tmp_path, None), clock=clock)
    alone.open()
    assert operator_lines(alone.store, alone) == []
    await alone.close()


async def test_the_tick_tells_the_operators_of_dead_letters(
    tmp_path: Path, telegram: FakeTelegram, clock: make.FakeClock
) -> None:
    async with a_bot(tmp_path, telegram, clock, admins=(OPERATOR,)) as app:
        make.subscribes(app.store, "telegram:1", "graph", every="now")
        make.ingested(app.store, make.paper("A graph"))
        telegram.forbids("1", "STICKER_INVALID")
        process = Process(app, app.source_scheduler())
        for _ in range(3):
            clock.advance(timedelta(minutes=2))
            await process.tick()
            await process.finish()
        posts = telegram.posted_to("99")
        assert [entry.text.splitlines()[0] for entry in posts] == ["1 message could not be sent."]


class TestWithoutAnOperatorsChat:
    """Without a chat for operators, the log, `check` and the health page report what such a chat would get."""

    async def test_a_dead_letter_is_named_by_all_three(
        self, tmp_path: Path, telegram: FakeTelegram, clock: make.FakeClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with a_bot(tmp_path, telegram, clock) as app:
            process = Process(app, app.source_scheduler())
            await ticks(process, clock)
            assert answers_of(app.store, clock) == ["nothing is dead, and nothing has waited for long"]
            assert process.attention == {}
            for number in (1, 2):
                make.subscribes(app.store, f"telegram:{number}", "graph", every="now")
                telegram.forbids(str(number), "STICKER_INVALID")
                make.ingested(app.store, make.paper(f"A graph {number}"), now=clock.now())
                await ticks(process, clock, 4)
            lines = [one for one in caplog.messages if "could not be sent" in one]
            dead = sorted(one.id for one in sending.outbox_entries(app.store, now=clock.now()) if one.state == "dead")
            named = " ".join(lines)
            assert [named.count(delivery) for delivery in dead] == [1] * len(dead)  # each once
            assert "Usual reason: Telegram refuses the message: Sticker_invalid. paperwire outbox" in named
            await ticks(process, clock, 3)
            assert len([one for one in caplog.messages if "could not be sent" in one]) == len(lines)
            assert process.attention == {"dead": f"{len(dead)} deliveries could not be sent, the first 20 min ago"}
            (finding,) = check_outbox(app.store, now=clock.now())
            assert str(finding.answer).startswith(f"could not be sent: {len(dead)}, the first on 2026-01-22")
            assert all(delivery in str(finding.cure) for delivery in dead)
            assert finding.mend
            for delivery in dead:
                sending.dismiss(app.store, delivery, now=clock.now())
            assert answers_of(app.store, clock) == ["nothing is dead, and nothing has waited for long"]

    async def test_what_waits_for_days_is_named_by_all_three(
        self, tmp_path: Path, telegram: FakeTelegram, clock: make.FakeClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with a_bot(tmp_path, telegram, clock) as app:
            make.subscribes(app.store, "telegram:1", "graph", every="now")
            telegram.knows("1")
            telegram._chat("1").refusal = (502, "Bad Gateway")
            make.ingested(app.store, make.paper("A graph"), now=clock.now())
            process = Process(app, app.source_scheduler())
            for _ in range(3):
                for _ in range(4):
                    clock.advance(timedelta(hours=6) - timedelta(minutes=2))
                    await ticks(process, clock, 1)
            lines = [one for one in caplog.messages if "have waited for more than an hour: 1" in one]
            assert len(lines) == 3  # one line a day: it was planned on the evening of the 22nd, and now it is the 25th
            assert process.attention == {"waiting telegram": "1 deliveries wait, the first for 2 d"}
            (finding,) = check_outbox(app.store, now=clock.now())
            assert str(finding.answer) == "waiting for Telegram: 1, the first since 2026-01-22 18:00 UTC"
            assert finding.mend

    async def test_the_page_of_health_is_ready_and_names_them(self) -> None:
        page = health_app(dict, attention=lambda: {"dead": "2 deliveries could not be sent, the first 3 h ago"})
        async with AsyncClient(transport=ASGITransport(page), base_url="http://localhost") as client:
            answer = await client.get("/health/ready")
        assert (answer.status_code, answer.json()["ready"]) == (200, True)
        assert answer.json()["attention"] == {"dead": "2 deliveries could not be sent, the first 3 h ago"}

    def test_of_two_processes_one_writes_the_line(self, tmp_path: Path) -> None:
        store = Store(f"sqlite:///{tmp_path}/paperwire.db")
        store.open(now=make.NOON)
        assert sending.claim_unlogged_trouble(store, now=make.NOON).waiting == {}
        make.subscribes(store, "telegram:1", "graph", every="now")
        make.ingested(store, make.paper("A graph"))
        deliver_in_vain(store)
        later = make.NOON + timedelta(hours=2)
        assert [*sending.claim_unlogged_trouble(store, now=later).waiting] == ["telegram"]
        assert sending.claim_unlogged_trouble(store, now=later).waiting == {}
        assert [*sending.outbox_trouble(store, now=later).waiting] == ["telegram"]
        store.close()


async def ticks(process: Process, clock: make.FakeClock, times: int = 2) -> None:
    for _ in range(times):
        clock.advance(timedelta(minutes=2))
        await process.tick()
        await process.finish()


def answers_of(store: Store, clock: make.FakeClock) -> list[str]:
    return [str(finding.answer) for finding in check_outbox(store, now=clock.now())]


def deliver_in_vain(store: Store) -> None:
    """Plans due deliveries, and records a failed try for one."""
    with store.write() as session:
        ((chat,),) = chats.all_chats(session)
        planner.add_deliveries(
            session,
            [
                planner.Planned(
                    id="a" * 16,
                    chat_id=chat.id,
                    kind=DeliveryKind.ALERT,
                    due=make.NOON,
                    key="k",
                    items=(),
                    facts=Facts(),
                )
            ],
            now=make.NOON,
        )
        session.exec(update(DeliveryRow).values(attempts=3, reason="It does not answer."))


async def test_cron_runs_do_the_daily_work_once_and_tell_operators(tmp_path: Path, clock: make.FakeClock) -> None:
    async def once() -> int:
        app = build_app(
            settings(tmp_path, telegram, admins=(OPERATOR,), sources=(folder,), backup_to=copies), clock=clock
        )
        app.open()
        try:
            return await run(
                app, app.source_scheduler(), once=True, new_bot=False, pause_gone=False, say=lambda _: None
            )
        finally:
            await app.close()

    copies, folder = tmp_path / "copies", SourceSettings(name="inbox", path=tmp_path / "*.md")
    with FakeTelegram() as telegram:
        telegram.opens_to_all()
        assert await once() == 0
        store = Store(f"sqlite:///{tmp_path}/paperwire.db")
        apply_once(store, "telegram", "old", lambda _: "", chat="", now=clock.now())
        make.subscribes(store, "telegram:1", "graph", every="now")
        make.ingested(store, make.paper("A graph"))
        telegram.knows("1")
        telegram._chat("1").refusal = (400, "Bad Request: STICKER_INVALID")
        rounds = []
        for _ in range(3):  # the message as it is, and in its plain form
            clock.advance(timedelta(minutes=5))
            rounds.append(await once())
        assert rounds[-1] == 1  # it has become a dead letter
        assert [entry.text.splitlines()[0] for entry in telegram.posted_to("99")] == ["1 message could not be sent."]
        clock.advance(timedelta(days=1))
        assert await once() == 1
        assert len(telegram.posted_to("99")) == 1
        assert reply_to(store, "telegram", "old") is not None  # a day later, because it is younger than seven days
        clock.advance(timedelta(days=7))
        await once()
        assert reply_to(store, "telegram", "old") is None
        store.close()
    assert [copy.name[:14] for copy in sorted(copies.iterdir())] == [
        "daily-20260122",
        "daily-20260123",
        "daily-20260130",
    ]


async def test_operators_hear_there_that_a_platform_stands_still(
    tmp_path: Path, telegram: FakeTelegram, clock: make.FakeClock
) -> None:
    async with a_bot(tmp_path, telegram, clock, admins=(OPERATOR,)) as app:
        for chat in range(1, 41):
            telegram.knows(str(chat))
            telegram.blocks(str(chat))
            make.subscribes(app.store, f"telegram:{chat}", "graph", every="now")
        make.ingested(app.store, make.paper("A graph"))
        sent = await app.sender.deliver()
        assert "telegram" in sent.stopped
        (posts,) = telegram.posted_to("99")
        first, second, *_ = posts.text.splitlines()
        assert first == "Sending to Telegram has stopped."
        assert second.endswith("chats answered that they are gone.")
        assert (await app.sender.deliver()).sent == 0


def test_the_command_line_lets_a_chat_in(terminal: Terminal) -> None:
    store = Store(f"sqlite:///{terminal.database}")
    store.open(now=make.NOON)
    make.subscribes(store, "telegram:42", "diffusion")
    request_admission(store, make.address("telegram:42"), admins=(), who="", request="", now=make.NOON)
    assert get_chat(store, make.address("telegram:42")).state == "asked"
    assert terminal("subscribe", "graphs", "--as", "telegram:42").status == 0
    assert get_chat(store, make.address("telegram:42")).state == "active"
    store.close()


@pytest.fixture
async def app(tmp_path: Path, clock: make.FakeClock) -> AsyncIterator[App]:
    """A bot that reads a folder."""
    folder = SourceSettings(name="inbox", path=tmp_path / "*.md")
    url = SecretStr(f"sqlite:///{tmp_path}/paperwire.db")
    app = build_app(Settings(database_url=url, sources=(folder,)), clock=clock)
    app.open()
    yield app
    await app.close()


@pytest.fixture
def maintaining(app: App) -> Process:
    return Process(app, app.source_scheduler())


def copies(tmp_path: Path) -> list[str]:
    return sorted(copy.name[:14] for copy in (tmp_path / "backups").glob("*.db"))


async def test_a_copy_that_failed_is_made_later_on_the_same_day(
    maintaining: Process, tmp_path: Path, clock: make.FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = tmp_path / "backups"
    in_the_way.write_text("a file where the folder should be")

    await maintaining.tick()
    assert maintaining.attention == {"daily work": "the clean-up or the copy failed; the log says why"}
    assert "The daily clean-up or copy failed" in caplog.text

    in_the_way.unlink()
    await maintaining.tick()
    assert copies(tmp_path) == []  # after a full disk, a copy is not tried again each second
    clock.advance(timedelta(hours=1))
    await maintaining.tick()
    assert copies(tmp_path) == [f"daily-{clock.now():%Y%m%d}"]
    assert maintaining.attention == {}

    clock.advance(timedelta(hours=1))
    await maintaining.tick()
    assert len(copies(tmp_path)) == 1
    clock.advance(timedelta(days=1))
    await maintaining.tick()
    assert len(copies(tmp_path)) == 2


async def test_a_clock_that_was_a_year_ahead_delays_no_copy(app: App, tmp_path: Path, clock: make.FakeClock) -> None:
    clock.advance(timedelta(days=365))
    await Process(app, app.source_scheduler()).tick()
    clock.advance(timedelta(days=-365))
    await Process(app, app.source_scheduler()).tick()
    assert len(copies(tmp_path)) == 2


def test_the_size_of_a_database_is_told_by_kind_and_day(store: Store) -> None:
    fill(store, 70)
    with store.read() as session:
        found = {one.what: one for one in room(session, now=make.NOON)}
        whole = session.connection().exec_driver_sql("SELECT sum(pgsize) FROM dbstat").scalar_one()
    messages, items = found["messages"], found["papers of chats"]
    assert (messages.rows, items.rows) == (70 * 6, 70 * 30)
    assert 2_400 * messages.rows < messages.size < 6_000 * messages.rows, "each holds two texts of 1,200 characters"
    assert messages.a_day == messages.size // 7, "all of them came in the last seven days"
    assert 0.9 * whole < sum(one.size for one in found.values()) <= whole


def test_the_subcommand_prints_it_as_a_table_and_as_json(terminal: Terminal) -> None:
    terminal("db", "upgrade")
    assert "the file" in terminal("db", "size").out
    document = terminal("db", "size", "--json").json
    assert document["bytes"] > 0
    assert {kind["what"] for kind in document["kinds"]} >= {"papers", "messages", "papers of chats"}


# ── Messages of real digests in chats of every kind: each planned paper appears once, with a linked title ─────────────

ALL = "a OR the OR of OR in OR we OR for OR and OR to OR is OR 的"  # words that every abstract holds
CHATS: dict[str, tuple[ChatKind, dict[str, str]]] = {
    "telegram:1": (ChatKind.PRIVATE, {"limit": "all"}),
    "telegram:2": (ChatKind.PRIVATE, {"lang": "zh", "text": "abstract", "limit": "all"}),
    "telegram:-3": (ChatKind.GROUP, {"limit": "all"}),
    "telegram:-3/7": (ChatKind.GROUP, {"text": "titles", "limit": "all"}),
    "telegram:-4": (ChatKind.BROADCAST, {}),
    "telegram:-5": (ChatKind.BROADCAST, {"shape": "each", "lang": "zh"}),
    "slack:C1": (ChatKind.TEAM, {"limit": "all"}),
    "slack:C2": (ChatKind.TEAM, {"shape": "digest", "lang": "zh", "limit": "all"}),
    "slack:C3": (ChatKind.TEAM, {"shape": "each", "limit": "all"}),
    "slack:D4": (ChatKind.PRIVATE, {"limit": "all"}),
}
OLD = {Announce.REPLACE, Announce.REPLACE_CROSS}  # already known, and not announced again
PART = re.compile(r"(?<!\d)(\d+)/(\d+)(?!\d)")


class BotOnBothPlatforms:
    """A bot on both platforms, with chats of every kind."""

    def __init__(self, app: App, telegram: FakeTelegram, slack: FakeSlack) -> None:
        self.app = app
        self.telegram = telegram
        self.slack = slack

    def chat(
        self,
        name: str,
        query: str,
        *,
        kind: ChatKind | None = None,
        sets: Mapping[str, str] | None = None,
        schedule: Mapping[str, str] | None = None,
    ) -> ChatAddress:
        """Adds a chat that subscribes to `query`; `schedule` says when it gets papers."""
        at, now = make.address(name), self.app.clock.now()
        if at.platform == "slack":
            self.slack.knows(at.address)
        else:
            self.telegram.knows(at.address, topics=(7,))
        given = {"every": "now", "since": "1d", **(schedule or {})}
        subscribe(self.app.store, at, SubscriptionRequest(text=query, **given), now=now, kind=kind)
        for setting, value in (sets or {}).items():
            set_settings(self.app.store, at, {setting: value}, now=now)
        return at

    def posts(self, at: ChatAddress) -> list[Entry]:
        fake = self.telegram if at.platform == "telegram" else self.slack
        return fake.posted_to(at.address, at.topic if at.platform == "telegram" else None)

    async def only_message(self, at: ChatAddress) -> list[str]:
        """Delivers, and returns the lines of the only message that a chat got."""
        await self.app.sender.deliver()
        (post,) = self.posts(at)
        return post.text.splitlines()


@pytest.fixture
async def running(tmp_path: Path, clock: make.FakeClock) -> AsyncIterator[BotOnBothPlatforms]:
    with ExitStack() as stack:
        telegram, slack = stack.enter_context(FakeTelegram()), stack.enter_context(FakeSlack())
        settings = Settings(
            database_url=SecretStr(f"sqlite:///{tmp_path}/paperwire.db"),
            telegram=TelegramSettings(token=SecretStr(telegram.token), api_url=telegram.url),
            slack=SlackSettings(workspaces=(SlackWorkspace(bot_token=SecretStr(slack.token)),), api_url=slack.url),
            sources=(SourceSettings(name="Daily", title="daily arXiv", home="https://example.org/"),),
        )
        app = build_app(settings, clock=clock)
        app.open()
        yield BotOnBothPlatforms(app, telegram, slack)
        await app.close()


def links(post: Entry) -> Iterator[tuple[str, str]]:
    """Yields (address, title) for every link in a message, as its platform reads it."""
    if "parse_mode" in post.payload:
        read = parse_html(post.payload["text"])
        raw = read.text.encode("utf-16-le")
        for entity in read.entities:
            if "url" in entity["type"]:
                start, end = entity["offset"], entity["offset"] + entity["length"]
                yield entity["type"]["url"], raw[2 * start : 2 * end].decode("utf-16-le")
    else:
        yield from re.findall(r"<(https?://[^|>]+)\|([^>]*)>", str(post.payload.get("blocks", "")))


def first_line(post: Entry) -> str:
    block: dict[str, Any] = next(iter(post.payload.get("blocks", [])), {})
    if not block:
        return post.text.splitlines()[0]
    text = block["elements"][0] if "elements" in block else block["text"]
    return str(text["text"])


@pytest.mark.parametrize(
    "digest",
    [
        "seeds/daily_arxiv.md",
        "seeds/bilingual_three_line.txt",
        "corpus/daily_md/xm_2025-06-09_d7e8aae.md",
        "corpus/daily_md/dw_2026-05-06.md",
        "corpus/daily_md/nv_2026-02-07_vietnamese_excerpt.md",
        "corpus/arxiv_feed/td_e856935_atom.xml",
    ],
)
async def test_every_chat_is_shown_every_paper_of_a_real_digest_once(
    running: BotOnBothPlatforms, shared: Path, digest: str
) -> None:
    chats = [running.chat(name, ALL, kind=kind, sets=sets) for name, (kind, sets) in CHATS.items()]
    taken = read_digest((shared / digest).read_bytes(), Path(digest).name)
    await store_digest(running.app.context, taken, source="daily", announce=True)  # also on an earlier day
    new = {entry.arxiv_id: entry.title for entry in taken.entries if entry.announce_type not in OLD}
    titles = {f"https://arxiv.org/abs/{arxiv_id}": title for arxiv_id, title in new.items()}
    sent = await running.app.sender.deliver()
    assert (sent.planned, sent.sent, sent.waiting, sent.dead) == (len(chats), len(chats), 0, 0)
    for chat in chats:
        posts = running.posts(chat)
        found = [(url, label) for post in posts for url, label in links(post) if url in titles]
        assert sorted(url for url, _ in found) == sorted(titles), chat
        assert [label for url, label in found if not stands_for(label, titles[url])] == []
        if len(posts) > 1:
            parts = [PART.search(first_line(post)) for post in posts]
            numbered = (
                posts[1:] if posts[1].thread and chat.platform == "slack" else posts
            )  # the messages in a thread, without its root
            count = len(numbered) if len(numbered) > 1 else 0
            wanted = [(str(number), str(count)) for number in range(1, count + 1)]
            assert [part.groups() for part in parts if part] == wanted
            assert bool(parts[0]) is (numbered is posts)


def stands_for(label: str, title: str) -> bool:
    """Returns whether a link's text shows this title: whole, or cut at a word. Without a title, it must be a quotation."""
    if not title:
        return label.startswith("“")
    if re.search(r"[\\$^]|--", title):
        return bool(label.strip())
    return label == title or (label.endswith("…") and title.startswith(label.removesuffix("…")))


async def test_a_source_with_a_title_is_named_with_its_home(running: BotOnBothPlatforms) -> None:
    private, team = running.chat("telegram:1", "graph"), running.chat("slack:C1", "graph")
    silent = running.chat("telegram:2", "forest")
    make.ingested(running.app.store, *(make.paper(f"A graph {number}") for number in range(6)), source="daily")
    make.ingested(running.app.store, make.paper("A forest"), source="another")
    await running.app.sender.deliver()
    (post,) = running.posts(private)
    assert post.text.splitlines()[-1] == "from daily arXiv"
    assert ("https://example.org/", "daily arXiv") in list(links(post))
    assert ("https://example.org/", "daily arXiv") in list(links(running.posts(team)[-1]))
    assert "from" not in running.posts(silent)[0].text


async def test_what_lies_beyond_a_limit_is_counted_and_not_shown(running: BotOnBothPlatforms) -> None:
    private = running.chat("telegram:1", "graph", sets={"limit": "5"})
    make.ingested(running.app.store, *(make.paper(f"A graph {number}") for number in range(9)))
    sent = await running.app.sender.deliver()
    assert (sent.planned, sent.sent, sent.papers) == (1, 1, 5)
    (post,) = running.posts(private)
    assert "and 4 more" in post.text
    keyboard = json.loads(post.payload["reply_markup"])["inline_keyboard"]
    assert keyboard[-1][0]["text"] == "show 4 more"
    assert len(keyboard[-1][0]["callback_data"].encode()) <= 64

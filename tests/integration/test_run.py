"""The process: how it starts and stops, its topology, its log, its periodic work, and several processes at once."""

import asyncio
import json
import logging
import random
import re
import resource
import signal
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml  # type: ignore[import-untyped]
from procrastinate.periodic import PeriodicDeferrer

from bot.cli.log import say_for, start_logging
from bot.delivery.job_queue import JobQueue, Times
from bot.delivery.sender import CONCURRENCY
from bot.settings import Settings
from bot.settings.loading import load_settings
from subscriptions.model import Lane
from subscriptions.service.amendments import set_settings
from subscriptions.store import sources
from subscriptions.store.database.store import Store
from subscriptions.store.workers import wake_lanes
from tests import make
from tests.fakes.process import ROOT, Remote, running
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.forked import Forked, clean_environment
from tests.integration.cli import DIGEST, Process, page
from tests.integration.slack_bot import free_port
from tests.integration.telegram_bot import running as app_of
from tests.make import address
from tests.patience import PATIENCE
from tests.postgres.reading import read
from tests.postgres.server import Server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an inbox, and a chat that subscribes to everything about language models."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "paperwire.toml").write_text('[[source]]\nname = "daily"\npath = "inbox/*.md"\n')
    store = Store(f"sqlite:///{tmp_path}/paperwire.db")
    now = datetime.now(UTC)  # the program uses the machine's clock
    store.open(now=now)
    make.subscribes(store, "telegram:1", "cs.*", every="now", now=now)
    set_settings(store, address("telegram:1"), {"quiet": "off"}, now=now)  # so that the time of day does not matter
    store.close()
    return tmp_path


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Remote]:
    with running("telegram", journal=tmp_path / "journal") as fake:
        fake.call("knows", "1")
        yield fake


@contextmanager
def runs(folder: Path, fake: Remote | None = None) -> Iterator[Process]:
    """Yields a running program; at the end it is stopped, and must end without an error."""
    program = Process(folder, "run", fake=fake)
    try:
        yield program
    finally:
        assert program.stops() == 0


def runs_once(folder: Path, fake: Remote) -> None:
    program = Process(folder, "run", "--once", fake=fake)
    _, err = program.process.communicate(timeout=PATIENCE)
    assert program.process.returncode == 0, err


def test_a_file_in_the_inbox_becomes_a_message(folder: Path, platform: Remote) -> None:
    platform.call("answers", "hang before", 1)
    with runs(folder, platform) as program:
        address = program.says(r"Health: (http://\S+)/health/ready")[1]
        program.says("Watching ")
        assert httpx.get(f"{address}/health/live", trust_env=False).json() == {"live": True}
        (folder / "inbox" / "today.md").write_bytes(DIGEST.read_bytes())
        platform.call("waits_hanging")  # Telegram has got the message and has not answered
        platform.call("releases")
        ready = httpx.get(f"{address}/health/ready", trust_env=False)
        assert (ready.status_code, ready.json()["problems"]) == (200, {})
        missing = httpx.get(f"{address}/settings", trust_env=False)
        assert (missing.status_code, missing.text.count("\n")) == (404, 1)
    assert len(platform.journal) >= 1


def test_a_second_one_is_told_who_holds_the_role(folder: Path) -> None:
    with runs(folder) as first:
        first.says("Watching ")
        second = Process(folder, "run")
        _, err = second.process.communicate(timeout=PATIENCE)
        assert second.process.returncode == 1
        assert f"Process {first.process.pid} sends for this database already." in err


def test_once_reads_delivers_and_ends(folder: Path, platform: Remote) -> None:
    (folder / "inbox" / "today.md").write_bytes(DIGEST.read_bytes())
    posts = []
    for _ in range(2):
        runs_once(folder, platform)
        posts.append(len(platform.journal))
    assert posts[0] >= 1
    assert posts[1] == posts[0]


def test_people_are_answered_until_the_process_is_stopped(folder: Path, platform: Remote) -> None:
    platform.call("user_writes", "/sub written before", "42")
    with runs(folder, platform) as program:
        program.says("Watching ")
        platform.call("waits_for", "sendMessage", 1, chat="42")
        platform.call("user_writes", "/sub diffusion", "42")
        platform.call("waits_for", "sendMessage", 2, chat="42")
    assert [entry.text[:3] for entry in platform.journal] == ["✓ 1", "✓ 2"]
    assert "unsub" in str(platform.call("menu", "all_private_chats", "zh"))


def test_once_answers_what_waits_and_delivers_then(folder: Path, platform: Remote) -> None:
    (folder / "inbox" / "today.md").write_bytes(DIGEST.read_bytes())
    platform.call("user_writes", "/list", "42")
    platform.call("user_writes", "/help", "42")
    for _ in range(2):
        runs_once(folder, platform)
    chats = [entry.chat for entry in platform.journal]
    assert (chats[:2], set(chats[2:])) == (["42", "42"], {"1"})
    assert platform.call("waiting") == 0


def test_a_receiver_that_does_not_work_is_named(folder: Path, platform: Remote) -> None:
    platform.call("revokes")
    with runs(folder, platform) as program:
        address = program.says(r"Health: (http://\S+)/health/ready")[1]
        program.says("Nobody can talk to the bot on Telegram: Telegram does not know this token")
        ready = httpx.get(f"{address}/health/ready", trust_env=False)
        assert (ready.status_code, "telegram updates" in ready.json()["problems"]) == (503, True)
        assert TOKEN.partition(":")[2] not in ready.text


def test_a_file_that_is_no_digest_is_named_and_passed_over(folder: Path, platform: Remote) -> None:
    (folder / "inbox" / "a.md").write_text("# About\n\nThese are notes.\n")
    (folder / "inbox" / "b.md").write_bytes(DIGEST.read_bytes())
    program = Process(folder, "run", "--once", fake=platform)
    _, err = program.process.communicate(timeout=PATIENCE)
    assert "a.md" in err
    assert len(platform.journal) >= 1


def test_more_connections_than_files_make_no_log(folder: Path) -> None:
    """Nineteen such bursts used to write 25,787 lines, and each one used all file descriptors of the process."""
    program = Process(folder, "run")
    try:
        address = program.says(r"Health: (http://\S+)/health/ready")[1]
        program.says("Watching ")
        resource.prlimit(program.process.pid, resource.RLIMIT_NOFILE, (200, 200))
        place = ("127.0.0.1", int(address.rpartition(":")[2]))
        for _ in range(3):
            with ExitStack() as stack:
                for _ in range(600):
                    one = stack.enter_context(socket.socket())
                    one.setblocking(False)
                    one.connect_ex(place)
                assert httpx.get(f"{address}/health/live", trust_env=False, timeout=PATIENCE).json() == {"live": True}
    finally:
        program.process.send_signal(signal.SIGTERM)
        _, err = program.process.communicate(timeout=PATIENCE)
    assert err.splitlines() == ["Stopping: finishing what is on its way."]


def test_a_port_in_use_is_a_sentence(folder: Path) -> None:
    with runs(folder) as first:
        port = first.says(r"Health: http://[\d.]+:(\d+)/")[1]
        other = folder / "other"
        other.mkdir()
        second = Process(other, "run", port=port)
        out, err = second.process.communicate(timeout=PATIENCE)
        assert (second.process.returncode, out) == (2, "")
        assert "PAPERWIRE_WEB_PORT" in err


# ── What compose.yaml starts, without containers: the schema, then workers that are replaced one by one ───────────────

CHAT = "telegram:42"


class Topology:
    """The services of compose.yaml as processes of this machine, with their commands, settings and secrets."""

    def __init__(self, folder: Path, url: str, fake: Remote, stack: ExitStack) -> None:
        self.folder, self._fake, self._stack = folder, fake, stack
        self._services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
        self.workers: list[tuple[subprocess.Popen[bytes], str]] = []  # each with the address of its health page
        self._added: list[subprocess.Popen[bytes]] = []  # workers that may still be starting
        (folder / "inbox").mkdir()
        (folder / "paperwire.toml").write_text('[[source]]\nname = "daily"\npath = "inbox/*.md"\n')
        for name, secret in {"database_url": url, "telegram_token": TOKEN}.items():
            (folder / name).write_text(f"{secret}\n")

    def __call__(self, service: str, *arguments: str, **more: str) -> subprocess.Popen[bytes]:
        """Starts a service, or another subcommand with the settings of that service."""
        said: dict[str, Any] = self._services[service]
        places = {"/run/secrets/": f"{self.folder}/", "/etc/paperwire/": f"{self.folder}/"}
        settings = {name: _placed(value, places) for name, value in said["environment"].items()}
        process = Forked(
            ["bot", *(arguments or said["command"][1:])],
            cwd=self.folder,
            env=clean_environment(**(settings | {"PAPERWIRE_TELEGRAM_API_URL": self._fake.url} | more)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        return self._stack.enter_context(process)

    @property
    def replicas(self) -> int:
        return int(self._services["worker"]["deploy"]["replicas"])

    def add_worker(self) -> None:
        port = str(free_port())
        self._added.append(self("worker", PAPERWIRE_WEB_PORT=port))
        self.workers.append((self._added[-1], f"http://127.0.0.1:{port}/health/ready"))

    def end_worker(self) -> int:
        """Stops the oldest worker as an operator would. Returns its exit status."""
        worker, _ = self.workers.pop(0)
        worker.terminate()
        return worker.wait(int(self._services["worker"]["stop_grace_period"].removesuffix("s")))

    def become_healthy(self) -> None:
        """Waits until all added workers have started and their health pages answer 200."""
        while self._added:
            assert any(line.startswith(b"Watching ") for line in self._added.pop().stderr or ())
        for worker, place in self.workers:
            while _line.get(place).status_code != 200:
                assert worker.poll() is None


def _placed(value: str, places: dict[str, str]) -> str:
    for there, here in places.items():
        value = value.replace(there, here)
    return value


_line = httpx.Client(trust_env=False)  # one client for all, because making one takes longer than using it


@contextmanager
def topology(postgres: Server, folder: Path) -> Iterator[tuple[Topology, Remote]]:
    with ExitStack() as stack:
        fake = stack.enter_context(running("telegram", journal=folder / "journal"))
        fake.call("opens_to_all")
        url = stack.enter_context(postgres.database(empty=True))
        services = Topology(folder, url, fake, stack)
        try:
            yield services, fake
        finally:
            for worker, _ in services.workers:
                worker.kill()
                worker.wait()


def test_workers_are_replaced_one_by_one_while_digests_come(postgres: Server, tmp_path: Path) -> None:
    with topology(postgres, tmp_path) as (services, fake):
        assert services("schema").wait(PATIENCE) == 0
        assert services("worker", "subscribe", "graph", "--as", CHAT, "--every", "now").wait(PATIENCE) == 0
        assert services("worker", "set", "quiet", "off", "--as", CHAT).wait(PATIENCE) == 0  # the test may run at night
        for _ in range(services.replicas):
            services.add_worker()
        services.become_healthy()
        for number in range(services.replicas):
            day = datetime.now(UTC).date()
            text = page((f"2601.0000{number}", f"A graph of kind {number}", "Text."))
            (tmp_path / "inbox" / f"{day}-{number}.md").write_text(text)
            services.add_worker()
            assert services.end_worker() == 0
            services.become_healthy()
        fake.call("waits_for", "sendMessage", services.replicas)
        assert sorted(posts(fake)) == [f"2601.0000{number}" for number in range(services.replicas)]


def posts(fake: Remote) -> list[str]:
    """Returns the paper ids of all messages, each as often as it was posted."""
    texts = [entry.text for entry in fake.journal if entry.kind == "post"]
    return [f"2601.0000{number}" for text in texts for number in range(10) if f"A graph of kind {number}" in text]


# ── The log: each event is one line for programs to read, without words of people and without secrets ─────────────────

# What people write in the story: the program uses none of these words.
WORDS = ("zebrafinch", "warbler", "nuthatch", "goldcrest", "wheatear", "dunnock", "siskin", "bunting")
SECRET = TOKEN.partition(":")[2]
TEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warning|error|critical) [\w.]+: \S.*")
STARTUP = re.compile(
    r"(Health: http|Pages: http|No pages: |paperwire is on: |Database: /|Watching /|Nobody runs this bot yet|Stopping: finishing|Telegram: )"
)


def story(folder: Path, remote: Remote, log_format: str) -> list[str]:
    """Runs a process through conversations, deliveries and faults. Returns the lines of its log."""
    (folder / "inbox").mkdir()
    (folder / "paperwire.toml").write_text('[[source]]\nname = "daily"\npath = "inbox/*.md"\n')
    environ = {"PAPERWIRE_LOG_FORMAT": log_format, "PAPERWIRE_LOG_LEVEL": "debug", "PAPERWIRE_ACCESS": "open"}
    program = Process(folder, "run", fake=remote, environ=environ)
    try:
        remote.call("user_writes", "/sub cs.* OR zebrafinch now", "4242")
        remote.call("user_writes", "/set quiet off", "4242")  # so that the time of day does not matter
        remote.call("waits_for", "sendMessage", 2, chat="4242", seconds=50)
        remote.call("answers", "echo page", 1, method="sendMessage")
        for said in ("/name 1 warbler", "/sub -nuthatch", "goldcrest", "/search wheatear", "/pause dunnock", "/siskin"):
            remote.call("user_writes", said, "4242")
        remote.call("user_writes", "/sub@paperwire_test_bot bunting", "-10077", by="4242")
        remote.call("waits_for", "sendMessage", 8, chat="4242", seconds=50)
        (folder / "inbox" / "a.md").write_text("# About\n\nThese are notes.\n")
        (folder / "inbox" / "b.md").write_bytes(DIGEST.read_bytes())
        remote.call("waits_for", "sendMessage", 9, chat="4242", seconds=50)
        remote.call("answers", "cut before", 1, method="sendMessage")
        remote.call("user_writes", "/list siskin", "4242")
        remote.call("waits_for", "sendMessage", 10, chat="4242", seconds=50)
        remote.call("blocks", "4242")
        remote.call("serves_pages", "404 page", 2)
    finally:
        program.process.terminate()
        _, err = program.process.communicate(timeout=PATIENCE)
    assert program.process.returncode == 0, err
    return list(err.splitlines())


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_every_line_is_readable_and_holds_no_words_and_no_secret(
    log_format: str, tmp_path: Path, remote: Remote
) -> None:
    lines = story(tmp_path, remote, log_format)
    said = "\n".join(lines)
    for hidden in (*WORDS, SECRET):
        assert hidden not in said
    if log_format == "text":
        assert [line for line in lines if not TEXT.fullmatch(line) and not STARTUP.match(line)] == []
        assert re.search(r"A message was sent: delivery=\w+ chat=telegram:4242 worker=\d+$", said, re.MULTILINE)
        return
    events = [json.loads(line) for line in lines]
    assert all({"at", "level", "logger", "message", "worker"} <= event.keys() for event in events)
    sent = [event for event in events if event["message"].startswith("A message was sent")]
    assert sent
    assert all(event["chat"] == "telegram:4242" and event["delivery"] for event in sent)
    assert {event.get("source") for event in events if "papers in" in event["message"]} == {"daily"}


# ── the formatter ─────────────────────────────────────────────────────────────────────────────────────────────────────


def settings_with(tmp_path: Path, **values: str) -> Settings:
    environ = {f"PAPERWIRE_{name.upper()}": value for name, value in values.items()}
    return load_settings({"PAPERWIRE_DATABASE_URL": f"sqlite:///{tmp_path}/p.db", **environ}, tmp_path)


@pytest.fixture
def own_log() -> Iterator[logging.Logger]:
    """The program's logger, which is restored after the test."""
    root, ours = logging.getLogger(), logging.getLogger("paperwire")
    before = (list(root.handlers), root.level, ours.level)
    yield ours
    root.handlers, root.level, ours.level = before


def test_a_secret_is_replaced_in_the_fields_as_well(
    tmp_path: Path, own_log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging(settings_with(tmp_path, telegram_token=TOKEN, log_format="json"), quiet=False)
    own_log.warning("Asked.", extra={"source": f"https://example.org/{TOKEN}", "chat": {"a": TOKEN}})
    event = json.loads(capsys.readouterr().err)
    assert (event["source"], TOKEN in str(event)) == ("https://example.org/<secret>", False)


def test_a_field_cannot_stand_in_place_of_what_every_line_has(
    tmp_path: Path, own_log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging(settings_with(tmp_path, log_format="json"), quiet=False)
    own_log.warning("Asked.", extra={"level": "debug", "at": "never"})
    event = json.loads(capsys.readouterr().err)
    assert (event["level"], event["message"]) == ("warning", "Asked.")
    assert event["at"] != "never"


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_an_error_of_a_library_is_logged_without_its_words(
    log_format: str, tmp_path: Path, own_log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging(settings_with(tmp_path, log_format=log_format), quiet=False)
    with pytest.raises(KeyError) as caught:
        dict[str, str]()["zebrafinch"]
    message = f"Task exception was never retrieved\nfuture: <Task exception={caught.value!r}>"
    logging.getLogger("asyncio").error(message, exc_info=caught.value)
    (line,) = capsys.readouterr().err.splitlines()
    assert "Task exception was never retrieved: KeyError in test_an_error" in line
    assert "zebrafinch" not in line


def test_lines_for_the_operator_are_events_in_a_json_log(
    tmp_path: Path, own_log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    for log_format, level in (("json", "error"), ("text", "error")):
        settings = settings_with(tmp_path, log_format=log_format, log_level=level)
        start_logging(settings, quiet=False)
        say_for(settings)("Watching /inbox")
    first, second = capsys.readouterr().err.splitlines()
    assert (json.loads(first)["message"], json.loads(first)["level"]) == ("Watching /inbox", "info")
    assert second == "Watching /inbox"


async def test_a_rendering_error_is_logged_without_its_words(
    tmp_path: Path, clock: make.FakeClock, telegram: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise KeyError("zebrafinch")

    async with app_of(tmp_path, clock, telegram=telegram) as app:
        make.subscribes(app.store, "telegram:1", "graph", every="now")
        make.ingested(app.store, make.paper("A graph"))
        object.__setattr__(app.context, "render_delivery", fails)
        assert (await app.sender.deliver()).dead == 1
    (record,) = [one for one in caplog.records if "rendered" in one.getMessage()]
    assert re.fullmatch(r"Delivery \w+ cannot be rendered: KeyError in fails, line \d+", record.getMessage())
    assert (vars(record)["chat"], vars(record)["delivery"] in record.getMessage()) == ("telegram:1", True)


# ── Several schedulers: each job is done once, even if one of them is killed ──────────────────────────────────────────

SCHEDULERS, TICKS, KILLED_AT = 3, 60, 23


async def delivers(_lane: Lane) -> None: ...


async def sweeps() -> None: ...


def jobs(connection: "psycopg.Connection[tuple[str, int]]") -> Counter[tuple[str, int]]:
    """Removes all jobs, as workers do. Returns how often each (task, tick) was in the queue."""
    found = connection.execute("DELETE FROM procrastinate_jobs RETURNING task_name, (args->>'timestamp')::integer")
    return Counter((task, tick) for task, tick in found)


async def test_the_upkeep_of_each_tick_is_asked_for_once(url: str) -> None:
    times = Times(rescue_cron="* * * * * 0", sweep_cron="* * * * * 0")
    with closing(Store(url)) as store:
        connect = store.server.connect_arguments()
    queues = [
        JobQueue(connect, ["telegram"], delivers, sweep=sweeps, concurrency=1, times=times) for _ in range(SCHEDULERS)
    ]
    asked: Counter[tuple[str, int]] = Counter()
    apps = [queue._upkeep for queue in queues]
    deferrers = [PeriodicDeferrer(registry=app.periodic_registry) for app in apps if app is not None]
    for queue in queues:
        await queue._connector.open_async()
    with psycopg.connect(url, autocommit=True) as connection:
        for number in range(TICKS):
            if number == KILLED_AT:
                deferrers.pop()
                await queues.pop()._connector.close_async()
            at = (make.NOON + number * make.MINUTE).timestamp() + 0.5
            await asyncio.gather(*(one.defer_jobs(one.get_previous_tasks(at=at)) for one in deferrers))
            asked += jobs(connection)
    for queue in queues:
        await queue._connector.close_async()
    ticks = [int((make.NOON + number * make.MINUTE).timestamp()) for number in range(TICKS)]
    assert asked == Counter({(task, tick): 1 for task in ("rescue_jobs", "sweep_lanes") for tick in ticks})


def test_each_poll_is_made_once(url: str) -> None:
    """All schedulers read that the source is due and claim it at the same moment. One of them ends without releasing
    it.
    """
    stores = [Store(url) for _ in range(SCHEDULERS)]
    sources.sync_sources(stores[0], [sources.SourceFact(name="daily", kind="url", location="")], now=make.NOON)
    assert sources.claim_poll(stores[0], "daily", None, make.NOON)
    polled: Counter[datetime] = Counter()
    begin = threading.Barrier(SCHEDULERS)
    chance = random.Random(8)

    def schedule(store: Store, until: int) -> None:
        for number in range(TICKS):
            (known,) = sources.known_sources(store)
            begin.wait()
            due = known.state.next_at
            assert due == make.NOON + number * make.MINUTE
            if number < until and sources.claim_poll(store, "daily", due, due + make.MINUTE):
                polled[due] += 1
            begin.wait()

    ends = [TICKS, TICKS, KILLED_AT]
    chance.shuffle(ends)
    threads = [threading.Thread(target=schedule, args=one) for one in zip(stores, ends, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()
    assert polled == Counter({make.NOON + number * make.MINUTE: 1 for number in range(TICKS)})


WAITING, TAKEN = 5000, 20


async def test_the_next_job_is_found_by_an_index(url: str) -> None:
    with closing(Store(url)) as store:
        connect = store.server.connect_arguments()
        with store.write() as transaction:
            wake_lanes(transaction, [Lane("telegram", str(number)) for number in range(WAITING)])
    before = sum(read(url, "procrastinate_jobs"))
    queue = JobQueue(connect, ["telegram"], delivers, concurrency=1, times=Times())
    await queue._connector.open_async()
    jobs = queue._lanes.job_manager
    worker = await jobs.register_worker()
    taken = [await jobs.fetch_job(queues=queue._queues, worker_id=worker) for _ in range(TAKEN)]
    await queue._connector.close_async()
    assert [job.task_kwargs["address"] for job in taken if job is not None] == [str(number) for number in range(TAKEN)]
    assert sum(read(url, "procrastinate_jobs")) - before < WAITING


# ── Two real processes plan and deliver on one database; the journal of the fake Telegram is the evidence ─────────────

LANES = 40
PAPERS = 39  # enough for three messages in each delivery
LINK = re.compile(r"arxiv\.org/abs/([\d.]+)")


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[Remote]:
    with running("telegram", journal=tmp_path / "journal") as fake:
        fake.call("opens_to_all")
        yield fake


@pytest.fixture
def database(tmp_path: Path, store: Store) -> Path:
    """A database where some hundred chats will get the same papers, in three messages each."""
    with store.write() as transaction:
        for number in range(1, LANES + 1):
            chat = f"telegram:{number}"
            make.subscribes(transaction, chat, "graph", every="now", since="1d", now=make.NOON - timedelta(hours=1))
            set_settings(transaction, make.address(chat), {"limit": "all"}, now=make.NOON - timedelta(hours=1))
    papers = [
        make.paper(f"A graph of kind {n}", arxiv_id=f"2601.{n:05d}", abstract="Text. " * 60) for n in range(PAPERS)
    ]
    make.ingested(store, *papers, now=make.NOON - timedelta(minutes=30))
    return store.path


def starts(database: Path, fake: Remote, *command: str) -> subprocess.Popen[str]:
    environment = clean_environment(
        PAPERWIRE_DATABASE_URL=f"sqlite:///{database}",
        PAPERWIRE_TELEGRAM_TOKEN=TOKEN,
        PAPERWIRE_TELEGRAM_API_URL=fake.url,
        PAPERWIRE_WEB_PORT="0",
    )
    return Forked(
        command,
        cwd=database.parent,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def assert_whole(fake: Remote) -> None:
    """Checks that every chat got every paper once, and all chats in the same order."""
    shown: dict[str, list[str]] = {}
    posts = [entry for entry in fake.journal if entry.kind == "post"]
    for entry in posts:
        shown.setdefault(entry.chat, []).extend(dict.fromkeys(LINK.findall(str(entry.payload))))
    assert sorted(shown, key=int) == [str(number) for number in range(1, LANES + 1)]
    assert set(Counter((entry.chat, entry.text) for entry in posts).values()) == {1}
    assert len(posts) == 3 * LANES
    (order,) = {tuple(papers) for papers in shown.values()}
    assert sorted(order) == [f"2601.{n:05d}" for n in range(PAPERS)]
    assert {entry.concurrent for entry in posts} == {1}


def ready(database: Path, fake: Remote, how: str) -> subprocess.Popen[str]:
    """Starts a process that waits for `begins`. `how`: what it says about the lock that it does not hold."""
    process = starts(
        database, fake, "tests.integration.deliver_without_lock", how, "--now", make.NOON.isoformat(), "--json"
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def begins(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def begin_together(fake: Remote, both: Sequence[subprocess.Popen[str]]) -> None:
    """Lets both processes begin. Even on a busy machine, the first one continues only after the other one has begun."""
    fake.call("answers", "hang before", CONCURRENCY)
    for process in both:
        begins(process)
    fake.call("waits_for", "sendMessage", 1)
    fake.call("forgives")
    fake.call("releases")


def ended(*processes: subprocess.Popen[str]) -> list[dict[str, int]]:
    """Waits for the processes, and returns what each of them printed."""
    done = [process.communicate(timeout=PATIENCE) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), done
    return [json.loads(out) for out, _ in done]


def test_two_processes_without_a_lock_double_nothing(database: Path, fake: Remote) -> None:
    both = [ready(database, fake, "honest") for _ in range(2)]
    begin_together(fake, both)
    one, other = ended(*both)
    assert one["planned"] + other["planned"] == LANES
    assert one["sent"] + other["sent"] == LANES
    assert min(one["sent"], other["sent"]) > 0
    assert_whole(fake)


def test_of_two_lock_owners_none_takes_what_the_other_holds(database: Path, fake: Remote) -> None:
    """This happens on a file system without locks, or when a person has removed the lock file."""
    fake.call("answers", "hang after", CONCURRENCY, after=3 * (LANES - 2 * CONCURRENCY))
    first, second = (ready(database, fake, "claims") for _ in range(2))
    begins(first)
    fake.call("waits_hanging")
    # the first process has claimed all that it sends at the same time, and ten chats are left
    while len(fake.call("failures")) < CONCURRENCY:
        pass
    begins(second)
    (theirs,) = ended(second)
    assert theirs["sent"] > 0
    fake.call("releases")
    (ours,) = ended(first)
    assert ours["sent"] + theirs["sent"] == LANES
    assert_whole(fake)


def test_without_the_guard_the_journal_shows_doubles(database: Path, fake: Remote) -> None:
    """Shows that the test above can fail: two processes that claim messages in any state send some of them twice."""
    both = [ready(database, fake, "careless") for _ in range(2)]
    begin_together(fake, both)
    ended(*both)
    posts = Counter((entry.chat, entry.text) for entry in fake.journal if entry.kind == "post")
    assert max(posts.values()) > 1

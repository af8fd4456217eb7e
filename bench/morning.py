"""Measures a morning: digests are stored, deliveries planned and sent, and commands answered meanwhile.

    python -m bench.morning [CHATS [MESSAGES [COMMANDS]]]          without numbers: 100,000, 10,000 and 400

- stored: digests of 1,000 papers, into a store that has 1,000; making the words of the full-text index takes most of it
- planned: each chat has a daily subscription that is due at the same minute and matches ten of the day's papers. Then
  each has ten `now` subscriptions, which share queries like real ones, and 1,000 papers come. Aims: at most 3 times a
  bulk insert of the same rows, 1 GB, 3 s until the first deliveries, 100 ms for a simultaneous /sub
- sent: to the fake Bot API server of the tests, without rate limits, beside a bare httpx with as many connections,
  which posts the same messages and stores nothing. Aim: at most 1.5 times its time
- answered: the real `paperwire run` with its limits sends to more chats than it can reach in the time, while new people
  write commands. Aim: 99 of 100 within 100 ms, and never more than thirty messages in any second. And answers with
  numbers that are counted in 125 papers for each command. Aim: 300 ms for 50,000 papers

A bare insert writes the same rows into the same tables with the same indexes, by `executemany` of Python's sqlite3, in
one transaction. Each part runs in its own process. Most is processor time, because a commit also waits for the disk.
"""

import asyncio
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import combinations, cycle, islice
from pathlib import Path
from statistics import median, quantiles

import httpx
from pydantic import SecretStr
from sqlalchemy import insert

from bench._timing import timed
from bot.build import build_app
from bot.clock import SystemClock
from bot.delivery import sender
from bot.delivery.send_round import CONCURRENCY
from bot.delivery.sender import Sender
from bot.pace import Limits, Pace
from bot.settings import Settings
from subscriptions.database import tables
from subscriptions.database.store import Store
from subscriptions.model import Paper
from subscriptions.plan.plan import plan_due, steps
from subscriptions.query.parse import parse_query
from subscriptions.subscribing.subscribe import subscribe
from tests.bot_harness import BotHarness
from tests.clock import NOON
from tests.fakes.journal import Entry
from tests.fakes.process import Remote, running
from tests.fakes.telegram import TOKEN
from tests.filling import chat_row
from tests.forked import clean_environment
from tests.make import HOUR, address, an_open_store, ingested, paper

# words of the morning's papers; each word is in five papers
RARE = tuple(f"topic{first}{second}" for first in "abcdef" for second in "abcdef")
PAPERS = 180
NEWS = 1000  # papers of a digest
AIM, MOST_MEMORY, AIM_SUB, AIM_SENT = 3, 1024, 100, 1.5
ROUNDS = 8  # both senders take turns, so that other load of the machine affects both
FREE = Limits()

# each person writes some of them, in this order
SAYS = (
    *("/sub graph agent daily 9:00", "/list", "/search quantum", "/sub robot vision when-out"),
    *("/settings", "/help", "/preview survey", "/undo"),
)
PEOPLE = 41  # enough people that no person writes more than one message a second, the rate limit of a chat
EVERY = 0.15  # seconds between two commands
FIRST_PERSON = 1_000_000_000
LIMIT = 30  # messages a second, from core.telegram.org/bots/faq
PER_COMMAND, DIGEST = 125, 500  # papers
COUNTED = (
    *("w400", "w300 w600", '"w60 w70"', "ti:w90"),
    *("w700 OR w800 OR (w50 w60)", "cs.LG w400 -w60", "w123*", "author:Example w900"),
)


def main() -> int:
    if sys.argv[1:2] and sys.argv[1] in PARTS:
        part, folder, amount = sys.argv[1:]
        PARTS[part](Path(folder), int(amount))
        return 0
    chats, messages, commands = (*map(int, sys.argv[1:]), *(100_000, 10_000, 400)[len(sys.argv) - 1 :])
    for parts, of in (
        (("store",), NEWS),
        (("fill", "plan"), chats),
        (("ask", "news", "sub"), chats),
        (("send",), messages),
        (("answer",), commands),
    ):
        with tempfile.TemporaryDirectory() as place:
            for one in parts:
                subprocess.run([sys.executable, "-m", "bench.morning", one, place, str(of)], check=True)
    return 0


# Digests are stored


def store_digests(folder: Path, amount: int) -> None:
    papers = abstracts(2 * amount)
    before, few = papers[:amount], papers[amount:]
    changed = [replace(one, abstract=one.abstract + " And more.", version=2) for one in few]
    with an_open_store(f"sqlite:///{folder}/ingested.db") as store:
        ingested(store, *before)
        for what, content in {
            "new papers": few, "known papers, all changed": changed, "known papers, nothing new": changed[::-1]
        }.items():  # fmt: skip
            _, taken = timed(lambda content=content: ingested(store, *content))  # type: ignore[misc]
            print(f"{amount:,} {what}: stored in {taken:.2f} s of a processor")
    with an_open_store(f"sqlite:///{folder}/bare.db") as empty:
        pass  # only the tables are needed
    rows = {name: f"SELECT * FROM {name} WHERE paper > {amount}" for name in ("paper_key", "indexed_paper")}  # noqa: S608 - names of ours
    rows = {"paper": f"SELECT * FROM paper WHERE id > {amount}", **rows}  # noqa: S608 - a number
    bare, _ = insert_rows(store.path, empty.path, rows)
    print(f"the rows of new papers without the words, bare bulk insert: {bare:.3f} s of a processor")


def insert_rows(source: Path, target: Path, asked: dict[str, str]) -> tuple[float, int]:
    """Inserts the results of queries, by table, into another database.

    Returns processor seconds and the number of rows.
    """
    with closing(sqlite3.connect(source)) as full, closing(sqlite3.connect(target, isolation_level=None)) as bare:
        rows = {table: full.execute(query).fetchall() for table, query in asked.items()}
        bare.execute("PRAGMA synchronous=FULL")  # as in paperwire
        bare.execute("PRAGMA foreign_keys=ON")
        start = time.process_time()
        bare.execute("BEGIN IMMEDIATE")
        for table, values in rows.items():
            bare.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values[0]))})", values)  # noqa: S608 - names of ours
        bare.execute("COMMIT")
        return time.process_time() - start, sum(map(len, rows.values()))


def word(rng: random.Random, commonest: float = 0) -> str:
    """Returns a random word. The n-th word is drawn about 1/n times as often as the first.

    `commonest` above 0 leaves out the most common words, which are in all papers; queries do that.
    """
    return f"w{int(20_000 ** rng.uniform(commonest, 1))}"


def abstracts(how_many: int) -> list[Paper]:
    rng = random.Random(how_many)
    return [
        paper(
            " ".join(word(rng) for _ in range(10)),
            "cs.LG",
            arxiv_id=f"2602.{n:05}",
            abstract=" ".join(word(rng) for _ in range(150)),
        )
        for n in range(how_many)
    ]


# Deliveries are planned


def fill(store: Store, chats: int, queries: list[str]) -> None:
    """Stores the papers of a day, each word of RARE in five of them, and chats that share queries."""
    titles = [f"On {RARE[n % len(RARE)]}, part {n}" for n in range(PAPERS)]
    ingested(store, *(paper(title, "cs.LG", arxiv_id=f"2601.{n:05d}") for n, title in enumerate(titles)))
    with store.writing() as session:
        execute = session.connection().execute
        execute(insert(tables.ChatRow), [chat_row(n, NOON) for n in range(1, chats + 1)])
        rows = [subscription_row(n, n % len(queries), queries) for n in range(1, chats + 1)]
        execute(insert(tables.SubscriptionRow), rows)


def each_part() -> list[str]:
    return [f'"part {n}"' for n in range(PAPERS)]


def subscription_row(n: int, query: int, queries: list[str]) -> dict[str, object]:
    return {
        "id": n, "chat": n, "canonical": canonical(queries[query]), "number": 1, "name": "", "text": queries[query],
        "cadence": "daily 13:00", "state": "active", "since": NOON - timedelta(days=1), "cursor": 0, "next_due_at": NOON + HOUR, "latest_due_at": NOON + HOUR,
    }  # fmt: skip


@cache
def canonical(query: str) -> str:
    return parse_query(query).canonical


def peak() -> float:
    """Returns the most megabytes that this process had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fill_morning(folder: Path, chats: int) -> None:
    with an_open_store(f"sqlite:///{folder}/planned.db") as store:
        fill(store, chats, [f"{one} OR {other}" for one, other in combinations(RARE, 2)])
    shutil.copy(folder / "planned.db", folder / "bare.db")


def plan_morning(folder: Path, chats: int) -> None:
    with an_open_store(f"sqlite:///{folder}/planned.db") as store:
        _, planned = timed(lambda: plan_due(store, now=NOON + HOUR))
    memory = peak()
    asked = {table: f"SELECT * FROM {table}" for table in ("delivery", "delivery_item")}  # noqa: S608 - two names of ours
    bare, rows = insert_rows(folder / "planned.db", folder / "bare.db", asked)
    print(
        f"{chats:,} chats x 10 papers at one minute: planned in {planned:.1f} s of a processor, {memory:.0f} MB at the peak\n"
        f"the same {rows:,.0f} rows, bare bulk insert: {bare:.1f} s of a processor\n"
        f"planning / bare insert = {planned / bare:.2f}  (aim: {AIM}; memory {MOST_MEMORY} MB)"
    )


def ask(folder: Path, chats: int) -> None:
    """Fills the database of an ingest. Each chat has ten subscriptions, which have looked at all papers."""
    with an_open_store(f"sqlite:///{folder}/news.db") as store:
        rng = random.Random(1)
        asked = (realistic(rng) for _ in range(max(100, chats // 10)))
        queries = list({canonical(query): query for query in asked}.values())
        ingested(store, paper("An old one"))
        for start in range(1, chats + 1, 10_000):
            part = range(start, min(start + 10_000, chats + 1))
            rows = []
            for chat in part:
                for number, query in enumerate(rng.sample(range(len(queries)), 10), 1):
                    row = subscription_row(chat, query, queries)
                    row |= {"id": chat * 10 + number, "number": number, "cadence": "now", "cursor": 1}
                    rows.append(row | {"next_due_at": None, "latest_due_at": None})
            with store.writing() as session:
                session.connection().execute(insert(tables.ChatRow), [chat_row(n, NOON) for n in part])
                session.connection().execute(insert(tables.SubscriptionRow), rows)


def realistic(rng: random.Random) -> str:
    """Returns a query of one to three words, some much more common than others; sometimes with an unwanted word."""
    words = list(dict.fromkeys(word(rng, 0.4) for _ in range(rng.choice((1, 2, 2, 3)))))
    return " ".join([*words, *([f"-{word(rng, 0.4)}x"] if rng.random() < 0.2 else ())])


@contextmanager
def with_news(folder: Path) -> Iterator[Store]:
    shutil.copy(folder / "news.db", folder / "now.db")
    with an_open_store(f"sqlite:///{folder}/now.db") as store:
        yield store


def plan_news(folder: Path, chats: int) -> None:
    with with_news(folder) as store:
        new = abstracts(NEWS)
        start = time.process_time()
        ingested(store, *new, name="news", now=NOON + HOUR)
        stored = time.process_time()
        slices = (store.step_now(step) for step in store.read_now(steps, now=NOON + HOUR))
        found = len(next(slices))
        first = time.process_time()
        found += sum(map(len, slices))
        whole = time.process_time()
    print(
        f"{NEWS:,} papers come, {10 * chats:,} subscriptions now of {chats:,} chats:\n"
        f"  stored in {stored - start:.2f} s, the first deliveries planned {first - stored:.2f} s after that\n"
        f"  all {found:,.0f} deliveries {whole - first:.1f} s after that; {peak():.0f} MB at the peak"
    )


def subscribe_beside(folder: Path, _chats: int) -> None:
    """Prints how long it takes on the wall to store a subscription, alone and during a plan, as in `paperwire run`."""
    with with_news(folder) as store:
        ingested(store, *abstracts(NEWS), name="news", now=NOON + HOUR)
        alone, beside = asyncio.run(subscribed_beside(store))
    print(f"a /sub stored, on the wall: {alone}; beside the plan of the {NEWS:,} papers:\n  {beside}  (aim: {AIM_SUB})")


async def subscribed_beside(store: Store) -> tuple[str, str]:
    async def plan() -> None:
        for step in await store.read(steps, now=NOON + HOUR):
            if over.is_set():
                break
            await store.step(step)
        over.set()

    async def stored(numbers: range) -> str:
        taken: list[float] = []
        for number in numbers:
            if over.is_set():
                break
            await asyncio.sleep(0.05)
            start = time.monotonic()
            chat = address(f"telegram:{10**9 + number}")
            await store.write(subscribe, chat, f"word{number}", when="now", now=NOON + HOUR)
            taken.append((time.monotonic() - start) * 1e3)
        taken.sort()
        return f"{taken[len(taken) // 2]:.0f} ms, p99 {taken[len(taken) * 99 // 100]:.0f} ms"

    over = threading.Event()
    alone = await stored(range(100))
    planning = asyncio.create_task(plan())
    beside = await stored(range(100, 600))
    over.set()
    await planning
    return alone, beside


# The outbox is sent


class StandingClock(SystemClock):
    """A clock whose time of day does not move."""

    def now(self) -> datetime:
        return NOON + HOUR


async def measured(work: Awaitable[object]) -> tuple[float, float]:
    """Awaits some work. Returns the elapsed seconds, and the processor seconds of this process."""
    wall, own = time.perf_counter(), time.process_time()
    await work
    return time.perf_counter() - wall, time.process_time() - own


def send(folder: Path, messages: int) -> None:
    ours, bare = [0.0, 0.0], [0.0, 0.0]
    with running("telegram", journal=folder / "journal.jsonl") as fake:
        fake.call("opens_to_all")
        for n in range(ROUNDS):
            before = len(fake.journal)
            (place := folder / str(n)).mkdir()
            for spent, work in ((ours, drain(place, fake.url, messages // ROUNDS)), (bare, post_bare(fake, before))):
                wall, own = asyncio.run(work)
                spent[0] += wall
                spent[1] += own
    for what, (wall, own) in {"drained": ours, f"bare httpx, {CONCURRENCY} connections": bare}.items():
        rate, each = messages / wall, 1000 * own / messages
        print(f"{what}: {messages:,} messages in {wall:.1f} s ({rate:.0f} a second), {each:.2f} ms of a processor each")
    print(
        f"draining / bare = {ours[0] / bare[0]:.2f} on the wall, {ours[1] / bare[1]:.2f} of the work  (aim: {AIM_SENT})"
    )


async def drain(folder: Path, url: str, chats: int) -> tuple[float, float]:
    """Returns the time to send one delivery to each of `chats` chats."""
    settings = Settings(
        database_url=SecretStr(f"sqlite:///{folder}/drained.db"),
        telegram_token=SecretStr(TOKEN),
        telegram_api_url=url,
    )
    app = build_app(settings, clock=StandingClock())
    app.open()
    # a sender without rate limits
    app = replace(app, pace=Pace(app.clock, {"telegram": FREE}))
    fill(app.store, chats, each_part())
    run = Sender(app).new_round({})
    await sender.plan(app, run)
    spent = await measured(Sender(app).send_pending(run))
    await app.close()
    assert run.sent == chats
    return spent


async def post_bare(fake: Remote, first: int) -> tuple[float, float]:
    """Returns the time to post the messages of the journal, from the first one on, with a bare client."""
    waiting = iter([entry.payload for entry in fake.journal[first:]])
    limits = httpx.Limits(max_connections=CONCURRENCY, max_keepalive_connections=CONCURRENCY)
    async with httpx.AsyncClient(limits=limits) as client:

        async def post() -> None:
            for payload in waiting:
                answer = await client.post(f"{fake.url}/bot{TOKEN}/sendMessage", data=payload)
                assert answer.json()["ok"]

        return await measured(asyncio.gather(*(post() for _ in range(CONCURRENCY))))


# Commands are answered meanwhile


def answer_beside(folder: Path, commands: int) -> None:
    with running("telegram", journal=folder / "journal.jsonl") as fake:
        fake.call("opens_to_all")
        url = f"sqlite:///{folder}/paperwire.db"
        with an_open_store(url, now=datetime.now(UTC)) as store:
            fill(store, LIMIT * int(commands * EVERY * 2 + 30), each_part())
        with a_bot(folder, url, fake):
            wait_for(fake, lambda journal: len(journal) > 2 * LIMIT)
            asked = [write(fake, n, words) for n, words in enumerate(islice(cycle(SAYS), commands))]
            chat, at = asked[-1]
            wait_for(fake, lambda journal: any(entry.chat == chat and entry.at > at for entry in journal))
            journal = fake.journal
    asyncio.run(count_a_week(f"sqlite:///{folder}/week.db", PER_COMMAND * commands))
    report(asked, journal)


@contextmanager
def a_bot(folder: Path, url: str, fake: Remote) -> Iterator[None]:
    """Runs `paperwire run` with a source that has no digests."""
    (folder / "inbox").mkdir()
    (folder / "paperwire.toml").write_text('[[source]]\nname = "none"\npath = "inbox/*.md"\n')
    environment = clean_environment(
        PAPERWIRE_DATABASE_URL=url,
        PAPERWIRE_WEB_PORT="0",
        PAPERWIRE_ACCESS="open",
        PAPERWIRE_TELEGRAM_TOKEN=TOKEN,
        PAPERWIRE_TELEGRAM_API_URL=fake.url,
    )
    command = [sys.executable, "-m", "bot", "run"]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            yield
        finally:
            process.terminate()


def write(fake: Remote, n: int, words: str) -> tuple[str, float]:
    """Writes a command as a person. Returns the chat and the moment."""
    chat = str(FIRST_PERSON + n % PEOPLE)
    fake.call("knows", chat)
    at = time.time()
    fake.call("user_writes", words, chat)
    time.sleep(max(0.0, at + EVERY - time.time()))
    return chat, at


def wait_for(fake: Remote, there: Callable[[list[Entry]], bool]) -> None:
    until = time.monotonic() + 60
    while not there(fake.journal):
        assert time.monotonic() < until, "the bot says nothing"
        time.sleep(0.2)


async def count_a_week(url: str, amount: int) -> None:
    """Prints how long people wait for numbers counted in all papers of a week, each query for the first time."""
    with an_open_store(url) as store:
        papers = abstracts(amount)
        for start in range(0, amount, DIGEST):
            ingested(store, *papers[start : start + DIGEST], now=NOON - timedelta(days=6 - 7 * start // amount))
        bot = BotHarness(store)
        await bot.says("/preview statistics")  # a first run, which also reads the templates
        taken = list[tuple[float, str]]()
        for words in (f"{command} {query}" for command in ("/sub", "/preview", "/search") for query in COUNTED):
            bot.later(seconds=30)  # a person who writes too fast gets no answer
            began = time.perf_counter()
            answer = await bot.says(words)
            assert answer.text, words
            taken.append((1e3 * (time.perf_counter() - began), words))
    slowest, words = max(taken)
    middle = median(one for one, _ in taken)
    print(f"{amount:,} papers of a week: {middle:.0f} ms in the middle, {slowest:.0f} ms for {words}  (aim: 300)")


def report(asked: list[tuple[str, float]], journal: list[Entry]) -> None:
    people = {chat for chat, _ in asked}
    first, last = asked[0][1], asked[-1][1]
    sent = [entry.at for entry in journal if entry.chat not in people and first <= entry.at <= last]
    answers = [next((entry.at for entry in journal if entry.chat == chat and entry.at >= at), 0) for chat, at in asked]
    assert all(answers), f"nobody answered {asked[answers.index(0)][0]}"
    ms = [1000 * (answer - at) for answer, (_, at) in zip(answers, asked, strict=True)]
    print(
        f"{len(asked)} commands in {last - first:.0f} s, while {len(sent):,} messages went out\n"
        f"answered after {median(ms):.0f} ms in the middle, {quantiles(ms, n=100)[98]:.0f} ms at most in 99 of 100  (aim: 100)"
    )
    times = sorted(entry.at for entry in journal)
    fullest = max(n - bisect_left(times, at - 1) + 1 for n, at in enumerate(times))
    print(f"fullest second: {fullest} messages  (limit: {LIMIT})")


PARTS: dict[str, Callable[[Path, int], None]] = {
    "store": store_digests, "fill": fill_morning, "plan": plan_morning, "ask": ask, "news": plan_news, "sub": subscribe_beside,
    "send": send, "answer": answer_beside,
}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())

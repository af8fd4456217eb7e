"""Measures how fast a command is answered while a bulletin is sent to all chats, and over a week of papers.

    python -m bench.answering [COMMANDS]

The real `paperwire run`, in its own process and with its limits on, sends a morning's deliveries to more chats than it
can reach in the time. The platform is the fake Bot API server of the tests, in another process. At the same time, new
people write commands, one after the other. The time of an answer is from the moment when the platform has the command
to the moment when it has the answer. Aim: 99 of 100 within 100 ms on two cores, and never more than thirty messages in
any second.

A week of papers has 125 of them for each command. Complete answers with numbers counted in all of them are timed. Aim:
300 ms for 50,000 papers.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from statistics import median, quantiles

from bench import planning
from tests.bot_harness import BotHarness
from tests.clock import NOON
from tests.fakes.journal import Entry
from tests.fakes.process import Remote, running
from tests.fakes.telegram import TOKEN
from tests.forked import clean_environment
from tests.make import an_open_store, ingested

SAYS = (
    "/sub graph agent daily 9:00",
    "/list",
    "/search quantum",
    "/sub robot vision when-out",
    "/settings",
    "/help",
    "/preview survey",
    "/undo",
)  # each person writes some of them, in this order
PEOPLE = 41  # enough people that no person writes more than one message a second, the rate limit of a chat
EVERY = 0.15  # seconds between two commands
FIRST_PERSON = 1_000_000_000
LIMIT = 30  # messages a second, from core.telegram.org/bots/faq
PER_COMMAND, DIGEST = 125, 500  # papers
QUERIES = (
    "w400",
    "w300 w600",
    '"w60 w70"',
    "ti:w90",
    "w700 OR w800 OR (w50 w60)",
    "cs.LG w400 -w60",
    "w123*",
    "author:Example w900",
)


def main() -> int:
    commands = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    with (
        tempfile.TemporaryDirectory() as folder,
        running("telegram", journal=Path(folder) / "journal.jsonl") as fake,
    ):
        fake.call("opens_to_all")
        url = f"sqlite:///{folder}/paperwire.db"
        with an_open_store(url, now=datetime.now(UTC)) as store:
            chats = LIMIT * int(commands * EVERY * 2 + 30)
            planning.fill(store, chats, [f'"part {n}"' for n in range(planning.PAPERS)])
        with a_bot(Path(folder), url, fake):
            wait_for(fake, lambda journal: len(journal) > 2 * LIMIT)
            asked = [ask(fake, n, words) for n, words in enumerate(islice(cycle(SAYS), commands))]
            wait_for(
                fake, lambda journal: any(entry.chat == asked[-1][0] and entry.at > asked[-1][1] for entry in journal)
            )
            journal = fake.journal
        asyncio.run(count_a_week(f"sqlite:///{folder}/week.db", PER_COMMAND * commands))
    return report(asked, journal)


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


def ask(fake: Remote, n: int, words: str) -> tuple[str, float]:
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
    """Prints how long people wait for numbers that are counted in all papers of a week, each query for the first time."""
    with an_open_store(url) as store:
        papers = planning.abstracts(amount)
        for start in range(0, amount, DIGEST):
            ingested(store, *papers[start : start + DIGEST], now=NOON - timedelta(days=6 - 7 * start // amount))
        bot = BotHarness(store)
        await bot.says("/preview statistics")  # a first run, which also reads the templates
        taken = list[tuple[float, str]]()
        for words in (f"{command} {query}" for command in ("/sub", "/preview", "/search") for query in QUERIES):
            bot.later(seconds=30)  # a person who writes too fast gets no answer
            began = time.perf_counter()
            answer = await bot.says(words)
            assert answer.text, words
            taken.append((1e3 * (time.perf_counter() - began), words))
    slowest, words = max(taken)
    middle = median(one for one, _ in taken)
    print(f"{amount:,} papers of a week: {middle:.0f} ms in the middle, {slowest:.0f} ms for {words}  (aim: 300)")


def report(asked: list[tuple[str, float]], journal: list[Entry]) -> int:
    people = {chat for chat, _ in asked}
    first, last = asked[0][1], asked[-1][1]
    sent = [entry.at for entry in journal if entry.chat not in people and first <= entry.at <= last]
    answers = [next((entry.at for entry in journal if entry.chat == chat and entry.at >= at), 0) for chat, at in asked]
    if not all(answers):
        print(f"nobody answered {asked[answers.index(0)][0]}")
        return 1
    ms = [1000 * (answer - at) for answer, (_, at) in zip(answers, asked, strict=True)]
    print(f"{len(asked)} commands in {last - first:.0f} s, while {len(sent):,} messages went out")
    print(
        f"answered after {median(ms):.0f} ms in the middle, {quantiles(ms, n=100)[98]:.0f} ms at most in 99 of 100  (aim: 100)"
    )
    times = sorted(entry.at for entry in journal)
    fullest = max(n - bisect_left(times, at - 1) + 1 for n, at in enumerate(times))
    print(f"fullest second: {fullest} messages  (limit: {LIMIT})")
    return int(fullest > LIMIT)


if __name__ == "__main__":
    sys.exit(main())

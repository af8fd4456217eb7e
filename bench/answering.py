"""Measures how fast a command is answered while a bulletin is sent to all chats, and checks the platform's limit.

    python -m bench.answering [COMMANDS]

The real `paperwire run`, in its own process and with its limits on, sends a morning's deliveries to more chats than it
can reach in the time. The platform is the fake Bot API server of the tests, in another process. At the same time, new
people write commands, one after the other. The time of an answer is from the moment when the platform has the command
to the moment when it has the answer. Aim: 99 of 100 within 100 ms on two cores, and never more than thirty messages in
any second.
"""

import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from statistics import median, quantiles

from bench import planning
from bench.speaking import a_bot
from tests.fakes import process
from tests.fakes.journal import Entry
from tests.make import an_open_store

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


def main() -> int:
    commands = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    with (
        tempfile.TemporaryDirectory() as folder,
        process.running("telegram", journal=Path(folder) / "journal.jsonl") as fake,
    ):
        fake.call("opens_to_all")
        morning(Path(folder), chats=LIMIT * int(commands * EVERY * 2 + 30))
        with a_bot(Path(folder), f"sqlite:///{folder}/paperwire.db", fake, [sys.executable, "-m", "bot", "run"]):
            wait_for(fake, lambda journal: len(journal) > 2 * LIMIT)
            asked = [ask(fake, n, words) for n, words in enumerate(islice(cycle(SAYS), commands))]
            wait_for(
                fake, lambda journal: any(entry.chat == asked[-1][0] and entry.at > asked[-1][1] for entry in journal)
            )
            journal = fake.journal
    return report(asked, journal)


def morning(folder: Path, *, chats: int) -> None:
    """Creates a store in which `chats` chats are due."""
    with an_open_store(f"sqlite:///{folder}/paperwire.db", now=datetime.now(UTC)) as store:
        planning.fill(store, chats, [f'"part {n}"' for n in range(planning.PAPERS)])


def ask(fake: process.Remote, n: int, words: str) -> tuple[str, float]:
    """Writes a command as a person. Returns the chat and the moment."""
    chat = str(FIRST_PERSON + n % PEOPLE)
    fake.call("knows", chat)
    at = time.time()
    fake.call("user_writes", words, chat)
    time.sleep(max(0.0, at + EVERY - time.time()))
    return chat, at


def wait_for(fake: process.Remote, there: Callable[[list[Entry]], bool]) -> None:
    until = time.monotonic() + 60
    while not there(fake.journal):
        assert time.monotonic() < until, "the bot says nothing"
        time.sleep(0.2)


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

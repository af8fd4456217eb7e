"""Measures how soon all people get an answer if many write at the same moment, on SQLite and on PostgreSQL.

    python -m bench.speaking [PEOPLE]          without a number: 200

The real `paperwire run` works in its own processes. The platform is the fake Bot API server of the tests, in another
process. All people write `/sub` before the first answer. The time of an answer is from that moment until the platform
has it. Each row is measured twice: with our limit of 28 messages a second on Telegram, which makes 200 answers take at
least 7 s, and without it. A row names the number of the server's connections. Aims: all people get an answer within 10 s, the logs have no complaints about connections, and without
the limit PostgreSQL takes at most three times as long as SQLite.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bot.cli import run
from bot.platforms.telegram.adapter import TelegramChannel
from tests.fakes.process import Remote, running
from tests.fakes.telegram import TOKEN
from tests.forked import clean_environment
from tests.make import an_open_store
from tests.patience import PATIENCE
from tests.postgres.server import own_server

PEOPLE, AIM, RATIO = 200, 10.0, 3.0
SAYS = "/sub graph agent daily 9:00"
FIRST = "999999999"  # the person who writes first
USED_UP = ("no connection left", "are in use", "too many clients")  # texts in a log if no connection is free
ROWS = (0, 200, 20)  # connections of the server; 0: SQLite


def main() -> int:
    if sys.argv[1:2] == ["run"]:
        TelegramChannel.limits = replace(TelegramChannel.limits, per_second=float(sys.argv[2]))
        return run(["run"])
    people = int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE
    print(f"{people} people say {SAYS!r} at the same moment; seconds until an answer")
    print("                        with the limit           without it")
    print("database                middle   slowest    middle   slowest   answered   complaints")
    slowest, is_well = {}, True
    for connections in ROWS:
        (limited, some), (free, others) = (measured(people, connections, rate) for rate in (28.0, 1e6))
        slowest[connections] = max(free)
        where = f"PostgreSQL, {connections}" if connections else "SQLite"
        answered, complaints = len(limited) + len(free), some + others
        print(
            f"{where:20}  {median(limited):8.2f}  {max(limited):8.2f}  {median(free):8.2f}"
            f"  {max(free):8.2f}   {answered:4}/{2 * people}   {complaints:10}"
        )
        is_well &= answered == 2 * people and not complaints and max(limited) <= AIM
    ratio = slowest[ROWS[1]] / slowest[ROWS[0]]
    print(f"PostgreSQL / SQLite = {ratio:.2f}  (aim: {RATIO:.0f})")
    return int(not is_well or ratio > RATIO)


def measured(people: int, connections: int, rate: float) -> tuple[list[float], int]:
    """Measures `people` people who write at the same moment.

    Returns the seconds until each answer, and the number of complaints about connections in the log.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        fake = stack.enter_context(running("telegram", journal=folder / "journal.jsonl"))
        url = f"sqlite:///{folder}/paperwire.db"
        if connections:
            url = stack.enter_context(own_server(max_connections=str(connections))).empty_database()
        with an_open_store(url, now=datetime.now(UTC)):
            command = [sys.executable, "-m", "bench.speaking", "run", str(rate)]
        log = stack.enter_context(a_bot(folder, url, fake, command))
        chats = [str(number) for number in range(1, people + 1)]
        for chat in chats:
            fake.call("knows", chat)
        fake.call("knows", FIRST)
        fake.call("user_writes", "/help", FIRST)
        answers_of(fake, {FIRST})  # waits until it receives updates
        at = time.time()
        for chat in chats:
            fake.call("user_writes", SAYS, chat)
        answers = answers_of(fake, set(chats))
        complaints = sum(log.read_text().count(words) for words in USED_UP)
        return [moment - at for moment in answers.values()], complaints


def answers_of(fake: Remote, chats: set[str]) -> dict[str, float]:
    """Waits until all chats have an answer, or PATIENCE is over. Returns chat → moment of its first answer."""
    until, found = time.monotonic() + PATIENCE, dict[str, float]()
    while found.keys() != chats and time.monotonic() < until:
        for entry in fake.journal:
            if entry.chat in chats:
                found.setdefault(entry.chat, entry.at)
        time.sleep(0.1)
    return found


@contextmanager
def a_bot(folder: Path, url: str, fake: Remote, command: list[str]) -> Iterator[Path]:
    """Runs a process started by `command`, with a source that has no digests. Yields its log."""
    (folder / "inbox").mkdir()
    (folder / "paperwire.toml").write_text('[[source]]\nname = "none"\npath = "inbox/*.md"\n')
    environment = clean_environment(
        PAPERWIRE_DATABASE_URL=url,
        PAPERWIRE_WEB_PORT="0",
        PAPERWIRE_ACCESS="open",
        PAPERWIRE_TELEGRAM_TOKEN=TOKEN,
        PAPERWIRE_TELEGRAM_API_URL=fake.url,
    )
    path = folder / "log"
    with (
        path.open("wb") as log,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as process,
        ExitStack() as stack,
    ):
        stack.callback(process.terminate)
        yield path


if __name__ == "__main__":
    sys.exit(main())

"""Runs a soak: the load, a check of what is left after it, and a process without work."""

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.fakes import slack as slacks
from tests.fakes import telegram as telegrams
from tests.fakes.arxiv import FakeArxiv
from tests.filling import fill
from tests.make import an_open_store, clean_up
from tests.programs.faults.soak import judge, load
from tests.programs.faults.soak.program import Sample, running_program

SETTLES = 480.0  # most seconds after the load until everything is sent
UNREPEATED = "A reply did not arrive"  # text of a log line
RESTED = 45.0  # seconds after the start in which an idle process may still do the daily clean-up and backup


@dataclass(frozen=True, slots=True, kw_only=True)
class Soaked:
    """The results of a soak."""

    samples: list[Sample]
    account: load.Account
    verdicts: list[judge.Verdict]
    messages: int  # messages that both platforms accepted
    edits: int
    rate: float  # messages per second, until everything was sent
    busy: float  # seconds of processor time per second of the load

    @property
    def green(self) -> bool:
        return all(one.green for one in self.verdicts)


@contextmanager
def _place() -> Iterator[tuple[Path, telegrams.FakeTelegram, slacks.FakeSlack, dict[str, str]]]:
    """Yields a folder, both platforms, and the environment of a program that uses them."""
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as folder,
        telegrams.FakeTelegram() as telegram,
        slacks.FakeSlack() as slack,
    ):
        yield (
            Path(folder),
            telegram,
            slack,
            {
                "PAPERWIRE_DATABASE_URL": f"sqlite:///{folder}/paperwire.db",
                "PAPERWIRE_ACCESS": "open",
                "PAPERWIRE_ALLOWED_HOSTS": "127.0.0.1",
                "PAPERWIRE_TELEGRAM_TOKEN": telegrams.TOKEN,
                "PAPERWIRE_TELEGRAM_API_URL": telegram.url,
                "PAPERWIRE_SLACK_BOT_TOKEN": slacks.TOKEN,
                "PAPERWIRE_SLACK_APP_TOKEN": slacks.APP_TOKEN,
                "PAPERWIRE_SLACK_API_URL": slack.url,
            },
        )


def soak(
    pace: load.Pace, *, warm_up: float, most_growth: float = 0.05, spare: dict[str, int] = judge.SPARE, leak: int = 0
) -> Soaked:
    """Runs the load and returns the results with their verdicts.

    `warm_up` is in seconds. For `most_growth` and `spare`, see `judge_samples`. `leak`: bytes that each request leaks.
    """
    with _place() as (folder, telegram, slack, environment), FakeArxiv() as mirror:
        loading = load.Load(folder, pace, telegram, slack, mirror, environment=environment)
        loading.prepares(datetime.now(UTC))
        keys = _keys(loading.database)
        module, words = ("tests.programs.faults.soak.leaking", [str(leak)]) if leak else ("bot", [])
        samples: list[Sample] = []
        with running_program(folder, environment, module, *words) as program:
            loading.port = program.port
            slack.waits_connected(2, 60)

            loading.runs(lambda second: samples.append(program.sample(second)))
            loading.settles(SETTLES)
            unfinished = loading.unfinished()
            status = program.stops()
        entries = sorted((*telegram.journal, *slack.journal), key=lambda one: one.at)
        added = len(_keys(loading.database) - keys)
        left = _left_after_a_year(loading.database, datetime.now(UTC))
        said = program.log.read_text("utf-8", "replace")
    verdicts = [
        *judge.judge_samples(samples, warm_up=warm_up, most_growth=most_growth, spare=spare),
        *judge.judge_rows(left, loading.account, unfinished, added),
        *judge.judge_journal(entries, loading.account, telegram.toasts(), said.count(UNREPEATED)),
        judge.Verdict(
            what="exit status; tracebacks in the log",
            measured=f"{status}; {said.count('Traceback')}",
            allowed="0; 0",
            green=status == 0 and "Traceback" not in said,
        ),
    ]
    return Soaked(
        samples=samples,
        account=loading.account,
        verdicts=verdicts,
        messages=sum(one.kind in {"post", "ephemeral", "file"} for one in entries),
        edits=sum(one.kind == "edit" for one in entries),
        rate=len(entries) / max(entries[-1].at - entries[0].at, 1.0),
        busy=(samples[-1].processor - samples[0].processor) / max(samples[-1].second - samples[0].second, 1e-9),
    )


def rest(subscriptions: int, seconds: float) -> judge.Verdict:
    """Runs a process with a full store and nothing due. Returns the verdict on its processor time."""
    with _place() as (folder, _, _, environment):
        now = datetime.now(UTC)
        with an_open_store(f"sqlite:///{folder}/paperwire.db", now=now) as store:
            fill(store, subscriptions, now=now, per_chat=5)
        (folder / "inbox").mkdir()
        (folder / "paperwire.toml").write_text('[[source]]\nname = "inbox"\npath = "inbox/*.md"\n')
        with running_program(folder, environment) as program:
            began = time.monotonic()
            time.sleep(min(RESTED, seconds))
            samples = [program.sample(time.monotonic() - began)]
            while samples[-1].second - samples[0].second < seconds:
                time.sleep(min(5.0, seconds))
                samples.append(program.sample(time.monotonic() - began))
            program.stops()
    spent, took = samples[-1].processor - samples[0].processor, samples[-1].second - samples[0].second
    return judge.judge_rest(spent, took, subscriptions)


def _left_after_a_year(database: Path, now: datetime) -> dict[str, int]:
    """Cleans a database as a year later would. Returns the number of remaining rows by table."""
    with an_open_store(f"sqlite:///{database}", now=now) as store:
        clean_up(store, now=now + timedelta(days=364))  # on day 365, chats that are gone would be erased
    with _reading(database) as connection:
        listed = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%paper_words%' ORDER BY name"
        names = [name for (name,) in connection.execute(listed) if not name.startswith(("sqlite_", "paper_words"))]
        return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608 - names of ours


def _reading(database: Path) -> closing[sqlite3.Connection]:
    """Opens a database that a program may be using."""
    return closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30))


def _keys(database: Path) -> set[str]:
    with _reading(database) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM key_value")}

"""Runs a soak: the load, a check of what is left after it, and a process without work."""

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from subscriptions.store.database.store import Store
from tests.fakes.slack import APP_TOKEN, FakeSlack
from tests.fakes.slack import TOKEN as SLACK_TOKEN
from tests.fakes.telegram import TOKEN as TELEGRAM_TOKEN
from tests.fakes.telegram import FakeTelegram
from tests.filling import fill
from tests.programs.faults.soak import judge
from tests.programs.faults.soak.load import Account, Load, Pace, left_after_a_year
from tests.programs.faults.soak.program import Sample, running_program

SETTLES = 480.0  # most seconds after the load until everything is sent
UNREPEATED = "A reply did not arrive"  # text of a log line
RESTED = 45.0  # seconds after the start in which an idle process may still do the daily clean-up and backup


@dataclass(frozen=True, slots=True, kw_only=True)
class Soaked:
    """The results of a soak."""

    samples: tuple[Sample, ...]
    account: Account
    verdicts: tuple[judge.Verdict, ...]
    messages: int  # messages that both platforms accepted
    edits: int
    rate: float  # messages per second, until everything was sent
    busy: float  # seconds of processor time per second of the load

    @property
    def green(self) -> bool:
        return all(one.green for one in self.verdicts)


@contextmanager
def _place() -> Iterator[tuple[Path, FakeTelegram, FakeSlack, Mapping[str, str]]]:
    """Yields a folder, both platforms, and the environment of a program that uses them."""
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as folder,
        FakeTelegram() as telegram,
        FakeSlack() as slack,
    ):
        environment = {
            "PAPERWIRE_DATABASE_URL": f"sqlite:///{folder}/paperwire.db",
            "PAPERWIRE_ACCESS": "open",
            "PAPERWIRE_ALLOWED_HOSTS": "127.0.0.1",
            "PAPERWIRE_TELEGRAM_TOKEN": TELEGRAM_TOKEN,
            "PAPERWIRE_TELEGRAM_API_URL": telegram.url,
            "PAPERWIRE_SLACK_BOT_TOKEN": SLACK_TOKEN,
            "PAPERWIRE_SLACK_APP_TOKEN": APP_TOKEN,
            "PAPERWIRE_SLACK_API_URL": slack.url,
        }
        yield Path(folder), telegram, slack, environment


def soak(
    pace: Pace, *, warm_up: float, most_growth: float = 0.05, spare: Mapping[str, int] = judge.SPARE, leak: int = 0
) -> Soaked:
    """Runs the load and returns the results with their verdicts.

    `warm_up` is in seconds. For `most_growth` and `spare`, see `judge_samples`. `leak`: bytes that each request leaks.
    """
    with _place() as (folder, telegram, slack, environment):
        load = Load(folder, pace, telegram, slack, environment)
        load.prepares(datetime.now(UTC))
        keys = _keys(load.database)
        module, words = ("tests.programs.faults.soak.leaking", [str(leak)]) if leak else ("bot", [])
        samples: list[Sample] = []
        with running_program(folder, environment, module, *words) as program:
            load.port = program.port
            slack.waits_connected(2, 60)

            def sample(second: float) -> None:
                samples.append(program.sample(second))

            load.runs(sample)
            busy = (samples[-1].processor - samples[0].processor) / max(samples[-1].second - samples[0].second, 1e-9)
            load.settles(SETTLES)
            unfinished = load.unfinished()
            status = program.stops()
        load.mirror.shutdown()
        load.mirror.server_close()
        entries = sorted((*telegram.journal, *slack.journal), key=lambda one: one.at)
        added = len(_keys(load.database) - keys)
        late = folder / "late.db"
        shutil.copyfile(load.database, late)
        left = left_after_a_year(late, datetime.now(UTC))
        said = program.log.read_text("utf-8", "replace")
    verdicts = [
        *judge.judge_samples(samples, warm_up=warm_up, most_growth=most_growth, spare=spare),
        *judge.judge_rows(left, load.account, unfinished, added),
        *judge.judge_journal(entries, load.account, telegram.toasts(), said.count(UNREPEATED)),
        judge.Verdict(
            what="exit status; tracebacks in the log",
            measured=f"{status}; {said.count('Traceback')}",
            allowed="0; 0",
            green=status == 0 and "Traceback" not in said,
        ),
    ]
    return Soaked(
        samples=tuple(samples),
        account=load.account,
        verdicts=tuple(verdicts),
        messages=sum(one.kind in {"post", "ephemeral", "file"} for one in entries),
        edits=sum(one.kind == "edit" for one in entries),
        rate=len(entries) / max(entries[-1].at - entries[0].at, 1.0),
        busy=busy,
    )


def rest(subscriptions: int, seconds: float) -> judge.Verdict:
    """Runs a process with a full store and nothing due. Returns the verdict on its processor time."""
    with _place() as (folder, _, _, environment):
        now = datetime.now(UTC)
        store = Store(f"sqlite:///{folder}/paperwire.db")
        store.open(now=now)
        fill(store, subscriptions, now=now, per_chat=5)
        store.close()
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


def _keys(database: Path) -> set[str]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM key_value")}

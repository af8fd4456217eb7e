"""Measures how fast an outbox is sent to a platform on loopback, compared with a bare HTTP client.

    python -m bench.draining [MESSAGES]

The platform is the fake Bot API server of the tests, in its own process. Both send without rate limits. The bare client
is httpx with as many connections as paperwire has lanes at once. It posts the same messages as paperwire and stores
nothing. Aim: at most 1.5 times its time.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import httpx
from pydantic import SecretStr

from bench import planning
from bot.app import build_app
from bot.delivery import sender
from bot.delivery.drain import CONCURRENCY
from bot.ports.channel import Limits
from bot.ports.pace import Pace
from bot.settings import Settings
from bot.system_clock import SystemClock
from tests.fakes.journal import Entry
from tests.fakes.process import running
from tests.fakes.telegram import TOKEN

FREE = Limits(text=4096, per_second=0, per_lane=0)


class StandingClock(SystemClock):
    """A clock whose time of day does not move."""

    def now(self) -> datetime:
        return planning.NOON + planning.HOUR


ROUNDS = 8  # both sides take turns, so that other load of the machine affects both


@dataclass(frozen=True, slots=True)
class Spent:
    """The time for some messages: elapsed seconds, and processor seconds of this process."""

    messages: int = 0
    wall: float = 0.0
    own: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.messages + other.messages, self.wall + other.wall, self.own + other.own)

    def __str__(self) -> str:
        return (
            f"{self.messages:,} messages in {self.wall:.1f} s ({self.messages / self.wall:.0f} a second), "
            f"{1000 * self.own / self.messages:.2f} ms of a processor each"
        )


async def measured(work: Awaitable[object]) -> tuple[float, float]:
    """Awaits some work. Returns the elapsed seconds, and the processor seconds of this process."""
    wall, own = time.perf_counter(), time.process_time()
    await work
    return time.perf_counter() - wall, time.process_time() - own


def main() -> int:
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    ours = bare = Spent()
    with tempfile.TemporaryDirectory() as folder, running("telegram", journal=Path(folder) / "journal.jsonl") as fake:
        fake.call("opens_to_all")
        for n in range(ROUNDS):
            before = len(fake.journal)
            (place := Path(folder) / str(n)).mkdir()
            ours += asyncio.run(drain(place, fake.url, messages // ROUNDS))
            bare += asyncio.run(post_bare(fake.url, fake.journal[before:]))
    print(f"drained: {ours}")
    print(f"bare httpx, {CONCURRENCY} connections: {bare}")
    print(
        f"draining / bare = {ours.wall / bare.wall:.2f} on the wall, {ours.own / bare.own:.2f} of the work  (aim: 1.5)"
    )
    return 0


async def drain(folder: Path, url: str, chats: int) -> Spent:
    """Returns the time to send one delivery to each of `chats` chats."""
    settings = Settings(
        database_url=SecretStr(f"sqlite:///{folder}/drained.db"),
        telegram_token=SecretStr(TOKEN),
        telegram_api_url=url,
    )
    app = build_app(settings, clock=StandingClock())
    app.open()
    # a sender without rate limits
    app.deps = replace(app.deps, pace=Pace(app.clock, {"telegram": FREE}))
    app.sender = sender.Sender(app.deps, app.platforms, app.stop)
    planning.fill(app.store, chats, [f'"part {n}"' for n in range(planning.PAPERS)])
    run = app.sender.new_drain({})
    await sender.plan(app.deps, run)
    wall, own = await measured(app.sender.drain_woken(run))
    await app.close()
    return Spent(run.sent, wall, own)


async def post_bare(url: str, journal: list[Entry]) -> Spent:
    """Returns the time to post the messages of the journal with a bare client."""
    waiting = iter([entry.payload for entry in journal])
    limits = httpx.Limits(max_connections=CONCURRENCY, max_keepalive_connections=CONCURRENCY)
    async with httpx.AsyncClient(limits=limits) as client:

        async def post() -> None:
            for payload in waiting:
                answer = await client.post(f"{url}/bot{TOKEN}/sendMessage", data=payload)
                assert answer.json()["ok"]

        return Spent(len(journal), *await measured(asyncio.gather(*(post() for _ in range(CONCURRENCY)))))


if __name__ == "__main__":
    sys.exit(main())

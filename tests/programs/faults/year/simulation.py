"""Runs the simulated year tick by tick: digests, deliveries, and acts of people."""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.operation.ticks import daily_maintenance
from subscriptions.store.database.writer import done
from tests.postgres.server import own_server
from tests.programs.faults.table import write
from tests.programs.faults.year import world as calendar
from tests.programs.faults.year.comparison import Comparison, compare
from tests.programs.faults.year.mistakes import MISTAKES
from tests.programs.faults.year.model import Expected, Model
from tests.programs.faults.year.people import People, moments
from tests.programs.faults.year.simulated_bot import SimulatedBot

START = datetime(2025, 2, 1, tzinfo=UTC)
SPRING = datetime(2025, 3, 1, tzinfo=UTC)  # clocks change in both hemispheres in the following weeks
AROUND = 0.05  # share of moments for which the simulation also runs an hour earlier or later, when nothing may come


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The size of a simulation."""

    start: datetime
    days: int
    chats: int
    seed: int = 1

    @property
    def end(self) -> datetime:
        return self.start + timedelta(days=self.days)


async def simulate(url: str, span: Span) -> tuple[Comparison, str, float]:
    """Simulates the days and chats of a span. Returns the comparison, what was simulated, and the seconds that it took."""
    began = time.process_time()
    world = calendar.World(span.start, span.days, span.seed)
    model, bot = Model(span.start, span.days), SimulatedBot(url, span.start)
    people = People(bot, model, start=span.start, days=span.days, chats=span.chats, seed=span.seed)
    expected: dict[str, list[Expected]] = defaultdict(list)
    arrivals, tick_moments = list(reversed(world.arrivals)), ticks(model, people, span)
    was_down, tidied, awaits_from = False, span.start, span.start + timedelta(days=span.days / 2)
    for now in tick_moments:
        if world.is_down(now):
            was_down = True
            continue
        bot.comes_to(now)
        if was_down:
            was_down = False
            await bot.begins_anew()
        if not model.awaits and now >= awaits_from:
            model.awaits = True
            bot.awaits_the_feed()
        while arrivals and arrivals[-1].at <= now:
            digest = arrivals.pop()
            await bot.receives(digest)
            model.receives(digest.entries, now)
            if digest.source == calendar.FEED and model.awaits:
                model.came.add(digest.day)
        for chat, one in model.plans(now).items():
            expected[chat].append(one)
        await bot.ticks()
        people.act(now)
        if now - tidied >= timedelta(days=1):
            tidied = now
            bot.note_behind()
            done(daily_maintenance(bot.app.store, bot.app.settings, now=now))
    comparison = compare(expected, bot.deliveries())
    await bot.app.close()
    came = world.arrivals[: len(world.arrivals) - len(arrivals)]
    headline = (
        f"{span.days} days ({span.start:%Y-%m-%d} to {span.end:%Y-%m-%d}), {span.chats} chats in 12 zones,"
        f" {len(model.works):,} papers in {len(came)} digests,"
        f" {sum(digest.source == 'recorded' for digest in came)} of them recorded; {len(world.outages)} outages;"
        f" {len(tick_moments):,} moments."
    )
    return comparison, headline, time.process_time() - began


def ticks(model: Model, people: People, span: Span) -> list[datetime]:
    """Returns every moment at which clocks show a time that people choose, and some times an hour before and after."""
    dice = random.Random(f"ticks {span.seed}")
    found = {moment for zone, when in moments(people.zones) for moment in model.walls.moments(zone, when, when.at)}
    found |= {moment + timedelta(hours=dice.choice((-1, 1))) for moment in sorted(found) if dice.random() < AROUND}
    return sorted(moment for moment in found if span.start <= moment < span.end)


def run(span: Span, mistake: str = "", url: str = "") -> tuple[Comparison, str, float]:
    """Runs `simulate` in the empty database at `url`, or in a temporary one. `mistake` injects one of MISTAKES."""
    with tempfile.TemporaryDirectory() as folder, MISTAKES[mistake]() if mistake else nullcontext():
        return asyncio.run(simulate(url or f"sqlite:///{folder}/year.db", span))


# ── the page ──────────────────────────────────────────────────────────────────


def table(rows: list[tuple[str, Comparison]]) -> str:
    columns = list(rows[0][1].faults_by_kind)
    lines = [
        f"| | papers that should reach a chat | deliveries | {' | '.join(columns)} | |",
        f"|---|--:|--:|{'--:|' * len(columns)}---|",
        *(
            f"| {name} | {one.expected:,} | {one.deliveries:,} | {' | '.join(str(len(one.faults_by_kind[of])) for of in columns)}"
            f" | {'**red**' if one.faults else 'green'} |"
            for name, one in rows
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.programs.faults.year")
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--chats", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--day", default="", help="of the measurement, for the page")
    parser.add_argument("--postgresql", action="store_true")
    options = parser.parse_args()
    began = time.perf_counter()
    small = Span(start=SPRING, days=45, chats=12)
    with (
        own_server() if options.postgresql else nullcontext() as server,
        ProcessPoolExecutor(2) as pool,  # the mistakes run at the same time as the year
    ):
        url, *others = (server.empty_database() if server else "" for _ in range(1 + len(MISTAKES)))
        year = pool.submit(run, Span(start=START, days=options.days, chats=options.chats, seed=options.seed), url=url)
        wrong = list(pool.map(run, [small] * len(MISTAKES), MISTAKES, others))
        found, headline, seconds = year.result()
    faults = [
        (f"{name} ({small.days} days, {small.chats} chats)", comparison)
        for name, (comparison, _, _) in zip(MISTAKES, wrong, strict=True)
    ]
    text = f"{headline}{f' {options.day}.' if options.day else ''}\n\n" + table([("as it is", found), *faults])
    sys.stdout.write(text)
    sys.stderr.write(
        "".join(f"{fault}\n" for fault in found.faults)
        + f"It took {time.perf_counter() - began:.0f} s, the year {seconds:.0f} s of computing.\n"
    )
    if options.page and not options.postgresql:
        write(options.page, "year", text)
    return 0 if not found.faults and all(comparison.faults for _, comparison in faults) else 1

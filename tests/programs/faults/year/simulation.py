"""Runs the simulated year tick by tick: digests, deliveries, and acts of people."""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.operation.ticks import daily_maintenance
from subscriptions.store.database.writer import done
from tests.postgres.own import own_server
from tests.programs.faults.table import write
from tests.programs.faults.year import world as calendar
from tests.programs.faults.year.comparison import Comparison, compare, deliveries_of
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationResult:
    """The result of a simulation."""

    span: Span
    comparison: Comparison
    ticks: int
    outages: int
    digests: int
    recorded: int  # number of recorded digests
    papers: int
    seconds: float  # duration of the computation


async def simulate(url: str, span: Span) -> SimulationResult:
    """Simulates the days and chats of a span. Returns the result with its comparison."""
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
        if model.source_calendar is None and now >= awaits_from:
            model.source_calendar = calendar
            bot.awaits_the_feed()
        while arrivals and arrivals[-1].at <= now:
            digest = arrivals.pop()
            await bot.receives(digest)
            model.receives(digest.entries, now)
            if digest.source == calendar.FEED and model.source_calendar:
                model.comes(digest.day)
        for chat, one in model.plans(now).items():
            expected[chat].append(one)
        await bot.ticks()
        people.act(now)
        if now - tidied >= timedelta(days=1):
            tidied = now
            bot.note_behind()
            done(daily_maintenance(bot.app.store, bot.app.settings, now=now))
    comparison = compare(expected, deliveries_of(bot.posts(), bot.behind()))
    await bot.app.close()
    came = world.arrivals[: len(world.arrivals) - len(arrivals)]
    return SimulationResult(
        span=span,
        comparison=comparison,
        ticks=len(tick_moments),
        outages=len(world.outages),
        digests=len(came),
        recorded=sum(digest.source == "recorded" for digest in came),
        papers=len(model.works),
        seconds=time.process_time() - began,
    )


def ticks(model: Model, people: People, span: Span) -> list[datetime]:
    """Returns every moment at which clocks show a time that people choose, and some times an hour before and after."""
    dice, end = random.Random(f"ticks {span.seed}"), span.start + timedelta(days=span.days)
    found = {moment for zone, when in moments(people.zones) for moment in model.walls.moments(zone, when, when.at)}
    found |= {moment + timedelta(hours=dice.choice((-1, 1))) for moment in sorted(found) if dice.random() < AROUND}
    return sorted(moment for moment in found if span.start <= moment < end)


def run(span: Span, mistake: str = "", url: str = "") -> SimulationResult:
    """Runs the simulation in the empty database at `url`, or in a temporary one, and returns its result. `mistake` injects one of MISTAKES."""
    with tempfile.TemporaryDirectory() as folder, MISTAKES[mistake]() if mistake else nullcontext():
        return asyncio.run(simulate(url or f"sqlite:///{folder}/year.db", span))


# ── the page ──────────────────────────────────────────────────────────────────


def table(rows: Sequence[tuple[str, Comparison]]) -> str:
    head = (
        "| | papers that should reach a chat | deliveries | lost | doubled | not asked for | at another hour |"
        " limit | not merged | empty | |\n"
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|\n"
    )
    lines = [
        f"| {name} | {v.expected:,} | {v.deliveries:,} | {v.lost} | {v.doubled} | {v.wrong} | {v.at_wrong_time} |"
        f" {v.too_many_shown} | {v.not_merged} | {v.empty} | {'green' if v.green else '**red**'} |"
        for name, v in rows
    ]
    return head + "\n".join(lines) + "\n"


def introduction(result: SimulationResult, day: str) -> str:
    end = result.span.start + timedelta(days=result.span.days)
    measured = f" {day}." if day else ""
    return (
        f"{result.span.days} days ({result.span.start:%Y-%m-%d} to {end:%Y-%m-%d}), {result.span.chats} chats in 12 zones,"
        f" {result.papers:,} papers in {result.digests} digests, {result.recorded} of them recorded; {result.outages} outages;"
        f" {result.ticks:,} moments.{measured}\n\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.programs.faults.year")
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--chats", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--day", default="")
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
        result = year.result()
    faults = [
        (f"{name} ({small.days} days, {small.chats} chats)", one.comparison)
        for name, one in zip(MISTAKES, wrong, strict=True)
    ]
    text = introduction(result, options.day) + table([("as it is", result.comparison), *faults])
    sys.stdout.write(text)
    sys.stderr.write(
        "".join(f"{fault}\n" for fault in result.comparison.faults)
        + f"It took {time.perf_counter() - began:.0f} s, the year {result.seconds:.0f} s of computing.\n"
    )
    if options.page and not options.postgresql:
        write(options.page, "year", text)
    return 0 if result.comparison.green and not any(comparison.green for _, comparison in faults) else 1

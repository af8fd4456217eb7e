"""Runs the simulated year tick by tick: digests, deliveries, and acts of people. Compares what came with the model."""

import argparse
import random
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.postgres.server import own_server
from tests.programs.faults.table import write
from tests.programs.faults.year import world as calendar
from tests.programs.faults.year.mistakes import MISTAKES
from tests.programs.faults.year.model import Expected, Model
from tests.programs.faults.year.people import People, moments
from tests.programs.faults.year.simulated_bot import Arrived, SimulatedBot

START = datetime(2025, 2, 1, tzinfo=UTC)
SPRING = datetime(2025, 3, 8, tzinfo=UTC)  # clocks change in both hemispheres in the following thirty days
SILENT = 0.3  # share of moments at which the simulation also runs although nothing can happen
AROUND = 0.05  # share of moments for which the simulation also runs an hour earlier or later, when nothing may come
# a chat is told after five days without a match; a matching paper that it already got may restart the count
DRY = timedelta(days=4)


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


SMALL = Span(start=SPRING, days=45, chats=12)  # for the mistakes


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The number of expected papers and of deliveries, and the faults of each kind."""

    expected: int  # number of (chat, paper) that must arrive
    deliveries: int
    faults_by_kind: dict[str, list[str]]  # in the order of the columns of the table

    @property
    def faults(self) -> tuple[str, ...]:
        """Returns the first few faults of each kind."""
        return tuple(f"{kind}: {fault}" for kind, all_of in self.faults_by_kind.items() for fault in all_of[:3])


def simulate(bot: SimulatedBot, span: Span) -> tuple[Comparison, str, float]:
    """Simulates the days and chats of a span.

    Returns the comparison, what was simulated, and the seconds that it took.
    """
    began = time.process_time()
    world, model = calendar.World(span.start, span.days, span.seed, bot.inspects), Model(span.start, span.days)
    people = People(bot, model, start=span.start, days=span.days, chats=span.chats, seed=span.seed)
    expected: dict[str, list[Expected]] = defaultdict(list)
    arrived: list[Arrived] = []
    arrivals = list(reversed(world.arrivals))
    newest = span.start.date()  # day of the feed as it is served
    tidied, awaits_from = span.start, span.start + timedelta(days=span.days / 2)
    dice, moments = random.Random(f"moments {span.seed}"), 0
    for now in ticks(model, people, span):
        happens = people.wants(now) or model.has_due(now) or (arrivals and arrivals[-1].at <= now)
        if world.is_down(now) or not (happens or dice.random() < SILENT):
            continue
        moments += 1
        bot.comes_to(now)
        if not model.awaits and now >= awaits_from:
            model.awaits = True
            model.came.add(newest)
            bot.awaits_the_feed()
        while arrivals and arrivals[-1].at <= now:
            digest = arrivals.pop()
            bot.receives(digest)
            model.receives(digest.entries, now)
            if digest.source == calendar.FEED:
                newest = digest.day
                model.came |= {newest} if model.awaits else set()
        for chat, one in model.plans(now).items():
            expected[chat].append(one)
        tidies = now - tidied >= timedelta(days=1)
        tidied = now if tidies else tidied
        arrived += [replace(one, at=now) for one in bot.ticks(tidies=tidies)]
        people.act(now)
    came = world.arrivals[: len(world.arrivals) - len(arrivals)]
    headline = (
        f"{span.days} days ({span.start:%Y-%m-%d} to {span.end:%Y-%m-%d}), {span.chats} chats in 12 zones,"
        f" {len(model.works):,} papers in {len(came)} digests,"
        f" {sum(digest.source == 'recorded' for digest in came)} of them recorded; {len(world.outages)} outages;"
        f" {moments:,} moments."
    )
    return compare(expected, arrived), headline, time.process_time() - began


def ticks(model: Model, people: People, span: Span) -> list[datetime]:
    """Returns every moment at which clocks show a time that people choose, and some times an hour before and after."""
    dice = random.Random(f"ticks {span.seed}")
    found = {moment for zone, when in moments(people.zones) for moment in model.walls.moments(zone, when, when.at)}
    found |= {moment + timedelta(hours=dice.choice((-1, 1))) for moment in sorted(found) if dice.random() < AROUND}
    return sorted(moment for moment in found if span.start <= moment < span.end)


def run(span: Span, kind: type[SimulatedBot] = SimulatedBot, url: str = "") -> tuple[Comparison, str, float]:
    """Runs `simulate` in the empty database at `url`, or in a file. `kind` may be one of MISTAKES."""
    with tempfile.TemporaryDirectory() as folder, kind(Path(folder), span.start, url) as bot:
        return simulate(bot, span)


def compare(expected: dict[str, list[Expected]], arrived: list[Arrived]) -> Comparison:
    """Compares each delivery and each paper, and returns the counts and faults."""
    should = {(chat, work): one.at for chat, all_of in expected.items() for one in all_of for work in one.works}
    came: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for one in arrived:
        for work in one.works:
            came[one.chat, work] += [one.at] * max(1, one.shown[work])
    shown, split, empty = _by_delivery(expected, arrived)
    faults_by_kind = {
        "lost": [
            f"{chat} never got {work}, due {at:%F %H:%M}" for (chat, work), at in should.items() if not came[chat, work]
        ],
        "doubled": [f"{chat} got {work} at {_moments(at)}" for (chat, work), at in came.items() if len(at) > 1],
        "not asked for": [
            f"{chat} got {work} at {_moments(at)}"
            for (chat, work), at in came.items()
            if at and (chat, work) not in should
        ],
        "at another hour": [
            f"{chat} got {work} at {_moments(at)} instead of {should[chat, work]:%F %H:%M}"
            for (chat, work), at in came.items()
            if at and (chat, work) in should and at[0] != should[chat, work]
        ],
        "limit": shown,
        "not merged": split,
        "empty": empty,
    }
    return Comparison(expected=len(should), deliveries=len(arrived), faults_by_kind=faults_by_kind)


def _by_delivery(expected: dict[str, list[Expected]], arrived: list[Arrived]) -> tuple[list[str], list[str], list[str]]:
    """Returns three lists of faults.

    They are wrong numbers of shown papers, second deliveries to a chat at the same moment, and deliveries without
    papers that are not a chat's first, with first deliveries that did not come.
    """
    awaited = {(chat, one.at): one for chat, all_of in expected.items() for one in all_of}
    dry: dict[str, datetime] = {}  # chat → when it was last told, since its last papers, that nothing matched
    shown, split, empty = [], [], []
    for one in arrived:
        should = awaited.get((one.chat, one.at))
        if one.deliveries != 1:
            split.append(f"{one.chat} got {one.deliveries} deliveries at {one.at:%F %H:%M}")
        if not one.works and (should is None or should.works):
            if one.chat in dry and one.at - dry[one.chat] < DRY:
                empty.append(f"{one.chat} got no papers at {one.at:%F %H:%M}, but {one.words}")
            dry[one.chat] = one.at
        elif should is not None and one.works == should.works and len(one.shown) != should.shown:
            shown.append(f"{one.chat} was shown {len(one.shown)} of {len(one.works)} at {one.at:%F %H:%M}")
        if one.works:
            dry.pop(one.chat, None)
    met = {(one.chat, one.at) for one in arrived}
    empty += [
        f"{chat} heard nothing at {at:%F %H:%M}"
        for (chat, at), one in awaited.items()
        if not one.works and (chat, at) not in met
    ]
    return shown, split, empty


def _moments(moments: list[datetime]) -> str:
    return ", ".join(f"{at:%F %H:%M}" for at in moments)


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
    whole, small = Span(start=START, days=options.days, chats=options.chats, seed=options.seed), SMALL
    with (
        own_server() if options.postgresql else nullcontext() as server,
        ProcessPoolExecutor(2) as pool,  # the mistakes run at the same time as the year
    ):
        year = pool.submit(run, whole, url=server.empty_database() if server else "")
        wrong = [found for found, _, _ in pool.map(run, [small] * len(MISTAKES), MISTAKES)]
        found, headline, seconds = year.result()
    rows = [
        (f"{one.name} ({small.days} days, {small.chats} chats)", found)
        for one, found in zip(MISTAKES, wrong, strict=True)
    ]
    text = f"{headline}{f' {options.day}.' if options.day else ''}\n\n" + table([("as it is", found), *rows])
    unseen = [one.name for one, was in zip(MISTAKES, wrong, strict=True) if not was.faults_by_kind[one.column]]
    sys.stdout.write(text)
    sys.stderr.write(
        "".join(f"{fault}\n" for fault in found.faults)
        + "".join(f"not seen: {name}\n" for name in unseen)
        + f"It took {time.perf_counter() - began:.0f} s, the year {seconds:.0f} s of computing.\n"
    )
    if options.page and not options.postgresql:
        write(options.page, "year", text)
    return 1 if found.faults or unseen else 0

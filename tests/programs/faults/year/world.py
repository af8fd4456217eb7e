"""The events of the year: papers with their marker words, digests of them, and outages.

Everything is drawn from a seed. A digest has its bytes in the format of its source and the entries from which they were
made, so the model need not read the bytes. If PAPERWIRE_SHARED names the folder of real digests, those with a date come
on that day.
"""

import json
import os
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.fakes.arxiv_pages import feed
from tests.papers import Paper

TOPICS = {
    "kite": "风筝",
    "lantern": "灯笼",
    "pebble": "石子",
    "heron": "苍鹭",
    "walnut": "核桃",
    "anvil": "铁砧",
    "thimble": "顶针",
    "marmot": "土拨鼠",
    "saffron": "藏红花",
    "gondola": "贡多拉",
    "oboe": "双簧管",
    "quartz": "石英",
    "tundra": "苔原",
    "velvet": "天鹅绒",
    "lagoon": "泻湖",
    "cedar": "雪松",
}
CATEGORIES = (
    "cs.MM", "cs.OS", "cs.GL", "cs.SC", "cs.NA", "math.GN", "math.KT", "math.HO", "q-bio.SC", "q-bio.TO", "physics.pop-ph", "econ.TH",
    "nlin.CG", "q-fin.PM", "stat.OT", "eess.AS",
)  # fmt: skip
# Weekdays without a new batch, because arXiv announced nothing on the evening before (info.arxiv.org, 2025 and 2026).
NO_BATCH = {date.fromisoformat(f"2025-{day}") for day in ("06-20", "07-07", "09-02", "11-28")}
NO_BATCH |= {date(2026, 1, 2), date(2026, 1, 20)}
FEED_AT, LIST_AT = timedelta(hours=6), timedelta(hours=2)  # earliest UTC times
FEED = "feed"
RECORDED = ("daily_md", "daily_jsonl")  # folders of real digests whose file names contain their dates


Items = Sequence[Mapping[str, Any]]  # the papers of a digest, as `paperwire inspect --papers --json` tells them


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper as one digest describes it."""

    work: str
    kind: str = "new"  # "new", "cross" or "replace"
    version: int = 0  # 0 if the digest does not say
    words: dict[str, frozenset[str]] = field(default_factory=dict)  # field (title, abstract, zh) → its marker words
    categories: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()  # which facts it contains: title, abstract, authors, categories, a language


@dataclass(frozen=True, slots=True)
class Arrival:
    """A digest, and the moment from which it can be read."""

    at: datetime
    source: str
    name: str
    data: bytes
    entries: tuple[Entry, ...]
    day: date


@dataclass(frozen=True, slots=True)
class Announcement:
    """A paper in the feed of one day, in two forms."""

    paper: Paper
    entry: Entry


class World:
    """The digests and the outages of a number of days."""

    def __init__(self, start: datetime, days: int, seed: int, read: Callable[[Path], Items]) -> None:
        """`read` returns the papers of a recorded digest."""
        self._dice = random.Random(f"world {seed}")
        self._numbers = count(1)
        self._feeds: dict[date, list[Announcement]] = defaultdict(list)
        self._lists: dict[date, list[Announcement]] = defaultdict(list)
        self._days = [start.date() + timedelta(days=n) for n in range(days)]
        for day in self._days:
            if has_batch(day):
                for _ in range(self._dice.randint(2, 7)):
                    self._announce_one(day)
        self.arrivals = sorted([*self._fed(), *self._listed(), *recorded(self._days, read)], key=lambda one: one.at)
        self.outages = sorted(self._outages(start, days))

    def _announce_one(self, day: date) -> None:
        """Announces a paper on this day, and later its versions and copies."""
        announced, dice = self._paper(day), self._dice
        match dice.choices(
            ("only", "cross", "replace", "listed first", "listed later", "begins as cross", "begins as replace"),
            (50, 14, 14, 8, 8, 4, 3),
        )[0]:
            case "cross":
                self._feed_on(day, announced)
                self._feed_on(self._later(day, 40), self._as(announced, "cross", adds=dice.choice(CATEGORIES)))
            case "replace":
                self._feed_on(day, announced)
                self._feed_on(self._later(day, 30), self._anew(announced))
            case "listed first":
                self._lists[day].append(self._by_title(announced))
                self._feed_on(day, announced)
            case "listed later":
                self._feed_on(day, announced)
                self._lists[self._later(day, 12)].append(self._by_title(announced))
            case "begins as cross":
                self._feed_on(day, self._as(announced, "cross"))
                self._feed_on(self._later(day, 4), announced)
            case "begins as replace":
                self._feed_on(day, self._as(announced, "replace"))
                self._feed_on(self._later(day, 30), self._as(announced, "cross", adds=dice.choice(CATEGORIES)))
            case _:
                self._feed_on(day, announced)

    def _paper(self, day: date) -> Announcement:
        dice, number = self._dice, next(self._numbers)
        topics = dice.sample(sorted(TOPICS), dice.choice((1, 1, 2)))
        within = dice.sample(sorted(TOPICS), dice.choice((0, 0, 1)))
        categories = tuple(dice.sample(CATEGORIES, dice.choice((1, 1, 2, 3))))
        identity = f"{day:%y%m}.{90000 + number % 10000:05d}"
        paper = Paper(
            title=titled(topics, number),
            abstract=about(within, number),
            authors=("Ada Example", "Ben Sample"),
            categories=categories,
            arxiv_id=identity,
            announce_type="new",
        )
        words = {"title": frozenset(topics), "abstract": frozenset(within)}
        facts = frozenset({"title", "abstract", "authors", "categories"})
        return Announcement(paper, Entry(f"n{number:06d}", "new", 1, words, frozenset(categories), facts))

    def _as(self, announced: Announcement, kind: str, *, adds: str = "") -> Announcement:
        """Returns the same paper, announced in another way, possibly with one more category."""
        categories = tuple(dict.fromkeys((*announced.paper.categories, *([adds] if adds else []))))
        return Announcement(
            replace(announced.paper, announce_type=kind, categories=categories),
            replace(announced.entry, kind=kind, categories=frozenset(categories)),
        )

    def _anew(self, announced: Announcement) -> Announcement:
        """Returns the second version of a paper, which is about another subject."""
        number, topic = int(announced.entry.work[1:]), self._dice.choice(sorted(TOPICS))
        title, abstract = titled([topic], number), about([], number) + " Second thoughts."
        words = {"title": frozenset({topic}), "abstract": frozenset[str]()}
        return Announcement(
            replace(announced.paper, title=title, abstract=abstract, version=2, announce_type="replace"),
            replace(announced.entry, kind="replace", version=2, words=words),
        )

    def _by_title(self, announced: Announcement) -> Announcement:
        """Returns the paper as a bilingual list contains it: without an id, so that its title identifies it."""
        titles = announced.entry.words["title"]
        words = {"title": titles, "zh": frozenset(TOPICS[topic] for topic in titles)}
        return Announcement(
            announced.paper,
            Entry(announced.entry.work, "new", 0, words, frozenset(), frozenset({"title", "zh"})),
        )

    def _later(self, day: date, most: int) -> date:
        return day + timedelta(days=self._dice.randint(1, most))

    def _feed_on(self, day: date, announced: Announcement) -> None:
        while not has_batch(day):
            day += timedelta(days=1)
        self._feeds[day].append(announced)

    def _fed(self) -> Iterator[Arrival]:
        """Yields the feed of each batch. Some feeds come a day late, some come again the day after."""
        for day in filter(has_batch, self._days):
            announced, moment = self._feeds[day], midnight(day) + FEED_AT + self._minutes(600)
            late = timedelta(days=1) if self._dice.random() < 0.08 else timedelta(0)
            papers, entries = [one.paper for one in announced], tuple(one.entry for one in announced)
            yield Arrival(moment + late, FEED, "cs.xml", feed("cs", day, papers), entries, day)
            if self._dice.random() < 0.1:
                data = feed("cs", day, papers, built=self._dice.choice((0, 1)))
                yield Arrival(moment + late + timedelta(days=1), FEED, "cs.xml", data, entries, day)

    def _listed(self) -> Iterator[Arrival]:
        """Yields bilingual lists of titles: on some days before the feed, on others after it."""
        for day in self._days:
            if announced := self._lists[day]:
                moment = midnight(day) + LIST_AT + self._minutes(1100)
                titles = [(one.paper.title, "和".join(sorted(one.entry.words["zh"]))) for one in announced]
                entries = tuple(one.entry for one in announced)
                yield Arrival(moment, "titles", f"{day}.json", bilingual(titles), entries, day)

    def _minutes(self, most: int) -> timedelta:
        return timedelta(minutes=self._dice.randint(0, most))

    def _outages(self, start: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
        """Yields outages. Some last an hour, others five days."""
        for _ in range(max(3, days // 12)):
            begins = start + timedelta(days=self._dice.randint(3, days - 1), minutes=15 * self._dice.randint(0, 95))
            yield begins, begins + timedelta(hours=self._dice.choice((1, 1, 1, 3, 12, 30, 120)))

    def is_down(self, now: datetime) -> bool:
        return any(begins <= now < ends for begins, ends in self.outages)


def has_batch(day: date) -> bool:
    """Tells whether arXiv has new papers on this day."""
    return day.weekday() < 5 and day not in NO_BATCH


def due_at(batch: date) -> datetime:
    """Returns when the feed of a day is due: five minutes past midnight in New York."""
    return datetime.combine(batch, time(0, 5), ZoneInfo("America/New_York")).astimezone(UTC)


def batch_at(now: datetime) -> date:
    """Returns the newest batch that must be published by now."""
    day = now.date()
    while not (has_batch(day) and due_at(day) <= now):
        day -= timedelta(days=1)
    return day


def next_due(now: datetime) -> datetime:
    """Returns when the next batch is due."""
    day = now.date()
    while not (has_batch(day) and due_at(day) > now):
        day += timedelta(days=1)
    return due_at(day)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def titled(topics: list[str], number: int) -> str:
    return f"{' and '.join(topics)}, study n{number:06d}".capitalize()


def about(topics: list[str], number: int) -> str:
    words = f" It has a part on the {topics[0]}." if topics else ""
    return f"We measure what nobody measured before, {number} times, and say how.{words} The result is plain."


def bilingual(titles: list[tuple[str, str]]) -> bytes:
    """Returns a list of titles with their translations, without ids (formats: bilingual_json)."""
    items = [
        {"title": title, "translated_title": translated, "abstract": "", "link": ""} for title, translated in titles
    ]
    return json.dumps(items, ensure_ascii=False).encode()


def recorded(days: list[date], read: Callable[[Path], Items]) -> Iterator[Arrival]:
    """Yields real digests whose file names contain one of these days. They contain no marker words."""
    folder = os.environ.get("PAPERWIRE_SHARED")
    if not folder:
        return
    for number, file in enumerate(sorted(file for kind in RECORDED for file in Path(folder).glob(f"corpus/{kind}/*"))):
        named = re.search(r"\d{4}-\d\d-\d\d", file.name)
        day = date.fromisoformat(named[0]) if named else None
        if day is not None and day in days:
            entries = tuple(map(entry_of, read(file)))
            at = midnight(day) + timedelta(hours=6, minutes=number)
            yield Arrival(at, "recorded", file.name, file.read_bytes(), entries, day)


def entry_of(item: Mapping[str, Any]) -> Entry:
    facts = {name for name in ("title", "abstract", "authors", "categories") if item[name]}
    facts |= {f"summary {language}" for language in item["summaries"]} | {*item["translations"]}
    kind = {None: "new", "replace-cross": "replace"}.get(item["announce_type"], item["announce_type"])
    categories = frozenset(filter(None, (*item["categories"], item["primary"])))
    return Entry(item["key"], kind, item["version"] or 0, {}, categories, frozenset(facts))

"""A model of who should get what, and when, in sets and local times.

The model uses nothing of the product. A paper is a set of marker words and categories, a subscription is wanted words and
unwanted words, and the papers that a subscription has not looked at yet are a set. When a subscription is due is looked up in
a table of the local times of its zone at each quarter of an hour, so that the model never computes with offsets, folds or gaps.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import Protocol
from zoneinfo import ZoneInfo

STEP = timedelta(minutes=15)  # every zone of the story has full quarters, and so has every time that people choose
INSTANT = timedelta(microseconds=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
FILLED_IN = timedelta(
    days=7
)  # so long after its first sight a paper is news once more when something missing becomes known
AFTER_A_PAUSE = timedelta(minutes=10)  # a person has so long to say that what waits is not wanted


@dataclass(frozen=True, slots=True)
class ModelQuery:
    """A query: one of these words, none of those, in one of these categories. Empty: anything."""

    words: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()

    def fits(self, paper: "Work") -> bool:
        words = frozenset().union(*paper.words.values())
        wanted = not self.words or bool(words & self.words)
        belongs = not self.categories or bool(paper.categories & self.categories)
        return wanted and belongs and not words & self.without

    @property
    def text(self) -> str:
        """The query as a person types it."""
        choices = (sorted(self.words), [f"cat:{name}" for name in sorted(self.categories)])
        parts = [f"({' OR '.join(names)})" for names in choices if names]
        return " ".join([*parts, *(f"-{word}" for word in sorted(self.without))])


@dataclass(frozen=True, slots=True)
class When:
    """A cadence. `at` and `until` are local times in the zone of the subscription."""

    kind: str
    at: time | None = None
    until: time | None = None
    day: int = 0  # of weekly: 0 is Monday

    @property
    def text(self) -> str:
        match self.kind:
            case "now":
                return "now"
            case "when-out":
                return f"when-out {self.at:%H:%M}-{self.until:%H:%M}"
            case "weekly":
                return f"weekly {('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')[self.day]} {self.at:%H:%M}"
        return f"{self.kind} {self.at:%H:%M}"

    def on(self, day: date) -> bool:
        return {"weekdays": day.weekday() < 5, "weekly": day.weekday() == self.day}.get(self.kind, True)


class Walls:
    """The local times of each zone at each step of the simulation, and the moment at which each is first shown."""

    def __init__(self, start: datetime, days: int) -> None:
        self._steps = [start + STEP * n for n in range(-96 * 2, 96 * (days + 9))]
        self._shown: dict[str, list[datetime]] = {}
        self._moments: dict[tuple[str, time | None, str, int], list[datetime]] = {}

    def at(self, zone: str, now: datetime) -> datetime:
        """Returns the local time."""
        return now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    def moments(self, zone: str, when: When, at: time | None) -> list[datetime]:
        """Returns for each day of the cadence the first instant at which clocks show this time or a later one."""
        key = (zone, at, when.kind, when.day)
        if key not in self._moments:
            shown = self._latest_shown(zone)
            first, last = shown[0].date() + timedelta(days=1), shown[-1].date()
            days = (first + timedelta(days=n) for n in range((last - first).days))
            found = (bisect_left(shown, datetime.combine(day, at or time(0))) for day in days if when.on(day))
            self._moments[key] = [self._steps[place] for place in found]
        return self._moments[key]

    def _latest_shown(self, zone: str) -> list[datetime]:
        """Returns the latest local time so far at each step. When clocks are set back, the repeated hour adds nothing."""
        if zone not in self._shown:
            self._shown[zone] = list(accumulate((self.at(zone, step) for step in self._steps), max))
        return self._shown[zone]


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper as one digest describes it."""

    work: str
    kind: str = "new"  # new, cross, replace
    version: int = 0  # 0: the digest does not say
    words: Mapping[str, frozenset[str]] = field(default_factory=dict)  # title, abstract, zh → its marker words
    categories: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()  # what it has: title, abstract, authors, categories, a language


@dataclass(slots=True)
class Work:
    """A paper with everything known about it."""

    first_seen: datetime
    words: dict[str, frozenset[str]] = field(default_factory=dict)
    categories: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()
    version: int = 0
    news_at: datetime | None = None  # when it was news last; None: it was never announced
    cross: bool = False  # that was by a cross-list

    def receives(self, entry: Entry, now: datetime) -> bool:
        """Adds the facts of a digest. Returns whether the paper is news by that (docs/architecture.md, rule 1)."""
        fills = bool(entry.facts - self.facts) or not entry.categories <= self.categories
        widens = not entry.categories <= self.categories
        newer = entry.version > self.version > 0
        for name, words in entry.words.items():
            if newer or name not in self.words:
                self.words[name] = words
        self.categories |= entry.categories
        self.facts |= entry.facts
        self.version = max(self.version, entry.version)
        if entry.kind == "replace":
            return False
        fresh = self.news_at is None or now - self.first_seen <= FILLED_IN
        news = self.news_at is None or (entry.kind == "cross" and widens) or (fresh and fills)
        if news:
            self.news_at, self.cross = now, entry.kind == "cross"
        elif entry.kind == "new":
            self.cross = False
        return news


@dataclass(slots=True)
class ModelSubscription:
    """A subscription of the model."""

    query: ModelQuery
    when: When
    zone: str  # whose clocks count
    own_zone: bool  # chosen for this subscription; else it is the reader's
    since: datetime  # it began with papers that came from here on
    looked: datetime  # when it was due last; before that, when the person asked for it
    served: datetime = LONG_AGO  # a window that opened up to here has had its delivery
    held: datetime = LONG_AGO  # `now` waits until then, after a pause
    paused: bool = False
    paused_until: datetime | None = None
    unseen: set[str] = field(default_factory=set)  # what was news since it was due last

    def is_due(self, walls: Walls, now: datetime, *, quiet: bool, sources_in: bool) -> bool:
        if self.when.kind == "now":
            return bool(self.unseen) and now >= self.held and not quiet
        if self.when.kind != "when-out":
            return _any_within(walls.moments(self.zone, self.when, self.when.at), self.looked, now)
        closing = self.closes(walls, now)
        missed = any(self.looked < closed <= now for closed in closing)
        if closing and closing[-1] > now:
            return sources_in and (missed or bool(self.unseen))
        return missed

    def closes(self, walls: Walls, now: datetime) -> list[datetime]:
        """Returns when the open windows without a delivery close; the last one may be later than now."""
        opening = walls.moments(self.zone, self.when, self.when.at)
        place, served = bisect_right(opening, now), bisect_right(opening, self.served)
        return walls.moments(self.zone, self.when, self.when.until)[served:place]

    def is_planned(self, now: datetime, *, said: bool) -> None:
        self.unseen.clear()
        self.looked = now
        if said:
            self.served = now

    def starts_anew(self, now: datetime) -> None:
        """Applies another time: a window that is open under it counts, a passed one does not."""
        self.looked, self.served, self.held = now, LONG_AGO, LONG_AGO

    def goes_on(self, now: datetime) -> None:
        """Ends a pause: papers that came meanwhile come with the next regular moment."""
        self.paused, self.paused_until = False, None
        self.looked = self.served = now
        self.held = now + AFTER_A_PAUSE


def _any_within(moments: Sequence[datetime], after: datetime, now: datetime) -> bool:
    place = bisect_right(moments, after)
    return place < len(moments) and moments[place] <= now


@dataclass(slots=True)
class Reader:
    """A chat of the model."""

    zone: str
    quiet: tuple[time, time] | None = None
    limit: int | None = None
    crosslists: bool = True
    subscriptions: dict[int, ModelSubscription] = field(default_factory=dict)  # by their numbers
    delivered: set[str] = field(default_factory=set)
    spoken: bool = False
    paused: bool = False
    paused_until: datetime | None = None

    def is_quiet(self, walls: Walls, now: datetime) -> bool:
        if self.quiet is None:
            return False
        (first, last), clock = self.quiet, walls.at(self.zone, now).time()
        return first <= clock < last if first < last else clock >= first or clock < last


@dataclass(frozen=True, slots=True)
class Expected:
    """One delivery that should arrive."""

    at: datetime
    works: frozenset[str]
    shown: int  # papers that the message shows; [show] opens the rest
    first: bool = False  # the first of a chat speaks even when it has nothing


class SourceCalendar(Protocol):
    """The times at which an awaited source has something."""

    def batch_at(self, now: datetime, /) -> date:
        """Returns the newest batch that should be there."""

    def due_at(self, batch: date, /) -> datetime:
        """Returns when that batch was due."""

    def next_due(self, now: datetime, /) -> datetime:
        """Returns when the next batch is due."""


class Model:
    """All chats and papers of the simulation."""

    def __init__(self, start: datetime, days: int) -> None:
        self.walls = Walls(start, days)
        self.works: dict[str, Work] = {}
        self.readers: dict[str, Reader] = {}
        self.source_calendar: SourceCalendar | None = None  # None: no source is awaited
        self._came: set[date] = set()

    def receives(self, entries: Iterable[Entry], now: datetime) -> None:
        """Takes a digest."""
        for entry in entries:
            work = self.works.setdefault(entry.work, Work(now))
            if work.receives(entry, now):
                for reader in self.readers.values():
                    for subscription in reader.subscriptions.values():
                        subscription.unseen.add(entry.work)

    def comes(self, batch: date) -> None:
        """Records that the awaited source had this batch."""
        self._came.add(batch)

    def _sources_in(self, now: datetime) -> bool:
        return self.source_calendar is None or self.source_calendar.batch_at(now) in self._came

    def subscribes(
        self, chat: str, number: int, query: ModelQuery, when: When, now: datetime, *, own_zone: str = ""
    ) -> None:
        """Adds a subscription. It begins with the last day, a weekly one with the last week, `now` with what comes."""
        reader = self.readers[chat]
        back = {"now": timedelta(0), "weekly": timedelta(days=7)}.get(when.kind, timedelta(days=1))
        if when.kind == "now" and chat.startswith("console:"):
            back = timedelta(days=1)
        unseen = {name for name, work in self.works.items() if work.news_at and work.news_at >= now - back}
        zone = own_zone or reader.zone
        reader.subscriptions[number] = ModelSubscription(
            query, when, zone, bool(own_zone), since=now - back, looked=now, unseen=unseen
        )

    def plans(self, now: datetime) -> dict[str, Expected]:
        """Returns what should go out now, and counts it as delivered."""
        found = {}
        for chat, reader in self.readers.items():
            self._wake(reader, now)
            quiet = reader.is_quiet(self.walls, now)
            due = [
                subscription
                for subscription in reader.subscriptions.values()
                if not (reader.paused or subscription.paused)
                and subscription.is_due(self.walls, now, quiet=quiet, sources_in=self._sources_in(now))
            ]
            if due and (expected := self._delivery(reader, due, now)):
                found[chat] = expected
        return found

    def _wake(self, reader: Reader, now: datetime) -> None:
        """Ends the pauses that have an end; what passed meanwhile is not delivered at once."""
        if reader.paused and reader.paused_until and reader.paused_until <= now:
            for subscription in reader.subscriptions.values():
                subscription.looked = max(subscription.looked, reader.paused_until - INSTANT)
            reader.paused, reader.paused_until = False, None
        for subscription in reader.subscriptions.values():
            if subscription.paused and subscription.paused_until and subscription.paused_until <= now:
                subscription.looked = max(subscription.looked, subscription.paused_until - INSTANT)
                subscription.paused, subscription.paused_until = False, None

    def _delivery(self, reader: Reader, due: Sequence[ModelSubscription], now: datetime) -> Expected | None:
        brings = [self._brings(reader, subscription) for subscription in due]
        works = frozenset[str]().union(*brings)
        said = bool(works) or (not reader.spoken and self._may_say_nothing(due, now))
        for subscription, brought in zip(due, brings, strict=True):
            subscription.is_planned(now, said=bool(brought) or (said and not works))
        if not said:
            return None
        shown = len(works) if reader.limit is None else min(reader.limit, len(works))
        expected = Expected(now, works, shown, first=not reader.spoken)
        reader.delivered |= works
        reader.spoken = True
        return expected

    def _may_say_nothing(self, due: Sequence[ModelSubscription], now: datetime) -> bool:
        """Returns whether a first delivery says that nothing came: something could have, and nothing more is expected."""
        if self.source_calendar is None:
            return True
        newest = self.source_calendar.due_at(self.source_calendar.batch_at(now))
        expected = newest > min(subscription.since for subscription in due) or any(
            subscription.unseen for subscription in due
        )
        timed = [subscription for subscription in due if subscription.when.kind != "now"]
        return expected and (
            not timed or any(self._is_last_word(subscription, self.source_calendar, now) for subscription in timed)
        )

    def _is_last_word(self, subscription: ModelSubscription, source_calendar: SourceCalendar, now: datetime) -> bool:
        closing = subscription.closes(self.walls, now) if subscription.when.kind == "when-out" else []
        return not closing or closing[-1] <= max(now, source_calendar.next_due(now))

    def _brings(self, reader: Reader, subscription: ModelSubscription) -> set[str]:
        """Returns the unseen papers that a subscription matches, that the reader was not sent and wants."""
        found = {name for name in subscription.unseen - reader.delivered if subscription.query.fits(self.works[name])}
        return {name for name in found if reader.crosslists or not self.works[name].cross}

    def resumes(self, chat: str, now: datetime) -> None:
        """Ends the pause of a chat, and those of its subscriptions."""
        reader = self.readers[chat]
        reader.paused, reader.paused_until = False, None
        for subscription in reader.subscriptions.values():
            subscription.goes_on(now)

    def reschedules(self, chat: str, number: int, when: When, now: datetime) -> None:
        subscription = self.readers[chat].subscriptions[number]
        if subscription.when != when:
            subscription.when = when
            subscription.starts_anew(now)

    def moves(self, chat: str, zone: str, now: datetime) -> None:
        """Changes the zone of a chat, and of its subscriptions without their own."""
        reader = self.readers[chat]
        reader.zone = zone
        for subscription in reader.subscriptions.values():
            if not subscription.own_zone:
                subscription.zone, subscription.looked = zone, now

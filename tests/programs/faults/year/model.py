"""A model of who must get which papers, and when. It uses sets and local times.

The model uses no code of the product. A paper is a set of marker words and categories. A subscription is a set of
wanted words and a set of unwanted words. The papers that a subscription has not seen are a set. A table holds the local
times of each zone at every quarter of an hour, and the model looks up in it when a subscription is due. So the model
never computes with offsets, folds or gaps.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from tests.programs.faults.year import world

# all zones of the simulation have offsets of full quarters of an hour, and people choose only such times
STEP = timedelta(minutes=15)
INSTANT = timedelta(microseconds=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
# a paper is news again if a missing fact becomes known within this time after the paper was first seen
FILLED_IN = timedelta(days=7)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAILY, WEEKDAYS = frozenset(range(7)), frozenset(range(5))
AFTER_A_PAUSE = timedelta(minutes=10)  # after a pause, a person has this long to skip the waiting papers


@dataclass(frozen=True, slots=True)
class ModelQuery:
    """A query: at least one of `words`, none of `without`, at least one of `categories`.

    An empty set allows everything.
    """

    words: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()

    def fits(self, paper: "Work") -> bool:
        words = frozenset().union(*paper.words.values())
        return (
            (not self.words or bool(words & self.words))
            and (not self.categories or bool(paper.categories & self.categories))
            and not words & self.without
        )

    @property
    def text(self) -> str:
        """The query as a person types it."""
        choices = (sorted(self.words), [f"cat:{name}" for name in sorted(self.categories)])
        parts = [f"({' OR '.join(names)})" for names in choices if names]
        return " ".join([*parts, *(f"-{word}" for word in sorted(self.without))])


@dataclass(frozen=True, slots=True)
class When:
    """A cadence.

    `at` and `until` are local times in the subscription's zone, on these days of the week; 0 is Monday.
    """

    kind: str  # "now", "when-out" or "at"
    at: time | None = None
    until: time | None = None
    days: frozenset[int] = DAILY

    @property
    def text(self) -> str:
        """The cadence as a person types it."""
        if self.kind == "now":
            return "now"
        if self.kind == "when-out":
            return f"when-out {self.at:%H:%M}-{self.until:%H:%M}" + " weekdays" * (self.days == WEEKDAYS)
        days = ",".join(DAYS[day] for day in sorted(self.days))
        named = {DAILY: "daily", WEEKDAYS: "weekdays"}.get(self.days, days if "," in days else f"weekly {days}")
        return f"{named} {self.at:%H:%M}"

    def on(self, day: date) -> bool:
        return day.weekday() in self.days


class Walls:
    """The local times of each zone at each step of the simulation, and the first moment of each local time."""

    def __init__(self, start: datetime, days: int) -> None:
        self._steps = [start + STEP * n for n in range(-96 * 2, 96 * (days + 9))]
        self._shown: dict[str, list[datetime]] = {}
        self._moments: dict[tuple[str, time | None, frozenset[int]], list[datetime]] = {}

    def at(self, zone: str, now: datetime) -> datetime:
        """Returns the local time."""
        return now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    def moments(self, zone: str, when: When, at: time | None) -> list[datetime]:
        """Returns, for each day of the cadence, the first moment at which clocks show this time or a later one."""
        key = (zone, at, when.days)
        if key not in self._moments:
            if zone not in self._shown:
                # for each step the latest local time up to it, which stays the same for an hour when clocks are set back
                self._shown[zone] = list(accumulate((self.at(zone, step) for step in self._steps), max))
            shown = self._shown[zone]
            first, last = shown[0].date() + timedelta(days=1), shown[-1].date()
            days = (first + timedelta(days=n) for n in range((last - first).days))
            self._moments[key] = [
                self._steps[bisect_left(shown, datetime.combine(day, at or time(0)))] for day in days if when.on(day)
            ]
        return self._moments[key]


@dataclass(slots=True)
class Work:
    """A paper with everything known about it."""

    first_seen: datetime
    words: dict[str, frozenset[str]] = field(default_factory=dict)
    categories: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()
    version: int = 0
    news_at: datetime | None = None  # when it was last news; None if it was never announced
    as_new_at: datetime | None = None  # when it was last news otherwise than as a cross-list; None if it never was

    def receives(self, entry: world.Entry, now: datetime) -> bool:
        """Adds the facts of a digest. Returns whether they make the paper news (docs/architecture.md, rule 1)."""
        says_more = bool(entry.facts - self.facts)
        fills = says_more or not entry.categories <= self.categories
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
        crosses = entry.kind == "cross"
        wanted = not crosses and self.as_new_at is None
        news = self.news_at is None or wanted or (crosses and widens) or (fresh and fills)
        if news:
            self.news_at = now
            completes = says_more and now - self.first_seen <= FILLED_IN and self.as_new_at is not None
            self.as_new_at = now if completes or not crosses else self.as_new_at
        return news


@dataclass(slots=True)
class ModelSubscription:
    """A subscription of the model."""

    query: ModelQuery
    when: When
    zone: str  # the zone whose clocks decide when it is due
    own_zone: bool  # whether the zone was chosen for this subscription; otherwise it follows the reader's
    since: datetime  # it began with papers from this moment on
    looked: datetime  # when it was last due, or when the person subscribed
    served: datetime = LONG_AGO  # windows that opened up to this moment have had their delivery
    held: datetime = LONG_AGO  # after a pause, `now` waits until this moment
    paused: bool = False
    paused_until: datetime | None = None
    unseen: set[str] = field(default_factory=set)  # papers that became news since it was last due
    unseen_as_new: set[str] = field(default_factory=set)  # those of them that came otherwise than as a cross-list

    def is_due(self, walls: Walls, now: datetime, *, quiet: bool, sources_in: bool) -> bool:
        if self.when.kind == "now":
            return bool(self.unseen) and now >= self.held and not quiet
        if self.when.kind != "when-out":
            moments = walls.moments(self.zone, self.when, self.when.at)
            return bisect_right(moments, self.looked) < bisect_right(moments, now)
        closing = self.closes(walls, now)
        missed = any(self.looked < closed <= now for closed in closing)
        if closing and closing[-1] > now:
            return sources_in and (missed or bool(self.unseen))
        return missed

    def closes(self, walls: Walls, now: datetime) -> list[datetime]:
        """Returns when the open windows without a delivery close. The last of these times may be in the future."""
        opening = walls.moments(self.zone, self.when, self.when.at)
        place, served = bisect_right(opening, now), bisect_right(opening, self.served)
        return walls.moments(self.zone, self.when, self.when.until)[served:place]

    def is_planned(self, now: datetime, *, said: bool) -> None:
        self.unseen.clear()
        self.unseen_as_new.clear()
        self.looked = now
        if said:
            self.served = now

    def goes_on(self, now: datetime) -> None:
        """Ends a pause. Papers that came during it come at the next regular time."""
        self.paused, self.paused_until = False, None
        self.looked = self.served = now
        self.held = now + AFTER_A_PAUSE


@dataclass(slots=True)
class Reader:
    """A chat of the model."""

    zone: str
    quiet: tuple[time, time] | None = None
    limit: int | None = None
    crosslists: bool = True
    subscriptions: dict[int, ModelSubscription] = field(default_factory=dict)  # number → subscription
    delivered: set[str] = field(default_factory=set)
    made: int = 0  # subscriptions so far: numbers are not used again
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
    shown: int  # number of papers that the message shows; [show] opens the rest


class Model:
    """All chats and papers of the simulation."""

    def __init__(self, start: datetime, days: int) -> None:
        self.walls = Walls(start, days)
        self.works: dict[str, Work] = {}
        self.readers: dict[str, Reader] = {}
        self.awaits = False  # whether the feed is expected at its times
        self.came: set[date] = set()  # batches that the expected source has published

    def receives(self, entries: tuple[world.Entry, ...], now: datetime) -> None:
        """Adds the papers of a digest."""
        for entry in entries:
            work = self.works.setdefault(entry.work, Work(now))
            if work.receives(entry, now):
                for reader in self.readers.values():
                    for subscription in reader.subscriptions.values():
                        subscription.unseen.add(entry.work)
                        if work.as_new_at == now:
                            subscription.unseen_as_new.add(entry.work)

    def subscribes(self, chat: str, query: ModelQuery, when: When, now: datetime, *, own_zone: str = "") -> None:
        """Adds a subscription. It begins with the papers of the last day.

        With `weekly` it begins with those of the last week, with `now` with new ones, but not on the console.
        """
        reader = self.readers[chat]
        days = 7 if len(when.days) == 1 else 1
        if when.kind == "now" and not chat.startswith("console:"):
            days = 0
        since = now - timedelta(days=days)
        unseen = {name for name, work in self.works.items() if work.news_at and work.news_at >= since}
        as_new = {name for name in unseen if (at := self.works[name].as_new_at) and at >= since}
        reader.made += 1
        reader.subscriptions[reader.made] = ModelSubscription(
            query,
            when,
            own_zone or reader.zone,
            bool(own_zone),
            since=since,
            looked=now,
            unseen=unseen,
            unseen_as_new=as_new,
        )

    def plans(self, now: datetime) -> dict[str, Expected]:
        """Returns what must be sent now, and counts it as delivered."""
        found = {}
        for chat, reader in self.readers.items():
            self._wake(reader, now)
            due = self._due(reader, now)
            if due and (expected := self._delivery(reader, due, now)):
                found[chat] = expected
        return found

    def has_due(self, now: datetime) -> bool:
        """Tells whether something is due, unless a pause ends just now."""
        return any(self._due(reader, now) for reader in self.readers.values())

    def _due(self, reader: Reader, now: datetime) -> list[ModelSubscription]:
        sources_in = not self.awaits or world.batch_at(now) in self.came
        quiet = reader.is_quiet(self.walls, now)
        return [
            subscription
            for subscription in reader.subscriptions.values()
            if not (reader.paused or subscription.paused)
            and subscription.is_due(self.walls, now, quiet=quiet, sources_in=sources_in)
        ]

    def _wake(self, reader: Reader, now: datetime) -> None:
        """Ends the pauses whose end has come. Times that passed during a pause are not made up for."""
        if reader.paused and reader.paused_until and reader.paused_until <= now:
            for subscription in reader.subscriptions.values():
                subscription.looked = max(subscription.looked, reader.paused_until - INSTANT)
            reader.paused, reader.paused_until = False, None
        for subscription in reader.subscriptions.values():
            if subscription.paused and subscription.paused_until and subscription.paused_until <= now:
                subscription.looked = max(subscription.looked, subscription.paused_until - INSTANT)
                subscription.paused, subscription.paused_until = False, None

    def _delivery(self, reader: Reader, due: list[ModelSubscription], now: datetime) -> Expected | None:
        # the unseen papers that match each subscription, were not sent to the reader, and are wanted by the reader
        brings = [
            {
                name
                for name in (subscription.unseen if reader.crosslists else subscription.unseen_as_new)
                - reader.delivered
                if subscription.query.fits(self.works[name])
            }
            for subscription in due
        ]
        works = frozenset[str]().union(*brings)
        said = bool(works) or (not reader.spoken and self._may_say_nothing(due, now))
        for subscription, brought in zip(due, brings, strict=True):
            subscription.is_planned(now, said=bool(brought) or (said and not works))
        if not said:
            return None
        reader.delivered |= works
        reader.spoken = True
        return Expected(now, works, len(works) if reader.limit is None else min(reader.limit, len(works)))

    def _may_say_nothing(self, due: list[ModelSubscription], now: datetime) -> bool:
        """Tells whether a first delivery may say that there are no papers: some could have come, and no more are expected."""
        if not self.awaits:
            return True
        earliest = min(subscription.since for subscription in due)
        expected = world.due_at(world.batch_at(now)) > earliest or any(subscription.unseen for subscription in due)
        timed = [subscription for subscription in due if subscription.when.kind != "now"]
        return expected and (not timed or any(self._is_last_word(subscription, now) for subscription in timed))

    def _is_last_word(self, subscription: ModelSubscription, now: datetime) -> bool:
        closing = subscription.closes(self.walls, now) if subscription.when.kind == "when-out" else []
        return not closing or closing[-1] <= max(now, world.next_due(now))

    def after_days(self, chat: str, days: int, now: datetime) -> datetime:
        """Returns the first moment in some days at which the clocks of a chat show the same time, or a later one."""
        zone = self.readers[chat].zone
        wanted, step = self.walls.at(zone, now) + timedelta(days=days), now + timedelta(days=days, hours=-2)
        while self.walls.at(zone, step) < wanted:
            step += timedelta(minutes=1)
        return step

    def resumes(self, chat: str, now: datetime) -> None:
        """Ends the pauses of a chat and of its subscriptions."""
        reader = self.readers[chat]
        reader.paused, reader.paused_until = False, None
        for subscription in reader.subscriptions.values():
            subscription.goes_on(now)

    def reschedules(self, chat: str, number: int, when: When, now: datetime) -> None:
        subscription = self.readers[chat].subscriptions[number]
        if subscription.when != when:
            subscription.when = when
            # a window that is open under the new cadence counts, but a past window does not
            subscription.looked, subscription.served, subscription.held = now, LONG_AGO, LONG_AGO

    def moves(self, chat: str, zone: str, now: datetime) -> None:
        """Changes the zone of a chat, and of those subscriptions that have no own zone."""
        reader = self.readers[chat]
        reader.zone = zone
        for subscription in reader.subscriptions.values():
            if not subscription.own_zone:
                subscription.zone, subscription.looked = zone, now

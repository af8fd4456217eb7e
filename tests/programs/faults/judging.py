"""Judges what a platform accepted: what is lost, doubled, out of order or unexpected, and how long recoveries took.

It reads only the platform's journal and the times of the faults, but never the program's database.
"""

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass

Lane = str
Paper = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A message that the platform accepted. In these tests, each message contains one paper."""

    at: float  # seconds on the clock of the faults
    lane: Lane
    paper: Paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One fault that happened while messages were being sent. It counts as one try."""

    at: float  # the second of the fault, or of its end if it lasts
    lane: Lane = ""  # the affected lane; "" means all lanes
    may_double: int = 0  # messages for which the program cannot know whether they arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement of many tries."""

    tries: int = 0
    lost: int = 0
    doubled: int = 0  # arrivals after the first one
    allowed: int = 0  # how many doubled messages the platform makes unavoidable
    disorder: int = 0  # first arrivals that came after a later paper of their lane
    strange: int = 0  # papers to which the chat did not subscribe, doubles without a fault, and wrong exit statuses
    recoveries: tuple[float, ...] = ()  # seconds from each fault to the next accepted message

    @property
    def kept(self) -> bool:
        """Tells whether the promises were kept."""
        return self.lost == self.disorder == self.strange == 0 and self.doubled <= self.allowed

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(
            tries=self.tries + other.tries,
            lost=self.lost + other.lost,
            doubled=self.doubled + other.doubled,
            allowed=self.allowed + other.allowed,
            disorder=self.disorder + other.disorder,
            strange=self.strange + other.strange,
            recoveries=self.recoveries + other.recoveries,
        )


def judge(wanted: dict[Lane, list[Paper]], arrivals: list[Arrival], hits: list[Hit]) -> Verdict:
    """Returns the judgement. `wanted`: lane → its papers in the expected order. All other papers are unexpected."""
    places = {lane: {paper: n for n, paper in enumerate(papers)} for lane, papers in wanted.items()}
    seen: Counter[tuple[Lane, Paper]] = Counter()
    latest: dict[Lane, int] = {}
    disorder = strange = 0
    for arrival in arrivals:
        place = places.get(arrival.lane, {}).get(arrival.paper)
        if place is None:
            strange += 1
            continue
        seen[arrival.lane, arrival.paper] += 1
        if seen[arrival.lane, arrival.paper] == 1:
            disorder += place < latest.get(arrival.lane, -1)
            latest[arrival.lane] = max(place, latest.get(arrival.lane, -1))
    return Verdict(
        tries=len(hits),
        lost=sum(not seen[lane, paper] for lane, papers in wanted.items() for paper in papers),
        doubled=seen.total() - len(seen),
        allowed=sum(hit.may_double for hit in hits),
        disorder=disorder,
        strange=strange,
        recoveries=recoveries(arrivals, hits),
    )


def recoveries(arrivals: list[Arrival], hits: list[Hit]) -> tuple[float, ...]:
    """Returns the seconds from each fault to the next arrival in the affected lane.

    Faults without a later arrival are left out.
    """
    times: dict[Lane, list[float]] = {"": [arrival.at for arrival in arrivals]}
    for arrival in arrivals:
        times.setdefault(arrival.lane, []).append(arrival.at)
    found = []
    for hit in hits:
        there = times.get(hit.lane, [])
        following = bisect_right(there, hit.at)
        if following < len(there):
            found.append(there[following] - hit.at)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Life:
    """The life of one process: the arrivals from `begin` up to `end`."""

    begin: int
    end: int
    killed: bool


AT_ONCE = 10  # most messages that a process sends at the same time (bot.delivery.sender.CONCURRENCY)


def in_flight(arrivals: list[Arrival], life: Life) -> int:
    """Returns how many messages of a killed process may come twice: one per lane that it wrote to, at most ten."""
    return min(AT_ONCE, len({arrival.lane for arrival in arrivals[life.begin : life.end]})) if life.killed else 0


def unexplained(arrivals: list[Arrival], lives: list[Life]) -> int:
    """Counts doubles that no kill explains. Only the last message of a lane before a kill may come again."""
    excused: set[tuple[Lane, Paper]] = set()
    seen: set[tuple[Lane, Paper]] = set()
    found = 0
    for life in lives:
        last: dict[Lane, tuple[float, set[Paper]]] = {}  # the papers of one message arrive at the same moment
        for arrival in arrivals[life.begin : life.end]:
            key = (arrival.lane, arrival.paper)
            found += key in seen and key not in excused
            excused.discard(key)
            seen.add(key)
            at, papers = last.get(arrival.lane, (arrival.at, set()))
            last[arrival.lane] = (arrival.at, papers | {arrival.paper} if at == arrival.at else {arrival.paper})
        if life.killed:
            excused |= {(lane, paper) for lane, (_, papers) in last.items() for paper in papers}
    return found

"""Compares the journal of the platforms with what the model expects."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.programs.faults.year.model import Expected
from tests.programs.faults.year.simulated_bot import Arrived

# a chat is told after five days without a match; a matching paper that it already got may restart the count
DRY = timedelta(days=4)
# a platform's rate limit may delay messages that are due at the same moment by this long
AT_ONCE = timedelta(minutes=10)


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
            if at and (chat, work) in should and not should[chat, work] <= at[0] < should[chat, work] + AT_ONCE
        ],
        "limit": shown,
        "not merged": split,
        "empty": empty,
    }
    return Comparison(expected=len(should), deliveries=len(arrived), faults_by_kind=faults_by_kind)


def _by_delivery(expected: dict[str, list[Expected]], arrived: list[Arrived]) -> tuple[list[str], list[str], list[str]]:
    """Returns three lists of faults.

    They are wrong numbers of shown papers, second deliveries to a chat at the same moment, and deliveries without papers
    that are not a chat's first, with first deliveries that did not come.
    """
    awaited = {(chat, one.at): one for chat, all_of in expected.items() for one in all_of}
    met: set[tuple[str, datetime]] = set()
    dry: dict[str, datetime] = {}  # chat → when it was last told, since its last papers, that nothing matched
    shown, split, empty = [], [], []
    for one in arrived:
        at = next((moment for moment in _moments_before(one.at) if (one.chat, moment) in awaited), one.at)
        should = awaited.get((one.chat, at))
        if (one.chat, at) in met:
            split.append(f"{one.chat} got another delivery at {one.at:%F %H:%M}")
        elif not one.works and (should is None or should.works):
            if one.chat in dry and one.at - dry[one.chat] < DRY:
                empty.append(f"{one.chat} got no papers at {one.at:%F %H:%M}, but {one.words}")
            dry[one.chat] = one.at
        elif should is not None and one.works == should.works and len(one.shown) != should.shown:
            shown.append(f"{one.chat} was shown {len(one.shown)} of {len(one.works)} at {one.at:%F %H:%M}")
        met.add((one.chat, at))
        if one.works:
            dry.pop(one.chat, None)
    empty += [
        f"{chat} heard nothing at {at:%F %H:%M}"
        for (chat, at), one in awaited.items()
        if not one.works and (chat, at) not in met
    ]
    return shown, split, empty


def _moments_before(at: datetime) -> list[datetime]:
    """Returns the full minutes just before a time, nearest first. The delivery may have been due at one of them."""
    return [at.replace(second=0, microsecond=0) - timedelta(minutes=n) for n in range(AT_ONCE // timedelta(minutes=1))]


def _moments(moments: list[datetime]) -> str:
    return ", ".join(f"{at:%F %H:%M}" for at in moments)

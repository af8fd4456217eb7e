"""Decides from samples, rows and journals whether anything grew, was left over, lost or doubled."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from tests.fakes.journal import Entry
from tests.programs.faults.soak.load import Account
from tests.programs.faults.soak.program import Sample

LINK = re.compile(r"arxiv\.org/abs/(2611\.\d{5})")
SPARE: dict[str, int] = {
    "descriptors": 2,
    "threads": 1,
    "children": 0,
}  # allowed growth, because something may be running at the end
MOST_KEYS = 12
FOR_EVER = {  # tables whose rows stay: subscriptions and settings, facts about papers, and what must happen only once
    "chat", "lane", "query", "subscription", "source", "digest", "paper", "paper_key", "paper_alias", "appearance",
    "summary", "translation", "indexed_paper", "paper_spelling", "delivery_item", "key_value", "alembic_version", "worker",
    "platform", "publisher_slot", "loss", "offer", "operator_code", "shared_cursor",
    "query_change",  # only its newest 100,000 rows stay
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One judgement: what was measured, what is allowed, and whether the measured value is allowed."""

    what: str
    measured: str
    allowed: str
    green: bool


def ends(values: list[float], kind: Callable[[Iterable[float]], float]) -> tuple[float, float]:
    """Returns the median or the minimum (`kind`) of the first third of the values, and of the last third."""
    part = max(1, len(values) // 3)
    return kind(values[:part]), kind(values[-part:])


def growth(values: list[float]) -> float:
    """Returns the growth of the median from the first third to the last, as a share of the median of the first."""
    first, last = ends(values, median)
    return last / first - 1


def slope(points: list[tuple[float, float]]) -> float:
    """Returns the median of the slopes between all pairs of points (Theil-Sen). A few peaks do not change it."""
    thinned = points[:: max(1, len(points) // 150)]
    return median([(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(thinned, 2) if x2 > x1] or [0.0])


def judge_samples(
    samples: list[Sample], *, warm_up: float, most_growth: float = 0.05, spare: dict[str, int] = SPARE
) -> list[Verdict]:
    """Returns verdicts on the resources of the process after its warm-up. `spare`: how many more of each there may be at the end."""
    warm = [one for one in samples if one.second >= warm_up]
    memory = [float(one.memory) for one in warm]
    (first, last), grown = ends(memory, median), growth(memory)
    an_hour = slope([(one.second, one.memory) for one in warm]) * 3600
    return [
        Verdict(
            what="memory, median of the last third against the first",
            measured=f"{first / 1e6:.1f} → {last / 1e6:.1f} MB, "
            f"{grown:+.1%} (median slope {an_hour / 1e6:+.1f} MB an hour)",
            allowed=f"under {most_growth:.0%}",
            green=grown < most_growth,
        ),
        *(_left_over([getattr(one, name) for one in warm], name, most) for name, most in spare.items()),
    ]


def _left_over(values: list[float], name: str, spare: int) -> Verdict:
    """Returns the verdict on things that are opened and closed again. A leak raises their minimum in the last third."""
    first, last = ends(values, min)
    return Verdict(
        what=f"{name}, least of the last third against the first",
        measured=f"{first:.0f} → {last:.0f} (at most {max(values)})",
        allowed=f"{spare} more",
        green=last - first <= spare,
    )


def judge_journal(
    entries: Iterable[Entry], account: Account, acknowledged: Collection[str], unrepeated: int
) -> list[Verdict]:
    """Returns verdicts on whether the platforms accepted each paper once for each chat, and an answer for each command.

    `acknowledged`: the presses of buttons that got an answer. `unrepeated`: the number of answers that did not arrive
    according to the log. A running process does not repeat an answer that may have arrived. A command that Slack could not
    deliver counts as not sent, because Slack tells the person so.
    """
    asked = account.asked + Counter(chat for chat, sent in account.handed_over if not sent.failed)
    shown: Counter[tuple[str, str]] = Counter()
    answers: Counter[str] = Counter()
    for entry in entries:
        if entry.kind == "edit":
            continue
        answers[entry.chat] += entry.chat in asked
        shown.update((entry.chat, found) for found in dict.fromkeys(LINK.findall(str(entry.payload))))
    papers = {place: times for place, times in shown.items() if place[0] in account.words}
    lost = [place for place in account.due if not papers.get(place)]
    wrong = [place for place in papers if place not in account.due]
    twice = {place: times - 1 for place, times in papers.items() if times > 1}
    again = sum(max(0, answers[chat] - times) for chat, times in account.asked.items())
    doubled = sum(times for (chat, _), times in twice.items() if not chat.startswith("C")) + again
    on_slack = sum(times for (chat, _), times in twice.items() if chat.startswith("C"))
    silent = sum(max(0, times - answers[chat]) for chat, times in asked.items())
    ignored = sum(press not in acknowledged for press in account.presses)
    return [
        Verdict(what="papers lost", measured=f"{len(lost):,} of {len(account.due):,}", allowed="0", green=not lost),
        Verdict(what="papers that nobody asked for", measured=f"{len(wrong):,}", allowed="0", green=not wrong),
        Verdict(
            what="messages doubled on Telegram",
            measured=f"{doubled:,}",
            allowed=f"{account.doubles} (answers cut off)",
            green=doubled <= account.doubles,
        ),
        Verdict(what="papers doubled on Slack", measured=f"{on_slack:,}", allowed="0", green=not on_slack),
        Verdict(
            what="commands without an answer; buttons that did nothing",
            measured=f"{silent:,} of {sum(asked.values()):,}; {ignored} of {len(account.presses):,}",
            allowed=f"{unrepeated} (answers that a fault hit); 0",
            green=silent <= unrepeated and not ignored,
        ),
    ]


def judge_rows(left: dict[str, int], account: Account, unfinished: dict[str, int], keys: int) -> list[Verdict]:
    """Returns verdicts on what is unfinished at the end (by kind), and on the rows `left` after a clean-up a year later (by table).

    `keys`: how many keys of the store are new. A process needs a few (for the bot's identity, and what was done today).
    """
    over = {name: count for name, count in left.items() if count and name not in FOR_EVER}
    if over.get("receipt") == left["source"]:  # the newest receipt of each source stays
        del over["receipt"]
    told = left["delivery_item"] - len(account.due)
    said = ", ".join(f"{count} in {name}" for name, count in sorted(over.items())) or "0"
    waits = ", ".join(f"{count} {kind}" for kind, count in unfinished.items()) or "0"
    return [
        Verdict(what="on its way at the end", measured=waits, allowed="0", green=not unfinished),
        Verdict(what="rows that outlive their time", measured=said, allowed="0", green=not over),
        Verdict(
            what="rows of delivered papers beside those that were due",
            measured=f"{told:+,}",
            allowed="0",
            green=not told,
        ),
        Verdict(
            what="keys of the store that were added",
            measured=f"{keys}",
            allowed=f"{MOST_KEYS}",
            green=keys <= MOST_KEYS,
        ),
    ]


def judge_rest(processor: float, seconds: float, subscriptions: int) -> Verdict:
    """Returns the verdict on the processor time of an idle process."""
    share = processor / seconds
    return Verdict(
        what=f"processor at rest, {subscriptions:,} subscriptions, {seconds / 60:.1f} minutes",
        measured=f"{share:.2%}",
        allowed="under 1%",
        green=share < 0.01,
    )

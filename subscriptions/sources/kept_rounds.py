"""Decide which kept papers are asked about next. Pure functions."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from subscriptions.schedule.calendar import DAY

MOST = 300  # papers in a round
MOST_FIRST = 200  # of these, papers that need not wait for their turn
AFTER_ARXIV = timedelta(hours=6)  # after midnight in UTC: arXiv has announced the day's papers


def following_round(now: datetime) -> datetime:
    """Return when the round after the one at `now` is due: once a day, after arXiv's announcement."""
    day = (now - AFTER_ARXIV).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + DAY + AFTER_ARXIV


def next_round(kept: Collection[int], first: Sequence[int], upto: int) -> tuple[list[int], int]:
    """Return (the papers of the next round, the paper up to which the turns have come then).

    The papers take turns in the order of their numbers, from the one after `upto` on. `first` names those that come
    before their turn, the most urgent first. Where none does, each kept paper is in at least one of
    ceil(kept / MOST) rounds; however many do, in one of ceil(kept / (MOST - MOST_FIRST)).
    """
    turns = sorted(kept, key=lambda paper: (paper <= upto, paper))
    urgent = [paper for paper in dict.fromkeys(first) if paper in kept][:MOST_FIRST]
    round_ = list(dict.fromkeys((*urgent, *turns)))[:MOST]
    for paper in turns:
        if paper not in round_:
            break
        upto = paper
    return round_, upto

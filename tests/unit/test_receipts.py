"""The verdict on a poll, by what was due, as one table."""

from datetime import UTC, date, datetime, timedelta

import pytest

from subscriptions.planning import receipts
from subscriptions.planning.source_calendar import Overdue

TODAY, YESTERDAY = date(2026, 1, 22), date(2026, 1, 21)
DUE_AT = datetime(2026, 1, 22, 5, 5, tzinfo=UTC)
BATCH, ANYTHING = Overdue(at=DUE_AT, batch=TODAY), Overdue(at=DUE_AT)
SOON, HOURS_LATER = DUE_AT + timedelta(minutes=15), DUE_AT + timedelta(hours=7)


def feed(day: date, papers: int, *, fresh: int = 0) -> receipts.Observation:
    return receipts.Observation(day=day, papers=papers, fresh=fresh, changed=True, batch=True)


def page(papers: int, *, fresh: int = 0, changed: bool = True, day: date | None = None) -> receipts.Observation:
    return receipts.Observation(day=day, papers=papers, fresh=fresh, changed=changed)


SAME = page(5, changed=False)
RESTING, OTHERS, HAD, ANY_DAY = {"resting": True}, {"others": True}, {"had": True}, {"awaited": False}


@pytest.mark.parametrize(
    ("observation", "due", "now", "circumstances", "expected"),
    [
        # a feed of arXiv on an announcement day
        (feed(TODAY, 56, fresh=41), BATCH, SOON, {}, ("new", True)),
        (feed(TODAY, 56), BATCH, SOON, {}, ("new", True)),  # another source had already brought its papers
        (feed(YESTERDAY, 50), BATCH, SOON, {}, ("stale", False)),
        (feed(YESTERDAY, 50, fresh=3), BATCH, SOON, {}, ("stale", False)),  # a few late papers do not complete the day
        (feed(YESTERDAY, 50), BATCH, HOURS_LATER, {}, ("late", False)),
        (feed(YESTERDAY, 50), BATCH, HOURS_LATER, OTHERS, ("late", False)),
        (feed(TODAY, 0), BATCH, SOON, {}, ("stale", False)),
        (feed(TODAY, 0), BATCH, SOON, OTHERS, ("stale", False)),
        (feed(TODAY, 0), BATCH, HOURS_LATER, {}, ("late", False)),
        # arXiv announced papers, but none in this category
        (feed(TODAY, 0), BATCH, HOURS_LATER, OTHERS, ("quiet", True)),
        (feed(TODAY, 56), BATCH, SOON, HAD, ("stale", True)),  # a further poll on the same day
        (feed(TODAY, 56, fresh=2), BATCH, SOON, HAD, ("new", True)),
        # a feed of arXiv on a weekend or on a holiday
        (feed(TODAY, 0), None, SOON, RESTING, ("quiet", True)),
        (feed(YESTERDAY, 50), None, SOON, RESTING, ("quiet", True)),
        (feed(YESTERDAY, 50, fresh=50), None, SOON, RESTING, ("new", True)),
        # a feed of arXiv that is polled at an interval: new papers of any day count, and nothing else does
        (feed(YESTERDAY, 50, fresh=50), BATCH, HOURS_LATER, ANY_DAY, ("new", True)),
        (feed(YESTERDAY, 50), BATCH, HOURS_LATER, ANY_DAY, ("late", False)),
        # a list that another site makes from a batch
        (page(10, fresh=10, day=TODAY), BATCH, SOON, {}, ("new", True)),
        (page(10, fresh=10, day=YESTERDAY), BATCH, SOON, {}, ("new", True)),  # dated by the evening of the announcement
        (page(10, fresh=10), BATCH, SOON, {}, ("new", True)),
        (page(10, fresh=10, day=date(2026, 1, 19)), BATCH, SOON, {}, ("stale", False)),
        (page(0), BATCH, SOON, {}, ("stale", False)),
        (SAME, BATCH, SOON, {}, ("stale", False)),
        (SAME, BATCH, HOURS_LATER, {}, ("late", False)),
        # a page that is due at a time
        (page(10, fresh=10), ANYTHING, SOON, {}, ("new", True)),
        (page(0), ANYTHING, SOON, {}, ("quiet", True)),
        (SAME, ANYTHING, SOON, {}, ("stale", False)),
        (SAME, ANYTHING, HOURS_LATER, {}, ("late", False)),
        (receipts.Observation(absent=True), ANYTHING, HOURS_LATER, {}, ("late", False)),
        # a page that is never due
        (page(10, fresh=1), None, SOON, {}, ("new", True)),
        (page(10), None, SOON, {}, ("stale", True)),
        (SAME, None, SOON, {}, ("stale", True)),
        (page(0), None, SOON, {}, ("quiet", True)),
        (receipts.Observation(absent=True), None, SOON, {}, ("stale", True)),
        # a document that cannot be read never counts as a quiet day
        (receipts.Observation(problem="It is HTML."), BATCH, SOON, {}, ("failed", False)),
        (receipts.Observation(problem="It is HTML."), None, SOON, RESTING, ("failed", False)),
        (
            receipts.Observation(problem="It broke off.", papers=9, fresh=9, batch=True, day=TODAY),
            BATCH,
            SOON,
            {},
            ("failed", False),
        ),
    ],
)
def test_what_a_look_means(
    observation: receipts.Observation,
    due: Overdue | None,
    now: datetime,
    circumstances: dict[str, bool],
    expected: tuple[str, bool],
) -> None:
    verdict = receipts.poll_verdict(observation, due, now, **circumstances)
    assert (str(verdict.outcome), verdict.is_final) == expected


def test_a_detail_says_what_is_there_and_since_when_it_is_due() -> None:
    assert receipts.poll_verdict(feed(YESTERDAY, 50), BATCH, SOON).detail == "Still that of 2026-01-21."
    late = receipts.poll_verdict(feed(YESTERDAY, 50), BATCH, HOURS_LATER).detail
    assert late == "Due since 2026-01-22 05:05 UTC. Still that of 2026-01-21."
    assert receipts.poll_verdict(SAME, None, SOON).detail == "The same as before."


def test_the_documents_of_a_unit_are_one_look() -> None:
    today, yesterday = page(3, fresh=3, day=TODAY), page(9, changed=False, day=YESTERDAY)
    assert receipts.joined([today, yesterday]) == page(12, fresh=3, day=TODAY)
    assert not receipts.joined([today, receipts.Observation(absent=True)]).absent
    assert receipts.joined([receipts.Observation(absent=True), receipts.Observation(absent=True)]).absent
    assert receipts.joined([today, receipts.Observation(problem="It broke off.")]).problem == "It broke off."


def judged(outcome: receipts.Outcome, detail: str = "", *, settled: bool = True) -> receipts.PollVerdict:
    return receipts.PollVerdict(outcome=outcome, is_final=settled, detail=detail)


def test_a_source_is_as_bad_as_its_worst_unit_and_names_it() -> None:
    units = {
        "cs.LG": judged(receipts.Outcome.NEW),
        "stat.ML": judged(receipts.Outcome.STALE, "Still that of 2026-01-21.", settled=False),
        "math.ST": judged(receipts.Outcome.STALE, "Still that of 2026-01-21.", settled=False),
        "hep-th": judged(receipts.Outcome.QUIET, "Nothing was announced in it today."),
    }
    found = receipts.verdict_of_all(units)
    assert (found.outcome, found.is_final) == (receipts.Outcome.STALE, False)
    assert found.detail == "stat.ML, math.ST: Still that of 2026-01-21."
    units["cs.AI"] = judged(receipts.Outcome.FAILED, "It is HTML.", settled=False)
    assert receipts.verdict_of_all(units).detail == "cs.AI: It is HTML."


def test_many_units_with_the_same_trouble_are_counted() -> None:
    units = {f"cs.A{n}": judged(receipts.Outcome.FAILED, "It is HTML.", settled=False) for n in range(9)}
    assert receipts.verdict_of_all(units).detail == "cs.A0, cs.A1, cs.A2, cs.A3, cs.A4 and 4 more: It is HTML."


def test_a_source_is_settled_when_all_its_units_are() -> None:
    units = {"cs.LG": judged(receipts.Outcome.NEW), "hep-th": judged(receipts.Outcome.QUIET)}
    assert (receipts.verdict_of_all(units).outcome, receipts.verdict_of_all(units).is_final) == (
        receipts.Outcome.NEW,
        True,
    )
    assert receipts.verdict_of_all({}).outcome is receipts.Outcome.QUIET

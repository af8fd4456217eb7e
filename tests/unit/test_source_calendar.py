"""When a source is expected, by its calendar; the forecast that follows from it; and the verdict on a poll."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.context import schedules_of
from bot.settings import Settings
from bot.settings.checks import CronSchedule
from subscriptions.model import Cadence
from subscriptions.planning import cadence as cadences
from subscriptions.planning import forecast as forecasting
from subscriptions.planning import receipts, source_calendar
from subscriptions.planning.source_calendar import Overdue
from subscriptions.zones import zone

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


# ------------------------------------------------------------------------------------------- when something is expected


FEEDS, LISTS = source_calendar.ArxivSchedule(), source_calendar.ArxivSchedule(evening=True)
CALENDAR = source_calendar.ArxivCalendar()


def at(text: str) -> datetime:
    """Returns a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(moment: datetime) -> str:
    return f"{moment.astimezone(source_calendar.NEW_YORK):%a %Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (2024, "01-01 01-15 06-19 07-04 09-02 11-28 12-25"),
        (2026, "01-01 01-19 06-19 07-03 09-07 11-26 12-25 12-29 12-31"),
        (2027, "01-01 01-18 06-19 07-04 09-06 11-25 12-25"),
    ],
)
def test_the_holidays_of_a_year(year: int, days: str) -> None:
    assert sorted(f"{day:%m-%d}" for day in source_calendar.usual_holidays(year)) == days.split()


@pytest.mark.parametrize(
    ("evening", "announces"),
    [
        ("2026-01-18", True),  # Sunday
        ("2026-01-19", False),  # Martin Luther King Day
        ("2026-01-20", True),
        ("2026-01-22", True),  # Thursday
        ("2026-01-23", False),  # Friday
        ("2026-01-24", False),  # Saturday
        ("2025-11-27", False),  # Thanksgiving
        ("2025-07-06", False),  # a Sunday that the list of 2025 contained
    ],
)
def test_on_which_evenings_arxiv_announces(evening: str, announces: bool) -> None:
    assert CALENDAR.announces(date.fromisoformat(evening)) is announces


def test_the_operators_list_replaces_the_usual_one() -> None:
    own = source_calendar.ArxivCalendar(holidays=frozenset({date(2026, 12, 25), date(2026, 3, 4)}))
    assert not own.has_batch(date(2026, 12, 25))
    assert not own.has_batch(date(2026, 3, 5))
    assert own.has_batch(date(2026, 3, 4))
    assert own.has_batch(date(2026, 1, 20))  # the evening before is a holiday only in the default list


@pytest.mark.parametrize(
    ("schedule", "batch", "expected"),
    [
        (FEEDS, "2026-01-22", "2026-01-22T05:05"),  # winter
        (FEEDS, "2026-07-22", "2026-07-22T04:05"),  # summer
        (LISTS, "2026-01-22", "2026-01-22T01:05"),
        (LISTS, "2026-07-20", "2026-07-20T00:05"),
        (FEEDS, "2026-03-09", "2026-03-09T04:05"),  # the Monday after the clocks were put forward
        (LISTS, "2026-03-09", "2026-03-09T00:05"),  # the Sunday on which the clocks were put forward
        (LISTS, "2026-11-02", "2026-11-02T01:05"),  # the Sunday on which the clocks were put back
    ],
)
def test_from_when_a_batch_can_be_read(schedule: source_calendar.ArxivSchedule, batch: str, expected: str) -> None:
    assert schedule.expected_at(date.fromisoformat(batch)) == at(expected)


@pytest.mark.parametrize(
    ("schedule", "now", "last", "following", "batch"),
    [
        (FEEDS, "2026-01-22T05:04", "Wed 2026-01-21 00:05", "Thu 2026-01-22 00:05", "2026-01-21"),
        (FEEDS, "2026-01-22T05:05", "Thu 2026-01-22 00:05", "Fri 2026-01-23 00:05", "2026-01-22"),
        (FEEDS, "2026-01-23T12:00", "Fri 2026-01-23 00:05", "Mon 2026-01-26 00:05", "2026-01-23"),
        (FEEDS, "2026-01-24T12:00", "Fri 2026-01-23 00:05", "Mon 2026-01-26 00:05", None),  # Saturday
        (FEEDS, "2026-01-25T23:00", "Fri 2026-01-23 00:05", "Mon 2026-01-26 00:05", None),  # Sunday
        (FEEDS, "2026-01-20T12:00", "Mon 2026-01-19 00:05", "Wed 2026-01-21 00:05", None),  # after the evening of a holiday
        # a list is asked on the evening before, Sunday included
        (LISTS, "2026-01-23T00:00", "Wed 2026-01-21 20:05", "Thu 2026-01-22 20:05", "2026-01-22"),
        (LISTS, "2026-01-26T02:00", "Sun 2026-01-25 20:05", "Mon 2026-01-26 20:05", "2026-01-26"),
    ],
)  # fmt: skip
def test_what_is_due_of_arxiv(
    schedule: source_calendar.ArxivSchedule, now: str, last: str, following: str, batch: str | None
) -> None:
    moment = at(now)
    due = schedule.due_now(moment)
    assert local(schedule.last_due(moment) or moment) == last
    assert local(schedule.next_due(moment)) == following
    assert (due.batch.isoformat() if due and due.batch else None) == batch


def test_on_a_holiday_it_is_asked_every_six_hours() -> None:
    moment = at("2025-11-27T23:00")
    looks: list[str] = []
    while len(looks) < 5:
        moment = FEEDS.next_poll(moment)
        looks.append(local(moment))
    assert looks == [
        "Fri 2025-11-28 00:05",
        "Fri 2025-11-28 06:05",
        "Fri 2025-11-28 12:05",
        "Fri 2025-11-28 18:05",
        "Mon 2025-12-01 00:05",
    ]


@given(st.datetimes(datetime(2020, 1, 3), datetime(2029, 12, 20)), st.booleans())  # noqa: DTZ001 - made aware below
def test_at_any_moment_last_now_and_next_fit_together(moment: datetime, evening: bool) -> None:
    schedule, now = source_calendar.ArxivSchedule(evening=evening), moment.replace(tzinfo=UTC)
    last, following, due = schedule.last_due(now), schedule.next_due(now), schedule.due_now(now)
    assert last is not None
    assert last <= now < following
    assert schedule.next_due(last) == following
    assert schedule.last_due(following) == following
    assert schedule.next_poll(now) <= following
    assert due is None or (due.at == last and due.batch and CALENDAR.has_batch(due.batch))
    # only rest days have no due batch; a day has at least 23 hours
    assert due is not None or now - last >= timedelta(hours=22)


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("every 30m", "2026-01-22T12:00", "2026-01-22T12:30"),
        ("every 90s", "2026-01-22T12:00", "2026-01-22T12:01:30"),
        ("every 2h", "2026-01-22T12:00", "2026-01-22T14:00"),
        ("every 1d", "2026-01-22T12:00", "2026-01-23T12:00"),
        ("arxiv", "2026-01-22T12:00", "2026-01-23T05:05"),
        ("0 6 * * mon-fri", "2026-01-23T12:00", "2026-01-26T06:00"),
    ],
)
def test_a_schedule_is_read_from_its_text(text: str, after: str, expected: str) -> None:
    schedule = source_calendar.read_schedule(text, FEEDS, lambda line: CronSchedule(line, UTC))
    assert schedule is not None
    assert schedule.next_poll(at(after)) == at(expected)
    assert schedule.awaited is (not text.startswith("every"))


@pytest.mark.parametrize(
    ("line", "now", "last", "following"),
    [
        ("0 6 * * *", "2026-01-22T05:59", "2026-01-21T06:00", "2026-01-22T06:00"),
        ("0 6 * * *", "2026-01-22T06:00", "2026-01-22T06:00", "2026-01-23T06:00"),
        ("*/20 * * * *", "2026-01-22T06:30", "2026-01-22T06:20", "2026-01-22T06:40"),
        ("0 6 * * 0", "2026-01-22T06:30", "2026-01-18T06:00", "2026-01-25T06:00"),  # 0 is Sunday, as in cron
        ("0 6 * * 7", "2026-01-22T06:30", "2026-01-18T06:00", "2026-01-25T06:00"),
        ("0 6 * * 1-5", "2026-01-24T06:30", "2026-01-23T06:00", "2026-01-26T06:00"),
        ("0 6 * * fri-mon", "2026-01-27T06:30", "2026-01-26T06:00", "2026-01-30T06:00"),
        ("0 6 * * */3", "2026-01-22T06:30", "2026-01-21T06:00", "2026-01-24T06:00"),  # Sunday, Wednesday, Saturday
        ("0 6 1 * *", "2026-01-22T06:30", "2026-01-01T06:00", "2026-02-01T06:00"),
        # the day of the month or the day of the week, as in cron
        ("0 6 1 * mon", "2026-01-22T06:30", "2026-01-19T06:00", "2026-01-26T06:00"),
        ("0 6 29 2 *", "2026-01-22T06:30", "2024-02-29T06:00", "2028-02-29T06:00"),
    ],
)
def test_a_line_of_cron_means_what_it_means_in_cron(line: str, now: str, last: str, following: str) -> None:
    schedule = CronSchedule(line, UTC)
    assert (schedule.last_due(at(now)), schedule.next_poll(at(now))) == (at(last), at(following))


@pytest.mark.parametrize(
    ("line", "after", "expected"),
    [
        ("30 2 * * *", "2026-03-28T12:00", ["29 03:00+0200", "30 02:30+0200"]),  # 02:30 is skipped that night
        ("0 0 * * *", "2026-03-28T12:00", ["29 00:00+0100", "30 00:00+0200"]),
        ("30 2 * * *", "2026-10-24T12:00", ["25 02:30+0200", "26 02:30+0100"]),  # 02:30 comes twice that night
        ("*/30 * * * *", "2026-03-29T00:00", ["29 01:30+0100", "29 03:00+0200", "29 03:30+0200"]),
        ("30 * * * *", "2026-10-25T00:00", ["25 02:30+0200", "25 02:30+0100", "25 03:30+0100"]),
    ],
)
def test_a_line_of_cron_is_read_as_cron_does_at_clock_changes(line: str, after: str, expected: list[str]) -> None:
    berlin = zone("Europe/Berlin")
    schedule, moments = CronSchedule(line, berlin), [at(after)]
    for _ in expected:
        moments.append(schedule.next_poll(moments[-1]))
    assert [f"{moment.astimezone(berlin):%d %H:%M%z}" for moment in moments[1:]] == expected
    assert all(schedule.last_due(moment) == moment for moment in moments[1:])


def test_a_line_that_no_day_fits_is_never_due() -> None:
    schedule = CronSchedule("0 6 30 2 *", UTC)
    assert schedule.last_due(at("2026-01-22T06:30")) is None
    assert schedule.due_now(at("2026-01-22T06:30")) is None
    assert schedule.next_poll(at("2026-01-22T06:30")) > at("2027-01-01T00:00")


DAILY, OFTEN = CronSchedule("0 6 * * *", UTC), CronSchedule("*/10 * * * *", UTC)
INTERVAL = source_calendar.EverySchedule(interval=timedelta(minutes=30))


@pytest.mark.parametrize(
    ("schedule", "now", "settled", "expected"),
    [
        (FEEDS, "2026-01-22T05:05", False, "2026-01-22T05:20"),
        (FEEDS, "2026-01-22T16:00", False, "2026-01-22T16:15"),
        (FEEDS, "2026-01-22T17:05", False, "2026-01-22T18:05"),  # after twelve hours, it is polled only once an hour
        (FEEDS, "2026-01-23T04:50", False, "2026-01-23T05:05"),  # the next batch is due at its usual time
        (FEEDS, "2026-01-24T04:50", False, "2026-01-24T05:50"),  # still Friday's batch; it is polled once more
        (FEEDS, "2026-01-24T05:50", False, "2026-01-26T05:05"),  # after that, it is not polled before Monday
        (FEEDS, "2026-01-22T05:05", True, "2026-01-23T05:05"),
        (INTERVAL, "2026-01-22T05:05", True, "2026-01-22T05:35"),
        (INTERVAL, "2026-01-22T05:05", False, "2026-01-22T05:35"),
        (DAILY, "2026-01-22T06:00", False, "2026-01-22T06:15"),
        (OFTEN, "2026-01-22T06:00", False, "2026-01-22T06:10"),
    ],
)
def test_what_has_not_come_is_asked_for_again(
    schedule: source_calendar.Schedule, now: str, settled: bool, expected: str
) -> None:
    assert source_calendar.poll_again(schedule, at(now), settled=settled) == at(expected)


@pytest.mark.parametrize(
    ("failures", "asked", "chance", "seconds"),
    [
        (1, 0, 0, 120),
        (2, 0, 0, 240),
        (5, 0, 0, 1920),
        (6, 0, 0, 3600),
        (99, 0, 0, 3600),
        (1, 0, 1, 144),
        (1, 600, 0, 600),
    ],
)
def test_the_wait_after_a_failure_grows_to_an_hour(failures: int, asked: int, chance: float, seconds: float) -> None:
    assert source_calendar.wait_after_failure(failures, timedelta(seconds=asked), chance) == timedelta(seconds=seconds)


BERLIN, TOKYO = zone("Europe/Berlin"), zone("Asia/Tokyo")
WITH_HOLIDAY = source_calendar.ArxivCalendar(
    holidays=frozenset({date(2026, 1, 19)})
)  # so nothing from that Monday evening comes on Tuesday
ARXIV = source_calendar.ArxivSchedule(calendar=WITH_HOLIDAY)


def on(text: str, clock: tzinfo = UTC) -> datetime:
    return datetime.fromisoformat(f"2026-01-{text}").replace(tzinfo=clock).astimezone(UTC)


def forecast(
    now: datetime, *, settled: bool = True, anytime: bool = False, awaited: bool = True
) -> forecasting.Forecast:
    arxiv = forecasting.AwaitedSource(name="arXiv", schedule=ARXIV, due=ARXIV.last_due(now), settled=settled)
    return forecasting.Forecast(at=now, awaited=(arxiv,) if awaited else (), anytime=anytime)


@pytest.mark.parametrize(
    ("clock", "cadence", "now", "regular", "given", "expected", "rest"),
    [
        # In Berlin, a batch can be read from 06:05 on; the 24th is a Saturday.
        (BERLIN, "daily 08:00", "22T12:00", "23T08:00", {}, "Fri 23 08:00", ""),
        (BERLIN, "daily 08:00", "23T12:00", "24T08:00", {"news": True}, "Sat 24 08:00", ""),  # Friday's papers are waiting for it
        (BERLIN, "daily 08:00", "24T12:00", "25T08:00", {}, "Mon 26 08:00", "weekend"),
        (BERLIN, "daily 05:00", "24T12:00", "25T05:00", {}, "Tue 27 05:00", "weekend"),  # Monday's papers come an hour after five
        (BERLIN, "weekly sat 09:00", "18T12:00", "24T09:00", {}, "Sat 24 09:00", ""),
        (BERLIN, "when-out 08:00-20:00", "22T21:00", "23T08:00", {}, "about Fri 23 08:00", ""),
        (BERLIN, "when-out 08:00-20:00", "23T21:00", "24T08:00", {}, "about Mon 26 08:00", "weekend"),
        (BERLIN, "when-out 05:00-20:00", "23T21:00", "24T05:00", {}, "about Mon 26 06:05", "weekend"),
        (BERLIN, "when-out 08:00-20:00", "24T12:00", "24T08:00", {}, "about Mon 26 08:00", "weekend"),
        (BERLIN, "when-out 08:00-20:00", "24T12:00", "24T08:00", {"news": True}, "Sat 24 12:00", ""),  # papers came although it is a weekend
        (BERLIN, "when-out 08:00-20:00", "19T21:00", "20T08:00", {}, "about Wed 21 08:00", "holiday"),
        (BERLIN, "now", "24T12:00", None, {}, "about Mon 26 06:05", "weekend"),
        (BERLIN, "now", "24T12:00", "24T12:10", {}, "Sat 24 12:10", ""),  # the delivery is held until then
        (BERLIN, "now", "22T12:00", None, {"quiet": "22:00-08:00"}, "about Fri 23 08:00", ""),
        (BERLIN, "now", "22T12:00", None, {"quiet": "22:00-06:00"}, "about Fri 23 06:05", ""),
        # In Tokyo, a batch comes within the day, at 14:05.
        (TOKYO, "when-out 08:00-20:00", "23T09:00", "23T08:00", {}, "about Fri 23 14:05", ""),
        (TOKYO, "daily 12:00", "23T09:00", "23T12:00", {}, "Sat 24 12:00", ""),
        (TOKYO, "when-out 08:00-12:00", "23T09:00", "23T08:00", {}, "about Sat 24 08:00", ""),  # it closes before
        (TOKYO, "when-out 08:00-12:00 weekdays", "23T09:00", "23T08:00", {}, "about Mon 26 08:00", ""),
    ],
)  # fmt: skip
def test_when_something_comes_by_the_days_of_arxiv(  # noqa: PLR0917 - the columns of the table
    clock: tzinfo, cadence: str, now: str, regular: str | None, given: dict[str, Any], expected: str, rest: str
) -> None:
    due = on(regular, clock) if regular else None
    known = {"news": False, "quiet": "off", **given}
    found = forecasting.forecast_delivery(
        cadences.parse_cadence(cadence), clock, due, forecast(on(now, clock)), clock=clock, **known
    )
    assert found.at is not None
    about = "about " if found.about else ""
    assert (f"{about}{found.at.astimezone(clock):%a %d %H:%M}", found.rest) == (expected, rest)


@pytest.mark.parametrize(
    ("cadence", "known", "expected"),
    [
        ("when-out 08:00-20:00", {"settled": False}, forecasting.NextDelivery(latest=on("22T20:00", BERLIN))),
        (
            "when-out 08:00-20:00",
            {"anytime": True},
            forecasting.NextDelivery(at=on("22T12:00", BERLIN), about=True, opens=True),
        ),
        (
            "when-out 08:00-20:00",
            {"awaited": False},
            forecasting.NextDelivery(at=on("22T12:00", BERLIN), about=True, opens=True),
        ),
        ("now", {"settled": False}, forecasting.NextDelivery()),
        ("now", {"anytime": True}, forecasting.NextDelivery()),
        ("now", {"awaited": False}, forecasting.NextDelivery()),
        ("daily 08:00", {"awaited": False}, forecasting.NextDelivery(at=on("22T12:00", BERLIN))),  # it is already due
    ],
)
def test_where_nobody_can_tell_nothing_is_promised(
    cadence: str, known: dict[str, bool], expected: forecasting.NextDelivery
) -> None:
    due = None if cadence == "now" else on("22T08:00", BERLIN)
    seen = forecast(on("22T12:00", BERLIN), **known)
    assert forecasting.forecast_delivery(cadences.parse_cadence(cadence), BERLIN, due, seen, news=False) == expected


def _moments() -> Iterable[datetime]:
    start = on("01T00:00")
    return (start + timedelta(hours=11, minutes=47) * n for n in range(120))


@pytest.mark.parametrize(
    "name", ["Pacific/Kiritimati", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "Pacific/Pago_Pago"]
)
@pytest.mark.parametrize("text", ["now", "daily 00:00", "weekdays 09:00", "weekly fri 23:30", "when-out 08:00-20:00", "when-out 09:00-10:00 weekdays"])  # fmt: skip
def test_no_moment_that_has_passed_is_promised(name: str, text: str) -> None:
    cadence, clock = cadences.parse_cadence(text), zone(name)
    for now in _moments():
        for regular in _regular(cadence, clock, now):
            for news in (False, True):
                next_delivery = forecasting.forecast_delivery(
                    cadence, clock, regular, forecast(now), news=news, quiet="22:00-08:00", clock=clock
                )
                assert next_delivery.at is None or next_delivery.at >= now


def _regular(cadence: Cadence, clock: tzinfo, now: datetime) -> list[datetime | None]:
    return (
        [None]
        if cadence.kind == "now"
        else [cadences.next_due(cadence, clock, now), cadences.first_due(cadence, clock, now)]
    )


# ------------------------------------------------------------------------------------------------------------- outlook


def test_lines_of_cron_are_read_by_the_operators_clock() -> None:
    settings = Settings(database_url=SecretStr("sqlite://"), timezone="Europe/Berlin", holidays=(date(2026, 1, 22),))
    schedules = schedules_of(settings)
    daily = schedules.read("0 9 * * *")
    assert daily is not None
    assert daily.awaited is True
    assert (daily.last_due(on("22T12:00")), daily.next_due(on("22T12:00"))) == (on("22T08:00"), on("23T08:00"))
    arxiv = schedules.read("arxiv")
    assert arxiv is not None
    assert arxiv.next_due(on("22T12:00")) == on("26T05:05")  # so nothing from that Thursday evening comes on Friday

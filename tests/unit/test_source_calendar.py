"""arXiv's days and the schedules of sources: tables, and properties over all days of ten years."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings.cron import CronSchedule
from subscriptions.planning.source_calendar import (
    AGAIN_AFTER,
    DAY,
    NEW_YORK,
    ArxivCalendar,
    ArxivSchedule,
    EverySchedule,
    poll_again,
    read_schedule,
    usual_holidays,
    wait_after_failure,
)
from subscriptions.zones import zone

FEEDS, LISTS = ArxivSchedule(), ArxivSchedule(evening=True)
YEARS = (date(2020, 1, 1), date(2029, 12, 31))
DAYS = [YEARS[0] + DAY * n for n in range((YEARS[1] - YEARS[0]).days + 1)]
CALENDAR = ArxivCalendar()


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(moment: datetime) -> str:
    return f"{moment.astimezone(NEW_YORK):%a %Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (2024, "01-01 01-15 06-19 07-04 09-02 11-28 12-25"),
        (2026, "01-01 01-19 06-19 07-03 09-07 11-26 12-25 12-29 12-31"),
        (2027, "01-01 01-18 06-19 07-04 09-06 11-25 12-25"),
    ],
)
def test_the_holidays_of_a_year(year: int, days: str) -> None:
    assert sorted(f"{day:%m-%d}" for day in usual_holidays(year)) == days.split()


@pytest.mark.parametrize("year", [2023, 2025, 2026])
def test_published_years_agree_with_the_rules(year: int) -> None:
    """Thanksgiving, Labor Day and Martin Luther King Day are computed; the published lists confirm them."""
    movable = {day for day in usual_holidays(year) if day.month in (9, 11)}
    assert {(day.month, day.weekday()) for day in movable} == {(9, 0), (11, 3)}
    assert all(day.day < 8 for day in movable if day.month == 9)
    assert all(22 <= day.day <= 28 for day in movable if day.month == 11)


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
        ("2025-07-06", False),  # a Sunday that stood in the list of 2025
    ],
)
def test_on_which_evenings_arxiv_announces(evening: str, announces: bool) -> None:
    assert CALENDAR.announces(date.fromisoformat(evening)) is announces


def test_the_batches_of_the_week_of_thanksgiving() -> None:
    days = CALENDAR.announcement_days(date(2025, 11, 22), date(2025, 12, 1))
    assert [f"{day:%a %d}" for day in days] == ["Mon 24", "Tue 25", "Wed 26", "Thu 27", "Mon 01"]


def test_the_operators_list_replaces_the_usual_one() -> None:
    own = ArxivCalendar(holidays=frozenset({date(2026, 12, 25), date(2026, 3, 4)}))
    assert not own.has_batch(date(2026, 12, 25))
    assert not own.has_batch(date(2026, 3, 5))
    assert own.has_batch(date(2026, 3, 4))
    assert own.has_batch(date(2026, 1, 20))  # the evening before is a holiday only in the usual list


@pytest.mark.parametrize(
    ("schedule", "batch", "expected"),
    [
        (FEEDS, "2026-01-22", "2026-01-22T05:05"),  # winter
        (FEEDS, "2026-07-22", "2026-07-22T04:05"),  # summer
        (LISTS, "2026-01-22", "2026-01-22T01:05"),
        (LISTS, "2026-07-20", "2026-07-20T00:05"),
        (FEEDS, "2026-03-09", "2026-03-09T04:05"),  # the Monday after the clocks went forward
        (LISTS, "2026-03-09", "2026-03-09T00:05"),  # that very Sunday
        (LISTS, "2026-11-02", "2026-11-02T01:05"),  # the Sunday on which they went back
    ],
)
def test_from_when_a_batch_can_be_read(schedule: ArxivSchedule, batch: str, expected: str) -> None:
    assert schedule.expected_at(date.fromisoformat(batch)) == at(expected)


@pytest.mark.parametrize(
    ("now", "last", "following", "batch"),
    [
        ("2026-01-22T05:04", "Wed 2026-01-21 00:05", "Thu 2026-01-22 00:05", "2026-01-21"),
        ("2026-01-22T05:05", "Thu 2026-01-22 00:05", "Fri 2026-01-23 00:05", "2026-01-22"),
        ("2026-01-23T12:00", "Fri 2026-01-23 00:05", "Mon 2026-01-26 00:05", "2026-01-23"),
        ("2026-01-24T12:00", "Fri 2026-01-23 00:05", "Mon 2026-01-26 00:05", None),  # Saturday
        ("2026-01-25T23:00", "Fri 2026-01-23 00:05", "Mon 2026-01-26 00:05", None),  # Sunday
        ("2026-01-20T12:00", "Mon 2026-01-19 00:05", "Wed 2026-01-21 00:05", None),  # after a holiday's evening
    ],
)
def test_what_is_due_of_a_feed(now: str, last: str, following: str, batch: str | None) -> None:
    moment = at(now)
    due = FEEDS.due_now(moment)
    assert local(FEEDS.last_due(moment) or moment) == last
    assert local(FEEDS.next_due(moment)) == following
    assert (due.batch.isoformat() if due and due.batch else None) == batch


def test_a_list_is_asked_on_the_evening_before_sunday_included() -> None:
    friday = at("2026-01-23T15:00")
    assert local(LISTS.last_due(friday) or friday) == "Thu 2026-01-22 20:05"
    assert local(LISTS.next_due(friday)) == "Sun 2026-01-25 20:05"
    due = LISTS.due_now(at("2026-01-26T02:00"))
    assert due is not None
    assert due.batch == date(2026, 1, 26)


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


@pytest.mark.parametrize("schedule", [FEEDS, LISTS], ids=["feeds", "lists"])
def test_over_ten_years_every_batch_is_due_once(schedule: ArxivSchedule) -> None:
    expected = [schedule.expected_at(day) for day in DAYS if CALENDAR.has_batch(day)]
    moment = expected[0] - timedelta(seconds=1)
    found: list[datetime] = []
    while len(found) < len(expected):
        moment = schedule.next_due(moment)
        found.append(moment)
    assert found == expected
    assert {f"{moment.astimezone(NEW_YORK):%H:%M}" for moment in found} == {"20:05" if schedule.evening else "00:05"}


@given(st.datetimes(datetime(2020, 1, 3), datetime(2029, 12, 20)), st.booleans())  # noqa: DTZ001 - made aware below
def test_at_any_moment_last_now_and_next_fit_together(moment: datetime, evening: bool) -> None:
    schedule, now = ArxivSchedule(evening=evening), moment.replace(tzinfo=UTC)
    last, following, due = schedule.last_due(now), schedule.next_due(now), schedule.due_now(now)
    assert last is not None
    assert last <= now < following
    assert schedule.next_due(last) == following
    assert schedule.last_due(following) == following
    assert schedule.next_poll(now) <= following
    assert due is None or (due.at == last and due.batch and CALENDAR.has_batch(due.batch))
    assert due is not None or now - last >= timedelta(hours=22)  # rest days only; a day has 23 hours at least


def test_over_ten_years_a_week_has_five_batches_but_for_holidays() -> None:
    for monday in (day for day in DAYS if day.weekday() == 0):
        evenings = [monday + DAY * n for n in range(-1, 5)]
        holidays = {min(day + DAY, evenings[-1]) for day in evenings if day in usual_holidays(day.year)}
        assert 5 - len(CALENDAR.announcement_days(monday, monday + DAY * 6)) == len(holidays)


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
    schedule = read_schedule(text, FEEDS, lambda line: CronSchedule(line, UTC))
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
        ("0 6 1 * mon", "2026-01-22T06:30", "2026-01-19T06:00", "2026-01-26T06:00"),  # either, as in cron
        ("0 6 29 2 *", "2026-01-22T06:30", "2024-02-29T06:00", "2028-02-29T06:00"),
    ],
)
def test_a_line_of_cron_means_what_it_means_in_cron(line: str, now: str, last: str, following: str) -> None:
    schedule = CronSchedule(line, UTC)
    assert (schedule.last_due(at(now)), schedule.next_poll(at(now))) == (at(last), at(following))


def test_a_line_of_cron_is_local_through_summer_time() -> None:
    schedule = CronSchedule("0 6 * * *", zone("Europe/Berlin"))
    moment, hours = at("2026-03-27T12:00"), []
    for _ in range(4):
        moment = schedule.next_poll(moment)
        hours.append(f"{moment:%d %H:%M}")
    assert hours == ["28 05:00", "29 04:00", "30 04:00", "31 04:00"]


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


@pytest.mark.parametrize(
    ("now", "settled", "expected"),
    [
        ("2026-01-22T05:05", False, "2026-01-22T05:20"),
        ("2026-01-22T16:00", False, "2026-01-22T16:15"),
        ("2026-01-22T17:05", False, "2026-01-22T18:05"),  # after twelve hours only hourly
        ("2026-01-23T04:50", False, "2026-01-23T05:05"),  # the next batch has its own time
        ("2026-01-24T04:50", False, "2026-01-24T05:50"),  # it was Friday's; once more
        ("2026-01-24T05:50", False, "2026-01-26T05:05"),  # then not before Monday
        ("2026-01-22T05:05", True, "2026-01-23T05:05"),
    ],
)
def test_what_has_not_come_is_asked_for_again(now: str, settled: bool, expected: str) -> None:
    assert poll_again(FEEDS, at(now), settled=settled) == at(expected)


def test_a_source_without_a_due_time_is_asked_at_its_interval() -> None:
    schedule = EverySchedule(interval=timedelta(minutes=30))
    for settled in (True, False):
        assert poll_again(schedule, at("2026-01-22T05:05"), settled=settled) == at("2026-01-22T05:35")


def test_an_empty_cron_source_is_asked_again_early() -> None:
    schedule = CronSchedule("0 6 * * *", UTC)
    assert poll_again(schedule, at("2026-01-22T06:00"), settled=False) == at("2026-01-22T06:00") + AGAIN_AFTER
    assert poll_again(CronSchedule("*/10 * * * *", UTC), at("2026-01-22T06:00"), settled=False) == at(
        "2026-01-22T06:10"
    )


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
    assert wait_after_failure(failures, timedelta(seconds=asked), chance) == timedelta(seconds=seconds)


def test_new_york_never_skips_or_repeats_the_times_that_matter() -> None:
    for day in DAYS:
        for clock in (time(0, 5), time(20, 5)):
            moment = datetime.combine(day, clock, NEW_YORK)
            assert moment.utcoffset() == moment.replace(fold=1).utcoffset()
            assert moment.astimezone(UTC).astimezone(NEW_YORK).time() == clock

"""When a source is expected, by its calendar, and the forecast for deliveries that follows from it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.context import schedules_of
from bot.settings import Settings
from bot.settings.checks import CronSchedule
from subscriptions.model import Cadence
from subscriptions.planning import pauses, source_calendar
from subscriptions.planning.cadence import first_due, next_due, parse_cadence
from subscriptions.zones import zone

FEEDS, LISTS = source_calendar.ArxivSchedule(), source_calendar.ArxivSchedule(evening=True)
YEARS = (date(2020, 1, 1), date(2029, 12, 31))
DAYS = [YEARS[0] + source_calendar.DAY * n for n in range((YEARS[1] - YEARS[0]).days + 1)]
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


@pytest.mark.parametrize("year", [2023, 2025, 2026])
def test_published_years_agree_with_the_rules(year: int) -> None:
    """Thanksgiving, Labor Day and Martin Luther King Day are computed; the published lists confirm the results."""
    movable = {day for day in source_calendar.usual_holidays(year) if day.month in (9, 11)}
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
        ("2025-07-06", False),  # a Sunday that the list of 2025 contained
    ],
)
def test_on_which_evenings_arxiv_announces(evening: str, announces: bool) -> None:
    assert CALENDAR.announces(date.fromisoformat(evening)) is announces


def test_the_batches_of_the_week_of_thanksgiving() -> None:
    days = CALENDAR.announcement_days(date(2025, 11, 22), date(2025, 12, 1))
    assert [f"{day:%a %d}" for day in days] == ["Mon 24", "Tue 25", "Wed 26", "Thu 27", "Mon 01"]


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
    ("now", "last", "following", "batch"),
    [
        ("2026-01-22T05:04", "Wed 2026-01-21 00:05", "Thu 2026-01-22 00:05", "2026-01-21"),
        ("2026-01-22T05:05", "Thu 2026-01-22 00:05", "Fri 2026-01-23 00:05", "2026-01-22"),
        ("2026-01-23T12:00", "Fri 2026-01-23 00:05", "Mon 2026-01-26 00:05", "2026-01-23"),
        ("2026-01-24T12:00", "Fri 2026-01-23 00:05", "Mon 2026-01-26 00:05", None),  # Saturday
        ("2026-01-25T23:00", "Fri 2026-01-23 00:05", "Mon 2026-01-26 00:05", None),  # Sunday
        ("2026-01-20T12:00", "Mon 2026-01-19 00:05", "Wed 2026-01-21 00:05", None),  # after the evening of a holiday
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
def test_over_ten_years_every_batch_is_due_once(schedule: source_calendar.ArxivSchedule) -> None:
    expected = [schedule.expected_at(day) for day in DAYS if CALENDAR.has_batch(day)]
    moment = expected[0] - timedelta(seconds=1)
    found: list[datetime] = []
    while len(found) < len(expected):
        moment = schedule.next_due(moment)
        found.append(moment)
    assert found == expected
    assert {f"{moment.astimezone(source_calendar.NEW_YORK):%H:%M}" for moment in found} == {
        "20:05" if schedule.evening else "00:05"
    }


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


def test_over_ten_years_a_week_has_five_batches_but_for_holidays() -> None:
    for monday in (day for day in DAYS if day.weekday() == 0):
        evenings = [monday + source_calendar.DAY * n for n in range(-1, 5)]
        holidays = {
            min(day + source_calendar.DAY, evenings[-1])
            for day in evenings
            if day in source_calendar.usual_holidays(day.year)
        }
        assert 5 - len(CALENDAR.announcement_days(monday, monday + source_calendar.DAY * 6)) == len(holidays)


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
        ("2026-01-22T17:05", False, "2026-01-22T18:05"),  # after twelve hours, it is polled only once an hour
        ("2026-01-23T04:50", False, "2026-01-23T05:05"),  # the next batch is due at its usual time
        ("2026-01-24T04:50", False, "2026-01-24T05:50"),  # still Friday's batch; it is polled once more
        ("2026-01-24T05:50", False, "2026-01-26T05:05"),  # after that, it is not polled before Monday
        ("2026-01-22T05:05", True, "2026-01-23T05:05"),
    ],
)
def test_what_has_not_come_is_asked_for_again(now: str, settled: bool, expected: str) -> None:
    assert source_calendar.poll_again(FEEDS, at(now), settled=settled) == at(expected)


def test_a_source_without_a_due_time_is_asked_at_its_interval() -> None:
    schedule = source_calendar.EverySchedule(interval=timedelta(minutes=30))
    for settled in (True, False):
        assert source_calendar.poll_again(schedule, at("2026-01-22T05:05"), settled=settled) == at("2026-01-22T05:35")


def test_an_empty_cron_source_is_asked_again_early() -> None:
    schedule = CronSchedule("0 6 * * *", UTC)
    assert (
        source_calendar.poll_again(schedule, at("2026-01-22T06:00"), settled=False)
        == at("2026-01-22T06:00") + source_calendar.AGAIN_AFTER
    )
    assert source_calendar.poll_again(CronSchedule("*/10 * * * *", UTC), at("2026-01-22T06:00"), settled=False) == at(
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
    assert source_calendar.wait_after_failure(failures, timedelta(seconds=asked), chance) == timedelta(seconds=seconds)


BERLIN, TOKYO = zone("Europe/Berlin"), zone("Asia/Tokyo")
WITH_HOLIDAY = source_calendar.ArxivCalendar(
    holidays=frozenset({date(2026, 1, 19)})
)  # so nothing from that Monday evening comes on Tuesday
ARXIV = source_calendar.ArxivSchedule(calendar=WITH_HOLIDAY)


def on(text: str, clock: tzinfo = UTC) -> datetime:
    return datetime.fromisoformat(f"2026-01-{text}").replace(tzinfo=clock).astimezone(UTC)


def forecast(now: datetime, *, settled: bool = True, anytime: bool = False, awaited: bool = True) -> pauses.Forecast:
    arxiv = pauses.AwaitedSource(name="arXiv", schedule=ARXIV, due=ARXIV.last_due(now), settled=settled)
    return pauses.Forecast(at=now, awaited=(arxiv,) if awaited else (), anytime=anytime)


def when(
    cadence: str,
    now: str,
    regular: str | None,
    *,
    clock: tzinfo = BERLIN,
    news: bool = False,
    quiet: str = "off",
    **known: bool,
) -> tuple[str | None, pauses.NextDelivery]:
    """Returns the local moment of the next delivery, and the whole result."""
    due = on(regular, clock) if regular else None
    seen = forecast(on(now, clock), **known)
    next_delivery = pauses.forecast_delivery(
        parse_cadence(cadence), clock, due, seen, news=news, quiet=quiet, clock=clock
    )
    return f"{next_delivery.at.astimezone(clock):%a %d %H:%M}" if next_delivery.at else None, next_delivery


@pytest.mark.parametrize(
    ("cadence", "now", "regular", "news", "expected", "rest"),
    [
        # In Berlin, a batch can be read from 06:05 on; the 24th is a Saturday.
        ("daily 08:00", "22T12:00", "23T08:00", False, "Fri 23 08:00", ""),
        ("daily 08:00", "23T12:00", "24T08:00", True, "Sat 24 08:00", ""),  # Friday's papers are waiting for it
        ("daily 08:00", "24T12:00", "25T08:00", False, "Mon 26 08:00", "weekend"),
        # Monday's papers come an hour after five
        ("daily 05:00", "24T12:00", "25T05:00", False, "Tue 27 05:00", "weekend"),
        ("weekly sat 09:00", "18T12:00", "24T09:00", False, "Sat 24 09:00", ""),
        ("when-out 08:00-20:00", "22T21:00", "23T08:00", False, "Fri 23 08:00", ""),
        ("when-out 08:00-20:00", "23T21:00", "24T08:00", False, "Mon 26 08:00", "weekend"),
        ("when-out 05:00-20:00", "23T21:00", "24T05:00", False, "Mon 26 06:05", "weekend"),
        ("when-out 08:00-20:00", "24T12:00", "24T08:00", False, "Mon 26 08:00", "weekend"),
        # papers came although it is a weekend
        ("when-out 08:00-20:00", "24T12:00", "24T08:00", True, "Sat 24 12:00", ""),
        ("when-out 08:00-20:00", "19T21:00", "20T08:00", False, "Wed 21 08:00", "holiday"),
        ("now", "24T12:00", None, False, "Mon 26 06:05", "weekend"),
        ("now", "24T12:00", "24T12:10", False, "Sat 24 12:10", ""),  # the delivery is held until then
    ],
)
def test_when_something_comes_by_the_days_of_arxiv(
    *, cadence: str, now: str, regular: str | None, news: bool, expected: str, rest: str
) -> None:
    moment, next_delivery = when(cadence, now, regular, news=news)
    assert (moment, next_delivery.rest) == (expected, rest)


def test_in_the_east_the_batch_comes_within_the_day() -> None:
    moment, next_delivery = when("when-out 08:00-20:00", "23T09:00", "23T08:00", clock=TOKYO)
    assert (moment, next_delivery.about, next_delivery.rest) == ("Fri 23 14:05", True, "")
    assert when("daily 12:00", "23T09:00", "23T12:00", clock=TOKYO)[0] == "Sat 24 12:00"


def test_a_window_that_closes_early_waits_for_the_next_day() -> None:
    assert when("when-out 08:00-12:00", "23T09:00", "23T08:00", clock=TOKYO)[0] == "Sat 24 08:00"
    assert when("when-out 08:00-12:00 weekdays", "23T09:00", "23T08:00", clock=TOKYO)[0] == "Mon 26 08:00"


def test_quiet_hours_put_off_what_would_come_at_once() -> None:
    assert when("now", "22T12:00", None, quiet="22:00-08:00")[0] == "Fri 23 08:00"
    assert when("now", "22T12:00", None, quiet="22:00-06:00")[0] == "Fri 23 06:05"


@pytest.mark.parametrize(
    ("cadence", "known", "expected"),
    [
        ("when-out 08:00-20:00", {"settled": False}, pauses.NextDelivery(latest=on("22T20:00", BERLIN))),
        (
            "when-out 08:00-20:00",
            {"anytime": True},
            pauses.NextDelivery(at=on("22T12:00", BERLIN), about=True, opens=True),
        ),
        (
            "when-out 08:00-20:00",
            {"awaited": False},
            pauses.NextDelivery(at=on("22T12:00", BERLIN), about=True, opens=True),
        ),
        ("now", {"settled": False}, pauses.NextDelivery()),
        ("now", {"anytime": True}, pauses.NextDelivery()),
        ("now", {"awaited": False}, pauses.NextDelivery()),
        ("daily 08:00", {"awaited": False}, pauses.NextDelivery(at=on("22T12:00", BERLIN))),  # it is already due
    ],
)
def test_where_nobody_can_tell_nothing_is_promised(
    cadence: str, known: dict[str, bool], expected: pauses.NextDelivery
) -> None:
    due = None if cadence == "now" else on("22T08:00", BERLIN)
    seen = forecast(on("22T12:00", BERLIN), **known)
    assert pauses.forecast_delivery(parse_cadence(cadence), BERLIN, due, seen, news=False) == expected


def _moments() -> Iterable[datetime]:
    start = on("01T00:00")
    return (start + timedelta(hours=11, minutes=47) * n for n in range(120))


@pytest.mark.parametrize(
    "name", ["Pacific/Kiritimati", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "Pacific/Pago_Pago"]
)
@pytest.mark.parametrize("text", ["now", "daily 00:00", "weekdays 09:00", "weekly fri 23:30", "when-out 08:00-20:00", "when-out 09:00-10:00 weekdays"])  # fmt: skip
def test_no_moment_that_has_passed_is_promised(name: str, text: str) -> None:
    cadence, clock = parse_cadence(text), zone(name)
    for now in _moments():
        for regular in _regular(cadence, clock, now):
            for news in (False, True):
                next_delivery = pauses.forecast_delivery(
                    cadence, clock, regular, forecast(now), news=news, quiet="22:00-08:00", clock=clock
                )
                assert next_delivery.at is None or next_delivery.at >= now


def _regular(cadence: Cadence, clock: tzinfo, now: datetime) -> list[datetime | None]:
    return [None] if cadence.kind == "now" else [next_due(cadence, clock, now), first_due(cadence, clock, now)]


# ------------------------------------------------------------------------------------------------------------- outlook


def test_what_is_missing_is_what_has_not_settled() -> None:
    come = pauses.AwaitedSource(name="a", schedule=ARXIV, due=on("22T05:05"))
    behind = pauses.AwaitedSource(name="b", schedule=ARXIV, due=on("22T05:05"), settled=False)
    assert pauses.Forecast(at=on("22T12:00")).all_reported is None
    assert pauses.Forecast(at=on("22T12:00"), awaited=(come,)).all_reported is True
    assert pauses.Forecast(at=on("22T12:00"), awaited=(come, behind)).missing == (behind,)


def test_papers_could_have_come_since_the_last_due_time() -> None:
    saturday = forecast(on("24T12:00"))
    assert saturday.may_have_come(on("23T00:00"))
    assert not saturday.may_have_come(on("23T12:00"))
    assert forecast(on("24T12:00"), settled=False).may_have_come(on("23T12:00"))
    assert forecast(on("24T12:00"), anytime=True).may_have_come(on("24T11:00"))
    assert forecast(on("24T12:00"), awaited=False).may_have_come(on("24T11:00"))


def test_schedules_read_what_they_can() -> None:
    schedules = source_calendar.Schedules()
    assert schedules.read("") is None
    assert schedules.read("0 9 * * *") is None  # cron lines are not supported
    assert isinstance(schedules.read("every 30m"), source_calendar.EverySchedule)
    assert schedules.read("arxiv", evening=True) == source_calendar.ArxivSchedule(evening=True)
    assert source_calendar.Schedules(cron=lambda _: ARXIV).read("0 9 * * *") is ARXIV


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

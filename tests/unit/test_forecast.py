"""The forecast of sources and of the next delivery: pure functions of schedules, receipts and the moment."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo

import pytest
from pydantic import SecretStr

from bot.context.database import schedules_of
from bot.settings import Settings
from subscriptions.model import Cadence
from subscriptions.planning.cadence import first_due, next_due, parse_cadence
from subscriptions.planning.pauses import AwaitedSource, Forecast, NextDelivery, forecast_delivery
from subscriptions.planning.source_calendar import ArxivCalendar, ArxivSchedule, EverySchedule, Schedules
from subscriptions.zones import zone

BERLIN, TOKYO = zone("Europe/Berlin"), zone("Asia/Tokyo")
CALENDAR = ArxivCalendar(holidays=frozenset({date(2026, 1, 19)}))  # of that Monday evening nothing comes on Tuesday
ARXIV = ArxivSchedule(calendar=CALENDAR)


def at(text: str, clock: tzinfo = UTC) -> datetime:
    return datetime.fromisoformat(f"2026-01-{text}").replace(tzinfo=clock).astimezone(UTC)


def forecast(now: datetime, *, settled: bool = True, anytime: bool = False, awaited: bool = True) -> Forecast:
    arxiv = AwaitedSource(name="arXiv", schedule=ARXIV, due=ARXIV.last_due(now), settled=settled)
    return Forecast(at=now, awaited=(arxiv,) if awaited else (), anytime=anytime)


def when(
    cadence: str,
    now: str,
    regular: str | None,
    *,
    clock: tzinfo = BERLIN,
    news: bool = False,
    quiet: str = "off",
    **known: bool,
) -> tuple[str | None, NextDelivery]:
    """Returns the local moment of the next delivery, and the whole result."""
    due = at(regular, clock) if regular else None
    seen = forecast(at(now, clock), **known)
    next_delivery = forecast_delivery(parse_cadence(cadence), clock, due, seen, news=news, quiet=quiet, clock=clock)
    return f"{next_delivery.at.astimezone(clock):%a %d %H:%M}" if next_delivery.at else None, next_delivery


@pytest.mark.parametrize(
    ("cadence", "now", "regular", "news", "expected", "rest"),
    [
        # In Berlin a batch can be read at 06:05; the 24th is a Saturday.
        ("daily 08:00", "22T12:00", "23T08:00", False, "Fri 23 08:00", ""),
        ("daily 08:00", "23T12:00", "24T08:00", True, "Sat 24 08:00", ""),  # Friday's papers wait for it
        ("daily 08:00", "24T12:00", "25T08:00", False, "Mon 26 08:00", "weekend"),
        ("daily 05:00", "24T12:00", "25T05:00", False, "Tue 27 05:00", "weekend"),  # Monday's come an hour too late
        ("weekly sat 09:00", "18T12:00", "24T09:00", False, "Sat 24 09:00", ""),
        ("when-out 08:00-20:00", "22T21:00", "23T08:00", False, "Fri 23 08:00", ""),
        ("when-out 08:00-20:00", "23T21:00", "24T08:00", False, "Mon 26 08:00", "weekend"),
        ("when-out 05:00-20:00", "23T21:00", "24T05:00", False, "Mon 26 06:05", "weekend"),
        ("when-out 08:00-20:00", "24T12:00", "24T08:00", False, "Mon 26 08:00", "weekend"),
        ("when-out 08:00-20:00", "24T12:00", "24T08:00", True, "Sat 24 12:00", ""),  # something came all the same
        ("when-out 08:00-20:00", "19T21:00", "20T08:00", False, "Wed 21 08:00", "holiday"),
        ("now", "24T12:00", None, False, "Mon 26 06:05", "weekend"),
        ("now", "24T12:00", "24T12:10", False, "Sat 24 12:10", ""),  # it is held till then
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
        ("when-out 08:00-20:00", {"settled": False}, NextDelivery(latest=at("22T20:00", BERLIN))),
        ("when-out 08:00-20:00", {"anytime": True}, NextDelivery(at=at("22T12:00", BERLIN), about=True, opens=True)),
        ("when-out 08:00-20:00", {"awaited": False}, NextDelivery(at=at("22T12:00", BERLIN), about=True, opens=True)),
        ("now", {"settled": False}, NextDelivery()),
        ("now", {"anytime": True}, NextDelivery()),
        ("now", {"awaited": False}, NextDelivery()),
        ("daily 08:00", {"awaited": False}, NextDelivery(at=at("22T12:00", BERLIN))),  # it is due
    ],
)
def test_where_nobody_can_tell_nothing_is_promised(
    cadence: str, known: dict[str, bool], expected: NextDelivery
) -> None:
    due = None if cadence == "now" else at("22T08:00", BERLIN)
    seen = forecast(at("22T12:00", BERLIN), **known)
    assert forecast_delivery(parse_cadence(cadence), BERLIN, due, seen, news=False) == expected


def _moments() -> Iterable[datetime]:
    start = at("01T00:00")
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
                next_delivery = forecast_delivery(
                    cadence, clock, regular, forecast(now), news=news, quiet="22:00-08:00", clock=clock
                )
                assert next_delivery.at is None or next_delivery.at >= now


def _regular(cadence: Cadence, clock: tzinfo, now: datetime) -> list[datetime | None]:
    return [None] if cadence.kind == "now" else [next_due(cadence, clock, now), first_due(cadence, clock, now)]


# ------------------------------------------------------------------------------------------------------------- outlook


def test_what_is_missing_is_what_has_not_settled() -> None:
    come = AwaitedSource(name="a", schedule=ARXIV, due=at("22T05:05"))
    behind = AwaitedSource(name="b", schedule=ARXIV, due=at("22T05:05"), settled=False)
    assert Forecast(at=at("22T12:00")).all_reported is None
    assert Forecast(at=at("22T12:00"), awaited=(come,)).all_reported is True
    assert Forecast(at=at("22T12:00"), awaited=(come, behind)).missing == (behind,)


def test_papers_could_have_come_since_the_last_due_time() -> None:
    saturday = forecast(at("24T12:00"))
    assert saturday.may_have_come(at("23T00:00"))
    assert not saturday.may_have_come(at("23T12:00"))
    assert forecast(at("24T12:00"), settled=False).may_have_come(at("23T12:00"))
    assert forecast(at("24T12:00"), anytime=True).may_have_come(at("24T11:00"))
    assert forecast(at("24T12:00"), awaited=False).may_have_come(at("24T11:00"))


def test_schedules_read_what_they_can() -> None:
    schedules = Schedules()
    assert schedules.read("") is None
    assert schedules.read("0 9 * * *") is None  # lines of cron are not supported
    assert isinstance(schedules.read("every 30m"), EverySchedule)
    assert schedules.read("arxiv", evening=True) == ArxivSchedule(evening=True)
    assert Schedules(cron=lambda _: ARXIV).read("0 9 * * *") is ARXIV


def test_lines_of_cron_are_read_by_the_operators_clock() -> None:
    settings = Settings(database_url=SecretStr("sqlite://"), timezone="Europe/Berlin", holidays=(date(2026, 1, 22),))
    schedules = schedules_of(settings)
    daily = schedules.read("0 9 * * *")
    assert daily is not None
    assert daily.awaited is True
    assert (daily.last_due(at("22T12:00")), daily.next_due(at("22T12:00"))) == (at("22T08:00"), at("23T08:00"))
    arxiv = schedules.read("arxiv")
    assert arxiv is not None
    assert arxiv.next_due(at("22T12:00")) == at("26T05:05")  # of that Thursday's evening nothing comes on Friday

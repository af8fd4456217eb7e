"""When things are due: subscriptions by their schedules, pauses and zones, sources by their calendars.

The verdict on a poll; and

times as people type them and as replies write them.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands import phrasing
from bot.commands import settings as zone_commands
from bot.settings import Arxiv, Settings
from bot.settings.opening import CronSchedule, schedules_of
from subscriptions.errors import Refused
from subscriptions.language import Language
from subscriptions.model import Cadence
from subscriptions.schedule import cadence as cadences
from subscriptions.schedule import calendar as source_calendar
from subscriptions.schedule import cities, times, zones
from subscriptions.schedule.calendar import Overdue
from subscriptions.schedule.pauses import parse_pause
from subscriptions.schedule.zones import zone
from subscriptions.sources import forecast as next_deliveries
from subscriptions.sources import poll_results as receipts
from subscriptions.sources.poll_results import Answer, Outcome
from tests import tables
from tests.clock import NOON

ZONES = sorted(available_timezones())
FROM, TO = datetime(2016, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def dues(cadence: Cadence, name: str, after: str, count: int) -> list[str]:
    """Returns the next `count` moments, in local time with the offset."""
    moments = [datetime.fromisoformat(after)]
    for _ in range(count):
        found = cadences.next_due(cadence, zone(name), moments[-1])
        assert found is not None
        assert found.tzinfo is UTC
        moments.append(found)
    return [moment.astimezone(zone(name)).isoformat(" ", "minutes") for moment in moments[1:]]


# The next moment


@pytest.mark.parametrize(
    ("cadence", "name", "after", "expected"),
    tables.rows("""
        daily 09:00                   → UTC           → 2026-01-22T08:59:59+00:00 → 2026-01-22 09:00+00:00, 2026-01-23 09:00+00:00
        daily 09:00                   → +08:00        → 2026-01-22T02:00:00+00:00 → 2026-01-23 09:00+08:00
        when-out 09:00-18:00 weekdays → UTC           → 2026-01-23T10:00:00+00:00 → 2026-01-26 09:00+00:00
        weekly fri 17:30              → UTC           → 2026-01-23T17:30:00+00:00 → 2026-01-30 17:30+00:00, 2026-02-06 17:30+00:00
    """),
)
def test_the_next_moment_is_strictly_later(cadence: str, name: str, after: str, expected: str) -> None:
    assert ", ".join(dues(times.read_when(cadence).cadence, name, after, expected.count(",") + 1)) == expected


@pytest.mark.parametrize(
    ("at", "name", "after", "expected"),
    tables.rows("""
        # 02:00-03:00 does not exist on 30 March 2025
        02:30 → Europe/Berlin       → 2025-03-29T12:00:00+00:00 → 2025-03-30 03:00+02:00, 2025-03-31 02:30+02:00
        # 02:00-03:00 exists twice on 26 October 2025
        02:30 → Europe/Berlin       → 2025-10-25T12:00:00+00:00 → 2025-10-26 02:30+02:00, 2025-10-27 02:30+01:00
        # Lord Howe changes its clocks by half an hour: 02:00-02:30 does not exist, and later 01:30-02:00 exists twice
        02:15 → Australia/Lord_Howe → 2025-10-04T00:00:00+00:00 → 2025-10-05 02:30+11:00, 2025-10-06 02:15+11:00
        # North Korea skipped the half hour from 23:30 to midnight on 4 May 2018
        23:45 → Asia/Pyongyang      → 2018-05-04T00:00:00+00:00 → 2018-05-05 00:00+09:00, 2018-05-05 23:45+09:00
        # here midnight itself is skipped
        00:00 → America/Sao_Paulo   → 2018-11-03T12:00:00+00:00 → 2018-11-04 01:00-02:00, 2018-11-05 00:00-02:00
        23:30 → America/Nuuk        → 2025-10-25T12:00:00+00:00 → 2025-10-25 23:30-01:00, 2025-10-26 23:30-02:00
    """),
)
def test_local_time_through_changes_of_the_clocks(at: str, name: str, after: str, expected: str) -> None:
    assert ", ".join(dues(times.read_when(f"daily {at}").cadence, name, after, 2)) == expected


# Many zones, ten years


def offsets(name: str) -> list[tuple[date, timedelta]]:
    """Returns the offset at the start of each UTC day in the ten years."""
    there = ZoneInfo(name)
    days = (FROM + timedelta(days=n) for n in range((TO - FROM).days))
    return [(day.date(), day.astimezone(there).utcoffset() or timedelta(0)) for day in days]


def expected_moment(day: date, at: time, there: ZoneInfo) -> datetime:
    """Finds the first minute that is not before this local time, by a search, without the arithmetic under test."""
    wanted = datetime.combine(day, at)
    minute = wanted.replace(tzinfo=there).astimezone(UTC) - timedelta(hours=3)
    while minute.astimezone(there).replace(tzinfo=None) < wanted:
        minute += timedelta(minutes=1)
    return minute


def test_clock_changes_of_ten_years_keep_one_moment_a_day() -> None:
    """Each is at its time, or at the next one that exists."""
    seen = set()
    for name in ZONES[::8]:
        known = offsets(name)
        changes = [day for (day, before), (_, after) in pairwise(known) if before != after]
        alike = tuple(known)
        if alike in seen:  # most names are links, or neighbours whose clocks are the same
            continue
        seen.add(alike)
        there = ZoneInfo(name)
        for number, day in enumerate((*changes[:2], *changes[-2:])):  # the other years have the same rules
            for at in (time(2, 30), time(0, 0) if number % 2 else time(23, 45)):
                first, *later = [expected_moment(day + timedelta(days=n), at, there) for n in range(-2, 3)]
                found = [cadences.next_due(Cadence(at=at), there, moment) for moment in (first, *later[:-1])]
                assert found == later
    assert len(seen) > 30


@given(
    name=st.sampled_from(ZONES),
    first=TIMES,
    last=TIMES,
    start=st.datetimes(FROM.replace(tzinfo=None), TO.replace(tzinfo=None), timezones=st.just(UTC)),
)
@settings(max_examples=80, deadline=None)
def test_a_window_closes_before_the_next_one_opens(name: str, first: time, last: time, start: datetime) -> None:
    there = ZoneInfo(name)
    cadence = Cadence(at=min(first, last), until=max(first, last))
    opened = cadences.next_due(cadence, there, start)
    assert opened is not None
    for _ in range(20):
        following = cadences.next_due(cadence, there, opened)
        assert following is not None
        assert opened <= cadences.closes(cadence, there, opened) <= following
        opened = following


# when-out


@pytest.mark.parametrize(
    ("cadence", "name", "opened", "closed"),
    tables.rows("""
        when-out 08:00-20:00 → Europe/Berlin  → 2025-03-30T06:00 → 2025-03-30T18:00
        when-out 08:00-20:00 → UTC            → 2026-01-22T11:11 → 2026-01-22T20:00  # opened under an earlier schedule
        when-out 23:35-23:50 → Asia/Pyongyang → 2018-05-04T15:00 → 2018-05-04T15:00  # the clocks skip it
    """),
)
def test_a_window_closes_on_the_same_local_day(cadence: str, name: str, opened: str, closed: str) -> None:
    assert cadences.closes(times.read_when(cadence).cadence, zone(name), utc(opened)) == utc(closed)


@pytest.mark.parametrize(
    ("cadence", "created", "first"),
    tables.rows("""
        when-out 08:00-20:00          → 2026-01-22T07:59 → 2026-01-22T08:00
        when-out 08:00-20:00          → 2026-01-22T08:00 → 2026-01-22T08:00  # it is open now, so the opening is in the past
        when-out 08:00-20:00          → 2026-01-22T20:00 → 2026-01-23T08:00
        when-out 09:00-18:00 weekdays → 2026-01-24T10:00 → 2026-01-26T09:00  # a free day
        daily 09:00                   → 2026-01-24T10:00 → 2026-01-25T09:00
    """),
)
def test_a_new_subscription_joins_the_window_that_is_open(cadence: str, created: str, first: str) -> None:
    assert cadences.first_due(times.read_when(cadence).cadence, UTC, utc(created)) == utc(first)


# Quiet hours


@pytest.mark.parametrize(
    ("quiet", "place", "now", "until"),
    tables.rows("""
        22:00-08:00 → UTC           → 2026-01-22T21:59 →
        22:00-08:00 → UTC           → 2026-01-22T22:00 → 2026-01-23T08:00
        22:00-08:00 → UTC           → 2026-01-23T07:59 → 2026-01-23T08:00
        22:00-08:00 → UTC           → 2026-01-23T08:00 →
        12:00-13:30 → UTC           → 2026-01-22T12:45 → 2026-01-22T13:30
        off         → UTC           → 2026-01-22T23:00 →
        22:00-02:30 → Europe/Berlin → 2025-10-26T00:15 → 2025-10-26T00:30
        22:00-02:30 → Europe/Berlin → 2025-10-26T01:15 →  # it is 02:15 for the second time
    """),
)
def test_quiet_hours_end(quiet: str, place: str, now: str, until: str) -> None:
    assert cadences.quiet_until(quiet, zone(place), utc(now)) == (utc(until) if until else None)


THURSDAY = datetime(2026, 1, 22, 12, tzinfo=UTC)
BERLIN = zone("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "end"),
    tables.rows("""
        12h                   → 2026-01-23 00:00
        1 month               → 2026-02-21 12:00
        10 weeks              → 2026-04-02 11:00
        until next monday     → 2026-01-25 23:00
        until thursday        → 2026-01-28 23:00
        tomorrow              → 2026-01-22 23:00
        until next week       → 2026-01-25 23:00
        until next month      → 2026-01-31 23:00
        until March 3rd       → 2026-03-02 23:00
        until 10th of March   → 2026-03-09 23:00
        until 1 Jan           → 2026-12-31 23:00
        until 2026-02-01      → 2026-01-31 23:00
        两周                  → 2026-02-05 12:00
        到下周五              → 2026-01-29 23:00
        直到 2027年1月3日     → 2027-01-02 23:00
    """),
)
def test_an_end_is_understood_in_the_zone_of_the_chat(text: str, end: str) -> None:
    assert parse_pause(text, BERLIN, THURSDAY) == datetime.fromisoformat(end).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "sentence"),
    tables.rows("""
        → “” is not a time to pause until.
        until yesterday       → “until yesterday” is not a time to pause until.
        到4月31日             → “到4月31日” is not a time to pause until.
        until 3/3             → “until 3/3” is not a time to pause until.
        until 2026-01-22      → “until 2026-01-22” is over already.
        0d                    → “0d” is over already.
        until 9999-12-31      → That is longer than two years.
        until 29 Feb          → That is longer than two years.
    """),
)
def test_what_is_no_end_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_pause(text, BERLIN, THURSDAY)
    assert str(refused.value.sentence) == sentence


def test_a_leap_day_is_waited_for() -> None:
    assert parse_pause("until 29 Feb", UTC, datetime(2027, 6, 1, tzinfo=UTC)) == datetime(2028, 2, 29, tzinfo=UTC)


@given(st.text(max_size=40) | st.from_regex(r"(until )?\d{1,4}[ -]?\w{0,9} ?\d{0,4}(:\d\d)?", fullmatch=True))
def test_any_text_gives_a_later_moment_or_is_refused(text: str) -> None:
    try:
        end = parse_pause(text, BERLIN, THURSDAY)
    except Refused:
        return
    assert end > THURSDAY


@pytest.mark.parametrize(
    ("typed", "stored"),
    tables.rows("""
        AMERICA/NEW YORK → America/New_York
        +08:00           → +08:00
        UTC+8            → +08:00
        +0545            → +05:45
        −3               → -03:00
        Etc/GMT+8        → Etc/GMT+8
    """),
)
def test_a_zone_has_one_stored_name(typed: str, stored: str) -> None:
    assert zones.zone_name(typed) == zones.zone_name(stored) == stored
    assert zone(typed) == zone(stored)


@pytest.mark.parametrize(
    ("typed", "hint"),
    tables.rows("""
        Europe/Berln     → Did you mean Europe/Berlin?
        nowhere at all   → For example: Europe/Berlin
        ../../etc/passwd → For example: Europe/Berlin
        localtime        → not a time zone that I know
        +15:00           → For example: +08:00
        UTC+5:75         → For example: +08:00
        → For example: Europe/Berlin
    """),
)
def test_an_unknown_zone_is_refused_with_the_nearest(typed: str, hint: str) -> None:
    with pytest.raises(Refused, match=re.escape(hint)):
        zone(typed)


@pytest.mark.parametrize(
    ("typed", "found"),
    tables.rows("""
        new_york         → America/New_York
        in New York      → America/New_York
        München          → Europe/Berlin
        Kobenhavn        → Europe/Copenhagen
        St. Louis        → America/Chicago
        asia/ho chi minh → Asia/Ho_Chi_Minh
        Pacific time     → America/Los_Angeles
        UTC+8            → +08:00
        ＋08：00         → +08:00
        北京时间         → Asia/Shanghai
        伦敦当地时间     → Europe/London
        在东京           → Asia/Tokyo
        东八区           → +08:00
        Gotham           →
        Shangai          →
        CST              →
        London, Ontario  →
        localtime        →
        →
    """),
)
def test_only_the_exact_name_of_a_place_stands_for_its_zone(typed: str, found: str) -> None:
    assert zones.zone_of_place(typed) == found


@pytest.mark.parametrize("operator", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "+05:45"])
@pytest.mark.parametrize("language", ["en", "zh-hans", "de", "pt-br", "", "tlh"])
def test_cities_have_different_clocks_and_the_likeliest_come_first(operator: str, language: str) -> None:
    found = zone_commands.nearest_zones(NOON, operator=operator, language=language)
    assert len(found) >= zone_commands.CITIES
    assert len({NOON.astimezone(zone(name)).utcoffset() for name in found}) == len(found)
    assert {*found} <= available_timezones()
    if "/" in operator:
        assert operator in found[:2]
    if language == "zh-hans":
        assert "Asia/Shanghai" in found[:2]


@pytest.mark.parametrize(
    ("typed", "near"),
    tables.rows("""
        Shangai         → Shanghai = Asia/Shanghai
        Asia/Beijing    → Beijing = Asia/Shanghai
        London, Ontario → London = Europe/London
        旧金三          → 旧金山 = America/Los_Angeles
        CST             → Chicago = America/Chicago; Shanghai = Asia/Shanghai
        Gotham          →
                        →
    """),
)
def test_places_that_may_be_meant_are_offered(typed: str, near: str) -> None:
    assert "; ".join(f"{name} = {found}" for name, found in zones.near_places(typed)) == near


def test_every_city_of_the_table_is_found_by_its_own_name() -> None:
    astray = {
        name: zones.zone_of_place(name)
        for expected, names in cities.CITIES.items()
        for name in names.split(", ")
        if zones.zone_of_place(name) != expected
    }
    assert astray == {}
    of_several = {name for places in cities.AMBIGUOUS.values() for _, name in places}
    assert set(cities.CITIES) | of_several <= available_timezones()


@given(st.text(max_size=50))
def test_any_text_is_a_place_or_none(text: str) -> None:
    found = zones.zone_of_place(text)
    assert not found or zone(found)
    assert all(zone(name) for _, name in zones.near_places(text))


TODAY, YESTERDAY = date(2026, 1, 22), date(2026, 1, 21)
DUE_AT = datetime(2026, 1, 22, 5, 5, tzinfo=UTC)
BATCH, ANYTHING = Overdue(at=DUE_AT, batch=TODAY), Overdue(at=DUE_AT)
SOON, HOURS_LATER = DUE_AT + timedelta(minutes=15), DUE_AT + timedelta(hours=7)


def feed(day: date, papers: int, *, fresh: int = 0) -> Answer:
    return Answer(day=day, papers=papers, fresh=fresh, changed=True, batch=True)


def page(papers: int, *, fresh: int = 0, changed: bool = True, day: date | None = None) -> Answer:
    return Answer(day=day, papers=papers, fresh=fresh, changed=changed)


SAME = page(5, changed=False)
CIRCUMSTANCES: dict[str, dict[str, bool]] = {
    "": {},
    "resting": {"resting": True},
    "others": {"others": True},
    "had": {"had": True},
}
ANSWERS = {
    "feed known elsewhere": Answer(day=TODAY, papers=56, news=56, changed=True, batch=True),
    "page as before": SAME,
    "no page": Answer(absent=True),
    "page that is HTML": Answer(problem="It is HTML."),
    "list that broke off": Answer(problem="It broke off.", papers=9, fresh=9, batch=True, day=TODAY),
}


def answered(look: str) -> Answer:
    """Returns what a part answered: one of ANSWERS, or kind, day, papers and new papers of a document."""
    if look in ANSWERS:
        return ANSWERS[look]
    kind, name, papers, fresh = look.split()
    day = {"today": TODAY, "yesterday": YESTERDAY, "monday": date(2026, 1, 19), "undated": None}[name]
    return Answer(day=day, papers=int(papers), fresh=int(fresh), news=int(fresh), changed=True, batch=kind == "feed")


@pytest.mark.parametrize(
    ("look", "due", "circumstance", "expected"),
    tables.rows("""
        # a feed of arXiv on an announcement day
        feed today 56 41     → batch soon    →           → new
        feed known elsewhere → batch soon    →           → new  # another source had already brought its papers
        feed today 56 0      → batch soon    →           → stale  # with today's date, arXiv still shows yesterday's papers
        feed yesterday 50 0  → batch soon    →           → stale
        feed yesterday 50 0  → batch late    →           → late
        # arXiv announced papers, but none in this category
        feed today 0 0       → batch late    → others    → quiet
        feed today 56 0      → batch soon    → had       → quiet  # a further poll on the same day
        # a feed of arXiv on a weekend or on a holiday
        feed today 0 0       → nothing soon  → resting   → quiet
        # a list that another site makes from a batch
        page yesterday 10 10 → batch soon    →           → new  # dated by the evening of the announcement
        page monday 10 10    → batch soon    →           → stale
        # a page that is due at a time
        page undated 10 10   → anything soon →           → new
        page as before       → anything soon →           → stale
        no page              → anything late →           → late
        # a document that cannot be read never counts as a quiet day
        page that is HTML    → batch soon    →           → failed
    """),
)
def test_what_an_answer_means(look: str, due: str, circumstance: str, expected: str) -> None:
    awaited, moment = due.split()
    outcome, _ = receipts.outcome_of(
        answered(look),
        {"batch": BATCH, "anything": ANYTHING, "nothing": None}[awaited],
        {"soon": SOON, "late": HOURS_LATER}[moment],
        **CIRCUMSTANCES[circumstance],
    )
    assert outcome == expected


OLD = (Outcome.STALE, "Still that of 2026-01-21.")
FAILED = (Outcome.FAILED, "It is HTML.")
FINE = {"cs.LG": (Outcome.NEW, ""), "hep-th": (Outcome.QUIET, "")}


@pytest.mark.parametrize(
    ("parts", "outcome", "detail"),
    [
        (
            {**FINE, "stat.ML": OLD, "math.ST": OLD},
            Outcome.STALE,
            "stat.ML, math.ST: Still that of 2026-01-21.",
        ),
        ({**FINE, "stat.ML": OLD, "cs.AI": FAILED}, Outcome.FAILED, "cs.AI: It is HTML."),
        # many parts with the same trouble are counted
        (
            {f"cs.A{n}": FAILED for n in range(9)},
            Outcome.FAILED,
            "cs.A0, cs.A1, cs.A2, cs.A3, cs.A4 and 4 more: It is HTML.",
        ),
        (FINE, Outcome.NEW, ""),
        ({}, Outcome.QUIET, ""),
    ],
)
def test_a_source_is_as_bad_as_its_worst_part_and_names_it(
    parts: dict[str, tuple[Outcome, str]], outcome: Outcome, detail: str
) -> None:
    assert receipts.worst_of(parts) == (outcome, detail)


FEEDS, LISTS = source_calendar.ArxivSchedule(), source_calendar.ArxivSchedule(evening=True)
OF_ARXIV = {"feeds": FEEDS, "lists": LISTS}
CALENDAR = source_calendar.ArxivCalendar()


def local(moment: datetime) -> str:
    return f"{moment.astimezone(source_calendar.NEW_YORK):%a %Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (2024, "01-01 01-15 06-19 07-04 09-02 11-28 12-25"),
        (2026, "01-01 01-19 06-19 07-03 09-07 11-26 12-25 12-29 12-31"),
    ],
)
def test_the_holidays_of_a_year(year: int, days: str) -> None:
    assert sorted(f"{day:%m-%d}" for day in source_calendar.usual_holidays(year)) == days.split()


@pytest.mark.parametrize(
    ("evening", "announces"),
    [
        ("2026-01-18", True),  # Sunday
        ("2026-01-19", False),  # Martin Luther King Day
        ("2026-01-22", True),  # Thursday
        ("2026-01-23", False),  # Friday
        ("2026-01-24", False),  # Saturday
        ("2025-07-06", False),  # a Sunday that the list of 2025 contained
    ],
)
def test_on_which_evenings_arxiv_announces(evening: str, announces: bool) -> None:
    assert CALENDAR.announces(date.fromisoformat(evening)) is announces


@pytest.mark.parametrize(
    ("of", "batch", "expected"),
    tables.rows("""
        feeds → 2026-01-22 → 2026-01-22T05:05  # winter
        feeds → 2026-07-22 → 2026-07-22T04:05  # summer
        lists → 2026-01-22 → 2026-01-22T01:05
        feeds → 2026-03-09 → 2026-03-09T04:05  # the Monday after the clocks were put forward
        lists → 2026-03-09 → 2026-03-09T00:05  # the Sunday on which the clocks were put forward
        lists → 2026-11-02 → 2026-11-02T01:05  # the Sunday on which the clocks were put back
    """),
)
def test_from_when_a_batch_can_be_read(of: str, batch: str, expected: str) -> None:
    assert OF_ARXIV[of].expected_at(date.fromisoformat(batch)) == utc(expected)


@pytest.mark.parametrize(
    ("of", "now", "last", "following", "batch"),
    tables.rows("""
        feeds → 2026-01-22T05:04 → Wed 2026-01-21 00:05 → Thu 2026-01-22 00:05 → 2026-01-21
        feeds → 2026-01-22T05:05 → Thu 2026-01-22 00:05 → Fri 2026-01-23 00:05 → 2026-01-22
        feeds → 2026-01-23T12:00 → Fri 2026-01-23 00:05 → Mon 2026-01-26 00:05 → 2026-01-23
        feeds → 2026-01-24T12:00 → Fri 2026-01-23 00:05 → Mon 2026-01-26 00:05 →  # Saturday
        feeds → 2026-01-20T12:00 → Mon 2026-01-19 00:05 → Wed 2026-01-21 00:05 →  # after the evening of a holiday
        # a list is asked on the evening before, Sunday included
        lists → 2026-01-23T00:00 → Wed 2026-01-21 20:05 → Thu 2026-01-22 20:05 → 2026-01-22
        lists → 2026-01-26T02:00 → Sun 2026-01-25 20:05 → Mon 2026-01-26 20:05 → 2026-01-26
    """),
)
def test_what_is_due_of_arxiv(of: str, now: str, last: str, following: str, batch: str) -> None:
    moment, schedule = utc(now), OF_ARXIV[of]
    due = schedule.due_now(moment)
    assert (local(schedule.last_due(moment) or moment), local(schedule.next_due(moment))) == (last, following)
    assert (due.batch.isoformat() if due and due.batch else "") == batch


def test_on_a_holiday_it_is_asked_every_six_hours() -> None:
    moments = [utc("2025-11-27T23:00")]
    for _ in range(5):
        moments.append(FEEDS.next_poll(moments[-1]))
    assert [local(moment) for moment in moments[1:]] == [
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
    assert schedule.next_due(last) == schedule.last_due(following) == following
    assert schedule.next_poll(now) <= following
    assert due is None or (due.at == last and due.batch and CALENDAR.has_batch(due.batch))
    # only rest days have no due batch; a day has at least 23 hours
    assert due is not None or now - last >= timedelta(hours=22)


@pytest.mark.parametrize(
    ("line", "now", "last", "following"),
    tables.rows("""
        0 6 * * *       → 2026-01-22T05:59 → 2026-01-21T06:00 → 2026-01-22T06:00
        0 6 * * *       → 2026-01-22T06:00 → 2026-01-22T06:00 → 2026-01-23T06:00
        0 6 * * 0       → 2026-01-22T06:30 → 2026-01-18T06:00 → 2026-01-25T06:00  # 0 is Sunday, as in cron
        # the day of the month or the day of the week, as in cron
        0 6 1 * mon     → 2026-01-22T06:30 → 2026-01-19T06:00 → 2026-01-26T06:00
        0 6 29 2 *      → 2026-01-22T06:30 → 2024-02-29T06:00 → 2028-02-29T06:00
    """),
)
def test_a_line_of_cron_means_what_it_means_in_cron(line: str, now: str, last: str, following: str) -> None:
    schedule = CronSchedule(line, UTC)
    assert (schedule.last_due(utc(now)), schedule.next_poll(utc(now))) == (utc(last), utc(following))


@pytest.mark.parametrize(
    ("line", "after", "expected"),
    tables.rows("""
        30 2 * * *   → 2026-03-28T12:00 → 29 03:00+0200, 30 02:30+0200  # 02:30 is skipped that night
        30 2 * * *   → 2026-10-24T12:00 → 25 02:30+0200, 26 02:30+0100  # 02:30 comes twice that night
        */30 * * * * → 2026-03-29T00:00 → 29 01:30+0100, 29 03:00+0200, 29 03:30+0200
        30 * * * *   → 2026-10-25T00:00 → 25 02:30+0200, 25 02:30+0100, 25 03:30+0100
    """),
)
def test_a_line_of_cron_is_read_as_cron_does_at_clock_changes(line: str, after: str, expected: str) -> None:
    schedule, moments = CronSchedule(line, BERLIN), [utc(after)]
    for _ in expected.split(", "):
        moments.append(schedule.next_poll(moments[-1]))
    assert ", ".join(f"{moment.astimezone(BERLIN):%d %H:%M%z}" for moment in moments[1:]) == expected
    assert all(schedule.last_due(moment) == moment for moment in moments[1:])


EACH_DAY, OFTEN = CronSchedule("0 6 * * *", UTC), CronSchedule("*/10 * * * *", UTC)


@pytest.mark.parametrize(
    ("schedule", "now", "settled", "expected"),
    [
        (FEEDS, "2026-01-22T05:05", False, "2026-01-22T05:20"),
        (FEEDS, "2026-01-22T17:05", False, "2026-01-22T18:05"),  # after twelve hours, it is polled only once an hour
        (FEEDS, "2026-01-23T04:50", False, "2026-01-23T05:05"),  # the next batch is due at its usual time
        (FEEDS, "2026-01-24T04:50", False, "2026-01-24T05:50"),  # still Friday's batch; it is polled once more
        (FEEDS, "2026-01-24T05:50", False, "2026-01-26T05:05"),  # after that, it is not polled before Monday
        (FEEDS, "2026-01-22T05:05", True, "2026-01-23T05:05"),
        (EACH_DAY, "2026-01-22T06:00", False, "2026-01-22T06:15"),
        (OFTEN, "2026-01-22T06:00", False, "2026-01-22T06:10"),
    ],
)
def test_what_has_not_come_is_asked_for_again(
    schedule: source_calendar.Schedule, now: str, settled: bool, expected: str
) -> None:
    assert source_calendar.poll_again(schedule, utc(now), settled=settled) == utc(expected)


# a holiday on that Monday: nothing comes on Tuesday
ARXIV = source_calendar.ArxivSchedule(calendar=source_calendar.ArxivCalendar(holidays=frozenset({date(2026, 1, 19)})))


@pytest.mark.parametrize(
    ("failures", "asked", "chance", "seconds"),
    [
        (6, 0, 0, 3600),
        (99, 0, 0, 3600),
        (1, 0, 1, 144),
        (1, 600, 0, 600),
    ],
)
def test_the_wait_after_a_failure_grows_to_an_hour(failures: int, asked: int, chance: float, seconds: float) -> None:
    assert source_calendar.wait_after_failure(failures, timedelta(seconds=asked), chance) == timedelta(seconds=seconds)


def on(text: str, clock: tzinfo = UTC) -> datetime:
    return datetime.fromisoformat(f"2026-01-{text}").replace(tzinfo=clock).astimezone(UTC)


def forecast(
    now: datetime, *, settled: bool = True, anytime: bool = False, awaited: bool = True
) -> next_deliveries.Forecast:
    arxiv = next_deliveries.AwaitedSource(name="arXiv", schedule=ARXIV, due=ARXIV.last_due(now), settled=settled)
    return next_deliveries.Forecast(at=now, awaited=(arxiv,) if awaited else (), anytime=anytime)


@pytest.mark.parametrize(
    ("place", "cadence", "now", "regular", "known", "expected", "rest"),
    tables.rows("""
        # In Berlin, a batch can be read from 06:05 on; the 24th is a Saturday.
        Europe/Berlin → daily 08:00                   → 23T12:00 → 24T08:00 → news              → Sat 24 08:00       →  # Friday's papers are waiting for it
        Europe/Berlin → daily 05:00                   → 24T12:00 → 25T05:00 →                   → Tue 27 05:00       → weekend  # Monday's papers come an hour after five
        Europe/Berlin → when-out 08:00-20:00          → 24T12:00 → 24T08:00 → news              → Sat 24 12:00       →  # papers came although it is a weekend
        Europe/Berlin → when-out 08:00-20:00          → 19T21:00 → 20T08:00 →                   → about Wed 21 08:00 → holiday
        Europe/Berlin → now                           → 24T12:00 → 24T12:10 →                   → Sat 24 12:10       →  # the delivery waits for a person's word
        Europe/Berlin → now                           → 22T12:00 →          → quiet 22:00-06:00 → about Fri 23 06:05 →
        # In Tokyo, a batch comes within the day, at 14:05.
        Asia/Tokyo    → when-out 08:00-20:00          → 23T09:00 → 23T08:00 →                   → about Fri 23 14:05 →
        Asia/Tokyo    → when-out 08:00-12:00 weekdays → 23T09:00 → 23T08:00 →                   → about Mon 26 08:00 → weekdays
    """),
)
def test_when_something_comes_by_the_days_of_arxiv(  # noqa: PLR0917 - the columns of the table
    place: str, cadence: str, now: str, regular: str, known: str, expected: str, rest: str
) -> None:
    clock = zone(place)
    quiet = known.removeprefix("quiet ") if known.startswith("quiet") else "off"
    due = on(regular, clock) if regular else None
    case = next_deliveries.Case(times.read_when(cadence).cadence, clock, due, known == "news", quiet, clock)
    found = next_deliveries.forecast_delivery(case, forecast(on(now, clock)))
    assert found.at is not None
    when = f"{'about ' if found.about else ''}{found.at.astimezone(clock):%a %d %H:%M}"
    assert (when, found.rest) == (expected, rest)


@pytest.mark.parametrize(
    ("cadence", "known", "expected"),
    [
        ("when-out 08:00-20:00", {"settled": False}, next_deliveries.NextDelivery(latest=on("22T20:00", BERLIN))),
        (
            "when-out 08:00-20:00",
            {"anytime": True},
            next_deliveries.NextDelivery(at=on("22T12:00", BERLIN), about=True, opens=True),
        ),
        ("now", {"settled": False}, next_deliveries.NextDelivery()),
        ("now", {"anytime": True}, next_deliveries.NextDelivery()),
        (
            "daily 08:00",
            {"awaited": False},
            next_deliveries.NextDelivery(at=on("22T12:00", BERLIN)),
        ),  # it is already due
    ],
)
def test_where_nobody_can_tell_nothing_is_promised(
    cadence: str, known: dict[str, bool], expected: next_deliveries.NextDelivery
) -> None:
    due = None if cadence == "now" else on("22T08:00", BERLIN)
    seen = forecast(on("22T12:00", BERLIN), **known)
    case = next_deliveries.Case(times.read_when(cadence).cadence, BERLIN, due)
    assert next_deliveries.forecast_delivery(case, seen) == expected


MOMENTS = [on("01T00:00") + timedelta(hours=11, minutes=47) * n for n in range(120)]


@pytest.mark.parametrize("name", ["Pacific/Kiritimati", "America/New_York", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("text", ["now", "daily 00:00", "weekdays 09:00", "weekly fri 23:30", "when-out 08:00-20:00", "when-out 09:00-10:00 weekdays"])  # fmt: skip
def test_no_moment_that_has_passed_is_promised(name: str, text: str) -> None:
    cadence, clock = times.read_when(text).cadence, zone(name)
    for now in MOMENTS:
        others = (cadences.next_due(cadence, clock, now), cadences.first_due(cadence, clock, now))
        for regular in (None,) if cadence.kind == "now" else others:
            for news in (False, True):
                case = next_deliveries.Case(cadence, clock, regular, news, "22:00-08:00", clock)
                next_delivery = next_deliveries.forecast_delivery(case, forecast(now))
                assert next_delivery.at is None or next_delivery.at >= now


def test_lines_of_cron_are_read_by_the_operators_clock() -> None:
    schedules = schedules_of(Settings(timezone="Europe/Berlin", arxiv=Arxiv(holidays=(date(2026, 1, 22),))))
    daily = schedules.read("0 9 * * *")
    assert daily is not None
    assert daily.awaited is True
    assert (daily.last_due(on("22T12:00")), daily.next_due(on("22T12:00"))) == (on("22T08:00"), on("23T08:00"))
    arxiv = schedules.read("arxiv")
    assert arxiv is not None
    assert arxiv.next_due(on("22T12:00")) == on("26T05:05")  # so nothing from that Thursday evening comes on Friday


@pytest.mark.parametrize(
    "text",
    [
        "now",
        "when-out 08:00-20:00",
        "when-out 09:00-18:00 weekdays",
        "daily 08:00",
        "weekdays 08:30",
        "weekly mon 09:05",
    ],
)
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "+08:00", ""])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_stands_in_an_echo_reads_back(text: str, zone: str, lang: str) -> None:
    written = phrasing.cadence_words(times.read_when(text).cadence, Language(lang, "UTC"), zone)
    ending = times.split_when(f"diffusion {written}")
    assert (ending.query, ending.when) == ("diffusion", written)
    assert str(times.read_when(written)) == (text if text == "now" else f"{text} {zone}".rstrip())

"""The length of a pause, as people type it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.errors import Refused
from subscriptions.planning.pauses import parse_pause
from subscriptions.zones import zone

THURSDAY = datetime(2026, 1, 22, 12, tzinfo=UTC)
BERLIN = zone("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("7d", "2026-01-29 12:00"),
        ("7 days", "2026-01-29 12:00"),
        ("for a week", "2026-01-29 12:00"),
        ("1W", "2026-01-29 12:00"),
        ("2 weeks", "2026-02-05 12:00"),
        ("３ ｄ", "2026-01-25 12:00"),
        ("3h", "2026-01-22 15:00"),
        ("an hour", "2026-01-22 13:00"),
        ("1 month", "2026-02-21 12:00"),
        ("for two weeks", "2026-02-05 12:00"),
        ("six days", "2026-01-28 12:00"),
        ("到下周五", "2026-01-29 23:00"),
        ("到下星期一 9点", "2026-01-26 08:00"),
        ("到周五", "2026-01-22 23:00"),
        ("until next week tuesday", "2026-01-26 23:00"),
        ("until 3 Mar", "2026-03-02 23:00"),
        ("3 March", "2026-03-02 23:00"),
        ("until March 3rd", "2026-03-02 23:00"),
        ("till mar. 3, 2026", "2026-03-02 23:00"),
        ("until 1 Jan", "2026-12-31 23:00"),
        ("until 22 jan", "2027-01-21 23:00"),
        ("until 3 Mar 9:30", "2026-03-03 08:30"),
        ("until 3 Aug at 9am", "2026-08-03 07:00"),
        ("until 2026-02-01", "2026-01-31 23:00"),
        ("until mon", "2026-01-25 23:00"),
        ("until thursday", "2026-01-28 23:00"),
        ("fri 8am", "2026-01-23 07:00"),
        ("tomorrow", "2026-01-22 23:00"),
        ("until tomorrow 18:00", "2026-01-23 17:00"),
        ("until 18:00", "2026-01-22 17:00"),
        ("until 9am", "2026-01-23 08:00"),
        ("until 29 Mar 2:30", "2026-03-29 01:00"),  # a time that the clocks skip
        ("3天", "2026-01-25 12:00"),
        ("2 个星期", "2026-02-05 12:00"),
        ("1个月", "2026-02-21 12:00"),
        ("到3月3日", "2026-03-02 23:00"),
        ("直到 2027年1月3日", "2027-01-02 23:00"),
        ("3月3日 9：30", "2026-03-03 08:30"),
        ("到周一", "2026-01-25 23:00"),
        ("明天", "2026-01-22 23:00"),
        ("until noon", "2026-01-23 11:00"),
        ("until midnight", "2026-01-22 23:00"),
        ("until tomorrow noon", "2026-01-23 11:00"),
        ("until monday 9", "2026-01-26 08:00"),
        ("until next monday", "2026-01-25 23:00"),
        ("until 9am on monday", "2026-01-26 08:00"),
        ("until monday at 8 in the evening", "2026-01-26 19:00"),
        ("until 3 Mar at noon", "2026-03-03 11:00"),
        ("until 6 o'clock", "2026-01-23 05:00"),
        ("tonight", "2026-01-22 20:00"),
        ("直到明天早上8点", "2026-01-23 07:00"),
        ("到周一9点", "2026-01-26 08:00"),
        ("到周一晚上八点半", "2026-01-26 19:30"),
        ("到下周一", "2026-01-25 23:00"),
        ("到中午", "2026-01-23 11:00"),
        ("到3月3日下午3点", "2026-03-03 14:00"),
        ("三天", "2026-01-25 12:00"),
        ("两周", "2026-02-05 12:00"),
        ("今晚", "2026-01-22 20:00"),
        ("until the 10th of March", "2026-03-09 23:00"),
        ("the 3rd", "2026-02-02 23:00"),
        ("until next week", "2026-01-25 23:00"),
        ("the rest of this week", "2026-01-25 23:00"),
        ("until the weekend", "2026-01-23 23:00"),
        ("until the end of the month", "2026-01-31 23:00"),
        ("until after christmas", "2026-12-24 23:00"),
        ("a fortnight", "2026-02-05 12:00"),
        ("a couple of weeks", "2026-02-05 12:00"),
        ("for the next few days", "2026-01-25 12:00"),
        ("half an hour", "2026-01-22 12:30"),
        ("俩礼拜", "2026-02-05 12:00"),
        ("半个月", "2026-02-06 12:00"),
        ("半小时", "2026-01-22 12:30"),
        ("到月底", "2026-01-31 23:00"),
        ("下个月", "2026-01-31 23:00"),
        ("7号以后", "2026-02-06 23:00"),
        ("到元旦", "2026-12-31 23:00"),
    ],
)
def test_an_end_is_understood_in_the_zone_of_the_chat(text: str, end: str) -> None:
    assert parse_pause(text, BERLIN, THURSDAY) == datetime.fromisoformat(end).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "“” is not a time to pause until."),
        ("until", "“until” is not a time to pause until."),
        ("2", "“2” is not a time to pause until."),
        ("until 2", "“until 2” is not a time to pause until."),
        ("until 31 Feb", "“until 31 Feb” is not a time to pause until."),
        ("until 3/3", "“until 3/3” is not a time to pause until."),
        ("3/4 9:00", "“3/4 9:00” is not a time to pause until."),
        ("until 25:00", "“until 25:00” is not a time to pause until."),
        ("until 13pm", "“until 13pm” is not a time to pause until."),
        ("until 2026-13-01", "“until 2026-13-01” is not a time to pause until."),
        (",", "“,” is not a time to pause until."),
        ("until the 40th", "“until the 40th” is not a time to pause until."),
        ("diffusion", "“diffusion” is not a time to pause until."),
        ("until 2026-01-22", "“until 2026-01-22” is over already."),
        ("0d", "“0d” is over already."),
        ("9999 weeks", "That is longer than two years."),
        ("until 9999-12-31", "That is longer than two years."),
    ],
)
def test_what_is_no_end_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_pause(text, BERLIN, THURSDAY)
    assert str(refused.value.sentence) == sentence


def test_a_leap_day_is_waited_for() -> None:
    with pytest.raises(Refused, match="longer than two years"):
        parse_pause("until 29 Feb", UTC, THURSDAY)
    assert parse_pause("until 29 Feb", UTC, datetime(2027, 6, 1, tzinfo=UTC)) == datetime(2028, 2, 29, tzinfo=UTC)


@given(st.text(max_size=40) | st.from_regex(r"(until )?\d{1,4}[ -]?\w{0,9} ?\d{0,4}(:\d\d)?", fullmatch=True))
def test_any_text_gives_a_later_moment_or_is_refused(text: str) -> None:
    try:
        end = parse_pause(text, BERLIN, THURSDAY)
    except Refused:
        return
    assert end > THURSDAY

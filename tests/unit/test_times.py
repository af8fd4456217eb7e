"""Times as people type them, and as replies write them; what a reply writes can be typed again."""

from contextlib import suppress
from datetime import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.commands import phrasing
from bot.rendering.language import Language
from subscriptions import model
from subscriptions.errors import Refused
from subscriptions.planning import times
from subscriptions.planning.cadence import parse_cadence
from subscriptions.planning.times import _reading as reading
from subscriptions.zones import zone
from tests.unit.times_table import TABLE

NOW = model.Cadence(kind="now")
OUT = model.Cadence(kind="when-out", at=time(8), until=time(20))
WORK = model.Cadence(kind="when-out", at=time(9), until=time(18), weekdays_only=True)
DAILY = model.Cadence(kind="daily", at=time(7, 30))
EVENING = model.Cadence(kind="weekdays", at=time(19))
FRIDAYS = model.Cadence(kind="weekly", at=time(17, 30), weekday=4)

SPACES = ("\u2003", "\xa0", "\x1d", "\u2028", " \u2003\t\xa0")

# ------------------------------------------------------------------------------------------------------------- the table


@pytest.mark.parametrize(("typed", "query", "cadence", "zone", "either"), TABLE, ids=[row[0] for row in TABLE])
def test_what_people_type(typed: str, query: str, cadence: str, zone: str, either: bool) -> None:
    ending = times.split_when(typed)
    assert (ending.query, ending.either) == (query, either)
    if not cadence:
        assert ending.when is None
        return
    assert ending.when is not None
    if cadence.startswith("✗ "):
        with pytest.raises(times.NoSuchTime) as refused:
            times.read_when(ending.when, OUT)
        assert ", ".join(refused.value.nearest) == cadence[2:]
        return
    when = times.read_when(ending.when, OUT)
    assert (str(when.cadence), when.zone) == (cadence, zone)


@pytest.mark.parametrize(("typed", "query", "cadence", "zone", "either"), [row for row in TABLE if row[2]][::3])
def test_a_time_in_quotes_is_words(typed: str, query: str, cadence: str, zone: str, either: bool) -> None:
    when = times.split_when(typed).when
    assert times.split_when(f'diffusion "{when}"').when is None
    words = times.as_words(f"{query} {when}")
    assert times.split_when(words).when is None
    assert words.replace('"', "").startswith(query.replace('"', ""))


@pytest.mark.parametrize(
    ("typed", "moved"),
    [
        ("daily 9 diffusion", "diffusion daily 9"),
        ("every monday at 10: graph neural networks", "graph neural networks every monday at 10"),
        ("9am Berlin, diffusion -survey", "diffusion -survey 9am Berlin"),
        ("每天8点 扩散", "扩散 每天8点"),
        ("每周一，扩散模型", "扩散模型 每周一"),
        ("weekly supervision", ""),
        ("now casting", ""),
        ("noon meridian", ""),
        ("every day", ""),
        ("daily 9 daily", ""),
        ("hourly rainfall", ""),
        ("at scale", ""),
        ("", ""),
    ],
)
def test_a_time_at_the_front_is_words(typed: str, moved: str) -> None:
    assert times.time_put_last(typed) == moved


@pytest.mark.parametrize(
    ("typed", "ending"),
    [
        ("daily 9", times.Ending("daily 9", None, only_time=True)),
        ("daily 9 Berlin", times.Ending("daily 9 Berlin", None, only_time=True)),
        ("9am Berln", times.Ending("9am Berln", None, only_time=True)),
        ("daily 9 diffusion", times.Ending("daily 9 diffusion", None)),
        ("每天8点 扩散", times.Ending("每天8点 扩散", None)),
        ("9am Gotham", times.Ending("9am Gotham", None)),
        ("diffusion : daily 9", times.Ending("diffusion", "daily 9")),
        # found by fuzzing: the query was empty, or an IndexError was raised
        *((typed, times.Ending(typed, None, only_time=True)) for typed in (": daily 9", "：每天9点", " :: at noon")),
        *((f"{space} weekend", times.Ending(f"{space} weekend", None)) for space in SPACES),
        *((f"{space} at 9 daily", times.Ending(f"{space} at 9 daily", None, only_time=True)) for space in SPACES),
        *((f"diffusion{space}daily 9", times.Ending("diffusion", "daily 9")) for space in SPACES),
    ],
)
def test_where_a_query_ends_and_a_time_begins(typed: str, ending: times.Ending) -> None:
    assert times.split_when(typed) == ending


def test_a_time_with_words_in_quotes_behind_it_is_words() -> None:
    """Found by fuzzing: the button [as words] led to the same refusal again, because “"7am"” was read as a place."""
    words = times.as_words("diffusion 10pm gotham 7am")
    assert words == 'diffusion 10pm gotham "7am"'
    assert times.split_when(words).when is None


# ---------------------------------------------------------------------------------- what comes from the chat's settings


@pytest.mark.parametrize(
    ("typed", "chat", "text"),
    [
        ("daily", DAILY, "daily 07:30"),
        ("every day", FRIDAYS, "daily 17:30"),
        ("daily", OUT, "daily 09:00"),
        ("daily", NOW, "daily 09:00"),
        ("每天", DAILY, "daily 07:30"),
        ("weekly", DAILY, "weekly mon 07:30"),
        ("weekly", FRIDAYS, "weekly mon 17:30"),
        ("每周一", FRIDAYS, "weekly mon 17:30"),
        ("weekdays", EVENING, "weekdays 19:00"),
        ("every morning", DAILY, "daily 07:30"),
        ("every morning", EVENING, "daily 09:00"),
        ("every evening", DAILY, "daily 18:00"),
        ("daily 8", FRIDAYS, "daily 08:00"),
        ("when-out", WORK, "when-out 09:00-18:00"),
        ("when-out weekdays", WORK, "when-out 09:00-18:00 weekdays"),
        ("when-out", DAILY, "when-out 08:00-20:00"),
    ],
)
def test_what_is_not_said_comes_from_the_chat(typed: str, chat: model.Cadence, text: str) -> None:
    assert str(times.read_when(typed, chat)) == text


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("8", "daily 08:00"),
        ("8.30", "daily 08:30"),
        ("八点", "daily 08:00"),
        ("NOW", "now"),
        ("when–out 9 – 18 weekdays", "when-out 09:00-18:00 weekdays"),
        ("  daily \u3000 at   8  ", "daily 08:00"),
        ("daily 09:00 Asia/Shanghai", "daily 09:00 Asia/Shanghai"),
        ("now UTC", "now UTC"),
    ],
)
def test_where_only_a_time_can_stand_a_bare_one_will_do(typed: str, text: str) -> None:
    assert str(times.read_when(typed)) == text


@pytest.mark.parametrize(
    "typed", ["", "at", "soon", "diffusion", "weekly 9 diffusion models now", "9 9 9 9 x", "的", "-"]
)
def test_what_is_no_time_is_refused_with_examples(typed: str) -> None:
    with pytest.raises(Refused) as refused:
        times.read_when(typed)
    assert "when-out 08:00-20:00" in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "sentence", "nearest"),
    [
        ("daily 9 Berln", "“Berln” is no place whose clock I know. Did you mean Berlin, Bern?", 2),
        ("9am CST", "“CST” is no place whose clock I know. Did you mean Chicago, Shanghai?", 2),
        (
            "daily 9 Gotham",
            "“Gotham” is no place whose clock I know. After a time, write a city, a zone or nothing",
            1,
        ),
        ("每天8点 火星", "“火星” is no place whose clock I know.", 1),
    ],
)
def test_a_place_that_nobody_knows_is_said_and_never_guessed(typed: str, sentence: str, nearest: int) -> None:
    with pytest.raises(times.NoSuchTime) as refused:
        times.read_when(typed)
    assert str(refused.value).startswith(sentence)
    assert len(refused.value.nearest) == nearest
    for when in refused.value.nearest:
        assert str(times.read_when(when)) == when


@pytest.mark.parametrize("typed", ["when-out 20:00-08:00", "when-out 9-9"])
def test_a_window_ends_on_the_day_it_began(typed: str) -> None:
    with pytest.raises(Refused, match="later on the same day"):
        times.read_when(typed)


# ------------------------------------------------------------------------------------------------ times of day and ranges


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("8", "08:00"),
        ("8am", "08:00"),
        ("12 am", "00:00"),
        ("8:05 p.m.", "20:05"),
        ("noon", "12:00"),
        ("at midnight", "00:00"),
        ("half past eight", "08:30"),
        ("9 o'clock", "09:00"),
        ("8 in the evening", "20:00"),
        ("早上八点半", "08:30"),
        ("晚上9点", "21:00"),
        ("25", ""),
        ("8:75", ""),
        ("daily 9", ""),
        ("monday 9", ""),
        ("9 Berlin", ""),
        ("8 and 9", ""),
        ("", ""),
    ],
)
def test_a_time_of_day(typed: str, text: str) -> None:
    found = reading.clock_of(typed)
    assert (f"{found:%H:%M}" if found else "") == text


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("22:00-08:00", "22:00-08:00"),
        ("23-7", "23:00-07:00"),
        ("11pm – 7am", "23:00-07:00"),
        ("10pm to 7am", "22:00-07:00"),
        ("from 10pm until 7am", "22:00-07:00"),
        ("between 22 and 7", "22:00-07:00"),
        ("midnight to 8", "00:00-08:00"),
        ("10 at night to 7 in the morning", "22:00-07:00"),
        ("22点到7点", "22:00-07:00"),
        ("晚上10点到早上7点", "22:00-07:00"),
        ("晚上十点半至早上七点", "22:30-07:00"),
        ("22：00～7：00", "22:00-07:00"),
        ("off", ""),
        ("8", ""),
        ("8-", ""),
        ("8-25", ""),
        ("8-9-10", ""),
        ("daily 8-9", ""),
        ("", ""),
    ],
)
def test_a_range_of_hours(typed: str, text: str) -> None:
    found = reading.hours_of(typed)
    assert ("-".join(f"{at:%H:%M}" for at in found) if found else "") == text


# ------------------------------------------------------------------------------------------------------------- any text

MINUTES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
CADENCES = st.one_of(
    st.just(NOW),
    st.builds(lambda at, kind: model.Cadence(kind=kind, at=at), MINUTES, st.sampled_from(["daily", "weekdays"])),
    st.builds(lambda at, day: model.Cadence(kind="weekly", at=at, weekday=day), MINUTES, st.integers(0, 6)),
    st.builds(
        lambda two, only: model.Cadence(kind="when-out", at=min(two), until=max(two), weekdays_only=only),
        st.sets(MINUTES, min_size=2, max_size=2),
        st.booleans(),
    ),
)
ENGLISH = "daily weekly every at on in the and to now when-out 9 9am 25:00 8:30 monday hourly twice a day Berlin UTC+8"
SIGNS = (" ", " ", ",", "，", "-", "(", ")", '"')
PIECES = st.sampled_from(
    (*"每天周一二五九点半分早晚上下午时间月", *model.DAYS, *ENGLISH.split(), "北京时间", "diffusion", *SIGNS)
)


@given(CADENCES, st.sampled_from(["", "Europe/Berlin", "+05:30", "UTC", "America/Argentina/Buenos_Aires"]))
def test_what_is_written_is_read_back(cadence: model.Cadence, name: str) -> None:
    text = str(cadence)
    assert parse_cadence(text) == cadence
    for written in (text, f"{text} {name}".strip()):
        when = times.read_when(written)
        assert when.cadence == cadence
        ending = times.split_when(f"diffusion {written}")
        assert (ending.query, ending.when, ending.either) == ("diffusion", written, False)
    assert when.zone == name


@given(
    st.one_of(
        st.text(max_size=80), st.lists(PIECES, max_size=12).map("".join), st.lists(PIECES, max_size=9).map(" ".join)
    )
)
@settings(max_examples=settings().max_examples // 2)
@example("每" * 40)
@example("at at at at 9")
@example("１２３点")
@example("每天²点")
def test_any_text_is_split_without_an_error(text: str) -> None:
    ending = times.split_when(text)
    assert (ending.query == text) == (ending.when is None)
    assert ending.query.strip() or not text.strip() or ending.when is None
    for said in (text, ending.when or ""):
        with suppress(Refused):
            when = times.read_when(said)
            assert parse_cadence(str(when.cadence)) == when.cadence
            assert not when.zone or zone(when.zone)


# ------------------------------------------------------------------------------------------------------------ the options


@pytest.mark.parametrize(
    ("every", "on", "at", "chat", "text"),
    [
        (None, None, None, OUT, "when-out 08:00-20:00"),
        (None, None, None, WORK, "when-out 09:00-18:00 weekdays"),
        (None, None, None, NOW, "now"),
        ("when-out", None, None, OUT, "when-out 08:00-20:00"),
        ("when-out", None, None, WORK, "when-out 09:00-18:00"),
        ("when-out", None, None, NOW, "when-out 08:00-20:00"),
        ("when-out", None, "10:00-12:30", OUT, "when-out 10:00-12:30"),
        ("daily", None, None, OUT, "daily 09:00"),
        ("daily", None, "07:05", OUT, "daily 07:05"),
        ("weekdays", None, "8am", OUT, "weekdays 08:00"),
        ("weekly", None, None, OUT, "weekly mon 09:00"),
        ("weekly", None, None, FRIDAYS, "weekly mon 09:00"),
        ("weekly", "Friday", "17:30", OUT, "weekly fri 17:30"),
        ("now", None, None, OUT, "now"),
        (None, None, "07:00", OUT, "daily 07:00"),
        (None, None, "07:00", NOW, "daily 07:00"),
        (None, None, "07:00", FRIDAYS, "weekly fri 07:00"),
        (None, None, "10:00-12:00", WORK, "when-out 10:00-12:00 weekdays"),
        (None, None, "10:00-12:00", NOW, "when-out 10:00-12:00"),
        (None, "sat", None, OUT, "weekly sat 09:00"),
        ("every monday", None, "9am", OUT, "weekly mon 09:00"),
        ("every monday at 9 Berlin", None, None, OUT, "weekly mon 09:00 Europe/Berlin"),
        ("every day", None, "noon", OUT, "daily 12:00"),
        ("mon-fri", None, "8", OUT, "weekdays 08:00"),
        ("weekly", "mondays", "8 in the evening", OUT, "weekly mon 20:00"),
        ("weekends", None, None, OUT, "sat,sun 09:00"),
        ("when-out", None, "9am to 6pm", OUT, "when-out 09:00-18:00"),
        ("每天", None, "早上8点", OUT, "daily 08:00"),
        ("每周五", None, "下午3点", OUT, "weekly fri 15:00"),
        ("每周", "周三", None, OUT, "weekly wed 09:00"),
        ("daily", None, None, FRIDAYS, "daily 09:00"),
        ("daily", None, "9am Berlin", OUT, "daily 09:00 Europe/Berlin"),
        ("weekly", "fri", "8 UTC+8", OUT, "weekly fri 08:00 +08:00"),
        (None, None, "早上8点 北京", NOW, "daily 08:00 Asia/Shanghai"),
    ],
)
def test_options_make_a_cadence(
    every: str | None, on: str | None, at: str | None, chat: model.Cadence, text: str
) -> None:
    assert str(times.make_when(every, on, at, chat)) == text


@pytest.mark.parametrize(
    ("every", "on", "at", "sentence"),
    [
        ("hourly", None, None, "“hourly” is not a schedule. The nearest is: now."),
        ("monthly", None, "9", "“monthly” is not a schedule. The nearest is: weekly mon 09:00."),
        ("soon", None, None, "“soon” is not a schedule. Choose one of: now, when-out, daily, weekdays, weekly, days."),
        ("weekly", "9am", None, "“9am” is not a day of the week."),
        ("every monday at 8", None, "9", "“every monday at 8” says a time of day already."),
        ("daily", "mon", None, "go with weekly and days only. For example: --every weekly --on mon"),
        ("weekly", "someday", None, "“someday” is not a day of the week. Choose one of: mon, tue"),
        ("daily", None, "25:00", "“25:00” is not a time of day. For example: 8, 8am or 08:00."),
        ("daily", None, "08:00-20:00", "“08:00-20:00” is not a time of day."),
        ("when-out", None, "08:00", "takes two times of day, and “08:00” is not two. For example:"),
        ("when-out", None, "20:00-08:00", "later on the same day"),
        ("now", None, "08:00", "“now” takes no time. For example:"),
    ],
)
def test_options_that_do_not_fit_are_refused(every: str, on: str | None, at: str | None, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        times.make_when(every, on, at, OUT)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("typed", ["diffusion 9am a ]", "diffusion 9am\x0ca ]", "diffusion daily 9 ( ]"])
def test_a_bracket_behind_a_time_is_no_unknown_place(typed: str) -> None:
    """Found by fuzzing: `9am a`, which is no time, was split off, so the whole subscription was refused."""
    found = times.split_when(typed)
    assert found.when is None or times.read_when(found.when)


@pytest.mark.parametrize(("text", "end"), [("……", 0), ("的……", 0), ("5点……", 2), ("今天……", 2), ("1……", 0)])
def test_a_time_ends_before_signs_that_are_written_out_longer(text: str, end: int) -> None:
    assert times.time_at(text, 0) == end


@pytest.mark.parametrize(
    "text",
    [
        "now",
        "when-out 08:00-20:00",
        "when-out 09:00-18:00 weekdays",
        "daily 08:00",
        "weekdays 08:30",
        *tuple(f"weekly {day} 09:05" for day in model.DAYS),
    ],
)
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "America/Sao_Paulo", "UTC", "+08:00", ""])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_stands_in_an_echo_reads_back(text: str, zone: str, lang: str) -> None:
    written = phrasing.cadence_words(parse_cadence(text), Language(lang, "UTC"), zone)
    ending = times.split_when(f"diffusion {written}")
    assert (ending.query, ending.when) == ("diffusion", written)
    assert str(times.read_when(written)) == (text if text == "now" else f"{text} {zone}".rstrip())


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [
        ("now", "as soon as papers come", "论文一到就送达"),
        ("when-out 08:00-20:00", "when the day’s papers are out, 08:00–20:00", "当天的论文发布后，08:00–20:00"),
        ("daily 09:00", "every day 09:00", "每天 09:00"),
        ("weekdays 08:30", "Monday to Friday 08:30", "周一到周五 08:30"),
        ("weekly mon 09:00", "every Monday 09:00", "每周一 09:00"),
    ],
)
def test_how_people_say_it(text: str, english: str, chinese: str) -> None:
    assert phrasing.everyday_cadence(text, Language("en", "UTC")) == english
    assert phrasing.everyday_cadence(text, Language("zh", "UTC")) == chinese

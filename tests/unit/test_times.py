"""Times as people type them: one table for each rule of "WHEN" in the contract, and what holds for every text."""

from contextlib import suppress
from datetime import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from subscriptions.model import DAYS, EVERY_DAY, WEEKDAYS, Cadence
from subscriptions.schedule.times import NoSuchTime, as_words, hours_of, is_time, read_when, split_exclusion, split_when
from subscriptions.schedule.zones import zone
from tests import tables

TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
CADENCES = st.one_of(
    st.just(Cadence()),
    st.builds(lambda days, at: Cadence(at=at, days=tuple(sorted(days))), st.sets(st.integers(0, 6), min_size=1), TIMES),
    st.builds(
        lambda two, only: Cadence(at=min(two), until=max(two), days=WEEKDAYS if only else EVERY_DAY),
        st.sets(TIMES, min_size=2, max_size=2),
        st.booleans(),
    ),
)
SOME_WORDS = [
    "daily",
    "weekly",
    "every",
    "each",
    "at",
    "on",
    "in",
    "and",
    "to",
    "-",
    "no",
    "without",
    "now",
    "when-out",
    "9",
    "9am",
    "25:00",
    "8:30",
    "08:00-20:00",
    "monday",
    "sat",
    "hourly",
    "twice",
    "a",
    "day",
    "noon",
    "Berlin",
    "UTC+8",
    "+05:30",
    "diffusion",
    "每",
    "天",
    "周",
    "一",
    "五",
    "九",
    "点",
    "半",
    "分",
    "早上",
    "下午",
    "不要",
    "北京时间",
    "，",
    "、",
    "(",
    ")",
    '"',
    "“",
    "|",
    ":",
    "-survey",
]
TYPED = st.text(max_size=100) | st.lists(st.sampled_from(SOME_WORDS), max_size=12).map(" ".join)
TYPED |= st.lists(st.sampled_from(SOME_WORDS), max_size=12).map("".join)


def read(typed: str) -> str:
    """Returns the time at the end of a text, "refused" where there is no such one, or "words"."""
    ending = split_when(typed)
    if ending.when is None:
        return "only a time" if ending.only_time else "words"
    assert ending.query
    try:
        return str(read_when(ending.when))
    except NoSuchTime:
        return "refused"


@pytest.mark.parametrize(
    ("typed", "when"),
    tables.rows("""
        kelp daily at 8 pm                  → daily 20:00
        kelp at 9                           → daily 09:00
        kelp 12am                           → daily 00:00
        kelp every day                      → daily 09:00
        kelp at midnight every day          → daily 00:00
        kelp every morning                  → daily 08:00
        kelp every evening at 8             → daily 20:00
        kelp tuesdays and thursdays in the evening → tue,thu 18:00
        kelp at 8 in the evening            → daily 20:00
        kelp every evening at 12            → daily 00:00
        kelp weekdays 8:30                  → weekdays 08:30
        kelp Mon – Fri at 9am               → weekdays 09:00
        kelp weekday mornings               → weekdays 08:00
        kelp weekends at 10                 → sat,sun 10:00
        kelp 9am monday                     → weekly mon 09:00
        kelp mon+wed+fri 8                  → mon,wed,fri 08:00
        kelp sat-mon 9                      → mon,sat,sun 09:00
        kelp mon, wed and fri at 7.30       → mon,wed,fri 07:30
        kelp 7.30 am                        → daily 07:30
        kelp tuesdays 21h30                 → weekly tue 21:30
        kelp daily at 9 o'clock             → daily 09:00
        kelp at half past eight             → daily 08:30
        kelp NOW!                           → now
        kelp when-out                       → when-out 08:00-20:00
        kelp when-out weekdays              → when-out 08:00-20:00 weekdays
        kelp, seagrass, daily at 9          → daily 09:00
        top 10 daily at 9                   → daily 09:00
        can you do that, every tue at 10?   → weekly tue 10:00
        海带 每日8点            → daily 08:00
        海带 每天八点十五分     → daily 08:15
        海带 每天二十二点半     → daily 22:30
        海带 每天８：３０       → daily 08:30
        海带 每晚               → daily 18:00
        海带 每天上午10点       → daily 10:00
        海带 每天中午1点        → daily 13:00
        海带 每天晚上12点       → daily 00:00
        海带 周一到周五8点      → weekdays 08:00
        海带 每周末             → sat,sun 09:00
        海带 星期天十点         → weekly sun 10:00
        海带 周一三点           → weekly mon 03:00
        海带 周二和周四10点     → tue,thu 10:00
        海带 周一三五 10点      → mon,wed,fri 10:00
        海带 每週五下午三點     → weekly fri 15:00
        海带、每天8点。         → daily 08:00
        海带每天8点             → daily 08:00
        Llama 3 早上8点         → daily 08:00
        海带 早8点              → daily 08:00
        海带 晚8点              → daily 20:00
        kelp daily 07.30        → daily 07:30
    """),
)
def test_a_time_stands_at_the_end(typed: str, when: str) -> None:
    assert read(typed) == when
    assert not split_when(typed).either


@pytest.mark.parametrize(
    ("typed", "when"),
    tables.rows("""
        kelp daily 9 Berlin               → daily 09:00 Europe/Berlin
        kelp daily 09:00 Europe/Berlin    → daily 09:00 Europe/Berlin
        kelp 8am UTC+8                    → daily 08:00 +08:00
        kelp when-out 9-18 Tokyo          → when-out 09:00-18:00 Asia/Tokyo
        海带 每天8点北京时间              → daily 08:00 Asia/Shanghai
        kelp in Berlin                    → words
        kelp daily 9 Gotham               → words
        kelp every monday at 9 whales     → words
    """),
)
def test_a_place_is_a_known_city_or_zone_or_it_is_no_place(typed: str, when: str) -> None:
    assert read(typed) == when


@pytest.mark.parametrize(
    "typed",
    tables.lines("""
        daily activities
        attention at scale
        tomorrow never dies
        diffusion models at night
        kelp growth at 20 m depth
        recall at 50
        kelp for every depth
        kelp 9
        aspect ratio 4:3
        up until now
        diffusion OR daily
        diffusion -daily
        author: Sunday
        now diffusion
        daily 9 diffusion
        weekday versus weekend
        monday
        noon
        now
        at
        海带光合日变化
        姿态估计17点
        时间序列
        海带 或 每天
        graph，不含 daily
        "
        ,
    """),
)
def test_what_does_not_end_in_a_time_is_a_query(typed: str) -> None:
    assert read(typed) == "words"
    assert split_when(typed).query == typed


@pytest.mark.parametrize(
    ("typed", "query", "when"),
    tables.rows("""
        precision at 5             → precision          → daily 05:00
        semaglutide once a week    → semaglutide        → weekly mon 09:00
        heat waves weekly          → heat waves         → weekly mon 09:00
        blue monday                → blue               → weekly mon 09:00
        images of the sun at noon  → images of the sun  → daily 12:00
        海带 周末                  → 海带               → sat,sun 09:00
    """),
)
def test_what_could_be_a_time_or_words_is_marked(typed: str, query: str, when: str) -> None:
    ending = split_when(typed)
    assert (ending.query, ending.either, read(typed)) == (query, True, when)


@pytest.mark.parametrize(
    "when",
    tables.lines("""
        every hour
        every 2 hours
        twice daily
        every month
        every 3 days
        every fifteen minutes
        first monday of the month
        daily except weekends
        daily at 25:00
        daily 13pm
        at 8:75
        at 9 and at 17
        mondays at 9 and fridays at 17
        weekdays at 8 and weekends at 10
        周一9点和周五17点
        daily 9-18
        when-out 20:00-08:00
        when-out 8-99
        tomorrow at 9
        每小时
        每隔三天
        隔天
        每周两次
        一天两次
        每天早晚八点
        早晚各一次
        每个月1号
    """),
)
def test_what_looks_like_a_time_and_cannot_be_read_is_refused_with_the_forms_that_exist(when: str) -> None:
    ending = split_when(f"kelp {when}")
    assert (ending.query, ending.when, ending.either) == ("kelp", when, True)
    with pytest.raises(NoSuchTime) as refused:
        read_when(when)
    assert str(refused.value.sentence) == f"“{when}” is not a schedule."
    assert "daily 09:00, weekdays 8:30, weekly mon 09:00" in str(refused.value)


@pytest.mark.parametrize("typed", ["海带每小时", "precipitation monthly"])
def test_such_a_time_is_seen_behind_any_query(typed: str) -> None:
    assert read(typed) == "refused"


@pytest.mark.parametrize(
    "typed",
    [
        ": daily 9",
        " \u2003 at 9 daily",
        "daily 9, no surveys",
    ],
)
def test_a_time_without_a_query_is_known_as_one(typed: str) -> None:
    assert read(typed) == "only a time"


@given(CADENCES, st.sampled_from(["", "Europe/Berlin", "+05:30", "UTC", "America/Argentina/Buenos_Aires"]))
def test_every_canonical_form_reads_back(cadence: Cadence, name: str) -> None:
    written = f"{cadence} {name}".strip()
    when = read_when(written)
    assert (when.cadence, when.zone, str(when)) == (cadence, name, written)
    ending = split_when(f"diffusion {written}")
    assert (ending.query, ending.when, ending.either) == ("diffusion", written, False)


@pytest.mark.parametrize("day", DAYS)
def test_each_day_has_its_names(day: str) -> None:
    monday_first = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")[DAYS.index(day)]
    for typed in (f"weekly {day} 09:00", f"every {day}", f"{day}s 9", f"{day} at 9", f"每{monday_first}9点"):
        assert read_when(typed).cadence == Cadence(at=time(9), days=(DAYS.index(day),))


@given(TYPED)
@example("每" * 40)
@example("at at at at 9")
@example("１２３点")
@example("每天²点")
@example("\u2003 weekend")
@example("kelp daily \x1f, -")
def test_any_text_is_read_without_an_error(typed: str) -> None:
    ending = split_when(typed)
    assert (ending.query == typed) == (ending.when is None)
    assert ending.when is None or (ending.query.strip() and ending.when in typed and is_time(ending.when))
    assert split_when(as_words(typed)).when is None or ending.when is None
    hours_of(typed)
    split_exclusion(typed)
    for said in (typed, ending.when or ""):
        with suppress(NoSuchTime):
            when = read_when(said)
            assert read_when(str(when.cadence)).cadence == when.cadence
            assert not when.zone or zone(when.zone)

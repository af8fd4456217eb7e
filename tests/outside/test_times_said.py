"""Times in every command that takes them: the bot reads them, offers alternatives, or refuses them."""

import pytest

from tests.product import Product

TOKYO = "Asia/Tokyo"


def subscriptions(product: Product) -> list[str]:
    """Returns each subscription as "WHEN ZONE | QUERY". The zone is left out if it is UTC."""
    return [
        f"{one['cadence']} {one['zone'] if one['zone'] != 'UTC' else ''}".rstrip() + f" | {one['text']}"
        for one in product.subscriptions()
    ]


def test_the_time_behind_a_query_is_read_and_shown(product: Product) -> None:
    for typed, when, zone, query in [
        ("diffusion every monday at 10", "weekly mon 10:00", "", "diffusion"),
        ("diffusion mon-fri 9", "weekdays 09:00", "", "diffusion"),
        ("diffusion daily at 9am Berlin", "daily 09:00", "Europe/Berlin", "diffusion"),
        ("diffusion 8am in New York", "daily 08:00", "America/New_York", "diffusion"),
        ("diffusion on weekends at noon", "sat,sun 12:00", "", "diffusion"),
        ("diffusion tuesdays and thursdays in the evening", "tue,thu 18:00", "", "diffusion"),
        ("diffusion every day please", "daily 09:00", "", "diffusion"),
        ("diffusion daily 9 thanks!!", "daily 09:00", "", "diffusion"),
        ("diffusion daily 9 🙏", "daily 09:00", "", "diffusion"),
        ("扩散 每天早上8点", "daily 08:00", "", "扩散"),
        ("扩散，每周五下午3点", "weekly fri 15:00", "", "扩散"),
        ("扩散 每天8点 北京时间", "daily 08:00", "Asia/Shanghai", "扩散"),
        ("扩散 工作日 9点半", "weekdays 09:30", "", "扩散"),
        ("扩散 周一三五 10点", "mon,wed,fri 10:00", "", "扩散"),
    ]:
        assert product.says(f"/sub {typed}").lines[0].endswith(f"{query} · {when} {zone or 'UTC'}"), typed
        assert subscriptions(product) == [f"{when} {zone}".rstrip() + f" | {query}"]
        product.says("/unsub all")


def test_what_is_no_time_or_stands_in_quotes_or_before_the_end_is_words(product: Product) -> None:
    for words in (
        '"diffusion daily"',
        "attention at scale",
        "daily at 9 UTC rag",
        "today show",
        "tomorrow never dies",
        "weekly supervision",
        "one shot",
        '"hourly" owls',
        "owls from 2024",
        "owls before 1930",
    ):
        product.says(f"/sub {words}")
        assert subscriptions(product) == [f"when-out 08:00-20:00 | {words}"]
        product.says("/unsub all")


@pytest.mark.parametrize("command", ["/sub", "/preview"])
def test_a_time_before_the_query_is_words_and_the_answer_says_where_it_is_one(product: Product, command: str) -> None:
    assert "(A time counts only at the end: diffusion daily 9)" in product.says(f"{command} daily 9 diffusion").lines
    product.telegram.knows("43")
    ahead = product.says(f"{command} 每天8点 扩散", "43", language="zh-hans")
    assert "（时间写在末尾才算时间：扩散 每天8点）" in ahead.lines


def test_the_first_time_is_told_by_the_clock_that_was_said(product: Product) -> None:
    said = product.says("/sub diffusion daily 9 Tokyo")  # at noon UTC, it is nine in the evening in Tokyo
    assert any(line.startswith("First: Fri 23 Jan 09:00.") for line in said.lines)
    assert product.subscriptions()[0]["next_due_at"].startswith("2026-01-23T00:00")


def test_what_may_be_words_is_a_time_and_words_by_one_press(product: Product) -> None:
    said = product.says("/sub time series daily")
    assert said.lines[0] == "✓ 1  time series · daily 09:00 UTC"
    words = product.presses("as words")
    assert words.changed
    assert words.lines[0] == '✓ 1  time series "daily" · when-out 08:00-20:00 UTC'
    assert subscriptions(product) == ['when-out 08:00-20:00 | time series "daily"']
    product.presses("undo")
    assert subscriptions(product) == ["daily 09:00 | time series"]
    product.says("/edit 1 heat waves weekly")
    product.presses("as words")
    assert product.queries() == ['heat waves "weekly"']


def test_a_press_comes_too_late_for_what_is_gone(product: Product) -> None:
    product.says("/sub time series daily")
    product.says("/unsub 1")
    assert product.presses("as words").toast == "Something was changed since."
    assert subscriptions(product) == []


def test_the_other_reading_is_offered_in_chinese(product: Product) -> None:
    product.says("/lang zh")
    said = product.says("/sub 时间序列 每天")
    assert said.lines[:2] == ["✓ 1  时间序列 · 每天 09:00 UTC", "（“每天”读作时间；加引号则是词语。）"]
    product.presses("作为词语")
    assert subscriptions(product) == ['when-out 08:00-20:00 | 时间序列 "每天"']


def test_a_time_that_there_is_not_is_refused_and_the_nearest_is_a_button(product: Product) -> None:
    for typed, refused, nearest in [
        ("diffusion hourly", "hourly", "now"),
        ("diffusion twice a day", "twice a day", "daily 09:00"),
        ("diffusion monthly", "monthly", "weekly mon 09:00"),
        ("diffusion every 2nd day at 8", "every 2nd day at 8", "daily 08:00"),
        ("diffusion every monday 25:00", "every monday 25:00", "weekly mon 09:00"),
        ("diffusion 每小时", "每小时", "now"),
        ("diffusion 每两天 早上8点", "每两天 早上8点", "daily 08:00"),
    ]:
        said = product.says(f"/sub {typed}")
        assert said.lines == [f"✗ “{refused}” is not a schedule.", f"The nearest is: {nearest}."]
        assert said.buttons == [nearest, "as words"]
        assert subscriptions(product) == []
        product.presses(nearest)
        assert subscriptions(product) == [f"{nearest} | diffusion"]
        product.says("/unsub all")


@pytest.mark.parametrize(
    ("typed", "nearest", "subscription"),
    [
        ("/sub 扩散 每小时", "立即", "now | 扩散"),
        ("/sub 扩散 每两天", "每天 09:00", "daily 09:00 | 扩散"),
        ("/sub 扩散 每月", "每周一 09:00", "weekly mon 09:00 | 扩散"),
    ],
)
def test_in_chinese_the_nearest_time_is_named_as_it_is_typed_there(
    product: Product, typed: str, nearest: str, subscription: str
) -> None:
    said = product.says(typed, language="zh-hans")
    assert said.lines[1] == f"最接近的是：{nearest}。"
    assert said.buttons[0] == nearest
    product.presses(nearest, language="zh-hans")
    assert subscriptions(product) == [subscription]


def test_words_that_look_like_no_time_that_there_is_are_words_by_one_press(product: Product) -> None:
    for typed, words in [
        ("precipitation monthly", 'precipitation "monthly"'),
        ("hourly owls", '"hourly" owls'),
        ("twice a day: owls", '"twice a day" owls'),
        ("every 3 days owls at sea", '"every 3 days" owls at sea'),
        ("monthly owls -survey", '"monthly" owls -survey'),
        ("每两小时 猫头鹰", '"每两小时" 猫头鹰'),
    ]:
        assert product.says(f"/sub {typed}").lines[0].endswith("is not a schedule.")
        product.presses("as words")
        assert product.queries() == [words]
        product.says("/unsub all")


def test_a_place_that_nobody_knows_is_asked_back_and_never_searched_for(product: Product) -> None:
    said = product.says("/sub diffusion daily at 9am Shangai")
    assert said.lines == ["✗ “Shangai” is no place whose clock I know.", "Did you mean Shanghai?"]
    assert said.buttons == ["daily 09:00 Asia/Shanghai", "as words"]
    product.presses("daily 09:00 Asia/Shanghai")
    assert subscriptions(product) == ["daily 09:00 Asia/Shanghai | diffusion"]
    assert product.says("/sub rag 9am Gotham").buttons == ["daily 09:00", "as words"]


def test_a_time_alone_is_no_query(product: Product) -> None:
    for typed in ("daily at 9", "every monday", "每天8点", "hourly"):
        assert product.says(f"/sub {typed}").lines[0] == "✗ That is a time. Say what papers should contain, too."
        assert subscriptions(product) == []


def test_each_line_of_many_has_its_own_time(product: Product) -> None:
    said = product.says("/sub diffusion daily\nrag hourly\n扩散 每周一")
    assert said.lines[0] == "✓ 2 of 3 lines are subscriptions now."
    assert subscriptions(product) == ["daily 09:00 | diffusion", "weekly mon 09:00 | 扩散"]
    assert "“hourly” is not a schedule." in said.text


def test_edit_reads_the_time_and_a_time_alone_changes_only_it(product: Product) -> None:
    product.says("/sub diffusion daily 9 Berlin")
    product.says("/edit 1 graph neural networks every monday at 10")
    assert subscriptions(product) == ["weekly mon 10:00 Europe/Berlin | graph neural networks"]
    assert product.says("/edit 1 每天8点").lines[0] == "✓ Schedule of 1: daily 08:00 Europe/Berlin"
    assert subscriptions(product) == ["daily 08:00 Europe/Berlin | graph neural networks"]
    said = product.says("/edit 1 rag monthly")
    assert said.buttons == ["weekly mon 09:00", "as words"]
    assert subscriptions(product) == ["daily 08:00 Europe/Berlin | graph neural networks"]
    product.presses("weekly mon 09:00")
    assert subscriptions(product) == ["weekly mon 09:00 Europe/Berlin | rag"]


def test_schedule_reads_every_time(product: Product) -> None:
    product.says("/sub diffusion")
    for typed, when in [
        ("1 every monday at 10", "weekly mon 10:00"),
        ("1 9", "daily 09:00"),
        ("1 noon", "daily 12:00"),
        ("1 to weekly", "weekly mon 09:00"),
        ("1 每周五下午3点", "weekly fri 15:00"),
        ("1 8am in New York", "daily 08:00 America/New_York"),
        ("1 8am UTC", "daily 08:00"),
        ("every weekday at 9", "weekdays 09:00"),
        ("工作日 9点半", "weekdays 09:30"),
        ("at 8", "daily 08:00"),
        ("9:30", "daily 09:30"),
    ]:
        assert product.says(f"/schedule {typed}").text.startswith("✓")
        assert subscriptions(product) == [f"{when} | diffusion"], typed


def test_the_schedule_of_one_is_told_by_its_own_clock(product: Product) -> None:
    product.says("/sub diffusion")
    said = product.says("/schedule 1 weekdays 8:30 Tokyo")
    assert said.lines == ["✓ Schedule of 1: weekdays 08:30 Asia/Tokyo", "Next: Fri 23 Jan 08:30."]
    assert product.says("/schedule 1").lines[0] == "1 comes: weekdays 08:30 Asia/Tokyo"


def test_schedule_offers_the_nearest(product: Product) -> None:
    product.says("/sub diffusion\nrag")
    assert product.says("/schedule 2 twice a day").buttons == ["daily 09:00"]
    product.presses("daily 09:00")
    assert subscriptions(product) == ["when-out 08:00-20:00 | diffusion", "daily 09:00 | rag"]
    product.says("/schedule 每月")
    product.presses("weekly mon 09:00")
    assert subscriptions(product) == ["weekly mon 09:00 | diffusion", "weekly mon 09:00 | rag"]


def test_the_schedule_of_all_takes_no_place(product: Product) -> None:
    product.says("/sub diffusion")
    assert product.says("/schedule every day at 9 Berlin").lines == [
        "✗ The schedule of a chat goes by the chat's clock, so it takes no place.",
        "Set the clock by itself: timezone Europe/Berlin.",
    ]
    assert subscriptions(product) == ["when-out 08:00-20:00 | diffusion"]


def test_the_settings_read_times_too(product: Product) -> None:
    product.says("/sub diffusion")
    assert product.says("/set schedule every day at 8am").text.startswith("✓ Schedule: every day 08:00")
    assert product.says("/set schedule 每周一9点").text.startswith("✓ Schedule: every Monday 09:00")
    assert product.says("/set schedule hourly").buttons == ["now"]
    product.presses("now")
    assert product.tells("settings", "--as", "telegram:42")["settings"]["schedule"] == "now"
    for typed, stored in (
        ("10pm to 7am", "22:00-07:00"),
        ("晚上11点到早上6点", "23:00-06:00"),
        ("21-8.30", "21:00-08:30"),
    ):
        product.says(f"/set quiet {typed}")
        assert product.tells("settings", "--as", "telegram:42")["settings"]["quiet"] == stored


def test_daily_alone_is_at_the_time_of_the_chat(product: Product) -> None:
    product.says("/sub diffusion")
    product.says("/set schedule weekdays 7:30")
    product.says("/sub rag daily\n扩散 每周一")
    assert subscriptions(product)[1:] == ["daily 07:30 | rag", "weekly mon 07:30 | 扩散"]


def test_import_reads_times_as_people_write_them(product: Product) -> None:
    product.says("/sub rag")
    lines = "every monday at 10 Berlin | diffusion | \n每天早上8点 北京时间 | 扩散 | K\nnow | graphs | "
    assert product.runs("import", "--as", "telegram:42", str(product.writes("lines.txt", lines))).status == 0
    assert subscriptions(product)[1:] == [
        "weekly mon 10:00 Europe/Berlin | diffusion",
        "daily 08:00 Asia/Shanghai | 扩散",
        "now | graphs",
    ]
    refused = product.says("/import hourly UTC | cloud | ").text
    assert "“hourly UTC” is not a schedule. It says: “hourly UTC | cloud |”.\nThe nearest is: now." in refused

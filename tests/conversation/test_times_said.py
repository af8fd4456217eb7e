"""Times in every command that takes them: the bot reads them or refuses them."""

import pytest

from tests.product import Product


def subscriptions(product: Product) -> list[str]:
    """Returns each subscription as "WHEN ZONE | QUERY". The zone is left out if it is UTC."""
    return [
        f"{one['cadence']} {one['zone'] if one['zone'] != 'UTC' else ''}".rstrip() + f" | {one['text']}"
        for one in product.subscriptions()
    ]


def test_the_time_behind_a_query_is_read_and_shown(product: Product) -> None:
    for typed, when, zone, query in [
        ("diffusion every monday at 10", "weekly mon 10:00", "", "diffusion"),
        ("diffusion daily at 9am Berlin", "daily 09:00", "Europe/Berlin", "diffusion"),
        ("扩散，每周五下午3点", "weekly fri 15:00", "", "扩散"),
    ]:
        assert product.says(f"/sub {typed}").lines[0].endswith(f"{query} · {when} {zone or 'UTC'}"), typed
        assert subscriptions(product) == [f"{when} {zone}".rstrip() + f" | {query}"]
        product.says("/unsub all")


def test_what_is_no_time_or_stands_in_quotes_or_before_the_end_is_words(product: Product) -> None:
    for words in (
        '"diffusion daily"',
        "attention at scale",
        "daily at 9 UTC rag",
    ):
        product.says(f"/sub {words}")
        assert subscriptions(product) == [f"when-out 08:00-20:00 | {words}"]
        product.says("/unsub all")


def test_the_first_time_is_told_by_the_clock_that_was_said(product: Product) -> None:
    said = product.says("/sub diffusion daily 9 Tokyo")  # at noon UTC, it is nine in the evening in Tokyo
    assert any(line.startswith("First: Fri 23 Jan 09:00.") for line in said.lines)
    assert product.subscriptions()[0]["next_due_at"].startswith("2026-01-23T00:00")


@pytest.mark.parametrize(
    ("typed", "label", "timed"),
    [
        ("time series daily", "daily 09:00", "daily 09:00 | time series"),
        ("recall at 10", "daily 10:00", "daily 10:00 | recall"),
        ("semaglutide once weekly", "weekly mon 09:00", "weekly mon 09:00 | semaglutide"),
    ],
)
def test_what_may_be_words_is_asked_with_two_buttons(product: Product, typed: str, label: str, timed: str) -> None:
    said = product.says(f"/sub {typed}")
    when = typed.removeprefix(timed.partition(" | ")[2]).strip()
    assert said.lines == [f"Is “{when}” the time, or words to look for?"]
    assert said.buttons == [label, "as words"]
    assert subscriptions(product) == []
    product.presses(label)
    assert subscriptions(product) == [timed]
    product.says("/unsub all")
    product.says(f"/sub {typed}")
    product.presses("as words")
    assert subscriptions(product) == [f'when-out 08:00-20:00 | {timed.partition(" | ")[2]} "{when}"']


def test_in_a_search_it_is_words(product: Product) -> None:
    product.brings("Recall at 10 of a search")
    said = product.says("recall at 10")
    assert said.buttons[1:] == ["subscribe", "daily at 8", "mondays at 9"]
    product.presses("subscribe")
    assert subscriptions(product) == ['when-out 08:00-20:00 | recall "at 10"']


def test_a_time_that_there_is_not_is_refused_with_those_that_there_are(product: Product) -> None:
    for typed, refused in [
        ("diffusion hourly", "hourly"),
        ("猫头鹰 每两小时", "每两小时"),
    ]:
        said = product.says(f"/sub {typed}")
        assert said.lines[0] == f"✗ “{refused}” is not a schedule."
        assert said.lines[1].startswith("For example: now, when-out 08:00-20:00")
        assert subscriptions(product) == []
    assert product.says('/sub precipitation "monthly"').text.startswith("✓")


def test_in_chinese_the_forms_are_named_as_they_are_typed_there(product: Product) -> None:
    said = product.says("/sub 扩散 每小时", language="zh-hans")
    assert said.lines[1].startswith("例如：立即、论文公布后 08:00-20:00、")


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
    product.says("/timezone Lima")
    product.says("/sub diffusion daily 9 Berlin")
    product.says("/edit 1 graph neural networks every monday at 10")
    assert subscriptions(product) == ["weekly mon 10:00 Europe/Berlin | graph neural networks"]
    assert product.says("/edit 1 每天8点").lines[0] == "✓ Schedule of 1: daily 08:00 Europe/Berlin"
    assert subscriptions(product) == ["daily 08:00 Europe/Berlin | graph neural networks"]
    said = product.says("/edit 1 rag monthly")
    assert said.lines[0] == "✗ “monthly” is not a schedule."
    assert subscriptions(product) == ["daily 08:00 Europe/Berlin | graph neural networks"]


def test_schedule_reads_every_time(product: Product) -> None:
    product.says("/sub diffusion")
    for typed, when in [
        ("1 9", "daily 09:00"),
        ("1 to weekly", "weekly mon 09:00"),
        ("1 每周五下午3点", "weekly fri 15:00"),
        ("1 8am in New York", "daily 08:00 America/New_York"),
        ("1 8am UTC", "daily 08:00"),
        ("every weekday at 9", "weekdays 09:00"),
        ("9:30", "daily 09:30"),
    ]:
        assert product.says(f"/schedule {typed}").text.startswith("✓")
        assert subscriptions(product) == [f"{when} | diffusion"], typed


def test_the_schedule_of_one_is_told_by_its_own_clock(product: Product) -> None:
    product.says("/sub diffusion")
    said = product.says("/schedule 1 weekdays 8:30 Tokyo")
    assert said.lines == ["✓ Schedule of 1: weekdays 08:30 Asia/Tokyo", "Next: Fri 23 Jan 08:30."]
    assert product.says("/schedule 1").lines[0] == "1 comes: weekdays 08:30 Asia/Tokyo"


def test_the_schedule_of_all_takes_no_place(product: Product) -> None:
    product.says("/sub diffusion")
    assert product.says("/schedule every day at 9 Berlin").lines == [
        "✗ The schedule of a chat goes by the chat's clock, so it takes no place.",
        "Set the clock by itself: timezone Europe/Berlin.",
    ]
    assert subscriptions(product) == ["when-out 08:00-20:00 | diffusion"]


def test_the_settings_read_times_too(product: Product) -> None:
    product.says("/sub diffusion")
    assert product.says("/set schedule every day at 8am").text.startswith("✓ Schedule: daily 08:00")
    assert product.says("/set schedule 每周一9点").text.startswith("✓ Schedule: weekly mon 09:00")
    assert product.says("/set schedule hourly").lines[0] == "✗ “hourly” is not a schedule."
    assert product.tells("settings", "--as", "telegram:42")["settings"]["schedule"] == "weekly mon 09:00"
    for typed, stored in (
        ("10pm to 7am", "22:00-07:00"),
        ("晚上11点到早上6点", "23:00-06:00"),
        ("21-8:30", "21:00-08:30"),
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
    assert "“hourly UTC” is not a schedule. It says: “hourly UTC | cloud |”.\nFor example: now" in refused

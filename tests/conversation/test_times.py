"""Times that people write behind a query: what excludes may follow them, and what holds a delivery back is said."""

from datetime import UTC, datetime

import pytest

from tests.product import Product

FORMS = (
    "For example: now, when-out 08:00-20:00, when-out 09:00-18:00 weekdays, daily 09:00, weekdays 8:30, "
    "weekly mon 09:00, tue,thu 10:00."
)
NIGHT = datetime(2026, 1, 22, 23, 30, tzinfo=UTC)
FRIDAY = datetime(2026, 1, 23, 10, tzinfo=UTC)
SATURDAY = datetime(2026, 1, 24, 10, tzinfo=UTC)


def schedules(product: Product, chat: str = "telegram:42") -> list[str]:
    """Returns each subscription as "WHEN [ZONE] | QUERY", the zone only if it is not the chat's."""
    found = product.subscriptions(chat)
    return [
        f"{one['cadence']} {one['zone'] if one['zone'] != 'UTC' else ''}".rstrip() + f" | {one['canonical']}"
        for one in found
    ]


@pytest.mark.parametrize(
    ("typed", "subscription"),
    [
        ("kelp every friday at 7, no reviews", "weekly fri 07:00 | kelp -review"),
        ("kelp forests daily 8 Lisbon, without surveys", "daily 08:00 Europe/Lisbon | forest kelp -survey"),
        ("kelp OR seagrass weekdays at 9 but not case reports", 'weekdays 09:00 | (kelp OR seagrass) -"case report"'),
        ("kelp, seagrass now, except for surveys or reviews", "now | (kelp OR seagrass) -review -survey"),
        ("kelp tue,thu 18:00 not cs.CV, no survey papers", "tue,thu 18:00 | kelp -cat:cs.cv -survey"),
        ('kelp mondays at 9, not author:"Jane Doe"', 'weekly mon 09:00 | kelp -author:"do jane"'),
        ("海藻 每周五7点，不要综述和评测", 'weekly fri 07:00 | "海 藻" -"综 述" -"评 测"'),
        ("海藻 工作日9点，除了综述以外", 'weekdays 09:00 | "海 藻" -"综 述"'),
    ],
)
def test_what_excludes_may_follow_the_time(product: Product, typed: str, subscription: str) -> None:
    assert product.says(f"/sub {typed}").text.startswith("✓ 1  ")
    assert schedules(product) == [subscription]


@pytest.mark.parametrize(
    "typed", ["recall at 10 without labels", "weekly supervision without rain", "kelp without light"]
)
def test_what_excludes_nothing_is_words(product: Product, typed: str) -> None:
    product.says(f"/sub {typed}")
    assert product.queries() == [typed]


def test_what_may_be_words_stays_words_with_its_exclusion(product: Product) -> None:
    assert product.says("/sub time series daily, no surveys").buttons == ["daily 09:00", "as words"]
    product.presses("as words")
    assert product.queries() == ['time series "daily", no surveys']


def test_an_exclusion_behind_a_new_time_narrows_that_subscription(product: Product) -> None:
    product.says("/sub kelp daily 8")
    product.says("/schedule 1 mondays at 9, no surveys")
    assert schedules(product) == ["weekly mon 09:00 | kelp -survey"]
    assert product.says("/schedule daily 10, no reviews").lines == [
        "✗ “daily 10, no reviews” is not a schedule.",
        FORMS,
    ]
    assert schedules(product) == ["weekly mon 09:00 | kelp -survey"]


@pytest.mark.parametrize(
    ("when", "subscription"),
    [
        ("每天8点 不要综述", 'daily 08:00 | kelp -"综 述"'),
        ("now, no surveys", "now | kelp -survey"),
        ("daily 8 Berlin without reviews", "daily 08:00 Europe/Berlin | kelp -review"),
        ("daily 8 -survey", "daily 08:00 | kelp -survey"),
    ],
)
def test_what_excludes_may_follow_a_time_alone(product: Product, when: str, subscription: str) -> None:
    product.says("/sub kelp weekly sun 12")
    product.says(f"/schedule 1 {when}")
    assert schedules(product) == [subscription]
    product.runs("subscribe", "kelp", "--as", "console:me", "--when", when)
    (made,) = product.subscriptions("console:me")
    assert f"{made['cadence']} | {made['canonical']}" == subscription.replace(" Europe/Berlin", "")


def test_quiet_hours_that_hold_it_back_are_named(product: Product) -> None:
    product.at(NIGHT)
    held = "from Fri 23 Jan 08:00 on, as soon as papers are out (quiet hours hold it until 08:00)."
    assert f"First: {held}" in product.says("/sub kelp now").text
    assert "1  kelp · now · quiet hours hold it until 08:00" in product.says("/list").lines
    assert f"Next: {held}" in product.presses("1").lines
    product.brings("Kelp at night")
    product.says("/list")
    assert "Next: Fri 23 Jan 08:00 (quiet hours hold it until 08:00)." in product.presses("1").lines
    assert product.later(hours=1) == []
    assert product.says("/list").lines[1].endswith(" · quiet hours hold it until 08:00")
    product.says("/set quiet off")
    assert "quiet hours" not in product.says("/list").text


def test_a_weekend_that_holds_it_back_is_named(product: Product) -> None:
    product.at(SATURDAY)
    product.brings("Kelp on Saturday")
    said = product.says("/sub kelp weekdays 9")
    assert "First: Mon 26 Jan 09:00 (the weekend holds it until Monday)." in said.text
    assert product.says("/list").lines[1].endswith(" · the weekend holds it until Monday")
    assert "weekend" not in product.says("/sub seagrass daily 9").text
    assert "weekend" not in product.says("/sub seagrass weekly mon 9").text


def test_a_window_of_weekdays_is_held_by_a_weekend_alone_and_not_by_its_delivery_of_today(product: Product) -> None:
    product.says("/sub kelp when-out 9-18 weekdays")
    product.brings("Kelp on Thursday")
    assert product.later(hours=1)
    assert "weekend" not in product.says("/list").text
    product.at(FRIDAY)
    product.brings("Kelp on Friday")
    assert product.later(hours=1)
    assert product.says("/list").lines[1].endswith(" · the weekend holds it until Monday")


def test_an_empty_first_delivery_names_the_subscription_that_was_due(product: Product) -> None:
    product.says("/sub kelp daily 13:00")
    product.says("/sub moss daily 20:00")
    product.brings("Sand")
    (empty,) = product.later(hours=1, minutes=1)
    assert empty.text == "kelp: The only paper of Thu 22 Jan did not match. Next: Fri 23 Jan 13:00."


@pytest.mark.parametrize("soon", ["asap", "right away", "immediately", "马上"])
def test_now_has_other_words(product: Product, soon: str) -> None:
    assert product.says(f"/sub kelp {soon}").lines[0] == "✓ 1  kelp · now"

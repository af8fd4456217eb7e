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


@pytest.mark.parametrize(
    ("typed", "label", "timed"),
    [
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


def test_a_time_alone_is_no_query(product: Product) -> None:
    for typed in ("daily at 9", "every monday", "每天8点", "hourly"):
        assert product.says(f"/sub {typed}").lines[0] == "✗ That is a time. Say what papers should contain, too."
        assert subscriptions(product) == []


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
        ("1 to weekly", "weekly mon 09:00"),
        ("1 8am in New York", "daily 08:00 America/New_York"),
        ("1 8am UTC", "daily 08:00"),
        ("9:30", "daily 09:30"),
    ]:
        assert product.says(f"/schedule {typed}").text.startswith("✓")
        assert subscriptions(product) == [f"{when} | diffusion"], typed


def test_the_schedule_of_all_takes_no_place(product: Product) -> None:
    product.says("/sub diffusion")
    assert product.says("/schedule every day at 9 Berlin").lines == [
        "✗ The schedule of a chat goes by the chat's clock, so it takes no place.",
        "Set the clock by itself: timezone Europe/Berlin.",
    ]
    assert subscriptions(product) == ["when-out 08:00-20:00 | diffusion"]


def test_daily_and_when_out_alone_keep_the_times_of_the_chat(product: Product) -> None:
    product.says("/set schedule weekdays 7:30")
    product.says("/sub rag daily\n扩散 每周一")
    product.says("/set schedule when-out 10:00-12:00")
    product.says("/sub diffusion when-out")
    assert subscriptions(product) == [
        "daily 07:30 | rag",
        "weekly mon 07:30 | 扩散",
        "when-out 10:00-12:00 | diffusion",
    ]


@pytest.mark.parametrize(
    ("said", "when"),
    [
        ("morning! papers on moss every friday at 9", "friday 09:00"),
        ("Evening all, papers on moss on mondays at 8", "monday 08:00"),
        ("good afternoon! send me papers on moss weekdays at 7", "weekdays 07:00"),
        ("早上好！每周五9点给我推送苔藓的论文", "friday 09:00"),
        ("today send me papers on moss every monday at 9", "monday 09:00"),
    ],
)
def test_greeting_is_not_a_time(product: Product, said: str, when: str) -> None:
    product.brings("Moss on rocks", "苔藓")
    reply = product.says(said)
    assert "is not a schedule" not in reply.text
    assert f"subscribe: {when}" in reply.buttons


def test_politeness_beside_a_time_is_read_alike(product: Product) -> None:
    product.says("/sub moss")
    for said in ("now please", "mondays at 7!"):
        product.says("/schedule 1")
        assert product.says(said).text.startswith("✓ Schedule of 1"), said

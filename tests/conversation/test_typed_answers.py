"""The question for the clock can be answered by typing, within a quarter of an hour and by the person who was asked."""

from datetime import timedelta

import pytest

from tests.fakes.telegram import NAME
from tests.product import Product


def setting(product: Product, name: str) -> str:
    return str(product.tells("settings", "--as", "telegram:42")["settings"][name])


@pytest.fixture
def asked(product: Product) -> Product:
    """A chat whose first subscription asked for its clock."""
    product.says("/sub diffusion")
    return product


def test_a_city_a_zone_or_an_offset_is_the_answer(asked: Product) -> None:
    for text, name in [
        ("Berlin", "Europe/Berlin"),
        ("09:00 Sao Paulo", "America/Sao_Paulo"),  # the label of a button
        ("柏林", "Europe/Berlin"),
        ("UTC+2", "+02:00"),
    ]:
        assert asked.says(text).text.startswith("✓")
        assert setting(asked, "timezone") == name
        asked.says("/timezone")
    assert asked.queries() == ["diffusion"]


def test_a_near_miss_is_asked_back_with_buttons(asked: Product) -> None:
    assert "Did you mean Europe/Berlin?" in asked.says("Berln").text
    assert setting(asked, "timezone") == "UTC"
    assert asked.presses("Europe/Berlin").text.startswith("✓")
    assert setting(asked, "timezone") == "Europe/Berlin"


def test_after_a_quarter_of_an_hour_it_is_a_query(asked: Product) -> None:
    asked.clock.advance(timedelta(minutes=16))
    assert "No papers are known yet." in asked.says("Berlin").lines
    assert setting(asked, "timezone") == "UTC"


def test_once_answered_by_a_button_it_is_not_asked_any_more(asked: Product) -> None:
    asked.presses("12:00 London")
    asked.says("Oslo")
    assert setting(asked, "timezone") == "Europe/London"


def test_nobody_answers_for_another_and_rights_are_checked_again(product: Product) -> None:
    group = "-1001"
    product.telegram.knows(group, people={"7": "creator", "8": "administrator", "9": "member"})
    product.telegram.reads_all()
    product.says("/sub graphs", group, by="7")
    asked = product.says("/edit 1", group, by="7")
    assert asked.lines[-1] == "Answer by a reply to this message, or with my name before it."
    product.says("trees", group, by="7")  # is not meant for the bot
    product.says(f"@{NAME} trees", group, by="8")
    assert product.queries(group) == ["graphs"]
    product.says("/edit 1", group, by="9")
    product.says(f"@{NAME} moss", group, by="9")
    assert product.queries(group) == ["graphs"]
    product.says(f"@{NAME} forests", group, by="7")
    assert product.queries(group) == ["forests"]


@pytest.mark.parametrize(
    ("command", "answer", "queries"),
    [("/sub", "kelp -survey", ["diffusion", "kelp -survey"]), ("/edit 1", "-survey", ["diffusion -survey"])],
)
def test_a_command_that_lacks_its_text_asks_for_it(
    asked: Product, command: str, answer: str, queries: list[str]
) -> None:
    assert asked.says(command).buttons == ["cancel"]
    assert asked.says(answer).text.startswith("✓")
    assert asked.queries() == queries


def test_a_refused_answer_leaves_the_question_open_and_no_ends_it(asked: Product) -> None:
    asked.says("/edit 1")
    assert asked.says("ai*").text.startswith("✗")
    for end in ("no", "cancel", "Never mind!", "sorry, wrong button", "nothing, forget it", "取消", "算了吧"):
        assert asked.says(end).text == "✓ Nothing is changed.", end
        asked.says("moss")
        assert asked.queries() == ["diffusion"]
        asked.says("/edit 1")
    for command in ("list", "/list", "/cancel"):  # a command ends it, too
        asked.says("/edit 1")
        asked.says(command)
        asked.says("moss")
        assert asked.queries() == ["diffusion"]


def test_a_time_may_be_written_where_times_are_offered(asked: Product) -> None:
    asked.says("/schedule 1")
    assert "Schedule of 1" in asked.says("mondays at 7").text
    assert [one["cadence"] for one in asked.subscriptions()] == ["weekly mon 07:00"]


TALK = "show me papers about robots"
QUESTIONS = [  # what asks, an answer that looks like one, what it changes
    pytest.param(["/name 1"], "Tide pools", ("name", "Tide pools"), id="name"),
    pytest.param(["/schedule 1"], "mondays at 7", ("cadence", "weekly mon 07:00"), id="time"),
    pytest.param(["/timezone"], "Oslo", None, id="place"),
    pytest.param(["/import"], "daily 9 | kelp | ", None, id="lines"),
    pytest.param(["/like"], "2601.00001", None, id="id"),
    pytest.param(["/edit 1"], "kelp", ("text", "kelp"), id="query"),
]


def state(product: Product) -> tuple[object, ...]:
    """Return what a chat has: its subscriptions and settings."""
    chosen = [
        {name: one[name] for name in ("text", "name", "cadence", "zone", "state")} for one in product.subscriptions()
    ]
    return chosen, product.tells("settings", "--as", "telegram:42")["settings"]


@pytest.mark.parametrize(("asks", "answer", "changed"), QUESTIONS)
def test_question_ends_at_the_next_press_of_another_button(
    asked: Product, asks: list[str], answer: str, changed: tuple[str, str] | None
) -> None:
    asked.says("hello")
    before = state(asked)
    for command in asks:
        asked.says(command)
    asked.presses("help")
    asked.says(answer)
    assert state(asked) == before


@pytest.mark.parametrize(("asks", "answer", "changed"), [one for one in QUESTIONS if one.id != "query"])
@pytest.mark.parametrize(
    "talk", [TALK, "make it weekly instead", "what is new on tide pools?", "给我看看关于机器人的论文"]
)
def test_text_that_is_no_answer_is_never_taken(
    asked: Product, asks: list[str], answer: str, changed: tuple[str, str] | None, talk: str
) -> None:
    before = state(asked)
    for command in asks:
        asked.says(command)
    reply = asked.says(talk)
    assert "✗" not in reply.text
    assert state(asked) == before
    asked.says(answer)
    assert state(asked) == before, "the question has ended"


@pytest.mark.parametrize(("asks", "answer", "changed"), [one for one in QUESTIONS if one.values[2]])
def test_text_that_looks_like_an_answer_is_taken(
    asked: Product, asks: list[str], answer: str, changed: tuple[str, str]
) -> None:
    for command in asks:
        asked.says(command)
    asked.says(answer)
    name, value = changed
    assert [one[name] for one in asked.subscriptions()] == [value]


def test_name_that_looks_like_a_sentence_is_offered(asked: Product) -> None:
    asked.says("/name 1")
    reply = asked.says("what is new on tide pools?")
    assert "call 1 “what is new on tide pools?”" in reply.buttons
    assert asked.presses("call 1 “what is new on tide pools?”").text.startswith("✓")
    assert [one["name"] for one in asked.subscriptions()] == ["what is new on tide pools?"]


def test_group_question_ends_and_takes_only_answers(product: Product) -> None:
    group = "-1001"
    product.telegram.knows(group, people={"7": "creator"})
    product.says("/sub graphs", group, by="7")
    product.says("/name 1", group, by="7")
    product.says(f"@{NAME} {TALK}", group, by="7")
    product.says(f"@{NAME} trees", group, by="7")
    assert [one["name"] for one in product.subscriptions(f"telegram:{group}")] == [""]

"""sub: the echo, the advice, the schedule, several queries at once."""

import html
import re

import pytest

from tests.papers import paper
from tests.product import Product

GROUP = "-1001"


@pytest.fixture
def group(product: Product) -> Product:
    product.telegram.knows(GROUP, people={"7": "creator"})
    return product


def texts(product: Product) -> list[tuple[int, str]]:
    return [(one["number"], one["text"]) for one in product.subscriptions()]


def test_the_echo_says_how_it_was_read_what_it_would_have_brought_and_when_the_first_comes(product: Product) -> None:
    product.brings("Diffusion on graphs", "Graphs without it")
    said = product.says("/sub diffusion -survey at 8")
    assert said.lines[0] == "✓ 1  diffusion, not survey · daily 08:00 UTC"
    assert said.lines[1].startswith("It finds 1 paper in the last 7 days: Diffusion on graphs (")
    assert said.lines[2].startswith("First: Fri 23 Jan 08:00.")
    assert "undo" in said.buttons
    assert product.presses("undo").lines == ["✓ Undone.", "Removed: 1  diffusion -survey"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "query",
    [
        "(graph OR -tree) ti:forest cat:cs.CV -(survey review)",
        "rlhf, dpo, reward model, not benchmark",
        "扩散模型 或 标题：流匹配，不含综述",
        "graph -daily",
        "ti:weekly OR tides",
    ],
)
def test_the_echo_copied_and_sent_again_is_the_same_subscription(product: Product, language: str, query: str) -> None:
    product.says(f"/lang {language}")
    said = product.says(f"/sub {query}")
    echo = said.lines[0].removeprefix("✓ 1  ").partition(" · ")[0]
    assert product.says(f"/sub {echo}").lines[0] == said.lines[0]
    assert [number for number, _ in texts(product)] == [1]


def test_more_than_three_papers_are_counted_and_three_named_the_best_first_then_the_newest(product: Product) -> None:
    product.brings(
        *(f"Diffusion {number}" for number in range(1, 6)), paper("Waves", abstract="By diffusion they spread.")
    )
    said = product.says("/sub diffusion at 8")
    assert said.lines[1].startswith("6 papers in the last 7 days, for example: ")
    assert re.findall(r"Diffusion \d", said.lines[1]) == ["Diffusion 5", "Diffusion 4", "Diffusion 3"]


def test_the_same_wish_again_changes_its_schedule_and_says_so(product: Product) -> None:
    product.says("/sub diffusion models")
    said = product.says("/sub MODELS Diffusion at 8")
    assert said.lines[:2] == [
        "✓ 1  MODELS Diffusion · daily 08:00 UTC",
        "It was there already; its schedule is changed.",
    ]
    assert texts(product) == [(1, "diffusion models")]
    again = product.says("/sub diffusion models")
    assert again.lines[1] == "It was there already; its schedule stays."
    assert "undo" not in again.buttons


def test_only_the_first_wish_of_a_person_asks_for_their_clock(group: Product) -> None:
    assert group.says("/sub diffusion").buttons[-2:] == ["12:00 London", "another city"]
    assert not group.presses("another city").changed
    group.presses("13:00 Berlin")
    said = group.says("/sub graphs at 8")
    assert said.lines[0] == "✓ 2  graphs · daily 08:00 Europe/Berlin"
    assert "another city" not in said.buttons
    assert "another city" not in group.says("/sub diffusion", GROUP, by="7").buttons


def test_what_finds_more_than_ten_papers_a_day_can_be_narrowed_to_titles(product: Product) -> None:
    product.brings(
        *(paper(f"Ants {n}", abstract="By diffusion.") for n in range(7)), *(f"Diffusion {n}" for n in range(3))
    )
    assert "in titles only" not in product.says("/sub diffusion at 8").buttons
    product.brings(paper("Bees", abstract="By diffusion."))
    said = product.says("/edit 1 diffusion -wasps")
    assert "That is more than ten a day. In titles only: 3 papers." in said.lines
    product.presses("in titles only")
    assert product.queries() == ["ti:diffusion -wasps"]


def test_several_lines_are_several_wishes_and_a_bad_one_refuses_only_itself(product: Product) -> None:
    product.says("/sub kelp")
    said = product.says("/sub diffusion\n-survey\n\n  stat.ML daily 9\nti:\nkelp")
    assert said.lines == [
        "✓ 3 of 5 lines are subscriptions now.",
        "-survey",
        "^ This only excludes. Say what you want, too.",
        "ti:",
        "^ ti: has nothing after it to look for.",
        "2  diffusion · when-out 08:00-20:00 UTC",
        "3  category:stat.ML · daily 09:00 UTC",
        "1  kelp · when-out 08:00-20:00 UTC · It was there already; its schedule stays.",
    ]
    product.presses("undo")
    assert texts(product) == [(1, "kelp")]


def test_the_command_may_stand_before_each_line_and_another_is_no_query(product: Product) -> None:
    said = product.says("/sub diffusion\n/sub rag now\n/ADD@paperwire_test_bot graphs\n/sub")
    assert said.lines[0] == "✓ 3 of 3 lines are subscriptions now."
    said = product.says("/sub kelp\n/list")
    assert said.lines[:3] == [
        "✓ 1 of 2 lines is a subscription now.",
        "/list",
        "^ This is another command. Send it by itself.",
    ]
    assert product.queries() == ["diffusion", "rag", "graphs", "kelp"]
    said = product.says("/unsub 1\n/unsub 2")
    assert said.lines[-1] == "I did the first command only; send each by itself."
    assert product.queries() == ["rag", "graphs", "kelp"]


def test_fifty_lines_are_too_many_at_once(product: Product) -> None:
    said = product.says("/sub " + "\n".join(f"word{number}" for number in range(50)))
    assert said.lines == ["✗ That is 50 lines; I take 20 at once.", "Send the rest in another message."]


def test_two_hundred_subscriptions_are_enough(product: Product) -> None:
    for number, status in ((201, 2), (200, 0)):
        listed = "".join(f"now | word{at} | \n" for at in range(number))
        ended = product.runs("import", "--as", "telegram:42", str(product.writes("many.txt", listed)))
        assert (ended.status, "Line 201 cannot be imported" in ended.err) == (status, number > 200)
    assert product.says("/sub diffusion").lines == ["✗ A chat can have 200 subscriptions.", "Remove one first."]
    assert product.says("/sub word7 at 8").text.startswith("✓ 8  word7 · daily 08:00 UTC")


def test_a_refusal_shows_the_place_and_an_example(product: Product) -> None:
    for text, lines in [
        ("/sub -survey", ["✗ This only excludes. Say what you want, too.", "-survey", "^", "For example: diffusion -survey"]),
    ]:  # fmt: skip
        said = product.says(text)
        assert (said.lines, said.buttons) == (lines, [])
    said = product.says("/sub " + "graph " * 681)
    assert said.lines[0] == "✗ This is longer than 1,000 characters."
    assert len(said.text) < 400


def test_words_of_any_script_are_words(product: Product) -> None:
    words = ["שלום עולם", "تعلم عميق", "扩散模型", "\u202eevil\u202c text"]
    for text in words:
        assert product.says(f"/sub {text}").text.startswith("✓")
    assert [html.unescape(text) for text in product.queries()] == words


def test_a_slash_of_full_width_and_a_colon_are_no_hindrance(product: Product) -> None:
    for typed in ("／sub pliko now", "/sub: pliko now", "/sub，pliko now", "/Sub@paperwire_test_bot: pliko now"):
        product.says(typed)
        assert [(one["canonical"], one["cadence"]) for one in product.subscriptions()] == [("pliko", "now")]
        product.says("/unsub all")


def test_in_chinese_no_blank_stands_behind_a_full_stop_or_a_colon(group: Product) -> None:
    group.brings("Diffusion of light")
    said = group.says('/sub "diffusion" at 8', GROUP, by="7", language="zh-hans")
    assert said.lines[1] == "最近 7 天有 1 篇论文。首次：1月23日 周五 08:00。"
    said = group.says('/sub "light', GROUP, by="7", language="zh-hans")
    assert said.lines[0] == '✓ 2  "light" · 论文公布后 08:00-20:00 UTC（已补上引号。）'

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
        "diffusion models -survey",
        "author:Jane Doe",
        "ti:graph cat:cs.CV -hep-th",
        "(graph OR -tree) forest -(survey review)",
        "rlhf, dpo, reward model, not benchmark",
        '=RAG few-sho* "OR" abs:"deep sets"',
        "stat.ML | cs.* | 2601.15529 | doi:10.1234/abc",
        "扩散模型 或 标题：流匹配，不含综述",
        "作者：何恺明 且 类别：cs.CV",
        "all:graph source:daily",
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


def test_what_was_guessed_is_told_in_words(product: Product) -> None:
    for query, hint in [
        ('"graph neural', "(I closed the quotation mark.)"),
        ("cs.XX", "(There is no category cs.XX, so I look for the words. A category looks like cs.CV.)"),
    ]:
        assert product.says(f"/sub {query}").lines[1] == hint


def test_more_than_three_papers_are_counted_and_three_named_the_best_first_then_the_newest(product: Product) -> None:
    product.brings(
        *(f"Diffusion {number}" for number in range(1, 6)), paper("Waves", abstract="By diffusion they spread.")
    )
    said = product.says("/sub diffusion at 8")
    assert said.lines[1].startswith("6 papers in the last 7 days, for example: ")
    assert re.findall(r"Diffusion \d", said.lines[1]) == ["Diffusion 5", "Diffusion 4", "Diffusion 3"]


def test_in_a_group_it_is_two_lines(group: Product) -> None:
    group.brings("Diffusion on graphs", "Diffusion")
    said = group.says("/sub diffusion at 8", GROUP, by="7")
    assert said.lines == [
        "✓ 1  diffusion · daily 08:00 UTC",
        "2 papers in the last 7 days. First: Fri 23 Jan 08:00.",
    ]
    assert said.buttons == ["undo"]
    assert group.says("/sub time series daily", GROUP, by="7").buttons == ["daily 09:00", "as words"]


def test_in_a_public_group_there_are_no_buttons(product: Product) -> None:
    product.telegram.knows(GROUP, username="lab", people={"7": "creator"})
    assert product.says("/sub diffusion", GROUP, by="7").buttons == []
    said = product.says("/sub time series daily", GROUP, by="7")
    assert (said.buttons, said.lines[0]) == ([], "✓ 2  time series · daily 09:00 UTC"), "nobody could press an answer"


def test_a_time_is_read_at_the_end_only(product: Product) -> None:
    for number, (typed, head) in enumerate(
        [
            ("diffusion now", "diffusion · now"),
            ("kelp at 8", "kelp · daily 08:00 UTC"),
            ("tides weekly on mon at 9am", "tides · weekly mon 09:00 UTC"),
            ("reefs when-out 9-18 weekdays", "reefs · when-out 09:00-18:00 weekdays UTC"),
            ("waves when-out", "waves · when-out 08:00-20:00 UTC"),
            ("diffusion at home", "diffusion at home · when-out 08:00-20:00 UTC"),
            ('"diffusion now"', '"diffusion now" · when-out 08:00-20:00 UTC'),
            ("now", "now · when-out 08:00-20:00 UTC"),
        ],
        start=1,
    ):
        assert product.says(f"/sub {typed}").lines[0] == f"✓ {number}  {head}"


def test_when_out_keeps_the_times_of_the_chat(product: Product) -> None:
    product.says("/sub graphs")
    product.says("/set schedule when-out 10:00-12:00")
    assert product.says("/sub diffusion when-out").lines[0].endswith("when-out 10:00-12:00 UTC")


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


def test_the_first_wish_of_a_person_asks_for_their_clock_and_the_second_does_not(group: Product) -> None:
    said = group.says("/sub diffusion")
    assert "The times are those of UTC. Which clock is yours?" in said.lines
    assert said.buttons[-2:] == ["12:00 London", "another city"]
    cities = group.presses("another city")
    assert not cities.changed
    assert "13:00 Berlin" in cities.buttons
    group.presses("13:00 Berlin")
    said = group.says("/sub graphs at 8")
    assert said.lines[0] == "✓ 2  graphs · daily 08:00 Europe/Berlin"
    assert "another city" not in said.buttons
    assert "another city" not in group.says("/sub diffusion", GROUP, by="7").buttons


def test_the_clocks_are_those_of_the_language(product: Product) -> None:
    said = product.says("/sub diffusion", language="zh-hans")
    assert said.buttons[-3:] == ["20:00 上海", "19:00 曼谷", "别的城市"]


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
    said = product.says("/sub diffusion\n-survey\n\n  stat.ML daily 9\nti:")
    assert said.lines == [
        "✓ 2 of 4 lines are subscriptions now.",
        "-survey",
        "^ This only excludes. Say what you want, too.",
        "ti:",
        "^ ti: has nothing after it to look for.",
        "1  diffusion · when-out 08:00-20:00 UTC",
        "2  category:stat.ML · daily 09:00 UTC",
    ]
    product.presses("undo")
    assert texts(product) == []


def test_one_that_is_there_already_is_told_among_several(product: Product) -> None:
    product.says("/sub diffusion")
    said = product.says("/sub diffusion\ngraphs")
    assert said.lines[1] == "1  diffusion · when-out 08:00-20:00 UTC · It was there already; its schedule stays."
    product.presses("undo")
    assert texts(product) == [(1, "diffusion")]


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
    listed = "[telegram:42]\n" + "".join(f"now | word{number} | \n" for number in range(200))
    assert product.runs("import", str(product.writes("many.txt", listed))).status == 0
    assert product.says("/sub diffusion").lines == ["✗ A chat can have 200 subscriptions.", "Remove one first."]
    assert product.says("/sub word7 at 8").text.startswith("✓ 8  word7 · daily 08:00 UTC")


def test_a_refusal_shows_the_place_and_an_example(product: Product) -> None:
    for text, lines in [
        ("/sub -survey", ["✗ This only excludes. Say what you want, too.", "-survey", "^", "For example: diffusion -survey"]),
        ("/sub 🙂 🎉", ["✗ There is no word in this to look for.", "🙂 🎉", "^", "For example: diffusion -survey"]),
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


def test_who_speaks_chinese_is_understood_and_answered(product: Product) -> None:
    product.brings(paper("A paper", summary="扩散模型"))
    for text in ("/sub 扩散模型 -综述 at 8", "/list", "/unsub", "/pause 1 7d", "/resume 1", "/schedule 1"):
        said = product.says(text, language="zh-hans")
        assert re.search(r"[\u4e00-\u9fff]", said.text)
        assert "{" not in said.text
    assert texts(product) == [(1, "扩散模型 -综述")]


def test_in_chinese_no_blank_stands_behind_a_full_stop_or_a_colon(group: Product) -> None:
    group.brings("Diffusion of light")
    said = group.says('/sub "diffusion" at 8', GROUP, by="7", language="zh-hans")
    assert said.lines[1] == "最近 7 天有 1 篇论文。首次：1月23日 周五 08:00。"
    said = group.says('/sub "light', GROUP, by="7", language="zh-hans")
    assert said.lines[0] == '✓ 2  "light" · 论文公布后 08:00-20:00 UTC（已补上引号。）'


@pytest.mark.parametrize("text", ["daily " + "1" * 980, "每天" * 490, "at 1 " * 190, "every" + " day" * 240])
def test_no_words_at_the_end_take_long_to_look_at(product: Product, text: str) -> None:
    # an algorithm with exponential time would not finish
    assert product.says(f"/sub x {text} y").text.startswith("✓ 1")

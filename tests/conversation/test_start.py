"""start and help, and messages that the bot does not understand."""

import re

import pytest

from tests.fakes.telegram import NAME
from tests.papers import paper
from tests.product import Product


def commands(product: Product) -> list[str]:
    """Returns the names of all commands that `help all` lists."""
    return re.findall(r"/(\w+)", "\n".join(product.says("/help all").lines[:-1]))


def test_the_first_words_are_two_sentences_three_examples_the_other_language_and_two_links(product: Product) -> None:
    said = product.says("/start")
    assert len(said.lines) == 2
    assert said.buttons[3:] == ["中文", "add to group", "add to channel"]
    assert [key["url"] for key in said.keys if "url" in key] == [
        f"https://t.me/{NAME}?startgroup=added",
        f"https://t.me/{NAME}?startchannel=added&admin=post_messages",
    ]
    examples = said.buttons[:3]
    for number, example in enumerate(examples, start=1):
        assert product.presses(example).text.startswith(f"✓ {number}  ")
    assert product.queries() == examples


def test_the_other_language_is_one_press_away_and_back(product: Product) -> None:
    product.says("/start")
    chinese = product.presses("中文")
    assert chinese.changed
    assert "English" in chinese.buttons
    assert product.says("/list").text.startswith("还没有订阅")
    product.says("/start")
    assert "中文" in product.presses("English").buttons


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_help_is_five_lines_with_an_example_each_that_works(product: Product, lang: str) -> None:
    product.brings(paper("Diffusion on graphs", "cs.LG"))
    product.says(f"/lang {lang}")
    said = product.says("/help")
    assert len(said.lines) == 5
    examples = [line[line.index("/") :] for line in said.lines]
    assert [example.split()[0] for example in examples] == ["/sub", "/today", "/today", "/list", "/set"]
    for example in examples:
        answer = product.says(example)
        assert answer.text[:1] not in ("", "✗"), answer.text


@pytest.mark.parametrize(("lang", "more"), [("en", "all commands"), ("zh", "全部命令")])
def test_a_button_lists_all_commands_in_place_of_the_first_few(product: Product, lang: str, more: str) -> None:
    product.says(f"/lang {lang}")
    product.says("/help")
    pressed = product.presses(more)
    assert pressed.changed
    for said in ("/help all", "/help 全部"):
        assert product.says(said).text == pressed.text
    assert (
        product.presses(pressed.buttons[0]).text == product.says("/help query").text == product.says("/help 查询").text
    )


def test_help_names_every_command_once_but_not_those_of_operators(product: Product) -> None:
    names = commands(product)
    assert len(names) == len(set(names))
    assert {"sub", "unsub", "list", "pause", "today", "search", "set", "undo", "privacy", "export"} <= set(names)
    assert not {"allow", "deny"} & set(names)
    assert len(product.says("/help all").text) < 500
    product.sets(ADMINS="telegram:42")
    assert {"allow", "deny"} <= set(commands(product))


@pytest.mark.usefixtures("meaning")
def test_help_on_a_command_shows_how_it_is_said_and_every_example_of_it_works(product: Product) -> None:
    product.brings(paper("Diffusion on graphs", "cs.LG", arxiv_id="2601.15529"))
    product.says("/sub diffusion at 8")
    for name in commands(product):
        said = product.says(f"/help {name}")
        assert f"/{name}" in said.lines[0] or name == "set", said.text
        for example in said.lines[1:]:
            if not example.startswith("/") or "@" in example:
                continue  # other names of the command, or about another chat
            if example == "/undo":
                product.says("/name 1 Kelp")
            answer = product.says(example)
            assert answer.text[:1] not in ("", "✗"), (example, answer.text)
            if "undo" in answer.buttons:
                product.presses("undo")


def test_help_on_nothing_known_says_where_everything_is(product: Product) -> None:
    for topic in ("quary", "🎉🎉"):
        assert product.says(f"/help {topic}").text == f"✗ There is no help on “{topic}”.\n/help lists what I know."


def test_about_thanks_arxiv_in_its_own_words_and_names_whom_to_ask(product: Product) -> None:
    product.sets(CONTACT="me@example.org")
    for language in ("en", "zh"):
        said = product.says("/help about", language=language)
        assert "Thank you to arXiv for use of its open access interoperability." in said.lines
        assert all(word in said.text for word in ("me@example.org", "MIT", "/privacy"))
        assert re.search(r"\d+\.\d+\.\d+", said.text)


def test_an_unknown_command_gets_the_nearest(product: Product) -> None:
    for typed, meant in [
        ("timezon", "timezone"),
        ("subdiffusion", "sub"),
        ("activeall", "resume"),
        ("delete", "unsub"),
    ]:
        assert product.says(f"/{typed}").text == f"✗ I do not know /{typed}.\nDid you mean /{meant}?"
    assert product.says("/xyzzyq").text == "✗ I do not know /xyzzyq.\n/help lists what I know."


def test_long_words_are_not_said_back(product: Product) -> None:
    product.says("/sub diffusion")
    for name in ("set", "tz", "pause", "unsub", "lang", "schedule", "help", "sub"):
        for words in ("z" * 4000, "z" * 990, "@" + "z" * 4000):
            said = product.says(f"/{name} {words}")
            assert len(said.entries) == 1
            assert len(said.text) < 1400

"""Text without a slash: ids and links of papers, files, and what asks nothing. Nothing of it changes anything."""

import pytest

from tests.papers import paper
from tests.product import Product

ONLY_TEXT = "I read only text: words that papers should contain, or a link to a paper."
HOSTILE = (
    "?!",
    "()",
    "-survey",
    "graph)",
    "(" * 4096,
    "x" * 4096,
    "图" * 4096,
    "مرحبا بالعالم",
    "شبكة \u202e عصبية",
    "<b>A</b> &amp; ${{[[%s]]}}",
    '"' * 99,
    "cat: OR AND NOT",
    "a OR b OR diffusion",
    "   diffusion   ",
    "😀🎉",
    "/",
    "￾\u0000\u0007 diffusion",
)


def test_every_text_is_answered_in_a_few_lines_and_changes_nothing(product: Product) -> None:
    product.brings("Diffusion", "Graphs")
    for text in HOSTILE:
        said = product.says(text)
        assert said.lines[0], text
        assert len(said.entries) == 1
        assert len(said.text) < 1500
    assert product.queries() == []


@pytest.mark.parametrize("sends", ["sticker", "photo"])
def test_what_is_no_text_gets_one_line(product: Product, sends: str) -> None:
    assert product.says("", sends=sends).lines == [ONLY_TEXT]


def test_several_are_cards_with_numbers(product: Product) -> None:
    product.brings(*(paper(f"Paper {n}", arxiv_id=f"2601.0000{n}") for n in range(1, 8)))
    said = product.says("2601.00001, 2601.00003 https://arxiv.org/abs/2601.00001")
    assert [line.partition(" — ")[0] for line in said.lines if "Paper" in line] == ["1 Paper 1", "2 Paper 3"]
    assert said.buttons == ["1", "2"]
    assert "Paper 3" in product.presses("2").text
    many = product.says(" ".join(f"2601.0000{n}" for n in range(1, 8)))
    assert many.lines[0] == "The first 5 of 7."
    assert many.buttons == ["1", "2", "3", "4", "5"]


def test_an_unknown_one_is_not_invented(product: Product) -> None:
    assert product.says("2512.00009").lines == ["✗ 2512.00009 is not known here.", "No papers are known yet."]
    product.brings(paper("Diffusion", arxiv_id="2601.00001"))
    said = product.says("2512.00009")
    assert said.lines == ["✗ 2512.00009 is not known here.", "I know the papers that came since Thu 22 Jan 12:00."]
    assert [(key["text"], key["url"]) for key in said.keys] == [("look there", "https://arxiv.org/abs/2512.00009")]
    both = product.says("2512.00009 2601.00001")
    assert both.lines[0] == "2512.00009 is not known here."
    assert "Diffusion" in both.text


def test_a_link_beside_a_file_goes_first_and_what_is_no_text_is_refused(product: Product) -> None:
    product.brings(paper("Diffusion", arxiv_id="2601.00001"))
    pdf = ("a.pdf", "%PDF-1.7\0")
    assert product.says("https://arxiv.org/abs/2601.00001", file=pdf).lines[0] == "Diffusion"
    assert product.says("", file=pdf).lines[0].startswith("✗ ")

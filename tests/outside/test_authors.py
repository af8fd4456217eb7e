"""An author whose paper has only initials is found by the full name, unless it is excluded or a common one."""

import httpx
import pytest

from tests.papers import paper
from tests.patience import PATIENCE
from tests.product import Product

KELP = paper("Kelp and Its Limpets", authors=["Burt, A.", "Quill, M."])
MOSS = paper("Moss on Old Walls", authors=["Alice Burt", "B. Burt"])


@pytest.mark.parametrize(
    "said", ['/search author:"Austin Burt"', '/today author:"Burt, Austin"', "papers by Austin Burt"]
)
def test_full_name_finds_paper_with_initials(product: Product, said: str) -> None:
    product.brings(KELP, MOSS)
    shown = product.says(said).text
    assert KELP.title in shown
    assert MOSS.title not in shown


def test_author_with_initials_is_delivered_explained_and_in_the_feed(product: Product) -> None:
    product.sets(WEB_URL="https://papers.example.org")
    product.says('/sub author:"Austin Burt" now')
    product.brings(KELP, MOSS)
    (message,) = product.later(minutes=1)
    assert KELP.title in message.text
    assert MOSS.title not in message.text
    assert "author: Burt, A." in product.says(f"/why {KELP.arxiv_id}").text
    (address,) = [line for line in product.says("/feed").lines if line.endswith(".atom")]
    with product.starts("run", moved=True) as process, httpx.Client(timeout=PATIENCE, trust_env=False) as reader:
        feed = reader.get(process.waits_until_ready() + address.removeprefix("https://papers.example.org")).text
    assert (KELP.title in feed, MOSS.title in feed) == (True, False)


def test_exclusion_leaves_out_only_the_full_name(product: Product) -> None:
    product.brings(KELP, paper("Kelp alone", authors=["Austin Burt"]))
    shown = product.says('/search kelp -author:"Austin Burt"').text
    assert KELP.title in shown
    assert "Kelp alone" not in shown


def test_answer_names_the_author_as_the_paper_does(product: Product) -> None:
    product.brings(KELP, MOSS)
    shown = product.says('/sub author:"Austin Burt"')
    assert f"It finds 1 paper in the last 7 days: {KELP.title} ({KELP.arxiv_id}), by Burt, A." in shown.lines
    assert "also A. Burt" not in shown.buttons


WEI = (paper("Kelp", authors=["Wei Zhang"]), paper("Moss", authors=["W. Zhang"]), paper("Reefs", authors=["Zhang W"]))


@pytest.mark.parametrize(
    ("asked", "wider"),
    [
        ('author:"Wei Zhang"', 'author:"Wei (W.) Zhang"'),
        ('author:"Zhang, Wei"', 'author:"Wei (W.) Zhang"'),
        ("author:Zhang, Wei", 'author:"Wei (W.) Zhang"'),
        ('author:"wei zhang" -survey', 'author:"wei (W.) Zhang" -survey'),
        ('lichens OR author:"Wei Zhang"', 'lichens OR author:"Wei (W.) Zhang"'),
    ],
)
def test_common_family_name_is_widened_by_a_button(product: Product, asked: str, wider: str) -> None:
    product.brings(*WEI, paper("Sand", authors=["Wen Zhang"]))
    shown = product.says(f"/sub {asked} now")
    assert "2 stored papers are by W. Zhang, perhaps somebody else." in shown.lines
    widened = product.presses("also W. Zhang")
    assert product.queries() == [wider]
    assert "also W. Zhang" not in widened.buttons
    product.brings(paper("Dunes", authors=["Zhang, W."]))
    (message,) = product.later(minutes=1)
    assert "Dunes" in message.text
    product.presses("undo")
    assert product.queries() == [asked]


@pytest.mark.parametrize(
    "asked",
    [
        "author:Zhang",
        'author:"W. Zhang"',
        'author:="Wei Zhang"',
        'kelp -author:"Wei Zhang"',
        'author:"Li Zhang"',
        "author:zhang*",
    ],
)
def test_other_names_are_not_widened(product: Product, asked: str) -> None:
    product.brings(*WEI)
    assert "perhaps" not in product.says(f"/sub {asked}").text


def test_edit_offers_initials_too(product: Product) -> None:
    product.brings(*WEI)
    product.says("/sub kelp")
    assert "also W. Zhang" in product.says('/edit 1 author:"Wei Zhang"').buttons

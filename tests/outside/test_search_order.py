"""A search, /today and a delivery show papers in one order, and a search shows no papers of other subjects."""

import pytest

from tests.papers import paper
from tests.product import Product

PAPERS = [  # the newest last
    paper("Tidal pools of video models", abstract="They are warm."),
    paper("Pools", abstract="Few models of a video are known."),
    paper("Video", abstract="We have models, and other things between them and a video of a beach."),
    paper("Beaches", abstract="A video. Later in the text, after many other words of no use to anybody, models."),
    paper("Sand", abstract="Models need sand; a video does not."),
]
BEST = "Tidal pools of video models"


def titles(lines: list[str]) -> list[str]:
    """Return the titles that a reply or a message shows, in its order."""
    known = [one.title for one in PAPERS]
    return [title for line in lines for title in known if line.lstrip("1234567890 ").startswith(title)]


@pytest.fixture
def filled(product: Product) -> Product:
    product.brings(*PAPERS)
    return product


@pytest.mark.parametrize("asks", ["video models", "/search video models", "/today video models"])
def test_search_shows_papers_in_the_order_of_a_delivery(filled: Product, asks: str) -> None:
    shown = titles(filled.says(asks).lines)
    assert len(shown) == 5
    assert shown[0] == BEST
    assert filled.runs("subscribe", "video models", "--as", "telegram:43", "--when", "now").status == 0
    previewed = filled.runs("preview", "video models", "--as", "telegram:43").out.splitlines()
    assert titles(previewed) == shown


def test_pages_of_a_search_go_on_in_that_order(filled: Product) -> None:
    filled.brings(*(paper(f"Shore {number}", abstract="A model of a video.") for number in range(8)))
    assert BEST in filled.says("/search video model").text
    more = filled.presses("show more")
    assert BEST not in more.text
    assert BEST in filled.presses("newer").text


@pytest.mark.usefixtures("meaning")
@pytest.mark.parametrize("query", ["kelp", "moss growing on old walls"])
def test_search_shows_no_papers_of_other_subjects(filled: Product, query: str) -> None:
    reply = filled.says(query)
    assert titles(reply.lines) == []
    assert "nearest" not in reply.text


@pytest.mark.usefixtures("meaning")
def test_search_shows_two_near_papers_without_their_texts(filled: Product) -> None:
    for number in range(4):
        filled.brings(paper(f"Honey bees swarm {number}", abstract="How honey bees find a home."))
    reply = filled.says("honey bees swarm quickly")
    assert sum("Honey bees swarm" in line for line in reply.lines) == 2
    assert "find a home" not in reply.text

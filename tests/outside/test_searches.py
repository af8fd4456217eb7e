"""What a search says: of how many papers each number is if it would take long, and whether a text is an author's name."""

from datetime import timedelta

import pytest

from tests.papers import paper
from tests.product import Product


def reads_at_most(monkeypatch: pytest.MonkeyPatch, papers: int) -> None:
    """Lets a search read fewer papers than usual, since bringing hundreds takes long."""
    monkeypatch.setattr("subscriptions.papers.search.MOST_READ", papers)


@pytest.fixture
def four_days(product: Product) -> Product:
    """On each of the last four days a paper with a program came, and one without."""
    for day in range(4):
        with_code = paper(f"Kelp {day}", abstract="Code: https://github.com/lab/kelp")
        product.brings(with_code, paper(f"Moss {day}", abstract="Of mosses."))
        product.clock.advance(timedelta(days=1))
    return product


def test_a_search_that_reads_papers_says_how_far_back_it_looked_and_goes_on(
    four_days: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads_at_most(monkeypatch, 3)
    pages = [four_days.says("/search has:code")]
    while "show more" in pages[-1].buttons:
        pages.append(four_days.presses("show more"))
    assert [page.lines[0] for page in pages] == [
        "1 of the newest 3 papers, back to Sat 24 Jan",
        "2 of 3 papers before them, back to Fri 23 Jan",
        "1 of 2 papers before them, back to Thu 22 Jan",
    ]
    titles = [line.split()[2] for page in pages for line in page.lines if " Kelp " in line]
    assert titles == ["3", "2", "1", "0"]


def test_a_search_goes_on_by_itself_until_it_finds_something(
    four_days: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads_at_most(monkeypatch, 2)
    four_days.brings(*(paper(f"Fern {number}", abstract="Of ferns.") for number in range(5)))
    assert four_days.says("/search has:code").lines[0] == "1 of the newest 8 papers, back to Sat 24 Jan"


@pytest.mark.parametrize(
    ("said", "counted"),
    [
        ("/today has:code 7d", "1 paper in the last 7 days (of the newest 3 papers)"),
        ("/sub has:code", "It finds 1 paper in the last 7 days (of the newest 3 papers): Kelp 3"),
    ],
)
def test_what_is_counted_in_some_papers_only_says_so(
    four_days: Product, monkeypatch: pytest.MonkeyPatch, said: str, counted: str
) -> None:
    reads_at_most(monkeypatch, 3)
    assert any(line.startswith(counted) for line in four_days.says(said).lines)


def test_a_delivery_is_never_cut(four_days: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    reads_at_most(monkeypatch, 1)
    four_days.says("/sub has:code daily 9")
    four_days.brings(*(paper(f"Eel {number}", abstract="github.com/lab/eel") for number in range(3)))
    (delivery,) = four_days.later(hours=21, minutes=1)
    assert all(f"Eel {number}" in delivery.text for number in range(3))


@pytest.fixture
def of_kalman(product: Product) -> Product:
    """Two papers are by Jane Kalman, and a third one has her name in its title."""
    product.brings(*(paper(f"Kelp {number}", authors=["Jane Kalman", "Bo Derek"]) for number in range(2)))
    product.brings(paper("On filters of Kalman", authors=["Ann Lee"]))
    return product


@pytest.mark.parametrize("said", ["Jane Kalman", "/search derek"])
def test_a_text_that_is_only_an_authors_name_finds_the_papers_of_that_author(of_kalman: Product, said: str) -> None:
    name = said.removeprefix("/search ")
    assert of_kalman.says(said).lines[:3] == [
        "2 papers in the last 7 days",
        f'author:"{name}"',
        f"(“{name}” is the name of an author.)",
    ]


@pytest.mark.parametrize("said", ["Kalman", "Kalman filters"])
def test_words_that_a_paper_has_are_words(of_kalman: Product, said: str) -> None:
    found = of_kalman.says(said)
    assert "On filters of Kalman" in found.text
    assert "Kelp" not in found.text


@pytest.mark.parametrize("said", ["2601.123456", "arxiv.org/abs/2601.123", "https://example.org/paper.pdf"])
def test_a_link_or_an_id_of_no_paper_is_told_what_can_be_read(product: Product, said: str) -> None:
    found = product.says(said)
    assert found.lines[0].startswith("✗")
    assert "arxiv.org/abs/…" in found.text

"""An answer that ends before its own total is not whole: its source is not quiet, and is asked again."""

import json
from collections.abc import Iterator

import pytest

from tests.fakes.arxiv import FakeArxiv
from tests.product import Product

DETAILS = "/details/biorxiv/2026-01-21/2026-01-22"
QUERY = "/api/query?search_query=cat:cs.LG&start=0&max_results=100"
ENTRY = "<entry><id>http://arxiv.org/abs/2601.00001v1</id><title>Kites</title><summary>High.</summary></entry>"


@pytest.fixture
def server(product: Product) -> Iterator[FakeArxiv]:
    product.sets(ALLOWED_HOSTS="127.0.0.1")
    with FakeArxiv() as made:
        yield made


def source(product: Product, address: str) -> None:
    product.writes("paperwire.toml", f'[[source]]\nname = "web"\nurl = "{address}"\n')


def polled(product: Product) -> tuple[int, str, str]:
    """Returns (the exit status of a poll, what became of it, why)."""
    finished = product.runs("sources", "poll", "web")
    (known,) = product.tells("sources")
    return finished.status, known["last"]["outcome"], known["last"]["detail"]


def preprints(first: int, last: int, total: int) -> str:
    papers = [
        {
            "doi": f"10.1101/2026.01.21.{number:06d}",
            "title": f"Moss {number}",
            "authors": "Example, A.",
            "date": "2026-01-22",
            "version": "1",
            "type": "new results",
            "category": "ecology",
            "abstract": "It grows.",
            "server": "biorxiv",
        }
        for number in range(first, last)
    ]
    return json.dumps({"messages": [{"status": "ok", "count": len(papers), "total": str(total)}], "collection": papers})


def test_page_of_biorxiv_without_papers_is_not_the_end(product: Product, server: FakeArxiv) -> None:
    source(product, f"{server.url}{DETAILS}/0")
    server.holds(f"{DETAILS}/0", preprints(0, 2, 3))
    server.holds(f"{DETAILS}/2", preprints(2, 2, 3))
    assert polled(product) == (1, "failed", "The answer ends after 2 of 3 papers.")
    server.holds(f"{DETAILS}/2", preprints(2, 3, 3))
    assert polled(product)[:2] == (0, "new")
    assert product.runs("subscribe", "moss", "--as", "console:me").status == 0
    shown = product.runs("preview", "--as", "console:me").out
    assert all(f"Moss {number}" in shown for number in range(3))


def test_query_to_arxiv_that_finds_papers_and_shows_none_is_not_quiet(product: Product, server: FakeArxiv) -> None:
    head = '<feed xmlns="http://www.w3.org/2005/Atom"><id>https://arxiv.org/api/a</id>'
    total = '<totalResults xmlns="http://a9.com/-/spec/opensearch/1.1/">{}</totalResults>'
    source(product, f"{server.url}{QUERY}")
    server.holds(QUERY, f"{head}{total.format(700)}</feed>")
    assert polled(product) == (1, "failed", "The answer ends after 0 of 700 papers.")
    server.holds(QUERY, f"{head}{total.format(1)}{ENTRY}</feed>")
    assert polled(product)[1] == "new"
    server.holds(QUERY, f"{head}{total.format(0)}</feed>")
    assert polled(product)[1] == "quiet"


def test_server_that_repeats_its_first_page_is_not_whole(product: Product, server: FakeArxiv) -> None:
    source(product, f"{server.url}{DETAILS}/0")
    server.holds(f"{DETAILS}/0", preprints(0, 2, 6))
    server.holds(f"{DETAILS}/2", preprints(0, 2, 6))
    assert polled(product) == (1, "failed", "The answer repeats itself after 2 papers.")

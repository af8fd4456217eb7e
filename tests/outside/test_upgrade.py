"""What people notice of an upgrade from version 1.0.0: it compares words otherwise, and loses nothing."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.clock import NOON
from tests.papers import paper
from tests.product import Product

pytestmark = pytest.mark.sqlite_alone("the database that version 1.0.0 made is a file")
MADE_BY_1_0_0 = Path(__file__).parents[1] / "integration" / "made_by_1_0_0" / "sqlite.sql"


@pytest.fixture
def upgraded(installed: Product) -> Product:
    """The program on a database of version 1.0.0, in which Ada waits for metastases, each day at 9 in Berlin."""
    with closing(sqlite3.connect(installed.folder / "paperwire.db")) as made:
        made.executescript(MADE_BY_1_0_0.read_text())
        made.execute("UPDATE subscription SET text = 'metastases', canonical = 'metastase' WHERE chat = 2")
        made.commit()
    return installed


def brings(product: Product, *titles: str) -> None:
    """Bring papers that version 1.0.0 did not have."""
    product.brings(*(paper(title, arxiv_id=f"2601.7000{number}") for number, title in enumerate(titles)))


def test_subscription_of_1_0_0_brings_each_paper_by_the_present_words(upgraded: Product) -> None:
    brings(upgraded, "A metastasis of kelp", "Metastases of moss", "Metastable tides")
    (bulletin,) = upgraded.at(NOON + timedelta(hours=21))
    assert [title in bulletin.text for title in ("of kelp", "of moss", "tides")] == [True, True, False]


def test_search_finds_papers_of_1_0_0_by_the_present_words(upgraded: Product) -> None:
    found = upgraded.says("granites lights")
    assert "Limpets" not in found.text
    assert "Limpets on granite" in upgraded.says("/search granites shore").text


def test_restart_tells_nothing_twice(upgraded: Product) -> None:
    brings(upgraded, "A metastasis of kelp")
    with closing(sqlite3.connect(upgraded.folder / "paperwire.db")) as made, made:
        made.execute("UPDATE key_value SET value = '1' WHERE name = 'words'")
    told = [one for _ in range(2) for one in upgraded.later(minutes=1)]
    assert [notice.lines[-1] for notice in told] == ["“metastases” now also finds metastasis: about 1 more a day."]

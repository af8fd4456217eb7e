"""From Friday to Tuesday, deliveries come at the announced times, and no delivery comes at night."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.clock import NOON
from tests.fakes.arxiv import FakeArxiv
from tests.papers import Paper, paper
from tests.product import Product

MIDNIGHT = NOON - timedelta(hours=12)
FRIDAY, SATURDAY, MONDAY, TUESDAY = (MIDNIGHT + timedelta(days=days) for days in (1, 2, 4, 5))
BATCH = timedelta(hours=5, minutes=5)  # from midnight UTC until arXiv's batch of the day can be read, in winter


@pytest.fixture
def arxiv(product: Product) -> Iterator[FakeArxiv]:
    """The only source: a feed on arXiv's schedule."""
    with FakeArxiv() as fake:
        product.writes("paperwire.toml", f'[[source]]\nname = "arXiv"\nurl = "{fake.url}/rss/cs"\nschedule = "arxiv"\n')
        product.sets(ALLOWED_HOSTS="127.0.0.1")
        yield fake


def test_a_weekend_and_a_late_monday(product: Product, arxiv: FakeArxiv) -> None:
    def comes(*papers: Paper) -> None:
        """ArXiv announces the batch of the day, and the program looks for it."""
        arxiv.announces(product.clock.now().date(), *papers)
        product.runs("sources", "poll")

    product.at(FRIDAY + BATCH)
    comes(paper("Rivers"))
    product.at(SATURDAY + timedelta(hours=21))
    said = product.says("/sub diffusion")
    assert "First: Mon 26 Jan about 08:00 (arXiv is quiet at the weekend)." in said.text
    product.says("/sub trees now")

    # Nothing comes at the weekend, nor on a Monday morning when arXiv is late.
    for _ in range(34):
        product.runs("sources", "poll")
        assert product.later(hours=1) == []
    product.at(MONDAY + timedelta(hours=9))
    product.runs("sources", "poll")
    assert product.later(minutes=1) == []
    assert any(
        line.startswith("arXiv has not come yet: due since Mon 26 Jan 05:05.") for line in product.says("/status").lines
    )

    # The batch comes at noon. One delivery has the papers for "now" and those for the subscription that waited for it.
    product.at(MONDAY + timedelta(hours=12))
    comes(paper("Diffusion on maps"), paper("Trees"), paper("Stars"))
    (came,) = product.later(minutes=1)
    assert all(title in came.text for title in ("Diffusion on maps", "Trees"))
    assert "Stars" not in came.text
    assert product.says("/status").lines[-1] == "Next: Tue 27 Jan about 08:00."

    # Papers that come at night wait for the morning, together with the batch of the day.
    product.at(MONDAY + timedelta(hours=23))
    product.brings(paper("Trees at night"))
    assert product.later(minutes=1) == []
    product.at(TUESDAY + BATCH)
    comes(paper("Diffusion of Tuesday"))
    assert product.later(minutes=1) == []
    (came,) = product.at(TUESDAY + timedelta(hours=8))
    assert all(title in came.text for title in ("Trees at night", "Diffusion of Tuesday"))
    assert product.later(hours=11) == []

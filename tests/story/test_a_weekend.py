"""From Friday evening to Tuesday, deliveries come at the announced times, and no delivery comes at night."""

from datetime import timedelta

from tests.clock import NOON
from tests.expected_sources import BATCH, ExpectedSources
from tests.papers import paper
from tests.product import Product

MIDNIGHT = NOON - timedelta(hours=12)
FRIDAY, SATURDAY, MONDAY, TUESDAY = (MIDNIGHT + timedelta(days=days) for days in (1, 2, 4, 5))


def test_a_weekend_and_a_late_monday(product: Product) -> None:
    arxiv = ExpectedSources(product.app.store)
    arxiv.reports("new", at=FRIDAY + BATCH)
    product.clock.set_now(FRIDAY + timedelta(hours=21))
    said = product.says("/sub diffusion")
    assert "First: Mon 26 Jan about 08:00 (arXiv is quiet at the weekend)." in said.text
    product.says("/sub trees now")

    # Nothing comes at the weekend, nor on a Monday morning when arXiv is late.
    for _ in range(58):
        assert product.later(hours=1) == []
    product.clock.set_now(MONDAY + timedelta(hours=9))
    assert product.later(minutes=1) == []
    assert "arXiv has not come yet: due since Mon 26 Jan 05:05." in (product.says("/status")).lines

    # The batch comes at noon. One delivery has the papers for "now" and those for the subscription that waited for it.
    product.clock.set_now(MONDAY + timedelta(hours=12))
    product.brings(paper("Diffusion on maps"), paper("Trees"), paper("Stars"))
    arxiv.reports("new", at=product.clock.now())
    (came,) = product.later(minutes=1)
    assert all(title in came.text for title in ("Diffusion on maps", "Trees"))
    assert "Stars" not in came.text
    assert (product.says("/status")).lines[-1] == "Next: Tue 27 Jan about 08:00."

    # Papers that come at night wait for the morning, together with the batch of the day.
    product.clock.set_now(MONDAY + timedelta(hours=23))
    product.brings(paper("Trees at night"))
    assert product.later(minutes=1) == []
    product.clock.set_now(TUESDAY + BATCH)
    product.brings(paper("Diffusion of Tuesday"))
    arxiv.reports("new", at=product.clock.now())
    assert product.later(minutes=1) == []
    product.clock.set_now(TUESDAY + timedelta(hours=8))
    (came,) = product.later(minutes=0)
    assert all(title in came.text for title in ("Trees at night", "Diffusion of Tuesday"))
    assert product.later(hours=11) == []

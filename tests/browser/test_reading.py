"""Reading on the page: the newest paper first, and lines that begin at one edge."""

from tests.browser import visitor as visiting


def test_the_newest_paper_is_shown_until_one_has_written(visit: visiting.Visit) -> None:
    bob = visit("bob-types")
    visiting.knows(visit, "harmonium", "Harmonium reeds, counted")
    bob.page.reload()
    bob.is_live()
    assert bob.page.locator("#papers .paper").count() == 1, "the newest paper is shown first"
    bob.says("/list", "There are no subscriptions yet")
    assert not bob.page.locator("#papers .paper").is_visible()

"""The status page as people use it, and its check by axe-core."""

import pytest

from tests.browser import visitor as visiting


def test_the_status_is_for_operators(visit: visiting.Visit) -> None:
    op, stranger = visit("op"), visit("ivo")
    assert stranger.page.get_by_role("link", name="Status").count() == 0
    assert stranger.page.request.get(f"{stranger.bot.url}status").status == 404
    op.page.get_by_role("link", name="Status").click()
    op.page.get_by_role("heading", name="Came today").wait_for()


@pytest.mark.parametrize(("language", "dark"), [("en", False), ("zh", True)])
def test_axe_finds_nothing_on_it(visit: visiting.Visit, language: str, dark: bool) -> None:
    op = visit(f"op-{language}", dark=dark, still=True)
    assert op.page.goto(f"{op.bot.url}status?language={language}").status == 200
    op.is_accessible(1280, 360)

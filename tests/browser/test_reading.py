"""Reading on the page: what one said before, and keyboard shortcuts."""

from typing import Any

import pytest

from tests.browser import visitor as visiting


def test_the_newest_paper_and_what_one_said_before(visit: visiting.Visit) -> None:
    bob = visit("bob-types")
    visiting.knows(visit, "harmonium", "Harmonium reeds, counted")
    bob.page.reload()
    bob.is_live()
    assert bob.page.locator("#papers .paper").count() == 1, "the newest paper is shown first"
    bob.says("/list", "There are no subscriptions yet")
    text: Any = bob.page.locator("#text")
    text.press("ArrowUp")
    assert text.input_value() == "/list"
    text.press("ArrowDown")
    assert text.input_value() == ""


def test_papers_are_read_with_keys(visit: visiting.Visit) -> None:
    eli = visit("eli-keys")
    visiting.knows(visit, "serpent", "A serpent in brass", "A serpent in wood")
    eli.says("serpent", "A serpent in wood")
    keys: Any = eli.page.keyboard
    keys.press("Escape")
    keys.press("2")
    here = eli.page.locator(".paper.here")
    assert "2" in here.inner_text()
    keys.press("k")
    assert here.inner_text().startswith("1")
    keys.press("s")
    here.locator('.save[aria-pressed="true"]').wait_for()
    eli.page.get_by_role("status").get_by_text("Saved").wait_for()
    keys.press("?")
    assert eli.page.get_by_role("dialog", name="Keys").is_visible()
    assert visiting.violations(eli.page) == []
    keys.press("Escape")
    keys.press("/")
    assert eli.focus("id") == "text"


def test_keys_go_on_from_what_is_in_view_and_say_what_they_need(visit: visiting.Visit) -> None:
    visiting.knows(visit, "clarion", *(f"A clarion {number}" for number in range(1, 11)), "A clarion 11")
    ned = visit("ned-keys", still=True)
    ned.says("clarion", "A clarion 11")
    ned.says("/search clarion")
    ned.has(4)
    page, keys = ned.page, ned.page.keyboard
    here = page.locator(".paper.here")
    first, papers = (page.locator("#log .post").nth(at).locator(".paper") for at in (1, 3))

    def is_at(paper: Any) -> None:
        page.locator(".paper.here").wait_for()
        assert paper.evaluate("paper => paper.classList.contains('here')"), here.inner_text()

    keys.press("Escape")
    keys.press("e")
    page.get_by_role("status").get_by_text("Choose a paper first").wait_for()
    first.nth(1).evaluate("paper => paper.scrollIntoView()")
    keys.press("j")
    is_at(first.nth(2))
    keys.press("j")
    is_at(first.nth(3))
    papers.first.evaluate("paper => paper.scrollIntoView()")  # the chosen one is out of view now
    keys.press("j")
    is_at(papers.nth(1))
    keys.press("k")
    is_at(papers.first)
    keys.press("e")
    page.get_by_role("status").get_by_text("No subscription brought this paper").wait_for()
    assert page.locator("#log .post").count() == 4, "nothing was sent"
    papers.nth(3).locator("summary").focus()
    keys.press("s")
    papers.nth(3).locator('.save[aria-pressed="true"]').wait_for()


@pytest.mark.parametrize("width", [1280, 800, 390, 320])
def test_lines_begin_at_one_edge_and_small_things_are_on_the_line_of_their_neighbours(
    visit: visiting.Visit, width: int
) -> None:
    word, keys = f"ophicleide{width}", "its bells and its many keys, " * 3
    visiting.knows(visit, word, *(f"{word} {number}, {keys}" for number in range(1, 11)), f"Another {word}")
    pat = visit(f"pat-{width}", width=width)
    pat.says(f"/search {word}", word)
    pat.says("/list", "no subscriptions")
    most = 0
    for paper in pat.page.locator("#log .paper").all():
        edges = paper.evaluate("""paper => {
            const range = document.createRange();
            range.selectNodeContents(paper.querySelector("h3 a"));
            const lines = {};
            for (const { bottom, left } of range.getClientRects()) lines[bottom] = Math.min(left, lines[bottom] ?? left);
            return [...Object.values(lines), ...[".facts", ".text"].map((one) => paper.querySelector(one).getBoundingClientRect().left)];
        }""")
        most = max(most, len(edges))
        assert max(edges) - min(edges) < 1, edges
        number = paper.locator(".number").bounding_box()
        assert 0 <= number["x"] < number["x"] + 20 <= edges[0], "the number is in the margin"
        middles = paper.locator(".actions > :not(details), .actions summary").evaluate_all(
            "all => all.map((one) => { const box = one.getBoundingClientRect(); return box.top + box.height / 2; })"
        )
        assert max(middles) - min(middles) < 1, middles
    assert most > 3, "titles of several lines"
    assert (
        pat.page.locator("#log .post").evaluate_all("""posts => posts.map((post) => {
        const first = post.querySelector(".said, .line, h3"), range = document.createRange();
        range.selectNodeContents(first.lastChild);
        const line = range.getClientRects()[0], time = post.querySelector("time").getBoundingClientRect();
        return Math.abs(line.top + line.height / 2 - time.top - time.height / 2) < 4 && line.right <= time.left;
    })""")
        == [True] * 4
    ), "each time is on the first line of its message"

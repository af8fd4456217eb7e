"""Reading on the page: the newest paper first, and lines that begin at one edge."""

import pytest

from tests.browser import visitor as visiting


def test_the_newest_paper_is_shown_until_one_has_written(visit: visiting.Visit) -> None:
    bob = visit("bob-types")
    visiting.knows(visit, "harmonium", "Harmonium reeds, counted")
    bob.page.reload()
    bob.is_live()
    assert bob.page.locator("#papers .paper").count() == 1, "the newest paper is shown first"
    bob.says("/list", "There are no subscriptions yet")
    assert not bob.page.locator("#papers .paper").is_visible()


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

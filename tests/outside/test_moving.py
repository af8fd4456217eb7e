"""A group that gets a new id keeps what it has.

Of two groups that become one, nothing is lost and nothing comes twice.
"""

from tests.fakes.telegram import NAME, FakeTelegram
from tests.papers import paper
from tests.prepared import prepared
from tests.product import Product, Seen

OLD, NEW = "-5", "-1005"
ADMIN = "7"
BIBTEX = "@article{{a, title = {{{title}}}, eprint = {{{id}}}, archivePrefix = {{arXiv}}}}"


@prepared
def groups(product: Product) -> None:
    """Two groups of one administrator, both with two subscriptions, of which one finds the same papers."""
    for group, queries in ((OLD, ("graphs", "trees")), (NEW, ("graph", "forests"))):
        kind = "supergroup" if group == NEW else "group"
        product.telegram.knows(group, kind, title="Lab", people={ADMIN: "creator"})
        for query in queries:
            says(product, f"sub {query} now", group)
        says(product, "set quiet off", group)


def says(product: Product, command: str, group: str, **more: object) -> Seen:
    name, _, rest = command.partition(" ")
    return product.says(f"/{name}@{NAME} {rest}".strip(), group, by=ADMIN, name="Mara", **more)


def moves(product: Product) -> None:
    """The group OLD becomes the supergroup NEW, where the bot is already."""
    product.telegram.migrates(OLD, NEW)
    product.listens()


def numbered(product: Product, group: str = NEW) -> list[tuple[int, str]]:
    return [(one["number"], one["text"]) for one in product.subscriptions(f"telegram:{group}")]


def test_equal_subscriptions_become_one_and_the_others_get_new_numbers(groups: Product) -> None:
    moves(groups)
    assert numbered(groups) == [(1, "graph"), (2, "forests"), (3, "trees")]
    assert groups.queries(OLD) == ["graph", "forests", "trees"], "the old address leads to the new one"
    assert says(groups, "sub leaves", NEW).text.startswith("✓ 4  leaves")


def test_buttons_from_before_mean_the_same_subscription(groups: Product) -> None:
    says(groups, "list", OLD)
    groups.presses("2", OLD, by=ADMIN)
    says(groups, "list", NEW)
    groups.presses("2", NEW, by=ADMIN)
    moves(groups)
    assert "trees" in groups.presses("remove", OLD, by=ADMIN).text
    assert numbered(groups) == [(1, "graph"), (2, "forests")]
    assert "forests" in groups.presses("remove", NEW, by=ADMIN).text
    assert numbered(groups) == [(1, "graph")]


def test_a_question_from_before_is_about_the_same_subscription(groups: Product) -> None:
    says(groups, "name 2", OLD)
    moves(groups)
    groups.telegram.reads_all()
    groups.says(f"@{NAME} woods", NEW, by=ADMIN, name="Mara")
    assert [one["name"] for one in groups.subscriptions(f"telegram:{NEW}")] == ["", "", "woods"]


def test_a_paper_that_both_had_or_that_waits_for_both_comes_once(groups: Product) -> None:
    groups.brings(paper("A graph of sand", arxiv_id="2601.00001"))
    assert {seen.chats[0] for seen in groups.later(minutes=1)} == {OLD, NEW}
    groups.brings(paper("A graph of ink", arxiv_id="2601.00002"), paper("A tree of ink", arxiv_id="2601.00003"))
    groups.telegram.refuses("Too Many Requests: retry after 60", times=2, status=429)
    groups.later(minutes=1)
    moves(groups)
    came = [*groups.later(minutes=5), *groups.later(minutes=5)]
    assert {chat for seen in came for chat in seen.chats} == {NEW}
    said = "\n".join(seen.text for seen in came)
    assert [said.count(title) for title in ("A graph of sand", "A graph of ink", "A tree of ink")] == [0, 1, 1]
    groups.brings(paper("A graph of sand", "cs.LG", arxiv_id="2601.00001"))
    assert groups.later(minutes=1) == []


def test_what_was_saved_and_the_library_go_along(groups: Product) -> None:
    groups.brings(paper("A graph of sand", arxiv_id="2601.00001"), paper("A tree of ink", arxiv_id="2601.00003"))
    groups.later(minutes=1)
    for group, paper_id in ((OLD, "2601.00001"), (OLD, "2601.00003"), (NEW, "2601.00001")):
        says(groups, f"save {paper_id}", group)
        library = BIBTEX.format(title=f"The library of {group}", id=f"2512.0000{len(group)}")
        says(groups, "library", group, file=("mine.bib", library))
    moves(groups)
    saved = says(groups, "saved", NEW).text
    assert [saved.count(title) for title in ("A graph of sand", "A tree of ink")] == [1, 1]
    assert "1 entry" in says(groups, "library", NEW).text


def test_what_was_changed_before_cannot_be_undone_in_two_groups_that_became_one(groups: Product) -> None:
    moves(groups)
    assert says(groups, "undo", NEW).text == "There is nothing to undo."
    assert len(numbered(groups)) == 3


def test_a_group_that_only_talked_gives_way_to_the_one_that_subscribed(
    product: Product, telegram: FakeTelegram
) -> None:
    for group in (OLD, NEW):
        kind = "supergroup" if group == NEW else "group"
        product.telegram.knows(group, kind, title="Lab", people={ADMIN: "creator"})
    for command in ("sub graphs now", "sub trees now", "unsub 1", "set limit 3"):
        says(product, command, OLD)
    says(product, "search forests", NEW)
    moves(product)
    assert numbered(product) == [(2, "trees")]
    assert says(product, "undo", NEW).lines[0] == "✓ Undone."
    assert says(product, "undo", NEW).lines[:2] == ["✓ Undone.", "Back: 1  graphs"]
    assert product.presses("subscribe", NEW, by=ADMIN).text.startswith("✓ 3  forests"), "its buttons stay"

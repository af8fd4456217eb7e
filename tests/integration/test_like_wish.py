"""`like:` in a subscription brings papers near to a named paper, the nearest first. A delivery shows at most five of them."""

from datetime import timedelta

import pytest

from subscriptions import portable
from subscriptions.errors import Refused
from subscriptions.query import parse
from subscriptions.service import listing, paper_search, plan_inputs, previews
from subscriptions.service.amendments import edit
from subscriptions.service.importing import import_lines
from subscriptions.service.near_papers import papers_alike
from subscriptions.service.plan import plan_due
from subscriptions.service.requests import unsubscribe
from subscriptions.store import deliveries
from subscriptions.store.database.store import Store
from tests import make

pytestmark = pytest.mark.both_databases

ME, YOU = "telegram:42", "telegram:43"
LATER = make.NOON + timedelta(hours=1)
GIVEN = "2601.90001"
OTHERS = [f"{word} theory" for word in ("Graph", "Ring", "Path", "Walk", "Cut", "Clique", "Tree", "Plane")]


def delivered(store: Store, chat: str = ME) -> list[tuple[str, bool]]:
    """Plans the due deliveries. Returns (title, is the paper shown) for the papers of the newest one, which is to `chat`."""
    plan_due(store, now=LATER)
    with store.read() as transaction:
        newest = transaction.connection().exec_driver_sql("SELECT max(seq) FROM delivery").scalar()
        delivery = deliveries.delivery_value(transaction, int(newest or 0))
    assert str(delivery.chat.address) == chat
    return [(one.paper.paper.title, one.shown) for one in delivery.items]


@pytest.fixture(autouse=True)
def _known(store: Store) -> None:
    make.ingested(store, make.paper("Swarm robots", "cs.RO", arxiv_id=GIVEN), *map(make.paper, OTHERS))


def canonicals(store: Store, chat: str = ME) -> list[str]:
    return [one.subscription.canonical for one in listing.listed(store, make.address(chat))]


@pytest.mark.parametrize("few", [0, 100], ids=["matched with all queries", "matched alone"])
def test_the_nearest_come_first_and_five_are_shown(store: Store, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_inputs, "FEW", few)
    make.subscribes(store, ME, f"like:{GIVEN}", every="now")
    near = [make.paper("Swarm robots fly", abstract=f"Number {number}.") for number in range(2)]
    far = [make.paper(f"Swarm {word}", abstract="Of bees.") for word in ("one", "two", "three", "four")]
    make.ingested(store, *far, make.paper("Reef fish"), *near, name="next")
    shown = previews.preview(store, make.address(ME), now=LATER).delivery
    assert shown is not None
    found = delivered(store)
    assert [(one.paper.paper.title, one.shown) for one in shown.items] == found
    assert [title for title, _ in found[:2]] == ["Swarm robots fly"] * 2
    assert sorted(title for title, _ in found[2:]) == ["Swarm four", "Swarm one", "Swarm three", "Swarm two"]
    assert [is_shown for _, is_shown in found] == [True] * 5 + [False]


def test_other_words_and_subscriptions_take_none_of_the_five(store: Store) -> None:
    make.subscribes(store, ME, f"like:{GIVEN} OR bees", every="now")
    make.subscribes(store, ME, "fish swarm", every="now")
    make.ingested(
        store,
        *(make.paper("Swarm robots", abstract=f"Number {number}.") for number in range(7)),
        *(make.paper(f"Bees {number}") for number in range(3)),
        make.paper("A fish swarm of robots"),
        name="next",
    )
    found = delivered(store)
    assert sum(shown for title, shown in found if title == "Swarm robots") == 5
    assert all(shown for title, shown in found if title != "Swarm robots")
    assert len(found) == 11


def test_it_can_be_combined_and_excluded(store: Store) -> None:
    make.subscribes(store, ME, f"like:{GIVEN} cat:cs.CL -survey", every="now")
    make.subscribes(store, ME, f"robots -like:{GIVEN}", every="now")
    speak = (make.paper("Swarm robots speak", "cs.CL"), make.paper("Swarm robots speak: a survey", "cs.CL"))
    make.ingested(store, *speak, make.paper("Swarm robots fly", "cs.RO"), name="next")
    # the second subscription gets "Swarm robots", because a paper does not count as near to itself
    assert sorted(delivered(store)) == [("Swarm robots", True), ("Swarm robots speak", True)]


def test_the_words_stay_whatever_comes_and_goes(store: Store) -> None:
    make.subscribes(store, ME, f"like:{GIVEN}", every="now")
    before = canonicals(store)
    assert parse.words_kept(before)[GIVEN] == (("robot", 500), ("swarm", 500))
    # now "swarm" is no longer a rare word
    make.ingested(store, *(make.paper(f"Swarm number {number}") for number in range(50)), name="next")
    make.subscribes(store, ME, f"like:{GIVEN}v2", every="daily", at="09:00")
    make.subscribes(store, ME, f"bees like:{GIVEN}")
    assert canonicals(store)[0] == before[0]
    assert parse.words_kept(canonicals(store)[1:])[GIVEN] == (("robot", 500), ("swarm", 500))
    make.subscribes(store, YOU, f"like:{GIVEN}")
    assert parse.words_kept(canonicals(store, YOU))[GIVEN][0][0] == "robot"
    assert canonicals(store, YOU) != before
    tried = previews.preview_recent(
        store, listing.get_chat(store, make.address(ME)), now=make.NOON, which=f"like: {GIVEN}"
    )
    assert (tried.query, tried.subscriptions[0].number) == (None, 1)
    (gone,) = unsubscribe(store, make.address(ME), f"like:{GIVEN}", now=make.NOON)
    unsubscribe(store, make.address(ME), "all", now=make.NOON)
    make.subscribes(store, ME, f"like:{GIVEN}", every="now")
    assert canonicals(store) != [gone.canonical], "a removed one is made again from its text"


def test_all_who_look_find_the_same(store: Store) -> None:
    titles = ("A swarm of robots", "Robots and swarms", "Reef fish", "A swarm")
    make.ingested(store, *map(make.paper, titles), name="more")
    chat, query = make.subscribes(store, ME, f"like:{GIVEN}", every="now").chat, parse.parse_query(f"like:{GIVEN}")
    near = {"A swarm of robots", "Robots and swarms", "A swarm"}
    assert {one.paper.title for one in paper_search.search(store, query, most=9).papers} == near
    assert {one.paper.title for one in paper_search.recent_matches(store, query, now=make.NOON, most=9).newest} == near
    of_days = previews.preview(store, make.address(ME), now=make.NOON, text=f"like:{GIVEN}").delivery
    tried = previews.preview_recent(store, chat, now=make.NOON, which="1").delivery
    for delivery in (of_days, tried):
        assert delivery is not None
        assert {item.paper.paper.title for item in delivery.items} == near
    alike = papers_alike(store, list(paper_search.papers_named(store, [GIVEN]).values()))
    assert {one.paper.title for one in alike.papers} == near


def test_it_is_exported_imported_and_not_edited_to_an_unknown_paper(store: Store) -> None:
    make.subscribes(store, ME, f"like:{GIVEN} -survey", every="now")
    (one,) = listing.listed(store, make.address(ME))
    line = portable.subscription_line(one.chat, one.subscription)
    lines = portable.read_lines(f"{line}\n{line}", make.address(YOU))
    assert [sign for sign, _, _ in import_lines(store, lines, now=make.NOON).changes] == ["+", "="]
    assert canonicals(store, YOU) == canonicals(store)
    assert [sign for sign, _, _ in import_lines(store, lines, now=make.NOON).changes] == ["=", "="]
    with pytest.raises(Refused) as refused:
        import_lines(store, portable.read_lines("now | like:2601.99999\nnow | bees", make.address(YOU)), now=make.NOON)
    assert "Line 1" in str(refused.value)
    assert len(canonicals(store, YOU)) == 1
    with pytest.raises(Refused, match=r"2601\.99999"):
        edit(store, make.address(ME), 1, "like:2601.99999", now=make.NOON)
    assert canonicals(store) == canonicals(store, YOU)


def test_another_process_learns_of_it_and_finds_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_inputs, "FEW", 0)
    other = Store(str(store.url))
    make.subscribes(store, YOU, "bees", every="now")
    make.ingested(store, make.paper("Bees"), name="bees")
    plan_due(other, now=make.NOON)
    make.subscribes(store, ME, f"like:{GIVEN}", every="now")
    make.ingested(store, make.paper("A swarm of robots"), make.paper("Reef fish"), name="next")
    plan_due(other, now=LATER)
    assert delivered(store) == [("A swarm of robots", True)]
    other.close()

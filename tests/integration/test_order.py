"""The best papers come first: the order of a delivery, what its limit leaves out, and the taste that signals make."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from subscriptions.model import Announce, Chat, KnownPaper
from subscriptions.service import near_papers
from subscriptions.service.amendments import set_settings
from subscriptions.service.near_papers import nearest, note_signal, saved_papers, take_back
from subscriptions.service.next_deliveries import get_chat
from subscriptions.service.plan import plan_due
from subscriptions.service.previews import preview
from subscriptions.states import Signal
from subscriptions.store import deliveries
from subscriptions.store import signals as stored_signals
from subscriptions.store.database.store import Store
from tests.make import NOON, address, ingested, paper, signals_of_paper, stored_papers, subscribes

pytestmark = pytest.mark.both_databases

ME = address("telegram:42")
HOUR = timedelta(hours=1)
LATER = NOON + HOUR
OTHERS = [f"Graph {word}" for word in ("tree", "ring", "path", "walk", "cut", "clique")]


def known(store: Store, title: str) -> KnownPaper:
    with store.read() as transaction:
        return next(one for one in stored_papers(transaction) if one.paper.title == title)


def chat_of(store: Store) -> Chat:
    return get_chat(store, ME)


def did(store: Store, kind: Signal, *titles: str) -> None:
    note_signal(store, chat_of(store), [known(store, title).id for title in titles], kind, now=NOON)


def delivered(store: Store) -> list[tuple[str, bool]]:
    """Plans what is due, and returns the titles of the newest delivery in its order, and whether they are shown."""
    shown = preview(store, ME, now=LATER).delivery
    assert shown is not None
    plan_due(store, now=LATER)
    with store.read() as transaction:
        newest = transaction.connection().exec_driver_sql("SELECT max(seq) FROM delivery").scalar()
        items = deliveries.delivery_value(transaction, int(newest or 0), zone="UTC").items
    assert [(one.paper.id, one.shown) for one in shown.items] == [(one.paper.id, one.shown) for one in items]
    return [(one.paper.paper.title, one.shown) for one in items]


def first_day(store: Store, *titles: str) -> None:
    subscribes(store, str(ME), "graph", every="now")
    ingested(store, *(paper(title, abstract="A graph.") for title in (*titles, *OTHERS)))
    plan_due(store, now=NOON)


def titles_of(found: Sequence[tuple[str, bool]]) -> list[str]:
    return [title for title, _ in found]


SECOND_DAY = ("Graph of ants", "Graph swarm", "Graph of bees")


def test_the_newest_come_first_where_nothing_is_known_of_a_taste(store: Store) -> None:
    first_day(store)
    ingested(store, *(paper(title) for title in SECOND_DAY), now=LATER)
    assert titles_of(delivered(store)) == [*reversed(SECOND_DAY)]


CARED, NOT_WANTED = ["Graph swarm", "Graph of bees", "Graph of ants"], ["Graph swarm", "Graph of ants", "Graph of bees"]


@pytest.mark.parametrize(
    ("kind", "about", "order"),
    [
        (Signal.OPENED, "Swarm graph", CARED),
        (Signal.FOLLOWED, "Swarm graph", CARED),
        (Signal.SAVED, "Swarm graph", CARED),
        (Signal.LIKED, "Swarm graph", CARED),
        (Signal.DISLIKED, "Bees and graph", NOT_WANTED),
        (Signal.EXCLUDED, "Bees and graph", NOT_WANTED),
        (Signal.MUTED, "Bees and graph", NOT_WANTED),
    ],
)
def test_near_to_what_the_chat_cared_about_is_first_to_the_rest_last(
    store: Store, kind: Signal, about: str, order: list[str]
) -> None:
    titles = f"{about} one", f"{about} two"
    first_day(store, *titles)
    did(store, kind, *titles)
    ingested(store, *(paper(title) for title in SECOND_DAY), now=LATER)
    assert titles_of(delivered(store)) == order


def test_newest_first_ignores_what_the_chat_liked(store: Store) -> None:
    first_day(store, "Swarm graph one")
    did(store, Signal.LIKED, "Swarm graph one")
    set_settings(store, ME, {"order": "newest"}, now=NOON)
    ingested(store, *(paper(title) for title in SECOND_DAY), now=LATER)
    assert titles_of(delivered(store)) == [*reversed(SECOND_DAY)]


def test_the_limit_keeps_the_best(store: Store) -> None:
    first_day(store, "Swarm graph one")
    did(store, Signal.LIKED, "Swarm graph one")
    set_settings(store, ME, {"limit": "1"}, now=NOON)
    ingested(store, *(paper(title) for title in SECOND_DAY), now=LATER)
    assert delivered(store) == [("Graph swarm", True), ("Graph of bees", False), ("Graph of ants", False)]


def test_cross_lists_come_after_new_papers(store: Store) -> None:
    first_day(store, "Swarm graph one")
    did(store, Signal.LIKED, "Swarm graph one")
    ingested(store, paper("Graph of ants"), paper("Graph swarm", kind=Announce.CROSS), now=LATER)
    assert titles_of(delivered(store)) == ["Graph of ants", "Graph swarm"]


def test_one_chats_taste_is_not_anothers(store: Store) -> None:
    first_day(store, "Swarm graph one")
    subscribes(store, "telegram:43", "graph", every="now")
    note_signal(store, get_chat(store, address("telegram:43")), [known(store, "Swarm graph one").id], Signal.LIKED, now=NOON)  # fmt: skip
    ingested(store, *(paper(title) for title in SECOND_DAY), now=LATER)
    plan_due(store, now=LATER)
    with store.read() as transaction:
        newest = (
            transaction.connection().exec_driver_sql("SELECT seq FROM delivery ORDER BY seq DESC LIMIT 2").scalars()
        )
        orders = {}
        for seq in newest.all():
            one = deliveries.delivery_value(transaction, int(seq), zone="UTC")
            orders[str(one.chat.address)] = [item.paper.paper.title for item in one.items]
    assert orders["telegram:42"] == [*reversed(SECOND_DAY)]
    assert orders["telegram:43"][0] == "Graph swarm"


def test_a_like_takes_back_a_dislike_and_the_other_way_round(store: Store) -> None:
    first_day(store, "Swarm graph one")
    one = known(store, "Swarm graph one").id
    for kind in (Signal.LIKED, Signal.DISLIKED, Signal.LIKED):
        note_signal(store, chat_of(store), [one], kind, now=NOON)
        assert signals_of_paper(store, chat_of(store), one) == {kind}
    assert take_back(store, chat_of(store), one, Signal.LIKED)
    assert not take_back(store, chat_of(store), one, Signal.LIKED)
    chat = chat_of(store).id
    with store.read() as transaction:
        assert stored_signals.tastes(transaction, [chat]) == {}


def test_the_oldest_signals_go_and_saved_papers_stay(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_papers, "MOST_SIGNALS", 3)
    first_day(store, "Swarm graph one")
    did(store, Signal.SAVED, "Swarm graph one")
    for step, title in enumerate(OTHERS):
        note_signal(store, chat_of(store), [known(store, title).id], Signal.OPENED, now=NOON + step * HOUR)
    chat = chat_of(store).id
    with store.read() as transaction:
        kept = stored_signals.signals_of(transaction, chat, most=99)
    opened = [known(store, title).id for title in OTHERS[:-4:-1]]
    assert [one.paper for one in kept] == [*opened, known(store, "Swarm graph one").id]
    assert [one.paper.title for one in saved_papers(store, chat_of(store))] == ["Swarm graph one"]


def test_what_speaks_for_a_paper_is_named_with_its_words(store: Store) -> None:
    first_day(store, "Swarm graph one", "Reef graph")
    did(store, Signal.OPENED, "Reef graph", "Swarm graph one")
    ingested(store, paper("Graph swarm"), paper("Nothing of it"), now=LATER)
    found = nearest(store, chat_of(store), known(store, "Graph swarm"))
    assert found is not None
    assert (found.kind, found.paper.paper.title, found.words[0]) == (Signal.OPENED, "Swarm graph one", "swarm")
    assert nearest(store, chat_of(store), known(store, "Nothing of it")) is None


def test_signals_of_two_papers_that_are_one_stay_once(store: Store) -> None:
    subscribes(store, str(ME), "graph", every="now")
    ingested(store, paper("Graph swarm", arxiv_id=None), paper("Swarm", arxiv_id="2601.99999"))
    did(store, Signal.SAVED, "Graph swarm", "Swarm")
    did(store, Signal.OPENED, "Graph swarm")
    assert len(saved_papers(store, chat_of(store))) == 2
    ingested(store, paper("Graph swarm", arxiv_id="2601.99999", version=2), now=LATER)
    (one,) = saved_papers(store, chat_of(store))
    assert one.paper.arxiv_id == "2601.99999"
    assert signals_of_paper(store, chat_of(store), one.id) == {Signal.SAVED, Signal.OPENED}

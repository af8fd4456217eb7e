"""The delivery of a chat at a due moment: which papers it holds, in which order and form, and which facts are stored."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from subscriptions.chats.settings import resolve
from subscriptions.model import Announce, Cadence, Chat, ChatAddress, ChatKind, Item, StoredPaper, Subscription
from subscriptions.plan import decision
from tests.clock import NOON
from tests.make import paper


def chat() -> Chat:
    settings = resolve(ChatKind.PRIVATE, "telegram", {}, timezone="UTC", lang="en")
    address = ChatAddress("telegram", "1")
    return Chat(id=1, address=address, kind=ChatKind.PRIVATE, settings=settings, first_delivery_planned=True)


def known(n: int, kind: Announce | None = None) -> StoredPaper:
    value = paper(f"Paper {n}", "cs.LG", arxiv_id=f"2601.{n:05d}", kind=kind)
    return StoredPaper(id=n, paper=value, sequence=n, sequenced_at=NOON, first_seen_at=NOON, day=NOON.date())


def a_subscription(number: int) -> Subscription:
    return Subscription(
        id=number,
        chat_id=1,
        number=number,
        text="graph",
        canonical="graph",
        cadence=Cadence(),
        zone=None,
        since=NOON,
        cursor=0,
        next_due_at=None,
    )


def case(papers: list[StoredPaper], fits: dict[int, list[int]], **values: Any) -> decision.DueDelivery:
    """Returns what is due for a chat. `fits` maps the number of a subscription to the ids of papers."""
    given: dict[str, Any] = {
        "chat": chat(),
        "subscriptions": tuple(map(a_subscription, sorted(fits))),
        "papers": decision.Papers(papers),
        "fits": {number: [n - 1 for n in ids] for number, ids in fits.items()},
        "delivered": frozenset(),
        "due": NOON,
        "now": NOON,
        "zone": ZoneInfo("UTC"),
        "next_due": None,
    }
    return decision.DueDelivery(**given | values)


def decided(
    papers: list[StoredPaper],
    fits: dict[int, list[int]],
    evidence: Mapping[int, decision.Evidence] = MappingProxyType({}),
) -> tuple[Item, ...]:
    found = decision.decide(
        case(papers, fits), lambda _, p: evidence.get(p.id, decision.Evidence(words=("graph",))), limited=False
    )
    assert found is not None
    return found.items


def test_the_group_with_the_fewest_papers_stands_first() -> None:
    result = decided([known(n) for n in range(1, 6)], {1: [1, 2, 3], 2: [4], 3: [5, 3]})
    assert [(item.because[0].number, item.paper.id) for item in result] == [(2, 4), (3, 5), (1, 3), (1, 2), (1, 1)]
    assert [item.position for item in result] == [0, 1, 2, 3, 4]


def test_a_group_is_ordered_by_titles_words_age_and_cross_lists() -> None:
    papers = [known(1), known(2), known(3), known(4, kind=Announce.CROSS), known(5)]
    proofs = {
        1: decision.Evidence(words=("graph",), in_title=True),
        2: decision.Evidence(words=("graph", "tree")),
        4: decision.Evidence(words=("graph",), in_title=True),
    }
    result = decided(papers, {1: [1, 2, 3, 4, 5]}, proofs)
    assert [item.paper.id for item in result if item.shown] == [1, 2, 5, 3, 4]


def test_where_an_empty_delivery_may_not_be_planned_now_a_note_is_none() -> None:
    """When a chat is told that nothing came is in tests/outside/test_expected_deliveries.py."""
    for may_be_empty in (True, False):
        due = case([], {1: []}, notes=True, may_be_empty=may_be_empty)
        found = decision.decide(due, lambda *_: decision.Evidence(words=()), limited=False)
        assert (found is not None) is may_be_empty

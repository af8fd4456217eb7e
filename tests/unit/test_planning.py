"""The delivery of a chat at a due moment: which papers it holds, in which order and form, and which facts are stored."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from subscriptions.chat_settings import resolve
from subscriptions.model import (
    Announce,
    Cadence,
    Chat,
    ChatAddress,
    ChatKind,
    DeliveryKind,
    Facts,
    Item,
    KnownPaper,
    Subscription,
)
from subscriptions.planning import decision
from tests.clock import NOON
from tests.make import paper


def chat(kind: ChatKind = ChatKind.PRIVATE, *, spoken: bool = True, **settings: str) -> Chat:
    address = ChatAddress("slack" if kind is ChatKind.TEAM else "telegram", "1")
    resolved = resolve(kind, address.platform, settings, timezone="UTC", lang="en")
    return Chat(id=1, address=address, kind=kind, settings=resolved, first_delivery_planned=spoken)


def known(n: int, title: str = "", kind: Announce | None = None, at: datetime = NOON) -> KnownPaper:
    value = paper(title or f"Paper {n}", "cs.LG", arxiv_id=f"2601.{n:05d}", kind=kind)
    return KnownPaper(id=n, paper=value, sequence=n, sequenced_at=at, first_seen_at=at, day=at.date())


def a_subscription(number: int, text: str = "graph", **values: object) -> Subscription:
    base: dict[str, object] = {
        "id": number,
        "chat_id": 1,
        "number": number,
        "text": text,
        "canonical": text,
        "cadence": Cadence(),
        "zone": None,
        "since": NOON,
        "cursor": 0,
        "next_due_at": None,
    }
    return Subscription(**{**base, **values})  # type: ignore[arg-type]


def case(
    papers: list[KnownPaper], fits: dict[int, list[int]], *, to: Chat | None = None, **values: object
) -> decision.DueDelivery:
    """Returns what is due for a chat. `fits` maps the number of a subscription to the ids of papers."""
    given: dict[str, object] = {
        "chat": to or chat(),
        "subscriptions": tuple(map(a_subscription, sorted(fits))),
        "papers": decision.Papers(papers),
        "fits": {number: [n - 1 for n in ids] for number, ids in fits.items()},
        "delivered": frozenset(),
        "due": NOON,
        "now": NOON,
        "zone": ZoneInfo("UTC"),
        "next_due": None,
    }
    return decision.DueDelivery(**{**given, **values})  # type: ignore[arg-type]


def decided(
    papers: list[KnownPaper],
    fits: dict[int, list[int]],
    *,
    seen: int = 0,
    limited: bool = False,
    evidence: Mapping[int, decision.Evidence] = MappingProxyType({}),
    **values: Any,
) -> tuple[DeliveryKind, tuple[Item, ...], Facts]:
    due = case(
        papers, fits, subscriptions=tuple(a_subscription(number, cursor=seen) for number in sorted(fits)), **values
    )
    found = decision.decide(due, lambda _, p: evidence.get(p.id, decision.Evidence(words=("graph",))), limited=limited)
    assert found is not None
    return found.kind, found.items, found.facts


def shown(result: tuple[DeliveryKind, tuple[Item, ...], Facts] | None) -> list[int]:
    assert result is not None
    return [item.paper.id for item in result[1] if item.shown]


def test_the_group_with_the_fewest_papers_stands_first() -> None:
    result = decided([known(n) for n in range(1, 6)], {1: [1, 2, 3], 2: [4], 3: [5, 3]})
    assert [(item.because[0].number, item.paper.id) for item in result[1]] == [(2, 4), (3, 5), (1, 3), (1, 2), (1, 1)]
    assert [item.position for item in result[1]] == [0, 1, 2, 3, 4]


def test_a_group_is_ordered_by_titles_words_age_and_cross_lists() -> None:
    papers = [known(1), known(2), known(3), known(4, kind=Announce.CROSS), known(5)]
    proofs = {
        1: decision.Evidence(words=("graph",), in_title=True),
        2: decision.Evidence(words=("graph", "tree")),
        4: decision.Evidence(words=("graph",), in_title=True),
    }
    assert shown(decided(papers, {1: [1, 2, 3, 4, 5]}, evidence=proofs)) == [1, 2, 5, 3, 4]


@pytest.mark.parametrize(
    ("spoken", "papers", "values", "speaks"),
    [
        (False, 0, {}, True),  # the chat's first delivery comes even if it is empty
        (False, 0, {"expected": False}, False),  # not on a day on which no papers can come
        (False, 3, {"expected": False}, True),
        (False, 3, {"may_be_empty": False}, False),  # no empty delivery may be planned now
        (True, 3, {"notes": True}, True),
        (True, 0, {"notes": True, "may_be_empty": False}, False),
    ],
)
def test_when_it_is_said_that_nothing_came(*, spoken: bool, papers: int, values: dict[str, bool], speaks: bool) -> None:
    due = case([known(n) for n in range(1, papers + 1)], {1: []}, to=chat(spoken=spoken), **values)
    assert (decision.decide(due, lambda *_: decision.Evidence(words=()), limited=False) is not None) is speaks

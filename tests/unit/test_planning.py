"""The delivery of a chat at a due moment: which papers it holds, in which order and form, and which facts are stored."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
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
    MissingHow,
    MissingSources,
    NoMatchStreak,
    Subscription,
)
from subscriptions.planning import decision
from subscriptions.store.columns import adapter_of, to_json
from tests.make import NOON, paper

HOUR = timedelta(hours=1)


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
        "cadence": Cadence(kind="now"),
        "zone": None,
        "since": NOON,
        "cursor": 0,
        "next_due_at": None,
    }
    return Subscription(**{**base, **values})  # type: ignore[arg-type]


def decided(
    papers: list[KnownPaper],
    fits: dict[int, list[int]],
    *,
    to: Chat | None = None,
    seen: int = 0,
    delivered: set[int] = frozenset(),  # type: ignore[assignment]
    limited: bool = False,
    evidence: dict[int, decision.Evidence] | None = None,
    due: datetime = NOON,
    now: datetime = NOON,
) -> tuple[DeliveryKind, tuple[Item, ...], Facts] | None:
    case = decision.DueDelivery(
        chat=to or chat(),
        subscriptions=tuple(a_subscription(number, cursor=seen) for number in sorted(fits)),
        papers=decision.Papers(papers),
        fits={number: [n - 1 for n in ids] for number, ids in fits.items()},
        delivered=delivered,
        due=due,
        now=now,
        zone=ZoneInfo("UTC"),
        next_due=None,
    )
    proofs = evidence or {}
    return decision.decide(case, lambda _, p: proofs.get(p.id, decision.Evidence(words=("graph",))), limited=limited)


def shown(result: tuple[DeliveryKind, tuple[Item, ...], Facts] | None) -> list[int]:
    assert result is not None
    return [item.paper.id for item in result[1] if item.shown]


def test_only_what_is_new_to_the_subscription_and_untold_comes() -> None:
    papers = [known(n) for n in range(1, 6)]
    assert shown(decided(papers, {1: [1, 2, 3, 4, 5]}, seen=2, delivered={4})) == [5, 3]


@pytest.mark.parametrize(
    ("kind", "settings", "count", "expected"),
    [
        (ChatKind.PRIVATE, {}, 1, DeliveryKind.ALERT),
        (ChatKind.PRIVATE, {}, 5, DeliveryKind.ALERT),
        (ChatKind.PRIVATE, {}, 6, DeliveryKind.BULLETIN),
        (ChatKind.GROUP, {}, 1, DeliveryKind.BULLETIN),
        (ChatKind.BROADCAST, {"shape": "each"}, 1, DeliveryKind.BULLETIN),
        (ChatKind.TEAM, {}, 2, DeliveryKind.BULLETIN),
    ],
)
def test_few_papers_in_private_are_alerts(
    kind: ChatKind, settings: dict[str, str], count: int, expected: DeliveryKind
) -> None:
    result = decided([known(n) for n in range(1, count + 1)], {1: list(range(1, count + 1))}, to=chat(kind, **settings))  # type: ignore[arg-type]
    assert result is not None
    assert result[0] is expected


def test_the_group_with_the_fewest_papers_stands_first() -> None:
    papers = [known(n) for n in range(1, 6)]
    result = decided(papers, {1: [1, 2, 3], 2: [4], 3: [5, 3]})
    assert result is not None
    assert [(item.because[0].number, item.paper.id) for item in result[1]] == [(2, 4), (3, 5), (1, 3), (1, 2), (1, 1)]


def test_a_group_is_ordered_by_titles_words_age_and_cross_lists() -> None:
    papers = [known(1), known(2), known(3), known(4, kind=Announce.CROSS), known(5)]
    proofs = {
        1: decision.Evidence(words=("graph",), in_title=True),
        2: decision.Evidence(words=("graph", "tree")),
        4: decision.Evidence(words=("graph",), in_title=True),
    }
    assert shown(decided(papers, {1: [1, 2, 3, 4, 5]}, evidence=proofs)) == [1, 2, 5, 3, 4]


def test_papers_stand_by_the_days_of_their_digests() -> None:
    back = {1: 0, 2: 1, 3: 5, 4: 3, 5: 0}
    papers = [replace(known(n), day=NOON.date() - timedelta(days=days)) for n, days in back.items()]
    assert shown(decided(papers, {1: [1, 2, 3, 4, 5]})) == [5, 1, 2, 4, 3]


def test_positions_count_from_nought_without_a_gap() -> None:
    result = decided([known(n) for n in range(1, 4)], {1: [1, 2], 2: [3]})
    assert result is not None
    assert [item.position for item in result[1]] == [0, 1, 2]


def test_cross_lists_stay_out_where_the_chat_wants_none() -> None:
    papers = [known(1), known(2, kind=Announce.CROSS)]
    assert shown(decided(papers, {1: [1, 2]}, to=chat(crosslists="out"))) == [1]


class TestLimit:
    def test_beyond_the_limit_papers_are_told_and_not_shown(self) -> None:
        result = decided([known(n) for n in range(1, 6)], {1: [1, 2, 3, 4, 5]}, to=chat(limit="2"), limited=True)
        assert result is not None
        assert [(item.paper.id, item.shown) for item in result[1]] == [
            (5, True),
            (4, True),
            (3, False),
            (2, False),
            (1, False),
        ]

    def test_a_followed_author_is_never_cut(self) -> None:
        by_author = {1: decision.Evidence(words=("Ada",), by_author=True)}
        papers = [known(n) for n in range(1, 5)]
        result = decided(papers, {1: [1, 2, 3, 4]}, to=chat(limit="2"), limited=True, evidence=by_author)
        assert sorted(shown(result)) == [1, 4]

    def test_where_nothing_could_open_the_rest_nothing_is_hidden(self) -> None:
        assert len(shown(decided([known(n) for n in range(1, 6)], {1: [1, 2, 3, 4, 5]}, to=chat(limit="2")))) == 5


class TestNothing:
    def test_the_first_due_delivery_says_how_many_were_looked_at(self) -> None:
        result = decided([known(1), known(2)], {1: []}, to=chat(spoken=False))
        assert result is not None
        assert (result[0], result[1], result[2].known, result[2].first) == (DeliveryKind.BULLETIN, (), 2, True)


class TestFacts:
    def test_the_base_of_counts_is_what_the_subscriptions_looked_at(self) -> None:
        papers = [known(1, at=NOON - 72 * HOUR), known(2, at=NOON - 24 * HOUR), known(3)]
        result = decided(papers, {1: [3]}, seen=1)
        assert result is not None
        assert (result[2].known, [day.day for day in result[2].days]) == (2, [21, 22])

    @pytest.mark.parametrize(("late", "said"), [(timedelta(minutes=5), timedelta(0)), (5 * HOUR, 5 * HOUR)])
    def test_late_is_what_people_would_call_late(self, late: timedelta, said: timedelta) -> None:
        result = decided([known(1)], {1: [1]}, now=NOON + late)
        assert result is not None
        assert result[2].late == said


def test_nothing_depends_on_the_order_in_which_matches_are_found() -> None:
    papers = [known(n) for n in range(1, 6)]
    assert decided(papers, {1: [1, 2, 3], 2: [3, 4, 5]}) == decided(papers, {2: [5, 3, 4], 1: [3, 1, 2]})


assert datetime(2026, 1, 22, 12, tzinfo=UTC) == NOON  # the tables above are written for this day


# -------------------------------------------------------------------------------------------- deliveries without papers


def case(
    papers: list[KnownPaper], fits: list[int], *, to: Chat | None = None, **values: object
) -> decision.DueDelivery:
    given: dict[str, object] = {
        "chat": to or chat(),
        "subscriptions": (a_subscription(1),),
        "papers": decision.Papers(papers),
        "fits": {1: [n - 1 for n in fits]},
        "delivered": frozenset(),
        "due": NOON,
        "now": NOON,
        "zone": ZoneInfo("UTC"),
        "next_due": None,
    }
    return decision.DueDelivery(**{**given, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spoken", "papers", "values", "speaks"),
    [
        (False, 0, {}, True),  # the chat's first delivery comes even if it is empty
        (False, 0, {"expected": False}, False),  # not on a day on which no papers can come
        (False, 3, {"expected": False}, True),
        (False, 3, {"may_be_empty": False}, False),  # no empty delivery may be planned now
        (True, 3, {}, False),
        (True, 3, {"notes": True}, True),
        (True, 0, {"notes": True}, True),
        (True, 0, {"notes": True, "may_be_empty": False}, False),
    ],
)
def test_when_it_is_said_that_nothing_came(*, spoken: bool, papers: int, values: dict[str, bool], speaks: bool) -> None:
    due = case([known(n) for n in range(1, papers + 1)], [], to=chat(spoken=spoken), **values)
    assert (decision.decide(due, lambda *_: decision.Evidence(words=()), limited=False) is not None) is speaks


def test_what_is_missing_is_said_with_how() -> None:
    result = decision.decide(case([known(1)], [1], missing=("cs.LG", "stat.ML"), missing_how=MissingHow.LATE), lambda *_: decision.Evidence(words=()), limited=False)  # fmt: skip
    assert result is not None
    assert result[2].missing == MissingSources("cs.LG, stat.ML", 2, MissingHow.LATE)


def spell(due: decision.DueDelivery) -> NoMatchStreak | None:
    return decision.streak_after(due, decision.days_known(due))


def test_days_with_nothing_are_counted_once_each() -> None:
    day = timedelta(days=1)
    first = spell(case([known(1), known(2), known(3, at=NOON + day)], []))
    assert first == NoMatchStreak(days=2, last=(NOON + day).date(), after=0)
    again = case(
        [known(4, at=NOON + day)],
        [],
        to=chat()._replace(no_match_streak=first),
        subscriptions=(a_subscription(1, cursor=3),),
    )
    assert spell(again) == first
    later = case(
        [known(4, at=NOON + 3 * day)],
        [],
        to=chat()._replace(no_match_streak=first),
        subscriptions=(a_subscription(1, cursor=3),),
    )
    assert spell(later) == NoMatchStreak(days=3, last=(NOON + 3 * day).date(), after=0)


def test_a_paper_that_was_told_is_not_nothing() -> None:
    assert not decision.nothing_fits(case([known(1)], [1], delivered={1}))
    assert decision.nothing_fits(case([known(1)], []))
    assert decision.nothing_fits(case([known(1)], [1], subscriptions=(a_subscription(1, cursor=1),))), (
        "it was looked at before"
    )


# ------------------------------------------------------------------------------------------ chats with the same queries

ASKED: dict[str, Any] = {
    "name": "n",
    "added_by": "Ada",
    "counted_until": NOON,
    "text": "trees",
    "canonical": "tree",
    "number": 7,
}


@pytest.mark.parametrize(
    "other",
    [
        *(
            case([known(1)], [1], subscriptions=(a_subscription(1)._replace(**{name: value}),))
            for name, value in ASKED.items()
        ),
        case([known(1)], [1], subscriptions=(a_subscription(1, cursor=1),)),
        case([known(1)], [1], to=chat(ChatKind.GROUP)),
        case([known(1)], [1], to=chat(spoken=False)),
        case([known(1)], [1], to=chat(limit="3")),
        case([known(1)], [1], to=chat(shape="each")),
        case([known(1)], [1], to=chat(crosslists="out")),
        case([known(1)], [1], due=NOON - HOUR),
        case([known(1)], [1], now=NOON + HOUR),
        case([known(1)], [1], next_due=NOON + HOUR),
        case([known(1)], [1], next_about=True),
        case([known(1)], [1], may_be_empty=False),
        case([known(1)], [1], expected=False),
        case([known(1)], [1], notes=True),
        case([known(1)], [1], missing=("cs.LG",)),
        case([known(1)], [1], missing_how=MissingHow.LATE),
        case([known(1)], [1], subscriptions=(a_subscription(1), a_subscription(2))),
    ],
)
def test_whatever_a_decision_depends_on_makes_cases_unlike(other: decision.DueDelivery) -> None:
    assert decision.likeness(other, limited=True) != decision.likeness(case([known(1)], [1]), limited=True)
    assert decision.likeness(other, limited=True) != decision.likeness(other, limited=False)


def test_chats_that_ask_alike_share_a_decision_and_others_do_not() -> None:
    papers = decision.Papers([known(1), known(2)])
    decisions: list[int] = []

    def result(chat_id: int, delivered: frozenset[int] = frozenset()) -> list[int]:
        mine = a_subscription(1, id=chat_id, chat_id=chat_id, since=NOON - chat_id * HOUR, subscriber=str(chat_id))
        due = case([], [], subscriptions=(mine,), delivered=delivered)
        due = due._replace(chat=due.chat._replace(id=chat_id), papers=papers, fits={chat_id: (0, 1)})

        def decided(asked: decision.DueDelivery) -> decision.Decided:
            decisions.append(asked.chat.id)
            return decision.decide(asked, lambda *_: decision.Evidence(words=("graph",)), limited=False)

        return shown(decision.decide_alike(due, decided, limited=False))

    assert [result(1), result(2), result(3, frozenset({1})), result(4, frozenset({2})), result(5)] == [
        [2, 1], [2, 1], [2], [1], [2, 1],
    ]  # fmt: skip
    assert decisions == [1, 3, 4]


@pytest.mark.parametrize("how", MissingHow)
def test_missing_sources_are_read_back(how: MissingHow) -> None:
    facts = Facts(missing=MissingSources("cs.LG, stat.ML", 2, how))
    assert adapter_of(Facts).validate_python(to_json(facts)) == facts


def test_all_that_a_delivery_says_is_read_back() -> None:
    facts = Facts(
        known=3, days=(date(2026, 1, 22),), next_due=datetime(2026, 1, 23, 9, tzinfo=UTC), late=timedelta(hours=1)
    )
    assert adapter_of(Facts).validate_python(to_json(facts)) == facts

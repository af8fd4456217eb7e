"""The rules of the data, by their numbers in docs/architecture.md, on a real SQLite file."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select

from subscriptions import errors, model
from subscriptions.planning.decision import OnUnclear
from subscriptions.service import access, chat_status, listing, sending
from subscriptions.service import plan as _plan
from subscriptions.service.amendments import set_settings
from subscriptions.service.notices import pause_unreachable
from subscriptions.service.requests import unsubscribe
from subscriptions.service.retention import claim_database
from subscriptions.states import PauseReason
from subscriptions.store import chats, claims, conversations, deliveries, known_papers, moving, outbox, subscriptions
from subscriptions.store.claims import Claim
from subscriptions.store.database.store import Store, Transaction
from subscriptions.store.rows import PaperKeyRow
from tests.make import (
    NOON,
    add_callbacks,
    address,
    clean_up,
    ingested,
    paper,
    stored_papers,
    subscribes,
    summary,
    translation,
)
from tests.patience import PATIENCE

pytestmark = pytest.mark.both_databases

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def changes(store: Store) -> dict[str, int | None]:
    """Returns the sequence of every paper, by title."""
    with store.read() as session:
        return {known.paper.title: known.sequence for known in stored_papers(session)}


def known(store: Store, key: str) -> model.KnownPaper:
    with store.read() as session:
        [paper] = session.exec(select(PaperKeyRow.paper).where(col(PaperKeyRow.key).in_((key, f"doi:{key}"))))
        return known_papers.stored_papers(session, [paper])[paper]


def delivered(store: Store) -> list[tuple[str, list[str]]]:
    """Returns (chat, titles) of each planned delivery, in order."""
    with store.read() as session:
        found = outbox.entries(session, 0, over=True, now=NOON, wall=NOON)[0]
        seqs = range(1, len(found) + 1)
        values = [deliveries.delivery_value(session, seq) for seq in seqs]
    return [(str(v.chat.address), [item.paper.paper.title for item in v.items]) for v in values]


def asking(
    where: str, now: datetime = NOON, *, wall: datetime | None = None, on_unclear: OnUnclear = "resend"
) -> claims.ClaimRequest:
    lane = address(where).lane
    return claims.ClaimRequest(
        lane=lane, now=now, wall=wall or now, on_unclear=on_unclear, can_find=False, tried=frozenset()
    )


def renders(store: Store, where: str, payload: str = "{}") -> Claim:
    """Stores the one message of the first delivery. Returns the next step of its lane."""
    message = model.Message(number=1, payload=payload, plain="{}")
    claims.store_rendered(store, [claims.Rendered(seq=1, messages=[message])], now=NOON)
    todo = claims.claim(store, asking(where))
    assert isinstance(todo, Claim)
    return todo


class TestRule1Changes:
    def test_of_two_copies_in_one_digest_the_new_one_counts(self, store: Store) -> None:
        cross = paper("One", "cs.LG", "stat.ML", arxiv_id="2601.00001", kind=model.Announce.CROSS)
        ingested(store, cross, paper("One", "cs.LG", arxiv_id="2601.00001", kind=model.Announce.NEW))
        found = known(store, "2601.00001").paper
        assert (found.announce_type, found.categories) == (None, ("cs.LG", "stat.ML"))

    @pytest.mark.parametrize(
        ("before", "after", "days", "moves"),
        [
            ({}, {"kind": model.Announce.REPLACE, "version": 2, "abstract": "New."}, 1, False),
            ({}, {"kind": model.Announce.CROSS, "categories": ("cs.LG", "stat.ML")}, 90, True),
            ({}, {"kind": model.Announce.CROSS}, 1, False),
            ({"abstract": ""}, {"abstract": "Known now."}, 6, True),
            ({"authors": ()}, {"authors": ("Ada Example",)}, 6, True),
            ({}, {"summaries": summary("总结")}, 6, True),
            ({"summaries": summary("A summary", "en")}, {"summaries": summary("总结")}, 6, True),
            ({}, {"translations": translation(abstract="摘要")}, 6, True),
            ({}, {"summaries": summary("总结")}, 8, False),
        ],
        ids=[
            "a replacement", "a cross-list with a new category", "a cross-list without one", "an abstract", "authors", "a summary",
            "a summary in another language", "a translation", "a summary after seven days",
        ],
    )  # fmt: skip
    def test_what_comes_again_moves_if_it_says_more_in_time(
        self, store: Store, before: dict[str, object], after: dict[str, object], days: int, *, moves: bool
    ) -> None:
        base: dict[str, object] = {
            "arxiv_id": "2601.00001",
            "version": 1,
            "categories": ("cs.LG",),
            "abstract": "Text.",
        }
        ingested(store, paper("One", **{**base, **before}))  # type: ignore[arg-type]
        ingested(store, paper("One", **{**base, **after}), now=NOON + days * DAY)  # type: ignore[arg-type]
        assert changes(store) == {"One": 2 if moves else 1}
        found = known(store, "2601.00001").paper
        told = {name: getattr(found, name) for name in after if name not in ("kind", *before)}
        assert told == {name: after[name] for name in told}

    def test_a_planner_cannot_pass_an_uncommitted_number(self, store: Store) -> None:
        """Two ingests overlap: a plan runs after the first one has its number and before it commits."""
        subscribes(store, "telegram:1", "graph", since="1d")
        holding, go_on = threading.Event(), threading.Event()

        def before_commit(session: Transaction) -> None:
            if threading.current_thread().name == "slow" and session._writes:  # an ingest reads before it writes
                holding.set()
                assert go_on.wait(PATIENCE)

        event.listen(Session, "before_commit", before_commit)
        try:
            slow = threading.Thread(target=ingested, args=(store, paper("Slow graph")), name="slow")
            slow.start()
            assert holding.wait(PATIENCE)
            # this plan reads while the other thread writes, and sees none of its changes
            assert _plan.plan_due(store, now=NOON) == ()
            quick = threading.Thread(target=ingested, args=(store, paper("Quick graph")), name="quick")
            quick.start()
            go_on.set()
            slow.join(PATIENCE)
            quick.join(PATIENCE)
        finally:
            event.remove(Session, "before_commit", before_commit)
        assert changes(store) == {"Slow graph": 1, "Quick graph": 2}
        _plan.plan_due(store, now=NOON)
        assert delivered(store) == [("telegram:1", ["Quick graph", "Slow graph"])]


class TestRule2SinceAndSeen:
    def test_planning_moves_on_also_when_nothing_matched(self, store: Store) -> None:
        subscribes(store, "telegram:1", "graph", every="daily", at="13:00")
        ingested(store, paper("Something else"))
        _plan.plan_due(store, now=NOON + HOUR)
        with store.read() as session:
            chat = listing.get_chat(session, address("telegram:1"))
            assert subscriptions.subscriptions_of(session, [chat.id])[chat.id][0].cursor == 1

    def test_an_interrupted_plan_loses_nothing(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_plan, "SLICE", 1)
        for chat in ("telegram:1", "telegram:2", "telegram:3"):
            subscribes(store, chat, "graph", every="now")
        ingested(store, paper("A graph"))
        _plan.plan_due(store, now=NOON)
        ingested(store, paper("Another graph"))
        asked = iter((False, True))
        _plan.plan_due(store, now=NOON + MINUTE, enough=lambda: next(asked))
        _plan.plan_due(store, now=NOON + 2 * MINUTE)
        assert sorted(delivered(store)) == [
            (f"telegram:{chat}", [f"{which} graph"]) for chat in (1, 2, 3) for which in ("A", "Another")
        ]


class TestRule3WhereANewSubscriptionStarts:
    @pytest.mark.parametrize(
        ("chat", "start", "ages"),
        [
            ("telegram:1", {"every": "daily", "at": "13:00"}, [0]),
            ("telegram:1", {"every": "weekly", "on": "thu", "at": "13:00"}, [0, 2, 6]),
            ("telegram:1", {"every": "now"}, []),
            ("console:me", {}, [0]),
            ("telegram:1", {"every": "now", "since": "7d"}, [0, 2, 6]),
            ("telegram:1", {"every": "daily", "at": "13:00", "since": "2026-01-19"}, [0, 2]),
            ("telegram:1", {"every": "daily", "at": "13:00", "since": "today"}, [0]),
            ("telegram:1", {"every": "daily", "at": "13:00", "since": "now"}, []),
        ],
    )
    def test_it_takes_the_papers_of_its_first_stretch(
        self, store: Store, chat: str, start: dict[str, str], ages: list[int]
    ) -> None:
        for days in (9, 6, 2, 0):
            ingested(store, paper(f"Graph of {days} days ago"), now=NOON - days * DAY - HOUR)
        subscribes(store, chat, "graph", **start)  # type: ignore[arg-type]
        _plan.plan_due(store, now=NOON + HOUR)
        titles = [title for _, titles in delivered(store) for title in titles]
        assert sorted(titles) == [f"Graph of {days} days ago" for days in ages]


class TestRule4Merging:
    def test_a_title_that_fits_two_papers_joins_neither(self, store: Store) -> None:
        ingested(store, paper("Reply", arxiv_id="2601.00001"), paper("Reply", arxiv_id="2601.00002"))
        ingested(store, paper("Reply", arxiv_id=None))
        with store.read() as session:
            assert len(stored_papers(session)) == 3

    @pytest.mark.parametrize(
        ("old", "new", "versions", "kept"),
        [
            ("Old text.", "New text.", (1, 2), "New text."),
            ("Old text.", "", (1, 2), "Old text."),
            ("Old text.", "New text.", (1, 1), "Old text."),
            ("Old text.", "New text.", (2, 1), "Old text."),
            ("", "New text.", (2, 1), "New text."),
            ("The begin", "The beginning and the end.", (1, 1), "The beginning and the end."),
            ("The begin…", "The beginning and the end.", (1, 1), "The beginning and the end."),
            ("The beginning and the end.", "The begin", (1, 2), "The beginning and the end."),
        ],
    )
    def test_which_text_stays(self, old: str, new: str, versions: tuple[int, int], kept: str, store: Store) -> None:
        ingested(store, paper("One", arxiv_id="2601.00001", abstract=old, version=versions[0]))
        ingested(store, paper("One", arxiv_id="2601.00001", abstract=new, version=versions[1]), name="again")
        assert known(store, "2601.00001").paper.abstract == kept

    def test_nothing_known_is_ever_removed(self, store: Store) -> None:
        full = paper("One", "cs.LG", "stat.ML", arxiv_id="2601.00001", abstract="Text.", summaries=summary("总结"))
        ingested(store, full)
        ingested(store, paper("", arxiv_id="2601.00001", authors=(), version=2))
        found = known(store, "2601.00001").paper
        assert (found.title, found.authors, found.categories) == ("One", ("Ada Example",), ("cs.LG", "stat.ML"))
        assert found.summaries == full.summaries


class TestRule5OneDelivery:
    def test_what_is_due_in_one_minute_is_one_delivery_that_is_kept(self, store: Store) -> None:
        subscribes(store, "telegram:1", "graph", every="daily", at="13:00")
        subscribes(store, "telegram:1", "tree", every="daily", at="13:00", name="forests")
        ingested(store, paper("A tree in a graph"), paper("A graph"), paper("A tree"))
        assert len(_plan.plan_due(store, now=NOON + HOUR)) == 1
        unsubscribe(store, address("telegram:1"), "all", now=NOON + HOUR)
        assert claims.claim(store, asking("telegram:1")) is not None
        with store.read() as session:
            items = deliveries.delivery_value(session, 1).items
        reasons = {item.paper.paper.title: [(b.number, b.label) for b in item.because] for item in items}
        both = reasons.pop("A tree in a graph")
        assert both == [(1, "graph"), (2, "forests")]
        assert reasons == {"A graph": both[:1], "A tree": both[1:]}

    def test_a_second_subscription_of_a_minute_waits_for_the_next(self, store: Store) -> None:
        subscribes(store, "telegram:1", "tree", every="daily", at="13:00")
        subscribes(store, "telegram:1", "graph", every="when-out", at="12:30-20:00")
        ingested(store, paper("A tree"), now=NOON - HOUR)
        _plan.plan_due(store, now=NOON + HOUR)
        ingested(store, paper("A graph"), now=NOON + HOUR + timedelta(seconds=20))
        assert _plan.plan_due(store, now=NOON + HOUR + timedelta(seconds=40)) == ()
        _plan.plan_due(store, now=NOON + HOUR + MINUTE)
        _plan.plan_due(store, now=NOON + HOUR + DAY)
        assert [title for _, titles in delivered(store) for title in titles] == ["A tree", "A graph"]


class TestRule6Lanes:
    def settled(self, store: Store, outcome: errors.NotDelivered) -> None:
        """Plans two deliveries in one lane, for two topics of a group. The first has this outcome."""
        for n, chat in enumerate(("telegram:-7/1", "telegram:-7/2")):
            subscribes(store, chat, f"word{n}", every="now")
            ingested(store, paper(f"word{n}"), now=NOON + n * MINUTE)
            _plan.plan_due(store, now=NOON + n * MINUTE)
        todo = renders(store, "telegram:-7")
        sending.record_outcome(store, todo, outcome, on_unclear="resend", now=NOON, wall=NOON)

    @pytest.mark.parametrize(
        ("outcome", "on_unclear", "later", "following"),
        [
            (errors.RetryLater("no connection"), "resend", 29, None),
            (errors.RetryLater("no connection"), "resend", 30, 1),
            (errors.Unclear("the line broke"), "resend", 0, None),
            (errors.Unclear("the line broke"), "skip", 0, 2),
            (errors.Rejected("no"), "resend", 0, 2),
        ],
    )
    def test_a_message_that_waits_or_is_unclear_stops_its_lane(
        self, store: Store, outcome: errors.NotDelivered, on_unclear: OnUnclear, later: int, following: int | None
    ) -> None:
        self.settled(store, outcome)
        todo = claims.claim(store, asking("telegram:-7", NOON + timedelta(seconds=later), on_unclear=on_unclear))
        assert (todo and todo.seq) == following

    def test_a_wait_of_the_platform_holds_the_lane(self, store: Store) -> None:
        self.settled(store, errors.RetryLater("slow down", timedelta(seconds=7)))
        assert claims.claim(store, asking("telegram:-7", wall=NOON + timedelta(seconds=6))) is None
        # if the clock was set back, a wait that was set in the future has no effect
        assert claims.claim(store, asking("telegram:-7", wall=NOON - HOUR)) is not None

    def test_lanes_of_a_platform_that_is_off_are_left_alone(self, store: Store) -> None:
        for chat in ("telegram:1", "console:me"):
            subscribes(store, chat, "graph", every="now", since="1d", now=NOON + HOUR)
        ingested(store, paper("A graph"))
        _plan.plan_due(store, now=NOON + HOUR)
        assert [lane.platform for lane in claims.lanes(store, ["console"], now=NOON, finding=[])] == ["console"]


class TestRule7Rendering:
    def test_what_is_stored_is_posted_whatever_is_rendered_later(self, store: Store) -> None:
        subscribes(store, "telegram:1", "graph", every="now")
        ingested(store, paper("A graph"))
        _plan.plan_due(store, now=NOON)
        renders(store, "telegram:1", '{"text":"first"}')
        message = renders(store, "telegram:1", '{"text":"second"}').message
        assert message is not None
        assert message.payload == '{"text":"first"}'


class TestRule8Updates:
    def test_an_update_takes_effect_once_in_seven_days(self, store: Store) -> None:
        effects: list[str] = []

        def comes(answer: str = "ok", *, now: datetime = NOON) -> tuple[str, bool]:
            def effect(_: Transaction) -> str:
                effects.append(answer)
                if answer == "broken":
                    raise errors.NotFound("no such thing")
                return answer

            return chat_status.apply_once(store, "telegram", "17", effect, chat="telegram:1", now=now)

        with pytest.raises(errors.NotFound):
            comes("broken")
        assert (comes(), comes(), effects) == (("ok", True), ("ok", False), ["broken", "ok"])
        clean_up(store, now=NOON + 6 * DAY)
        assert comes() == ("ok", False)
        clean_up(store, now=NOON + 8 * DAY)
        assert comes() == ("ok", True)


class TestRule9Moving:
    def test_moving_onto_a_chat_merges_subscriptions_and_papers(self, store: Store) -> None:
        shared_paper, own = paper("A shared graph"), paper("An own tree")
        subscribes(store, "telegram:-5", "graph", every="now")
        subscribes(store, "telegram:-5", "tree", every="now")
        subscribes(store, "telegram:-1005", "graphs", every="now")
        ingested(store, shared_paper, own)
        _plan.plan_due(store, now=NOON)
        with store.write() as session:
            moving.chat_moved(session, model.ChatAddress("telegram", "-5"), "-1005", now=NOON)
        chat = listing.get_chat(store, address("telegram:-1005"))
        assert [entry.subscription.text for entry in listing.listed(store, chat.address)] == ["graphs", "tree"]
        titles = sorted(title for _, titles in delivered(store) for title in titles)
        assert titles == ["A shared graph", "An own tree"]
        assert _plan.plan_due(store, now=NOON + HOUR) == ()

    def test_moving_again_or_back_and_forth_changes_nothing(self, store: Store) -> None:
        subscribes(store, "telegram:-5", "graph", every="now")
        for _ in range(3):
            moving.chat_moved(store, address("telegram:-5"), "-1005", now=NOON)
        moving.chat_moved(store, address("telegram:-1005"), "-1005", now=NOON)
        assert [str(entry.chat.address) for entry in listing.listed(store, None)] == ["telegram:-1005"]

    def test_moving_onto_a_new_chat_keeps_numbers_undo_and_settings(self, store: Store) -> None:
        for query in ("graph", "tree", "forest"):
            subscribes(store, "telegram:-5", query)
        unsubscribe(store, address("telegram:-5"), "2", now=NOON)
        set_settings(store, address("telegram:-5"), {"text": "titles"}, now=NOON)
        set_settings(store, address("telegram:-5"), {"timezone": "Asia/Tokyo"}, now=NOON)
        chat_status.store_chat(store, address("telegram:-1005"), model.ChatKind.GROUP, now=NOON, title="New")
        moving.chat_moved(store, address("telegram:-5"), "-1005", now=NOON)
        chat = listing.get_chat(store, address("telegram:-1005"))
        assert [entry.subscription.number for entry in listing.listed(store, chat.address)] == [1, 3]
        assert (chat.settings.text, chat.settings.timezone, chat.title) == ("titles", "Asia/Tokyo", "New")
        assert subscribes(store, "telegram:-1005", "leaf").subscription.number == 4
        with store.read() as session:
            assert {row.chat_id for row in conversations.changes_of(session, chat.id)} == {chat.id}

    def test_buttons_keep_their_meaning_under_new_numbers(self, store: Store) -> None:
        subscribes(store, "telegram:-1005", "graph")
        for query in ("tree", "graphs", "forest"):
            subscribes(store, "telegram:-5", query)
        unsubscribe(store, address("telegram:-5"), "3", now=NOON)
        place = "telegram:-5"
        made = [model.CallbackToken(verb="remove", arguments={"number": n}, place=place) for n in (1, 2, 3)]
        made.append(model.CallbackToken(verb="remove", arguments={"number": 1, "about": place}, place="telegram:42"))
        made.append(model.CallbackToken(verb="remove", arguments={"number": 1}, place="telegram:-55"))
        with store.write() as transaction:
            ids = add_callbacks(transaction, made, now=NOON)
        moving.chat_moved(store, address(place), "-1005", now=NOON)
        found = [chat_status.find_callback(store, link_id) for link_id in ids]
        assert [link.arguments["number"] for link in found if link] == [2, 1, 0, 2, 1]
        assert [link.place for link in found if link] == [*["telegram:-1005"] * 3, "telegram:42", "telegram:-55"]
        assert found[3] is not None
        assert found[3].arguments["about"] == "telegram:-1005"

    def test_the_state_of_conversations_moves_to_the_new_address(self, store: Store) -> None:
        link = model.CallbackToken(
            verb="x", arguments={"chat": "telegram:-5/7", "other": "telegram:-55"}, place="telegram:-5/7"
        )
        for name in ("ask:telegram:-5:7", "ask:telegram:-5/7:7", "ask:telegram:-55:7", "connect:telegram:42"):
            conversations.set_conversation_state(store, name, link, lasts=timedelta(hours=1), now=NOON)
        chat_status.apply_once(store, "telegram", "1", lambda _: "a reply", chat="telegram:-5/7", now=NOON)
        moving.chat_moved(store, address("telegram:-5"), "-1005", now=NOON)
        moved = conversations.get_conversation_state(store, "ask:telegram:-1005:7", now=NOON)
        assert moved == replace(
            link, arguments={"chat": "telegram:-1005/7", "other": "telegram:-55"}, place="telegram:-1005/7"
        )
        assert conversations.get_conversation_state(store, "ask:telegram:-1005/7:7", now=NOON) == moved
        assert conversations.get_conversation_state(store, "connect:telegram:42", now=NOON) == moved
        assert conversations.get_conversation_state(store, "ask:telegram:-5:7", now=NOON) is None
        assert conversations.get_conversation_state(store, "ask:telegram:-55:7", now=NOON) == moved
        assert conversations.commands_since(store, address("telegram:-1005/7"), NOON) == 1

    @pytest.mark.parametrize(
        ("old", "new", "state"),
        [
            ("asked", "met", "asked"),
            ("denied", "met", "asked"),
            ("paused", "met", "paused"),
            ("gone", "met", "active"),
            ("active", "asked", "active"),
            ("asked", "active", "active"),
            ("paused", "active", "active"),
        ],
    )
    def test_of_two_states_that_of_the_subscribing_chat_counts(
        self, store: Store, old: str, new: str, state: str
    ) -> None:
        for at, kind in (("telegram:-5", old), ("telegram:-1005", new)):
            self.make(store, at, kind)
        moving.chat_moved(store, address("telegram:-5"), "-1005", now=NOON)
        assert listing.get_chat(store, address("telegram:-1005")).state == state

    @staticmethod
    def make(store: Store, at: str, state: str) -> None:
        if state == "met":
            chat_status.store_chat(store, address(at), model.ChatKind.GROUP, now=NOON)
            return
        subscribes(store, at, f"graph{at[-1]}")
        if state == "asked":
            access.request_admission(store, address(at), admins=(), who="", request="", now=NOON)
        elif state == "denied":
            access.deny(store, address(at), now=NOON)
        elif state == "gone":
            pause_unreachable(store, address(at), "kicked", topic=False, now=NOON)
        elif state == "paused":
            with store.write() as session:
                chats.pause_chat(session, listing.get_chat(session, address(at)).id, PauseReason.PERSON, now=NOON)


class TestRule10Forgetting:
    def test_a_chat_that_has_been_gone_for_a_year_is_erased(self, store: Store) -> None:
        subscribes(store, "telegram:1", "graph")
        with store.write() as session:
            chats.pause_chat(session, 1, PauseReason.GONE, detail="blocked", now=NOON)
        clean_up(store, now=NOON + 364 * DAY)
        assert listing.get_chat(store, address("telegram:1"))
        clean_up(store, now=NOON + 366 * DAY)
        with pytest.raises(errors.NotFound):
            listing.get_chat(store, address("telegram:1"))


class TestRule11WhoseBot:
    def test_another_bots_token_is_refused(self, store: Store) -> None:
        claim_database(store, "telegram", "111")
        claim_database(store, "telegram", "111")
        with pytest.raises(errors.StoreError, match="another Telegram bot"):
            claim_database(store, "telegram", "222")
        claim_database(store, "telegram", "222", new_bot=True)
        claim_database(store, "telegram", "222")


def test_a_new_version_between_two_plans_is_matched_anew(store: Store) -> None:
    """A new version does not raise the sequence. Only the digest of the paper shows that the first plan's papers are
    outdated.
    """
    subscribes(store, "telegram:1", "graph", every="daily", at="13:00")
    subscribes(store, "telegram:2", "lattice", every="daily", at="14:00")
    ingested(store, paper("On graphs", arxiv_id="2601.77777", version=1), now=NOON + timedelta(minutes=1))
    assert len(_plan.plan_due(store, now=NOON + timedelta(hours=1))) == 1
    newer = paper("On lattices", arxiv_id="2601.77777", version=2, kind=model.Announce.REPLACE)
    ingested(store, newer, now=NOON + timedelta(hours=1, minutes=30))
    _plan.plan_due(store, now=NOON + timedelta(hours=2))
    entries = sending.outbox_entries(store, now=NOON + timedelta(hours=2))
    assert [(entry.chat, entry.papers) for entry in entries] == [("telegram:1", 1), ("telegram:2", 1)]

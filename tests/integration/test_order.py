"""The order of papers in deliveries and in previews: first those near to papers that the chat liked, opened or saved."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscriptions import model
from subscriptions.service import near_papers, pausing, previews
from subscriptions.service.amendments import set_settings
from subscriptions.service.listing import get_chat
from subscriptions.service.plan import plan_due
from subscriptions.states import Signal
from subscriptions.store import chats, deliveries
from subscriptions.store import signals as stored_signals
from subscriptions.store.database.store import Store
from tests import make
from tests.integration import cli

ME = make.address("telegram:42")
LATER = make.NOON + make.HOUR
OTHERS = [f"Graph {word}" for word in ("tree", "ring", "path", "walk", "cut", "clique")]


def known(store: Store, title: str) -> model.KnownPaper:
    with store.read() as transaction:
        return next(one for one in make.stored_papers(transaction) if one.paper.title == title)


def chat_of(store: Store) -> model.Chat:
    return get_chat(store, ME)


def did(store: Store, kind: Signal, *titles: str) -> None:
    near_papers.note_signal(store, chat_of(store), [known(store, title).id for title in titles], kind, now=make.NOON)


def delivered(store: Store) -> list[tuple[str, bool]]:
    """Plans the due deliveries. Returns (title, is the paper shown) for the papers of the newest delivery, in order.

    Checks that a preview of the same moment has the same papers.
    """
    shown = previews.preview(store, ME, now=LATER).delivery
    assert shown is not None
    plan_due(store, now=LATER)
    with store.read() as transaction:
        newest = transaction.connection().exec_driver_sql("SELECT max(seq) FROM delivery").scalar()
        items = deliveries.delivery_value(transaction, int(newest or 0)).items
    assert [(one.paper.id, one.shown) for one in shown.items] == [(one.paper.id, one.shown) for one in items]
    return [(one.paper.paper.title, one.shown) for one in items]


def first_day(store: Store, *titles: str) -> None:
    make.subscribes(store, str(ME), "graph", every="now")
    make.ingested(store, *(make.paper(title, abstract="A graph.") for title in (*titles, *OTHERS)))
    plan_due(store, now=make.NOON)


def titles_of(found: Sequence[tuple[str, bool]]) -> list[str]:
    return [title for title, _ in found]


SECOND_DAY = ("Graph of ants", "Graph swarm", "Graph of bees")


CARED, NOT_WANTED = ["Graph swarm", "Graph of bees", "Graph of ants"], ["Graph swarm", "Graph of ants", "Graph of bees"]


@pytest.mark.both_databases
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
    make.ingested(store, *(make.paper(title) for title in SECOND_DAY), now=LATER)
    assert titles_of(delivered(store)) == order


@pytest.mark.both_databases
def test_newest_first_ignores_what_the_chat_liked(store: Store) -> None:
    first_day(store, "Swarm graph one")
    did(store, Signal.LIKED, "Swarm graph one")
    set_settings(store, ME, {"order": "newest"}, now=make.NOON)
    make.ingested(store, *(make.paper(title) for title in SECOND_DAY), now=LATER)
    assert titles_of(delivered(store)) == [*reversed(SECOND_DAY)]


@pytest.mark.both_databases
def test_cross_lists_come_after_new_papers_also_if_the_chat_likes_them(store: Store) -> None:
    first_day(store, "Swarm graph one")
    did(store, Signal.LIKED, "Swarm graph one")
    make.ingested(store, make.paper("Graph of ants"), make.paper("Graph swarm", kind=model.Announce.CROSS), now=LATER)
    assert titles_of(delivered(store)) == ["Graph of ants", "Graph swarm"]


@pytest.mark.both_databases
def test_one_chats_taste_is_not_anothers(store: Store) -> None:
    first_day(store, "Swarm graph one")
    make.subscribes(store, "telegram:43", "graph", every="now")
    other, liked = get_chat(store, make.address("telegram:43")), known(store, "Swarm graph one").id
    near_papers.note_signal(store, other, [liked], Signal.LIKED, now=make.NOON)
    make.ingested(store, *(make.paper(title) for title in SECOND_DAY), now=LATER)
    mine = previews.preview(store, ME, now=LATER).delivery
    assert mine is not None
    assert [item.paper.paper.title for item in mine.items] == [*reversed(SECOND_DAY)]


@pytest.mark.both_databases
def test_the_oldest_signals_go_and_saved_papers_stay(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_papers, "MOST_SIGNALS", 3)
    first_day(store, "Swarm graph one")
    did(store, Signal.SAVED, "Swarm graph one")
    for step, title in enumerate(OTHERS):
        near_papers.note_signal(
            store, chat_of(store), [known(store, title).id], Signal.OPENED, now=make.NOON + step * make.HOUR
        )
    chat = chat_of(store).id
    with store.read() as transaction:
        kept = stored_signals.signals_of(transaction, chat, most=99)
    opened = [known(store, title).id for title in OTHERS[:-4:-1]]
    assert [one.paper for one in kept] == [*opened, known(store, "Swarm graph one").id]
    assert [one.paper.title for one in near_papers.saved_papers(store, chat_of(store))] == ["Swarm graph one"]


@pytest.mark.both_databases
def test_signals_of_two_papers_that_are_one_stay_once(store: Store) -> None:
    make.subscribes(store, str(ME), "graph", every="now")
    make.ingested(store, make.paper("Graph swarm", arxiv_id=None), make.paper("Swarm", arxiv_id="2601.99999"))
    did(store, Signal.SAVED, "Graph swarm", "Swarm")
    did(store, Signal.OPENED, "Graph swarm")
    assert len(near_papers.saved_papers(store, chat_of(store))) == 2
    make.ingested(store, make.paper("Graph swarm", arxiv_id="2601.99999", version=2), now=LATER)
    (one,) = near_papers.saved_papers(store, chat_of(store))
    assert one.paper.arxiv_id == "2601.99999"
    assert make.signals_of_paper(store, chat_of(store), one.id) == {Signal.SAVED, Signal.OPENED}


# ── A preview shows the papers that a plan of the same moment would deliver ───────────────────────────────────────────

CHATS = ("telegram:42", "telegram:-1001", "console:me", "slack:C1")
QUERIES = ("graph", "tree", "graph OR ring", "ring -tree", "cat:cs.LG", "nothing")
WORDS = ("Graph", "Tree", "Ring", "Graph tree", "Ring tree", "Other")
CADENCES: tuple[dict[str, str], ...] = (
    {"every": "now"},
    {"every": "when-out", "at": "08:00-20:00"},
    {"every": "daily", "at": "13:00"},
    {"every": "weekdays", "at": "09:00"},
    {"every": "weekly", "on": "mon", "at": "09:00"},
    {"every": "daily", "at": "13:00", "tz": "America/New_York"},
)
SETTINGS = (
    ("limit", "3"),
    ("quiet", "off"),
    ("quiet", "11:00-14:00"),
    ("crosslists", "out"),
    ("timezone", "Asia/Tokyo"),
    ("order", "newest"),
)


def planned(store: Store, chat: str, before: int) -> list[model.Item]:
    """Returns the items of this chat's deliveries, but only of deliveries with a number greater than `before`."""
    new = range(before + 1, written(store) + 1)
    with store.read() as session:
        found = [deliveries.delivery_value(session, seq) for seq in new]
    return [item for one in found if one.chat.address == make.address(chat) for item in one.items]


def written(store: Store) -> int:
    """Returns the number of deliveries ever stored."""
    with store.read() as session:
        return int(session.connection().exec_driver_sql("SELECT coalesce(max(seq), 0) FROM delivery").scalar() or 0)


def fields_of(items: Sequence[model.Item]) -> list[tuple[str, bool, tuple[int, ...]]]:
    return [(item.paper.paper.title, item.shown, tuple(one.number for one in item.because)) for item in items]


def shown(found: previews.Preview) -> list[tuple[str, bool, tuple[int, ...]]]:
    return fields_of(found.delivery.items if found.delivery else ())


@settings(max_examples=6)
@given(st.integers(0, 10**9))
def test_whatever_a_chat_asks_for_and_whenever_it_looks(seed: int) -> None:
    chance = Random(seed)
    with TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/previews.db")
        store.open(now=make.NOON)
        now = make.NOON - timedelta(days=chance.randint(0, 6))
        for _ in range(12):
            now += chance.choice((timedelta(minutes=7), make.HOUR, 5 * make.HOUR, make.DAY))
            something_happens(store, chance, now)
            if chance.random() < 0.7:
                previews_hold(store, now)
        store.close()


def something_happens(store: Store, chance: Random, now: datetime) -> None:
    """Does one random thing: ingests papers, or a chat subscribes, judges papers, changes a setting or pauses."""
    chat, what = chance.choice(CHATS), chance.random()
    if what < 0.4:
        kinds = (None, None, model.Announce.CROSS, model.Announce.REPLACE)
        new = [
            make.paper(f"{chance.choice(WORDS)} {chance.random()}", "cs.LG", kind=chance.choice(kinds))
            for _ in range(chance.randint(1, 8))
        ]
        make.ingested(store, *new, now=now)
    elif what < 0.5:
        make.subscribes(store, chat, "graph", now=now)
        with store.read() as transaction:
            known = [one.id for one in make.stored_papers(transaction)]
        judged = chance.sample(known, min(2, len(known)))
        near_papers.note_signal(
            store, get_chat(store, make.address(chat)), judged, chance.choice(tuple(Signal)), now=now
        )
    elif what < 0.7:
        make.subscribes(store, chat, chance.choice(QUERIES), now=now, **chance.choice(CADENCES))
    else:
        changes(store, chat, chance, now)


def changes(store: Store, chat: str, chance: Random, now: datetime) -> None:
    make.subscribes(store, chat, "graph", now=now)
    where, what = make.address(chat), chance.random()
    until = chance.choice((None, now + 3 * make.HOUR, now + make.DAY))
    if what < 0.4:
        set_settings(store, where, dict([chance.choice(SETTINGS)]), now=now)
    elif what < 0.6:
        pausing.pause(store, where, None, until=until, now=now)
    elif what < 0.8:
        pausing.pause(store, where, 1, until=until, now=now)
    else:
        pausing.resume(store, where, None, now=now)


def previews_hold(store: Store, now: datetime) -> None:
    """Checks for all chats that the preview shows the papers that a plan of the same moment delivers."""
    known = [chat for chat in CHATS if is_known(store, chat)]
    expected = {chat: previews.preview(store, make.address(chat), now=now) for chat in known}
    before = written(store)
    plan_due(store, now=now)
    for chat in known:
        assert shown(expected[chat]) == fields_of(planned(store, chat, before)), (chat, now)
        assert (expected[chat].later is None) == (not expected[chat].not_due)


def is_known(store: Store, chat: str) -> bool:
    with store.read() as session:
        return chats.find_chat(session, make.address(chat)) is not None


# --------------------------------------------------------------------------------------------------- the order in words


def test_the_command_line_says_what_is_due_and_what_is_not_yet(terminal: cli.Terminal) -> None:
    chat = ("--as", "telegram:42")
    terminal("subscribe", "graph", *chat, "--every", "now", "--now", "2026-01-22T07:00Z")
    terminal("subscribe", "tree", *chat, "--every", "daily", "--at", "09:00", "--now", "2026-01-22T07:00Z")
    titles = ("Graph networks", "Tree search", "Tree rings")
    terminal.file("day.md", cli.page(*((f"2601.0000{n}", title, "Words.") for n, title in enumerate(titles))))
    assert terminal("ingest", "day.md", "--date", "2026-01-22", "--now", "2026-01-22T08:00Z").status == 0
    lines = terminal("preview", *chat, "--now", "2026-01-22T08:30Z").out.splitlines()
    assert lines[0] == "Due now:"
    assert "Not due yet:" in lines
    assert "  2  tree · 2 papers · Thu 22 Jan 09:00" in lines

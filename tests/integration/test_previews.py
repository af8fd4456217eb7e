"""A preview and a plan of the same moment hold the same papers; papers that are not due are shown with their moment."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from subscriptions.model import Announce, Item
from subscriptions.service.amendments import set_settings
from subscriptions.service.near_papers import note_signal
from subscriptions.service.next_deliveries import get_chat
from subscriptions.service.pausing import pause, resume
from subscriptions.service.plan import plan_due
from subscriptions.service.previews import Preview, preview
from subscriptions.states import Signal
from subscriptions.store import chats, deliveries
from subscriptions.store.database.store import Store
from tests.integration.cli import Terminal
from tests.make import NOON, address, ingested, paper, stored_papers, subscribes

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
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


def planned(store: Store, chat: str, before: int) -> list[Item]:
    """Returns the planned items of a chat after the delivery with this number."""
    new = range(before + 1, written(store) + 1)
    with store.read() as session:
        found = [deliveries.delivery_value(session, seq, zone="UTC") for seq in new]
    return [item for one in found if one.chat.address == address(chat) for item in one.items]


def written(store: Store) -> int:
    """Returns the number of deliveries ever stored."""
    with store.read() as session:
        return int(session.connection().exec_driver_sql("SELECT coalesce(max(seq), 0) FROM delivery").scalar() or 0)


def fields_of(items: Sequence[Item]) -> list[tuple[str, bool, tuple[int, ...]]]:
    return [(item.paper.paper.title, item.shown, tuple(one.number for one in item.because)) for item in items]


def shown(found: Preview) -> list[tuple[str, bool, tuple[int, ...]]]:
    return fields_of(found.delivery.items if found.delivery else ())


@settings(max_examples=6)
@given(st.integers(0, 10**9))
def test_whatever_a_chat_asks_for_and_whenever_it_looks(seed: int) -> None:
    chance = Random(seed)
    with TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/previews.db")
        store.open(now=NOON)
        now = NOON - timedelta(days=chance.randint(0, 6))
        for _ in range(12):
            now += chance.choice((timedelta(minutes=7), HOUR, 5 * HOUR, DAY))
            something_happens(store, chance, now)
            if chance.random() < 0.7:
                previews_hold(store, now)
        store.close()


def something_happens(store: Store, chance: Random, now: datetime) -> None:
    """Does one random thing: papers come, or a chat subscribes, changes a setting, pauses."""
    chat, what = chance.choice(CHATS), chance.random()
    if what < 0.4:
        kinds = (None, None, Announce.CROSS, Announce.REPLACE)
        new = [
            paper(f"{chance.choice(WORDS)} {chance.random()}", "cs.LG", kind=chance.choice(kinds))
            for _ in range(chance.randint(1, 8))
        ]
        ingested(store, *new, now=now)
    elif what < 0.5:
        subscribes(store, chat, "graph", now=now)
        with store.read() as transaction:
            known = [one.id for one in stored_papers(transaction)]
        judged = chance.sample(known, min(2, len(known)))
        note_signal(store, get_chat(store, address(chat)), judged, chance.choice(tuple(Signal)), now=now)
    elif what < 0.7:
        subscribes(store, chat, chance.choice(QUERIES), now=now, **chance.choice(CADENCES))
    else:
        changes(store, chat, chance, now)


def changes(store: Store, chat: str, chance: Random, now: datetime) -> None:
    subscribes(store, chat, "graph", now=now)
    where, what = address(chat), chance.random()
    until = chance.choice((None, now + 3 * HOUR, now + DAY))
    if what < 0.4:
        set_settings(store, where, dict([chance.choice(SETTINGS)]), now=now)
    elif what < 0.6:
        pause(store, where, None, until=until, now=now)
    elif what < 0.8:
        pause(store, where, 1, until=until, now=now)
    else:
        resume(store, where, None, now=now)


def previews_hold(store: Store, now: datetime) -> None:
    """Checks that previews of all chats show what a plan of this moment stores."""
    known = [chat for chat in CHATS if is_known(store, chat)]
    expected = {chat: preview(store, address(chat), now=now) for chat in known}
    before = written(store)
    plan_due(store, now=now)
    for chat in known:
        assert shown(expected[chat]) == fields_of(planned(store, chat, before)), (chat, now)
        assert (expected[chat].later is None) == (not expected[chat].not_due)


def is_known(store: Store, chat: str) -> bool:
    with store.read() as session:
        return chats.find_chat(session, address(chat), zone="UTC") is not None


# ---------------------------------------------------------------------------------------------------------- in words


def digest_of(titles: Sequence[str]) -> str:
    """Returns a new page of the three-line format."""
    return "\n".join(
        f'{{"id": "2601.0{n:04d}", "title": "{title}", "summary": "On {title}.", "authors": ["Ada Example"], '
        f'"categories": ["cs.LG"]}}'
        for n, title in enumerate(titles, 1)
    )


def test_the_command_line_says_what_is_due_and_what_is_not_yet(terminal: Terminal) -> None:
    chat, morning = ("--as", "telegram:42"), ("--now", "2026-01-22T08:30Z")
    terminal("subscribe", "graph", *chat, "--every", "now", "--now", "2026-01-22T07:00Z")
    terminal("subscribe", "tree", *chat, "--every", "daily", "--at", "09:00", "--now", "2026-01-22T07:00Z")
    path = terminal.file("day.jsonl", digest_of(["Graph networks", "Tree search", "Tree rings"]))
    assert terminal("ingest", str(path), "--date", "2026-01-22", "--now", "2026-01-22T08:00Z").status == 0
    document = terminal("preview", *chat, *morning, "--json").json
    assert document["due"] == ["2601.00001"]
    assert document["not_due"] == [
        {"number": 2, "at": "2026-01-22T09:00:00Z", "held": None, "papers": ["2601.00003", "2601.00002"]}
    ]
    lines = terminal("preview", *chat, *morning).out.splitlines()
    assert lines[0] == "Due now:"
    assert "Not due yet:" in lines
    assert "  2  tree · 2 papers · Thu 22 Jan 09:00" in lines
    sent = terminal("deliver", *morning, "--json").json
    assert sent["planned"] == 1
    later = terminal("preview", *chat, "--now", "2026-01-22T09:00Z", "--json").json
    assert (sorted(later["due"]), later["not_due"]) == (["2601.00002", "2601.00003"], [])

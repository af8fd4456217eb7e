"""A database from before, in which two tables held many kinds of things: each row is in the table of its kind, and says the same."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine

from subscriptions.model import CallbackToken, ChatAddress
from subscriptions.planning.losses import Loss
from subscriptions.service.chats import (
    bot_name,
    find_callback,
    get_conversation_state,
    has_operator,
    is_installation_completed,
    owners,
    redeem_code,
    requested_lookup,
    share_link,
    shared_link,
    stored_chat_data,
    take_over_lookups,
)
from subscriptions.service.chats.access import _hash
from subscriptions.service.outbox import stopped_platforms
from subscriptions.service.sources import claim_slot
from subscriptions.store import Store, key_value, losses, mentions, platforms
from subscriptions.store.database.schema_upgrade import alembic_config
from subscriptions.store.papers.enrichment import Asked, asked
from tests.make import NOON

ME, HERS = ChatAddress("telegram", "7"), ChatAddress("telegram", "-1001", "5")
AT = f"{NOON:%Y-%m-%d %H:%M:%S.%f}"
EARLY = f"{NOON - timedelta(days=1):%Y-%m-%d %H:%M:%S.%f}"
LONG_AGO = NOON - timedelta(days=400)
CODE = "ABCD-EFGH-JKMN"

CALLBACKS: tuple[
    tuple[str, int | None, str, str, str | None, str, dict[str, object]], ...
] = (  # id, chat, place, person, at, verb, arguments
    ("abc_DEF-1", None, "telegram:7", "7", AT, "remove", {"number": 1}),
    ("abc_DEF-2", None, "board:telegram:7", "", None, "more", {"about": "telegram:-1001"}),
    ("offer-old", 1, "", "", EARLY, "offer", {"number": 1, "text": "graphs", "when": "now"}),
    ("offer-new", 1, "", "", AT, "offer", {"number": 1, "text": "graph", "when": "daily 09:00"}),
    ("ask:telegram:7:7", None, "telegram:7", "7", AT, "edit", {"number": 1}),
    ("connect:telegram:7", None, "telegram:7", "7", AT, "connect", {"chat": "telegram:-1001"}),
    ("looks-up:telegram:55", None, "telegram:7", "7", AT, "looks-up", {"names": ["2601.00001"]}),
    ("code:telegram:-1001/5", None, "telegram:-1001/5", "", AT, "code", {"at": [NOON.isoformat()] * 4}),
    ("installing:i1", None, "installing", "", AT, "install", {}),
)
VALUES = {
    "sequence": "9",
    "planning": "",
    "version": "1.2",
    "notified:dead": NOON.isoformat(),
    "logged:dead": NOON.isoformat(),
    "logged:waiting:slack": "2026-01-22",
    "bot:telegram": "42",
    "bot:slack": "T1:B1",
    "name:telegram": "paper_bot",
    "stopped:slack": "too many are gone",
    "turn:arxiv.org": (NOON + timedelta(minutes=1)).isoformat(),
    "admin-code": f"{_hash(CODE)} {_hash('older')}",
    "enrichment": json.dumps({"3": [2, NOON.isoformat()], "99": [1, NOON.isoformat()]}),
    "loss": json.dumps(
        {
            "lost_at": NOON.isoformat(),
            "copied_at": LONG_AGO.isoformat(),
            "restored_at": (NOON + timedelta(hours=1)).isoformat(),
        }
    ),
}
MENTIONS = (
    ("telegram:-1001", "abc_DEF-2"),
    ("telegram:-1001", "connect:telegram:7"),
    ("telegram:55", "looks-up:telegram:55"),
)


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """A database of the schema before, with every kind of row in the two tables."""
    path = tmp_path / "before.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0018")
    engine.dispose()
    with closing(sqlite3.connect(path)) as raw, raw:
        for number, (address, topic) in enumerate((("7", ""), ("-1001", "5")), 1):
            raw.execute(
                "INSERT INTO chat (id, platform, address, topic, title, kind, lang, timezone, settings, state, state_detail,"
                " public, owner, admin, first_delivery_planned, no_match_streak, next_number, created_at)"
                " VALUES (?, 'telegram', ?, ?, '', 'private', '', '', '{}', 'active', '', 0, '', 0, 0, '{}', 2, ?)",
                (number, address, topic, AT),
            )
        raw.execute("INSERT INTO query (id, canonical) VALUES (1, 'graph')")
        raw.execute(
            'INSERT INTO subscription (chat, "query", number, name, text, cadence, added_by, subscriber, since, cursor, state)'
            " VALUES (1, 1, 1, '', 'graph', 'now', '', '', ?, 9, 'active')",
            (AT,),
        )
        raw.execute(
            "INSERT INTO paper (id, key, title, abstract, authors, categories, comment, cross, first_seen_at, day, owner, vouched)"
            " VALUES (3, 'k', 'A graph', '', '[]', '[]', '', 0, ?, '2026-01-22', '', 0)",
            (AT,),
        )
        raw.executemany(
            "INSERT INTO callback (id, chat, place, person, at, verb, arguments) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(*row[:6], json.dumps(row[6])) for row in CALLBACKS],
        )
        raw.executemany("INSERT INTO key_value (name, value) VALUES (?, ?)", VALUES.items())
        raw.executemany("INSERT INTO mention (word, callback) VALUES (?, ?)", MENTIONS)
        raw.execute("INSERT INTO undo (id, chat, who, at, before) VALUES (1, 1, '7 Ada', ?, '{\"wishes\": []}')", (AT,))
        raw.execute("INSERT INTO mention (word, change) VALUES ('8', 1)")
    return path


@pytest.fixture
def upgraded(before: Path, tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{before}")
    store.open(now=NOON, copies=tmp_path / "copies")
    yield store
    store.close()


def test_buttons_stay_and_one_that_told_no_moment_counts_as_stored_now(upgraded: Store) -> None:
    assert find_callback(upgraded, "abc_DEF-1") == CallbackToken(
        verb="remove", arguments={"number": 1}, place="telegram:7", person="7"
    )
    with closing(sqlite3.connect(upgraded.path)) as raw:
        stored = dict(raw.execute("SELECT id, at FROM callback"))
    assert set(stored) == {"abc_DEF-1", "abc_DEF-2"}
    assert stored["abc_DEF-1"] == AT
    assert datetime.fromisoformat(stored["abc_DEF-2"]).replace(tzinfo=UTC) > LONG_AGO


def test_every_link_works_and_the_newest_is_the_one_of_its_subscription(upgraded: Store) -> None:
    assert [(found.verb, found.arguments["text"], found.arguments["when"]) for name in ("offer-old", "offer-new")
            if (found := find_callback(upgraded, name))] == [("offer", "graphs", "now"), ("offer", "graph", "daily 09:00")]  # fmt: skip
    assert shared_link(upgraded, ME, 1) == share_link(upgraded, ME, 1, now=NOON) == "offer-new"


def test_states_look_ups_codes_and_installations_say_the_same(upgraded: Store) -> None:
    asks = CallbackToken(verb="edit", arguments={"number": 1}, place="telegram:7", person="7")
    assert get_conversation_state(upgraded, "ask:telegram:7:7", since=NOON) == asks
    assert get_conversation_state(upgraded, "looks-up:telegram:55", since=LONG_AGO) is None
    assert requested_lookup(upgraded, "looks-up:telegram:55", since=NOON) == {"names": ["2601.00001"]}
    assert take_over_lookups(upgraded, since=NOON) == ["looks-up:telegram:55"]
    assert is_installation_completed(upgraded, "i1")
    assert not is_installation_completed(upgraded, "i2")
    assert redeem_code(upgraded, HERS, "wrong", admins=(), now=NOON) == "wrong"
    assert redeem_code(upgraded, HERS, CODE, admins=(), now=NOON) == "too-many"
    assert redeem_code(upgraded, ME, CODE.lower(), admins=(), now=NOON) == "made"
    assert has_operator(upgraded, ())


def test_values_of_platforms_publishers_papers_and_losses_say_the_same(upgraded: Store) -> None:
    assert owners(upgraded) == {"telegram": "42", "slack": "T1:B1"}
    assert bot_name(upgraded, "telegram") == "paper_bot"
    assert stopped_platforms(upgraded) == {"slack": "too many are gone"}
    assert claim_slot(upgraded, "arxiv.org", timedelta(minutes=2), wall=NOON) == timedelta(minutes=1)
    with upgraded.read() as transaction:
        assert platforms.waiting_logged(transaction) == {"slack": NOON.date()}
        assert asked(transaction) == {3: Asked(2, NOON)}  # there is no paper 99 any more
        assert losses.last_loss(transaction) == Loss(
            lost_at=NOON, copied_at=LONG_AGO, restored_at=NOON + timedelta(hours=1)
        )
        single = {"sequence", "planning", "version", "notified:dead", "logged:dead"}
        assert {name: key_value.get_value(transaction, name) for name in single} == {
            name: VALUES[name] for name in single
        }
    with closing(sqlite3.connect(upgraded.path)) as raw:
        assert {name for (name,) in raw.execute("SELECT name FROM key_value")} == single


def test_whose_bot_a_database_is_can_be_asked_before_it_is_upgraded(before: Path) -> None:
    older = Store(f"sqlite:///{before}")
    assert (older.revision(), owners(older)) == ("0018", {"telegram": "42", "slack": "T1:B1"})
    older.close()


def test_what_names_whom_is_known_as_before(upgraded: Store) -> None:
    with upgraded.read() as transaction:
        assert mentions.named_by(transaction, "callback", ["telegram:-1001"]) == ["abc_DEF-2"]
        assert mentions.named_by(transaction, "state", ["telegram:-1001"]) == ["connect:telegram:7"]
        assert mentions.named_by(transaction, "change", ["8"]) == [1]


def test_the_export_of_a_chat_shows_them_as_before(upgraded: Store) -> None:
    links = json.loads(stored_chat_data(upgraded, ME))["links"]
    assert {tuple(link) for link in links} == {("id", "chat", "place", "person", "at", "verb", "arguments")}
    mine = {row[0]: row for row in CALLBACKS if row[1] == 1 or row[2] == "telegram:7"}
    shown = {
        link["id"]: (link["id"], link["chat"], link["place"], link["person"], link["verb"], link["arguments"])
        for link in links
    }
    assert shown.pop("offer-old") == ("offer-old", 1, "", "", "offer", {"number": -2, "text": "graphs", "when": "now"})
    assert shown == {name: (*row[:4], *row[5:]) for name, row in mine.items() if name != "offer-old"}
    assert links[0]["at"] == "2026-01-21T12:00:00Z"

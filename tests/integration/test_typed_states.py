"""The migration of schema 0006, whose states were sentences: every row is kept, and its meaning too."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import create_engine

from subscriptions.model import Chat, ChatAddress
from subscriptions.service.chats import stored_chat_data
from subscriptions.service.outbox import outbox_entries
from subscriptions.service.subscriptions import get_chat
from subscriptions.states import (
    Admission,
    ChatState,
    MessageState,
    PauseReason,
    SourceTrouble,
    SubscriptionPauseReason,
    SubscriptionState,
)
from subscriptions.store import Store, key_value, platforms, sources
from subscriptions.store.chat import chats, subscriptions
from subscriptions.store.database.schema_upgrade import alembic_config
from subscriptions.store.rows import MessageRow
from tests.make import NOON

AT = "2026-01-22 12:00:00.000000"
REMOVED = "The app was removed from the workspace."
BLOCKED = "Telegram does not let the bot write to this chat: Forbidden: bot was blocked by the user"
CLOSED = "Telegram does not let the bot write to this topic: Topic_closed"
DELETED = "Telegram does not let the bot write to this topic: Message thread not found"
RIGHTS = "Telegram does not let the bot write to this chat: Not enough rights to send text messages to the chat"
ARCHIVED = "Slack: the channel is archived (is_archived)."
OUTSIDE = "Slack: the bot is not in the channel; /invite it (not_in_channel)."

# address, topic, state, the sentence beside it → admission, reason of the pause, detail
CHATS: tuple[tuple[str, str, str, str, Admission | None, PauseReason | None, str], ...] = (
    ("1", "", "active", "", None, None, ""),
    ("2", "", "active", "let in", Admission.ADMITTED, None, ""),
    ("3", "", "asked", "", None, None, ""),
    ("4", "", "asked", "denied", Admission.DENIED, None, ""),
    ("5", "", "asked", "gone: ", None, PauseReason.GONE, ""),
    ("6", "", "asked", "gone: denied", Admission.DENIED, PauseReason.GONE, ""),
    ("7", "", "paused", "paused in the chat", None, PauseReason.PERSON, ""),
    ("8", "", "paused", f"gone: {BLOCKED}", None, PauseReason.GONE, BLOCKED),
    ("9", "", "paused", f"gone: {RIGHTS}", None, PauseReason.NO_RIGHTS, RIGHTS),
    ("9", "5", "paused", f"gone: {CLOSED}", None, PauseReason.TOPIC_CLOSED, CLOSED),
    ("9", "6", "paused", f"gone: {DELETED}", None, PauseReason.TOPIC_DELETED, DELETED),
    ("10", "", "paused", f"gone: {ARCHIVED}", None, PauseReason.ARCHIVED, ARCHIVED),
    ("11", "", "paused", f"gone: {OUTSIDE}", None, PauseReason.NOT_A_MEMBER, OUTSIDE),
    ("12", "", "paused", f"gone: {REMOVED}", None, PauseReason.APP_REMOVED, REMOVED),
    ("13", "", "paused", "nobody knows this sentence", None, PauseReason.OTHER, "nobody knows this sentence"),
    ("14", "", "moved", "moved to 8", None, None, "8"),
)
MESSAGES = (  # number, state, reason, edit_state
    (1, "ready", "", ""),
    (2, "sending", "", ""),
    (3, "waiting", "Telegram asks us to slow down.", ""),
    (4, "unclear", "The line to Telegram broke.", ""),
    (5, "unclear", "skipped: Slack does not let the bot look.", ""),
    (6, "sent", "", "due 2026-01-22T12:34:56.000789+00:00"),
    (7, "dead", "Telegram refuses the message.", ""),
)
SOURCE = {"on": True, "failures": 2, "owed": {"2026-01-20": 3}, "upto": "2026-01-21", "trouble": "late"}


def write_old(path: Path) -> None:
    """Creates a database at schema 0006 with rows of every kind."""
    with create_engine(f"sqlite:///{path}").begin() as connection:
        command.upgrade(alembic_config(connection), "0006")
    with closing(sqlite3.connect(path)) as old, old:
        put(old, "query", id=1, canonical="graph")
        put(old, "query", id=2, canonical="tree")
        for number, (address, topic, state, reason, *_) in enumerate(CHATS, 1):
            moved = {"moved_to": 8} if state == "moved" else {}
            put_chat(old, number, address=address, topic=topic, state=state, state_reason=reason, **moved)
        for number, (state, reason) in enumerate((("active", ""), ("paused", ""), ("paused", "subscriber-left")), 1):
            words = {"text": "graph", "cadence": "now", "added_by": "", "since": AT, "query": 1, "name": ""}
            put(
                old,
                "subscription",
                **words,
                id=number,
                chat=number,
                number=1,
                state=state,
                state_reason=reason,
                seen=number if number > 1 else None,  # None: the shared cursor of that schema, whose key was "now"
                subscriber="",
            )
        put(old, "source", name="daily", kind="url", location="", title="", home="", schedule="",
            validators="{}", state=json.dumps(SOURCE))  # fmt: skip
        for number, outcome in enumerate(("new", "quiet", "stale", "late", "failed"), 1):
            put(old, "receipt", id=number, source="daily", at=AT, outcome=outcome, counts="{}", detail="")
        put(old, "digest", id=1, content_hash="a", source="daily", format="daily_arxiv_md", date="2026-01-22",
            received_at=AT, counts="{}", warnings="[]")  # fmt: skip
        for number, change in ((1, 1), (2, 2), (3, None)):
            put(old, "paper", id=number, key=f"k{number}", title=f"Paper {number}", abstract="", authors="[]",
                categories="[]", comment="", cross=0, first_seen_at=AT, day="2026-01-22", change=change,
                changed_at=AT if change else None)  # fmt: skip
            put(old, "paper_key", key=f"k{number}", paper=number)
            put(old, "paper_alias", alias=f"paper {number}", paper=number)
            put(old, "appearance", paper=number, digest=1, kind="replace" if change is None else "")
        put(old, "summary", paper=1, language="en", fields="{}")
        put(old, "translation", paper=1, language="zh", title="", abstract="")
        for number, kind in enumerate(("alert", "bulletin", "notice"), 1):
            put(old, "delivery", seq=number, id=f"d{number}", chat=number, kind=kind, due=AT, dedupe_key=f"key {number}",
                created_at=AT, attempts=0, reason="", facts=json.dumps(FACTS))  # fmt: skip
            put(old, "delivery_item", chat=number, paper=1, delivery=number, position=0, shown=1, cross=0, because="[]")
        for number, state, reason, edit in MESSAGES:
            put(old, "message", delivery=1, number=number, payload="{}", plain="{}", use_plain=0, state=state,
                found_at_start=0, attempted_at=None if state == "ready" else AT, reason=reason, edit_payload=None,
                edit_state=edit)  # fmt: skip
        put(old, "lane", platform="telegram", address="1", since=AT, not_before=AT)
        for number, state in enumerate(("ready", "again", "done"), 1):
            put(
                old,
                "update",
                platform="telegram",
                update_id=str(number),
                at=AT,
                chat="telegram:1",
                reply="",
                state=state,
            )
        for number, state in enumerate(("active", "uninstalled"), 1):
            put(old, "installation", team=f"T{number}", tokens="", state=state, since=AT)
        put(
            old, "undo", id=1, chat=1, who="", at=AT, before=json.dumps({"wishes": [], "undone": False, "undoes": None})
        )
        put(old, "link", id="l1", chat=None, verb="show", arguments="{}", place="telegram:1", person="", at=AT)
        put(old, "link", id="l2", chat=1, verb="feed", arguments="{}", place="", person="", at=AT)
        for name, value in (("change", "2"), ("now", "1"), ("filling", "{}"), ("told:dead", AT), ("bot:telegram", "7")):
            put(old, "mark", name=name, value=value)


FACTS = {"known": 1, "days": [], "first": False, "next_due": None, "late": 0, "notice": "", "detail": {}, "titles": []}


def put_chat(old: sqlite3.Connection, number: int, **values: object) -> None:
    words = {"platform": "telegram", "title": "", "kind": "group", "lang": "", "timezone": "", "settings": "{}"}
    flags = {"admin": 0, "spoken": number % 2, "public": 0, "owner": "", "dry": "{}", "next_number": 2}
    put(old, "chat", id=number, **words, **flags, created_at=AT, state_since=AT, **values)


def put(old: sqlite3.Connection, table: str, **values: object) -> None:
    names = ", ".join(f'"{name}"' for name in values)
    holes = ", ".join("?" for _ in values)
    old.execute(f'INSERT INTO "{table}" ({names}) VALUES ({holes})', tuple(values.values()))  # noqa: S608 - names of ours


def rows_of(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Returns every table with its rows by their names."""
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL").fetchall()
        tables = [name for (name,) in names if not name.startswith(("sqlite_", "alembic_", "paper_words"))]
        return {
            table: [dict(row) for row in database.execute(f'SELECT * FROM "{table}" ORDER BY rowid')]  # noqa: S608 - as above
            for table in tables
        }


@pytest.fixture
def upgraded(tmp_path: Path) -> Iterator[tuple[dict[str, list[dict[str, Any]]], Store]]:
    """Returns the content of an old database, and the store that has upgraded it."""
    path = tmp_path / "old.db"
    write_old(path)
    before = rows_of(path)
    store = Store(f"sqlite:///{path}")
    store.open(now=NOON, copies=tmp_path / "copies")
    yield before, store
    store.close()


TABLES = {"mark": "key_value", "link": "callback"}
NEW_TABLES = {  # made by later schemas
    "denial", "mention", "worker", "offer", "conversation_state", "pending_lookup", "wrong_code", "completed_installation", "platform",
    "publisher_slot", "enrichment_request", "operator_code", "loss", "query_change", "shared_cursor", "signal", "taste",
    "page_log", "page_message",
}  # fmt: skip
COLUMNS = {
    "paper": {"change": "sequence", "changed_at": "sequenced_at"},
    "subscription": {"seen": "cursor"},
    "chat": {"spoken": "first_delivery_planned", "dry": "no_match_streak"},
}
READ_ANEW = {  # what has another form now; other tests say which
    "chat": {"state_reason"},
    "subscription": {"state_reason", "seen"},
    "message": {"reason", "edit_state", "edit_payload"},
    "mark": {"name"},
    "link": {"chat"},  # of an offer, which has a table
    "source": {"state"},
}


def test_every_row_of_every_table_is_kept(upgraded: tuple[dict[str, list[dict[str, Any]]], Store]) -> None:
    before, store = upgraded
    after = rows_of(store.path)
    assert set(after) == {TABLES.get(table, table) for table in before} | NEW_TABLES
    bots = after.pop("platform")
    assert [(row["name"], row["bot"]) for row in bots] == [("telegram", "7")]
    assert not any(after[table] for table in NEW_TABLES - {"platform"})
    moved = {"now", "filling", "bot:telegram"}  # every subscription has its own cursor; the others have tables
    before["mark"] = [row for row in before["mark"] if row["name"] not in moved]
    for table, rows in before.items():
        new = after[TABLES.get(table, table)] if table != "indexed_paper" else []  # upgrading fills it
        assert len(rows) == len(new)
        assert bool(rows) is (table != "indexed_paper")
        for old_row, new_row in zip(rows, new, strict=True):
            same = {name: value for name, value in old_row.items() if name not in READ_ANEW.get(table, set())}
            for name, value in same.items():
                assert new_row[COLUMNS.get(table, {}).get(name, name)] == value, (table, name)


def test_the_sentence_beside_the_state_of_a_chat_is_a_reason_and_reads_as_before(
    upgraded: tuple[dict[str, list[dict[str, Any]]], Store],
) -> None:
    _, store = upgraded
    with store.read() as session:
        found = chats.chats_by_id(session, range(1, len(CHATS) + 1), zone="UTC")
    for number, (_, _, state, sentence, admission, pause, detail) in enumerate(CHATS, 1):
        chat: Chat = found[number]
        assert chat.state is ChatState(state)
        assert (chat.admission, chat.pause_reason, chat.state_detail) == (admission, pause, detail)
        assert chat.state_reason == sentence


def test_subscriptions_messages_sources_and_keys_say_the_same(
    upgraded: tuple[dict[str, list[dict[str, Any]]], Store],
) -> None:
    _, store = upgraded
    with store.read() as session:
        mine = [subscriptions.subscriptions_of(session, [number])[number][0] for number in (1, 2, 3)]
        assert [(one.state, one.pause_reason, one.cursor) for one in mine] == [
            (SubscriptionState.ACTIVE, None, 1),
            (SubscriptionState.PAUSED, None, 2),
            (SubscriptionState.PAUSED, SubscriptionPauseReason.SUBSCRIBER_LEFT, 3),
        ]
        messages = [session.get_one(MessageRow, (1, number)) for number, *_ in MESSAGES]
        assert [one.state for one in messages] == [MessageState(state) for _, state, *_ in MESSAGES]
        assert [one.lookup_given_up for one in messages] == [number == 5 for number, *_ in MESSAGES]
        assert messages[4].reason == "Slack does not let the bot look."
        unclear = {MessageState.SENDING, MessageState.UNCLEAR}  # they are looked up from their last attempt on
        assert [one.unclear_since for one in messages] == [
            one.attempted_at if one.state in unclear else None for one in messages
        ]
        assert messages[3].unclear_since is not None
        edited = datetime(2026, 1, 22, 12, 34, 56, 789, tzinfo=UTC)
        assert [one.edit_requested_at for one in messages] == [None] * 5 + [edited, None]
        (source,) = sources.known_sources(session)
        assert source.state.missed_days == {datetime(2026, 1, 20, tzinfo=UTC).date(): 3}
        assert source.state.trouble is SourceTrouble.LATE
        assert key_value.get_value(session, "sequence") == "2"
        assert key_value.get_value(session, "notified:dead") == AT
        assert platforms.bot_of(session, "telegram") == "7"


def test_what_people_export_and_list_has_its_old_names(upgraded: tuple[dict[str, list[dict[str, Any]]], Store]) -> None:
    before, store = upgraded
    data = json.loads(stored_chat_data(store, ChatAddress("telegram", "1")))
    assert list(data["chat"]) == CHAT_NAMES
    assert data["chat"]["state_reason"] == before["chat"][0]["state_reason"]
    assert list(data["subscriptions"][0]) == SUBSCRIPTION_NAMES
    messages = data["deliveries"][0]["messages"]
    assert [list(message) for message in messages] == [MESSAGE_NAMES] * len(MESSAGES)
    for message, row in zip(messages, before["message"], strict=True):
        assert [message[name] for name in ("state", "reason", "edit_payload", "edit_state")] == [
            row[name] for name in ("state", "reason", "edit_payload", "edit_state")
        ]
    reasons = {entry.chat: entry.reason for entry in outbox_entries(store, now=NOON)}
    assert reasons == {"telegram:1": "Telegram refuses the message.", "telegram:2": "", "telegram:3": ""}
    assert get_chat(store, ChatAddress("telegram", "8")).state_reason == f"gone: {BLOCKED}"


CHAT_NAMES = [
    "id", "platform", "address", "topic", "title", "kind", "lang", "timezone", "settings", "state", "state_reason",
    "state_since", "paused_until", "moved_to", "public", "owner", "admin", "spoken", "dry", "next_number", "created_at",
]  # fmt: skip
SUBSCRIPTION_NAMES = [
    "id", "chat", "query", "number", "name", "text", "cadence", "zone", "state", "paused_until", "state_reason",
    "added_by", "subscriber", "since", "seen", "next_due_at", "latest_due_at", "counted_until", "canonical",
]  # fmt: skip
MESSAGE_NAMES = [
    "delivery", "number", "payload", "plain", "use_plain", "reply_to", "state", "found_at_start", "attempted_at",
    "sent_at", "platform_id", "reason", "edit_payload", "edit_state",
]  # fmt: skip


@pytest.mark.parametrize(
    "broken",
    [
        "UPDATE chat SET state = 'sleeping'",
        "UPDATE chat SET pause_reason = 'gone: blocked'",
        "UPDATE message SET state = 'lost'",
        "UPDATE subscription SET state = ''",
        "UPDATE receipt SET outcome = 'odd'",
    ],
)
def test_the_database_itself_refuses_a_state_that_is_none(
    upgraded: tuple[dict[str, list[dict[str, Any]]], Store], broken: str
) -> None:
    _, store = upgraded
    with closing(sqlite3.connect(store.path)) as database, pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        database.execute(broken)

"""If only one of several processes may do something, the database decides which one, not an earlier look.

SQLite lets one process write at a time, so no one can write between a look and the insert after it. In a database that
locks rows, another process can. Here it commits its row right before the statement by which ours writes.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Enum, event, text

from subscriptions.errors import Refused, StoreError
from subscriptions.model import CallbackToken, ChatKind, Lane
from subscriptions.notices.declared import VersionChanged
from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.portable import PortableLine, read_lines
from subscriptions.service import access, amendments, chat_status, ingest, notices, retention
from subscriptions.service.importing import import_lines
from subscriptions.service.plan import plan_due
from subscriptions.service.previews import newest_batch
from subscriptions.service.requests import unsubscribe
from subscriptions.store import bot_state, sources
from subscriptions.store.claims import pause_lane
from subscriptions.store.conversations import set_conversation_state, unfinished_replies
from subscriptions.store.database.store import Store, Transaction, execute
from subscriptions.store.moving import chat_moved
from subscriptions.store.rows import TABLES
from tests import make
from tests.integration.row_locks import cannot_tell

AT = "2026-01-22 12:00:00.000000"
ME = make.address("telegram:1")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'shared.db'}")
    store.open(now=make.NOON)
    yield store
    store.close()


@pytest.fixture
def rival(store: Store) -> Callable[..., None]:
    """Returns a function that lets another process commit `sql` right before ours writes `table`.

    `after`: how many writes of ours to this table come before that.
    """

    def before_write(table: str, sql: str, *values: object, after: int = 0) -> None:
        writes = tuple(
            f"{verb} {name} " for verb in ("INSERT INTO", "UPDATE", "DELETE FROM") for name in (table, f'"{table}"')
        )
        left = [(sql, values), *[("SELECT 1", ())] * after]

        def write(_c: Connection, cursor: sqlite3.Cursor, statement: str, *_: object) -> None:
            if left and statement.startswith(writes):
                cursor.connection.execute(*left.pop())

        event.listen(store._engine, "before_cursor_execute", write)

    return before_write


def rows(store: Store, table: str, *names: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(store.path) as connection:
        found = connection.execute(f'SELECT {", ".join(names)} FROM "{table}" ORDER BY 1').fetchall()  # noqa: S608 - names of ours
    connection.close()
    return found


Rival = Callable[..., None]


# -------------------------------------------------------------------------------------------------------------- updates


def test_an_update_that_another_process_has_takes_no_effect_here(store: Store, rival: Rival) -> None:
    rival("update", 'INSERT INTO "update" (platform, update_id, at, chat, reply, state, worker) VALUES (?, ?, ?, ?, ?, ?, ?)',
          "telegram", "7", AT, "telegram:1", "theirs", "ready", "")  # fmt: skip
    effects: list[str] = []

    def effect(_: object) -> str:
        effects.append("here")
        return "ours"

    assert chat_status.apply_once(store, "telegram", "7", effect, chat="telegram:1", now=make.NOON) == ("theirs", False)
    assert effects == []
    assert rows(store, "update", "update_id", "reply") == [("7", "theirs")]


def test_a_reply_that_another_process_posts_is_left_to_it(store: Store, rival: Rival) -> None:
    chat_status.apply_once(store, "telegram", "7", lambda _: "reply", chat="telegram:1", now=make.NOON)
    done = 'UPDATE "update" SET state = ? WHERE state = ?'
    rival("update", done, "done", "ready", after=1)  # our first statement gives up outdated replies
    assert unfinished_replies(store, now=make.NOON + timedelta(minutes=1)) == []


# ---------------------------------------------------------------------------------------------------------------- chats


def test_a_chat_that_another_process_adds_is_this_chat(store: Store, rival: Rival) -> None:
    _rival_chat(rival)
    chat = chat_status.store_chat(store, ME, ChatKind.GROUP, now=make.NOON, title="ours")
    assert (chat.title, chat.address) == ("theirs", ME)
    assert rows(store, "chat", "address", "title") == [("1", "theirs")]


def test_a_subscription_joins_a_chat_of_another_process(store: Store, rival: Rival) -> None:
    _rival_chat(rival)
    assert make.subscribes(store, str(ME), "graph", now=make.NOON).chat.title == "theirs"
    assert rows(store, "subscription", "number", "text") == [(1, "graph")]


def test_no_two_subscriptions_get_one_number(store: Store, rival: Rival) -> None:
    make.subscribes(store, str(ME), "graph", now=make.NOON)
    # our first statement ends the chat's streak of failures
    rival("chat", "UPDATE chat SET next_number = next_number + 1", after=1)
    assert make.subscribes(store, str(ME), "tree", now=make.NOON).subscription.number == 3


def test_a_subscription_of_another_process_is_the_same(store: Store, rival: Rival) -> None:
    make.subscribes(store, str(ME), "graph", now=make.NOON)
    rival("subscription", _THEIR_SUBSCRIPTION, AT, "tree")
    assert make.subscribes(store, str(ME), "tree", now=make.NOON).subscription.number == 9
    assert rows(store, "subscription", "number", "text") == [(1, "graph"), (9, "theirs")]


def test_a_query_that_another_process_adds_is_shared(store: Store, rival: Rival) -> None:
    rival("query", "INSERT INTO query (id, canonical) VALUES (?, ?)", 77, "graph")
    subscribed = make.subscribes(store, str(ME), "graph", now=make.NOON).subscription
    assert subscribed.canonical == "graph"
    assert rows(store, "subscription", "query", "number") == [(77, 1)]


def test_an_import_joins_a_chat_of_another_process(store: Store, rival: Rival) -> None:
    _rival_chat(rival)
    import_lines(store, _lines("now | graph"), now=make.NOON)
    assert rows(store, "chat", "address", "title") == [("1", "theirs")]
    assert rows(store, "subscription", "number", "text") == [(1, "graph")]


def test_an_import_joins_a_subscription_of_another_process(store: Store, rival: Rival) -> None:
    make.subscribes(store, str(ME), "graph", now=make.NOON)
    rival("subscription", _THEIR_SUBSCRIPTION, AT, "tree")
    import_lines(store, _lines("now | tree", "now | leaf"), now=make.NOON)
    assert rows(store, "subscription", "number", "text") == [(1, "graph"), (3, "leaf"), (9, "theirs")]


def test_a_setting_that_another_process_chooses_stays(store: Store, rival: Rival) -> None:
    chat_status.store_chat(store, ME, ChatKind.PRIVATE, now=make.NOON)
    rival("chat", """UPDATE chat SET settings = '{"limit": "12"}'""")
    amendments.set_settings(store, ME, {"quietday": "on"}, now=make.NOON)
    assert rows(store, "chat", "settings") == [('{"limit": "12", "quietday": "on"}',)]


def test_a_change_begins_with_what_another_process_has_changed(store: Store, rival: Rival) -> None:
    make.subscribes(store, str(ME), "graph", now=make.NOON)
    rival("chat", "UPDATE subscription SET name = 'theirs'")
    amendments.set_settings(store, ME, {"limit": "12"}, now=make.NOON)
    change = amendments.last_change(store, ME)
    assert change is not None
    amendments.undo(store, ME, change.id, now=make.NOON)
    assert rows(store, "subscription", "name") == [("theirs",)]


def test_a_change_is_undone_once(store: Store, rival: Rival) -> None:
    make.subscribes(store, str(ME), "graph", now=make.NOON)
    unsubscribe(store, ME, "1", now=make.NOON)
    change = amendments.last_change(store, ME)
    assert change is not None
    rival("chat", """UPDATE undo SET before = json_set(before, '$.undone', json('true')) WHERE id = ?""", change.id)
    with pytest.raises(Refused, match="undone already"):
        amendments.undo(store, ME, change.id, now=make.NOON)
    assert rows(store, "subscription", "number") == []


def test_a_group_that_another_process_moves_is_moved_once(store: Store, rival: Rival) -> None:
    group = make.address("telegram:-1")
    make.subscribes(store, str(group), "graph", now=make.NOON)
    rival("chat", "UPDATE chat SET address = '-2' WHERE id = 1")
    rival("chat", "INSERT INTO chat (platform, address, topic, title, kind, lang, timezone, settings, state, state_detail, public,"
          " owner, admin, first_delivery_planned, no_match_streak, next_number, created_at, moved_to)"
          " VALUES ('telegram', '-1', '', '', 'group', '', '', '{}', 'moved', '-2', 0, '', 0, 0, '{}', 1, ?, 1)", AT)  # fmt: skip
    chat_moved(store, group, "-2", now=make.NOON)
    assert rows(store, "chat", "id", "address", "state") == [(1, "-2", "active"), (2, "-1", "moved")]


# -------------------------------------------------------------------------------------------------------- conversations


def test_a_link_that_another_process_makes_is_this_link(store: Store, rival: Rival) -> None:
    make.subscribes(store, str(ME), "graph", now=make.NOON)
    rival(
        "offer",
        "INSERT INTO offer (id, chat, number, text, cadence, at) VALUES ('theirs', 1, 1, 'tree', 'now', ?)",
        AT,
    )
    assert chat_status.share_link(store, ME, 1, now=make.NOON) == "theirs"
    assert rows(store, "offer", "id", "text") == [("theirs", "graph")]


def test_an_installation_is_completed_by_one(store: Store, rival: Rival) -> None:
    rival("completed_installation", "INSERT INTO completed_installation (id, at) VALUES ('i', ?)", AT)
    assert not bot_state.complete_installation(store, "i", now=make.NOON)


def test_a_denial_is_remembered_by_the_first_key(store: Store, rival: Rival) -> None:
    chat_status.store_chat(store, ME, ChatKind.PRIVATE, now=make.NOON)
    access.deny(store, ME, now=make.NOON)
    _rival_value(rival, "denial-key", "00" * 32)
    retention.forget(store, ME)
    assert ("denial-key", "00" * 32) in rows(store, "key_value", "name", "value")
    assert access.standing_of(store, ME).is_denied


def test_the_state_of_a_conversation_is_the_one_stored_last(store: Store, rival: Rival) -> None:
    rival("conversation_state", "INSERT INTO conversation_state (name, place, person, at, until, verb, arguments)"
          " VALUES (?, '', '', ?, ?, 'theirs', '{}')", "ask:1", AT, AT)  # fmt: skip
    set_conversation_state(store, "ask:1", CallbackToken(verb="ours"), lasts=timedelta(hours=1), now=make.NOON)
    assert rows(store, "conversation_state", "name", "verb") == [("ask:1", "ours")]


def test_a_notice_of_another_process_is_not_repeated(store: Store, rival: Rival) -> None:
    chat = chat_status.store_chat(store, ME, ChatKind.PRIVATE, now=make.NOON)
    notice = VersionChanged(version="2", before="1")
    assert notices.notify(store, ME, notice, now=make.NOON)
    (key,) = rows(store, "delivery", "dedupe_key")
    with sqlite3.connect(store.path) as connection:
        connection.execute("DELETE FROM delivery")
    connection.close()
    rival("delivery", "INSERT INTO delivery (id, chat, kind, due, dedupe_key, created_at, facts, attempts, reason)"
          " VALUES ('theirs', ?, 'notice', ?, ?, ?, '{}', 0, '')", chat.id, AT, key[0], AT)  # fmt: skip
    assert not notices.notify(store, ME, notice, now=make.NOON)
    assert rows(store, "delivery", "id") == [("theirs",)]


# --------------------------------------------------------------------------------------------------------------- papers

# Merging reads before it writes. So its first statement locks the counter of sequences, which one process can hold.


def test_a_digest_of_another_process_is_not_stored_again(store: Store, rival: Rival) -> None:
    ours = make.digest(make.paper("A graph", arxiv_id="2601.00001"))
    _rival_paper(rival, "2601.00001")
    _rival_digest(rival, ours.content_hash, "theirs")
    done = make.ingest_digest(store, ours, source="daily", day=make.NOON.date(), now=make.NOON)
    assert done.already_known
    assert rows(store, "digest", "id", "source") == [(7, "theirs")]
    assert rows(store, "paper", "id", "title") == [(1, "theirs")]


def test_a_paper_that_another_process_adds_is_this_paper(store: Store, rival: Rival) -> None:
    _rival_paper(rival, "2601.00001")
    make.ingested(store, make.paper("A graph", arxiv_id="2601.00001"), make.paper("A tree", arxiv_id="2601.00002"))
    assert rows(store, "paper", "id", "title", "owner") == [(1, "theirs", "theirs"), (2, "A tree", "daily")]
    assert rows(store, "paper_key", "key", "paper") == [("2601.00001", 1), ("2601.00002", 2)]
    assert rows(store, "appearance", "paper") == [(1,), (2,)]


def test_a_paper_added_during_a_large_ingest_is_the_same(
    store: Store, rival: Rival, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "MOST_AT_ONCE", 1)
    cannot_tell(store)  # on SQLite only the look-up before the write counts, because no one can write between the two
    _rival_paper(rival, "2601.00002", after=1, number=2)  # before the second part
    make.ingested(store, *(make.paper(f"Graph {n}", arxiv_id=f"2601.0000{n}") for n in (1, 2, 3)))
    assert rows(store, "paper", "id", "title") == [(1, "Graph 1"), (2, "theirs"), (3, "Graph 3")]
    assert rows(store, "paper_key", "key", "paper") == [("2601.00001", 1), ("2601.00002", 2), ("2601.00003", 3)]


def test_no_two_papers_get_one_sequence(store: Store, rival: Rival) -> None:
    make.ingested(store, make.paper("A graph"))
    rival("key_value", "UPDATE key_value SET value = value + 7 WHERE name = 'sequence'")
    make.ingested(store, make.paper("A tree"))
    assert rows(store, "paper", "id", "sequence") == [(1, 1), (2, 9)]
    assert rows(store, "key_value", "value") == [("9",)]


def test_papers_of_another_process_are_not_announced_again(store: Store, rival: Rival) -> None:
    old = make.NOON.date() - timedelta(days=30)
    make.ingest_digest(store, make.digest(make.paper("A graph")), source="daily", day=old, now=make.NOON)
    rival("key_value", "UPDATE paper SET sequence = 5")
    assert ingest.announce_filed(store, "daily", now=make.NOON) == 0
    assert rows(store, "paper", "id", "sequence") == [(1, 5)]


def test_a_source_that_another_process_adds_may_bring_a_digest(store: Store, rival: Rival) -> None:
    _rival_source(rival, "source", "daily")
    make.ingested(store, make.paper("A graph"))
    assert rows(store, "source", "name", "title") == [("daily", "theirs")]


def test_arxiv_is_asked_for_a_paper_by_one_process(store: Store, rival: Rival) -> None:
    make.ingested(store, make.paper("A graph", arxiv_id="2601.00001", authors=()))
    rival("key_value", "INSERT INTO enrichment_request (paper, times, last) VALUES (1, 1, ?)", AT)
    assert notices.claim_incomplete(store, now=make.NOON, ids=5, titles=5) == ()
    assert rows(store, "enrichment_request", "paper", "times") == [(1, 1)]


# ------------------------------------------------------------------------------------------------------------- planning

# A plan reads before it writes. So its writing begins by locking the rows of its chats, which one process can hold.


@pytest.fixture
def locks_rows(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    cannot_tell(store)

    def hold(session: Transaction, *_: object, **__: object) -> None:
        execute(session, text("UPDATE key_value SET value = value"))  # any statement will do; SQLite needs none here

    monkeypatch.setattr("subscriptions.store.database.conflicts.hold_rows", hold)


def _rival_plan(rival: Rival, kind: str = "alert", *, before: str = "key_value") -> None:
    key = "1:2026-01-22T13:00"
    rival(before, "INSERT INTO delivery (id, chat, kind, due, dedupe_key, created_at, facts, attempts, reason)"
          " VALUES ('theirs', 1, ?, ?, ?, ?, '{}', 0, '')", kind, AT, key, AT)  # fmt: skip
    rival(before, "INSERT INTO delivery_item (chat, paper, delivery, position, shown, cross, because)"
          " SELECT 1, id, 1, 0, 1, 0, '[]' FROM paper")  # fmt: skip


@pytest.mark.usefixtures("locks_rows")
def test_a_delivery_of_another_planner_is_not_stored_again(store: Store, rival: Rival) -> None:
    make.subscribes(store, str(ME), "graph", every="daily", at="13:00", now=make.NOON)
    make.ingested(store, make.paper("A graph"), now=make.NOON + timedelta(minutes=1))
    _rival_plan(rival)
    rival("key_value", "UPDATE subscription SET next_due_at = datetime(next_due_at, '+1 day'), cursor = 1")
    assert plan_due(store, now=make.NOON + timedelta(hours=1)) == ()
    assert rows(store, "delivery", "id") == [("theirs",)]
    assert rows(store, "subscription", "cursor") == [(1,)]


@pytest.mark.usefixtures("locks_rows")
def test_a_subscription_the_other_plan_missed_waits_a_minute(store: Store, rival: Rival) -> None:
    make.subscribes(store, str(ME), "graph", every="daily", at="13:00", now=make.NOON)
    make.ingested(store, make.paper("A graph"), now=make.NOON + timedelta(minutes=1))
    _rival_plan(rival)
    assert plan_due(store, now=make.NOON + timedelta(hours=1)) == ()
    assert rows(store, "subscription", "cursor") == [(0,)]
    assert plan_due(store, now=make.NOON + timedelta(hours=1, minutes=1)) == ()  # its only paper was already delivered
    assert rows(store, "delivery", "id") == [("theirs",)]
    assert rows(store, "subscription", "cursor") == [(1,)]


@pytest.mark.usefixtures("locks_rows")
def test_a_subscription_that_is_paused_meanwhile_gets_nothing(store: Store, rival: Rival) -> None:
    """If a digest came as well, the plan restarted forever, because nothing made it look at the papers again."""
    make.subscribes(store, str(ME), "graph", every="now", now=make.NOON)
    make.ingested(store, make.paper("A graph"), now=make.NOON + timedelta(minutes=1))
    rival("key_value", "UPDATE subscription SET state = 'paused'")
    _rival_digest(rival, "another")
    assert plan_due(store, now=make.NOON + timedelta(hours=1)) == ()
    assert rows(store, "delivery", "id") == []


@pytest.mark.usefixtures("locks_rows")
def test_papers_of_another_plan_are_not_shown_on_request(store: Store, rival: Rival) -> None:
    chat = make.subscribes(store, str(ME), "graph OR tree", every="daily", at="13:00", now=make.NOON).chat
    make.ingested(store, make.paper("A graph"), make.paper("A tree"))
    _rival_plan(rival, before="chat")
    rival("chat", "DELETE FROM delivery_item WHERE paper = 2")
    batch = newest_batch(store, chat, now=make.NOON, key="asked")
    assert batch.delivery is not None
    assert [item.paper.paper.title for item in batch.delivery.items] == ["A tree"]


# ---------------------------------------------------------------------------------------------------------------- marks


@pytest.mark.parametrize("after", [0, 1])
def test_a_value_that_another_process_stores_is_replaced(store: Store, rival: Rival, after: int) -> None:
    _rival_value(rival, "name", "theirs", after=after)
    with store.write() as transaction:
        bot_state.put_value(transaction, "name", "ours")
    assert rows(store, "key_value", "name", "value") == [("name", "ours")]


def test_the_daily_work_is_done_by_one(store: Store, rival: Rival) -> None:
    _rival_value(rival, "day-begun", "2026-01-22")
    assert not retention.claim_daily_work(store, now=make.NOON)


def test_the_slot_of_a_publisher_is_one_process_s(store: Store, rival: Rival) -> None:
    until = f"{make.NOON + timedelta(minutes=1):%Y-%m-%d %H:%M:%S.%f}"
    rival("publisher_slot", "INSERT INTO publisher_slot (publisher, until) VALUES ('arxiv.org', ?)", until)
    assert notices.claim_slot(store, "arxiv.org", timedelta(minutes=2), wall=make.NOON) == timedelta(minutes=1)


def test_a_database_is_the_first_bot_s(store: Store, rival: Rival) -> None:
    rival("platform", "INSERT INTO platform (name, bot, bot_name) VALUES ('telegram', 'another', '')")
    with pytest.raises(StoreError, match="another Telegram bot"):
        retention.claim_database(store, "telegram", "ours")


def test_a_code_printed_meanwhile_works_too(store: Store, rival: Rival) -> None:
    rival("operator_code", "INSERT INTO operator_code (code_hash) VALUES ('theirs')")
    access.new_code(store)
    assert ("theirs",) in rows(store, "operator_code", "code_hash")
    for _ in range(2):
        access.new_code(store)
    codes = [code for (code,) in rows(store, "operator_code", "code_hash")]
    assert len(codes) == 3
    assert "theirs" not in codes


def test_wrong_codes_that_another_process_reads_count(store: Store, rival: Rival) -> None:
    chat_status.store_chat(store, ME, ChatKind.PRIVATE, now=make.NOON)
    access.new_code(store)
    rival("chat", "INSERT INTO wrong_code (chat, at) VALUES (1, ?), (1, ?), (1, ?), (1, ?)", *[AT] * 4)
    assert access.redeem_code(store, ME, "wrong", admins=(), now=make.NOON) == "wrong"
    assert access.redeem_code(store, ME, "wrong", admins=(), now=make.NOON) == "too-many"


def test_a_code_makes_one_operator(store: Store, rival: Rival) -> None:
    chat_status.store_chat(store, ME, ChatKind.PRIVATE, now=make.NOON)
    code = access.new_code(store)
    rival("operator_code", "DELETE FROM operator_code")
    assert access.redeem_code(store, ME, code, admins=(), now=make.NOON) == "there-is-one"
    assert rows(store, "chat", "admin") == [(0,)]


# -------------------------------------------------------------------------------------------------------------- sources


def test_a_poll_is_one_process_s(store: Store, rival: Rival) -> None:
    sources.sync_sources(store, [sources.SourceFact(name="daily", kind="url", location="")], now=make.NOON)
    for before, until in ((None, make.NOON), (make.NOON, make.NOON + timedelta(hours=1))):
        assert sources.claim_poll(store, "daily", before, until)
    theirs = (make.NOON + timedelta(hours=2)).isoformat()
    rival("source", "UPDATE source SET state = json_set(state, '$.next_at', ?)", theirs)
    assert not sources.claim_poll(store, "daily", make.NOON + timedelta(hours=1), make.NOON + timedelta(hours=3))
    assert sources.claim_poll(store, "daily", make.NOON + timedelta(hours=2), None)
    assert sources.claim_poll(store, "daily", None, make.NOON)


def test_a_source_that_another_process_adds_is_this_source(store: Store, rival: Rival) -> None:
    _rival_source(rival, "source", "daily")
    notices.note_poll(store, Receipt(source="daily", at=make.NOON, outcome=Outcome.NEW), sources.SourceState(), {})
    assert rows(store, "source", "name", "title") == [("daily", "theirs")]
    assert rows(store, "receipt", "source") == [("daily",)]


# ------------------------------------------------------------------------------------------------- workspaces and lanes


def test_a_workspace_of_another_process_is_the_same(store: Store, rival: Rival) -> None:
    rival(
        "installation",
        "INSERT INTO installation (team, tokens, state, since) VALUES ('T1', 'theirs', 'active', ?)",
        AT,
    )
    with store.write() as transaction:
        bot_state.put_installation(transaction, "T1", "ours", now=make.NOON)
    assert rows(store, "installation", "team", "tokens", "state") == [("T1", "ours", "active")]


def test_tokens_of_a_workspace_removed_meanwhile_are_not_stored(store: Store, rival: Rival) -> None:
    with store.write() as transaction:
        bot_state.put_installation(transaction, "T1", "ours", now=make.NOON)
    rival("installation", "UPDATE installation SET state = 'uninstalled', tokens = ''")
    with store.write() as transaction:
        assert not bot_state.renew_tokens(transaction, "T1", "newer")
    assert rows(store, "installation", "team", "tokens") == [("T1", "")]


def test_a_lane_that_another_process_pauses_is_paused_once(store: Store, rival: Rival) -> None:
    rival("lane", "INSERT INTO lane (platform, address) VALUES ('telegram', '1')")
    with store.write() as transaction:
        pause_lane(transaction, Lane("telegram", "1"), wall=make.NOON, until=make.NOON + timedelta(minutes=1))
    assert rows(store, "lane", "address", "not_before") == [("1", "2026-01-22 12:01:00.000000")]


def test_every_state_is_an_enumeration_that_the_database_checks(store: Store) -> None:
    with sqlite3.connect(store.path) as connection:
        schema = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall())
    connection.close()
    states = [
        (table.name, column)
        for table in TABLES.sorted_tables
        for column in table.columns
        if isinstance(column.type, Enum)
    ]
    assert len(states) > 8
    for table, column in states:
        assert isinstance(column.type, Enum)
        check = re.search(rf"CHECK \({column.name} IN \(([^)]*)\)\)", schema[table].replace('"', ""))
        assert check, (table, column.name)
        assert set(check[1].split(", ")) == {f"'{value}'" for value in column.type.enums}


_THEIR_SUBSCRIPTION = (
    "INSERT INTO subscription (chat, query, number, name, text, cadence, state, added_by, subscriber, since, cursor)"
    " SELECT chat.id, query.id, 9, '', 'theirs', 'now', 'active', '', '', ?, 0 FROM chat, query WHERE canonical = ?"
)


def _lines(*texts: str) -> list[PortableLine]:
    return list(read_lines("\n".join(texts), ME))


def _rival_chat(rival: Rival) -> None:
    rival("chat", "INSERT INTO chat (platform, address, topic, title, kind, lang, timezone, settings, state, state_detail, public,"
          " owner, admin, first_delivery_planned, no_match_streak, next_number, created_at) VALUES ('telegram', '1', '', 'theirs',"
          " 'group', '', '', '{}', 'active', '', 0, '', 0, 0, '{}', 1, ?)", AT)  # fmt: skip


def _rival_source(rival: Rival, before: str, name: str, after: int = 0) -> None:
    rival(before, "INSERT INTO source (name, kind, location, title, home, schedule, validators, state)"
          " VALUES (?, 'file', '', 'theirs', '', '', '{}', '{}')", name, after=after)  # fmt: skip


def _rival_digest(rival: Rival, content_hash: str, source: str = "daily") -> None:
    rival("key_value", "INSERT INTO digest (id, content_hash, source, format, date, received_at, counts, warnings)"
          " VALUES (7, ?, ?, 'daily_md', '2026-01-22', ?, '{}', '[]')", content_hash, source, AT)  # fmt: skip


def _rival_paper(rival: Rival, key: str, after: int = 0, number: int = 1) -> None:
    """Another process stores a paper with this key before ours locks the counter of sequences."""
    _rival_source(rival, "key_value", "theirs", after=after)
    rival("key_value", "INSERT INTO paper (id, key, title, abstract, authors, categories, arxiv_id, comment, cross, first_seen_at, day,"
          " owner, vouched) VALUES (?, ?, 'theirs', '', '[]', '[]', ?, '', 0, ?, '2026-01-22', 'theirs', 0)",
          number, key, key, AT, after=after)  # fmt: skip
    rival("key_value", "INSERT INTO paper_key (key, paper) VALUES (?, ?)", key, number, after=after)


def _rival_value(rival: Rival, name: str, value: str, after: int = 0) -> None:
    rival("key_value", "INSERT INTO key_value (name, value) VALUES (?, ?)", name, value, after=after)

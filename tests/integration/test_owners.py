"""What only one of several processes may do: the next message of a lane, and every other write (docs/architecture.md, rule 14)."""

import contextlib
import re
from collections import abc
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy

from subscriptions.errors import PaperwireError, RetryLater
from subscriptions.model import CallbackToken, ChatKind, Message
from subscriptions.notices import source_recovered
from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.portable import read_lines
from subscriptions.service import (
    access,
    amendments,
    conversation_state,
    ingest,
    notices,
    operators,
    retention,
    sending,
    undoing,
)
from subscriptions.service.importing import import_lines
from subscriptions.service.plan import plan_due
from subscriptions.store import (
    bot_state,
    callbacks,
    claims,
    recovery,
    sources,
    steps,
    unrendered,
    updates,
)
from subscriptions.store.database.store import Store, Transaction, execute
from subscriptions.store.moving import chat_moved
from subscriptions.store.rows import TABLES
from tests import being_sent, make, stored
from tests.clock import NOON
from tests.make import address, ingest_digest, ingested, paper, subscribes


def states(store: Store) -> list[str]:
    return [state for (state,) in stored.rows(store, "SELECT state FROM message ORDER BY delivery")]


# ── A lane has one sender at a time: of two claims in one lane, the database refuses the second ───────────────────────

GROUP = "-100"


def due(store: Store, *chats: str) -> None:
    """Plans a delivery of one paper to each of these chats, and renders the deliveries."""
    make.due(store, *chats)
    plan_due(store, now=NOON)
    message = Message(number=1, payload='{"text": "A graph"}', plain="A graph")
    unrendered.store_rendered(
        store, [unrendered.Rendered(seq=seq, messages=(message,)) for seq in range(1, len(chats) + 1)], now=NOON
    )


def next_of(store: Store, lane: str = GROUP) -> steps.Claim:
    step = claims.claim(store, being_sent.request(lane))
    assert isinstance(step, steps.Claim)
    return step


def in_hand(store: Store) -> list[tuple[int, str]]:
    return stored.rows(store, "SELECT delivery, state FROM message ORDER BY delivery")


ENDS: dict[str, abc.Callable[[Store, steps.Claim], object]] = {
    "the message is confirmed": lambda store, first: claims.confirm(store, first, "m1", being_sent.request(GROUP)),
    "the attempt has failed": lambda store, first: sending.record_outcome(
        store, first, RetryLater("busy", timedelta(0)), on_unclear="resend", now=NOON
    ),
    "what was in hand is recovered": lambda store, _: recovery.recover(store),
}


@pytest.mark.both_databases
@pytest.mark.parametrize("ends", ENDS)
def test_a_lane_has_one_message_in_hand_until_its_outcome_is_stored(store: Store, other: Store, ends: str) -> None:
    """While one message of a lane is being sent, no other one may be, even if it was claimed.

    The second claim is possible because an operator dismisses the delivery that is being sent.
    """
    due(store, "telegram:-100", "telegram:-100/7", "telegram:1", "postbox:-100")
    first = next_of(store)
    assert claims.mark_sending(store, first, wall=NOON)
    sending.dismiss(store, first.delivery, now=NOON)
    second = next_of(store)
    assert (first.seq, second.seq) == (1, 2)
    assert not claims.mark_sending(other, second, wall=NOON)
    assert in_hand(store)[:2] == [(1, "sending"), (2, "ready")]
    assert claims.mark_sending(other, next_of(store, "1"), wall=NOON)  # another lane need not wait
    ENDS[ends](store, first)
    assert claims.mark_sending(other, second, wall=NOON)


@pytest.mark.both_databases
def test_merged_groups_keep_what_they_have_in_hand(store: Store, other: Store) -> None:
    due(store, "telegram:-1", "telegram:-2")
    for process, place in ((store, "-1"), (other, "-2")):
        assert claims.mark_sending(process, next_of(store, place), wall=NOON)
    (gone, _) = sending.outbox_entries(store, now=NOON)
    chat_moved(store, address(gone.chat), "-2", now=NOON)
    assert in_hand(store) == [(1, "sending"), (2, "sending")]
    assert claims.claim(store, being_sent.request("-2")) is None


# ── The write itself decides which process may do something, not a read before it ─────────────────────────────────────

# On SQLite, only one process writes at a time, so no other can write between our read and our write. In a database that
# locks rows, another process can. These tests imitate this on SQLite: the other process ("the rival") commits its row just
# before the statement by which our process writes.

AT = "2026-01-22 12:00:00.000000"
ME = address("telegram:1")


@pytest.fixture
def rival(store: Store) -> abc.Callable[..., None]:
    """Returns a function that makes another process execute `sql` just before our process writes the table `table`.

    `after` is the number of our writes to this table that come before.
    """

    def before_write(table: str, sql: str, *values: object, after: int = 0) -> None:
        writes = tuple(
            f"{verb} {name} " for verb in ("INSERT INTO", "UPDATE", "DELETE FROM") for name in (table, f'"{table}"')
        )
        left = [(sql, values), *[("SELECT 1", ())] * after]

        def write(_c: sqlalchemy.Connection, cursor: Any, statement: str, *_: object) -> None:
            if left and statement.startswith(writes):
                cursor.connection.execute(*left.pop())

        sqlalchemy.event.listen(store._engine, "before_cursor_execute", write)

    return before_write


def rows(store: Store, table: str, *names: str) -> list[tuple[object, ...]]:
    return stored.rows(store, f'SELECT {", ".join(names)} FROM "{table}" ORDER BY 1')  # noqa: S608 - names of ours


Rival = abc.Callable[..., None]


_THEIR_SUBSCRIPTION = (
    "INSERT INTO subscription (chat, query, number, name, text, cadence, state, since, cursor)"
    " SELECT chat.id, query.id, 9, '', 'theirs', 'now', 'active', ?, 0 FROM chat, query WHERE canonical = ?"
)


def _rival_chat(rival: Rival) -> None:
    rival("chat", "INSERT INTO chat (platform, address, topic, title, kind, lang, timezone, settings, state, state_detail, public,"
          " owner, admin, first_delivery_planned, next_number, created_at) VALUES ('telegram', '1', '', 'theirs',"
          " 'group', '', '', '{}', 'active', '', 0, '', 0, 0, 1, ?)", AT)  # fmt: skip


def _rival_move(rival: Rival) -> None:
    rival("chat", "UPDATE chat SET address = '-2' WHERE id = 1")
    rival("chat", "INSERT INTO chat (platform, address, topic, title, kind, lang, timezone, settings, state, state_detail, public,"
          " owner, admin, first_delivery_planned, next_number, created_at, moved_to)"
          " VALUES ('telegram', '-1', '', '', 'group', '', '', '{}', 'moved', '-2', 0, '', 0, 0, 1, ?, 1)", AT)  # fmt: skip


def _rival_source(rival: Rival, before: str, name: str, after: int = 0) -> None:
    rival(before, "INSERT INTO source (name, kind, location, title, home, schedule, validators, state)"
          " VALUES (?, 'file', '', 'theirs', '', '', '{}', '{}')", name, after=after)  # fmt: skip


def _rival_digest(rival: Rival, content_hash: str, source: str = "daily") -> None:
    rival("key_value", "INSERT INTO digest (id, content_hash, source, format, date, received_at, counts)"
          " VALUES (7, ?, ?, 'daily_md', '2026-01-22', ?, '{}')", content_hash, source, AT)  # fmt: skip


def _rival_paper(rival: Rival, key: str, after: int = 0, number: int = 1) -> None:
    """Another process stores a paper with this key just before our process locks the counter of sequences."""
    _rival_source(rival, "key_value", "theirs", after=after)
    rival("key_value", "INSERT INTO paper (id, key, title, abstract, authors, categories, arxiv_id, comment, cross, first_seen_at, day,"
          " owner, by_arxiv, uncoded) VALUES (?, ?, 'theirs', '', '[]', '[]', ?, '', 0, ?, '2026-01-22', 'theirs', 0, true)",
          number, key, key, AT, after=after)  # fmt: skip
    rival("key_value", "INSERT INTO paper_key (key, paper) VALUES (?, ?)", key, number, after=after)


def _rival_ours(rival: Rival) -> None:
    """Another process stores the same digest just before our process stores it, under the source "theirs"."""
    _rival_paper(rival, "2601.00001")
    _rival_digest(rival, _OURS.content_hash, "theirs")


def _rival_value(rival: Rival, name: str, value: str, after: int = 0) -> None:
    rival("key_value", "INSERT INTO key_value (name, value) VALUES (?, ?)", name, value, after=after)


@dataclass(frozen=True)
class Race:
    """A call of our process, the rows that another process commits just before its write, and the expected result."""

    rival: abc.Callable[[Rival], object]
    act: abc.Callable[[Store], object]
    shows: tuple[str, ...]  # a table, and names of its columns
    rows: abc.Sequence[tuple[object, ...]]
    before: abc.Callable[[Store], object] = lambda _: None  # what our process does first
    returns: object = ...  # the expected result of our call; ... means any result
    refuses: str = ""  # a part of the sentence with which our call is refused; "" if it is not refused


def _subscribes(text: str) -> abc.Callable[[Store], object]:
    return lambda store: subscribes(store, str(ME), text, now=NOON)


def _imports(*texts: str) -> abc.Callable[[Store], object]:
    return lambda store: import_lines(store, list(read_lines("\n".join(texts), ME)), now=NOON)


def _ingests(*titles: str) -> abc.Callable[[Store], object]:
    return lambda store: ingested(
        store, *(paper(title, arxiv_id=f"2601.{n:05d}", authors=()) for n, title in enumerate(titles, 1))
    )


def _writes(what: abc.Callable[..., object], *values: object, **named: object) -> abc.Callable[[Store], object]:
    """Returns a function that calls `what` in a transaction."""

    def write(store: Store) -> object:
        with store.write() as transaction:
            return what(transaction, *values, **named)

    return write


def _undoes(store: Store) -> object:
    return undoing.undo(store, ME, now=NOON)


def _ingests_ours(store: Store) -> bool:
    """Ingests our digest. Returns whether the store had this digest already."""
    return ingest_digest(store, _OURS, source="daily", day=NOON.date(), now=NOON).already_known


_MET = partial(conversation_state.store_chat, address=ME, kind=ChatKind.PRIVATE, now=NOON)
_SOON = NOON + timedelta(minutes=1)

_OURS = make.digest(paper("A graph", arxiv_id="2601.00001"))
_NOTES = partial(updates.note, platform="telegram", update_id="7", chat=ME, now=NOON)

RACES = {
    "a chat is this chat": Race(
        rival=_rival_chat,
        act=lambda store: conversation_state.store_chat(store, ME, ChatKind.GROUP, now=NOON, title="ours").title,
        shows=("chat", "address", "title"), rows=[("1", "theirs")], returns="theirs",
    ),
    "a subscription joins a chat": Race(
        rival=_rival_chat, act=_subscribes("graph"),
        shows=("subscription", "number", "text"), rows=[(1, "graph")],
    ),
    "a subscription is the same": Race(
        before=_subscribes("graph"), rival=lambda rival: rival("subscription", _THEIR_SUBSCRIPTION, AT, "tree"), act=_subscribes("tree"),
        shows=("subscription", "number", "text"), rows=[(1, "graph"), (9, "theirs")],
    ),
    "no two subscriptions get one number": Race(  # the first of our writes ends the chat's streak without matches
        before=_subscribes("graph"), rival=lambda rival: rival("chat", "UPDATE chat SET next_number = next_number + 1", after=1),
        act=_subscribes("tree"), shows=("subscription", "number"), rows=[(1,), (3,)],
    ),
    "a query is shared": Race(
        rival=lambda rival: rival("query", "INSERT INTO query (id, canonical) VALUES (?, ?)", 77, "graph"), act=_subscribes("graph"),
        shows=("subscription", "query", "number"), rows=[(77, 1)],
    ),
    "an import joins a chat": Race(
        rival=_rival_chat, act=_imports("now | graph"), shows=("chat", "address", "title"), rows=[("1", "theirs")],
    ),
    "an import joins a subscription": Race(
        before=_subscribes("graph"), rival=lambda rival: rival("subscription", _THEIR_SUBSCRIPTION, AT, "tree"),
        act=_imports("now | tree", "now | leaf"),
        shows=("subscription", "number", "text"), rows=[(1, "graph"), (3, "leaf"), (9, "theirs")],
    ),
    "a setting stays": Race(
        before=_MET, rival=lambda rival: rival("chat", """UPDATE chat SET settings = '{"limit": "12"}'"""),
        act=lambda store: amendments.set_settings(store, ME, {"quietday": "on"}, now=NOON),
        shows=("chat", "settings"), rows=[('{"limit": "12", "quietday": "on"}',)],
    ),
    "a group is moved once": Race(
        before=lambda store: subscribes(store, "telegram:-1", "graph", now=NOON), rival=_rival_move,
        act=lambda store: chat_moved(store, address("telegram:-1"), "-2", now=NOON),
        shows=("chat", "id", "address", "state"), rows=[(1, "-2", "active"), (2, "-1", "moved")],
    ),
    "the state of a conversation is the one stored last": Race(
        before=_MET, rival=lambda rival: rival(
            "conversation_state", "INSERT INTO conversation_state (chat, person, name, at, until, verb, arguments)"
            " VALUES (1, '', ?, ?, ?, 'theirs', '{}')", "question", AT, AT,
        ),
        act=lambda store: callbacks.remember(store, 1, "question", CallbackToken(verb="ours"), lasts=make.HOUR, now=NOON),
        shows=("conversation_state", "name", "verb"), rows=[("question", "ours")],
    ),
    "a paper is this paper": Race(
        rival=lambda rival: _rival_paper(rival, "2601.00001"), act=_ingests("A graph", "A tree"),
        shows=("paper", "id", "title", "owner"), rows=[(1, "theirs", "theirs"), (2, "A tree", "daily")],
    ),
    "a key is of this paper": Race(
        rival=lambda rival: _rival_paper(rival, "2601.00001"), act=_ingests("A graph", "A tree"),
        shows=("paper_key", "key", "paper"), rows=[("2601.00001", 1), ("2601.00002", 2)],
    ),
    "no two papers get one sequence": Race(
        before=_ingests("A graph"), rival=lambda rival: rival("key_value", "UPDATE key_value SET value = value + 7 WHERE name = 'sequence'"),
        act=lambda store: ingested(store, paper("A tree", arxiv_id="2601.90002")),
        shows=("paper", "id", "sequence"), rows=[(1, 1), (2, 9)],
    ),
    "papers are not announced again": Race(
        before=lambda store: ingest_digest(
            store, make.digest(paper("A graph")), source="daily", day=NOON.date() - timedelta(days=30), now=NOON
        ),
        rival=lambda rival: rival("key_value", "UPDATE paper SET sequence = 5"),
        act=lambda store: ingest.announce_filed(store, "daily", now=NOON),
        shows=("paper", "id", "sequence"), rows=[(1, 5)], returns=0,
    ),
    "a source may bring a digest": Race(
        rival=lambda rival: _rival_source(rival, "source", "daily"), act=_ingests("A graph"),
        shows=("source", "name", "title"), rows=[("daily", "theirs")],
    ),
    "a source may be polled": Race(
        rival=lambda rival: _rival_source(rival, "source", "daily"),
        act=lambda store: sources.note_poll(
            store, Receipt(source="daily", at=NOON, outcome=Outcome.NEW), sources.SourceState(), {}
        ),
        shows=("source", "name", "title"), rows=[("daily", "theirs")],
    ),
    "a value is replaced": Race(
        rival=lambda rival: _rival_value(rival, "name", "theirs"), act=_writes(bot_state.put_value, "name", "ours"),
        shows=("key_value", "name", "value"), rows=[("name", "ours")],
    ),
    "the daily work is done by one": Race(
        rival=lambda rival: _rival_value(rival, "day-begun", "2026-01-22"),
        act=lambda store: retention.claim_daily_work(store, now=NOON),
        shows=("key_value", "name", "value"), rows=[("day-begun", "2026-01-22")], returns=False,
    ),
    "a slot of a publisher is of one": Race(
        rival=lambda rival: rival(
            "publisher_slot", "INSERT INTO publisher_slot (publisher, until) VALUES ('arxiv.org', ?)", f"{_SOON:%Y-%m-%d %H:%M:%S.%f}"
        ),
        act=lambda store: sources.claim_slot(store, "arxiv.org", timedelta(minutes=2), wall=NOON),
        shows=("publisher_slot", "publisher"), rows=[("arxiv.org",)], returns=timedelta(minutes=1),
    ),
    "an update that another process has takes no effect here": Race(
        rival=lambda rival: rival(
            "update", 'INSERT INTO "update" (platform, update_id, at, chat, changed, answered) VALUES (?, ?, ?, ?, ?, ?)',
            "telegram", "7", AT, None, False, True,
        ),
        act=_NOTES, shows=("update", "update_id", "answered"), rows=[("7", True)], returns=False,
    ),
    "a change begins with what another process has changed": Race(
        before=_subscribes("graph"), rival=lambda rival: rival("chat", "UPDATE subscription SET name = 'theirs'"),
        act=lambda store: (amendments.set_settings(store, ME, {"limit": "12"}, now=NOON), _undoes(store)),
        shows=("subscription", "name"), rows=[("theirs",)],
    ),
    "a change is undone once": Race(
        before=lambda store: (_subscribes("graph")(store), make.unsubscribes(store, ME, 1)),
        rival=lambda rival: rival("chat", "DELETE FROM undo"),
        act=_undoes, shows=("subscription", "number"), rows=[],
    ),
    "a denial is remembered by the first key": Race(
        before=lambda store: (_MET(store), access.deny(store, ME, now=NOON)),
        rival=lambda rival: _rival_value(rival, "denial-key", "00" * 32),
        act=lambda store: (retention.forget(store, ME), access.standing_of(store, ME).is_denied)[1],
        shows=("key_value", "name", "value"), rows=[("denial-key", "00" * 32)], returns=True,
    ),
    "a digest is not stored again": Race(
        rival=_rival_ours, act=_ingests_ours,
        shows=("digest", "id", "source"), rows=[(7, "theirs")], returns=True,
    ),
    "the papers of a digest are not stored again": Race(
        rival=_rival_ours, act=_ingests_ours,
        shows=("paper", "id", "title"), rows=[(1, "theirs")], returns=True,
    ),
    "a database is the first bot's": Race(
        rival=lambda rival: rival("platform", "INSERT INTO platform (name, bot, bot_name) VALUES ('telegram', 'another', '')"),
        act=lambda store: retention.claim_database(store, {"telegram": "ours"}), refuses="another Telegram bot",
        shows=("platform", "name", "bot"), rows=[],
    ),
    "a code makes one operator": Race(  # the first of our writes stores the code
        before=_MET, rival=lambda rival: rival("key_value", "UPDATE key_value SET value = '' WHERE name = 'operator-code'", after=1),
        act=lambda store: operators.redeem_code(store, ME, operators.new_code(store), admins=(), now=NOON),
        shows=("chat", "admin"), rows=[(0,)], returns="wrong",
    ),
}  # fmt: skip


@pytest.mark.parametrize("race", RACES)
def test_what_another_process_stores_first_counts(store: Store, rival: Rival, race: str) -> None:
    this = RACES[race]
    this.before(store)
    this.rival(rival)
    with pytest.raises(PaperwireError, match=this.refuses) if this.refuses else contextlib.nullcontext():
        assert this.act(store) == this.returns or this.returns is ...
    assert rows(store, *this.shows) == this.rows


def test_a_notice_of_another_process_is_not_repeated(store: Store, rival: Rival) -> None:
    chat = conversation_state.store_chat(store, ME, ChatKind.PRIVATE, now=NOON)
    notice = source_recovered("daily")
    assert notices.notify(store, ME, notice, now=NOON)
    (key,) = rows(store, "delivery", "dedupe_key")
    stored.change(store, "DELETE FROM delivery")
    rival("delivery", "INSERT INTO delivery (id, chat, kind, due, dedupe_key, created_at, facts, attempts, reason)"
          " VALUES ('theirs', ?, 'notice', ?, ?, ?, '{}', 0, '')", chat.id, AT, key[0], AT)  # fmt: skip
    assert not notices.notify(store, ME, notice, now=NOON)
    assert rows(store, "delivery", "id") == [("theirs",)]


# A plan reads before it writes. So its write first locks the rows of its chats, which only one process can do.


@pytest.fixture
def locks_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes SQLite act like PostgreSQL: it locks rows."""

    def hold(session: Transaction, *_: object, **__: object) -> None:
        execute(
            session, sqlalchemy.text("UPDATE key_value SET value = value")
        )  # any write, before which the rival can write

    monkeypatch.setattr("subscriptions.store.database.conflicts.hold_rows", hold)


def _rival_plan(rival: Rival, kind: str = "alert", *, before: str = "key_value") -> None:
    rival(before, "INSERT INTO delivery (id, chat, kind, due, dedupe_key, created_at, facts, attempts, reason)"
          " VALUES ('theirs', 1, ?, ?, ?, ?, '{}', 0, '')", kind, AT, "1:2026-01-22T13:00", AT)  # fmt: skip
    rival(before, "INSERT INTO delivery_item (chat, paper, delivery, position, shown, cross, because)"
          " SELECT 1, id, 1, 0, 1, 0, '[]' FROM paper")  # fmt: skip


@pytest.mark.usefixtures("locks_rows")
def test_a_subscription_the_other_plan_missed_waits_a_minute(store: Store, rival: Rival) -> None:
    subscribes(store, str(ME), "graph", when="daily 13:00", now=NOON)
    ingested(store, "A graph", now=NOON + timedelta(minutes=1))
    _rival_plan(rival)
    assert plan_due(store, now=NOON + timedelta(hours=1)) == ()
    assert rows(store, "subscription", "cursor") == [(0,)]
    assert plan_due(store, now=NOON + timedelta(hours=1, minutes=1)) == ()  # the other plan delivered the paper
    assert rows(store, "delivery", "id") == [("theirs",)]
    assert rows(store, "subscription", "cursor") == [(1,)]


@pytest.mark.usefixtures("locks_rows")
def test_a_subscription_that_is_paused_meanwhile_gets_nothing(store: Store, rival: Rival) -> None:
    """A subscription is paused, and a digest comes, while a plan runs. The plan reads the papers again, and ends."""
    subscribes(store, str(ME), "graph", when="now", now=NOON)
    ingested(store, "A graph", now=NOON + timedelta(minutes=1))
    rival("key_value", "UPDATE subscription SET state = 'paused'")
    _rival_digest(rival, "another")
    assert plan_due(store, now=NOON + timedelta(hours=1)) == ()
    assert rows(store, "delivery", "id") == []


def test_a_poll_is_one_process_s(store: Store, rival: Rival) -> None:
    sources.sync_sources(store, [sources.SourceFact(name="daily", kind="url", location="")], now=NOON)
    for before, until in ((None, NOON), (NOON, NOON + timedelta(hours=1))):
        assert sources.claim_poll(store, "daily", before, until)
    rival(
        "source",
        "UPDATE source SET state = json_set(state, '$.next_at', ?)",
        (NOON + timedelta(hours=2)).isoformat(),
    )
    assert not sources.claim_poll(store, "daily", NOON + timedelta(hours=1), NOON + timedelta(hours=3))
    assert sources.claim_poll(store, "daily", NOON + timedelta(hours=2), None)
    assert sources.claim_poll(store, "daily", None, NOON)


def test_every_state_is_an_enumeration_that_the_database_checks(store: Store) -> None:
    schema = {name: str(sql) for name, sql in rows(store, "sqlite_master", "name", "sql")}
    states = [
        (table.name, column.name, column.type.enums)
        for table in TABLES.sorted_tables
        for column in table.columns
        if isinstance(column.type, sqlalchemy.Enum)
    ]
    assert len(states) > 8
    for table, column, values in states:
        check = re.search(rf"CHECK \({column} IN \(([^)]*)\)\)", schema[table].replace('"', ""))
        assert check, (table, column)
        assert set(check[1].split(", ")) == {f"'{value}'" for value in values}

"""If only one of several processes may do something, the write itself decides which one, not a read before it.

On SQLite, only one process writes at a time, so no other can write between our read and our write. In a database that
locks rows, another process can. These tests imitate this on SQLite: the other process ("the rival") commits its row just
before the statement by which our process writes.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, Enum, event, text

from subscriptions import errors, model
from subscriptions.notices.declared import VersionChanged
from subscriptions.planning import receipts
from subscriptions.portable import read_lines
from subscriptions.service import access, amendments, chat_status, ingest, notices, requests, retention
from subscriptions.service.importing import import_lines
from subscriptions.service.plan import plan_due
from subscriptions.service.previews import newest_batch
from subscriptions.store import bot_state, conversations, sources
from subscriptions.store.claims import pause_lane
from subscriptions.store.database.store import Store, Transaction, execute
from subscriptions.store.moving import chat_moved
from subscriptions.store.rows import TABLES
from tests import make, stored
from tests.integration.row_locks import cannot_tell

AT = "2026-01-22 12:00:00.000000"
ME = make.address("telegram:1")

pytestmark = pytest.mark.sqlite_alone


@pytest.fixture
def rival(store: Store) -> Callable[..., None]:
    """Returns a function that makes another process execute `sql` just before our process writes the table `table`.

    `after` is the number of our writes to this table that come before.
    """

    def before_write(table: str, sql: str, *values: object, after: int = 0) -> None:
        writes = tuple(
            f"{verb} {name} " for verb in ("INSERT INTO", "UPDATE", "DELETE FROM") for name in (table, f'"{table}"')
        )
        left = [(sql, values), *[("SELECT 1", ())] * after]

        def write(_c: Connection, cursor: Any, statement: str, *_: object) -> None:
            if left and statement.startswith(writes):
                cursor.connection.execute(*left.pop())

        event.listen(store._engine, "before_cursor_execute", write)

    return before_write


def rows(store: Store, table: str, *names: str) -> list[tuple[object, ...]]:
    return stored.rows(store, f'SELECT {", ".join(names)} FROM "{table}" ORDER BY 1')  # noqa: S608 - names of ours


Rival = Callable[..., None]


_THEIR_SUBSCRIPTION = (
    "INSERT INTO subscription (chat, query, number, name, text, cadence, state, added_by, subscriber, since, cursor)"
    " SELECT chat.id, query.id, 9, '', 'theirs', 'now', 'active', '', '', ?, 0 FROM chat, query WHERE canonical = ?"
)


def _rival_chat(rival: Rival) -> None:
    rival("chat", "INSERT INTO chat (platform, address, topic, title, kind, lang, timezone, settings, state, state_detail, public,"
          " owner, admin, first_delivery_planned, no_match_streak, next_number, created_at) VALUES ('telegram', '1', '', 'theirs',"
          " 'group', '', '', '{}', 'active', '', 0, '', 0, 0, '{}', 1, ?)", AT)  # fmt: skip


def _rival_move(rival: Rival) -> None:
    rival("chat", "UPDATE chat SET address = '-2' WHERE id = 1")
    rival("chat", "INSERT INTO chat (platform, address, topic, title, kind, lang, timezone, settings, state, state_detail, public,"
          " owner, admin, first_delivery_planned, no_match_streak, next_number, created_at, moved_to)"
          " VALUES ('telegram', '-1', '', '', 'group', '', '', '{}', 'moved', '-2', 0, '', 0, 0, '{}', 1, ?, 1)", AT)  # fmt: skip


def _rival_source(rival: Rival, before: str, name: str, after: int = 0) -> None:
    rival(before, "INSERT INTO source (name, kind, location, title, home, schedule, validators, state)"
          " VALUES (?, 'file', '', 'theirs', '', '', '{}', '{}')", name, after=after)  # fmt: skip


def _rival_digest(rival: Rival, content_hash: str, source: str = "daily") -> None:
    rival("key_value", "INSERT INTO digest (id, content_hash, source, format, date, received_at, counts, warnings)"
          " VALUES (7, ?, ?, 'daily_md', '2026-01-22', ?, '{}', '[]')", content_hash, source, AT)  # fmt: skip


def _rival_paper(rival: Rival, key: str, after: int = 0, number: int = 1) -> None:
    """Another process stores a paper with this key just before our process locks the counter of sequences."""
    _rival_source(rival, "key_value", "theirs", after=after)
    rival("key_value", "INSERT INTO paper (id, key, title, abstract, authors, categories, arxiv_id, comment, cross, first_seen_at, day,"
          " owner, vouched) VALUES (?, ?, 'theirs', '', '[]', '[]', ?, '', 0, ?, '2026-01-22', 'theirs', 0)",
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

    rival: Callable[[Rival], object]
    act: Callable[[Store], object]
    shows: tuple[str, ...]  # a table, and names of its columns
    rows: Sequence[tuple[object, ...]]
    before: Callable[[Store], object] = lambda _: None  # what our process does first
    returns: object = ...  # the expected result of our call; ... means any result
    refuses: str = ""  # a part of the sentence with which our call is refused; "" if it is not refused


def _subscribes(text: str) -> Callable[[Store], object]:
    return lambda store: make.subscribes(store, str(ME), text, now=make.NOON)


def _imports(*texts: str) -> Callable[[Store], object]:
    return lambda store: import_lines(store, list(read_lines("\n".join(texts), ME)), now=make.NOON)


def _ingests(*titles: str) -> Callable[[Store], object]:
    return lambda store: make.ingested(
        store, *(make.paper(title, arxiv_id=f"2601.{n:05d}", authors=()) for n, title in enumerate(titles, 1))
    )


def _writes(what: Callable[..., object], *values: object, **named: object) -> Callable[[Store], object]:
    """Returns a function that calls `what` in a transaction."""

    def write(store: Store) -> object:
        with store.write() as transaction:
            return what(transaction, *values, **named)

    return write


def _undoes(store: Store) -> object:
    change = amendments.last_change(store, ME)
    assert change is not None
    return amendments.undo(store, ME, change.id, now=make.NOON)


def _ingests_ours(store: Store) -> bool:
    """Ingests our digest. Returns whether the store had this digest already."""
    return make.ingest_digest(store, _OURS, source="daily", day=make.NOON.date(), now=make.NOON).already_known


def _files(store: Store) -> None:
    old = make.NOON.date() - timedelta(days=30)
    make.ingest_digest(store, make.digest(make.paper("A graph")), source="daily", day=old, now=make.NOON)


_MET = partial(chat_status.store_chat, address=ME, kind=model.ChatKind.PRIVATE, now=make.NOON)
_SOON = make.NOON + timedelta(minutes=1)
_INSTALLS = _writes(bot_state.put_installation, "T1", "ours", now=make.NOON)
_POLLED = receipts.Receipt(source="daily", at=make.NOON, outcome=receipts.Outcome.NEW)

_OURS = make.digest(make.paper("A graph", arxiv_id="2601.00001"))
_APPLIES = partial(chat_status.apply_once, platform="telegram", update="7", chat="telegram:1", now=make.NOON)

RACES = {
    "a chat is this chat": Race(
        rival=_rival_chat,
        act=lambda store: chat_status.store_chat(store, ME, model.ChatKind.GROUP, now=make.NOON, title="ours").title,
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
        act=lambda store: amendments.set_settings(store, ME, {"quietday": "on"}, now=make.NOON),
        shows=("chat", "settings"), rows=[('{"limit": "12", "quietday": "on"}',)],
    ),
    "a group is moved once": Race(
        before=lambda store: make.subscribes(store, "telegram:-1", "graph", now=make.NOON), rival=_rival_move,
        act=lambda store: chat_moved(store, make.address("telegram:-1"), "-2", now=make.NOON),
        shows=("chat", "id", "address", "state"), rows=[(1, "-2", "active"), (2, "-1", "moved")],
    ),
    "a link is this link": Race(
        before=_subscribes("graph"),
        rival=lambda rival: rival(
            "offer", "INSERT INTO offer (id, chat, number, text, cadence, at) VALUES ('theirs', 1, 1, 'tree', 'now', ?)", AT
        ),
        act=lambda store: chat_status.share_link(store, ME, 1, now=make.NOON),
        shows=("offer", "id", "text"), rows=[("theirs", "graph")], returns="theirs",
    ),
    "an installation is completed by one": Race(
        rival=lambda rival: rival("completed_installation", "INSERT INTO completed_installation (id, at) VALUES ('i', ?)", AT),
        act=lambda store: bot_state.complete_installation(store, "i", now=make.NOON),
        shows=("completed_installation", "id"), rows=[("i",)], returns=False,
    ),
    "the state of a conversation is the one stored last": Race(
        rival=lambda rival: rival(
            "conversation_state", "INSERT INTO conversation_state (name, place, person, at, until, verb, arguments)"
            " VALUES (?, '', '', ?, ?, 'theirs', '{}')", "ask:1", AT, AT,
        ),
        act=lambda store: conversations.set_conversation_state(store, "ask:1", model.CallbackToken(verb="ours"), lasts=make.HOUR, now=make.NOON),
        shows=("conversation_state", "name", "verb"), rows=[("ask:1", "ours")],
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
        act=lambda store: make.ingested(store, make.paper("A tree", arxiv_id="2601.90002")),
        shows=("paper", "id", "sequence"), rows=[(1, 1), (2, 9)],
    ),
    "papers are not announced again": Race(
        before=_files, rival=lambda rival: rival("key_value", "UPDATE paper SET sequence = 5"),
        act=lambda store: ingest.announce_filed(store, "daily", now=make.NOON),
        shows=("paper", "id", "sequence"), rows=[(1, 5)], returns=0,
    ),
    "a source may bring a digest": Race(
        rival=lambda rival: _rival_source(rival, "source", "daily"), act=_ingests("A graph"),
        shows=("source", "name", "title"), rows=[("daily", "theirs")],
    ),
    "a source may be polled": Race(
        rival=lambda rival: _rival_source(rival, "source", "daily"),
        act=lambda store: notices.note_poll(store, _POLLED, sources.SourceState(), {}),
        shows=("source", "name", "title"), rows=[("daily", "theirs")],
    ),
    "arXiv is asked for a paper by one": Race(
        before=_ingests("A graph"), rival=lambda rival: rival("key_value", "INSERT INTO enrichment_request (paper, times, last) VALUES (1, 1, ?)", AT),
        act=lambda store: notices.claim_incomplete(store, now=make.NOON, ids=5, titles=5),
        shows=("enrichment_request", "paper", "times"), rows=[(1, 1)], returns=(),
    ),
    "a value is replaced": Race(
        rival=lambda rival: _rival_value(rival, "name", "theirs"), act=_writes(bot_state.put_value, "name", "ours"),
        shows=("key_value", "name", "value"), rows=[("name", "ours")],
    ),
    "the daily work is done by one": Race(
        rival=lambda rival: _rival_value(rival, "day-begun", "2026-01-22"),
        act=lambda store: retention.claim_daily_work(store, now=make.NOON),
        shows=("key_value", "name", "value"), rows=[("day-begun", "2026-01-22")], returns=False,
    ),
    "a slot of a publisher is of one": Race(
        rival=lambda rival: rival(
            "publisher_slot", "INSERT INTO publisher_slot (publisher, until) VALUES ('arxiv.org', ?)", f"{_SOON:%Y-%m-%d %H:%M:%S.%f}"
        ),
        act=lambda store: notices.claim_slot(store, "arxiv.org", timedelta(minutes=2), wall=make.NOON),
        shows=("publisher_slot", "publisher"), rows=[("arxiv.org",)], returns=timedelta(minutes=1),
    ),
    "a workspace is the same": Race(
        rival=lambda rival: rival(
            "installation", "INSERT INTO installation (team, tokens, state, since) VALUES ('T1', 'theirs', 'active', ?)", AT
        ),
        act=_INSTALLS, shows=("installation", "team", "tokens", "state"), rows=[("T1", "ours", "active")],
    ),
    "tokens of a removed workspace are not stored": Race(
        before=_INSTALLS, rival=lambda rival: rival("installation", "UPDATE installation SET state = 'uninstalled', tokens = ''"),
        act=_writes(bot_state.renew_tokens, "T1", "newer"), shows=("installation", "team", "tokens"), rows=[("T1", "")], returns=False,
    ),
    "an update that another process has takes no effect here": Race(
        rival=lambda rival: rival(
            "update", 'INSERT INTO "update" (platform, update_id, at, chat, reply, state, worker) VALUES (?, ?, ?, ?, ?, ?, ?)',
            "telegram", "7", AT, "telegram:1", "theirs", "ready", "",
        ),
        act=lambda store: _APPLIES(store, effect=lambda _: pytest.fail("the effect of an update happens twice")),
        shows=("update", "update_id", "reply"), rows=[("7", "theirs")], returns=("theirs", False),
    ),
    "a reply that another process posts is left to it": Race(  # the first of our writes gives up old replies
        before=lambda store: _APPLIES(store, effect=lambda _: "reply"),
        rival=lambda rival: rival("update", 'UPDATE "update" SET state = ? WHERE state = ?', "done", "ready", after=1),
        act=lambda store: conversations.unfinished_replies(store, now=_SOON),
        shows=("update", "update_id", "state"), rows=[("7", "done")], returns=[],
    ),
    "a change begins with what another process has changed": Race(
        before=_subscribes("graph"), rival=lambda rival: rival("chat", "UPDATE subscription SET name = 'theirs'"),
        act=lambda store: (amendments.set_settings(store, ME, {"limit": "12"}, now=make.NOON), _undoes(store)),
        shows=("subscription", "name"), rows=[("theirs",)],
    ),
    "a change is undone once": Race(
        before=lambda store: (_subscribes("graph")(store), requests.unsubscribe(store, ME, "1", now=make.NOON)),
        rival=lambda rival: rival("chat", "UPDATE undo SET before = json_set(before, '$.undone', json('true'))"),
        act=_undoes, refuses="undone already", shows=("subscription", "number"), rows=[],
    ),
    "a denial is remembered by the first key": Race(
        before=lambda store: (_MET(store), access.deny(store, ME, now=make.NOON)),
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
        act=lambda store: retention.claim_database(store, "telegram", "ours"), refuses="another Telegram bot",
        shows=("platform", "name", "bot"), rows=[],
    ),
    "wrong codes that another process reads count": Race(
        before=lambda store: (_MET(store), access.new_code(store)),
        rival=lambda rival: rival("chat", "INSERT INTO wrong_code (chat, at) VALUES (1, ?), (1, ?), (1, ?), (1, ?)", *[AT] * 4),
        act=lambda store: [access.redeem_code(store, ME, "wrong", admins=(), now=make.NOON) for _ in range(2)],
        shows=("wrong_code", "chat"), rows=[(1,)] * 5, returns=["wrong", "too-many"],
    ),
    "a code makes one operator": Race(  # the first two of our writes store the code
        before=_MET, rival=lambda rival: rival("operator_code", "DELETE FROM operator_code", after=2),
        act=lambda store: access.redeem_code(store, ME, access.new_code(store), admins=(), now=make.NOON),
        shows=("chat", "admin"), rows=[(0,)], returns="there-is-one",
    ),
    "a lane is paused once": Race(
        rival=lambda rival: rival("lane", "INSERT INTO lane (platform, address) VALUES ('telegram', '1')"),
        act=_writes(pause_lane, model.Lane("telegram", "1"), wall=make.NOON, until=_SOON),
        shows=("lane", "address", "not_before"), rows=[("1", "2026-01-22 12:01:00.000000")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("race", RACES)
def test_what_another_process_stores_first_counts(store: Store, rival: Rival, race: str) -> None:
    this = RACES[race]
    this.before(store)
    this.rival(rival)
    with pytest.raises(errors.PaperwireError, match=this.refuses) if this.refuses else nullcontext():
        assert this.act(store) == this.returns or this.returns is ...
    assert rows(store, *this.shows) == this.rows


# -------------------------------------------------------------------------------------------------------------- notices


def test_a_notice_of_another_process_is_not_repeated(store: Store, rival: Rival) -> None:
    chat = chat_status.store_chat(store, ME, model.ChatKind.PRIVATE, now=make.NOON)
    notice = VersionChanged(version="2", before="1")
    assert notices.notify(store, ME, notice, now=make.NOON)
    (key,) = rows(store, "delivery", "dedupe_key")
    stored.change(store, "DELETE FROM delivery")
    rival("delivery", "INSERT INTO delivery (id, chat, kind, due, dedupe_key, created_at, facts, attempts, reason)"
          " VALUES ('theirs', ?, 'notice', ?, ?, ?, '{}', 0, '')", chat.id, AT, key[0], AT)  # fmt: skip
    assert not notices.notify(store, ME, notice, now=make.NOON)
    assert rows(store, "delivery", "id") == [("theirs",)]


# --------------------------------------------------------------------------------------------------------------- papers

# An ingest reads papers before it writes them. So it first locks the counter of sequences, which only one process can do.


def test_a_paper_added_during_a_large_ingest_is_the_same(
    store: Store, rival: Rival, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "MOST_AT_ONCE", 1)
    cannot_tell(store)  # otherwise SQLite shows that no other process has written since the look-up
    _rival_paper(rival, "2601.00002", after=1, number=2)  # just before our process stores the second part
    make.ingested(store, *(make.paper(f"Graph {n}", arxiv_id=f"2601.0000{n}") for n in (1, 2, 3)))
    assert rows(store, "paper", "id", "title") == [(1, "Graph 1"), (2, "theirs"), (3, "Graph 3")]
    assert rows(store, "paper_key", "key", "paper") == [("2601.00001", 1), ("2601.00002", 2), ("2601.00003", 3)]


# ------------------------------------------------------------------------------------------------------------- planning

# A plan reads before it writes. So its write first locks the rows of its chats, which only one process can do.


@pytest.fixture
def locks_rows(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    cannot_tell(store)

    def hold(session: Transaction, *_: object, **__: object) -> None:
        execute(session, text("UPDATE key_value SET value = value"))  # any write, before which the rival can write

    monkeypatch.setattr("subscriptions.store.database.conflicts.hold_rows", hold)


def _rival_plan(rival: Rival, kind: str = "alert", *, before: str = "key_value") -> None:
    key = "1:2026-01-22T13:00"
    rival(before, "INSERT INTO delivery (id, chat, kind, due, dedupe_key, created_at, facts, attempts, reason)"
          " VALUES ('theirs', 1, ?, ?, ?, ?, '{}', 0, '')", kind, AT, key, AT)  # fmt: skip
    rival(before, "INSERT INTO delivery_item (chat, paper, delivery, position, shown, cross, because)"
          " SELECT 1, id, 1, 0, 1, 0, '[]' FROM paper")  # fmt: skip


@pytest.mark.usefixtures("locks_rows")
def test_a_subscription_the_other_plan_missed_waits_a_minute(store: Store, rival: Rival) -> None:
    make.subscribes(store, str(ME), "graph", every="daily", at="13:00", now=make.NOON)
    make.ingested(store, make.paper("A graph"), now=make.NOON + timedelta(minutes=1))
    _rival_plan(rival)
    assert plan_due(store, now=make.NOON + timedelta(hours=1)) == ()
    assert rows(store, "subscription", "cursor") == [(0,)]
    assert plan_due(store, now=make.NOON + timedelta(hours=1, minutes=1)) == ()  # the other plan delivered the paper
    assert rows(store, "delivery", "id") == [("theirs",)]
    assert rows(store, "subscription", "cursor") == [(1,)]


@pytest.mark.usefixtures("locks_rows")
def test_a_subscription_that_is_paused_meanwhile_gets_nothing(store: Store, rival: Rival) -> None:
    """A subscription is paused, and a digest comes, while a plan runs. The plan reads the papers again, and ends."""
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


# ------------------------------------------------------------------------------------------------ codes of operators


def test_a_code_printed_meanwhile_works_too(store: Store, rival: Rival) -> None:
    rival("operator_code", "INSERT INTO operator_code (code_hash) VALUES ('theirs')")
    access.new_code(store)
    assert ("theirs",) in rows(store, "operator_code", "code_hash")
    for _ in range(2):
        access.new_code(store)
    codes = [code for (code,) in rows(store, "operator_code", "code_hash")]
    assert len(codes) == 3
    assert "theirs" not in codes


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


# --------------------------------------------------------------------------------------------------------------- states


def test_every_state_is_an_enumeration_that_the_database_checks(store: Store) -> None:
    schema = {name: str(sql) for name, sql in rows(store, "sqlite_master", "name", "sql")}
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

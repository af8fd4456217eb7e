"""How PostgreSQL plans the statements of a sender: as on SQLite, none reads a whole table that grows.

The tables have no statistics: on a new server the first morning may be over before they are made.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from subscriptions.model import Lane, Message
from subscriptions.service.plan import plan_due
from subscriptions.service.sending import ClaimRequest, claim, confirm
from subscriptions.store import deliveries
from subscriptions.store.attempts import mark_sending
from subscriptions.store.claims import Claim, Rendered, store_rendered
from subscriptions.store.database.store import Store
from tests.filling import fill
from tests.make import NOON, ingested, paper, subscribes
from tests.postgres.server import Server
from tests.statements import GROWING, in_one_line, is_plain


@pytest.fixture
def filled(postgres: Server) -> Iterator[Store]:
    """A bot of some age, with half of a morning in its outbox."""
    with postgres.database() as url:
        store = Store(url)
        fill(store, 1000)
        for number in range(20):
            subscribes(store, f"telegram:-{number}", "zebra", every="now", since="1d")
        yield store
        store.close()


@contextmanager
def executed(store: Store) -> Iterator[dict[str, Any]]:
    """The statements that the store executes, each once, with its parameters."""
    found: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if is_plain(statement) and not many:
            found.setdefault(statement, values)

    event.listen(store._engine, "before_cursor_execute", note)
    yield found
    event.remove(store._engine, "before_cursor_execute", note)


def scanned(store: Store, statements: dict[str, Any], *, analyzed: bool) -> dict[str, str]:
    """Statement → the tables that grow and that it would read as a whole."""
    found = {}
    with psycopg.connect(str(store.url).replace("+psycopg", "")) as connection:
        if analyzed:
            connection.execute("ANALYZE")
        large = {
            name for name in GROWING if _has_many(connection, name)
        }  # one of a few rows is read quickest as a whole
        assert {"chat", "delivery", "delivery_item", "message", "paper", "subscription"} <= large
        for statement, values in statements.items():
            plan = connection.execute(f"EXPLAIN (FORMAT JSON) {statement}".encode(), values).fetchone()
            assert plan is not None
            whole = sorted({name for name in _scans(plan[0][0]["Plan"]) if name in large})
            if whole:
                found[in_one_line(statement)] = ", ".join(whole)
        connection.rollback()
    return found


def _has_many(connection: psycopg.Connection, table: str) -> bool:
    return connection.execute(f'SELECT FROM "{table}" OFFSET 100 LIMIT 1'.encode()).fetchone() is not None


def _scans(step: dict[str, Any]) -> Iterator[str]:
    if step["Node Type"] == "Seq Scan":
        yield step["Relation Name"]
    for below in step.get("Plans", ()):
        yield from _scans(below)


def sends(store: Store, chat: str) -> None:
    """One message of a chat, from its claim to its confirmation."""
    asked = ClaimRequest(
        lane=Lane("telegram", chat), now=NOON, wall=NOON, on_unclear="resend", can_find=False, tried=frozenset()
    )
    claimed = claim(store, asked)
    assert isinstance(claimed, Claim)
    message = Message(number=1, payload='{"text": "A zebra"}', plain="A zebra")
    store_rendered(store, [Rendered(seq=claimed.seq, messages=(message,))], now=NOON)
    claimed = claim(store, asked)
    assert isinstance(claimed, Claim)
    assert mark_sending(store, claimed, wall=NOON)
    assert confirm(store, claimed, "m1", asked) == (1, None)


@pytest.mark.parametrize("analyzed", [False, True], ids=["without", "with"])
def test_a_sender_reads_no_whole_table(filled: Store, analyzed: bool) -> None:
    ingested(filled, paper("A zebra"), now=NOON - timedelta(hours=1))
    assert len(plan_due(filled, now=NOON)) == 20
    with executed(filled) as sending:
        sends(filled, "-3")
        sends(filled, "-7")
        with filled.read() as session:
            assert deliveries.next_edit(session, Lane("telegram", "-3"), now=NOON, wall=NOON, zone="UTC") is None
    assert len(sending) > 5
    assert scanned(filled, sending, analyzed=analyzed) == {}

"""Rows that are inserted many at once are stored as those that are inserted one by one, on each kind of database."""

from typing import Any

import pytest
from sqlalchemy import bindparam, insert

from subscriptions.errors import StoreError
from subscriptions.store import Store
from subscriptions.store.database.bulk import execute_rows
from subscriptions.store.database.conflicts import insert_new
from subscriptions.store.database.store import connection_of
from subscriptions.store.operation_rows import KeyValueRow
from subscriptions.store.rows import TABLES
from tests.stored import rows, value

pytestmark = pytest.mark.both_databases

_INSERT = insert(TABLES.tables["key_value"]).values(name=bindparam("name"), value=bindparam("value"))
ODD = (
    "", "\\N", "\\.", "\\", "\\\\", "a\tb", "a\nb", "a\r\nb", "\x01\x7f", "'", '"', "{}", "%s", "%", "$1", ",", "NULL",
    "扩散 🧪", "\u2028", " lead", "trail ", "\\x41", "\b\f\v",
)  # fmt: skip


def inserted(store: Store, values: list[tuple[str, str]]) -> None:
    with store.write() as transaction:
        execute_rows(transaction, _INSERT, ("name", "value"), values)


def test_every_sign_comes_back_as_it_was(store: Store) -> None:
    inserted(store, [(f"odd {number:02}{odd}", odd) for number, odd in enumerate(ODD)])
    found = rows(store, "SELECT name, value FROM key_value WHERE name LIKE 'odd%' ORDER BY name")
    assert found == [(f"odd {number:02}{odd}", odd) for number, odd in enumerate(ODD)]


def test_a_row_that_is_refused_leaves_none_of_them(store: Store) -> None:
    values = [(f"new {number}", "") for number in range(30)]
    inserted(store, values[20:21])
    with pytest.raises((StoreError, Exception), match=r"(?i)unique|duplicate"):
        inserted(store, values)
    assert value(store, "SELECT count(*) FROM key_value WHERE name LIKE 'new%'") == 1
    inserted(store, [("another", "")])  # the connection is as good as before


def test_rows_that_may_be_there_already_are_left_as_they_are(store: Store) -> None:
    inserted(store, [("known", "first")])
    with store.write() as transaction:
        for name in ("known", "unknown"):
            insert_new(transaction, "key_value", ("name",), {"name": name, "value": "second"})
    assert rows(store, "SELECT name, value FROM key_value WHERE name LIKE '%known' ORDER BY name") == [
        ("known", "first"),
        ("unknown", "second"),
    ]


def test_they_take_no_statement_each(store: Store, kind_of_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL plans and runs each statement anew: ten papers for a hundred thousand chats are a million."""
    if kind_of_database == "sqlite":
        pytest.skip("a file has no server, and one prepared statement")
    with store.write() as transaction:
        cursor: Any = type(connection_of(transaction).connection.cursor())
        monkeypatch.delattr(cursor, "executemany")
        execute_rows(transaction, _INSERT, ("name", "value"), [(f"n{number}", "") for number in range(30)])
        connection_of(transaction).execute(insert(KeyValueRow), [{"name": "one", "value": ""}])

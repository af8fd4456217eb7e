"""Rows that one statement inserts are stored like rows that are inserted one by one, on each kind of database."""

import pytest
from sqlalchemy import bindparam, insert

from subscriptions.errors import StoreError
from subscriptions.store.database.conflicts import execute_rows, insert_new
from subscriptions.store.database.store import Store
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
    inserted(store, [("another", "")])  # the connection still works


def test_rows_that_may_be_there_already_are_left_as_they_are(store: Store) -> None:
    inserted(store, [("known", "first")])
    with store.write() as transaction:
        for name in ("known", "unknown"):
            insert_new(transaction, "key_value", ("name",), {"name": name, "value": "second"})
    assert rows(store, "SELECT name, value FROM key_value WHERE name LIKE '%known' ORDER BY name") == [
        ("known", "first"),
        ("unknown", "second"),
    ]

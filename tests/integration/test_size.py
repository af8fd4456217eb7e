"""`paperwire db size` says what takes room, and what a day adds."""

from subscriptions.store.database.store import Store
from subscriptions.store.figures import room
from tests.filling import fill
from tests.integration.cli import Terminal
from tests.make import NOON


def test_the_size_of_a_database_is_told_by_kind_and_day(store: Store) -> None:
    fill(store, 70)
    with store.read() as session:
        found = {one.what: one for one in room(session, now=NOON)}
        whole = session.connection().exec_driver_sql("SELECT sum(pgsize) FROM dbstat").scalar_one()
    messages, items = found["messages"], found["papers of chats"]
    assert (messages.rows, items.rows) == (70 * 6, 70 * 30)
    assert 2_400 * messages.rows < messages.size < 6_000 * messages.rows, "each holds two texts of 1,200 characters"
    assert messages.a_day == messages.size // 7, "all of them came in the last seven days"
    assert 0.9 * whole < sum(one.size for one in found.values()) <= whole


def test_the_subcommand_prints_it_as_a_table_and_as_json(terminal: Terminal) -> None:
    terminal("db", "upgrade")
    assert "the file" in terminal("db", "size").out
    document = terminal("db", "size", "--json").json
    assert document["bytes"] > 0
    assert {kind["what"] for kind in document["kinds"]} >= {"papers", "messages", "papers of chats"}

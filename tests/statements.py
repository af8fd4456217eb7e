"""Records the statements that a store executes, and tells which of them read a whole table."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

from subscriptions.store import Store

GROWING = frozenset(
    {
        "appearance", "callback", "chat", "delivery", "delivery_item", "denial", "digest", "indexed_paper", "lane", "message", "paper",
        "mention", "paper_alias", "paper_key", "query", "receipt", "subscription", "summary", "translation", "undo", "update",
    }
)  # fmt: skip
_PLAIN = ("SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH")
_NAMED = re.compile(r'(?:FROM|JOIN|UPDATE|INTO|,)\s+"?(\w+)"?\s+(?:AS\s+)?"?(\w+)"?', re.IGNORECASE)
_SCAN = re.compile(r"SCAN (\w+)(?! VIRTUAL)|SEARCH (\w+) .*\(platform=\?\)")  # nearly all chats are of one platform


@dataclass(slots=True)
class Recorded:
    """The statements of a store, each once, with one set of its parameters."""

    store: Store
    statements: dict[str, Any] = field(default_factory=dict)
    steps: int = 0  # of SQLite's machine, in tens

    def scans(self) -> dict[str, str]:
        """Statement → the steps of its plan that read a whole table that grows."""
        found: dict[str, str] = {}
        with closing(sqlite3.connect(self.store.path)) as connection:
            for statement, values in self.statements.items():
                plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
                steps = [str(row[3]) for row in plan]
                scanned = [step for step in steps if _scanned(step, statement) in GROWING]
                if scanned:
                    found[" ".join(statement.split())] = "; ".join(scanned)
        return found


def _scanned(step: str, statement: str) -> str:
    """The table that a step of a plan reads as a whole; "" if it does not."""
    found = _SCAN.match(step)
    if found is None:
        return ""
    aliases = {alias: table for table, alias in _NAMED.findall(statement)}
    scanned = found[1] or found[2]
    return str(aliases.get(scanned, scanned))


@contextmanager
def recording(store: Store) -> Iterator[Recorded]:
    """Records what the store executes, in whatever thread."""
    recorded = Recorded(store)

    def note(connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if statement.lstrip().upper().startswith(_PLAIN):
            recorded.statements.setdefault(statement, values[0] if many else values)
        connection.connection.driver_connection.set_progress_handler(count, 10)

    def count() -> int:
        recorded.steps += 1
        return 0

    engine = store._engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield recorded
    finally:
        event.remove(engine, "before_cursor_execute", note)

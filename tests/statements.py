"""Finds the statements of stores that read the whole of a table."""

import re
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from subscriptions.database.tables import TABLES

SMALL = frozenset(  # tables that do not grow with chats, papers or time
    {
        "source",
        "key_value",
        "platform",
        "role",
    }
)
GROWING = frozenset(TABLES.tables) - SMALL
HARMLESS = {  # function of the store that executes the statement → why it may read a whole table
    "papers/stored/words.py:candidates": "only a query that no word of the index answers (`=gr*`) walks an index of all papers",
    "papers/stored/words.py:ids": "it walks an index in order, and ends after its LIMIT",
    "papers/stored/words.py:days": "it walks an index, 10 ms for 50,000 papers; a search asks only if not all papers were searched",
    "papers/stored/words.py:newest_texts": "it ends after the newest 5,000 papers",
    "papers/stored/papers.py:first_paper_at": "it ends at the first paper",
    "papers/stored/papers.py:paper_count": "one /search, not each: it walks the smallest index, 5 ms for 100,000 papers",
    "chats/stored/subscriptions.py:subscription_counts": "an operator's /status, which walks the smallest index",
    "papers/stored/asked.py:kept_since": "once a day, beside other work",
    "maintenance/stored/copying.py:copy_database": "`paperwire db copy`, which reads everything once",
    "maintenance/stored/copying.py:count_rows": "it counts what was copied",
    "maintenance/stored/renewed_words.py:count": "only while words are renewed after an upgrade: it walks the smallest index once a slice",
    "papers/stored/embeddings.py:change_encoder": "once, at the first start with another encoder",
}
# these indexes hold only unfinished rows
OF_FEW = frozenset({"ix_update_unanswered", "ix_chat_asked", "ix_chat_admin", "ix_paper_uncoded"})
_PLAIN = ("SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH")
_NAMED = re.compile(r'(?:FROM|JOIN|UPDATE|INTO|,)\s+"?(\w+)"?\s+(?:AS\s+)?"?(\w+)"?', re.IGNORECASE)
# nearly all chats are on one platform, so an index by platform alone does not help
_SCAN = re.compile(r"SCAN (\w+)(?! VIRTUAL)|SEARCH (\w+) .*\(platform=\?\)")
_BY_INDEX = re.compile(r" USING (?:COVERING )?INDEX (\w+)")
_ROOT = Path(__file__).parents[1]
_OURS = tuple(f"{_ROOT / folder}/" for folder in ("subscriptions", "bot"))
_TESTS = tuple(f"{_ROOT / folder}/" for folder in ("tests", "bench"))
_DOMAIN = f"{_ROOT}/subscriptions/"
_STORED = re.compile(r"database/|\w+/stored(?:/|\.py$)")
_SUBCOMMANDS = f"{_ROOT}/bot/cli/"


def scans(connection: sqlite3.Connection, statement: str, values: Any) -> list[str]:
    """Returns the steps of a statement's plan that read the whole of a table that grows.

    The tests collect no statistics, so SQLite plans as if each table had a million rows.
    """
    steps = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    return [step for step in steps if _scanned(step, statement) in GROWING]


def _scanned(step: str, statement: str) -> str:
    """Returns the table that a step of a plan reads as a whole, or "" if the step reads only a part."""
    found, by = _SCAN.match(step), _BY_INDEX.search(step)
    if found is None or (by is not None and by[1] in OF_FEW):
        return ""
    aliases = {alias: table for table, alias in _NAMED.findall(statement)}
    scanned = found[1] or found[2]
    return str(aliases.get(scanned, scanned))


def is_plain(statement: str) -> bool:
    """Tells whether the statement reads or writes rows, unlike BEGIN or PRAGMA."""
    return statement.lstrip().upper().startswith(_PLAIN)


@dataclass(frozen=True, slots=True)
class Caller:
    """The functions that execute a statement."""

    functions: tuple[str, ...] = ()  # functions of the store, innermost first: "papers/stored/papers.py:newest"
    # whether `paperwire run` may execute the statement, not only a migration, another subcommand or a test
    of_run: bool = False

    @property
    def is_harmless(self) -> bool:
        return not HARMLESS.keys().isdisjoint(self.functions)


def caller() -> Caller:
    """Returns the functions that execute the current statement, according to the stack of this thread."""
    functions, ours, elsewhere = list[str](), False, False
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_TESTS) and not ours and name != __file__:
            return Caller()
        if name.startswith(_OURS):
            ours = True
            place = name.removeprefix(_DOMAIN)
            if place != name and _STORED.match(place):
                elsewhere = elsewhere or place.startswith("database/migrations/")
                functions.append(f"{place}:{frame.f_code.co_name}")
            elsewhere = elsewhere or (
                name.startswith(_SUBCOMMANDS) and not name.endswith(("/cli/__init__.py", "/cli/run.py"))
            )
        frame = frame.f_back
    return Caller(tuple(functions), of_run=ours and not elsewhere)


class Watch:
    """Checks the plan of each statement that `paperwire run` may execute, once, in whichever test executes it first."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._found: dict[str, str] = {}

    def taken(self) -> dict[str, str]:
        """Returns the statements found since the last call that read a whole table. Maps each one to its scans."""
        found, self._found = self._found, {}
        return found

    def note(self, connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        """Checks the plan of this statement, before it is executed."""
        if connection.dialect.name != "sqlite":  # the plans of PostgreSQL depend on the rows in the tables
            return
        if statement in self._seen or not is_plain(statement) or not (of := caller()).of_run:
            return
        self._seen.add(statement)
        if of.is_harmless:
            return
        # a statement for several rows may have only one set of parameters, even if `many`
        one = values[0] if many and values and isinstance(values[0], (tuple, dict)) else values
        if found := scans(connection.connection.driver_connection, statement, one):
            place = next((one for one in of.functions if not one.startswith("database/")), "?")
            self._found[" ".join(statement.split())] = f"{'; '.join(found)} ({place})"

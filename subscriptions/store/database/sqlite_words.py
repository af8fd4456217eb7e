"""The full-text index on SQLite."""

import sqlite3
from collections.abc import Sequence

import sqlalchemy as sa

from subscriptions.matching.full_text import AllOf, AnyOf, Expression, Near, Phrase

PAPER_WORDS = (
    "CREATE VIRTUAL TABLE paper_words"
    " USING fts5(title, abstract, summary, author, label, content='', columnsize=0, tokenize='ascii')"
)
_WRITE = "INSERT INTO paper_words (rowid, title, abstract, summary, author, label) VALUES (?, ?, ?, ?, ?, ?)"
_PAPER_WORDS: sa.ColumnElement[str] = sa.literal_column(
    "paper_words"
)  # the hidden column that all words are searched in


def write(connection: sa.Connection, papers: Sequence[int], documents: Sequence[tuple[str, ...]]) -> None:
    """Writes new index entries for papers. `papers` are their ids, `documents` their words."""
    raw = _raw(connection)
    raw.executemany("INSERT OR REPLACE INTO indexed_paper (paper) VALUES (?)", [(paper,) for paper in papers])
    (newest,) = raw.execute("SELECT max(entry) FROM indexed_paper").fetchone()
    first = newest - len(papers) + 1
    raw.executemany(_WRITE, [(entry, *columns) for entry, columns in enumerate(documents, first)])


def entries(expression: Expression) -> sa.Select[int]:
    """Returns the entries that match an expression."""
    asked = _written(expression)
    is_found = _PAPER_WORDS.op("MATCH")(sa.literal(asked)) if asked else sa.false()
    return sa.select(sa.literal_column("rowid", sa.Integer)).select_from(sa.table("paper_words")).where(is_found)


def _raw(connection: sa.Connection) -> sqlite3.Connection:
    """Returns the driver's connection, in the same transaction.

    For many rows, the driver alone takes a third of SQLAlchemy's time.
    """
    raw: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    return raw


def _written(expression: Expression) -> str:
    """Returns an expression in the syntax of FTS5; "" if no paper can match it."""
    match expression:
        case Phrase(columns, _, _):
            return f"{{{' '.join(columns)}}} : {_phrase(expression)}"
        case Near(parts, distance):
            return f"{parts[0].columns[0]} : NEAR({' '.join(map(_phrase, parts))}, {distance})"
        case AllOf(parts):
            all_of = [_written(part) for part in parts]
            if all(all_of):
                return f"({' AND '.join(all_of)})"
            return ""
        case AnyOf(parts):
            any_of = [written for part in parts if (written := _written(part))]
            if any_of:
                return f"({' OR '.join(any_of)})"
            return ""


def _phrase(phrase: Phrase) -> str:
    return f'"{phrase.words}"{" *" if phrase.prefix else ""}'

"""The full-text index on SQLite and on PostgreSQL: how entries are written and found.

On PostgreSQL that is some ten thousand words of each text.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence

import sqlalchemy as sa

from subscriptions.matching.full_text import AllOf, AnyOf, Expression, Near, Phrase

ON_SQLITE = (
    "CREATE VIRTUAL TABLE paper_words"
    " USING fts5(title, abstract, summary, author, label, content='', columnsize=0, tokenize='ascii')"
)
ON_POSTGRESQL = (
    """
    CREATE TABLE paper_words (
        entry BIGINT PRIMARY KEY REFERENCES indexed_paper (entry) ON DELETE CASCADE,
        words TSVECTOR NOT NULL
    )
    """,
    "CREATE INDEX ix_paper_words ON paper_words USING gin (words)",
)
# column → the letter that begins its lexemes on PostgreSQL, in the order of a document's columns
_COLUMNS = {
    "title": "t",
    "abstract": "b",
    "summary": "s",
    "author": "a",
    "label": "l",
}
_BETWEEN = "ˑ"  # separates two texts or names, see matching/full_text.py
_MOST_PLACES, _LAST_PLACE, _LONGEST, _MOST_BYTES = 255, 16_383, 2_000, 1_000_000  # PostgreSQL's limits of a tsvector

_INSERT = "INSERT INTO paper_words (rowid, title, abstract, summary, author, label) VALUES (?, ?, ?, ?, ?, ?)"
_ALL_WORDS: sa.ColumnElement[str] = sa.literal_column("paper_words")  # the hidden column of FTS5 for all words

_words = sa.table("paper_words", sa.column("entry", sa.BigInteger), sa.column("words"))
_FORGET = sa.text("DELETE FROM indexed_paper WHERE paper = ANY(:papers)").bindparams(
    sa.bindparam("papers", type_=sa.ARRAY(sa.Integer))
)
_ENTER = sa.text(
    "INSERT INTO indexed_paper (paper) SELECT paper FROM unnest(:papers) WITH ORDINALITY AS given (paper, place)"
    " ORDER BY place RETURNING paper, entry"
).bindparams(sa.bindparam("papers", type_=sa.ARRAY(sa.Integer)))
_WRITE = sa.text(
    "INSERT INTO paper_words (entry, words) SELECT entry, CAST(words AS tsvector)"
    " FROM unnest(:entries, :words) AS given (entry, words)"
).bindparams(sa.bindparam("entries", type_=sa.ARRAY(sa.BigInteger)), sa.bindparam("words", type_=sa.ARRAY(sa.Text)))


def write(connection: sa.Connection, papers: Sequence[int], documents: Sequence[tuple[str, ...]]) -> None:
    """Write new index entries for papers. `papers` are their ids, `documents` their words. Their old entries end."""
    if connection.dialect.name == "sqlite":
        _write_on_sqlite(connection, papers, documents)
        return
    connection.execute(_FORGET, {"papers": list(papers)})
    entries = {row.paper: row.entry for row in connection.execute(_ENTER, {"papers": list(papers)})}
    words = [_vector(document) for document in documents]
    connection.execute(_WRITE, {"entries": [entries[paper] for paper in papers], "words": words})


def empty(connection: sa.Connection) -> None:
    """Remove all entries. On PostgreSQL, each ends when its paper gets a new one; on SQLite it would only be unused."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("INSERT INTO paper_words (paper_words) VALUES ('delete-all')")


def _write_on_sqlite(connection: sa.Connection, papers: Sequence[int], documents: Sequence[tuple[str, ...]]) -> None:
    # the driver itself, in the same transaction: for many rows it takes a third of SQLAlchemy's time
    raw: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    raw.executemany("INSERT OR REPLACE INTO indexed_paper (paper) VALUES (?)", [(paper,) for paper in papers])
    (newest,) = raw.execute("SELECT max(entry) FROM indexed_paper").fetchone()
    first = newest - len(papers) + 1
    raw.executemany(_INSERT, [(entry, *columns) for entry, columns in enumerate(documents, first)])


def _vector(document: Sequence[str]) -> str:
    """Return a document as the text of a tsvector, which ends where it would pass PostgreSQL's limits."""
    places: dict[str, list[int]] = {}
    room = _MOST_BYTES
    for letter, words in zip(_COLUMNS.values(), document, strict=True):
        for lexeme, place in _placed(letter, words):
            known = places.get(lexeme)
            if known and (known[-1] == place or letter == "l"):
                continue
            size = len(lexeme.encode()) + 8 if known is None else 4
            if size <= min(room, _LONGEST) and len(known or ()) < _MOST_PLACES:
                room -= size
                places.setdefault(lexeme, []).append(min(place, _LAST_PLACE))
    return " ".join(f"{_quoted(lexeme)}:{','.join(map(str, found))}" for lexeme, found in places.items())


def _placed(letter: str, words: str) -> Iterable[tuple[str, int]]:
    """Yield (lexeme, place) for the words of a column.

    Places count from 1; an author's words have the author's number.
    """
    is_names, name, is_open = letter == "a", 1, False
    for place, word in enumerate(words.split(), 1):
        if word == _BETWEEN:
            name += is_open
            is_open = False
        else:
            is_open = True
            yield letter + word, name if is_names else place


def entries(dialect: str, expression: Expression) -> sa.Select[int]:
    """Return the entries that match an expression. `dialect`: that of the database."""
    if dialect == "sqlite":
        asked = _written(expression, _for_sqlite, " AND ", " OR ")
        is_found = _ALL_WORDS.op("MATCH")(sa.literal(asked)) if asked else sa.false()
        return sa.select(sa.literal_column("rowid", sa.Integer)).select_from(sa.table("paper_words")).where(is_found)
    asked = _written(expression, _for_postgresql, " & ", " | ")
    is_found = _words.c.words.op("@@")(sa.func.tsquery(asked)) if asked else sa.false()
    return sa.select(_words.c.entry).where(is_found)


def _written(expression: Expression, write: Callable[[Phrase | Near], str], both: str, either: str) -> str:
    """Return an expression in the syntax of a database; "" if no paper can match it."""
    match expression:
        case AllOf(parts):
            written = [_written(part, write, both, either) for part in parts]
            return _joined(both, written) if all(written) else ""
        case AnyOf(parts):
            return _joined(either, [_written(part, write, both, either) for part in parts])
        case _:
            return write(expression)


def _joined(sign: str, parts: Iterable[str]) -> str:
    some = [part for part in parts if part]
    return f"({sign.join(some)})" if len(some) > 1 else "".join(some)


def _for_sqlite(asked: Phrase | Near) -> str:
    """Return a phrase, or words that are near, in the syntax of FTS5."""
    if isinstance(asked, Near):
        return f"{asked.parts[0].columns[0]} : NEAR({' '.join(map(_words_for_sqlite, asked.parts))}, {asked.distance})"
    return f"{{{' '.join(asked.columns)}}} : {_words_for_sqlite(asked)}"


def _words_for_sqlite(phrase: Phrase) -> str:
    return f'"{phrase.words}"{" *" if phrase.prefix else ""}'


def _for_postgresql(asked: Phrase | Near) -> str:
    """Return a phrase, or words of one name, as the text of a tsquery."""
    if isinstance(asked, Near):
        return f"({' <0> '.join(map(_for_postgresql, asked.parts))})"
    return _joined(" | ", [_in_column(_COLUMNS[column], asked) for column in asked.columns])


def _in_column(letter: str, phrase: Phrase) -> str:
    lexemes = [_quoted(letter + word) for word in phrase.words.split()]
    if phrase.prefix and lexemes:
        lexemes[-1] += ":*"
    return _joined(" <-> ", lexemes)


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"

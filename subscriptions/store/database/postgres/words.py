"""The full-text index on PostgreSQL, and how much of a very long paper it holds: some ten thousand words of each text."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from subscriptions.matching.full_text import AllOf, AnyOf, Expression, Near, Phrase

PAPER_WORDS = (
    """
    CREATE TABLE paper_words (
        entry BIGINT PRIMARY KEY REFERENCES indexed_paper (entry) ON DELETE CASCADE,
        words TSVECTOR NOT NULL
    )
    """,
    "CREATE INDEX ix_paper_words ON paper_words USING gin (words)",
)
# column → the letter that begins its lexemes, in the order of a document's columns
_COLUMNS = {
    "title": "t",
    "abstract": "b",
    "summary": "s",
    "author": "a",
    "label": "l",
}
_BETWEEN = "ˑ"  # separates two texts or names, see matching/full_text.py
_MOST_PLACES, _LAST_PLACE, _LONGEST, _MOST_BYTES = 255, 16_383, 2_000, 1_000_000  # PostgreSQL's limits of a tsvector

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
    """Writes new index entries for papers. `papers` are their ids, `documents` their words. Removes their old entries."""
    connection.execute(_FORGET, {"papers": list(papers)})
    entries = {row.paper: row.entry for row in connection.execute(_ENTER, {"papers": list(papers)})}
    words = [_vector(document) for document in documents]
    connection.execute(_WRITE, {"entries": [entries[paper] for paper in papers], "words": words})


def entries(expression: Expression) -> sa.Select[int]:
    """Returns the entries that match an expression."""
    asked = _written(expression)
    is_found = _words.c.words.op("@@")(sa.func.tsquery(asked)) if asked else sa.false()
    return sa.select(_words.c.entry).where(is_found)


def _vector(document: Sequence[str]) -> str:
    """Returns a document as the text of a tsvector, which ends where it would pass PostgreSQL's limits."""
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
    """Yields (lexeme, place) for the words of a column. Places count from 1; an author's words have the author's number."""
    is_names, name, is_open = letter == "a", 1, False
    for place, word in enumerate(words.split(), 1):
        if word == _BETWEEN:
            name += is_open
            is_open = False
        else:
            is_open = True
            yield letter + word, name if is_names else place


def _written(expression: Expression) -> str:
    """Returns an expression as the text of a tsquery; "" if no paper can match it."""
    match expression:
        case Phrase(columns, words, prefix):
            return _joined("|", [_phrase(_COLUMNS[column], words.split(), prefix=prefix) for column in columns])
        case Near(parts, _):
            return f"({' <0> '.join(_written(part) for part in parts)})"
        case AllOf(parts):
            written = [_written(part) for part in parts]
            if all(written):
                return _joined("&", written)
            return ""
        case AnyOf(parts):
            return _joined("|", [_written(part) for part in parts])


def _phrase(letter: str, words: Sequence[str], *, prefix: bool) -> str:
    lexemes = [_quoted(letter + word) for word in words]
    if prefix and lexemes:
        lexemes[-1] += ":*"
    if len(lexemes) > 1:
        return f"({' <-> '.join(lexemes)})"
    return "".join(lexemes)


def _joined(sign: str, parts: Iterable[str]) -> str:
    some = [part for part in parts if part]
    if len(some) > 1:
        return f"({f' {sign} '.join(some)})"
    return "".join(some)


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"

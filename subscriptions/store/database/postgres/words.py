"""The full-text index on PostgreSQL, and how much of a very long paper it holds."""

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
_CUT = "l!cut"  # lexeme of a paper with more words than a tsvector can hold
_MOST_PLACES, _LAST_PLACE, _LONGEST, _MOST_BYTES = 255, 16_383, 2_000, 1_000_000  # PostgreSQL's limits of a tsvector

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
_FIND = sa.text(
    "SELECT entry FROM paper_words WHERE words @@ CAST(:asked AS tsquery) AND entry BETWEEN :first AND :last"
).bindparams(sa.bindparam("first", type_=sa.BigInteger), sa.bindparam("last", type_=sa.BigInteger))


def write(connection: sa.Connection, papers: Sequence[int], documents: Sequence[tuple[str, ...]]) -> None:
    """Writes new index entries for papers. `papers` are their ids, `documents` their words. Removes their old entries."""
    connection.execute(_FORGET, {"papers": list(papers)})
    entries = {row.paper: row.entry for row in connection.execute(_ENTER, {"papers": list(papers)})}
    words = [_vector(document) for document in documents]
    connection.execute(_WRITE, {"entries": [entries[paper] for paper in papers], "words": words})


def find(connection: sa.Connection, expression: Expression, first: int, last: int) -> list[int]:
    """Returns the entries from `first` to `last` that match an expression."""
    asked = _written(expression)
    if not asked:
        return []
    return list(connection.execute(_FIND, {"asked": asked, "first": first, "last": last}).scalars())


def uncertain(connection: sa.Connection, first: int, last: int) -> list[int]:
    """Returns the entries from `first` to `last` that may match although `find` does not return them.

    These are the entries of papers with thousands of words, of which the index stores only a part.
    """
    return list(connection.execute(_FIND, {"asked": _quoted(_CUT), "first": first, "last": last}).scalars())


def _vector(document: Sequence[str]) -> str:
    """Returns a document as the text of a tsvector. If words beyond PostgreSQL's limits are left out, adds `_CUT`."""
    places: dict[str, list[int]] = {}
    is_cut, room = False, _MOST_BYTES
    for letter, words in zip(_COLUMNS.values(), document, strict=True):
        for lexeme, place in _placed(letter, words):
            known = places.get(lexeme)
            if known and (known[-1] == place or letter == "l"):
                continue
            size = len(lexeme.encode()) + 8 if known is None else 4
            if place > _LAST_PLACE or size > min(room, _LONGEST) or (known and len(known) >= _MOST_PLACES):
                is_cut = True
                continue
            room -= size
            places.setdefault(lexeme, []).append(place)
    if is_cut:
        places[_CUT] = [1]
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

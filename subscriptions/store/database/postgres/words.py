"""PostgreSQL: the full-text index, the setup of connections, fast inserts, and errors as sentences for people."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from subscriptions.errors import Sentence
from subscriptions.matching.full_text import AllOf, AnyOf, Expression, Near, Phrase
from subscriptions.store.database import LOCKED, NOT_OPENED, NOT_WRITABLE, KnownError, full_error

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


# ------------------------------------------------------------------------------------------------------------ documents


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


# ---------------------------------------------------------------------------------------------------------- expressions


def _written(expression: Expression) -> str:
    """Returns an expression as the text of a tsquery; "" if no paper can match it."""
    match expression:
        case Phrase(columns, words, prefix):
            return _joined("|", [_phrase(_COLUMNS[column], words.split(), prefix=prefix) for column in columns])
        case Near(parts, _):
            return f"({' <0> '.join(_written(part) for part in parts)})"
        case AllOf(parts):
            written = [_written(part) for part in parts]
            return _joined("&", written) if all(written) else ""
        case AnyOf(parts):
            return _joined("|", [_written(part) for part in parts])


def _phrase(letter: str, words: Sequence[str], *, prefix: bool) -> str:
    lexemes = [_quoted(letter + word) for word in words]
    if prefix and lexemes:
        lexemes[-1] += ":*"
    return f"({' <-> '.join(lexemes)})" if len(lexemes) > 1 else "".join(lexemes)


def _joined(sign: str, parts: Iterable[str]) -> str:
    some = [part for part in parts if part]
    return f"({f' {sign} '.join(some)})" if len(some) > 1 else "".join(some)


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


# --------------------------------------------------------------- the setup of a connection to PostgreSQL before its use


OURS = "-c paperwire.session=whole"  # if a session lacks this option, a pooler may share it between clients
_ASK = "SELECT current_setting('paperwire.session', true)"
_NUL, _INSTEAD = "\0", "\ufffd"  # NUL, and the replacement character that is stored instead


class SharedSession(Exception):
    """Raised if a pooler did not pass on the options of a session, so that other clients may share the session."""


def prepare_sessions(engine: sa.Engine) -> None:
    """Checks and prepares each new connection of an engine. Connecting may then raise SharedSession.

    In a shared session each process would hold the sender lock, so that two processes would send.

    PostgreSQL, unlike SQLite, cannot store the character NUL. So another character replaces it in rows and searches.
    Texts of people and digests never have a NUL; texts of an installed format or an imported file may.
    """
    driver: Any = engine.dialect.dbapi  # psycopg, which is imported only if PostgreSQL is used

    class Text(driver.types.string.StrDumper):  # type: ignore[misc]
        """Converts texts for the server, as psycopg does, but without NUL."""

        def dump(self, obj: str) -> bytes | None:
            """Returns the bytes of a text, where the replacement character replaces NUL."""
            sent: bytes | None = super().dump(obj.replace(_NUL, _INSTEAD) if _NUL in obj else obj)
            return sent

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - of the driver
        connection.autocommit = True
        if connection.execute(_ASK).fetchone() != ("whole",):
            connection.close()
            raise SharedSession
        connection.adapters.register_dumper(str, Text)


# ----------------------------------------------------------------------------- inserts many rows with COPY

# COPY takes a tenth of the driver's time and two thirds of the server's time that INSERT takes.


_LEAST = 20  # rows for which COPY is used; for fewer, single inserts are as fast
_PLAIN = re.compile(r"INSERT INTO (?P<into>[\w.\"]+ \([^()]+\)) VALUES \((?:%s(?:::[\w ]+)?(?:, )?)+\)")


def copy_rows(engine: sa.Engine) -> None:
    """Makes an engine use COPY for plain inserts of many rows.

    Inserts with a conflict clause or RETURNING do not change. Triggers, defaults and foreign keys work as with an
    insert. If the database refuses one row, it inserts none.
    """

    @sa.event.listens_for(engine, "do_executemany")
    def _copied(cursor: Any, statement: str, parameters: Sequence[Any], _context: object) -> bool:  # noqa: ANN401 - psycopg's
        found = _PLAIN.fullmatch(statement)
        if found is None or len(parameters) < _LEAST or not isinstance(parameters[0], tuple):
            return False
        with cursor.copy(f"COPY {found['into']} FROM STDIN") as copy:
            for row in parameters:
                copy.write_row(row)
        return True


# ------------------------------------------------------------------------ errors of PostgreSQL as sentences for people


_AGAIN = Sentence(
    "paperwire run tries again by itself; give any other subcommand again. Look at the server's log if it goes on."
)
_ADDRESS = Sentence("Check PAPERWIRE_DATABASE_URL.")


_KNOWN = (  # errors while connecting have no SQLSTATE, so the words of their message decide
    KnownError(
        states=("28",),
        words=(
            "password authentication failed",
            "no password supplied",
            "authentication failed",
            "no pg_hba.conf entry",
        ),
        sentence=Sentence(
            "PostgreSQL does not let this user into the database {where}: the name or the password is wrong."
        ),
        hint=_ADDRESS,
        cause=NOT_OPENED,
        passes=False,
    ),
    KnownError(
        states=("3D000",),
        words=("does not exist",),
        sentence=Sentence("There is no database {where}, or no such user."),
        hint=Sentence("Make it with createdb, or name another one in PAPERWIRE_DATABASE_URL."),
        cause=NOT_OPENED,
        passes=False,
    ),
    KnownError(
        states=("53300",),
        words=("too many clients", "remaining connection slots", "too many connections"),
        sentence=Sentence("The server of the database {where} has no connection left."),
        hint=Sentence("Raise its max_connections, or run fewer programs that use it."),
        cause="its server has no connection left",
        for_everybody=True,
    ),
    KnownError(
        states=("25006",),
        words=("read-only", "during recovery"),
        sentence=Sentence("The database {where} cannot be written to."),
        hint=Sentence("Name the primary server in PAPERWIRE_DATABASE_URL, or end its read-only mode."),
        cause=NOT_WRITABLE,
        for_everybody=True,
    ),
    KnownError(
        states=("42501",),
        sentence=Sentence("The user of PAPERWIRE_DATABASE_URL lacks rights in the database {where}."),
        hint=Sentence("Make this user its owner."),
        cause=NOT_WRITABLE,
        passes=False,
    ),
    KnownError(
        states=("55P03", "40P01", "40001", "57014"),
        sentence=Sentence("The database {where} is locked by another program."),
        hint=Sentence("Close what holds it, then try again."),
        cause=LOCKED,
        for_everybody=True,
    ),
    KnownError(
        states=("42P01", "42703"),
        sentence=Sentence("The schema of the database {where} is not that of this version."),
        hint=Sentence("Run paperwire db upgrade."),
        passes=False,
    ),
    KnownError(
        states=("XX001", "XX002"),
        sentence=Sentence("The database {where} is damaged."),
        hint=Sentence("Restore a copy with pg_restore."),
    ),
)
_POOLER = KnownError(
    words=("unsupported startup parameter",),
    sentence=Sentence(
        "A connection pooler is in front of the database {where} and does not pass on what paperwire asks."
    ),
    hint=Sentence("Name PostgreSQL itself in PAPERWIRE_DATABASE_URL, not the pooler."),
    cause=NOT_OPENED,
    passes=False,
)
_GONE = KnownError(
    sentence=Sentence("The server of the database {where} does not answer: {why}."),
    hint=_AGAIN,
    cause="its server does not answer",
    for_everybody=True,
)
_BUSY = KnownError(
    sentence=Sentence("All connections of this process to the database {where} are in use."),
    hint=_AGAIN,
    cause="its connections are all in use",
    for_everybody=True,
)
_DISK_FULL = "53100"
_VAGUE = "0A000"  # "feature not supported" has many causes; only the message tells which


def translated(error: Exception, where: str, *, password: str | None) -> Exception:
    """Translates an error of SQLAlchemy or the driver to one with a sentence that calls the database `where`."""
    if isinstance(error, PoolTimeout):
        return _BUSY.error(where)
    if isinstance(error, SQLAlchemyError) and not isinstance(error, DBAPIError):
        return error
    cause = getattr(error, "orig", error)
    state, message = getattr(cause, "sqlstate", None) or "", _message(cause, password)
    state = "" if state == _VAGUE else state
    if state == _DISK_FULL:
        return full_error(where)
    found = _POOLER if isinstance(error, SharedSession) else _known(state, message)
    if found is not None:
        return found.error(where)
    if isinstance(error, OperationalError | InterfaceError | OSError):
        return _GONE.error(where, why=message.rpartition("failed: ")[2])
    return error


def _known(state: str, message: str) -> KnownError | None:
    for known in (*_KNOWN, _POOLER):
        if state.startswith(known.states) if state else any(word in message for word in known.words):
            return known
    return None


def _message(error: object, password: str | None) -> str:
    """Returns the last line of the driver's message that is not a question, without the password."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and not line.endswith("?")]
    said = (lines[-1] if lines else type(error).__name__).rstrip(".")
    return said.replace(password, "***") if password else said

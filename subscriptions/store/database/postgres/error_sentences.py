"""Errors of PostgreSQL as sentences for people."""

from collections.abc import Mapping

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from subscriptions.errors import Sentence
from subscriptions.store.database import LOCKED, NOT_OPENED, NOT_WRITABLE, KnownError, full_error
from subscriptions.store.database.postgres.session_setup import SharedSession, WrongEncoding

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
        hint=Sentence("Start paperwire run; it upgrades the schema."),
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
_ENCODING = KnownError(
    sentence=Sentence("The database {where} has the encoding {encoding}, and not every text fits into it."),
    hint=Sentence(
        "Make one with createdb --encoding=UTF8 --template=template0, and name it in PAPERWIRE_DATABASE_URL."
    ),
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
_UNUSABLE: Mapping[type[Exception], KnownError] = {SharedSession: _POOLER, WrongEncoding: _ENCODING}
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
    found = _UNUSABLE.get(type(error)) or _known(state, message)
    if found is not None:
        return found.error(where, encoding=message)
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
    if password:
        return said.replace(password, "***")
    return said

"""Errors of PostgreSQL as sentences for people. No password is in any of them."""

from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from subscriptions.errors import Sentence, StoreError, StoreUnavailable
from subscriptions.store.database.errors import LOCKED, NOT_OPENED, NOT_WRITABLE, WRONG_SETTING, full_error
from subscriptions.store.database.postgres.session import SharedSession

_AGAIN = Sentence(
    "paperwire run tries again by itself; give any other subcommand again. Look at the server's log if it goes on."
)
_ADDRESS = Sentence("Check PAPERWIRE_DATABASE_URL.")


@dataclass(frozen=True, slots=True)
class _Known:
    """A known error: how it is recognized, what is wrong, what to do."""

    states: tuple[str, ...]  # beginnings of SQLSTATE
    words: tuple[str, ...]  # of the message: while connecting there is no SQLSTATE
    sentence: Sentence
    hint: Sentence
    cause: str = ""  # as the health page names it
    passes: bool = True  # asking again may help: all others count as wrong usage


_KNOWN = (
    _Known(
        ("28",),
        ("password authentication failed", "no password supplied", "authentication failed", "no pg_hba.conf entry"),
        Sentence("PostgreSQL does not let this user into the database {where}: the name or the password is wrong."),
        _ADDRESS,
        NOT_OPENED,
        passes=False,
    ),
    _Known(
        ("3D000",),
        ("does not exist",),
        Sentence("There is no database {where}, or no such user."),
        Sentence("Make it with createdb, or name another one in PAPERWIRE_DATABASE_URL."),
        NOT_OPENED,
        passes=False,
    ),
    _Known(
        ("53300",),
        ("too many clients", "remaining connection slots", "too many connections"),
        Sentence("The server of the database {where} has no connection left."),
        Sentence("Raise its max_connections, or run fewer programs that use it."),
        "its server has no connection left",
    ),
    _Known(
        ("25006",),
        ("read-only", "during recovery"),
        Sentence("The database {where} cannot be written to."),
        Sentence("Name the primary server in PAPERWIRE_DATABASE_URL, or end its read-only mode."),
        NOT_WRITABLE,
    ),
    _Known(
        ("42501",),
        (),
        Sentence("The user of PAPERWIRE_DATABASE_URL lacks rights in the database {where}."),
        Sentence("Make this user its owner."),
        NOT_WRITABLE,
        passes=False,
    ),
    _Known(
        ("55P03", "40P01", "40001", "57014"),
        (),
        Sentence("The database {where} is locked by another program."),
        Sentence("Close what holds it, then try again."),
        LOCKED,
    ),
    _Known(
        ("42P01", "42703"),
        (),
        Sentence("The schema of the database {where} is not that of this version."),
        Sentence("Run paperwire db upgrade."),
        passes=False,
    ),
    _Known(
        ("XX001", "XX002"),
        (),
        Sentence("The database {where} is damaged."),
        Sentence("Restore a copy with pg_restore."),
    ),
)
_POOLER = _Known(
    (),
    ("unsupported startup parameter",),
    Sentence("A connection pooler stands before the database {where} and does not pass on what paperwire asks."),
    Sentence("Name PostgreSQL itself in PAPERWIRE_DATABASE_URL, not the pooler."),
    NOT_OPENED,
    passes=False,
)
_DISK_FULL = "53100"
_VAGUE = "0A000"  # something is not possible, for any reason: the message has it
_GONE = _Known(
    (), (), Sentence("The server of the database {where} does not answer: {why}."), _AGAIN, "its server does not answer"
)
_BUSY = Sentence("All connections of this process to the database {where} are in use.")


def translated(error: Exception, where: str, *, password: str | None) -> Exception:
    """An error of SQLAlchemy or of the driver as a sentence that calls the database `where`."""
    if isinstance(error, PoolTimeout):
        return _found(StoreUnavailable(_with(_BUSY, where), _AGAIN), "its connections are all in use")
    if isinstance(error, SQLAlchemyError) and not isinstance(error, DBAPIError):
        return error
    cause = getattr(error, "orig", error)
    state, message = getattr(cause, "sqlstate", None) or "", _message(cause, password)
    state = "" if state == _VAGUE else state
    if state == _DISK_FULL:
        return full_error(where)
    for known in (*_KNOWN, _POOLER):
        if state.startswith(known.states) if state else any(word in message for word in known.words):
            return _error(known, where)
    if isinstance(error, SharedSession):
        return _error(_POOLER, where)
    return (
        _error(_GONE, where, why=message.rpartition("failed: ")[2])
        if isinstance(error, OperationalError | InterfaceError | OSError)
        else error
    )


def _error(known: _Known, where: str, **values: str) -> StoreError:
    make = StoreUnavailable if known.passes and known.cause else StoreError
    error = _found(make(_with(known.sentence, where, **values), known.hint), known.cause)
    error.exit_code = StoreError.exit_code if known.passes else WRONG_SETTING
    return error


def _with(sentence: Sentence, where: str, **values: str) -> Sentence:
    return Sentence(sentence.template, {"where": where, **values})


def _found(error: StoreError, cause: str) -> StoreError:
    error.cause = cause or error.cause
    return error


def _message(error: object, password: str | None) -> str:
    """The driver's message on one line, without the password and without its questions."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and not line.endswith("?")]
    said = (lines[-1] if lines else type(error).__name__).rstrip(".")
    return said.replace(password, "***") if password else said

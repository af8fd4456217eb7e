"""Sets up a connection to PostgreSQL before its use: refuses one that a pooler shares, and replaces the character NUL."""

from typing import Any

import sqlalchemy as sa

OURS = "-c paperwire.session=whole"  # if a session lacks this option, a pooler may share it between clients
_ASK = "SELECT current_setting('paperwire.session', true)"
_NUL, _INSTEAD = "\0", "\ufffd"  # NUL, and the replacement character that is stored instead


class SharedSession(Exception):
    """Raised if a pooler did not pass on the options of a session, so that other clients may share the session."""


class WrongEncoding(Exception):
    """Raised if a database cannot hold every text. Its text is the name of the database's encoding."""


def prepare_sessions(engine: sa.Engine) -> None:
    """Checks and prepares each new connection of an engine. Connecting may then raise SharedSession, WrongEncoding.

    In a shared session each process would have the role, so that two processes would send.

    PostgreSQL, unlike SQLite, cannot store the character NUL. So another character replaces it in rows and searches.
    Texts of people and digests never have a NUL; texts of an imported file may.
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
        encoding = connection.info.parameter_status("server_encoding")
        if encoding not in {"UTF8", None}:
            connection.close()
            raise WrongEncoding(encoding)
        if connection.execute(_ASK).fetchone() != ("whole",):
            connection.close()
            raise SharedSession
        connection.adapters.register_dumper(str, Text)

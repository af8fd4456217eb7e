"""What a connection to PostgreSQL is given before it is used."""

from typing import Any

from sqlalchemy import Engine, event

OURS = "-c paperwire.session=whole"  # an option by which a session can be told from those that a pooler shares out
_ASK = "SELECT current_setting('paperwire.session', true)"
_NUL, _INSTEAD = "\0", "\ufffd"  # the replacement character


class SharedSession(Exception):
    """Raised if a pooler does not pass on a session's options: it may share the session with others."""


def prepare_sessions(engine: Engine) -> None:
    """Has all connections of an engine checked and prepared as they are made; connecting may raise SharedSession.

    In a shared session every process would have the sender lock, and two processes would send.

    PostgreSQL stores every character but NUL, which SQLite does store: another character replaces it in rows and
    searches. Texts of people and digests have no NUL; those of an installed format or an imported file may.
    """
    driver: Any = engine.dialect.dbapi  # psycopg, which is imported only where it is used

    class Text(driver.types.string.StrDumper):  # type: ignore[misc]
        """A text as it is sent."""

        def dump(self, obj: str) -> bytes | None:
            """The bytes of a text."""
            sent: bytes | None = super().dump(obj.replace(_NUL, _INSTEAD) if _NUL in obj else obj)
            return sent

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - of the driver
        connection.autocommit = True
        if connection.execute(_ASK).fetchone() != ("whole",):
            connection.close()
            raise SharedSession
        connection.adapters.register_dumper(str, Text)

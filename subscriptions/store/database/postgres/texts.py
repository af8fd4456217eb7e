"""Texts as PostgreSQL takes them: it stores every character but NUL, which SQLite stores."""

from typing import Any

from sqlalchemy import Engine, event

_NUL, _INSTEAD = "\0", "\ufffd"  # the sign for what is no character


def keep_storable(engine: Engine) -> None:
    """Has all connections of an engine store and look for another sign instead of NUL.

    What comes from people and from digests has none; a format that somebody installed, or a file to be imported, may.
    """
    driver: Any = engine.dialect.dbapi  # psycopg, which is not imported where nobody uses it

    class Text(driver.types.string.StrDumper):  # type: ignore[misc]
        """A text as it is sent."""

        def dump(self, obj: str) -> bytes | None:
            """The bytes of a text."""
            sent: bytes | None = super().dump(obj.replace(_NUL, _INSTEAD) if _NUL in obj else obj)
            return sent

    @event.listens_for(engine, "connect")
    def _register(connection: Any, _record: object) -> None:  # noqa: ANN401 - of the driver
        connection.adapters.register_dumper(str, Text)

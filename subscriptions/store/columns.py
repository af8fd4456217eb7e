"""Kinds of columns and indexes that the tables are made of (rows.py)."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Boolean, Column, DateTime, Enum, ForeignKey, Index, text, true
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field

Json = dict[str, Any]


class Utc(TypeDecorator[datetime]):
    """An aware datetime in UTC. Raises ValueError for a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Converts to UTC; SQLite stores it without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - as above
        """Returns an aware datetime in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def reference(target: str, *, index: bool = False, primary: bool = False) -> Any:  # noqa: ANN401 - a SQLModel field
    """A column that refers to a row of another table, and goes with it."""
    return Field(
        sa_column_args=[ForeignKey(target, ondelete="CASCADE")], index=index and not primary, primary_key=primary
    )


def json_column(default: type[dict[str, Any]] | type[list[Any]]) -> Any:  # noqa: ANN401 - a SQLModel field
    """A column of JSON; `default` makes the value of a new row."""
    return Field(default_factory=default, sa_type=JSON)


def index(name: str, *columns: str, where: str = "", unique: bool = False) -> Index:
    """An index of the rows for which `where` holds, or of all."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where) if where else None)


def choice(values: type[StrEnum], default: StrEnum | None = None, *, required: bool = False) -> Any:  # noqa: ANN401 - a SQLModel field
    """A column that holds one of the values of an enumeration; NULL where `default` is None and it is not `required`."""
    kind = Enum(values, native_enum=False, values_callable=lambda members: [member.value for member in members])
    return Field(sa_type=kind) if required else Field(default=default, sa_type=kind)


def kept_by_triggers() -> Any:  # noqa: ANN401 - a SQLModel field
    """A column that only the database writes; no insert names it."""
    return Field(default=True, sa_column=Column(Boolean, nullable=False, server_default=true()))

"""What the tables are made of (rows.py): the base of their rows, kinds of columns and indexes."""

from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType
from sqlmodel import Field, SQLModel

Json = dict[str, Any]


class Row(SQLModel):
    """A row of a table. Its values are never validated, so pydantic builds no validators for it at each start."""

    model_config = {"defer_build": True}


class Utc(TypeDecorator[datetime]):
    """An aware datetime in UTC. Raises ValueError for a naive one."""

    impl = sa.DateTime(timezone=True)
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


OF_MANY = frozenset({"delivery.seq"})  # what `Big` columns refer to


class Big(TypeDecorator[int]):
    """A number of 64 bits, for ids that the database uses up fast, also for inserts that find the row there."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[int]:
        """SQLite knows one kind of number, and numbers its rows only where it has this name."""
        return dialect.type_descriptor(sa.Integer() if dialect.name == "sqlite" else sa.BigInteger())


def reference(target: str, *, index: bool = False, primary: bool = False) -> Any:  # noqa: ANN401 - a SQLModel field
    """A column that refers to a row of another table, and goes with it."""
    of_many: dict[str, Any] = {"sa_type": Big} if target in OF_MANY else {}
    return Field(
        sa_column_args=[sa.ForeignKey(target, ondelete="CASCADE")],
        index=index and not primary,
        primary_key=primary,
        **of_many,
    )


def json_column(default: type[dict[str, Any]] | type[list[Any]]) -> Any:  # noqa: ANN401 - a SQLModel field
    """A column of JSON; `default` makes the value of a new row."""
    return Field(default_factory=default, sa_type=sa.JSON)


@cache
def adapter_of(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - a class, or a type such as tuple[str, ...]
    """What writes values of a type into columns of JSON and reads them, made when it is first asked for."""
    return TypeAdapter(kind)


def to_json(value: Any) -> Any:  # noqa: ANN401 - a value of ours, any JSON value
    """What a column of JSON holds of a value of ours."""
    return adapter_of(value.__class__).dump_python(value, mode="json")


class JsonText(UserDefinedType[str]):
    """A parameter for a column of JSON whose value is text already."""

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **_: object) -> str:
        """The name of the type, where a database asks for one."""
        return "JSON"


class Condition(sa.ColumnElement[bool]):
    """A condition as an index has it, letter by letter: only then is the index of use. `sql` as SQLite has it."""

    __visit_name__ = "condition"
    inherit_cache = True
    _traverse_internals = [("sql", InternalTraversal.dp_string)]  # noqa: RUF012 - SQLAlchemy's form

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.type = sa.Boolean()

    def self_group(self, against: object = None) -> "Condition":  # noqa: ARG002 - SQLAlchemy's signature
        """Itself: SQLAlchemy would compare it with 1."""
        return self


@compiles(Condition)
def _as_sqlite(condition: Condition, _compiler: object, **_: object) -> str:
    return condition.sql


@compiles(Condition, "postgresql")
def _as_postgres(condition: Condition, _compiler: object, **_: object) -> str:
    return for_postgres(condition.sql)


def for_postgres(sql: str) -> str:
    """A condition of ours as PostgreSQL has it, where truth is no number and JSON no text."""
    return sql.replace(" IS 1", " IS TRUE").replace("warnings !=", "warnings::text !=")


def index(name: str, *columns: str, where: str = "", unique: bool = False) -> sa.Index:
    """An index of the rows for which `where` holds, or of all."""
    if not where:
        return sa.Index(name, *columns, unique=unique)
    return sa.Index(
        name, *columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(for_postgres(where))
    )


def choice(values: type[StrEnum], default: StrEnum | None = None, *, required: bool = False) -> Any:  # noqa: ANN401 - a SQLModel field
    """A column that holds one of the values of an enumeration; NULL where `default` is None and it is not `required`."""
    kind = choices_of(values)
    return Field(sa_type=kind) if required else Field(default=default, sa_type=kind)


def choices_of(values: type[StrEnum]) -> Any:  # noqa: ANN401 - a type of SQLAlchemy, which SQLModel takes for a class
    """The type of a column that holds one of the values of an enumeration."""
    return sa.Enum(
        values,
        native_enum=False,
        create_constraint=True,
        values_callable=lambda members: [member.value for member in members],
    )


def kept_by_triggers() -> Any:  # noqa: ANN401 - a SQLModel field
    """A column that only the database writes; no insert names it."""
    return Field(default=True, sa_column=sa.Column(sa.Boolean, nullable=False, server_default=sa.true()))

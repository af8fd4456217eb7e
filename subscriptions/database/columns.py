"""What `tables.py` needs to declare tables: the base class of rows, types of columns, and indexes."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import declared_attr
from sqlalchemy.schema import CreateIndex
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType
from sqlmodel import Field, SQLModel

Json = dict[str, Any]
T = TypeVar("T")
# An option of a table: an id is never given again. Otherwise SQLite gives that of a deleted row to the next one, so that what
# is under way for a forgotten chat, such as a post, would be stored for another.
NEVER_AGAIN = {"sqlite_autoincrement": True}
AnyRow = sa.Row[*tuple[Any, ...]]  # a row of the result of any SELECT statement


class Row(SQLModel):
    """A row of a table. Its values are never validated, so pydantic builds no validators when the program starts."""

    model_config = {"defer_build": True}

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805 - of a class
        """Return the name of the table, made from the name of the class: PaperKeyRow → paper_key."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__.removesuffix("Row")).lower()


class Numbered(Row):
    """A row whose id the database assigns."""

    id: int = Field(default=None, primary_key=True)  # None until the row is inserted


class Utc(TypeDecorator[datetime]):
    """The type of a column of datetimes in UTC. Raises ValueError for a datetime without a zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Convert a value to UTC before it is stored. SQLite stores it without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - as above
        """Return the stored datetime with the zone UTC."""
        if value is None or value.tzinfo:
            return value and value.astimezone(UTC)
        return value.replace(tzinfo=UTC)


def moment(**options: Any) -> Any:  # noqa: ANN401 - a SQLModel field
    """Return a column that holds a datetime in UTC. `options` are those of a SQLModel field."""
    return Field(sa_type=Utc, **options)


class Big(TypeDecorator[int]):
    """A number of 64 bits, for ids that are used up fast: an insert uses up an id even if the row already exists."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[int]:
        """Return INTEGER for SQLite, which assigns ids only to a column of this type; BIGINT otherwise."""
        return dialect.type_descriptor(sa.Integer() if dialect.name == "sqlite" else sa.BigInteger())


def reference(target: str, *, when_deleted: str = "CASCADE", **options: Any) -> Any:  # noqa: ANN401 - a SQLModel field
    """Return a column that refers to a row of another table. `options` are those of a SQLModel field.

    If that row is deleted, the referring row is deleted, too, unless `when_deleted` says otherwise.
    """
    return Field(sa_column_args=[sa.ForeignKey(target, ondelete=when_deleted)], **options)


def json_column(default: type[dict[str, Any]] | type[list[Any]]) -> Any:  # noqa: ANN401 - a SQLModel field
    """Return a column of JSON. `default()` is the value of a new row."""
    return Field(default_factory=default, sa_type=sa.JSON)


def json_or_null() -> Any:  # noqa: ANN401 - a SQLModel field
    """Return a column of JSON that is NULL in a new row."""
    return Field(default=None, sa_type=sa.JSON(none_as_null=True))


@cache
def adapter_of(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - a class, or a type such as tuple[str, ...]
    """Return the adapter that converts values of a type to JSON and back. Cached by type."""
    return TypeAdapter(kind)


def to_json(value: Any) -> Any:  # noqa: ANN401 - a value of ours, any JSON value
    """Convert a value, such as a cadence, to the JSON value that a column stores."""
    return adapter_of(value.__class__).dump_python(value, mode="json")


def as_stored(value: Any) -> Json | None:  # noqa: ANN401 - a frozen value of ours
    """Convert a value to the JSON object that `json_or_null` stores: what it has beside its defaults; None: nothing."""
    return adapter_of(value.__class__).dump_python(value, mode="json", exclude_defaults=True) or None


def from_stored(kind: type[T], stored: Json | None) -> T:
    """Convert what `as_stored` made of a value back to a value of this kind."""
    of: Any = kind
    value: T = adapter_of(of).validate_python(stored) if stored else kind()
    return value


class JsonText(UserDefinedType[str]):
    """The type of a parameter for a JSON column if the value is already JSON text."""

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **_: object) -> str:
        """Return the name of the type, for databases that require a cast."""
        return "JSON"


def for_postgres(sql: str) -> str:
    """Convert a condition for SQLite to PostgreSQL, where a boolean is not a number."""
    return sql.replace(" IS 1", " IS TRUE")


def index(name: str, *columns: str, where: str = "", unique: bool = False, hashed: bool = False) -> sa.Index:
    """Return an index of the rows for which `where` is true; "" means all rows. `where` is written for SQLite.

    `hashed`: the texts may have any length, so on PostgreSQL, which allows 2,704 bytes, the index has only their
    hashes.

    SQLAlchemy's own `postgresql_where` would load its dialect for PostgreSQL also for SQLite: 2 MB of an idle process.
    """
    return sa.Index(name, *columns, unique=unique, info={"where": where, "hashed": hashed})


@compiles(CreateIndex)
def _with_condition(element: CreateIndex, compiler: Any, **named: Any) -> str:  # noqa: ANN401 - as SQLAlchemy has them
    text: str = compiler.visit_create_index(element, **named)
    if element.element.info.get("hashed") and compiler.dialect.name == "postgresql":
        text = text.replace(" (", " USING hash (", 1)
    where: str = element.element.info.get("where", "")
    if not where:
        return text
    return f"{text} WHERE {for_postgres(where) if compiler.dialect.name == 'postgresql' else where}"


def choice(values: type[StrEnum], **options: Any) -> Any:  # noqa: ANN401 - a SQLModel field
    """Return a column that holds one of the values of an enumeration. `options` are those of a SQLModel field."""
    kind: Any = sa.Enum(
        values,
        native_enum=False,
        create_constraint=True,
        values_callable=lambda members: [member.value for member in members],
    )
    return Field(sa_type=kind, **options)

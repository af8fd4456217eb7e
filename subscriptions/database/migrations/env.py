"""Alembic's entry point: runs the revisions on the connection that `upgrade_schema` passes."""

from typing import Any

from alembic import context
from alembic.ddl.base import AddColumn, add_column, alter_table
from sqlalchemy.ext.compiler import compiles

from subscriptions.database.postgres import collated


@compiles(AddColumn, "postgresql")
def _add_column(element: AddColumn, compiler: Any, **named: Any) -> str:  # noqa: ANN401 - as Alembic has them
    table = alter_table(compiler, element.table_name, element.schema)
    return f"{table} {collated(add_column(compiler, element.column, if_not_exists=element.if_not_exists, **named))}"


context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()

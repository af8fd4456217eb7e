"""Alembic's entry: migrates the connection that `Store.upgrade` passes, then indexes the papers that are not indexed."""

from alembic import context

from subscriptions.store.database.schema_upgrade import is_ours
from subscriptions.store.database.store import session_on
from subscriptions.store.papers.index import MOST_INDEXED
from subscriptions.store.papers.known_papers import index_newest
from subscriptions.store.rows import TABLES

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=TABLES,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    include_name=is_ours,
)
with context.begin_transaction():
    context.run_migrations()
if connection.dialect.has_table(connection, "indexed_paper"):  # not on the way to an earlier version
    index_newest(session_on(connection), MOST_INDEXED)

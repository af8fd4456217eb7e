"""Alembic's entry: migrates the connection that `Store.upgrade` hands over."""

from alembic import context

from subscriptions.store._rows import TABLES

context.configure(
    connection=context.config.attributes["connection"], target_metadata=TABLES, render_as_batch=True, compare_type=True
)
with context.begin_transaction():
    context.run_migrations()

"""The schema brought up to date by Alembic, whose import takes a third of a second (`python -X importtime`)."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def upgrade_schema(connection: Connection) -> None:
    """Runs all migrations in the transaction of a connection that is open."""
    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    """Returns Alembic's configuration for a connection that is open."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    config.attributes["connection"] = connection
    return config

"""The tables of the bot's own work: platforms, single values."""

from datetime import datetime

from sqlmodel import Field

from subscriptions.store.columns import Big, Row, moment


class KeyValueRow(Row, table=True):
    """A single value under a name: a counter, a day, a moment."""

    name: str = Field(primary_key=True)
    value: str


class RoleRow(Row, table=True):
    """The process that works on the database (store/role.py). There is at most one row, and none on SQLite."""

    term: int = Field(primary_key=True, sa_type=Big)
    process: str  # the name of its sessions
    holder: str  # its name for people
    seen: datetime | None = moment(default=None)  # when it said last that it works; None: it does not say so


class PlatformRow(Row, table=True):
    """A platform: the bot to which the database belongs, and whether sending is stopped."""

    name: str = Field(primary_key=True)
    bot: str | None = None
    stopped: str | None = None  # why it is stopped until a person decides; None: it is not stopped

"""The tables of the bot's own work: platforms, publishers, codes of operators, the last loss, workers, leases, single values.

`rows` has the others.
"""

from datetime import date, datetime

from sqlmodel import Field

from subscriptions.store.columns import Row, Utc, reference


class KeyValueRow(Row, table=True):
    """A single value under a name: a counter, a day, a moment."""

    __tablename__ = "key_value"
    name: str = Field(primary_key=True)
    value: str


class PlatformRow(Row, table=True):
    """A platform: which bot the database belongs to there, and what was said of its outbox."""

    __tablename__ = "platform"
    name: str = Field(primary_key=True)
    bot: str | None = None
    bot_name: str = ""  # as it was last, for links to it
    stopped: str | None = None  # why it is stopped until a person decides
    waiting_logged_on: date | None = None  # the day (UTC) of the log's last line about what waits for long


class PublisherSlotRow(Row, table=True):
    """When a publisher may be asked next."""

    __tablename__ = "publisher_slot"
    publisher: str = Field(primary_key=True)
    until: datetime = Field(sa_type=Utc)


class EnrichmentRequestRow(Row, table=True):
    """How often arXiv was asked for what a paper lacks, and when last."""

    __tablename__ = "enrichment_request"
    paper: int = reference("paper.id", primary=True)
    times: int
    last: datetime = Field(sa_type=Utc)


class OperatorCodeRow(Row, table=True):
    """The hash of a printed code that makes its sender the first operator. The newest has the highest number."""

    __tablename__ = "operator_code"
    number: int | None = Field(default=None, primary_key=True)
    code_hash: str = Field(unique=True)


class LossRow(Row, table=True):
    """The last loss of the database (subscriptions/planning/receipts.py). There is at most one."""

    __tablename__ = "loss"
    id: int = Field(default=1, primary_key=True)
    lost_at: datetime = Field(sa_type=Utc)
    copied_at: datetime = Field(sa_type=Utc)
    restored_at: datetime = Field(sa_type=Utc)


class WorkerRow(Row, table=True):
    """A worker: a process that sends. Its heartbeat changes while it is at work.

    `process` says which process of the machine it is; "" if the system does not tell. The moments are the server's; a file
    has none to write down at each heartbeat.
    """

    __tablename__ = "worker"
    id: str = Field(primary_key=True)
    beat: int = 0
    holds_sender_lock: bool = True
    process: str = ""
    host: str = ""
    number: int = 0
    since: datetime | None = Field(default=None, sa_type=Utc)
    beat_at: datetime | None = Field(default=None, sa_type=Utc)


class LeaseRow(Row, table=True):
    """What one worker of several holds: a lane in which it posts, or a receiver.

    The lease of a lane has no end of its own: it ends with its worker. Another one ends at `ends`, by the server's clock,
    unless it is renewed.
    """

    __tablename__ = "lease"
    name: str = Field(primary_key=True)
    worker: str
    ends: datetime | None = Field(default=None, sa_type=Utc)

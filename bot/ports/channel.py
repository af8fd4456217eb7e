"""The channel: our adapter for posting to one platform."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from subscriptions.model import ChatAddress, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one message of a platform may hold, and how fast they may go."""

    text: int  # units of the message text as the platform counts them
    per_second: float  # messages a second over the whole token, 0: no limit
    per_lane: float  # messages a second in one lane, 0: no limit
    per_group_minute: int = 0  # messages a minute in one group or channel, 0: no limit
    burst: int = 1  # messages that one lane may send at once after a rest
    reserved: int = 0  # so many more at once for answers to people


class Channel(Protocol):
    """Our adapter for one platform. Knows nothing of papers; never sleeps, never retries, never shortens."""

    platform: str
    limits: Limits

    async def post(
        self, chat: ChatAddress, message: Message, *, delivery: str, thread: str | None = None, plain: bool = False
    ) -> str:
        """Posts one message and returns the platform's id of it.

        `delivery` is the delivery's id, carried along where the platform can. `thread` is the platform's id of the message
        in whose thread this one goes. `plain` posts `message.plain` instead of `message.payload`.
        Raises NotDelivered and nothing else.
        """

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """Replaces a message that was sent. "Not modified" is success. Raises NotDelivered and nothing else."""

    async def find(
        self, chat: ChatAddress, message: Message, *, delivery: str, after: datetime, thread: str | None = None
    ) -> str | None:
        """The platform's id of a message that was perhaps sent after `after`; None: it is not there.

        Raises LookupError when the platform cannot tell, and RetryLater when it asks to wait.
        """

    async def identity(self) -> str:
        """Who this token is, for rule 11 of docs/architecture.md: the bot's id. Raises NotDelivered."""

    async def close(self) -> None:
        """Lets go of connections. A second call does nothing."""

"""The channel: posts, edits and finds the messages of one platform."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from subscriptions.model import ChatAddress, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a message of a platform may be, and how many messages may be sent in which time."""

    text: int  # units of the message text as the platform counts them
    per_second: float  # messages per second over the whole token, 0: no limit
    per_lane: float  # messages per second in one lane, 0: no limit
    per_group_minute: int = 0  # messages per minute in one group or channel, 0: no limit
    burst: int = 1  # messages that one lane may send at once: so many in any `burst` / `per_lane` seconds
    reserved: int = 0  # messages of `per_group_minute` that are kept for answers to people


class Channel(Protocol):
    """Posts rendered messages on one platform. It never sleeps, retries or shortens, and knows nothing of papers."""

    platform: str
    limits: Limits

    async def post(
        self, chat: ChatAddress, message: Message, *, delivery: str, thread: str | None = None, plain: bool = False
    ) -> str:
        """Posts one message and returns the platform's id of it.

        `delivery` is the delivery's id; it is sent along if the platform can store it. `thread` is the platform's id of
        the message in whose thread the new message goes. `plain` posts `message.plain` instead of `message.payload`.
        Raises NotDelivered and nothing else.
        """

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """Replaces a sent message. "Not modified" counts as success. Raises NotDelivered and nothing else."""

    async def find(
        self, chat: ChatAddress, message: Message, *, delivery: str, after: datetime, thread: str | None = None
    ) -> str | None:
        """Returns the platform's id of a message that was perhaps sent after `after`; None if there is no such message.

        A message with a `thread` may have been sent outside it, too. Raises LookupError if the platform cannot tell,
        RetryLater if it asks to wait, and SenderStopped if it refuses the token.
        """

    async def identity(self) -> str:
        """Returns the id of the bot that the token belongs to (docs/architecture.md, rule 11). Raises NotDelivered."""

    async def close(self) -> None:
        """Closes the connections. A second call does nothing."""

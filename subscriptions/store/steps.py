"""What a sender has to do next in a lane: render a delivery, post or look up a message."""

from dataclasses import dataclass
from datetime import datetime

from subscriptions.model import ChatAddress, Lane, Message
from subscriptions.planning.retries import OnUnclear


@dataclass(frozen=True, slots=True)
class Unrendered:
    """The next step of a lane is to render this delivery: it has no messages yet."""

    seq: int
    platform: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The next step of a lane is to post this message, or to look it up."""

    seq: int
    delivery: str
    chat_id: int
    address: ChatAddress
    attempts: int
    message: Message
    plain: bool = False  # post the form without markup
    unclear: bool = False  # an earlier post may have arrived
    waits: bool = False  # its next attempt is later, but it can be looked up now
    unclear_since: datetime | None = None  # start of the first post that may have arrived, by the machine's clock
    was_repeated: bool = False  # it was posted again since then
    thread: str | None = None  # platform id of the message in whose thread it is posted


Step = Unrendered | Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRequest:
    """The request of a sender for the next step of a lane."""

    lane: Lane
    now: datetime
    on_unclear: OnUnclear
    can_find: bool  # the platform can look up messages
    posted: frozenset[tuple[int, int]]  # (seq, number) of messages that the sender has posted in this call
    tried: frozenset[tuple[int, int]]  # (seq, number) of messages that the sender has tried often enough for now

"""The outcomes of an attempt to post a message, other than "sent".

NotDelivered
├── RetryLater            not sent for certain; waiting helps
├── Unclear               it may have been sent
│   └── PartlySent        some of its readers have it
├── Rejected              not sent; the platform refuses this message
├── ChatMoved             not sent; the chat has another address now
├── ChatGone              not sent; the chat or topic cannot be written to
└── SenderStopped         not sent; the token or workspace does not work
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from subscriptions.model import PauseReason


@dataclass(eq=False)
class NotDelivered(Exception):
    """An attempt to post that did not end in "sent"."""

    reason: str  # one plain English line without secrets

    def __str__(self) -> str:
        return self.reason


@dataclass(eq=False)
class RetryLater(NotDelivered):
    """Certainly not sent; waiting helps."""

    # the wait that the platform asked for, zero if it named none. Until then nothing is posted in the lane, also no reply,
    # and where the platform limits the token, nothing anywhere if two lanes wait (bot/pace.py)
    after: timedelta = timedelta(0)


class Unclear(NotDelivered):
    """Perhaps sent. On some platforms the message can be looked up (Platform.find)."""


class PartlySent(Unclear):
    """Sent to some of its readers. It is posted once more at most, since these may get it again."""


@dataclass(eq=False)
class Rejected(NotDelivered):
    """Not sent: the platform refuses this message."""

    form: bool = field(default=False, kw_only=True)  # another form may be accepted: the plain one, without buttons
    # one refusal does not show that it is the message: the same one for several chats in a row is the sender's
    in_doubt: bool = field(default=False, kw_only=True)


@dataclass(eq=False)
class ChatMoved(NotDelivered):
    """Not sent: the chat has moved to `address` (a group that became a supergroup)."""

    address: str


class ChatGone(NotDelivered):
    """Not sent: the bot cannot write there. `scope`: "topic" for one topic or thread, "chat" for the whole address.

    `in_doubt`: one refusal does not show that the chat is gone. It is tried again for days, and the same refusal for
    several chats in a row is the sender's.
    """

    def __init__(
        self,
        reason: str,
        scope: Literal["chat", "topic"] = "chat",
        pause_reason: PauseReason | None = None,
        *,
        in_doubt: bool = False,
    ) -> None:
        """`pause_reason` is stored with the chat. The default is GONE, or TOPIC_CLOSED if `scope` is "topic"."""
        super().__init__(reason)
        self.scope, self.in_doubt = scope, in_doubt
        general = PauseReason.TOPIC_CLOSED if scope == "topic" else PauseReason.GONE
        self.pause_reason = pause_reason or general


@dataclass(eq=False)
class SenderStopped(NotDelivered):
    """Not sent: the token does not work. Deliveries wait in the outbox until it works again."""

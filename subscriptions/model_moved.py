"""States and their reasons, as the database stores them.

The code that knows the cause sets the state. No state is guessed from the words of a message.
"""

from enum import StrEnum


class ChatState(StrEnum):
    """Whether a chat gets messages."""

    ACTIVE = "active"
    ASKED = "asked"  # waits until an operator lets it in
    UNCONFIRMED = "unconfirmed"  # waits until the person who reads there says yes; gets only the question
    PAUSED = "paused"
    MOVED = "moved"


WAITING = (ChatState.ASKED, ChatState.UNCONFIRMED)


class Admission(StrEnum):
    """What an operator answered when asked to let a chat in."""

    ADMITTED = "admitted"
    DENIED = "denied"


class PauseReason(StrEnum):
    """Why a chat gets no messages. All but PERSON mean that the platform does not let the bot write there."""

    PERSON = "person"  # a person paused the chat
    GONE = "gone"  # the bot was blocked or removed, the chat was deleted, or the platform does not say why
    NO_RIGHTS = "no-rights"  # the bot may read but not write
    ARCHIVED = "archived"
    NOT_A_MEMBER = "not-a-member"  # the bot has to be invited into the channel
    TOPIC_CLOSED = "topic-closed"  # only this topic or thread
    TOPIC_DELETED = "topic-deleted"  # only this topic

    @property
    def is_unreachable(self) -> bool:
        """Whether the platform does not let the bot write there."""
        return self is not PauseReason.PERSON

    @property
    def is_of_topic(self) -> bool:
        """Whether the reason concerns one topic or thread, not the whole group or channel."""
        return self in (PauseReason.TOPIC_CLOSED, PauseReason.TOPIC_DELETED)


UNREACHABLE = tuple(reason for reason in PauseReason if reason.is_unreachable)


def describe_chat_state(state: ChatState, admission: Admission | None, pause: PauseReason | None, detail: str) -> str:
    """Describes a chat in English: why it gets no messages, or what an operator answered; "" if neither is known.

    `detail` is stored with the state: the platform's words, or the address that the chat moved to.
    """
    if state is ChatState.ACTIVE:
        return _ANSWERS[admission]
    if state is ChatState.MOVED:
        return f"moved to {detail}"
    if state is ChatState.UNCONFIRMED and pause is None:
        return "not confirmed"
    words = describe_pause(pause, detail) if state is ChatState.PAUSED else _ANSWERS[admission]
    if pause is not None and pause.is_unreachable:
        return f"gone: {words}"
    return words


def describe_pause(pause: PauseReason | None, detail: str) -> str:
    """Describes in English why a chat is paused. `detail` is the sentence that is stored with the reason."""
    if pause is PauseReason.PERSON:
        return "paused in the chat"
    return detail


_ANSWERS = {Admission.DENIED: "denied", Admission.ADMITTED: "let in", None: ""}


class SubscriptionState(StrEnum):
    """Whether a subscription is active, which means that it brings papers."""

    ACTIVE = "active"
    PAUSED = "paused"


class MessageState(StrEnum):
    """How far one post of a delivery is."""

    READY = "ready"
    SENDING = "sending"
    WAITING = "waiting"  # not sent; it will be tried again
    UNCLEAR = "unclear"  # perhaps sent
    SENT = "sent"
    DEAD = "dead"  # refused for good; tried again only if a person asks for it


FINISHED = (MessageState.SENT, MessageState.DEAD)
# the platform has the message, or may have it
MAYBE_SENT = (
    MessageState.SENDING,
    MessageState.UNCLEAR,
    MessageState.SENT,
)


class DeliveryState(StrEnum):
    """How far a delivery is, as derived from its messages and its chat (docs/operating.md)."""

    PLANNED = "planned"
    HELD = "held"  # it waits because its chat gets no messages now
    SENDING = "sending"
    WAITING = "waiting"
    UNCLEAR = "unclear"
    DEAD = "dead"
    SENT = "sent"
    DISMISSED = "dismissed"


UNDER_WAY = (DeliveryState.PLANNED, DeliveryState.HELD, DeliveryState.SENDING, DeliveryState.WAITING)


class Signal(StrEnum):
    """What people of a chat did with a paper. The chat's taste is computed from these (docs/queries.md)."""

    OPENED = "opened"  # they opened the paper's card, or its details; seeing the paper in a list does not count
    SAVED = "saved"
    LIKED = "liked"
    DISLIKED = "disliked"
    EXCLUDED = "excluded"  # they excluded some of the paper's words or one of its authors
    MUTED = "muted"  # they muted the subscription that brought the paper


class SourceTrouble(StrEnum):
    """What is wrong with a source. The store keeps what the operators were told last."""

    FAILED = "failed"
    LATE = "late"
    NOT_POLLED = "not polled"  # no process polled it although it was due

"""A channel with its fake platform, as the tests of the contract use it."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.platforms.base import Platform
from subscriptions.model import ChatAddress, Message
from tests.fakes.server import FakePlatform

Compose = Callable[..., Message]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A channel, a chat that accepts messages, and the texts that its platform received."""

    channel: Platform
    chat: ChatAddress
    topic: ChatAddress  # a topic or thread of the same lane
    compose: Compose  # (text, number=1) → a message in the shape that this channel posts
    received: Callable[[], list[str]]  # texts that the platform received, in order; the new text of an edit comes last
    disconnect: Callable[[], None]  # makes the platform unreachable from now on
    plain: Callable[[str], str] = str  # a text of `compose` → the text that the platform receives of the plain form
    fake: FakePlatform | None = None
    secret: str = "no secret"
    edits: bool = True  # the platform can change a message that was sent
    has_identity: bool = True  # False: the platform has only one bot

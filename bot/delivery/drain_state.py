"""The state of one drain, in all lanes and in each lane."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from subscriptions.model import Lane
from subscriptions.platforms import sender_of
from subscriptions.store import Claim


@dataclass(slots=True)
class DrainState:
    """The counts and the shared state of one drain."""

    planned: int = 0  # deliveries
    sent: int = 0  # messages
    papers: int = 0  # in the sent messages
    lanes: set[Lane] = field(default_factory=set)  # lanes in which this drain had something to do
    gone_chats: dict[str, set[int]] = field(default_factory=dict)  # sender_of(lane) -> ids of the chats found gone
    stopped: dict[str, str] = field(default_factory=dict)  # sender_of(lane) -> why nothing is sent
    store_failed: bool = False  # the database cannot be used, so every lane stops
    render_lock: asyncio.Lock = field(default_factory=asyncio.Lock)  # held by the lane that renders for all lanes
    rendered_ahead: dict[Lane, Claim] = field(default_factory=dict)  # first messages of lanes that have not started yet
    may_render_more: bool = False  # whether the last batch rendered something, so that there may be more to render
    exempt: set[Lane] = field(
        default_factory=set
    )  # lanes of operators' chats, to which notices are sent although their platform is stopped

    def is_stopped(self, lane: Lane) -> bool:
        """Returns whether nothing is sent in this lane."""
        return sender_of(lane) in self.stopped and lane not in self.exempt


@dataclass(slots=True)
class LaneAttempts:
    """The posts that one call of `deliver` has tried in its lane."""

    lane: Lane
    last_post_over_at: float  # monotonic second by which the last post of this lane had ended
    posts: Counter[tuple[int, int]] = field(default_factory=Counter)  # (delivery, message) -> posts in this call

    def has_posted(self, step: Claim) -> bool:
        """Returns whether this call has posted the message already."""
        assert step.message is not None  # noqa: S101 - only messages are posted
        return self.posts[step.seq, step.message.number] > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The result of one round of `deliver` (docs/commands.md)."""

    planned: int = 0
    sent: int = 0
    papers: int = 0
    waiting: int = 0
    unclear: int = 0
    dead: int = 0
    stopped: dict[str, str] = field(default_factory=dict)  # sender_of(lane) -> why nothing is sent

"""The state of one drain: what it has done so far, in all lanes and in each."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from subscriptions.model import Lane
from subscriptions.platforms import sender_of
from subscriptions.store import Claim


@dataclass(slots=True)
class DrainState:
    """What one drain has done so far."""

    planned: int = 0
    sent: int = 0
    papers: int = 0
    lanes: set[Lane] = field(default_factory=set)
    gone_chats: dict[str, set[int]] = field(default_factory=dict)  # sender_of(lane) -> chats that this drain paused
    stopped: dict[str, str] = field(default_factory=dict)  # sender_of(lane) -> why it does not send
    store_failed: bool = False  # the database cannot be used, so every lane stops
    render_lock: asyncio.Lock = field(default_factory=asyncio.Lock)  # held by the lane that renders for all lanes
    rendered_ahead: dict[Lane, Claim] = field(default_factory=dict)  # rendered first messages of lanes not begun yet
    may_render_more: bool = False  # whether there may be more to render than `rendered_ahead`
    exempt: set[Lane] = field(
        default_factory=set
    )  # lanes of operators, who are notified although their platform stopped

    def is_stopped(self, lane: Lane) -> bool:
        """Whether nothing is sent in this lane."""
        return sender_of(lane) in self.stopped and lane not in self.exempt


@dataclass(slots=True)
class LaneAttempts:
    """What one call of `deliver` has tried in its lane."""

    lane: Lane
    last_post_over_at: float  # monotonic second at which the last post of this lane had ended at the latest
    posts: Counter[tuple[int, int]] = field(default_factory=Counter)  # (delivery, message) -> posts in this call

    def has_posted(self, step: Claim) -> bool:
        """Whether this call has posted the message already."""
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
    stopped: dict[str, str] = field(default_factory=dict)  # platform -> why it does not send

"""What one run of sending has done so far."""

import asyncio
from dataclasses import dataclass, field

from subscriptions.model import Lane
from subscriptions.platforms import sender_of
from subscriptions.store import Claim


@dataclass(slots=True)
class DrainState:
    """What one run has done so far."""

    planned: int = 0
    sent: int = 0
    papers: int = 0
    lanes: set[Lane] = field(default_factory=set)
    gone_chats: dict[str, set[int]] = field(
        default_factory=dict
    )  # sender_of(lane) -> chats that were paused in this run
    stopped: dict[str, str] = field(default_factory=dict)  # sender_of(lane) -> why it does not send
    store_failed: bool = False  # the database cannot be used, so no lane goes on
    render_lock: asyncio.Lock = field(default_factory=asyncio.Lock)  # one renders ahead for all
    rendered_ahead: dict[Lane, Claim] = field(
        default_factory=dict
    )  # what was rendered, for lanes that have not begun yet
    may_render_more: bool = False  # whether there may be more to render than that
    exempt: set[Lane] = field(default_factory=set)  # of operators, who hear why their platform stands still

    def is_stopped(self, lane: Lane) -> bool:
        """Whether nothing is sent in this lane."""
        return sender_of(lane) in self.stopped and lane not in self.exempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a run of `deliver` did (docs/commands.md)."""

    planned: int = 0
    sent: int = 0
    papers: int = 0
    waiting: int = 0
    unclear: int = 0
    dead: int = 0
    stopped: dict[str, str] = field(default_factory=dict)  # platform -> why it does not send

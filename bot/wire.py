"""Everything that the plot needs of the world, built by app, and what one run of it has done."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.commands import Voice
from bot.commands.turn import House, Words
from bot.ports import Channel, Clock, Engine, LanePace, Reply, Venue
from subscriptions import Chat, Delivery, Lane, Message, OnUnclear, Store

Layout = Sequence[Sequence[int]]  # ids of the papers of each message that is out


@dataclass(slots=True)
class Run:
    """What one run has done so far."""

    planned: int = 0
    sent: int = 0
    papers: int = 0
    lanes: set[Lane] = field(default_factory=set)
    gone: dict[str, set[int]] = field(default_factory=dict)  # platform -> chats that were paused in this run
    stopped: dict[str, str] = field(default_factory=dict)  # platform -> why it does not send
    broken: bool = False  # the database cannot be used, so no lane goes on
    spared: set[Lane] = field(default_factory=set)  # of operators, who hear why their platform stands still

    def stands_still(self, lane: Lane) -> bool:
        """Whether nothing is sent in this lane."""
        return lane.platform in self.stopped and lane not in self.spared


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """What conversations need beside posting."""

    render: Callable[[Reply, Chat], tuple[Message, ...]]
    voice: Callable[[str, str], Voice]  # (language, zone) → who speaks
    words: Callable[[Voice], Words]
    venues: Mapping[str, Venue] = field(default_factory=dict)
    house: House = field(default_factory=House)
    turns: dict[Lane, asyncio.Lock] = field(default_factory=dict)  # answers of one lane keep their order


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """Everything the plot needs of the world, built by app."""

    store: Store
    clock: Clock
    channels: Mapping[str, Channel]
    engine: Engine
    pace: LanePace
    render: Callable[[Delivery, Layout], tuple[Message, ...]]  # the second is () but for edits
    talk: Talk | None = None  # None: nobody can talk to us
    on_unclear: OnUnclear = "resend"
    finding: frozenset[str] = frozenset()  # platforms that can look a message up
    guard_gone: bool = True
    stopping: Callable[[], bool] = lambda: False

"""Everything that the plot needs of the world, built by app, and what one run of it has done."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.commands import Voice
from bot.commands.turn import House, Words
from bot.ports import Board, Channel, Clock, Engine, Forms, LanePace, Reply, Sheet, Venue
from bot.scribe import Scribe
from subscriptions import Chat, Claim, Delivery, Lane, Message, OnUnclear, Store

Layout = Sequence[Sequence[int]]  # ids of the papers of each message that is out


@dataclass(slots=True)
class Run:
    """What one run has done so far."""

    planned: int = 0
    sent: int = 0
    papers: int = 0
    lanes: set[Lane] = field(default_factory=set)
    gone: dict[str, set[int]] = field(default_factory=dict)  # Lane.sender -> chats that were paused in this run
    stopped: dict[str, str] = field(default_factory=dict)  # Lane.sender -> why it does not send
    broken: bool = False  # the database cannot be used, so no lane goes on
    rendering: asyncio.Lock = field(default_factory=asyncio.Lock)  # one renders ahead for all
    ahead: dict[Lane, Claim] = field(default_factory=dict)  # what was rendered, for lanes that have not begun yet
    more: bool = False  # whether there may be more to render than that
    spared: set[Lane] = field(default_factory=set)  # of operators, who hear why their platform stands still

    def stands_still(self, lane: Lane) -> bool:
        """Whether nothing is sent in this lane."""
        return lane.sender in self.stopped and lane not in self.spared


def _unseen(*_: object) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """What conversations need beside posting."""

    render: Callable[[Reply, Chat], tuple[Message, ...]]
    voice: Callable[[str, str], Voice]  # (language, zone) → who speaks
    words: Callable[[Voice], Words]
    venues: Mapping[str, Venue] = field(default_factory=dict)
    house: House = field(default_factory=House)
    forms: Mapping[str, Forms] = field(default_factory=dict)  # platforms that show forms and boards
    sheet: Callable[[Sheet, str, Chat], str] = _unseen  # (form, id of what it stands for, reader) → as it is shown
    board: Callable[[Board, Chat], str] = _unseen
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
    scribe: Scribe = field(default_factory=Scribe)
    talk: Talk | None = None  # None: nobody can talk to us
    on_unclear: OnUnclear = "resend"
    finding: frozenset[str] = frozenset()  # platforms that can look a message up
    guard_gone: bool = True
    stopping: Callable[[], bool] = lambda: False

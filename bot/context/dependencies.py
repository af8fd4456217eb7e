"""Everything that the plot needs of the world, built by app, and what one run of it has done."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.commands import Voice
from bot.commands.turn import House, Words
from bot.context.group_commit import Scribe
from bot.ports.channel import Channel
from bot.ports.clock import Clock
from bot.ports.conversation import Venue
from bot.ports.engine import Engine, LanePace
from bot.ports.forms import Board, Forms, Sheet
from bot.ports.reply import Reply
from subscriptions import Chat, Delivery, Lane, Message, OnUnclear, Store

Layout = Sequence[Sequence[int]]  # ids of the papers of each message that is out


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

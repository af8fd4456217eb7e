"""Everything that the plot needs of the world, built by app, and what one run of it has done."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from bot.commands.core.context import BotInfo, InlineFormatter, Registry
from bot.commands.phrasing.localizer import Localizer
from bot.context.group_commit import GroupCommit
from bot.ports.channel import Channel
from bot.ports.clock import Clock
from bot.ports.conversation import PlatformApi
from bot.ports.engine import Engine, RateLimiter
from bot.ports.forms import Forms
from bot.ports.reply import Reply
from subscriptions.model import Chat, Delivery, Lane, Message
from subscriptions.planning.retry import OnUnclear
from subscriptions.store import Store

Layout = Sequence[Sequence[int]]  # ids of the papers of each message that is out


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationContext:
    """What conversations need beside posting."""

    render_reply: Callable[[Reply, Chat], tuple[Message, ...]]
    registry: Registry
    make_localizer: Callable[[str, str], Localizer]  # (language, zone) → who speaks
    make_inline_formatter: Callable[[Localizer], InlineFormatter]
    platform_apis: Mapping[str, PlatformApi] = field(default_factory=dict)
    bot_info: BotInfo = field(default_factory=BotInfo)
    forms: Mapping[str, Forms] = field(default_factory=dict)  # platforms that show forms and boards
    # The locks of lanes whose replies are on their way; they keep the order of the replies of one lane.
    reply_locks: WeakValueDictionary[Lane, asyncio.Lock] = field(default_factory=WeakValueDictionary)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything the plot needs of the world, built by app."""

    store: Store
    clock: Clock
    channels: Mapping[str, Channel]
    engine: Engine
    rate_limiter: RateLimiter
    render_delivery: Callable[[Delivery, Layout], tuple[Message, ...]]  # the second is () but for edits
    group_commit: GroupCommit = field(default_factory=GroupCommit)
    conversation: ConversationContext | None = None  # None: nobody can talk to us
    on_unclear: OnUnclear = "resend"
    lookup_platforms: frozenset[str] = frozenset()  # platforms that can look a message up
    guard_gone: bool = True
    is_stopping: Callable[[], bool] = lambda: False

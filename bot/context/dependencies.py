"""The dependencies of the pipeline's steps, as values that bot/app.py builds."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from bot.commands.core.context import BotInfo, InlineFormatter, Registry
from bot.commands.phrasing.localizer import Localizer
from bot.context.command_limits import CommandLimits
from bot.ports.channel import Channel
from bot.ports.clock import Clock
from bot.ports.conversation import PlatformApi
from bot.ports.engine import Engine, RateLimiter
from bot.ports.forms import Forms
from bot.ports.measurements import Observers
from bot.ports.reply import Reply
from subscriptions.model import Chat, Delivery, Lane, Message
from subscriptions.planning.retry import OnUnclear
from subscriptions.store import Store

Layout = Sequence[Sequence[int]]  # the ids of the papers in each message of a delivery that was sent


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationContext:
    """The dependencies of conversations beside those in Context."""

    render_reply: Callable[[Reply, Chat], tuple[Message, ...]]
    registry: Registry
    show_reply: Callable[[Reply, Chat], None] | None = None  # gets the replies in place of the chats that they are for
    make_localizer: Callable[[str, str], Localizer]  # of (language, time zone)
    make_inline_formatter: Callable[[Localizer], InlineFormatter]
    platform_apis: Mapping[str, PlatformApi] = field(default_factory=dict)
    bot_info: BotInfo = field(default_factory=BotInfo)
    forms: Mapping[str, Forms] = field(default_factory=dict)  # of the platforms that show modals and home views
    command_limits: CommandLimits = field(default_factory=CommandLimits)
    # A lock for each lane with replies on their way; it keeps the replies of the lane in order.
    reply_locks: WeakValueDictionary[Lane, asyncio.Lock] = field(default_factory=WeakValueDictionary)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The dependencies of planning, delivering and answering."""

    store: Store
    clock: Clock
    channels: Mapping[str, Channel]
    engine: Engine
    rate_limiter: RateLimiter
    render_delivery: Callable[[Delivery, Layout], tuple[Message, ...]]  # the layout is () except for edits
    store_offer: Callable[[Delivery], None] = lambda _: None  # stores the offer of the link under a delivery; blocks
    conversation: ConversationContext | None = None  # None: people cannot talk to the bot
    on_unclear: OnUnclear = "resend"  # the policy for a message that was perhaps sent
    lookup_platforms: frozenset[str] = frozenset()  # platforms that can tell whether a message was sent
    renders_ahead: bool = True  # this process also posts the messages that it renders for other lanes
    guard_gone: bool = True  # a platform stops when too many chats of one drain are gone
    is_stopping: Callable[[], bool] = lambda: False  # whether the process is to stop
    observe: Observers = field(default_factory=Observers)  # count sends, plans and requests

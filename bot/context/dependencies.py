"""Limits how many commands people and chats give in a minute. The counts are kept in memory and named nowhere else."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakValueDictionary

from bot.commands.core.context import BotInfo, InlineFormatter, Registry
from bot.commands.phrasing.localizer import Localizer
from bot.ports.channel import Channel, Clock, Engine, Observers, RateLimiter
from bot.ports.conversation import PlatformApi, Request
from bot.ports.reply import Forms, Reply
from subscriptions.model import Chat, ChatKind, Delivery, Lane, Message
from subscriptions.planning.retry import OnUnclear
from subscriptions.store import Store

MINUTE = 60.0  # seconds
MAX_OF_CHAT = 20  # commands a minute; no platform lets a bot write fewer messages a minute into a group
MAX_OF_PERSON = 10  # of them of one person in a chat with others

Who = tuple[str, str]  # chat, person


@dataclass(slots=True)
class CommandLimits:
    """The commands of the last minute that were not refused. Moments are seconds of the monotonic clock."""

    _given: deque[tuple[float, Who]] = field(default_factory=deque)
    _of_chats: Counter[str] = field(default_factory=Counter)
    _of_people: Counter[Who] = field(default_factory=Counter)
    _told: dict[Who, float] = field(default_factory=dict)  # until when a person knows that nothing is read
    _lock: Lock = field(default_factory=Lock)

    def is_person_over(self, request: Request, second: float) -> bool:
        """Returns whether a person gives no further command in this chat for now."""
        if request.is_local:
            return False
        with self._lock:
            self._forget(second)
            return self._is_person_over(request)

    def is_chat_over(self, request: Request, second: float) -> bool:
        """Returns whether for now only admins of this chat may give further commands."""
        if request.is_local:
            return False
        with self._lock:
            self._forget(second)
            return self._of_chats[str(request.chat)] >= MAX_OF_CHAT

    def count(self, request: Request, second: float) -> None:
        """Counts a command that was not refused."""
        who = _who(request)
        with self._lock:
            self._given.append((second, who))
            self._of_chats[who[0]] += 1
            self._of_people[who] += 1

    def seconds_left(self, request: Request, second: float) -> float:
        """Returns the estimated seconds until the person of a refused command may give one again."""
        who = _who(request)
        with self._lock:
            by_person = self._is_person_over(request) and not _is_alone(request)
            first = next(
                (at for at, other in self._given if other == who or (not by_person and other[0] == who[0])), second
            )
        return max(0.0, first + MINUTE - second)

    def tells(self, request: Request, second: float) -> bool:
        """Returns whether the person of a refused command does not know yet that it is not read, and notes that they know now.

        They know it until the next command can be read. So a notice is about all that is not read until then.
        """
        left = self.seconds_left(request, second)
        with self._lock:
            if self._told.get(_who(request), second) > second:
                return False
            self._told[_who(request)] = second + left
            return True

    def _is_person_over(self, request: Request) -> bool:
        of_person, of_chat = self._of_people[_who(request)], self._of_chats[str(request.chat)]
        return (of_chat >= MAX_OF_CHAT) if _is_alone(request) else (of_person >= MAX_OF_PERSON)

    def _forget(self, second: float) -> None:
        while self._given and self._given[0][0] <= second - MINUTE:
            _, who = self._given.popleft()
            self._of_chats[who[0]] -= 1
            self._of_people[who] -= 1
            if not self._of_people[who]:
                del self._of_people[who]
            if not self._of_chats[who[0]]:
                del self._of_chats[who[0]]
        self._told = {who: until for who, until in self._told.items() if until > second}


def _who(request: Request) -> Who:
    return str(request.chat), request.sender


def _is_alone(request: Request) -> bool:
    return request.place.kind is ChatKind.PRIVATE


# ---------------------------------------------------------------------------------------------------------------------
# The dependencies of the pipeline's steps, as values that bot/app.py builds.


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

"""When plans are made, and the link to subscribe that a channel's digest ends with."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bot.context import Context, do_steps, write
from bot.ports.channel import Clock, PlanMade
from subscriptions.addresses import facts_of, sender_of
from subscriptions.errors import NotFound
from subscriptions.model import Delivery, Lane
from subscriptions.notices.operations import ClockWasWrong
from subscriptions.service.chat_status import share_link, shared_link
from subscriptions.service.notices import notify_operators
from subscriptions.service.plan import move_far_moments, plan_slices
from subscriptions.service.retention import bot_name
from subscriptions.service.sending import recent_sends
from subscriptions.store.claims import Claim
from subscriptions.store.database.store import Store
from subscriptions.store.database.writer import READS, WRITES, Steps


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


# --------------------------------- plans the deliveries that are due, and counts earlier sends against the rate limits


log = logging.getLogger("paperwire")


async def plan(
    context: Context, drain_state: DrainState, *, planned: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Plans the deliveries that are due in all chats, a slice after the other, and wakes the lanes of each.

    `planned` is awaited after each slice, so that the first messages go out while the last are planned: of a hundred thousand
    chats that is half a minute later.
    """
    await _move_far_moments(context)
    watch, began, deliveries = _Stopwatch(context.clock), context.clock.monotonic(), 0
    slices = plan_slices(context.store, now=context.clock.now(), enough=context.is_stopping, matching=watch.running)
    while (one := await asyncio.to_thread(next, slices, None)) is not None:
        lanes = await do_steps(one, context.store)
        deliveries += len(lanes)
        drain_state.planned += len(lanes)
        context.engine.deliveries_stored([lane for lane in lanes if lane.platform in context.channels])
        if lanes and planned is not None:
            await planned()
    seconds = context.clock.monotonic() - began
    context.observe(PlanMade(deliveries=deliveries, seconds=seconds, matching_seconds=watch.seconds))


async def _move_far_moments(context: Context) -> None:
    """Computes due moments again that a wrong clock put off too far, and reports it to the log and the operators."""
    now = context.clock.now()
    if moved := await do_steps(move_far_moments(context.store, now=now), context.store):
        log.warning("The clock was wrong: %d subscriptions were due too late, and are due at their times again.", moved)
        admins = context.conversation.bot_info.admins
        lanes = await write(notify_operators, context.store, admins, ClockWasWrong(count=moved), now=now)
        context.engine.deliveries_stored([lane for lane in lanes if lane.platform in context.channels])


def seed_rate_limiter(context: Context) -> None:
    """Counts the sends that earlier processes began in the last minute against the rate limits."""
    now, wall, second = context.clock.now(), context.clock.wall(), context.clock.monotonic()
    for platform in context.channels:
        earlier = recent_sends(context.store, platform, now=now, wall=wall)
        bulk = [(send.lane, second - send.ago.total_seconds()) for send in earlier if not send.is_answer]
        answers = [(send.lane, second - send.ago.total_seconds()) for send in earlier if send.is_answer]
        context.rate_limiter.record_earlier_sends(bulk, answers, second)


class _Stopwatch:
    """Adds up the seconds that pass within `running`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        began = self._clock.monotonic()
        try:
            yield
        finally:
            self.seconds += self._clock.monotonic() - began


# ------------------------------------------------------------------------------------------------------ subscribe link


def store_offers(context: Context, deliveries: Sequence[Delivery]) -> Steps[None]:
    """Stores the offers of the links under these deliveries, so that rendering them writes nothing."""
    linked = [delivery for delivery in deliveries if delivery.chat.settings.buttons == "link" and _number(delivery)]
    if linked:
        yield WRITES
        for delivery in linked:
            context.store_offer(delivery)
        yield READS


def store_offer(store: Store, clock: Clock, bot_names: Mapping[str, str], delivery: Delivery) -> None:
    """Stores the offer of the link under a delivery: the subscription that brought most of its papers."""
    platform, number = delivery.chat.address.platform, _number(delivery)
    name = bot_name(store, platform, bot_names.get(platform, ""))
    if name and number and facts_of(platform).links is not None:
        try:
            share_link(store, delivery.chat.address, number, now=clock.now())
        except NotFound:  # the subscription was removed; the delivery that was planned for it is sent anyway
            return


def subscribe_link(store: Store, bot_names: Mapping[str, str], delivery: Delivery) -> str:
    """Returns the link whose offer `store_offer` stored.

    "" if there is none: the platform has no such links, or the bot's name there is not known yet.
    """
    platform, number = delivery.chat.address.platform, _number(delivery)
    name, links = bot_names.get(platform, "") or bot_name(store, platform), facts_of(platform).links
    if not name or not number or links is None:
        return ""
    offer = shared_link(store, delivery.chat.address, number)
    return links.start(name, offer) if offer else ""


def _number(delivery: Delivery) -> int:
    """Returns the number of the subscription that brought most papers of a delivery; 0 if it has none."""
    numbers = Counter(item.because[0].number for item in delivery.items if item.because)
    return numbers.most_common(1)[0][0] if numbers else 0

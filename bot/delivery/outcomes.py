"""The shared state of the lanes in one drain, how deliveries are rendered, and what follows from the outcome of a post.

If it is unclear whether a message was sent, a look-up on the platform decides what to do. If the platform cannot tell,
the setting `on_unclear` decides.
"""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.context import Context, do_steps, write, write_together, write_until_stored
from bot.errors import error_location
from bot.ports.channel import outcome_name
from subscriptions import addresses
from subscriptions.errors import ChatMoved, NotDelivered, NotFound, RetryLater, SenderStopped, StoreError
from subscriptions.model import Delivery, Lane
from subscriptions.notices.declared import SendingStopped
from subscriptions.service import chat_status, sending
from subscriptions.service.notices import notify_operators
from subscriptions.service.retention import bot_name
from subscriptions.store import claims
from subscriptions.store.database import writer
from subscriptions.store.database.store import Store
from subscriptions.store.deliveries import Rendered, store_rendered

log = logging.getLogger("paperwire")

RENDER_BATCH = 40  # deliveries rendered together; they are sent within two seconds, so changed settings apply soon
RENDER_MORE_BELOW = 10  # if fewer rendered ones are left, more are rendered, so that no lane has to wait
MAX_POSTS = 3  # posts of one message in one call of `deliver`; if it is still unclear, it waits for the next call


@dataclass(slots=True)
class DrainState:
    """The counts and the shared state of one drain, in which all lanes send what is due."""

    planned: int = 0  # planned deliveries
    sent: int = 0  # sent messages
    papers: int = 0  # papers in the sent messages
    lanes: set[Lane] = field(default_factory=set)  # lanes in which this drain had something to do
    gone_chats: dict[str, set[int]] = field(default_factory=dict)  # sender_of(lane) -> ids of chats that are gone
    stopped: dict[str, str] = field(default_factory=dict)  # sender_of(lane) -> why nothing is sent
    store_failed: bool = False  # the database cannot be used, so every lane stops
    render_lock: asyncio.Lock = field(default_factory=asyncio.Lock)  # held by the lane that renders for all lanes
    # lane that has not started -> its first message
    rendered_ahead: dict[Lane, claims.Claim] = field(default_factory=dict)
    may_render_more: bool = False  # whether the last batch rendered something, so that there may be more to render
    # lanes of operators' chats, to which notices are sent even if their platform is stopped
    exempt: set[Lane] = field(default_factory=set)

    def is_stopped(self, lane: Lane) -> bool:
        """Returns whether nothing is sent in this lane."""
        return addresses.sender_of(lane) in self.stopped and lane not in self.exempt


@dataclass(slots=True)
class LaneAttempts:
    """The posts that one call of `deliver` has made in its lane."""

    lane: Lane
    last_post_over_at: float  # monotonic second when the last post of this lane had surely ended
    posts: Counter[tuple[int, int]] = field(default_factory=Counter)  # (delivery, message) -> posts in this call

    def has_posted(self, step: claims.Claim) -> bool:
        """Returns whether this call has posted the message already."""
        assert step.message is not None  # noqa: S101 - only messages are posted
        return self.posts[step.seq, step.message.number] > 0


async def first_step(context: Context, drain_state: DrainState, attempts: LaneAttempts) -> sending.Step | None:
    """Returns the first step of a lane; None if there is nothing to do now. Prefers a step that is already rendered.

    If fewer than RENDER_MORE_BELOW rendered steps are left, renders the next batch.
    """
    if attempts.lane not in drain_state.rendered_ahead and drain_state.render_lock.locked():
        async with drain_state.render_lock:  # the batch that is being rendered may contain this lane's step
            pass
    step = drain_state.rendered_ahead.pop(attempts.lane, None)
    if (
        step is not None
        and drain_state.may_render_more
        and len(drain_state.rendered_ahead) < RENDER_MORE_BELOW
        and not drain_state.render_lock.locked()
    ):
        async with drain_state.render_lock:
            await _render_more(context, drain_state, step)
    return step or await next_step(context, attempts)


async def next_step(context: Context, attempts: LaneAttempts) -> sending.Step | None:
    """Claims and returns the next step of the lane; None if there is nothing to do now."""
    return await write_together(sending.claim, context.store, claim_request(context, attempts))


def claim_request(context: Context, attempts: LaneAttempts) -> sending.ClaimRequest:
    """Returns the arguments of `claim` for this call."""
    return sending.ClaimRequest(
        lane=attempts.lane,
        now=context.clock.now(),
        wall=context.clock.wall(),
        on_unclear=context.on_unclear,
        can_find=attempts.lane.platform in context.lookup_platforms,
        tried=frozenset(message for message, times in attempts.posts.items() if times >= MAX_POSTS),
    )


async def render(context: Context, drain_state: DrainState, attempts: LaneAttempts) -> sending.Step | None:
    """Renders the lane's next delivery together with those of other lanes. Returns the lane's next step."""
    async with drain_state.render_lock:  # during a wait here, another lane has usually rendered this delivery
        step = drain_state.rendered_ahead.pop(attempts.lane, None) or await next_step(context, attempts)
        if isinstance(step, claims.Claim) and step.message is None:
            await _render_more(context, drain_state, step)
            step = drain_state.rendered_ahead.pop(attempts.lane, None) or await next_step(context, attempts)
    return step


async def _render_more(context: Context, drain_state: DrainState, step: claims.Claim) -> None:
    rendered = await do_steps(_render_ahead(context, step), context.store)
    drain_state.rendered_ahead |= rendered
    drain_state.may_render_more = bool(rendered)


def _render_ahead(context: Context, step: claims.Claim) -> writer.Steps[dict[Lane, claims.Claim]]:
    """Renders a batch of deliveries. The result maps each lane to the claim of its first message.

    With several workers, the batch is only this delivery, since other workers render those of other lanes. Before a
    message is posted, `mark_sending` checks that its claim is still valid.
    """
    deliveries = sending.to_render(
        context.store, step, RENDER_BATCH if context.renders_ahead else 1, wall=context.clock.wall()
    )
    yield from store_offers(context, list(deliveries.values()))
    rendered = [_rendered(context, seq, delivery) for seq, delivery in deliveries.items()]
    yield writer.WRITES
    store_rendered(context.store, rendered, now=context.clock.now())
    return {
        (delivery := deliveries[one.seq]).chat.address.lane: claims.Claim(
            seq=one.seq,
            delivery=delivery.id,
            chat_id=delivery.chat.id,
            address=delivery.chat.address,
            attempts=0,
            message=one.messages[0],
        )
        for one in rendered
        if one.messages
    }


def _rendered(context: Context, seq: int, delivery: Delivery) -> Rendered:
    try:
        return Rendered(seq=seq, messages=context.render_delivery(delivery, ()))
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - an error in one delivery must not stop the others
        fields = {"delivery": delivery.id, "chat": str(delivery.chat.address)}
        log.error("Delivery %s cannot be rendered: %s", delivery.id, error_location(error), extra=fields)
        reason = "No message could be made of it; this is a fault of paperwire, and the log says which."
        return Rendered(seq=seq, failure=reason)


# ----------------------------------------------------------------------- decides about messages that were perhaps sent


FIRST_LOOKUP_DELAY = 2.0  # seconds until a platform's history should contain a message; undocumented, so rather long
SECOND_LOOKUP_DELAY = 5.0  # seconds until the second look-up; if both find nothing, the message was not sent
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)  # after a look-up that got no answer


async def must_post_again(
    context: Context, drain_state: DrainState, step: claims.Claim, attempts: LaneAttempts
) -> bool:
    """Returns whether an unclear message must be posted again because the platform cannot tell whether it was sent.

    If the platform can tell, marks the message as sent or as ready; if it does not answer now, pauses the lane.
    """
    assert step.message is not None  # noqa: S101 - only messages can be unclear
    assert step.unclear_since is not None  # noqa: S101 - every unclear message has this time
    try:
        platform_id = await _look_up(context, step, attempts, after=step.unclear_since)
    except RetryLater as wait:
        wall = context.clock.wall()
        pause = min((wall - step.unclear_since) / 4, LONGEST_PAUSE)  # grows with the time without an answer
        until = wall + max(wait.after, SHORTEST_PAUSE, pause)
        await write_together(claims.pause_lane, context.store, step.address.lane, wall=wall, until=until)
        attempts.posts[step.seq, step.message.number] = MAX_POSTS
        return False
    except SenderStopped as outcome:
        drain_state.stopped[addresses.sender_of(step.address.lane)] = outcome.reason
        attempts.posts[step.seq, step.message.number] = MAX_POSTS
        return False
    except LookupError as error:
        return await _follow_policy(context, step, attempts, str(error))
    if platform_id is None:
        await write_together(sending.record_not_found, context.store, step, now=context.clock.now())
    else:
        await confirm_sent(context, drain_state, step, platform_id, attempts)
    return False


async def _follow_policy(context: Context, step: claims.Claim, attempts: LaneAttempts, reason: str) -> bool:
    """Returns whether a message must be posted again according to `on_unclear`; if not, lets it wait."""
    assert step.message is not None  # noqa: S101 - only messages can be unclear
    if context.on_unclear == "resend" and (step.at_start or not step.waits):
        return True
    # The message waits for its next attempt. With `skip` there is none: only the next start of the program looks it up.
    await write_together(claims.give_up_lookup, context.store, step, reason)
    attempts.posts[step.seq, step.message.number] = MAX_POSTS
    return False


async def _look_up(context: Context, step: claims.Claim, attempts: LaneAttempts, *, after: datetime) -> str | None:
    """Returns the platform's id of the message; None if it was not sent. Raises RetryLater, SenderStopped, LookupError.

    `after` is the beginning of the first post that may have arrived. The first look-up is made FIRST_LOOKUP_DELAY after
    the end of the last post, because the platform may have accepted the message at the last moment; the second one, if
    nothing was found, SECOND_LOOKUP_DELAY later. A post of an earlier process ended before this call of `deliver`
    began.
    """
    assert step.message is not None  # noqa: S101 - only messages can be unclear
    channel = context.channels[step.address.platform]
    for wait in (attempts.last_post_over_at + FIRST_LOOKUP_DELAY - context.clock.monotonic(), SECOND_LOOKUP_DELAY):
        if wait > 0 and channel.platform in context.lookup_platforms:
            await context.clock.sleep(wait)
        found = await channel.find(step.address, step.message, delivery=step.delivery, after=after, thread=step.thread)
        if found is not None:
            return found
    return None


# --------------------------------------------- writes the outcome of a post to the store, and applies its consequences


GONE_CHATS, GONE_SHARE = 10, 5  # more than ten chats, and more than a fifth of a drain (docs/architecture.md, rule 11)


async def confirm_sent(
    context: Context, drain_state: DrainState, step: claims.Claim, platform_id: str, attempts: LaneAttempts
) -> sending.Step | None:
    """Stores that a message was sent. Returns the next step of the lane."""
    papers, after = await write_until_stored(
        context,
        lambda: write_together(sending.confirm, context.store, step, platform_id, claim_request(context, attempts)),
    )
    _log(step, "sent", logging.DEBUG)
    if papers is not None:
        drain_state.sent += 1
        drain_state.papers += papers
    return after


async def record_failure(context: Context, drain_state: DrainState, step: claims.Claim, outcome: NotDelivered) -> None:
    """Stores why a message was not delivered. Depending on the reason, pauses the lane, stops the sender or wakes a lane."""
    lane = step.address.lane
    now, wall = context.clock.now(), context.clock.wall()
    decision = await write_until_stored(
        context,
        lambda: write_together(
            sending.record_outcome, context.store, step, outcome, on_unclear=context.on_unclear, now=now, wall=wall
        ),
    )
    is_usual = isinstance(outcome, RetryLater | SenderStopped)
    _log(step, outcome_name(outcome), logging.DEBUG if is_usual else logging.INFO)
    if isinstance(outcome, RetryLater) and outcome.after:
        second = context.clock.monotonic()
        context.rate_limiter.pause(lane, second + outcome.after.total_seconds(), second)
    if decision.stop is not None:
        drain_state.stopped[addresses.sender_of(lane)] = outcome.reason
    if isinstance(outcome, ChatMoved):
        context.engine.wake([Lane(lane.platform, outcome.address)])
    if decision.pause_chat:
        await _count_gone(context, drain_state, addresses.sender_of(lane), step.chat_id)


def _log(step: claims.Claim, outcome: str, level: int) -> None:
    """Logs the outcome of an attempt, without the platform's words, which may quote the message.

    Successes, and failures that affect all messages of a platform, are logged only at the level DEBUG.
    """
    said = "A message was sent" if outcome == "sent" else f"A message was not sent ({outcome})"
    fields = {"delivery": step.delivery, "chat": str(step.address)}
    log.log(level, "%s: delivery=%s chat=%s worker=%d", said, *fields.values(), os.getpid(), extra=fields)


async def _count_gone(context: Context, drain_state: DrainState, sender: str, chat_id: int) -> None:
    """Counts a chat as gone. If so many are gone that the cause must be the bot or the platform, stops the sender."""
    gone = drain_state.gone_chats.setdefault(sender, set())
    gone.add(chat_id)
    tried = sum(addresses.sender_of(lane) == sender for lane in drain_state.lanes)
    if context.guard_gone and len(gone) > GONE_CHATS and len(gone) * GONE_SHARE > tried:
        reason = f"{len(gone)} of {tried} chats answered that the bot may not write there."
        await write_until_stored(
            context,
            lambda: write_together(
                sending.stop_platform, context.store, sender, reason, sorted(gone), now=context.clock.now()
            ),
        )
        drain_state.stopped[sender] = reason
        notice = SendingStopped(platform=sender, gone=len(gone), of=tried)
        admins = context.conversation.bot_info.admins
        # Operators on the stopped platform are also notified, since the bot may still be able to reach them.
        notified = await write(notify_operators, context.store, admins, notice, now=context.clock.now())
        drain_state.exempt.update(notified)
        context.engine.wake([lane for lane in notified if lane.platform in context.channels])


# ------------------------------------------------------------------------------------------------------ subscribe link


def store_offers(context: Context, deliveries: Sequence[Delivery]) -> writer.Steps[None]:
    """Stores the offers of the links under these deliveries, so that rendering them writes nothing.

    The offer of a link is the subscription that brought most papers of the delivery.
    """
    linked = [delivery for delivery in deliveries if delivery.chat.settings.buttons == "link" and _number(delivery)]
    if not linked:
        return
    yield writer.WRITES
    for delivery in linked:
        address, names = delivery.chat.address, context.conversation.bot_info.bot_names
        name = bot_name(context.store, address.platform, names.get(address.platform, ""))
        if name and addresses.facts_of(address.platform).links is not None:
            with suppress(NotFound):  # the subscription was removed, but its planned delivery is sent
                chat_status.share_link(context.store, address, _number(delivery), now=context.clock.now())
    yield writer.READS


def subscribe_link(store: Store, bot_names: Mapping[str, str], delivery: Delivery) -> str:
    """Returns the link to subscribe under a delivery, whose offer `store_offers` has stored.

    Returns "" if there is none: the platform has no such links, or the bot's name there is still unknown.
    """
    platform, number = delivery.chat.address.platform, _number(delivery)
    name, links = bot_names.get(platform, "") or bot_name(store, platform), addresses.facts_of(platform).links
    if not name or not number or links is None:
        return ""
    offer = chat_status.shared_link(store, delivery.chat.address, number)
    return links.start(name, offer) if offer else ""


def _number(delivery: Delivery) -> int:
    """Returns the number of the subscription that brought most papers of a delivery; 0 if it has none."""
    numbers = Counter(item.because[0].number for item in delivery.items if item.because)
    return numbers.most_common(1)[0][0] if numbers else 0

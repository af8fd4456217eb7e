"""Decides about messages that were perhaps sent: by a look-up on the platform, else by the setting `on_unclear`."""

import logging
import os
from datetime import datetime, timedelta

from bot.context import Context, do_steps, write, write_together, write_until_stored
from bot.delivery.planning import DrainState, LaneAttempts, store_offers
from bot.errors import error_location
from bot.ports.channel import outcome_name
from subscriptions.addresses import sender_of
from subscriptions.errors import ChatMoved, NotDelivered, RetryLater, SenderStopped, StoreError
from subscriptions.model import Delivery, Lane
from subscriptions.notices.operations import SendingStopped
from subscriptions.service import sending
from subscriptions.service.notices import notify_operators
from subscriptions.service.sending import ClaimRequest, Step
from subscriptions.store.claims import Claim, give_up_lookup, pause_lane
from subscriptions.store.database.writer import WRITES, Steps
from subscriptions.store.deliveries import Rendered, store_rendered

log = logging.getLogger("paperwire")

RENDER_BATCH = 40  # deliveries rendered together; they are sent within two seconds, so changed settings apply soon
RENDER_MORE_BELOW = 10  # with fewer of them left, more are rendered, so that no lane has to wait for rendering
MAX_POSTS = 3  # posts of one message in one call; if it is unclear after that, it waits for the next call


async def first_step(context: Context, drain_state: DrainState, attempts: LaneAttempts) -> Step | None:
    """Returns the first step of a lane, rendered ahead if possible; None if there is nothing to do now.

    Renders the next batch when fewer than RENDER_MORE_BELOW steps are left.
    """
    if attempts.lane not in drain_state.rendered_ahead and drain_state.render_lock.locked():
        async with drain_state.render_lock:  # the batch that is being rendered may hold this lane's step
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


async def next_step(context: Context, attempts: LaneAttempts) -> Step | None:
    """Claims and returns the next step of the lane; None if there is nothing to do now."""
    return await write_together(sending.claim, context.store, claim_request(context, attempts))


def claim_request(context: Context, attempts: LaneAttempts) -> ClaimRequest:
    """Returns the arguments of `claim` for this call."""
    return ClaimRequest(
        lane=attempts.lane,
        now=context.clock.now(),
        wall=context.clock.wall(),
        on_unclear=context.on_unclear,
        can_find=attempts.lane.platform in context.lookup_platforms,
        tried=frozenset(message for message, times in attempts.posts.items() if times >= MAX_POSTS),
    )


async def render(context: Context, drain_state: DrainState, attempts: LaneAttempts) -> Step | None:
    """Renders the lane's next delivery together with the next ones of other lanes. Returns the lane's next step."""
    async with drain_state.render_lock:  # if the lane waited here, its delivery was mostly rendered meanwhile
        step = drain_state.rendered_ahead.pop(attempts.lane, None) or await next_step(context, attempts)
        if isinstance(step, Claim) and step.message is None:
            await _render_more(context, drain_state, step)
            step = drain_state.rendered_ahead.pop(attempts.lane, None) or await next_step(context, attempts)
    return step


async def _render_more(context: Context, drain_state: DrainState, step: Claim) -> None:
    rendered = await do_steps(_render_ahead(context, step), context.store)
    drain_state.rendered_ahead |= rendered
    drain_state.may_render_more = bool(rendered)


def _render_ahead(context: Context, step: Claim) -> Steps[dict[Lane, Claim]]:
    """Renders a batch of deliveries. The result is for each lane the claim of its first message.

    Where other workers have the other lanes, it is this one delivery: they would render theirs, too. Before a message is posted, `mark_sending` checks that the claim still holds.
    """
    deliveries = sending.to_render(
        context.store, step, RENDER_BATCH if context.renders_ahead else 1, wall=context.clock.wall()
    )
    yield from store_offers(context, list(deliveries.values()))
    rendered = [_rendered(context, seq, delivery) for seq, delivery in deliveries.items()]
    yield WRITES
    store_rendered(context.store, rendered, now=context.clock.now())
    return {
        (delivery := deliveries[one.seq]).chat.address.lane: Claim(
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


FIRST_LOOKUP_DELAY = 2.0  # seconds until a platform's history should hold a message; undocumented, so rather long
SECOND_LOOKUP_DELAY = 5.0  # seconds until the second look-up; a message that neither finds counts as not sent
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)  # after a look-up without an answer


async def must_post_again(context: Context, drain_state: DrainState, step: Claim, attempts: LaneAttempts) -> bool:
    """Returns whether a message that stays unclear must be posted again.

    If the platform can tell, this marks the message as sent or ready, or lets it wait.
    """
    assert step.message is not None  # noqa: S101 - only messages can be unclear
    assert step.unclear_since is not None  # noqa: S101 - the first post that may have arrived began at some moment
    try:
        platform_id = await _look_up(context, step, attempts, after=step.unclear_since)
    except RetryLater as wait:
        wall = context.clock.wall()
        until = wall + _pause(wait.after, wall - step.unclear_since)
        await write_together(pause_lane, context.store, step.address.lane, wall=wall, until=until)
        attempts.posts[step.seq, step.message.number] = MAX_POSTS
        return False
    except SenderStopped as outcome:
        drain_state.stopped[sender_of(step.address.lane)] = outcome.reason
        attempts.posts[step.seq, step.message.number] = MAX_POSTS
        return False
    except LookupError as error:
        return await _follow_policy(context, step, attempts, str(error))
    if platform_id is None:
        await write_together(sending.record_not_found, context.store, step, now=context.clock.now())
    else:
        await confirm_sent(context, drain_state, step, platform_id, attempts)
    return False


def _pause(asked: timedelta, unclear_for: timedelta) -> timedelta:
    """Returns the wait of a lane after a look-up without an answer. It grows with the time without one."""
    return max(asked, SHORTEST_PAUSE, min(unclear_for / 4, LONGEST_PAUSE))


async def _follow_policy(context: Context, step: Claim, attempts: LaneAttempts, reason: str) -> bool:
    """Returns whether `on_unclear` posts a message again, if the platform cannot tell whether it was sent."""
    assert step.message is not None  # noqa: S101 - only messages can be unclear
    if context.on_unclear == "resend" and (step.at_start or not step.waits):
        return True
    # until the next attempt; with `skip` there is none, and only a start looks it up again
    await write_together(give_up_lookup, context.store, step, reason)
    attempts.posts[step.seq, step.message.number] = MAX_POSTS
    return False


async def _look_up(context: Context, step: Claim, attempts: LaneAttempts, *, after: datetime) -> str | None:
    """Returns the platform's id of the message; None if it was not sent. Raises RetryLater, SenderStopped, LookupError.

    `after` is when the first post began that may have arrived. The first look-up comes FIRST_LOOKUP_DELAY after the end
    of the last post, because the platform may have accepted the message at any moment of it; the second one
    SECOND_LOOKUP_DELAY after a miss. A post of an earlier process had ended before this call of `deliver` began.
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
    context: Context, drain_state: DrainState, step: Claim, platform_id: str, attempts: LaneAttempts
) -> Step | None:
    """Writes that a message was sent. Returns the next step of the lane."""
    papers, after = await write_until_stored(
        context,
        lambda: write_together(sending.confirm, context.store, step, platform_id, claim_request(context, attempts)),
    )
    _log(step, "sent", logging.DEBUG)
    if papers is not None:
        drain_state.sent += 1
        drain_state.papers += papers
    return after


async def record_failure(context: Context, drain_state: DrainState, step: Claim, outcome: NotDelivered) -> None:
    """Writes why a message was not delivered. Pauses the lane, stops the sender or wakes the new lane accordingly."""
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
        drain_state.stopped[sender_of(lane)] = outcome.reason
    if isinstance(outcome, ChatMoved):
        context.engine.wake([Lane(lane.platform, outcome.address)])
    if decision.pause_chat:
        await _count_gone(context, drain_state, sender_of(lane), step.chat_id)


def _log(step: Claim, outcome: str, level: int) -> None:
    """Logs the outcome of an attempt, without the platform's words, which may quote the message.

    Successes, and failures of all messages while a platform is down, are logged only when debugging.
    """
    said = "A message was sent" if outcome == "sent" else f"A message was not sent ({outcome})"
    fields = {"delivery": step.delivery, "chat": str(step.address)}
    log.log(level, "%s: delivery=%s chat=%s worker=%d", said, *fields.values(), os.getpid(), extra=fields)


async def _count_gone(context: Context, drain_state: DrainState, sender: str, chat_id: int) -> None:
    """Counts a chat as gone. Stops the sender if so many are gone that the cause must be the bot or the platform."""
    gone = drain_state.gone_chats.setdefault(sender, set())
    gone.add(chat_id)
    tried = sum(sender_of(lane) == sender for lane in drain_state.lanes)
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
        # Operators on the stopped platform, too: they may still be reachable.
        notified = await write(notify_operators, context.store, admins, notice, now=context.clock.now())
        drain_state.exempt.update(notified)
        context.engine.wake([lane for lane in notified if lane.platform in context.channels])

"""Finds the next step of a lane: claims it from the outbox, or renders deliveries of many lanes ahead."""

import logging

from bot.context.dependencies import Context, do_steps, write_together
from bot.delivery.planning import DrainState, LaneAttempts, store_offers
from bot.errors import error_location
from subscriptions.errors import StoreError
from subscriptions.model import Delivery, Lane
from subscriptions.service.sending import ClaimRequest, Step, claim, to_render
from subscriptions.store.claims import Claim, Rendered, store_rendered
from subscriptions.store.database.writer import WRITES, Steps

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
    return await write_together(claim, context.store, claim_request(context, attempts))


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
    deliveries = to_render(context.store, step, RENDER_BATCH if context.renders_ahead else 1, wall=context.clock.wall())
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

"""Writes the outcome of a post to the store, and applies its consequences."""

import logging
import os

from bot.context.dependencies import Context
from bot.context.kept_writes import write_until_stored
from bot.context.writing import write, write_together
from bot.delivery.claiming import claim_request
from bot.delivery.drain_state import DrainState, LaneAttempts
from bot.ports.measurements import outcome_name
from subscriptions.errors import ChatMoved, NotDelivered, RetryLater, SenderStopped
from subscriptions.model import Lane
from subscriptions.notices.operations import SendingStopped
from subscriptions.platforms import sender_of
from subscriptions.service.notices import notify_operators
from subscriptions.service.outbox import Step, confirm, record_outcome, stop_platform
from subscriptions.store import Claim

log = logging.getLogger("paperwire")

GONE_CHATS, GONE_SHARE = 10, 5  # more than ten chats, and more than a fifth of a drain (docs/architecture.md, rule 11)


async def confirm_sent(
    context: Context, drain_state: DrainState, step: Claim, platform_id: str, attempts: LaneAttempts
) -> Step | None:
    """Writes that a message was sent. Returns the next step of the lane."""
    papers, after = await write_until_stored(
        context,
        lambda: write_together(confirm, context.store, step, platform_id, claim_request(context, attempts)),
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
            record_outcome, context.store, step, outcome, on_unclear=context.on_unclear, now=now, wall=wall
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
            lambda: write_together(stop_platform, context.store, sender, reason, sorted(gone), now=context.clock.now()),
        )
        drain_state.stopped[sender] = reason
        notice = SendingStopped(platform=sender, gone=len(gone), of=tried)
        admins = context.conversation.bot_info.admins if context.conversation else ()
        # Operators on the stopped platform, too: they may still be reachable.
        notified = await write(notify_operators, context.store, admins, notice, now=context.clock.now())
        drain_state.exempt.update(notified)
        context.engine.wake([lane for lane in notified if lane.platform in context.channels])

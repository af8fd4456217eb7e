"""Writes the outcome of a post to the store, and applies its consequences."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_fixed

from bot.context.dependencies import Context
from bot.delivery.claiming import claim_request
from bot.delivery.drain_state import DrainState, LaneAttempts
from subscriptions.errors import ChatMoved, NotDelivered, RetryLater, StoreError
from subscriptions.model import Lane
from subscriptions.notices.operations import SendingStopped
from subscriptions.platforms import sender_of
from subscriptions.service.notices import notify_operators
from subscriptions.service.outbox import Step, confirm, record_outcome, stop_platform
from subscriptions.store import Claim

log = logging.getLogger("paperwire")

T = TypeVar("T")

MAX_WRITE_RETRY = 30.0  # seconds for which a write is repeated; an outcome that is not written may be posted twice
WRITE_RETRY_INTERVAL = 0.5  # seconds
GONE_CHATS, GONE_SHARE = 10, 5  # more than ten chats, and more than a fifth of a drain (docs/architecture.md, rule 11)


async def confirm_sent(
    context: Context, drain_state: DrainState, step: Claim, platform_id: str, attempts: LaneAttempts
) -> Step | None:
    """Writes that a message was sent. Returns the next step of the lane."""
    papers, after = await _write_with_retry(
        context,
        lambda: context.group_commit(confirm, context.store, step, platform_id, claim_request(context, attempts)),
    )
    if papers is not None:
        drain_state.sent += 1
        drain_state.papers += papers
    return after


async def record_failure(context: Context, drain_state: DrainState, step: Claim, outcome: NotDelivered) -> None:
    """Writes why a message was not delivered. Pauses the lane, stops the sender or wakes the new lane accordingly."""
    lane = step.address.lane
    now, wall = context.clock.now(), context.clock.wall()
    decision = await _write_with_retry(
        context,
        lambda: context.group_commit(
            record_outcome, context.store, step, outcome, on_unclear=context.on_unclear, now=now, wall=wall
        ),
    )
    if isinstance(outcome, RetryLater) and outcome.after:
        second = context.clock.monotonic()
        context.rate_limiter.pause(lane, second + outcome.after.total_seconds(), second)
    if decision.stop is not None:
        drain_state.stopped[sender_of(lane)] = outcome.reason
    if isinstance(outcome, ChatMoved):
        context.engine.wake([Lane(lane.platform, outcome.address)])
    if decision.pause_chat:
        await _count_gone(context, drain_state, sender_of(lane), step.chat_id)


async def _write_with_retry(context: Context, write: Callable[[], Awaitable[T]]) -> T:
    """Returns the result of `write`, which is repeated while the database is busy. Raises StoreError."""
    began = context.clock.monotonic()

    async def attempt() -> T:
        return await write()

    def is_over(_: RetryCallState) -> bool:
        return context.is_stopping() or context.clock.monotonic() - began > MAX_WRITE_RETRY

    attempts = AsyncRetrying(
        retry=retry_if_exception_type(StoreError),
        stop=is_over,
        wait=wait_fixed(WRITE_RETRY_INTERVAL),
        sleep=context.clock.sleep,
        before_sleep=_warn_once,
        reraise=True,
    )
    return await attempts(attempt)


def _warn_once(attempt: RetryCallState) -> None:
    if attempt.attempt_number == 1 and attempt.outcome:
        log.warning("What was sent cannot be written down yet: %s", attempt.outcome.exception())


async def _count_gone(context: Context, drain_state: DrainState, sender: str, chat_id: int) -> None:
    """Counts a chat as gone. Stops the sender if so many are gone that the cause must be the bot or the platform."""
    gone = drain_state.gone_chats.setdefault(sender, set())
    gone.add(chat_id)
    tried = sum(sender_of(lane) == sender for lane in drain_state.lanes)
    if context.guard_gone and len(gone) > GONE_CHATS and len(gone) * GONE_SHARE > tried:
        reason = f"{len(gone)} of {tried} chats answered that the bot may not write there."
        await context.group_commit(stop_platform, context.store, sender, reason, sorted(gone), now=context.clock.now())
        drain_state.stopped[sender] = reason
        notice = SendingStopped(platform=sender, gone=len(gone), of=tried)
        notified = await asyncio.to_thread(_notify_stopped, context, notice)
        drain_state.exempt.update(notified)
        context.engine.wake([lane for lane in notified if lane.platform in context.channels])


def _notify_stopped(context: Context, notice: SendingStopped) -> tuple[Lane, ...]:
    """Notifies operators, also those on the stopped platform, who may still be reachable. Returns their lanes."""
    admins = context.conversation.bot_info.admins if context.conversation else ()
    return notify_operators(context.store, admins, notice, now=context.clock.now())

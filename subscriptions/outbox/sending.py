"""The outbox for its senders: outcomes of posts, and platforms that stop."""

from datetime import datetime

from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import records as whole_chat
from subscriptions.database import bot_state
from subscriptions.database.store import Transaction
from subscriptions.model import MessageState, PauseReason
from subscriptions.outbox import unreachable
from subscriptions.outbox.retries import NO_REFUSALS, OnUnclear, RetryDecision, decide_retry
from subscriptions.outbox.stored import claims
from subscriptions.outcomes import ChatGone, NotDelivered, Rejected, Unclear


def record_outcome(
    transaction: Transaction,
    claimed: claims.Claim,
    outcome: NotDelivered,
    *,
    on_unclear: OnUnclear,
    guard_gone: bool = True,
    now: datetime,
) -> RetryDecision:
    """Store the outcome of a failed attempt, and apply what `decide_retry` decides: wait, pause, move or give up.

    Without `guard_gone`, whatever refuses is gone.
    """
    refusals, is_gone = NO_REFUSALS, isinstance(outcome, ChatGone)
    if isinstance(outcome, ChatGone) and not guard_gone:
        outcome = ChatGone(outcome.reason, outcome.scope, outcome.pause_reason)
    elif isinstance(outcome, ChatGone | Rejected) and (is_gone or outcome.in_doubt):
        refusals = claims.refusals_before(transaction, claimed, outcome.reason, now=now)
    decision = decide_retry(
        outcome,
        failures=claimed.attempts,
        plain_tried=claimed.plain,
        was_unclear=claimed.unclear_since is not None,
        on_unclear=on_unclear,
        now=now,
        refusals=refusals,
    )
    address, reason, perhaps_sent = claimed.address, outcome.reason, isinstance(outcome, Unclear)
    if perhaps_sent and decision.state is MessageState.DEAD:
        reason = f"{reason} That was the second time, so it is not sent again."
    claims.record_outcome(transaction, claimed, decision, reason, perhaps_sent=perhaps_sent, now=now)
    if decision.pause_topic or decision.pause_chat:
        reason = outcome.pause_reason if isinstance(outcome, ChatGone) else PauseReason.GONE
        unreachable.pause_unreachable(
            transaction, address, outcome.reason, topic=decision.pause_topic, reason=reason, now=now
        )
    elif isinstance(outcome, ChatGone):
        # some of the others may have been paused before they were many
        others = refusals.together if refusals.are_too_many else ()
        for chat_id in (claimed.chat_id, *others):
            stored_chats.doubt(transaction, chat_id, outcome.pause_reason, outcome.reason, now=now)
        if decision.stops_sender:
            claims.wait_together(transaction, refusals.together, decision.not_before)
    if decision.moved_to is not None:
        whole_chat.chat_moved(transaction, address, decision.moved_to, now=now)
    return decision


def stop_platform(transaction: Transaction, platform: str, reason: str) -> None:
    """Stop a platform until a person decides."""
    bot_state.put_platform(transaction, platform, stopped=reason)

"""The outbox for its senders: outcomes of posts, and platforms that stop."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import records as whole_chat
from subscriptions.database import bot_state
from subscriptions.database.store import Transaction, confirms, shares, writes
from subscriptions.errors import ChatGone, NotDelivered, Rejected, Unclear
from subscriptions.model_moved import MessageState, PauseReason
from subscriptions.outbox.retries import NO_REFUSALS, OnUnclear, RetryDecision, decide_retry
from subscriptions.outbox.stored import claims
from subscriptions.subscribing import pause as pausing
from subscriptions.subscribing import undo as changes

POSTING = timedelta(seconds=30)  # after its mark, a message is surely posted or not; a post takes at most 20


@confirms
def record_outcome(
    transaction: Transaction,
    claimed: claims.Claim,
    outcome: NotDelivered,
    *,
    on_unclear: OnUnclear,
    guard_gone: bool = True,
    now: datetime,
) -> RetryDecision:
    """Stores the outcome of a failed attempt, and applies what `decide_retry` decides: wait, pause, move or give up.

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
        pausing.pause_unreachable(
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


@writes
def begin(
    transaction: Transaction,
    tokens: Mapping[str, str],
    *,
    new_bot: bool,
    now: datetime,
) -> tuple[Sequence[str], Mapping[str, str]]:
    """Recovers the messages of an earlier process, and follows a new zone of the operator.

    Returns (the platforms that must be asked which bot the token is for, platform → why nothing is sent there).

    An earlier process on a server may still be posting what it marked, and then waits for no answer longer than a post
    lasts. So these messages are not posted or looked up before that.

    `tokens`: platform → the bot's id in its token; "" if the token does not tell it. Raises
    StoreError if the database belongs to another bot, unless `new_bot`.
    """
    claims.recover(transaction, still_posting=timedelta() if transaction.dialect == "sqlite" else POSTING)
    if bot_state.sender(transaction) != transaction.store.process:
        bot_state.put_value(transaction, bot_state.SENDER, transaction.store.process)
        claims.look_up_again(transaction)
    changes.apply_new_zone(transaction, now=now)
    told = {name: bot for name, bot in tokens.items() if bot}
    bot_state.refuse_another_bot(transaction, told, new_bot=new_bot)
    known = bot_state.bots(transaction)
    unknown = [name for name in tokens if known.get(name) is None or known.get(name) != told.get(name)]
    return unknown, bot_state.stopped_platforms(transaction)


@shares
def stop_platform(transaction: Transaction, platform: str, reason: str) -> None:
    """Stops a platform until a person decides."""
    bot_state.put_platform(transaction, platform, stopped=reason)

"""Tells what an error of Telegram means for receiving: a line for the operator, and how long to wait."""

from bot.channels.receiver_loop import NETWORK_BACKOFF, STOPPED_BACKOFF, Backoff, Failure
from bot.channels.telegram.bot_api.exceptions import UpdatesConflict
from subscriptions.errors import NotDelivered, RetryLater, SenderStopped

CONFLICT_BACKOFF = Backoff(5.0, 30.0)
CONFLICT_OVER_AFTER = 60.0  # seconds without a conflict until it counts as over; two pollers receive updates by turns

_CONFLICT = (
    "another program asks Telegram for this bot's updates, so people are answered by chance; "
    "stop it, or give it a token of its own"
)
_WEBHOOK = (
    "another program had Telegram send this bot's updates to a webhook; "
    "give it a token of its own, and start paperwire again"
)


def assess(error: NotDelivered) -> Failure:
    """Returns the failure of a call to Telegram."""
    reason = error.reason.rstrip(".")
    match error:
        case UpdatesConflict():
            problem = _WEBHOOK if error.webhook else _CONFLICT
            return Failure(problem=problem, backoff=CONFLICT_BACKOFF, lasts=CONFLICT_OVER_AFTER)
        case RetryLater():
            return Failure(problem=reason, backoff=NETWORK_BACKOFF, may_pass=True)
        case SenderStopped():
            problem = f"{reason}; put the token that @BotFather shows into the settings"
            return Failure(problem=problem, backoff=STOPPED_BACKOFF)
        case _:
            return Failure(problem=reason, backoff=STOPPED_BACKOFF)

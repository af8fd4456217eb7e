"""Marks messages of the outbox as being sent, without a sender."""

from collections.abc import Callable
from typing import Literal

from subscriptions.model import Lane, Message
from subscriptions.store import claims, stored_deliveries
from subscriptions.store.database.store import Store
from tests.clock import NOON


def request(lane: str = "1", *, on_unclear: Literal["resend", "skip"] = "resend") -> claims.ClaimRequest:
    """Returns a request to claim the next message of this Telegram lane at noon."""
    return claims.ClaimRequest(
        lane=Lane("telegram", lane),
        now=NOON,
        on_unclear=on_unclear,
        can_find=False,
        posted=frozenset(),
        tried=frozenset(),
    )


def being_sent(
    store: Store, asking: claims.ClaimRequest | None = None, *, shows: Callable[[int], tuple[int, ...]] = lambda _: ()
) -> claims.Claim:
    """Renders the next delivery of a lane as one message and marks the message as being sent. Returns its claim.

    `shows` maps the delivery's number to the ids of the papers that the message shows.
    """
    step = to_be_sent(store, asking or request(), shows=shows)
    assert claims.mark_sending(store, step, wall=NOON)
    return step


def to_be_sent(
    store: Store, asking: claims.ClaimRequest, *, shows: Callable[[int], tuple[int, ...]] = lambda _: ()
) -> claims.Claim:
    """Like `being_sent`, but does not mark the message as being sent."""
    step = claims.claim(store, asking)
    if isinstance(step, claims.Claim):
        return step
    assert isinstance(step, claims.Unrendered)
    message = Message(number=1, payload='{"text": "A graph"}', papers=shows(step.seq))
    stored_deliveries.store_rendered(store, [stored_deliveries.Rendered(seq=step.seq, messages=(message,))], asking)
    return to_be_sent(store, asking)

"""Cuts connections to Slack after Slack took the message: nothing is lost, and nothing comes twice where the bot may read.

The sender cannot know whether the message arrived. Where the bot may read, it looks the message up and finds it, in
channels and in threads. Where it may not, PAPERWIRE_ON_UNCLEAR decides: `resend` posts each such message once more,
`skip` leaves it to a person.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from bot.app import App
from subscriptions.addresses import parse_address
from subscriptions.service.requests import SubscriptionRequest, subscribe
from subscriptions.service.sending import outbox_entries
from subscriptions.store.entries import outbox_counts
from tests.fakes.slack import FakeSlack
from tests.integration.slack_bot import a_bot
from tests.make import NOON, FakeClock, ingested, paper

CHANNELS = 20
PAPERS = 5  # of a round: more than three go into a thread
ROUNDS = 200  # at most
OnUnclear = Literal["resend", "skip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of one way."""

    cuts: int
    messages: int  # that were to arrive
    lost: int
    twice: int  # copies beyond the first
    unclear: int  # deliveries that are left to a person
    open: int  # deliveries that still wait


async def cut(folder: Path, cuts: int, *, readable: bool, on_unclear: OnUnclear = "resend") -> Outcome:
    """Cuts so many connections, each after a message was taken, while a bot delivers papers to twenty channels."""
    clock = FakeClock(NOON)
    with FakeSlack() as fake:
        for number in range(CHANNELS):
            fake.knows(f"C{number}")
        if not readable:
            fake.withdraws("channels:history")
        async with a_bot(folder, fake, clock, on_unclear=on_unclear) as app:
            for number in range(CHANNELS):
                request = SubscriptionRequest(text="graph", every="now")
                subscribe(app.store, parse_address(f"slack:C{number}"), request, now=NOON)
            fake.cuts_after_taking(cuts)
            for _ in range(ROUNDS):
                await _round(app, clock)
                if not fake._orders:
                    break
            await let_rest(app, clock, is_left=not readable and on_unclear == "skip")
            return _outcome(app, clock, fake, cuts)


async def _round(app: App, clock: FakeClock) -> None:
    """Ingests and delivers new papers."""
    clock.advance(timedelta(minutes=5))
    ingested(app.store, *(paper(f"A graph at {clock.now():%d %H:%M} {n}") for n in range(PAPERS)), now=clock.now())
    await app.sender.send_once()


async def let_rest(app: App, clock: FakeClock, *, is_left: bool) -> None:
    """Advances the clock until nothing waits. `is_left`: except what is left to a person."""
    for _ in range(100):
        clock.advance(timedelta(minutes=20))
        sent = await app.sender.send_once()
        if not sent.waiting and (is_left or not sent.unclear):
            return


def _outcome(app: App, clock: FakeClock, fake: FakeSlack, cuts: int) -> Outcome:
    taken = Counter((entry.delivery, entry.number) for entry in fake.journal if entry.kind == "post")
    wanted = sum(entry.messages for entry in outbox_entries(app.store, now=clock.now()))
    stands = outbox_counts(app.store)
    return Outcome(
        cuts=cuts - sum(order.times for order in fake._orders),
        messages=wanted,
        lost=wanted - len(taken),
        twice=taken.total() - len(taken),
        unclear=stands.unclear,
        open=stands.waiting,
    )


WAYS: tuple[tuple[str, bool, OnUnclear], ...] = (
    ("the bot may read", True, "resend"),
    ("the bot may read, skip", True, "skip"),
    ("it may not, resend", False, "resend"),
    ("it may not, skip", False, "skip"),
)


def promised(outcome: Outcome, *, readable: bool, on_unclear: OnUnclear) -> bool:
    """Returns whether the outcome is what docs/reliability.md states."""
    if outcome.lost or outcome.open:
        return False
    if readable:
        return outcome.twice == outcome.unclear == 0
    if on_unclear == "resend":
        return outcome.twice == outcome.cuts and outcome.unclear == 0
    return outcome.twice == 0 and outcome.unclear > 0

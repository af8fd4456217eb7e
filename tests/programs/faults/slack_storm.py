"""Storms on Slack: all faults of posts and look-ups come in one run, and the bot is restarted from time to time.

Sometimes the token is revoked before a post or a look-up, and restored later. In some storms, the right to read is
revoked and restored as well.

No message is lost. If the bot may always read, no message comes twice. If it may never read, a message may come once
more for each lost answer with `resend`; with `skip`, the bot sends no message twice and leaves those that may not have
arrived to a person. If the bot may read at times, `skip` doubles no message, and the bot leaves no message to a person
after it was started with the right to read.
"""

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from bot.app import App
from subscriptions.service.sending import outbox_entries
from subscriptions.states import DeliveryState
from subscriptions.store.outbox import outbox_counts
from subscriptions.store.platform_states import free_platforms
from tests.clock import NOON, FakeClock
from tests.fakes.faults import FAULTS, Fault
from tests.fakes.server import ApiCall
from tests.fakes.slack import FakeSlack
from tests.integration.slack_bot import a_bot
from tests.make import ingested, paper
from tests.programs.faults import filled
from tests.programs.faults.judging import Verdict

CHANNELS = 6
SHARE = 0.4  # of the posts are hit
# without the right to read, each start looks up all messages that are left to a person, and each of these fails
SHARES_OF_LOOKUPS = {"always": 0.3, "at times": 0.3, "never": 0.03}
SHARE_REVOKED, SHARE_GIVEN_BACK = 0.1, 0.3  # share of the hits that revoke it; share of the rounds that restore it
SHARE_TURNED = 0.2  # share of the rounds in which the right to read is revoked or granted
LIFE = 25  # rounds between two starts
STEPS = [timedelta(seconds=seconds) for seconds in (5, 5, 31, 300)]  # `run` looks for work every five seconds
_LOOKUPS = ("conversations.history", "conversations.replies")
_WAITS = (1, 3, 40, None)  # seconds of a 429; None gives no number
_OF_POSTS = [name for name in FAULTS if not name.startswith("hang")]
_OF_LOOKUPS = ["500", "cut before", "empty", "200 page"]
_RIGHT_TO_READ = "channels:history"

Reading = Literal["always", "never", "at times"]
OnUnclear = Literal["resend", "skip"]

WAYS: tuple[tuple[str, Reading, OnUnclear], ...] = (
    ("the bot may read", "always", "resend"),
    ("the bot may read, skip", "always", "skip"),
    ("it may not, resend", "never", "resend"),
    ("it may not, skip", "never", "skip"),
    ("it may at times, resend", "at times", "resend"),
    ("it may at times, skip", "at times", "skip"),
)


class _StormySlack(FakeSlack):
    """A Slack that fails until there are enough tries. With `only_cuts`, the only fault is a cut after it accepted a post."""

    def __init__(self, dice: random.Random, tries: int, of_lookups: float, *, only_cuts: bool) -> None:
        super().__init__()
        self.dice, self.tries, self.of_lookups, self.only_cuts = dice, tries, of_lookups, only_cuts
        self.hits = 0
        self.taken = 0  # messages whose answer was lost
        self.revoked = 0  # how often the token was revoked

    def _fault(self, call: ApiCall) -> Fault | None:
        return self._strikes(call) or super()._fault(call)

    def _strikes(self, call: ApiCall) -> Fault | None:
        is_post = call.method == self.send
        share = SHARE if is_post else self.of_lookups if call.method in _LOOKUPS else 0
        if self.hits >= self.tries or self.is_revoked or self.dice.random() >= share:
            return None
        self.hits += is_post
        if self.only_cuts:
            self.taken += 1
            return FAULTS["cut after"]
        if self.dice.random() < SHARE_REVOKED or (not self.revoked and self.hits > self.tries / 2):
            self.revoked += 1
            self.revokes()  # this call is then refused too
            return None
        name = self.dice.choice([*(_OF_POSTS if is_post else _OF_LOOKUPS), "429"])
        fault = self.too_many(self.dice.choice(_WAITS)) if name == "429" else FAULTS[name]
        self.taken += is_post and fault.taken
        return fault


async def storm(
    folder: Path, tries: int, *, reading: Reading, on_unclear: OnUnclear, only_cuts: bool = False, **settings: Any
) -> Verdict:
    """Hits `tries` posts, then sends everything that waits. Returns the verdict. Without other settings, the database is a file in `folder`."""
    clock, dice = FakeClock(NOON), random.Random(f"{reading} {on_unclear}")
    with _StormySlack(dice, tries, 0 if only_cuts else SHARES_OF_LOOKUPS[reading], only_cuts=only_cuts) as fake:
        for number in range(CHANNELS):
            fake.knows(f"C{number}")
        if reading == "never":
            fake.withdraws(_RIGHT_TO_READ)
        is_first, may_read = True, True
        while fake.hits < tries:
            async with a_bot(folder, fake, clock, on_unclear=on_unclear, **settings) as app:
                if is_first:
                    filled.subscribe(app.store, (f"slack:C{number}" for number in range(CHANNELS)))
                    is_first = False
                for _ in range(LIFE):
                    if reading == "at times" and dice.random() < SHARE_TURNED:
                        may_read = not may_read
                        (fake.grants if may_read else fake.withdraws)(_RIGHT_TO_READ)
                    await _round(app, clock, dice, fake)
        fake.restores()
        if reading == "at times":
            fake.grants(_RIGHT_TO_READ)
        async with a_bot(folder, fake, clock, on_unclear=on_unclear, **settings) as app:
            free_platforms(app.store)
            is_left = reading == "never" and on_unclear == "skip"
            for _ in range(100):  # until nothing waits but what is left to a person
                clock.advance(timedelta(minutes=20))
                sent = await app.sender.send_once()
                if not sent.waiting and (is_left or not sent.unclear):
                    break
            allowed = fake.taken if reading != "always" and on_unclear == "resend" else 0
            return _judged(app, clock, fake, is_left=is_left, allowed=allowed)


async def _round(app: App, clock: FakeClock, dice: random.Random, fake: FakeSlack) -> None:
    clock.advance(dice.choice(STEPS))
    if fake.is_revoked and dice.random() < SHARE_GIVEN_BACK:
        fake.restores()
        free_platforms(app.store)
    if dice.random() < SHARE:
        papers = [paper(f"A graph at {clock.now():%d %H:%M:%S} {n}") for n in range(dice.choice([1, 2, 5]))]
        ingested(app.store, *papers, now=clock.now())
    await app.sender.send_once()


def _judged(app: App, clock: FakeClock, fake: _StormySlack, *, is_left: bool, allowed: int) -> Verdict:
    came = Counter((entry.delivery, entry.number) for entry in fake.journal if entry.kind == "post")
    lost = sum(
        (entry.id, number) not in came
        for entry in outbox_entries(app.store, now=clock.now())
        if not (is_left and entry.state == DeliveryState.UNCLEAR)
        for number in range(1, entry.messages + 1)
    )
    stands = outbox_counts(app.store)
    return Verdict(
        tries=fake.hits,
        lost=lost,
        doubled=came.total() - len(came),
        allowed=allowed,
        strange=stands.waiting
        + stands.dead
        + (0 if is_left else stands.unclear)
        + (fake.revoked == 0 and not fake.only_cuts),
    )

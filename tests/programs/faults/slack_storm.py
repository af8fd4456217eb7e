"""Storms on Slack: all faults of posts and look-ups come in one run; each round is a process of its own.

Sometimes the token is revoked before a post or a look-up, and restored later. In some storms, the right to read is
revoked and restored as well.

No message is lost. If the bot may always read, no message comes twice. If it may never read, a message may come once
more for each lost answer with `resend`; with `skip`, the bot sends no message twice and leaves those that may not have
arrived to a person. If the bot may read at times, `skip` doubles no message, and the bot leaves no message to a person
after it could read again.
"""

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Literal

from tests.clock import NOON, SharedClock
from tests.fakes.faults import FAULTS, Fault
from tests.fakes.server import ApiCall
from tests.fakes.slack import TOKEN, FakeSlack
from tests.papers import paper
from tests.product import Product
from tests.programs.faults import filled
from tests.programs.faults.judging import Verdict

CHANNELS = 6
SHARE = 0.4  # of the posts are hit
# without the right to read, each start looks up all messages that are left to a person, and each of these fails
SHARES_OF_LOOKUPS = {"always": 0.3, "at times": 0.3, "never": 0.03}
SHARE_REVOKED, SHARE_GIVEN_BACK = 0.1, 0.3  # share of the hits that revoke it; share of the rounds that restore it
SHARE_TURNED = 0.2  # share of the rounds in which the right to read is revoked or granted
STEPS = [timedelta(seconds=seconds) for seconds in (5, 5, 31, 300)]
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
    """A Slack that fails until there are enough tries.

    With `only_cuts`, the only fault is a cut after it accepted a post.
    """

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


def storm(
    folder: Path, tries: int, *, reading: Reading, on_unclear: OnUnclear, only_cuts: bool = False, database: str = ""
) -> Verdict:
    """Hits `tries` posts, then sends everything that waits. Returns the verdict."""
    clock, dice = SharedClock(NOON), random.Random(f"{reading} {on_unclear}")
    with _StormySlack(dice, tries, 0 if only_cuts else SHARES_OF_LOOKUPS[reading], only_cuts=only_cuts) as fake:
        for number in range(CHANNELS):
            fake.knows(f"C{number}")
        if reading == "never":
            fake.withdraws(_RIGHT_TO_READ)
        product = Product(folder, clock=clock, database=database)
        product.sets(SLACK_BOT_TOKEN=TOKEN, SLACK_API_URL=fake.url, ON_UNCLEAR=on_unclear)
        filled.subscribe(product, [f"slack:C{number}" for number in range(CHANNELS)])
        may_read = True
        while fake.hits < tries:
            if reading == "at times" and dice.random() < SHARE_TURNED:
                may_read = not may_read
                (fake.grants if may_read else fake.withdraws)(_RIGHT_TO_READ)
            _round(product, dice, fake)
        fake.restores()
        if reading == "at times":
            fake.grants(_RIGHT_TO_READ)
        is_left = reading == "never" and on_unclear == "skip"
        for _ in range(100):  # until nothing waits but what is left to a person
            clock.advance(timedelta(minutes=20))
            left = product.runs("deliver", "--json").json
            if not left["waiting"] and (is_left or not left["unclear"]):
                break
        allowed = fake.taken if reading != "always" and on_unclear == "resend" else 0
        return _judged(product, fake, is_left=is_left, allowed=allowed)


def _round(product: Product, dice: random.Random, fake: FakeSlack) -> None:
    clock = product.clock
    clock.advance(dice.choice(STEPS))
    if fake.is_revoked and dice.random() < SHARE_GIVEN_BACK:
        fake.restores()
    if dice.random() < SHARE:
        product.brings(*(paper(f"A graph at {clock.now():%d %H:%M:%S} {n}") for n in range(dice.choice([1, 2, 5]))))
    product.runs("deliver")


def _judged(product: Product, fake: _StormySlack, *, is_left: bool, allowed: int) -> Verdict:
    came = Counter((entry.delivery, entry.number) for entry in fake.journal if entry.kind == "post")
    outbox = product.outbox()
    lost = sum(
        (entry["id"], number) not in came
        for entry in outbox
        if not (is_left and entry["state"] == "unclear")
        for number in range(1, entry["messages"] + 1)
    )
    strange = sum(entry["state"] not in ("sent", "unclear") for entry in outbox)
    if not is_left:
        strange += sum(entry["state"] == "unclear" for entry in outbox)
    return Verdict(
        tries=fake.hits,
        lost=lost,
        doubled=came.total() - len(came),
        allowed=allowed,
        strange=strange + (fake.revoked == 0 and not fake.only_cuts),
    )

"""Measures the rate of three workers with one token, and their answers while a hundred thousand digests wait.

    python -m tests.programs.cluster.rate [--waiting 100000] [--seconds 60] [--page docs/reliability.md]
    python -m tests.programs.cluster.rate --quick      fewer waiting digests, ten seconds, also on a busy machine; writes no page

The workers are those of `make test-cluster`, with Telegram's own limits: 30 messages a second, of which they use 28.
While they send, people write commands. Then, for one second, the platform answers every post with 429 and a wait of
three seconds, as it does when the token's limit is reached. Finally, it refuses one post in a separate chat while
nothing else waits. The checks use the journal of the fake. Ends with status 1 if a check fails.
"""

import argparse
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

import bot.platforms.known  # noqa: F401 - declares the platforms
from subscriptions.model import Because, Delivery, DeliveryKind, Facts, Item
from subscriptions.service.amendments import set_settings
from subscriptions.store import planned_deliveries
from subscriptions.store.chats import chats_by_id
from subscriptions.store.database.store import Store
from subscriptions.store.rows import ChatRow
from tests import make
from tests.fakes.journal import Entry
from tests.make import ingested, paper
from tests.programs.cluster.__main__ import most_in_a_second, report, two_columns
from tests.programs.cluster.workers import Workers, a_cluster

LIMIT, CONFIGURED = 30, 28
WAIT = 3.0  # seconds to wait, according to a 429
# seconds in which every post is refused; a worker that gets two refusals knows that no chat's limit was reached
REFUSING = 1.0
FIRST_PERSON, ALONE = 1_000_000_000, "2000000000"
PART = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """Limits that depend on the speed of the machine. They do not include the limits that must never be exceeded."""

    share: float = 0.95  # of the wanted rate
    answered_within: float = 1.0  # seconds for 95 of 100 commands
    latest: float = 5.0  # seconds from a 429 to the next message
    on_its_way: float = 0.3  # seconds after a 429 in which posts that were already being sent still arrive


# for a machine with other work, such as a CI machine
BUSY = Promises(share=0.1, answered_within=60.0, latest=60.0, on_its_way=1.0)


@dataclass(slots=True)
class Found:
    """The measured values."""

    posts: list[Entry] = field(default_factory=list)  # posts in the time without refusals
    seconds: float = 0.0  # length of that time
    answers: list[float] = field(default_factory=list)  # seconds until the answer of each command
    rest: float = 0.0  # seconds from the last refusal to the next message to any chat
    early: int = 0  # messages that came during this wait
    alone: float = 0.0  # seconds from the refusal in the one chat to its message

    @property
    def late(self) -> float:
        """The seconds within which 95 of 100 commands were answered."""
        return sorted(self.answers)[len(self.answers) * 95 // 100]

    def rows(self, waiting: int, promises: Promises) -> list[tuple[str, str, bool]]:
        """Returns (what was measured, its value, whether it is good) for each row of the table."""
        most, rate = most_in_a_second(self.posts), len(self.posts) / self.seconds
        return [
            (f"most posts in any second, of {self.seconds:.0f} (limit {LIMIT})", f"{most}", most <= LIMIT),
            (f"posts a second ({CONFIGURED} are wanted)", f"{rate:.1f}", rate >= promises.share * CONFIGURED),
            (
                f"{len(self.answers)} commands beside {waiting:,} digests are answered after, middle and 95 of 100",
                f"{sorted(self.answers)[len(self.answers) // 2]:.2f} s, {self.late:.2f} s",
                self.late <= promises.answered_within,
            ),
            (
                f"the token was refused for {WAIT:.0f} s: posts within it, and the next one after",
                f"{self.early}, {self.rest:.1f} s",
                not self.early and WAIT - promises.on_its_way <= self.rest <= promises.latest,
            ),
            (
                f"one chat was refused for {WAIT:.0f} s: its message came after",
                f"{self.alone:.1f} s",
                WAIT <= self.alone <= promises.latest,
            ),
        ]


def fill(store: Store, waiting: int) -> None:
    """Stores chats with one waiting delivery of one paper each, and wakes their lanes."""
    now = datetime.now(UTC)
    ingested(store, paper("A graph of kinds", arxiv_id="2601.00001"), now=now - timedelta(minutes=30))
    with store.read() as transaction:
        (known,) = make.stored_papers(transaction)
    item = Item(paper=known, position=0, because=(Because(number=1, text="graph", words=("graph",)),))
    for first in range(1, waiting + 1, PART):
        numbers = range(first, min(first + PART, waiting + 1))
        chats = [
            {"platform": "telegram", "address": str(number), "topic": "", "title": "", "kind": "private"}
            | {"lang": "", "timezone": "", "settings": {}, "state": "active", "state_detail": "", "owner": ""}
            | {"admin": False, "first_delivery_planned": True, "next_number": 1, "created_at": now}
            for number in numbers
        ]
        with store.write() as transaction:
            transaction.connection().execute(insert(ChatRow), chats)
            planned_deliveries.add_deliveries(transaction, {
                f"{number}:now": Delivery(
                    id=f"{number:016x}", chat=chat, kind=DeliveryKind.BULLETIN, due=now, items=(item,),
                    facts=Facts(known=1),
                )
                for number, chat in chats_by_id(transaction, numbers).items()
            }, now=now)  # fmt: skip


def played(started: Workers, store: Store, promises: Promises, *, seconds: float) -> Found:
    """Lets three workers send while people write and the platform refuses. Returns the measured values."""
    found, fake = Found(), started.fake
    started.start(3)
    started.wait_for(lambda: len(started.posts) > CONFIGURED, "a second's messages are sent")
    asked: list[tuple[str, float]] = []
    begin = started.posts[-1].at
    while time.time() < begin + seconds:
        person = str(FIRST_PERSON + len(asked))
        asked.append((person, time.time()))
        fake.call("user_writes", "/help", person)
        time.sleep(0.5)  # people write at the same pace even if the workers are slow
    end = time.time()
    started.wait_for(lambda: all(_answer(started.posts, one) is not None for one, _ in asked), "all are answered")
    found.posts, found.seconds = [entry for entry in started.posts if begin < entry.at <= end], end - begin
    found.answers = [at - wrote for one, wrote in asked if (at := _answer(started.posts, one)) is not None]
    print(f"{len(found.posts)} sent, {len(asked)} commands answered", flush=True)

    fake.call("answers", "429", 2 * CONFIGURED, retry_after=int(WAIT))
    started.wait_for(lambda: bool(fake.call("failures")), "posts are refused")
    first = min(at for at, _ in fake.call("failures"))
    started.wait_for(lambda: time.time() > first + REFUSING, "the platform refuses no more")
    fake.call("forgives")
    refused = max(at for at, _ in fake.call("failures"))
    started.wait_for(lambda: started.posts[-1].at > refused + promises.on_its_way, "the token has rested")
    moments = sorted(entry.at for entry in started.posts if entry.at > refused + promises.on_its_way)
    found.rest = moments[0] - refused
    found.early = sum(at < refused + WAIT - promises.on_its_way for at in moments)

    with store.write() as transaction:  # as if all other deliveries had been sent
        transaction.connection().exec_driver_sql("UPDATE delivery SET settled_at = now() WHERE settled_at IS NULL")
        transaction.connection().exec_driver_sql("DELETE FROM procrastinate_jobs WHERE status = 'todo'")
    wake_up = time.time() + 2
    started.wait_for(lambda: time.time() > max(wake_up, started.posts[-1].at + 2), "nothing is sent any more")
    fake.call("answers", "429", 1, retry_after=int(WAIT), chat=ALONE)
    make.subscribes(store, f"telegram:{ALONE}", "zebra", every="now", now=datetime.now(UTC) - timedelta(minutes=1))
    set_settings(store, make.address(f"telegram:{ALONE}"), {"quiet": "off"}, now=datetime.now(UTC))
    ingested(store, paper("A zebra", arxiv_id="2601.00002"), now=datetime.now(UTC))
    started.wait_for(lambda: _answer(started.posts, ALONE) is not None, "the last one is sent")
    (failed,) = (at for at, chat in fake.call("failures") if chat == ALONE)
    found.alone = (_answer(started.posts, ALONE) or 0.0) - failed
    return found


def _answer(posts: list[Entry], chat: str) -> float | None:
    """Returns when a chat got its first message, or None."""
    return next((entry.at for entry in posts if entry.chat == chat), None)


def main() -> int:
    """Measures and judges. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs.cluster.rate")
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.waiting, options.seconds, options.page = 2000, 10, None
    promises = BUSY if options.quick else Promises()
    with a_cluster() as (started, _, store):
        fill(store, options.waiting)
        found = played(started, store, promises, seconds=options.seconds)
    rows = found.rows(options.waiting, promises)
    wrong = [f"{name}: {value}" for name, value, is_right in rows if not is_right]
    return report("rate", two_columns((name, value) for name, value, _ in rows), wrong, options.page)


if __name__ == "__main__":
    sys.exit(main())

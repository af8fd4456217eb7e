"""The plot: bytes become papers, papers become deliveries, deliveries become messages in a chat.

    ingest    a digest's bytes -> papers in the store
    plan      what is due now  -> deliveries in the outbox
    deliver   one lane of it   -> messages on the platform, each confirmed by itself
    answer    a person's words -> their effect and a reply, which `speak` posts ahead of all else

Each step can be cut off anywhere and run again: what was done is in the store, what was not is done then.
The domain is synchronous; this module and `answering` cross over to it, with asyncio.to_thread.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Protocol, TypeVar

from bot.answering import ask, effect, say, stumbled
from bot.digests import read_digest
from bot.ports import Clock, Request
from bot.posting import Posting
from bot.wire import Run, Wire
from subscriptions import (
    Asking,
    ChatMoved,
    Claim,
    Delivery,
    Digest,
    Edit,
    Ingested,
    Lane,
    NotDelivered,
    Rejected,
    RetryLater,
    Step,
    Store,
    StoreError,
    Verdict,
    begin,
    cannot_render,
    claim,
    confirm,
    edit_done,
    freeze,
    hold,
    ingest_digest,
    notify_operators,
    plan_due,
    recent_sends,
    settle,
    settle_edit,
    skip_unclear,
    stop_platform,
    zone,
)

log = logging.getLogger("paperwire")

T = TypeVar("T")

LOOK_AFTER = 2.0  # seconds: how soon a message that was perhaps sent can be seen in Slack's history (nobody tells; it errs on the long side)
LOOK_AGAIN_AFTER = 5.0  # a miss is only proof after a second look
LONGEST_PACE = 10.0  # seconds: a longer wait is one that the platform asked for, and is left to the store
SLOT_LASTS = 0.03  # seconds; sends that go later than their slots would bunch up beyond the platform's limit
LONGEST_WRITE = 30.0  # seconds that a database is asked again to take what became of a try: else it comes twice
ASK_AGAIN_AFTER = 0.5
TRIES = 3  # posts of one message in one call; what is unclear after that stays for the next
GONE_CHATS, GONE_SHARE = 10, 5  # more than ten, and more than a fifth of a run (docs/architecture.md, rule 11)


@dataclass(slots=True)
class Turn:
    """One call of `deliver` in one lane."""

    lane: Lane
    last_try: float  # monotonic second at which the last post of this lane was over, at the latest
    tries: Counter[tuple[int, int]] = field(default_factory=Counter)  # (delivery, message) -> posts in this call


class Keeping(Protocol):
    """What `ingest` needs of the world; a Wire has it."""

    @property
    def store(self) -> Store:
        """Where papers go."""

    @property
    def clock(self) -> Clock:
        """When they came."""


async def ingest(
    wire: Keeping,
    data: bytes,
    name: str,
    *,
    source: str,
    format: str | None = None,  # noqa: A002 - the word of the docs
    day: date | None = None,
    language: str | None = None,
) -> tuple[Digest, Ingested]:
    """Reads a digest and stores its papers. Raises UnknownFormat, BrokenDigest, StoreError."""
    digest = await asyncio.to_thread(read_digest, data, name, format=format, day=day, language=language)
    now = wire.clock.now()
    today = now.astimezone(zone(wire.store.zone)).date()
    done = await asyncio.to_thread(ingest_digest, wire.store, digest, source=source, day=digest.day or today, now=now)
    return digest, done


async def plan(wire: Wire, run: Run) -> None:
    """Writes down what every chat is to get now, and wakes their lanes."""
    lanes = await asyncio.to_thread(plan_due, wire.store, now=wire.clock.now(), enough=wire.stopping)
    run.planned += len(lanes)
    wire.engine.nudge([lane for lane in lanes if lane.platform in wire.channels])


async def deliver(wire: Wire, run: Run, lane: Lane) -> None:
    """Sends what waits in one lane, in order, until there is nothing to do in it now; then edits what is out."""
    run.lanes.add(lane)
    turn = Turn(lane, wire.clock.monotonic())
    try:
        step = await _claim(wire, turn)
        while step is not None and not (wire.stopping() or run.broken or run.stands_still(lane)):
            if isinstance(step, Edit):
                step = await _edit(wire, run, step, turn)
            elif step.value is not None:
                step = await asyncio.to_thread(_freeze, wire, step, step.value, turn)
            elif step.unclear and not await _must_post_again(wire, run, step, turn):
                step = await _claim(wire, turn)
            else:
                step = await _post(wire, run, step, turn)
    except StoreError:
        run.broken = True
        raise


async def answer(wire: Wire, request: Request) -> Posting | None:
    """What a person asked for happens, and its reply is stored. None: it happened before, or nobody is to be answered."""
    if wire.talk is None:
        return None
    asked = await ask(wire, wire.talk, request)
    return await asyncio.to_thread(effect, wire, wire.talk, request, asked) if asked else None


def stumble(wire: Wire, request: Request) -> Posting | None:
    """What is answered where we failed over a request; it counts as taken. Raises StoreError."""
    return stumbled(wire, wire.talk, request) if wire.talk else None


async def speak(wire: Wire, posting: Posting) -> None:
    """Posts a reply that was stored."""
    if wire.talk is not None:
        await say(wire, wire.talk, posting)


def _asking(wire: Wire, turn: Turn) -> Asking:
    return Asking(
        lane=turn.lane,
        now=wire.clock.now(),
        wall=wire.clock.wall(),
        on_unclear=wire.on_unclear,
        can_find=turn.lane.platform in wire.finding,
        tried=frozenset(message for message, times in turn.tries.items() if times >= TRIES),
    )


async def _claim(wire: Wire, turn: Turn) -> Step | None:
    return await asyncio.to_thread(claim, wire.store, _asking(wire, turn))


def _freeze(wire: Wire, step: Claim, value: Delivery, turn: Turn) -> Step | None:
    try:
        messages = wire.render(value, ())
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one delivery must not hold up the others
        log.error("Delivery %s cannot be rendered: %s: %s", value.id, type(error).__name__, error)
        reason = "No message could be made of it; this is a fault of paperwire, and the log says which."
        return cannot_render(wire.store, step.seq, reason, _asking(wire, turn))
    return freeze(wire.store, step.seq, messages, _asking(wire, turn))


async def _post(wire: Wire, run: Run, step: Claim, turn: Turn) -> Step | None:
    """Posts one message and writes down at once what became of it; the next step of the lane.

    It is marked as begun only after the wait for its turn: what a crash finds begun may have been sent.
    """
    assert step.message is not None  # noqa: S101 - the caller looked
    lane = turn.lane
    if not (await _wait_for_lane(wire, lane) and await _wait_for_token(wire, lane)):
        return await _claim(wire, turn)
    slot = wire.clock.monotonic()
    if not await asyncio.to_thread(begin, wire.store, step, wall=wire.clock.wall()):
        return await _claim(wire, turn)
    if wire.clock.monotonic() - slot > SLOT_LASTS:
        await _wait_for_token(wire, lane)
    wire.pace.sent(lane, wire.clock.monotonic())
    turn.tries[step.seq, step.message.number] += 1
    channel = wire.channels[lane.platform]
    try:
        platform_id = await channel.post(
            step.chat.address, step.message, delivery=step.delivery, thread=step.thread, plain=step.plain
        )
    except NotDelivered as outcome:
        turn.last_try = wire.clock.monotonic()
        await _settle(wire, run, step, outcome)
        return await _claim(wire, turn)
    return await _confirm(wire, run, step, platform_id, turn)


async def _edit(wire: Wire, run: Run, edit: Edit, turn: Turn) -> Step | None:
    """Edits a message that should say something else by now; the next step. To edit twice changes nothing."""
    try:
        await _say_anew(wire, edit, turn.lane)
    except NotDelivered as outcome:
        now, wall = wire.clock.now(), wire.clock.wall()
        if await asyncio.to_thread(settle_edit, wire.store, edit, outcome, now=now, wall=wall):
            run.stopped[turn.lane.platform] = outcome.reason
        if not isinstance(outcome, Rejected):
            return None
    else:
        await asyncio.to_thread(edit_done, wire.store, edit)
    return await _claim(wire, turn)


async def _say_anew(wire: Wire, edit: Edit, lane: Lane) -> None:
    """Raises NotDelivered, also when there is no turn for it now."""
    messages = await asyncio.to_thread(wire.render, edit.delivery, edit.layout)
    if not 1 <= edit.number <= len(messages):
        raise Rejected("The delivery has no such message any more.")
    if not (await _wait_for_lane(wire, lane) and await _wait_for_token(wire, lane)):
        raise RetryLater("There was no turn for it yet.")
    wire.pace.sent(lane, wire.clock.monotonic())
    channel, message = wire.channels[lane.platform], messages[edit.number - 1]
    await channel.edit(edit.chat.address, edit.platform_id, message, plain=edit.plain)


async def _wait_for_lane(wire: Wire, lane: Lane) -> bool:
    """Waits until one more message of the lane may go. False: the platform asked for too long a wait, or we are to stop.

    The lane comes before the token: a slot of the token that waits for a lane would be gone when others need it.
    """
    while (wait := wire.pace.ready(lane, now := wire.clock.monotonic()) - now) > 0:
        if wait > LONGEST_PACE:
            wall = wire.clock.wall()
            await asyncio.to_thread(hold, wire.store, lane, wall=wall, until=wall + timedelta(seconds=wait))
            return False
        await wire.clock.sleep(wait)
    return not wire.stopping()


async def _wait_for_token(wire: Wire, lane: Lane) -> bool:
    """Takes a slot of the token and waits for it. False: we are to stop."""
    wait = await wire.engine.reserve(lane.platform) - wire.clock.monotonic()
    if wait > 0:
        await wire.clock.sleep(wait)
    return not wire.stopping()


async def _written_down(wire: Wire, write: Callable[[], T]) -> T:
    """Stores what became of a try, and asks a database that is busy again: what is not stored comes twice."""
    began = wire.clock.monotonic()
    said = False
    while True:
        try:
            return await asyncio.to_thread(write)
        except StoreError as error:
            if wire.stopping() or wire.clock.monotonic() - began > LONGEST_WRITE:
                raise
            if not said:
                log.warning("What was sent cannot be written down yet: %s", error)
            said = True
        await wire.clock.sleep(ASK_AGAIN_AFTER)


async def _confirm(wire: Wire, run: Run, step: Claim, platform_id: str, turn: Turn) -> Step | None:
    papers, after = await _written_down(wire, lambda: confirm(wire.store, step, platform_id, _asking(wire, turn)))
    if papers is not None:
        run.sent += 1
        run.papers += papers
    return after


async def _settle(wire: Wire, run: Run, step: Claim, outcome: NotDelivered) -> None:
    lane = step.chat.address.lane
    now, wall = wire.clock.now(), wire.clock.wall()
    verdict: Verdict = await _written_down(
        wire, partial(settle, wire.store, step, outcome, on_unclear=wire.on_unclear, now=now, wall=wall)
    )
    if isinstance(outcome, RetryLater) and outcome.after:
        second = wire.clock.monotonic()
        wire.pace.pause(lane, second + outcome.after.total_seconds(), second)
    if verdict.stop is not None:
        run.stopped[lane.platform] = outcome.reason
    if isinstance(outcome, ChatMoved):
        wire.engine.nudge([Lane(lane.platform, outcome.address)])
    if verdict.pause_chat:
        await _count_gone(wire, run, lane.platform, step.chat.id)


async def _count_gone(wire: Wire, run: Run, platform: str, chat_id: int) -> None:
    """Many chats that are gone at once are a fault of ours or of the platform, not of the people in them."""
    gone = run.gone.setdefault(platform, set())
    gone.add(chat_id)
    tried = sum(lane.platform == platform for lane in run.lanes)
    if wire.guard_gone and len(gone) > GONE_CHATS and len(gone) * GONE_SHARE > tried:
        reason = f"{len(gone)} of {tried} chats answered that the bot may not write there."
        await asyncio.to_thread(stop_platform, wire.store, platform, reason, sorted(gone), now=wire.clock.now())
        run.stopped[platform] = reason
        detail = {"platform": platform, "gone": str(len(gone)), "of": str(tried)}
        told = await asyncio.to_thread(_tell_stopped, wire, platform, detail)
        run.spared.update(told)
        wire.engine.nudge([lane for lane in told if lane.platform in wire.channels])


def _tell_stopped(wire: Wire, platform: str, detail: dict[str, str]) -> tuple[Lane, ...]:
    """Who runs the bot hears it on the very platform that stands still: that we may not write to them is not said."""
    admins = wire.talk.house.admins if wire.talk else ()
    return notify_operators(wire.store, admins, "stopped", detail, now=wire.clock.now(), about=platform)


async def _must_post_again(wire: Wire, run: Run, step: Claim, turn: Turn) -> bool:
    """Settles a message that was perhaps sent, where the platform can be asked; True: it is to be posted again."""
    assert step.message is not None  # noqa: S101 - only messages can be unclear
    lane = step.chat.address.lane
    try:
        platform_id = await _look_up(wire, step, turn)
    except RetryLater as wait:
        wall = wire.clock.wall()
        await asyncio.to_thread(hold, wire.store, lane, wall=wall, until=wall + max(wait.after, timedelta(seconds=1)))
        turn.tries[step.seq, step.message.number] = TRIES
        return False
    except LookupError as error:
        return await _follow_policy(wire, step, turn, str(error))
    if platform_id is None:
        return True
    await _confirm(wire, run, step, platform_id, turn)
    return False


async def _follow_policy(wire: Wire, step: Claim, turn: Turn, reason: str) -> bool:
    """Nobody can tell whether it was sent: the operator's `on_unclear` decides."""
    assert step.message is not None  # noqa: S101 - only messages can be unclear
    key = (step.seq, step.message.number)
    if wire.on_unclear == "skip":
        await asyncio.to_thread(skip_unclear, wire.store, step, reason)
        turn.tries[key] = TRIES
        return False
    if turn.tries[key] and not step.at_start:
        turn.tries[key] = TRIES  # it had its try in this call; the wait of RetryLater comes first
        return False
    return True


async def _look_up(wire: Wire, step: Claim, turn: Turn) -> str | None:
    """Asks the platform, no earlier than 2 s after the try was over, and once more 5 s after a miss.

    Nobody knows when within the try the platform took the message. A try of an earlier process was over before this
    call began.
    """
    assert step.message is not None  # noqa: S101 - only messages can be unclear
    channel = wire.channels[step.chat.address.platform]
    attempted = step.attempted_at or wire.clock.wall()
    for wait in (turn.last_try + LOOK_AFTER - wire.clock.monotonic(), LOOK_AGAIN_AFTER):
        if wait > 0 and channel.platform in wire.finding:
            await wire.clock.sleep(wait)
        found = await channel.find(
            step.chat.address, step.message, delivery=step.delivery, after=attempted, thread=step.thread
        )
        if found is not None:
            return found
    return None


def seed_pace(wire: Wire) -> None:
    """What was sent just before this process started counts against the platform's limits, too."""
    wall, second = wire.clock.wall(), wire.clock.monotonic()
    for platform in wire.channels:
        sends = recent_sends(wire.store, platform, wall=wall)
        wire.pace.seed([(lane, second - (wall - at).total_seconds()) for lane, at in sends], second)

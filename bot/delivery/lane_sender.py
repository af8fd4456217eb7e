"""One step of a lane at a time: render, post, look up, edit. Each is stored before the next one is taken.

What is asked of the store goes through the scribe. `pipeline.deliver` says in which order the steps come.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from bot.context.dependencies import Wire
from bot.delivery.drain_state import Run
from subscriptions import (
    Asking,
    ChatMoved,
    Claim,
    Delivery,
    Edit,
    Lane,
    NotDelivered,
    Rejected,
    Rendered,
    RetryLater,
    Step,
    StoreError,
    begin,
    claim,
    confirm,
    edit_done,
    freeze,
    hold,
    notify_operators,
    settle,
    settle_edit,
    skip_unclear,
    stop_platform,
    to_render,
)

log = logging.getLogger("paperwire")

T = TypeVar("T")

AHEAD = 40  # deliveries that are rendered together: less than two seconds of a fan-out, so what was just set counts
FEW = 10  # of them left: more are rendered, so that no lane has to wait for it
LOOK_AFTER = 2.0  # seconds: how soon a message that was perhaps sent can be seen in Slack's history (nobody tells; it errs on the long side)
LOOK_AGAIN_AFTER = 5.0  # a miss is only proof after a second look
LONGEST_STAY = 0.2  # seconds: a lane that has to wait longer for its pace leaves its place to another
LONGEST_PACE = 10.0  # seconds: a longer wait is one that the platform asked for, and is left to the store
SLOT_LASTS = 0.03  # seconds; sends that go later than their slots would bunch up beyond the platform's limit
SLOTS_LEFT = 3  # slots that one send lets pass: a machine that is always late still sends
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

    def tried(self, step: Claim) -> bool:
        """Whether this call has posted the message already."""
        assert step.message is not None  # noqa: S101 - only messages are posted
        return self.tries[step.seq, step.message.number] > 0


async def first_step(wire: Wire, run: Run, turn: Turn) -> Step | None:
    """What a lane begins with. Who takes one of the last that are rendered renders more, while others post theirs."""
    if turn.lane not in run.ahead and run.rendering.locked():
        async with run.rendering:  # it may be among those that are rendered now
            pass
    step = run.ahead.pop(turn.lane, None)
    if step is not None and run.more and len(run.ahead) < FEW and not run.rendering.locked():
        async with run.rendering:
            await _render_more(wire, run, step)
    return step or await next_step(wire, turn)


async def next_step(wire: Wire, turn: Turn) -> Step | None:
    """What is to be done next in the lane; None: nothing now."""
    return await wire.scribe(claim, wire.store, _asking(wire, turn))


def _asking(wire: Wire, turn: Turn) -> Asking:
    return Asking(
        lane=turn.lane,
        now=wire.clock.now(),
        wall=wire.clock.wall(),
        on_unclear=wire.on_unclear,
        can_find=turn.lane.platform in wire.finding,
        tried=frozenset(message for message, times in turn.tries.items() if times >= TRIES),
    )


# -------------------------------------------------------------------------------------------------------------- render


async def render(wire: Wire, run: Run, turn: Turn) -> Step | None:
    """Renders the delivery that is next, and with it those that come soon in other lanes; the next step."""
    async with run.rendering:  # whoever waits here mostly finds theirs rendered with another's
        step = run.ahead.pop(turn.lane, None) or await next_step(wire, turn)
        if isinstance(step, Claim) and step.message is None:
            await _render_more(wire, run, step)
            step = run.ahead.pop(turn.lane, None) or await next_step(wire, turn)
    return step


async def _render_more(wire: Wire, run: Run, step: Claim) -> None:
    found = await asyncio.to_thread(_render_ahead, wire, step)
    run.ahead |= found
    run.more = bool(found)


def _render_ahead(wire: Wire, step: Claim) -> dict[Lane, Claim]:
    """Each lane's first message, which `begin` looks at once more."""
    deliveries = to_render(wire.store, step, AHEAD, wall=wire.clock.wall())
    rendered = [_rendered(wire, seq, delivery) for seq, delivery in deliveries.items()]
    freeze(wire.store, rendered, now=wire.clock.now())
    return {
        (delivery := deliveries[one.seq]).chat.address.lane: Claim(
            seq=one.seq,
            delivery=delivery.id,
            chat_id=delivery.chat.id,
            address=delivery.chat.address,
            attempts=0,
            message=one.messages[0],
        )
        for one in rendered
        if one.messages
    }


def _rendered(wire: Wire, seq: int, delivery: Delivery) -> Rendered:
    try:
        return Rendered(seq=seq, messages=wire.render(delivery, ()))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one delivery must not hold up the others
        log.error("Delivery %s cannot be rendered: %s: %s", delivery.id, type(error).__name__, error)
        reason = "No message could be made of it; this is a fault of paperwire, and the log says which."
        return Rendered(seq=seq, failure=reason)


# ---------------------------------------------------------------------------------------------------------------- post


async def post(wire: Wire, run: Run, step: Claim, turn: Turn) -> Step | None:
    """Posts one message and writes down at once what became of it; the next step of the lane.

    It is marked as begun only after the wait for its turn: what a crash finds begun may have been sent.
    """
    assert step.message is not None  # noqa: S101 - the caller looked
    lane = turn.lane
    if not await _turn_comes(wire, lane, stays=turn.tried(step)):
        return None
    slot = wire.clock.monotonic()
    wire.pace.sent(lane, slot)
    if not await wire.scribe(begin, wire.store, step, wall=wire.clock.wall()):
        return await next_step(wire, turn)
    if wire.clock.monotonic() - slot > SLOT_LASTS:
        await _slot_comes(wire, lane)
        wire.pace.sent(lane, wire.clock.monotonic())
    turn.tries[step.seq, step.message.number] += 1
    channel = wire.channels[lane.platform]
    try:
        platform_id = await channel.post(
            step.address, step.message, delivery=step.delivery, thread=step.thread, plain=step.plain
        )
    except NotDelivered as outcome:
        turn.last_try = wire.clock.monotonic()
        await _settle(wire, run, step, outcome)
        return await next_step(wire, turn)
    return await _confirm(wire, run, step, platform_id, turn)


async def _turn_comes(wire: Wire, lane: Lane, *, stays: bool = False) -> bool:
    """Waits until one more message of the lane may go, first for the lane, then for the token. False: not in this call.

    The lane comes first: a slot of the token that waits for a lane would be gone when others need it. It is asked once
    more in the end, since an answer to a person may have gone there meanwhile, or the platform asked for silence.
    """
    while await _lane_comes(wire, lane, stays=stays):
        await _slot_comes(wire, lane)
        now = wire.clock.monotonic()
        if wire.pace.ready(lane, now) <= now:
            return not wire.stopping()
    return False


async def _lane_comes(wire: Wire, lane: Lane, *, stays: bool) -> bool:
    """Waits for the lane's own pace. False: so long a wait that the lane is called again then, or that we are to stop.

    One that `stays` is looked after by this very call, which has posted before.
    """
    while (wait := wire.pace.ready(lane, now := wire.clock.monotonic()) - now) > 0:
        if token_rests(wire, lane.platform):
            return False
        if wait > LONGEST_PACE:
            wall = wire.clock.wall()
            await wire.scribe(hold, wire.store, lane, wall=wall, until=wall + timedelta(seconds=wait))
            return False
        if wait > LONGEST_STAY and not stays:
            wire.engine.nudge([lane], not_before=wire.clock.now() + timedelta(seconds=wait))
            return False
        await wire.clock.sleep(wait)
    return not wire.stopping()


def token_rests(wire: Wire, platform: str) -> bool:
    """Whether the platform wants nothing at all for so long that its lanes are better called again then."""
    return wire.pace.rest(platform, wire.clock.monotonic()) > LONGEST_PACE


async def _slot_comes(wire: Wire, lane: Lane) -> None:
    """Takes a slot of the token and waits for it; one that a busy machine let pass is left, and another taken."""
    for _ in range(SLOTS_LEFT):
        start = await wire.engine.reserve(lane.platform)
        wait = start - wire.clock.monotonic()
        if wait > 0:
            await wire.clock.sleep(wait)
        if wire.clock.monotonic() - start <= SLOT_LASTS:
            return


async def _confirm(wire: Wire, run: Run, step: Claim, platform_id: str, turn: Turn) -> Step | None:
    papers, after = await _written_down(
        wire, lambda: wire.scribe(confirm, wire.store, step, platform_id, _asking(wire, turn))
    )
    if papers is not None:
        run.sent += 1
        run.papers += papers
    return after


async def _settle(wire: Wire, run: Run, step: Claim, outcome: NotDelivered) -> None:
    lane = step.address.lane
    now, wall = wire.clock.now(), wire.clock.wall()
    verdict = await _written_down(
        wire,
        lambda: wire.scribe(settle, wire.store, step, outcome, on_unclear=wire.on_unclear, now=now, wall=wall),
    )
    if isinstance(outcome, RetryLater) and outcome.after:
        second = wire.clock.monotonic()
        wire.pace.pause(lane, second + outcome.after.total_seconds(), second)
    if verdict.stop is not None:
        run.stopped[lane.sender] = outcome.reason
    if isinstance(outcome, ChatMoved):
        wire.engine.nudge([Lane(lane.platform, outcome.address)])
    if verdict.pause_chat:
        await _count_gone(wire, run, lane.sender, step.chat_id)


async def _written_down(wire: Wire, write: Callable[[], Awaitable[T]]) -> T:
    """Stores what became of a try, and asks a database that is busy again: what is not stored comes twice."""
    began = wire.clock.monotonic()
    said = False
    while True:
        try:
            return await write()
        except StoreError as error:
            if wire.stopping() or wire.clock.monotonic() - began > LONGEST_WRITE:
                raise
            if not said:
                log.warning("What was sent cannot be written down yet: %s", error)
            said = True
        await wire.clock.sleep(ASK_AGAIN_AFTER)


async def _count_gone(wire: Wire, run: Run, sender: str, chat_id: int) -> None:
    """Many chats that are gone at once are a fault of ours or of the platform, not of the people in them."""
    gone = run.gone.setdefault(sender, set())
    gone.add(chat_id)
    tried = sum(lane.sender == sender for lane in run.lanes)
    if wire.guard_gone and len(gone) > GONE_CHATS and len(gone) * GONE_SHARE > tried:
        reason = f"{len(gone)} of {tried} chats answered that the bot may not write there."
        await wire.scribe(stop_platform, wire.store, sender, reason, sorted(gone), now=wire.clock.now())
        run.stopped[sender] = reason
        detail = {"platform": sender, "gone": str(len(gone)), "of": str(tried)}
        told = await asyncio.to_thread(_tell_stopped, wire, sender, detail)
        run.spared.update(told)
        wire.engine.nudge([lane for lane in told if lane.platform in wire.channels])


def _tell_stopped(wire: Wire, sender: str, detail: dict[str, str]) -> tuple[Lane, ...]:
    """Who runs the bot hears it on the very platform that stands still: that we may not write to them is not said."""
    admins = wire.talk.house.admins if wire.talk else ()
    return notify_operators(wire.store, admins, "stopped", detail, now=wire.clock.now(), about=sender)


# ------------------------------------------------------------------------------------------------ what was perhaps sent


async def must_post_again(wire: Wire, run: Run, step: Claim, turn: Turn) -> bool:
    """Settles a message that was perhaps sent, where the platform can be asked; True: it is to be posted again."""
    assert step.message is not None  # noqa: S101 - only messages can be unclear
    try:
        platform_id = await _look_up(wire, step, turn)
    except RetryLater as wait:
        wall = wire.clock.wall()
        until = wall + max(wait.after, timedelta(seconds=1))
        await wire.scribe(hold, wire.store, step.address.lane, wall=wall, until=until)
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
        await wire.scribe(skip_unclear, wire.store, step, reason)
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
    channel = wire.channels[step.address.platform]
    attempted = step.attempted_at or wire.clock.wall()
    for wait in (turn.last_try + LOOK_AFTER - wire.clock.monotonic(), LOOK_AGAIN_AFTER):
        if wait > 0 and channel.platform in wire.finding:
            await wire.clock.sleep(wait)
        found = await channel.find(
            step.address, step.message, delivery=step.delivery, after=attempted, thread=step.thread
        )
        if found is not None:
            return found
    return None


# ----------------------------------------------------------------------------------------------------------------- edit


async def edit(wire: Wire, run: Run, step: Edit, turn: Turn) -> Step | None:
    """Edits a message that should say something else by now; the next step. To edit twice changes nothing."""
    try:
        if not await _say_anew(wire, step, turn.lane):
            return None
    except NotDelivered as outcome:
        now, wall = wire.clock.now(), wire.clock.wall()
        if await wire.scribe(settle_edit, wire.store, step, outcome, now=now, wall=wall):
            run.stopped[turn.lane.sender] = outcome.reason
        if not isinstance(outcome, Rejected):
            return None
    else:
        await wire.scribe(edit_done, wire.store, step)
    return await next_step(wire, turn)


async def _say_anew(wire: Wire, step: Edit, lane: Lane) -> bool:
    """False: there is no turn for it in this call. Raises NotDelivered."""
    messages = await asyncio.to_thread(wire.render, step.delivery, step.layout)
    if not 1 <= step.number <= len(messages):
        raise Rejected("The delivery has no such message any more.")
    if not await _turn_comes(wire, lane):
        return False
    wire.pace.sent(lane, wire.clock.monotonic())
    channel, message = wire.channels[lane.platform], messages[step.number - 1]
    await channel.edit(step.chat.address, step.platform_id, message, plain=step.plain)
    return True


async def deliver(wire: Wire, run: Run, lane: Lane) -> None:
    """Sends what waits in one lane, in order, until there is nothing to do in it now; then edits what is out."""
    run.lanes.add(lane)
    if token_rests(wire, lane.platform):
        return
    turn = Turn(lane, wire.clock.monotonic())
    try:
        step = await first_step(wire, run, turn)
        while step is not None and not (wire.stopping() or run.broken or run.stands_still(lane)):
            if isinstance(step, Edit):
                step = await edit(wire, run, step, turn)
            elif step.message is None:
                step = await render(wire, run, turn)
            elif step.unclear and not await must_post_again(wire, run, step, turn):
                step = await next_step(wire, turn)
            else:
                step = await post(wire, run, step, turn)
    except StoreError:
        run.broken = True
        raise

"""Send the messages of one lane in order, look for unclear ones, and stop the platform if it refuses everybody.

If it is unclear whether a message was sent, a look-up on the platform decides what to do. If the platform cannot tell,
the setting `on_unclear` decides.
"""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from bot import counters as measurements
from bot.app import App
from bot.delivery.send_round import SendRound
from bot.log import error_location
from bot.tasks import retry_until_stored
from subscriptions import errors, outcomes
from subscriptions.chats.addresses import facts_of
from subscriptions.model import Delivery, Lane, Message, MessageState
from subscriptions.outbox import sending
from subscriptions.outbox.notices import Notice, paused
from subscriptions.outbox.notify import notify_operators
from subscriptions.outbox.retries import OnUnclear
from subscriptions.outbox.stored import claims
from subscriptions.outbox.stored import deliveries as stored_deliveries

log = logging.getLogger("paperwire")

MAX_PAUSE_SECONDS = 10.0  # seconds; if a platform demands a longer pause, the lane ends, and runs again at a later tick
LONGEST_WAIT = 0.2  # seconds; a lane that its own limits make wait longer rests, and another lane runs
REPLY_SECONDS = 0.5  # for which a lane rests while a reply is posted there, which may take minutes
MAX_POSTS = 3  # posts of one message in one call of `deliver`
# seconds from a mark on in which its post must begin, since another process may have the role after that
POST_DEADLINE_SECONDS = 2.0
MOST_POSTS = 20  # posts in one call of `deliver`
LONGEST_TURN = 10.0  # seconds after which a call of `deliver` begins no further post
FIRST_LOOKUP_DELAY = 2.0  # seconds until a platform's history should contain a message; undocumented, so rather long
SECOND_LOOKUP_DELAY = 5.0  # seconds until the second look-up; if both find nothing, the message was not sent
LOOKUP_RETRY = timedelta(seconds=15)  # after a look-up that got no answer
_UNRENDERED = "No message could be made of it; this is a fault of paperwire, and the log says which."


async def deliver(app: App, drain: SendRound, lane: Lane) -> float:
    """Send the messages of one lane in their order, until nothing is left to do now.

    Return after how many seconds the lane can go on, if its limits make it wait; otherwise 0. If this takes long, it
    ends early and wakes the lane again, so that other lanes have their turn.
    """
    if app.pace.token_pause_left(lane.platform) > MAX_PAUSE_SECONDS:
        return 0.0
    try:
        return await _Turn(app, drain, lane).run()
    except errors.StoreError:
        drain.store_failed = True
        raise


class _Turn:
    """The turn of one lane."""

    def __init__(self, app: App, drain: SendRound, lane: Lane) -> None:
        self._app, self._drain, self._lane = app, drain, lane
        self._channel = app.platforms[lane.platform]
        self._began = app.clock.monotonic()
        self._post_over_at = self._began  # monotonic second when the last post of this lane had surely ended
        self._posts: Counter[tuple[int, int]] = Counter()  # (delivery, message) → its posts in this turn
        # a mail that may have arrived is sent only once more
        self._on_unclear: OnUnclear = app.settings.on_unclear
        if app.settings.on_unclear == "resend" and self._channel.facts.resends_at_most_once:
            self._on_unclear = "once"

    async def run(self) -> float:
        """Send what the lane has. Return what `deliver` returns."""
        app, drain, lane = self._app, self._drain, self._lane
        step = await self._next()
        while step is not None and not (app.stop.is_set() or drain.store_failed or drain.is_stopped(lane)):
            if self._posts.total() >= MOST_POSTS or app.clock.monotonic() - self._began >= LONGEST_TURN:
                drain.wake([lane])
                return 0.0
            if isinstance(step, claims.Unrendered):
                step = await self._render(step.seq)
            elif self._posts[step.seq, step.message.number] >= MAX_POSTS:
                return 0.0
            elif step.unclear_since and not await self._must_post_again(step):
                step = await self._next()
            elif app.pace.pause_left(lane) > MAX_PAUSE_SECONDS:
                return 0.0
            elif app.pace.posting(lane).locked():
                return REPLY_SECONDS
            elif (wait := app.pace.wait_of_lane(lane)) > LONGEST_WAIT:
                return wait
            else:
                step = await self._post(step)
        return 0.0

    async def _next(self) -> claims.Step | None:
        return await self._app.store.share(claims.claim, self._lane, now=self._app.clock.now())

    async def _render(self, seq: int) -> claims.Step | None:
        """Render the lane's next delivery, with those of other lanes. Return the lane's next step."""
        store, rendering = self._app.store, self._drain.rendering
        is_rendered = rendering.locked()  # perhaps, by another lane
        async with rendering:
            if is_rendered:
                return await self._next()
            together = await store.read(stored_deliveries.to_render, seq, self._lane.platform)
            rendered = await asyncio.to_thread(_rendered, self._app, together)
            return await store.write(stored_deliveries.store_rendered, rendered, self._lane, now=self._app.clock.now())

    async def _post(self, step: claims.Claim) -> claims.Step | None:
        """Post one message, while nothing else is posted in its lane, and write the outcome.

        Return the lane's next step.

        The message is marked as sending only after the wait for the limits, because after a crash a marked message
        counts as perhaps sent.
        """
        app, lane = self._app, self._lane
        async with app.pace.posting(lane):
            if not await app.pace.slot(lane, patience=MAX_PAUSE_SECONDS) or app.stop.is_set():
                return None
            began, wall = app.clock.monotonic(), app.clock.wall()
            if not await app.store.share(claims.mark_sending, step, wall=wall):
                following = await self._next()
                return None if following == step else following  # a message of this lane is still marked as being sent
            if app.clock.monotonic() - began > POST_DEADLINE_SECONDS:
                await app.store.share(claims.take_mark_back, step, wall=wall)
                return await self._next()
            self._posts[step.seq, step.message.number] += 1
            app.pace.begins(lane)
            try:
                with measurements.post_counted(lane.platform, "delivery"):
                    platform_id = await self._channel.post(
                        step.address, step.message, delivery=step.delivery, thread=step.thread, plain=step.plain
                    )
            except outcomes.NotDelivered as outcome:
                self._post_over_at = app.clock.monotonic()
                is_unclear = await self._record_failure(step, outcome)
            else:
                return await self._confirm(step, platform_id)
        # now, whenever its next attempt may be
        if is_unclear and facts_of(lane.platform).can_look_up and not app.stop.is_set():
            await self._must_post_again(
                replace(step, attempts=step.attempts + 1, unclear_since=step.unclear_since or wall)
            )
        return await self._next()

    async def _must_post_again(self, step: claims.Claim) -> bool:
        """Return whether an unclear message must be posted again because the platform cannot tell whether it was sent.

        If the platform can tell, marks the message as sent or as ready; if it does not answer now, lets it wait.
        """
        app = self._app
        try:
            platform_id = await self._look_up(step)
        except (outcomes.RetryLater, outcomes.SenderStopped) as outcome:
            wait = LOOKUP_RETRY
            if isinstance(outcome, outcomes.RetryLater):
                wait = max(wait, outcome.after)
            else:
                self._drain.stopped[self._lane.platform] = outcome.reason
            await app.store.share(claims.postpone, step, app.clock.now() + wait)
        except LookupError as error:
            if self._on_unclear == "skip":
                await app.store.share(claims.leave_to_person, step, str(error))
                return False
            if step.was_repeated and self._on_unclear == "once":
                # an earlier process was broken off while it posted the message for the second time
                await self._record_failure(step, outcomes.Unclear(str(error)))
                return False
            return True
        else:
            if platform_id is None:
                await app.store.share(claims.record_not_found, step, now=app.clock.now())
            else:
                await self._confirm(step, platform_id)
        return False

    async def _look_up(self, step: claims.Claim) -> str | None:
        """Return the platform's id of a message; None if it was not sent.

        Raise RetryLater, SenderStopped, LookupError.

        The first look-up is made FIRST_LOOKUP_DELAY after the end of the last post, because the platform may have
        accepted the message at the last moment. If it finds nothing, a second one is made SECOND_LOOKUP_DELAY later. If
        an earlier process posted the message, the start of this turn counts as the end of that post.
        """
        clock = self._app.clock
        assert step.unclear_since is not None  # noqa: S101 - every unclear message has this time
        for wait in (self._post_over_at + FIRST_LOOKUP_DELAY - clock.monotonic(), SECOND_LOOKUP_DELAY):
            if wait > 0 and facts_of(self._lane.platform).can_look_up:
                await clock.sleep(wait)
            found = await self._channel.find(
                step.address, step.message, delivery=step.delivery, after=step.unclear_since, thread=step.thread
            )
            if found is not None:
                return found
        return None

    async def _confirm(self, step: claims.Claim, platform_id: str) -> claims.Step | None:
        """Store that a message was sent. Return the next step of the lane."""
        app, drain, platform = self._app, self._drain, self._lane.platform
        now = app.clock.now()
        papers, after = await retry_until_stored(
            app.clock, lambda: app.store.confirm(claims.confirm, step, platform_id, now=now)
        )
        _log(step, "sent", logging.DEBUG)
        if self._lane not in drain.exempt and drain.believe(platform):
            drain.wake(await app.store.read(claims.lanes, [platform], now=app.clock.now()))
        if papers is not None:
            drain.sent += 1
            drain.papers += papers
        return after

    async def _record_failure(self, step: claims.Claim, outcome: outcomes.NotDelivered) -> bool:
        """Store why a message was not delivered. Return whether it is unclear.

        Depending on the reason, pauses the lane, stops the sender or wakes a lane.
        """
        app, drain, lane = self._app, self._drain, self._lane
        record = partial(
            sending.record_outcome, on_unclear=self._on_unclear, guard_gone=app.guard_gone, now=app.clock.now()
        )
        decision = await retry_until_stored(app.clock, lambda: app.store.confirm(record, step, outcome))
        is_usual = isinstance(outcome, outcomes.RetryLater | outcomes.SenderStopped)
        level = logging.WARNING if decision.state is MessageState.DEAD else logging.DEBUG if is_usual else logging.INFO
        _log(step, measurements.outcome_name(outcome), level)
        if isinstance(outcome, outcomes.RetryLater) and outcome.after:
            app.pace.pause(lane, outcome.after.total_seconds())
        drain.has_doubts |= isinstance(outcome, outcomes.ChatGone) and decision.state is MessageState.WAITING
        if decision.stops_sender:
            await self._stop(outcome)
        if isinstance(outcome, outcomes.ChatMoved):
            drain.wake([Lane(lane.platform, outcome.address)])
        if decision.pause_chat and isinstance(outcome, outcomes.ChatGone) and outcome.in_doubt:
            drain.wake(await self._tell_operators(paused(str(step.address), step.address, outcome.pause_reason)))
        return decision.state is MessageState.UNCLEAR

    async def _stop(self, outcome: outcomes.NotDelivered) -> None:
        """Stop the platform. If it is its chats that refuse, go on with the one that accepted a message last."""
        app, drain, platform = self._app, self._drain, self._lane.platform
        if not isinstance(outcome, outcomes.ChatGone):
            drain.stopped[platform] = outcome.reason
        elif platform not in drain.probes:
            lanes = await app.store.read(claims.lanes, [platform], now=app.clock.now())
            drain.doubt(platform, await app.store.read(claims.accepted_last, lanes) if lanes else None)

    async def _tell_operators(self, notice: Notice) -> Sequence[Lane]:
        """Tell the operators. Return the lanes in which they hear of it."""
        app = self._app
        lanes = await app.store.write(notify_operators, app.settings.admins, notice, now=app.clock.now())
        return [lane for lane in lanes if lane.platform in app.platforms]


def _rendered(app: App, together: Mapping[int, Delivery]) -> dict[int, tuple[Sequence[Message], str]]:
    """Return seq → (messages, why there are none)."""
    return {seq: _messages_of(app, delivery) for seq, delivery in together.items()}


def _messages_of(app: App, delivery: Delivery) -> tuple[Sequence[Message], str]:
    try:
        return app.render_delivery(delivery), ""
    except errors.StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - an error in one delivery must not stop the others
        fields = {"delivery": delivery.id, "chat": str(delivery.chat.address)}
        log.error("Delivery %s cannot be rendered: %s", delivery.id, error_location(error), extra=fields)
        return (), _UNRENDERED


def _log(step: claims.Claim, outcome: str, level: int) -> None:
    """Log the outcome of an attempt, without the platform's error text, which may quote the message.

    Successes, and failures that affect all messages of a platform, are logged only at the level DEBUG.
    """
    said = "A message was sent" if outcome == "sent" else f"A message was not sent ({outcome})"
    fields = {"delivery": step.delivery, "chat": str(step.address)}
    log.log(level, "%s: delivery=%s chat=%s worker=%d", said, *fields.values(), os.getpid(), extra=fields)

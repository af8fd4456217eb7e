"""The plot: bytes become papers, papers become deliveries, deliveries become messages in a chat.

    ingest    a digest's bytes -> papers in the store
    plan      what is due now  -> deliveries in the outbox
    deliver   one lane of it   -> messages on the platform, each confirmed by itself
    answer    a person's words -> their effect and a reply, which `speak` posts ahead of all else

Each step can be cut off anywhere and run again: what was done is in the store, what was not is done then.
The domain is synchronous; this module, `answering` and `delivering` cross over to it, in threads.
"""

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Protocol

from bot.answering import ask, effect, stumbled
from bot.delivering import Turn, edit, first_step, must_post_again, next_step, post, render, token_rests
from bot.digests import dated, read_digest
from bot.ports import Clock, Request
from bot.posting import Posting
from bot.saying import say
from bot.wire import Run, Wire
from subscriptions import Digest, Edit, Ingested, Lane, Store, StoreError, ingest_digest, plan_due, recent_sends, zone


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
    return digest, await keep(wire, digest, source=source)


def today(wire: Keeping) -> date:
    """The day on which a digest comes: that of the operator's zone."""
    return wire.clock.now().astimezone(zone(wire.store.zone)).date()


async def keep(
    wire: Keeping,
    digest: Digest,
    *,
    source: str,
    note: Callable[[Ingested], None] | None = None,
    announce: bool = False,
) -> Ingested:
    """Stores the papers of a digest; what `note` writes of it into the store is a part of the same transaction.

    With `announce` they are news whatever day they are of. Raises StoreError.
    """
    now, came = wire.clock.now(), today(wire)
    kept = dated(digest, came)

    def stored() -> Ingested:
        with wire.store.write(as_one=True):
            done = ingest_digest(wire.store, kept, source=source, day=kept.day or came, now=now, announce=announce)
            if note is not None:
                note(done)
            return done

    return await asyncio.to_thread(stored)


async def plan(wire: Wire, run: Run) -> None:
    """Writes down what every chat is to get now, and wakes their lanes."""
    lanes = await asyncio.to_thread(plan_due, wire.store, now=wire.clock.now(), enough=wire.stopping)
    run.planned += len(lanes)
    wire.engine.nudge([lane for lane in lanes if lane.platform in wire.channels])


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


def seed_pace(wire: Wire) -> None:
    """What was sent just before this process started counts against the platform's limits, too."""
    wall, second = wire.clock.wall(), wire.clock.monotonic()
    for platform in wire.channels:
        sends = recent_sends(wire.store, platform, wall=wall)
        wire.pace.seed([(lane, second - (wall - at).total_seconds()) for lane, at in sends], second)

"""deliver: plans what is due and sends it."""

import asyncio
import sys

from bot.app import App, build_app
from bot.cli._options import Json, Now
from bot.cli._session import clock_from, read_settings
from bot.cli._streams import print_error, print_json, print_line
from bot.delivery.drain_state import Sent
from bot.operation.owner_watch import OwnerWatch, at_work
from bot.operation.signals import raise_if_interrupted, stop_on_signals
from subscriptions.platforms import declared
from subscriptions.service.outbox import lanes


def deliver(*, now: Now = None, json: Json = False) -> int:
    """Plan what is due at this moment and send it; ends when all that may go now has gone."""
    settings = read_settings()
    app = build_app(settings, clock=clock_from(now, settings), out=sys.stderr if json else sys.stdout)
    sent, off = asyncio.run(_deliver(app))
    if json:
        names = ("planned", "sent", "papers", "waiting", "unclear", "dead")
        print_json({name: getattr(sent, name) for name in names})
    else:
        _show(sent)
    for platform, reason in sorted(sent.stopped.items()):
        print_error(f"{_named(platform)} stands still: {reason.rstrip('.')}. Everything for it stays planned.")
    for platform in off:
        print_error(f"{platform.capitalize()} is off, without a token. Everything for it stays planned.")
    raise_if_interrupted(app)
    return 1 if sent.dead else 0


def _named(sender: str) -> str:
    """Returns the display name of a sender: a platform, or a platform, a colon and a workspace."""
    platform, _, workspace = sender.partition(":")
    return f"{platform.capitalize()} ({workspace})" if workspace else platform.capitalize()


async def _deliver(app: App) -> tuple[Sent, list[str]]:
    """Delivers what is due. Returns (counts, platforms that are off although something waits for them)."""
    try:
        stop_on_signals(app)
        app.open()
        async with at_work(OwnerWatch(app.store, app.clock)):
            sent = await app.sender.deliver()
        without = sorted(facts.name for facts in declared() if facts.token_variable and facts.name not in app.platforms)
        waiting = lanes(app.store, without, now=app.clock.now(), finding=())
        return sent, sorted({lane.platform for lane in waiting})
    finally:
        await app.close()


def _show(sent: Sent) -> None:
    if sent.planned or sent.sent:
        print_line(f"Planned {sent.planned:,}, sent {sent.sent:,} with {sent.papers:,} papers.")
    else:
        print_line("Nothing was due.")
    left = [(sent.waiting, "waiting"), (sent.unclear, "unclear"), (sent.dead, "dead")]
    shown = ", ".join(f"{count:,} {word}" for count, word in left if count)
    if shown:
        print_line(f"In the outbox: {shown}. paperwire outbox says why.")

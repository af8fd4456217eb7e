"""deliver and run: messages go out."""

# ruff: noqa: PLC0415 - a subcommand imports what it needs when it runs, so that all start quickly

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli._options import Json, Now
from bot.cli._streams import print_error, print_json, print_line

if TYPE_CHECKING:
    from bot.app import App
    from bot.delivery.drain_state import Sent


def deliver(*, now: Now = None, json: Json = False) -> int:
    """Plan what is due at this moment and send it; ends when all that may go now has gone."""
    _exit_on(signal.SIGTERM)
    from bot.app import build_app
    from bot.cli._session import clock_from, read_settings

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
    _raise_if_interrupted(app)
    return 1 if sent.dead else 0


def _raise_if_interrupted(app: "App") -> None:
    """What was on its way is finished; to whoever pressed Ctrl-C the subcommand says that it was broken off."""
    if app.interrupted:
        raise KeyboardInterrupt


def _named(sender: str) -> str:
    """A platform, or a workspace of one: "slack:T2"."""
    platform, _, workspace = sender.partition(":")
    return f"{platform.capitalize()} ({workspace})" if workspace else platform.capitalize()


def _exit_on(number: signal.Signals) -> None:
    """Until the work begins there is nothing to finish: SIGTERM ends it as asked, with 0."""
    signal.signal(number, lambda *_: os._exit(0))


async def _deliver(app: "App") -> tuple["Sent", list[str]]:
    """What was done, and the platforms that something waits for although they are off."""
    from bot.app import stop_on_signals
    from subscriptions.service.outbox import lanes

    try:
        stop_on_signals(app)
        app.open()
        sent = await app.deliver()
        without = sorted({"telegram", "slack"} - set(app.wire.channels))
        waiting = lanes(app.store, without, now=app.clock.now(), finding=())
        return sent, sorted({lane.platform for lane in waiting})
    finally:
        await app.close()


def _show(sent: "Sent") -> None:
    if sent.planned or sent.sent:
        print_line(f"Planned {sent.planned:,}, sent {sent.sent:,} with {sent.papers:,} papers.")
    else:
        print_line("Nothing was due.")
    left = [(sent.waiting, "waiting"), (sent.unclear, "unclear"), (sent.dead, "dead")]
    shown = ", ".join(f"{count:,} {word}" for count, word in left if count)
    if shown:
        print_line(f"In the outbox: {shown}. paperwire outbox says why.")


def run(
    *,
    once: Annotated[bool, typer.Option("--once", help="One round of everything that is due, then end.")] = False,
    new_bot: Annotated[bool, typer.Option("--new-bot", help="Give this database to the bot of the token.")] = False,
    pause_gone: Annotated[
        bool, typer.Option("--pause-gone", help="Pause all chats that are gone, however many they are.")
    ] = False,
) -> int:
    """Run everything until SIGTERM: sources, schedule, platforms, web. What is on and where stands on stderr."""
    _exit_on(signal.SIGTERM)
    from bot.app import build_app
    from bot.cli._logging import start_logging
    from bot.cli._session import read_settings

    settings = read_settings()
    start_logging(settings, quiet=False)
    app = build_app(settings, out=sys.stdout)
    feeder = app.source_scheduler()

    async def go() -> int:
        from bot.app import stop_on_signals
        from bot.operation.process import run as run_until_stopped

        try:
            stop_on_signals(app)
            app.open()
            return await run_until_stopped(
                app, feeder, once=once, new_bot=new_bot, pause_gone=pause_gone, say=print_error
            )
        finally:
            await app.close()

    status = asyncio.run(go())
    _raise_if_interrupted(app)
    return status

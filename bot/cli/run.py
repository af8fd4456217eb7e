"""run, deliver: the process that polls, delivers and answers until it is stopped; one round of what is due."""

import asyncio
import sys
from typing import Annotated

import typer

from bot.app import App
from bot.build import build_app
from bot.cli import Json, Now, log, session
from bot.cli.output import print_error, print_line, tell, terminal_leaver
from bot.delivery.sender import Sender, Sent
from bot.run import process
from bot.sources.source_scheduler import scheduler_of
from subscriptions.chats.addresses import facts_of
from subscriptions.errors import RoleLost


def run(
    *,
    once: Annotated[bool, typer.Option("--once", help="Do one round of everything that is due, then end.")] = False,
    new_bot: Annotated[bool, typer.Option("--new-bot", help="Give this database to the bot of the token.")] = False,
    pause_gone: Annotated[
        bool, typer.Option("--pause-gone", help="Try chats that may be gone at once, and pause all that refuse.")
    ] = False,
    look_back: Annotated[
        bool,
        typer.Option("--look-back", help="With a new database, send at once what its sources hold of the last days."),
    ] = False,
) -> int:
    """Run everything until SIGTERM: sources, schedule, platforms, web. Prints on stderr what is on, and where."""
    settings = session.read_settings()
    log.start_logging(settings, quiet=False)
    say = log.say_for(settings)
    options = process.Options(once=once, new_bot=new_bot, pause_gone=pause_gone, look_back=look_back, say=say)
    while True:
        clock = session.clock_from(None, settings)
        app = build_app(settings, clock=clock, out=sys.stdout, guard_gone=not pause_gone, isolated=True)
        try:
            status = asyncio.run(_run(app, options))
        except RoleLost as error:  # nothing of what this process knew holds any more, so it begins anew, and waits
            say(str(error))
            if not app.stop.was_asked:
                continue
            status = 0
        process.raise_if_interrupted(app)
        return status


async def _run(app: App, options: process.Options) -> int:
    try:
        process.stop_on_signals(app, terminal_leaver())
        return await process.run(app, scheduler_of(app), options)
    finally:
        await app.close()


def deliver(*, now: Now = None, json: Json = False) -> int:
    """Plan what is due at this moment and send it. Ends when everything that may be sent now is sent."""
    settings = session.read_settings()
    app = build_app(settings, clock=session.clock_from(now, settings), out=sys.stderr if json else sys.stdout)
    sent = asyncio.run(_deliver(app))
    names = ("planned", "sent", "papers", "waiting", "unclear", "dead")
    tell({name: getattr(sent, name) for name in names}, lambda: _show_sent(sent), json=json)
    for platform, reason in sorted(sent.stopped.items()):
        print_error(f"{facts_of(platform).title} has stopped: {reason.rstrip('.')}. Everything for it stays planned.")
    for platform in [name for name in app.platforms_off if name in sent.waiting_on]:
        print_error(f"{facts_of(platform).off} Everything for it stays planned.")
    process.raise_if_interrupted(app)
    return 1 if sent.dead else 0


async def _deliver(app: App) -> Sent:
    try:
        process.stop_on_signals(app, terminal_leaver())
        app.open()
        return await Sender(app).deliver()
    finally:
        await app.close()


def _show_sent(sent: Sent) -> None:
    if sent.planned or sent.sent:
        print_line(
            f"Planned {sent.planned:,}, sent {sent.sent:,} with {sent.papers:,} paper{'s' * (sent.papers != 1)}."
        )
    else:
        print_line("Nothing was due.")
    left = [(sent.waiting, "waiting"), (sent.unclear, "unclear"), (sent.dead, "dead")]
    shown = ", ".join(f"{count:,} {word}" for count, word in left if count)
    if shown:
        print_line(f"In the outbox: {shown}. paperwire outbox says why.")

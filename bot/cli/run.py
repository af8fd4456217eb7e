"""run, deliver: the process that polls, delivers and answers until it is stopped; one round of what is due."""

import asyncio
import sys
from typing import Annotated, TextIO

import typer

from bot.app import Stop
from bot.build import open_app
from bot.cli import Json, Now, log, session
from bot.cli.output import print_error, print_line, tell, terminal_leaver
from bot.clock import Clock
from bot.delivery.sender import Sender, Sent
from bot.run import process
from bot.settings import Settings
from bot.sources.source_scheduler import scheduler_of
from subscriptions.chats.addresses import facts_of
from subscriptions.errors import LeadershipLost


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
        stop = Stop()
        try:
            status = asyncio.run(_run(settings, stop, options))
        except (
            LeadershipLost
        ) as error:  # nothing of what this process knew holds any more, so it begins anew, and waits
            say(str(error))
            if not stop.was_asked:
                continue
            status = 0
        process.raise_if_interrupted(stop)
        return status


async def _run(settings: Settings, stop: Stop, options: process.Options) -> int:
    clock, guard_gone = session.clock_from(None, settings), not options.pause_gone
    async with open_app(settings, clock, out=sys.stdout, guard_gone=guard_gone, isolated=True, stop=stop) as app:
        process.stop_on_signals(stop, terminal_leaver())
        return await process.run(app, scheduler_of(app), options)


def deliver(*, now: Now = None, json: Json = False) -> int:
    """Plan what is due at this moment and send it. Ends when everything that may be sent now is sent."""
    settings = session.read_settings()
    clock, out, stop = session.clock_from(now, settings), sys.stderr if json else sys.stdout, Stop()
    sent, platforms_off = asyncio.run(_deliver(settings, clock, out, stop))
    names = ("planned", "sent", "papers", "waiting", "unclear", "dead")
    tell({name: getattr(sent, name) for name in names}, lambda: _show_sent(sent), json=json)
    for platform, reason in sorted(sent.stopped.items()):
        print_error(f"{facts_of(platform).title} has stopped: {reason.rstrip('.')}. Everything for it stays planned.")
    for platform in [name for name in platforms_off if name in sent.waiting_on]:
        print_error(f"{facts_of(platform).off} Everything for it stays planned.")
    process.raise_if_interrupted(stop)
    return 1 if sent.dead else 0


async def _deliver(settings: Settings, clock: Clock, out: TextIO, stop: Stop) -> tuple[Sent, list[str]]:
    """Return what was sent, and the platforms that are off."""
    async with open_app(settings, clock, out=out, stop=stop) as app:
        process.stop_on_signals(stop, terminal_leaver())
        app.open()
        return await Sender(app).deliver(), app.platforms_off


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

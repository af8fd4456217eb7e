"""run: the process that polls, delivers and answers until it is stopped. It alone loads the web server, and no tables."""

import asyncio
import sys
from typing import Annotated

import typer

from bot.app import build_app
from bot.cli.log import say_for, start_logging
from bot.cli.session import read_settings
from bot.operation.process import run as run_until_stopped
from bot.operation.ticks import raise_if_interrupted, stop_on_signals


def run(
    *,
    once: Annotated[bool, typer.Option("--once", help="One round of everything that is due, then end.")] = False,
    new_bot: Annotated[bool, typer.Option("--new-bot", help="Give this database to the bot of the token.")] = False,
    pause_gone: Annotated[
        bool, typer.Option("--pause-gone", help="Pause all chats that are gone, however many they are.")
    ] = False,
) -> int:
    """Run everything until SIGTERM: sources, schedule, platforms, web. What is on and where stands on stderr."""
    settings = read_settings()
    start_logging(settings, quiet=False)
    app = build_app(settings, out=sys.stdout, guard_gone=not pause_gone, is_worker=not once)
    scheduler = app.source_scheduler()

    async def go() -> int:
        try:
            stop_on_signals(app)
            return await run_until_stopped(
                app, scheduler, once=once, new_bot=new_bot, pause_gone=pause_gone, say=say_for(settings)
            )
        finally:
            await app.close()

    status = asyncio.run(go())
    raise_if_interrupted(app)
    return status

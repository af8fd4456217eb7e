"""How work ends: by the signals that stop the process, and beside what it serves."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from bot.app import App


def stop_on_signals(app: App) -> None:
    """Sets handlers of SIGTERM and SIGINT. The first signal sets `app.stop`: work in flight is finished, none is begun.

    A second signal ends the process at once, with 130 if one of the two was SIGINT, else with 1. The handlers stay after
    the event loop has ended, unlike those of the loop, until the process ends.
    """
    loop = asyncio.get_running_loop()
    asked = False

    def stop(number: int, _: object) -> None:
        nonlocal asked
        app.interrupted = app.interrupted or number == signal.SIGINT
        if asked:
            os._exit(130 if app.interrupted else 1)  # SystemExit would wait for running threads
        asked = True
        with suppress(RuntimeError):  # the loop is closed, so the work is done
            loop.call_soon_threadsafe(app.stop.set)

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)


def raise_if_interrupted(app: App) -> None:
    """Raises KeyboardInterrupt if Ctrl-C was pressed while `app` worked. Call it after the work in flight is finished."""
    if app.interrupted:
        raise KeyboardInterrupt


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs `work` while the body runs."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def unless_stopped(app: App, work: Coroutine[Any, Any, None]) -> None:
    """Waits for `work`. Cancels it when the process is to stop."""
    task, stop = asyncio.create_task(work), asyncio.create_task(app.stop.wait())
    await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not task.done():
        task.cancel()
        await asyncio.wait((task,))
    if not task.cancelled():
        task.result()

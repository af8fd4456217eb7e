"""How work ends: by a signal (at once by a second one), and without leaving a step half done."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from bot.app import App


def stop_on_signals(app: App, leave_terminal: Callable[[], None]) -> None:
    """Sets handlers of SIGTERM, SIGINT and SIGHUP.

    The first signal sets `app.stop`: running work is finished, no new work begins.

    A second SIGTERM or SIGINT ends the process at once, with status 130 if one of the two was SIGINT, else 1. SIGHUP
    never does: a terminal that is closed may send it twice, and systemd sends it together with SIGTERM. It says that
    the terminal is gone (`leave_terminal`), and stays ignored where it was, as under nohup. Unlike the event loop's own
    handlers, these stay in place after the loop has ended.
    """
    loop = asyncio.get_running_loop()
    is_second = False

    def stop(number: int, _: object) -> None:
        nonlocal is_second
        app.asked_to_stop = True
        app.interrupted = app.interrupted or number == signal.SIGINT
        if number == signal.SIGHUP:
            leave_terminal()
        elif is_second:
            os._exit(130 if app.interrupted else 1)  # SystemExit would wait for running threads
        else:
            is_second = True
        with suppress(RuntimeError):  # the loop is closed, so all work is done
            loop.call_soon_threadsafe(app.stop.set)

    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if name != signal.SIGHUP or signal.getsignal(name) is not signal.SIG_IGN:
            signal.signal(name, stop)


def raise_if_interrupted(app: App) -> None:
    """Raises KeyboardInterrupt if Ctrl-C was pressed while `app` worked. Call it after running work is finished."""
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
    """Waits for `work`. Cancels it if `app.stop` is set."""
    task, stop = asyncio.create_task(work), asyncio.create_task(app.stop.wait())
    await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not task.done():
        task.cancel()
        await asyncio.wait((task,))
    if not task.cancelled():
        task.result()

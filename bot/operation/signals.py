"""How the process is asked to stop."""

import asyncio
import os
import signal
from contextlib import suppress

from bot.app import App


def stop_on_signals(app: App) -> None:
    """SIGTERM or SIGINT: no new work, finish what is in flight; a second one ends at once, with 1 or as Ctrl-C does.

    The handlers stay until the process ends, for what is printed after the work; the loop's own go with it.
    """
    loop = asyncio.get_running_loop()
    asked = False

    def stop(number: int, _: object) -> None:
        nonlocal asked
        app.interrupted = app.interrupted or number == signal.SIGINT
        if asked:
            os._exit(
                130 if app.interrupted else 1
            )  # SystemExit would wait for the threads that the first one waits for
        asked = True
        with suppress(RuntimeError):  # the loop is closed: all is done
            loop.call_soon_threadsafe(app.stop.set)

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)


def raise_if_interrupted(app: App) -> None:
    """Raises KeyboardInterrupt if Ctrl-C was pressed while `app` worked. What was under way has been finished by then."""
    if app.interrupted:
        raise KeyboardInterrupt

"""The entry point of the console script `paperwire` and of `python -m bot`.

Ctrl-C ends the program with status 130, also while modules are being imported.
"""

import os
import sys
from types import TracebackType

INTERRUPTED = 130  # the exit status that shells use for Ctrl-C


def _end(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Handles an uncaught exception: Ctrl-C ends the process at once, without a traceback."""
    if issubclass(kind, KeyboardInterrupt):
        os._exit(INTERRUPTED)
    sys.__excepthook__(kind, error, traceback)


def _end_unraised(trouble: "sys.UnraisableHookArgs") -> None:
    """Handles an exception that cannot be raised where it occurred, as in a finalizer, like `_end`."""
    if issubclass(trouble.exc_type, KeyboardInterrupt):
        os._exit(INTERRUPTED)
    sys.__unraisablehook__(trouble)


sys.excepthook, sys.unraisablehook = _end, _end_unraised

import signal  # noqa: E402 - Ctrl-C may come during this import, too


def _end_at_once(*_: object) -> None:
    os._exit(INTERRUPTED)


def _on_interrupt(handler: "signal._HANDLER") -> None:
    """Sets the handler of Ctrl-C, unless the process was started to ignore it, as in the background."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)


_on_interrupt(_end_at_once)  # while modules are imported: some of them turn KeyboardInterrupt into another error

from bot.cli import run  # noqa: E402 - takes a quarter of a second, in which somebody may press Ctrl-C


def main() -> None:
    """Runs the subcommand that the arguments name, and exits with its status."""
    _on_interrupt(signal.default_int_handler)
    status = run(sys.argv[1:])
    _on_interrupt(_end_at_once)
    sys.exit(status)


if __name__ == "__main__":
    main()

"""The entry: the console script `paperwire`, and `python -m bot`. Ctrl-C ends it with 130 from its first line on."""

import os
import sys
from types import TracebackType

INTERRUPTED = 130  # what a shell makes of Ctrl-C


def _end(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """For what nobody caught, before there is a command line and after it."""
    if issubclass(kind, KeyboardInterrupt):
        os._exit(INTERRUPTED)
    sys.__excepthook__(kind, error, traceback)


def _end_unraised(trouble: "sys.UnraisableHookArgs") -> None:
    """For what cannot be raised where it happens, as in a finalizer."""
    if issubclass(trouble.exc_type, KeyboardInterrupt):
        os._exit(INTERRUPTED)
    sys.__unraisablehook__(trouble)


sys.excepthook, sys.unraisablehook = _end, _end_unraised

import signal  # noqa: E402 - Ctrl-C may come within this line, too


def _end_at_once(*_: object) -> None:
    os._exit(INTERRUPTED)


def _on_interrupt(handler: "signal._HANDLER") -> None:
    """Whoever starts a program in the background may want it to ignore Ctrl-C; it goes on doing so."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)


_on_interrupt(_end_at_once)  # while modules are loaded: some make another error of an interruption

from bot.cli import run  # noqa: E402 - a quarter of a second in which somebody may press Ctrl-C


def main() -> None:
    """Runs the subcommand of this process's arguments and ends with its exit status."""
    _on_interrupt(signal.default_int_handler)
    status = run(sys.argv[1:])
    _on_interrupt(_end_at_once)
    sys.exit(status)


if __name__ == "__main__":
    main()

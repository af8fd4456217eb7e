"""The entry point of `paperwire` and of `python -m bot`: ends at once by Ctrl-C, and refuses to start with a foreign package in place of ours.

Ctrl-C ends the program with status 130, even while modules are being imported.
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
    """Like `_end`, for an exception that cannot be raised where it occurred, such as one in a finalizer."""
    if issubclass(trouble.exc_type, KeyboardInterrupt):
        os._exit(INTERRUPTED)
    sys.__unraisablehook__(trouble)


sys.excepthook, sys.unraisablehook = _end, _end_unraised

import signal  # noqa: E402 - a person may press Ctrl-C even during this import


def _end_at_once(*_: object) -> None:
    os._exit(INTERRUPTED)


def _on_interrupt(handler: "signal._HANDLER") -> None:
    """Sets the handler of Ctrl-C.

    Does nothing if the process ignores Ctrl-C, as the background processes of a shell do.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)


_on_interrupt(_end_at_once)  # while modules are imported: some of them turn KeyboardInterrupt into another error

from importlib.util import find_spec  # noqa: E402
from pathlib import Path  # noqa: E402

# the first line of each package's docstring contains "paperwire"
_OURS = ("bot", "locales", "subscriptions", "templates")
_HEAD = 300  # bytes


def _foreign_package() -> str | None:
    """Returns a sentence about the first package that is not ours; None if all are ours. Takes half a millisecond.

    The names of our packages are common. If another package with a folder of the same name is installed, it silently
    overwrites ours.
    """
    home = Path(__file__).parents[1]
    for name in _OURS:
        found = find_spec(name)
        place = Path(found.origin).parent if found and found.origin else None
        if found is None or place != home / name or not _is_marked(Path(found.origin or "")):
            return (
                f"The package “{name}” is not that of paperwire: another one has its name, at {place or 'no place'}. "
                "Install paperwire again, in an environment of its own."
            )
    return None


def _is_marked(module: Path) -> bool:
    if module.suffix != ".py":
        return True  # compiled, so its first line cannot be read; it counts as ours
    try:
        with module.open("rb") as file:
            return b"paperwire" in file.read(_HEAD).partition(b"\n")[0]
    except OSError:
        return False


if _foreign := _foreign_package():  # before anything of the other packages is imported
    sys.exit(_foreign)  # prints the sentence on stderr; the exit status is 1

from bot.cli import run  # noqa: E402 - takes 0.25 s, in which a person may press Ctrl-C


def main() -> None:
    """Runs the subcommand that the arguments name, and exits with its status."""
    _on_interrupt(signal.default_int_handler)
    status = run(sys.argv[1:])
    _on_interrupt(_end_at_once)
    sys.exit(status)


if __name__ == "__main__":
    main()

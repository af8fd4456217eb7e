"""The entry point of `paperwire` and of `python -m bot`.

Ctrl-C ends it with status 130, even while modules are imported.
"""

import os
import signal
import sys

INTERRUPTED = 130  # the exit status that shells use for Ctrl-C
# The names of our packages are common, and an installer silently overwrites one by another project's. The first line of each
# of ours contains "paperwire".
_OURS = ("bot", "locales", "subscriptions", "templates")
_HEAD = 300  # bytes


def _end_at_once(*_: object) -> None:
    os._exit(INTERRUPTED)


def _on_interrupt(handler: "signal._HANDLER") -> None:
    """Sets the handler of Ctrl-C, unless the process ignores it, as the background processes of a shell do."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)


_on_interrupt(_end_at_once)  # while modules are imported: some of them turn KeyboardInterrupt into another error

from importlib.util import find_spec  # noqa: E402


def _foreign_package() -> str:
    """Returns a sentence about the first package that is not ours; "" if all are ours. Takes half a millisecond."""
    home = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120
    for name in _OURS:
        found = find_spec(name)
        module = found.origin if found and found.origin else ""
        folder = os.path.dirname(module)  # noqa: PTH120
        if folder != os.path.join(home, name) or not _is_marked(module):  # noqa: PTH118
            return (
                f"The package “{name}” is not that of paperwire: another one has its name, at {folder or 'no place'}. "
                "Install paperwire again, in an environment of its own."
            )
    return ""


def _is_marked(module: str) -> bool:
    if not module.endswith(".py"):
        return True  # compiled, so its first line cannot be read; it counts as ours
    try:
        with open(module, "rb") as file:  # noqa: PTH123
            return b"paperwire" in file.read(_HEAD).partition(b"\n")[0]
    except OSError:
        return False


if _foreign := _foreign_package():  # before anything of the other packages is imported
    sys.exit(_foreign)  # prints the sentence on stderr; the exit status is 1

try:
    from bot.cli import run
except ImportError as error:  # of a library that is missing
    sys.exit(f"paperwire cannot be loaded: {error}. Install it again, in an environment of its own.")


def main() -> None:
    """Runs the subcommand that the arguments name, and exits with its status."""
    status = run(sys.argv[1:], loaded=lambda: _on_interrupt(signal.default_int_handler))
    _on_interrupt(_end_at_once)
    sys.exit(status)


if __name__ == "__main__":
    main()

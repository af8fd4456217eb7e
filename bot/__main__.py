"""The entry point of `paperwire` and of `python -m bot`.

Ctrl-C ends it with status 130, even while modules are imported.
"""

import os
import signal
import sys

INTERRUPTED = 130  # the exit status that shells use for Ctrl-C

if sys.platform == "win32":
    sys.exit("paperwire runs on Linux and macOS. On Windows, run it in WSL or in its container image.")


def _end_at_once(*_: object) -> None:
    os._exit(INTERRUPTED)


def _on_interrupt(handler: "signal._HANDLER") -> None:
    """Set the handler of Ctrl-C, unless the process ignores it, as the background processes of a shell do."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)


_on_interrupt(_end_at_once)  # while modules are imported: some of them turn KeyboardInterrupt into another error

try:
    import gc

    # modules stay, so to look through them for garbage costs a quarter of the start of a subcommand
    gc.set_threshold(50_000)
    from bot import cli
except ImportError as error:  # of a library, or of a package of ours that another project has replaced
    sys.exit(f"paperwire cannot be loaded: {error}. Install it again, in an environment of its own.")


def main() -> None:
    """Run the subcommand that the arguments name, and exits with its status."""
    status = cli.main(sys.argv[1:], loaded=lambda: _on_interrupt(signal.default_int_handler))
    _on_interrupt(_end_at_once)
    sys.exit(status)


if __name__ == "__main__":
    main()

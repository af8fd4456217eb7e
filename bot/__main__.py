"""The entry: the console script `paperwire`, and `python -m bot`."""

import sys

from bot.cli import run


def main() -> None:
    """Runs the subcommand of this process's arguments and ends with its exit status."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()

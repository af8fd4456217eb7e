"""The command line. Each subcommand reads its arguments, calls the program and prints the result."""

from bot.cli.program import run as run

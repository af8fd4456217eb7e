"""The command line: Typer subcommands that read arguments, call the app and print."""

from bot.cli._program import run as run

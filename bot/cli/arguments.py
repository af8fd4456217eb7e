"""Options that subcommands share, and queries that are typed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from bot.cli.output import print_reply
from bot.commands.phrasing import refused
from bot.platforms import CHAT_FORMS
from bot.rendering.language import Language
from bot.rendering.query_text import caret
from subscriptions.errors import QueryError

ChatOption = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="CHAT",
        help=f"{CHAT_FORMS}; a topic or thread after /",
    ),
]
OptionalChatOption = Annotated[str | None, typer.Option("--as", metavar="CHAT", help="One chat only.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout and nothing else.")]
Now = Annotated[
    str | None,
    typer.Option(
        "--now",
        metavar="ISO",
        help="The moment to begin at, instead of the machine's clock; without an offset in PAPERWIRE_TIMEZONE.",
    ),
]
Paths = Annotated[list[str], typer.Argument(metavar="PATH…", help="Files, folders, or - for standard input.")]

TERMINAL_LANGUAGE = Language("en", "UTC")
"""The language of the command line. For moments take a Language with the zone of the chat."""


@contextmanager
def reporting_query_errors(text: str) -> Iterator[None]:
    """Prints a QueryError raised inside, with a caret under its column, and ends the subcommand with 1."""
    try:
        yield
    except QueryError as error:
        print_reply(refused(error, TERMINAL_LANGUAGE, code=caret(text, error.column)), to_stderr=True)
        raise typer.Exit(error.exit_code) from None


def error_document(error: QueryError) -> dict[str, object]:
    """Returns the error of a query for `--json`."""
    return {"column": error.column, "message": str(error.sentence), "hint": str(error.hint)}

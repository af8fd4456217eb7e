"""Functions for subcommands that take queries."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from bot.cli._streams import print_reply
from bot.commands.phrasing.refusal_words import refused
from bot.rendering.text.language import Language
from bot.rendering.text.queries import caret
from subscriptions.errors import QueryError

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

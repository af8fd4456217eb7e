"""Functions for subcommands that take queries or numbers of subscriptions."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from bot.cli._streams import print_reply
from bot.commands.phrasing.refusal_words import refused
from bot.errors import WrongUsage
from bot.rendering.text.language import Language
from bot.rendering.text.queries import caret
from subscriptions.errors import QueryError, Sentence

_LONGEST_NUMBER = 9  # digits
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


def subscription_number(text: str | None, example: str) -> int | None:
    """Returns the number of a subscription, None for "all". Raises WrongUsage."""
    plain = (text or "all").strip().removeprefix("#")
    if plain.casefold() == "all":
        return None
    if plain.isascii() and plain.isdigit() and len(plain) <= _LONGEST_NUMBER:
        return int(plain)
    raise WrongUsage(
        Sentence("“{text}” is not the number of a subscription.", {"text": text}),
        Sentence("paperwire subscriptions lists them. For example: {example}", {"example": example}),
    )

"""How a query that is refused looks in a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from bot.cli._streams import print_reply
from bot.commands import refused
from bot.rendering import Language
from bot.rendering.reading import caret
from subscriptions import QueryError

TERMINAL = Language("en", "UTC")  # the language of this command line; moments are written in a chat's zone instead


@contextmanager
def refusals_of(text: str) -> Iterator[None]:
    """Within, a refusal of this query is shown with a caret under its column, and ends the subcommand with 1."""
    try:
        yield
    except QueryError as error:
        print_reply(refused(error, TERMINAL, code=caret(text, error.column)), trouble=True)
        raise typer.Exit(error.exit_code) from None

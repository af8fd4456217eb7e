"""explain: tells what a query means. Needs neither settings nor a database."""

from typing import Annotated

import typer

from bot.cli._options import Json
from bot.cli._queries import TERMINAL_LANGUAGE, reporting_query_errors
from bot.cli._streams import print_json, print_line
from bot.rendering.text.queries import explain as explained
from bot.rendering.text.queries import query_in_words
from subscriptions.query import parse_query


def explain(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="As you would give it to subscribe.")],
    *,
    json: Json = False,
) -> int:
    """Say what a query means in words, its canonical text, and what was guessed."""
    if json:
        explanation = explained(query, TERMINAL_LANGUAGE.translate)
        print_json(explanation)
        return 1 if explanation["error"] else 0
    with reporting_query_errors(query):
        read = parse_query(query)
        print_line(query_in_words(read, TERMINAL_LANGUAGE.translate))
        for hint in read.hints:
            print_line(f"  ({hint.say(TERMINAL_LANGUAGE.translate)})")
        print_line(f"canonical: {read.canonical}")
    return 0

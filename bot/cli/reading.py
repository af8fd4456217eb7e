"""explain and inspect: what a query means, what a digest holds. Neither needs settings or a database."""

# ruff: noqa: PLC0415 - a subcommand imports what it needs when it runs, so that all start quickly

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli._options import Json, Paths
from bot.cli._streams import complain, print_json, print_table, progress, say
from subscriptions import Digest, PaperwireError

if TYPE_CHECKING:
    from bot.digests.report import Report


def explain(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="As you would give it to subscribe.")],
    *,
    json: Json = False,
) -> int:
    """Say what a query means in words, its canonical text, and what was guessed."""
    from bot.cli._queries import TERMINAL, refusals_of
    from bot.rendering.reading import explain as explained
    from bot.rendering.reading import words
    from subscriptions import parse_query

    if json:
        told = explained(query, TERMINAL.translate)
        print_json(told)
        return 1 if told["error"] else 0
    with refusals_of(query):
        read = parse_query(query)
        say(words(read, TERMINAL.translate))
        for hint in read.hints:
            say(f"  ({hint.say(TERMINAL.translate)})")
        say(f"canonical: {read.canonical}")
    return 0


def inspect(
    paths: Paths,
    *,
    papers: Annotated[bool, typer.Option("--papers", help="List the papers, too.")] = False,
    json: Json = False,
) -> int:
    """Recognise and parse digests without storing anything."""
    from bot.digests.report import DigestTables, digest_report

    with progress(digests_in(paths), "Reading") as digests:
        reports = [digest_report(path, read, papers=papers) for path, read in digests]
    if json:
        print_json({"digests": [report if papers else _without_items(report) for report in reports]})
        return 1 if any(report["error"] for report in reports) else 0
    readable = [report for report in reports if report["error"] is None]
    if readable:
        print_table(DigestTables(readable))
    for error in filter(None, (report["error"] for report in reports)):
        complain(error)
    if not reports:
        complain("There is no file to read.")
    return 0 if len(readable) == len(reports) else 1


def _without_items(report: "Report") -> dict[str, object]:
    return {name: value for name, value in report.items() if name != "items"}


def digests_in(paths: list[str]) -> Iterator[tuple[str, Digest | PaperwireError]]:
    """What stands at these paths, each document read or with the reason why it could not be."""
    from bot.cli._paths import documents
    from bot.digests import read_digest

    for path, data in documents(paths):
        try:
            yield path, data if isinstance(data, PaperwireError) else read_digest(data, path)
        except PaperwireError as error:
            yield path, error

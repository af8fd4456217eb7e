"""explain and inspect: what a query means, what a digest holds. Neither needs a database, or settings but the sources."""

# ruff: noqa: PLC0415 - a subcommand imports what it needs when it runs, so that all start quickly

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli._options import Json, Paths
from bot.cli._refused import print_expected_formats, print_read_error
from bot.cli._streams import print_error, print_json, print_line, print_table, progress
from subscriptions.errors import PaperwireError
from subscriptions.model import Digest

if TYPE_CHECKING:
    from bot.digests.report import Report
    from bot.settings import SourceSettings


def explain(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="As you would give it to subscribe.")],
    *,
    json: Json = False,
) -> int:
    """Say what a query means in words, its canonical text, and what was guessed."""
    from bot.cli._queries import TERMINAL_LANGUAGE, reporting_query_errors
    from bot.rendering.text.queries import explain as explained
    from bot.rendering.text.queries import words
    from subscriptions.query import parse_query

    if json:
        told = explained(query, TERMINAL_LANGUAGE.translate)
        print_json(told)
        return 1 if told["error"] else 0
    with reporting_query_errors(query):
        read = parse_query(query)
        print_line(words(read, TERMINAL_LANGUAGE.translate))
        for hint in read.hints:
            print_line(f"  ({hint.say(TERMINAL_LANGUAGE.translate)})")
        print_line(f"canonical: {read.canonical}")
    return 0


def inspect(
    paths: Paths,
    *,
    papers: Annotated[bool, typer.Option("--papers", help="List the papers, too.")] = False,
    json: Json = False,
) -> int:
    """Recognise and parse digests without storing anything."""
    from bot.cli._paths import Watched, documents
    from bot.digests.report import digest_report
    from bot.settings import load_sources

    reports, refused = [], []
    watched = Watched.by(load_sources(os.environ, Path.cwd()))
    with progress(documents(paths), "Reading") as found:
        for path, read in digests_in(found, watched.source_of):
            reports.append(digest_report(path, read, papers=papers))
            if isinstance(read, PaperwireError):
                refused.append((path, read))
    if json:
        print_json({"digests": [report if papers else _without_items(report) for report in reports]})
    else:
        _show([report for report in reports if report["error"] is None], refused, each=papers)
    return 1 if refused else 0


def _show(reports: list["Report"], refused: list[tuple[str, PaperwireError]], *, each: bool) -> None:
    """One by one, or by format and by reason where there are more than a screen holds; `each` wants every digest."""
    from bot.digests.overview import MANY, Overview, Refusals
    from bot.digests.report import DigestTables

    many = len(reports) + len(refused) > MANY
    if reports:
        print_table(Overview(reports) if many and not each else DigestTables(reports))
    if many and refused:
        print_table(Refusals(refused, len(reports) + len(refused)), to_stderr=True)
    else:
        for _, error in refused:
            print_read_error(error)
        print_expected_formats(error for _, error in refused)
    if not reports and not refused:
        print_error("There is no file to read.")


def _without_items(report: "Report") -> dict[str, object]:
    return {name: value for name, value in report.items() if name != "items"}


def digests_in(
    documents: Iterable[tuple[str, bytes | PaperwireError]],
    source_of: Callable[[str], "SourceSettings | None"] = lambda _: None,
) -> Iterator[tuple[str, Digest | PaperwireError]]:
    """Each document read as a digest, as its source would have it read, or with the reason why it could not be."""
    from bot.digests import read_digest

    for path, data in documents:
        if isinstance(data, PaperwireError):
            yield path, data
            continue
        source = source_of(path)
        form, language = (source.format, source.language) if source else (None, None)
        try:
            yield path, read_digest(data, path, format=form, language=language)
        except PaperwireError as error:
            yield path, error

"""inspect: recognises and parses digests. Needs no database, and of the settings only the sources."""

import os
from pathlib import Path
from typing import Annotated

import typer

from bot.cli._documents import SourceFiles, digests_in, documents
from bot.cli._options import Json, Paths
from bot.cli._read_errors import print_expected_formats, print_read_error
from bot.cli._streams import print_error, print_json
from bot.cli._tables import print_table, progress
from bot.digests.overview import MANY, Overview, Refusals
from bot.digests.report import DigestTables, Report, digest_report
from bot.settings import load_sources
from subscriptions.errors import PaperwireError


def inspect(
    paths: Paths,
    *,
    papers: Annotated[bool, typer.Option("--papers", help="List the papers, too.")] = False,
    json: Json = False,
) -> int:
    """Recognise and parse digests without storing anything."""
    reports, refused = [], []
    watched = SourceFiles.listed(load_sources(os.environ, Path.cwd()))
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


def _show(reports: list[Report], refused: list[tuple[str, PaperwireError]], *, each: bool) -> None:
    """Prints a row per document; with more than a screen holds, a row per format and per reason, unless `each` is set."""
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


def _without_items(report: Report) -> dict[str, object]:
    return {name: value for name, value in report.items() if name != "items"}

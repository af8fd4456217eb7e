"""explain, inspect, demo: subcommands that need no database."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import arguments, output, tables
from bot.cli.arguments import Json, Paths
from bot.cli.digest_reports import DigestTables, Report, digest_report
from bot.rendering.queries_in_words import explain as explained
from bot.rendering.queries_in_words import query_in_words
from bot.settings import load_sources
from subscriptions.errors import PaperwireError
from subscriptions.planning.times import split_when
from subscriptions.query import parse


def explain(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="As you would give it to subscribe.")],
    *,
    json: Json = False,
) -> int:
    """Explain a query: its meaning in words, its canonical text, and what was guessed."""
    if json:
        explanation = explained(query, arguments.TERMINAL_LANGUAGE.translate)
        output.print_json(explanation)
        return 1 if explanation["error"] else 0
    with arguments.reporting_query_errors(query):
        ending = split_when(query)
        read = parse.parse_query(ending.query)
        output.print_line(query_in_words(read, arguments.TERMINAL_LANGUAGE.translate))
        for hint in read.hints:
            output.print_line(f"  ({hint.say(arguments.TERMINAL_LANGUAGE.translate)})")
        output.print_line(f"canonical: {read.canonical}")
        if ending.when is not None:
            output.print_line(f"time: {ending.when} (in a chat; in quotation marks it is words)")
    return 0


def inspect(
    paths: Paths,
    *,
    papers: Annotated[bool, typer.Option("--papers", help="List the papers, too.")] = False,
    json: Json = False,
) -> int:
    """Recognise and parse digests without storing anything."""
    reports: list[Report] = []
    refused: list[PaperwireError] = []
    watched = arguments.watching(load_sources())
    with tables.progress(arguments.documents(paths), "Reading") as found:
        for path, read in arguments.digests_in(found, watched):
            reports.append(digest_report(path, read, papers=papers))
            if isinstance(read, PaperwireError):
                refused.append(read)
    hidden = () if papers else ("items",)
    shown = [{name: value for name, value in report.items() if name not in hidden} for report in reports]
    readable = [report for report in reports if report["error"] is None]
    output.tell({"digests": shown}, lambda: _show_reports(readable, refused), json=json)
    return 1 if refused else 0


def _show_reports(reports: list[Report], refused: list[PaperwireError]) -> None:
    if reports:
        tables.print_table(DigestTables(reports))
    for error in refused:
        arguments.print_read_error(error)
    arguments.print_expected_formats(refused)
    if not reports and not refused:
        output.print_error("There is no file to read.")


def demo(
    *, out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder of the gallery.")] = Path("gallery")
) -> int:
    """Send sample digests through the real pipeline to example chats: no account, no network."""
    from bot.demo import run_demo  # noqa: PLC0415 - loads the store, which takes 900 ms; the other subcommands here do not need it

    return run_demo(out, output.console(sys.stdout))

"""inspect, demo: what a digest contains, as a row of a table or as JSON; the sample digests in example chats.

Neither needs a database.
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli import arguments, drawing, output
from bot.digests import INFO
from bot.digests.files import paths_of
from bot.digests.summaries import LEADING
from bot.settings import load_sources
from subscriptions import texts
from subscriptions.errors import PaperwireError
from subscriptions.model import Digest, DigestWarning, Paper

Document = dict[str, Any]  # as JSON

_MOST_COUNTS = 3  # in one cell
_OPENING = 80  # characters of the abstract that are shown for a paper without a title


def inspect(
    paths: arguments.Paths,
    *,
    papers: Annotated[bool, typer.Option("--papers", help="List the papers, too.")] = False,
    json: arguments.Json = False,
) -> int:
    """Recognise and parse digests without storing anything."""
    watched = arguments.watching(load_sources())
    found = drawing.watched(list(paths_of(paths)), "Reading")
    read = list(arguments.digests_in(found, watched))
    reports = [digest_report(path, digest, papers=papers) for path, digest in read]
    output.tell({"digests": reports}, lambda: show(reports, [one for _, one in read]), json=json)
    return 1 if any(report["error"] for report in reports) else 0


def demo(
    *, out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder of the gallery.")] = Path("gallery")
) -> int:
    """Send sample digests through the real pipeline to example chats: no account, no network."""
    from bot.demo import run_demo  # noqa: PLC0415 - loads the store, which takes 900 ms; `inspect` does not need it

    return run_demo(out, drawing.console(sys.stdout))


def digest_report(path: str, read: Digest | PaperwireError, *, papers: bool) -> Document:
    """Returns an element of "digests" in `inspect --json` (docs/commands.md), of a digest or of the error.

    Copies of a paper are counted once, except in "papers". Only with `papers` it has "items".
    """
    digest = Digest(format="", entries=()) if isinstance(read, PaperwireError) else read
    first: dict[str, Paper] = {}
    for paper in digest.entries:
        first.setdefault(paper.key, paper)
    kept = first.values()
    states = Counter(_summary_state(paper) for paper in kept)
    usable = [paper for paper in kept if _summary_state(paper) == "usable"]
    report = {
        "path": path,
        "format": digest.format or None,
        "date": digest.day.isoformat() if digest.day else None,
        "papers": len(digest.entries),
        "unique": len(kept),
        "categories": dict(Counter(paper.primary for paper in kept if paper.primary)),
        "declared": dict(digest.declared) if digest.declared is not None else None,
        "announce_types": dict(Counter(paper.announce_type.value for paper in kept if paper.announce_type)),
        "summaries": {state: states[state] for state in ("usable", "failed", "missing")},
        "languages": dict(Counter(paper.summaries[0].language for paper in usable)),
        "warnings": [warning_document(warning) for warning in digest.warnings],
        "error": str(read) if isinstance(read, PaperwireError) else None,
    }
    return report | ({"items": [paper_document(paper) for paper in kept]} if papers else {})


def _summary_state(paper: Paper) -> str:
    """Returns "failed", "usable" or "missing". A summary is usable if it has its first field (tldr or task)."""
    if paper.failed:
        return "failed"
    leading = any(name in summary.fields for summary in paper.summaries for name in LEADING)
    return "usable" if leading else "missing"


def warning_document(warning: DigestWarning) -> Document:
    """Returns a warning as the object that `inspect --json` and `ingest --json` print."""
    return {"code": warning.code, "count": warning.count, "message": warning.message}


def paper_document(paper: Paper) -> Document:
    """Returns a paper as the object that `inspect --json --papers` prints."""
    return {
        "key": paper.key,
        "arxiv_id": paper.arxiv_id,
        "doi": paper.doi,
        "version": paper.version,
        "title": paper.title,
        "authors": list(paper.authors),
        "categories": list(paper.categories),
        "primary": paper.primary,
        "url": paper.url,
        "abstract": paper.abstract,
        "venue": paper.venue or None,
        "date": paper.published or None,
        "announce_type": paper.announce_type.value if paper.announce_type else None,
        "summaries": {summary.language: dict(summary.fields) for summary in paper.summaries},
        "translations": {one.language: {"title": one.title, "abstract": one.abstract} for one in paper.translations},
        "failed": paper.failed,
    }


def show(reports: Sequence[Document], read: Sequence[Digest | PaperwireError]) -> None:
    """Prints a row for each digest, then what is worth knowing about some, the papers, and what could not be read."""
    readable = [report for report in reports if report["error"] is None]
    if readable:
        headings = ("File", "Format", "Date", "Papers", "Summaries", "Categories")
        drawing.print_rows(headings, map(_row, readable), right="Papers")
    if any(_is_named(report) for report in readable):
        output.print_line("* from the file name")
    for report in readable:
        print_warnings(report["path"], report["warnings"])
    for report in readable:
        if "items" in report:
            output.print_line("", texts.escaped(report["path"]))
            drawing.print_rows(("Paper", "Category", "Title"), map(_item, report["items"]))
    arguments.print_unread(one for one in read if isinstance(one, PaperwireError))
    if not reports:
        output.print_error("There is no file to read.")


def print_warnings(path: str, warnings: Sequence[Document]) -> None:
    """Prints the warnings about a digest that a person can do something about."""
    for warning in warnings:
        if warning["code"] not in INFO:
            output.print_line(f"! {texts.escaped(path)}: {texts.escaped(warning['message'])}")


def _row(report: Document) -> tuple[str, ...]:
    copies, failed = report["papers"] - report["unique"], report["summaries"]["failed"]
    summaries = [_counts(report["languages"]) if report["languages"] else "", f"{failed} failed" if failed else ""]
    return (
        report["path"],
        report["format"] or "",
        (report["date"] or "–") + ("*" if _is_named(report) else ""),
        f"{report['unique']} (+{copies})" if copies else str(report["unique"]),
        ", ".join(filter(None, summaries)) or "–",
        _counts(report["categories"]) or "–",
    )


def _is_named(report: Document) -> bool:
    return any(warning["code"] == "date_from_name" for warning in report["warnings"])


def _counts(counts: Mapping[str, int]) -> str:
    """Returns the largest counts as text: `cs.LG 6, cs.CL 4, cs.CV 3, …`."""
    shown = ", ".join(f"{name} {count}" for name, count in Counter(counts).most_common(_MOST_COUNTS))
    return f"{shown}, …" if len(counts) > _MOST_COUNTS else shown


def _item(item: Document) -> tuple[str, ...]:
    title = item["title"] or f"title unknown: {item['abstract'][:_OPENING]}"
    return item["key"], item["primary"] or "–", title

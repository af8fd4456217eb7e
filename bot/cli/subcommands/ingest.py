"""ingest: stores the papers of digests."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bot.cli._documents import SourceFiles, documents
from bot.cli._moments import parse_day as day_of
from bot.cli._options import Json, Now, Paths
from bot.cli._queries import TERMINAL_LANGUAGE
from bot.cli._read_errors import print_read_error
from bot.cli._session import Session, open_session
from bot.cli._streams import print_error, print_json, print_line
from bot.cli._tables import progress
from bot.digests import INFO, dated, read_digest
from bot.digests.files import written_at
from bot.errors import UnknownFormat
from bot.settings import SourceSettings, source_name
from bot.settings.source_facts import is_arxivs_own
from bot.sources.file_receipts import FileReceiptWriter
from bot.sources.from_settings import make_file_receipts
from bot.sources.ingest import store_digest, today
from subscriptions.errors import PaperwireError, StoreError
from subscriptions.escaping import escaped
from subscriptions.model import DigestWarning
from subscriptions.planning.archives import NEWS_FOR
from subscriptions.planning.losses import Arrival
from subscriptions.store import Ingested

_ABOUT = re.compile(r"(readme|license|changelog)\b", re.IGNORECASE)  # files of a folder that are about it
DEFAULT_SOURCE_NAME = "files"  # source of a digest that no source of paperwire.toml watches


def ingest(
    paths: Paths,
    *,
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            metavar="NAME",
            help=f"Where they come from; else the source of paperwire.toml whose path they fit, else “{DEFAULT_SOURCE_NAME}”.",
        ),
    ] = None,
    day: Annotated[
        str | None,
        typer.Option("--date", metavar="DAY", help="The day of those that tell none, nor their names."),
    ] = None,
    announce: Annotated[
        bool,
        typer.Option(
            "--announce",
            help=f"Announce also what is older than {NEWS_FOR.days} days, or was filed without being news.",
        ),
    ] = False,
    now: Now = None,
    json: Json = False,
) -> int:
    """Store the papers of digests; each file by itself, whole or not at all."""
    default_day = None if day is None else day_of("--date", day)
    named = source_name("--source", source) if source else None
    with open_session(now, make=True) as session, progress(documents(paths), "Ingesting") as found:
        context = _IngestContext.of(session, named, default_day, announce=announce)
        done = asyncio.run(_ingest_all(context, found, frozenset(paths)))
    if json:
        print_json(_report(done))
    else:
        _show(done.files)
    return 1 if done.failed else 0


@dataclass(frozen=True, slots=True)
class _IngestedFile:
    """One stored digest."""

    path: str
    warnings: tuple[DigestWarning, ...]
    result: Ingested


@dataclass(slots=True)
class _Done:
    """What became of all files."""

    files: list[_IngestedFile] = field(default_factory=list)
    failed: int = 0
    skipped: int = 0  # of a folder, that say what is in it


@dataclass(frozen=True, slots=True)
class _IngestContext:
    """What is the same for all digests of one call."""

    session: Session
    source: str | None  # source of all digests, from --source
    day: date | None  # day of digests that tell none, from --date
    announce: bool  # papers of any age, from --announce
    watched: SourceFiles
    receipts: FileReceiptWriter

    @classmethod
    def of(cls, session: Session, source: str | None, day: date | None, *, announce: bool) -> "_IngestContext":
        watched = SourceFiles.listed(session.settings.sources)
        return cls(session, source, day, announce, watched, make_file_receipts(session.settings, session))

    def source_of(self, path: str) -> tuple[str, SourceSettings | None]:
        """Returns (name of the source, its settings) for a file. The settings are None if paperwire.toml has none."""
        watched_by = self.watched.source_of(path)
        name = self.source or (watched_by.name if watched_by else DEFAULT_SOURCE_NAME)
        named = next((source for source in self.session.settings.sources if source.name == name), None)
        return name, named or watched_by


async def _ingest_all(
    context: _IngestContext, documents: Iterable[tuple[str, bytes | PaperwireError]], named: frozenset[str]
) -> _Done:
    """Ingests each document in a transaction of its own. `named`: the paths that were typed.

    Prints on stderr why a document failed, or that it was skipped.
    """
    done = _Done()
    for path, data in documents:
        try:
            done.files.append(await _ingest(context, path, data))
        except StoreError:
            raise
        except PaperwireError as error:
            if isinstance(error, UnknownFormat) and path not in named and _ABOUT.match(Path(path).name):
                print_error(f"{escaped(path)}: skipped, it is no digest.")
                done.skipped += 1
            else:
                print_read_error(error)
                done.failed += 1
    return done


async def _ingest(context: _IngestContext, path: str, data: bytes | PaperwireError) -> _IngestedFile:
    if isinstance(data, PaperwireError):
        raise data
    name, known = context.source_of(path)
    format_name, language = (known.format, known.language) if known else (None, None)
    digest = read_digest(data, path, format=format_name, day=context.day, language=language)
    ours = known if known and known.name == name and known.path is not None else None
    note = partial(context.receipts.record_stored, ours, digest) if ours else None
    announce = context.announce or bool(known and known.announce == "all")
    result = await store_digest(
        context.session,
        digest,
        source=name,
        note=note,
        announce=announce,
        of_arxiv=bool(known and is_arxivs_own(known)),
        arrival=Arrival(written_at=written_at(path), requested=context.announce),
    )
    stored = digest if result.already_known else dated(digest, today(context.session))
    return _IngestedFile(path, stored.warnings, result)


def _report(done: _Done) -> dict[str, object]:
    """Returns the document of `ingest --json` (docs/commands.md)."""
    ingested = done.files
    warnings = [
        {
            "path": file.path,
            "code": warning.code,
            "count": warning.count,
            "line": warning.line,
            "message": warning.message,
            "examples": list(warning.examples),
        }
        for file in ingested
        for warning in file.warnings
    ]
    return {
        "digests": len(ingested),
        "already_known": sum(file.result.already_known for file in ingested),
        "papers": {name: _sum(ingested, name) for name in ("new", "updated", "unchanged")},
        "archived": _sum(ingested, "archived"),
        "announced": _sum(ingested, "announced"),
        "warnings": warnings,
        "failed": done.failed,
        "skipped": done.skipped,
    }


def _sum(ingested: Sequence[_IngestedFile], name: str) -> int:
    return sum(getattr(file.result, name) for file in ingested)


def _archive_lines(ingested: Sequence[_IngestedFile]) -> list[str]:
    """Returns lines about papers that were filed since they are old, or announced although they had been filed."""
    archived, announced = _sum(ingested, "archived"), _sum(ingested, "announced")
    digests = sum(file.result.archive for file in ingested)
    lines = []
    if announced:
        papers = TERMINAL_LANGUAGE.count("{count} paper", "{count} papers", announced)
        lines.append(f"Announced after they had been filed: {papers}.")
    if archived:
        papers = TERMINAL_LANGUAGE.count("{count} paper", "{count} papers", archived)
        lines.append(
            f"Older than {NEWS_FOR.days} days, so filed and not announced: {papers} of "
            f"{TERMINAL_LANGUAGE.count('{count} digest', '{count} digests', digests)}. "
            "To announce them: the same command with --announce."
        )
    if counted := _sum(ingested, "counted"):
        papers = TERMINAL_LANGUAGE.count("{count} paper", "{count} papers", counted)
        lines.append(
            f"Came before the database was lost, so they count as sent: {papers}. "
            "To announce them: the same command with --announce."
        )
    return lines


def _show(ingested: Sequence[_IngestedFile]) -> None:
    known = sum(file.result.already_known for file in ingested)
    new, updated, unchanged = (_sum(ingested, name) for name in ("new", "updated", "unchanged"))
    digests = TERMINAL_LANGUAGE.count("{count} digest", "{count} digests", len(ingested))
    before = f", {TERMINAL_LANGUAGE.number(known)} of them known before" if known else ""
    print_line(f"{digests}{before}: {new:,} papers new, {updated:,} updated, {unchanged:,} known already.")
    for line in _archive_lines(ingested):
        print_line(line)
    for file in ingested:
        for warning in file.warnings:
            if warning.code not in INFO:
                line = f", line {warning.line}" if warning.line else ""
                print_line(f"! {escaped(file.path)}{line}: {escaped(warning.message)}")

"""ingest: digests into the store."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Annotated

import typer

from bot.app import make_file_receipts
from bot.cli._documents import SourceFiles, documents
from bot.cli._moments import parse_day as day_of
from bot.cli._options import Json, Now, Paths
from bot.cli._queries import TERMINAL_LANGUAGE
from bot.cli._read_errors import print_read_error
from bot.cli._session import Session, open_session
from bot.cli._streams import print_json, print_line
from bot.cli._tables import progress
from bot.digests import INFO, dated, read_digest
from bot.settings import SourceSettings
from bot.sources.file_receipts import FileReceiptWriter
from bot.sources.ingest import store_digest, today
from subscriptions.errors import PaperwireError, StoreError
from subscriptions.model import DigestWarning
from subscriptions.planning.archives import NEWS_FOR
from subscriptions.store import Ingested

DEFAULT_SOURCE_NAME = "files"  # the source of a digest that no source of paperwire.toml would have brought


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
    given = None if day is None else day_of("--date", day)
    with open_session(now, make=True) as session, progress(documents(paths), "Ingesting") as found:
        taken, failed = asyncio.run(_ingest_all(_IngestContext.of(session, source, given, announce=announce), found))
    if json:
        print_json(_report(taken, failed))
    else:
        _show(taken)
    return 1 if failed else 0


@dataclass(frozen=True, slots=True)
class _IngestedFile:
    """One digest that is in the store now."""

    path: str
    warnings: tuple[DigestWarning, ...]
    done: "Ingested"


@dataclass(frozen=True, slots=True)
class _IngestContext:
    """What all digests of one call share."""

    session: "Session"
    source: str | None  # of all of them
    day: date | None  # of those that tell none
    announce: bool  # whatever day they are of
    watched: "SourceFiles"
    receipts: "FileReceiptWriter"

    @classmethod
    def of(cls, session: "Session", source: str | None, day: date | None, *, announce: bool) -> "_IngestContext":

        watched = SourceFiles.listed(session.settings.sources)
        return cls(session, source, day, announce, watched, make_file_receipts(session.settings, session))

    def source_of(self, path: str) -> tuple[str, "SourceSettings | None"]:
        """The name under which a file is stored, and what paperwire.toml says of it."""
        watched_by = self.watched.source_of(path)
        name = self.source or (watched_by.name if watched_by else DEFAULT_SOURCE_NAME)
        named = next((one for one in self.session.settings.sources if one.name == name), None)
        return name, named or watched_by


async def _ingest_all(
    desk: _IngestContext, documents: Iterable[tuple[str, bytes | PaperwireError]]
) -> tuple[list[_IngestedFile], int]:
    """Ingests what can be read, one transaction each, and says on stderr what can not; how many those were."""
    taken, failed = [], 0
    for path, data in documents:
        try:
            taken.append(await _ingest(desk, path, data))
        except StoreError:
            raise
        except PaperwireError as error:
            print_read_error(error)
            failed += 1
    return taken, failed


async def _ingest(desk: _IngestContext, path: str, data: bytes | PaperwireError) -> _IngestedFile:

    if isinstance(data, PaperwireError):
        raise data
    name, known = desk.source_of(path)
    form, language = (known.format, known.language) if known else (None, None)
    digest = read_digest(data, path, format=form, day=desk.day, language=language)
    ours = known if known and known.name == name and known.path is not None else None
    note = partial(desk.receipts.record_stored, ours, digest) if ours else None
    announce = desk.announce or bool(known and known.announce == "all")
    done = await store_digest(desk.session, digest, source=name, note=note, announce=announce)
    kept = digest if done.already_known else dated(digest, today(desk.session))
    return _IngestedFile(path, kept.warnings, done)


def _report(taken: Sequence[_IngestedFile], failed: int) -> dict[str, object]:
    """The document of `ingest --json` (docs/commands.md); `failed` counts files that could not be read."""
    warnings = [
        {
            "path": one.path,
            "code": warning.code,
            "count": warning.count,
            "line": warning.line,
            "message": warning.message,
            "examples": list(warning.examples),
        }
        for one in taken
        for warning in one.warnings
    ]
    return {
        "digests": len(taken),
        "already_known": sum(one.done.already_known for one in taken),
        "papers": {name: _sum(taken, name) for name in ("new", "updated", "unchanged")},
        "archived": _sum(taken, "archived"),
        "announced": _sum(taken, "announced"),
        "warnings": warnings,
        "failed": failed,
    }


def _sum(taken: Sequence[_IngestedFile], name: str) -> int:
    return sum(getattr(one.done, name) for one in taken)


def _archive_lines(taken: Sequence[_IngestedFile]) -> list[str]:
    """What became of digests that are older than news."""
    archived, announced = _sum(taken, "archived"), _sum(taken, "announced")
    digests = sum(one.done.archive for one in taken)
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
    return lines


def _show(taken: Sequence[_IngestedFile]) -> None:

    known = sum(one.done.already_known for one in taken)
    new, updated, unchanged = (_sum(taken, name) for name in ("new", "updated", "unchanged"))
    digests = TERMINAL_LANGUAGE.count("{count} digest", "{count} digests", len(taken))
    before = f", {TERMINAL_LANGUAGE.number(known)} of them known before" if known else ""
    print_line(f"{digests}{before}: {new:,} papers new, {updated:,} updated, {unchanged:,} known already.")
    for line in _archive_lines(taken):
        print_line(line)
    for one in taken:
        for warning in one.warnings:
            if warning.code not in INFO:
                line = f", line {warning.line}" if warning.line else ""
                print_line(f"! {one.path}{line}: {warning.message}")

"""ingest: digests into the store."""

# ruff: noqa: PLC0415 - a subcommand imports what it needs when it runs, so that all start quickly

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli._options import Json, Now, Paths
from bot.cli._streams import complain, print_json, progress, say
from subscriptions import DigestWarning, PaperwireError, StoreError

if TYPE_CHECKING:
    from bot.cli._session import Session
    from bot.settings import SourceSettings
    from subscriptions import Ingested

BY_HAND = "files"  # the source of a digest that no source of paperwire.toml would have brought


def ingest(
    paths: Paths,
    *,
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            metavar="NAME",
            help=f"Where they come from; else the source of paperwire.toml whose path they fit, else “{BY_HAND}”.",
        ),
    ] = None,
    day: Annotated[
        str | None,
        typer.Option("--date", metavar="DAY", help="The day they are of, whatever they and their names say."),
    ] = None,
    now: Now = None,
    json: Json = False,
) -> int:
    """Store the papers of digests; each file by itself, whole or not at all."""
    from bot.cli._moments import day as day_of
    from bot.cli._paths import documents
    from bot.cli._session import opened

    given = None if day is None else day_of("--date", day)
    with opened(now, make=True) as session, progress(documents(paths), "Ingesting") as found:
        taken, failed = asyncio.run(_ingest_all(session, found, source, given))
    if json:
        print_json(_report(taken, failed))
    else:
        _show(taken)
    return 1 if failed else 0


@dataclass(frozen=True, slots=True)
class _Taken:
    """One digest that is in the store now."""

    path: str
    warnings: tuple[DigestWarning, ...]
    done: "Ingested"


async def _ingest_all(
    session: "Session", documents: Iterable[tuple[str, bytes | PaperwireError]], source: str | None, day: date | None
) -> tuple[list[_Taken], int]:
    """Ingests what can be read, one transaction each, and says on stderr what can not; how many those were."""
    from bot.cli._paths import Watched

    taken, failed, watched = [], 0, Watched.by(session.settings.sources)
    for path, data in documents:
        try:
            taken.append(await _ingest(session, path, data, source, watched.source_of(path), day=day))
        except StoreError:
            raise
        except PaperwireError as error:
            complain(str(error))
            failed += 1
    return taken, failed


async def _ingest(
    session: "Session",
    path: str,
    data: bytes | PaperwireError,
    source: str | None,
    watched_by: "SourceSettings | None",
    *,
    day: date | None,
) -> _Taken:
    from bot.app import make_file_book
    from bot.digests import DATE_ASSUMED, read_digest
    from bot.pipeline import keep

    if isinstance(data, PaperwireError):
        raise data
    name = source or (watched_by.name if watched_by else BY_HAND)
    named = next((one for one in session.settings.sources if one.name == name), None)
    known = named or watched_by
    form, language = (known.format, known.language) if known else (None, None)
    digest = read_digest(data, path, format=form, day=day, language=language)
    ours = named if named and named.path is not None else None
    note = partial(make_file_book(session.settings, session).arrived, ours, digest) if ours else None
    done = await keep(session, digest, source=name, note=note)
    assumed = () if digest.day or done.already_known else (DATE_ASSUMED,)
    return _Taken(path, (*digest.warnings, *assumed), done)


def _report(taken: Sequence[_Taken], failed: int) -> dict[str, object]:
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
        "papers": {name: sum(getattr(one.done, name) for one in taken) for name in ("new", "updated", "unchanged")},
        "warnings": warnings,
        "failed": failed,
    }


def _show(taken: Sequence[_Taken]) -> None:
    from bot.cli._queries import TERMINAL
    from bot.digests import INFO

    known = sum(one.done.already_known for one in taken)
    new, updated, unchanged = (
        sum(getattr(one.done, name) for one in taken) for name in ("new", "updated", "unchanged")
    )
    digests = TERMINAL.count("{count} digest", "{count} digests", len(taken))
    before = f", {TERMINAL.number(known)} of them known before" if known else ""
    say(f"{digests}{before}: {new:,} papers new, {updated:,} updated, {unchanged:,} known already.")
    for one in taken:
        for warning in one.warnings:
            if warning.code not in INFO:
                line = f", line {warning.line}" if warning.line else ""
                say(f"! {one.path}{line}: {warning.message}")

"""ingest and sources: store papers of digests (which files are passed over), list and poll the sources, read feeds from OPML."""

import asyncio
import itertools
import json as json_of
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.text import Text

from bot.cli import arguments, output, tables
from bot.cli.arguments import documents
from bot.cli.digest_reports import warning_document
from bot.cli.session import Session, open_session
from bot.cli.session import parse_day as day_of
from bot.digests import INFO, dated, read_digest
from bot.digests.feeds import feeds_of_opml
from bot.digests.files import is_gone, is_missing, read_file, read_paths
from bot.errors import UnknownFormat, WrongUsage
from bot.settings import Settings, SourceSettings, load_sources, values
from bot.sources import source_scheduler
from bot.sources.encoding import LateEncoding
from bot.sources.fetch_request import everything
from bot.sources.file_receipts import FileReceipts
from bot.sources.ingest import store_digest, today
from subscriptions.errors import PaperwireError, StoreError
from subscriptions.language import Language
from subscriptions.model import DigestWarning
from subscriptions.planning.archives import NEWS_FOR
from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.service.ingest import announce_filed
from subscriptions.states import SourceTrouble
from subscriptions.store.digests import Ingested
from subscriptions.store.sources import KnownSource, known_sources
from subscriptions.texts import escaped

_ABOUT = re.compile(r"(readme|license|changelog)\b", re.IGNORECASE)  # files that describe a folder and are no digests
DEFAULT_SOURCE_NAME = "files"  # the name of the source of a digest whose file no source of paperwire.toml watches


def ingest(
    paths: arguments.Paths,
    *,
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            metavar="NAME",
            help=f"The source of the papers; by default the one in paperwire.toml whose path contains the file, or else “{DEFAULT_SOURCE_NAME}”.",
        ),
    ] = None,
    day: Annotated[
        str | None,
        typer.Option(
            "--date",
            metavar="DAY",
            help="The day of each digest that has no day in its text or in the name of its file.",
        ),
    ] = None,
    announce: Annotated[
        bool,
        typer.Option(
            "--announce",
            help=f"Also announce papers of digests that are older than {NEWS_FOR.days} days, or that were filed without an announcement.",
        ),
    ] = False,
    now: arguments.Now = None,
    json: arguments.Json = False,
) -> int:
    """Store the papers of digests. Each file is stored as a whole or not at all."""
    default_day = None
    if day is not None:
        default_day = day_of("--date", day)
    named = None
    if source:
        try:
            named = values.source_name(source)
        except ValueError as error:
            raise WrongUsage(f"--source cannot be used: {error}.") from None
    with open_session(now, make=True) as session, tables.progress(documents(paths), "Ingesting") as found:
        watched, receipts = (
            arguments.watching(session.settings.sources),
            source_scheduler.make_file_receipts(session.settings, session),
        )
        done = _Ingestion(session, named, default_day, announce, watched, receipts)
        asyncio.run(_ingest_all(done, read_paths(found), frozenset(paths)))
    output.tell(_report(done), lambda: _show_ingested(done.files), json=json)
    return 1 if done.failed else 0


@dataclass(frozen=True, slots=True)
class _IngestedFile:
    """One stored digest."""

    path: str
    warnings: tuple[DigestWarning, ...]
    result: Ingested


@dataclass(slots=True)
class _Ingestion:
    """One call of `ingest`: the options for all digests, and the results so far."""

    session: Session
    source: str | None  # the source of all digests, from --source
    day: date | None  # the day of digests that name none, from --date
    announce: bool  # announce papers of any age, from --announce
    watched_by: arguments.SourceOf
    receipts: FileReceipts
    files: list[_IngestedFile] = field(default_factory=list)
    failed: int = 0
    skipped: int = 0  # files that only describe their folder

    def source_of(self, path: str) -> tuple[str, SourceSettings | None]:
        """Returns (name of the source, its settings) for a file. The settings are None if paperwire.toml has none."""
        watched_by = self.watched_by(path)
        name = self.source or (watched_by.name if watched_by else DEFAULT_SOURCE_NAME)
        named = next((source for source in self.session.settings.sources if source.name == name), None)
        return name, named or watched_by


async def _ingest_all(
    done: _Ingestion, documents: Iterable[tuple[str, bytes | PaperwireError]], named: frozenset[str]
) -> None:
    """Ingests each document in its own transaction. Prints on stderr why a document failed, or that it was skipped.

    Afterwards, papers of archives get their meaning, as far as that is possible in two minutes; `run` does the rest.
    `named`: the paths that were typed. An unreadable file among these is an error even if it only describes a folder.
    """
    late = LateEncoding(done.session)
    await late.begin()
    for path, data in documents:
        try:
            done.files.append(await _ingest(done, path, data))
        except StoreError:
            raise
        except PaperwireError as error:
            if isinstance(error, UnknownFormat) and path not in named and _ABOUT.match(Path(path).name):
                output.print_error(f"{escaped(path)}: skipped, it is no digest.")
                done.skipped += 1
            else:
                arguments.print_read_error(error)
                done.failed += 1
    if any(file.result.archive for file in done.files):
        await late.run()


async def _ingest(deps: _Ingestion, path: str, data: bytes | PaperwireError) -> _IngestedFile:
    if isinstance(data, PaperwireError):
        raise data
    name, known = deps.source_of(path)
    format_name = language = None
    if known:
        format_name, language = known.format, known.language
    digest = read_digest(data, path, format=format_name, day=deps.day, language=language)
    note = None
    if known and known.name == name and known.path is not None:
        note = partial(deps.receipts.record_stored, known, digest)
    announce = deps.announce or bool(known and known.announce == "all")
    result = await store_digest(
        deps.session,
        digest,
        source=name,
        note=note,
        announce=announce,
        of_arxiv=bool(known and known.is_arxivs_own),
    )
    stored = digest if result.already_known else dated(digest, today(deps.session))
    return _IngestedFile(path, stored.warnings, result)


def _report(done: _Ingestion) -> dict[str, object]:
    """Returns the document of `ingest --json` (docs/commands.md)."""
    ingested = done.files
    warnings = [{"path": file.path, **warning_document(warning)} for file in ingested for warning in file.warnings]
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
    """Returns lines about papers that were not announced, and about papers of archives that are announced now."""
    archived, announced = _sum(ingested, "archived"), _sum(ingested, "announced")
    digests = sum(file.result.archive for file in ingested)
    lines = []
    if announced:
        papers = output.counted(announced, "paper")
        lines.append(f"Announced after they had been filed: {papers}.")
    if archived:
        papers = output.counted(archived, "paper")
        lines.append(
            f"Older than {NEWS_FOR.days} days, so filed and not announced: {papers} of {output.counted(digests, 'digest')}. "
            "To announce them: the same command with --announce."
        )
    return lines


def _show_ingested(ingested: Sequence[_IngestedFile]) -> None:
    known = sum(file.result.already_known for file in ingested)
    new, updated, unchanged = (_sum(ingested, name) for name in ("new", "updated", "unchanged"))
    digests = output.counted(len(ingested), "digest")
    before = f", {known:,} of them known before" if known else ""
    output.print_line(f"{digests}{before}: {new:,} papers new, {updated:,} updated, {unchanged:,} known already.")
    for line in _archive_lines(ingested):
        output.print_line(line)
    for file in ingested:
        for warning in file.warnings:
            if warning.code not in INFO:
                output.print_line(f"! {escaped(file.path)}: {escaped(warning.message)}")


_COLOURS = {"failing": "red", "late": "yellow", "off": "dim"}
_TROUBLES: Mapping[SourceTrouble | None, str] = {SourceTrouble.FAILED: "failing", SourceTrouble.LATE: "late"}

app = typer.Typer(help="Show where digests come from, and what happened there last.", invoke_without_command=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One row of the table of sources."""

    name: str
    state: str  # on, late, failing, off
    place: str
    last: Receipt | None
    next_at: datetime | None
    missing: bool = False  # its path does not exist


@app.callback()
def show(deps: typer.Context, *, now: arguments.Now = None, json: arguments.Json = False) -> int | None:
    """Where digests come from, what the last look brought, when the next one is."""
    if deps.invoked_subcommand is not None:
        return None

    with open_session(now) as session:
        known = {source_row.name: source_row for source_row in known_sources(session.store)}
        moment = session.now
        rows = _rows(session.settings, known, moment)
    return _tell(rows, session.settings.timezone, moment, json=json)


@app.command(epilog="For example: `paperwire sources poll daily`")
def poll(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One source; by default all.")] = None,
    *,
    announce: Annotated[
        bool,
        typer.Option(
            "--announce", help="Also announce the papers that the source brought before and that were only filed."
        ),
    ] = False,
    now: arguments.Now = None,
    json: arguments.Json = False,
) -> int:
    """Poll sources now, whether they are due or not."""
    with open_session(now, make=True) as session:
        named = ""
        if announce:
            named = _named(session.settings, name)
        polled = asyncio.run(_poll(session, name))
        announced = 0
        if announce:
            announced = announce_filed(session.store, named, now=session.now)
        known = {source_row.name: source_row for source_row in known_sources(session.store)}
        moment = session.now
        on = (row for row in _rows(session.settings, known, moment) if row.state != "off")
        rows = [row for row in on if name is None or name.casefold() == row.name.casefold()]
    _tell(rows, session.settings.timezone, moment, json=json)
    if announce and not json:
        papers = output.counted(announced, "paper")
        output.print_line(f"Announced after they had been filed: {papers}.")
    if any(receipt.outcome is Outcome.FAILED for receipt in polled):
        return 1
    return 0


@app.command("import", epilog="For example: `paperwire sources import feeds.opml >> paperwire.toml`")
def import_feeds(path: Annotated[str, typer.Argument(metavar="FILE", help="The OPML of a feed reader.")]) -> None:
    """Print feeds as sources for paperwire.toml."""
    feeds = feeds_of_opml(read_file(path), path)
    sources = load_sources()
    taken = {source.name.casefold() for source in sources}
    known = {source.url for source in sources}
    added = unusable = 0
    for url, title in feeds.items():
        try:
            values.digest_address(url)
        except ValueError:
            unusable += 1
            continue
        if url in known:
            continue
        name = _unused(title or urlsplit(url).hostname or "feed", taken)
        taken.add(name.casefold())
        output.print_line("[[source]]", f"name = {_quoted(name)}", f"url = {_quoted(url)}", "")
        added += 1
    there = len(feeds) - added - unusable
    sys.stderr.write(f"{added} feeds; {there} more are there already, {unusable} are no feeds.\n")


def _unused(title: str, taken: Collection[str]) -> str:
    """Returns a name for a source that no other has: the title, with a number if that is needed."""
    plain = "".join(sign for sign in title if sign.isprintable() and sign != "|").strip() or "feed"
    names = (plain if number == 1 else f"{plain} {number}" for number in itertools.count(1))
    return next(name for name in names if name.casefold() not in taken)


def _quoted(text: str) -> str:
    return json_of.dumps(text, ensure_ascii=False)


def _named(settings: Settings, name: str | None) -> str:
    """Returns the typed name of a source, spelt as in the settings if they have it.

    Raises WrongUsage if none was typed.
    """
    if name is None:
        raise WrongUsage("--announce needs the name of a source.", "For example: daily --announce.")
    return next(
        (source_row.name for source_row in settings.sources if source_row.name.casefold() == name.casefold()), name
    )


async def _poll(session: Session, name: str | None) -> Sequence[Receipt]:
    if sys.stderr.isatty() and not session.settings.sources:
        sys.stderr.write("Asking arXiv, one request in three seconds: this takes a few minutes.\n")
    scheduler = source_scheduler.make_source_scheduler(session.settings, session)
    try:
        return await scheduler.poll_now([] if name is None else [name])
    finally:
        await scheduler.close()


def _rows(settings: Settings, known: Mapping[str, KnownSource], now: datetime) -> list[_Row]:
    """Returns the sources of the settings in their order, then known sources that the settings no longer name."""
    sources = settings.sources or (everything(),)
    rows = [_row(source, known.get(source.name), now) for source in sources]
    former = [source_row for name, source_row in known.items() if name not in {source.name for source in sources}]
    return rows + [
        _Row(name=source_row.name, state="off", place=source_row.location, last=source_row.last, next_at=None)
        for source_row in former
    ]


def _row(source: SourceSettings, known: KnownSource | None, now: datetime) -> _Row:
    row = _Row(name=source.name, state="on", place=source.place, last=None, next_at=now)
    if known:
        state = _TROUBLES.get(known.without(is_gone).trouble_at(now), "on")
        row = replace(row, state=state, last=known.last, next_at=known.state.next_at or now)
    if source.path is not None:
        return replace(row, next_at=None, missing=is_missing(str(source.path)))
    return row


def _tell(rows: Sequence[_Row], zone: str, now: datetime, *, json: bool) -> int:
    """Prints the sources; with `json`, as the document that docs/commands.md describes."""
    document = [
        {
            "name": row.name,
            "state": row.state,
            "last": row.last and {name: getattr(row.last, name) for name in ("at", "outcome", "counts", "detail")},
            "next_at": row.next_at,
        }
        for row in rows
    ]
    return output.tell(document, lambda: _show(rows, zone, now), json=json)


def _next_look(row: _Row, language: Language, now: datetime) -> str:
    if row.next_at:
        return language.moment(row.next_at, now=now)
    return "" if row.state == "off" else "watched"


def _show(rows: Sequence[_Row], zone: str, now: datetime) -> None:
    language = Language("en", zone)
    cells = (
        (
            row.name,
            Text(row.state, _COLOURS.get(row.state, "")),
            language.moment(row.last.at, now=now) if row.last else "never",
            _brought(row.last) if row.last else "",
            _next_look(row, language, now),
        )
        for row in rows
    )
    tables.print_rows(("source", "state", "last look", "brought", "next look"), cells)
    for row in rows:
        if row.last is None and row.missing:
            output.print_line(f"{escaped(row.name)}: There is nothing at {escaped(row.place)} yet.")
        if row.last and row.last.detail:
            output.print_line(f"{escaped(row.name)}: {escaped(row.last.detail)}")


def _brought(receipt: Receipt) -> str:
    """Returns the outcome of a poll with its counts, as text."""
    new, papers, filed = (receipt.counts.get(name, 0) for name in ("new", "papers", "archived"))
    only_filed = f", {filed:,} only filed" if filed else ""
    if papers:
        return f"{receipt.outcome}: {new:,} new of {papers:,}{only_filed}"
    return str(receipt.outcome)

"""ingest and sources: store papers of digests (which files are passed over), list and poll the sources, read feeds from OPML."""

import asyncio
import itertools
import json as json_of
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
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
from bot.settings import SourceSettings, load_sources, values
from bot.sources import source_scheduler
from bot.sources.encoding import LateEncoding
from bot.sources.fetch_request import everything
from bot.sources.folders import noted, started
from bot.sources.ingest import store_digest, today
from bot.sources.poll import Poll
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
    default_day = day_of("--date", day) if day is not None else None
    named = None
    if source:
        try:
            named = values.source_name(source)
        except ValueError as error:
            raise WrongUsage(f"--source cannot be used: {error}.") from None
    with open_session(now, make=True) as session, tables.progress(documents(paths), "Ingesting") as found:
        done = _Ingestion(session, named, default_day, announce, arguments.watching(session.settings.sources))
        asyncio.run(_ingest_all(done, read_paths(found), frozenset(paths)))
    output.tell(_report(done), lambda: _show_ingested(done), json=json)
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
    polls: dict[str, Poll] = field(default_factory=dict)  # of the sources that watch the files, by name
    files: list[_IngestedFile] = field(default_factory=list)
    failed: int = 0
    skipped: int = 0  # files that only describe their folder

    async def take(self, path: str, data: bytes | PaperwireError) -> None:
        """Stores one document, with a receipt if its source watches it. Raises PaperwireError."""
        if isinstance(data, PaperwireError):
            raise data
        settings, watched_by = self.session.settings, self.watched_by(path)
        name = self.source or (watched_by.name if watched_by else DEFAULT_SOURCE_NAME)
        known = next((source for source in settings.sources if source.name == name), watched_by)
        format_name, language = (known.format, known.language) if known else (None, None)
        digest = read_digest(data, path, format=format_name, day=self.day, language=language)
        note = None
        if known and known.name == name and known.path is not None:
            if name not in self.polls:
                dependencies = source_scheduler.poll_dependencies(settings, self.session)
                self.polls[name] = await started(dependencies, known)
            note = noted(self.polls[name], digest)
        result = await store_digest(
            self.session,
            digest,
            source=name,
            note=note,
            announce=self.announce or bool(known and known.announce == "all"),
            of_arxiv=bool(known and known.is_arxivs_own),
        )
        stored = digest if result.already_known else dated(digest, today(self.session))
        self.files.append(_IngestedFile(path, stored.warnings, result))

    def sum(self, name: str) -> int:
        """Returns the sum of a number of all results."""
        return sum(getattr(file.result, name) for file in self.files)


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
            await done.take(path, data)
        except StoreError:
            raise
        except PaperwireError as error:
            if isinstance(error, UnknownFormat) and path not in named and _ABOUT.match(Path(path).name):
                output.print_error(f"{escaped(path)}: skipped, it is no digest.")
                done.skipped += 1
            else:
                arguments.print_read_error(error)
                done.failed += 1
    for poll in done.polls.values():
        if poll.receipt is not None:
            await poll.finish()
    if any(file.result.archive for file in done.files):
        await late.run()


def _report(done: _Ingestion) -> dict[str, object]:
    """Returns the document of `ingest --json` (docs/commands.md)."""
    return {
        "digests": len(done.files),
        "already_known": done.sum("already_known"),
        "papers": {name: done.sum(name) for name in ("new", "updated", "unchanged")},
        "archived": done.sum("archived"),
        "announced": done.sum("announced"),
        "warnings": [{"path": file.path, **warning_document(one)} for file in done.files for one in file.warnings],
        "failed": done.failed,
        "skipped": done.skipped,
    }


def _show_ingested(done: _Ingestion) -> None:
    known = done.sum("already_known")
    before = f", {known:,} of them known before" if known else ""
    new, updated, unchanged = (done.sum(name) for name in ("new", "updated", "unchanged"))
    digests = output.counted(len(done.files), "digest")
    output.print_line(f"{digests}{before}: {new:,} papers new, {updated:,} updated, {unchanged:,} known already.")
    if announced := done.sum("announced"):
        output.print_line(f"Announced after they had been filed: {output.counted(announced, 'paper')}.")
    if archived := done.sum("archived"):
        papers, of = output.counted(archived, "paper"), output.counted(done.sum("archive"), "digest")
        output.print_line(
            f"Older than {NEWS_FOR.days} days, so filed and not announced: {papers} of {of}. "
            "To announce them: the same command with --announce."
        )
    for file in done.files:
        for warning in file.warnings:
            if warning.code not in INFO:
                output.print_line(f"! {escaped(file.path)}: {escaped(warning.message)}")


_COLOURS = {"failing": "red", "late": "yellow"}
_TROUBLES: Mapping[SourceTrouble | None, str] = {SourceTrouble.FAILED: "failing", SourceTrouble.LATE: "late"}

app = typer.Typer(help="Show where digests come from, and what happened there last.", invoke_without_command=True)


@app.callback()
def show(deps: typer.Context, *, now: arguments.Now = None, json: arguments.Json = False) -> int | None:
    """Where digests come from, what the last look brought, when the next one is."""
    if deps.invoked_subcommand is not None:
        return None

    with open_session(now) as session:
        rows = _rows(session)
        return _tell(rows, session, json=json)


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
    if announce and name is None:
        raise WrongUsage("--announce needs the name of a source.", "For example: daily --announce.")
    with open_session(now, make=True) as session:
        polled = asyncio.run(_poll(session, name))
        rows = [row for row in _rows(session) if name is None or row.source.name.casefold() == name.casefold()]
        announced = 0
        if announce:
            announced = announce_filed(session.store, rows[0].source.name, now=session.now)
        _tell(rows, session, json=json)
    if announce and not json:
        papers = output.counted(announced, "paper")
        output.print_line(f"Announced after they had been filed: {papers}.")
    return 1 if any(receipt.outcome is Outcome.FAILED for receipt in polled) else 0


async def _poll(session: Session, name: str | None) -> Sequence[Receipt]:
    if sys.stderr.isatty() and not session.settings.sources:
        sys.stderr.write("Asking arXiv, one request in three seconds: this takes a few minutes.\n")
    scheduler = source_scheduler.make_source_scheduler(session.settings, session)
    try:
        return await scheduler.poll_now([] if name is None else [name])
    finally:
        await scheduler.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One row of the table of sources."""

    source: SourceSettings
    state: str  # on, late, failing
    last: Receipt | None = None
    next_at: datetime | None = None  # None: it is watched

    def document(self) -> dict[str, object]:
        """Returns an element of `sources --json` (docs/commands.md)."""
        last = self.last and {name: getattr(self.last, name) for name in ("at", "outcome", "counts", "detail")}
        return {"name": self.source.name, "state": self.state, "last": last, "next_at": self.next_at}

    def cells(self, language: Language, now: datetime) -> tuple[str | Text, ...]:
        """Returns the cells of the table for people."""
        return (
            self.source.name,
            Text(self.state, _COLOURS.get(self.state, "")),
            language.moment(self.last.at, now=now) if self.last else "never",
            _brought(self.last) if self.last else "",
            language.moment(self.next_at, now=now) if self.next_at else "watched",
        )


def _rows(session: Session) -> list[_Row]:
    """Returns the sources of the settings, in their order."""
    known = {one.name: one for one in known_sources(session.store)}
    return [_row(source, known.get(source.name), session.now) for source in session.settings.sources or (everything(),)]


def _row(source: SourceSettings, known: KnownSource | None, now: datetime) -> _Row:
    next_at = None if source.path else (known and known.state.next_at) or now
    if known is None:
        return _Row(source=source, state="on", next_at=next_at)
    state = _TROUBLES.get(known.without(is_gone).trouble_at(now), "on")
    return _Row(source=source, state=state, last=known.last, next_at=next_at)


def _tell(rows: Sequence[_Row], session: Session, *, json: bool) -> int:
    """Prints the sources; with `json`, as the document that docs/commands.md describes."""
    return output.tell([row.document() for row in rows], lambda: _show(rows, session), json=json)


def _show(rows: Sequence[_Row], session: Session) -> None:
    language, now = Language("en", session.settings.timezone), session.now
    headings = ("source", "state", "last look", "brought", "next look")
    tables.print_rows(headings, (row.cells(language, now) for row in rows))
    for row in rows:
        if row.last is None and row.source.path and is_missing(str(row.source.path)):
            output.print_line(f"{escaped(row.source.name)}: There is nothing at {escaped(row.source.place)} yet.")
        if row.last and row.last.detail:
            output.print_line(f"{escaped(row.source.name)}: {escaped(row.last.detail)}")


def _brought(receipt: Receipt) -> str:
    """Returns the outcome of a poll with its counts, as text."""
    new, papers, filed = (receipt.counts.get(name, 0) for name in ("new", "papers", "archived"))
    only_filed = f", {filed:,} only filed" if filed else ""
    if papers:
        return f"{receipt.outcome}: {new:,} new of {papers:,}{only_filed}"
    return str(receipt.outcome)


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

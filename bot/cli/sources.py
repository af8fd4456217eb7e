"""ingest, sources: store papers of digests, list and poll the sources, read feeds from OPML."""

import asyncio
import json as json_of
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.text import Text

from bot.cli import Json, Now, Paths, drawing, read_day
from bot.cli.match import Read, digests_in, print_unread, print_warnings, warning_document, watching
from bot.cli.output import print_error, print_line, tell
from bot.cli.session import Session, open_session
from bot.digests import dated
from bot.digests.feeds import feeds_of_opml
from bot.digests.files import is_gone, is_missing, read_file
from bot.settings import load_sources, values
from bot.sources.fetch_request import everything
from bot.sources.folders import noted, started
from bot.sources.ingest import LateEncoding, store_digest, today
from bot.sources.poll import Poll, PollDependencies
from bot.sources.source_scheduler import SourceScheduler
from subscriptions.errors import PaperwireError, StoreError
from subscriptions.errors_moved import WrongUsage
from subscriptions.language import Language
from subscriptions.model import KEPT
from subscriptions.model_moved import SourceTrouble
from subscriptions.papers.stored.digests import Ingested
from subscriptions.papers.stored.digests import announce as announce_filed
from subscriptions.schedule.calendar import NEWS_FOR
from subscriptions.sources.kept_rounds import following_round
from subscriptions.sources.poll_results import Outcome, Receipt
from subscriptions.sources.stored import known_sources, last_receipt
from subscriptions.text.escaping import counted, escaped

_UNNAMED = "files"  # the name of the source of a digest whose file no source of paperwire.toml watches
_TROUBLES: Mapping[SourceTrouble | None, str] = {SourceTrouble.FAILED: "failing", SourceTrouble.LATE: "late"}
_COLOURS = {"failing": "red", "late": "yellow"}


def ingest(
    paths: Paths,
    *,
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            metavar="NAME",
            help=f"The source of the papers; by default the one in paperwire.toml whose path contains the file, or else “{_UNNAMED}”.",
        ),
    ] = None,
    day: Annotated[
        date | None,
        typer.Option(
            "--date",
            metavar="DAY",
            parser=read_day,
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
    now: Now = None,
    json: Json = False,
) -> int:
    """Store the papers of digests. Each file is stored as a whole or not at all."""
    if source:
        try:
            source = values.source_name(source)
        except ValueError as error:
            raise WrongUsage(f"--source cannot be used: {error}.") from None
    with open_session(now, make=True) as session:
        declared = session.settings.sources
        named = next((one for one in declared if one.name == source), None)
        read = digests_in(paths, "Ingesting", (lambda _: named) if source else watching(declared), day=day)
        report, failed = asyncio.run(_ingest(session, read, source or "", announce=announce))
    tell(report, lambda: _show_ingested(report), json=json)
    print_unread(failed)
    return 1 if failed else 0


async def _ingest(
    session: Session, read: Iterable[Read], name: str, *, announce: bool
) -> tuple[dict[str, Any], list[PaperwireError]]:
    """Stores each digest in its own transaction, with a receipt if its source watches files. Raises StoreError.

    Afterwards, papers of archives get their meaning, as far as that is possible in two minutes; `run` does the rest.

    `name`: the source of all; "": each has its own. Returns (the document of `ingest --json`, what could not be stored).
    """
    polls: dict[str, Poll] = {}  # of the sources that watch the files, by name
    stored: list[Ingested] = []
    warnings: list[dict[str, Any]] = []
    failed: list[PaperwireError] = []
    late = LateEncoding(session)
    await late.begin()
    for path, source, digest in read:
        if isinstance(digest, PaperwireError):
            failed.append(digest)
            continue
        try:
            note = None
            if source and source.path is not None:
                if source.name not in polls:
                    polls[source.name] = await started(PollDependencies.of(session.settings, session), source)
                note = noted(polls[source.name], digest)
            done = await store_digest(
                session,
                digest,
                source=name or (source.name if source else _UNNAMED),
                note=note,
                announce=announce or bool(source and source.announce == "all"),
                of_arxiv=bool(source and source.is_arxivs_own),
            )
        except StoreError:
            raise
        except PaperwireError as error:
            failed.append(error)
            continue
        kept = digest if done.already_known else dated(digest, today(session))
        stored.append(done)
        warnings += [{"path": path, **warning_document(one)} for one in kept.warnings]
    for poll in polls.values():
        if poll.receipt is not None:
            await poll.finish()
    if any(one.archive for one in stored):
        await late.run()
    names = ("already_known", "new", "updated", "unchanged", "archived", "announced")
    sums = {one: sum(getattr(done, one) for done in stored) for one in names}
    report = {
        "digests": len(stored),
        "already_known": sums["already_known"],
        "papers": {one: sums[one] for one in ("new", "updated", "unchanged")},
        "archived": sums["archived"],
        "announced": sums["announced"],
        "warnings": warnings,
        "failed": len(failed),
    }
    return report, failed


def _show_ingested(report: Mapping[str, Any]) -> None:
    before = f", {report['already_known']:,} of them known before" if report["already_known"] else ""
    papers = "{new:,} papers new, {updated:,} updated, {unchanged:,} known already".format_map(report["papers"])
    print_line(f"{counted(report['digests'], 'digest')}{before}: {papers}.")
    if report["announced"]:
        print_line(f"Announced after they had been filed: {counted(report['announced'], 'paper')}.")
    if report["archived"]:
        print_line(
            f"Older than {NEWS_FOR.days} days, so filed and not announced: {counted(report['archived'], 'paper')}. "
            "To announce them: the same command with --announce."
        )
    for warning in report["warnings"]:
        print_warnings(warning["path"], [warning])


sources = typer.Typer(help="Show where digests come from, and what happened there last.", invoke_without_command=True)


@sources.callback()
def show(context: typer.Context, *, now: Now = None, json: Json = False) -> int | None:
    """Where digests come from, what the last look brought, when the next one is."""
    if context.invoked_subcommand is not None:
        return None

    with open_session(now) as session:
        documents = [*_documents(session), *_asked(session)]
        return tell(documents, lambda: _show(documents, session), json=json)


@sources.command(epilog="For example: `paperwire sources poll daily`")
def poll(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One source; by default all.")] = None,
    *,
    announce: Annotated[
        bool,
        typer.Option(
            "--announce", help="Also announce the papers that the source brought before and that were only filed."
        ),
    ] = False,
    now: Now = None,
    json: Json = False,
) -> int:
    """Poll sources now, whether they are due or not."""
    if announce and name is None:
        raise WrongUsage("--announce needs the name of a source.", "For example: daily --announce.")
    with open_session(now, make=True) as session:
        with drawing.waiting("Asking the sources; arXiv takes a few minutes"):
            polled = asyncio.run(_poll(session, name))
        documents = _documents(session, name)
        announced = announce_filed(session.store, session.now, source=documents[0]["name"]) if announce else 0
        has_failed = any(receipt.outcome is Outcome.FAILED for receipt in polled)
        # what is announced now is not said to be only filed
        tell(documents, lambda: _show(documents, session, explains=has_failed or not announce), json=json)
    if announce and not json:
        print_line(f"Announced after they had been filed: {counted(announced, 'paper')}.")
    return 1 if has_failed else 0


async def _poll(session: Session, name: str | None) -> Sequence[Receipt]:
    scheduler = SourceScheduler(PollDependencies.of(session.settings, session), session.settings.sources)
    try:
        return await scheduler.poll_now(name or "")
    finally:
        await scheduler.close()


def _asked(session: Session) -> list[dict[str, Any]]:
    """Returns the element of `sources --json` about kept papers; none before they were asked about, and if they are not."""
    last = last_receipt(session.store, KEPT) if session.settings.kept.ask else None
    return [_document(KEPT, "on", last, following_round(last.at))] if last else []


def _documents(session: Session, name: str | None = None) -> list[dict[str, Any]]:
    """Returns the elements of `sources --json` (docs/commands.md): the sources of the settings, in their order."""
    stored, now = {one.name: one for one in known_sources(session.store)}, session.now
    documents = []
    for source in session.settings.sources or (everything(),):
        if name is not None and source.name.casefold() != name.casefold():
            continue
        known = stored.get(source.name)
        trouble = known.without(is_gone).trouble_at(now) if known else None
        last = known.last if known else None
        next_at = None if source.path else (known and known.state.next_at) or now  # null: it is watched
        documents.append(_document(source.name, _TROUBLES.get(trouble, "on"), last, next_at))
    return documents


def _document(name: str, state: str, last: Receipt | None, next_at: datetime | None) -> dict[str, Any]:
    brought = last and {one: getattr(last, one) for one in ("at", "outcome", "counts", "detail")}
    return {"name": name, "state": state, "last": brought, "next_at": next_at}


def _show(documents: Sequence[Mapping[str, Any]], session: Session, *, explains: bool = True) -> None:
    language, now = Language("en", session.settings.timezone), session.now
    rows = [
        (
            one["name"],
            Text(one["state"], _COLOURS.get(one["state"], "")),
            language.moment(one["last"]["at"], now=now) if one["last"] else "never",
            _brought(one["last"]) if one["last"] else "",
            language.moment(one["next_at"], now=now) if one["next_at"] else "watched",
        )
        for one in documents
    ]
    drawing.print_rows(("source", "state", "last look", "brought", "next look"), rows)
    paths = {source.name: str(source.path) for source in session.settings.sources if source.path}
    for one in documents:
        path = paths.get(one["name"])
        if one["last"] is None and path and is_missing(path):
            print_line(f"{escaped(one['name'])}: There is nothing at {escaped(path)} yet.")
        if explains and one["last"] and one["last"]["detail"]:
            print_line(f"{escaped(one['name'])}: {escaped(one['last']['detail'])}")


def _brought(last: Mapping[str, Any]) -> str:
    """Returns the outcome of a poll with its counts, as text."""
    new, papers, filed = (last["counts"].get(name, 0) for name in ("new", "papers", "archived"))
    only_filed = f", {filed:,} only filed" if filed else ""
    return f"{last['outcome']}: {new:,} new of {papers:,}{only_filed}" if papers else str(last["outcome"])


@sources.command("import", epilog="For example: `paperwire sources import feeds.opml >> paperwire.toml`")
def import_feeds(path: Annotated[str, typer.Argument(metavar="FILE", help="The OPML of a feed reader.")]) -> None:
    """Print feeds as sources for paperwire.toml."""
    feeds = feeds_of_opml(read_file(path), path)
    declared = load_sources()
    taken, known = {KEPT, *(source.name.casefold() for source in declared)}, {source.url for source in declared}
    added = unusable = 0
    for url, title in feeds.items():
        if url in known:
            continue
        try:
            values.digest_address(url)
        except ValueError:
            unusable += 1
            continue
        name = _unused(title or urlsplit(url).hostname or "feed", taken)
        taken.add(name.casefold())
        print_line("[[source]]", f"name = {_quoted(name)}", f"url = {_quoted(url)}", "")
        added += 1
    print_error(f"{added} feeds; {len(feeds) - added - unusable} more are there already, {unusable} are no feeds.")


def _unused(title: str, taken: Collection[str]) -> str:
    """Returns a name for a source that no other has: the title, with a number if that is needed."""
    plain = "".join(sign for sign in title if sign.isprintable() and sign != "|").strip() or "feed"
    name, number = plain, 1
    while name.casefold() in taken:
        number += 1
        name = f"{plain} {number}"
    return name


def _quoted(text: str) -> str:
    return json_of.dumps(text, ensure_ascii=False)  # a string of JSON is one of TOML

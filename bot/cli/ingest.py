"""Store the papers of digests."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any

import typer

from bot.app import App
from bot.cli import Json, Now, Paths, read_day
from bot.cli.match import Read, digests_in, print_unread, print_warnings, warning_document, watching
from bot.cli.output import print_line, tell
from bot.cli.session import open_session
from bot.cli.sources import _UNNAMED
from bot.digests import dated
from bot.settings import values
from bot.sources.folders import noted, started
from bot.sources.ingest import LateEncoding, store_digest, today
from bot.sources.poll import Poll, PollDependencies
from subscriptions.errors import PaperwireError, StoreError, WrongUsage
from subscriptions.papers.stored.digests import Ingested
from subscriptions.schedule.calendar import NEWS_FOR
from subscriptions.text.escaping import counted


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
    with open_session(now, make=True) as app:
        declared = app.settings.sources
        named = next((one for one in declared if one.name == source), None)
        read = digests_in(paths, "Ingesting", (lambda _: named) if source else watching(declared), day=day)
        report, failed = asyncio.run(_ingest(app, read, source or "", announce=announce))
    tell(report, lambda: _show_ingested(report), json=json)
    print_unread(failed)
    return 1 if failed else 0


async def _ingest(
    app: App, read: Iterable[Read], name: str, *, announce: bool
) -> tuple[dict[str, Any], list[PaperwireError]]:
    """Store each digest in its own transaction, with a receipt if its source watches files. Raise StoreError.

    Afterwards, papers of archives get their meaning, as far as that is possible in two minutes; `run` does the rest.

    `name`: the source of all; "": each has its own. Return (the document of `ingest --json`, what could not be stored).
    """
    polls: dict[str, Poll] = {}  # of the sources that watch the files, by name
    stored: list[Ingested] = []
    warnings: list[dict[str, Any]] = []
    failed: list[PaperwireError] = []
    late = LateEncoding(app)
    await late.begin()
    for path, source, digest in read:
        if isinstance(digest, PaperwireError):
            failed.append(digest)
            continue
        try:
            note = None
            if source and source.path is not None:
                if source.name not in polls:
                    polls[source.name] = await started(PollDependencies.of(app), source)
                note = noted(polls[source.name], digest)
            done = await store_digest(
                app,
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
        kept = digest if done.already_known else dated(digest, today(app))
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

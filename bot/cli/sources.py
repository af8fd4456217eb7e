"""List and poll the sources; read feeds from OPML."""

import asyncio
import json as json_of
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.text import Text

from bot.app import App
from bot.cli import Json, Now, drawing
from bot.cli.output import print_error, print_line, tell
from bot.cli.session import open_session
from bot.digests.feeds import feeds_of_opml
from bot.digests.files import is_gone, is_missing, read_file
from bot.settings import load_sources, values
from bot.sources.fetch_request import everything
from bot.sources.poll import PollDependencies
from bot.sources.source_scheduler import SourceScheduler
from subscriptions.errors import WrongUsage
from subscriptions.language import Language
from subscriptions.model import KEPT, SourceTrouble
from subscriptions.papers.stored.digests import announce as announce_filed
from subscriptions.sources.kept_rounds import following_round
from subscriptions.sources.poll_results import Outcome, Receipt
from subscriptions.sources.stored import known_sources, last_receipt
from subscriptions.text.escaping import counted, escaped

_UNNAMED = "files"  # the name of the source of a digest whose file no source of paperwire.toml watches
_TROUBLES: Mapping[SourceTrouble | None, str] = {SourceTrouble.FAILED: "failing", SourceTrouble.LATE: "late"}
_COLOURS = {"failing": "red", "late": "yellow"}


sources = typer.Typer(help="Show where digests come from, and what happened there last.", invoke_without_command=True)


@sources.callback()
def show(context: typer.Context, *, now: Now = None, json: Json = False) -> int | None:
    """Where digests come from, what the last look brought, when the next one is."""
    if context.invoked_subcommand is not None:
        return None

    with open_session(now) as app:
        documents = [*_documents(app), *_asked(app)]
        return tell(documents, lambda: _show(documents, app), json=json)


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
    with open_session(now, make=True) as app:
        with drawing.waiting("Asking the sources; arXiv takes a few minutes"):
            polled = asyncio.run(_poll(app, name))
        documents = _documents(app, name)
        announced = app.store.write_now(announce_filed, app.clock.now(), source=documents[0]["name"]) if announce else 0
        has_failed = any(receipt.outcome is Outcome.FAILED for receipt in polled)
        # what is announced now is not said to be only filed
        tell(documents, lambda: _show(documents, app, explains=has_failed or not announce), json=json)
    if announce and not json:
        print_line(f"Announced after they had been filed: {counted(announced, 'paper')}.")
    return 1 if has_failed else 0


async def _poll(app: App, name: str | None) -> Sequence[Receipt]:
    scheduler = SourceScheduler(PollDependencies.of(app), app.settings.sources)
    try:
        return await scheduler.poll_now(name or "")
    finally:
        await scheduler.close()


def _asked(app: App) -> list[dict[str, Any]]:
    """Return the element of `sources --json` about kept papers; none before they were asked about, and if they are not."""
    last = app.store.read_now(last_receipt, KEPT) if app.settings.kept.ask else None
    return [_document(KEPT, "on", last, following_round(last.at))] if last else []


def _documents(app: App, name: str | None = None) -> list[dict[str, Any]]:
    """Return the elements of `sources --json` (docs/commands.md): the sources of the settings, in their order."""
    stored, now = {one.name: one for one in app.store.read_now(known_sources)}, app.clock.now()
    documents = []
    for source in app.settings.sources or (everything(),):
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


def _show(documents: Sequence[Mapping[str, Any]], app: App, *, explains: bool = True) -> None:
    language, now = Language("en", app.settings.timezone), app.clock.now()
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
    paths = {source.name: str(source.path) for source in app.settings.sources if source.path}
    for one in documents:
        path = paths.get(one["name"])
        if one["last"] is None and path and is_missing(path):
            print_line(f"{escaped(one['name'])}: There is nothing at {escaped(path)} yet.")
        if explains and one["last"] and one["last"]["detail"]:
            print_line(f"{escaped(one['name'])}: {escaped(one['last']['detail'])}")


def _brought(last: Mapping[str, Any]) -> str:
    """Return the outcome of a poll with its counts, as text."""
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
    """Return a name for a source that no other has: the title, with a number if that is needed."""
    plain = "".join(sign for sign in title if sign.isprintable() and sign != "|").strip() or "feed"
    name, number = plain, 1
    while name.casefold() in taken:
        number += 1
        name = f"{plain} {number}"
    return name


def _quoted(text: str) -> str:
    return json_of.dumps(text, ensure_ascii=False)  # a string of JSON is one of TOML

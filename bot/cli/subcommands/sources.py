"""sources: lists the sources of digests with their last results; polls them now."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from bot.cli._options import Json, Now
from bot.cli._queries import TERMINAL_LANGUAGE
from bot.cli._session import Session, open_session
from bot.cli._streams import json_time, print_json, print_line
from bot.cli._tables import print_table
from bot.digests.files import is_missing
from bot.errors import WrongUsage
from bot.rendering.text.language import Language
from bot.settings import Settings, SourceSettings
from bot.settings.source_facts import place_of
from bot.sources.http import everything
from bot.sources.on_demand import make_source_scheduler
from subscriptions.errors import Sentence
from subscriptions.escaping import escaped
from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.service.papers import announce_filed
from subscriptions.service.sources import known_sources
from subscriptions.store import KnownSource

_COLOURS = {"failing": "red", "late": "yellow", "off": "dim"}

app = typer.Typer(help="Where digests come from; what happened there last.", invoke_without_command=True)


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
def show(context: typer.Context, *, now: Now = None, json: Json = False) -> int | None:
    """Where digests come from, what the last look brought, when the next one is."""
    if context.invoked_subcommand is not None:
        return None

    with open_session(now) as session:
        known = {source_row.name: source_row for source_row in known_sources(session.store)}
        moment = session.now
        rows = _rows(session.settings, known, moment)
    if json:
        print_json([_document(row) for row in rows])
    else:
        _show(rows, session.settings.timezone, moment)
    return 0


@app.command()
def poll(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One source; else all.")] = None,
    *,
    announce: Annotated[
        bool,
        typer.Option("--announce", help="Announce also all that the source brought before and that was only filed."),
    ] = False,
    now: Now = None,
    json: Json = False,
) -> int:
    """Ask sources now, whether they are due or not."""
    with open_session(now, make=True) as session:
        began = session.now
        named = _named(session.settings, name) if announce else ""
        asyncio.run(_poll(session, name))
        announced = announce_filed(session.store, named, now=session.now) if announce else 0
        known = {source_row.name: source_row for source_row in known_sources(session.store)}
        rows = [
            row
            for row in _rows(session.settings, known, session.now)
            if name is None or name.casefold() == row.name.casefold()
        ]
        rows = [row for row in rows if row.state != "off"]
        moment = session.now
    if json:
        print_json([_document(row) for row in rows])
    else:
        _show(rows, session.settings.timezone, moment)
        if announce:
            print_line(
                f"Announced after they had been filed: {TERMINAL_LANGUAGE.count('{count} paper', '{count} papers', announced)}."
            )
    polled = [row.last for row in rows if row.last and row.last.at >= began]
    return 1 if any(receipt.outcome is Outcome.FAILED for receipt in polled) else 0


def _named(settings: Settings, name: str | None) -> str:
    """Returns the name of the source to announce, spelt as in the settings. Raises WrongUsage."""
    if name is None:
        raise WrongUsage(Sentence("--announce needs the name of a source."), Sentence("For example: daily --announce."))
    return next(
        (source_row.name for source_row in settings.sources if source_row.name.casefold() == name.casefold()), name
    )


async def _poll(session: Session, name: str | None) -> None:
    if sys.stderr.isatty() and not session.settings.sources:
        sys.stderr.write("Asking arXiv, one request in three seconds: this takes a few minutes.\n")
    scheduler = make_source_scheduler(session.settings, session)
    try:
        await scheduler.poll_now([] if name is None else [name])
    finally:
        await scheduler.close()


def _rows(settings: Settings, known: Mapping[str, KnownSource], now: datetime) -> list[_Row]:
    """Returns the sources of the settings in their order, then known sources that the settings no longer name."""
    sources = settings.sources or (everything(),)
    rows = [_row(source, place_of(source), known.get(source.name), now) for source in sources]
    former = [source_row for name, source_row in known.items() if name not in {source.name for source in sources}]
    return rows + [
        _Row(name=source_row.name, state="off", place=source_row.location, last=source_row.last, next_at=None)
        for source_row in former
    ]


def _row(source: SourceSettings, place: str, known: KnownSource | None, now: datetime) -> _Row:
    last = known.last if known else None
    state = {Outcome.FAILED: "failing", Outcome.LATE: "late"}.get(last.outcome, "on") if last else "on"
    next_at = None if source.path is not None else (known.state.next_at if known else None) or now
    missing = source.path is not None and is_missing(str(source.path))
    return _Row(name=source.name, state=state, place=place, last=last, next_at=next_at, missing=missing)


def _document(row: _Row) -> dict[str, object]:
    """Returns one element of `sources --json` (docs/commands.md)."""
    return {
        "name": row.name,
        "state": row.state,
        "last": None if row.last is None else _receipt(row.last),
        "next_at": json_time(row.next_at),
    }


def _receipt(receipt: Receipt) -> dict[str, object]:
    return {
        "at": json_time(receipt.at),
        "outcome": receipt.outcome.value,
        "counts": dict(receipt.counts),
        "detail": receipt.detail,
    }


def _show(rows: Sequence[_Row], zone: str, now: datetime) -> None:
    language = Language("en", zone)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("source", "state", "last look", "brought", "next look"):
        table.add_column(heading, no_wrap=True)
    for row in rows:
        last = (language.moment(row.last.at, now=now), _brought(row.last)) if row.last else ("never", "")
        following = language.moment(row.next_at, now=now) if row.next_at else ("" if row.state == "off" else "watched")
        table.add_row(Text(escaped(row.name)), Text(row.state, _COLOURS.get(row.state, "")), *last, following)
    print_table(table)
    for row in rows:
        if row.last is None and row.missing:
            print_line(f"{escaped(row.name)}: There is nothing at {escaped(row.place)} yet.")
        if row.last and row.last.detail:
            print_line(f"{escaped(row.name)}: {escaped(row.last.detail)}")


def _brought(receipt: Receipt) -> str:
    """Returns the outcome of a poll with its counts, as text."""
    new, papers, filed = (receipt.counts.get(name, 0) for name in ("new", "papers", "archived"))
    only_filed = f", {filed:,} only filed" if filed else ""
    return f"{receipt.outcome}: {new:,} new of {papers:,}{only_filed}" if papers else str(receipt.outcome)

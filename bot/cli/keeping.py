"""check, db, backup, restore: an installation that is well, and a database that can be had again."""

# ruff: noqa: PLC0415 - a subcommand imports what it needs when it runs, so that all start quickly

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli._options import Json
from bot.cli._streams import print_json, print_line, print_table
from bot.errors import WrongUsage
from subscriptions.errors import Sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.operation.checks import Finding
    from bot.settings import Settings
    from subscriptions.store import Store

_SQLITE = b"SQLite format 3\x00"

database = typer.Typer(help="The database's schema.", invoke_without_command=True)


def check(
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no platform.")] = False,
    json: Json = False,
) -> int:
    """Look at settings, database, copies, templates, tokens, scopes, clock and proxy; say how to mend what is wrong."""
    import asyncio

    from bot.app import build_app, make_fetcher
    from bot.cli._session import read_settings
    from bot.clock import SystemClock
    from bot.operation.checks import ask_sources, check_here, check_platforms, check_sources, is_ready

    settings, clock = read_settings(), SystemClock()
    app = build_app(settings, clock=clock, out=sys.stderr)
    findings = list(check_here(settings, app.store, wall=clock.wall(), environ=os.environ))
    findings += check_sources(settings, app.store, wall=clock.wall())

    async def ask() -> "list[Finding]":
        try:
            if offline:
                return []
            fetcher = make_fetcher(settings, app.wire, alone=not is_ready(app.store))
            reached = await ask_sources(settings, app.store, fetcher, now=clock.now())
            installing = await app.load_installations()
            asked = await check_platforms(
                settings, app.store, app.wire.channels, wall=clock.wall, installing=installing
            )
            return reached + asked
        finally:
            await app.close()

    findings += asyncio.run(ask())
    if json:
        print_json([_document(finding) for finding in findings])
    else:
        _show(findings)
    return 1 if any(finding.mend for finding in findings) else 0


def _document(finding: "Finding") -> dict[str, object]:
    """One element of what `check --json` prints."""
    texts = {name: str(getattr(finding, name)) for name in ("question", "answer", "cure")}
    return {**texts, "mend": finding.mend}


def _show(findings: "Sequence[Finding]") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        sign, colour = ("✗", "red") if finding.mend else ("·", "yellow") if str(finding.cure) else ("✓", "green")
        cure = f"\n{finding.cure}" if str(finding.cure) else ""
        table.add_row(Text(sign, colour), str(finding.question), Text(f"{finding.answer}{cure}"))
    print_table(table)


@database.callback()
def _schema(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        print_line(context.get_help())
        raise typer.Exit(2)


@database.command()
def current() -> int:
    """Show the revision of the schema, and whether it is this version's."""
    from subscriptions.store import HEAD

    _, store = _unopened()
    try:
        revision = store.revision()
    finally:
        store.close()
    if revision is None:
        raise store.missing()
    print_line(revision if revision == HEAD else f"{revision}; this version's is {HEAD}: paperwire db upgrade")
    return 0


@database.command()
def upgrade() -> int:
    """Bring the schema to this version's; an older database is copied first."""
    from bot.cli._session import open_session

    with open_session(make=True) as session:
        print_line(f"✓ The schema is at {session.store.revision()}.")
    return 0


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes; an older copy there is replaced.")],
) -> int:
    """Write a consistent copy of the database while others work with it."""
    from bot.cli._session import open_session

    _, store = _unopened()
    store.close()
    _refuse_target(file, store)
    with open_session() as session:
        session.store.backup(file)
    print_line(f"✓ {file}, {file.stat().st_size / 2**20:.1f} MiB. paperwire restore {file} puts it back.")
    return 0


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that backup wrote.")],
    *,
    lost_at: Annotated[
        str | None,
        typer.Option(
            "--lost-at", metavar="TIME", help="When the database was lost: what was due until then counts as sent."
        ),
    ] = None,
) -> int:
    """Put a copy in the place of the database, which is kept. Nothing else may be sending meanwhile."""
    from bot.app import backup_folder
    from bot.cli._moments import parse_moment
    from bot.clock import SystemClock
    from bot.delivery.sender_lock import sender_lock
    from subscriptions.service.operations import look_for_copy
    from subscriptions.service.operations import restore as put_back

    settings, store = _unopened()
    now = SystemClock().now()
    lost = None if lost_at is None else parse_moment("--lost-at", lost_at, settings)
    if lost is not None and lost > now:
        raise WrongUsage(Sentence("--lost-at lies in the future."), Sentence("Say when the database was lost."))
    if not store.exists():
        look_for_copy(file)
    try:
        with sender_lock(store.path):
            done = put_back(store, file, copies=backup_folder(settings, store), lost_at=lost, now=now)
    finally:
        store.close()
    print_line(f"✓ The database is that of {file}.")
    if done.kept is not None:
        print_line(f"  The one before it is kept: {done.kept}")
    if lost is None:
        print_line("  What was sent since that copy was made may be sent again; --lost-at TIME counts it as sent.")
    else:
        print_line(f"  Deliveries that count as sent: {done.counted}.")
    return 0


def _unopened() -> "tuple[Settings, Store]":
    """The settings, and the store as it is: nothing is made or upgraded. Raises SettingsError."""
    from bot.app import make_store
    from bot.cli._session import read_settings

    settings = read_settings()
    return settings, make_store(settings)


def _refuse_target(file: Path, store: "Store") -> None:
    """Raises WrongUsage where a copy would overwrite what is no copy, NotFound where there is nothing to be copied."""
    if not store.exists():
        raise store.missing()
    if file.exists() and file.samefile(store.path):
        raise WrongUsage(Sentence("A database cannot be its own copy."), Sentence("Name another file."))
    if file.is_dir():
        raise WrongUsage(Sentence("{file} is a folder.", {"file": file}), Sentence("Name the file of the copy."))
    if file.exists():
        with file.open("rb") as existing:
            if existing.read(len(_SQLITE)) not in (_SQLITE, b""):
                raise WrongUsage(
                    Sentence("{file} is not a copy of a database, so it is not replaced.", {"file": file}),
                    Sentence("Name another file."),
                )

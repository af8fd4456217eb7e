"""db, backup, restore: upgrade, measure or copy the database, make backups and restore them; what is overwritten only after a question."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from bot.cli import output
from bot.cli import session as sessions
from bot.cli.arguments import Json, Now
from bot.cli.log import passwords_in
from bot.delivery.sender_lock import only_sender
from bot.dependencies.opening import backup_folder, make_ready, make_store
from bot.errors import WrongUsage
from bot.operation.maintenance import file_sizes
from bot.settings import Settings
from bot.settings.loading import database_address
from subscriptions.errors import Refused
from subscriptions.service import restoring, whole_copy
from subscriptions.service.restoring import restore as put_back
from subscriptions.store.database.schema import HEAD
from subscriptions.store.database.store import Store
from subscriptions.store.work_figures import room

_SQLITE = b"SQLite format 3\x00"

database = typer.Typer(help="The database: its schema and its size.", no_args_is_help=True)


@database.command(epilog="For example: `paperwire db current`")
def current() -> int:
    """Show the revision of the schema, and whether it is that of this version."""
    _, store = _unopened()
    try:
        revision = store.known_revision()
    finally:
        store.close()
    if revision is None:
        raise store.missing()
    output.print_line(revision if revision == HEAD else f"{revision}; this version's is {HEAD}: paperwire db upgrade")
    return 0


@database.command(epilog="For example: `paperwire db upgrade`")
def upgrade() -> int:
    """Upgrade the schema to that of this version. An older database is copied first."""
    with sessions.open_session(make=True) as session:
        output.print_line(f"✓ The schema is at {session.store.revision()}.")
    return 0


@database.command(epilog="For example: `paperwire db size --json`")
def size(*, now: Now = None, json: Json = False) -> int:
    """Show what takes space in the database, and how much a day adds."""
    with sessions.open_session(now) as session:
        found = room(session.store, now=session.now)
        whole = sum(file_sizes(session.store).values()) or sum(one.size for one in found)
    kinds = [{"what": one.what, "rows": one.rows, "bytes": one.size, "bytes_a_day": one.a_day} for one in found]
    lines = [
        f"{one.what:<16} {one.rows:>12,} rows {_mib(one.size):>10} MiB, {_mib(one.a_day):>8} a day" for one in found
    ]
    last = f"{'the file':<16} {'':>12}      {_mib(whole):>10} MiB"
    return output.tell({"bytes": whole, "kinds": kinds}, lambda: output.print_line(*lines, last), json=json)


@database.command()
def copy(
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="The database: a file, or an address as in PAPERWIRE_DATABASE_URL.")
    ],
    target: Annotated[str, typer.Argument(metavar="TO", help="An empty database, or a file that does not exist yet.")],
) -> int:
    """Copy everything into an empty database of PostgreSQL or SQLite. Nothing may be sending meanwhile."""
    settings = sessions.read_settings()
    now = sessions.clock_from(None, settings).now()
    old, new = (make_store(replace(settings, database_url=_address(text))) for text in (source, target))
    try:
        make_ready(old, settings, now=now, make=False)
        with only_sender(old):
            new.open(now=now)
            with only_sender(new):
                rows = whole_copy.copy_database(old, new)
    finally:
        old.close()
        new.close()
    output.print_line(f"✓ {rows:,} rows are in {new.where}.")
    output.print_line("  Name it in PAPERWIRE_DATABASE_URL, and start nothing with the old one any more.")
    return 0


def _address(text: str) -> SecretStr:
    """Returns a typed file or URL as the URL of a database. Raises WrongUsage if it contains a password."""
    if passwords_in(text):
        raise WrongUsage(
            "A password on the command line is read by everybody on this machine.",
            "Leave it out, and give it in PGPASSWORD or in the file of PGPASSFILE.",
        )
    return database_address(text, Path.cwd())


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f}"


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file of the copy.")],
    *,
    replace_older: Annotated[bool, typer.Option("--replace", help="Replace an older copy without asking.")] = False,
) -> int:
    """Write a consistent copy of the database while others work with it."""
    _, store = _unopened()
    store.close()
    _refuse_target(file, store)
    if not replace_older and file.exists() and file.stat().st_size:
        _ask_to_replace(file)
    with sessions.open_session() as session:
        session.store.backup(file)
    output.print_line(f"✓ {file}, {file.stat().st_size / 2**20:.1f} MiB. paperwire restore {file} puts it back.")
    return 0


def _ask_to_replace(file: Path) -> None:
    """Asks whether to replace an older copy. Raises WrongUsage unless the answer is yes."""
    if output.asks(f"{file} is there already. Replace it? [y/N] ") not in ("y", "yes"):
        raise WrongUsage(
            f"{file} is kept: nothing was copied.",
            "Name another file, or replace it with --replace.",
        )


def restore(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="A copy that `backup` wrote; leave it out if the copy is already in the place of the database.",
        ),
    ] = None,
    *,
    lost_at: Annotated[
        str | None,
        typer.Option(
            "--lost-at",
            metavar="TIME",
            help="When the database was lost: everything that was due before counts as sent.",
        ),
    ] = None,
) -> int:
    """Replace the database by a copy, and keep the old database. Nothing else may be sending meanwhile."""
    settings, store = _unopened()
    now = sessions.clock_from(None, settings).now()
    lost_moment = None
    if lost_at is not None:
        lost_moment = sessions.parse_moment("--lost-at", lost_at, settings)
    if lost_moment is not None and lost_moment > now:
        raise WrongUsage("--lost-at is in the future.", "Say when the database was lost.")
    if file is None:
        store.close()
        return _count_lost(lost_moment)
    if store.kind.file is None:
        raise Refused(
            f"The database {store.where} is restored by PostgreSQL's own programs.",
            "pg_restore puts back what pg_dump wrote, then paperwire restore --lost-at TIME (docs/operating.md).",
        )
    if not store.exists():
        restoring.look_for_copy(file)
    try:
        with only_sender(store):
            restored = put_back(store, file, copies=backup_folder(settings, store), lost_at=lost_moment, now=now)
    finally:
        store.close()
    output.print_line(f"✓ The database is that of {file}.")
    if restored.kept is not None:
        output.print_line(f"  The one before it is kept: {restored.kept}")
    if lost_moment is None:
        output.print_line(
            "  What was sent since that copy was made may be sent again; --lost-at TIME counts it as sent."
        )
    else:
        output.print_line(f"  Deliveries that count as sent: {restored.counted}.")
    return 0


def _count_lost(lost_at: datetime | None) -> int:
    """Records in the restored database that all deliveries due before its loss count as sent. Returns exit status 0."""
    if lost_at is None:
        raise WrongUsage(
            "Say which copy to put back, or when the database was lost.",
            "paperwire restore FILE puts a copy back; --lost-at TIME alone is for one that is in its place.",
        )
    with sessions.open_session() as session, only_sender(session.store):
        counted = restoring.count_lost_as_sent(session.store, lost_at, now=session.now)
    output.print_line(f"✓ Deliveries that count as sent: {counted}.")
    return 0


def _unopened() -> tuple[Settings, Store]:
    """Returns the settings and the store, without creating or upgrading a database. Raises SettingsError."""
    settings = sessions.read_settings()
    return settings, make_store(settings)


def _refuse_target(file: Path, store: Store) -> None:
    """Raises WrongUsage if `backup` must not overwrite the file, NotFound if there is no database to copy."""
    if not store.exists():
        raise store.missing()
    if store.kind.file is None:
        return  # `backup` raises the error for PostgreSQL
    if file.exists() and file.samefile(store.kind.file):
        raise WrongUsage("A database cannot be its own copy.", "Name another file.")
    if file.is_dir():
        raise WrongUsage(f"{file} is a folder.", "Name the file of the copy.")
    if file.exists():
        with file.open("rb") as existing:
            if existing.read(len(_SQLITE)) not in (_SQLITE, b""):
                raise WrongUsage(
                    f"{file} is not a copy of a database, so it is not replaced.",
                    "Name another file.",
                )

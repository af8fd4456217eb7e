"""Back up, restore and move the database.

No copy replaces a file, and a database only after a question.
"""

import os
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from bot.cli import Now, drawing
from bot.cli.log import passwords_in
from bot.cli.output import asks, print_error, print_line
from bot.cli.session import clock_from, read_settings
from bot.settings import values
from bot.settings.opening import as_it_is, backup_folder, make_ready, make_store
from subscriptions.database import leader as role
from subscriptions.errors import Refused, WrongUsage
from subscriptions.maintenance import restore as restoring
from subscriptions.maintenance.stored import copying

_YES, _NO = ("y", "yes"), ("n", "no")  # answers to questions
database = typer.Typer(help="The database: moves to PostgreSQL.", no_args_is_help=True)


@database.command()
def copy(
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="The database: a file, or an address as in PAPERWIRE_DATABASE_URL.")
    ],
    target: Annotated[str, typer.Argument(metavar="TO", help="An empty database, or a file that does not exist yet.")],
) -> int:
    """Copy everything into an empty database of PostgreSQL or SQLite. Nothing may be sending meanwhile."""
    settings = read_settings()
    now = clock_from(None, settings).now()
    old, new = (make_store(settings.model_copy(update={"database_url": _address(text)})) for text in (source, target))
    if old.where == new.where:
        raise WrongUsage("FROM and TO are the same database.", "Name an empty one after FROM.")
    try:
        make_ready(old, settings, now=now, make=False)
        with role.held(old):
            new.open(now=now)
            with role.held(new), drawing.waiting("Copying"):
                rows = copying.copy_database(old, new)
    finally:
        old.close()
        new.close()
    print_line(f"✓ {rows:,} rows are in {new.where}.")
    print_line("  Name it in PAPERWIRE_DATABASE_URL, and start nothing with the old one any more.")
    return 0


def _address(text: str) -> SecretStr:
    """Return a typed file or URL as the URL of a database. Raise WrongUsage if it contains a password."""
    if passwords_in(text):
        raise WrongUsage(
            "A password on the command line is read by everybody on this machine.",
            "Leave it out, and give it in PGPASSWORD or in the file of PGPASSFILE.",
        )
    try:
        return SecretStr(values.database_address(text if "://" in text else f"sqlite:///{text}"))
    except ValueError as error:
        raise WrongUsage(f"{text} names no database: {error}.") from None


def backup(file: Annotated[Path, typer.Argument(metavar="FILE", help="The file of the copy.")]) -> int:
    """Write a consistent copy of the database while others work with it."""
    with as_it_is(read_settings()) as store:
        # a device, a pipe or a link would be replaced by the copy, too
        if os.path.lexists(file) and (file.is_symlink() or not file.is_file() or file.stat().st_size):
            raise WrongUsage(f"{file} is there already, and stays.", "Name another file, or remove this one first.")
        with drawing.waiting("Copying"):
            store.backup(file)
    print_line(f"✓ {file}, {file.stat().st_size / 2**20:.1f} MiB. paperwire restore {file} puts it back.")
    return 0


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that `backup` wrote.")],
    *,
    sent: Annotated[
        bool | None,
        typer.Option(
            "--sent/--not-sent", help="Whether everything that was due until now counts as sent. By default it asks."
        ),
    ] = None,
    another: Annotated[
        bool,
        typer.Option("--another", help="Take the copy also if it belongs to another database. By default it asks."),
    ] = False,
    now: Now = None,
) -> int:
    """Replace the database by a copy, and keep the old database. Nothing else may be sending meanwhile."""
    settings = read_settings()
    store, moment = make_store(settings), clock_from(now, settings).now()
    if store.kind.file is None:
        raise Refused(
            f"The database {store.where} is restored by PostgreSQL's own programs.",
            "pg_restore puts back what pg_dump wrote (docs/operating.md).",
        )
    restoring.look_for_copy(file)
    if not another and restoring.is_of_another(file, store):
        print_error(f"{file} is not a copy of {store.where}, as far as it says.")
        if asks("Put it in place of this database? [y/n] ") not in _YES:
            raise WrongUsage("Nothing was restored.", "Name a copy of this database, or take this one with --another.")
    if sent is None:
        answer = asks("Does everything that was due until now count as sent? [y/n] ")
        if answer not in (*_YES, *_NO):
            raise WrongUsage("Nothing was restored.", "Say whether what was due counts as sent: --sent or --not-sent.")
        sent = answer in _YES
    lost_at = moment if sent else None
    try:
        with role.held(store), drawing.waiting("Restoring"):
            done = restoring.restore(store, file, copies=backup_folder(settings, store), lost_at=lost_at, now=moment)
    finally:
        store.close()
    print_line(f"✓ The database is that of {file}.")
    if done.kept is not None:
        print_line(f"  The one before it is kept: {done.kept}")
    counted = f"  Deliveries that count as sent: {done.counted}."
    print_line(counted if sent else "  What was sent since that copy was made may be sent again.")
    return 0

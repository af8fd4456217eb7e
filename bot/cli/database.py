"""db copy, backup, restore: copy the database, make backups and restore them; what is overwritten only after a question."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from bot.cli import output
from bot.cli import session as sessions
from bot.cli.arguments import Now
from bot.cli.log import passwords_in
from bot.errors import WrongUsage
from bot.settings import Settings, values
from bot.settings.opening import backup_folder, make_ready, make_store
from subscriptions.errors import Refused
from subscriptions.service import restoring, whole_copy
from subscriptions.service.restoring import restore as put_back
from subscriptions.store import role
from subscriptions.store.database.store import Store

_SQLITE = b"SQLite format 3\x00"

database = typer.Typer(help="The database: moves to PostgreSQL.", no_args_is_help=True)


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
    old, new = (make_store(settings.model_copy(update={"database_url": _address(text)})) for text in (source, target))
    try:
        make_ready(old, settings, now=now, make=False)
        with role.held(old):
            new.open(now=now)
            with role.held(new):
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
    try:
        return SecretStr(values.database_address(text if "://" in text else f"sqlite:///{text}"))
    except ValueError as error:
        raise WrongUsage(f"{text} names no database: {error}.") from None


def backup(file: Annotated[Path, typer.Argument(metavar="FILE", help="The file of the copy.")]) -> int:
    """Write a consistent copy of the database while others work with it."""
    _, store = _unopened()
    store.close()
    _refuse_target(file, store)
    if file.exists() and file.stat().st_size:
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
            "Name another file, or remove this one first.",
        )


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that `backup` wrote.")],
    *,
    sent: Annotated[
        bool | None,
        typer.Option(
            "--sent/--not-sent", help="Whether everything that was due until now counts as sent. By default it asks."
        ),
    ] = None,
    now: Now = None,
) -> int:
    """Replace the database by a copy, and keep the old database. Nothing else may be sending meanwhile."""
    settings, store = _unopened()
    moment = sessions.clock_from(now, settings).now()
    if store.kind.file is None:
        raise Refused(
            f"The database {store.where} is restored by PostgreSQL's own programs.",
            "pg_restore puts back what pg_dump wrote (docs/operating.md).",
        )
    if not store.exists():
        restoring.look_for_copy(file)
    lost_at = moment if _counts_as_sent(given=sent) else None
    try:
        with role.held(store):
            restored = put_back(store, file, copies=backup_folder(settings, store), lost_at=lost_at, now=moment)
    finally:
        store.close()
    output.print_line(f"✓ The database is that of {file}.")
    if restored.kept is not None:
        output.print_line(f"  The one before it is kept: {restored.kept}")
    if lost_at is None:
        output.print_line("  What was sent since that copy was made may be sent again.")
    else:
        output.print_line(f"  Deliveries that count as sent: {restored.counted}.")
    return 0


def _counts_as_sent(*, given: bool | None) -> bool:
    """Returns the answer of the options, else asks. Raises WrongUsage unless it is yes or no."""
    if given is not None:
        return given
    answer = output.asks("Does everything that was due until now count as sent? [y/n] ")
    if answer not in ("y", "yes", "n", "no"):
        raise WrongUsage("Nothing was restored.", "Say whether what was due counts as sent: --sent or --not-sent.")
    return answer[0] == "y"


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

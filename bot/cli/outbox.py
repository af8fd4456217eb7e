"""status, outbox, backup, restore, db copy: whether all is well, what waits, copies of the database.

No copy replaces a file, and a database only after a question.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from rich.text import Text

from bot.cli import Json, Now, drawing
from bot.cli.log import passwords_in
from bot.cli.output import asks, print_error, print_line, tell
from bot.cli.session import Session, clock_from, open_session, read_settings
from bot.digests.files import is_gone
from bot.settings import values
from bot.settings.opening import as_it_is, backup_folder, copies, make_ready, make_store
from bot.web.health import ask_readiness, findings_of, is_well, joined, texts
from subscriptions.chats.addresses import facts_of
from subscriptions.chats.known import figures
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.database import leader as role
from subscriptions.errors import NotFound, Refused
from subscriptions.errors_moved import WrongUsage
from subscriptions.language import Language
from subscriptions.maintenance import restore as restoring
from subscriptions.maintenance.stored import copying
from subscriptions.model_moved import DeliveryState, PauseReason
from subscriptions.outbox.notices import PROCESS, Finding
from subscriptions.outbox.stored import entries as stored_outbox
from subscriptions.papers.stored import llm_requests as model_requests
from subscriptions.text.escaping import escaped

STATES = ("planned", "held", "sending", "waiting", "unclear", "dead", "dismissed", "sent")
_OVER = ("dismissed", "sent")  # states of finished deliveries, which are listed only with --state
_COLOURS = {"dead": "red", "unclear": "red", "waiting": "yellow", "held": "yellow", "sending": "yellow"}
_PAUSED_NAMED = 5
_YES, _NO = ("y", "yes"), ("n", "no")  # answers to questions


def status(*, now: Now = None, json: Json = False) -> int:
    """Show whether paperwire runs, each problem, and what waits."""
    with open_session(now, words=False) as session:
        moment, wall, settings, store = session.now, session.clock.wall(), session.settings, session.store
        language = Language("en", settings.timezone)
        readiness = ask_readiness(settings, store)
        findings = joined(findings_of(settings, store, now=moment, wall=wall), readiness.findings(moment))
        counted = figures(store, now=moment)
        outbox, sources = counted.outbox, [one.without(is_gone) for one in counted.sources]
        written = copies(settings, store).values()
        paused = stored_chats.paused_chats(store, most_named=_PAUSED_NAMED)
        document: dict[str, Any] = {
            "well": readiness.ready and is_well(findings),
            "ready": readiness.ready,
            "problems": readiness.problems,
            "attention": readiness.attention,
            "seconds": readiness.seconds,
            "findings": [
                {"id": one.name, "level": one.level, **texts(one, language), "since": one.since} for one in findings
            ],
            "outbox": {
                "waiting": outbox.waiting - outbox.held + outbox.unclear,
                "held": outbox.held,
                "dead": outbox.dead,
                "oldest_waiting_since": min(outbox.oldest.values(), default=None),
            },
            "paused": [*map(asdict, paused)],
            "sources": [
                {
                    "name": one.name,
                    "outcome": one.last.outcome.value if one.last else None,
                    "at": one.last.at if one.last else None,
                    "overdue": one.is_behind(moment),
                }
                for one in sources
            ],
            "copies": {"count": len(written), "newest_at": max(written, default=None)},
            "model": _model_today(session),
        }
    tell(document, lambda: print_line(*_lines(document, findings, language, moment, wall)), json=json)
    return 0 if document["well"] else 1


def _model_today(session: Session) -> Mapping[str, object] | None:
    """Returns what the language model did today; None if there is none."""
    if not session.settings.has_model:
        return None
    today = model_requests.today(session.store, now=session.now)
    return {
        "name": session.settings.model_name,
        "summaries": today.summaries,
        "requests": today.requests,
        "most_requests": session.settings.model_daily,
        "fails_since": today.fails_since,
    }


def _lines(
    document: Mapping[str, Any], findings: Sequence[Finding], language: Language, now: datetime, wall: datetime
) -> Iterator[str]:
    """Yields the document of `status --json` for people. Copies are as old as the machine's clock `wall` says."""
    wrong = "✗ paperwire runs, but not all is well:" if document["ready"] else "✗ Not all is well:"
    yield "✓ paperwire runs, and all is well." if document["well"] else wrong
    for one in findings:
        said = texts(one, language)
        age = f" (for {_age(one.since, now, language)})" if one.since else ""
        yield f"  {' '.join(filter(None, (said['sentence'], said['why'])))}{age}"
        if one.cause != PROCESS:  # a part says itself what to do
            yield f"    {said['cure']}"
    outbox = document["outbox"]
    counts = ", ".join(f"{outbox[word]:,} {word}" for word in ("waiting", "held", "dead") if outbox[word])
    oldest = outbox["oldest_waiting_since"]
    since = f"; the oldest for {_age(oldest, now, language)}" if oldest else ""
    yield f"Outbox: {counts or 'nothing waits'}{since}."
    if document["paused"]:
        yield f"Paused chats: {', '.join(map(_paused, document['paused']))}."
    for source in document["sources"]:
        last = f"{source['outcome']}, {_age(source['at'], now, language)} ago" if source["at"] else "never read"
        yield f"{'✗ ' if source['overdue'] else ''}Source {escaped(source['name'])}: {last}."
    if model := document["model"]:
        yield "{name} today: summaries {summaries:,}; requests {requests:,} of {most_requests:,}.".format_map(model)
    copy = document["copies"]["newest_at"]
    yield f"Newest copy: {_age(copy, wall, language)} old." if copy else "There is no copy of the database yet."


def _paused(chats: Mapping[str, Any]) -> str:
    """Return how many chats are paused for the same reason, and the addresses of some."""
    named = escaped(", ".join(chats["chats"]) + (" …" if len(chats["chats"]) < chats["count"] else ""))
    words = "paused in the chat" if chats["reason"] == PauseReason.PERSON else chats["reason"].replace("-", " ")
    return f"{chats['count']:,} {words}" + (f" ({named})" if chats["chats"] else "")


def _age(since: datetime, now: datetime, language: Language) -> str:
    return language.duration(max(now - since, timedelta(0)))


Ids = Annotated[list[str], typer.Argument(metavar="ID…", help="Deliveries, as `paperwire outbox` names them.")]

outbox = typer.Typer(help="Show what waits to be sent and why, and what is dead.", invoke_without_command=True)


@outbox.callback()
def show(
    context: typer.Context,
    *,
    state: Annotated[
        str | None,
        typer.Option("--state", metavar="STATE", help=f"{', '.join(STATES)}; by default all that is not finished."),
    ] = None,
    now: Now = None,
    json: Json = False,
) -> int | None:
    """Show what waits to be sent and why, and what is dead."""
    if context.invoked_subcommand is not None:
        return None
    if state is not None and state not in STATES:
        raise WrongUsage(f"“{state}” is not a state of a delivery.", f"Choose one of: {', '.join(STATES)}.")
    with open_session(now, words=False) as session:
        moment, language = session.now, Language("en", session.settings.timezone)
        entries = [
            entry
            for entry in stored_outbox.outbox_entries(session.store, now=moment, over=state in _OVER)
            if (entry.state == state if state else entry.state not in _OVER)
        ]
    for number, entry in enumerate(entries):
        facts = facts_of(entry.chat.partition(":")[0])
        if entry.state is DeliveryState.PLANNED and not (entry.reason or session.settings.is_on(facts.name)):
            entries[number] = replace(entry, reason=facts.off)

    def show_all() -> None:
        if not entries:
            print_line(f"No delivery is {state}." if state else "Nothing waits.")
            return
        rows = [
            (
                entry.id,
                entry.chat,
                Text(entry.state, _COLOURS.get(entry.state, "")),
                str(entry.papers),
                _age(entry.waiting_since, moment, language),
                _remark(entry, language),
            )
            for entry in entries
        ]
        drawing.print_rows(("delivery", "chat", "state", "papers", "since", "why"), rows, right="papers")

    return tell(list(map(asdict, entries)), show_all, json=json)


def _remark(entry: stored_outbox.OutboxEntry, language: Language) -> str:
    """Returns why a delivery waits, how often it was tried and when it is tried again."""
    tried = language.count("tried once", "tried {count} times", entry.attempts) if entry.attempts else ""
    following = f"again {language.moment(entry.next_at)}" if entry.next_at else ""
    behind = "; ".join(filter(None, (tried, following)))
    return f"{entry.reason.rstrip('.')}; {behind}" if entry.reason and behind else entry.reason or behind


@outbox.command(epilog="For example: `paperwire outbox retry 0123456789abcdef`")
def retry(ids: Ids, *, now: Now = None) -> int:
    """Try deliveries again at the next `deliver`. A stopped platform sends again."""
    return _each(ids, stored_outbox.retry, now, "will be tried again")


@outbox.command(epilog="For example: `paperwire outbox dismiss 0123456789abcdef`")
def dismiss(ids: Ids, *, now: Now = None) -> int:
    """Give up deliveries: they are not sent any more. `outbox retry` undoes it."""
    return _each(ids, stored_outbox.dismiss, now, "is dismissed")


def _each(ids: Sequence[str], act: Callable[..., None], now: datetime | None, done: str) -> int:
    """Calls `act` for every delivery and returns the exit status. Prints an error for an unknown id and continues."""
    status = 0
    with open_session(now, words=False) as session:
        for delivery in ids:
            try:
                act(session.store, delivery, now=session.now)
                print_line(f"✓ {escaped(delivery)} {done}.")
            except NotFound as error:
                print_error(str(error))
                status = error.exit_code
    return status


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

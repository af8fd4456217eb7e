"""status, check, outbox: whether all is well, what waits to be sent, to try it again or to give it up."""

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from bot.app import build_app
from bot.cli import output, tables
from bot.cli import session as sessions
from bot.cli.arguments import Json, Now
from bot.cli.session import Session
from bot.digests.files import is_gone
from bot.errors import WrongUsage
from bot.operation import checks
from bot.operation.health import (
    Problem,
    Readiness,
    ask_readiness,
    copy_times,
    findings_of,
    is_well,
    joined,
    parts_of,
    texts,
)
from bot.platform import CheckResult
from bot.platforms import known
from bot.settings import Settings
from bot.settings.opening import backup_folder
from subscriptions.addresses import facts_of
from subscriptions.errors import NotFound
from subscriptions.language import Language
from subscriptions.notices import PROCESS, Finding, Level
from subscriptions.service import model_summaries, sending
from subscriptions.service.chat_status import Figures, figures
from subscriptions.states import DeliveryState
from subscriptions.store.database.store import Store
from subscriptions.store.outbox import OutboxEntry
from subscriptions.store.sources import KnownSource
from subscriptions.texts import escaped


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """All values that `status` shows."""

    now: datetime
    wall: datetime
    readiness: Readiness
    figures: Figures
    findings: Sequence[Finding]
    copies: list[datetime]
    size: int  # bytes
    model: Mapping[str, object] | None = None  # what the language model did today; None: there is none

    @property
    def oldest(self) -> datetime | None:
        return min(self.figures.outbox.oldest.values(), default=None)

    @property
    def in_outbox(self) -> Mapping[str, int]:
        """How many messages wait, are held and are dead."""
        outbox = self.figures.outbox
        return {
            "waiting": outbox.waiting - outbox.held + outbox.unclear,
            "held": outbox.held,
            "dead": outbox.dead,
        }

    @property
    def is_well(self) -> bool:
        """Whether nothing needs the operator's attention."""
        return self.readiness.is_ready and is_well(self.findings)

    @property
    def newest_copy(self) -> datetime | None:
        return max(self.copies, default=None)


def status(*, now: Now = None, json: Json = False) -> int:
    """Show whether paperwire runs, each problem, and what waits."""
    with sessions.open_session(now) as session:
        moment, wall = session.now, session.clock.wall()
        readiness = ask_readiness(session.settings, session.store)
        found = findings_of(session.settings, session.store, now=moment, wall=wall)
        counted = figures(session.store, now=moment)
        standing = _Standing(
            now=moment,
            wall=wall,
            readiness=readiness,
            findings=joined(found, _of_process(readiness, moment)),
            figures=replace(counted, sources=tuple(one.without(is_gone) for one in counted.sources)),
            copies=copy_times(backup_folder(session.settings, session.store)),
            size=_database_size(session.store),
            model=_model_today(session),
        )
        language = Language("en", session.settings.timezone)
    output.tell(_status_document(standing), lambda: output.print_line(*_lines(standing, language)), json=json)
    return 0 if standing.is_well else 1


def _of_process(readiness: Readiness, now: datetime) -> list[Finding]:
    """Returns what the running process says is wrong."""

    def parts(said: Mapping[str, str], level: Level) -> list[Finding]:
        problems = {name: Problem(why, readiness.seconds.get(name, 0)) for name, why in said.items()}
        return parts_of(problems, now, level)

    return parts(readiness.problems, Level.WRONG) + parts(readiness.attention, Level.ATTENTION)


def _status_document(standing: _Standing) -> dict[str, object]:
    """Returns what `status --json` prints (docs/commands.md)."""
    language = Language("en", "UTC")
    return {
        "well": standing.is_well,
        "ready": standing.readiness.is_ready,
        "problems": dict(standing.readiness.problems),
        "attention": dict(standing.readiness.attention),
        "seconds": dict(standing.readiness.seconds),
        "findings": [
            {"id": one.name, "level": one.level, **texts(one, language), "since": one.since}
            for one in standing.findings
        ],
        "outbox": {
            **standing.in_outbox,
            "oldest_waiting_since": standing.oldest,
        },
        "stopped": dict(standing.figures.stopped),
        "sources": [
            {
                "name": one.name,
                "outcome": one.last.outcome.value if one.last else None,
                "at": one.last.at if one.last else None,
                "settled_at": one.settled_at,
                "overdue": one.is_behind(standing.now),
            }
            for one in standing.figures.sources
        ],
        "copies": {"count": len(standing.copies), "newest_at": standing.newest_copy},
        "database_bytes": standing.size,
        "model": standing.model,
    }


def _database_size(store: Store) -> int:
    """Returns the bytes of the database's files; 0 for a database server."""
    if store.kind.file is None:
        return 0
    files = (store.path, store.path.with_name(f"{store.path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def _model_today(session: Session) -> Mapping[str, object] | None:
    """Returns what the language model did today; None if there is none."""
    if not session.settings.has_model:
        return None
    today = model_summaries.today(session.store, now=session.now)
    return {
        "name": session.settings.model_name,
        "summaries": today.summaries,
        "requests": today.requests,
        "most_requests": session.settings.model_daily,
        "fails_since": today.fails_since,
    }


def _lines(standing: _Standing, language: Language) -> Iterator[str]:
    readiness = standing.readiness
    if standing.is_well:
        yield "✓ paperwire runs, and all is well."
    elif readiness.is_ready:
        yield "✗ paperwire runs, but not all is well:"
    else:
        yield "✗ Not all is well:"
    for one in standing.findings:
        said = texts(one, language)
        age = f" (for {_age(one.since, standing.now, language)})" if one.since else ""
        yield f"  {' '.join(filter(None, (said['sentence'], said['why'])))}{age}"
        if one.cause != PROCESS:  # a part says itself what to do
            yield f"    {said['cure']}"
    yield _outbox_line(standing, language)
    for source in standing.figures.sources:
        yield _source_line(source, standing.now, language)
    if standing.model:
        yield "{name} today: summaries {summaries:,}; requests {requests:,} of {most_requests:,}.".format_map(
            standing.model
        )
    copy = standing.newest_copy
    if copy:
        yield f"Newest copy: {_age(copy, standing.wall, language)} old."
    else:
        yield "There is no copy of the database yet."
    yield f"Database: {standing.size / 2**20:,.1f} MiB."


def _outbox_line(standing: _Standing, language: Language) -> str:
    said = ", ".join(f"{count:,} {word}" for word, count in standing.in_outbox.items() if count) or "nothing waits"
    since = f"; the oldest for {_age(standing.oldest, standing.now, language)}" if standing.oldest else ""
    return f"Outbox: {said}{since}."


def _source_line(source: KnownSource, now: datetime, language: Language) -> str:
    mark = "✗ " if source.is_behind(now) else ""
    if source.last is None:
        return f"{mark}Source {source.name}: never read."
    return f"{mark}Source {source.name}: {source.last.outcome}, {_age(source.last.at, now, language)} ago."


def _age(since: datetime | None, now: datetime, language: Language) -> str:
    if since:
        return language.duration(max(now - since, timedelta(0)))
    return ""


def check(
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Ask neither platforms nor sources on the web.")] = False,
    json: Json = False,
) -> int:
    """Check settings, database, each token and each source, and say how to mend what is wrong."""
    settings = sessions.read_settings()
    app = build_app(settings, clock=sessions.clock_from(None, settings), out=sys.stderr)

    async def find() -> list[CheckResult]:
        try:
            here = list(checks.check_here(app))
            return here if offline else here + await checks.check_elsewhere(app)
        finally:
            await app.close()

    findings = asyncio.run(find())
    shown = [
        {"question": escaped(one.question), "answer": escaped(one.answer), "cure": escaped(one.cure), "mend": one.mend}
        for one in findings
    ]
    output.tell(shown, lambda: _show_findings(findings), json=json)
    return 1 if any(finding.mend for finding in findings) else 0


def _show_findings(findings: Sequence[CheckResult]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        sign, colour = "✓", "green"
        if finding.mend:
            sign, colour = "✗", "red"
        elif finding.is_open or finding.cure:
            sign, colour = "·", "yellow"
        cure = f"\n{escaped(finding.cure)}" if finding.cure else ""
        table.add_row(Text(sign, colour), escaped(finding.question), Text(f"{escaped(finding.answer)}{cure}"))
    tables.print_table(table)


STATES = ("planned", "held", "sending", "waiting", "unclear", "dead", "dismissed", "sent")
_OVER = ("dismissed", "sent")  # states of finished deliveries, which are listed only with --state
_PAGE = 1000  # entries in one table
_COLOURS = {"dead": "red", "unclear": "red", "waiting": "yellow", "held": "yellow", "sending": "yellow"}

Ids = Annotated[list[str], typer.Argument(metavar="ID…", help="Deliveries, as `paperwire outbox` names them.")]

app = typer.Typer(help="Show what waits to be sent and why, and what is dead.", invoke_without_command=True)


@app.callback()
def show(
    deps: typer.Context,
    *,
    state: Annotated[
        str | None,
        typer.Option("--state", metavar="STATE", help=f"{', '.join(STATES)}; by default all that is not finished."),
    ] = None,
    now: Now = None,
    json: Json = False,
) -> int | None:
    """Show what waits to be sent and why, and what is dead."""
    if deps.invoked_subcommand is not None:
        return None

    if state is not None and state not in STATES:
        raise WrongUsage(
            f"“{state}” is not a state of a delivery.",
            f"Choose one of: {', '.join(STATES)}.",
        )
    with sessions.open_session(now) as session:
        entries = sending.outbox_entries(session.store, now=session.now, over=state in _OVER)
        wanted = (entry for entry in entries if (entry.state == state if state else entry.state not in _OVER))
        shown = (_with_reason(entry, session.settings) for entry in wanted)
        if json:
            output.print_json_list(map(asdict, shown))
            return 0
        page = list(islice(shown, _PAGE))
        if not page:
            output.print_line(f"No delivery is {state}." if state else "Nothing waits.")
        while page:
            _show_page(page, session.now, session.settings.timezone)
            page = list(islice(shown, _PAGE))
    return 0


@app.command(epilog="For example: `paperwire outbox retry 0123456789abcdef`")
def retry(ids: Ids, *, now: Now = None) -> int:
    """Try deliveries again at the next `deliver`. A stopped platform sends again."""
    return _each(ids, sending.retry_delivery, now, "will be tried again")


@app.command(epilog="For example: `paperwire outbox dismiss 0123456789abcdef`")
def dismiss(ids: Ids, *, now: Now = None) -> int:
    """Give up deliveries: they are not sent any more. `outbox retry` undoes it."""
    return _each(ids, sending.dismiss, now, "is dismissed")


def _each(ids: Sequence[str], act: Callable[..., None], now: str | None, done: str) -> int:
    """Calls `act` for every delivery and returns the exit status. Prints an error for an unknown id and continues."""
    status = 0
    with sessions.open_session(now) as session:
        for delivery in ids:
            try:
                act(session.store, delivery, now=session.now)
                output.print_line(f"✓ {delivery} {done}.")
            except NotFound as error:
                output.print_error(str(error))
                status = error.exit_code
    return status


def _with_reason(entry: OutboxEntry, settings: Settings) -> OutboxEntry:
    """Returns the entry. A planned entry without a reason whose platform is off gets the reason that it is off."""
    platform = entry.chat.partition(":")[0]
    if entry.reason or entry.state is not DeliveryState.PLANNED or known.is_on(platform, settings):
        return entry
    return replace(entry, reason=f"{facts_of(platform).title} is off, without a token.")


def _show_page(entries: Sequence[OutboxEntry], now: datetime, zone: str) -> None:
    language = Language("en", zone)
    rows = (
        (
            entry.id,
            entry.chat,
            Text(entry.state, _COLOURS.get(entry.state, "")),
            str(entry.papers),
            _age(entry.waiting_since, now, language),
        )
        for entry in entries
    )
    tables.print_rows(("delivery", "chat", "state", "papers", "since"), rows, right="papers")
    for entry in entries:
        if remark := _remark(entry, language):
            output.print_line(f"{entry.id}  {remark}")


def _remark(entry: OutboxEntry, language: Language) -> str:
    """Returns why a delivery waits, how often it was tried and when it is tried again."""
    tried = language.count("tried once", "tried {count} times", entry.attempts) if entry.attempts else ""
    following = f"again {language.moment(entry.next_at)}" if entry.next_at else ""
    return "; ".join(part for part in (entry.reason, tried, following) if part)

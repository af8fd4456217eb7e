"""status, workers, check: whether all is well, and who works."""

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from bot.app import build_app
from bot.cli import output
from bot.cli.arguments import Json, Now
from bot.cli.session import Session, open_session, read_settings, titled
from bot.cli.tables import new_table, print_table
from bot.clock import SystemClock
from bot.context import backup_folder
from bot.delivery.lane_sender import is_running
from bot.operation import checks
from bot.operation.health import Readiness, ask_readiness
from bot.operation.source_checks import ask_sources, check_sources
from bot.operation.ticks import copy_times, file_sizes
from bot.platform import Finding
from bot.rendering.language import Language
from bot.sources.source_scheduler import make_fetcher
from subscriptions.service.chat_status import Figures, figures
from subscriptions.service.sending import Backlog, WorkerAtWork, backlog, workers_at_work
from subscriptions.store.sources import KnownSource
from subscriptions.text import escaped


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """Everything that is shown."""

    now: datetime
    wall: datetime
    readiness: Readiness
    figures: Figures
    copies: list[datetime]
    size: int  # bytes

    @property
    def oldest(self) -> datetime | None:
        return min(self.figures.outbox.oldest.values(), default=None)

    @property
    def is_well(self) -> bool:
        """Whether nothing is to be looked at."""
        found = self.figures
        overdue = any(one.is_overdue for one in found.sources)
        return self.readiness.is_ready and not (self.readiness.attention or found.stopped or overdue)

    @property
    def newest_copy(self) -> datetime | None:
        return max(self.copies, default=None)


def status(*, now: Now = None, json: Json = False) -> int:
    """Say whether paperwire runs and all is well, with each problem, and what waits."""
    with open_session(now) as session:
        moment, wall = session.now, session.clock.wall()
        standing = _Standing(
            now=moment,
            wall=wall,
            readiness=ask_readiness(session.settings, session.store),
            figures=figures(session.store, now=moment, wall=wall),
            copies=copy_times(backup_folder(session.settings, session.store)),
            size=sum(file_sizes(session.store).values()),
        )
        language = Language("en", session.settings.timezone)
    output.tell(_status_document(standing), lambda: output.print_lines(*_lines(standing, language)), json=json)
    return 0 if standing.is_well else 1


def _status_document(standing: _Standing) -> dict[str, object]:
    """Returns what `status --json` prints (docs/commands.md)."""
    outbox = standing.figures.outbox
    return {
        "well": standing.is_well,
        "ready": standing.readiness.is_ready,
        "problems": dict(standing.readiness.problems),
        "attention": dict(standing.readiness.attention),
        "seconds": dict(standing.readiness.seconds),
        "outbox": {
            "waiting": sum(outbox.waiting.values()),
            "held": sum(outbox.held.values()),
            "dead": sum(outbox.dead.values()),
            "held_lanes": sum(outbox.held_lanes.values()),
            "oldest_waiting_since": standing.oldest,
        },
        "stopped": dict(standing.figures.stopped),
        "sources": [_source(one) for one in standing.figures.sources],
        "copies": {"count": len(standing.copies), "newest_at": standing.newest_copy},
        "database_bytes": standing.size,
    }


def _source(source: KnownSource) -> dict[str, object]:
    return {
        "name": source.name,
        "outcome": source.last.outcome.value if source.last else None,
        "at": source.last.at if source.last else None,
        "settled_at": source.settled_at,
        "overdue": source.is_overdue,
    }


def _lines(standing: _Standing, language: Language) -> Iterator[str]:
    readiness = standing.readiness
    if standing.is_well:
        yield "✓ paperwire runs, and all is well."
    else:
        yield "✗ paperwire runs, but not all is well:" if readiness.is_ready else "✗ Not all is well:"
    for name, problem in {**readiness.problems, **readiness.attention}.items():
        age = readiness.seconds.get(name)
        yield f"  {name}: {problem}" + (f" (for {language.duration(timedelta(seconds=age))})" if age else "")
    yield _outbox_line(standing, language)
    for platform, reason in sorted(standing.figures.stopped.items()):
        yield f"✗ {titled(platform)} stands still: {reason}"
    for source in standing.figures.sources:
        yield _source_line(source, standing.now, language)
    copy = standing.newest_copy
    yield (
        f"Newest copy: {_age(copy, standing.wall, language)} old." if copy else "There is no copy of the database yet."
    )
    yield f"Database: {standing.size / 2**20:,.1f} MiB."


def _outbox_line(standing: _Standing, language: Language) -> str:
    outbox = standing.figures.outbox
    counts = [
        (sum(outbox.waiting.values()), "waiting"),
        (sum(outbox.held.values()), "held"),
        (sum(outbox.dead.values()), "dead"),
    ]
    said = ", ".join(f"{count:,} {word}" for count, word in counts if count) or "nothing waits"
    since = f"; the oldest for {_age(standing.oldest, standing.now, language)}" if standing.oldest else ""
    return f"Outbox: {said}{since}."


def _source_line(source: KnownSource, now: datetime, language: Language) -> str:
    mark = "✗ " if source.is_overdue else ""
    if source.last is None:
        return f"{mark}Source {source.name}: never read."
    return f"{mark}Source {source.name}: {source.last.outcome}, {_age(source.last.at, now, language)} ago."


def _age(since: datetime | None, now: datetime, language: Language) -> str:
    return language.duration(max(now - since, timedelta(0))) if since else ""


def workers(*, now: Now = None, json: Json = False) -> int:
    """Say who works with the database, what each has in hand, and how far planning and sending are behind."""
    with open_session(now) as session:
        found = workers_at_work(session.store, is_running=is_running)
        waiting = backlog(session.store, now=session.now, wall=session.clock.wall())
        output.tell(_workers_document(found, waiting), lambda: _show_workers(found, waiting, session), json=json)
    return 0 if any(one.is_alive for one in found) else 1


def _workers_document(found: Sequence[WorkerAtWork], waiting: Backlog) -> dict[str, object]:
    """Returns what `workers --json` prints (docs/commands.md)."""
    return {
        "workers": [
            {
                "id": one.id,
                "host": one.host,
                "process": one.number or None,
                "alive": one.is_alive,
                "since": one.since,
                "seconds_since_heartbeat": None if one.silent_for is None else int(one.silent_for.total_seconds()),
                "lanes": one.lanes,
                "receives": list(one.receives),
            }
            for one in found
        ],
        "planning_since": waiting.planning_since,
        "sending_since": waiting.sending_since,
        "jobs_waiting": waiting.jobs,
    }


def _show_workers(found: Sequence[WorkerAtWork], waiting: Backlog, session: Session) -> None:
    language = Language("en", session.settings.timezone)
    if found:
        print_table(_table(found, session.clock.wall(), language))
    else:
        output.print_line(language.say("No process was found that works with this database; paperwire run starts one."))
    output.print_lines(*_lags(waiting, session.now, language))


def _table(found: Sequence[WorkerAtWork], wall: datetime, language: Language) -> Table:
    headings = ("process", "machine", "state", "for", "heartbeat", "lanes", "receives")
    table = new_table(*headings, right=("lanes",))
    for one in found:
        state = Text(language.say("at work")) if one.is_alive else Text(language.say("silent"), "red")
        table.add_row(
            str(one.number) if one.number else "?",
            Text(escaped(one.host or "?")),
            state,
            language.duration(max(wall - one.since, timedelta(0))) if one.since else "?",
            _heartbeat(one, language),
            f"{one.lanes:,}",
            ", ".join(one.receives),
        )
    return table


def _heartbeat(one: WorkerAtWork, language: Language) -> str:
    """Returns when the last heartbeat was: to the second, where durations are written in minutes."""
    if one.silent_for is None:
        return "–"
    return language.say("{seconds} s ago", seconds=f"{one.silent_for.total_seconds():,.0f}")


def _lags(waiting: Backlog, now: datetime, language: Language) -> Iterator[str]:
    def behind(since: datetime) -> str:
        return language.duration(max(now - since, timedelta(0)))

    if waiting.planning_since is None:
        yield language.say("Planning: no chat is due.")
    else:
        yield language.say("Planning: a chat has been due for {time}.", time=behind(waiting.planning_since))
    if waiting.sending_since is None:
        yield language.say("Sending: nothing waits that may be sent now.")
    else:
        yield language.say("Sending: the oldest delivery has waited for {time}.", time=behind(waiting.sending_since))
    if waiting.jobs is not None:
        yield language.count("{count} lane waits for a worker.", "{count} lanes wait for a worker.", waiting.jobs)


def check(
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no platform, and no source on the web.")] = False,
    json: Json = False,
) -> int:
    """Look at settings, database, copies, templates, tokens, scopes, clock and proxy; say how to mend what is wrong."""
    settings, clock = read_settings(), SystemClock()
    app = build_app(settings, clock=clock, out=sys.stderr)
    findings = list(
        checks.check_here(settings, app.store, wall=clock.wall(), environ=os.environ, mounted=checks.mounts())
    )
    findings += checks.check_outbox(app.store, now=clock.wall())
    findings += check_sources(settings, app.store, wall=clock.wall())

    async def ask() -> list[Finding]:
        try:
            if offline:
                return []
            fetcher = make_fetcher(settings, app.context, alone=not checks.is_ready(app.store))
            reached = await ask_sources(settings, app.store, fetcher, now=clock.now())
            return reached + await checks.check_platforms(app.store, app.platforms, wall=clock.wall)
        finally:
            await app.close()

    findings += asyncio.run(ask())
    output.tell([_finding_document(finding) for finding in findings], lambda: _show_findings(findings), json=json)
    return 1 if any(finding.mend for finding in findings) else 0


def _finding_document(finding: Finding) -> dict[str, object]:
    """Returns one element of what `check --json` prints."""
    texts = {name: str(getattr(finding, name)) for name in ("question", "answer", "cure")}
    return {**texts, "mend": finding.mend}


def _show_findings(findings: Sequence[Finding]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        is_open = finding.is_open or str(finding.cure)
        sign, colour = ("✗", "red") if finding.mend else ("·", "yellow") if is_open else ("✓", "green")
        cure = f"\n{finding.cure}" if str(finding.cure) else ""
        table.add_row(Text(sign, colour), str(finding.question), Text(f"{finding.answer}{cure}"))
    print_table(table)

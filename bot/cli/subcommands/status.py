"""status: whether the process that runs is ready, and what waits, as `/health/ready` and `/metrics` say it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.cli._options import Json, Now
from bot.cli._session import open_session
from bot.cli._streams import json_time, print_json, print_line
from bot.context.database import backup_folder
from bot.operation.files_of_database import copy_times, file_sizes
from bot.operation.web.readiness import Readiness, ask_readiness
from bot.rendering.text.language import Language
from subscriptions.platforms import facts_of
from subscriptions.service.operations import Figures, SourceFigures, figures


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
    if json:
        print_json(_document(standing))
    else:
        for line in _lines(standing, language):
            print_line(line)
    return 0 if standing.is_well else 1


def _document(standing: _Standing) -> dict[str, object]:
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
            "oldest_waiting_since": json_time(standing.oldest),
        },
        "stopped": dict(standing.figures.stopped),
        "sources": [_source(one) for one in standing.figures.sources],
        "copies": {"count": len(standing.copies), "newest_at": json_time(standing.newest_copy)},
        "database_bytes": standing.size,
    }


def _source(source: SourceFigures) -> dict[str, object]:
    return {
        "name": source.name,
        "outcome": source.last.outcome.value if source.last else None,
        "at": json_time(source.last.at if source.last else None),
        "settled_at": json_time(source.settled_at),
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
        yield f"✗ {_titled(platform)} stands still: {reason}"
    for source in standing.figures.sources:
        yield _source_line(source, standing.now, language)
    copy = standing.newest_copy
    yield (
        f"Newest copy: {_age(copy, standing.wall, language)} old." if copy else "There is no copy of the database yet."
    )
    yield f"Database: {standing.size / 2**20:,.1f} MiB."


def _titled(sender: str) -> str:
    """Returns the display name of a sender: a platform, or a platform, a colon and a workspace."""
    platform, _, workspace = sender.partition(":")
    return f"{facts_of(platform).title} ({workspace})" if workspace else facts_of(platform).title


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


def _source_line(source: SourceFigures, now: datetime, language: Language) -> str:
    mark = "✗ " if source.is_overdue else ""
    if source.last is None:
        return f"{mark}Source {source.name}: never read."
    return f"{mark}Source {source.name}: {source.last.outcome}, {_age(source.last.at, now, language)} ago."


def _age(since: datetime | None, now: datetime, language: Language) -> str:
    return language.duration(max(now - since, timedelta(0))) if since else ""

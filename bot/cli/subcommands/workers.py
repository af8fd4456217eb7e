"""workers: who works with the database, what each holds, and how far planning and sending are behind."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from rich.table import Table
from rich.text import Text

from bot.app import build_app
from bot.cli._options import Json, Now
from bot.cli._session import Session, open_session
from bot.cli._streams import json_time, print_json, print_line
from bot.cli._tables import print_table
from bot.delivery.process_identity import is_running
from bot.rendering.text.language import Language
from subscriptions.escaping import escaped
from subscriptions.service.operations import Backlog, WorkerAtWork, backlog, workers_at_work


def workers(*, now: Now = None, json: Json = False) -> int:
    """Say who works with the database, what each has in hand, and how far planning and sending are behind."""
    with open_session(now) as session:
        found = workers_at_work(session.store, _receivers(session), is_running=is_running)
        waiting = backlog(session.store, now=session.now, wall=session.clock.wall())
        if json:
            print_json(_document(found, waiting))
        else:
            _show(found, waiting, session)
    return 0 if any(one.is_alive for one in found) else 1


def _receivers(session: Session) -> list[str]:
    """Returns the names of the receivers of which one worker has each."""
    if session.store.kind.file is not None:
        return []
    app = build_app(session.settings, clock=session.clock)
    try:
        return [one.name for one in app.receivers() if one.webhook is None]
    finally:
        asyncio.run(app.close())


def _document(found: Sequence[WorkerAtWork], waiting: Backlog) -> dict[str, object]:
    """Returns what `workers --json` prints (docs/commands.md)."""
    return {
        "workers": [
            {
                "id": one.id,
                "host": one.host,
                "process": one.number or None,
                "alive": one.is_alive,
                "since": json_time(one.since),
                "seconds_since_heartbeat": None if one.silent_for is None else int(one.silent_for.total_seconds()),
                "lanes": one.lanes,
                "receives": list(one.receives),
            }
            for one in found
        ],
        "planning_since": json_time(waiting.planning_since),
        "sending_since": json_time(waiting.sending_since),
        "jobs_waiting": waiting.jobs,
    }


def _show(found: Sequence[WorkerAtWork], waiting: Backlog, session: Session) -> None:
    language = Language("en", session.settings.timezone)
    if found:
        print_table(_table(found, session.clock.wall(), language))
    else:
        print_line(language.say("No process was found that works with this database; paperwire run starts one."))
    for line in _lags(waiting, session.now, language):
        print_line(line)


def _table(found: Sequence[WorkerAtWork], wall: datetime, language: Language) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in (language.say("process"), language.say("machine"), language.say("state"), language.say("for")):
        table.add_column(name, no_wrap=True)
    table.add_column(language.say("heartbeat"), no_wrap=True)
    table.add_column(language.say("lanes"), justify="right", no_wrap=True)
    table.add_column(language.say("receives"))
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

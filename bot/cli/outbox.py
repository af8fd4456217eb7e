"""List, retry and dismiss deliveries."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from bot.cli import Json, Now, drawing
from bot.cli.drawing import age
from bot.cli.output import print_error, print_line, tell
from bot.cli.session import open_session
from subscriptions.chats.addresses import facts_of
from subscriptions.errors import NotFound, WrongUsage
from subscriptions.language import Language
from subscriptions.model import DeliveryState
from subscriptions.outbox.stored import entries as stored_outbox
from subscriptions.text.escaping import escaped

STATES = ("planned", "held", "sending", "waiting", "unclear", "dead", "dismissed", "sent")
_OVER = ("dismissed", "sent")  # states of finished deliveries, which are listed only with --state
_COLOURS = {"dead": "red", "unclear": "red", "waiting": "yellow", "held": "yellow", "sending": "yellow"}


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
    with open_session(now, words=False) as app:
        moment, language = app.clock.now(), Language("en", app.settings.timezone)
        entries = [
            entry
            for entry in stored_outbox.outbox_entries(app.store, now=moment, over=state in _OVER)
            if (entry.state == state if state else entry.state not in _OVER)
        ]
    for number, entry in enumerate(entries):
        facts = facts_of(entry.chat.partition(":")[0])
        if entry.state is DeliveryState.PLANNED and not (entry.reason or app.settings.is_on(facts.name)):
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
                age(entry.waiting_since, moment, language),
                _remark(entry, language),
            )
            for entry in entries
        ]
        drawing.print_rows(("delivery", "chat", "state", "papers", "since", "why"), rows, right="papers")

    return tell(list(map(asdict, entries)), show_all, json=json)


def _remark(entry: stored_outbox.OutboxEntry, language: Language) -> str:
    """Return why a delivery waits, how often it was tried and when it is tried again."""
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
    """Call `act` for every delivery and return the exit status. Print an error for an unknown id and continue."""
    status = 0
    with open_session(now, words=False) as app:
        for delivery in ids:
            try:
                app.store.write_now(act, delivery, now=app.clock.now())
                print_line(f"✓ {escaped(delivery)} {done}.")
            except NotFound as error:
                print_error(str(error))
                status = error.exit_code
    return status

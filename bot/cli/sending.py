"""deliver, outbox: sends what is due, and shows what waits to be sent."""

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated

import typer
from rich.text import Text

from bot.app import App, build_app
from bot.cli import output
from bot.cli.arguments import Json, Now
from bot.cli.session import clock_from, open_session, read_settings, titled
from bot.cli.tables import new_table, print_table
from bot.delivery.planning import Sent
from bot.errors import WrongUsage
from bot.operation import ticks
from bot.operation.worker import OwnerWatch
from bot.rendering.language import Language
from bot.settings import Settings
from subscriptions.addresses import declared, facts_of
from subscriptions.errors import NotFound, Sentence
from subscriptions.service import sending
from subscriptions.service.sending import dismiss as give_up
from subscriptions.states import DeliveryState
from subscriptions.store.entries import OutboxEntry
from subscriptions.text import escaped


def deliver(*, now: Now = None, json: Json = False) -> int:
    """Plan what is due at this moment and send it; ends when all that may go now has gone."""
    settings = read_settings()
    app = build_app(settings, clock=clock_from(now, settings), out=sys.stderr if json else sys.stdout)
    sent, off = asyncio.run(_deliver(app))
    names = ("planned", "sent", "papers", "waiting", "unclear", "dead")
    output.tell({name: getattr(sent, name) for name in names}, lambda: _show_sent(sent), json=json)
    for platform, reason in sorted(sent.stopped.items()):
        output.print_error(f"{titled(platform)} stands still: {reason.rstrip('.')}. Everything for it stays planned.")
    for platform in off:
        output.print_error(f"{platform.capitalize()} is off, without a token. Everything for it stays planned.")
    ticks.raise_if_interrupted(app)
    return 1 if sent.dead else 0


async def _deliver(app: App) -> tuple[Sent, list[str]]:
    """Delivers what is due. Returns (counts, platforms that are off although something waits for them)."""
    try:
        ticks.stop_on_signals(app)
        app.open()
        async with ticks.beside(OwnerWatch(app.store, app.clock).watch()):
            sent = await app.sender.deliver()
        without = sorted(facts.name for facts in declared() if facts.token_variable and facts.name not in app.platforms)
        waiting = sending.lanes(app.store, without, now=app.clock.now(), finding=())
        return sent, sorted({lane.platform for lane in waiting})
    finally:
        await app.close()


def _show_sent(sent: Sent) -> None:
    if sent.planned or sent.sent:
        output.print_line(f"Planned {sent.planned:,}, sent {sent.sent:,} with {sent.papers:,} papers.")
    else:
        output.print_line("Nothing was due.")
    left = [(sent.waiting, "waiting"), (sent.unclear, "unclear"), (sent.dead, "dead")]
    shown = ", ".join(f"{count:,} {word}" for count, word in left if count)
    if shown:
        output.print_line(f"In the outbox: {shown}. paperwire outbox says why.")


STATES = ("planned", "held", "sending", "waiting", "unclear", "dead", "dismissed", "sent")
_OVER = ("dismissed", "sent")  # states of deliveries that are over; listed only with --state
_PAGE = 1000  # entries in one table
_COLOURS = {"dead": "red", "unclear": "red", "waiting": "yellow", "held": "yellow", "sending": "yellow"}

Ids = Annotated[list[str], typer.Argument(metavar="ID…", help="Deliveries, as `paperwire outbox` names them.")]

app = typer.Typer(help="What waits to be sent and why; dead letters.", invoke_without_command=True)


@app.callback()
def show(
    context: typer.Context,
    *,
    state: Annotated[
        str | None, typer.Option("--state", metavar="STATE", help=f"{', '.join(STATES)}; else all that is not over.")
    ] = None,
    now: Now = None,
    json: Json = False,
) -> int | None:
    """What waits to be sent and why; dead letters."""
    if context.invoked_subcommand is not None:
        return None

    if state is not None and state not in STATES:
        raise WrongUsage(
            Sentence("“{state}” is not a state of a delivery.", {"state": state}),
            Sentence("Choose one of: {states}.", {"states": ", ".join(STATES)}),
        )
    with open_session(now) as session:
        entries = sending.outbox_entries(session.store, now=session.now, wall=session.clock.wall(), over=state in _OVER)
        wanted = (entry for entry in entries if (entry.state == state if state else entry.state not in _OVER))
        shown = (_with_reason(entry, session.settings) for entry in wanted)
        if json:
            output.print_json_list(map(asdict, shown))
        elif not _show_all(shown, session.now, session.settings.timezone):
            output.print_line(f"No delivery is {state}." if state else "Nothing waits.")
    return 0


@app.command(epilog="For example: `paperwire outbox retry 0123456789abcdef`")
def retry(ids: Ids, *, now: Now = None) -> int:
    """Give deliveries another try at the next deliver; a platform that stands still goes on."""
    with open_session(now) as session:
        return _each(
            ids,
            lambda delivery: sending.retry_delivery(session.store, delivery, now=session.now),
            "will be tried again",
        )


@app.command(epilog="For example: `paperwire outbox dismiss 0123456789abcdef`")
def dismiss(ids: Ids, *, now: Now = None) -> int:
    """Give deliveries up: they are not sent any more. `outbox retry` takes it back."""
    with open_session(now) as session:
        return _each(ids, lambda delivery: give_up(session.store, delivery, now=session.now), "is dismissed")


def _each(ids: Sequence[str], act: Callable[[str], None], done: str) -> int:
    """Calls `act` for every delivery and returns the exit status. Prints an error for a missing one and goes on."""
    status = 0
    for delivery in ids:
        try:
            act(delivery)
            output.print_line(f"✓ {delivery} {done}.")
        except NotFound as error:
            output.print_error(str(error))
            status = error.exit_code
    return status


def _with_reason(entry: OutboxEntry, settings: Settings) -> OutboxEntry:
    """Returns the entry; a planned one for a platform without a token gets that as its reason."""
    platform = entry.chat.partition(":")[0]
    if entry.reason or entry.state is not DeliveryState.PLANNED or settings.is_on(platform):
        return entry
    return replace(entry, reason=f"{facts_of(platform).title} is off, without a token.")


def _show_all(entries: Iterator[OutboxEntry], now: datetime, zone: str) -> bool:
    """Prints tables of so many entries as are held at a time. Returns whether there was one."""
    is_any = False
    while page := list(islice(entries, _PAGE)):
        is_any = True
        _show_page(page, now, zone)
    return is_any


def _show_page(entries: Sequence[OutboxEntry], now: datetime, zone: str) -> None:
    language = Language("en", zone)
    table = new_table("delivery", "chat", "state", "papers", "since", right=("papers",))
    remarks = []
    for entry in entries:
        state = Text(entry.state, _COLOURS.get(entry.state, ""))
        since = language.duration(max(now - entry.waiting_since, timedelta(0)))
        table.add_row(entry.id, Text(escaped(entry.chat)), state, str(entry.papers), since)
        remarks.append((entry.id, _remark(entry, language)))
    print_table(table)
    for delivery, remark in remarks:
        if remark:
            output.print_line(f"{delivery}  {remark}")


def _remark(entry: OutboxEntry, language: Language) -> str:
    """Returns why a delivery waits, how often it was tried and when it is tried again."""
    tried = language.count("tried once", "tried {count} times", entry.attempts) if entry.attempts else ""
    following = language.say("again {moment}", moment=language.moment(entry.next_at)) if entry.next_at else ""
    return "; ".join(part for part in (entry.reason, tried, following) if part)

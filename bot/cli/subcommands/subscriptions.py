"""subscribe, subscriptions, unsubscribe, set: what chats ask for."""

import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from bot.cli._next_delivery import when_next
from bot.cli._options import ChatOption, Json, Now, OptionalChatOption
from bot.cli._queries import TERMINAL_LANGUAGE, reporting_query_errors, subscription_number
from bot.cli._session import look_up_new_chat, open_session
from bot.cli._streams import json_time, print_json, print_line, print_reply, printable
from bot.cli._tables import is_narrow, print_table
from bot.commands.phrasing.subscription_words import (
    Row,
    name_given,
    renamed,
    rows_of,
    state_of,
    subscribed,
    unsubscribed,
)
from bot.errors import WrongUsage
from bot.ports.reply import Reply
from bot.rendering.text.language import Language
from bot.rendering.text.queries import query_in_words
from bot.rendering.text.tex import readable
from bot.settings import Settings
from subscriptions.cutting import cut_at_word
from subscriptions.errors import Sentence
from subscriptions.model import Paper, Subscription
from subscriptions.planning.cadence import cadence_text
from subscriptions.planning.forecast import NextDelivery
from subscriptions.planning.times import split_when
from subscriptions.platforms import facts_of
from subscriptions.query import parse_query
from subscriptions.service.chats import allow
from subscriptions.service.operations import next_deliveries_of
from subscriptions.service.subscriptions import (
    Listed,
    Subscribed,
    SubscriptionRequest,
    get_chat,
    listed,
    numbers_among,
    numbers_in,
    numbers_missing,
    rename,
    subscription_of,
    unsubscribe_several,
)
from subscriptions.service.subscriptions import subscribe as add
from subscriptions.service.subscriptions import unsubscribe as remove
from subscriptions.states import ChatState
from subscriptions.zones import zone_of_place

_TABLE_WIDTH = 110  # columns below which a table of subscriptions would break its words
_OPENING = 80  # characters of an abstract in place of a title that is not known

QueryArgument = Annotated[
    str, typer.Argument(metavar="QUERY", help="Words, “phrases”, OR, -minus, field:value, parentheses, prefix*.")
]


def subscribe(
    query: QueryArgument,
    *,
    chat: ChatOption,
    every: Annotated[
        str | None,
        typer.Option(
            metavar="CADENCE",
            help="now, when-out, daily, weekdays or weekly, or other words: “every monday at 9 Berlin”; else as the chat does.",
        ),
    ] = None,
    on: Annotated[
        str | None, typer.Option(metavar="DAY", help="mon … sun: the day of a weekly one; Monday by default.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="HH:MM", help="The time; two with - between for when-out. 09:00 by default.")
    ] = None,
    tz: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            help="The zone of a new chat, else of this subscription only: Europe/Berlin, Berlin, +08:00.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="now, today, 7d or a moment: where it begins; else with the last day."),
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="What to call it in messages.")] = None,
    now: Now = None,
    json: Json = False,
) -> int:
    """Add a subscription to a chat, and the chat if it is new. The same query again changes its schedule."""
    named = tz and (zone_of_place(tz) or tz)
    wish = SubscriptionRequest(text=query, every=every, on=on, at=at, tz=named, since=since, name=name, added_by="")
    with open_session(now, make=True) as session, reporting_query_errors(query):
        address = session.address(chat)
        title, kind = look_up_new_chat(session, address)
        moment = session.now
        done = add(session.store, address, wish, now=moment, title=title, kind=kind)
        if done.chat.state is ChatState.ASKED:  # the command line asks nobody
            allow(session.store, done.chat.address, now=session.now)
    if json:
        print_json(_added(done))
        return 0
    print_reply(_echo(done, moment, says_year=(since or "").strip()[:4].isdigit()))
    if done.outcome == "added":
        print_line(f"  Undo: paperwire unsubscribe {done.subscription.number} --as {done.chat.address}")
    if since is not None and done.outcome != "added":
        print_line("  --since is for a new subscription; this one goes on where it stands.")
    for remark in _remarks(done, session.settings):
        print_line(f"  {remark}")
    return 0


def _added(done: "Subscribed") -> dict[str, object]:
    """What `subscribe --json` prints (docs/commands.md)."""
    zone = done.subscription.zone or done.chat.settings.timezone
    one = Listed(chat=done.chat, subscription=done.subscription, zone=zone)
    told = {"outcome": done.outcome, "since": json_time(done.starts), "found": done.found, "days": done.base.days}
    return {**_document(one), **told}


def _remarks(done: "Subscribed", settings: "Settings") -> Iterator[str]:
    """What else whoever subscribes a chat should know."""
    chat, wish = done.chat, done.subscription
    if said := split_when(wish.text).when:
        yield f"“{said}” is looked for as words; a time is given with --every, --on and --at."
    zone = chat.settings.timezone
    if wish.number == 1 and wish.cadence.kind != "now" and zone == settings.timezone and wish.zone is None:
        yield f"{zone} is PAPERWIRE_TIMEZONE; another for this chat: paperwire set timezone ZONE --as {chat.address}"
    if not settings.is_on(chat.address.platform):
        facts = facts_of(chat.address.platform)
        yield f"{facts.title} is off until {facts.token_variable} is set."


def _echo(done: "Subscribed", now: datetime, *, says_year: bool) -> Reply:

    voice = Language("en", done.subscription.zone or done.chat.settings.timezone)
    examples = [_example(known.paper) for known in done.examples]
    reading = query_in_words(done.query, voice.translate)
    return subscribed(done, voice, reading=reading, examples=examples, now=now, says_since=True, says_year=says_year)


def _example(paper: Paper) -> str:

    title = readable(paper.title) or f"“{cut_at_word(paper.abstract, _OPENING)}”"
    name = paper.arxiv_id or paper.doi
    return f"{title} ({name})" if name else title


def subscriptions(*, chat: OptionalChatOption = None, now: Now = None, json: Json = False) -> int:
    """List the subscriptions of one chat, or of all."""
    with open_session(now) as session:
        found = listed(session.store, None if chat is None else session.address(chat))
        coming = () if json else next_deliveries_of(session.store, found, now=session.now)
    if json:
        print_json([_document(one) for one in found])
    elif found:
        _show(_rows(found, coming, session.now))
    else:
        print_line("There are no subscriptions yet. paperwire subscribe QUERY --as console:me adds one.")
    return 0


def _document(one: "Listed") -> dict[str, object]:
    """One element of `subscriptions --json` (docs/commands.md)."""
    wish = one.subscription
    return {
        "number": wish.number,
        "chat": str(one.chat.address),
        "name": wish.name,
        "text": wish.text,
        "canonical": wish.canonical,
        "cadence": cadence_text(wish.cadence),
        "zone": one.zone,
        "state": state_of(one),
        "next_due_at": json_time(wish.next_due_at),
    }


def _rows(found: "tuple[Listed, ...]", coming: "tuple[NextDelivery, ...]", now: datetime) -> "list[Row]":

    voices = {zone: Language("en", zone) for zone in {one.zone for one in found}}
    rows = rows_of(
        found,
        lambda text: query_in_words(parse_query(text), voices[found[0].zone].translate),
        lambda one: voices[one.zone],
        now,
    )
    return [
        replace(row, next_due=when_next(expected, voices[one.zone], now) if state_of(one) == "active" else "")
        for row, one, expected in zip(rows, found, coming, strict=True)
    ]


def _show(rows: "list[Row]") -> None:
    """A table; on a narrow terminal each row in two lines below its chat."""
    if is_narrow(_TABLE_WIDTH):
        for chat, theirs in groupby(rows, key=lambda row: row.chat):
            print_line(chat)
            for row in theirs:
                print_line(f"{row.number:>4}  {row.reading}")
                print_line(
                    "      " + " · ".join(filter(None, (row.when, row.next_due and f"next {row.next_due}", row.state)))
                )
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("chat", no_wrap=True)
    table.add_column("no", justify="right", no_wrap=True)
    table.add_column("subscription", overflow="fold")
    table.add_column("when", no_wrap=True)
    table.add_column("next", no_wrap=True)
    table.add_column("state", style="yellow")
    for row in rows:
        cells = (row.chat, str(row.number), row.reading, row.when, row.next_due, row.state)
        table.add_row(*(Text(printable(cell)) for cell in cells))
    print_table(table)


def unsubscribe(
    which: Annotated[
        list[str],
        typer.Argument(metavar="N …", help="Numbers of `paperwire subscriptions` (1 3, 1-3), a query, or all."),
    ],
    *,
    chat: ChatOption,
    now: Now = None,
    json: Json = False,
) -> int:
    """Remove subscriptions. What was planned for them is still sent."""
    text = " ".join(which)
    said = numbers_in(text)
    with open_session(now) as session, reporting_query_errors(text):
        address = session.address(chat)
        there = numbers_among(said, {one.subscription.number for one in listed(session.store, address)})
        if there:
            gone = unsubscribe_several(session.store, address, there, now=session.now)
        else:
            gone = remove(session.store, address, text, now=session.now)
    if json:
        removed = [{"number": wish.number, "name": wish.name, "text": wish.text} for wish in gone]
        print_json({"chat": str(address), "removed": removed})
        return 0
    print_reply(unsubscribed(gone, TERMINAL_LANGUAGE, missing=numbers_missing(said, there) if there else ""))
    for wish in gone:
        print_line(f"  Undo: {_undo_command(wish, str(address))}")
    return 0


def _undo_command(wish: "Subscription", chat: str) -> str:
    """The subcommand that would bring a subscription back."""
    cadence = wish.cadence
    words = ["paperwire", "subscribe", "--as", chat, "--every", cadence.kind]
    if cadence.weekday is not None:
        words += ["--on", ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[cadence.weekday]]
    if cadence.at is not None:
        words += ["--at", f"{cadence.at:%H:%M}" + (f"-{cadence.until:%H:%M}" if cadence.until else "")]
    words += ["--tz", wish.zone] if wish.zone else []
    words += ["--name", wish.name] if wish.name else []
    return shlex.join([*words, "--", wish.text])


def name(
    number: Annotated[str, typer.Argument(metavar="N", help="A number of `paperwire subscriptions`.")],
    text: Annotated[list[str], typer.Argument(metavar="TEXT", help="What to call it in messages; - takes it away.")],
    *,
    chat: ChatOption,
    now: Now = None,
    json: Json = False,
) -> int:
    """Give a subscription a name, or take it away."""
    example = "paperwire name 4 Vision --as CHAT"
    which = subscription_number(number, example)
    if which is None:
        raise WrongUsage(
            Sentence("Say the number and the name."), Sentence("For example: {example}", {"example": example})
        )
    with open_session(now) as session:
        address = get_chat(session.store, session.address(chat)).address
        before = subscription_of(session.store, address, which)
        after = rename(session.store, address, before.number, name_given(" ".join(text)), now=session.now)
    changed = before.name != after.name
    if json:
        print_json({"chat": str(address), "number": after.number, "name": after.name, "changed": changed})
        return 0
    print_reply(renamed(before, after, TERMINAL_LANGUAGE))
    if changed:
        options = ["--as", str(address), "--"]  # a name may look like an option
        print_line(f"  Undo: {shlex.join(['paperwire', 'name', *options, str(after.number), before.name or '-'])}")
    return 0

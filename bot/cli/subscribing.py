"""subscribe, preview: the hints after subscribing, and of how many days a preview may be."""

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from json import loads
from typing import Annotated, NamedTuple

import typer

from bot.cli import arguments, output, tables
from bot.cli import session as sessions
from bot.cli.subscription_rows import when_next
from bot.commands import phrasing
from bot.errors import WrongUsage
from bot.platforms.known import look_of, medium_at
from bot.ports.channel import Reply
from bot.rendering.cleaning import readable
from bot.rendering.deliveries import render_delivery
from bot.rendering.terminal import flows
from bot.settings import Settings
from subscriptions.language import Language
from subscriptions.model import Chat, ChatAddress, Message, Paper
from subscriptions.planning.next_deliveries import NextDelivery
from subscriptions.planning.times import split_when
from subscriptions.query.parse import texts_asked
from subscriptions.service import access, chat_status, subscribing
from subscriptions.service.listing import Listed
from subscriptions.service.previews import Preview
from subscriptions.service.previews import preview as look
from subscriptions.service.subscribing import subscribe as add
from subscriptions.texts import cutting

_OPENING = 80  # characters of the abstract that are shown for a paper without a title

QueryArgument = Annotated[
    str, typer.Argument(metavar="QUERY", help="Words, “phrases”, OR, -minus, field:value, parentheses, prefix*.")
]


def subscribe(
    query: QueryArgument,
    *,
    chat: arguments.ChatOption,
    when: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="now, when-out, daily 9, “mondays at 9 Berlin, no surveys”; by default the chat's schedule.",
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="The name of the subscription in messages.")] = None,
    now: arguments.Now = None,
) -> int:
    """Add a subscription to a chat, and the chat if it is new. The same query again changes its schedule."""
    with sessions.open_session(now, make=True) as session, arguments.reporting_query_errors(query):
        address = session.address(chat)
        title, kind = sessions.look_up_new_chat(session, address)
        moment = session.now
        session.encode(texts_asked(query))
        result = add(session.store, address, query, when=when, name=name, now=moment, title=title, kind=kind)
        access.serve(session.store, result.chat.address, now=session.now)  # an operator here needs no approval
    remarks = [f"  {remark}" for remark in _remarks(result, session.settings)]
    output.print_reply(_echo(result, moment), *remarks)
    return 0


def _remarks(result: subscribing.Subscribed, settings: Settings) -> Iterator[str]:
    """Yields hints for the person who subscribed a chat."""
    chat, subscription = result.chat, result.subscription
    if result.outcome == "added":
        yield f'Undo: paperwire say "unsub {subscription.number}" --as {chat.address}'
        yield from sessions.remarks_on_question(chat)
    if typed := split_when(subscription.text).when:
        yield f"“{typed}” is looked for as words; a time is given with --when."
    zone = chat.settings.timezone
    if (
        subscription.number == 1
        and subscription.cadence.kind != "now"
        and zone == settings.timezone
        and subscription.zone is None
    ):
        yield f'{zone} is PAPERWIRE_TIMEZONE; another for this chat: paperwire say "set timezone ZONE" --as {chat.address}'
    yield from sessions.remarks_on_platform(chat, settings)


def _echo(result: subscribing.Subscribed, now: datetime) -> Reply:
    language = Language("en", result.subscription.zone or result.chat.settings.timezone)
    examples = [_example(known.paper) for known in result.examples]
    return phrasing.subscribed(result, language, examples=examples, now=now)


def _example(paper: Paper) -> str:
    title = readable(paper.title) or f"“{cutting.cut_at_word(paper.abstract, _OPENING)}”"
    name = paper.arxiv_id or paper.doi
    return f"{title} ({name})" if name else title


_MOST_DAYS = 3650
_HELD = {"paused": "paused", "asked": "waits to be let in", "moved": "moved"}
_RULE = 72  # columns of the frame around a message


def preview(
    query: Annotated[
        str | None, typer.Argument(metavar="[QUERY]", help="A query to use instead of the chat's subscriptions.")
    ] = None,
    *,
    chat: arguments.ChatOption,
    days: Annotated[
        int | None,
        typer.Option("--days", metavar="N", help="Look this many days back; by default to the last delivery."),
    ] = None,
    now: arguments.Now = None,
    json: arguments.Json = False,
) -> int:
    """Show what would be sent, as the chat's platform would get it, without sending or marking anything."""
    if days is not None and not 1 <= days <= _MOST_DAYS:
        raise WrongUsage(f"--days is a number from 1 to {_MOST_DAYS}.")
    with sessions.open_session(now) as session, arguments.reporting_query_errors(query or ""):
        address = session.address(chat)
        session.encode(texts_asked(query or ""))
        found = look(session.store, address, now=session.now, text=query, days=days)
        waits = _waits(found, chat_status.next_deliveries_of(session.store, found.not_due, now=session.now))
        about = chat_status.status(session.store, address, now=session.now)
        titles, moment = session.settings.source_titles, session.now
        medium = medium_at(address, session.settings)
    render = partial(render_delivery, medium=medium, titles=titles)
    due, later = (render(entry) if entry else () for entry in (found.delivery, found.later))
    document = _preview_document(about, found, waits, (*due, *later))
    return output.tell(document, lambda: _say(found, about, due, _not_due(waits, about.chat, moment), later), json=json)


def _say(
    found: Preview,
    about: chat_status.Status,
    due: Sequence[Message],
    not_due: Sequence[str],
    later: Sequence[Message],
) -> None:
    """Prints how many deliveries were planned before, the messages that are due, and the messages that are not due yet."""
    address = about.chat.address
    if about.outbox.waiting:
        output.print_line(f"Planned before and sent first: {about.outbox.waiting}, see `paperwire outbox`.")
    if found.not_due:
        output.print_line("Due now:" if due else "Nothing is due now.")
    for message in due:
        _show_message(address, message)
    for line in not_due:
        output.print_line(line)
    for message in later:
        _show_message(address, message)
    if not due and not later:
        output.print_line(f"Nothing: none of the {found.known:,} papers looked at is for {address}.")


class _Waits(NamedTuple):
    """A subscription that has papers and is not due."""

    listed: Listed
    papers: Sequence[Paper]
    next_delivery: NextDelivery

    @property
    def held(self) -> str:
        """The state of the chat or the subscription that holds its papers; "" if nothing does."""
        state = phrasing.state_of(self.listed)
        return "" if state == "active" else state


def _waits(found: Preview, next_deliveries: Sequence[NextDelivery]) -> list[_Waits]:
    items = found.later.items if found.later else ()
    return [
        _Waits(
            one,
            [item.paper.paper for item in items if one.subscription.number in [of.number for of in item.because]],
            then,
        )
        for one, then in zip(found.not_due, next_deliveries, strict=True)
    ]


def _not_due(waits: Sequence[_Waits], chat: Chat, now: datetime) -> list[str]:
    """Returns a line for each subscription that has papers but is not due, with the time when it will be due."""
    language = Language("en", chat.settings.timezone)
    lines = ["Not due yet:"] if waits else []
    for one in waits:
        subscription, count = one.listed.subscription, output.counted(len(one.papers), "paper")
        when = _HELD.get(one.held, "") or when_next(one.next_delivery, language, now)
        lines.append(f"  {subscription.number}  {phrasing.shortened(subscription.label)} · {count} · {when}")
    return lines


def _preview_document(
    about: chat_status.Status, found: Preview, waits: Sequence[_Waits], messages: tuple[Message, ...]
) -> dict[str, object]:
    """Returns what `preview --json` prints. Its `payload` is what would be sent to the platform."""
    due = found.delivery.items if found.delivery else ()
    items = (*due, *(found.later.items if found.later else ()))
    keys = {item.paper.id: item.paper.paper.key for item in items}
    kind = found.delivery or found.later
    return {
        "chat": str(about.chat.address),
        "kind": kind.kind.value if kind else None,
        "known": found.known,
        "papers": [keys[item.paper.id] for item in items],
        "due": [keys[item.paper.id] for item in due],
        "not_due": [_waiting_document(one) for one in waits],
        "planned_before": about.outbox.waiting,
        "messages": [
            {
                "number": message.number,
                "papers": [keys[paper] for paper in message.papers if paper in keys],
                "payload": loads(message.payload),
            }
            for message in messages
        ],
    }


def _waiting_document(one: _Waits) -> dict[str, object]:
    """Returns a subscription that is not due, for `--json`.

    `at` is null while the subscription is held, or if the time is unknown.
    """
    at = None if one.held else one.next_delivery.at or one.next_delivery.latest
    return {
        "number": one.listed.subscription.number,
        "at": at,
        "held": one.held or None,
        "papers": [paper.key for paper in one.papers],
    }


def _show_message(chat: ChatAddress, message: Message) -> None:
    """Prints a message as its platform would show it. On a terminal, titles are links; elsewhere, links are written out."""
    output.print_line(f"{f'── {chat}, message {message.number} ':─<{_RULE}}")
    look = look_of(chat.platform)
    if look is None:
        output.print_line(loads(message.payload)["text"].rstrip())
    else:
        display = look.display(message.payload)
        for flow in (flow for block in display.blocks for flow in flows(block, written=not sys.stdout.isatty())):
            tables.print_table(flow)
        for row in display.keys:
            output.print_line(" ".join(f"[{key.text}]" for key in row))
    output.print_line("─" * _RULE)

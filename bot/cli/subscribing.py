"""subscribe, subscriptions, preview: what chats ask for, and what they would get."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from json import loads
from typing import Annotated

import typer

from bot.cli import arguments, output
from bot.cli import session as sessions
from bot.commands import phrasing
from bot.platforms.known import look_of, medium_at
from bot.ports.channel import Reply
from bot.rendering.cleaning import readable
from bot.rendering.deliveries import render_delivery
from bot.rendering.terminal import flows
from bot.settings import Settings
from subscriptions.language import Language
from subscriptions.model import ChatAddress, Message, Paper
from subscriptions.planning.next_deliveries import NextDelivery
from subscriptions.planning.times import split_when
from subscriptions.query.parse import texts_asked
from subscriptions.service import access, chat_status, previews
from subscriptions.service import subscribing as service
from subscriptions.service.listing import Listed, get_set_up, listed
from subscriptions.texts import cutting, escaped

_OPENING = 80  # characters of the abstract that are shown for a paper without a title
_MOST_DAYS = 3650  # that a preview looks back
_FRAME = 72  # columns of the lines above and below a message


def subscribe(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="Words, “phrases”, OR, -minus, field:value, parentheses, prefix*.")
    ],
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
        done = service.subscribe(
            session.store, address, query, when=when, name=name, now=moment, title=title, kind=kind
        )
        access.serve(session.store, done.chat.address, now=session.now)  # an operator here needs no approval
    output.print_reply(_echo(done, moment), *_remarks(done, session.settings))
    return 0


def _echo(done: service.Subscribed, now: datetime) -> Reply:
    language = Language("en", done.subscription.zone or done.chat.settings.timezone)
    examples = [_example(known.paper) for known in done.examples]
    return phrasing.subscribed(done, language, examples=examples, now=now)


def _example(paper: Paper) -> str:
    title = readable(paper.title) or f"“{cutting.cut_at_word(paper.abstract, _OPENING)}”"
    name = paper.arxiv_id or paper.doi
    return f"{title} ({name})" if name else title


def _remarks(done: service.Subscribed, settings: Settings) -> Iterator[str]:
    """Yields hints for the person who subscribed a chat."""
    chat, subscription = done.chat, done.subscription
    if done.outcome == "added":
        yield f'Undo: paperwire say "unsub {subscription.number}" --as {chat.address}'
    if typed := split_when(subscription.text).when:
        yield f"“{typed}” is looked for as words; a time is given with --when."
    zone = chat.settings.timezone
    uses_zone = subscription.cadence.kind != "now" and subscription.zone is None
    if subscription.number == 1 and uses_zone and zone == settings.timezone:
        yield f'{zone} is PAPERWIRE_TIMEZONE; another for this chat: paperwire say "set timezone ZONE" --as {chat.address}'
    yield from sessions.remarks_on_new(chat, settings)


# ── the list ──────────────────────────────────────────────────────────────────


def subscriptions(
    *, chat: arguments.OptionalChatOption = None, now: arguments.Now = None, json: arguments.Json = False
) -> int:
    """List the subscriptions of one chat, or of all."""
    with sessions.open_session(now) as session:
        of = None if chat is None else get_set_up(session.store, session.address(chat)).address
        entries = listed(session.store, of)
        following = () if json else chat_status.next_deliveries_of(session.store, entries, now=session.now)
        moment = session.now
    documents = [subscription_document(entry) for entry in entries]
    return output.tell(documents, lambda: _show_list(entries, following, moment), json=json)


def subscription_document(entry: Listed) -> dict[str, object]:
    """Returns one element of `subscriptions --json` (docs/commands.md)."""
    subscription = entry.subscription
    return {
        "number": subscription.number,
        "chat": str(entry.chat.address),
        "name": subscription.name,
        "text": subscription.text,
        "canonical": subscription.canonical,
        "cadence": str(subscription.cadence),
        "zone": entry.zone,
        "state": phrasing.state_of(entry),
        "next_due_at": subscription.next_due_at,
    }


def _show_list(entries: Sequence[Listed], following: Sequence[NextDelivery], now: datetime) -> None:
    if not entries:
        output.print_line("There are no subscriptions yet. paperwire subscribe QUERY --as console:me adds one.")
        return
    rows = []
    for entry, then in zip(entries, following, strict=True):
        language = Language("en", entry.zone)
        row = phrasing.subscription_row(entry, language, now)
        due = when_next(then, language, now) if phrasing.state_of(entry) == "active" else ""
        rows.append((row.chat, str(row.number), row.reading, row.when, due, row.state))
    output.print_rows(("chat", "no", "subscription", "when", "next", "state"), rows, right="no")


def when_next(expected: NextDelivery, language: Language, now: datetime) -> str:
    """Returns the time of a subscription's next delivery in words."""
    if expected.at is None:
        latest = expected.latest
        return f"{language.moment(latest, now=now)} at the latest" if latest else "when papers come"
    if expected.at <= now:
        return "when papers are out" if expected.opens else "in a moment"
    moment = language.moment(expected.at, about=expected.about and not expected.opens, now=now)
    if expected.opens:
        moment = f"from {moment} on"
    return f"{moment} ({phrasing.held_back(expected, language)})" if expected.is_held else moment


# ── the preview ───────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A subscription that has papers and is not due."""

    listed: Listed
    papers: Sequence[str]  # their keys
    then: NextDelivery

    def document(self) -> dict[str, object]:
        """Returns an element of "not_due". `at` is null while something holds it, or if the time is unknown."""
        state = phrasing.state_of(self.listed)
        held = None if state == "active" else state
        at = None if held else self.then.at or self.then.latest
        return {"number": self.listed.subscription.number, "at": at, "held": held, "papers": self.papers}

    def line(self, language: Language, now: datetime) -> str:
        """Returns a line for people, with the time when it will be due, or what holds it."""
        subscription, count = self.listed.subscription, output.counted(len(self.papers), "paper")
        when = phrasing.subscription_row(self.listed, language, now).state or when_next(self.then, language, now)
        return f"  {subscription.number}  {phrasing.shortened(subscription.label)} · {count} · {when}"


def preview(
    query: Annotated[
        str | None, typer.Argument(metavar="[QUERY]", help="A query to use instead of the chat's subscriptions.")
    ] = None,
    *,
    chat: arguments.ChatOption,
    days: Annotated[
        int | None,
        typer.Option(
            "--days",
            metavar="N",
            min=1,
            max=_MOST_DAYS,
            help="Look this many days back; by default to the last delivery.",
        ),
    ] = None,
    now: arguments.Now = None,
    json: arguments.Json = False,
) -> int:
    """Show what would be sent, as the chat's platform would get it, without sending or marking anything."""
    with sessions.open_session(now) as session, arguments.reporting_query_errors(query or ""):
        address, moment = session.address(chat), session.now
        session.encode(texts_asked(query or ""))
        found = previews.preview(session.store, address, now=moment, text=query, days=days)
        following = chat_status.next_deliveries_of(session.store, found.not_due, now=moment)
        about = chat_status.status(session.store, address, now=moment)
        titles, medium = session.settings.source_titles, medium_at(address, session.settings)
    due, later = (
        render_delivery(entry, medium=medium, titles=titles) if entry else () for entry in (found.delivery, found.later)
    )
    waiting = [
        _Waiting(listed=one, papers=_papers_of(one, found), then=then)
        for one, then in zip(found.not_due, following, strict=True)
    ]

    def show() -> None:
        language = Language("en", about.chat.settings.timezone)
        if about.outbox.waiting:
            output.print_line(f"Planned before and sent first: {about.outbox.waiting}, see `paperwire outbox`.")
        if waiting:
            output.print_line("Due now:" if due else "Nothing is due now.")
        for message in due:
            _show_message(about.chat.address, message)
        if waiting:
            output.print_line("Not due yet:", *(one.line(language, moment) for one in waiting))
        for message in later:
            _show_message(about.chat.address, message)
        if not due and not later:
            output.print_line(f"Nothing: none of the {found.known:,} papers looked at is for {about.chat.address}.")

    return output.tell(_preview_document(about, found, waiting, (*due, *later)), show, json=json)


def _papers_of(one: Listed, found: previews.Preview) -> list[str]:
    """Returns the keys of the papers that a subscription would bring later."""
    items = found.later.items if found.later else ()
    number = one.subscription.number
    return [item.paper.paper.key for item in items if number in [reason.number for reason in item.because]]


def _preview_document(
    about: chat_status.Status, found: previews.Preview, waiting: Sequence[_Waiting], messages: Sequence[Message]
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
        "not_due": [one.document() for one in waiting],
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


def _show_message(chat: ChatAddress, message: Message) -> None:
    """Prints a message as its platform would show it. On a terminal, titles are links; elsewhere, links are written out."""
    output.print_line(f"{f'── {escaped(str(chat))}, message {message.number} ':─<{_FRAME}}")
    look = look_of(chat.platform)
    if look is None:
        output.print_line(loads(message.payload)["text"].rstrip())
    else:
        display = look.display(message.payload)
        for block in display.blocks:
            for flow in flows(block, written=not sys.stdout.isatty()):
                output.print_drawn(flow)
        for row in display.keys:
            output.print_line(" ".join(f"[{key.text}]" for key in row))
    output.print_line("─" * _FRAME)

"""subscribe, subscriptions, settings, export, import, library: what chats ask for; preview: what they would get."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from json import loads
from typing import Annotated

import typer
from rich.text import Text

from bot import conversation_moved as conversations
from bot.channel import Reply
from bot.cli import TERMINAL_LANGUAGE, ChatOption, Json, Now, OptionalChatOption, drawing
from bot.cli.output import print_line, tell
from bot.cli.session import look_up_new_chat, one_time, open_session, remarks_on_new
from bot.commands import phrasing
from bot.commands.export import library_lines
from bot.connections import medium_of
from bot.digests.files import read_file
from bot.digests.library import read_library
from bot.rendering.cleaning import readable
from bot.rendering.deliveries import render_delivery
from bot.rendering.terminal import flows
from bot.settings import Settings
from subscriptions.chats import addresses
from subscriptions.chats import known as known_chats
from subscriptions.chats import settings as chat_settings
from subscriptions.chats.addresses import facts_of
from subscriptions.chats.known import Listed, get_set_up
from subscriptions.errors import MeaningFails
from subscriptions.errors_moved import WrongUsage
from subscriptions.language import Language
from subscriptions.model import ChatAddress, Item, Message
from subscriptions.papers.stored.feedback import put_library, titles_to_ask
from subscriptions.plan import previews
from subscriptions.query.parse import texts_asked
from subscriptions.schedule.times import split_when, typed_query
from subscriptions.sources.forecast import NextDelivery
from subscriptions.subscribing import access, import_export
from subscriptions.subscribing import export_format as portable
from subscriptions.subscribing import subscribe as subscribing
from subscriptions.text import cutting
from subscriptions.text.escaping import escaped

_OPENING = 80  # characters of the abstract that are shown for a paper without a title
_CHANGES = {"+": "green", "~": "yellow", "=": "dim"}  # colours of what an import changes
_MOST_DAYS = 3650  # that a preview looks back
_FRAME = 72  # columns of the lines above and below a message


def subscribe(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="Words, “phrases”, OR, -minus, field:value, parentheses, prefix*.")
    ],
    *,
    chat: ChatOption,
    when: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="now, when-out, daily 9, “mondays at 9 Berlin, no surveys”; by default the chat's schedule.",
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="The name of the subscription in messages.")] = None,
    now: Now = None,
) -> int:
    """Add a subscription to a chat, and the chat if it is new. The same query again changes its schedule."""
    with open_session(now, make=True) as session, drawing.reporting_query_errors(query):
        ending = typed_query(query)
        query, when = ending.query, one_time(ending, when)
        address = session.address(chat)
        title, kind = look_up_new_chat(session, address)
        moment = session.now
        session.encode(texts_asked(query))
        done = subscribing.subscribe(
            session.store, address, query, when=when, name=name, now=moment, title=title, kind=kind
        )
        access.serve(session.store, done.chat.address, now=session.now)  # an operator here needs no approval
    language = Language("en", done.subscription.zone or done.chat.settings.timezone)
    examples = []
    for paper in (one.paper for one in done.examples):
        title = readable(paper.title) or f"“{cutting.cut_at_word(paper.abstract, _OPENING)}”"
        name = paper.arxiv_id or paper.doi
        examples.append(f"{title} ({name})" if name else title)
    echo = phrasing.subscribed(done, language, examples=examples, now=moment)
    drawing.print_reply(echo, *_remarks(done, session.settings))
    return 0


def _remarks(done: subscribing.Subscribed, settings: Settings) -> Iterator[str]:
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
    yield from remarks_on_new(chat, settings)


def subscriptions(*, chat: OptionalChatOption = None, now: Now = None, json: Json = False) -> int:
    """List the subscriptions of one chat, or of all."""
    with open_session(now) as session:
        of = None if chat is None else get_set_up(session.store, session.address(chat)).address
        entries = known_chats.listed(session.store, of)
        following = () if json else known_chats.next_deliveries_of(session.store, entries, now=session.now)
        moment = session.now
    documents = [
        {
            "number": one.subscription.number,
            "chat": str(one.chat.address),
            "name": one.subscription.name,
            "text": one.subscription.text,
            "canonical": one.subscription.canonical,
            "cadence": str(one.subscription.cadence),
            "zone": one.zone,
            "state": phrasing.state_of(one),
            "next_due_at": one.subscription.next_due_at,
        }
        for one in entries
    ]
    return tell(documents, lambda: show_list(entries, following, moment), json=json)


def show_list(entries: Sequence[Listed], following: Sequence[NextDelivery], now: datetime) -> None:
    """Prints subscriptions as a table. `following`: the next delivery of each."""
    if not entries:
        print_line("There are no subscriptions yet. paperwire subscribe QUERY --as console:me adds one.")
        return
    rows = []
    for entry, then in zip(entries, following, strict=True):
        language = Language("en", entry.zone)
        row = phrasing.subscription_row(entry, language, now)
        due = _when_next(then, language, now) if phrasing.state_of(entry) == "active" else ""
        rows.append((row.chat, str(row.number), row.reading, row.when, due, row.state))
    drawing.print_rows(("chat", "no", "subscription", "when", "next", "state"), rows, right="no")


def _when_next(expected: NextDelivery, language: Language, now: datetime) -> str:
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


def settings(*, chat: ChatOption, json: Json = False) -> int:
    """Show all settings of a chat, and which of them it chose."""
    with open_session() as session:
        of = get_set_up(session.store, session.address(chat))
    values = {name: of.settings.value(name) for name in chat_settings.SETTINGS}  # as `set` accepts them
    document = {
        "chat": str(of.address),
        "title": of.title,
        "kind": of.kind.value,
        "state": of.state.value,
        "paused_until": of.paused_until,
        "settings": values,
        "chosen": [name for name in values if name in of.chosen],
    }

    def show() -> None:
        head = (str(of.address), escaped(of.title), of.kind.value, of.state.value)
        print_line(" · ".join(filter(None, head)))
        rows = ((name, value, "chosen" if name in of.chosen else "") for name, value in values.items())
        drawing.print_rows(("setting", "value", ""), rows)

    return tell(document, show, json=json)


def export(
    *,
    chat: OptionalChatOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All chats, with their settings.")] = False,
) -> int:
    """Write subscriptions as text to stdout; `import` reads it back."""
    if (chat is None) is not everything:
        raise WrongUsage("An export is of one chat or of all.", "Write paperwire export --as CHAT, or --all.")
    with open_session(words=False) as session:
        if chat is None:
            sys.stdout.writelines(import_export.export_all(session.store))
        else:
            of = get_set_up(session.store, session.address(chat))
            sys.stdout.write(import_export.export(session.store, of.address))
    return 0


def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file that `export` wrote, or - for standard input.")],
    *,
    chat: OptionalChatOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the changes.")] = False,
    now: Now = None,
) -> int:
    """Add what is new in FILE, change what differs, and show the changes. Nothing is removed."""
    try:
        text = portable.text_of(read_file(file))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise WrongUsage(f"{file}, line {line}: this is not UTF-8 text.", "Save it as UTF-8.") from None
    read = portable.read_lines(text, None if chat is None else addresses.parse_address(chat))
    with open_session(now, make=True, dry=dry_run) as session:
        chats = {address: session.resolve(address) for address in dict.fromkeys(line.chat for line in read)}
        lines = tuple(replace(line, chat=chats[line.chat]) for line in read)
        session.encode(import_export.texts_asked(lines))
        bar = partial(drawing.watched, what="Importing")
        changes = import_export.import_lines(session.store, lines, now=session.now, dry=dry_run, watched=bar)
        if not dry_run:
            access.ask_unasked(session.store, {line.chat for line in lines}, now=session.now)
    for sign, where, what in changes:
        drawing.print_drawn(Text.assemble((sign, _CHANGES[sign]), f" {escaped(where)}  {escaped(what)}".rstrip()))
    counts = Counter(sign for sign, _, _ in changes)
    done = f"✓ {counts['+']} added, {counts['~']} changed, {counts['=']} there already."
    print_line("Nothing was changed: this was a dry run." if dry_run else done)
    return 0


def library(
    file: Annotated[str, typer.Argument(metavar="FILE", help="BibTeX, RIS or CSL JSON, or - for standard input.")],
    *,
    chat: ChatOption,
    now: Now = None,
) -> int:
    """Store a chat's own library. It replaces the one before."""
    data = read_file(file)
    if len(data) > conversations.LARGEST:
        raise conversations.file_too_large(conversations.LARGEST)
    read = read_library(data)
    with open_session(now) as session:
        of = known_chats.get_chat(session.store, session.address(chat))
        with suppress(MeaningFails):  # then the vectors are made later
            session.encode(titles_to_ask(read))
        put_library(session.store, of.id, read, now=session.now)
        lines = library_lines(read, TERMINAL_LANGUAGE, orders=session.encoder is not None)
    drawing.print_reply(Reply(lines, ok=True))
    return 0


def preview(
    query: Annotated[
        str | None, typer.Argument(metavar="[QUERY]", help="A query to use instead of the chat's subscriptions.")
    ] = None,
    *,
    chat: ChatOption,
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
    now: Now = None,
    json: Json = False,
) -> int:
    """Show what would be sent, as the chat's platform would get it, without sending or marking anything."""
    with open_session(now) as session, drawing.reporting_query_errors(query or ""):
        address, moment = session.address(chat), session.now
        query = None if query is None else typed_query(query, searches=True).query
        session.encode(texts_asked(query or ""))
        found = previews.preview(session.store, address, now=moment, text=query, days=days)
        following = known_chats.next_deliveries_of(session.store, found.not_due, now=moment)
        about = known_chats.status(session.store, address, now=moment)
        titles, medium = session.settings.source_titles, medium_of(address.platform)
        if facts_of(address.platform).formats_differ and session.settings.is_on(address.platform):
            medium = session.platform(address.platform).medium_at(address)
    due, later = (
        render_delivery(entry, medium=medium, titles=titles) if entry else () for entry in (found.delivery, found.later)
    )

    def show() -> None:
        if about.outbox.waiting:
            print_line(f"Planned before and sent first: {about.outbox.waiting}, see `paperwire outbox`.")
        if found.not_due:
            print_line("Due now:" if due else "Nothing is due now.")
        for message in due:
            _show_message(about.chat.address, message)
        if found.not_due:
            print_line("Not due yet:")
            show_list(found.not_due, following, moment)
        for message in later:
            _show_message(about.chat.address, message)
        if not due and not later:
            print_line(f"Nothing: none of the {found.known:,} papers looked at is for {about.chat.address}.")

    return tell(_preview_document(about, found, following, (*due, *later)), show, json=json)


def _preview_document(
    about: known_chats.Status, found: previews.Preview, following: Sequence[NextDelivery], messages: Sequence[Message]
) -> dict[str, object]:
    """Returns what `preview --json` prints. Its `payload` is what would be sent to the platform."""
    due = found.delivery.items if found.delivery else ()
    later = found.later.items if found.later else ()
    keys = {item.paper.id: item.paper.paper.key for item in (*due, *later)}
    kind = found.delivery or found.later
    return {
        "chat": str(about.chat.address),
        "kind": kind.kind.value if kind else None,
        "known": found.known,
        "papers": [keys[item.paper.id] for item in (*due, *later)],
        "due": [keys[item.paper.id] for item in due],
        "not_due": [_waiting_document(one, then, later) for one, then in zip(found.not_due, following, strict=True)],
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


def _waiting_document(one: Listed, then: NextDelivery, later: Sequence[Item]) -> dict[str, object]:
    """Returns a subscription that has papers and is not due.

    `at` is null while something holds it, or if it is unknown.
    """
    state, number = phrasing.state_of(one), one.subscription.number
    held = None if state == "active" else state
    papers = [item.paper.paper.key for item in later if number in [reason.number for reason in item.because]]
    return {"number": number, "at": None if held else then.at or then.latest, "held": held, "papers": papers}


def _show_message(chat: ChatAddress, message: Message) -> None:
    """Prints a message as its platform would show it.

    On a terminal, titles are links; elsewhere, links are written out.
    """
    print_line(f"{f'── {escaped(str(chat))}, message {message.number} ':─<{_FRAME}}")
    display = medium_of(chat.platform).display(loads(message.payload))
    for block in display.blocks:
        for flow in flows(block, written=not sys.stdout.isatty()):
            drawing.print_drawn(flow)
    for row in display.keys:
        print_line(" ".join(f"[{label}]" for label, _ in row))
    print_line("─" * _FRAME)

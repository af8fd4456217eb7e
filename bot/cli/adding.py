"""subscribe, import: store what chats ask for."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Annotated

import typer
from rich.text import Text

from bot.cli import arguments, drawing, output
from bot.cli import session as sessions
from bot.commands import phrasing
from bot.digests.files import read_file
from bot.errors import WrongUsage
from bot.rendering.cleaning import readable
from bot.settings import Settings
from subscriptions import addresses, portable
from subscriptions.language import Language
from subscriptions.model import Paper
from subscriptions.planning.times import split_when
from subscriptions.query.parse import texts_asked
from subscriptions.service import access, import_export, subscribing
from subscriptions.texts import cutting, escaped

_OPENING = 80  # characters of the abstract that are shown for a paper without a title
_CHANGES = {"+": "green", "~": "yellow", "=": "dim"}  # colours of what an import changes


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
    with sessions.open_session(now, make=True) as session, drawing.reporting_query_errors(query):
        address = session.address(chat)
        title, kind = sessions.look_up_new_chat(session, address)
        moment = session.now
        session.encode(texts_asked(query))
        done = subscribing.subscribe(
            session.store, address, query, when=when, name=name, now=moment, title=title, kind=kind
        )
        access.serve(session.store, done.chat.address, now=session.now)  # an operator here needs no approval
    language = Language("en", done.subscription.zone or done.chat.settings.timezone)
    echo = phrasing.subscribed(done, language, examples=[_example(one.paper) for one in done.examples], now=moment)
    drawing.print_reply(echo, *_remarks(done, session.settings))
    return 0


def _example(paper: Paper) -> str:
    title = readable(paper.title) or f"“{cutting.cut_at_word(paper.abstract, _OPENING)}”"
    name = paper.arxiv_id or paper.doi
    return f"{title} ({name})" if name else title


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
    yield from sessions.remarks_on_new(chat, settings)


def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file that `export` wrote, or - for standard input.")],
    *,
    chat: arguments.OptionalChatOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the changes.")] = False,
    now: arguments.Now = None,
) -> int:
    """Add what is new in FILE, change what differs, and show the changes. Nothing is removed."""
    lines = portable.read_lines(_text_of(file), None if chat is None else addresses.parse_address(chat))
    with sessions.open_session(now, make=True, dry=dry_run) as session:
        chats = {address: session.resolve(address) for address in dict.fromkeys(line.chat for line in lines)}
        lines = tuple(replace(line, chat=chats[line.chat]) for line in lines)
        session.encode(import_export.texts_asked(lines))
        bar = partial(drawing.watched, what="Importing")
        changes = import_export.import_lines(session.store, lines, now=session.now, dry=dry_run, watched=bar)
        if not dry_run:
            access.ask_unasked(session.store, {line.chat for line in lines}, now=session.now)
    for sign, where, line in changes:
        drawing.print_drawn(Text.assemble((sign, _CHANGES[sign]), f" {escaped(where)}  {escaped(line)}".rstrip()))
    counts = Counter(sign for sign, _, _ in changes)
    done = f"✓ {counts['+']} added, {counts['~']} changed, {counts['=']} there already."
    output.print_line("Nothing was changed: this was a dry run." if dry_run else done)
    return 0


def _text_of(file: str) -> str:
    try:
        return portable.text_of(read_file(file))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise WrongUsage(f"{file}, line {line}: this is not UTF-8 text.", "Save it as UTF-8.") from None

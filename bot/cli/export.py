"""Export and import subscriptions; store the library of a chat."""

import sys
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Annotated

import typer
from rich.text import Text

from bot import messages
from bot.cli import TERMINAL_LANGUAGE, ChatOption, Now, OptionalChatOption, drawing
from bot.cli.output import print_line
from bot.cli.session import address_of, encode, open_session, resolve
from bot.commands.export import library_lines
from bot.digests.files import read_file
from bot.digests.library import read_library
from bot.messages import Reply
from subscriptions.chats import addresses
from subscriptions.chats import known as known_chats
from subscriptions.chats.known import get_set_up
from subscriptions.errors import EmbeddingError, WrongUsage
from subscriptions.papers.stored.feedback import put_library, titles_to_ask
from subscriptions.subscribing import access, import_export
from subscriptions.subscribing import export_format as portable
from subscriptions.text.escaping import escaped

_CHANGES = {"+": "green", "~": "yellow", "=": "dim"}  # colours of what an import changes


def export(
    *,
    chat: OptionalChatOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All chats, with their settings.")] = False,
) -> int:
    """Write subscriptions as text to stdout; `import` reads it back."""
    if (chat is None) is not everything:
        raise WrongUsage("An export is of one chat or of all.", "Write paperwire export --as CHAT, or --all.")
    with open_session(words=False) as app:
        if chat is None:
            sys.stdout.writelines(import_export.export_all(app.store))
        else:
            of = app.store.read_now(get_set_up, address_of(app, chat))
            sys.stdout.write(app.store.read_now(import_export.export, of.address))
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
    with open_session(now, make=True, dry=dry_run) as app:
        chats = {address: resolve(app, address) for address in dict.fromkeys(line.chat for line in read)}
        lines = tuple(replace(line, chat=chats[line.chat]) for line in read)
        encode(app, import_export.texts_asked(lines))
        bar = partial(drawing.watched, what="Importing")
        changes = app.store.write_now(import_export.import_lines, lines, now=app.clock.now(), dry=dry_run, watched=bar)
        if not dry_run:
            app.store.write_now(access.ask_unasked, {line.chat for line in lines}, now=app.clock.now())
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
    if len(data) > messages.LARGEST:
        raise messages.file_too_large(messages.LARGEST)
    read = read_library(data)
    with open_session(now) as app:
        of = app.store.read_now(known_chats.get_chat, address_of(app, chat))
        with suppress(EmbeddingError):  # then the vectors are made later
            encode(app, titles_to_ask(read))
        app.store.write_now(put_library, of.id, read, now=app.clock.now())
        lines = library_lines(read, TERMINAL_LANGUAGE, orders=app.encoder is not None)
    drawing.print_reply(Reply(lines, ok=True))
    return 0

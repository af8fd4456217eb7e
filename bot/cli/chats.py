"""say, settings, export, import: what a person in a chat would type, and what a chat has."""

import asyncio
import sys
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Annotated

import typer
from rich.text import Text

from bot.app import build_app
from bot.cli import arguments, output
from bot.cli import session as sessions
from bot.cli.session import Session
from bot.commands.intent import REGISTRY
from bot.conversation.handler import answer
from bot.conversation.said import Said, typed_in
from bot.digests.files import read_file
from bot.errors import WrongUsage
from bot.ports import conversation as conversations
from subscriptions import addresses, chat_settings, portable
from subscriptions.model import Chat, ChatKind
from subscriptions.service import conversation_state, listing
from subscriptions.service.access import ask_unasked
from subscriptions.service.exporting import export as exported
from subscriptions.service.exporting import export_all
from subscriptions.service.importing import import_lines, texts_asked
from subscriptions.texts import escaped

_FIRST = ("sub", "allow")  # the commands with which a person begins, before there is a chat
_CHANGES = {"+": "green", "~": "yellow", "=": "dim"}  # colours of what an import changes


def settings(*, chat: arguments.ChatOption, json: arguments.Json = False) -> int:
    """Show all settings of a chat, and which of them it chose."""
    with sessions.open_session() as session:
        of = listing.get_set_up(session.store, session.address(chat))
    document = {
        "chat": str(of.address),
        "title": of.title,
        "kind": of.kind.value,
        "state": of.state.value,
        "paused_until": of.paused_until,
        "settings": {name: of.settings.value(name) for name in chat_settings.SETTINGS},  # as `set` accepts them
        "chosen": [name for name in chat_settings.SETTINGS if name in of.chosen],
    }
    return output.tell(document, lambda: _show_settings(of), json=json)


def _show_settings(chat: Chat) -> None:
    head = (str(chat.address), escaped(chat.title), chat.kind.value, chat.state.value)
    output.print_line(" · ".join(filter(None, head)))
    names = chat_settings.SETTINGS
    rows = ((name, chat.settings.value(name), "chosen" if name in chat.chosen else "") for name in names)
    output.print_rows(("setting", "value", ""), rows)


def say(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A command, with or without its slash, or a sentence.")],
    *,
    chat: arguments.ChatOption,
    now: arguments.Now = None,
    json: arguments.Json = False,
) -> int:
    """Act as if a person in the chat had typed TEXT, and print the reply. Nothing is sent to the chat."""
    typed = conversations.typed_command(text.strip())
    command = REGISTRY.command_named(typed.name if typed else text.strip().partition(" ")[0].casefold())
    may_be_first = command is not None and command.name in _FIRST
    with sessions.open_session(now, make=may_be_first) as session:
        address = session.address(chat)
        if (typed or command) and not may_be_first:
            listing.get_set_up(session.store, address)  # raises NotFound; a sentence is possible in a new chat, too
        title, kind = sessions.look_up_new_chat(session, address)
        kind = kind or listing.kind_of(address)
        before = conversation_state.known_or_new(session.store, address, kind, title=title)
        said = asyncio.run(_reply_to(_by_operator(text, before), session))
        after = conversation_state.known_or_new(session.store, before.address, kind)
    lines = [said.text()]
    if said.reply.ok and after.subscriptions_ever_made > before.subscriptions_ever_made:
        lines += sessions.remarks_on_new(after, session.settings)
    shown = "\n".join(filter(None, lines))
    rows = ("  ".join(f"[{label}]" for label in row) for row in said.labels())
    output.tell(said.document(address, shown), lambda: output.print_line(shown, *rows), json=json)
    if said.reply.file and not json:
        output.print_line(f"{said.reply.file.name}:")
        sys.stdout.write(said.reply.file.text)
    return 1 if said.is_refused else 0


async def _reply_to(request: conversations.MessageRequest, session: Session) -> Said:
    app = build_app(session.settings, clock=session.clock, out=sys.stderr)
    try:
        # the platforms that are on belong to what a command can do, but none of them is asked
        conversation = replace(app.deps.conversation, is_terminal=True, platform_apis={})
        return Said.of(await answer(replace(app.deps, conversation=conversation), request))
    finally:
        await app.close()


def _by_operator(text: str, chat: Chat) -> conversations.MessageRequest:
    """Returns the request for a text that an operator types in a chat."""
    sender = chat.address.address if chat.kind is ChatKind.PRIVATE else ""
    return replace(typed_in(chat, text), sender=sender, sender_is_admin=True, is_operator=True)


# ── export and import ─────────────────────────────────────────────────────────


def export(
    *,
    chat: arguments.OptionalChatOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All chats, with their settings.")] = False,
) -> int:
    """Write subscriptions as text to stdout; `import` reads it back."""
    if (chat is None) is not everything:
        raise WrongUsage("An export is of one chat or of all.", "Write paperwire export --as CHAT, or --all.")
    with sessions.open_session() as session:
        if chat is None:
            sys.stdout.writelines(export_all(session.store))
        else:
            of = listing.get_set_up(session.store, session.address(chat))
            sys.stdout.write(exported(session.store, of.address))
    return 0


def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file that `export` wrote, or - for standard input.")],
    *,
    chat: arguments.OptionalChatOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the changes.")] = False,
    now: arguments.Now = None,
) -> int:
    """Add what is new in FILE, change what differs, and show the changes. Nothing is removed."""
    said = output.watched(portable.numbered(_text_of(file)), "Reading")
    lines = portable.read_numbered(said, None if chat is None else addresses.parse_address(chat))
    with sessions.open_session(now, make=True, dry=dry_run) as session:
        chats = {address: session.resolve(address) for address in dict.fromkeys(line.chat for line in lines)}
        lines = tuple(replace(line, chat=chats[line.chat]) for line in lines)
        session.encode(texts_asked(lines))
        importing = partial(output.watched, what="Importing")
        changes = import_lines(session.store, lines, now=session.now, dry=dry_run, watched=importing)
        if not dry_run:
            ask_unasked(session.store, {line.chat for line in lines}, now=session.now)
    for sign, where, line in changes:
        output.print_drawn(Text.assemble((sign, _CHANGES[sign]), f" {escaped(where)}  {escaped(line)}".rstrip()))
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

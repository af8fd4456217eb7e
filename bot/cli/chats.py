"""The subcommands about one chat: settings, set, say, link (also as a button or badge for a web page), export, import."""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

import typer
from rich.text import Text

from bot.app import build_app
from bot.cli import arguments, output, tables
from bot.cli import session as sessions
from bot.cli.session import Session
from bot.commands.context import Command
from bot.commands.intent import REGISTRY
from bot.conversation.handler import answer
from bot.conversation.said import Said, typed_in
from bot.errors import WrongUsage
from bot.ports import conversation as conversations
from subscriptions import addresses, chat_settings, portable
from subscriptions.model import Chat, ChatAddress, ChatKind
from subscriptions.service import conversation_state, listing
from subscriptions.service.access import ask_unasked
from subscriptions.service.exporting import export as exported
from subscriptions.service.exporting import export_all
from subscriptions.service.importing import import_lines, texts_asked
from subscriptions.texts import escaped


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
        "settings": {
            name: of.settings.value(name) for name in chat_settings.SETTINGS
        },  # in the form that `set` accepts
        "chosen": [name for name in chat_settings.SETTINGS if name in of.chosen],
    }
    return output.tell(document, lambda: _show_settings(of), json=json)


def _show_settings(chat: Chat) -> None:
    output.print_line(" · ".join(filter(None, (str(chat.address), chat.title, chat.kind.value, chat.state.value))))
    rows = (
        (name, chat.settings.value(name), "chosen" if name in chat.chosen else "") for name in chat_settings.SETTINGS
    )
    tables.print_rows(("setting", "value", ""), rows)


def say(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A command, with or without its slash, or a sentence.")],
    *,
    chat: arguments.ChatOption,
    now: arguments.Now = None,
    json: arguments.Json = False,
) -> int:
    """Act as if a person in the chat had typed TEXT, and print the reply. Nothing is sent to the chat."""
    with sessions.open_session(now, make=_may_be_first(text)) as session:
        address = session.address(chat)
        before = _known_chat(text, address, session)
        shown, remarks = asyncio.run(_reply_to(_addressed(text, before), before, session))
    reply, said = shown.reply, "\n".join(filter(None, (shown.text(), *remarks)))
    rows = ("  ".join(f"[{label}]" for label in row) for row in shown.labels())
    output.tell(shown.document(address, said), lambda: output.print_line(said, *rows), json=json)
    if reply.file and not json:
        output.print_line(f"{reply.file.name}:")
        sys.stdout.write(reply.file.text)
    return 1 if shown.is_refused else 0


async def _reply_to(
    request: conversations.MessageRequest, before: Chat, session: Session
) -> tuple[Said, tuple[str, ...]]:
    """Returns the reply to a request in a chat, which was `before`; if the chat has a new subscription, with remarks."""
    app = build_app(session.settings, clock=session.clock, out=sys.stderr)
    try:
        # the platforms that are on belong to what a command can do, but none of them is asked
        conversation = replace(app.deps.conversation, is_terminal=True, platform_apis={})
        said = Said.of(await answer(replace(app.deps, conversation=conversation), request))
    finally:
        await app.close()
    return said, _remarks(session, request.chat, before.subscriptions_ever_made) if said.reply.ok else ()


def _remarks(session: Session, address: ChatAddress, before: int) -> tuple[str, ...]:
    """Returns remarks on a chat that had made `before` subscriptions, if it has a new one."""
    chat = conversation_state.known_or_new(session.store, address, listing.kind_of(address))
    if chat.subscriptions_ever_made == before:
        return ()
    return *sessions.remarks_on_question(chat), *sessions.remarks_on_platform(chat, session.settings)


def _command_in(text: str) -> tuple[conversations.TypedCommand | None, Command | None]:
    """Returns the command that a text begins with its slash, and the command that it means, with or without one."""
    typed = conversations.typed_command(text.strip())
    first, _, _ = text.strip().partition(" ")
    return typed, REGISTRY.command_named(typed.name if typed else first.casefold())


def _may_be_first(text: str) -> bool:
    """Returns whether a text is a command with which a person begins: it subscribes, or lets chats in, before there is a chat."""
    _, found = _command_in(text)
    return found is not None and found.name in {"sub", "allow"}


def _known_chat(text: str, address: ChatAddress, session: Session) -> Chat:
    """Returns the chat in which a text is typed. Raises NotFound for other commands than /sub and /allow in an unknown chat."""
    typed, found = _command_in(text)
    is_command = typed is not None or found is not None
    if is_command and not _may_be_first(text):  # a sentence, /sub and /allow are possible in a new chat
        return listing.get_set_up(session.store, address)
    title, kind = sessions.look_up_new_chat(session, address)
    return conversation_state.known_or_new(session.store, address, kind or listing.kind_of(address), title=title)


def _addressed(text: str, chat: Chat) -> conversations.MessageRequest:
    """Returns the request for a text that an operator types in a chat."""
    return replace(
        typed_in(chat, text),
        sender=chat.address.address if chat.kind is ChatKind.PRIVATE else "",
        sender_is_admin=True,
        is_operator=True,
    )


_CHANGES = {"+": "green", "~": "yellow", "=": "dim"}
_PRINTED = 1000  # lines that are printed to a terminal at once


def export(
    *,
    chat: arguments.OptionalChatOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All chats, with their settings.")] = False,
) -> int:
    """Write subscriptions as text to stdout; `import` reads it back."""
    if (chat is None) is not everything:
        raise WrongUsage(
            "An export is of one chat or of all.",
            "Write paperwire export --as CHAT, or --all.",
        )
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
    said = tables.watched(portable.numbered(_text_of(file)), "Reading")
    lines = portable.read_numbered(said, None if chat is None else addresses.parse_address(chat))
    with sessions.open_session(now, make=True, dry=dry_run) as session:
        chats = {address: session.resolve(address) for address in dict.fromkeys(line.chat for line in lines)}
        if any(address != chat for address, chat in chats.items()):
            lines = tuple(replace(line, chat=chats[line.chat]) for line in lines)
        session.encode(texts_asked(lines))
        importing = partial(tables.watched, what="Importing")
        changes = import_lines(session.store, lines, now=session.now, dry=dry_run, watched=importing)
        if not dry_run:
            ask_unasked(session.store, {line.chat for line in lines}, now=session.now)
    counts = Counter(sign for sign, _, _ in changes)
    done = f"✓ {counts['+']} added, {counts['~']} changed, {counts['=']} there already."
    _show_changes(changes, "Nothing was changed: this was a dry run." if dry_run else done)
    return 0


def _text_of(file: str) -> str:
    try:
        return portable.text_of(arguments.content(file))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise WrongUsage(
            f"{file}, line {line}: this is not UTF-8 text.",
            "Save it as UTF-8.",
        ) from None


def _show_changes(changes: Sequence[tuple[str, str, str]], last: str) -> None:
    """Prints each change, which is (kind, chat, line), and then the line `last`."""
    if not changes:
        output.print_line("There is no line to import.")
    if not sys.stdout.isatty():
        sys.stdout.writelines(f"{escaped(f'{sign} {chat}  {line}').rstrip()}\n" for sign, chat, line in changes)
    else:
        for start in range(0, len(changes), _PRINTED):
            lines = [
                Text.assemble((sign, _CHANGES[sign]), f" {escaped(chat)}  {escaped(line)}\n")
                for sign, chat, line in changes[start : start + _PRINTED]
            ]
            tables.print_table(Text("").join(lines)[:-1])
    output.print_line(last)

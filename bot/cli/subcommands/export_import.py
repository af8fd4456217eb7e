"""export and import: write and read subscriptions as text that people can read, edit and move elsewhere."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

import typer
from rich.text import Text

from bot.cli._documents import content
from bot.cli._options import Json, Now, OptionalChatOption
from bot.cli._session import open_dry_run, open_session
from bot.cli._streams import print_json, print_line, printable
from bot.cli._tables import print_table, watched
from bot.errors import WrongUsage
from subscriptions.addresses import parse_address
from subscriptions.errors import Sentence
from subscriptions.portable import numbered, read_numbered, text_of
from subscriptions.service.subscriptions import ImportPlan, export_all, import_lines, import_plan
from subscriptions.service.subscriptions import export as exported

_COLOURS = {"+": "green", "~": "yellow", "=": "dim"}
_PRINTED = 1000  # lines that are laid out for a terminal at once
_COUNTED = {"+": "added", "~": "changed", "=": "known"}


def export(
    *,
    chat: OptionalChatOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All chats, with their settings.")] = False,
) -> int:
    """Write subscriptions as text to stdout; `import` reads it back."""
    if (chat is None) is not everything:
        raise WrongUsage(
            Sentence("An export is of one chat or of all."), Sentence("Write paperwire export --as CHAT, or --all.")
        )
    with open_session() as session:
        texts = export_all(session.store) if chat is None else (exported(session.store, session.address(chat)),)
        sys.stdout.writelines(texts)
    return 0


def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="What `export` wrote, or - for standard input.")],
    *,
    chat: OptionalChatOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the difference.")] = False,
    now: Now = None,
    json: Json = False,
) -> int:
    """Add what is new and change what differs, and show it; --dry-run only shows. Nothing is removed."""
    said = watched(numbered(_text_of(file)), "Reading")
    lines = read_numbered(said, None if chat is None else parse_address(chat))
    with open_dry_run(now) if dry_run else open_session(now, make=True) as session:
        chats = {address: session.resolve(address) for address in dict.fromkeys(line.chat for line in lines)}
        if any(address != chat for address, chat in chats.items()):
            lines = tuple(replace(line, chat=chats[line.chat]) for line in lines)
        take = import_plan if dry_run else import_lines
        plan = take(session.store, lines, now=session.now, watched=partial(watched, what="Importing"))
    if not json:
        _show(plan.changes)
    signs = Counter(sign for sign, _, _ in plan.changes)
    counts = {word: signs[sign] for sign, word in _COUNTED.items()}
    if json:
        print_json(_document(plan, counts, dry_run=dry_run))
    elif dry_run:
        print_line("Nothing was changed: this was a dry run.")
    else:
        print_line("✓ {added} added, {changed} changed, {known} there already.".format_map(counts))
    return 0


def _document(plan: ImportPlan, counts: dict[str, int], *, dry_run: bool) -> dict[str, object]:
    """Returns what `import --json` prints (docs/commands.md)."""
    lines = [{"change": _COUNTED[sign], "chat": chat, "line": line} for sign, chat, line in plan.changes]
    return {**counts, "dry_run": dry_run, "lines": lines}


def _text_of(file: str) -> str:
    try:
        return text_of(content(file))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise WrongUsage(
            Sentence("{file}, line {line}: this is not UTF-8 text.", {"file": file, "line": line}),
            Sentence("Save it as UTF-8."),
        ) from None


def _show(changes: Sequence[tuple[str, str, str]]) -> None:
    if not changes:
        print_line("There is no line to import.")
    if not sys.stdout.isatty():
        sys.stdout.writelines(f"{printable(f'{sign} {chat}  {line}').rstrip()}\n" for sign, chat, line in changes)
        return
    for start in range(0, len(changes), _PRINTED):
        lines = [
            Text.assemble((sign, _COLOURS[sign]), f" {printable(chat)}  {printable(line)}\n")
            for sign, chat, line in changes[start : start + _PRINTED]
        ]
        print_table(Text("").join(lines)[:-1])

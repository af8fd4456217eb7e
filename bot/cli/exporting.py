"""export and import: subscriptions as text that a person can read, edit and bring elsewhere."""

# ruff: noqa: PLC0415 - a subcommand imports what it needs when it runs, so that all start quickly

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli._options import AsOrAll, Now
from bot.cli._streams import complain, printable, say
from bot.errors import WrongUsage
from subscriptions import Refused, Sentence

if TYPE_CHECKING:
    from bot.cli._session import Session

_CHAT_LINE = re.compile(r"^\[(telegram:@[^\]\s]+|slack:[^\]\s]+)\]\s*$", re.MULTILINE)
_COLOURS = {"+": "green", "~": "yellow", "=": "dim"}


def export(
    *,
    chat: AsOrAll = None,
    everything: Annotated[bool, typer.Option("--all", help="All chats, with their settings.")] = False,
) -> int:
    """Write subscriptions as text to stdout; `import` reads it back."""
    from bot.cli._session import opened
    from subscriptions import export as exported

    if (chat is None) is not everything:
        raise WrongUsage(
            Sentence("An export is of one chat or of all."), Sentence("Write paperwire export --as CHAT, or --all.")
        )
    with opened() as session:
        sys.stdout.write(exported(session.store, None if chat is None else session.address(chat)))
    return 0


def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="What `export` wrote, or - for standard input.")],
    *,
    chat: AsOrAll = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the difference.")] = False,
    now: Now = None,
) -> int:
    """Add what is new and change what differs, all or nothing; the difference is shown first. Nothing is removed."""
    from bot.cli._session import imagined, opened
    from subscriptions import import_plan, import_text

    text = _text_of(file)
    with imagined(now) if dry_run else opened(now, make=True) as session:
        address = None if chat is None else session.address(chat)
        text = _with_addresses(session, text)
        moment = session.now
        try:
            _show(import_plan(session.store, text, address, now=moment).changes)
        except Refused as error:  # the line of a file is no misuse of the command line
            complain(str(error))
            return 1
        if dry_run:
            say("Nothing was changed: this was a dry run.")
            return 0
        done = import_text(session.store, text, address, now=moment).changes
    counts = {sign: sum(change[0] == sign for change in done) for sign in _COLOURS}
    say("✓ {+} added, {~} changed, {=} there already.".format_map(counts))
    return 0


def _text_of(file: str) -> str:
    from bot.cli._paths import content

    try:
        return content(file).decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise WrongUsage(
            Sentence("{file}, line {line}: this is not UTF-8 text.", {"file": file, "line": line}),
            Sentence("Save it as UTF-8."),
        ) from None


def _with_addresses(session: "Session", text: str) -> str:
    """The text, with the chats of its lines [CHAT] by the addresses that the store knows them by."""
    return _CHAT_LINE.sub(lambda line: f"[{session.address(line[1])}]", text)


def _show(changes: Sequence[tuple[str, str, str]]) -> None:
    from rich.text import Text

    from bot.cli._streams import print_table

    lines = [
        Text.assemble((sign, _COLOURS[sign]), f" {printable(chat)}  {printable(line)}\n")
        for sign, chat, line in changes
    ]
    if lines:
        print_table(Text("").join(lines)[:-1])
    else:
        say("There is no line to import.")

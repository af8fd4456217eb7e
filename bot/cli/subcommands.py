"""The list of subcommands, and the group that loads the one that is called."""

import os
import signal
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from bot.platforms import SUBCOMMANDS as PLATFORM_SUBCOMMANDS

_LOOK = "Look, without an account or a database"
_MOVE = "Papers in, messages out"
_ASK = "What chats ask for"
_KEEP = "Keep it well"


@dataclass(frozen=True, slots=True)
class Subcommand:
    """One entry of the list. Its module is imported when it is called: all of them take three quarters of a second."""

    panel: str  # heading in the overview
    name: str
    place: str  # "module:function" or "module:app"
    summary: str  # the first sentence of its help; a test compares them
    example: str
    leading_dash: bool = False  # an argument may begin with "-", as a query may
    sigterm_ends_loading: bool = False  # SIGTERM ends the process with 0 while its module is imported


EXAMPLE = "For example: `{}`"

SUBCOMMANDS = (
    Subcommand(
        _LOOK,
        "demo",
        "bot.cli.reading:demo",
        "Send sample digests through the real pipeline to example chats: no account, no network",
        "paperwire demo --out gallery",
    ),
    Subcommand(
        _LOOK,
        "inspect",
        "bot.cli.reading:inspect",
        "Recognise and parse digests without storing anything",
        "paperwire inspect inbox --papers",
    ),
    Subcommand(
        _LOOK,
        "match",
        "bot.cli.reading:match",
        "Find the papers of digests that a query fits, and say why",
        'paperwire match "diffusion -survey" inbox',
        leading_dash=True,
    ),
    Subcommand(
        _LOOK,
        "explain",
        "bot.cli.reading:explain",
        "Say what a query means in words, its canonical text, and what was guessed",
        'paperwire explain "author:\\"J. Doe\\" cat:cs.CV"',
        leading_dash=True,
    ),
    Subcommand(
        _MOVE,
        "ingest",
        "bot.cli.ingesting:ingest",
        "Store the papers of digests; each file by itself, whole or not at all",
        "paperwire ingest inbox --source daily --date 2026-01-22",
    ),
    Subcommand(
        _MOVE,
        "deliver",
        "bot.cli.sending:deliver",
        "Plan what is due at this moment and send it; ends when all that may go now has gone",
        "paperwire deliver --now 2026-01-22T09:00Z",
        sigterm_ends_loading=True,
    ),
    Subcommand(
        _MOVE,
        "run",
        "bot.cli.running:run",
        "Run everything until SIGTERM: sources, schedule, platforms, web",
        "paperwire run --once",
        sigterm_ends_loading=True,
    ),
    Subcommand(
        _MOVE,
        "outbox",
        "bot.cli.sending:app",
        "What waits to be sent and why; dead letters",
        "paperwire outbox --state dead",
    ),
    Subcommand(
        _MOVE,
        "sources",
        "bot.cli.ingesting:app",
        "Where digests come from; what happened there last",
        "paperwire sources --json",
    ),
    Subcommand(
        _ASK,
        "subscribe",
        "bot.cli.subscribing:subscribe",
        "Add a subscription to a chat, and the chat if it is new",
        'paperwire subscribe "diffusion -survey" --as console:me --every daily --at 9',
        leading_dash=True,
    ),
    Subcommand(
        _ASK,
        "subscriptions",
        "bot.cli.subscribing:subscriptions",
        "List the subscriptions of one chat, or of all",
        "paperwire subscriptions --as console:me",
    ),
    Subcommand(
        _ASK,
        "unsubscribe",
        "bot.cli.subscribing:unsubscribe",
        "Remove subscriptions",
        "paperwire unsubscribe 1 --as console:me",
        leading_dash=True,
    ),
    Subcommand(
        _ASK,
        "say",
        "bot.cli.chats:say",
        "Do what a person in a chat would type, and print the reply",
        'paperwire say "/why 2601.11522" --as console:me',
        leading_dash=True,
    ),
    Subcommand(
        _ASK,
        "set",
        "bot.cli.chats:set_",
        "Set one of a chat's settings",
        "paperwire set lang zh --as console:me",
        leading_dash=True,
    ),
    Subcommand(
        _ASK,
        "settings",
        "bot.cli.chats:settings",
        "Show all settings of a chat, and which of them it chose",
        "paperwire settings --as console:me",
    ),
    Subcommand(
        _ASK,
        "preview",
        "bot.cli.subscribing:preview",
        "Show what would be sent, as its platform would get it, without sending or marking anything",
        "paperwire preview --as console:me --days 3",
        leading_dash=True,
    ),
    Subcommand(
        _ASK,
        "link",
        "bot.cli.chats:link",
        "Make a link that offers a subscription to whoever opens it, with a button and a badge for your page",
        'paperwire link "diffusion -survey daily 9" --svg badge.svg',
        leading_dash=True,
    ),
    Subcommand(
        _ASK,
        "export",
        "bot.cli.chats:export",
        "Write subscriptions as text to stdout; `import` reads it back",
        "paperwire export --all > all.txt",
    ),
    Subcommand(
        _ASK,
        "import",
        "bot.cli.chats:import_",
        "Add what is new and change what differs, and show it; --dry-run only shows",
        "paperwire import all.txt --dry-run",
    ),
    Subcommand(
        _ASK,
        "library",
        "bot.cli.chats:library",
        "Store a chat's own library, in place of the one before",
        "paperwire library zotero.bib --as console:me",
    ),
    Subcommand(
        _KEEP,
        "check",
        "bot.cli.state:check",
        "Look at settings, database, copies, templates, tokens, scopes, clock and proxy; say how to mend what is wrong",
        "paperwire check --offline",
    ),
    Subcommand(
        _KEEP,
        "status",
        "bot.cli.state:status",
        "Say whether paperwire runs and all is well, with each problem, and what waits",
        "paperwire status --json",
    ),
    Subcommand(
        _KEEP,
        "workers",
        "bot.cli.state:workers",
        "Say who works with the database, what each has in hand, and how far planning and sending are behind",
        "paperwire workers",
    ),
    Subcommand(
        _KEEP,
        "backup",
        "bot.cli.database:backup",
        "Write a consistent copy of the database while others work with it",
        "paperwire backup copy.db",
    ),
    Subcommand(
        _KEEP,
        "restore",
        "bot.cli.database:restore",
        "Put a copy in the place of the database, which is kept",
        "paperwire restore copy.db --lost-at 2026-01-22T09:00Z",
    ),
    *(
        Subcommand(_KEEP, one.name, one.place, one.summary, dict(one.examples)[one.name])
        for one in PLATFORM_SUBCOMMANDS
    ),
    Subcommand(
        _KEEP, "db", "bot.cli.database:database", "The database: its schema and its size", "paperwire db current"
    ),
)
BY_NAME = {one.name: one for one in SUBCOMMANDS}


class TopGroup(TyperGroup):
    """All subcommands, as the overview shows them. The one that is called is loaded."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - Typer's own arguments
        super().__init__(**attributes)
        self.commands = {
            one.name: TyperCommand(one.name, help=f"{one.summary}.", rich_help_panel=one.panel) for one in SUBCOMMANDS
        }

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:  # noqa: ANN401 - of click, which Typer contains
        """See click."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, load(found.name) if found and found.name else found, rest


def load(name: str) -> TyperCommand | TyperGroup:
    """Imports the module of a subcommand and returns Typer's command."""
    subcommand = BY_NAME[name]
    if subcommand.sigterm_ends_loading:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # no work has begun, so there is nothing to finish
    module, _, attribute = subcommand.place.partition(":")
    defined = getattr(import_module(module), attribute)
    parent = typer.Typer(add_completion=False, rich_markup_mode="markdown")
    if isinstance(defined, typer.Typer):
        parent.add_typer(defined, name=name, epilog=EXAMPLE.format(subcommand.example))
    else:
        settings = {"ignore_unknown_options": True} if subcommand.leading_dash else {}
        parent.command(name, epilog=EXAMPLE.format(subcommand.example), context_settings=settings)(defined)
    parent.callback()(lambda: None)
    return cast("TyperGroup", typer.main.get_command(parent)).commands[name]  # type: ignore[return-value]

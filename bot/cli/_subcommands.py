"""The list of subcommands. The module of each is imported when that subcommand is looked up.

Importing all of them takes three quarters of a second (`python -X importtime`), mostly for the store and the platforms. So
the list contains what the first help page shows, and `_Loader` imports one module of `bot.cli.subcommands`.
"""

import gc
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

import typer
from typer.core import TyperGroup

from bot.channels.subcommands import SUBCOMMANDS as PLATFORM_SUBCOMMANDS
from bot.cli._help import Panels, SubcommandGroup, SubcommandWithHelp
from bot.cli._options import ALLOW_LEADING_DASH

_LOOK = "Look, without an account or a database"
_MOVE = "Papers in, messages out"
_ASK = "What chats ask for"
_KEEP = "Keep it well"


@dataclass(frozen=True, slots=True)
class Subcommand:
    """One entry of the list."""

    panel: str  # heading on the first help page
    name: str
    place: str  # "module:function" or "module:app"; the module is a full name, or one below bot.cli.subcommands
    summary: str  # the first sentence of its help; a test compares them
    leading_dash: bool = False  # an argument may begin with "-", as a query may
    sigterm_ends_loading: bool = False  # SIGTERM ends the process with 0 while its module is imported


SUBCOMMANDS = (
    Subcommand(
        _LOOK,
        "demo",
        "demo:demo",
        "Send sample digests through the real pipeline to example chats: no account, no network",
    ),
    Subcommand(_LOOK, "inspect", "inspect:inspect", "Recognise and parse digests without storing anything"),
    Subcommand(
        _LOOK, "match", "match:match", "Find the papers of digests that a query fits, and say why", leading_dash=True
    ),
    Subcommand(
        _LOOK,
        "explain",
        "explain:explain",
        "Say what a query means in words, its canonical text, and what was guessed",
        leading_dash=True,
    ),
    Subcommand(
        _MOVE, "ingest", "ingest:ingest", "Store the papers of digests; each file by itself, whole or not at all"
    ),
    Subcommand(
        _MOVE,
        "deliver",
        "deliver:deliver",
        "Plan what is due at this moment and send it; ends when all that may go now has gone",
        sigterm_ends_loading=True,
    ),
    Subcommand(
        _MOVE,
        "run",
        "run:run",
        "Run everything until SIGTERM: sources, schedule, platforms, web",
        sigterm_ends_loading=True,
    ),
    Subcommand(
        _ASK,
        "subscribe",
        "subscriptions:subscribe",
        "Add a subscription to a chat, and the chat if it is new",
        leading_dash=True,
    ),
    Subcommand(_ASK, "subscriptions", "subscriptions:subscriptions", "List the subscriptions of one chat, or of all"),
    Subcommand(_ASK, "unsubscribe", "subscriptions:unsubscribe", "Remove subscriptions", leading_dash=True),
    Subcommand(_ASK, "say", "say:say", "Do what a person in a chat would type, and print the reply", leading_dash=True),
    Subcommand(_ASK, "set", "chats:set_", "Set one of a chat's settings", leading_dash=True),
    Subcommand(_ASK, "settings", "chats:settings", "Show all settings of a chat, and which of them it chose"),
    Subcommand(
        _ASK,
        "preview",
        "preview:preview",
        "Show what would be sent, as its platform would get it, without sending or marking anything",
        leading_dash=True,
    ),
    Subcommand(
        _ASK,
        "link",
        "link:link",
        "Make a link that offers a subscription to whoever opens it, with a button and a badge for your page",
        leading_dash=True,
    ),
    Subcommand(_ASK, "export", "export_import:export", "Write subscriptions as text to stdout; `import` reads it back"),
    Subcommand(
        _ASK,
        "import",
        "export_import:import_",
        "Add what is new and change what differs, and show it; --dry-run only shows",
    ),
    Subcommand(
        _KEEP,
        "check",
        "check:check",
        "Look at settings, database, copies, templates, tokens, scopes, clock and proxy; say how to mend what is wrong",
    ),
    Subcommand(
        _KEEP,
        "status",
        "status:status",
        "Say whether paperwire runs and all is well, with each problem, and what waits",
    ),
    Subcommand(
        _KEEP,
        "workers",
        "workers:workers",
        "Say who works with the database, what each has in hand, and how far planning and sending are behind",
    ),
    Subcommand(_KEEP, "backup", "database:backup", "Write a consistent copy of the database while others work with it"),
    Subcommand(_KEEP, "restore", "database:restore", "Put a copy in the place of the database, which is kept"),
    Subcommand(_MOVE, "outbox", "outbox:app", "What waits to be sent and why; dead letters"),
    Subcommand(_MOVE, "sources", "sources:app", "Where digests come from; what happened there last"),
    *(Subcommand(_KEEP, one.name, one.place, one.summary) for one in PLATFORM_SUBCOMMANDS),
    Subcommand(_KEEP, "db", "database:database", "The database: its schema and its size"),
)


class TopGroup(SubcommandGroup):
    """All subcommands. A subcommand is imported when it is looked up."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - Typer's own arguments
        super().__init__(**attributes)
        self.commands = cast("dict[str, Any]", _Loader())

    def panels(self) -> Panels:
        """The subcommands by panel, without importing any."""
        panels: Panels = {}
        for panel in dict.fromkeys(subcommand.panel for subcommand in SUBCOMMANDS):
            panels[panel] = [(one.name, one.summary) for one in SUBCOMMANDS if one.panel == panel]
        return panels


class _Loader(Mapping[str, object]):
    """Name → Typer's command. Reading an entry imports its module; listing the names imports nothing."""

    def __iter__(self) -> Iterator[str]:
        return (subcommand.name for subcommand in SUBCOMMANDS)

    def __len__(self) -> int:
        return len(SUBCOMMANDS)

    def __contains__(self, name: object) -> bool:
        return any(subcommand.name == name for subcommand in SUBCOMMANDS)

    def __getitem__(self, name: str) -> object:
        subcommand = next((subcommand for subcommand in SUBCOMMANDS if subcommand.name == name), None)
        if subcommand is None:
            raise KeyError(name)
        return _load(subcommand)


@contextmanager
def _without_collections() -> Iterator[None]:
    """Keeps Python from looking for garbage among what is imported, of which nearly all stays: a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _load(subcommand: Subcommand) -> object:
    """Returns Typer's command, made of what its module defines."""
    if subcommand.sigterm_ends_loading:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # no work has begun, so there is nothing to finish
    module, _, attribute = subcommand.place.partition(":")
    with _without_collections():
        defined = getattr(
            import_module(module if module.startswith("bot.") else f"bot.cli.subcommands.{module}"), attribute
        )
    parent = typer.Typer(add_completion=False, rich_markup_mode=None)
    parent.callback()(lambda: None)
    if isinstance(defined, typer.Typer):
        for command in defined.registered_commands:
            command.cls = SubcommandWithHelp
        parent.add_typer(defined, name=subcommand.name, cls=SubcommandGroup)
    else:
        settings: dict[str, Any] = ALLOW_LEADING_DASH if subcommand.leading_dash else {}
        parent.command(subcommand.name, context_settings=settings, cls=SubcommandWithHelp)(defined)
    return cast("TyperGroup", typer.main.get_command(parent)).commands[subcommand.name]

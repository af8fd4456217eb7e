"""The command line: which subcommands and aliases there are, exit statuses, and what is proposed for a mistyped one.

Each subcommand reads its arguments, calls the program and prints the result. This module imports the module of a
subcommand only when that is called. It turns every error into a sentence and an exit status.
"""

import gc
import os
import re
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from itertools import takewhile
from traceback import format_exception
from typing import Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from bot import release
from bot.cli import output
from bot.cli.given_clock import GIVEN, MakeClock
from bot.errors import WrongUsage
from subscriptions.errors import PaperwireError, disk_full, is_disk_full
from subscriptions.texts import escaped

EXAMPLE = "For example: `{}`"

# the headings of the overview
LOOK = "Look, without an account or a database"
MOVE = "Papers in, messages out"
ASK = "What chats ask for"
KEEP = "Keep it well"


@dataclass(frozen=True, slots=True)
class Subcommand:
    """A subcommand. Its module is imported only when it is called, because importing the modules of all takes 0.75 s."""

    panel: str  # heading in the overview
    name: str
    place: str  # "module:function" or "module:app"
    summary: str  # the first sentence of its help; a test compares the two
    example: str
    leading_dash: bool = False  # an argument may begin with "-", as in the query "-survey diffusion"
    may_end_loading: bool = False  # SIGTERM and SIGHUP end the process with status 0 while its module is imported


SUBCOMMANDS = (
    Subcommand(
        LOOK,
        "demo",
        "bot.cli.reading:demo",
        "Send sample digests through the real pipeline to example chats: no account, no network",
        "paperwire demo --out gallery",
    ),
    Subcommand(
        LOOK,
        "inspect",
        "bot.cli.reading:inspect",
        "Recognise and parse digests without storing anything",
        "paperwire inspect inbox --papers",
    ),
    Subcommand(
        LOOK,
        "match",
        "bot.cli.matching:match",
        "Find the papers of digests that a query matches, and say why",
        'paperwire match "diffusion -survey" inbox',
        leading_dash=True,
    ),
    Subcommand(
        LOOK,
        "explain",
        "bot.cli.reading:explain",
        "Explain a query: its meaning in words, its canonical text, and what was guessed",
        'paperwire explain "author:\\"J. Doe\\" cat:cs.CV"',
        leading_dash=True,
    ),
    Subcommand(
        MOVE,
        "ingest",
        "bot.cli.ingesting:ingest",
        "Store the papers of digests",
        "paperwire ingest inbox --source daily --date 2026-01-22",
    ),
    Subcommand(
        MOVE,
        "deliver",
        "bot.cli.running:deliver",
        "Plan what is due at this moment and send it",
        "paperwire deliver --now 2026-01-22T09:00Z",
        may_end_loading=True,
    ),
    Subcommand(
        MOVE,
        "run",
        "bot.cli.running:run",
        "Run everything until SIGTERM: sources, schedule, platforms, web",
        "paperwire run --once",
        may_end_loading=True,
    ),
    Subcommand(
        MOVE,
        "outbox",
        "bot.cli.state:app",
        "Show what waits to be sent and why, and what is dead",
        "paperwire outbox --state dead",
    ),
    Subcommand(
        MOVE,
        "sources",
        "bot.cli.ingesting:app",
        "Show where digests come from, and what happened there last",
        "paperwire sources --json",
    ),
    Subcommand(
        ASK,
        "subscribe",
        "bot.cli.subscribing:subscribe",
        "Add a subscription to a chat, and the chat if it is new",
        'paperwire subscribe "diffusion -survey" --as console:me --when "daily 9 Europe/Berlin"',
        leading_dash=True,
    ),
    Subcommand(
        ASK,
        "subscriptions",
        "bot.cli.subscription_rows:subscriptions",
        "List the subscriptions of one chat, or of all",
        "paperwire subscriptions --as console:me",
    ),
    Subcommand(
        ASK,
        "say",
        "bot.cli.chats:say",
        "Act as if a person in the chat had typed TEXT, and print the reply",
        'paperwire say "/why 2601.11522" --as console:me',
        leading_dash=True,
    ),
    Subcommand(
        ASK,
        "settings",
        "bot.cli.chats:settings",
        "Show all settings of a chat, and which of them it chose",
        "paperwire settings --as console:me",
    ),
    Subcommand(
        ASK,
        "preview",
        "bot.cli.subscribing:preview",
        "Show what would be sent, as the chat's platform would get it, without sending or marking anything",
        "paperwire preview --as console:me --days 3",
        leading_dash=True,
    ),
    Subcommand(
        ASK,
        "export",
        "bot.cli.chats:export",
        "Write subscriptions as text to stdout; `import` reads it back",
        "paperwire export --all > all.txt",
    ),
    Subcommand(
        ASK,
        "import",
        "bot.cli.chats:import_",
        "Add what is new in FILE, change what differs, and show the changes",
        "paperwire import all.txt --dry-run",
    ),
    Subcommand(
        ASK,
        "library",
        "bot.library.at_the_terminal:library",
        "Store a chat's own library",
        "paperwire library zotero.bib --as console:me",
    ),
    Subcommand(
        KEEP,
        "check",
        "bot.cli.state:check",
        "Check settings, database, each token and each source, and say how to mend what is wrong",
        "paperwire check --offline",
    ),
    Subcommand(
        KEEP,
        "status",
        "bot.cli.state:status",
        "Show whether paperwire runs, each problem, and what waits",
        "paperwire status --json",
    ),
    Subcommand(
        KEEP,
        "backup",
        "bot.cli.database:backup",
        "Write a consistent copy of the database while others work with it",
        "paperwire backup copy.db",
    ),
    Subcommand(
        KEEP,
        "restore",
        "bot.cli.database:restore",
        "Replace the database by a copy, and keep the old database",
        "paperwire restore copy.db --sent",
    ),
    Subcommand(
        KEEP,
        "slack",
        "bot.platforms.slack.manifest:app",
        "An app of your own in Slack",
        "paperwire slack manifest",
    ),
    Subcommand(
        KEEP, "db", "bot.cli.database:database", "The database: moves to PostgreSQL", "paperwire db copy FROM TO"
    ),
)
BY_NAME = {one.name: one for one in SUBCOMMANDS}


class TopGroup(TyperGroup):
    """The group of all subcommands, as the overview shows them. Only the module of the called subcommand is imported."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - Typer's own arguments
        super().__init__(**attributes)
        self.commands = {
            one.name: TyperCommand(one.name, help=f"{one.summary}.", rich_help_panel=one.panel) for one in SUBCOMMANDS
        }

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:  # noqa: ANN401 - of click, which Typer contains
        """Returns (name, command, other arguments) of the subcommand that `args` calls, and imports its module."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, load(found.name) if found and found.name else found, rest


def load(name: str) -> TyperCommand | TyperGroup:
    """Imports the module of a subcommand and returns Typer's command."""
    subcommand = BY_NAME[name]
    if subcommand.may_end_loading:
        for one in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(one) is not signal.SIG_IGN:
                signal.signal(one, lambda *_: os._exit(0))  # no work has begun, so there is nothing to finish
    module, _, attribute = subcommand.place.partition(":")
    gc.disable()  # modules stay, so to look through them for garbage costs a tenth of the start
    defined = getattr(import_module(module), attribute)
    gc.enable()
    parent = typer.Typer(add_completion=False, rich_markup_mode="markdown")
    if isinstance(defined, typer.Typer):
        parent.add_typer(defined, name=name, epilog=EXAMPLE.format(subcommand.example))
    else:
        settings = {}
        if subcommand.leading_dash:
            settings = {"ignore_unknown_options": True}
        parent.command(name, epilog=EXAMPLE.format(subcommand.example), context_settings=settings)(defined)
    parent.callback()(lambda: None)
    return cast("TyperGroup", typer.main.get_command(parent)).commands[name]  # type: ignore[return-value]


# the name that a subcommand has in other programs or in chats → its name here
_ALIASES = {
    "list": "subscriptions",
    "ls": "subscriptions",
    "add": "subscribe",
    "send": "deliver",
    "start": "run",
    "serve": "run",
    "today": "preview",
    "poll": "sources poll",
    "workers": "status",
    "unsubscribe": "say",
    "set": "say",
    "link": "say",
}


def nearest(typed: str, known: Sequence[str]) -> str:
    """Returns the known name that is most similar to the typed one, "" if none is similar."""
    if _ALIASES.get(typed) in known or " " in _ALIASES.get(typed, ""):
        return _ALIASES[typed]
    begins = [name for name in known if typed.strip("-") and name.startswith(typed)]
    return next(iter(begins or get_close_matches(typed, known, n=1, cutoff=0.6)), "")


DONE, PROBLEM, USAGE, INTERRUPTED = 0, 1, 2, 130  # exit statuses (docs/commands.md); 130 is also Typer's for Ctrl-C
_UsageError = typer.BadParameter.__bases__[0]  # the UsageError of click, or of the copy of click that Typer contains
app = typer.Typer(
    cls=TopGroup,
    help="Notifications for research papers: digests in, papers matched with what chats ask for, messages out.",
    epilog="Write -- before a query that begins with -.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - Typer passes the flag
    if wanted:
        number, made_from = release.installed_version(), release.commit()
        line = f"paperwire {number}" if number else "paperwire, run from its source"
        output.print_line(f"{line} ({made_from})" if made_from else line)
        raise typer.Exit(DONE)


@app.callback(invoke_without_command=True)
def _top(
    context: typer.Context,
    *,
    version: Annotated[  # noqa: ARG001 - its callback does it all
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        context.get_help()
        raise typer.Exit(USAGE)


def run(arguments: Sequence[str], make_clock: MakeClock | None = None) -> int:
    """Runs a command line and returns its exit status. Every error becomes a sentence on stderr.

    `make_clock`: makes the clock of the subcommand; None: the machine's.
    """
    output.prepare_streams()
    GIVEN.set(make_clock)
    try:
        return _run_and_report(arguments)
    except BrokenPipeError:  # the reader of the pipe has closed it, as with `| head`
        output.discard_output(sys.stdout, sys.stderr)
        return PROBLEM


def _run_and_report(arguments: Sequence[str]) -> int:
    try:
        status = _call(_decoded(arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except (KeyboardInterrupt, typer.Abort):
        return _stopped()
    except Exception as error:  # noqa: BLE001 - the last place where an error can become a sentence
        if _is_interruption(error):
            return _stopped()
        return _failed(error, arguments)
    return status


def _stopped() -> int:
    output.print_error("Stopped.")
    return INTERRUPTED


def _is_interruption(error: BaseException | None) -> bool:
    """Returns whether Ctrl-C caused the error. If Ctrl-C is pressed during an import, Python may raise another error."""
    seen: set[int] = set()  # ids; a chain of errors may contain one error twice
    while error is not None and not isinstance(error, KeyboardInterrupt) and id(error) not in seen:
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return isinstance(error, KeyboardInterrupt)


def _failed(error: Exception, arguments: Sequence[str]) -> int:
    while isinstance(error, ExceptionGroup):  # the errors of concurrent tasks; only the first one is reported
        error = error.exceptions[0]
    if isinstance(error, PaperwireError):
        output.print_error(str(error))
        return error.exit_code
    if isinstance(error, _UsageError):
        return _report_usage_error(error, arguments)
    if isinstance(error, OSError):
        return _system_failed(error)
    return _report_unexpected_error(error)


def _call(arguments: Sequence[str]) -> int:
    command = typer.main.get_command(app)
    status = command.main(args=list(arguments), prog_name="paperwire", standalone_mode=False)
    if status == INTERRUPTED:
        raise KeyboardInterrupt
    return status if isinstance(status, int) else DONE


def _decoded(arguments: Sequence[str]) -> list[str]:
    """Returns the arguments decoded as UTF-8, in any locale. Raises WrongUsage."""
    decoded = []
    for number, argument in enumerate(arguments, start=1):
        try:
            decoded.append(os.fsencode(argument).decode())
        except UnicodeError:
            if not argument.isprintable():
                raise WrongUsage(
                    f"Argument {number} holds bytes that are not text.",
                    "Write it in UTF-8.",
                ) from None
            decoded.append(argument)
    return decoded


def _report_usage_error(error: Exception, arguments: Sequence[str]) -> int:
    """Prints a usage error of Typer: its sentence, a suggestion, and the command for help. Returns the exit status."""
    context = getattr(error, "ctx", None)
    message = " ".join(str(getattr(error, "format_message", lambda: error)()).split())
    message = re.split(r" Did you mean | \(Possible options", message)[0]  # without Typer's own suggestions
    if not message:  # nothing was typed after the name of a group, and its help was printed
        return USAGE
    if not message.endswith((".", "?", "!")):
        message += "."
    wrong, meant = _misspelt_option(context, arguments)
    if wrong:  # Typer took the misspelt option for an argument, because arguments may begin with "-"
        message = f"No such option: {wrong}."
    elif context is not None and (typed := re.search(r"No such command '([^']*)'", message)):
        meant = nearest(typed[1], list(getattr(context.command, "commands", {})))
    if meant:
        message += f" Did you mean {meant}?"
    elif "extra argument" in message and context and any(one.name == "query" for one in context.command.params):
        message += " Put a query with spaces in quotes."
    output.print_error(f"{message} See {context.command_path if context is not None else 'paperwire'} --help.")
    return USAGE


def _misspelt_option(context: typer.Context | None, arguments: Sequence[str]) -> tuple[str, str]:
    """Returns (the first misspelt option, the option that it resembles); ("", "") if there is none."""
    if context is None:
        return "", ""
    flags = [*context.help_option_names, *(flag for one in context.command.params for flag in one.opts)]
    options = [flag for flag in flags if flag.startswith("--")]
    for word in takewhile(lambda word: word != "--", arguments):
        typed = word.partition("=")[0]
        if typed.startswith("--") and typed not in options and (near := nearest(typed, options)):
            return typed, near
    return "", ""


def _system_failed(error: OSError) -> int:
    if is_disk_full(error):
        output.print_error(" ".join(map(str, disk_full(error.filename or "the output"))))
    else:
        output.print_error(f"{escaped(str(error.filename or 'The output'))}: {error.strerror or error}.")
    return PROBLEM


def _report_unexpected_error(error: Exception) -> int:
    from bot.cli.log import redacted, secrets_in  # noqa: PLC0415 - costs 60 ms; only this error needs it

    secrets = secrets_in(os.environ)
    said = redacted(" ".join(f"{type(error).__name__}: {error}".split())[:300], secrets)
    if os.environ.get("PAPERWIRE_LOG_LEVEL", "").strip().casefold() != "debug":
        output.print_error(f"Something went wrong within paperwire: {said}. PAPERWIRE_LOG_LEVEL=debug shows where.")
        return PROBLEM
    output.print_error(redacted("".join(format_exception(error)), secrets))
    output.print_error("Something went wrong within paperwire; the lines above show where.")
    return PROBLEM

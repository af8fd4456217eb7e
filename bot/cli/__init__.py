"""The command line: which subcommands there are, the options that they share, how every error becomes a sentence.

Each subcommand reads its arguments, calls the program and prints the result. Only the module of the subcommand that is
called is imported, since importing all takes 0.75 s.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import date, datetime
from importlib import import_module
from traceback import format_exception
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from typer.exceptions import TyperException

from bot import release
from bot.cli import output
from bot.connections import CHAT_FORMS
from subscriptions.errors import PaperwireError, WrongUsage, disk_full, is_disk_full
from subscriptions.language import Language
from subscriptions.text.escaping import escaped

if TYPE_CHECKING:
    from bot.clock import Clock

DONE, PROBLEM, USAGE, INTERRUPTED = 0, 1, 2, 130  # exit statuses (docs/commands.md); 130 is Typer's for Ctrl-C, too

MakeClock = Callable[[datetime | None], "Clock"]  # the moment of --now, None without it → the clock of one subcommand
MAKE_CLOCK: ContextVar[MakeClock | None] = ContextVar("MAKE_CLOCK", default=None)  # None: the machine's clock

# heading of the overview → its subcommands: name, module ("module:function" if that has another name), the first sentence
# of its help (a test compares the two), an example
SUBCOMMANDS: Mapping[str, Sequence[tuple[str, str, str, str]]] = {
    "Look, without an account or a database": (
        (
            "demo",
            "cli.match",
            "Send sample digests through the real pipeline to example chats: no account, no network",
            "paperwire demo --out gallery",
        ),
        (
            "inspect",
            "cli.match",
            "Recognise and parse digests without storing anything",
            "paperwire inspect inbox --papers",
        ),
        (
            "match",
            "cli.match",
            "Find the papers of digests that a query matches, and say why",
            'paperwire match "diffusion -survey" inbox',
        ),
        (
            "explain",
            "cli.match",
            "Explain a query: its meaning in words, its canonical text, and what was guessed",
            'paperwire explain "author:\\"J. Doe\\" cat:cs.CV"',
        ),
    ),
    "Papers in, messages out": (
        (
            "init",
            "cli.init",
            "Write a folder that a scheduled job runs, without a server: source, chat, words and time",
            'paperwire init papers --source cs.LG,stat.ML --as telegram:123456 --words diffusion --when "daily 8"',
        ),
        (
            "ingest",
            "cli.ingest",
            "Store the papers of digests",
            "paperwire ingest inbox --source daily --date 2026-01-22",
        ),
        (
            "deliver",
            "cli.run",
            "Plan what is due at this moment and send it",
            "paperwire deliver --now 2026-01-22T09:00Z",
        ),
        (
            "run",
            "cli.run",
            "Run everything until SIGTERM: sources, schedule, platforms, web",
            "paperwire run --once",
        ),
        (
            "outbox",
            "cli.outbox",
            "Show what waits to be sent and why, and what is dead",
            "paperwire outbox --state dead",
        ),
        (
            "sources",
            "cli.sources",
            "Show where digests come from, and what happened there last",
            "paperwire sources --json",
        ),
    ),
    "What chats ask for": (
        (
            "subscribe",
            "cli.subscriptions",
            "Add a subscription to a chat, and the chat if it is new",
            'paperwire subscribe "diffusion -survey" --as console:me --when "daily 9 Europe/Berlin"',
        ),
        (
            "subscriptions",
            "cli.subscriptions",
            "List the subscriptions of one chat, or of all",
            "paperwire subscriptions --as console:me",
        ),
        (
            "say",
            "cli.say",
            "Act as if a person in the chat had typed TEXT, and print the reply",
            'paperwire say "/why 2601.11522" --as console:me',
        ),
        (
            "settings",
            "cli.subscriptions",
            "Show all settings of a chat, and which of them it chose",
            "paperwire settings --as console:me",
        ),
        (
            "preview",
            "cli.preview",
            "Show what would be sent, as the chat's platform would get it, without sending or marking anything",
            "paperwire preview --as console:me --days 3",
        ),
        (
            "export",
            "cli.export",
            "Write subscriptions as text to stdout; `import` reads it back",
            "paperwire export --all > all.txt",
        ),
        (
            "import",
            "cli.export:import_",
            "Add what is new in FILE, change what differs, and show the changes",
            "paperwire import all.txt --dry-run",
        ),
        (
            "library",
            "cli.export",
            "Store a chat's own library",
            "paperwire library zotero.bib --as console:me",
        ),
    ),
    "Keep it well": (
        (
            "check",
            "cli.check",
            "Check settings, database, each token and each source, and say how to mend what is wrong",
            "paperwire check --offline",
        ),
        (
            "status",
            "cli.status",
            "Show whether paperwire runs, each problem, and what waits",
            "paperwire status --json",
        ),
        (
            "backup",
            "cli.backup",
            "Write a consistent copy of the database while others work with it",
            "paperwire backup copy.db",
        ),
        (
            "restore",
            "cli.backup",
            "Replace the database by a copy, and keep the old database",
            "paperwire restore copy.db --sent",
        ),
        ("slack", "platforms.slack.manifest:app", "An app of your own in Slack", "paperwire slack manifest"),
        ("db", "cli.backup:database", "The database: moves to PostgreSQL", "paperwire db copy FROM TO"),
    ),
}
# an argument may begin with "-", as in the query "-survey diffusion"
TAKE_QUERY = frozenset({"match", "explain", "subscribe", "say", "preview"})


TERMINAL_LANGUAGE = Language("en", "UTC")
"""The language of the command line. To write moments, use a Language with the chat's time zone instead."""

_YEARS = range(2000, 2100)  # any other year is a typing error, such as 0026, and calculations with it could overflow


Day = TypeVar("Day", date, datetime)


def read_moment(text: str) -> datetime:
    """Return the moment that --now names; without an offset, it is naive: local time in PAPERWIRE_TIMEZONE.

    Raise WrongUsage.
    """
    hint = "For example: 2026-01-22T09:00:00Z, 2026-01-22T09:00+08:00 or 2026-01-22."
    return _read(datetime.fromisoformat, text, WrongUsage(f"--now is not a moment: “{text}”.", hint))


def read_day(text: str) -> date:
    """Return the day that --date names. Raise WrongUsage."""
    return _read(date.fromisoformat, text, WrongUsage(f"--date is not a day: “{text}”.", "For example: 2026-01-22."))


def _read(read: Callable[[str], Day], text: str, wrong: WrongUsage) -> Day:
    try:
        named = read(text.strip())
    except ValueError:
        raise wrong from None
    if named.year not in _YEARS:
        raise WrongUsage(f"“{text}” is not in the years {_YEARS[0]} to {_YEARS[-1]}.", "For example: 2026-01-22.")
    return named


ChatOption = Annotated[str, typer.Option("--as", metavar="CHAT", help=f"{CHAT_FORMS}; a topic or thread after /")]
OptionalChatOption = Annotated[str | None, typer.Option("--as", metavar="CHAT", help="One chat only.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout and nothing else.")]
Now = Annotated[
    datetime | None,
    typer.Option(
        "--now",
        metavar="ISO",
        parser=read_moment,
        help="The moment to begin at, instead of the machine's clock; without an offset in PAPERWIRE_TIMEZONE.",
    ),
]
Paths = Annotated[list[str], typer.Argument(metavar="PATH…", help="Files, folders, or - for standard input.")]


def program(called: str | None = None) -> typer.Typer:
    """Return the program. If one subcommand is called, only its module is imported; the others can only be listed."""
    made = typer.Typer(
        help="Notifications for research papers: digests in, papers matched with what chats ask for, messages out.",
        epilog="Write -- before a query that begins with -.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="markdown",
    )
    made.callback()(_top)
    for panel, ones in SUBCOMMANDS.items():
        for name, place, summary, example in ones:
            shown: dict[str, Any] = {"rich_help_panel": panel, "epilog": f"For example: `{example}`"}
            defined = _imported(name, place) if called in (None, name) else None
            if isinstance(defined, typer.Typer):
                made.add_typer(defined, name=name, **shown)
            elif defined:
                settings = {"ignore_unknown_options": name in TAKE_QUERY}
                made.command(name, context_settings=settings, **shown)(defined)
            else:
                made.command(name, help=f"{summary}.", **shown)(lambda: None)
    return made


def _imported(name: str, place: str) -> Any:  # noqa: ANN401 - a function or an app of Typer
    module, _, function = place.partition(":")
    return getattr(import_module(f"bot.{module}"), function or name)


def _version(wanted: bool) -> None:  # noqa: FBT001 - Typer passes the flag
    if wanted:
        number, made_from = release.installed_version(), release.commit()
        line = f"paperwire {number}" if number else "paperwire, run from its source"
        output.print_line(f"{line} ({made_from})" if made_from else line)
        raise typer.Exit(DONE)


def _top(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def main(
    arguments: Sequence[str], make_clock: MakeClock | None = None, loaded: Callable[[], object] = lambda: None
) -> int:
    """Run a command line and return its exit status. Every error becomes a sentence on stderr.

    `make_clock` makes the clock of the subcommand; None: the machine's. `loaded` is called when all modules are
    imported.
    """
    output.prepare_streams()
    MAKE_CLOCK.set(make_clock)
    try:
        status = _call(arguments, loaded)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of the pipe has closed it, as with `| head`
        output.discard_output(sys.stdout, sys.stderr)
        return PROBLEM
    except (KeyboardInterrupt, typer.Abort):  # Typer's own for Ctrl-C and Ctrl-D at a question
        status = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last place where an error can become a sentence
        return _failed(error)
    if status == INTERRUPTED:
        output.print_error("Stopped.")
    return status


def _call(arguments: Sequence[str], loaded: Callable[[], object]) -> int:
    try:
        "".join(arguments).encode()
    except UnicodeEncodeError:
        raise WrongUsage("An argument holds bytes that are not text.", "Write it in UTF-8.") from None
    called = next((word for word in arguments if not word.startswith("-")), "")
    command = typer.main.get_command(program(called))
    loaded()
    status = command.main(args=list(arguments), prog_name="paperwire", standalone_mode=False)
    return status if isinstance(status, int) else DONE


def _failed(error: BaseException) -> int:
    """Print what went wrong and return the exit status."""
    if isinstance(error, BaseExceptionGroup):  # the errors of concurrent tasks; only the first one is reported
        return _failed(error.exceptions[0])
    if isinstance(error, PaperwireError):
        output.print_error(str(error))
        return error.exit_code
    if isinstance(error, TyperException):
        return _used_wrongly(error)
    if isinstance(error, OSError):
        said = f"{escaped(str(error.filename or 'The output'))}: {error.strerror or error}."
        output.print_error(
            " ".join(map(str, disk_full(error.filename or "the output"))) if is_disk_full(error) else said
        )
        return PROBLEM
    return _surprised(error)


def _used_wrongly(error: TyperException) -> int:
    """Print a usage error of Typer: its sentence, and the command for help."""
    message, context = " ".join(error.format_message().split()), getattr(error, "ctx", None)
    if message:  # otherwise nothing was typed, and help was printed
        stop = "" if message.endswith((".", "?", "!")) else "."
        if "extra argument" in message and context and "query" in context.params:
            stop += " Put a query with spaces in quotes."
        output.print_error(f"{message}{stop} See {context.command_path if context else 'paperwire'} --help.")
    return USAGE


def _surprised(error: BaseException) -> int:
    """Print an error that nobody thought of; where it was raised only when debugging."""
    from bot.cli.log import redacted, secrets_in  # noqa: PLC0415 - costs 60 ms; only this error needs it

    secrets = secrets_in(os.environ)
    if os.environ.get("PAPERWIRE_LOG_LEVEL", "").strip().casefold() == "debug":
        output.print_error(redacted("".join(format_exception(error)), secrets))
        output.print_error("Something went wrong within paperwire; the lines above show where.")
    else:
        said = redacted(" ".join(f"{type(error).__name__}: {error}".split())[:300], secrets)
        output.print_error(f"Something went wrong within paperwire: {said}. PAPERWIRE_LOG_LEVEL=debug shows where.")
    return PROBLEM

"""The command line as a whole: which subcommands there are, and what becomes of their troubles."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from bot.cli import (
    chats,
    exporting,
    finding,
    ingesting,
    keeping,
    matching,
    outbox,
    pausing,
    reading,
    sending,
    showing,
    slack,
    sources,
    wishes,
)
from bot.cli._options import DASHES
from bot.cli._streams import complain, lose, prepare_streams, say
from bot.errors import WrongUsage
from subscriptions import PaperwireError, Sentence

DONE, PROBLEM, USAGE = 0, 1, 2  # exit statuses (docs/commands.md)
_INTERRUPTED = 130  # what Typer makes of Ctrl-C
_UsageError = typer.BadParameter.__bases__[0]  # click's, wherever Typer keeps it

app = typer.Typer(
    help="Notifications for research papers: digests in, papers matched with what chats ask for, messages out.",
    epilog="A query that begins with - may follow after --.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

_LOOK = "Look, without an account or a database"
_MOVE = "Papers in, messages out"
_ASK = "What chats ask for"
_KEEP = "Keep it well"

for _panel, _name, _subcommand, _context in (
    (_LOOK, "demo", showing.demo, {}),
    (_LOOK, "inspect", reading.inspect, {}),
    (_LOOK, "match", matching.match, DASHES),
    (_LOOK, "explain", reading.explain, DASHES),
    (_MOVE, "ingest", ingesting.ingest, {}),
    (_MOVE, "deliver", sending.deliver, {}),
    (_MOVE, "run", sending.run, {}),
    (_ASK, "subscribe", wishes.subscribe, DASHES),
    (_ASK, "subscriptions", wishes.subscriptions, {}),
    (_ASK, "unsubscribe", wishes.unsubscribe, DASHES),
    (_ASK, "name", wishes.name, DASHES),
    (_ASK, "pause", pausing.pause, {}),
    (_ASK, "resume", pausing.resume, {}),
    (_ASK, "set", wishes.set_, DASHES),
    (_ASK, "settings", chats.settings, {}),
    (_ASK, "forget", chats.forget, {}),
    (_ASK, "preview", showing.preview, DASHES),
    (_ASK, "search", finding.search, DASHES),
    (_ASK, "why", finding.why, {}),
    (_ASK, "whynot", finding.whynot, {}),
    (_ASK, "export", exporting.export, {}),
    (_ASK, "import", exporting.import_, {}),
    (_KEEP, "check", keeping.check, {}),
    (_KEEP, "backup", keeping.backup, {}),
    (_KEEP, "restore", keeping.restore, {}),
):
    app.command(_name, rich_help_panel=_panel, context_settings=_context)(_subcommand)
app.add_typer(outbox.app, name="outbox", rich_help_panel=_MOVE)
app.add_typer(sources.app, name="sources", rich_help_panel=_MOVE)
app.add_typer(slack.app, name="slack", rich_help_panel=_KEEP)
app.add_typer(keeping.database, name="db", rich_help_panel=_KEEP)


def _version(wanted: bool) -> None:  # noqa: FBT001 - Typer passes the flag
    if wanted:
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - for this flag alone

        try:
            say(f"paperwire {version('paperwire')}")
        except PackageNotFoundError:
            say("paperwire, run from its source")
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
        say(context.get_help())
        raise typer.Exit(USAGE)


def run(arguments: Sequence[str]) -> int:
    """Runs a command line and returns its exit status. Whatever goes wrong becomes a sentence on stderr."""
    prepare_streams()
    try:
        return _ended(arguments)
    except BrokenPipeError:  # nobody reads any more, as with `| head`
        lose(sys.stdout, sys.stderr)
        return PROBLEM


def _ended(arguments: Sequence[str]) -> int:
    try:
        status = _call(_decoded(arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except (KeyboardInterrupt, typer.Abort):
        complain("Stopped.")
        return PROBLEM
    except Exception as error:  # noqa: BLE001 - the last place where it can become a sentence
        return _failed(error)
    return status


def _failed(error: Exception) -> int:
    while isinstance(error, ExceptionGroup):  # of tasks that ran side by side; the first says it for all
        error = error.exceptions[0]
    if isinstance(error, PaperwireError):
        complain(str(error))
        return error.exit_code
    if isinstance(error, _UsageError):
        return _misused(error)
    if isinstance(error, OSError):
        return _system_failed(error)
    return _surprised(error)


def _call(arguments: Sequence[str]) -> int:
    command = typer.main.get_command(app)
    status = command.main(args=list(arguments), prog_name="paperwire", standalone_mode=False)
    if status == _INTERRUPTED:
        raise KeyboardInterrupt
    return status if isinstance(status, int) else DONE


def _decoded(arguments: Sequence[str]) -> list[str]:
    """The arguments as UTF-8, whatever the locale took them for. Raises WrongUsage."""
    decoded = []
    for number, argument in enumerate(arguments, start=1):
        try:
            decoded.append(os.fsencode(argument).decode())
        except UnicodeError:
            if not argument.isprintable():
                raise WrongUsage(
                    Sentence("Argument {number} holds bytes that are not text.", {"number": number}),
                    Sentence("Write it in UTF-8."),
                ) from None
            decoded.append(argument)
    return decoded


def _misused(error: Exception) -> int:
    message = " ".join(str(getattr(error, "format_message", lambda: error)()).split())
    message += "" if message.endswith((".", "?", "!")) else "."
    if "extra argument" in message:
        message += " A query with blanks wants quotes around it."
    context = getattr(error, "ctx", None)
    complain(f"{message} See {context.command_path if context is not None else 'paperwire'} --help.")
    return USAGE


def _system_failed(error: OSError) -> int:
    complain(f"{error.filename or 'The output'}: {error.strerror or error}.")
    return PROBLEM


def _surprised(error: Exception) -> int:
    from bot.cli._logging import blotted, secrets_in, wants_details  # noqa: PLC0415 - for this trouble alone

    secrets = secrets_in(os.environ)
    said = blotted(" ".join(f"{type(error).__name__}: {error}".split())[:300], secrets)
    if not wants_details():
        complain(f"Something went wrong within paperwire: {said}. PAPERWIRE_LOG_LEVEL=debug shows where.")
        return PROBLEM
    from traceback import format_exception  # noqa: PLC0415 - as above

    complain(blotted("".join(format_exception(error)), secrets))
    complain("Something went wrong within paperwire; the lines above show where.")
    return PROBLEM

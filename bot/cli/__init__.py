"""The command line. Each subcommand reads its arguments, calls the program and prints the result.

Here a command line is run: the subcommand is found and called, and every error becomes a sentence and an exit status.
"""

import os
import re
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, version
from itertools import takewhile
from traceback import format_exception
from typing import Annotated

import typer

from bot.cli import output
from bot.cli.subcommands import TopGroup
from bot.errors import WrongUsage
from subscriptions.errors import PaperwireError, Sentence, disk_full, is_disk_full
from subscriptions.text import escaped

_ALIASES = {
    "list": "subscriptions",
    "ls": "subscriptions",
    "add": "subscribe",
    "remove": "unsubscribe",
    "send": "deliver",
    "start": "run",
    "serve": "run",
    "today": "preview",
    "poll": "sources poll",
    "upgrade": "db upgrade",
    "migrate": "db upgrade",
}  # the name of a subcommand in other programs, or in chats → its name here


def nearest(typed: str, known: Sequence[str]) -> str:
    """Returns the known name that is most similar to what was typed, "" if none is similar."""
    if _ALIASES.get(typed) in known or " " in _ALIASES.get(typed, ""):
        return _ALIASES[typed]
    begins = [name for name in known if typed.strip("-") and name.startswith(typed)]
    return next(iter(begins or get_close_matches(typed, known, n=1, cutoff=0.6)), "")


DONE, PROBLEM, USAGE, INTERRUPTED = 0, 1, 2, 130  # exit statuses (docs/commands.md); 130 is also Typer's for Ctrl-C
_UsageError = typer.BadParameter.__bases__[0]  # the class of click, wherever Typer keeps its copy
app = typer.Typer(
    cls=TopGroup,
    help="Notifications for research papers: digests in, papers matched with what chats ask for, messages out.",
    epilog="A query that begins with - may follow after --.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - Typer passes the flag
    if wanted:
        try:
            output.print_line(f"paperwire {version('paperwire')}")
        except PackageNotFoundError:
            output.print_line("paperwire, run from its source")
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


def run(arguments: Sequence[str]) -> int:
    """Runs a command line and returns its exit status. Every error becomes a sentence on stderr."""
    output.prepare_streams()
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
    except Exception as error:  # noqa: BLE001 - last chance to make a sentence of any error
        return _stopped() if _is_interruption(error) else _failed(error, arguments)
    return status


def _stopped() -> int:
    output.print_error("Stopped.")
    return INTERRUPTED


def _is_interruption(error: BaseException | None) -> bool:
    """Returns whether Ctrl-C caused the error. While a module is loaded, Python may raise another error for it."""
    seen: set[int] = set()  # an error may occur twice in its own chain, if it was raised from the same cause again
    while error is not None and not isinstance(error, KeyboardInterrupt) and id(error) not in seen:
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return isinstance(error, KeyboardInterrupt)


def _failed(error: Exception, arguments: Sequence[str]) -> int:
    while isinstance(error, ExceptionGroup):  # from concurrent tasks; only the first error is examined
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
                    Sentence("Argument {number} holds bytes that are not text.", {"number": number}),
                    Sentence("Write it in UTF-8."),
                ) from None
            decoded.append(argument)
    return decoded


def _report_usage_error(error: Exception, arguments: Sequence[str]) -> int:
    """Prints a usage error of Typer: its sentence, a suggestion, and the help page. Returns the exit status."""
    context = getattr(error, "ctx", None)
    message = " ".join(str(getattr(error, "format_message", lambda: error)()).split())
    message = re.split(r" Did you mean | \(Possible options", message)[0]  # without Typer's own suggestions
    message += "" if message.endswith((".", "?", "!")) else "."
    wrong, meant = _misspelt_option(context, arguments)
    if wrong:  # an argument may begin with "-", so Typer took it for one
        message = f"No such option: {wrong}."
    elif context is not None and (typed := re.search(r"No such command '([^']*)'", message)):
        meant = nearest(typed[1], list(getattr(context.command, "commands", {})))
    if meant:
        message += f" Did you mean {meant}?"
    elif "extra argument" in message and context and any(one.name == "query" for one in context.command.params):
        message += " A query with blanks wants quotes around it."
    output.print_error(f"{message} See {context.command_path if context is not None else 'paperwire'} --help.")
    return USAGE


def _misspelt_option(context: typer.Context | None, arguments: Sequence[str]) -> tuple[str, str]:
    """Returns the first option that is near to one of the subcommand and none of them, and the one that it is near to."""
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
    from bot.cli.log import redacted, secrets_in, wants_details  # noqa: PLC0415 - costs 60 ms; only this error needs it

    secrets = secrets_in(os.environ)
    said = redacted(" ".join(f"{type(error).__name__}: {error}".split())[:300], secrets)
    if not wants_details():
        output.print_error(f"Something went wrong within paperwire: {said}. PAPERWIRE_LOG_LEVEL=debug shows where.")
        return PROBLEM
    output.print_error(redacted("".join(format_exception(error)), secrets))
    output.print_error("Something went wrong within paperwire; the lines above show where.")
    return PROBLEM

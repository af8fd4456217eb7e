"""Options that several subcommands share."""

from typing import Annotated

import typer

from bot.channels.subcommands import CHAT_FORMS

ChatOption = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="CHAT",
        help=f"{CHAT_FORMS}; a topic or thread after /",
    ),
]
OptionalChatOption = Annotated[str | None, typer.Option("--as", metavar="CHAT", help="One chat only.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout and nothing else.")]
Now = Annotated[
    str | None,
    typer.Option(
        "--now",
        metavar="ISO",
        help="The moment to begin at, instead of the machine's clock; without an offset in PAPERWIRE_TIMEZONE.",
    ),
]
Paths = Annotated[list[str], typer.Argument(metavar="PATH…", help="Files, folders, or - for standard input.")]

# A query may begin with "-". With this setting an unknown option is an argument.
ALLOW_LEADING_DASH = {"ignore_unknown_options": True}

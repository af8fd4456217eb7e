"""slack: prints the manifest from which Slack creates an app."""

import json
from typing import Annotated

import typer

from bot.channels.slack.manifest import manifest as written
from bot.cli._session import web_root
from bot.cli._streams import print_line

app = typer.Typer(help="An app of your own in Slack.", invoke_without_command=True)


@app.callback()
def _slack(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        print_line(context.get_help())
        raise typer.Exit(2)


@app.command()
def manifest(
    *,
    minimal: Annotated[bool, typer.Option("--minimal", help="Only the rights without which nothing works.")] = False,
    url: Annotated[
        str,
        typer.Option("--url", metavar="URL", help="Where Slack reaches paperwire; without it Socket Mode is used."),
    ] = "",
) -> int:
    """Print the app's manifest; at api.slack.com/apps choose Create New App, From a manifest, and paste it."""
    root = web_root("--url", url) if url else ""
    print_line(json.dumps(written(minimal=minimal, url=root), ensure_ascii=False, indent=2))
    return 0

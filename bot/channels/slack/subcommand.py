"""slack: prints the manifest from which Slack creates an app."""

import json
from typing import Annotated
from urllib.parse import urlsplit

import typer

from bot.channels.slack.manifest import manifest as written
from bot.errors import WrongUsage
from subscriptions.errors import Sentence

app = typer.Typer(help="An app of your own in Slack.", invoke_without_command=True)


@app.callback()
def _slack(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
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
    root = _web_root("--url", url) if url else ""
    typer.echo(json.dumps(written(minimal=minimal, url=root), ensure_ascii=False, indent=2))
    return 0


def _web_root(option: str, text: str) -> str:
    """Returns the root of a web address that Slack can reach, without "/" at its end. Raises WrongUsage."""
    parts = urlsplit(text.strip())
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise WrongUsage(
            Sentence("{option} is no address that Slack can reach: “{text}”.", {"option": option, "text": text}),
            Sentence("For example: https://papers.example.org"),
        )
    return text.strip().rstrip("/")

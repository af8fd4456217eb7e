"""check: finds what is wrong with this installation, and says how to mend it."""

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from bot.app import build_app
from bot.cli._options import Json
from bot.cli._session import read_settings
from bot.cli._streams import print_json
from bot.cli._tables import print_table
from bot.clock import SystemClock
from bot.operation.checks import (
    Finding,
    ask_sources,
    check_here,
    check_outbox,
    check_platforms,
    check_sources,
    is_ready,
    mounts,
)
from bot.sources.from_settings import make_fetcher


def check(
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no platform, and no source on the web.")] = False,
    json: Json = False,
) -> int:
    """Look at settings, database, copies, templates, tokens, scopes, clock and proxy; say how to mend what is wrong."""
    settings, clock = read_settings(), SystemClock()
    app = build_app(settings, clock=clock, out=sys.stderr)
    findings = list(check_here(settings, app.store, wall=clock.wall(), environ=os.environ, mounted=mounts()))
    findings += check_outbox(app.store, now=clock.wall())
    findings += check_sources(settings, app.store, wall=clock.wall())

    async def ask() -> list[Finding]:
        try:
            if offline:
                return []
            fetcher = make_fetcher(settings, app.context, alone=not is_ready(app.store))
            reached = await ask_sources(settings, app.store, fetcher, now=clock.now())
            installing = "; ".join([why for one in app.platforms.values() if (why := await one.load_installations())])
            asked = await check_platforms(
                settings, app.store, app.context.channels, wall=clock.wall, installing=installing
            )
            return reached + asked
        finally:
            await app.close()

    findings += asyncio.run(ask())
    if json:
        print_json([_document(finding) for finding in findings])
    else:
        _show(findings)
    return 1 if any(finding.mend for finding in findings) else 0


def _document(finding: Finding) -> dict[str, object]:
    """Returns one element of what `check --json` prints."""
    texts = {name: str(getattr(finding, name)) for name in ("question", "answer", "cure")}
    return {**texts, "mend": finding.mend}


def _show(findings: Sequence[Finding]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        is_open = finding.is_open or str(finding.cure)
        sign, colour = ("✗", "red") if finding.mend else ("·", "yellow") if is_open else ("✓", "green")
        cure = f"\n{finding.cure}" if str(finding.cure) else ""
        table.add_row(Text(sign, colour), str(finding.question), Text(f"{finding.answer}{cure}"))
    print_table(table)

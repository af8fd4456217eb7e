"""check: what is wrong with settings, database, tokens and sources, and how to mend it."""

import asyncio
import sys
from typing import Annotated

import typer
from rich.text import Text

from bot.build import open_app
from bot.cli import Json, drawing
from bot.cli.output import tell
from bot.cli.session import clock_from, read_settings
from bot.platforms.base import CheckResult
from bot.run import checks
from subscriptions.text.escaping import escaped


def check(
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Ask neither platforms nor sources on the web.")] = False,
    json: Json = False,
) -> int:
    """Check settings, database, each token and each source, and say how to mend what is wrong."""
    settings = read_settings()

    async def find() -> list[CheckResult]:
        async with open_app(settings, clock_from(None, settings), out=sys.stderr) as app:
            here = list(checks.check_here(app))
            return here if offline else here + await checks.check_elsewhere(app)

    with drawing.waiting("Asking sources and platforms"):
        findings = asyncio.run(find())
    shown = [{name: getattr(one, name) for name in ("question", "answer", "cure", "mend")} for one in findings]
    tell(shown, lambda: drawing.print_rows(("", ""), map(_cells, findings)), json=json)
    return 1 if any(finding.mend for finding in findings) else 0


def _cells(finding: CheckResult) -> tuple[Text, Text]:
    sign, colour = "✓", "green"
    if finding.mend:
        sign, colour = "✗", "red"
    elif finding.is_open or finding.cure:
        sign, colour = "·", "yellow"
    cure = f"\n{escaped(finding.cure)}" if finding.cure else ""
    question = Text.assemble((sign, colour), f" {escaped(finding.question)}")
    return question, Text(f"{escaped(finding.answer)}{cure}")

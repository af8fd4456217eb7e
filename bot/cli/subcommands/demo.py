"""demo: sends sample digests to example chats, and writes a gallery of what they receive."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli._colours import console
from bot.demo import run_demo


def demo(
    *, out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the gallery goes.")] = Path("gallery")
) -> int:
    """Send sample digests through the real pipeline to example chats: no account, no network."""
    return run_demo(out, console(sys.stdout))

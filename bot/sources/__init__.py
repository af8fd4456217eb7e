"""Brings digests into the store: reads watched files and folders, and polls sources on the web.

The scheduler is made on demand, so that a command that polls nothing does not load the HTTP client.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.ports.channel import Observe, ignore
from bot.settings import Settings
from bot.sources.ingest import IngestContext

if TYPE_CHECKING:
    from bot.sources.source_scheduler import SourceScheduler


def make_source_scheduler(
    settings: Settings,
    context: IngestContext,
    *,
    stopping: Callable[[], bool] = lambda: False,
    observe: Observe = ignore,
) -> "SourceScheduler":
    """Returns the scheduler that polls the sources of these settings into a store."""
    from bot.sources import source_scheduler  # noqa: PLC0415 - httpx takes 120 ms, and most subcommands poll nothing

    return source_scheduler.make_source_scheduler(settings, context, stopping=stopping, observe=observe)

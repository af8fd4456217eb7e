"""Builds the parts that read sources from the settings."""

from collections.abc import Callable

from bot.ports.channel import Observe, ignore
from bot.settings import Settings
from bot.settings.model import installed_version
from bot.sources.fetch_request import HostLimiter
from bot.sources.fetcher import Fetcher, FetchLimits
from bot.sources.ingest import IngestContext, PollContext, StoredHostSlots
from bot.sources.receipts import FileReceiptWriter
from bot.sources.schedules import SourceSchedules
from bot.sources.source_scheduler import SourceScheduler


def make_source_scheduler(
    settings: Settings,
    context: IngestContext,
    *,
    stopping: Callable[[], bool] = lambda: False,
    observe: Observe = ignore,
) -> SourceScheduler:
    """Returns the scheduler that polls the sources of these settings into a store."""
    receipts = make_file_receipts(settings, context, observe=observe)
    fetcher = make_fetcher(settings, context)
    return SourceScheduler(receipts.context, fetcher, settings.sources, stopping=stopping)


def make_file_receipts(settings: Settings, context: IngestContext, *, observe: Observe = ignore) -> FileReceiptWriter:
    """Returns the writer of receipts of files."""
    timing = SourceSchedules(settings.holidays, settings.timezone)
    return FileReceiptWriter(
        PollContext(ingest_context=context, timing=timing, admins=settings.admins, observe=observe)
    )


def make_fetcher(
    settings: Settings, context: IngestContext, *, alone: bool = False, limits: FetchLimits | None = None
) -> Fetcher:
    """Returns the fetcher of documents. All processes on one store together respect the rate limit of arXiv.

    `alone`: the limit holds for this process only, where the store cannot be used or need not be.
    """
    agent = f"paperwire/{installed_version() or 'dev'}" + (f" (+{settings.contact})" if settings.contact else "")
    limiter = HostLimiter(context.clock, others=None if alone else StoredHostSlots(context))
    return Fetcher(context.clock, limiter, agent=agent, allowed_hosts=settings.allowed_hosts, limits=limits)

"""Tells a service that all is well, every few minutes, so that it notices when nothing comes any more."""

import asyncio
import logging
from urllib.parse import urlsplit

from bot.app import App
from bot.errors import FetchError
from bot.ports import tasks
from bot.ports.channel import Clock
from bot.sources.fetcher import Fetcher, FetchLimits
from bot.sources.source_scheduler import make_fetcher

log = logging.getLogger("paperwire")

INTERVAL = 300.0  # seconds between two heartbeats
LONGEST = 20.0  # seconds for one heartbeat
# status codes; `fetch` raises an error for all of them except 200, because they come without a document
_SUCCESS = range(200, 300)


class Heartbeat:
    """Requests one address, at most once in INTERVAL seconds. Of several failures in a row, only the first is logged."""

    def __init__(self, url: str, fetcher: Fetcher, clock: Clock) -> None:
        """If `url` is empty, no request is ever made."""
        self._url = url
        self._fetcher = fetcher
        self._clock = clock
        self._due = float("-inf")  # monotonic second of the next heartbeat
        self._task: asyncio.Task[None] | None = None
        self._is_failing = False

    def beat(self, *, well: bool) -> None:
        """Starts a request if all is well and a heartbeat is due. Does not wait for the response, and never raises."""
        second = self._clock.monotonic()
        is_asking = self._task is not None and not self._task.done()
        if not self._url or not well or is_asking or second < self._due:
            return
        self._due = second + INTERVAL
        self._task = asyncio.create_task(self.ask())

    async def ask(self) -> None:
        """Requests the address once, if there is one. Of several failures in a row, logs only the first. Never raises."""
        if not self._url:
            return
        why = ""
        try:
            await self._fetcher.fetch(self._url)
        except FetchError as error:
            why = "" if error.status in _SUCCESS else str(error.sentence)
        except Exception as error:  # noqa: BLE001 - a heartbeat that fails must not disturb the work
            why = type(error).__name__
        if why and not self._is_failing:
            log.warning("The heartbeat of PAPERWIRE_HEARTBEAT_URL does not arrive: %s", why)
        self._is_failing = bool(why)

    async def close(self) -> None:
        """Cancels a heartbeat that is running."""
        await tasks.end(self._task)


def make_heartbeat(app: App) -> Heartbeat:
    """Returns the heartbeat of the settings. Its host may be a private one, since the operator chose it."""
    settings = app.settings
    url = ""
    if settings.heartbeat_url:
        url = settings.heartbeat_url.get_secret_value()
    hosts = settings.allowed_hosts | {(urlsplit(url).hostname or "").casefold()}
    fetcher = make_fetcher(
        settings.model_copy(update={"allowed_hosts": hosts}), app.deps, alone=True, limits=FetchLimits(total=LONGEST)
    )
    return Heartbeat(url, fetcher, app.clock)

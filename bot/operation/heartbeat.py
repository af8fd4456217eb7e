"""The heartbeat: asks an address of the operator's choice every few minutes while all is well.

A service behind that address tells the operator when the heartbeat stays away, whatever the cause: it does so, too, when the
process, the machine or the network is gone, of which paperwire itself cannot tell anybody.
"""

import asyncio
import logging
from dataclasses import replace
from urllib.parse import urlsplit

from bot.app import App
from bot.errors import FetchError
from bot.ports.channel import Clock
from bot.sources.from_settings import make_fetcher
from bot.sources.http.fetcher import Fetcher, FetchLimits

log = logging.getLogger("paperwire")

INTERVAL = 300.0  # seconds between two heartbeats
LONGEST = 20.0  # seconds for one
_SUCCESS = range(200, 300)  # status codes; a document comes with 200 only


class Heartbeat:
    """Asks one address, at most once in INTERVAL seconds. An address that does not answer is logged once, not each time."""

    def __init__(self, url: str, fetcher: Fetcher, clock: Clock) -> None:
        """Without an address nothing is ever asked."""
        self._url = url
        self._fetcher = fetcher
        self._clock = clock
        self._due = float("-inf")  # monotonic second of the next heartbeat
        self._task: asyncio.Task[None] | None = None
        self._is_failing = False

    def beat(self, *, well: bool) -> None:
        """Begins to ask the address if all is well and it is time. Does not wait for the answer, and never raises."""
        second = self._clock.monotonic()
        is_asking = self._task is not None and not self._task.done()
        if not self._url or not well or is_asking or second < self._due:
            return
        self._due = second + INTERVAL
        self._task = asyncio.create_task(self.ask())

    async def ask(self) -> None:
        """Asks the address once, if there is one. Logs the first failure of a row, without the address, and never raises."""
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
        """Ends a heartbeat that is on its way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


def make_heartbeat(app: App) -> Heartbeat:
    """Returns the heartbeat that the settings ask for. Its own host may be private, since the operator chose it."""
    settings = app.settings
    url = settings.heartbeat_url.get_secret_value() if settings.heartbeat_url else ""
    hosts = settings.allowed_hosts | {(urlsplit(url).hostname or "").casefold()}
    fetcher = make_fetcher(
        replace(settings, allowed_hosts=hosts), app.context, alone=True, limits=FetchLimits(total=LONGEST)
    )
    return Heartbeat(url, fetcher, app.clock)

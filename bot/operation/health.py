"""The health of the process, the event streams of open pages, and the style and scripts of the pages."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException

from bot.operation.findings import Problem
from bot.ports import channel, conversation
from bot.rendering import templating
from bot.settings import Settings
from subscriptions.errors import StoreError
from subscriptions.store.database import FULL as DISK_FULL
from subscriptions.store.database.store import Store
from subscriptions.store.database.write_probe import write_refusal
from subscriptions.store.workers import worker_ids

LOOK_INTERVAL = 5.0  # seconds between two looks at the database
# seconds; a shorter lock of the database is normal while another process writes, a full disk is not
SHORT_REFUSAL = 15.0


class Health:
    """Knows what is wrong now, and how long it has been wrong."""

    def __init__(self, store: Store, clock: channel.Clock, problems: Callable[[], Mapping[str, str]]) -> None:
        """`problems` returns the current problems of the parts of the process, by name."""
        self._store = store
        self._clock = clock
        self._problems = problems
        self._since: dict[str, float] = {}  # name of a problem -> monotonic second at which it was seen first
        self._refused_since: float | None = None  # monotonic second since which the database refuses writes
        self._refusal = ""

    def problems(self) -> dict[str, Problem]:
        """Returns what is wrong now, by name."""
        now, found = self._clock.monotonic(), dict(self._problems())
        self._since = {name: self._since.get(name, now) for name in found}
        wrong = {name: Problem(why, int(now - self._since[name])) for name, why in found.items()}
        is_short = self._refused_since is not None and now - self._refused_since <= SHORT_REFUSAL
        if self._refused_since is not None and (self._refusal == DISK_FULL or not is_short):
            why = f"nothing can be written: {self._refusal}"
            wrong["database"] = Problem(why, int(now - self._refused_since))
        return wrong

    async def watch(self) -> None:
        """Checks the database and the parts of the process repeatedly, until it is cancelled.

        Uses its own thread: while the database is locked, writers may occupy all threads of the shared pool.
        """
        with ThreadPoolExecutor(1, "paperwire-health") as thread:
            while True:
                await self.look(thread)
                await self._clock.sleep(LOOK_INTERVAL)

    async def look(self, thread: ThreadPoolExecutor | None = None) -> None:
        """Checks the database and the parts of the process once."""
        refusal = await asyncio.get_running_loop().run_in_executor(thread, write_refusal, self._store)
        if refusal is None:
            self._refused_since = None
        else:
            self._refusal = refusal.cause
            self._refused_since = self._clock.monotonic() if self._refused_since is None else self._refused_since
        self.problems()


PATIENCE = 5.0  # seconds; a process that needs longer does not count as ready
_LARGEST = 1024 * 1024  # bytes of the answer
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - the address on which a process listens -> the address to connect to


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The state that the running process reports."""

    is_ready: bool
    problems: Mapping[str, str] = field(default_factory=dict)  # name -> why
    seconds: Mapping[str, int] = field(default_factory=dict)  # name -> age of the problem, if it is known
    attention: Mapping[str, str] = field(default_factory=dict)  # name -> what needs attention although it is ready


def ask_readiness(settings: Settings, store: Store) -> Readiness:
    """Asks `/health/ready` at the web address of the settings, and returns the answer.

    If there is no answer, or the process there uses another database than `store`, returns that as the problem. Raises
    StoreError.
    """
    host = _EVERYWHERE.get(settings.web_host, settings.web_host)
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.web_port}/health/ready"
    if not settings.web_port:
        return _problem("PAPERWIRE_WEB_PORT is 0, so only the process itself knows where it listens")
    connection = HTTPConnection(host, settings.web_port, timeout=PATIENCE)
    try:
        connection.request("GET", "/health/ready")
        found = json.loads(connection.getresponse().read(_LARGEST))
        seconds = {str(name): int(age) for name, age in found.get("seconds", {}).items()}
        problems, seen = _texts(found["problems"]), _texts(found.get("attention", {}))
        answer = Readiness(is_ready=found["ready"] is True, problems=problems, seconds=seconds, attention=seen)
        worker = found.get("worker", "")
    except (OSError, HTTPException):
        return _problem(f"nothing answers at {url}; is paperwire run running, with the same settings?")
    except (ValueError, KeyError, TypeError, AttributeError):
        return _problem(f"what answers at {url} is not paperwire; look at PAPERWIRE_WEB_PORT")
    finally:
        connection.close()
    if worker and worker not in worker_ids(store):
        return _problem(f"what answers at {url} works on another database; look at PAPERWIRE_DATABASE_URL")
    return answer


def _texts(found: Mapping[object, object]) -> dict[str, str]:
    return {str(name): str(text) for name, text in found.items()}


def _problem(why: str) -> Readiness:
    return Readiness(is_ready=False, problems={"process": why})


# -------------------------------------------------------------------------------------- the event streams of open pages


MOST_OF_A_NAME = 8
SETTLES = 0.2  # seconds until a new stream asks the database; one of too many is closed earlier
MOST_STREAMS_OF_AN_ADDRESS = 32
SHARE_OF_CONNECTIONS = 2  # streams may use half of the connections; the other half is for all other requests
FULL = "event: full\ndata: \n\n"  # tells the page that its stream is closed, so that it does not connect again


@dataclass(slots=True, kw_only=True, eq=False)
class Stream:
    """An open stream."""

    name: str  # the visitor's name
    address: str  # the visitor's network; "" for this machine, where a proxy may run
    over: asyncio.Event = field(default_factory=asyncio.Event)


def surplus(streams: Sequence[Stream], most: int) -> Stream | None:
    """Returns the stream to close because there are too many; None if there are not too many.

    `streams` are in the order in which they were opened, so the last one is new. An old stream is closed instead of the
    new one, so that the page that was just opened works. If the name or address of the new stream has too many streams,
    the oldest of these is closed. Otherwise, the oldest stream of the name with the most streams is closed.
    """
    newest = streams[-1]
    of_name = [one for one in streams if one.name == newest.name]
    if len(of_name) > MOST_OF_A_NAME:
        return of_name[0]
    of_address = [one for one in streams if one.address == newest.address]
    if newest.address and len(of_address) > MOST_STREAMS_OF_AN_ADDRESS:
        return of_address[0]
    if len(streams) <= most:
        return None
    has = Counter(one.name for one in streams)
    return max(streams, key=lambda one: has[one.name])  # the oldest, since max returns the first of equals


class Streams:
    """The open streams of one process. At most `most` are open at once."""

    def __init__(self, observe: channel.Observe, most: int) -> None:
        self._observe = observe
        self._most = most
        self._open: list[Stream] = []
        self._is_closed = False

    async def follow(
        self, parts: AsyncIterator[str], *, name: str, address: str, may_hear: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[str]:
        """Yields the parts until `may_hear` returns False, the stream is closed as surplus, or the process stops.

        A stream that is closed as surplus at once reads no part.
        """
        one = self._opened(name, address)
        over = asyncio.create_task(one.over.wait())
        following: asyncio.Future[str | None] | None = None
        try:
            await asyncio.wait((over,), timeout=SETTLES)
            if not one.over.is_set() and not await may_hear():
                yield FULL
                return
            while not one.over.is_set():
                following = asyncio.ensure_future(anext(parts, None))
                await asyncio.wait((over, following), return_when=asyncio.FIRST_COMPLETED)
                if not following.done():
                    break
                part = following.result()
                if part is None or not await may_hear():
                    return
                yield part
            if not self._is_closed:
                yield FULL
        except StoreError:  # the stream ends; the browser connects again until the database works
            return
        finally:
            over.cancel()
            if following is not None:
                following.cancel()
            if one in self._open:
                self._open.remove(one)

    def close(self) -> None:
        """Ends all streams; otherwise the server would wait for them when it stops."""
        self._is_closed = True
        for one in self._open:
            one.over.set()

    def _opened(self, name: str, address: str) -> Stream:
        """Returns a new stream. If there are too many streams now, closes one."""
        one = Stream(name=name, address=address)
        if self._is_closed:
            one.over.set()
            return one
        self._open.append(one)
        if extra := surplus(self._open, self._most):
            self._open.remove(extra)
            extra.over.set()
            self._observe(channel.ConnectionClosed(kind="stream"))
        return one


# ---------------------------------------------------------------------------------------- style and script of the pages


_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}  # a changed file gets a new address


def static_pages() -> tuple[conversation.WebPage, ...]:
    """Returns a page for each static file, such as a style or a script."""
    return tuple(
        conversation.WebPage(path=f"/static/{name}", answer=partial(_show, name), is_public=True)
        for name in templating.STATIC
    )


async def _show(name: str, _: conversation.PageRequest) -> conversation.PageResponse:
    return conversation.PageResponse(body=templating.static_file(name), kind=templating.STATIC[name], headers=_FOR_EVER)

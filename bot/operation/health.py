"""The health of the process, the event streams of open pages, and their style and scripts."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException

from bot.ports.channel import Clock, ConnectionClosed, Observe
from bot.ports.web_page import PageRequest, PageResponse, WebPage
from bot.rendering.templating import STATIC, static_file
from bot.settings import Settings
from subscriptions.errors import StoreError
from subscriptions.store.database.store import Store, write_refusal
from subscriptions.store.workers import worker_ids

LOOK_INTERVAL = 5.0  # seconds between two looks at the database
SHORT_REFUSAL = 15.0  # seconds; a lock that lasts longer is no mere neighbour at work


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong: one line for the public, without a path or a secret, and how long it has been so."""

    why: str
    seconds: int


class Health:
    """Knows what is wrong now, and since when."""

    def __init__(self, store: Store, clock: Clock, problems: Callable[[], Mapping[str, str]]) -> None:
        """`problems` returns what the parts of the process say is wrong, by name."""
        self._store = store
        self._clock = clock
        self._problems = problems
        self._since: dict[str, float] = {}  # name of a problem -> monotonic second at which it was seen first
        self._refused_since: float | None = None  # monotonic second from which the database has taken no writes
        self._refusal = ""

    def problems(self) -> dict[str, Problem]:
        """Returns what is wrong now, by name."""
        now, found = self._clock.monotonic(), dict(self._problems())
        self._since = {name: self._since.get(name, now) for name in found}
        wrong = {name: Problem(why, int(now - self._since[name])) for name, why in found.items()}
        if self._refused_since is not None and now - self._refused_since > SHORT_REFUSAL:
            why = f"nothing can be written: {self._refusal}"
            wrong["database"] = Problem(why, int(now - self._refused_since))
        return wrong

    def whys(self) -> dict[str, str]:
        """Returns what is wrong now, by name, without the ages."""
        return {name: problem.why for name, problem in self.problems().items()}

    async def watch(self) -> None:
        """Looks at the database and the parts of the process, until it is cancelled.

        Has a thread of its own: while the database is locked, writers may hold all those of the shared pool.
        """
        with ThreadPoolExecutor(1, "paperwire-health") as thread:
            while True:
                await self.look(thread)
                await self._clock.sleep(LOOK_INTERVAL)

    async def look(self, thread: ThreadPoolExecutor | None = None) -> None:
        """Looks once."""
        refusal = await asyncio.get_running_loop().run_in_executor(thread, write_refusal, self._store)
        if refusal is None:
            self._refused_since = None
        else:
            self._refusal = refusal.cause
            self._refused_since = self._clock.monotonic() if self._refused_since is None else self._refused_since
        self.problems()


PATIENCE = 5.0  # seconds; a process that needs longer does not count as ready
_LARGEST = 1024 * 1024  # bytes of the answer
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - an address to listen on -> one to ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What the running process says of itself."""

    is_ready: bool
    problems: Mapping[str, str] = field(default_factory=dict)  # name -> why
    seconds: Mapping[str, int] = field(default_factory=dict)  # name -> for how long, as far as that is known
    attention: Mapping[str, str] = field(default_factory=dict)  # name -> what to look at although it is ready


def ask_readiness(settings: Settings, store: Store) -> Readiness:
    """Returns what `/health/ready` answers at the web address of the settings.

    If nobody answers, or a process that works on another database than `store`, that is the problem. Raises StoreError.
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


# ------------------------------------------------------------------------------------- the event streams of open pages


MOST_OF_A_NAME = 8
MOST_STREAMS_OF_AN_ADDRESS = 32
SHARE_OF_CONNECTIONS = 2  # streams may have half of the connections; the others are left to everything else
FULL = "event: full\ndata: \n\n"  # tells the page that its stream is closed, so that it does not connect again


@dataclass(slots=True, kw_only=True, eq=False)
class Stream:
    """An open stream."""

    name: str  # of the visitor
    address: str  # the visitor's network, "" for this machine, which may be a proxy
    over: asyncio.Event = field(default_factory=asyncio.Event)


def surplus(streams: Sequence[Stream], most: int) -> Stream | None:
    """Returns the stream that is to be closed because there are too many; None if there are not.

    `streams` are in the order in which they were opened. The oldest is closed, so that the page in front of a person works: the
    oldest of the newest one's name or address, if these have too many, else of the name that has most.
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
    return max(streams, key=lambda one: has[one.name])  # the first of those with the most


class Streams:
    """The open streams of one process, `most` of them at once."""

    def __init__(self, observe: Observe, most: int) -> None:
        self._observe = observe
        self._most = most
        self._open: list[Stream] = []
        self._is_closed = False

    async def follow(
        self, parts: AsyncIterator[str], *, name: str, address: str, may_hear: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[str]:
        """Yields the parts as long as the visitor may hear them, until there are too many streams or the process stops."""
        one = self._opened(name, address)
        over = asyncio.create_task(one.over.wait())
        following: asyncio.Task[str | None] | None = None
        try:
            while not one.over.is_set():
                following = asyncio.create_task(_next(parts))
                await asyncio.wait((over, following), return_when=asyncio.FIRST_COMPLETED)
                if not following.done():
                    break
                part = following.result()
                if part is None or not await may_hear():
                    return
                yield part
            if not self._is_closed:
                yield FULL
        except StoreError:  # the browser asks again, as long as the database cannot be used
            return
        finally:
            over.cancel()
            if following is not None:
                following.cancel()
            if one in self._open:
                self._open.remove(one)

    def close(self) -> None:
        """Ends all streams, or the server would wait for them."""
        self._is_closed = True
        for one in self._open:
            one.over.set()

    def _opened(self, name: str, address: str) -> Stream:
        """Returns a new stream, and closes another one if there are too many."""
        one = Stream(name=name, address=address)
        if self._is_closed:
            one.over.set()
            return one
        self._open.append(one)
        if extra := surplus(self._open, self._most):
            self._open.remove(extra)
            extra.over.set()
            self._observe(ConnectionClosed(kind="stream"))
        return one


async def _next(parts: AsyncIterator[str]) -> str | None:
    return await anext(parts, None)


# --------------------------------------------------------------------------------------- style and script of the pages


_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}  # their addresses change with them


def static_pages() -> tuple[WebPage, ...]:
    """Returns a page for each file."""
    return tuple(WebPage(path=f"/static/{name}", answer=partial(_show, name), is_public=True) for name in STATIC)


async def _show(name: str, asked: PageRequest) -> PageResponse:
    del asked
    return PageResponse(body=static_file(name), kind=STATIC[name], headers=_FOR_EVER)

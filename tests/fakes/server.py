"""The base class of the fake platforms: an HTTP server, verbs that make it fail, and a way to call them from another process."""

import argparse
import asyncio
import dataclasses
import json
import socket
import ssl
import struct
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from aiohttp import web

from tests.fakes.faults import FAULTS, Fault
from tests.fakes.journal import Entry, Journal
from tests.patience import PATIENCE

LOOPBACK = "127.0.0.1"
T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """One parsed request."""

    method: str  # "sendMessage", "chat.postMessage"
    token: str
    arguments: dict[str, Any]
    chat: str = ""  # the lane to which the call belongs
    problem: str = ""  # why the request cannot be read
    files: Mapping[str, tuple[str, bytes]] = dataclasses.field(default_factory=dict)  # field → (name, content)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ApiResponse:
    """One answer."""

    body: dict[str, Any]
    status: int = 200
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    data: bytes | None = None  # the content of a file, sent instead of the body


@dataclasses.dataclass(slots=True)
class _PlannedFault:
    """`times` calls of `method` (in `chat`) get this fault, after the first `after` calls succeeded."""

    fault: Fault
    times: int
    after: int
    method: str
    chat: str


class News:
    """Lets tests wait in a fake's event loop until the fake is in a certain state."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    def tell(self) -> None:
        """Makes all callers of `until` check their condition again. The fake calls this after each change."""
        for event in self._waiting:
            event.set()

    async def until(self, is_true: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Waits until `is_true` returns True. Raises TimeoutError if that takes too long."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            async with asyncio.timeout(seconds):
                while not is_true():
                    event.clear()
                    await event.wait()
        finally:
            self._waiting.discard(event)


class LoopbackServer(ABC):
    """An HTTP server on loopback. It runs in its own thread while its `with` block runs."""

    root = ""  # the path after the port, for `url`
    tls: ssl.SSLContext | None = None
    running: ClassVar[dict[int, "LoopbackServer"]] = {}  # those of this process that listen, by their ports
    gives_up: ClassVar[bool] = False  # whether it stops to work on a request whose client is gone

    def __init__(self) -> None:
        self.port = 0
        self._runner: web.ServerRunner | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}{self.root}"

    @abstractmethod
    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers a request."""

    def __enter__(self) -> Self:
        # without this socket, another process could get the port while the server is down
        self._reservation = socket.socket()
        self._reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reservation.bind((LOOPBACK, 0))
        self.port = int(self._reservation.getsockname()[1])
        started = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(started),), daemon=True)
        self._thread.start()
        assert started.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)
        self._reservation.close()

    def goes_down(self) -> None:
        """Stops listening and drops open connections, until `comes_back`."""
        self._wait(self._down())

    def comes_back(self) -> None:
        """Listens again, on the same port."""
        self._wait(self._up())

    async def _run(self, started: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await self._up()
        started.set()
        await self._stop.wait()
        await self._down()

    async def _up(self) -> None:
        self._runner = web.ServerRunner(
            web.Server(self._serve, access_log=None, handler_cancellation=self.gives_up), shutdown_timeout=0
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self.port, ssl_context=self.tls, reuse_address=True).start()
        self.running[self.port] = self

    async def _down(self) -> None:
        if self._runner:
            del self.running[self.port]
            await self._runner.cleanup()
            self._runner = None

    def _wait(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def in_its_loop(self, do: Callable[[], T]) -> T:
        """Runs a function in the server's event loop, so that no request is handled meanwhile. Returns its result."""

        async def done() -> T:
            return do()

        return self._wait(done())


class FakePlatform(LoopbackServer):
    """A fake platform. It refuses what the real platform refuses. Its verbs make it fail.

    `url` is the value of the setting that tells paperwire the platform's address.
    """

    send: str  # the method that posts a message

    def __init__(self, journal: Path | None = None) -> None:
        super().__init__()
        self.journal = Journal(journal)
        self.requests: list[tuple[str, str]] = []  # (method, chat) of every request that arrived, refused or not
        self.answered: list[tuple[str, str]] = []  # (method, chat) of every request that is finished
        self.news = News()
        self._failures: list[tuple[float, str]] = []
        self._takes = 0.0  # seconds that each post takes
        self._orders: deque[_PlannedFault] = deque()
        self._open: Counter[tuple[str, str]] = Counter()  # (method, chat) → requests that are not answered yet
        self._now: float | None = None
        self._hanging: list[asyncio.Future[bool]] = []  # for each call that hangs: False means to cut its connection

    @abstractmethod
    async def read(self, request: web.BaseRequest) -> ApiCall:
        """Parses and returns a request as the platform does."""

    @abstractmethod
    def handle(self, call: ApiCall) -> ApiResponse:
        """Checks and executes a call, and returns the answer without waiting for anything."""

    async def respond(self, call: ApiCall) -> ApiResponse:
        """Returns the answer of `handle`. A platform overrides this if some of its calls wait for something."""
        return self.handle(call)

    @abstractmethod
    def too_many(self, retry_after: object) -> Fault:
        """Returns the platform's 429 answer. If `retry_after` is None, the answer does not say how long to wait."""

    def answers(
        self,
        what: str | Fault,
        times: int = 1,
        *,
        after: int = 0,
        chat: str = "",
        method: str = "",
        retry_after: object = 3,
    ) -> None:
        """Makes the next `times` calls fail with "429", one of FAULTS or a fault, after the first `after` calls succeeded.

        Only calls of `method` (by default those that post a message) count, and only those in `chat` if it is given.
        """
        if not isinstance(what, Fault):
            what = self.too_many(retry_after) if what == "429" else FAULTS[what]
        self._orders.append(_PlannedFault(what, times, after, method or self.send, chat))

    def takes(self, seconds: float) -> None:
        """Makes each post take this long, so that a test notices if two posts to one chat are open at the same time."""
        self._takes = seconds

    def forgives(self) -> None:
        """Cancels all planned faults."""
        self._orders.clear()

    def sets_time(self, now: float) -> None:
        """Sets the server's clock, in seconds since 1970."""
        self._now = now

    def _time(self) -> float:
        return time.time() if self._now is None else self._now

    def waits_hanging(self, seconds: float = PATIENCE) -> None:
        """Returns as soon as a request hangs.

        An async test calls it by `await asyncio.to_thread(fake.waits_hanging)`.
        """
        self._waits_until(lambda: bool(self._hanging), seconds)

    def waits_for(self, method: str, times: int = 1, *, chat: str = "", seconds: float = PATIENCE) -> None:
        """Returns when `times` calls of a method (in a chat) were answered since the start."""
        self._waits_until(
            lambda: sum(done[0] == method and chat in {"", done[1]} for done in self.answered) >= times, seconds
        )

    def waits_for_journal(self, entries: int) -> None:
        """Returns when the platform has accepted so many messages in all."""
        self._waits_until(lambda: len(self.journal) >= entries)

    def _waits_until(self, is_true: Callable[[], bool], seconds: float = PATIENCE) -> None:
        self._wait(self.news.until(is_true, seconds))

    def releases(self, *, drop: bool = False) -> None:
        """Answers the calls that hang. With `drop`, cuts their connections instead, and their messages are lost.

        A message whose fault has `taken` was accepted before, so `drop` does not lose it.
        """
        self._wait(self._release(drop=drop))

    def posted_to(self, chat: str) -> list[Entry]:
        """Returns the messages of a chat in order. Edits are left out."""
        return [e for e in self.journal if e.kind == "post" and e.chat == chat]

    def edits_in(self, chat: str) -> list[Entry]:
        return [e for e in self.journal if e.kind == "edit" and e.chat == chat]

    def files_in(self, chat: str) -> list[Entry]:
        return [e for e in self.journal if e.kind == "file" and e.chat == chat]

    def arrived(self, method: str = "") -> list[tuple[str, str]]:
        """Returns (method, chat) of every request (of one method) that arrived, even if it was refused."""
        return [request for request in self.requests if method in {"", request[0]}]

    def failures(self) -> list[tuple[float, str]]:
        """Returns (time, chat) of each planned failure that happened. The time is in seconds since 1970."""
        return self._failures

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self.journal.close()

    async def _down(self) -> None:
        await self._release(drop=True)
        await super()._down()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        call = await self.read(request)
        about = call.method, call.chat
        self.requests.append(about)
        self._open[about] += 1
        try:
            if self._takes and call.method == self.send:
                await asyncio.sleep(self._takes)
            fault = self._fault(call)
            if fault is None:
                return _response(await self.respond(call))
            self._failures.append((time.time(), call.chat))
            return await self._misbehave(request, call, fault)
        finally:
            self._open[about] -= 1
            self.answered.append(about)
            self.news.tell()

    def answers_at_once(self, call: ApiCall) -> bool:
        """Tells whether nothing is planned that goes wrong, and nothing that takes time."""
        return not (self._orders or self._takes or float(call.arguments.get("timeout") or 0))

    def ask(self, call: ApiCall) -> ApiResponse:
        """Answers a call that did not come over HTTP."""
        return self._wait(self._asked(call))

    async def _asked(self, call: ApiCall) -> ApiResponse:
        about = call.method, call.chat
        self.requests.append(about)
        try:
            return await self.respond(call)
        finally:
            self.answered.append(about)
            self.news.tell()

    def _fault(self, call: ApiCall) -> Fault | None:
        for order in self._orders:
            if order.method == call.method and order.chat in {"", call.chat}:
                if order.after > 0:
                    order.after -= 1
                    return None
                order.times -= 1
                if order.times <= 0:
                    self._orders.remove(order)
                return order.fault
        return None

    async def _misbehave(self, request: web.BaseRequest, call: ApiCall, fault: Fault) -> web.StreamResponse:
        answer = self.handle(call) if fault.taken else None
        if fault.hang:
            if not await self._hang():
                return _cut(request, "fin")
            return _response(answer or self.handle(call))
        if fault.cut == "half":
            half = web.StreamResponse(headers={"Content-Length": "100", "Content-Type": "application/json"})
            await half.prepare(request)
            await half.write(b'{"ok": tr')
            return _cut(request, "fin", half)
        if fault.cut:
            return _cut(request, fault.cut)
        return web.Response(
            status=fault.status,
            text=fault.body.replace("{path}", request.path),
            content_type=fault.content_type,
            headers={name: value.replace("{path}", request.path) for name, value in fault.headers.items()},
        )

    async def _hang(self) -> bool:
        """Waits until the test releases the call. Returns False if the connection must be cut."""
        released: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._hanging.append(released)
        self.news.tell()
        return await released

    async def _release(self, *, drop: bool = False) -> None:
        released, self._hanging = self._hanging, []
        for one in released:
            one.set_result(not drop)
        await asyncio.sleep(0)

    def _note(self, call: ApiCall, **known: Any) -> None:
        """Records in the journal that the message was accepted."""
        self.journal.write(
            Entry(at=time.time(), concurrent=max(1, self._open[self.send, call.chat]), payload=call.arguments, **known)
        )

    @classmethod
    def main(cls) -> None:
        """Runs `python -m tests.fakes.telegram --journal FILE`. Prints one line of JSON with both addresses."""
        parser = argparse.ArgumentParser()
        parser.add_argument("--journal", type=Path)
        with cls(journal=parser.parse_args().journal) as fake, _Control(fake) as control:
            sys.stdout.write(json.dumps({"url": fake.url, "control": control.url}) + "\n")
            sys.stdout.flush()
            sys.stdin.read()  # the test holds our standard input open; when the test ends, this returns


class _Control(LoopbackServer):
    """Serves POST {"verb": …, "args": […], "options": {…}} → {"result": …}. tests.fakes.process calls it."""

    def __init__(self, fake: FakePlatform) -> None:
        super().__init__()
        self._fake = fake

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        order = json.loads(await request.text())
        verb = getattr(self._fake, order["verb"])  # a verb may wait for other calls, so it runs in a thread
        result = await asyncio.to_thread(verb, *order["args"], **order["options"])
        if isinstance(result, list):
            result = [dataclasses.asdict(entry) if isinstance(entry, Entry) else entry for entry in result]
        return web.json_response({"result": result})


def truth(value: object) -> bool:
    """Returns a Boolean argument as bool: JSON contains true, a form "true" or "1"."""
    return str(value).lower() in {"true", "1"}


def _response(answer: ApiResponse) -> web.Response:
    if answer.data is not None:
        return web.Response(body=answer.data, status=answer.status, headers=dict(answer.headers))
    return web.json_response(answer.body, status=answer.status, headers=dict(answer.headers))


def _cut(request: web.BaseRequest, how: str, begun: web.StreamResponse | None = None) -> web.StreamResponse:
    """Closes the connection by RST if `how` is "rst", otherwise by FIN."""
    transport = request.transport
    if transport is not None:
        if how == "rst":
            connection: socket.socket = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.close()
    return begun or web.Response()

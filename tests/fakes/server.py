"""The server that both fake platforms share: its verbs, and a way to call the verbs from another process."""

import argparse
import asyncio
import json
import os
import socket
import stat
import struct
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self, TypeVar

from aiohttp import web

from tests.fakes.faults import FAULTS, Fault
from tests.fakes.journal import Entry, Journal
from tests.patience import PATIENCE

LOOPBACK = "127.0.0.1"
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """One parsed request."""

    method: str  # "sendMessage", "chat.postMessage"
    token: str
    arguments: dict[str, Any]
    chat: str = ""  # the lane to which the call belongs
    problem: str = ""  # why the request cannot be read
    files: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)  # field → (name, content)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiResponse:
    """One answer."""

    body: dict[str, Any]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    data: bytes | None = None  # the content of a file, sent instead of the body


@dataclass(slots=True)
class _PlannedFault:
    """A planned fault for `times` calls of `method` (in `chat`). `after` calls succeed before it."""

    fault: Fault
    times: int
    after: int
    method: str
    chat: str


class FakePlatform(ABC):
    """A fake platform on loopback. It refuses what the real platform refuses. Its verbs make it fail.

    As a context manager, it runs in its own thread. `url` is the value for the setting of the platform's address.
    """

    send: str  # the method that posts a message
    root: str  # the path after the port, for `url`

    def __init__(self, journal: Path | None = None) -> None:
        self.journal = Journal(journal)
        self.requests: list[tuple[str, str]] = []  # (method, chat) of every request that arrived, refused or not
        self._failures: list[tuple[float, str]] = []
        self._takes = 0.0  # seconds that each post takes
        self.answered: list[tuple[str, str]] = []  # (method, chat) of every request that is finished
        self.port = 0
        self.control_port = 0
        self._orders: deque[_PlannedFault] = deque()
        self._open: Counter[str] = Counter()
        self._most: Counter[str] = Counter()
        self._watchers: set[asyncio.Event] = set()  # events of those that wait until a call is answered
        self._runner: web.ServerRunner | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    # ── what a platform must say ──────────────────────────────────────────────

    @abstractmethod
    async def read(self, request: web.BaseRequest) -> ApiCall:
        """Parses and returns a request as the platform does."""

    @abstractmethod
    def handle(self, call: ApiCall) -> ApiResponse:
        """Checks and executes a call, and returns the answer. Never waits."""

    async def respond(self, call: ApiCall) -> ApiResponse:
        """Returns the answer of `handle`. A platform overrides this if some of its calls wait for something."""
        return self.handle(call)

    @abstractmethod
    def too_many(self, retry_after: object) -> Fault:
        """Returns the platform's 429 answer. With `retry_after` None, it does not say how long to wait."""

    # ── verbs ─────────────────────────────────────────────────────────────────

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}{self.root}"

    def answers(
        self,
        what: str,
        times: int = 1,
        *,
        after: int = 0,
        chat: str = "",
        method: str = "",
        retry_after: object = 3,
        taken: bool | None = None,
    ) -> None:
        """Makes the next `times` posts (or calls of `method`, or only those in `chat`) fail with "429" or one of FAULTS.

        `after` calls succeed before the first failure. `taken` overrides what FAULTS says: whether the message is recorded.
        """
        fault = self.too_many(retry_after) if what == "429" else FAULTS[what]
        fault = fault if taken is None else replace(fault, taken=taken)
        self._orders.append(_PlannedFault(fault, times, after, method or self.send, chat))

    def takes(self, seconds: float) -> None:
        """Makes each post take this long before the message is recorded, so that simultaneous posts to a chat are noticed."""
        self._takes = seconds

    def forgives(self) -> None:
        """Cancels all planned faults."""
        self._orders.clear()

    def goes_down(self) -> None:
        """Stops listening and drops open connections."""
        self._wait(self._down())

    def comes_back(self) -> None:
        self._wait(self._up(self.port))

    def waits_hanging(self, seconds: float = PATIENCE) -> None:
        """Returns as soon as a request hangs. An async test calls it by `await asyncio.to_thread(fake.waits_hanging)`."""
        self._wait(asyncio.wait_for(self._hanging.wait(), seconds))

    def waits_for(self, method: str, times: int = 1, *, chat: str = "", seconds: float = PATIENCE) -> None:
        """Returns when `times` calls of a method (in a chat) were answered since the start."""
        self._wait(self._until_answered(method, times, chat=chat, seconds=seconds))

    def releases(self, *, drop: bool = False) -> None:
        """Continues the calls that hang. With `drop`, cuts their connections instead; messages not yet recorded never are."""
        self._wait(self._release(drop=drop))

    # ── what it saw ───────────────────────────────────────────────────────────

    def posted_to(self, chat: str, thread: str | None = None) -> list[Entry]:
        """Returns the messages of a chat in order. Edits are left out."""
        return [
            e for e in self.journal if e.kind == "post" and e.chat == chat and (thread is None or e.thread == thread)
        ]

    def edits_in(self, chat: str) -> list[Entry]:
        return [e for e in self.journal if e.kind == "edit" and e.chat == chat]

    def arrived(self, method: str = "") -> list[tuple[str, str]]:
        """Returns (method, chat) of every request (of one method), refused or not."""
        return [request for request in self.requests if method in {"", request[0]}]

    def failures(self) -> list[tuple[float, str]]:
        """Returns (time, chat) of each planned failure that happened, with the time of the machine's clock in seconds."""
        return self._failures

    def most_at_once(self, chat: str) -> int:
        """Returns the highest number of simultaneous posts to one chat."""
        return self._most[chat]

    # ── the server ────────────────────────────────────────────────────────────

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(
            target=asyncio.run, args=(self._stay(started),), name=type(self).__name__, daemon=True
        )
        self._thread.start()
        started.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        assert self._thread is not None
        self._wait(self._down())
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)
        self.journal.close()

    async def _stay(self, started: threading.Event) -> None:
        await self._begin(0)
        started.set()
        await self._stop.wait()

    async def _begin(self, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._hanging = asyncio.Event()
        self._gate: asyncio.Future[bool] = self._loop.create_future()
        await self._up(port)

    async def _up(self, port: int) -> None:
        self._runner = web.ServerRunner(web.Server(self._serve, access_log=None), shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def _down(self) -> None:
        if self._runner:
            await self._release(drop=True)
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        call = await self.read(request)
        self.requests.append((call.method, call.chat))
        try:
            with self._counting(call):
                if self._takes and call.method == self.send:
                    await asyncio.sleep(self._takes)
                fault = self._fault(call)
                if fault is None:
                    return _response(await self.respond(call))
                self._failures.append((time.time(), call.chat))
                return await self._misbehave(request, call, fault)
        finally:
            self.answered.append((call.method, call.chat))
            for watcher in self._watchers:
                watcher.set()

    @contextmanager
    def _counting(self, call: ApiCall) -> Iterator[None]:
        if call.method != self.send:
            yield
            return
        self._open[call.chat] += 1
        self._most[call.chat] = max(self._most[call.chat], self._open[call.chat])
        try:
            yield
        finally:
            self._open[call.chat] -= 1

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
        body = fault.body.replace("{path}", request.path)
        headers = {name: value.replace("{path}", request.path) for name, value in fault.headers.items()}
        return web.Response(status=fault.status, text=body, content_type=fault.content_type, headers=headers)

    async def _hang(self) -> bool:
        """Waits until the test releases the call. Returns False if the connection must be cut."""
        self._hanging.set()
        return await asyncio.shield(self._gate)

    async def _until_answered(self, method: str, times: int, *, chat: str, seconds: float) -> None:
        news = asyncio.Event()
        self._watchers.add(news)
        try:
            async with asyncio.timeout(seconds):
                while sum(done[0] == method and chat in {"", done[1]} for done in self.answered) < times:
                    await news.wait()
                    news.clear()
        finally:
            self._watchers.discard(news)

    async def _release(self, *, drop: bool = False) -> None:
        gate, self._gate = self._gate, asyncio.get_running_loop().create_future()
        self._hanging.clear()
        gate.set_result(not drop)
        await asyncio.sleep(0)

    def _wait(self, work: Coroutine[object, object, T]) -> T:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def in_its_loop(self, do: Callable[[], T]) -> T:
        """Runs a function in the server's loop, so that nothing changes while it runs. Returns its result."""

        async def done() -> T:
            return do()

        return self._wait(done())

    # ── in its own process ────────────────────────────────────────────────────

    async def _control(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serves POST {"verb": …, "args": […], "options": {…}} → {"result": …}. tests.fakes.process calls it."""
        order = json.loads(await request.text())
        verb = getattr(self, order["verb"])  # it may wait for this loop, so it runs in a thread
        result = await asyncio.to_thread(verb, *order["args"], **order["options"])
        if isinstance(result, list):
            result = [asdict(entry) if isinstance(entry, Entry) else entry for entry in result]
        return web.json_response({"result": result})

    @classmethod
    def main(cls) -> None:
        """Runs `python -m tests.fakes.telegram --port 0 --journal FILE`. Prints one line of JSON with both ports."""
        parser = argparse.ArgumentParser()
        parser.add_argument("--port", type=int, default=0)
        parser.add_argument("--journal", type=Path)
        options = parser.parse_args()
        asyncio.run(cls(journal=options.journal)._alone(options.port))

    async def _alone(self, port: int) -> None:
        await self._begin(port)
        control = web.ServerRunner(web.Server(self._control, access_log=None))
        await control.setup()
        await web.TCPSite(control, LOOPBACK, 0).start()
        self.control_port = control.addresses[0][1]
        ready = {"url": self.url, "port": self.port, "control": f"http://{LOOPBACK}:{self.control_port}/_control"}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        if not stat.S_ISFIFO(os.fstat(0).st_mode):
            await asyncio.Event().wait()
        # A test that started this process holds our standard input open. When the input ends, we exit too.
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await self._down()
        await control.cleanup()

    def _note(self, call: ApiCall, **known: Any) -> None:
        """Records in the journal that the message was accepted."""
        self.journal.write(
            Entry(at=time.time(), concurrent=max(1, self._open[call.chat]), payload=call.arguments, **known)
        )


def _response(answer: ApiResponse) -> web.Response:
    if answer.data is not None:
        return web.Response(body=answer.data, status=answer.status, headers=dict(answer.headers))
    return web.json_response(answer.body, status=answer.status, headers=dict(answer.headers))


def _cut(request: web.BaseRequest, how: str, begun: web.StreamResponse | None = None) -> web.StreamResponse:
    """Closes the connection by FIN or RST, as `how` says."""
    transport = request.transport
    if transport is not None:
        if how == "rst":
            connection: socket.socket = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.close()
    return begun or web.Response()

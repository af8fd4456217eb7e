"""Measures the cost of waking lanes by jobs: sending, compared with the simplest possible loop, and storing the jobs.

    python -m bench.waking [LANES]          without a number: 2,000

Sending: three processes, each with ten lanes at once, send five messages in each lane to a server that takes ten
milliseconds for a message. The engine and the loop do the same for a lane: read its messages, post one after the other,
and mark each as sent. The engine is ours, as in a worker of `paperwire run`: it has a job and a lock for each lane,
heartbeats, and leases that protect lanes against workers that were only stopped. The loop takes a row with SELECT ...
FOR UPDATE SKIP LOCKED and keeps its transaction open while it sends. So the loop cannot send replies first, loses its
claim when a process is stopped, and needs a connection for each claimed lane. Each round has a new database, and the
two take turns. Aim: at least 0.6 of the loop's rate, in the median of three rounds.

Storing: 100,000 deliveries without papers in one transaction, and the jobs that wake their lanes. Aim: at most five
times the time of the deliveries.
"""

import asyncio
import logging
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing
from statistics import median
from unittest.mock import patch

import aiohttp
import psycopg
from aiohttp import web
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import insert

import bot.platforms.known  # noqa: F401 - declares the platforms
from bench import planning
from bot.delivery.cluster import ClusterEngine
from bot.dependencies.system_clock import SystemClock
from bot.ports.channel import Limits
from subscriptions.model import Delivery, DeliveryKind, Facts, Lane
from subscriptions.store import planned_deliveries, wakeups
from subscriptions.store.chats import all_chats
from subscriptions.store.database.store import Store
from subscriptions.store.rows import ChatRow
from tests.postgres.server import own_server

LANES, MESSAGES, WORKERS, AT_ONCE, ROUNDS = 2000, 5, 3, 10, 3
TAKES = 0.01  # seconds that the platform's server takes for a message
STORED = 100_000
AIM, AIM_STORED = 0.6, 5.0
_TABLES = """
    CREATE TABLE to_send (lane text, number integer, sent boolean NOT NULL DEFAULT false, PRIMARY KEY (lane, number));
    CREATE TABLE wake (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lane text NOT NULL);
"""
_FILL = "INSERT INTO to_send SELECT lane::text, number FROM generate_series(1, %s) lane, generate_series(1, %s) number"
_NEXT = "SELECT id, lane FROM wake ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"


def main() -> int:
    match sys.argv[1:]:
        case ["worker", way, url, address]:
            asyncio.run(WAYS[way](url, address))
        case [*lanes]:
            measure(int(lanes[0]) if lanes else LANES)
    return 0


def measure(lanes: int) -> None:
    """Prints both tables."""
    with own_server() as server:
        found: dict[str, list[tuple[float, int, int]]] = {way: [] for way in WAYS}
        for _ in range(ROUNDS):
            for way in WAYS:
                found[way].append(asyncio.run(sending(server.database(), way, lanes)))
        print(
            f"{lanes:,} lanes x {MESSAGES} messages, {WORKERS} processes with {AT_ONCE} lanes at once, a new database each"
        )
        print("         messages a second, 3 rounds   sent twice   one lane at once")
        for way, rounds in found.items():
            rates, twice, at_once = zip(*rounds, strict=True)
            print(f"{way:8} {' '.join(f'{rate:7,.0f}' for rate in rates)}        {sum(twice):12} {max(at_once):18}")
        ours, loop = (median(rate for rate, _, _ in found[way]) for way in ("engine", "loop"))
        print(f"engine / loop = {ours / loop:.2f}  (aim: {AIM})")
        deliveries, jobs = storing(server.database())
        print(f"{STORED:,} deliveries stored in {deliveries:.1f} s, their jobs in {jobs:.1f} s, on the wall")
        print(f"jobs / deliveries = {jobs / deliveries:.2f}  (aim: {AIM_STORED})")


async def sending(url: str, way: str, lanes: int) -> tuple[float, int, int]:
    """Runs a round, and times it from the first message to the last.

    Returns the messages a second, the number of messages that came more than once, and the most messages of one lane
    that were being sent at the same time.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_TABLES)
        connection.execute(_FILL, (lanes, MESSAGES))
        connection.execute("INSERT INTO wake (lane) SELECT generate_series(1, %s)", (lanes,))
    with closing(Store(url)) as store, store.write() as transaction:
        wakeups.wake_lanes(transaction, [Lane("telegram", str(number)) for number in range(1, lanes + 1)])
    came: Counter[tuple[str, str]] = Counter()
    under_way: Counter[str] = Counter()
    moments: list[float] = []
    done = asyncio.Event()
    most = 0

    async def takes(request: web.Request) -> web.Response:
        nonlocal most
        lane, number = request.match_info["lane"], request.match_info["number"]
        moments.append(time.perf_counter())
        came[lane, number] += 1
        under_way[lane] += 1
        most = max(most, under_way[lane])
        await asyncio.sleep(TAKES)
        under_way[lane] -= 1
        if len(came) == lanes * MESSAGES:
            done.set()
        return web.Response()

    app = web.Application()
    app.router.add_post("/{lane}/{number}", takes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    command = (sys.executable, "-m", "bench.waking", "worker", way, url, address)
    workers = [
        await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        for _ in range(WORKERS)
    ]
    try:
        await asyncio.gather(*(one.stdout.readline() for one in workers if one.stdout is not None))  # all are ready
        for one in workers:
            assert one.stdin is not None
            one.stdin.write(b"\n")
        await asyncio.wait_for(done.wait(), 300)
        for one in workers:
            await one.communicate(b"\n")
    finally:
        await runner.cleanup()
    return len(moments) / (moments[-1] - moments[0]), len(moments) - len(came), most


async def _line() -> None:
    await asyncio.to_thread(sys.stdin.readline)


def _deliverer(
    pool: AsyncConnectionPool, line: aiohttp.ClientSession, address: str
) -> Callable[[str], Awaitable[None]]:
    """Returns the function that sends the messages of a lane. The engine and the loop use the same one."""

    async def deliver(lane: str) -> None:
        async with pool.connection() as connection:
            asked = await connection.execute(
                "SELECT number FROM to_send WHERE lane = %s AND NOT sent ORDER BY number", (lane,)
            )
            numbers = [number for (number,) in await asked.fetchall()]
        for number in numbers:
            async with line.post(f"{address}/{lane}/{number}") as answer:
                answer.raise_for_status()
            async with pool.connection() as connection:
                await connection.execute(
                    "UPDATE to_send SET sent = true WHERE lane = %s AND number = %s", (lane, number)
                )

    return deliver


async def engine(url: str, address: str) -> None:
    """Runs our worker until it reads a second line."""
    logging.disable()
    store = Store(url)
    free = Limits(text=4096, per_second=0, per_lane=0)
    worker = ClusterEngine(store, SystemClock(), {"telegram": free}, concurrency=AT_ONCE)

    async def sweep() -> None:
        """Does nothing: no job is lost here."""

    async with (
        AsyncConnectionPool(url, max_size=AT_ONCE, kwargs={"autocommit": True}) as pool,
        aiohttp.ClientSession() as line,
    ):
        deliver = _deliverer(pool, line, address)
        print("ready", flush=True)
        await _line()
        work = asyncio.create_task(worker.serve(lambda lane: deliver(lane.address), sweep))
        await _line()
        work.cancel()
        await asyncio.wait((work,))
    await worker.close()
    store.close()


async def loop(url: str, address: str) -> None:
    """Runs the simplest loop until there is nothing to send."""
    async with (
        AsyncConnectionPool(url, max_size=AT_ONCE, kwargs={"autocommit": True}) as pool,
        AsyncConnectionPool(url, min_size=AT_ONCE, max_size=AT_ONCE) as held,
        aiohttp.ClientSession() as line,
    ):
        deliver = _deliverer(pool, line, address)
        print("ready", flush=True)
        await _line()

        async def serve() -> None:
            while True:
                async with held.connection() as connection, connection.transaction():
                    taken = await (await connection.execute(_NEXT)).fetchone()
                    if taken is None:
                        return
                    await deliver(taken[1])
                    await connection.execute("DELETE FROM wake WHERE id = %s", taken[:1])

        await asyncio.gather(*(serve() for _ in range(AT_ONCE)))


WAYS: dict[str, Callable[[str, str], Coroutine[None, None, None]]] = {"loop": loop, "engine": engine}


def storing(url: str) -> tuple[float, float]:
    """Returns wall seconds to store deliveries, and to store the jobs that wake their lanes, in one transaction."""
    with closing(Store(url)) as store:
        for first in range(1, STORED + 1, 10_000):
            with store.write() as session:
                session.connection().execute(
                    insert(ChatRow), [planning.chat_row(n) for n in range(first, first + 10_000)]
                )
        with store.read() as transaction:
            chats = [chat for page in all_chats(transaction) for chat in page]
        new = {
            f"{chat.id}:now": Delivery(
                id=f"{chat.id:016x}",
                chat=chat,
                kind=DeliveryKind.BULLETIN,
                due=planning.NOON,
                facts=Facts(known=10),
            )
            for chat in chats
        }
        taken: list[float] = []

        def noted(session: object, kinds: object) -> None:
            taken.append(time.perf_counter())
            wakeups.wake_chats(session, kinds)  # type: ignore[arg-type]
            taken.append(time.perf_counter())

        with patch.object(planned_deliveries, "wake_chats", noted), store.write() as transaction:
            begin = time.perf_counter()
            planned_deliveries.add_deliveries(transaction, new, now=planning.NOON)
        return taken[0] - begin, taken[1] - taken[0]


if __name__ == "__main__":
    sys.exit(main())

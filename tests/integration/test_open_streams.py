"""Pages that stay open: many of them do not block other people, each person has a share, and signing out ends them."""

import asyncio
import errno
import resource
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from bot.operation import health, web_server
from bot.operation.metrics import Metrics
from bot.ports.channel import ConnectionClosed, Measurement, ignore
from bot.settings.loading import load_settings
from subscriptions.errors import StoreError
from tests.integration.web_site import Browser, Pages, open_pages
from tests.make import FakeClock
from tests.patience import PATIENCE

PASSWORD = "correct horse battery"


# ----------------------------------------------------------------------------------------------- which stream is closed


@pytest.mark.parametrize(
    ("opened", "most", "closed"),
    [
        (["ada"], 1, None),
        (["ada"] * health.MOST_OF_A_NAME, 100, None),
        (["bea", *["ada"] * (health.MOST_OF_A_NAME + 1)], 100, 1),
        (["ada@x"] * health.MOST_OF_A_NAME + ["eve@x"], 100, None),
        ([f"eve{n}@x" for n in range(health.MOST_STREAMS_OF_AN_ADDRESS + 1)], 100, 0),
        ([f"eve{n}" for n in range(health.MOST_STREAMS_OF_AN_ADDRESS + 1)], 100, None),  # a proxy on this machine
        (["ada", "eve", "eve", "bea"], 3, 1),
        (["ada", "eve", "eve", "eve2", "eve2"], 4, 1),
        (["ada", "bea", "cem", "dan"], 3, 0),
    ],
)
def test_the_oldest_of_who_has_too_many_is_closed(opened: Sequence[str], most: int, closed: int | None) -> None:
    streams = [health.Stream(name=one.partition("@")[0], address=one.partition("@")[2]) for one in opened]
    assert health.surplus(streams, most) is (None if closed is None else streams[closed])


# -------------------------------------------------------------------------------------------------------- over real HTTP


@dataclass(slots=True)
class House:
    """A bot whose pages are served over HTTP."""

    pages: Pages
    url: str
    seen: list[Measurement]
    stack: AsyncExitStack

    async def enters(self, name: str) -> Browser:
        """Signs a person in and returns their browser."""
        client = httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=PATIENCE)
        browser = Browser(await self.stack.enter_async_context(client))
        await browser.opens("/sign-in")
        assert (await browser.posts("/sign-in", {"name": name, "password": PASSWORD})).status_code == 303
        await browser.opens()
        return browser

    async def hears(self, browser: Browser) -> AsyncIterator[str]:
        """Opens a stream, reads its first line, and returns the other lines."""
        answer = await self.stack.enter_async_context(browser.client.stream("GET", "/chat/events"))
        lines = answer.aiter_lines()
        assert (await anext(lines)).startswith("retry")
        return lines

    @property
    def closed(self) -> Counter[str]:
        return Counter(one.kind for one in self.seen if isinstance(one, ConnectionClosed))


@pytest.fixture
async def house(tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A house with room for 16 connections, and so for 8 streams."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 64))
    said: list[str] = []
    async with open_pages(tmp_path, clock, web_password=PASSWORD, web_port="0", access="open") as pages:
        observe, seen = pages.app.context.observe, list[Measurement]()
        observe.listeners.append(seen.append)
        server = web_server.serving(pages.app.settings, dict, said.append, [], pages=pages.site.routes, observe=observe)
        async with server, AsyncExitStack() as stack:
            yield House(pages, said[0].removeprefix("Health: ").removesuffix("/health/ready"), seen, stack)
            pages.site._streams.close()


async def test_one_person_under_many_names_keeps_nobody_out(house: House) -> None:
    ada = await house.enters("ada")
    heard = await house.hears(ada)
    first: list[AsyncIterator[str]] = []
    for number in range(5):
        eve = await house.enters(f"eve{number}")
        first += [await house.hears(eve) for _ in range(3)]
    async with httpx.AsyncClient(base_url=house.url, trust_env=False) as stranger:
        assert (await stranger.get("/health/live")).json() == {"live": True}
        assert (await stranger.get("/sign-in")).status_code == 200
    assert house.closed["stream"] == 8
    assert [line async for line in first[0] if line] == health.FULL.split("\n")[:2], (
        "the page is told, and does not come back"
    )
    await ada.posts("/chat/say", {"text": "/list"}, **{"x-requested-with": "fetch"})
    async for line in heard:
        if "event: message" in line:
            break
    else:
        raise AssertionError("ada's page is told nothing more")


async def test_connections_full_of_answers_make_room_for_one_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This failed with 256 open pages: `/health/live` was refused as long as they were open."""
    monkeypatch.setattr(house.pages.site._streams, "_most", 100)
    eve = await house.enters("eve")
    monkeypatch.setattr(health, "MOST_OF_A_NAME", 100)
    heard = [await house.hears(eve) for _ in range(20)]
    async with httpx.AsyncClient(base_url=house.url, trust_env=False) as stranger:
        assert (await stranger.get("/health/live")).json() == {"live": True}
    assert house.closed["connection"] >= len(heard) - 16


async def test_a_session_that_was_signed_out_hears_nothing_more(house: House) -> None:
    desk, phone = await house.enters("ada"), await house.enters("ada")
    heard = await house.hears(desk)
    await desk.posts("/sign-out", {})
    await phone.posts("/chat/say", {"text": "/list"}, **{"x-requested-with": "fetch"})
    async with asyncio.timeout(PATIENCE):
        assert "".join([line async for line in heard]) == "", "the stream is over"


async def test_a_stream_ends_quietly_when_the_database_fails() -> None:
    async def parts() -> AsyncIterator[str]:
        yield "one"
        raise StoreError("The database cannot be used.")

    async def may_hear() -> bool:
        return True

    told = health.Streams(ignore, 8).follow(parts(), name="ada", address="", may_hear=may_hear)
    assert [part async for part in told] == ["one"]


async def test_a_connection_for_which_no_file_is_left_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, failures, seen = asyncio.get_running_loop(), iter(range(2)), list[Measurement]()
    accept = loop.sock_accept

    async def out_of_files(listener: socket.socket) -> tuple[socket.socket, object]:
        for _ in failures:
            raise OSError(errno.EMFILE, "Too many open files")
        return await accept(listener)

    monkeypatch.setattr(loop, "sock_accept", out_of_files)
    monkeypatch.setattr(web_server, "ACCEPT_AGAIN", 0)
    said: list[str] = []
    async with (
        web_server.serving(
            load_settings({"PAPERWIRE_WEB_PORT": "0"}, tmp_path), dict, said.append, [], observe=seen.append
        ),
        httpx.AsyncClient(trust_env=False) as client,
    ):
        answer = await client.get(said[0].removeprefix("Health: ").replace("ready", "live"))
    assert (answer.json(), seen) == ({"live": True}, [ConnectionClosed(kind="refused")] * 2)


# -------------------------------------------------------------------------------------------------- what the operator sees


async def test_what_was_closed_is_one_line_a_minute_and_a_metric(
    house: House, clock: FakeClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics, counts = Metrics(house.pages.app, dict), web_server.ClosedConnections(clock)
    minutes = iter(range(3))

    async def one_minute(seconds: float) -> None:
        assert seconds == 60.0
        minute = next(minutes)
        closed = ["connection"] * 1000 + ["stream"] * 2 + ["refused"] * 3
        for kind in closed if minute == 0 else ():
            for listener in (metrics.observe, counts.observe):
                listener(ConnectionClosed(kind=kind))

    monkeypatch.setattr(clock, "sleep", one_minute)
    with pytest.raises(RuntimeError):  # raised when no minutes are left
        await counts.watch()
    (line,) = [one for one in caplog.messages if "web address" in one]
    assert line == (
        "Too many connections to the web address in the last minute: 1000 closed, since 16 at most are served; "
        "2 streams of open pages closed; 3 not accepted, since no file could be opened."
    )
    assert 'paperwire_connections_closed_total{kind="connection"} 1000.0' in (await metrics.page())[0].decode()

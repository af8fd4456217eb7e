"""Runs the web pages of a bot in this process, without a network. A Browser sends requests with cookies and forms."""

import dataclasses
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from bot.app import App
from bot.build import build_app
from bot.run.listeners import listening
from bot.web import server as web_server
from bot.web.site import pages_of
from tests.clock import FakeClock
from tests.given_settings import settings_of
from tests.integration.program import opened

HOME = "http://127.0.0.1:8420"
PASSWORD = "correct horse battery"


@dataclasses.dataclass(slots=True)
class Browser:
    """A browser with its own cookies. A form that it posts contains the token of the page that it opened last."""

    client: httpx.AsyncClient
    token: str = ""
    shown: str = dataclasses.field(default="", repr=False)

    async def opens(self, path: str = "/", **headers: str) -> httpx.Response:
        answer = await self.client.get(path, headers=headers)
        self.shown = answer.text
        if found := re.search(r'name="token" value="([\w-]+)"', answer.text):
            self.token = found[1]
        return answer

    async def posts(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        """Posts a form with the token of the page that the browser opened last."""
        return await self.client.post(
            path,
            data={"token": self.token, **fields},
            headers={"origin": str(self.client.base_url).rstrip("/"), **headers},
        )

    async def says(self, text: str, **fields: str) -> str:
        """Sends a message to the bot. Returns the page of the chat afterwards."""
        answer = await self.posts("/chat/say", {"text": text, **fields})
        assert answer.status_code == 303, answer.text
        return (await self.opens()).text

    def button(self, label: str) -> dict[str, str]:
        """Returns the form fields of the newest button with this label on the page that the browser opened last."""
        for form in reversed(re.findall(r'<form class="body".*?</form>', self.shown, re.DOTALL)):
            if found := re.search(
                rf'name="press" value="([^"]+)"[^>]*>(?:<span class="unseen">)?{re.escape(label)}<', form
            ):
                number = re.search(r'name="message" value="(\d+)"', form)
                assert number
                return {"press": found[1], "message": number[1]}
        raise AssertionError(f"no button [{label}] in {self.shown}")


@dataclasses.dataclass(slots=True)
class Pages:
    """A bot and its web pages."""

    app: App
    site: web_server.Pages

    def browser(self, home: str = HOME, address: str = "127.0.0.1", **headers: str) -> Browser:
        transport = httpx.ASGITransport(
            web_server.create_app([*web_server.health_routes(dict), *self.site.routes]),
            raise_app_exceptions=False,
            client=(address, 50_000),
        )
        return Browser(httpx.AsyncClient(transport=transport, base_url=home, headers=headers))

    async def opened(self, path: str = "/", home: str = HOME, address: str = "127.0.0.1", **headers: str) -> Browser:
        """Returns a new browser that has opened the page at `path`."""
        browser = self.browser(home, address, **headers)
        await browser.opens(path)
        return browser

    async def visited(self, name: str, home: str = HOME, **headers: str) -> Browser:
        """Returns the browser of a person who has signed in with PASSWORD, and has opened the chat."""
        browser = await self.opened("/sign-in", home, **headers)
        answer = await browser.posts("/sign-in", {"name": name, "password": PASSWORD})
        assert answer.headers["location"] == "/", answer.text
        await browser.opens()
        return browser


@asynccontextmanager
async def open_pages(folder: Path, clock: FakeClock, database_url: str = "", **settings: str) -> AsyncIterator[Pages]:
    """Yields the pages of a bot with these settings. For example, `web_password="…"` sets PAPERWIRE_WEB_PASSWORD."""
    given = {f"PAPERWIRE_{name.upper()}": value for name, value in settings.items()}
    made = build_app(
        settings_of({"PAPERWIRE_DATABASE_URL": database_url or f"sqlite:///{folder}/paperwire.db", **given}, folder),
        clock=clock,
    )
    async with opened(made) as app:
        site = await pages_of(app)
        assert site.receivers
        async with listening(app, site.receivers):
            yield Pages(app, site)

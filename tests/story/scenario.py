"""Runs a bot as people use it: the real app with a real database, the fake Telegram over real HTTP, and a fake clock.

    said = await scenario.says("/sub diffusion now")
    assert said.lines[0].startswith("✓ 1")
    scenario.brings(paper("Diffusion for maps"))
    (alert,) = await scenario.later(minutes=5)
    await scenario.presses("more")

Requests go through the receivers and the dispatcher, as in `paperwire run`. When a method returns, all answers have
arrived. `later` advances the clock and delivers what is due. Chats are named by Telegram's ids; "-1001/5" is a topic.
Methods of `scenario.telegram` do what only Telegram does (blocks, migrates, …). After them, call `listens`, so that the
bot receives the updates.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.app import App, build_app
from bot.operation.worker import answer_once
from bot.platforms.telegram.settings import TelegramSettings
from bot.settings import Settings
from subscriptions.model import Paper
from subscriptions.service.listing import listed
from tests.clock import FakeClock
from tests.fakes.journal import Entry
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.make import address, ingested


@dataclass(frozen=True, slots=True)
class Seen:
    """What people see after an action: new or changed messages, and the toast after a press of a button."""

    entries: tuple[Entry, ...] = ()
    toast: str = ""

    def __bool__(self) -> bool:
        return bool(self.entries or self.toast)

    @property
    def chats(self) -> list[str]:
        """Returns the chats of the messages, "-1001/5" for a topic."""
        return [f"{entry.chat}/{entry.thread}" if entry.thread else entry.chat for entry in self.entries]

    @property
    def text(self) -> str:
        """The text as people read it, without the invisible characters that keep Telegram from making links."""
        return "\n".join(entry.text for entry in self.entries).replace("\u2060", "")

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def buttons(self) -> list[str]:
        return [str(key["text"]) for key in self.keys]

    @property
    def keys(self) -> list[dict[str, Any]]:
        rows = (row for entry in self.entries for row in _keyboard(entry))
        return [key for row in rows for key in row]

    @property
    def changed(self) -> bool:
        """Whether the message replaced an earlier message."""
        return [entry.kind for entry in self.entries] == ["edit"]

    @property
    def silent(self) -> bool:
        return all(entry.silent for entry in self.entries)


def _keyboard(entry: Entry) -> Sequence[Sequence[dict[str, Any]]]:
    keyboard = entry.payload.get("reply_markup", {})
    read = json.loads(keyboard) if isinstance(keyboard, str) else keyboard
    return read.get("inline_keyboard", []) if read else []


class Scenario:
    """A bot, the people who use it, and their clock."""

    def __init__(self, telegram: FakeTelegram, clock: FakeClock, settings: Settings) -> None:
        self.telegram = telegram
        self.clock = clock
        self._settings = settings
        self.app = self._begun()

    # ── people ────────────────────────────────────────────────────────────────

    async def says(self, text: str, chat: str = "42", **more: Any) -> Seen:
        """Sends a message. Returns what people then see. In a group, `by` is the sender.

        `more` are arguments of the fake's `user_writes`.
        """
        where, _, topic = chat.partition("/")
        seen = len(self.telegram.journal)
        self._set_platform_time()
        self.telegram.user_writes(text, where, topic=int(topic or 0), **more)
        return await self._listens(seen)

    async def presses(self, label: str, chat: str = "42", *, by: str = "") -> Seen:
        """Presses the newest button with this label. Returns what people then see."""
        seen = len(self.telegram.journal)
        self._set_platform_time()
        press = self.telegram.presses(label, chat.partition("/")[0], by=by)
        after = await self._listens(seen)
        return Seen(after.entries, self.telegram.toasts().get(press, "not even acknowledged"))

    async def listens(self) -> Seen:
        """Lets the bot receive all waiting updates. Returns what people then see."""
        return await self._listens(len(self.telegram.journal))

    # ── papers and time ───────────────────────────────────────────────────────

    def brings(self, *papers: Paper) -> None:
        """Ingests a digest of these papers."""
        ingested(self.app.store, *papers, now=self.clock.now())

    async def later(self, **by: float) -> list[Seen]:
        """Advances the clock and delivers what is due. Returns each new message separately."""
        self.clock.advance(timedelta(**by))
        seen = len(self.telegram.journal)
        await self.app.sender.deliver()
        return [Seen((entry,)) for entry in list(self.telegram.journal)[seen:]]

    # ── the process ───────────────────────────────────────────────────────────

    async def restarts(self) -> Seen:
        """Ends the process and starts another one on the same database. Returns what the new process sends on its own."""
        await self.app.close()
        return await self.begins()

    async def is_killed(self, *doing: asyncio.Task[Any]) -> None:
        """Ends the process at once, and cancels the calls `doing` that the test has started."""
        mine = asyncio.current_task()
        under_way = {task for task in asyncio.all_tasks() if task is not mine} | {*doing}
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self.app.close()

    async def begins(self) -> Seen:
        """Starts a process. Returns what the process sends on its own."""
        self.app = self._begun()
        return await self.listens()

    # ── looking inside ────────────────────────────────────────────────────────

    def queries(self, chat: str = "42") -> list[str]:
        """Returns the queries of a chat, as typed."""
        there = (one for one in listed(self.app.store, None) if one.chat.address == address(f"telegram:{chat}"))
        return [one.subscription.text for one in there]

    # ── how it is done ────────────────────────────────────────────────────────

    def _begun(self) -> App:
        app = build_app(self._settings, clock=self.clock)
        app.open()
        return app

    def _set_platform_time(self) -> None:
        self.telegram.sets_time(self.clock.now().timestamp())

    async def _listens(self, seen: int) -> Seen:
        self._set_platform_time()
        await answer_once(self.app)
        assert self.telegram.waiting() == 0, "everything is confirmed"
        return Seen(tuple(self.telegram.journal)[seen:])


@asynccontextmanager
async def a_scenario(
    tmp_path: Path, telegram: FakeTelegram, clock: FakeClock, **settings: Any
) -> AsyncIterator[Scenario]:
    """A bot with an empty database that anyone may use. `settings` are further settings of the operator."""
    scenario = Scenario(
        telegram,
        clock,
        Settings(
            database_url=SecretStr(f"sqlite:///{tmp_path}/paperwire.db"),
            of_rooms=(TelegramSettings(token=SecretStr(TOKEN), api_url=telegram.url),),
            **{"access": "open", **settings},
        ),
    )
    try:
        yield scenario
    finally:
        await scenario.app.close()

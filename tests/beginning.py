"""Lets many tests begin where the same few requests lead. Only the first of them sends the requests."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from copy import deepcopy
from itertools import count
from typing import Any

from tests.bot_harness import BotHarness


class Beginning:
    """The state of a bot and its database after some requests. Each test gets a copy, so no test sees what another did."""

    def __init__(self, requests: Callable[[BotHarness], Awaitable[None]]) -> None:
        self._requests = requests
        self._database = b""
        self._fields: dict[str, Any] = {}  # of the bot
        self._updates = 0  # how many ids of updates and messages are taken

    async def of(self, bot: BotHarness) -> None:
        """Brings a bot to this state. Its store must be empty and unused. On PostgreSQL, sends the requests."""
        if bot.store.kind.file is None:
            await self._requests(bot)
        elif self._database:
            assert bot.store.commits == 0, "the store is in use"
            for suffix in ("-wal", "-shm"):  # of the empty database
                bot.store.path.with_name(f"{bot.store.path.name}{suffix}").unlink(missing_ok=True)
            bot.store.path.write_bytes(self._database)
            for name, value in self._fields.items():
                setattr(bot, name, deepcopy(value))
            bot.updates = count(self._updates + 1)
        else:
            await self._requests(bot)
            with closing(sqlite3.connect(bot.store.path)) as connection:
                busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            assert not busy
            self._database = bot.store.path.read_bytes()
            self._fields = {name: deepcopy(getattr(bot, name)) for name in ("clock", "last", "command_limits")}
            self._updates = next(bot.updates)

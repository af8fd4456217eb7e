"""In `run`, a document that takes too much costs only itself, and no file of a person holds up another person."""

import asyncio
import gzip
import json
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.digests.sandbox import InProcess, Limits, Sandbox
from tests.clock import FakeClock
from tests.fakes.telegram import FakeTelegram
from tests.integration.telegram_bot import a_listening_bot, confirmed, posts
from tests.papers import jsonl, paper
from tests.product import Product

# 16 MB of empty lines below a head, in 16 kB: reading them takes longer than a minute
BOMB = gzip.compress(b"### [1] [a](https://arxiv.org/abs/2601.00001)\n" + b"\n" * (16 * 2**20 - 100))
LIBRARY = ("mine.ris", "TY  - JOUR\nTI  - Reef fish\nER  - \n")
UPLOADS = 18  # more than requests are handled at the same time


def test_packed_document_that_takes_too_long_holds_up_none_beside_it(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.build.Sandbox", partial(Sandbox, Limits(cpu_seconds=1)))
    product.says("/sub moss now")
    product.writes("inbox/a.md.gz", BOMB)
    product.writes("inbox/b.jsonl", jsonl([paper("Moss on stones")]))
    assert "Moss on stones" in product.listens().text
    (source,) = product.tells("sources")
    assert "a.md.gz: Reading it takes more than 1 seconds of a processor." in json.dumps(source)


class Slow(InProcess):
    """Reads nothing before it is told to."""

    def __init__(self) -> None:
        self.goes_on = asyncio.Event()

    async def read(self, name: str, reader: Callable[..., Any], *arguments: object) -> Any:
        await self.goes_on.wait()
        return await super().read(name, reader, *arguments)


async def test_uploads_of_many_do_not_delay_the_answers_to_others(
    tmp_path: Path, telegram: FakeTelegram, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow()
    monkeypatch.setattr("bot.build.InProcess", lambda: slow)
    async with a_listening_bot(tmp_path, telegram, clock):
        for number in range(UPLOADS):
            telegram.user_writes("/library", str(1000 + number), file=LIBRARY)
        await confirmed(telegram)
        telegram.user_writes("/help", "42")
        await posts(telegram, 1, chat="42")
        assert not [one for one in telegram.journal if one.chat != "42"]
        slow.goes_on.set()
        await posts(telegram, UPLOADS + 1)
    stored = [one.text for one in telegram.journal if one.chat != "42"]
    assert len([one for one in stored if "The library is stored: 1 entry." in one]) == UPLOADS


def test_threads_of_answers_are_not_used_for_documents() -> None:
    """Each sandbox has a thread of its own, so documents of many folders leave those of the shared pool alone."""
    sandboxes = [Sandbox() for _ in range(3)]

    async def read_all() -> set[str]:
        await asyncio.gather(*(one.read("", os.getpid) for one in sandboxes))
        return {one.name.partition("_")[0] for one in threading.enumerate()}

    try:
        names = asyncio.run(read_all())
    finally:
        for one in sandboxes:
            one.close()
    assert "paperwire-reader" in names
    assert not any(name.startswith("asyncio") for name in names)

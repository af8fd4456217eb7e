"""The ticks of the process."""

import asyncio

import pytest

from bot.operation import ticks
from bot.operation.ticks import tick_until
from tests.patience import PATIENCE


async def test_it_ticks_until_stopped_and_survives_a_mistake(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ticks, "TICK_SECONDS", 0.0)
    stopped, begun = asyncio.Event(), list[int]()

    async def tick() -> None:
        begun.append(len(begun))
        if len(begun) == 1:
            raise ZeroDivisionError
        stopped.set()

    await asyncio.wait_for(tick_until(stopped, tick), PATIENCE)
    assert begun == [0, 1]
    assert "A tick failed: ZeroDivisionError in tick" in caplog.text

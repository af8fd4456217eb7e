"""The pace after a crash: posts that an earlier process began count, also those that it could not confirm.

A crash is an error that nothing handles, at a moment of a post; the next app opens the same file, at the same time.
"""

from bisect import bisect_right
from pathlib import Path

import pytest

from bot.app import App
from bot.platforms.telegram.outgoing import TelegramChannel
from subscriptions.service.amendments import set_settings
from tests.fakes.telegram import FakeTelegram
from tests.integration.telegram_bot import a_bot, a_listening_bot, confirmed
from tests.make import FakeClock, address, ingested, paper, subscribes

LIMITS = TelegramChannel.limits
PAPERS = 120  # some messages


class Crash(BaseException):
    """The process ends here."""


def busiest(starts: list[float], seconds: float) -> int:
    """Returns the most starts in any closed window of so many seconds."""
    return max((bisect_right(starts, start + seconds) - i for i, start in enumerate(starts)), default=0)


def wants_many_messages(app: App, chat: str) -> None:
    subscribes(app.store, chat, "graph", every="now")
    set_settings(app.store, address(chat), {"limit": "all"}, now=app.clock.now())
    ingested(app.store, *(paper(f"A graph of kind {n}", abstract="Text. " * 60) for n in range(PAPERS)))


def crashes_at_posts(app: App, starts: list[float], *, every: int, taken: bool) -> None:
    """Makes each post of the app be recorded, and every n-th one a crash, before or after the platform has taken it."""
    channel = app.context.channels["telegram"]
    post = channel.post

    async def timed(*args: object, **options: object) -> str:
        starts.append(app.clock.monotonic())
        crashes = len(starts) % every == 0
        if crashes and not taken:
            raise Crash
        found = await post(*args, **options)  # type: ignore[arg-type]
        if crashes:
            raise Crash
        return found

    channel.post = timed  # type: ignore[method-assign]


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("every", [1, 2, 5])
@pytest.mark.parametrize("chat", ["telegram:1", "telegram:-1001"])
async def test_kills_do_not_raise_the_burst_of_a_chat(
    chat: str, every: int, *, taken: bool, tmp_path: Path, telegram: FakeTelegram, clock: FakeClock
) -> None:
    starts: list[float] = []
    for kill in range(8):
        async with a_bot(tmp_path, telegram, clock) as app:
            if kill == 0:
                wants_many_messages(app, chat)
            crashes_at_posts(app, starts, every=every, taken=taken)
            try:
                await app.sender.deliver()
            except BaseExceptionGroup as ended:
                assert ended.subgroup(Crash) is not None  # noqa: PT017 - the crash that was wanted
    assert len(starts) >= 6
    assert busiest(starts, 2.9) <= LIMITS.burst
    if chat.startswith("telegram:-"):
        assert busiest(starts, 60) <= LIMITS.per_group_minute


async def test_answers_of_an_earlier_process_count_to_the_pace(
    tmp_path: Path, telegram: FakeTelegram, clock: FakeClock
) -> None:
    starts: list[float] = []
    async with a_listening_bot(tmp_path, telegram, clock) as app:
        crashes_at_posts(app, starts, every=1000, taken=True)
        for _ in range(6):
            telegram.user_writes("/help")
        await confirmed(telegram)
    async with a_bot(tmp_path, telegram, clock) as app:
        wants_many_messages(app, "telegram:42")
        crashes_at_posts(app, starts, every=1000, taken=True)
        await app.sender.deliver()
    assert len(starts) > 8
    assert busiest(starts, 2.9) <= LIMITS.burst

"""Long polling with a loop of our own (core.telegram.org/bots/api#getupdates).

An update is confirmed by the next call, so only after its effect and its reply are stored: a crash in between brings it
again, and its id tells that it was taken. The library's own polling confirms first (docs/architecture.md, rule 8).
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from bot.channels.telegram.inbound import ALLOWED, read_update
from bot.channels.telegram.venue import TelegramVenue
from bot.ports import Clock, Request
from subscriptions import NotDelivered, RetryLater

log = logging.getLogger("paperwire")

LONG = 25  # seconds that one call waits for news
FIRST_REST, LONGEST_REST = 1.0, 60.0


async def poll(
    venue: TelegramVenue, take: Callable[[Request], Awaitable[None]], clock: Clock, stopping: Callable[[], bool]
) -> None:
    """Receives until `stopping`. `take` returns when the effect of a request is stored."""
    offset, rest = 0, FIRST_REST
    bot_id, bot_name = await _who(venue, clock, stopping)
    while not stopping():
        try:
            updates = await venue.updates(offset, seconds=LONG, allowed=ALLOWED)
        except NotDelivered as error:
            log.warning("Telegram cannot be listened to now: %s", error.reason)
            asked = error.after.total_seconds() if isinstance(error, RetryLater) else 0.0
            await clock.sleep(max(rest, asked))
            rest = min(rest * 2, LONGEST_REST)
            continue
        rest = FIRST_REST
        for update in updates:
            await _take_one(update, take, bot_id, bot_name)
            offset = int(update["update_id"]) + 1


async def _take_one(
    update: dict[str, Any], take: Callable[[Request], Awaitable[None]], bot_id: str, bot_name: str
) -> None:
    try:
        request = read_update(update, bot_id=bot_id, bot_name=bot_name)
    except (KeyError, TypeError, ValueError) as error:
        log.warning("Update %s is of a shape that nobody knows (%s).", update.get("update_id"), type(error).__name__)
        return
    if request is not None:
        await take(request)


async def _who(venue: TelegramVenue, clock: Clock, stopping: Callable[[], bool]) -> tuple[str, str]:
    """The bot's id and name, as soon as Telegram tells."""
    while not stopping():
        try:
            return await venue.me()
        except NotDelivered as error:
            log.warning("Telegram cannot be listened to now: %s", error.reason)
            await clock.sleep(FIRST_REST)
    return "", ""

"""Receives and answers requests on every platform; how long until a receiver that failed is started again."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bot.app import App
from bot.clock import Clock
from bot.commands.registry import REGISTRY
from bot.conversation.dispatcher import Dispatcher
from bot.log import error_location
from bot.platforms.base import Operated, Receiver, RequestDispatcher
from bot.sources.arxiv_lookup import PaperLookup
from bot.tasks import end_tasks

log = logging.getLogger("paperwire")

RESTART_INTERVAL = 60.0  # seconds after which a receiver that ended or failed is started again
LONGEST_ANSWERS = 60.0  # seconds that `answer_once` waits for look-ups, and after that for replies


@asynccontextmanager
async def listening(
    app: App, receivers: Sequence[Receiver], lookup: PaperLookup | None = None
) -> AsyncIterator[Dispatcher]:
    """Receive and answer requests on every platform while the body runs. Yield the dispatcher."""
    dispatcher = Dispatcher(app, lookup)
    await dispatcher.tell_unanswered()
    listeners = [asyncio.create_task(_keep_listening(receiver, dispatcher, app.clock)) for receiver in receivers]
    publishing = asyncio.create_task(_publish_commands(app))
    try:
        yield dispatcher
    finally:
        await end_tasks(*listeners, publishing)
        await dispatcher.close()


async def _keep_listening(receiver: Receiver, dispatcher: RequestDispatcher, clock: Clock) -> None:
    """Start a receiver again when it ends or raises an error."""
    while True:
        try:
            await receiver.listen(dispatcher)
        except Exception as error:  # noqa: BLE001 - one receiver that fails must not end the others
            receiver.problem = "it failed by a mistake of the program; the log says where"
            log.error("Listening failed and begins again: %s", error_location(error))
        await clock.sleep(RESTART_INTERVAL)
        receiver.problem = ""


async def _publish_commands(app: App) -> None:
    """Publish the commands in the menus of the platforms. Log errors instead of raising them."""
    try:
        for platform in app.platforms.values():
            if isinstance(platform, Operated):
                await platform.publish_commands(REGISTRY.commands)
    except Exception as error:  # noqa: BLE001 - the bot also works without menus
        log.error("The menus of commands stay as they were: %s", error_location(error))


async def answer_once(app: App, lookup: PaperLookup | None = None) -> None:
    """Answer the waiting requests of every platform. Return when the replies are sent. Raise StoreError."""
    dispatcher = Dispatcher(app, lookup)
    await dispatcher.tell_unanswered()
    drains = [asyncio.create_task(receiver.drain(dispatcher)) for receiver in app.receivers()]
    stop = asyncio.create_task(app.stop.wait())
    try:
        for drain in drains:
            await asyncio.wait((drain, stop), return_when=asyncio.FIRST_COMPLETED)
        for drain in drains:
            if drain.done():
                drain.result()
    finally:
        await end_tasks(stop, *drains)
        await dispatcher.close(LONGEST_ANSWERS)


def problems_of(receivers: Sequence[Receiver]) -> dict[str, str]:
    """Return why receivers do not work, by their names."""
    return {receiver.name: receiver.problem for receiver in receivers if receiver.problem}

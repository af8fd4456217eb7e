"""Receives and answers requests: while the process runs, or once."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from bot.app import App
from bot.commands.phrasing import Localizer
from bot.conversation.dispatcher import Dispatcher
from bot.errors import error_location
from bot.ports.channel import Clock
from bot.ports.conversation import Receiver, RequestDispatcher
from bot.sources.arxiv_lookup import PaperLookup
from subscriptions.errors import Sentence, StoreError

log = logging.getLogger("paperwire")

RESTART_INTERVAL = 60.0  # seconds after which a receiver that ended or failed is started again
_MENU_LANGUAGES = {"": "en", "zh": "zh"}  # the language of a client, "" for all others → the language of its menus
LONGEST_ANSWERS = 60.0  # seconds that `answer_once` waits for look-ups, and again for replies


@asynccontextmanager
async def listening(
    app: App, receivers: Sequence[Receiver], lookup: PaperLookup | None = None
) -> AsyncIterator[Dispatcher]:
    """Receives and answers requests on every platform while the body runs; yields what dispatches them."""
    dispatcher = Dispatcher(app.context, lookup)
    with suppress(StoreError):  # the watch of the owners looks again
        await dispatcher.resume_replies()
    tasks = [asyncio.create_task(receiver.listen(dispatcher)) for receiver in receivers]
    tasks.append(asyncio.create_task(_publish_commands(app)))
    try:
        yield dispatcher
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await dispatcher.close()


async def _publish_commands(app: App) -> None:
    """Publishes the commands in the menus of the platforms. Errors are logged and not raised."""
    try:
        conversation = app.context.conversation
        speakers = {code: _speaker(conversation.make_localizer(lang, "UTC")) for code, lang in _MENU_LANGUAGES.items()}
        for platform in app.platforms.values():
            await platform.publish_commands(conversation.registry.commands, speakers)
    except Exception as error:  # noqa: BLE001 - the bot works without menus, too
        log.error("The menus of commands stay as they were: %s", error_location(error))


def _speaker(localizer: Localizer) -> Callable[[Sentence], str]:
    return lambda sentence: sentence.say(localizer.translate)


async def answer_once(app: App, lookup: PaperLookup | None = None) -> None:
    """Answers the requests that wait on every platform, and returns once the answers are sent. Raises StoreError."""
    dispatcher = Dispatcher(app.context, lookup)
    await dispatcher.resume_replies()
    drains = [asyncio.create_task(receiver.drain(dispatcher)) for receiver in app.receivers()]
    stop = asyncio.create_task(app.stop.wait())
    try:
        for drain in drains:
            await asyncio.wait((drain, stop), return_when=asyncio.FIRST_COMPLETED)
        for drain in drains:
            if drain.done():
                drain.result()
    finally:
        for task in (stop, *drains):
            task.cancel()
        await asyncio.gather(stop, *drains, return_exceptions=True)
        await dispatcher.wait_for_lookups(LONGEST_ANSWERS)
        await dispatcher.close(LONGEST_ANSWERS)


class Supervised:
    """A Receiver that runs another receiver and restarts it when that ends or raises an error."""

    def __init__(self, receiver: Receiver, clock: Clock) -> None:
        self._receiver = receiver
        self._clock = clock
        self._failure = ""
        self.name, self.is_exclusive, self.routes = receiver.name, receiver.is_exclusive, receiver.routes

    @property
    def problem(self) -> str:
        """See Receiver."""
        return self._failure or self._receiver.problem

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver."""
        while True:
            self._failure = ""
            try:
                await self._receiver.listen(dispatcher)
            except Exception as error:  # noqa: BLE001 - one receiver that fails must not end the others
                self._failure = "it failed by a mistake of the program; the log says where"
                log.error("Listening failed and begins again: %s", error_location(error))
            await self._clock.sleep(RESTART_INTERVAL)

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver."""
        await self._receiver.drain(dispatcher)


def problems_of(receivers: Sequence[Receiver]) -> dict[str, str]:
    """Returns the names of the receivers that do not work, and why."""
    return {receiver.name: receiver.problem for receiver in receivers if receiver.problem}

"""What people say, from any receiver: its effect is stored before the receiver goes on, its reply is posted beside."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakValueDictionary

from bot.app import App
from bot.commands.board import BOARD
from bot.commands.named import KEPT, LOOKS_UP, request_of, waiting_as
from bot.conversation.handler import answer, stumble
from bot.conversation.reply_sender import speak
from bot.conversation.stored_reply import Posting, read_posting
from bot.errors import place_of_error
from bot.ports.conversation import Place, Request
from bot.sources.lookup import Lookup
from subscriptions import ChatAddress, ChatKind, Lane, StoreError, has_board, recall, remembered, unfinished_replies

log = logging.getLogger("paperwire")

AT_ONCE = 16  # requests of different lanes whose effects are under way together
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0  # seconds until a database that cannot be used is tried again
GIVEN_UP_AFTER = 6  # times that the database refused one request, half a minute in all; others may work
LONGEST_FAREWELL = 5.0  # seconds that requests have to have their effects when the process stops
LONGEST_GOODBYE = 10.0  # as long for replies to arrive


class Ear:
    """A Listener, which also keeps the replies that are on their way."""

    def __init__(self, app: App, lookup: Lookup | None = None) -> None:
        """`lookup` finds papers that are not known here; None: nobody may be asked for them."""
        self._app = app
        self._lookup = lookup
        self._looking: set[asyncio.Task[None]] = set()  # what is given up when the process stops: the next one does it
        if lookup is not None:
            app.asks_arxiv()
        self._lanes: WeakValueDictionary[Lane, asyncio.Lock] = WeakValueDictionary()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._taking: set[asyncio.Task[Any]] = set()
        self._speaking: set[asyncio.Task[None]] = set()
        self._refused: Counter[tuple[str, str]] = Counter()  # (platform, update) → times that the database refused

    async def take(self, request: Request) -> Mapping[str, str]:
        """See Listener."""
        async with self._turn(request):
            wait = FIRST_WAIT
            while True:
                try:
                    return await self._hear(request)
                except StoreError as error:
                    log.error("What was said on %s waits for the database: %s", request.chat.platform, error)
                await self._app.clock.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)

    async def take_now(self, request: Request) -> Mapping[str, str]:
        """See Listener."""
        async with self._turn(request):
            return await self._hear(request)

    async def finish_replies(self) -> None:
        """Posts once more what an earlier process stored and did not see arrive."""
        wire = self._app.wire
        for platform, update, text in await asyncio.to_thread(unfinished_replies, wire.store, now=wire.clock.now()):
            if platform in wire.channels:
                self._say(read_posting(update, text))

        for name, _ in await asyncio.to_thread(remembered, wire.store, LOOKS_UP, since=wire.clock.now() - KEPT):
            self._look_up(name)

    async def finish_lookups(self, patience: float) -> None:
        """Waits until what is being looked up is answered, at most `patience` seconds."""
        if self._looking:
            await asyncio.wait(self._looking, timeout=patience)

    async def close(self, patience: float = LONGEST_GOODBYE) -> None:
        """Waits for what is under way: first effects, then replies, these at most `patience` seconds."""
        for looking in self._looking:
            looking.cancel()
        if self._taking:
            _, late = await asyncio.wait(self._taking, timeout=LONGEST_FAREWELL)
            for task in late:  # it was not confirmed, so it comes again at the next start
                task.cancel()
        if self._speaking:
            await asyncio.wait(self._speaking, timeout=patience)

    @asynccontextmanager
    async def _turn(self, request: Request) -> AsyncIterator[None]:
        """After what was said before in the same lane, and with not too many others beside it."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        self._taking.add(task)
        lane = self._lanes.setdefault(request.chat.lane, asyncio.Lock())
        try:
            async with lane, self._room:
                yield
        finally:
            self._taking.discard(task)

    async def _hear(self, request: Request) -> Mapping[str, str]:
        """Returns when the effect and the reply are stored, what is wrong with a form that was sent.

        Whatever our code stumbles over is answered kindly. Raises StoreError; not for ever for the same request, since then not the database but the request is to blame.
        """
        key = (request.chat.platform, request.update)
        try:
            posting = await answer(self._app.wire, request)
        except StoreError:
            self._refused[key] += 1
            if self._refused[key] < GIVEN_UP_AFTER:
                raise
            posting = await asyncio.to_thread(stumble, self._app.wire, request)
        except Exception as error:  # noqa: BLE001 - nothing that a person writes may stop the listening
            log.error(
                "Update %s of %s was not understood: %s", request.update, request.chat.platform, place_of_error(error)
            )
            posting = await asyncio.to_thread(stumble, self._app.wire, request)
        del self._refused[key]
        if posting is None:
            if request.press:
                self._begin(self._acknowledge(request))
            return {}
        self._say(posting)
        if posting.looks_up:
            self._look_up(waiting_as(request))
        if posting.changed:
            self._begin(self._renew_board(request))
        return posting.problems

    def _look_up(self, name: str) -> None:
        task = asyncio.create_task(self._looked_up(name))
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)
        task.add_done_callback(self._over)

    async def _looked_up(self, name: str) -> None:
        """Asks arXiv for what is remembered under a name, and has the answer told as something that happened."""
        wire = self._app.wire
        link = await asyncio.to_thread(recall, wire.store, name, since=wire.clock.now() - KEPT)
        if link is None:  # the chat was forgotten meanwhile
            return
        found = self._lookup is not None and await self._lookup.find(link.arguments["names"])
        await self.take(request_of(name, link, failed=not found))

    async def _renew_board(self, request: Request) -> None:
        """What somebody changed shows on their board, if they were ever shown one."""
        person = ChatAddress(request.chat.platform, request.sender)
        if not person.address or not await asyncio.to_thread(has_board, self._app.wire.store, person):
            return
        place, update = Place(chat=person, kind=ChatKind.PRIVATE), f"board:{request.update}"
        shown = Request(place=place, update=update, happened=BOARD, sender=person.address, language=request.language)
        await self._hear(shown)

    async def _acknowledge(self, request: Request) -> None:
        talk = self._app.wire.talk
        venue = talk.venues.get(request.chat.platform) if talk else None
        if venue is not None:
            await venue.acknowledge(request.press)

    def _say(self, posting: Posting) -> None:
        self._begin(speak(self._app.wire, posting))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._speaking.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._speaking.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A reply could not be posted: %s", place_of_error(error))

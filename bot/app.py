"""The App: what planning, delivering and answering share, as bot/build.py builds it.

Also stores something again and again until the database accepts it, and has the vectors of texts made that a command
lacks: how long it waits for them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TypeVar

from bot.clock import Clock
from bot.digests.sandbox import InProcess, ReaderRunner
from bot.messages import Reply
from bot.models import ENCODING, Encoder, MessageReader, Summarizer
from bot.pace import CommandLimits, Pace
from bot.platforms.base import Listener, Platform, Receiver
from bot.settings import Settings
from bot.settings.opening import make_ready
from subscriptions.chats.addresses import declared
from subscriptions.database.store import Store
from subscriptions.errors import MeaningFails, StoreError
from subscriptions.model import Chat, ChatAddress, Delivery, Message
from subscriptions.papers.stored import embeddings as meanings

T = TypeVar("T")

log = logging.getLogger("paperwire")

FIRST_RETRY, LONGEST_RETRY = 0.5, 5.0  # seconds between two attempts
PATIENCE = 3.0  # seconds that an answer in a chat waits for the encoder, which takes a second to start
IN_TERMINAL = 30.0  # seconds that `paperwire say` waits, which starts the encoder each time


class Stop(asyncio.Event):
    """Set when the process must stop."""

    def __init__(self) -> None:
        super().__init__()
        self.was_asked = False  # a signal is the reason
        self.was_interrupted = False  # this signal was Ctrl-C
        self.lost_role = False  # another process works on the database now, which is the other reason


@dataclass(frozen=True, kw_only=True)
class App:
    """What all parts of the program share. It is built once (bot/build.py), and none of its fields is replaced."""

    settings: Settings
    store: Store
    clock: Clock
    platforms: Mapping[str, Platform]  # those that are on, by name
    pace: Pace
    render_delivery: Callable[[Delivery], tuple[Message, ...]]  # as the platform of its chat shows it
    render_reply: Callable[[Reply, Chat], tuple[Message, ...]]
    encoder: Encoder | None = None  # of papers and questions; None: meaning is off
    summarizer: Summarizer | None = None  # None: no language model makes summaries
    reader: MessageReader | None = None  # of messages of which the bot is not sure; None: no language model reads them
    # asks arXiv for the papers of these ids and stores them; False if it does not answer soon. None: nobody is asked
    look_up: Callable[[Sequence[str]], Awaitable[bool]] | None = None
    bot_names: dict[str, str] = field(default_factory=dict)  # platform → the bot's name, once the platform has told it
    sandbox: ReaderRunner = field(default_factory=InProcess)  # reads documents of sources
    file_sandbox: ReaderRunner = field(default_factory=InProcess)  # reads files of people
    fetching_files: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))  # a file may have 20 MB
    command_limits: CommandLimits = field(default_factory=CommandLimits)
    guard_gone: bool = True  # what may be the platform's mood is tried again before a chat counts as gone
    is_terminal: bool = False  # replies are printed in a terminal, which is patient and asks no platform
    stop: Stop = field(default_factory=Stop)

    def listener_of(self, chat: ChatAddress) -> Listener | None:
        """Return the platform on which somebody talks in a chat; None in a terminal, where no platform is asked."""
        platform = self.platforms.get(chat.platform)
        return platform if isinstance(platform, Listener) and not self.is_terminal else None

    @property
    def platforms_off(self) -> list[str]:
        """The names of the platforms that are off, without a token."""
        return sorted(facts.name for facts in declared() if facts.token_variable and facts.name not in self.platforms)

    @property
    def mail_platform(self) -> str:
        """The name of the platform whose addresses have to be confirmed; "" if e-mail is off."""
        return next((name for name, platform in self.platforms.items() if platform.facts.confirms), "")

    @cached_property
    def destinations(self) -> Mapping[str, ChatAddress]:
        """Name → a chat that only receives papers."""
        return {chat.address: chat for platform in self.platforms.values() for chat in platform.destinations}

    def open(self, *, words: bool = True, make: bool = True) -> None:
        """Open the database, and upgrade it to this version; without `words`, its schema only.

        If there is no database, create it; without `make`, raise NotFound. Raise SettingsError, StoreError, RoleTaken
        (`make_ready`).
        """
        now, is_stopping = self.clock.now(), lambda: self.stop.was_asked
        make_ready(self.store, self.settings, now=now, make=make, words=words, is_stopping=is_stopping)

    def receivers(self) -> list[Receiver]:
        """Return the receivers of all platforms."""
        return [
            receiver
            for name, platform in self.platforms.items()
            if isinstance(platform, Listener)
            for receiver in platform.receivers(self.clock, partial(self.bot_names.__setitem__, name))
        ]

    async def close(self) -> None:
        """Close the connections to platforms and the language model, and what `release` closes."""
        for platform in self.platforms.values():
            await platform.close()
        if self.reader is not None:
            await self.reader.close()
        self.release()

    def release(self) -> None:
        """Close the database, and end the child processes."""
        self.sandbox.close()
        self.file_sandbox.close()
        self.store.close()
        if self.encoder is not None:
            self.encoder.close()


async def until_stored(clock: Clock, attempt: Callable[[], Awaitable[T]]) -> T:
    """Store something, again and again until the database accepts it. Return the result of the attempt.

    It stores the outcome of a post: if that were lost, the message would be posted again. So there is no limit of time,
    and the caller is cancelled only when the process stops and this takes too long. After a crash, the message is still
    marked as sending, which means that it was perhaps sent. The attempt must be idempotent, because its commit may have
    succeeded although the answer of the database was lost.
    """
    wait = FIRST_RETRY
    while True:
        try:
            return await attempt()
        except StoreError as error:
            if wait == FIRST_RETRY:
                log.warning("What was sent cannot be written down yet: %s", error)
        await clock.sleep(wait)
        wait = min(2 * wait, LONGEST_RETRY)


async def make_vectors(app: App, texts: Sequence[str]) -> None:
    """Has vectors of texts made and kept in this process.

    Never raises; without its vector, a text is known by its words.

    If the encoder takes too long, the vectors are kept later, for the next request.
    """
    patience, store = IN_TERMINAL if app.is_terminal else PATIENCE, app.store
    if app.encoder is None:
        return
    store.encoding |= {*texts}
    making = asyncio.get_running_loop().run_in_executor(ENCODING, encode, store, app.encoder, texts)
    making.add_done_callback(partial(_end, store, texts))
    done, _ = await asyncio.wait({making}, timeout=patience)
    if not done:
        log.warning("The encoder takes longer than %.0f seconds, so an answer knows only words.", patience)


def _end(store: Store, texts: Sequence[str], made: asyncio.Future[None]) -> None:
    store.encoding -= {*texts}
    error = None if made.cancelled() else made.exception()
    if isinstance(error, MeaningFails):
        log.warning("An answer knows only words: %s", error)
    elif error is not None:
        log.error("Vectors of texts could not be made: %s", type(error).__name__)


def encode(store: Store, encoder: Encoder, texts: Sequence[str]) -> None:
    """Has vectors of texts made, and keeps them in this process. Raises MeaningFails."""
    meanings.keep_questions(store, dict(zip(texts, encoder.questions(texts), strict=True)))

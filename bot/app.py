"""What planning, delivering and answering depend on, as values that bot/build.py builds.

Also repeats work until the database accepts it, and has the vectors of texts made that a command lacks: how long it
waits for them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import ParamSpec, TypeVar

from bot.clock import Clock
from bot.commands.base import BotInfo, Registry
from bot.digests.sandbox import InProcess, ReaderRunner
from bot.messages import Reply
from bot.models import ENCODING, Encoder, MessageReader
from bot.pace import CommandLimits, Pace
from bot.platforms.base import Platform
from subscriptions import model
from subscriptions.database.store import Store
from subscriptions.errors import MeaningFails, StoreError
from subscriptions.outbox.retries import OnUnclear
from subscriptions.papers.stored import embeddings as meanings

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger("paperwire")

FIRST_RETRY, LONGEST_RETRY = 0.5, 5.0  # seconds between two attempts
PATIENCE = 3.0  # seconds that an answer in a chat waits for the encoder, which takes a second to start
IN_TERMINAL = 30.0  # seconds that `paperwire say` waits, which starts the encoder each time


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationDependencies:
    """The dependencies that conversations need in addition to those in Context."""

    render_reply: Callable[[Reply, model.Chat], tuple[model.Message, ...]]
    registry: Registry
    is_terminal: bool = False  # replies are printed in a terminal, which is patient and asks no platform
    bot_info: BotInfo = field(default_factory=BotInfo)
    command_limits: CommandLimits = field(default_factory=CommandLimits)
    sandbox: ReaderRunner = field(default_factory=InProcess)  # how files of people are read
    fetching_files: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))  # a file may have 20 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """The dependencies of planning, delivering and answering."""

    store: Store
    clock: Clock
    channels: Mapping[str, Platform]
    pace: Pace
    render_delivery: Callable[[model.Delivery], tuple[model.Message, ...]]
    conversation: ConversationDependencies
    encoder: Encoder | None = None  # of papers and questions; None: meaning is off
    reader: MessageReader | None = None  # of messages of which the bot is not sure; None: no language model reads them
    on_unclear: OnUnclear = "resend"  # what happens to a message that was perhaps sent
    # asks arXiv for the papers of these ids and stores them; False if it does not answer soon. None: nobody is asked
    look_up: Callable[[Sequence[str]], Awaitable[bool]] | None = None
    guard_gone: bool = True  # what may be the platform's mood is tried again before a chat counts as gone
    is_stopping: Callable[[], bool] = lambda: False  # whether the process must stop

    def api_of(self, chat: model.ChatAddress) -> Platform | None:
        """Returns the platform of a chat with which somebody talks; None in a terminal, where no platform is asked."""
        return None if self.conversation.is_terminal else self.channels.get(chat.platform)


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


async def make_vectors(deps: Dependencies, texts: Sequence[str]) -> None:
    """Has vectors of texts made and kept in this process.

    Never raises; without its vector, a text is known by its words.

    If the encoder takes too long, the vectors are kept later, for the next request.
    """
    patience, store = IN_TERMINAL if deps.conversation.is_terminal else PATIENCE, deps.store
    if deps.encoder is None:
        return
    store.encoding |= {*texts}
    making = asyncio.get_running_loop().run_in_executor(ENCODING, encode, store, deps.encoder, texts)
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

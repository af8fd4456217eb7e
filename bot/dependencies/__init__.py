"""The dependencies of planning, delivering and answering, as values that bot/app.py builds; how many files are read at once.

Also repeats work until the database accepts it: how long it waits between two attempts.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec, TypeVar

from bot.commands.context import BotInfo, Registry
from bot.dependencies.command_limits import CommandLimits
from bot.ports import channel
from bot.ports import conversation as conversations
from bot.ports.models import Encoder, MessageReader
from bot.ports.pace import Pace
from subscriptions import model
from subscriptions.errors import StoreError
from subscriptions.planning.retries import OnUnclear
from subscriptions.store.database.store import Store

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger("paperwire")

FIRST_RETRY, LONGEST_RETRY = 0.5, 5.0  # seconds between two attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationDependencies:
    """The dependencies that conversations need in addition to those in Context."""

    render_reply: Callable[[channel.Reply, model.Chat], tuple[model.Message, ...]]
    registry: Registry
    is_terminal: bool = False  # replies are printed in a terminal, which is patient
    platform_apis: Mapping[str, conversations.PlatformApi] = field(default_factory=dict)
    bot_info: BotInfo = field(default_factory=BotInfo)
    command_limits: CommandLimits = field(default_factory=CommandLimits)
    reading_files: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))  # a file may have 50 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """The dependencies of planning, delivering and answering."""

    store: Store
    clock: channel.Clock
    channels: Mapping[str, channel.Channel]
    pace: Pace
    render_delivery: Callable[[model.Delivery], tuple[model.Message, ...]]
    conversation: ConversationDependencies
    encoder: Encoder | None = None  # of papers and questions; None: meaning is off
    reader: MessageReader | None = None  # of messages of which the bot is not sure; None: no language model reads them
    on_unclear: OnUnclear = "resend"  # what happens to a message that was perhaps sent
    # asks arXiv for the papers of these ids and stores them; False if it does not answer soon. None: nobody is asked
    look_up: Callable[[Sequence[str]], Awaitable[bool]] | None = None
    guard_gone: bool = True  # stop a platform if one drain of the outbox finds too many chats gone
    is_stopping: Callable[[], bool] = lambda: False  # whether the process must stop

    def api_of(self, chat: model.ChatAddress) -> conversations.PlatformApi | None:
        """Returns the calls to a chat's platform that its channel does not have; None if the platform has no such calls."""
        return self.conversation.platform_apis.get(chat.platform)


async def until_stored(
    deps: Dependencies, work: Callable[Concatenate[Store, P], T], /, *args: P.args, **named: P.kwargs
) -> T:
    """Does work of the store (`Store.run`), again and again until the database accepts it. Returns its result.

    It stores the outcome of a post: if that were lost, the message would be posted again. So there is no limit of time,
    and the caller is cancelled only when the process stops and this takes too long. After a crash, the message is still
    marked as sending, which means that it was perhaps sent. `work` must be idempotent, because its commit may have
    succeeded although the answer of the database was lost.
    """
    wait = FIRST_RETRY
    while True:
        try:
            return await deps.store.run(work, *args, **named)
        except StoreError as error:
            if wait == FIRST_RETRY:
                log.warning("What was sent cannot be written down yet: %s", error)
        await deps.clock.sleep(wait)
        wait = min(2 * wait, LONGEST_RETRY)

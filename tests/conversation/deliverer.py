"""Delivers to the chats of a BotHarness, with the real pipeline and a channel that records messages.

    post = Deliverer(bot)
    await post.deliver_due()
    assert "diffusion" in post.to("telegram:42")[-1].text

A test can let a chat refuse messages: `post.refusals["-1001"] = ChatGone("kicked")`. It can press buttons under
deliveries in the same way as buttons under answers.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from bot.app import App
from bot.conversation.drafts import RenderedReply
from bot.delivery.chat_queue import deliver
from bot.delivery.send_round import SendRound
from bot.delivery.sender import plan
from bot.demo.story import GalleryPlatform, GalleryPost
from subscriptions.errors import NotFound
from subscriptions.model import ChatAddress, Delivery, Message, Subscription
from subscriptions.outbox.stored.claims import lanes
from subscriptions.outcomes import NotDelivered
from tests import make
from tests.bot_harness import Answer, BotHarness
from tests.rendered import render_delivery


class _Channel(GalleryPlatform):
    """Records messages, and fails for the addresses in `refusals`."""

    def __init__(self, bot: BotHarness, refusals: dict[str, NotDelivered]) -> None:
        super().__init__("telegram", bot.clock)
        self._refusals = refusals

    async def post(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        thread: str | None = None,
        plain: bool = False,
    ) -> str:
        if refusal := self._refusals.get(f"{chat.address}/{chat.topic}", self._refusals.get(chat.address)):
            raise refusal
        return await super().post(chat, message, delivery=delivery, thread=thread, plain=plain)


class Deliverer:
    """Plans and delivers what is due, and returns the posted messages."""

    def __init__(self, bot: BotHarness) -> None:
        self.refusals: dict[str, NotDelivered] = {}  # "address" or "address/topic" → the error for its messages
        self._talk = bot
        self._channel = _Channel(bot, self.refusals)
        self.drain = SendRound(bot.clock)
        self.render_delivery: Callable[[Delivery], tuple[Message, ...]] = render_delivery

    @property
    def app(self) -> App:
        return replace(self._talk.app, platforms={"telegram": self._channel}, render_delivery=self.render_delivery)

    async def deliver_due(self) -> list[Answer]:
        """Plans what is due now and delivers it. Returns the messages in order."""
        app, before = self.app, len(self._channel.posts)
        await plan(app, self.drain)
        self.drain.wake(app.store.read_now(lanes, ["telegram"], now=app.clock.now()))
        await self.drain.run(partial(deliver, app, self.drain))
        came = [self._answer(post.chat, post.payload) for post in self._channel.posts[before:]]
        for answer in came:
            self._talk.last.setdefault(answer.to, []).append(answer)
        return came

    def to(self, chat: str) -> list[Answer]:
        """Returns all messages that a chat has got so far."""
        return [self._answer(post.chat, post.payload) for post in self._channel.posts_in(make.address(chat))]

    def posts_in(self, chat: str) -> tuple[GalleryPost, ...]:
        """Returns all messages that a chat has got so far, with their times."""
        return self._channel.posts_in(make.address(chat))

    @staticmethod
    def _answer(chat: ChatAddress, payload: str) -> Answer:
        return Answer(
            rendered=RenderedReply(
                update="", platform="telegram", chat=chat, messages=(Message(number=1, payload=payload),)
            )
        )


ME = "telegram:42"


async def comes(bot: BotHarness, chat: str = ME) -> Answer:
    """Delivers what is due. Returns the messages for this chat, whose buttons a test can then press."""
    came = [sent.rendered for sent in await Deliverer(bot).deliver_due() if sent.to == chat]
    messages = tuple(message for entry in came if entry for message in entry.messages)
    return Answer(rendered=RenderedReply(update="", platform="telegram", chat=make.address(chat), messages=messages))


def subscriptions_of(bot: BotHarness, chat: str = ME) -> list[Subscription]:
    """Returns the subscriptions of a chat. The chat need not exist."""
    try:
        return [one.subscription for one in bot.listed(chat)]
    except NotFound:
        return []


def texts(bot: BotHarness, chat: str = ME) -> list[str]:
    return [one.text for one in subscriptions_of(bot, chat)]


def titles(said: Answer) -> list[str]:
    return [line.partition(" — ")[0].partition(" ")[2] for line in said.lines if line[:1].isdigit() and " — " in line]

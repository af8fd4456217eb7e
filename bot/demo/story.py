"""The story of the demo: its clock, its chats, a conversation, and a day of digests."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import SecretStr

from bot.app import App, build_app
from bot.commands.paper_buttons import pressed_token
from bot.conversation.handler import answer
from bot.conversation.reply_sender import send_reply
from bot.ports import conversation as conversations
from bot.ports.channel import Channel, Clock, Limits, read_message
from bot.settings import Settings
from bot.sources.ingest import ingest
from subscriptions import errors, model
from subscriptions.service import requests
from subscriptions.service.amendments import set_settings
from subscriptions.service.conversation_state import store_chat
from subscriptions.store.digests import Ingested


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryPost:
    """One message that a chat has received."""

    id: str  # counts from "1", over all chats of the channel
    chat: model.ChatAddress
    delivery: str  # id of the delivery that it belongs to
    number: int  # in its delivery, from 1
    payload: str  # as posted: a JSON object in the platform's shape
    at: datetime  # as Clock.now returned it, aware UTC
    thread: str | None = None  # id of the post in whose thread this post is
    papers: tuple[int, ...] = ()  # ids of the papers it shows
    edited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonMessage:
    """A message that the person of a private chat wrote to the bot."""

    text: str
    at: datetime  # aware UTC


class GalleryChannel(Channel):
    """Replaces the channel of a platform. Keeps posted messages in `posts`, in order; an edit replaces a message.

    Accepts only payloads of that platform's shape (bot/rendering): {"text": …}, for Slack with {"blocks": […]}.
    """

    def __init__(self, platform: Literal["telegram", "slack", "console"], limits: Limits, clock: Clock) -> None:
        self.platform: str = platform
        self.limits = limits
        self._clock = clock
        self._posts: dict[str, GalleryPost] = {}
        self._closed = False

    @property
    def posts(self) -> tuple[GalleryPost, ...]:
        """The posted messages in their current form, with edits applied."""
        return tuple(self._posts.values())

    def posts_in(self, chat: model.ChatAddress) -> tuple[GalleryPost, ...]:
        """Returns the posted messages of one chat."""
        return tuple(post for post in self._posts.values() if post.chat == chat)

    async def post(
        self,
        chat: model.ChatAddress,
        message: model.Message,
        *,
        delivery: str,
        thread: str | None = None,
        plain: bool = False,
    ) -> str:
        """See Channel."""
        post = GalleryPost(
            id=str(len(self._posts) + 1),
            chat=chat,
            delivery=delivery,
            number=message.number,
            payload=self._open(message, plain=plain),
            at=self._clock.now(),
            thread=thread,
            papers=message.papers,
        )
        self._posts[post.id] = post
        return post.id

    async def edit(
        self, chat: model.ChatAddress, message_id: str, message: model.Message, *, plain: bool = False
    ) -> None:
        """See Channel."""
        payload = self._open(message, plain=plain)
        post = self._posts.get(message_id)
        if post is None or post.chat != chat:
            raise errors.Rejected("There is no such message in this chat.")
        if payload != post.payload:
            self._posts[message_id] = replace(post, payload=payload, papers=message.papers, edited=True)

    async def find(
        self,
        chat: model.ChatAddress,
        message: model.Message,
        *,
        delivery: str,
        after: datetime,
        thread: str | None = None,
    ) -> str | None:
        """See Channel. Ignores `after`, because all messages are kept here."""
        del after, thread
        wanted = (chat, delivery, message.number)
        return next((p.id for p in self._posts.values() if (p.chat, p.delivery, p.number) == wanted), None)

    async def identity(self) -> str:
        """See Channel."""
        return "gallery"

    async def close(self) -> None:
        """See Channel. The posts stay."""
        self._closed = True

    def _open(self, message: model.Message, *, plain: bool) -> str:
        """Returns the message's content after checking it. Raises Rejected, and RetryLater if the channel is closed."""
        if self._closed:
            raise errors.RetryLater("The gallery is closed.")
        read_message(message, partial(self._check, plain=plain), plain=plain)
        return message.plain if plain else message.payload

    def _check(self, content: object, *, plain: bool) -> None:
        match content:
            case {"text": str(text), **rest} if text.strip() and (
                self.platform != "slack" or plain or isinstance(rest.get("blocks"), list)
            ):
                return
        raise ValueError(f"it is no message for {self.platform}")


# --------------------------------------------------------------------------------------------- what happens in the demo


class DemoClock:
    """A clock that moves only by `go_to` and `sleep`."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._now = start

    def now(self) -> datetime:
        """See Clock."""
        return self._now

    def wall(self) -> datetime:
        """See Clock. Returns the same as `now` here."""
        return self._now

    def monotonic(self) -> float:
        """See Clock."""
        return (self._now - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        self._now += timedelta(seconds=seconds)

    def go_to(self, moment: datetime) -> None:
        """Moves the clock to a moment, but never back."""
        self._now = max(self._now, moment)


EVENING: Final = datetime(2026, 1, 22, 20, tzinfo=UTC)  # Thursday; all example chats subscribe at this moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The arrival of a sample digest."""

    at: datetime
    file: str  # in bot/samples
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a conversation: the person writes `text`, or presses the newest button that has `verb`."""

    text: str = ""
    verb: str = ""  # the verb of the button (bot/commands)
    which: int = 0  # the index of the button among the buttons of its message that have this verb


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoChat:
    """An example chat: one with subscriptions, or a private one in which a person talks with the bot, a step a minute."""

    anchor: str
    platform: Literal["telegram", "slack", "console"] = "telegram"
    address: str
    who: errors.Sentence
    remark: errors.Sentence
    title: str  # in the platform's title bar
    detail: str = ""
    kind: model.ChatKind = model.ChatKind.PRIVATE
    language: Literal["en", "zh"] = "en"
    timezone: str = "UTC"  # of a conversation
    subscriptions: tuple[requests.SubscriptionRequest, ...] = ()
    begins: datetime = EVENING
    steps: tuple[Step, ...] = ()

    @property
    def chat(self) -> model.ChatAddress:
        """The address of the chat."""
        return model.ChatAddress(self.platform, self.address)

    @property
    def chat_title(self) -> str:
        """The title of the chat on its platform; "" for a private chat."""
        if self.kind is model.ChatKind.PRIVATE:
            return ""
        return f"#{self.title}" if self.platform == "slack" else self.title


ARRIVALS: Final[tuple[Arrival, ...]] = (
    Arrival(at=datetime(2026, 1, 23, 5, 0, tzinfo=UTC), file="arxiv_rss.xml", source="arXiv"),
    Arrival(at=datetime(2026, 1, 23, 5, 40, tzinfo=UTC), file="daily_arxiv.md", source="daily arXiv"),
    Arrival(at=datetime(2026, 1, 23, 6, 10, tzinfo=UTC), file="hf_papers.json", source="trending papers"),
    Arrival(at=datetime(2026, 1, 23, 6, 20, tzinfo=UTC), file="bilingual.txt", source="bilingual list"),
)
DEMO_CHATS: Final[tuple[DemoChat, ...]] = (
    DemoChat(
        anchor="researcher",
        address="104517",
        who=errors.Sentence("A researcher on Telegram"),
        remark=errors.Sentence("Words, an exclusion, an author she follows. What matched is underlined."),
        title="paperwire",
        detail="bot",
        subscriptions=(
            requests.SubscriptionRequest(text="cs.CV diffusion -survey", every="daily", at="08:00", tz="Europe/Berlin"),
            requests.SubscriptionRequest(
                text='author:"Ranjay Krishna"', name="Ranjay Krishna", every="daily", at="08:00"
            ),
            requests.SubscriptionRequest(text='"language model" agents', every="daily", at="08:00"),
        ),
    ),
    DemoChat(
        anchor="reader",
        address="104518",
        who=errors.Sentence("A reader in Shanghai"),
        remark=errors.Sentence("The same papers, in the reader’s language where there is a summary in it."),
        title="paperwire",
        detail="机器人",
        language="zh",
        subscriptions=(
            requests.SubscriptionRequest(text="视频生成", every="daily", at="18:00", tz="Asia/Shanghai"),
            requests.SubscriptionRequest(text="强化学习 OR 思维链", every="daily", at="18:00"),
        ),
    ),
    DemoChat(
        anchor="lab",
        address="-1001045170001",
        who=errors.Sentence("A lab’s group on Telegram"),
        remark=errors.Sentence("One category, one message a day, without a sound."),
        title="Vision Lab",
        detail="14 members",
        kind=model.ChatKind.GROUP,
        subscriptions=(requests.SubscriptionRequest(text="cs.CV", every="daily", at="09:00", tz="Europe/Berlin"),),
    ),
    DemoChat(
        anchor="reading-group",
        platform="slack",
        address="C0READING",
        who=errors.Sentence("A reading group on Slack"),
        remark=errors.Sentence("One line in the channel, the papers in its thread, and who asked for them."),
        title="reading-group",
        detail="23 members",
        kind=model.ChatKind.TEAM,
        subscriptions=(
            requests.SubscriptionRequest(
                text="cs.CL reasoning",
                name="reasoning",
                every="daily",
                at="09:00",
                tz="America/New_York",
                added_by="Lena",
            ),
            requests.SubscriptionRequest(
                text='"reinforcement learning" OR RLHF', name="RL", every="daily", at="09:00", added_by="Tomás"
            ),
        ),
    ),
    DemoChat(
        anchor="terminal",
        platform="console",
        address="desk",
        who=errors.Sentence("A terminal"),
        remark=errors.Sentence("As soon as papers come. What an earlier digest brought does not come again."),
        title="Terminal",
        subscriptions=(requests.SubscriptionRequest(text='agent* OR "tool use"', every="now"),),
    ),
)

_WHO: Final = errors.Sentence("A conversation")
_REMARK: Final = errors.Sentence(
    "Subscribing is one line; a link to a paper opens its card, and a button leaves out what is too much."
)
_EXCLUDE: Final = (Step(verb="card-exclude"), Step(verb="leave-out", which=3))
CONVERSATIONS: Final[tuple[DemoChat, ...]] = (
    DemoChat(
        anchor="conversation",
        address="104519",
        who=_WHO,
        remark=_REMARK,
        title="paperwire",
        detail="bot",
        language="en",
        timezone="Europe/Berlin",
        begins=datetime(2026, 1, 23, 8, 41, tzinfo=UTC),
        steps=(Step(text="/sub video models at 8"), Step(text="arxiv.org/abs/2601.11087"), *_EXCLUDE),
    ),
    DemoChat(
        anchor="conversation",
        address="104520",
        who=_WHO,
        remark=_REMARK,
        title="paperwire",
        detail="机器人",
        language="zh",
        timezone="Asia/Shanghai",
        begins=datetime(2026, 1, 23, 8, 51, tzinfo=UTC),
        steps=(Step(text="/sub 视频生成 每天8点"), Step(text="arxiv.org/abs/2601.11087"), *_EXCLUDE),
    ),
)


A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationLog:
    """The messages of the person in a conversation, and the buttons that the person pressed."""

    messages: tuple[PersonMessage, ...] = ()
    pressed: frozenset[str] = frozenset()  # callback data of the buttons


async def run_conversation(
    app: App, channel: GalleryChannel, clock: DemoClock, conversation: DemoChat
) -> ConversationLog:
    """Performs the steps of a conversation, one a minute, and returns what was written and pressed."""
    clock.go_to(conversation.begins)
    store_chat(app.store, conversation.chat, model.ChatKind.PRIVATE, now=clock.now(), lang=conversation.language)
    set_settings(app.store, conversation.chat, {"timezone": conversation.timezone}, now=clock.now())
    messages, pressed = [], set()
    for number, step in enumerate(conversation.steps):
        clock.go_to(conversation.begins + number * A_MINUTE)
        if step.text:
            messages.append(PersonMessage(text=step.text, at=clock.now()))
            request = _typed(conversation, step.text, number)
        else:
            post, data = _button(app, channel, conversation, step)
            pressed.add(data)
            request = conversations.CallbackRequest(
                callback_data=data, message_id=post, **_request_fields(conversation, number)
            )
        reply = await answer(app.deps, request)
        if reply is not None:
            await send_reply(app.deps, reply)
    return ConversationLog(messages=tuple(messages), pressed=frozenset(pressed))


def _typed(conversation: DemoChat, text: str, number: int) -> conversations.Request:
    first, _, rest = text.partition(" ")
    command = first.removeprefix("/") if first.startswith("/") else ""
    return conversations.MessageRequest(
        command=command, text=rest if command else text, **_request_fields(conversation, number)
    )


def _request_fields(conversation: DemoChat, number: int) -> dict[str, Any]:
    """Returns the fields that every request of the conversation has."""
    return {
        "place": conversations.Place(chat=conversation.chat, kind=model.ChatKind.PRIVATE),
        "update_id": f"{conversation.address}-{number}",
        "sender": conversation.address,
        "language": conversation.language,
    }


def _button(app: App, channel: GalleryChannel, conversation: DemoChat, step: Step) -> tuple[str, str]:
    """Returns (id of the message, data) of the button to press. Raises LookupError if no message has such a button."""
    for post in reversed(channel.posts_in(conversation.chat)):
        found = [data for data, token in _buttons(app, conversation, post) if token and token.verb == step.verb]
        if found:
            return post.id, found[step.which]
    raise LookupError(f"no message has a button that does {step.verb}")


def _buttons(app: App, conversation: DemoChat, post: GalleryPost) -> Iterator[tuple[str, model.CallbackToken | None]]:
    for row in json.loads(post.payload).get("buttons", []):
        for data in (str(key["data"]) for key in row if "data" in key):
            yield data, pressed_token(app.store, data, str(conversation.chat))


_PLATFORMS: Final = ("telegram", "slack", "console")
_UNPACED: Final = Limits(text=4096, per_second=0, per_lane=0)  # no rate limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What one run of the story has brought."""

    papers: int  # number of papers that were new
    digests: int
    repeated: int  # number of entries whose paper was already in an earlier digest
    channels: Mapping[str, GalleryChannel]
    subscribed: Mapping[model.ChatAddress, tuple[requests.Subscribed, ...]]
    conversation_logs: Mapping[model.ChatAddress, ConversationLog]
    undelivered: int  # messages that could not be delivered

    @property
    def messages(self) -> int:
        """The number of messages delivered to the example chats."""
        return sum(len(self.channels[demo_chat.platform].posts_in(demo_chat.chat)) for demo_chat in DEMO_CHATS)


async def run_story(database: Path) -> Story:
    """Runs the story: subscribes the chats, ingests the digests, performs the conversations, delivers what is due."""
    clock = DemoClock(EVENING)
    channels: dict[str, GalleryChannel] = {name: GalleryChannel(name, _UNPACED, clock) for name in _PLATFORMS}
    settings = Settings(database_url=SecretStr(f"sqlite:///{database}"), access="open")
    app = build_app(settings, clock=clock, channels=channels)
    app.open()
    try:
        subscribed = {demo_chat.chat: _subscribe(app, demo_chat) for demo_chat in DEMO_CHATS}
        due = {result.first for results in subscribed.values() for result in results if result.first}
        ingested: list[tuple[model.Digest, Ingested]] = []
        logs: dict[model.ChatAddress, ConversationLog] = {}
        for moment in sorted(
            due | {arrival.at for arrival in ARRIVALS} | {conversation.begins for conversation in CONVERSATIONS}
        ):
            clock.go_to(moment)
            ingested += [await _ingest_arrival(app, arrival) for arrival in ARRIVALS if arrival.at == moment]
            for conversation in (conversation for conversation in CONVERSATIONS if conversation.begins == moment):
                logs[conversation.chat] = await run_conversation(
                    app, channels[conversation.chat.platform], clock, conversation
                )
            sent = await app.sender.deliver()
    finally:
        await app.close()
    return Story(
        papers=sum(result.new for _, result in ingested),
        digests=len(ingested),
        repeated=sum(len(digest.entries) for digest, _ in ingested) - sum(result.new for _, result in ingested),
        channels=channels,
        subscribed=subscribed,
        conversation_logs=logs,
        undelivered=sent.waiting + sent.unclear + sent.dead,
    )


def _subscribe(app: App, demo_chat: DemoChat) -> tuple[requests.Subscribed, ...]:
    now = app.clock.now()
    done = [
        requests.subscribe(app.store, demo_chat.chat, request, now=now, title=demo_chat.chat_title, kind=demo_chat.kind)
        for request in demo_chat.subscriptions
    ]
    if demo_chat.language != "en":
        set_settings(app.store, demo_chat.chat, {"lang": demo_chat.language}, now=now)
    return tuple(done)


async def _ingest_arrival(app: App, arrival: Arrival) -> tuple[model.Digest, Ingested]:
    data = files("bot").joinpath("samples", arrival.file).read_bytes()
    return await ingest(app.deps, data, arrival.file, source=arrival.source)

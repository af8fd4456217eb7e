"""The story of the demo: its clock, and a week of four chats in each language: a search, a subscription, a digest, a pause."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import SecretStr

from bot.app import App, build_app
from bot.commands.cards import pressed_token
from bot.conversation.handler import answer
from bot.conversation.reply_sender import send_reply
from bot.platforms.known import PLATFORMS
from bot.ports import conversation as conversations
from bot.ports.channel import Channel, Clock, Limits, read_message
from bot.settings import Settings
from bot.sources.ingest import ingest
from subscriptions.errors import Rejected, RetryLater, Sentence
from subscriptions.model import CallbackToken, ChatAddress, ChatKind, Digest, Message
from subscriptions.service import subscribing
from subscriptions.service.access import confirm
from subscriptions.service.conversation_state import store_chat
from subscriptions.service.subscribing import set_settings
from subscriptions.store.digests import Ingested

DemoPlatform = Literal["telegram", "slack", "email", "web", "console"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryPost:
    """One message that a chat has received."""

    id: str  # counts from "1", over all chats of the channel
    chat: ChatAddress
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

    def __init__(self, platform: DemoPlatform, limits: Limits, clock: Clock) -> None:
        self.platform: str = platform
        self.limits = limits
        self._clock = clock
        self._posts: dict[str, GalleryPost] = {}
        self._closed = False

    @property
    def posts(self) -> tuple[GalleryPost, ...]:
        """The posted messages in their current form, with edits applied."""
        return tuple(self._posts.values())

    def posts_in(self, chat: ChatAddress) -> tuple[GalleryPost, ...]:
        """Returns the posted messages of one chat."""
        return tuple(post for post in self._posts.values() if post.chat == chat)

    async def post(
        self,
        chat: ChatAddress,
        message: Message,
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

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel."""
        payload = self._open(message, plain=plain)
        post = self._posts.get(message_id)
        if post is None or post.chat != chat:
            raise Rejected("There is no such message in this chat.")
        if payload != post.payload:
            self._posts[message_id] = replace(post, payload=payload, papers=message.papers, edited=True)

    async def find(
        self,
        chat: ChatAddress,
        message: Message,
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

    def _open(self, message: Message, *, plain: bool) -> str:
        """Returns the message's content after checking it. Raises Rejected, and RetryLater if the channel is closed."""
        del plain  # the gallery refuses no markup
        if self._closed:
            raise RetryLater("The gallery is closed.")
        read_message(message, self._check)
        return message.payload

    def _check(self, content: object) -> None:
        match content:
            case {"text": str(text), **rest} if text.strip() and (
                self.platform != "slack" or isinstance(rest.get("blocks"), list)
            ):
                return
        raise ValueError(f"it is no message for {self.platform}")


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


THURSDAY: Final = datetime(2026, 1, 22, tzinfo=UTC)


def _at(days: int, hour: int, minute: int = 0) -> datetime:
    """Returns a moment of the week that begins on THURSDAY."""
    return THURSDAY + timedelta(days=days, hours=hour, minutes=minute)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoArrival:
    """The arrival of a sample digest."""

    at: datetime
    file: str  # in bot/samples
    source: str
    format: str  # a digest of a format that is missing does not arrive


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a conversation: the person writes `text`, or presses the newest button that has `verb`."""

    at: datetime
    text: str = ""
    verb: str = ""  # the verb of the button (bot/commands)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoChat:
    """An example chat: one that has a subscription, or a private one in which a person talks with the bot."""

    anchor: str
    platform: DemoPlatform
    address: str
    who: Sentence
    remark: Sentence
    title: str  # in the platform's title bar
    detail: str = ""
    kind: ChatKind = ChatKind.PRIVATE
    language: Literal["en", "zh"] = "en"
    timezone: str = "Europe/Berlin"
    wishes: tuple[Mapping[str, Any], ...] = ()  # text, when and name of its subscriptions
    steps: tuple[Step, ...] = ()

    @property
    def chat(self) -> ChatAddress:
        """The address of the chat."""
        return ChatAddress(self.platform, self.address)

    @property
    def chat_title(self) -> str:
        """The title of the chat on its platform; "" for a private chat."""
        return "" if self.kind is ChatKind.PRIVATE else f"#{self.title}"


ARRIVALS: Final[tuple[DemoArrival, ...]] = (
    DemoArrival(at=_at(0, 5), file="arxiv_rss.xml", source="arXiv", format="arxiv_rss"),
    DemoArrival(at=_at(0, 6, 10), file="hf_papers.json", source="trending papers", format="hf_json"),
    DemoArrival(at=_at(0, 6, 20), file="bilingual.txt", source="bilingual list", format="bilingual3"),
    DemoArrival(at=_at(1, 5, 40), file="daily_arxiv.md", source="daily arXiv", format="daily_arxiv_md"),
)

_WEEK: Final = Sentence("A week on Telegram")
_WEEK_REMARK: Final = Sentence(
    "Thursday: a search becomes a subscription. Monday: the digest. Tuesday: a word too many is left out. Friday: a pause."
)
_TEAM: Final = Sentence("The same Monday in Slack")
_TEAM_REMARK: Final = Sentence("One subscription for a whole channel. More than five papers go into a thread.")
_MAIL: Final = Sentence("By mail")
_MAIL_REMARK: Final = Sentence("One mail for each digest, to an address that has agreed. Its links do what buttons do.")
_PAGE: Final = Sentence("On the page")
_PAGE_REMARK: Final = Sentence("The same chat in a browser, for those who want no further program.")


def _chats(
    language: Literal["en", "zh"], zone: str, query: str, said: tuple[str, str, str], texts: tuple[str, ...]
) -> Iterator[DemoChat]:
    """Yields the chats of the story in one language. `said` are the search with a time, the correction and the pause."""
    search, correction, pause = said
    channel, members, address, name, bot = texts
    wish = {"text": query, "when": f"weekly mon 08:00 {zone}"}
    yield DemoChat(
        anchor="conversation",
        platform="telegram",
        address="104519" if language == "en" else "104520",
        who=_WEEK,
        remark=_WEEK_REMARK,
        title="paperwire",
        detail=bot,
        language=language,
        timezone=zone,
        steps=(
            Step(at=_at(0, 8, 41), text=search),
            Step(at=_at(0, 8, 42), verb="subscribe-to"),
            Step(at=_at(5, 8, 5), text=correction),
            Step(at=_at(8, 9, 30), text=pause),
        ),
    )
    yield DemoChat(
        anchor="team",
        platform="slack",
        address=f"C0READING{language.upper()}",
        who=_TEAM,
        remark=_TEAM_REMARK,
        title=channel,
        detail=members,
        kind=ChatKind.TEAM,
        language=language,
        timezone=zone,
        wishes=(wish,),
    )
    yield DemoChat(
        anchor="mail",
        platform="email",
        address=address,
        who=_MAIL,
        remark=_MAIL_REMARK,
        title=address,
        language=language,
        timezone=zone,
        wishes=(wish,),
    )
    yield DemoChat(
        anchor="page",
        platform="web",
        address=name,
        who=_PAGE,
        remark=_PAGE_REMARK,
        title="paperwire",
        language=language,
        timezone=zone,
        wishes=(wish,),
    )


_DEMO_CHATS: Final[tuple[DemoChat, ...]] = (
    *_chats(
        "en",
        "Europe/Berlin",
        "video models",
        ("video models every monday at 8", 'edit 1 -"reinforcement learning"', "pause until 9 feb"),
        ("reading-group", "23 members", "ada@lab.org", "ada", "bot"),
    ),
    *_chats(
        "zh",
        "Asia/Shanghai",
        "视频生成",
        ("视频生成 每周一8点", "/edit 1 -强化学习", "暂停到2月9日"),
        ("论文阅读", "23 位成员", "ada@lab.org.cn", "李娜", "机器人"),
    ),
)
DEMO_CHATS: Final = tuple(one for one in _DEMO_CHATS if one.platform in PLATFORMS)  # a platform may be removed
_PLATFORMS: Final = tuple(dict.fromkeys(one.platform for one in DEMO_CHATS))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationLog:
    """The messages of the person in a conversation, and the buttons that the person pressed."""

    messages: tuple[PersonMessage, ...] = ()
    pressed: frozenset[str] = frozenset()  # callback data of the buttons


async def take_step(app: App, channel: GalleryChannel, chat: DemoChat, step: Step) -> ConversationLog:
    """Performs one step of a conversation. Returns what was written and pressed."""
    number = chat.steps.index(step)
    if step.text:
        log = ConversationLog(messages=(PersonMessage(text=step.text, at=step.at),))
        request = _typed(chat, step.text, number)
    else:
        post, data = _button(app, channel, chat, step)
        log = ConversationLog(pressed=frozenset((data,)))
        request = conversations.CallbackRequest(callback_data=data, message_id=post, **_request_fields(chat, number))
    reply = await answer(app.deps, request)
    if reply is not None:
        await send_reply(app.deps, reply)
    return log


def _typed(conversation: DemoChat, text: str, number: int) -> conversations.Request:
    first, _, rest = text.partition(" ")
    command = first.removeprefix("/") if first.startswith("/") else ""
    return conversations.MessageRequest(
        command=command, text=rest if command else text, **_request_fields(conversation, number)
    )


def _request_fields(conversation: DemoChat, number: int) -> dict[str, Any]:
    """Returns the fields that every request of the conversation has."""
    return {
        "place": conversations.Place(chat=conversation.chat, kind=ChatKind.PRIVATE),
        "update_id": f"{conversation.address}-{number}",
        "sender": conversation.address,
        "language": conversation.language,
    }


def _button(app: App, channel: GalleryChannel, conversation: DemoChat, step: Step) -> tuple[str, str]:
    """Returns (id of the message, data) of the button to press. Raises LookupError if no message has such a button."""
    for post in reversed(channel.posts_in(conversation.chat)):
        found = [data for data, token in _buttons(app, conversation, post) if token and token.verb == step.verb]
        if found:
            return post.id, found[0]
    raise LookupError(f"no message has a button that does {step.verb}")


def _buttons(app: App, conversation: DemoChat, post: GalleryPost) -> Iterator[tuple[str, CallbackToken | None]]:
    registry = app.deps.conversation.registry
    rows = json.loads(post.payload).get("buttons", [])
    with app.store.read() as transaction:
        for data in (str(key["data"]) for row in rows for key in row if "data" in key):
            yield data, pressed_token(transaction, data, conversation.chat, registry)


_UNPACED: Final = Limits(text=4096, per_second=0, per_lane=0)  # no rate limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What one run of the story has brought."""

    papers: int  # number of papers that were new
    digests: int
    repeated: int  # number of entries whose paper was already in an earlier digest
    channels: Mapping[str, GalleryChannel]
    subscribed: Mapping[ChatAddress, tuple[subscribing.Subscribed, ...]]
    conversation_logs: Mapping[ChatAddress, ConversationLog]
    undelivered: int  # messages that could not be delivered

    @property
    def messages(self) -> int:
        """The number of messages delivered to the example chats."""
        return sum(len(self.channels[demo_chat.platform].posts_in(demo_chat.chat)) for demo_chat in DEMO_CHATS)


async def run_story(database: Path) -> Story:
    """Runs the story: subscribes the chats, ingests the digests, performs the conversations, delivers what is due."""
    clock = DemoClock(THURSDAY)
    channels: dict[str, GalleryChannel] = {name: GalleryChannel(name, _UNPACED, clock) for name in _PLATFORMS}
    settings = Settings(database_url=SecretStr(f"sqlite:///{database}"), access="open", meaning="off")
    app = build_app(settings, clock=clock, channels=channels)
    app.open()
    try:
        subscribed = {demo_chat.chat: _begin(app, demo_chat) for demo_chat in DEMO_CHATS}
        due = {
            one.subscription.next_due_at
            for results in subscribed.values()
            for one in results
            if one.subscription.next_due_at
        }
        steps = [(step.at, demo_chat, step) for demo_chat in DEMO_CHATS for step in demo_chat.steps]
        ingested: list[tuple[Digest, Ingested]] = []
        logs: dict[ChatAddress, list[ConversationLog]] = {}
        for moment in sorted(due | {arrival.at for arrival in ARRIVALS} | {at for at, _, _ in steps}):
            clock.go_to(moment)
            ingested += [await _ingest_arrival(app, arrival) for arrival in ARRIVALS if arrival.at == moment]
            for demo_chat, step in ((demo_chat, step) for at, demo_chat, step in steps if at == moment):
                log = await take_step(app, channels[demo_chat.platform], demo_chat, step)
                logs.setdefault(demo_chat.chat, []).append(log)
            sent = await app.sender.deliver()
    finally:
        await app.close()
    return Story(
        papers=sum(result.new for _, result in ingested),
        digests=len(ingested),
        repeated=sum(len(digest.entries) for digest, _ in ingested) - sum(result.new for _, result in ingested),
        channels=channels,
        subscribed=subscribed,
        conversation_logs={chat: _joined(parts) for chat, parts in logs.items()},
        undelivered=sent.waiting + sent.unclear + sent.dead,
    )


def _joined(logs: Sequence[ConversationLog]) -> ConversationLog:
    return ConversationLog(
        messages=tuple(message for log in logs for message in log.messages),
        pressed=frozenset(data for log in logs for data in log.pressed),
    )


def _begin(app: App, demo_chat: DemoChat) -> tuple[subscribing.Subscribed, ...]:
    """Stores a chat with its settings and subscriptions."""
    now, kind = app.clock.now(), demo_chat.kind
    store_chat(app.store, demo_chat.chat, kind, now=now, lang=demo_chat.language)
    # two papers, so that a week is seen at a glance
    set_settings(app.store, demo_chat.chat, {"timezone": demo_chat.timezone, "limit": "2"}, now=now)
    if demo_chat.platform == "email":
        confirm(app.store, demo_chat.chat, source=None, until=now, now=now)  # its reader has said yes
    return tuple(
        subscribing.subscribe(app.store, demo_chat.chat, **wish, now=now, title=demo_chat.chat_title, kind=kind)
        for wish in demo_chat.wishes
    )


async def _ingest_arrival(app: App, arrival: DemoArrival) -> tuple[Digest, Ingested]:
    data = files("bot").joinpath("samples", arrival.file).read_bytes()
    return await ingest(app.deps, data, arrival.file, source=arrival.source)

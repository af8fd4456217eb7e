"""The story of the demo: a week of four chats in each language."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import SecretStr

from bot import messages
from bot.app import App
from bot.build import open_app
from bot.clock import Clock
from bot.connections import renderer_of
from bot.conversation.handler import answer
from bot.conversation.reply_sender import send_reply
from bot.delivery.sender import Sender
from bot.platforms.base import Listener
from bot.settings import Settings
from bot.sources.ingest import ingest
from subscriptions.chats.addresses import facts_of
from subscriptions.chats.known import store_chat
from subscriptions.errors import Sentence
from subscriptions.language import Language
from subscriptions.model import ChatAddress, ChatKind, Digest, Message
from subscriptions.papers.stored.digests import Ingested
from subscriptions.schedule.zones import zone
from subscriptions.subscribing.access import confirm
from subscriptions.subscribing.subscribe import set_settings, subscribe

THURSDAY = datetime(2026, 1, 22, tzinfo=UTC)
_PAPERS = "2"  # in a delivery, so that a week is seen at a glance


@dataclass(frozen=True, slots=True)
class GalleryPost:
    """One message in a chat: a payload that the bot posted, or what the person of a private chat said."""

    id: str  # counts from "1", over all chats of the channel
    chat: ChatAddress
    at: datetime  # as Clock.now returned it, aware UTC
    payload: str = ""  # as posted: a JSON object in the platform's shape
    said: str = ""


class GalleryPlatform(Listener):
    """Replaces the channel of a platform, without its limits. Keeps posted messages in `posts`, in order."""

    def __init__(self, platform: str, clock: Clock) -> None:
        self.facts, self.renderer = facts_of(platform), renderer_of(platform)
        self._clock = clock
        self.posts: list[GalleryPost] = []

    def posts_in(self, chat: ChatAddress) -> tuple[GalleryPost, ...]:
        """Return the messages of one chat."""
        return tuple(post for post in self.posts if post.chat == chat)

    def keep(self, chat: ChatAddress, *, payload: str = "", said: str = "") -> str:
        """Add a message to a chat and return its id."""
        number = str(len(self.posts) + 1)
        at = self._clock.now()
        self.posts.append(GalleryPost(id=number, chat=chat, at=at, payload=payload, said=said))
        return number

    async def post(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        thread: str | None = None,
        plain: bool = False,
    ) -> str:
        """See Platform."""
        del delivery, thread, plain  # no delivery of the story is a thread, and the gallery refuses no markup
        return self.keep(chat, payload=message.payload)


class DemoClock:
    """A clock that moves only by `go_to` and `sleep`."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """See Clock."""
        return self._now

    wall = now

    def monotonic(self) -> float:
        """See Clock."""
        return self._now.timestamp()

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        self._now += timedelta(seconds=seconds)

    def go_to(self, moment: datetime) -> None:
        """Move the clock to a moment, but never back."""
        self._now = max(self._now, moment)


def _at(days: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of the week that begins on THURSDAY."""
    return THURSDAY + timedelta(days=days, hours=hour, minutes=minute)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a conversation: the person writes `text`, or presses the newest button that begins with `button`."""

    at: datetime
    text: str = ""
    button: str = ""


@dataclass(frozen=True, slots=True)
class DemoChat:
    """An example chat: it has a subscription for each Monday at eight, or a person talks with the bot in it."""

    anchor: str  # in the page, of a–z and "-"
    platform: str
    address: str
    who: Sentence
    remark: Sentence  # what to look for in the chat
    title: str  # in the platform's title bar
    detail: str = ""  # below it: "bot", "23 members"
    kind: ChatKind = ChatKind.PRIVATE
    language: Literal["en", "zh"] = "en"
    timezone: str = "Europe/Berlin"
    query: str = ""
    steps: tuple[Step, ...] = ()

    @property
    def chat(self) -> ChatAddress:
        """The address of the chat."""
        return ChatAddress(self.platform, self.address)

    @property
    def words(self) -> Language:
        """The language and the time zone of the chat."""
        return Language(self.language, self.timezone)

    @property
    def is_shared(self) -> bool:
        """Whether it is a group, where every message names its sender."""
        return self.kind is not ChatKind.PRIVATE

    @property
    def when(self) -> str:
        """When its subscription is due, as it is typed."""
        return f"weekly mon 08:00 {self.timezone}"


ARRIVALS = {  # moment → (sample digest that comes then, its source)
    _at(0, 5): ("arxiv_rss.xml", "arXiv"),
    _at(0, 6, 10): ("hf_papers.json", "trending papers"),
    _at(0, 6, 20): ("bilingual.txt", "bilingual list"),
    _at(1, 5, 40): ("daily_arxiv.md", "daily arXiv"),
}


def _week(search: str, button: str, correction: str, pause: str) -> tuple[Step, ...]:
    """Return the steps of a week."""
    return (
        Step(at=_at(0, 8, 41), text=search),
        Step(at=_at(0, 8, 42), button=button),
        Step(at=_at(5, 8, 5), text=correction),
        Step(at=_at(8, 9, 30), text=pause),
    )


_telegram = partial(
    DemoChat,
    anchor="conversation",
    platform="telegram",
    title="paperwire",
    who=Sentence("A week on Telegram"),
    remark=Sentence(
        "Thursday: a search becomes a subscription. Monday: the digest. Tuesday: a word too many is left out. Friday: a pause."
    ),
)
_slack = partial(
    DemoChat,
    anchor="team",
    platform="slack",
    kind=ChatKind.TEAM,
    who=Sentence("The same Monday in Slack"),
    remark=Sentence("One subscription for a whole channel."),
)
_mail = partial(
    DemoChat,
    anchor="mail",
    platform="email",
    who=Sentence("By mail"),
    remark=Sentence("One mail for each digest, to an address that has agreed. Its links do what buttons do."),
)
_page = partial(
    DemoChat,
    anchor="page",
    platform="web",
    title="paperwire",
    who=Sentence("On the page"),
    remark=Sentence("The same chat in a browser, for those who want no further program."),
)
_CHINESE: Final[dict[str, Any]] = {"language": "zh", "timezone": "Asia/Shanghai"}
_ENGLISH_QUERY, _CHINESE_QUERY = "video models", "视频生成"
DEMO_CHATS = (
    _telegram(
        address="104519",
        detail="bot",
        steps=_week(
            "video models every monday at 8", "subscribe", 'edit 1 -"reinforcement learning"', "pause until 9 feb"
        ),
    ),
    _slack(address="C0READINGEN", title="reading-group", detail="23 members", query=_ENGLISH_QUERY),
    _mail(address="ada@lab.org", title="ada@lab.org", query=_ENGLISH_QUERY),
    _page(address="ada", query=_ENGLISH_QUERY),
    _telegram(
        address="104520",
        detail="机器人",
        steps=_week("视频生成 每周一8点", "订阅", "/edit 1 -强化学习", "暂停到2月9日"),
        **_CHINESE,
    ),
    _slack(address="C0READINGZH", title="论文阅读", detail="23 位成员", query=_CHINESE_QUERY, **_CHINESE),
    _mail(address="ada@lab.org.cn", title="ada@lab.org.cn", query=_CHINESE_QUERY, **_CHINESE),
    _page(address="李娜", query=_CHINESE_QUERY, **_CHINESE),
)


@dataclass(frozen=True, slots=True)
class Story:
    """What one run of the story has brought."""

    posts: Mapping[ChatAddress, Sequence[GalleryPost]]
    papers: int  # number of papers that were new
    digests: int
    repeated: int  # number of entries whose paper was already in an earlier digest
    undelivered: int  # messages that could not be delivered


async def run_story(database: Path) -> Story:
    """Run the story: subscribe the chats, ingest the digests, perform the conversations, deliver what is due."""
    clock = DemoClock(THURSDAY)
    channels = {one.platform: GalleryPlatform(one.platform, clock) for one in DEMO_CHATS}
    settings = Settings(database_url=SecretStr(f"sqlite:///{database}"), access="open", meaning="off")
    ingested: list[tuple[Digest, Ingested]] = []
    mondays = {datetime(2026, 1, 26, 8, tzinfo=zone(one.timezone)) for one in DEMO_CHATS}
    steps = {step.at for one in DEMO_CHATS for step in one.steps}
    async with open_app(settings, clock, platforms=channels) as app:
        app.open()
        for one in DEMO_CHATS:
            _begin(app, one)
        for moment in sorted({*ARRIVALS, *steps, *mondays}):
            clock.go_to(moment)
            if moment in ARRIVALS:
                name, source = ARRIVALS[moment]
                data = files("bot").joinpath("samples", name).read_bytes()
                ingested.append(await ingest(app, data, name, source=source))
            for one in DEMO_CHATS:
                for step in (step for step in one.steps if step.at == moment):
                    await _take(app, channels[one.platform], one, step)
            sent = await Sender(app).deliver()
    new = sum(result.new for _, result in ingested)
    return Story(
        posts={one.chat: channels[one.platform].posts_in(one.chat) for one in DEMO_CHATS},
        papers=new,
        digests=len(ingested),
        repeated=sum(len(digest.entries) for digest, _ in ingested) - new,
        undelivered=sent.waiting + sent.unclear + sent.dead,
    )


def _begin(app: App, one: DemoChat) -> None:
    """Store a chat with its settings and its subscription."""
    now = app.clock.now()
    app.store.write_now(store_chat, one.chat, one.kind, now=now, lang=one.language)
    app.store.write_now(set_settings, one.chat, {"timezone": one.timezone, "limit": _PAPERS}, now=now)
    if one.platform == "email":
        app.store.write_now(confirm, one.chat, source=None, until=now, now=now)  # its reader has said yes
    if one.query:
        title = f"#{one.title}" if one.is_shared else ""
        app.store.write_now(subscribe, one.chat, one.query, when=one.when, now=now, title=title, kind=one.kind)


async def _take(app: App, channel: GalleryPlatform, one: DemoChat, step: Step) -> None:
    """Perform one step of a conversation."""
    fields: dict[str, Any] = {
        "place": messages.Place(one.chat, one.kind),
        "update_id": f"{one.address}-{step.at}",
        "sender": one.address,
        "language": one.language,
    }
    request: messages.Request
    if step.text:
        channel.keep(one.chat, said=step.text)
        typed = messages.typed_command(step.text)
        request = messages.MessageRequest(command=typed.name, text=typed.rest, **fields)
    else:
        post, data = _button(channel.posts_in(one.chat), step.button)
        request = messages.CallbackRequest(callback_data=data, message_id=post, **fields)
    if reply := await answer(app, request):
        await send_reply(app, reply)


def _button(posts: Sequence[GalleryPost], label: str) -> tuple[str, str]:
    """Return (id of the message, data) of the newest button whose label begins so.

    Raise LookupError if there is none.
    """
    for post in reversed(posts):
        rows = json.loads(post.payload or "{}").get("buttons", ())
        for key in (key for row in rows for key in row if key["text"].startswith(label)):
            return post.id, str(key["data"])
    raise LookupError(f"no message has a button {label}")

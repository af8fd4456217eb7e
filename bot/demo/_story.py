"""The story of the demo: the guests subscribe, the digests come in, somebody talks with the bot."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from bot.app import App, build_app
from bot.channels.gallery import GalleryChannel
from bot.demo._clock import DemoClock
from bot.demo._guests import ARRIVALS, CONVERSATIONS, DEMO_CHATS, EVENING, Arrival, DemoChat
from bot.demo._talking import ConversationLog, run_conversation
from bot.ports.channel import Limits
from bot.settings import Settings
from bot.sources.ingest import ingest
from subscriptions.model import ChatAddress, Digest
from subscriptions.service.subscriptions import Subscribed, set_setting, subscribe
from subscriptions.store import Ingested

_PLATFORMS: Final = ("telegram", "slack", "console")
_UNPACED: Final = Limits(text=4096, per_second=0, per_lane=0)  # nobody waits in a gallery


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happened, and to whom."""

    papers: int  # that were new
    digests: int
    repeated: tuple[str, ...]  # titles of papers that stood in more than one digest
    channels: Mapping[str, GalleryChannel]
    subscribed: Mapping[ChatAddress, tuple[Subscribed, ...]]
    conversation_logs: Mapping[ChatAddress, ConversationLog]
    undelivered: int  # messages that did not arrive

    @property
    def messages(self) -> int:
        """How many were delivered."""
        return sum(len(self.channels[guest.platform].posts_in(guest.chat)) for guest in DEMO_CHATS)


async def run_story(database: Path) -> Story:
    """Subscribes the guests, lets the digests come in, and delivers whatever is due at each moment."""
    clock = DemoClock(EVENING)
    channels: dict[str, GalleryChannel] = {name: GalleryChannel(name, _UNPACED, clock) for name in _PLATFORMS}
    settings = Settings(database_url=SecretStr(f"sqlite:///{database}"), access="open")
    app = build_app(settings, clock=clock, channels=channels)
    app.open()
    try:
        subscribed = {guest.chat: _subscribe(app, guest) for guest in DEMO_CHATS}
        due = {wish.first for wishes in subscribed.values() for wish in wishes if wish.first}
        taken: list[tuple[Digest, Ingested]] = []
        spoken: dict[ChatAddress, ConversationLog] = {}
        for moment in sorted(due | {arrival.at for arrival in ARRIVALS} | {talk.begins for talk in CONVERSATIONS}):
            clock.go_to(moment)
            taken += [await _ingest_arrival(app, arrival) for arrival in ARRIVALS if arrival.at == moment]
            for talk in (talk for talk in CONVERSATIONS if talk.begins == moment):
                spoken[talk.chat] = await run_conversation(app, channels[talk.chat.platform], clock, talk)
            sent = await app.sender.deliver()
    finally:
        await app.close()
    return Story(
        papers=sum(done.new for _, done in taken),
        digests=len(taken),
        repeated=_repeated([digest for digest, _ in taken]),
        channels=channels,
        subscribed=subscribed,
        conversation_logs=spoken,
        undelivered=sent.waiting + sent.unclear + sent.dead,
    )


def _subscribe(app: App, guest: DemoChat) -> tuple[Subscribed, ...]:
    now = app.clock.now()
    done = [
        subscribe(app.store, guest.chat, wish, now=now, title=guest.chat_title, kind=guest.kind)
        for wish in guest.subscriptions
    ]
    for name, value in guest.settings.items():
        set_setting(app.store, guest.chat, name, value, now=now)
    return tuple(done)


async def _ingest_arrival(app: App, arrival: Arrival) -> tuple[Digest, Ingested]:
    data = files("bot").joinpath("samples", arrival.file).read_bytes()
    return await ingest(app.context, data, arrival.file, source=arrival.source)


def _repeated(digests: Sequence[Digest]) -> tuple[str, ...]:
    """Titles of the papers that stand in more than one digest."""
    titles = {paper.key: paper.title for digest in digests for paper in digest.entries}
    times = Counter(key for digest in digests for key in {paper.key for paper in digest.entries})
    return tuple(titles[key] for key, count in times.items() if count > 1)

"""Runs the story of the demo: example chats subscribe, digests arrive, a person talks with the bot."""

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
from bot.demo._conversation import ConversationLog, run_conversation
from bot.demo._example_chats import ARRIVALS, CONVERSATIONS, DEMO_CHATS, EVENING, Arrival, DemoChat
from bot.ports.channel import Limits
from bot.settings import Settings
from bot.sources.ingest import ingest
from subscriptions.model import ChatAddress, Digest
from subscriptions.service.subscriptions import Subscribed, set_setting, subscribe
from subscriptions.store import Ingested

_PLATFORMS: Final = ("telegram", "slack", "console")
_UNPACED: Final = Limits(text=4096, per_second=0, per_lane=0)  # no rate limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The result of the story."""

    papers: int  # number of new papers
    digests: int
    repeated: tuple[str, ...]  # titles of papers that more than one digest contained
    channels: Mapping[str, GalleryChannel]
    subscribed: Mapping[ChatAddress, tuple[Subscribed, ...]]
    conversation_logs: Mapping[ChatAddress, ConversationLog]
    undelivered: int  # messages that could not be delivered

    @property
    def messages(self) -> int:
        """The number of messages delivered to the example chats."""
        return sum(len(self.channels[demo_chat.platform].posts_in(demo_chat.chat)) for demo_chat in DEMO_CHATS)


async def run_story(database: Path) -> Story:
    """Subscribes the example chats, ingests each digest at its moment, and delivers what is due at each moment."""
    clock = DemoClock(EVENING)
    channels: dict[str, GalleryChannel] = {name: GalleryChannel(name, _UNPACED, clock) for name in _PLATFORMS}
    settings = Settings(database_url=SecretStr(f"sqlite:///{database}"), access="open")
    app = build_app(settings, clock=clock, channels=channels)
    app.open()
    try:
        subscribed = {demo_chat.chat: _subscribe(app, demo_chat) for demo_chat in DEMO_CHATS}
        due = {result.first for results in subscribed.values() for result in results if result.first}
        ingested: list[tuple[Digest, Ingested]] = []
        logs: dict[ChatAddress, ConversationLog] = {}
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
        repeated=_repeated([digest for digest, _ in ingested]),
        channels=channels,
        subscribed=subscribed,
        conversation_logs=logs,
        undelivered=sent.waiting + sent.unclear + sent.dead,
    )


def _subscribe(app: App, demo_chat: DemoChat) -> tuple[Subscribed, ...]:
    now = app.clock.now()
    done = [
        subscribe(app.store, demo_chat.chat, request, now=now, title=demo_chat.chat_title, kind=demo_chat.kind)
        for request in demo_chat.subscriptions
    ]
    for name, value in demo_chat.settings.items():
        set_setting(app.store, demo_chat.chat, name, value, now=now)
    return tuple(done)


async def _ingest_arrival(app: App, arrival: Arrival) -> tuple[Digest, Ingested]:
    data = files("bot").joinpath("samples", arrival.file).read_bytes()
    return await ingest(app.context, data, arrival.file, source=arrival.source)


def _repeated(digests: Sequence[Digest]) -> tuple[str, ...]:
    """Returns the titles of papers that more than one digest contains."""
    titles = {paper.key: paper.title for digest in digests for paper in digest.entries}
    times = Counter(key for digest in digests for key in {paper.key for paper in digest.entries})
    return tuple(titles[key] for key, count in times.items() if count > 1)

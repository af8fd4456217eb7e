"""Sends requests to a bot as people do, without a network. The bot is the real one, with a real store.

    bot = BotHarness(store)
    answer = await bot.says("/sub diffusion")
    assert answer.text.startswith("✓ 1")
    answer = await bot.presses("undo")

A test names a chat by its address ("telegram:42"; with a topic, "telegram:-1001/7"). It sets the managers of a chat
with `bot.admins["telegram:-1001"] = {"7"}`; None means that the platform does not show who manages the chat.
"""

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from pydantic import SecretStr

from bot import messages
from bot.app import App
from bot.connections import renderer_of
from bot.conversation.drafts import RenderedReply
from bot.conversation.handler import answer
from bot.messages import File, Place
from bot.models import Encoder
from bot.pace import CommandLimits, Pace
from bot.platforms.base import Directory, Listener
from bot.rendering.packing import Renderer
from bot.settings import Settings
from subscriptions.chats.addresses import PlatformFacts, facts_of
from subscriptions.chats.known import Listed, get_chat, listed
from subscriptions.database.store import Store
from subscriptions.errors import Refused, Sentence
from subscriptions.model import Chat, ChatAddress, ChatKind, Message, Paper
from subscriptions.papers.stored.digests import Ingested
from subscriptions.subscribing.subscribe import Subscribed, set_settings
from tests import make, rendered
from tests.clock import NOON, FakeClock

BOT = "paperwire_test_bot"
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The bot's reply to one request. If the bot does not reply, `bool(answer)` is False."""

    rendered: RenderedReply | None

    def __bool__(self) -> bool:
        return self.rendered is not None

    @property
    def payloads(self) -> list[dict[str, Any]]:
        return [json.loads(message.payload) for message in self.rendered.messages] if self.rendered else []

    @property
    def markup(self) -> str:
        return "\n".join(str(payload["text"]) for payload in self.payloads)

    @property
    def text(self) -> str:
        """The text without markup, and without the invisible characters that keep Telegram from making links."""
        return html.unescape(_TAG.sub("", self.markup)).replace("\u2060", "")

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def buttons(self) -> list[str]:
        return [str(key["text"]) for key in self.keys]

    @property
    def keys(self) -> list[dict[str, str]]:
        return [key for payload in self.payloads for row in payload.get("buttons", []) for key in row]

    @property
    def toast(self) -> str:
        return self.rendered.toast if self.rendered else ""

    @property
    def to(self) -> str:
        return str(self.rendered.chat) if self.rendered else ""

    @property
    def replaces(self) -> bool:
        return bool(self.rendered and self.rendered.replaces)

    @property
    def file(self) -> File | None:
        return self.rendered.file if self.rendered else None


@dataclass(slots=True)
class FakePlatform(Listener, Directory):
    """A platform that answers from the fields of the harness and makes no requests."""

    bot: "BotHarness"
    platform: str = "telegram"
    facts: PlatformFacts = field(default_factory=lambda: facts_of("telegram"))
    renderer: Renderer = field(default_factory=lambda: renderer_of("telegram"))
    destinations: Sequence[ChatAddress] = ()

    async def post(self, chat: ChatAddress, message: Message, **more: Any) -> str:
        raise AssertionError("the harness posts nothing")

    async def is_admin(
        self, chat: ChatAddress, person: str, *, member_suffices: bool = False, in_chat: bool = False
    ) -> bool | None:
        known = self.bot.admins.get(str(ChatAddress(chat.platform, chat.address)), set())
        return None if known is None else person in known

    async def find_chat(self, name: str) -> Place | None:
        return self.bot.places.get(name)

    async def send_file(self, chat: ChatAddress, file: File) -> str:
        return "1"

    async def fetch(self, file: str, most: int) -> bytes:
        data = self.bot.files[file]
        if len(data) > most:
            raise Refused(Sentence("The file is larger than {most} KB.", {"most": most // 1024}))
        return data


@dataclass(slots=True)
class BotHarness:
    """A bot with a store, a movable clock and a fake platform API."""

    store: Store
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOON))
    settings: Settings = field(
        default_factory=lambda: Settings(database_url=SecretStr("sqlite:///unused.db"), access="open")
    )
    sends_mail: bool = True
    admins: dict[str, set[str] | None] = field(default_factory=dict)
    # "@name" or id → what the platform knows about the chat
    places: dict[str, Place] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    last: dict[str, list[Answer]] = field(default_factory=dict)
    updates: "count[int]" = field(default_factory=lambda: count(1))
    command_limits: CommandLimits = field(default_factory=CommandLimits)
    destinations: dict[str, ChatAddress] = field(default_factory=dict)
    public: set[str] = field(default_factory=set)  # groups that have a public name
    encoder: Encoder | None = None  # None: meaning is off
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self.pace = Pace(self.clock, {})

    @property
    def app(self) -> App:
        telegram = FakePlatform(self, destinations=tuple(self.destinations.values()))
        self.store.encoder = self.encoder.name if self.encoder else ""
        mail = {"email": replace(telegram, platform="email", facts=facts_of("email"))} if self.sends_mail else {}
        return App(
            settings=self.settings,
            encoder=self.encoder,
            store=self.store,
            clock=self.clock,
            platforms={"telegram": telegram, "console": replace(telegram, platform="console"), **mail},
            bot_names={"telegram": BOT},
            pace=self.pace,
            render_delivery=rendered.render_delivery,
            render_reply=rendered.render_reply,
            command_limits=self.command_limits,
        )

    async def says(self, text: str, chat: str = "telegram:42", **more: Any) -> Answer:
        """Sends a message as a person. Returns the bot's answer.

        In a private chat, the sender is the person whose chat it is. `more` are further fields of the request.
        """
        typed = messages.typed_command(text)
        return await self.sends_request(
            chat,
            **{
                "command": typed.name if typed else "",
                "text": typed.rest if typed else text,
                "is_addressed": _kind(make.address(chat)) is ChatKind.PRIVATE or bool(typed and typed.bot),
                "written_at": self.clock.now(),
                "message_id": f"m{next(self.updates)}",
                **more,
            },
        )

    async def presses(self, label: str, chat: str = "telegram:42", by: str = "", **more: Any) -> Answer:
        """Presses the newest button with this label in this chat. Returns the bot's answer."""
        for sent in reversed(self.last.get(chat, [])):
            for key in sent.keys:
                if key["text"] == label:
                    assert len(key["data"].encode()) <= 64, "Telegram takes no more"
                    return await self.sends_request(
                        chat, callback_data=key["data"], by=by, callback_id="p1", message_id="m0", **more
                    )
        raise AssertionError(f"no button [{label}] in {[sent.buttons for sent in self.last.get(chat, [])]}")

    async def sends_request(
        self, chat: str, *, by: str = "", language: str = "en", title: str = "", **fields: Any
    ) -> Answer:
        where = make.address(chat)
        kind = fields.pop("kind", _kind(where))
        place = Place(chat=where, kind=kind, title=title, public=chat in self.public)
        sender = by or (where.address if kind is ChatKind.PRIVATE else "")
        fields.setdefault("update_id", f"u{next(self.updates)}")
        fields.setdefault("sender_name", "Ada Example")
        request = make_request(place=place, sender=sender, language=language, **fields)
        sent = Answer(rendered=await answer(self.app, request))
        if sent:
            self.last.setdefault(sent.to, []).append(sent)
        return sent

    def brings(self, *papers: Paper | str, **ingest: Any) -> Ingested:
        """Ingests a digest of these papers, now. A text is the title of a new paper."""
        return make.ingested(self.store, *papers, **{"now": self.clock.now(), **ingest})

    def subscribes(self, chat: str, query: str, **request: Any) -> Subscribed:
        """Subscribes a chat to a query, now."""
        return make.subscribes(self.store, chat, query, **{"now": self.clock.now(), **request})

    def sets(self, chat: str, **values: str) -> None:
        """Changes settings of a chat, now."""
        self.store.write_now(set_settings, make.address(chat), values, now=self.clock.now())

    def listed(self, chat: str) -> tuple[Listed, ...]:
        """Returns the subscriptions of a chat. Raises NotFound if there is no such chat."""
        return self.store.read_now(listed, make.address(chat))

    def chat_of(self, address: str) -> Chat:
        """Returns the chat at an address. Raises NotFound."""
        return self.store.read_now(get_chat, make.address(address))

    def later(self, **by: float) -> datetime:
        """Advances the clock. Returns the new time."""
        self.clock.advance(timedelta(**by))
        return self.clock.now()


def make_request(**fields: Any) -> messages.Request:
    """Returns the request that has these fields: an event or a callback if it has their field, else a message."""
    if "event" in fields:
        return messages.EventRequest(**fields)
    return messages.CallbackRequest(**fields) if "callback_data" in fields else messages.MessageRequest(**fields)


def _kind(where: ChatAddress) -> ChatKind:
    if where.platform != "telegram":
        return ChatKind.PRIVATE
    return ChatKind.GROUP if where.address.startswith("-") else ChatKind.PRIVATE

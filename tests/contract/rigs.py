"""Each channel with its fake platform. RIGS has one entry per channel, and test_channels.py runs over all of them."""

import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from bot.demo.story import GalleryChannel
from bot.platforms.apprise.adapter import AppriseChannel
from bot.platforms.console.adapter import ConsoleChannel
from bot.platforms.email.adapter import EmailChannel
from bot.platforms.slack.adapter import SlackChannel
from bot.platforms.slack.workspaces import WorkspaceTokens
from bot.platforms.telegram.adapter import TelegramChannel
from bot.platforms.web.channel import WebChannel
from bot.ports.channel import Channel
from bot.settings import Destination, Settings
from subscriptions import model
from subscriptions.service.access import allow
from subscriptions.store.conversations import PageMessage, changed_page_messages
from subscriptions.store.database.store import Store
from tests.fakes import smtp
from tests.fakes.apprise import TOKEN as APPRISE_TOKEN
from tests.fakes.apprise import fake_services
from tests.fakes.server import FakePlatform
from tests.fakes.slack import TOKEN as SLACK_TOKEN
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import TOKEN as TELEGRAM_TOKEN
from tests.fakes.telegram import FakeTelegram
from tests.make import NOON, FakeClock
from tests.postbox.channel import PostboxChannel

Compose = Callable[..., model.Message]

OTHER_SLACK_TOKEN = "xoxb-made-up-token-of-another-workspace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A channel, a chat that accepts messages, and the texts that its platform received."""

    channel: Channel
    chat: model.ChatAddress
    topic: model.ChatAddress  # a topic or thread of the same lane
    compose: Compose  # (text, number=1) → a message in the shape that this channel posts
    received: Callable[[], list[str]]  # texts that the platform received, in order; the new text of an edit comes last
    disconnect: Callable[[], None]  # makes the platform unreachable from now on
    fake: FakePlatform | None = None
    secret: str = "no secret"


def telegram_message(text: str, number: int = 1) -> model.Message:
    return model.Message(
        number=number,
        payload=json.dumps({"text": f"<b>{text}</b>", "silent": True, "buttons": [[{"text": "1", "data": "id1"}]]}),
        plain=json.dumps({"text": f"plain {text}", "silent": True}),
    )


def slack_message(text: str, number: int = 1) -> model.Message:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": f"*{text}*"}}]
    payload = json.dumps({"text": text, "blocks": blocks})
    return model.Message(number=number, payload=payload, plain=json.dumps({"text": f"plain {text}"}))


def console_message(text: str, number: int = 1) -> model.Message:
    return model.Message(number=number, payload=json.dumps({"text": text}), plain=json.dumps({"text": f"plain {text}"}))


@asynccontextmanager
async def telegram(read: float) -> AsyncIterator[Rig]:
    with FakeTelegram() as fake:
        fake.knows("-1001", topics=(5,))
        channel = TelegramChannel(TELEGRAM_TOKEN, api_url=fake.url, connect=1, read=read)
        yield Rig(
            channel=channel,
            chat=model.ChatAddress("telegram", "-1001"),
            topic=model.ChatAddress("telegram", "-1001", "5"),
            compose=telegram_message,
            received=lambda: [entry.text for entry in fake.journal],
            disconnect=fake.goes_down,
            fake=fake,
            secret=TELEGRAM_TOKEN.split(":")[1],
        )
        await channel.close()


@asynccontextmanager
async def slack(read: float) -> AsyncIterator[Rig]:
    with FakeSlack() as fake:
        fake.knows("C1")
        thread = fake.says("C1", "a thread")
        channel = SlackChannel(SLACK_TOKEN, api_url=fake.url, connect=1, read=read)
        yield Rig(
            channel=channel,
            chat=model.ChatAddress("slack", "C1"),
            topic=model.ChatAddress("slack", "C1", thread),
            compose=slack_message,
            received=lambda: [entry.text for entry in fake.journal],
            disconnect=fake.goes_down,
            fake=fake,
            secret=SLACK_TOKEN,
        )
        await channel.close()


@asynccontextmanager
async def another_workspace(read: float) -> AsyncIterator[Rig]:
    """A chat in a second Slack workspace, to which the channel writes with that workspace's own token."""
    with FakeSlack() as fake:
        other = fake.workspace("T2", OTHER_SLACK_TOKEN)
        fake.knows("C1", team="T2")
        fake.knows("C1")
        thread = other.next_ts()
        other.conversations["C1"].messages[thread] = {"type": "message", "user": "U1", "text": "x", "ts": thread}
        channel = SlackChannel(
            SLACK_TOKEN, WorkspaceTokens(SecretStr(OTHER_SLACK_TOKEN)), api_url=fake.url, connect=1, read=read
        )
        yield Rig(
            channel=channel,
            chat=model.ChatAddress("slack", "T2/C1"),
            topic=model.ChatAddress("slack", "T2/C1", thread),
            compose=slack_message,
            received=lambda: [entry.text for entry in fake.journal if entry.chat == "T2/C1"],
            disconnect=fake.goes_down,
            secret=OTHER_SLACK_TOKEN,
        )
        await channel.close()


@asynccontextmanager
async def console(_: float) -> AsyncIterator[Rig]:
    screen = io.StringIO()
    channel = ConsoleChannel(screen)
    yield Rig(
        channel=channel,
        chat=model.ChatAddress("console", "me"),
        topic=model.ChatAddress("console", "me", "thesis"),
        compose=console_message,
        received=lambda: [line for line in screen.getvalue().splitlines() if not line.startswith("─")],
        disconnect=screen.close,
    )
    await channel.close()


@asynccontextmanager
async def gallery(_: float) -> AsyncIterator[Rig]:
    channel = GalleryChannel("telegram", TelegramChannel.limits, FakeClock(NOON))
    yield Rig(
        channel=channel,
        chat=model.ChatAddress("telegram", "42"),
        topic=model.ChatAddress("telegram", "42", "5"),
        compose=console_message,
        received=lambda: [json.loads(post.payload)["text"] for post in channel.posts],
        disconnect=lambda: setattr(channel, "_closed", True),
    )
    await channel.close()


@asynccontextmanager
async def postbox(_: float) -> AsyncIterator[Rig]:
    """The postbox: a platform that only the tests have."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        out.mkdir()
        channel = PostboxChannel(Path(folder))
        yield Rig(
            channel=channel,
            chat=model.ChatAddress("postbox", "ada"),
            topic=model.ChatAddress("postbox", "ada", "thesis"),
            compose=console_message,
            received=channel.texts,
            disconnect=lambda: setattr(channel, "is_closed", True),
            secret=channel.secret,
        )


@asynccontextmanager
async def web(_: float) -> AsyncIterator[Rig]:
    """Our own web page. `received` returns the texts that the page shows, the text that changed last at the end."""
    with TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/paperwire.db")
        store.open(now=NOON)
        channel, chat = WebChannel(FakeClock(NOON)), model.ChatAddress("web", "me")
        channel.open(store)
        yield Rig(
            channel=channel,
            chat=chat,
            topic=model.ChatAddress("web", "me", "thesis"),
            compose=web_message,
            received=lambda: [_said(message) for message in changed_page_messages(store, chat, 0, 100)[0]],
            disconnect=store.close,
        )
        await channel.close()
        store.close()


def web_message(text: str, number: int = 1) -> model.Message:
    payload = json.dumps({"html": f"<p>{text}</p>", "text": text})
    return model.Message(number=number, payload=payload, plain=json.dumps({"text": f"plain {text}"}))


def _said(message: PageMessage) -> str:
    content = json.loads(message.payload)
    return str(content["html"][3:-4] if "html" in content else content["text"])


def mail_message(text: str, number: int = 1) -> model.Message:
    mail = {"subject": "s", "about": "", "preview": "", "text": f"plain {text}", "html": f"<tr><td>{text}</td></tr>"}
    return model.Message(number=number, payload=json.dumps(mail), plain=json.dumps({**mail, "html": ""}))


@asynccontextmanager
async def email(_: float) -> AsyncIterator[Rig]:
    secret = "made-up-password"
    with smtp.a_mail_server("papers", secret) as fake, TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/paperwire.db")
        store.open(now=NOON)
        chat = model.ChatAddress("email", "ada@lab.org")
        allow(store, chat, now=NOON)
        settings = Settings(database_url=SecretStr(""), smtp_url=SecretStr(fake.url), mail_from="papers@lab.org")
        channel = EmailChannel(settings, FakeClock(NOON))
        channel.open(store)
        yield Rig(
            channel=channel,
            chat=chat,
            topic=chat,
            compose=mail_message,
            received=lambda: [smtp.shown_text(mail) for mail in fake.mails],
            disconnect=fake.goes_down,
            secret=secret,
        )
        await channel.close()
        store.close()


def message_to_service(text: str, number: int = 1) -> model.Message:
    forms = ({"title": "", "text": said, "format": "text"} for said in (text, f"plain {text}"))
    payload, plain = (json.dumps(form) for form in forms)
    return model.Message(number=number, payload=payload, plain=plain)


@asynccontextmanager
async def apprise(_: float) -> AsyncIterator[Rig]:
    with fake_services() as fake:
        channel = AppriseChannel([Destination("lab", "LAB_URL", SecretStr(fake.address("json")))])
        chat = model.ChatAddress("apprise", "lab")
        yield Rig(
            channel=channel,
            chat=chat,
            topic=chat,
            compose=message_to_service,
            received=lambda: fake.texts("json"),
            disconnect=fake.goes_down,
            secret=APPRISE_TOKEN,
        )
        await channel.close()


RIGS: dict[
    str, Callable[[float], AbstractAsyncContextManager[Rig]]
] = {  # the argument of each function is the number of seconds that the channel waits for an answer
    "console": console,
    "telegram": telegram,
    "slack": slack,
    "another workspace of slack": another_workspace,
    "gallery": gallery,
    "postbox": postbox,
    "web": web,
    "email": email,
    "apprise": apprise,
}

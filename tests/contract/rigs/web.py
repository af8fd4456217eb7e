"""The chat on our own page: its channel with its fake platform."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory

from bot.platforms.web.adapter import WebPlatform
from subscriptions.chats.stored.conversations import PageMessage, page_messages
from subscriptions.database.store import Store
from subscriptions.model import ChatAddress, Message
from tests.clock import NOON, FakeClock
from tests.contract.rigs.rig import Rig


@asynccontextmanager
async def web(_: float) -> AsyncIterator[Rig]:
    """Our own web page. `received` returns the texts that the page shows, the text that changed last at the end."""
    with TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/paperwire.db")
        store.open(now=NOON)
        channel, chat = WebPlatform(store, FakeClock(NOON)), ChatAddress("web", "me")
        yield Rig(
            channel=channel,
            chat=chat,
            topic=ChatAddress("web", "me", "thesis"),
            compose=web_message,
            plain="plain {}".format,
            received=lambda: [_said(message) for message in store.read_now(page_messages, chat, 100, after=0)[0]],
            disconnect=store.close,
            has_identity=False,
        )
        await channel.close()
        store.close()


def web_message(text: str, number: int = 1) -> Message:
    payload = json.dumps({"html": f"<p>{text}</p>", "text": f"plain {text}"})
    return Message(number=number, payload=payload)


def _said(message: PageMessage) -> str:
    content = json.loads(message.payload)
    return str(content["html"][3:-4] if "html" in content else content["text"])


RIGS = {"web": web}

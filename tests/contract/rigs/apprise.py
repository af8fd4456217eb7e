"""A service of Apprise: its channel with its fake platform."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr

from bot.platforms.apprise.adapter import ApprisePlatform
from bot.settings import Destination
from subscriptions.model import ChatAddress, Message
from tests.contract.rigs.rig import Rig
from tests.fakes.apprise import TOKEN as APPRISE_TOKEN
from tests.fakes.apprise import fake_services


def message_to_service(text: str, number: int = 1) -> Message:
    return Message(number=number, payload=json.dumps({"title": "", "text": text, "format": "text"}))


@asynccontextmanager
async def apprise(_: float) -> AsyncIterator[Rig]:
    with fake_services() as fake:
        channel = ApprisePlatform([Destination(name="lab", url_env="LAB_URL", url=SecretStr(fake.address("json")))])
        chat = ChatAddress("apprise", "lab")
        yield Rig(
            channel=channel,
            chat=chat,
            topic=chat,
            compose=message_to_service,
            received=lambda: fake.texts("json"),
            disconnect=fake.goes_down,
            secret=APPRISE_TOKEN,
            edits=False,
            has_identity=False,
        )
        await channel.close()


RIGS = {"apprise": apprise}

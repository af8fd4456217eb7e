"""E-mail: its channel with its fake platform."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from bot.platforms.email.adapter import EmailPlatform
from bot.settings import Settings
from subscriptions.database.store import Store
from subscriptions.model import ChatAddress, Message
from subscriptions.subscribing.access import allow
from tests.clock import NOON, FakeClock
from tests.contract.rigs.rig import Rig
from tests.fakes import smtp


def mail_message(text: str, number: int = 1) -> Message:
    mail = {"subject": "s", "preview": "", "text": f"plain {text}", "html": f"<tr><td>{text}</td></tr>"}
    return Message(number=number, payload=json.dumps(mail))


@asynccontextmanager
async def email(_: float) -> AsyncIterator[Rig]:
    secret = "made-up-password"
    with smtp.a_mail_server("papers", secret) as fake, TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/paperwire.db")
        store.open(now=NOON)
        chat = ChatAddress("email", "ada@lab.org")
        store.write_now(allow, chat, now=NOON)
        settings = Settings(smtp_url=SecretStr(fake.url), mail_from="papers@lab.org")
        channel = EmailPlatform(settings, store, FakeClock(NOON))
        yield Rig(
            channel=channel,
            chat=chat,
            topic=chat,
            compose=mail_message,
            plain="plain {}".format,
            received=lambda: [smtp.shown_text(mail) for mail in fake.mails],
            disconnect=fake.goes_down,
            secret=secret,
            edits=False,
        )
        await channel.close()
        store.close()


RIGS = {"email": email}

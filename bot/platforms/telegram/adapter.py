"""The adapter of Telegram: one bot token, with long polling or a webhook, and what `paperwire check` finds about updates."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TextIO
from urllib.parse import urlsplit

from bot.context import without
from bot.errors import SettingsError
from bot.platform import Finding, OnBotName, Platform, PlatformSurroundings, cannot_be_asked, switched_off
from bot.platforms.telegram import TELEGRAM
from bot.platforms.telegram.markup import MEDIUM
from bot.ports.channel import Channel, Clock
from bot.ports.conversation import Receiver
from bot.settings import Settings, TelegramSettings
from subscriptions.errors import ChatGone, NotDelivered, NotFound, Sentence
from subscriptions.model import ChatAddress, ChatKind

with without(
    "cryptography", "httpx._main"
):  # 10 MB: python-telegram-bot decrypts passports; httpx has a command line, in colour
    from bot.platforms.telegram.client import Client
    from bot.platforms.telegram.outgoing import DEFAULT_API_URL, TelegramChannel, publish_menus
    from bot.platforms.telegram.receiving import LongPolling, TelegramWebhook, webhook_address

_LOOK_SECONDS = 8.0  # seconds to wait for the name of a chat


def connect(settings: Settings, clock: Clock, out: TextIO) -> Channel:
    """See PlatformAdapter."""
    del clock, out
    return connect_telegram(settings)


def connect_telegram(settings: Settings) -> TelegramChannel:
    """Returns the channel of the token. Raises SettingsError without a token, or if the proxy cannot be used."""
    if settings.telegram.token is None:
        raise switched_off(TELEGRAM)
    try:
        return TelegramChannel(settings.telegram.token.get_secret_value(), api_url=settings.telegram.api_url)
    except (
        RuntimeError,
        ValueError,
        ImportError,
    ):  # the library's message about an unusable proxy would repeat its address
        raise _no_proxy() from None


def platform(channel: Channel, around: PlatformSurroundings) -> Platform:
    """See PlatformAdapter."""
    assert isinstance(channel, TelegramChannel)  # noqa: S101 - as `connect` made it
    token = around.settings.telegram.token
    return Platform(
        facts=TELEGRAM,
        channel=channel,
        medium=MEDIUM,
        api=channel.api(),
        receivers=partial(_receivers, channel, around),
        token_identity=token.get_secret_value().partition(":")[0] if token else "",  # the part before the colon
        publish_commands=partial(publish_menus, channel.client),
        api_url=around.settings.telegram.api_url,
        check=lambda: _check_updates(channel.client, around.settings.telegram, around.clock.wall()),
    )


async def resolve(settings: Settings, address: ChatAddress, owner: str) -> ChatAddress:
    """See PlatformAdapter. Replaces `telegram:@name` by the chat's id."""
    del owner
    channel = connect_telegram(settings)
    try:
        found = await channel.api().get_chat(address.address)
    except ChatGone:
        raise NotFound(
            Sentence("The bot sees no Telegram chat {name}.", {"name": address.address}),
            Sentence("Add the bot to it, or name the chat by its id."),
        ) from None
    except NotDelivered as error:
        raise cannot_be_asked(TELEGRAM, address.address, error) from None
    finally:
        await channel.close()
    return ChatAddress(TELEGRAM.name, found.chat.address, address.topic)


async def describe(settings: Settings, address: ChatAddress) -> tuple[str, ChatKind | None]:
    """See PlatformAdapter. Asks Telegram, since an id alone does not tell a channel from a group."""
    if settings.telegram.token is None:
        return "", None
    channel = connect_telegram(settings)
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            found = await channel.api().get_chat(address.address)
            return found.title or address.address, found.kind
    except (NotDelivered, TimeoutError):
        return "", None
    finally:
        await channel.close()


def _receivers(channel: TelegramChannel, around: PlatformSurroundings, on_bot_name: OnBotName) -> Sequence[Receiver]:
    settings, clock = around.settings.telegram, around.clock
    if settings.token is None:
        return ()
    if settings.webhook_url is None:
        return (LongPolling(channel.client, clock, on_bot_name=on_bot_name),)
    webhook = TelegramWebhook(
        channel.client,
        clock,
        url=settings.webhook_url,
        token=settings.token.get_secret_value(),
        secret=settings.webhook_secret.get_secret_value() if settings.webhook_secret else None,
        on_bot_name=on_bot_name,
    )
    return (webhook,)


def _no_proxy() -> SettingsError:
    """Returns the error for a proxy of an unusable kind. It names only the variable, since the address may hold a password."""
    names = [name for name in os.environ if name.upper() in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")]
    return SettingsError(
        Sentence("{name} names no proxy that can be used", {"name": ", ".join(sorted(names)) or "ALL_PROXY"}),
        Sentence("Write http://HOST:PORT."),
    )


OLD_NEWS = timedelta(hours=1)  # age from which on Telegram's last error at the webhook is ignored
_WEBHOOK = "PAPERWIRE_TELEGRAM_WEBHOOK_URL"


async def _check_updates(client: Client, settings: TelegramSettings, wall: datetime) -> list[Finding]:
    """Returns the findings about updates of Telegram: what the bot is shown in groups, and how updates come."""
    try:
        me = await client.call_for_object("getMe")
        webhook = await client.call_for_object("getWebhookInfo")
    except NotDelivered as error:
        answer = Sentence("they cannot be asked for: {reason}", {"reason": error.reason.rstrip(".")})
        return [Finding(question=Sentence("Telegram updates"), answer=answer)]
    return [_privacy(me), _updates(webhook, settings, wall)]


def _privacy(me: Mapping[str, object]) -> Finding:
    question = Sentence("Telegram groups")
    if me.get("can_read_all_group_messages") is True:
        return Finding(
            question=question,
            answer=Sentence("privacy mode is off: the bot is shown all that is written there, and needs little of it"),
            cure=Sentence("To switch it on: /setprivacy at @BotFather, then add the bot to its groups again."),
        )
    answer = Sentence("privacy mode is on: the bot is shown commands and answers to it, and that is enough")
    return Finding(question=question, answer=answer)


def _updates(webhook: Mapping[str, object], settings: TelegramSettings, wall: datetime) -> Finding:
    """Returns the finding whether updates come by the way that the settings say, and how many wait."""
    question = Sentence("Telegram updates")
    waiting, address = webhook.get("pending_update_count") or 0, str(webhook.get("url") or "")
    if settings.webhook_url is None:
        return _asked_for(question, address, waiting)
    if not _takes_webhooks(settings.webhook_url, settings.api_url):
        answer = Sentence("Telegram sends them only to https, and to the ports 443, 80, 88 and 8443")
        cure = Sentence("Write such an address into {name}.", {"name": _WEBHOOK})
        return Finding(question=question, answer=answer, cure=cure, mend=True)
    token = settings.token.get_secret_value() if settings.token else ""
    cure = Sentence("Start paperwire run: it tells Telegram the address. No other program may use this token.")
    if not address:
        answer = Sentence("Telegram sends none yet, {waiting} wait", {"waiting": waiting})
        return Finding(question=question, answer=answer, cure=cure)
    token = settings.token.get_secret_value() if settings.token else ""
    if address != webhook_address(settings.webhook_url, token):
        return Finding(question=question, answer=Sentence("Telegram sends them elsewhere"), cure=cure, mend=True)
    return _delivered(question, webhook, waiting, wall)


def _asked_for(question: Sentence, address: str, waiting: object) -> Finding:
    if address:
        return Finding(
            question=question,
            answer=Sentence("Telegram sends them to a webhook, though {name} is not set", {"name": _WEBHOOK}),
            cure=Sentence(
                "paperwire run takes it away, and nothing is lost. If another program set it, give that one its own token."
            ),
            mend=True,
        )
    if waiting:
        answer = Sentence("{waiting} wait to be asked for", {"waiting": waiting})
        return Finding(question=question, answer=answer, cure=Sentence("paperwire run answers them."))
    return Finding(question=question, answer=Sentence("asked for, none waits"))


def _delivered(question: Sentence, webhook: Mapping[str, object], waiting: object, wall: datetime) -> Finding:
    at = webhook.get("last_error_date")
    age = wall - datetime.fromtimestamp(at, UTC) if isinstance(at, int) else OLD_NEWS
    if age < OLD_NEWS and webhook.get("last_error_message"):
        values = {"time": f"{wall - age:%H:%M}", "words": webhook["last_error_message"], "waiting": waiting}
        return Finding(
            question=question,
            answer=Sentence("at {time} UTC Telegram could not deliver one: {words}; {waiting} wait", values),
            cure=Sentence("Is paperwire run running, and does the web server before it pass on what comes?"),
            mend=True,
        )
    answer = Sentence("Telegram sends them to the webhook, {waiting} wait", {"waiting": waiting})
    return Finding(question=question, answer=answer)


def _takes_webhooks(url: str, api_url: str) -> bool:
    """Returns whether Telegram sends updates to such an address. Another Bot API server accepts any address."""
    parts = urlsplit(url)
    return api_url != DEFAULT_API_URL or (parts.scheme == "https" and parts.port in (None, 443, 80, 88, 8443))

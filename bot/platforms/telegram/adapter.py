"""The adapter of Telegram: one bot token, with long polling or a webhook."""

import asyncio
import os
from collections.abc import Sequence
from functools import partial
from typing import TextIO

from bot.context.optional_parts import without
from bot.errors import SettingsError
from bot.platform import OnBotName, Platform, PlatformSurroundings, cannot_be_asked, switched_off
from bot.platforms.telegram import TELEGRAM
from bot.platforms.telegram.markup import MEDIUM
from bot.ports.channel import Channel, Clock
from bot.ports.conversation import Receiver
from bot.settings import Settings
from subscriptions.errors import ChatGone, NotDelivered, NotFound, Sentence
from subscriptions.model import ChatAddress, ChatKind

with without(
    "cryptography", "httpx._main"
):  # 10 MB: python-telegram-bot decrypts passports; httpx has a command line, in colour
    from bot.platforms.telegram.checks import check_updates
    from bot.platforms.telegram.outgoing import TelegramChannel, publish_menus
    from bot.platforms.telegram.receiving import LongPolling, TelegramWebhook

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
        check=lambda: check_updates(channel.client, around.settings.telegram, around.clock.wall()),
    )


async def resolve(settings: Settings, address: ChatAddress, owner: str) -> ChatAddress:
    """See PlatformAdapter. Replaces `telegram:@name` by the chat's id."""
    del owner
    channel = connect_telegram(settings)
    try:
        chat_id, _ = await channel.resolve(address.address)
    except ChatGone:
        raise NotFound(
            Sentence("The bot sees no Telegram chat {name}.", {"name": address.address}),
            Sentence("Add the bot to it, or name the chat by its id."),
        ) from None
    except NotDelivered as error:
        raise cannot_be_asked(TELEGRAM, address.address, error) from None
    finally:
        await channel.close()
    return ChatAddress(TELEGRAM.name, chat_id, address.topic)


async def describe(settings: Settings, address: ChatAddress) -> tuple[str, ChatKind | None]:
    """See PlatformAdapter. Asks Telegram, since an id alone does not tell a channel from a group."""
    if settings.telegram.token is None:
        return "", None
    channel = connect_telegram(settings)
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            _, title = await channel.resolve(address.address)
            return title, await channel.kind(address.address)
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

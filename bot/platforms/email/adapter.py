"""The adapter of e-mail: the platform, made of its channel and of the pages that the links in mails open."""

from typing import TextIO

from bot.platform import CheckResult, Platform, PlatformSurroundings, switched_off
from bot.platforms.email import FACTS, markup
from bot.platforms.email.channel import EmailChannel
from bot.platforms.email.pages import EmailApi, MailPages
from bot.ports import channel as channels
from bot.settings import Settings
from subscriptions.errors import NotDelivered


def connect(settings: Settings, clock: channels.Clock, out: TextIO) -> channels.Channel:
    """See PlatformAdapter."""
    del out
    if settings.smtp_url is None:
        raise switched_off(FACTS)
    return EmailChannel(settings, clock)


def platform(channel: channels.Channel, around: PlatformSurroundings) -> Platform:
    """See PlatformAdapter."""
    assert isinstance(channel, EmailChannel)  # noqa: S101 - made by `connect`
    channel.open(around.store)
    return Platform(
        facts=FACTS,
        channel=channel,
        medium=markup.MEDIUM,
        api=EmailApi(channel),
        receivers=lambda _: [MailPages(channel=channel, store=around.store)],
        has_token=False,
        check=lambda: _check(channel, around.settings),
    )


async def _check(channel: EmailChannel, settings: Settings) -> list[CheckResult]:
    """Returns the findings about the mail server, and about the address in links."""
    server, links = "Mail server", "Links in mail"
    try:
        await channel.check()
        found = CheckResult(
            question=server,
            answer=f"It takes mail from {channel.sender.addr_spec}.",
        )
    except NotDelivered as error:
        found = CheckResult(
            question=server,
            answer=f"{channel.server}: {error.reason}",
            cure="Look at PAPERWIRE_SMTP_URL.",
            mend=True,
        )
    if settings.web_url is None:
        local = CheckResult(
            question=links,
            answer=f"They open {settings.pages_url}, which only this machine reaches.",
            cure="Set PAPERWIRE_WEB_URL to the address under which people reach the pages.",
        )
        return [found, local]
    return [found]

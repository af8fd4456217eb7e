"""The adapter of e-mail: a server that takes mail, and the pages on which people press what came by it."""

from typing import TextIO

from bot.platform import Finding, Platform, PlatformSurroundings, switched_off
from bot.platforms.email import EMAIL
from bot.platforms.email.markup import MEDIUM
from bot.platforms.email.outgoing import EmailChannel
from bot.platforms.email.pages import EmailApi, MailPages
from bot.ports.channel import Channel, Clock
from bot.settings import Settings
from subscriptions.errors import NotDelivered, Sentence


def connect(settings: Settings, clock: Clock, out: TextIO) -> Channel:
    """See PlatformAdapter."""
    del out
    if settings.smtp_url is None:
        raise switched_off(EMAIL)
    return EmailChannel(settings, clock)


def platform(channel: Channel, around: PlatformSurroundings) -> Platform:
    """See PlatformAdapter."""
    assert isinstance(channel, EmailChannel)  # noqa: S101 - as `connect` made it
    channel.open(around.store)
    return Platform(
        facts=EMAIL,
        channel=channel,
        medium=MEDIUM,
        api=EmailApi(channel),
        receivers=lambda _: [MailPages(channel=channel, store=around.store)],
        check=lambda: _check(channel, around.settings),
    )


async def _check(channel: EmailChannel, settings: Settings) -> list[Finding]:
    """Returns the findings about the server, and about the address in links."""
    server, links = Sentence("Mail server"), Sentence("Links in mail")
    try:
        await channel.check()
        found = Finding(
            question=server, answer=Sentence("It takes mail from {sender}.", {"sender": channel.sender.addr_spec})
        )
    except NotDelivered as error:
        found = Finding(
            question=server,
            answer=Sentence("{text}", {"text": error.reason}),
            cure=Sentence("Look at PAPERWIRE_SMTP_URL."),
            mend=True,
        )
    if settings.web_url is None:
        local = Finding(
            question=links,
            answer=Sentence("They open {url}, which only this machine reaches.", {"url": settings.pages_url}),
            cure=Sentence("Set PAPERWIRE_WEB_URL to the address under which people reach the pages."),
        )
        return [found, local]
    return [found]

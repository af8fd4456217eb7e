"""The adapter of Apprise: the destinations of paperwire.toml, which receive and say nothing."""

from collections.abc import Iterator
from typing import TextIO

from bot.platform import Finding, Platform, PlatformSurroundings, switched_off
from bot.platforms.apprise import APPRISE
from bot.platforms.apprise.markup import MEDIUM
from bot.platforms.apprise.outgoing import AppriseChannel
from bot.ports.channel import Channel, Clock
from bot.rendering.packing import Medium
from bot.settings import Settings
from subscriptions.errors import NotFound, Sentence, listed
from subscriptions.model import ChatAddress, ChatKind


def connect(settings: Settings, clock: Clock, out: TextIO) -> Channel:
    """See PlatformAdapter."""
    del clock, out
    if not settings.destinations:
        raise switched_off(APPRISE)
    return AppriseChannel(settings.destinations)


def platform(channel: Channel, around: PlatformSurroundings) -> Platform:
    """See PlatformAdapter."""
    del around
    assert isinstance(channel, AppriseChannel)  # noqa: S101 - as `connect` made it
    findings = tuple(_findings(channel))

    async def check() -> tuple[Finding, ...]:
        return findings

    return Platform(
        facts=APPRISE,
        channel=channel,
        medium=MEDIUM,
        medium_at=channel.medium_at,
        destinations=tuple(ChatAddress(APPRISE.name, name) for name in channel.targets),
        check=check,
        startup_lines=tuple(f"{one.question}: {one.answer} {one.cure}" for one in findings if one.mend),
    )


def medium_at(settings: Settings, address: ChatAddress) -> Medium:
    """See PlatformAdapter."""
    return AppriseChannel(settings.destinations).medium_at(address)


async def describe(settings: Settings, address: ChatAddress) -> tuple[str, ChatKind | None]:
    """See PlatformAdapter. Raises NotFound."""
    names = [one.name for one in settings.destinations]
    if address.address not in names:
        raise NotFound(
            Sentence("paperwire.toml names no destination {name}.", {"name": address.address}),
            Sentence("It names {names}.", {"names": listed(Sentence("{text}", {"text": name}) for name in names)}),
        )
    return address.address, ChatKind.PRIVATE


def _findings(channel: AppriseChannel) -> Iterator[Finding]:
    """Yields a check of each destination, without a request to it."""
    for name, target in channel.targets.items():
        question = Sentence("Destination {name}", {"name": name})
        if target.plugin is None:
            yield Finding(question=question, answer=target.trouble, cure=target.cure, mend=True)
        else:
            values = {"service": target.title, "format": target.medium.form, "limit": target.medium.limit}
            yield Finding(
                question=question, answer=Sentence("{service}, {format}, at most {limit:,} characters", values)
            )

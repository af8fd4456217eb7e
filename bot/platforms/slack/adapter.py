"""The adapter of Slack: the operator's workspaces, those that install the app, and their receivers."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TextIO

from bot.context import write
from bot.errors import SettingsError
from bot.platform import Finding, OnBotName, Platform, PlatformSurroundings, cannot_be_asked, switched_off
from bot.platforms.slack import SLACK
from bot.platforms.slack.installing import Installer, OAuth, cipher_of
from bot.platforms.slack.manifest import missing
from bot.platforms.slack.markup import MEDIUM
from bot.platforms.slack.outgoing import SlackChannel
from bot.platforms.slack.receiving import SOCKET_NAME, SlackHttp, SocketMode
from bot.platforms.slack.workspaces import Workspace, WorkspaceTokens
from bot.ports.channel import Channel, Clock
from bot.ports.conversation import Receiver
from bot.settings import Settings
from subscriptions.errors import NotDelivered, RetryLater, Sentence
from subscriptions.model import ChatAddress
from subscriptions.service.pausing import install_again
from subscriptions.service.retention import own_workspace
from subscriptions.store.database.schema import HEAD
from subscriptions.store.database.store import Store
from subscriptions.store.platforms import uninstalled

log = logging.getLogger("paperwire")


def connect(settings: Settings, clock: Clock, out: TextIO) -> Channel:
    """See PlatformAdapter. The own workspace is the first."""
    del out
    if not settings.slack.on:
        raise switched_off(SLACK)
    tokens = [WorkspaceTokens(one.bot_token, one.app_token) for one in settings.slack.workspaces]
    own = tokens[0] if tokens else None
    return SlackChannel(own, *tokens[1:], api_url=settings.slack.api_url, monotonic=clock.monotonic)


def platform(channel: Channel, around: PlatformSurroundings) -> Platform:
    """See PlatformAdapter."""
    assert isinstance(channel, SlackChannel)  # noqa: S101 - as `connect` made it
    slack = _Slack(channel, around, _installer(channel, around))
    return Platform(
        facts=SLACK,
        channel=channel,
        medium=MEDIUM,
        api=channel.api(),
        forms=channel.forms(),
        receivers=slack.receivers,
        on_identity=slack.take_over_own_workspace,
        prepare=slack.prepare,
        recheck=slack.resume_reinstalled_workspaces,
        check_tokens=check_app_tokens,
        api_url=around.settings.slack.api_url,
        load_installations=slack.load_installations,
        check=partial(_scopes, channel),
        startup_lines=tuple(_startup_lines(around.settings)),
        close=slack.close,
    )


async def resolve(settings: Settings, address: ChatAddress, owner: str) -> ChatAddress:
    """See PlatformAdapter. Shortens `slack:TEAM/CHANNEL` of the own workspace to `slack:CHANNEL`, which needs its token."""
    workspace, _, channel_id = address.address.partition("/")
    if ours := owner.partition(":")[0]:
        return ChatAddress(SLACK.name, channel_id, address.topic) if workspace == ours else address
    if not settings.slack.workspaces:
        return address
    own = settings.slack.workspaces[0]
    channel = SlackChannel(WorkspaceTokens(own.bot_token, own.app_token), api_url=settings.slack.api_url)
    try:
        return ChatAddress(SLACK.name, await channel.normalise(address.address), address.topic)
    except NotDelivered as error:
        raise cannot_be_asked(SLACK, address.address, error) from None
    finally:
        await channel.close()


async def check_app_tokens(receivers: Sequence[Receiver]) -> None:
    """Asks Slack once whether it accepts the app tokens. Raises SettingsError for a token that it refuses for good."""
    for receiver in receivers:
        if isinstance(receiver, SocketMode):
            try:
                await receiver.check()
            except RetryLater as error:
                log.warning("Slack cannot be asked about the app token now: %s", error.reason)
            except NotDelivered as error:
                raise SettingsError(
                    Sentence("Slack refuses the app token: {reason}.", {"reason": error.reason.rstrip(".")}),
                    Sentence(
                        "Put one with connections:write into PAPERWIRE_SLACK_APP_TOKEN, or into the variable that "
                        "app_token_env names; the app's page on api.slack.com shows it under Basic Information."
                    ),
                ) from None


@dataclass(frozen=True, slots=True)
class _Slack:
    channel: SlackChannel
    around: PlatformSurroundings
    installer: Installer | None

    def receivers(self, on_bot_name: OnBotName) -> Sequence[Receiver]:
        """Returns a SocketMode for each app token, SlackHttp if there is a signing secret, and the installer."""
        found: list[Receiver] = [*self._sockets(on_bot_name)]
        if (secret := self.around.settings.slack.signing_secret) is not None:
            found.append(SlackHttp(self.channel, secret, self.around.clock, on_bot_name=on_bot_name))
        return [*found, self.installer] if self.installer is not None else found

    def _sockets(self, on_bot_name: OnBotName) -> Iterator[SocketMode]:
        workspaces = self.around.settings.slack.workspaces
        tokens = dict.fromkeys(one.app_token for one in workspaces if one.app_token)
        for number, token in enumerate(tokens, 1):
            name = SOCKET_NAME if number == 1 else f"{SOCKET_NAME} {number}"
            yield SocketMode(self.channel, token, self.around.clock, on_bot_name=on_bot_name, name=name)

    def take_over_own_workspace(self, store: Store, identity: str) -> None:
        """Shortens stored addresses of the own workspace, whose team is known only from its token."""
        own_workspace(store, SLACK.name, identity.partition(":")[0], now=self.around.clock.now())

    async def prepare(self) -> None:
        """Resumes workspaces that have the app again, and loads those that installed it."""
        await self.resume_reinstalled_workspaces()
        if self.installer is not None:
            await self.installer.update()

    async def resume_reinstalled_workspaces(self) -> None:
        """Resumes workspaces that removed the app and have it again."""
        store, clock = self.around.store, self.around.clock
        gone = await asyncio.to_thread(uninstalled, store)
        for workspace in self.channel.workspaces.all if gone else ():
            with suppress(NotDelivered):  # the app is still removed
                team = (await workspace.identify()).team
                if team in gone and await write(install_again, store, team, now=clock.now()):
                    log.info("The Slack workspace %s has the app again; what waited there goes on.", team)

    async def load_installations(self) -> Sequence[Finding]:
        """Loads the workspaces that installed the app. Returns a finding if something is wrong with them."""
        store = self.around.store
        if self.installer is None or not store.exists() or store.revision() != HEAD:
            return ()
        await self.installer.update(renew=False)
        if not self.installer.problem:
            return ()
        cure = Sentence("Set the key that sealed them, or let these workspaces install the app again.")
        question, answer = Sentence("Slack installations"), Sentence("{problem}", {"problem": self.installer.problem})
        return (Finding(question=question, answer=answer, cure=cure, mend=True),)

    async def close(self) -> None:
        """Closes the connection of the installer."""
        if self.installer is not None:
            await self.installer.oauth.close()


def _installer(channel: SlackChannel, around: PlatformSurroundings) -> Installer | None:
    """Returns the installer; None if the settings do not let workspaces install the app."""
    settings, key = around.settings.slack, around.settings.secret_key
    if settings.client_id is None or settings.client_secret is None or key is None:
        return None
    oauth = OAuth(channel.workspaces, around.clock, settings.client_id, settings.client_secret, settings.api_url)
    return Installer(around.store, around.clock, cipher_of(key), oauth, channel.workspaces)


def _startup_lines(settings: Settings) -> Iterator[str]:
    """Yields the lines with the number of workspaces, and that the bot cannot be talked to if it only sends."""
    slack = settings.slack
    if len(slack.workspaces) > 1:
        yield f"Slack: {len(slack.workspaces)} workspaces."
    if not slack.signing_secret and not any(one.app_token for one in slack.workspaces):
        yield "Slack only carries messages: nobody can talk to the bot there without PAPERWIRE_SLACK_APP_TOKEN."


async def _scopes(channel: SlackChannel) -> list[Finding]:
    """Returns the findings about the scopes that each workspace granted, and what does not work without the others."""
    found: list[Finding] = []
    several = len(channel.workspaces.all) > 1
    for workspace in channel.workspaces.all:
        found += await _granted(workspace, several=several)
    return found


async def _granted(workspace: Workspace, *, several: bool) -> list[Finding]:
    try:
        granted = await workspace.client.granted_scopes()
        team = await workspace.known_team() if several else ""
    except NotDelivered as error:
        answer = Sentence("they cannot be asked for: {reason}", {"reason": error.reason.rstrip(".")})
        return [Finding(question=Sentence("Slack scopes"), answer=answer, mend=several)]
    question = Sentence("Slack scopes of {team}", {"team": team}) if several else Sentence("Slack scopes")
    lacking = list(missing(granted))
    if not lacking:
        return [Finding(question=question, answer=Sentence("all are granted"))]
    found = [
        Finding(
            question=question,
            answer=Sentence("without {scope}: {lost}", {"scope": scope.name, "lost": scope.lost or "nothing works"}),
            mend=scope.needed,
        )
        for scope in lacking
    ]
    cure = Sentence("What is missed: add it to the app, by paperwire slack manifest, and install it there again.")
    return [*found[:-1], replace(found[-1], cure=cure)]

"""The workspaces that we have a token of: whose token a chat's messages go by, and who we are there.

The first one is the own workspace. Which workspace a token belongs to only Slack knows; it is asked once, and again as
long as it does not answer. Nothing of one workspace waits for another.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bot.channels.slack.addresses import split
from subscriptions.errors import NotDelivered, RetryLater, SenderStopped

if TYPE_CHECKING:
    from bot.channels.slack._client import BotIdentity, Client


@dataclass(frozen=True, slots=True)
class WorkspaceTokens:
    """What the operator has of a workspace."""

    bot: SecretStr
    app: SecretStr | None = None  # of the app whose events are about it; None: of any


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedWorkspace:
    """A workspace whose people are listened to."""

    team: str
    prefix: str  # before the ids of its chats and people: "" in the own workspace, else its team
    bot: str  # the bot's user id there


class Workspace:
    """One workspace: its tokens, and who we are there once Slack has said."""

    def __init__(self, tokens: WorkspaceTokens, connect: "Callable[[SecretStr], Client]", *, team: str = "") -> None:
        self.tokens = tokens
        self.team = team
        self.identity: BotIdentity | None = None
        self._connect = connect
        self._client: Client | None = None
        self._closed = False

    @property
    def client(self) -> "Client":
        """The connection, made at the first use: aiohttp's session belongs to the loop in which it is made."""
        if self._closed:
            raise RetryLater("The sender is shut down.")
        if self._client is None:
            self._client = self._connect(self.tokens.bot)
        return self._client

    async def identify(self) -> "BotIdentity":
        """Who we are there; Slack is asked each time. Raises NotDelivered."""
        self.identity = await self.client.auth_test()
        self.team = self.identity.team
        return self.identity

    async def close(self) -> None:
        """Lets go of the connection. Nothing is sent any more."""
        self._closed = True
        if self._client is not None:
            await self._client.close()


class Workspaces:
    """All of them. `own` is what we have of the own one; None: there is none, and every address names its team."""

    def __init__(
        self,
        own: WorkspaceTokens | None,
        others: Sequence[WorkspaceTokens] = (),
        *,
        api_url: str,
        team: str = "",
        timeouts: tuple[float, float] = (5, 20),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api_url = api_url
        self._timeouts = timeouts
        self._monotonic = monotonic
        self.own = Workspace(own, self.connect, team=team) if own is not None else None
        self._others = [Workspace(tokens, self.connect) for tokens in others]
        self._dropped: list[Workspace] = []

    def connect(self, token: SecretStr) -> "Client":
        """A connection of its own with this token."""
        from bot.channels.slack._client import Client  # noqa: PLC0415 - the library takes 200 ms, and senders alone need it

        connect, read = self._timeouts
        return Client(token.get_secret_value(), self._api_url, connect=connect, read=read, monotonic=self._monotonic)

    @property
    def all(self) -> tuple[Workspace, ...]:
        """The own one first."""
        return ((self.own,) if self.own is not None else ()) + tuple(self._others)

    def add(self, team: str, tokens: WorkspaceTokens) -> None:
        """A workspace that installed the app, or installed it again: its tokens are these from now on."""
        self.drop(team)
        self._others.append(Workspace(tokens, self.connect, team=team))

    def drop(self, team: str) -> None:
        """A workspace that is not served any more. What is on its way there goes on."""
        self._dropped += [one for one in self._others if one.team == team]
        self._others = [one for one in self._others if one.team != team]

    async def for_address(self, address: str) -> Workspace:
        """The workspace of an address; "TEAM/…" of the own workspace is the own one. Raises NotDelivered."""
        team, _ = split(address)
        if not team:
            return self._first()
        failures: list[NotDelivered] = []
        for workspace in sorted(self.all, key=lambda one: not one.team):  # those that are known first
            try:
                if (workspace.team or (await workspace.identify()).team) == team:
                    return workspace
            except NotDelivered as error:
                failures.append(error)
        if failures:
            raise failures[0]
        raise SenderStopped(f"There is no token for the Slack workspace {team}.", "workspace")

    async def identify_all(self) -> None:
        """Asks Slack about the tokens that it has not told of. Raises NotDelivered when not one is known after that."""
        failures: list[NotDelivered] = []
        for workspace in self.all:
            if workspace.identity is None:
                try:
                    await workspace.identify()
                except NotDelivered as error:
                    failures.append(error)
        if failures and not any(workspace.identity for workspace in self.all):
            raise failures[0]

    def served(self, app: SecretStr | None = None) -> Mapping[str, ServedWorkspace]:
        """The workspaces that are known by now, by team; with `app` those that the events of that app may be about."""
        return MappingProxyType(
            {
                one.identity.team: ServedWorkspace(
                    team=one.identity.team, prefix=self.prefix(one.identity.team), bot=one.identity.user
                )
                for one in self.all
                if one.identity is not None and (app is None or one.tokens.app in (None, app))
            }
        )

    def prefix(self, team: str) -> str:
        """What stands before the ids of a workspace."""
        return "" if self.own is not None and self.own.team == team else team

    async def close(self) -> None:
        """Lets go of all connections."""
        for workspace in (*self.all, *self._dropped):
            await workspace.close()

    def _first(self) -> Workspace:
        if self.own is None:
            raise SenderStopped("There is no token for the own Slack workspace.", "workspace")
        return self.own

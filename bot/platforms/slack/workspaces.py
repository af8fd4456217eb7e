"""The workspaces with a token: which token belongs to an address, to which bot it belongs, and how long a call to Slack may take.

The first workspace is the one of the operator's first token. Only Slack knows the workspace of a token, so auth.test is called
until it has succeeded once. Calls for one workspace never wait for another one. This module also finds the channel for an
address.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import SecretStr

from bot.platforms import slack
from bot.platforms.slack.client import BotIdentity, Client
from bot.platforms.slack.settings import WorkspaceTokens
from bot.ports.channel import usable_text
from subscriptions.errors import NotDelivered, Refused, RetryLater, SenderStopped
from subscriptions.zones import zone_name


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedWorkspace:
    """A workspace from which requests are accepted."""

    team: str
    prefix: str  # the first part of the addresses of its chats and people: "" in the own workspace, else the team
    bot: str  # the bot's user id there


class Workspace:
    """One workspace: its tokens, and its bot once Slack has named it."""

    def __init__(self, tokens: WorkspaceTokens, connect: Callable[[SecretStr], Client], *, team: str = "") -> None:
        self.tokens = tokens
        self.team = team
        self.identity: BotIdentity | None = None
        self._connect = connect
        self._client: Client | None = None
        self._closed = False

    @property
    def client(self) -> Client:
        """The client. It is created at first use, because aiohttp's session belongs to the event loop in which it is created."""
        if self._closed:
            raise RetryLater("The sender is shut down.")
        if self._client is None:
            self._client = self._connect(self.tokens.bot)
        return self._client

    async def identify(self) -> BotIdentity:
        """Asks Slack for the bot of the token, and returns it. Raises NotDelivered."""
        self.identity = await self.client.auth_test()
        self.team = self.identity.team
        return self.identity

    async def known_team(self) -> str:
        """Returns the team of the token. Asks Slack if it is unknown. Raises NotDelivered."""
        return self.team or (await self.identify()).team

    async def person(self, user: str) -> "SlackUser":
        """Returns a person as Slack describes them. Raises Declined, RetryLater, SenderStopped."""
        answer = await self.client.call_get("users.info", user=user, include_locale=True)
        return read_user(answer, await self.known_team())

    async def close(self) -> None:
        """Closes the connection. After that nothing can be sent."""
        self._closed = True
        if self._client is not None:
            await self._client.close()


class Workspaces:
    """All workspaces. `own`: the tokens of the own workspace; None if there is none, and then every address names its team.

    `api_url` ends in "/api/". `timeouts`: the seconds to wait for a connection, and for a response. `monotonic` measures the
    waits that Slack requests.
    """

    def __init__(
        self,
        own: WorkspaceTokens | None,
        others: Sequence[WorkspaceTokens] = (),
        *,
        api_url: str,
        timeouts: tuple[float, float] = (5, 20),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api_url = api_url
        self._timeouts = timeouts
        self._monotonic = monotonic
        self.own = None
        if own is not None:
            self.own = Workspace(own, self.connect)
        self._others = [Workspace(tokens, self.connect) for tokens in others]
        self._dropped: list[Workspace] = []
        self._direct: dict[str, str] = {}  # address of a person -> id of the direct messages with them

    def connect(self, token: SecretStr) -> Client:
        """Returns a new client with this token."""
        connect, read = self._timeouts
        return Client(token.get_secret_value(), self._api_url, connect=connect, read=read, monotonic=self._monotonic)

    @property
    def all(self) -> tuple[Workspace, ...]:
        """All workspaces, the own one first."""
        if self.own is None:
            return tuple(self._others)
        return (self.own, *self._others)

    def add(self, team: str, tokens: WorkspaceTokens) -> None:
        """Adds a workspace that installed the app, or replaces its tokens."""
        self.drop(team)
        self._others.append(Workspace(tokens, self.connect, team=team))

    def drop(self, team: str) -> None:
        """Removes a workspace. Its running calls continue."""
        self._dropped += [one for one in self._others if one.team == team]
        self._others = [one for one in self._others if one.team != team]

    async def for_address(self, address: str) -> Workspace:
        """Returns the workspace of an address, which may also name the own team. Raises NotDelivered."""
        team, _ = slack.split(address)
        if not team:
            if self.own is None:
                raise SenderStopped("There is no token for the own Slack workspace.", "workspace")
            return self.own
        failures: list[NotDelivered] = []
        for workspace in sorted(self.all, key=lambda one: not one.team):  # known workspaces first
            try:
                if await workspace.known_team() == team:
                    return workspace
            except NotDelivered as error:
                failures.append(error)
        if failures:
            raise failures[0]
        raise SenderStopped(f"There is no token for the Slack workspace {team}.", "workspace")

    async def identify_all(self) -> None:
        """Asks Slack about the tokens whose workspace is unknown. Raises NotDelivered if none is known afterwards."""
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
        """Returns the known workspaces by team. With `app`, only those whose events may come from that app."""
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
        """Returns the prefix of addresses in a workspace."""
        if self.own is not None and self.own.team == team:
            return ""
        return team

    def remember_direct(self, person: str, direct: str) -> None:
        """Remembers the id of the direct messages with a person, so that `resolve` need not ask Slack for it."""
        self._direct[person] = direct

    async def resolve(self, address: str) -> tuple[Workspace, str]:
        """Returns (workspace whose token is used, id of the channel that Slack posts to). Raises NotDelivered."""
        workspace = await self.for_address(address)
        _, place = slack.split(address)
        if not place.startswith(slack.PEOPLE):
            return workspace, place
        key = self.short(address)
        if key not in self._direct:
            self._direct[key] = await workspace.client.open_direct(place)
        return workspace, self._direct[key]

    def short(self, address: str) -> str:
        """Returns the canonical address if the own team is known; otherwise a team in the address stays."""
        return slack.normalise(address, self.own.team if self.own else "")

    async def close(self) -> None:
        """Closes all connections. After that nothing can be sent."""
        for workspace in (*self.all, *self._dropped):
            await workspace.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackUser:
    """A person, as Slack describes them."""

    member: bool  # a member of this workspace: no guest, stranger, bot or former member
    admin: bool
    name: str = ""
    timezone: str = ""
    language: str = ""


def read_user(answer: Mapping[str, Any], team: str) -> SlackUser:
    """Returns the person in a response of users.info of a workspace."""
    user = part_of(answer, "user")
    profile = user.get("profile") or {}
    home = user.get("team_id") or team
    at_home = home == team or team in ((user.get("enterprise_user") or {}).get("teams") or ())
    outsider = any(user.get(name) for name in ("is_restricted", "is_ultra_restricted", "is_stranger"))
    return SlackUser(
        member=at_home and not outsider and not user.get("deleted") and not user.get("is_bot"),
        admin=bool(user.get("is_admin") or user.get("is_owner") or user.get("is_primary_owner")),
        name=usable_text(profile.get("display_name") or profile.get("real_name") or user.get("real_name")).strip(),
        timezone=_zone(user.get("tz")),
        language=str(user.get("locale") or ""),
    )


def _zone(name: object) -> str:
    try:
        return zone_name(str(name)) if name else ""
    except Refused:  # an unknown zone
        return ""


def part_of(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Returns a part of a response that must be an object. Raises RetryLater if it is not."""
    found = answer.get(name)
    if not isinstance(found, Mapping):
        raise RetryLater("Slack gave no answer that can be read.")
    return found

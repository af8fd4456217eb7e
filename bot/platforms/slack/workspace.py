"""The workspace of the bot's token: which bot it is, whom Slack describes, and the channel for an address.

Only Slack knows the workspace of a token, so auth.test is called until it has succeeded once.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from bot.platforms import slack
from bot.platforms.slack.client import BotIdentity, Client
from bot.ports.channel import usable_text
from subscriptions.errors import Refused, RetryLater
from subscriptions.zones import zone_name


class Workspace:
    """The workspace of a bot's token, and its bot once Slack has named it.

    `api_url` ends in "/api/". `timeouts`: the seconds to wait for a connection, and for a response. `monotonic` measures the
    waits that Slack requests.
    """

    def __init__(
        self,
        token: SecretStr,
        *,
        api_url: str,
        timeouts: tuple[float, float] = (5, 20),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.identity: BotIdentity | None = None
        self._token = token
        self._api_url = api_url
        self._timeouts = timeouts
        self._monotonic = monotonic
        self._client: Client | None = None
        self._closed = False
        self._direct: dict[str, str] = {}  # id of a person -> id of the direct messages with them

    def connect(self, token: SecretStr) -> Client:
        """Returns a new client with this token."""
        connect, read = self._timeouts
        return Client(token.get_secret_value(), self._api_url, connect=connect, read=read, monotonic=self._monotonic)

    @property
    def client(self) -> Client:
        """The client. It is created at first use, because aiohttp's session belongs to the event loop in which it is created."""
        if self._closed:
            raise RetryLater("The sender is shut down.")
        if self._client is None:
            self._client = self.connect(self._token)
        return self._client

    async def identify(self) -> BotIdentity:
        """Asks Slack for the bot of the token, and returns it. Raises NotDelivered."""
        self.identity = await self.client.auth_test()
        return self.identity

    async def person(self, user: str) -> "SlackUser":
        """Returns a person as Slack describes them. Raises Declined, RetryLater, SenderStopped."""
        answer = await self.client.call_get("users.info", user=user, include_locale=True)
        me = self.identity or await self.identify()
        return read_user(answer, me.team)

    def remember_direct(self, person: str, direct: str) -> None:
        """Remembers the id of the direct messages with a person, so that `resolve` need not ask Slack for it."""
        self._direct[person] = direct

    async def resolve(self, address: str) -> str:
        """Returns the id of the channel that Slack posts to. Raises NotDelivered."""
        if not address.startswith(slack.PEOPLE):
            return address
        if address not in self._direct:
            self._direct[address] = await self.client.open_direct(address)
        return self._direct[address]

    async def close(self) -> None:
        """Closes the connection. After that nothing can be sent."""
        self._closed = True
        if self._client is not None:
            await self._client.close()


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

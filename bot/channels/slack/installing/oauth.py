"""Installs the app in a workspace by OAuth (docs.slack.dev, Installing with OAuth; slack_sdk.oauth).

/slack/install sends the browser to Slack with a state that is encrypted, also kept in a cookie, and valid once, for ten
minutes. Slack sends the browser back to /slack/oauth_redirect with the state and a code, which is exchanged for the
workspace's token. The app's settings at Slack hold this redirect address. An installation that Slack has not confirmed
stores nothing.
"""

import hmac
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from pydantic import SecretStr
from slack_sdk.oauth import AuthorizeUrlGenerator

from bot.channels.slack.scopes import scopes_of
from bot.channels.slack.web_api.client import Client
from bot.channels.slack.workspaces import Workspaces
from bot.ports.web_route import WebRequest, WebResponse
from subscriptions.errors import NotDelivered, Rejected, StoreError

log = logging.getLogger("paperwire")

INSTALL, REDIRECT = "/slack/install", "/slack/oauth_redirect"
COOKIE = "paperwire_install"
STATE_FOR = 600  # seconds
_STATE = re.compile(r"[A-Za-z0-9_-]{16,400}")
_TOO_OLD = f"This link is too old, or was opened in another browser. Please begin again: {INSTALL}"
_LONGEST_CODE = 500
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The tokens and scopes that a workspace granted the app."""

    team: str
    name: str  # of the workspace
    bot: SecretStr
    scopes: tuple[str, ...] = ()
    refresh: SecretStr | None = None  # if tokens rotate: for the next pair
    expires_in: int | None = None  # seconds


class States(Protocol):
    """The states of installations that were begun."""

    def begin(self) -> str:
        """Returns a new state."""

    async def is_open(self, state: str) -> bool:
        """Returns whether a state was begun lately and not used. Raises StoreError."""

    async def use(self, state: str) -> bool:
        """Like `is_open`, and marks the state as used. Raises StoreError."""


class OAuth:
    """The calls with the app's own credentials."""

    def __init__(self, workspaces: Workspaces, client_id: str, client_secret: SecretStr, api_url: str) -> None:
        self._workspaces = workspaces
        self._id = client_id
        self._secret = client_secret
        self._authorize = api_url.removesuffix("api/") + "oauth/v2/authorize"
        self._client: Client | None = None

    def address(self, state: str) -> str:
        """Returns the address at Slack where a person confirms the installation."""
        generator = AuthorizeUrlGenerator(
            client_id=quote(self._id, safe=""),
            scopes=[quote(scope, safe=":.") for scope in scopes_of()],
            authorization_url=self._authorize,
        )
        return generator.generate(quote(state, safe=""))

    async def exchange(self, code: str) -> Grant:
        """Returns the grant for a code, which works once. Raises NotDelivered."""
        return _grant(await self._ask(code=code))

    async def refresh(self, token: SecretStr) -> Grant:
        """Returns the next tokens of a workspace, with the next refresh token. Raises NotDelivered."""
        return _grant(await self._ask(grant_type="refresh_token", refresh_token=token.get_secret_value()))

    async def close(self) -> None:
        """Closes the connection."""
        if self._client is not None:
            await self._client.close()

    async def _ask(self, **grant: str) -> Mapping[str, Any]:
        if self._client is None:  # the secret takes the place of the token, so that errors are cleaned of it
            self._client = self._workspaces.connect(self._secret)
        return await self._client.oauth_access(self._id, self._secret.get_secret_value(), **grant)


def routes(
    oauth: OAuth, states: States, store_grant: Callable[[Grant], Awaitable[None]]
) -> tuple["_Install", "_Redirect"]:
    """Returns the two web routes. `store_grant` is called with each grant and may raise StoreError."""
    return _Install(oauth, states), _Redirect(oauth, states, store_grant)


class _Install:
    """See WebRoute. Sends the browser to Slack."""

    path, method = INSTALL, "GET"

    def __init__(self, oauth: OAuth, states: States) -> None:
        self._oauth = oauth
        self._states = states

    def accepts(self, headers: Mapping[str, str]) -> bool:
        """See WebRoute."""
        del headers
        return True

    async def answer(self, call: WebRequest) -> WebResponse:
        """See WebRoute."""
        del call
        state = self._states.begin()
        cookie = f"{COOKIE}={state}; Max-Age={STATE_FOR}; Path=/; HttpOnly; Secure; SameSite=Lax"
        headers = {"location": self._oauth.address(state), "set-cookie": cookie, "cache-control": "no-store"}
        return WebResponse(status=302, headers=headers)


class _Redirect:
    """See WebRoute. Slack sends the browser here."""

    path, method = REDIRECT, "GET"

    def __init__(self, oauth: OAuth, states: States, take: Callable[[Grant], Awaitable[None]]) -> None:
        self._oauth = oauth
        self._states = states
        self._take = take

    def accepts(self, headers: Mapping[str, str]) -> bool:
        """See WebRoute."""
        del headers
        return True

    async def answer(self, call: WebRequest) -> WebResponse:
        """See WebRoute."""
        try:
            return await self._answer(call)
        except StoreError as error:
            log.error("An installation in Slack could not be kept: %s", error)
            return _line(503, "That could not be kept now. Please begin again later.")

    async def _answer(self, call: WebRequest) -> WebResponse:
        state, code = call.query.get("state", ""), call.query.get("code", "")
        if not await self._is_ours(state, call.cookies.get(COOKIE, "")):
            return _line(400, _TOO_OLD)
        if call.query.get("error"):
            return _line(200, "Nothing was installed.")
        if not 0 < len(code) <= _LONGEST_CODE:
            return _line(400, f"Slack sent no code. Please begin again: {INSTALL}")
        try:
            grant = await self._oauth.exchange(code)
        except NotDelivered as error:
            log.warning("An installation in Slack did not come about: %s", error.reason)
            return _line(502, f"Slack did not confirm the installation. Please begin again: {INSTALL}")
        if not await self._states.use(state):
            return _line(400, _TOO_OLD)
        await self._take(grant)
        log.info("The Slack workspace %s installed the app.", grant.team)
        return _line(200, f"paperwire is installed in {grant.name or grant.team}. In Slack, type /paperwire to begin.")

    async def _is_ours(self, state: str, cookie: str) -> bool:
        """Returns whether this browser began the installation lately, and its state was not used."""
        if not _STATE.fullmatch(state) or not hmac.compare_digest(state, cookie.encode("ascii", "replace").decode()):
            return False
        return await self._states.is_open(state)


def _grant(answer: Mapping[str, Any]) -> Grant:
    """Returns the grant in an answer of oauth.v2.access. Raises Rejected."""
    team, token = answer.get("team") or {}, answer.get("access_token")
    if answer.get("is_enterprise_install") or not team.get("id"):
        raise Rejected("the app was let in for an organisation, and it serves workspaces one by one")
    if not isinstance(token, str) or answer.get("token_type") != "bot":
        raise Rejected("Slack gave no token of a bot")
    refresh, seconds = answer.get("refresh_token"), answer.get("expires_in")
    return Grant(
        team=str(team["id"]),
        name="".join(sign for sign in str(team.get("name") or "") if sign.isprintable())[:_LONGEST_NAME],
        bot=SecretStr(token),
        scopes=tuple(name for name in str(answer.get("scope") or "").split(",") if name),
        refresh=SecretStr(refresh) if isinstance(refresh, str) and refresh else None,
        expires_in=seconds if isinstance(seconds, int) and refresh else None,
    )


def _line(status: int, words: str) -> WebResponse:
    """Returns the response of one line for a person's browser, which also deletes the cookie."""
    headers = {
        "set-cookie": f"{COOKIE}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    return WebResponse(status=status, body=f"{words}\n", headers=headers)

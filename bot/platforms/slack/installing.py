"""The workspaces that installed the app by OAuth: how long a link to install is valid, how tokens are encrypted, when they are renewed.

If a workspace rotates its tokens, Slack issues a new pair (token, refresh token) every twelve hours, and a refresh
token works once (docs.slack.dev, Using token rotation). So a new pair is stored before it is used, and only the process
that holds the sender lock renews tokens.

Fernet is AES-128-CBC with HMAC-SHA256 (github.com/fernet/spec), so a text that was changed cannot be decrypted. The key is
derived with scrypt (RFC 7914) from PAPERWIRE_SECRET_KEY, which may be any text.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr, TypeAdapter

from bot.platforms.receiver_loop import ReceiverLoop
from bot.platforms.slack import manifest
from bot.platforms.slack.client import Client
from bot.platforms.slack.settings import WorkspaceTokens
from bot.platforms.slack.workspaces import Workspaces
from bot.ports.channel import Clock
from bot.ports.conversation import Receiver, RequestDispatcher, WebRequest, WebResponse, WebRoute
from subscriptions.errors import NotDelivered, Rejected, StoreError
from subscriptions.service import workspaces
from subscriptions.store import installations
from subscriptions.store.database.store import Store

_SALT = b"paperwire: tokens of workspaces"  # constant, since there is only one key
_WORK = {"n": 2**14, "r": 8, "p": 1}  # 16 MB and about 50 ms, once


def cipher_of(key: SecretStr) -> Fernet:
    """Returns the cipher with this key."""
    derived = hashlib.scrypt(key.get_secret_value().encode(), salt=_SALT, dklen=32, **_WORK)
    return Fernet(base64.urlsafe_b64encode(derived))


log = logging.getLogger("paperwire")

INSTALL = "/slack/install"
COOKIE = "paperwire_install"
STATE_FOR = 600  # seconds
_STATE = re.compile(r"[A-Za-z0-9_-]{16,400}")
_TOO_OLD = f"This link is too old, or was opened in another browser. Please begin again: {INSTALL}"
_LONGEST_CODE = 500
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTokens:
    """The tokens of one workspace, stored as encrypted JSON."""

    bot: str = field(repr=False)
    # the refresh token, which gets the next pair; None if tokens do not rotate
    refresh: str | None = field(default=None, repr=False)
    ends: datetime | None = None  # when the token expires, aware UTC; None: never


_TOKENS = TypeAdapter(StoredTokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A workspace that installed the app, and its tokens."""

    team: str
    name: str  # the name of the workspace
    tokens: StoredTokens


def _grant(answer: Mapping[str, Any], wall: datetime) -> Grant:
    """Returns the grant in a response of oauth.v2.access. Raises Rejected."""
    team, token = answer.get("team") or {}, answer.get("access_token")
    if answer.get("is_enterprise_install") or not team.get("id"):
        raise Rejected("the app was let in for an organisation, and it serves workspaces one by one")
    if not isinstance(token, str) or answer.get("token_type") != "bot":
        raise Rejected("Slack gave no token of a bot")
    refresh, seconds = answer.get("refresh_token"), answer.get("expires_in")
    return Grant(
        team=str(team["id"]),
        name="".join(sign for sign in str(team.get("name") or "") if sign.isprintable())[:_LONGEST_NAME],
        tokens=StoredTokens(
            bot=token,
            refresh=refresh if isinstance(refresh, str) and refresh else None,
            ends=wall + timedelta(seconds=seconds) if isinstance(seconds, int) and refresh else None,
        ),
    )


def _line(status: int, words: str) -> WebResponse:
    """Returns a response of one line for a person's browser. It also deletes the cookie of the installation."""
    headers = {"set-cookie": f"{COOKIE}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax"}
    return WebResponse(status=status, body=f"{words}\n", headers=headers)


NAME = "slack installations"
UPDATE_INTERVAL = 300.0  # seconds between two updates of the workspaces and their tokens
RENEWED_BEFORE = timedelta(hours=2)  # a token is renewed this long before it expires


@dataclass(slots=True)
class Installer(Receiver):
    """A Receiver of installations, which also stores and renews their tokens. The own workspace keeps the operator's token.

    Its calls use the app's own credentials (docs.slack.dev, Installing with OAuth). A person confirms at `authorize`, a page of
    Slack. From there the browser returns with a `state`, which is encrypted, must equal a cookie, and is valid once and for ten
    minutes.
    """

    store: Store
    clock: Clock
    cipher: Fernet
    workspaces: Workspaces
    client_id: str
    client_secret: SecretStr
    authorize: str
    name: str = NAME
    is_exclusive: bool = True
    _in_use: dict[str, StoredTokens] = field(default_factory=dict)  # team -> the tokens in use
    _problems: dict[str, str] = field(default_factory=dict)  # team -> why it is not served or its token not renewed
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _client: Client | None = None

    @property
    def routes(self) -> tuple[WebRoute, ...]:
        """See Receiver. A person begins at the first route; Slack redirects their browser to the second."""
        return WebRoute(path=INSTALL, answer=self._begin), WebRoute(path=manifest.REDIRECT, answer=self._return)

    @property
    def problem(self) -> str:
        """See Receiver."""
        return "; ".join(f"workspace {team}: {why}" for team, why in sorted(self._problems.items()))

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. Installations come through the web routes; this loop renews tokens."""
        del dispatcher
        await ReceiverLoop("Slack", self.clock).run(self._update_logged, every=UPDATE_INTERVAL)

    async def _update_logged(self) -> None:
        try:
            await self.update()
        except StoreError as error:
            log.error("The installations in Slack cannot be read: %s", error)

    async def _begin(self, call: WebRequest) -> WebResponse:
        """Redirects the browser to Slack, with a state that only this browser has."""
        del call
        state = self._new_state()
        cookie = f"{COOKIE}={state}; Max-Age={STATE_FOR}; Path=/; HttpOnly; Secure; SameSite=Lax"
        asked = {"client_id": self.client_id, "scope": ",".join(manifest.scopes_of()), "state": state}
        headers = {"location": f"{self.authorize}?{urlencode(asked)}", "set-cookie": cookie}
        return WebResponse(status=302, headers=headers)

    async def _return(self, call: WebRequest) -> WebResponse:
        try:
            return await self._finish(call)
        except StoreError as error:
            log.error("An installation in Slack could not be kept: %s", error)
            return _line(503, "That could not be kept now. Please begin again later.")

    async def _finish(self, call: WebRequest) -> WebResponse:
        state, code = call.query.get("state", ""), call.query.get("code", "")
        is_of_browser = hmac.compare_digest(state.encode(), call.cookies.get(COOKIE, "").encode())
        if not is_of_browser or not await self.use_state(state):
            return _line(400, _TOO_OLD)
        if call.query.get("error"):
            return _line(200, "Nothing was installed.")
        if not 0 < len(code) <= _LONGEST_CODE:
            return _line(400, f"Slack sent no code. Please begin again: {INSTALL}")
        try:
            grant = await self._ask(code=code)
        except NotDelivered as error:
            log.warning("An installation in Slack did not come about: %s", error.reason)
            return _line(502, f"Slack did not confirm the installation. Please begin again: {INSTALL}")
        await self.store_grant(grant)
        log.info("The Slack workspace %s installed the app.", grant.team)
        return _line(200, f"paperwire is installed in {grant.name or grant.team}. In Slack, type /paperwire to begin.")

    async def _ask(self, **grant: str) -> Grant:
        """Returns the grant for a code, which works once, or the next tokens of a workspace. Raises NotDelivered."""
        if self._client is None:  # with the secret as the token, the client replaces it in the texts of errors
            self._client = self.workspaces.connect(self.client_secret)
        answer = await self._client.oauth_access(self.client_id, self.client_secret.get_secret_value(), **grant)
        return _grant(answer, self.clock.wall())

    async def close(self) -> None:
        """Closes the connection."""
        if self._client is not None:
            await self._client.close()

    def _new_state(self) -> str:
        began = json.dumps([secrets.token_urlsafe(12), self.clock.now().isoformat()])
        # Without "=", the state needs no escaping in an address or a cookie.
        return self.cipher.encrypt(began.encode()).decode().rstrip("=")

    async def use_state(self, state: str) -> bool:
        """Returns whether a state is recent and was not used before, and marks it as used. Raises StoreError."""
        if not _STATE.fullmatch(state):
            return False
        try:
            name, began = json.loads(self.cipher.decrypt(state.encode() + b"=" * (-len(state) % 4)))
            age = self.clock.now() - datetime.fromisoformat(began)
        except (InvalidToken, ValueError, TypeError):
            return False
        if not timedelta(0) <= age <= workspaces.INSTALLED_WITHIN:
            return False
        return await self.store.run(installations.complete_installation, str(name), now=self.clock.now())

    async def store_grant(self, grant: Grant) -> None:
        """Stores the tokens of a workspace that installed the app, and then uses them. Raises StoreError."""
        async with self._lock:
            await self.store.run(workspaces.install, grant.team, self._encrypted(grant), now=self.clock.now())
            self._use(grant.team, grant.tokens)

    async def update(self, *, renew: bool = True) -> None:
        """Serves the workspaces that have the app now, and renews tokens that expire soon. Raises StoreError.

        `renew` is allowed only in the process that holds the sender lock.
        """
        async with self._lock:
            stored = await self.store.run(installations.installations)
            for team in set(self._in_use) - set(stored):
                del self._in_use[team]
                self.workspaces.drop(team)
            self._problems = {team: why for team, why in self._problems.items() if team in stored}
            for team, encrypted in stored.items():
                if (tokens := self._decrypted(team, encrypted)) is not None:
                    await self._use_or_renew(team, tokens, renew=renew)

    async def _use_or_renew(self, team: str, tokens: StoredTokens, *, renew: bool) -> None:
        """Uses the tokens of a workspace. Renews them first if they expire soon."""
        lasting = tokens.ends is None or self.clock.wall() < tokens.ends - RENEWED_BEFORE
        if lasting or tokens.refresh is None or not renew:
            self._use(team, tokens)
            return
        try:
            grant = await self._ask(grant_type="refresh_token", refresh_token=tokens.refresh)
        except NotDelivered as error:
            self._problems[team] = f"its token cannot be renewed: {error.reason}"
            log.error("The token of the Slack workspace %s cannot be renewed: %s", team, error.reason)
            self._use(team, tokens, is_valid=False)  # the token may still work until it expires
            return
        if grant.team != team:
            self._problems[team] = "Slack renewed the token of another workspace"
            return
        if await self.store.run(installations.renew_tokens, team, self._encrypted(grant)):
            self._use(team, grant.tokens)

    def _use(self, team: str, tokens: StoredTokens, *, is_valid: bool = True) -> None:
        if is_valid:
            self._problems.pop(team, None)
        own = self.workspaces.own
        if self._in_use.get(team) != tokens and (own is None or own.team != team):
            self.workspaces.add(team, WorkspaceTokens(SecretStr(tokens.bot)))
        self._in_use[team] = tokens

    def _encrypted(self, grant: Grant) -> str:
        return self.cipher.encrypt(_TOKENS.dump_json(grant.tokens)).decode()

    def _decrypted(self, team: str, encrypted: str) -> StoredTokens | None:
        try:
            return _TOKENS.validate_json(self.cipher.decrypt(encrypted.encode()))
        except (InvalidToken, ValueError):
            if team not in self._problems:
                log.error("The tokens of the Slack workspace %s were sealed with another PAPERWIRE_SECRET_KEY.", team)
            self._problems[team] = "its tokens were sealed with another PAPERWIRE_SECRET_KEY; install the app again"
            return None

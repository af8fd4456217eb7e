"""The workspaces that installed the app by OAuth: stores their tokens encrypted, and renews them.

If a workspace rotates its tokens, a new pair is issued every twelve hours, and a refresh token works once
(docs.slack.dev, Using token rotation). So a new pair is stored before it is used, and only the process that holds the sender
lock renews tokens.

Fernet is AES-128-CBC with HMAC-SHA256 (github.com/fernet/spec), so a changed text cannot be decrypted. The key is derived by
scrypt (RFC 7914) from PAPERWIRE_SECRET_KEY, which may be any text.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr
from slack_sdk.oauth import AuthorizeUrlGenerator

from bot.context import write
from bot.platforms.receiver_loop import ReceiverLoop
from bot.platforms.slack.client import Client
from bot.platforms.slack.manifest import REDIRECT, scopes_of
from bot.platforms.slack.workspaces import Workspaces, WorkspaceTokens
from bot.ports.channel import Clock
from bot.ports.conversation import RequestDispatcher, WebRequest, WebResponse, WebRoute
from subscriptions.errors import NotDelivered, Rejected, StoreError
from subscriptions.service.pausing import INSTALLED_WITHIN, install
from subscriptions.store.database.store import Store
from subscriptions.store.platforms import (
    complete_installation,
    installations,
    is_installation_completed,
    renew_tokens,
)

_SALT = b"paperwire: tokens of workspaces"  # constant, since there is one key
_WORK = {"n": 2**14, "r": 8, "p": 1}  # 16 MB and some 50 ms, once


class DecryptionFailed(Exception):
    """The text was encrypted with another key, or has been changed."""


class TokenCipher:
    """Encrypts and decrypts texts."""

    def __init__(self, key: SecretStr) -> None:
        derived = hashlib.scrypt(key.get_secret_value().encode(), salt=_SALT, dklen=32, **_WORK)
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def encrypt(self, text: str) -> str:
        """Returns the encrypted text, different at each call."""
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, sealed: str) -> str:
        """Returns the decrypted text. Raises DecryptionFailed."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeError):
            raise DecryptionFailed("It was sealed with another key.") from None


log = logging.getLogger("paperwire")

INSTALL = "/slack/install"
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


class OAuth:
    """The calls with the app's own credentials (docs.slack.dev, Installing with OAuth).

    The browser comes back with a state that is encrypted, also kept in a cookie, and valid once, for ten minutes.
    """

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


@dataclass(slots=True)
class _Route:
    """See WebRoute. Anyone may open it in a browser."""

    path: str
    page: Callable[[WebRequest], Awaitable[WebResponse]]
    method: str = "GET"

    def accepts(self, headers: Mapping[str, str]) -> bool:
        """See WebRoute."""
        del headers
        return True

    async def answer(self, call: WebRequest) -> WebResponse:
        """See WebRoute."""
        return await self.page(call)


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


NAME = "slack installations"
UPDATE_INTERVAL = 300.0  # seconds between two updates of the workspaces and their tokens
RENEWED_BEFORE = timedelta(hours=2)  # time before its end at which a token is renewed


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTokens:
    """The stored tokens of one workspace."""

    bot: SecretStr
    scopes: tuple[str, ...] = ()
    refresh: SecretStr | None = None
    ends: datetime | None = None  # aware UTC; None: never

    def to_json(self) -> str:
        """Returns the tokens as JSON, for `read_stored_tokens`."""
        return json.dumps(
            {
                "bot": self.bot.get_secret_value(),
                "scopes": list(self.scopes),
                "refresh": self.refresh.get_secret_value() if self.refresh else None,
                "ends": self.ends.isoformat() if self.ends else None,
            }
        )


def read_stored_tokens(text: str) -> StoredTokens:
    """Returns the tokens in the JSON of `StoredTokens.to_json`."""
    value = json.loads(text)
    return StoredTokens(
        bot=SecretStr(value["bot"]),
        scopes=tuple(value["scopes"]),
        refresh=SecretStr(value["refresh"]) if value["refresh"] else None,
        ends=datetime.fromisoformat(value["ends"]) if value["ends"] else None,
    )


@dataclass(slots=True)
class Installer:
    """A Receiver of installations, which also stores and renews their tokens. Workspaces with the operator's tokens are skipped."""

    store: Store
    clock: Clock
    cipher: TokenCipher
    oauth: OAuth
    workspaces: Workspaces
    name: str = NAME
    is_exclusive: bool = True
    _in_use: dict[str, StoredTokens] = field(default_factory=dict)  # team -> the tokens in use
    _problems: dict[str, str] = field(default_factory=dict)  # team -> why it is not served
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def routes(self) -> tuple[WebRoute, ...]:
        """See Receiver. A person begins at the first; Slack sends their browser to the second."""
        return _Route(INSTALL, self._begin), _Route(REDIRECT, self._return)

    @property
    def problem(self) -> str:
        """See Receiver."""
        return "; ".join(f"workspace {team}: {why}" for team, why in sorted(self._problems.items()))

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. Installations come by the web routes; here tokens are renewed."""
        del dispatcher
        await ReceiverLoop("Slack", self.clock).run(self._update_logged, every=UPDATE_INTERVAL)

    async def _update_logged(self) -> None:
        try:
            await self.update()
        except StoreError as error:
            log.error("The installations in Slack cannot be read: %s", error)

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver."""
        del dispatcher

    async def _begin(self, call: WebRequest) -> WebResponse:
        """Sends the browser to Slack, with a state that only this browser has."""
        del call
        state = self._new_state()
        cookie = f"{COOKIE}={state}; Max-Age={STATE_FOR}; Path=/; HttpOnly; Secure; SameSite=Lax"
        headers = {"location": self.oauth.address(state), "set-cookie": cookie, "cache-control": "no-store"}
        return WebResponse(status=302, headers=headers)

    async def _return(self, call: WebRequest) -> WebResponse:
        try:
            return await self._finish(call)
        except StoreError as error:
            log.error("An installation in Slack could not be kept: %s", error)
            return _line(503, "That could not be kept now. Please begin again later.")

    async def _finish(self, call: WebRequest) -> WebResponse:
        state, code = call.query.get("state", ""), call.query.get("code", "")
        if not await self._is_ours(state, call.cookies.get(COOKIE, "")):
            return _line(400, _TOO_OLD)
        if call.query.get("error"):
            return _line(200, "Nothing was installed.")
        if not 0 < len(code) <= _LONGEST_CODE:
            return _line(400, f"Slack sent no code. Please begin again: {INSTALL}")
        try:
            grant = await self.oauth.exchange(code)
        except NotDelivered as error:
            log.warning("An installation in Slack did not come about: %s", error.reason)
            return _line(502, f"Slack did not confirm the installation. Please begin again: {INSTALL}")
        if not await self._use_state(state):
            return _line(400, _TOO_OLD)
        await self.store_grant(grant)
        log.info("The Slack workspace %s installed the app.", grant.team)
        return _line(200, f"paperwire is installed in {grant.name or grant.team}. In Slack, type /paperwire to begin.")

    async def _is_ours(self, state: str, cookie: str) -> bool:
        """Returns whether this browser began the installation lately, and its state was not used."""
        if not _STATE.fullmatch(state) or not hmac.compare_digest(state, cookie.encode("ascii", "replace").decode()):
            return False
        return await self.is_open(state)

    def _new_state(self) -> str:
        began = json.dumps([secrets.token_urlsafe(12), self.clock.now().isoformat()])
        return self.cipher.encrypt(began).rstrip("=")  # the rest needs no escaping in an address or a cookie

    async def is_open(self, state: str) -> bool:
        """Returns whether a state was begun lately and not used. Raises StoreError."""
        name = self._name_of(state)
        return bool(name) and not await asyncio.to_thread(is_installation_completed, self.store, name)

    async def _use_state(self, state: str) -> bool:
        """Like `is_open`, and marks the state as used. Raises StoreError."""
        name = self._name_of(state)
        return bool(name) and await write(complete_installation, self.store, name, now=self.clock.now())

    def _name_of(self, state: str) -> str:
        """Returns the name of an installation that was begun lately; "" if the state is too old or not ours."""
        try:
            name, began = json.loads(self.cipher.decrypt(state + "=" * (-len(state) % 4)))
            age = self.clock.now() - datetime.fromisoformat(began)
        except (DecryptionFailed, ValueError, TypeError):
            return ""
        return str(name) if timedelta(0) <= age <= INSTALLED_WITHIN else ""

    async def store_grant(self, grant: Grant) -> None:
        """Stores the tokens of a workspace that installed the app, then uses them. Raises StoreError."""
        async with self._lock:
            tokens, encrypted = self._encrypted(grant)
            await write(install, self.store, grant.team, encrypted, now=self.clock.now())
            self._use(grant.team, tokens)

    async def update(self, *, renew: bool = True) -> None:
        """Serves the workspaces that have the app now, and renews tokens that end soon. Raises StoreError.

        Only the process that holds the sender lock may `renew`.
        """
        async with self._lock:
            stored = await asyncio.to_thread(installations, self.store)
            for team in set(self._in_use) - set(stored):
                del self._in_use[team]
                self.workspaces.drop(team)
            self._problems = {team: why for team, why in self._problems.items() if team in stored}
            for team, encrypted in stored.items():
                if (tokens := self._decrypted(team, encrypted)) is not None:
                    await self._use_or_renew(team, tokens, renew=renew)

    async def _use_or_renew(self, team: str, tokens: StoredTokens, *, renew: bool) -> None:
        """Uses the tokens of a workspace, renewed if they end soon."""
        lasting = tokens.ends is None or self.clock.wall() < tokens.ends - RENEWED_BEFORE
        if lasting or tokens.refresh is None or not renew:
            self._use(team, tokens)
            return
        try:
            grant = await self.oauth.refresh(tokens.refresh)
        except NotDelivered as error:
            self._problems[team] = f"its token cannot be renewed: {error.reason}"
            log.error("The token of the Slack workspace %s cannot be renewed: %s", team, error.reason)
            self._use(team, tokens, is_valid=False)  # the token may still work until its end
            return
        if grant.team != team:
            self._problems[team] = "Slack renewed the token of another workspace"
            return
        newer, encrypted = self._encrypted(grant)
        if await write(renew_tokens, self.store, team, encrypted):
            self._use(team, newer)

    def _use(self, team: str, tokens: StoredTokens, *, is_valid: bool = True) -> None:
        if is_valid:
            self._problems.pop(team, None)
        own = self.workspaces.own
        if self._in_use.get(team) != tokens and (own is None or own.team != team):
            self.workspaces.add(team, WorkspaceTokens(tokens.bot))
        self._in_use[team] = tokens

    def _encrypted(self, grant: Grant) -> tuple[StoredTokens, str]:
        ends = self.clock.wall() + timedelta(seconds=grant.expires_in) if grant.expires_in else None
        tokens = StoredTokens(bot=grant.bot, scopes=grant.scopes, refresh=grant.refresh, ends=ends)
        return tokens, self.cipher.encrypt(tokens.to_json())

    def _decrypted(self, team: str, encrypted: str) -> StoredTokens | None:
        try:
            return read_stored_tokens(self.cipher.decrypt(encrypted))
        except (DecryptionFailed, ValueError, KeyError, TypeError):
            if team not in self._problems:
                log.error("The tokens of the Slack workspace %s were sealed with another PAPERWIRE_SECRET_KEY.", team)
            self._problems[team] = "its tokens were sealed with another PAPERWIRE_SECRET_KEY; install the app again"
            return None

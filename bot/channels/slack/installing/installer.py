"""The workspaces that installed the app by OAuth: stores their tokens encrypted, and renews them.

If a workspace rotates its tokens, a new pair is issued every twelve hours, and a refresh token works once
(docs.slack.dev, Using token rotation). So a new pair is stored before it is used, and only the process that holds the sender
lock renews tokens.
"""

import asyncio
import json
import logging
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import SecretStr

from bot.channels.receiver_loop import ReceiverLoop
from bot.channels.slack.installing.oauth import Grant, OAuth, routes
from bot.channels.slack.installing.token_cipher import DecryptionFailed, TokenCipher
from bot.channels.slack.workspaces import Workspaces, WorkspaceTokens
from bot.context.writing import write
from bot.ports.channel import Clock
from bot.ports.conversation import RequestDispatcher
from bot.ports.web_route import WebRoute
from subscriptions.errors import NotDelivered, StoreError
from subscriptions.service.chats.workspaces import INSTALLED_WITHIN, install
from subscriptions.store import Store
from subscriptions.store.installations import (
    complete_installation,
    installations,
    is_installation_completed,
    renew_tokens,
)

log = logging.getLogger("paperwire")

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
    webhook: None = None
    _in_use: dict[str, StoredTokens] = field(default_factory=dict)  # team -> the tokens in use
    _problems: dict[str, str] = field(default_factory=dict)  # team -> why it is not served
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def routes(self) -> tuple[WebRoute, ...]:
        """See Receiver."""
        return routes(self.oauth, self, self.store_grant)

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

    def begin(self) -> str:
        """See States."""
        began = json.dumps([secrets.token_urlsafe(12), self.clock.now().isoformat()])
        return self.cipher.encrypt(began).rstrip("=")  # the rest needs no escaping in an address or a cookie

    async def is_open(self, state: str) -> bool:
        """See States."""
        name = self._name_of(state)
        return bool(name) and not await asyncio.to_thread(is_installation_completed, self.store, name)

    async def use(self, state: str) -> bool:
        """See States."""
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

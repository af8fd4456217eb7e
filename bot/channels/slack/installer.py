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
from bot.channels.slack.oauth import Grant, OAuth, routes
from bot.channels.slack.token_cipher import DecryptionFailed, TokenCipher
from bot.channels.slack.workspaces import Workspaces, WorkspaceTokens
from bot.ports.clock import Clock
from bot.ports.receiver import RequestDispatcher
from bot.ports.web_route import WebRoute
from subscriptions.errors import NotDelivered, StoreError
from subscriptions.service.chats import INSTALLED_WITHIN, install, installations, is_spent, renew_tokens, spend
from subscriptions.store import Store

log = logging.getLogger("paperwire")

NAME = "slack installations"
UPDATE_INTERVAL = 300.0  # seconds between two updates of the workspaces and their tokens
RENEWED_BEFORE = timedelta(hours=2)  # time before its end at which a token is renewed


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The stored tokens of one workspace."""

    bot: SecretStr
    scopes: tuple[str, ...] = ()
    refresh: SecretStr | None = None
    ends: datetime | None = None  # aware UTC; None: never

    def written(self) -> str:
        """The tokens as JSON, for `read_stored_tokens`."""
        return json.dumps(
            {
                "bot": self.bot.get_secret_value(),
                "scopes": list(self.scopes),
                "refresh": self.refresh.get_secret_value() if self.refresh else None,
                "ends": self.ends.isoformat() if self.ends else None,
            }
        )


def read_kept(text: str) -> Kept:
    """The tokens in the JSON of `StoredTokens.to_json`."""
    value = json.loads(text)
    return Kept(
        bot=SecretStr(value["bot"]),
        scopes=tuple(value["scopes"]),
        refresh=SecretStr(value["refresh"]) if value["refresh"] else None,
        ends=datetime.fromisoformat(value["ends"]) if value["ends"] else None,
    )


@dataclass(slots=True)
class Installer:
    """A Receiver of installations, which also keeps their tokens. It leaves alone workspaces with the operator's own tokens."""

    store: Store
    clock: Clock
    vault: TokenCipher
    oauth: OAuth
    workspaces: Workspaces
    name: str = NAME
    webhook: None = None
    _ours: dict[str, Kept] = field(default_factory=dict)  # team -> the tokens in use
    _problems: dict[str, str] = field(default_factory=dict)  # team -> why it is not served
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

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
        await ReceiverLoop("Slack", self.clock).run(self._update, every=UPDATE_INTERVAL)

    async def _update(self) -> None:
        try:
            await self.look()
        except StoreError as error:
            log.error("The installations in Slack cannot be read: %s", error)

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver."""
        del dispatcher

    def begin(self) -> str:
        """See States."""
        begun = json.dumps([secrets.token_urlsafe(12), self.clock.now().isoformat()])
        return self.vault.encrypt(begun).rstrip("=")  # the rest needs no escaping in an address or a cookie

    async def is_open(self, state: str) -> bool:
        """See States."""
        name = self._begun(state)
        return bool(name) and not await asyncio.to_thread(is_spent, self.store, name)

    async def use(self, state: str) -> bool:
        """See States."""
        name = self._begun(state)
        return bool(name) and await asyncio.to_thread(spend, self.store, name, now=self.clock.now())

    def _begun(self, state: str) -> str:
        """The name of an installation that was begun lately; "" if the state is too old or not ours."""
        try:
            name, begun = json.loads(self.vault.decrypt(state + "=" * (-len(state) % 4)))
            age = self.clock.now() - datetime.fromisoformat(begun)
        except (DecryptionFailed, ValueError, TypeError):
            return ""
        return str(name) if timedelta(0) <= age <= INSTALLED_WITHIN else ""

    async def store_grant(self, grant: Grant) -> None:
        """Stores the tokens of a workspace that installed the app, then uses them. Raises StoreError."""
        async with self._one:
            kept, sealed = self._sealed(grant)
            await asyncio.to_thread(install, self.store, grant.team, sealed, now=self.clock.now())
            self._use(grant.team, kept)

    async def look(self, *, renew: bool = True) -> None:
        """Serves the workspaces that have the app now, and renews tokens that end soon. Raises StoreError.

        Only the process that holds the sender lock may `renew`.
        """
        async with self._one:
            there = await asyncio.to_thread(installations, self.store)
            for team in set(self._ours) - set(there):
                del self._ours[team]
                self.workspaces.drop(team)
            self._problems = {team: why for team, why in self._problems.items() if team in there}
            for team, sealed in there.items():
                if (kept := self._opened(team, sealed)) is not None:
                    await self._keep(team, kept, renew=renew)

    async def _keep(self, team: str, kept: Kept, *, renew: bool) -> None:
        """Uses the tokens of a workspace, renewed if they end soon."""
        lasting = kept.ends is None or self.clock.wall() < kept.ends - RENEWED_BEFORE
        if lasting or kept.refresh is None or not renew:
            self._use(team, kept)
            return
        try:
            grant = await self.oauth.refresh(kept.refresh)
        except NotDelivered as error:
            self._problems[team] = f"its token cannot be renewed: {error.reason}"
            log.error("The token of the Slack workspace %s cannot be renewed: %s", team, error.reason)
            self._use(team, kept, well=False)  # the token may still work until its end
            return
        if grant.team != team:
            self._problems[team] = "Slack renewed the token of another workspace"
            return
        newer, sealed = self._sealed(grant)
        if await asyncio.to_thread(renew_tokens, self.store, team, sealed):
            self._use(team, newer)

    def _use(self, team: str, kept: Kept, *, well: bool = True) -> None:
        if well:
            self._problems.pop(team, None)
        own = self.workspaces.own
        if self._ours.get(team) != kept and (own is None or own.team != team):
            self.workspaces.add(team, WorkspaceTokens(kept.bot))
        self._ours[team] = kept

    def _sealed(self, grant: Grant) -> tuple[Kept, str]:
        ends = self.clock.wall() + timedelta(seconds=grant.expires_in) if grant.expires_in else None
        kept = Kept(bot=grant.bot, scopes=grant.scopes, refresh=grant.refresh, ends=ends)
        return kept, self.vault.encrypt(kept.written())

    def _opened(self, team: str, sealed: str) -> Kept | None:
        try:
            return read_kept(self.vault.decrypt(sealed))
        except (DecryptionFailed, ValueError, KeyError, TypeError):
            if team not in self._problems:
                log.error("The tokens of the Slack workspace %s were sealed with another PAPERWIRE_SECRET_KEY.", team)
            self._problems[team] = "its tokens were sealed with another PAPERWIRE_SECRET_KEY; install the app again"
            return None

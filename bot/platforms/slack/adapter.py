"""The adapter of Slack: its rate limit, how a lost post is found, workspaces and receivers, missing scopes.

Web API: chat.postMessage, chat.update, conversations.history and .replies. The
metadata of each message contains the id of its delivery and its number. So if the response to a post was lost, the message
can be found in every channel that the bot may read.
"""

import logging
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TextIO

from bot.errors import SettingsError
from bot.platform import Finding, OnBotName, Platform, PlatformSurroundings, cannot_be_asked, switched_off
from bot.platforms.slack import FACTS, markup, normalise
from bot.platforms.slack.api import SlackApi
from bot.platforms.slack.installing import Installer, cipher_of
from bot.platforms.slack.manifest import missing
from bot.platforms.slack.message_payload import open_message
from bot.platforms.slack.receiving import SOCKET_NAME, SlackHttp, SocketMode
from bot.platforms.slack.settings import SlackSettings
from bot.platforms.slack.workspaces import Workspace, Workspaces
from bot.ports import channel as channels
from bot.ports.conversation import Receiver
from bot.settings import Settings
from subscriptions.errors import ChatGone, NotDelivered, RetryLater, SenderStopped
from subscriptions.model import ChatAddress, Message
from subscriptions.service.retention import own_workspace
from subscriptions.service.workspaces import install_again
from subscriptions.store.database.schema import HEAD
from subscriptions.store.database.store import Store
from subscriptions.store.installations import uninstalled

log = logging.getLogger("paperwire")

_Page = tuple[list[Mapping[str, Any]], str]  # (messages, cursor of the next page)


_NAMESPACE = uuid.UUID("6c0c1f0e-5f0b-5c3e-9a55-70617065726c")  # for our values of client_msg_id
_LOOKUP_RETRY_AFTER = timedelta(minutes=1)  # until the next look-up of a channel that could not be found
_CLOCK_SKEW = timedelta(seconds=60)  # by how much Slack's clock may be slow compared with ours


class SlackChannel(channels.Channel):
    """The channel of all workspaces with a token.

    An address is the id of a channel, of direct messages or of a person ("C…", "G…", "D…", "U…"). The team's id comes before
    it, except in the own workspace. A topic is a thread's ts. The channel belongs to the event loop in which it first posts.
    """

    platform = "slack"
    adapter = "bot.platforms.slack.adapter"  # the module that builds the platform
    # All blocks together: refusals of 11,341 and of about 13,200 characters were reported (slackapi/bolt-js#2509, #2867).
    limits = channels.Limits(text=10_000, per_second=0, per_lane=1)

    def __init__(self, workspaces: Workspaces) -> None:
        self.workspaces = workspaces
        # (delivery, number) -> (thread, cursor) where a search was interrupted
        self._searches: dict[tuple[str, int], tuple[str, str]] = {}

    async def post(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        thread: str | None = None,
        plain: bool = False,
    ) -> str:
        """See Channel."""
        post = open_message(message, plain=plain)
        workspace, channel = await self.workspaces.resolve(chat.address)
        identity = {"id": delivery, "n": message.number}
        # Slack posts each client_msg_id once. The plain form counts as another message, so it has another id.
        once = uuid.uuid5(_NAMESPACE, f"{delivery} {message.number} {message.plain if plain else message.payload}")
        return await workspace.client.post(channel, thread or chat.topic, post, identity, str(once))

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel."""
        post = open_message(message, plain=plain)
        workspace, channel = await self.workspaces.resolve(chat.address)
        await workspace.client.update(channel, message_id, post)

    async def find(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        after: datetime,
        thread: str | None = None,
    ) -> str | None:
        """See Channel. `after` is a time of this machine's clock, which may differ from Slack's.

        Searches `thread`. Then searches the channel or topic, where the message went if its thread was still unknown. After
        RetryLater, the next call continues the search where it was interrupted.
        """
        key = (delivery, message.number)
        oldest = f"{(after - _CLOCK_SKEW).timestamp():.6f}"
        threads = list(dict.fromkeys((thread or chat.topic, chat.topic)))
        where, cursor = self._searches.pop(key, (threads[0], ""))
        if where in threads:
            threads = threads[threads.index(where) :]
        workspace, channel = await self._readable(chat.address)
        for place in threads:
            page_at = partial(workspace.client.page, channel, place, oldest)
            if found := await self._search(page_at, place, cursor if place == where else "", key):
                return found
        return None

    async def _search(
        self, page_at: Callable[[str], Awaitable[_Page]], thread: str, cursor: str, key: tuple[str, int]
    ) -> str | None:
        """Searches one thread page by page from a cursor. Stores where it was interrupted. Raises what `find` raises."""
        while True:
            try:
                messages, following = await page_at(cursor)
            except RetryLater:
                self._searches[key] = (thread, cursor)
                raise
            for message in messages:
                if _is(message, *key):
                    return str(message["ts"])
            if not following:
                return None
            cursor = following

    async def identity(self) -> str:
        """See Channel. Returns "TEAM:USER" of the own workspace; "" if there is none."""
        own = self.workspaces.own
        if own is None:
            return ""
        me = await own.identify()
        return f"{me.team}:{me.user}"

    async def close(self) -> None:
        """See Channel."""
        await self.workspaces.close()

    async def _readable(self, address: str) -> tuple[Workspace, str]:
        """Like `Workspaces.resolve`, but raises only RetryLater, SenderStopped or LookupError."""
        try:
            return await self.workspaces.resolve(address)
        except (RetryLater, SenderStopped):
            raise
        except ChatGone as error:
            raise LookupError(error.reason) from error
        except NotDelivered as error:
            raise RetryLater(error.reason, _LOOKUP_RETRY_AFTER) from error


def _is(found: Mapping[str, object], delivery: str, number: int) -> bool:
    """Returns whether the metadata of a message has this delivery and number."""
    match found.get("metadata"):
        case {"event_payload": {"id": identity, "n": n}}:
            return identity == delivery and str(n) == str(number)
        case _:
            return False


def connect(settings: Settings, clock: channels.Clock, out: TextIO) -> channels.Channel:
    """See PlatformAdapter. The own workspace is the first."""
    del out
    own = settings.of(SlackSettings)
    if not own.is_on:
        raise switched_off(FACTS)
    first, *others = own.workspaces or (None,)
    return SlackChannel(Workspaces(first, others, api_url=own.api_url, monotonic=clock.monotonic))


def platform(channel: channels.Channel, around: PlatformSurroundings) -> Platform:
    """See PlatformAdapter."""
    assert isinstance(channel, SlackChannel)  # noqa: S101 - made by `connect`
    slack = _Slack(channel, around, _installer(channel, around))
    return Platform(
        facts=FACTS,
        channel=channel,
        medium=markup.MEDIUM,
        api=SlackApi(channel, channel.workspaces),
        receivers=slack.receivers,
        on_identity=slack.take_over_own_workspace,
        prepare=slack.prepare,
        recheck=slack.resume_reinstalled_workspaces,
        check_tokens=check_app_tokens,
        api_url=around.settings.of(SlackSettings).api_url,
        load_installations=slack.load_installations,
        check=partial(_scopes, channel),
        startup_lines=tuple(_startup_lines(around.settings)),
        close=slack.close,
    )


async def resolve(settings: Settings, address: ChatAddress, owner: str) -> ChatAddress:
    """See PlatformAdapter. Shortens `slack:TEAM/CHANNEL` of the own workspace; asks Slack for its id if `owner` is ""."""
    team, own = owner.partition(":")[0], settings.of(SlackSettings)
    if not team and own.workspaces:
        workspaces = Workspaces(own.workspaces[0], api_url=own.api_url)
        try:
            team = await workspaces.all[0].known_team()
        except NotDelivered as error:
            raise cannot_be_asked(FACTS, address.address, error) from None
        finally:
            await workspaces.close()
    return ChatAddress(FACTS.name, normalise(address.address, team), address.topic)


async def check_app_tokens(receivers: Sequence[Receiver]) -> None:
    """Asks Slack once whether it accepts the app tokens. Raises SettingsError for a token that it permanently refuses."""
    for receiver in receivers:
        if isinstance(receiver, SocketMode):
            try:
                await receiver.check()
            except RetryLater as error:
                log.warning("Slack cannot be asked about the app token now: %s", error.reason)
            except NotDelivered as error:
                reason = error.reason.rstrip(".")
                raise SettingsError(
                    f"Slack refuses the app token: {reason}.",
                    "Put one with connections:write into PAPERWIRE_SLACK_APP_TOKEN, or into the variable that "
                    "app_token_env names; the app's page on api.slack.com shows it under Basic Information.",
                ) from None


@dataclass(frozen=True, slots=True)
class _Slack:
    channel: SlackChannel
    around: PlatformSurroundings
    installer: Installer | None

    def receivers(self, on_bot_name: OnBotName) -> Sequence[Receiver]:
        """Returns a SocketMode for each app token, SlackHttp if there is a signing secret, and the installer."""
        found: list[Receiver] = [*self._sockets(on_bot_name)]
        if (secret := self.around.settings.of(SlackSettings).signing_secret) is not None:
            found.append(SlackHttp(self.channel.workspaces, secret, self.around.clock, on_bot_name=on_bot_name))
        if self.installer is not None:
            return [*found, self.installer]
        return found

    def _sockets(self, on_bot_name: OnBotName) -> Iterator[SocketMode]:
        workspaces = self.around.settings.of(SlackSettings).workspaces
        tokens = dict.fromkeys(one.app for one in workspaces if one.app)
        for number, token in enumerate(tokens, 1):
            name = SOCKET_NAME if number == 1 else f"{SOCKET_NAME} {number}"
            yield SocketMode(self.channel.workspaces, token, self.around.clock, on_bot_name=on_bot_name, name=name)

    def take_over_own_workspace(self, store: Store, identity: str) -> None:
        """Shortens stored addresses of the own workspace, whose team is known only once Slack has identified the token."""
        own_workspace(store, FACTS.name, identity.partition(":")[0], now=self.around.clock.now())

    async def prepare(self) -> None:
        """Resumes workspaces that installed the app again, and loads those that installed it by OAuth."""
        await self.resume_reinstalled_workspaces()
        if self.installer is not None:
            await self.installer.update()

    async def resume_reinstalled_workspaces(self) -> None:
        """Resumes workspaces that had removed the app and have installed it again."""
        store, clock = self.around.store, self.around.clock
        gone = await store.run(uninstalled)
        if not gone:
            return
        for workspace in self.channel.workspaces.all:
            with suppress(NotDelivered):  # the app is not installed
                team = (await workspace.identify()).team
                if team in gone and await store.run(install_again, team, now=clock.now()):
                    log.info("The Slack workspace %s has the app again; what waited there goes on.", team)

    async def load_installations(self) -> Sequence[Finding]:
        """Loads the workspaces that installed the app. Returns a finding if some cannot be used."""
        store = self.around.store
        if self.installer is None or not store.exists() or store.revision() != HEAD:
            return ()
        await self.installer.update(renew=False)
        if not self.installer.problem:
            return ()
        cure = "Set the key that sealed them, or let these workspaces install the app again."
        return (Finding(question="Slack installations", answer=self.installer.problem, cure=cure, mend=True),)

    async def close(self) -> None:
        """Closes the connection of the installer."""
        if self.installer is not None:
            await self.installer.close()


def _installer(channel: SlackChannel, around: PlatformSurroundings) -> Installer | None:
    """Returns the installer; None if the settings do not let workspaces install the app."""
    settings = around.settings.of(SlackSettings)
    if settings.client_id is None or settings.client_secret is None or settings.secret_key is None:
        return None
    return Installer(
        around.store,
        around.clock,
        cipher_of(settings.secret_key),
        channel.workspaces,
        settings.client_id,
        settings.client_secret,
        authorize=settings.api_url.removesuffix("api/") + "oauth/v2/authorize",
    )


def _startup_lines(settings: Settings) -> Iterator[str]:
    """Yields a line with the number of workspaces, and one that says that no one can talk to the bot if it only sends."""
    slack = settings.of(SlackSettings)
    if len(slack.workspaces) > 1:
        yield f"Slack: {len(slack.workspaces)} workspaces."
    if not slack.signing_secret and not any(one.app for one in slack.workspaces):
        yield "Slack only carries messages: no one can talk to the bot there without PAPERWIRE_SLACK_APP_TOKEN."


async def _scopes(channel: SlackChannel) -> list[Finding]:
    """Returns findings about the scopes that each workspace granted, and about what does not work without the missing ones."""
    found: list[Finding] = []
    several = len(channel.workspaces.all) > 1
    for workspace in channel.workspaces.all:
        found += await _granted(workspace, several=several)
    return found


async def _granted(workspace: Workspace, *, several: bool) -> list[Finding]:
    try:
        me = await workspace.identify()
    except NotDelivered as error:
        return [replace(Finding.unanswered("Slack scopes", error), mend=several)]
    question = "Slack scopes"
    if several:
        question = f"Slack scopes of {me.team}"
    lacking = list(missing(me.scopes))
    if not lacking:
        return [Finding(question=question, answer="all are granted")]
    found = [
        Finding(
            question=question,
            answer=f"without {scope.name}: {scope.lost or 'nothing works'}",
            mend=scope.needed,
            is_open=True,
        )
        for scope in lacking
    ]
    cure = "What is missed: add it to the app, by paperwire slack manifest, and install it there again."
    return [*found[:-1], replace(found[-1], cure=cure)]

"""The adapter of Slack: its channel and rate limit, how a lost post is found, who is an admin or a member.

The metadata of each message contains the id of its delivery and its number. So if the response to a post was lost, the
message can be found in every channel that the bot may read. Calls before a command's effect may take at most one second
each, because Slack shows an error if a command is not acknowledged within three seconds (docs.slack.dev, Slash
commands).
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.clock import Clock
from bot.messages import File, Place, Request, file_too_large, usable_text
from bot.pace import Limits
from bot.platforms.base import CheckResult, Directory, Given, Listener, OnBotName, Operated
from bot.platforms.slack import FACTS, PEOPLE, markup
from bot.platforms.slack.client import Workspace, part_of
from bot.platforms.slack.manifest import NEEDED, SCOPES
from bot.platforms.slack.socket_mode import SocketMode
from bot.platforms.slack.texts import title_of
from subscriptions.errors import SettingsError
from subscriptions.model import ChatAddress, ChatKind, Message, PauseReason
from subscriptions.outcomes import ChatGone, NotDelivered, Rejected, RetryLater, SenderStopped, Unclear
from subscriptions.schedule.zones import known_zone

T = TypeVar("T")

_NAMESPACE = uuid.UUID("6c0c1f0e-5f0b-5c3e-9a55-70617065726c")  # for our values of client_msg_id
QUERY_SECONDS = 1.0  # seconds that one call may take
_ONLY_SENDS = "Slack only carries messages: no one can talk to the bot there without PAPERWIRE_SLACK_APP_TOKEN."
_CURE = (
    "Put one with connections:write into PAPERWIRE_SLACK_APP_TOKEN; the app's page on api.slack.com shows it under Basic "
    "Information."
)
_ADMIN = ("is_admin", "is_owner", "is_primary_owner")  # one of them is set of an admin
_CLOCK_SKEW = timedelta(seconds=60)  # by how much Slack's clock may be slow compared with ours


def _is_member(person: Mapping[str, Any], team: str) -> bool:
    """Return whether a person (the "user" of users.info) is a member of the workspace.

    That is no guest, stranger, bot or former member.
    """
    home = person.get("team_id") or team
    at_home = home == team or team in ((person.get("enterprise_user") or {}).get("teams") or ())
    others = ("is_restricted", "is_ultra_restricted", "is_stranger", "deleted", "is_bot")
    return at_home and not any(person.get(name) for name in others)


class SlackPlatform(Listener, Directory, Operated):
    """The channel of a workspace.

    An address is the id of a channel, of direct messages or of a person ("C…", "G…", "D…", "U…"). A topic is a thread's
    ts. The channel belongs to the event loop in which it first posts.
    """

    facts = FACTS
    renderer = markup.RENDERER
    limits = Limits(per_lane=1)

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    @property
    def startup_lines(self) -> tuple[str, ...]:
        """See Platform."""
        return () if self.workspace.has_app_token else (_ONLY_SENDS,)

    async def post(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        thread: str | None = None,
        plain: bool = False,
    ) -> str:
        """See Platform."""
        shown = markup.message_arguments(message, plain=plain)
        # Slack posts each client_msg_id once. The plain form counts as another message, so it has another id.
        once = uuid.uuid5(_NAMESPACE, f"{delivery} {message.number} {message.payload}{' plain' if plain else ''}")
        post = partial(
            self.workspace.post,
            "chat.postMessage",
            chat.address,
            **shown,
            unfurl_links=False,
            unfurl_media=False,
            metadata={"event_type": "paperwire_delivery", "event_payload": {"id": delivery, "n": message.number}},
            client_msg_id=str(once),
        )
        try:
            sent = await post(thread_ts=thread or chat.topic)
        except ChatGone as gone:
            if gone.scope != "topic" or chat.topic:
                raise
            sent = await post()  # the channel takes no replies, so the message stands in it
        if not isinstance(ts := sent.get("ts"), str):
            raise Unclear("Slack took the message and did not say which it is.")
        posted = sent.get("message")
        if chat.topic and isinstance(posted, Mapping) and not posted.get("thread_ts"):
            # the first message of the thread is gone, so Slack posted in the channel, which asked for nothing
            with suppress(NotDelivered):
                await self.workspace.post("chat.delete", chat.address, ts=ts)
            raise ChatGone("The first message of this thread was deleted.", "topic", PauseReason.TOPIC_DELETED)
        return ts

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Platform.

        With a plain text it sends an empty list of blocks, since Slack would else keep the old blocks.
        """
        shown = {"blocks": [], **markup.message_arguments(message, plain=plain)}
        await self.workspace.post("chat.update", chat.address, ts=message_id, **shown)

    async def find(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        after: datetime,
        thread: str | None = None,
    ) -> str | None:
        """See Platform. `after` is a time of this machine's clock, which may differ from Slack's.

        Searches `thread`. Then searches the channel or topic, where the message went if its thread was still unknown.
        """
        try:
            channel = await self.workspace.resolve(chat.address)
            for place in dict.fromkeys((thread or chat.topic, chat.topic)):
                found = self.workspace.pages(
                    "conversations.replies" if place else "conversations.history",
                    channel=channel,
                    ts=place or None,
                    oldest=f"{(after - _CLOCK_SKEW).timestamp():.6f}",
                    inclusive=True,
                    include_all_metadata=True,
                )
                async for page in found:
                    if ts := _ts_of(page, delivery, message.number):
                        return ts
        except (ChatGone, Rejected) as error:
            raise LookupError(f"Slack does not let the bot look for its message: {error.reason}") from None
        return None

    async def identity(self) -> str:
        """See Platform. Returns "TEAM:USER"."""
        me = await self.workspace.identify()
        return f"{me.team}:{me.user}"

    async def close(self) -> None:
        """See Platform."""
        await self.workspace.close()

    def receivers(self, clock: Clock, on_bot_name: OnBotName) -> Sequence[SocketMode]:
        """See Platform."""
        if not self.workspace.has_app_token:
            return ()
        return (SocketMode(self.workspace, clock, on_bot_name=on_bot_name),)

    async def check_tokens(self) -> None:
        """See Platform. Asks Slack once whether it accepts the app token."""
        found = await self._check_app_token()
        if found.mend:
            raise SettingsError(f"{found.question}: {found.answer}.", found.cure)

    async def check(self) -> list[CheckResult]:
        """See Platform. Says whether people can talk to it, and which scopes the workspace did not grant."""
        return [await self._check_app_token(), await self._check_scopes()]

    async def _check_app_token(self) -> CheckResult:
        question = "Slack app token"
        if not self.workspace.has_app_token:
            answer = "there is none: no one can talk to the bot on Slack"
            return CheckResult(question, answer, cure=_CURE, is_open=True)
        try:
            await self.workspace.socket_address()
        except RetryLater as error:
            return CheckResult(question, f"it cannot be tried: {error.reason.rstrip('.')}", is_open=True)
        except NotDelivered as error:
            return CheckResult.wrong(question, f"it does not work: {error.reason.rstrip('.')}", _CURE)
        return CheckResult(question, "it works")

    async def _check_scopes(self) -> CheckResult:
        question = "Slack scopes"
        try:
            me = await self.workspace.identify()
        except NotDelivered as error:
            answer = f"they cannot be asked for: {error.reason.rstrip('.')}"
            return CheckResult(question, answer, is_open=True)
        lacking = [scope for scope in SCOPES if scope not in me.scopes]
        if not lacking:
            return CheckResult(question, "all are granted")
        answer = f"not granted: {', '.join(lacking)}"
        cure = "Add them to the app, by paperwire slack manifest, and install it there again; docs/slack.md says what each is for."
        return CheckResult(question, answer, cure=cure, mend=not me.scopes.issuperset(NEEDED))

    async def is_admin(
        self, chat: ChatAddress, person: str, *, member_suffices: bool = False, in_chat: bool = False
    ) -> bool | None:
        """See Platform. If the app may not read people, everyone in the workspace counts as a member."""
        if "/" in person:  # of another workspace
            return False
        async with _query_timeout():
            try:
                found = await self._person(person)
                is_member = _is_member(found, await self.workspace.team())
            except ChatGone:  # there is no such person
                return False
            except Rejected:
                allowed = True if member_suffices else None
            else:
                allowed = is_member and (member_suffices or any(map(found.get, _ADMIN)))
            if allowed and not in_chat:
                return await self._is_in(chat.address, person)
        return allowed

    async def enrich(self, request: Request, *, changes: bool) -> Request:
        """See Platform.

        Adds whether the bot is in the channel, its title, and the person's name, time zone and language.
        """
        place, sender = await asyncio.gather(
            _soon(self._place_of(request, changes=changes), request.place),
            _soon(self._sender_of(request, changes=changes), {}),
        )
        return replace(request, place=place, **sender)

    async def _place_of(self, request: Request, *, changes: bool) -> Place:
        place = request.place
        if place.is_private and place.is_outside:
            direct = await self.workspace.resolve(request.sender)
            return replace(place, is_outside=direct != request.outside_channel)
        if place.is_private or not changes:
            return place
        try:
            known = await self._look_up(place.chat.address)
        except ChatGone:
            return replace(place, is_outside=True)
        return replace(place, title=known.title or place.title, is_outside=known.is_outside)

    async def _sender_of(self, request: Request, *, changes: bool) -> dict[str, Any]:
        """Return the fields of a request that say who its sender is, as far as Slack tells."""
        if not changes or not request.sender or "/" in request.sender:
            return {}
        person = await self._person(request.sender)
        profile = person.get("profile") or {}
        name = profile.get("display_name") or profile.get("real_name") or person.get("real_name")
        found = {
            "sender_name": usable_text(name).strip(),
            "timezone": known_zone(str(person.get("tz") or "")),
            "language": str(person.get("locale") or ""),
        }
        return {field: value for field, value in found.items() if value}

    async def _person(self, user: str) -> Mapping[str, Any]:
        """Return a person as Slack describes them now.

        Raise ChatGone if there is none, and what `Workspace.ask` raises.
        """
        return part_of(await self.workspace.ask("users.info", user=user, include_locale=True), "user")

    async def _is_in(self, channel: str, user: str) -> bool | None:
        """Return whether a person can see a channel: it is public, or they are a member.

        None if the app may not read the channel.
        """
        try:
            found = await self.workspace.ask("conversations.info", channel=channel)
            if not part_of(found, "channel").get("is_private"):
                return True
            async for page in self.workspace.pages("conversations.members", channel=channel):
                if user in page.get("members", ()):
                    return True
        except (ChatGone, Rejected):
            return None
        return False

    async def find_chat(self, name: str) -> Place | None:
        """See Platform. `name` is the id of a channel, perhaps with @ before it (see `incoming`)."""
        address = name.removeprefix("@")
        if not address.isalnum() or address.startswith(PEOPLE):
            return None
        async with _query_timeout():
            try:
                return await self._look_up(address)
            except (ChatGone, Rejected, SenderStopped):
                return None

    async def _look_up(self, address: str) -> Place:
        """Return the channel as Slack describes it. Raise what `Workspace.ask` raises."""
        channel = part_of(await self.workspace.ask("conversations.info", channel=address), "channel")
        return Place(
            chat=ChatAddress("slack", address),
            kind=ChatKind.PRIVATE if channel.get("is_im") else ChatKind.TEAM,
            title=title_of(channel.get("name")),
            is_outside=channel.get("is_member") is False and not channel.get("is_im"),
        )

    async def post_ephemeral(
        self,
        chat: ChatAddress,
        person: str,
        message: Message | None,
        *,
        response_url: str,
        replaces: bool,
        plain: bool = False,
    ) -> None:
        """See Platform. If the response url accepts no more responses, posts a new ephemeral message."""
        body: dict[str, object] = {"delete_original": True}
        shown = markup.message_arguments(message, plain=plain) if message else {}
        if message:
            in_thread = {"thread_ts": chat.topic} if chat.topic else {}
            body = {"response_type": "ephemeral", "replace_original": replaces, **shown, **in_thread}
        if response_url:
            with suppress(Rejected):
                await self.workspace.respond(response_url, body)
                return
        if message is None:
            raise Rejected("Slack takes away what one person sees only where it takes answers.")
        if chat.address.startswith(PEOPLE):
            await self.post(chat, message, delivery="whisper", plain=plain)
            return
        await self.workspace.post(
            "chat.postEphemeral",
            chat.address,
            user=person.rpartition("/")[2],
            thread_ts=chat.topic,
            **shown,
        )

    async def send_file(self, chat: ChatAddress, file: File) -> str:
        """See Platform. If the app may not upload files, says so."""
        try:
            return await self.workspace.send_file(chat.address, chat.topic, file)
        except Rejected as error:
            return await self.post(chat, _no_file(file, error), delivery=f"no {file.name}")

    async def send_file_privately(self, chat: ChatAddress, person: str, file: File) -> None:
        """See Platform. If the app may not write to the person, says so in the chat, to that person only."""
        try:
            await self.workspace.send_file(person, "", file)
        except (ChatGone, Rejected) as error:
            await self.post_ephemeral(chat, person, _no_file(file, error), response_url="", replaces=False)

    async def fetch(self, file: str, most: int) -> bytes:
        """See Platform."""
        found = part_of(await self.workspace.ask("files.info", file=file), "file")
        size = found.get("size")
        if isinstance(size, int) and size > most:
            raise file_too_large(most)
        address = str(found.get("url_private_download") or found.get("url_private"))
        data = await self.workspace.download(address, most)
        if len(data) > most:  # Slack told a wrong size
            raise file_too_large(most)
        return data


def _ts_of(page: AsyncSlackResponse, delivery: str, number: int) -> str:
    """Return the ts of the message whose metadata has this delivery and number; "" if the page has none."""
    messages = page.get("messages")
    if not isinstance(messages, list):
        raise RetryLater("Slack's answer holds no messages.")
    for message in messages:
        match message:
            case {"ts": str(ts), "metadata": {"event_payload": {"id": identity, "n": n}}}:
                if identity == delivery and str(n) == str(number):
                    return ts
    return ""


@asynccontextmanager
async def _query_timeout() -> AsyncIterator[None]:
    """Raise RetryLater if the body takes longer than QUERY_SECONDS."""
    try:
        async with asyncio.timeout(QUERY_SECONDS):
            yield
    except TimeoutError:
        raise RetryLater("Slack does not answer soon enough.") from None


async def _soon(asked: Coroutine[Any, Any, T], otherwise: T) -> T:
    """Return what Slack tells soon enough; otherwise the other value."""
    try:
        async with _query_timeout():
            return await asked
    except NotDelivered:
        return otherwise


def _no_file(file: File, error: NotDelivered) -> Message:
    text = f"✗ {file.name} cannot be sent: {error.reason} Whoever installed the app can let it."
    return Message(number=1, payload=json.dumps({"text": markup.escape(text)}))


def connect(given: Given) -> SlackPlatform:
    """See bot.platforms.connect."""
    settings = given.settings
    assert settings.slack_bot_token is not None  # noqa: S101 - without it the platform is off
    return SlackPlatform(
        Workspace(settings.slack_bot_token, api_url=settings.slack_api_url, app_token=settings.slack_app_token)
    )

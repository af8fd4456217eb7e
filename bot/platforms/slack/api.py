"""The platform API of Slack: who is an admin or a member, channels, ephemeral messages and documents; how long a call may take.

Calls before a command's effect may take at most one second each, because Slack shows an error if a command is not
acknowledged within three seconds (docs.slack.dev, Slash commands).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from bot.platforms.slack import PEOPLE, markup
from bot.platforms.slack.client import Workspace, part_of
from bot.platforms.slack.typed_text import title_of
from bot.ports import channel as channels
from bot.ports.channel import usable_text
from bot.ports.conversation import Place, PlatformApi, Request, file_too_large
from subscriptions.errors import ChatGone, NotDelivered, Refused, Rejected, RetryLater, SenderStopped
from subscriptions.model import ChatAddress, ChatKind, Message
from subscriptions.zones import zone_name

QUERY_SECONDS = 1.0  # seconds that one call may take


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


class SlackApi(PlatformApi):
    """See PlatformApi. Uses the connections of the channel with the same tokens."""

    has_ephemeral = True

    def __init__(self, channel: channels.Channel, workspace: Workspace) -> None:
        self._channel = channel
        self._workspace = workspace

    async def is_admin(
        self, chat: ChatAddress, person: str, *, member_suffices: bool = False, in_chat: bool = False
    ) -> bool | None:
        """See PlatformApi. If the app may not read people, everyone in the workspace counts as a member."""
        if "/" in person:  # of another workspace
            return False
        async with _query_timeout():
            try:
                found = await self._person(person)
            except ChatGone:  # there is no such person
                return False
            except Rejected:
                allowed = True if member_suffices else None
            else:
                allowed = found.member and (member_suffices or found.admin)
            if allowed and not in_chat:
                return await self._is_in(chat.address, person)
        return allowed

    async def enrich(self, request: Request, *, changes: bool) -> Request:
        """See PlatformApi. Adds whether the bot is in the channel, its title, and the person's name, time zone and language."""
        found = await asyncio.gather(
            self._place_fields(request, changes=changes),
            self._sender_fields(request, changes=changes),
            return_exceptions=True,
        )
        for known in found:
            if isinstance(known, BaseException):
                if not isinstance(known, NotDelivered):
                    raise known
            else:
                request = replace(request, **known)
        return request

    async def _place_fields(self, request: Request, *, changes: bool) -> dict[str, Any]:
        place = request.place
        if place.kind is ChatKind.PRIVATE:
            if not place.is_outside:
                return {}
            async with _query_timeout():
                direct = await self._workspace.resolve(request.sender)
            return {"place": replace(place, is_outside=direct != request.outside_channel)}
        if not changes:
            return {}
        async with _query_timeout():
            try:
                known = await self._look_up(place.chat.address)
            except ChatGone:
                return {"place": replace(place, is_outside=True)}
        return {"place": replace(place, title=known.title or place.title, is_outside=known.is_outside)}

    async def _sender_fields(self, request: Request, *, changes: bool) -> dict[str, Any]:
        user = request.sender
        if not changes or not user or "/" in user:
            return {}
        async with _query_timeout():
            person = await self._person(user)
        known = {"sender_name": person.name, "timezone": person.timezone, "language": person.language}
        return {name: value for name, value in known.items() if value}

    async def _person(self, user: str) -> SlackUser:
        """Returns a person as Slack describes them now. Raises ChatGone if there is none, and what `Workspace.ask` raises."""
        answer = await self._workspace.ask("users.info", user=user, include_locale=True)
        return read_user(answer, await self._workspace.team())

    async def _is_in(self, channel: str, user: str) -> bool | None:
        """Returns whether a person can see a channel: it is public, or they are a member.

        None if the app may not read the channel.
        """
        try:
            found = await self._workspace.ask("conversations.info", channel=channel)
            if not part_of(found, "channel").get("is_private"):
                return True
            async for page in self._workspace.pages("conversations.members", channel=channel):
                if user in page.get("members", ()):
                    return True
        except (ChatGone, Rejected):
            return None
        return False

    async def find_chat(self, name: str) -> Place | None:
        """See PlatformApi. `name` is the id of a channel, perhaps with @ before it (see `typed_text`)."""
        address = name.removeprefix("@")
        if not address.isalnum() or address.startswith(PEOPLE):
            return None
        async with _query_timeout():
            try:
                return await self._look_up(address)
            except (ChatGone, Rejected, SenderStopped):
                return None

    async def _look_up(self, address: str) -> Place:
        """Returns the channel as Slack describes it. Raises what `Workspace.ask` raises."""
        channel = part_of(await self._workspace.ask("conversations.info", channel=address), "channel")
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
        """See PlatformApi. If the response url accepts no more responses, posts a new ephemeral message."""
        if response_url:
            body = _response_body(message, chat.topic, replaces=replaces, plain=plain)
            try:
                await self._workspace.respond(response_url, body)
            except Rejected:
                if message is None:
                    raise
            else:
                return
        if message is None:
            raise Rejected("Slack takes away what one person sees only where it takes answers.")
        if chat.address.startswith(PEOPLE):
            await self._channel.post(chat, message, delivery="whisper", plain=plain)
            return
        await self._workspace.post(
            "chat.postEphemeral",
            channel=await self._workspace.resolve(chat.address),
            user=person.rpartition("/")[2],
            thread_ts=chat.topic,
            **markup.message_arguments(message, plain=plain),
        )

    async def send_file(self, chat: ChatAddress, file: channels.File) -> str:
        """See PlatformApi. If the app may not upload files, says so."""
        try:
            return await self._workspace.send_file(await self._workspace.resolve(chat.address), chat.topic, file)
        except Rejected as error:
            return await self._channel.post(chat, _no_file(file, error), delivery=f"no {file.name}")

    async def send_file_privately(self, chat: ChatAddress, person: str, file: channels.File) -> None:
        """See PlatformApi. If the app may not write to the person, says so in the chat, to that person only."""
        try:
            await self._workspace.send_file(await self._workspace.resolve(person), "", file)
        except (ChatGone, Rejected) as error:
            await self.post_ephemeral(chat, person, _no_file(file, error), response_url="", replaces=False)

    async def fetch(self, file: str, most: int) -> bytes:
        """See PlatformApi."""
        found = part_of(await self._workspace.ask("files.info", file=file), "file")
        size = found.get("size")
        if isinstance(size, int) and size > most:
            raise file_too_large(most)
        address = str(found.get("url_private_download") or found.get("url_private"))
        data = await self._workspace.download(address, most)
        if len(data) > most:
            raise file_too_large(most)
        return data


@asynccontextmanager
async def _query_timeout() -> AsyncIterator[None]:
    """Raises RetryLater if the body takes longer than QUERY_SECONDS."""
    try:
        async with asyncio.timeout(QUERY_SECONDS):
            yield
    except TimeoutError:
        raise RetryLater("Slack does not answer soon enough.") from None


def _response_body(message: Message | None, thread: str, *, replaces: bool, plain: bool) -> dict[str, object]:
    """Returns the body of a post to a response url (docs.slack.dev, Handling user interaction)."""
    if message is None:
        return {"delete_original": True}
    shown = markup.message_arguments(message, plain=plain)
    in_thread = {"thread_ts": thread} if thread else {}
    return {"response_type": "ephemeral", "replace_original": replaces, **shown, **in_thread}


def _no_file(file: channels.File, error: NotDelivered) -> Message:
    text = f"✗ {file.name} cannot be sent: {error.reason} Whoever installed the app can let it."
    return Message(number=1, payload=json.dumps({"text": markup.escape(text)}))

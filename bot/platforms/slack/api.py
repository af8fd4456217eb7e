"""The platform API of Slack: who is an admin or a member, channels, ephemeral messages and documents; how long a call may take.

Calls before a command's effect may take at most one second each, because Slack shows an error if a command is not
acknowledged within three seconds (docs.slack.dev, Slash commands).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from bot.platforms.slack import PEOPLE, markup
from bot.platforms.slack.client import Declined
from bot.platforms.slack.message_payload import open_message
from bot.platforms.slack.typed_text import title_of
from bot.platforms.slack.workspace import SlackUser, Workspace, part_of
from bot.ports import channel as channels
from bot.ports.attached import file_too_large
from bot.ports.conversation import Place, PlatformApi, Request
from subscriptions.errors import ChatGone, NotDelivered, Rejected, RetryLater, SenderStopped
from subscriptions.model import ChatAddress, ChatKind, Message

QUERY_SECONDS = 1.0  # seconds that one call may take
_JUST_NOW = 2.0  # seconds for which a person's data is reused; enough for handling one request
_NOBODY = frozenset({"user_not_found", "users_not_found", "user_not_visible"})
_NO_CHANNEL = frozenset({"channel_not_found"})
_SNIPPET = 9_000  # characters of a file in one message, fewer than the limit for all blocks together
_SECTION = 2_900  # characters of a file in one section


class SlackApi(PlatformApi):
    """See PlatformApi. Uses the connections of the channel with the same tokens."""

    has_ephemeral = True

    def __init__(self, channel: channels.Channel, workspace: Workspace) -> None:
        self._channel = channel
        self._workspace = workspace
        self._recent_users: dict[str, tuple[float, SlackUser]] = {}

    async def is_admin(
        self, chat: ChatAddress, person: str, *, member_suffices: bool = False, in_chat: bool = False
    ) -> bool | None:
        """See PlatformApi. If the app may not read people, everyone in the workspace counts as a member."""
        if "/" in person:  # of another workspace
            return False
        async with _query_timeout():
            try:
                found = await self._person(person)
            except Declined as no:
                if no.code in _NOBODY:
                    return False
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
            except Declined as no:
                if no.code in _NO_CHANNEL:
                    return {"place": replace(place, is_outside=True)}
                return {}
        return {"place": replace(place, title=known.title or place.title, is_outside=known.is_outside)}

    async def _sender_fields(self, request: Request, *, changes: bool) -> dict[str, Any]:
        user = request.sender
        if not changes or not user or "/" in user:
            return {}
        async with _query_timeout():
            person = await self._workspace.person(user)
        self._recent_users[user] = (asyncio.get_running_loop().time(), person)
        known = {"sender_name": person.name, "timezone": person.timezone, "language": person.language}
        return {name: value for name, value in known.items() if value}

    async def _person(self, user: str) -> SlackUser:
        """Returns the person. Reuses, once, what `enrich` read less than _JUST_NOW ago; otherwise asks Slack."""
        asked, person = self._recent_users.pop(user, (float("-inf"), None))
        if person is not None and asyncio.get_running_loop().time() - asked < _JUST_NOW:
            return person
        return await self._workspace.person(user)

    async def _is_in(self, channel: str, user: str) -> bool | None:
        """Returns whether a person can see a channel: it is public, or they are a member.

        None if the app may not read the channel.
        """
        try:
            found = await self._workspace.client.call_get("conversations.info", channel=channel)
            if not part_of(found, "channel").get("is_private"):
                return True
            async for page in self._workspace.client.pages("conversations.members", channel=channel, limit=1000):
                if user in page.get("members", ()):
                    return True
        except Declined:
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
            except (Rejected, SenderStopped):
                return None

    async def _look_up(self, address: str) -> Place:
        """Returns the channel as Slack describes it. Raises Declined, RetryLater, SenderStopped."""
        channel = part_of(await self._workspace.client.call_get("conversations.info", channel=address), "channel")
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
        client = self._workspace.client
        if response_url:
            try:
                await client.respond(response_url, _response_body(message, chat.topic, replaces=replaces, plain=plain))
            except Declined:
                if message is None:
                    raise
            else:
                return
        if message is None:
            raise Rejected("Slack takes away what one person sees only where it takes answers.")
        if chat.address.startswith(PEOPLE):
            await self._channel.post(chat, message, delivery="whisper", plain=plain)
            return
        channel = await self._workspace.resolve(chat.address)
        post = open_message(message, plain=plain)
        await client.post_ephemeral(channel, chat.topic, person.rpartition("/")[2], post)

    async def send_file(self, chat: ChatAddress, file: channels.File) -> str:
        """See PlatformApi. If the app may not upload files, posts the text in messages."""
        channel = await self._workspace.resolve(chat.address)
        client, data = self._workspace.client, file.text.encode()
        try:
            found = await client.call_get("files.getUploadURLExternal", filename=file.name, length=len(data))
            await client.upload(str(found["upload_url"]), data)
            where = {"channel_id": channel, **({"thread_ts": chat.topic} if chat.topic else {})}
            named = [{"id": str(found["file_id"]), "title": file.name}]
            await client.call_json("files.completeUploadExternal", files=named, **where)
        except Declined:
            label = f"file {file.name}"
            first, *_ = [await self._channel.post(chat, snippet, delivery=label) for snippet in _snippets(file)]
            return first
        return str(found["file_id"])

    async def send_file_privately(self, chat: ChatAddress, person: str, file: channels.File) -> None:
        """See PlatformApi. If the app cannot write to the person, the text is shown in the chat to that person only."""
        try:
            await self.send_file(ChatAddress("slack", person), file)
        except (ChatGone, Rejected):
            for snippet in _snippets(file):
                await self.post_ephemeral(chat, person, snippet, response_url="", replaces=False)

    async def fetch(self, file: str, most: int) -> bytes:
        """See PlatformApi."""
        client = self._workspace.client
        found = part_of(await client.call_get("files.info", file=file), "file")
        size = found.get("size")
        if isinstance(size, int) and size > most:
            raise file_too_large(most)
        data = await client.download(str(found.get("url_private_download") or found.get("url_private")), most)
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
    post = open_message(message, plain=plain)
    body: dict[str, object] = {"response_type": "ephemeral", "replace_original": replaces, "text": post.text}
    if post.blocks:
        body["blocks"] = post.blocks
    if thread:
        body["thread_ts"] = thread
    return body


def _snippets(file: channels.File) -> Iterator[Message]:
    """Yields messages, at least one, with the text of a file in fixed width."""
    for number, text in enumerate(_pieces(file.text, _SNIPPET), 1):
        sections = [markup.section(f"```\n{piece}\n```") for piece in _pieces(markup.escape(text), _SECTION)]
        payload = json.dumps({"text": markup.escape(file.name), "blocks": sections}, ensure_ascii=False)
        yield Message(number=number, payload=payload)


def _pieces(text: str, most: int) -> list[str]:
    """Returns the text in pieces of whole lines. Only lines that are longer than a piece are cut."""
    pieces = [""]
    for line in text.rstrip("\n").split("\n"):
        for start in range(0, max(len(line), 1), most):
            part = line[start : start + most]
            if len(pieces[-1]) + len(part) + 1 > most and pieces[-1]:
                pieces.append(part)
            else:
                pieces[-1] = f"{pieces[-1]}\n{part}" if pieces[-1] else part
    return pieces

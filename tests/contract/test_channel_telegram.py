"""Telegram's adapter against the fake server: the messages that it sends, failed attempts, and calls of the Bot API.

The calls ask for rights, chats and updates, answer presses of buttons, transfer documents, and set menus.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from bot.commands.registry import REGISTRY
from bot.messages import File
from bot.platforms.telegram.adapter import TelegramPlatform
from bot.platforms.telegram.client import Client
from bot.platforms.telegram.incoming import ALLOWED
from subscriptions.errors import Refused
from subscriptions.model import ChatAddress, Message
from subscriptions.outcomes import ChatGone, NotDelivered, Rejected, RetryLater, Unclear
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.patience import PATIENCE

ANN = ChatAddress("telegram", "42")
GROUP = ChatAddress("telegram", "-1001")
CHANNEL = ChatAddress("telegram", "-1009")


Outcome = TypeVar("Outcome", bound=NotDelivered)


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        fake.knows("42", title="Ada")
        fake.knows("-1001", topics=(5,), people={"7": "creator", "8": "administrator", "9": "member", "10": "left"})
        fake.knows("-1002", "supergroup", username="vision_papers", title="Vision", linked="-1009")
        fake.knows("-1009", "channel", title="Papers", username="papers", people={"7": "creator"})
        yield fake


@pytest_asyncio.fixture
async def channel(telegram: FakeTelegram, read: float) -> AsyncIterator[TelegramPlatform]:
    channel = TelegramPlatform(Client(TOKEN, telegram.url, connect=PATIENCE, read=read))
    yield channel
    await channel.close()


@pytest.fixture
def api(channel: TelegramPlatform) -> TelegramPlatform:
    return channel


def html(text: str = "<b>one</b>", **more: Any) -> Message:
    return Message(number=1, payload=json.dumps({"text": text, **more}))


async def post(channel: TelegramPlatform, chat: ChatAddress = ANN, message: Message | None = None) -> str:
    return await channel.post(chat, message or html(), delivery="d")


async def refused(
    kind: type[Outcome], channel: TelegramPlatform, chat: ChatAddress = ANN, message: Message | None = None
) -> Outcome:
    """Posts a message and expects an error of this kind. Returns the error."""
    with pytest.raises(kind) as caught:
        await post(channel, chat, message)
    return caught.value


async def test_a_message_is_html_without_link_previews_or_plain_without_markup(
    channel: TelegramPlatform, telegram: FakeTelegram
) -> None:
    await post(channel)
    (entry,) = telegram.posted_to("42")
    assert entry.text == "one"
    assert entry.payload["parse_mode"] == "HTML"
    assert json.loads(entry.payload["link_preview_options"]) == {"is_disabled": True}
    assert "message_thread_id" not in entry.payload
    assert not entry.silent
    message = html(
        '<b>a &lt; b</b> &amp; <a href="https://h.org/?c&amp;d">c</a>',
        silent=True,
        buttons=[[{"text": "1", "data": "one"}]],
    )
    await channel.post(ANN, message, delivery="d", plain=True)
    *_, entry = telegram.journal
    assert (entry.text, entry.silent) == ("a < b & c https://h.org/?c&d", True)
    assert "parse_mode" not in entry.payload
    assert "reply_markup" not in entry.payload


@pytest.mark.parametrize(("topic", "thread"), [("", ""), ("1", ""), ("5", "5")])
async def test_a_topic_gets_its_thread_and_general_gets_none(
    channel: TelegramPlatform, telegram: FakeTelegram, topic: str, thread: str
) -> None:
    await post(channel, ChatAddress("telegram", "-1001", topic))
    assert [entry.thread for entry in telegram.journal] == [thread]


async def test_a_message_whose_answer_has_a_new_shape_is_sent(
    channel: TelegramPlatform, telegram: FakeTelegram
) -> None:
    telegram.answers("new shape")
    assert await post(channel) == "77"
    assert len(telegram.journal) == 1


async def test_a_post_without_a_free_connection_was_not_sent(telegram: FakeTelegram) -> None:
    channel = TelegramPlatform(Client(TOKEN, telegram.url, connect=0.1, read=5, in_flight=1))
    telegram.answers("hang before")
    first = asyncio.create_task(post(channel))
    await asyncio.to_thread(telegram.waits_hanging)
    await refused(RetryLater, channel)
    telegram.releases()
    assert await first
    await channel.close()


@pytest.mark.parametrize(
    ("root", "asked"),
    [
        ("http://telegram.invalid", "POST http://telegram.invalid/bot"),
        ("https://telegram.invalid", "CONNECT telegram.invalid:443"),
    ],
)
@pytest.mark.parametrize("variable", ["{}_proxy", "ALL_PROXY"])
async def test_the_proxy_is_asked_and_its_refusal_tells_no_token(
    root: str, asked: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[str] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append((await reader.readline()).decode())
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setenv(variable.format(urlsplit(root).scheme), f"http://127.0.0.1:{port}")
    channel = TelegramPlatform(Client(TOKEN, root, connect=2, read=2))
    async with server:
        unasked = await refused(RetryLater, channel)
    await channel.close()
    assert [line.startswith(asked) for line in received] == [True]
    assert "407" in unasked.reason or "Proxy Authentication Required" in unasked.reason
    assert TOKEN not in unasked.reason


async def test_a_host_that_no_proxy_names_is_asked_itself(
    telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    channel = TelegramPlatform(Client(TOKEN, telegram.url))
    assert await post(channel)
    await channel.close()


async def test_a_server_that_proves_not_who_it_is_gets_nothing(telegram: FakeTelegram) -> None:
    channel = TelegramPlatform(Client(TOKEN, telegram.url.replace("http:", "https:"), connect=2, read=2))
    await refused(RetryLater, channel)
    await channel.close()
    assert telegram.requests == []


@pytest.mark.parametrize(("piece", "patience"), [(b" ", 0.1), (b" " * 1_000_000, PATIENCE)], ids=["slow", "large"])
async def test_an_answer_without_end_has_an_end(piece: bytes, patience: float) -> None:
    gone, written = asyncio.Event(), 0

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        with suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(piece)
                written += len(piece)
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()
        gone.set()

    server = await asyncio.start_server(trickle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    channel = TelegramPlatform(Client(TOKEN, f"http://127.0.0.1:{port}", connect=patience, read=patience))
    async with server:
        await refused(Unclear, channel)
        await channel.close()
        await gone.wait()
    assert written < 64 << 20, "the answer is read no further than a file may be large"


@pytest.mark.parametrize(
    ("person", "manages"), [("7", True), ("8", True), ("9", False), ("10", False), ("99", False), ("0", False)]
)
async def test_creator_and_administrators_manage_a_group(api: TelegramPlatform, person: str, manages: bool) -> None:
    assert await api.is_admin(GROUP, person) is manages


async def test_a_bot_that_may_not_see_members_or_is_not_there_does_not_know(
    api: TelegramPlatform, telegram: FakeTelegram
) -> None:
    telegram.hides_members("-1001")
    assert await api.is_admin(GROUP, "7") is None
    telegram.promotes("-1001", "4242")
    assert await api.is_admin(GROUP, "7") is True
    assert await api.is_admin(CHANNEL, "7") is True
    assert await api.is_admin(CHANNEL, "99") is False
    telegram.promotes("-1009", "4242", "member")
    assert await api.is_admin(CHANNEL, "7") is None
    telegram.kicks("-1001")
    assert await api.is_admin(GROUP, "7") is None
    assert await api.is_admin(ChatAddress("telegram", "-5"), "7") is None


async def test_rights_in_a_moved_group_are_those_of_its_new_address(
    api: TelegramPlatform, telegram: FakeTelegram
) -> None:
    telegram.knows("-7", "group", people={"7": "creator"})
    telegram.migrates("-7", "-1007")
    assert await api.is_admin(ChatAddress("telegram", "-7"), "7") is True


@pytest.mark.parametrize(
    "fault", ["502", "404 page", "403 page", "400 page", "broken json", "list", "hang before", "429"]
)
async def test_a_telegram_that_does_not_answer_is_no_no(
    api: TelegramPlatform, telegram: FakeTelegram, fault: str
) -> None:
    telegram.answers(fault, method="getChatMember")
    with pytest.raises(RetryLater):
        await api.is_admin(GROUP, "7")
    telegram.releases(drop=True)


@pytest.mark.parametrize("name", ["@nobody", "-5", "@Ada", "0", ""])
async def test_what_the_bot_cannot_see_is_no_place(api: TelegramPlatform, name: str) -> None:
    assert await api.find_chat(name) is None


async def test_a_press_is_acknowledged_with_as_many_words_as_fit(api: TelegramPlatform, telegram: FakeTelegram) -> None:
    short, long, silent = (telegram.presses("x", tampered=True) for _ in range(3))
    await api.acknowledge(short, "Paused.")
    await api.acknowledge(long, "word " * 60)
    await api.acknowledge(silent)
    toasts = telegram.toasts()
    assert (toasts[short], toasts[silent]) == ("Paused.", "")
    assert len(toasts[long]) <= 200
    assert toasts[long].endswith("word…")


async def test_a_press_that_cannot_be_acknowledged_is_no_matter(api: TelegramPlatform, telegram: FakeTelegram) -> None:
    press = telegram.presses("x", tampered=True)
    telegram.forgets_callbacks()
    await api.acknowledge(press, "x")
    for fault in ("502", "404 page", "not ok", "list", "cut before", "429"):
        telegram.answers(fault, method="answerCallbackQuery")
        await api.acknowledge(press, "x")
    telegram.goes_down()
    await api.acknowledge(press, "x")
    telegram.comes_back()
    assert telegram.toasts() == {}


async def test_a_file_is_sent_to_its_topic_and_silent_unless_the_chat_is_gone(
    api: TelegramPlatform, telegram: FakeTelegram
) -> None:
    file = File(name="subscriptions.txt", text="daily 09:00 | diffusion | \n扩散\n")
    await api.send_file(ChatAddress("telegram", "-1001", "5"), file)
    await api.send_file(ANN, file)
    (topic,), (private,) = telegram.files_in("-1001"), telegram.files_in("42")
    assert (topic.thread, topic.name, topic.text, topic.silent) == ("5", file.name, file.text, True)
    assert (private.thread, private.silent) == ("", True)
    telegram.blocks("42")
    with pytest.raises(ChatGone):
        await api.send_file(ANN, file)


def dropped(telegram: FakeTelegram, content: str, name: str = "list of words.txt") -> str:
    """Sends a document as a person. Returns its id."""
    telegram.user_writes("", file=(name, content))
    return f"f{len(telegram._files)}"


async def test_a_file_that_is_too_large_is_not_fetched(api: TelegramPlatform, telegram: FakeTelegram) -> None:
    with pytest.raises(Refused, match="larger than 1 KB"):
        await api.fetch(dropped(telegram, "x" * 1025), 1024)
    assert telegram.arrived("file") == []
    telegram.largest_download = 10
    with pytest.raises(Refused, match="larger than 1 KB"):  # the file is too large for Telegram and for us
        await api.fetch(dropped(telegram, "x" * 11), 1024)
    with pytest.raises(Refused, match="Telegram gives bots files of up to 20 MB"):  # too large for Telegram only
        await api.fetch(dropped(telegram, "x" * 11), 50 << 20)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [("404 page", Rejected), ("502", RetryLater), ("hang before", RetryLater)],
)
async def test_a_file_that_does_not_come_is_fetched_later_if_possible(
    api: TelegramPlatform, telegram: FakeTelegram, fault: str, outcome: type[NotDelivered]
) -> None:
    telegram.answers(fault, method="file")
    with pytest.raises(outcome):
        await api.fetch(dropped(telegram, "x"), 1000)
    telegram.releases(drop=True)
    with pytest.raises(Rejected):
        await api.fetch("f99", 1000)  # it was never there


async def test_asking_for_updates_takes_no_connection_from_senders(telegram: FakeTelegram) -> None:
    channel = TelegramPlatform(Client(TOKEN, telegram.url, connect=0.2, read=5, in_flight=1))
    telegram.answers("hang before", method="getChat")
    slow = asyncio.create_task(channel.get_chat("42"))
    await asyncio.to_thread(telegram.waits_hanging)
    assert await channel.client.updates(0, seconds=0, allowed=ALLOWED) == []
    telegram.releases()
    await slow
    await channel.close()


async def test_menus_and_words_are_set_where_telegram_shows_others(
    channel: TelegramPlatform, telegram: FakeTelegram
) -> None:
    await channel.publish_commands(REGISTRY.commands)
    listed = [command.name for command in REGISTRY.commands if command.listed and not command.needs_operator]
    for language in ("", "zh"):
        assert [one["command"] for one in telegram.menu(language=language)] == listed
        shown = await channel.client.ask_for_object("getMyDescription", language_code=language)
        assert 0 < len(shown["description"]) <= 512
    sets = [method for method, _ in telegram.arrived() if method.startswith("set")]
    await channel.publish_commands(REGISTRY.commands)
    assert [method for method, _ in telegram.arrived() if method.startswith("set")] == sets
    await channel.client.ask("setMyCommands", commands=[{"command": "old", "description": "gone"}])
    await channel.publish_commands(REGISTRY.commands)
    assert [one["command"] for one in telegram.menu()] == listed


async def test_menus_that_cannot_be_set_are_only_logged(
    channel: TelegramPlatform, telegram: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    for fault in ("429", "404 page", "502"):
        telegram.answers(fault, method="setMyCommands")
        await channel.publish_commands(REGISTRY.commands)
    assert caplog.text.count("stay as they were") == 3

"""The Telegram channel against the fake server: what it sends, and the results of failed attempts."""

import asyncio
import json
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from pydantic import SecretStr

from bot.platforms.telegram.adapter import TelegramChannel
from subscriptions import errors, model
from tests.fakes.telegram import TOKEN, FakeTelegram

ANN = model.ChatAddress("telegram", "42")
GROUP = model.ChatAddress("telegram", "-1001")


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        fake.knows("42")
        fake.knows("-1001", topics=(5,), username="vision_papers", title="Vision papers")
        yield fake


@pytest_asyncio.fixture
async def channel(telegram: FakeTelegram, read: float) -> AsyncIterator[TelegramChannel]:
    channel = TelegramChannel(SecretStr(TOKEN), api_url=telegram.url, connect=2, read=read)
    yield channel
    await channel.close()


def html(text: str = "<b>one</b>", **more: Any) -> model.Message:
    return model.Message(number=1, payload=json.dumps({"text": text, **more}), plain=json.dumps({"text": "one"}))


async def post(channel: TelegramChannel, chat: model.ChatAddress = ANN, message: model.Message | None = None) -> str:
    return await channel.post(chat, message or html(), delivery="d")


async def outcome(
    channel: TelegramChannel, chat: model.ChatAddress = ANN, message: model.Message | None = None
) -> errors.NotDelivered:
    with pytest.raises(errors.NotDelivered) as caught:
        await post(channel, chat, message)
    return caught.value


# ── what it sends ─────────────────────────────────────────────────────────────


async def test_a_message_is_html_without_link_previews(channel: TelegramChannel, telegram: FakeTelegram) -> None:
    await post(channel)
    (entry,) = telegram.posted_to("42")
    assert entry.text == "one"
    assert entry.payload["parse_mode"] == "HTML"
    assert json.loads(entry.payload["link_preview_options"]) == {"is_disabled": True}
    assert "message_thread_id" not in entry.payload
    assert not entry.silent


async def test_silence_is_asked_for(channel: TelegramChannel, telegram: FakeTelegram) -> None:
    await post(channel, message=html(silent=True))
    assert [entry.silent for entry in telegram.journal] == [True]


async def test_buttons_become_an_inline_keyboard(channel: TelegramChannel, telegram: FakeTelegram) -> None:
    buttons = [[{"text": "1", "data": "a"}, {"text": "2", "data": "b"}], [{"text": "own", "url": "https://t.me/x"}]]
    await post(channel, message=html(buttons=buttons))
    (entry,) = telegram.journal
    assert json.loads(entry.payload["reply_markup"])["inline_keyboard"] == [
        [{"text": "1", "callback_data": "a"}, {"text": "2", "callback_data": "b"}],
        [{"text": "own", "url": "https://t.me/x"}],
    ]


async def test_plain_text_has_no_markup_at_all(channel: TelegramChannel, telegram: FakeTelegram) -> None:
    message = model.Message(number=1, payload=html().payload, plain=json.dumps({"text": "a < b & c", "silent": True}))
    await channel.post(ANN, message, delivery="d", plain=True)
    (entry,) = telegram.journal
    assert (entry.text, entry.silent) == ("a < b & c", True)
    assert "parse_mode" not in entry.payload
    assert "reply_markup" not in entry.payload


@pytest.mark.parametrize(("topic", "thread"), [("", ""), ("1", ""), ("5", "5")])
async def test_a_topic_gets_its_thread_and_general_gets_none(
    channel: TelegramChannel, telegram: FakeTelegram, topic: str, thread: str
) -> None:
    await post(channel, model.ChatAddress("telegram", "-1001", topic))
    assert [entry.thread for entry in telegram.journal] == [thread]


async def test_a_name_is_resolved_to_its_id(channel: TelegramChannel) -> None:
    found = await channel.api().get_chat("@vision_papers")
    assert (found.chat.address, found.title) == ("-1001", "Vision papers")
    assert found.kind is model.ChatKind.GROUP
    assert (await channel.api().get_chat("42")).kind is model.ChatKind.PRIVATE
    with pytest.raises(errors.ChatGone):
        await channel.api().get_chat("@nobody")


async def test_telegram_cannot_tell_what_it_has(channel: TelegramChannel) -> None:
    with pytest.raises(LookupError):
        await channel.find(ANN, html(), delivery="d", after=datetime(2026, 1, 22, tzinfo=UTC))


# ── what the server refuses ───────────────────────────────────────────────────


async def test_a_blocked_bot_finds_the_chat_gone(channel: TelegramChannel, telegram: FakeTelegram) -> None:
    telegram.blocks("42")
    assert isinstance(await outcome(channel), errors.ChatGone)


async def test_a_chat_that_nobody_knows_is_gone(channel: TelegramChannel) -> None:
    assert isinstance(await outcome(channel, model.ChatAddress("telegram", "99")), errors.ChatGone)


async def test_a_topic_that_is_closed_is_gone_and_its_chat_is_not(
    channel: TelegramChannel, telegram: FakeTelegram
) -> None:
    telegram.closes_topic("-1001", 5)
    gone = await outcome(channel, model.ChatAddress("telegram", "-1001", "5"))
    assert isinstance(gone, errors.ChatGone)
    assert gone.scope == "topic"
    assert await post(channel, GROUP)


async def test_a_group_that_moved_is_found_at_its_new_address(channel: TelegramChannel, telegram: FakeTelegram) -> None:
    telegram.knows("-7", "group")
    telegram.migrates("-7", "-1007")
    moved = await outcome(channel, model.ChatAddress("telegram", "-7"))
    assert isinstance(moved, errors.ChatMoved)
    assert await post(channel, model.ChatAddress("telegram", moved.address))


async def test_a_revoked_token_stops_the_sender(channel: TelegramChannel, telegram: FakeTelegram) -> None:
    telegram.revokes()
    assert isinstance(await outcome(channel), errors.SenderStopped)
    with pytest.raises(errors.SenderStopped):
        await channel.identity()
    telegram.restores()
    assert await channel.identity() == "4242"


# ── what goes wrong on the way ────────────────────────────────────────────────


async def test_a_message_that_was_taken_is_sent_whatever_else_the_answer_holds(
    channel: TelegramChannel, telegram: FakeTelegram
) -> None:
    telegram.answers("new shape")
    assert await post(channel) == "77"
    assert len(telegram.journal) == 1


async def test_more_in_flight_than_connections_are_certain_not_to_be_sent(telegram: FakeTelegram) -> None:
    channel = TelegramChannel(TOKEN, api_url=telegram.url, connect=0.1, read=5, in_flight=1)
    telegram.answers("hang before")
    first = asyncio.create_task(post(channel))
    await asyncio.to_thread(telegram.waits_hanging)
    assert isinstance(await outcome(channel), errors.RetryLater)
    telegram.releases()
    assert await first
    await channel.close()


async def test_a_token_that_cannot_be_part_of_a_url_stops_the_sender(telegram: FakeTelegram) -> None:
    channel = TelegramChannel("4242:made\nup", api_url=telegram.url)
    stopped = await outcome(channel)
    assert isinstance(stopped, errors.SenderStopped)
    assert "made" not in "".join(traceback.format_exception(stopped))
    await channel.close()


async def test_a_slash_at_the_end_of_the_servers_address_does_no_harm(telegram: FakeTelegram) -> None:
    channel = TelegramChannel(TOKEN, api_url=telegram.url + "/")
    assert await post(channel)
    await channel.close()


@pytest.mark.parametrize(
    ("root", "asked"),
    [
        ("http://telegram.invalid", "POST http://telegram.invalid/bot"),
        ("https://telegram.invalid", "CONNECT telegram.invalid:443"),
    ],
)
@pytest.mark.parametrize("variable", ["{}_proxy", "ALL_PROXY"])
async def test_the_proxy_of_the_environment_is_asked_and_its_refusal_tells_no_token(
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
    channel = TelegramChannel(TOKEN, api_url=root, connect=2, read=2)
    async with server:
        refused = await outcome(channel)
    await channel.close()
    assert [line.startswith(asked) for line in received] == [True]
    assert isinstance(refused, errors.RetryLater)
    assert "407" in refused.reason or "Proxy Authentication Required" in refused.reason
    assert TOKEN not in refused.reason


async def test_a_host_that_no_proxy_names_is_asked_itself(
    telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    channel = TelegramChannel(TOKEN, api_url=telegram.url)
    assert await post(channel)
    await channel.close()


async def test_a_server_that_proves_not_who_it_is_gets_nothing(telegram: FakeTelegram) -> None:
    channel = TelegramChannel(TOKEN, api_url=telegram.url.replace("http:", "https:"), connect=2, read=2)
    assert isinstance(await outcome(channel), errors.RetryLater)
    await channel.close()
    assert telegram.requests == []


async def test_an_answer_without_end_has_an_end() -> None:
    gone = asyncio.Event()

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        with suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()
        gone.set()

    server = await asyncio.start_server(trickle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    channel = TelegramChannel(TOKEN, api_url=f"http://127.0.0.1:{port}", connect=0.1, read=0.1)
    async with server:
        assert isinstance(await outcome(channel), errors.Unclear)
        await channel.close()
        await gone.wait()


async def test_an_edit_of_a_message_that_is_gone_is_final(channel: TelegramChannel) -> None:
    with pytest.raises(errors.Rejected) as caught:
        await channel.edit(ANN, "7", html())
    assert not caught.value.form

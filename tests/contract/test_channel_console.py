"""The console channel: the names above messages, control characters in texts, and output that is closed."""

import io
import json
import os

import pytest

from bot.platforms.console.adapter import ConsolePlatform
from subscriptions.model import ChatAddress, Message
from subscriptions.outcomes import SenderStopped, Unclear

ME = ChatAddress("console", "me")


def message(text: str) -> Message:
    return Message(number=1, payload=json.dumps({"text": text}))


async def test_a_message_stands_below_the_name_of_its_chat() -> None:
    screen = io.StringIO()
    assert await ConsolePlatform(screen).post(ME, message("one\ntwo\n\n"), delivery="d1") == "d1-1"
    assert screen.getvalue() == "── console:me ──\none\ntwo\n\n"


async def test_a_paper_cannot_steer_the_terminal() -> None:
    screen = io.StringIO()
    await ConsolePlatform(screen).post(ME, message("a\x1b[2Jb\x07\x9b1mc\rd\te"), delivery="d1")
    assert r"a\u001b[2Jb\u0007\u009b1mc\u000dd" + "\te\n" in screen.getvalue()


async def test_a_terminal_without_the_letters_shows_a_question_mark() -> None:
    raw = io.BytesIO()
    screen = io.TextIOWrapper(raw, encoding="ascii")
    await ConsolePlatform(screen).post(ME, message("α and 扩散"), delivery="d1")
    assert b"? and ??\n" in raw.getvalue()


async def test_a_closed_pipe_or_stream_stops_the_sender() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    pipe = os.fdopen(writing, "w", encoding="utf-8")
    with pytest.raises(SenderStopped):
        await ConsolePlatform(pipe).post(ME, message("one"), delivery="d1")
    with pytest.raises(BrokenPipeError):
        pipe.close()
    screen = io.StringIO()
    screen.close()
    with pytest.raises(SenderStopped):
        await ConsolePlatform(screen).post(ME, message("one"), delivery="d1")


class FullDisk(io.StringIO):
    def flush(self) -> None:
        raise OSError(28, "No space left on device")


async def test_a_full_disk_leaves_it_open_what_was_written() -> None:
    with pytest.raises(Unclear, match="No space left"):
        await ConsolePlatform(FullDisk()).post(ME, message("one"), delivery="d1")

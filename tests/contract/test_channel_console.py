"""The console channel: the frames around messages, control characters in texts, and output that is closed."""

import fcntl
import io
import json
import os
import pty
import struct
import termios

import pytest

from bot.platforms.console.adapter import ConsoleChannel
from bot.rendering.terminal import folded
from subscriptions.errors import SenderStopped, Unclear
from subscriptions.model import ChatAddress, Message

ME = ChatAddress("console", "me")


def _set_columns(terminal: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def message(text: str) -> Message:
    return Message(number=1, payload=json.dumps({"text": text}))


async def test_a_message_is_framed_under_the_name_of_its_chat() -> None:
    screen = io.StringIO()
    assert await ConsoleChannel(screen).post(ME, message("one\ntwo\n\n"), delivery="d1") == "d1-1"
    first, *middle, last = screen.getvalue().splitlines()
    assert first.startswith("── console:me ──")
    assert middle == ["one", "two"]
    assert set(last) == {"─"}
    assert len(first) == len(last) == 72


async def test_a_terminal_gets_lines_of_its_width_a_file_whole_ones() -> None:
    paper = " 1  A title of several words\n    https://arxiv.org/abs/2601.00001"
    keeper, end = pty.openpty()
    os.set_blocking(keeper, False)
    with os.fdopen(end, "w", encoding="utf-8") as screen:
        _set_columns(end, 24)
        await ConsoleChannel(screen, fold=folded).post(ME, message(paper), delivery="d1")
        shown = os.read(keeper, 4096).decode().replace("\r\n", "\n").splitlines()
    os.close(keeper)
    assert shown == [
        "── console:me ──────────",
        " 1  A title of several",
        "    words",
        "    https://arxiv.org/abs/2601.00001",
        "─" * 24,
    ]
    file = io.StringIO()
    await ConsoleChannel(file, fold=folded).post(ME, message(paper), delivery="d1")
    assert paper in file.getvalue()


async def test_a_terminal_that_hides_its_width_has_a_hundred_columns() -> None:
    screen = io.StringIO()
    screen.isatty = lambda: True  # type: ignore[method-assign]
    await ConsoleChannel(screen, fold=folded).post(ME, message("word " * 40), delivery="d1")
    assert max(map(len, screen.getvalue().splitlines())) == len("word " * 20) - 1


async def test_an_edit_says_that_it_is_one() -> None:
    screen = io.StringIO()
    await ConsoleChannel(screen).edit(ME, "d1-1", message("one"))
    assert screen.getvalue().startswith("── console:me, changed ─")


async def test_a_paper_cannot_steer_the_terminal() -> None:
    screen = io.StringIO()
    await ConsoleChannel(screen).post(ME, message("a\x1b[2Jb\x07\x9b1mc\rd\te"), delivery="d1")
    assert r"a\u001b[2Jb\u0007\u009b1mc\u000dd" + "\te\n" in screen.getvalue()


async def test_a_terminal_without_the_letters_shows_a_question_mark() -> None:
    raw = io.BytesIO()
    screen = io.TextIOWrapper(raw, encoding="ascii")
    await ConsoleChannel(screen).post(ME, message("α and 扩散"), delivery="d1")
    assert b"? and ??\n" in raw.getvalue()


async def test_a_closed_pipe_stops_the_sender() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    pipe = os.fdopen(writing, "w", encoding="utf-8")
    with pytest.raises(SenderStopped):
        await ConsoleChannel(pipe).post(ME, message("one"), delivery="d1")
    with pytest.raises(BrokenPipeError):
        pipe.close()


async def test_a_closed_stream_stops_the_sender() -> None:
    screen = io.StringIO()
    screen.close()
    with pytest.raises(SenderStopped):
        await ConsoleChannel(screen).post(ME, message("one"), delivery="d1")


class FullDisk(io.StringIO):
    def flush(self) -> None:
        raise OSError(28, "No space left on device")


async def test_a_full_disk_leaves_it_open_what_was_written() -> None:
    with pytest.raises(Unclear, match="No space left"):
        await ConsoleChannel(FullDisk()).post(ME, message("one"), delivery="d1")

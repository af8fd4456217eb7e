"""Any input on Telegram gets a short helpful answer, over real HTTP."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.telegram import FakeTelegram
from tests.integration import telegram_bot
from tests.integration.telegram_bot import RestingClock

LARGEST_ID = str(2**52 - 1)

Act = Callable[[FakeTelegram, str], object]


@pytest.fixture
def clock() -> RestingClock:
    return RestingClock()


def writes(text: str = "", **more: object) -> Act:
    return lambda fake, chat: fake.user_writes(text, chat, **more)  # type: ignore[arg-type]


def edits(fake: FakeTelegram, chat: str) -> None:
    fake.user_writes("/sub grpah", chat, edits=fake.user_writes("/help", chat))


IN_PRIVATE: list[tuple[str, Act]] = [
    ("a voice message", writes(sends="voice")),
    ("a sticker", writes(sends="sticker")),
    ("a photo with words", writes("diffusion", sends="photo")),
    ("emoji only", writes("🙂🙂🙂")),
    ("a flag and a family", writes("/sub 🇩🇪👨‍👩‍👧")),
    ("4,096 characters", writes("x " * 2048)),
    ("a query of 4,091 characters", writes("/sub " + "x" * 4091)),
    ("brackets without end", writes("/sub " + "(" * 900)),
    ("right to left", writes("/sub שלום עולם")),
    ("marks that turn the text", writes("/sub \u202ediffusion\u202c")),
    ("signs of markup", writes("/sub <b>&amp;</b> `*_")),
    ("holes", writes("/sub {name} %s {0}")),
    ("control characters", writes("/sub dif\x00fu\x1bsion")),
    ("a slash", writes("/")),
    ("a command that is none", writes("/sbu diffusion")),
    ("a command without what it needs", writes("/sub")),
    ("a number that no list has", writes("/unsub 99999999999999999999")),
    ("a command for another bot", writes("/sub@other_bot diffusion")),
    ("a forwarded command", writes("/unsub all", is_forwarded=True)),
    ("an edited command", edits),
    ("a payload that nobody made", writes("/start ../../etc/passwd")),
    ("a binary file", writes("/import", file=("a.zip", "PK\x03\x04\x00\udcff\udcfe"))),
    ("a large file", writes("/import", file=("a.txt", "x" * 300_000))),
    ("a file that says nothing", writes("", file=("a.txt", ""))),
    ("many lines", writes("/sub\n" + "\n".join(f"word{number}" for number in range(60)))),
]


async def test_in_a_private_chat_every_message_is_answered(
    tmp_path: Path, telegram: FakeTelegram, clock: RestingClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with telegram_bot.a_listening_bot(tmp_path, telegram, clock):
        for number, (_, act) in enumerate(IN_PRIVATE, 1):
            act(telegram, str(number))
        telegram.user_writes("/sub diffusion", LARGEST_ID)
        await telegram_bot.confirmed(telegram)
    unanswered = [why for number, (why, _) in enumerate(IN_PRIVATE, 1) if not telegram.posted_to(str(number))]
    assert unanswered == []
    assert telegram.posted_to(LARGEST_ID)
    assert "Something went wrong here" not in " ".join(entry.text for entry in telegram.journal)
    assert "was not understood" not in caplog.text

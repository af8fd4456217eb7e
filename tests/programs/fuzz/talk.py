"""The target `conversations`: each line is a message to a bot with a store, and each gets a reply that can be sent."""

import asyncio
import re
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bot.digests import read_digest
from subscriptions.portable import read_lines
from subscriptions.service.importing import export
from subscriptions.store.database.store import Store
from tests import make
from tests.bot_harness import BotHarness
from tests.digest_pages import PARTS
from tests.programs.fuzz import target, typed

MOST_LINES = 4  # most messages in one conversation
LONGEST = 4096  # most characters of a Telegram message
_CHATS: Final = ("telegram:42", "telegram:-1001", "console:me", "telegram:42")
_REVERSING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")


def check(data: bytes) -> None:
    """Sends each line to a bot. Only refusals may be raised, replies can be stored and sent, and an export can be imported."""
    if not data:
        return
    chat = _CHATS[data[0] % len(_CHATS)]
    said = [line[:LONGEST] for line in target.text_of(data[1:]).split("\n") if line.strip() and target.storable(line)]
    with TemporaryDirectory(prefix="paperwire-fuzz-") as folder:
        path = Path(folder) / "paperwire.db"
        shutil.copyfile(_filled(), path)
        store = Store(f"sqlite:///{path}")
        try:
            asyncio.run(_talk(store, chat, said[:MOST_LINES]))
        finally:
            store.close()


async def _talk(store: Store, chat: str, said: list[str]) -> None:
    bot = BotHarness(store, admins={"telegram:-1001": {"7"}})
    private = chat != "telegram:-1001"
    for line in said:
        more = {} if private else {"by": "7", "is_addressed": True, "mentions_bot": True}
        answer = await bot.says(line, chat, **more)
        assert answer or not private, f"{line!r} gets no answer"
        for payload in answer.payloads:
            text = str(payload["text"])
            assert text.strip()
            assert target.storable(text)
            _check_directions(text)
    text = export(store, None)
    read_lines(text)


def _check_directions(text: str) -> None:
    """Checks that text direction marks are closed on the same line, so that they do not change the bot's own words."""
    for line in text.split("\n"):
        depth = 0
        for mark in _REVERSING.findall(line):
            assert mark in "\u2068\u2069", ascii(line)
            depth += 1 if mark == "\u2068" else -1
            assert depth >= 0, ascii(line)
        assert depth == 0, ascii(line)


@cache
def _filled() -> Path:
    """Returns the path of a database with two dozen invented papers. Each process makes it once."""
    folder = TemporaryDirectory(prefix="paperwire-fuzz-")
    _KEPT.append(folder)
    path = Path(folder.name) / "paperwire.db"
    store = Store(f"sqlite:///{path}")
    store.open(now=make.NOON)
    for name in ("arxiv_rss", "daily_arxiv_md", "biorxiv_json"):
        parts = PARTS[name]
        page = parts.page(map(parts.part, range(1, 9))).encode()
        make.ingest_digest(
            store, read_digest(page, name, day=make.NOON.date()), source=name, day=make.NOON.date(), now=make.NOON
        )
    store.close()
    return path


_KEPT: Final[list[TemporaryDirectory[str]]] = []  # removed at the end of the process

_CONVERSATIONS: Final = (
    "/sub Kite daily 9 Berlin\n/list\n/unsub 1\n/undo",
    "/sub diffusion -survey weekly mon\n/edit 1 diffusion OR kite\n/set quiet 22:00-8\n/set",
    "papers on kites every morning\nyes\nlist\npause until mon",
    "/today\n/search kite\n2\n/status",
    "订阅 风筝 每天早上8点\n列表\n/set language zh\n取消订阅 1",
    "/pause 2 weeks\n/resume\n/preview\n/why 1",
    "2601.00001\nhttps://arxiv.org/abs/2601.00002\n/help times\n/privacy",
    "/import\nnow | cat:cs.KT | Kites\n/export\n/forget",
    "/connect @papers\n/admin\n/about\n/stop",
    "/follow Ada Quill\n/mute kite\n/set timezone Tokyo\n/set limit 5",
)


CONVERSATIONS: Final = target.Target(
    check=check,
    code=(
        "bot.commands",
        "bot.conversation",
        "bot.rendering",
        "subscriptions.chat_settings",
        "subscriptions.service",
    ),
    seeds=lambda: tuple(bytes([number]) + talk.encode() for number, talk in enumerate(_CONVERSATIONS)),
    words=(
        *typed.SENTENCE_WORDS, *typed.TIME_WORDS[::3], *typed.QUERY_WORDS[::4],
        "/why ", "/preview ", "/resume", "/mute ", "/follow ", "/import\n", "/export", "/forget", "/privacy", "/status", "/admin ", "/help ", "/start ", "/undo",
        "Kite", "Ada Quill", "1", "2-3", "all", "yes", "no", "quiet ", "limit ", "language ", "shape ", "off", "on", "\u202e", "\u2066", "שלום", "@name", "<b>", "&amp;",
    ),
)  # fmt: skip

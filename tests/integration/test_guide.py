"""docs/guide.md agrees with the bot: each line that it types is sent to the bot, and each button that it names is there."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.commands.intent import REGISTRY
from bot.digests import read_digest
from bot.ports.conversation import Place
from subscriptions.model import ChatKind
from subscriptions.store.database.store import Store
from tests.bot_harness import BotHarness
from tests.integration.docs_pages import DOCS, ROOT, blocks, page, rows
from tests.make import NOON, address, ingest_digest

GUIDE = DOCS / "guide.md"
ME, GROUP, CHANNEL = "telegram:42", "telegram:-1001", "telegram:-1009"
SAMPLES = ROOT / "bot" / "samples"
_TYPED = re.compile(
    r"^```(?P<kind>chat|group|channel)\n(?P<block>.*?)^```$|^\| (?P<row>`[^\n]*)$", re.MULTILINE | re.DOTALL
)
_TABLES = [row.code("you type") for columns in ("it brings", "it comes", "it does", "it shows", "then", "you get")
           for row in rows("guide.md", "you type", columns)]  # fmt: skip


def said() -> Iterator[tuple[str, str]]:
    """(where, message) in the order of the page: blocks and the first cells of its tables."""
    for found in _TYPED.finditer(page("guide.md")):
        if found["kind"]:
            yield from ((found["kind"], message) for message in _messages(found["block"]))
        else:
            cell = re.match(r"`(.*?)`", found["row"].split(" | ")[0])
            assert cell
            yield "chat", cell[1].replace("\\|", "|")


def _messages(block: str) -> list[str]:
    """Returns the messages of a block. A line without a command belongs to the command above, or is its own message."""
    if not block.startswith("/"):
        return block.splitlines()
    return [message.strip() for message in re.split(r"^(?=/)", block, flags=re.MULTILINE) if message.strip()]


@pytest.fixture
def bot(store: Store) -> BotHarness:
    """A bot that knows the papers of the samples, a group and a channel that Ada administers."""
    for path in sorted(SAMPLES.iterdir()):
        if path.suffix in {".md", ".txt", ".xml"} and path.name != "README.md":
            digest = read_digest(path.read_bytes(), path.name)
            ingest_digest(store, digest, source=path.stem, day=date(2026, 1, 22), now=NOON - timedelta(hours=2))
    bot = BotHarness(store)
    channel = Place(chat=address(CHANNEL), kind=ChatKind.BROADCAST, title="Daily vision", public=True)
    bot.places["@your_channel"] = channel
    bot.admins |= {GROUP: {"42"}, CHANNEL: {"42"}}
    return bot


async def test_every_line_of_the_guide_is_answered(bot: BotHarness) -> None:
    refused = []
    for where, message in said():
        answer = await bot.says(message, GROUP, by="42") if where == "group" else await bot.says(message)
        bot.later(minutes=1)
        if not answer or answer.text.startswith("✗"):
            refused.append(f"{message}\n  {answer.text}")
    assert not refused, "\n".join(refused)


def test_no_line_is_missed() -> None:
    messages = [message for _, message in said()]
    assert set(_TABLES) <= set(messages)
    assert sum(len(blocks(GUIDE, kind)) for kind in ("chat", "group", "channel")) == 8
    assert len(messages) > 50


@pytest.mark.parametrize(
    "command", [command for command in REGISTRY.commands if command.listed], ids=lambda command: command.name
)
def test_every_command_has_its_place_in_the_guide(command: object) -> None:
    assert f"`/{command.name}" in page("guide.md") or f"/{command.name} " in page("guide.md")  # type: ignore[attr-defined]


def test_the_guide_names_no_command_that_there_is_not() -> None:
    named = re.findall(r"`/([a-z]+)", page("guide.md"))
    assert [name for name in named if REGISTRY.command_named(name) is None] == []


def test_every_button_that_the_guide_names_is_one() -> None:
    known = set(
        re.findall(
            r'^msgid(?:_plural)? "(.*)"$', Path(ROOT, "locales", "paperwire.pot").read_text("utf-8"), re.MULTILINE
        )
    )
    known = {re.sub(r"\{\w+\}", "{count}", label) for label in known}
    known |= {label.removesuffix(" {count}") for label in known} | {"⋯"}
    text = re.sub(r"\[[^\]]*\]\([^)]*\)", "", page("guide.md"))
    labels = [re.sub(r"\d+", "{count}", label) for label in re.findall(r"\[([^\]]+)\]", text)]
    labels += [row["button"] for row in rows("guide.md", "button", "does")]
    assert len(labels) > 12
    assert [label for label in labels if label not in known] == []

"""A setting that only this test declares works everywhere: /set, the list, help, undo, export, import, the page of settings.

To add one, declare it in `SETTINGS`, and read it by `settings.value(NAME)`. It also needs a row of docs/settings.md (then
`python docs/settings_page.py`) and its words in both languages (`make words`); tests of both name what is missing.
"""

import runpy
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from subscriptions import chat_settings
from subscriptions.chat_settings import ChatSetting, NotPossible
from subscriptions.errors import Refused, Sentence
from subscriptions.model import ChatKind
from subscriptions.portable import read_lines
from subscriptions.service import exporting, importing
from subscriptions.service.listing import get_chat
from subscriptions.store import chats
from subscriptions.store.database.store import Store
from tests.bot_harness import BotHarness
from tests.clock import NOON
from tests.integration.docs_pages import DOCS
from tests.make import address
from tests.unit import deliveries

ME = address("telegram:42")
OTHER = address("telegram:43")


def _colour(value: str) -> str:
    if value.startswith("#") and len(value) == 4:
        return value.lower()
    raise NotPossible("a colour such as #08f")


MOOD = ChatSetting(
    name="mood",
    label=Sentence("Mood"),
    meaning=Sentence("how cheerfully the bot speaks"),
    names="temper 心情",
    choices=dict.fromkeys(ChatKind, ("plain", "merry")) | {ChatKind.BROADCAST: ("plain",)},
    values={"plain": Sentence("plain"), "merry": Sentence("very merry")},
    value_names={"merry": "on yes 开"},
)
COLOUR = ChatSetting(
    name="colour",
    label=Sentence("Colour"),
    meaning=Sentence("the colour of everything"),
    check=_colour,
    default=lambda chat: "#000" if chat.kind is ChatKind.PRIVATE else "#fff",
    offered={ChatKind.PRIVATE: ("#000", "#08f")},
    example="#f80",
)


@pytest.fixture(autouse=True)
def declared() -> Iterator[None]:
    chats._settings.cache_clear()
    with patch.dict(chat_settings.SETTINGS, {"mood": MOOD, "colour": COLOUR}):
        yield
    chats._settings.cache_clear()


def value(store: Store, name: str) -> str:
    return get_chat(store, ME).settings.value(name)


async def test_it_is_set_by_command_under_any_of_its_names_and_read_back(bot: BotHarness) -> None:
    said = await bot.says("/set mood merry")
    assert said.lines == ["✓ Mood: very merry (was: plain)"]
    assert value(bot.store, "mood") == "merry"
    assert (await bot.says("/set Temper: plain")).lines == ["✓ Mood: plain (was: very merry)"]
    assert (await bot.says("/set 心情开")).lines == ["✓ Mood: very merry (was: plain)"]
    assert (await bot.says("/set colour #F80")).lines == ["✓ Colour: #f80 (was: #000)"]
    assert (value(bot.store, "mood"), value(bot.store, "colour")) == ("merry", "#f80")


async def test_it_stands_in_the_list_with_a_button_and_in_help(bot: BotHarness) -> None:
    await bot.says("/set mood merry")
    shown = await bot.says("/set")
    assert "· Mood: very merry" in shown.lines
    assert "· Colour: #000" in shown.lines
    assert (await bot.presses("messages")).buttons[-3:] == ["Mood", "Colour", "all settings"]
    help_text = (await bot.says("/help settings")).text
    assert "Mood (mood)\n  how cheerfully the bot speaks" in help_text


async def test_its_values_are_buttons(bot: BotHarness) -> None:
    await bot.says("/set")
    await bot.presses("messages")
    shown = await bot.presses("Mood")
    assert shown.lines == ["Mood: plain", "(how cheerfully the bot speaks)"]
    assert shown.buttons == ["✓ plain", "very merry", "all settings"]
    assert (await bot.presses("very merry")).lines == ["✓ Mood: very merry (was: plain)"]
    shown = await bot.says("/set colour")
    assert shown.lines[-1] == "Any other can be written: /set colour #f80"
    assert shown.buttons == ["✓ #000", "#08f", "all settings"]


async def test_a_value_that_does_not_fit_is_refused(bot: BotHarness) -> None:
    assert (await bot.says("/set mood sad")).lines[0] == "✗ Mood cannot be “sad”."
    assert (await bot.says("/set colour blue")).lines == [
        "✗ Colour cannot be “blue”.",
        "Possible: a colour such as #08f.",
    ]


def test_it_is_fixed_in_a_kind_of_chat_that_has_one_choice() -> None:
    with pytest.raises(Refused, match="Mood is fixed in this kind of chat: plain"):
        chat_settings.check_value("mood", "merry", kind=ChatKind.BROADCAST)


async def test_its_change_can_be_taken_back(bot: BotHarness) -> None:
    await bot.says("/set mood merry")
    assert (await bot.says("/undo")).text.startswith("✓")
    assert value(bot.store, "mood") == "plain"


async def test_it_is_exported_and_imported(bot: BotHarness) -> None:
    await bot.says("/set mood merry")
    await bot.says("/set colour #08f")
    await bot.says("/sub graph")
    text = exporting.export(bot.store, None)
    assert "set colour #08f\n" in text
    assert "set mood merry\n" in text
    importing.import_lines(bot.store, list(read_lines(text.replace(str(ME), str(OTHER)))), now=NOON)
    assert get_chat(bot.store, OTHER).chosen == get_chat(bot.store, ME).chosen
    assert get_chat(bot.store, OTHER).settings.value("mood") == "merry"


def test_the_page_of_settings_and_the_inputs_of_rendering_have_it() -> None:
    written = runpy.run_path(str(DOCS / "settings_page.py"))["page"]((DOCS / "settings.md").read_text("utf-8"))
    assert "| `colour` | `#000` | `#fff` | `#fff` | `#fff` | `#000` |" in written
    assert deliveries.chat(mood="merry").settings.value("mood") == "merry"


def test_it_is_gone_when_it_is_not_declared_any_more() -> None:
    third = ChatSetting(name="third", label=Sentence("Third"), meaning=Sentence("nothing"))
    with patch.dict(chat_settings.SETTINGS, {"third": third}):
        assert chat_settings.setting_name("Third") == "third"
    with pytest.raises(Refused, match="There is no setting “third”"):
        chat_settings.setting_name("third")

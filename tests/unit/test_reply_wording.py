"""The words of replies, and the reasons why a setting has no effect."""

from dataclasses import replace

import pytest

from bot.commands import phrasing
from bot.rendering.language import Language
from subscriptions import chat_settings
from subscriptions.model import Chat, ChatKind
from subscriptions.store.database.store import Store
from tests import tables
from tests.bot_harness import BotHarness
from tests.make import address, ingested


async def test_what_finds_nothing_and_what_is_removed_is_named(store: Store) -> None:
    ingested(store, "Tides of the Moon")
    bot = BotHarness(store)
    for number in range(1, 13):
        added = await bot.says(f"/sub topic{number} now")
        assert added.lines[1:3] == ["No paper of the last 7 days fits.", "It comes as soon as papers do."]
    removed = (await bot.says("/unsub all")).lines
    assert removed[:2] == ["✓ Removed 12 subscriptions:", "1  topic1"]
    assert "and 2 more of them" in removed


def chat_with(where: str, kind: ChatKind = ChatKind.PRIVATE, *, public: bool = False, **chosen: str) -> Chat:
    place = address(where)
    settings = chat_settings.resolve(kind, place.platform, chosen, timezone="UTC", lang="en", public=public)
    return Chat(id=1, address=place, kind=kind, settings=settings, public=public)


@pytest.mark.parametrize(
    ("where", "kind", "chosen", "idle"),
    tables.rows("""
        telegram:42    → private      →              →
        telegram:42    → private      → buttons=off  → limit
        telegram:-1001 → group        →              →
        telegram:-1001 → public group →              → limit
        telegram:-1002 → broadcast    →              → limit
        slack:C1       → team         →              →
        slack:C1       → team         → buttons=off  → limit
        slack:C1/17.5  → team         →              → shape
        slack:C1/17.5  → team         → shape=digest →
        slack:U1       → private      →              →
        console:me     → private      →              → buttons limit
        web:me         → private      →              →
    """),
)
def test_what_changes_nothing_is_known_by_the_place(where: str, kind: str, chosen: str, idle: str) -> None:
    public = kind.startswith("public ")
    values = dict(one.split("=") for one in chosen.split())
    place = chat_with(where, ChatKind(kind.removeprefix("public ")), public=public, **values)
    assert " ".join(sorted(chat_settings.without_effect(place))) == idle


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_setting_without_effect_says_so_with_its_reason(lang: str) -> None:
    before = chat_with("telegram:-1002", ChatKind.BROADCAST)
    _, why = phrasing.setting_changed(
        "limit", before, before._replace(settings=replace(before.settings, limit=5)), Language(lang, "UTC")
    ).lines
    assert (
        why
        == {
            "en": "It has no effect here. No button here opens the rest of a delivery, so all papers are shown.",
            "zh": "在这里不起作用。这里没有按钮可以展开其余论文，所以全部显示。",
        }[lang]
    )

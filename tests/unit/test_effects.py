"""Settings without effect: which ones, in which chat, and the stated reason."""

from dataclasses import replace

import pytest

from bot.commands.phrasing.setting_words import setting_changed
from bot.rendering.language import Language
from subscriptions.chat_settings import resolve, without_effect
from subscriptions.model import Chat, ChatKind
from tests.make import address


def chat(where: str, kind: ChatKind = ChatKind.PRIVATE, *, public: bool = False, **chosen: str) -> Chat:
    place = address(where)
    settings = resolve(kind, place.platform, chosen, timezone="UTC", lang="en", public=public)
    return Chat(id=1, address=place, kind=kind, settings=settings, public=public)


@pytest.mark.parametrize(
    ("chat", "idle"),
    [
        (chat("telegram:42"), set()),
        (chat("telegram:42", buttons="off"), {"limit"}),
        (chat("telegram:-1001", ChatKind.GROUP), set()),
        (chat("telegram:-1001", ChatKind.GROUP, credits="on"), set()),
        (chat("telegram:-1001", ChatKind.GROUP, public=True), {"limit"}),
        (chat("telegram:-1001", ChatKind.GROUP, public=True, credits="on"), {"limit", "credits"}),
        (chat("telegram:-1002", ChatKind.BROADCAST), {"limit"}),
        (chat("slack:C1", ChatKind.TEAM), {"sound"}),
        (chat("slack:C1", ChatKind.TEAM, buttons="off"), {"sound", "limit"}),
        (chat("slack:C1/17.5", ChatKind.TEAM), {"sound", "shape"}),
        (chat("slack:C1/17.5", ChatKind.TEAM, shape="digest"), {"sound"}),
        (chat("slack:U1"), {"sound"}),
        (chat("console:me"), {"limit", "sound", "buttons"}),
        (chat("web:me"), {"sound"}),
    ],
)
def test_what_changes_nothing_is_known_by_the_place(chat: Chat, idle: set[str]) -> None:
    assert set(without_effect(chat)) == idle


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_setting_without_effect_says_so_with_its_reason(lang: str) -> None:
    before = chat("telegram:-1002", ChatKind.BROADCAST)
    after = before._replace(settings=replace(before.settings, limit=5))
    _, why = setting_changed("limit", before, after, Language(lang, "UTC")).lines
    assert (
        why
        == {
            "en": "It has no effect here. No button here opens the rest of a delivery, so all papers are shown.",
            "zh": "在这里不起作用。这里没有按钮可以展开其余论文，所以全部显示。",
        }[lang]
    )

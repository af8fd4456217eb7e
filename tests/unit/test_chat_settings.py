"""Settings of a chat: the defaults of its kind, and the allowed values."""

from dataclasses import asdict

import pytest

import bot.connections  # noqa: F401 - it declares the platforms
from bot.commands import phrasing
from subscriptions.chats import settings as chat_settings
from subscriptions.errors import Refused
from subscriptions.language import Language
from subscriptions.model import ChatKind, ChatSettings
from tests import tables

PRIVATE, GROUP, BROADCAST, TEAM = (
    ChatKind.PRIVATE,
    ChatKind.GROUP,
    ChatKind.BROADCAST,
    ChatKind.TEAM,
)


def settings(kind: ChatKind, platform: str = "telegram", **chosen: str) -> ChatSettings:
    return chat_settings.resolve(kind, platform, chosen, timezone="Europe/Berlin", lang="en")


# One row for each setting: private, group, broadcast, team.
@pytest.mark.parametrize(
    ("name", "private", "group", "broadcast", "team"),
    tables.rows("""
        schedule   → when-out 08:00-20:00 → when-out 08:00-20:00 → when-out 08:00-20:00 → when-out 09:00-18:00 weekdays
        timezone   → Europe/Berlin        → Europe/Berlin        → Europe/Berlin        → Europe/Berlin
        lang       → en                   → en                   → en                   → en
        text       → summary              → summary              → summary              → summary
        limit      → 20                   → 12                   → all                  → 12
        quiet      → 22:00-08:00          → 22:00-08:00          → 22:00-08:00          → 22:00-08:00
        shape      → digest               → digest               → digest               → thread
        crosslists → in                   → in                   → in                   → in
        updates    → on                   → on                   → on                   → on
        buttons    → full                 → full                 → link                 → full
        quietday   → off                  → off                  → off                  → off
        manage     → person               → admins               → admins               → members
    """),
)
def test_each_kind_of_chat_has_its_defaults(name: str, private: str, group: str, broadcast: str, team: str) -> None:
    kinds = [(PRIVATE, "telegram"), (GROUP, "telegram"), (BROADCAST, "telegram"), (TEAM, "slack")]
    found = [asdict(settings(kind, platform))[name] for kind, platform in kinds]
    assert ["all" if value is None else str(value) for value in found] == [private, group, broadcast, team]


def test_each_setting_has_a_row_of_defaults(request: pytest.FixtureRequest) -> None:
    (mark,) = test_each_kind_of_chat_has_its_defaults.pytestmark  # type: ignore[attr-defined]
    assert [row[0] for row in mark.args[1]] == [*chat_settings.SETTINGS]


# the second choice was made while the group was still private
@pytest.mark.parametrize(("chosen", "limit"), [({}, None), ({"buttons": "full", "limit": "5"}, 5)])
def test_a_group_read_by_strangers_has_the_buttons_of_a_channel(chosen: dict[str, str], limit: int | None) -> None:
    public = chat_settings.resolve(GROUP, "telegram", chosen, timezone="UTC", lang="en", public=True)
    assert (public.buttons, public.limit) == ("link", limit)
    assert chat_settings.SETTINGS["buttons"].choices_in(GROUP, public=False) == ("full", "link", "off")
    assert chat_settings.SETTINGS["buttons"].choices_in(GROUP, public=True) == ("link", "off")
    with pytest.raises(Refused, match="Possible: one link, none"):
        chat_settings.check_value("buttons", "full", kind=GROUP, public=True)
    assert chat_settings.SETTINGS["limit"].choices_in(GROUP, public=False) == ()


@pytest.mark.parametrize(
    ("kind", "name", "typed", "kept"),
    tables.rows("""
        private   → lang       → ZH                     → zh
        private   → lang       → English                → en
        private   → text       → Both languages         → both
        broadcast → text       → 双语                   → both
        private   → limit      → 007                    → 7
        private   → limit      → 0                      → all
        private   → quiet      → 11pm – 7am             → 23:00-07:00
        team      → shape      → each                   → each
        private   → crosslists → yes                    → in
        private   → buttons    → none                   → off
        team      → manage     → Admins                 → admins
    """),
)
def test_a_value_is_kept_in_one_form(kind: str, name: str, typed: str, kept: str) -> None:
    found = [chat_settings.check_value(name, value, kind=ChatKind(kind)) for value in (typed, kept)]
    assert found == [kept, kept]


@pytest.mark.parametrize(
    ("kind", "name", "typed", "sentence"),
    [
        *tables.rows("""
            private   → lang     → de             → Language cannot be “de”. Possible: English (en), 中文 (zh).
            private   → limit    → ٣              → a number from 1 to 200
            private   → quiet    → 8-8            → two times of day such as 22:00-08:00, or off.
            broadcast → updates  → off            → News of kept papers is fixed in this kind of chat
            broadcast → shape    → thread         → Layout cannot be “thread”. Possible: one digest, a message for each paper.
        """),
        ("private", "limit", "9" * 5000, "a number from 1 to 200"),
    ],
)
def test_an_unfit_value_is_refused_with_what_is_possible(kind: str, name: str, typed: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        chat_settings.check_value(name, typed, kind=ChatKind(kind))
    assert sentence in str(refused.value)


@pytest.mark.parametrize("name", chat_settings.SETTINGS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_label_and_every_value_can_be_typed_as_it_is_shown(name: str, lang: str) -> None:
    language = Language(lang, "UTC")
    assert chat_settings.setting_name(phrasing.label_of(name, language)) == name
    assert chat_settings.setting_name(phrasing.label_of(name, language).upper()) == name
    for kind in ChatKind:
        for value in chat_settings.SETTINGS[name].choices_in(kind, public=False):
            assert chat_settings.check_value(name, phrasing.value_words(name, value, language), kind=kind) == value

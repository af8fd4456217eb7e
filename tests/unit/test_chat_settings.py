"""Settings of a chat: the defaults of its kind, and the allowed values."""

from dataclasses import asdict, fields

import pytest

from subscriptions import chat_settings, model
from subscriptions.errors import Refused
from subscriptions.planning.cadence import parse_cadence
from tests import tables

PRIVATE, GROUP, BROADCAST, TEAM = (
    model.ChatKind.PRIVATE,
    model.ChatKind.GROUP,
    model.ChatKind.BROADCAST,
    model.ChatKind.TEAM,
)


def settings(kind: model.ChatKind, platform: str = "telegram", **chosen: str) -> model.ChatSettings:
    return chat_settings.resolve(kind, platform, chosen, timezone="Europe/Berlin", lang="en")


# The table of docs/settings.md, one row for each setting: private, group, broadcast, team.
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("schedule", (*["when-out 08:00-20:00"] * 3, "when-out 09:00-18:00 weekdays")),
        ("timezone", ("Europe/Berlin",) * 4),
        ("lang", ("en",) * 4),
        ("text", ("summary",) * 4),
        ("limit", (20, 12, None, 12)),
        ("sound", ("first", "off", "off", "off")),
        ("quiet", ("22:00-08:00",) * 4),
        ("shape", ("digest", "digest", "digest", "thread")),
        ("crosslists", ("in",) * 4),
        ("buttons", ("full", "full", "link", "full")),
        ("credits", ("off", "off", "off", "on")),
        ("quietday", ("off",) * 4),
        ("manage", ("person", "admins", "admins", "members")),
    ],
)
def test_each_kind_of_chat_has_its_defaults(name: str, expected: tuple[object, ...]) -> None:
    kinds = [(PRIVATE, "telegram"), (GROUP, "telegram"), (BROADCAST, "telegram"), (TEAM, "slack")]
    assert tuple(asdict(settings(kind, platform))[name] for kind, platform in kinds) == expected


def test_settings_are_those_of_the_model() -> None:
    assert set(chat_settings.SETTINGS) == {field.name for field in fields(model.ChatSettings)} - {"others"}


@pytest.mark.parametrize("platform", ["console", "web"])
def test_console_and_web_have_no_schedule_night_and_limit(platform: str) -> None:
    at_home = settings(PRIVATE, platform)
    assert (at_home.schedule, at_home.quiet, at_home.limit) == ("now", "off", None)
    assert (at_home.manage, at_home.shape, at_home.text) == ("person", "digest", "summary")
    assert settings(PRIVATE, platform, limit="3").limit == 3


@pytest.mark.parametrize(
    ("code", "lang"), [("zh", "zh"), ("zh-hans", "zh"), ("zh_TW", "zh"), ("de", "en"), ("", "en"), ("en-GB", "en")]
)
def test_a_chat_speaks_the_language_of_its_client(code: str, lang: str) -> None:
    assert chat_settings.resolve(PRIVATE, "telegram", {}, timezone="UTC", lang=code).lang == lang


def test_what_was_chosen_wins() -> None:
    chosen = {
        "schedule": "daily 07:30",
        "timezone": "+08:00",
        "lang": "zh",
        "text": "titles",
        "limit": "5",
        "sound": "off",
        "quiet": "off",
        "crosslists": "out",
        "quietday": "on",
    }
    resolved = asdict(settings(PRIVATE, **chosen))
    assert {name: str(resolved[name]) for name in chosen} == chosen
    assert settings(GROUP, limit="all").limit is None


def test_without_a_button_for_the_rest_nothing_is_left_out() -> None:
    assert (settings(GROUP, buttons="off").limit, settings(GROUP, buttons="off", limit="5").limit) == (None, 5)


# the second choice was made while the group was still private
@pytest.mark.parametrize(("chosen", "limit"), [({}, None), ({"buttons": "full", "limit": "5"}, 5)])
def test_a_group_read_by_strangers_has_the_buttons_of_a_channel(chosen: dict[str, str], limit: int | None) -> None:
    public = chat_settings.resolve(GROUP, "telegram", chosen, timezone="UTC", lang="en", public=True)
    assert (public.buttons, public.limit) == ("link", limit)
    assert chat_settings.choices("buttons", kind=GROUP) == ("full", "link", "off")
    assert chat_settings.choices("buttons", kind=GROUP, public=True) == ("link", "off")
    with pytest.raises(Refused, match="Possible: one link, none"):
        chat_settings.check_value("buttons", "full", kind=GROUP, public=True)
    assert chat_settings.choices("limit", kind=GROUP) == ()


@pytest.mark.parametrize(
    ("typed", "name"),
    tables.rows("""
        limit          → limit
        Limit          → limit
        quiet day note → quietday
        quiet-day      → quietday
        quietday       → quietday
        quiet          → quiet
        tz             → timezone
        time zone      → timezone
        language       → lang
        cross-lists    → crosslists
    """),
)
def test_a_setting_is_found_by_what_people_call_it(typed: str, name: str) -> None:
    assert chat_settings.setting_name(typed) == name


def test_an_unknown_setting_is_refused_with_all_there_are() -> None:
    with pytest.raises(Refused, match=r"no setting “colour”. There are: Schedule, "):
        chat_settings.setting_name("colour")


@pytest.mark.parametrize(
    ("kind", "name", "typed", "kept"),
    [
        (PRIVATE, "schedule", "daily at 8am", "daily 08:00"),
        (PRIVATE, "schedule", "when-out 9-18 weekdays", "when-out 09:00-18:00 weekdays"),
        (PRIVATE, "schedule", "now", "now"),
        (PRIVATE, "timezone", "europe/berlin", "Europe/Berlin"),
        (PRIVATE, "timezone", "UTC+8", "+08:00"),
        (PRIVATE, "lang", "ZH", "zh"),
        (PRIVATE, "lang", "中文", "zh"),
        (PRIVATE, "lang", "zh-CN", "zh"),
        (PRIVATE, "lang", "English", "en"),
        (PRIVATE, "text", "Titles", "titles"),
        (PRIVATE, "text", "Both languages", "both"),
        (BROADCAST, "text", "双语", "both"),
        (TEAM, "text", "中英对照", "both"),
        (PRIVATE, "limit", "7", "7"),
        (PRIVATE, "limit", "007", "7"),
        (PRIVATE, "limit", "all", "all"),
        (PRIVATE, "limit", "off", "all"),
        (PRIVATE, "limit", "none", "all"),
        (PRIVATE, "limit", "0", "all"),
        (PRIVATE, "sound", "on", "first"),
        (PRIVATE, "sound", "off", "off"),
        (PRIVATE, "quiet", "off", "off"),
        (PRIVATE, "quiet", "23-7", "23:00-07:00"),
        (PRIVATE, "quiet", "11pm – 7am", "23:00-07:00"),
        (BROADCAST, "shape", "each", "each"),
        (TEAM, "shape", "each", "each"),
        (PRIVATE, "crosslists", "off", "out"),
        (PRIVATE, "crosslists", "yes", "in"),
        (PRIVATE, "buttons", "none", "off"),
        (GROUP, "buttons", "on", "full"),
        (GROUP, "credits", "on", "on"),
        (TEAM, "credits", "no", "off"),
        (BROADCAST, "credits", "off", "off"),
        (GROUP, "quietday", "on", "on"),
        (GROUP, "manage", "members", "members"),
        (TEAM, "manage", "Admins", "admins"),
    ],
)
def test_a_value_is_kept_in_one_form(kind: model.ChatKind, name: str, typed: str, kept: str) -> None:
    assert [chat_settings.check_value(name, value, kind=kind) for value in (typed, kept)] == [kept, kept]


@pytest.mark.parametrize(
    ("kind", "name", "typed", "sentence"),
    [
        (PRIVATE, "schedule", "hourly", "“hourly” is not a schedule. The nearest is: now."),
        (PRIVATE, "schedule", "soon", "“soon” is not a schedule. For example: now, when-out 08:00-20:00"),
        (PRIVATE, "schedule", "daily 9 Berlin", "takes no place. Set the clock by itself: timezone Europe/Berlin."),
        (PRIVATE, "timezone", "Berlin", "“Berlin” is not a time zone that I know. Did you mean Europe/Berlin?"),
        (PRIVATE, "lang", "de", "Language cannot be “de”. Possible: English (en), 中文 (zh)."),
        (PRIVATE, "text", "short", "Text cannot be “short”. Possible: summary, abstract, titles only, both languages."),
        (PRIVATE, "text", "off", "Text cannot be “off”. Possible: summary, abstract, titles only, both languages."),
        (PRIVATE, "limit", "many", "Papers shown cannot be “many”. Possible: a number from 1 to 200, or all."),
        (PRIVATE, "limit", "-1", "a number from 1 to 200"),
        (PRIVATE, "limit", "201", "a number from 1 to 200"),
        (PRIVATE, "limit", "9" * 5000, "a number from 1 to 200"),
        (PRIVATE, "limit", "٣", "a number from 1 to 200"),
        (PRIVATE, "quiet", "22:00", "two times of day such as 22:00-08:00, or off."),
        (PRIVATE, "quiet", "8-8", "two times of day such as 22:00-08:00, or off."),
        (PRIVATE, "shape", "thread", "Layout is fixed in this kind of chat: one digest."),
        (BROADCAST, "shape", "thread", "Layout cannot be “thread”. Possible: one digest, a message for each paper."),
        (BROADCAST, "credits", "on", "Who asked is fixed in this kind of chat: not named."),
        (BROADCAST, "buttons", "full", "Possible: one link, none."),
        (PRIVATE, "manage", "admins", "Who may change it is fixed in this kind of chat: you."),
        (TEAM, "sound", "first", "Sound is fixed in this kind of chat: off."),
    ],
)
def test_an_unfit_value_is_refused_with_what_is_possible(
    kind: model.ChatKind, name: str, typed: str, sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        chat_settings.check_value(name, typed, kind=kind)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("kind", list(model.ChatKind))
def test_every_default_can_be_chosen_and_read(kind: model.ChatKind) -> None:
    resolved = {name: settings(kind).value(name) for name in chat_settings.SETTINGS}
    assert {name: chat_settings.check_value(name, value, kind=kind) for name, value in resolved.items()} == resolved
    assert str(parse_cadence(resolved["schedule"])) == resolved["schedule"]

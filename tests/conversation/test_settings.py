"""Settings of a chat, changed by command and by button."""

from zoneinfo import available_timezones

import pytest

from bot.commands import cities, phrasing
from bot.ports.conversation import Place
from bot.rendering.language import Language, translator
from subscriptions import chat_settings
from subscriptions.model import ChatKind
from subscriptions.service.conversation_state import known_or_new
from subscriptions.service.listing import get_chat
from subscriptions.zones import zone
from tests.bot_harness import BotHarness
from tests.clock import NOON
from tests.make import address

GROUP = "telegram:-1001"


def test_every_setting_says_what_it_is_for() -> None:
    assert all(setting.meaning.template for setting in chat_settings.SETTINGS.values())


FIXED = [name for name in chat_settings.SETTINGS if len(chat_settings.choices(name, kind=ChatKind.PRIVATE)) == 1]
OPEN = [name for name in chat_settings.SETTINGS if name not in FIXED]


@pytest.mark.parametrize("lang", ["en", "zh"])
async def test_all_settings_are_shown_under_their_labels_with_a_button_for_each_that_can_be_changed(
    bot: BotHarness, lang: str
) -> None:
    await bot.says(f"/lang {lang}")
    shown = await bot.says("/set")
    label = {name: setting.label.say(translator(lang)) for name, setting in chat_settings.SETTINGS.items()}
    named = [line.removeprefix("· ").split("：")[0].split(":")[0] for line in shown.lines if line.startswith("·")]
    assert sorted(named) == sorted(label[name] for name in OPEN)
    groups = list(shown.buttons)
    found = []
    for group in groups:
        found += (await bot.presses(group)).buttons[:-1]
        await bot.presses("all settings" if lang == "en" else "全部设置")
    assert (len(groups), sorted(found)) == (3, sorted(label[name] for name in OPEN))
    assert all(label[name] in shown.lines[-1] for name in FIXED)
    assert "limit" not in shown.text
    assert ("· Papers shown: 20 papers" if lang == "en" else "· 显示篇数：20 篇论文") in shown.lines


async def test_looking_makes_no_chat(bot: BotHarness) -> None:
    await bot.says("/set")
    await bot.says("/lang")
    await bot.says("/timezone")
    with bot.store.read() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM chat").scalar() == 0


@pytest.mark.parametrize("name", FIXED)
async def test_what_a_chat_cannot_choose_is_said(bot: BotHarness, name: str) -> None:
    shown = chat_settings.SETTINGS[name].values[chat_settings.choices(name, kind=ChatKind.PRIVATE)[0]]
    assert (
        await bot.says(f"/set {name}")
    ).text == f"{chat_settings.SETTINGS[name].label} is fixed in this kind of chat: {shown}."


@pytest.mark.parametrize("name", [name for name in OPEN if name != "timezone"])
async def test_every_setting_can_be_chosen_by_button(bot: BotHarness, name: str) -> None:
    await bot.says("/set")
    await bot.presses(chat_settings.SETTINGS[name].group.value.template)
    shown = await bot.presses(str(chat_settings.SETTINGS[name].label))
    assert shown.replaces
    assert shown.lines[0].startswith(f"{chat_settings.SETTINGS[name].label}: ")
    marked = [label for label in shown.buttons if label.startswith("✓ ")]
    assert len(marked) == 1
    other = next(label for label in shown.buttons if label not in (*marked, "all settings"))
    before = stored(bot, name)
    done = await bot.presses(other)
    assert done.replaces
    assert stored(bot, name) != before
    label, now, was = (
        chat_settings.SETTINGS[name].label,
        *(phrasing.value_words(name, value, Language("en", "UTC")) for value in (stored(bot, name), before)),
    )
    chinese = Language("zh", "UTC")
    expected = (
        f"✓ {label}: {now} (was: {was})"
        if name != "lang"
        else f"✓ 语言：{phrasing.value_words(name, 'zh', chinese)}（原为：English）"
    )
    assert done.lines[0] == expected


def stored(bot: BotHarness, name: str) -> str:
    """Returns a setting as it is stored, or its default."""
    return known_or_new(bot.store, address("telegram:42"), ChatKind.PRIVATE).settings.value(name)


@pytest.mark.parametrize("name", chat_settings.SETTINGS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_label_and_every_value_can_be_typed_as_it_is_shown(name: str, lang: str) -> None:
    language = Language(lang, "UTC")
    assert chat_settings.setting_name(phrasing.label_of(name, language)) == name
    assert chat_settings.setting_name(phrasing.label_of(name, language).upper()) == name
    for kind in ChatKind:
        for value in chat_settings.choices(name, kind=kind):
            assert chat_settings.check_value(name, phrasing.value_words(name, value, language), kind=kind) == value


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_numbers_hours_and_languages_can_be_typed_as_they_are_shown(lang: str) -> None:
    language = Language(lang, "UTC")
    for name, value in (("limit", "12"), ("limit", "all"), ("quiet", "22:30-07:00"), ("quiet", "off"), ("lang", lang)):
        assert (
            chat_settings.check_value(name, phrasing.value_words(name, value, language), kind=ChatKind.PRIVATE) == value
        )


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("/set limit 5", "✓ Papers shown: 5 papers (was: 20 papers)"),
        ("/set limit=5", "✓ Papers shown: 5 papers (was: 20 papers)"),
        ("/set LIMIT: 5", "✓ Papers shown: 5 papers (was: 20 papers)"),
        ("/set limit 0", "✓ Papers shown: all papers (was: 20 papers)"),
        ("/set limit 20", "✓ Papers shown: 20 papers, as it was."),
        ("/set quiet off", "✓ Quiet hours: off (was: from 22:00 to 08:00)"),
        ("/set quiet 23-7", "✓ Quiet hours: from 23:00 to 07:00 (was: from 22:00 to 08:00)"),
        ("/set quiet day note on", "✓ Empty days: a short note (was: silence)"),
        ("/settings text titles", "✓ Text: titles only (was: summary)"),
        ("/preferences schedule weekdays 8:30", "✓ Schedule: Monday to Friday 08:30 (was: when the day’s papers are out, 08:00–20:00)"),
        ("/lang 中文", "✓ 语言：中文（原为：English）"),
        ("/set papers shown 7", "✓ Papers shown: 7 papers (was: 20 papers)"),
        ("/set papers shown: 7 papers", "✓ Papers shown: 7 papers (was: 20 papers)"),
        ("/set Papers 7", "✓ Papers shown: 7 papers (was: 20 papers)"),
        ("/set limit everything", "✓ Papers shown: all papers (was: 20 papers)"),
        ("/set quiet hours from 23:00 to 7:00", "✓ Quiet hours: from 23:00 to 07:00 (was: from 22:00 to 08:00)"),
        ("/set quiet hours: off", "✓ Quiet hours: off (was: from 22:00 to 08:00)"),
        ("/set 免打扰 23:00 至 7:00", "✓ Quiet hours: from 23:00 to 07:00 (was: from 22:00 to 08:00)"),
        ("/set 免打扰：关", "✓ Quiet hours: off (was: from 22:00 to 08:00)"),
        ("/set 免打扰关闭", "✓ Quiet hours: off (was: from 22:00 to 08:00)"),
        ("/set 显示篇数 5", "✓ Papers shown: 5 papers (was: 20 papers)"),
        ("/set 显示篇数：5篇", "✓ Papers shown: 5 papers (was: 20 papers)"),
        ("/set 篇数5", "✓ Papers shown: 5 papers (was: 20 papers)"),
        ("/set 内容 仅标题", "✓ Text: titles only (was: summary)"),
        ("/set text both", "✓ Text: both languages (was: summary)"),
        ("/set 内容 中英对照", "✓ Text: both languages (was: summary)"),
        ("/set days without papers a short note", "✓ Empty days: a short note (was: silence)"),
        ("/set 时区 北京", "✓ Time zone: Asia/Shanghai (was: UTC)\nIt is 20:00 there."),
        ("/set limit many", "✗ Papers shown cannot be “many”.\nPossible: a number from 1 to 200, or all."),
        ("/set text 🎉", "✗ Text cannot be “🎉”.\nPossible: summary, abstract, titles only, both languages."),
        ("/set text מלל", "✗ Text cannot be “מלל”.\nPossible: summary, abstract, titles only, both languages."),
        ("/set manage admins", "✗ Who may change it is fixed in this kind of chat: you."),
        ("/set limt 5", f"✗ There is no setting “limt”.\nDid you mean limit? There are: {', '.join(str(one.label) for one in chat_settings.SETTINGS.values())}."),
        ("/set 🎉", f"✗ There is no setting “🎉”.\nThere are: {', '.join(str(one.label) for one in chat_settings.SETTINGS.values())}."),
        ("/tz +08:00", ("✓ Time zone: +08:00 (was: UTC)\n+08:00 is a fixed offset, so it ignores summer time.\n"
                       "It is 20:00 there.")),
        ("/tz new york", "✓ Time zone: America/New_York (was: UTC)\nIt is 07:00 there."),
        ("/timezone 北京", "✓ Time zone: Asia/Shanghai (was: UTC)\nIt is 20:00 there."),
        ("/set timezone europe/berlin", "✓ Time zone: Europe/Berlin (was: UTC)\nIt is 13:00 there."),
        ("/tz Berln", "✗ “Berln” is not a time zone that I know.\nDid you mean Europe/Berlin?"),
        ("/tz nowhere", ("✗ “nowhere” is not a time zone that I know.\n"
                        "For example: Europe/Berlin, America/New_York, Asia/Shanghai or +08:00.")),
        ("/tz +25", "✗ “+25” is not an offset that any clock on Earth shows.\nFor example: +08:00, UTC-3 or +05:30."),
    ],
)  # fmt: skip
async def test_settings_by_word(bot: BotHarness, said: str, answer: str) -> None:
    assert (await bot.says(said)).text == answer


async def test_the_nearest_zone_is_a_button(bot: BotHarness) -> None:
    assert (await bot.says("/tz Berln")).buttons == ["Europe/Berlin"]
    assert "Time zone: Europe/Berlin" in (await bot.presses("Europe/Berlin")).text


async def test_a_change_can_be_taken_back(bot: BotHarness) -> None:
    assert (await bot.says("/set limit 5")).buttons == ["undo"]
    await bot.presses("undo")
    assert bot.chat_of("telegram:42").settings.limit == 20


async def test_a_change_that_changes_nothing_has_nothing_to_undo(bot: BotHarness) -> None:
    assert (await bot.says("/set limit 20")).buttons == []


async def test_the_answer_to_a_new_language_is_in_that_language(bot: BotHarness) -> None:
    await bot.says("/lang")
    assert "语言：中文" in (await bot.presses("中文")).text
    assert "Language: English" in (await bot.says("/lang en")).text


async def test_a_zone_is_chosen_by_what_the_clock_shows(bot: BotHarness) -> None:
    asked = await bot.says("/timezone")
    assert "Which clock is yours?" in asked.text
    assert "13:00 Berlin" in asked.buttons
    done = await bot.presses("13:00 Berlin")
    assert done.replaces
    assert bot.chat_of("telegram:42").settings.timezone == "Europe/Berlin"


async def test_more_cities_follow_page_by_page_and_begin_again(bot: BotHarness) -> None:
    first = await bot.says("/timezone")
    seen = [first.buttons]
    for _ in range(20):
        bot.later(minutes=1)
        page = await bot.presses("another city")
        assert page.replaces
        if page.buttons[0].partition(" ")[2] == first.buttons[0].partition(" ")[2]:
            break
        seen.append(page.buttons)
    assert 3 < len(seen) < 10
    cities = [
        label.partition(" ")[2] for page in seen for label in page if label not in ("another city", "all settings")
    ]
    assert len(set(cities)) == len(cities)


async def test_cities_are_written_in_the_language_of_the_chat(bot: BotHarness) -> None:
    await bot.says("/lang zh", language="zh-hans")
    assert "20:00 上海" in (await bot.says("/timezone", language="zh-hans")).buttons


@pytest.mark.parametrize("operator", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "+05:45"])
@pytest.mark.parametrize("language", ["en", "zh-hans", "de", "pt-br", "", "tlh"])
def test_a_page_of_cities_has_eight_to_twelve_different_clocks(operator: str, language: str) -> None:
    pages = cities.city_pages(NOON, operator=operator, language=language)
    assert 8 <= len(pages[0]) <= 12
    for page in pages:
        assert len(page) <= cities.CITIES_OF_A_PAGE
        clocks = [NOON.astimezone(zone(name)).utcoffset() for name in page]
        assert clocks == sorted(set(clocks))  # type: ignore[type-var]
    assert {name for page in pages for name in page} <= available_timezones()
    if "/" in operator:
        assert operator in pages[0]
    if language == "zh-hans":
        assert "Asia/Shanghai" in pages[0]


async def test_in_a_group_values_stand_on_the_buttons_and_only_admins_change_them(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7"}
    shown = await bot.says("/set", GROUP, by="8")
    assert (len(shown.lines), shown.buttons) == (1, ["times", "papers", "messages"])
    assert "Papers shown: 12 papers" in (await bot.presses("papers", GROUP, by="8")).buttons
    refused = await bot.presses("Papers shown: 12 papers", GROUP, by="8")
    assert refused.toast == "Only admins of this chat can change that."
    picked = await bot.presses("Papers shown: 12 papers", GROUP, by="7")
    assert len(picked.lines) == 3
    assert (await bot.presses("50", GROUP, by="7")).text == "✓ Papers shown: 50 papers (was: 12 papers)"
    assert (await bot.says("/set limit 5", GROUP, by="8")).text == "✗ Only admins of this chat can change that."


async def test_in_a_public_group_there_are_words_and_no_buttons(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7"}
    bot.public.add(GROUP)
    for said in ("/set", "/set limit", "/set text", "/timezone", "/set limit 5", "/tz Berln"):
        assert (await bot.says(said, GROUP, by="7")).buttons == []
    assert "Possible: /set buttons link | off" in (await bot.says("/set buttons", GROUP, by="7")).text
    refused = await bot.says("/set buttons full", GROUP, by="7")
    assert refused.text == "✗ Buttons cannot be “full”.\nPossible: one link, none."


async def test_a_group_lives_by_the_clock_and_language_of_the_admin_who_sets_it_up(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7"}
    await bot.says("/tz berlin", "telegram:7")
    await bot.says("/lang zh", "telegram:7")
    await bot.says("/set limit 5", GROUP, by="7")
    settings = bot.chat_of(GROUP).settings
    assert (settings.timezone, settings.lang) == ("Europe/Berlin", "zh")


async def test_a_channel_is_set_from_a_private_chat_and_its_buttons_are_about_it(bot: BotHarness) -> None:
    channel = address("telegram:-100200")
    place = Place(chat=channel, kind=ChatKind.BROADCAST, title="Lab papers", public=True)
    bot.places |= {"@lab_papers": place, "-100200": place}
    bot.admins["telegram:-100200"] = {"42"}
    assert "Layout: a message for each paper (was: one digest)" in (await bot.says("/set @lab_papers shape each")).text
    await bot.says("/set @lab_papers text")
    await bot.presses("titles only")
    assert get_chat(bot.store, channel).settings.text == "titles"
    await bot.presses("undo")
    assert get_chat(bot.store, channel).settings.text == "summary"
    assert (await bot.says("/set @lab_papers text abstract", "telegram:43")).text.startswith("✗")
    assert get_chat(bot.store, channel).settings.text == "summary"


async def test_the_first_subscription_asks_for_the_clock_and_other_cities_follow_below(bot: BotHarness) -> None:
    said = await bot.says("/sub diffusion")
    assert "13:00 Berlin" not in said.buttons
    cities = await bot.presses("another city")
    assert not cities.replaces
    assert "13:00 Berlin" in cities.buttons
    assert (await bot.presses("another city")).replaces
    await bot.says("/unsub 1")


@pytest.mark.parametrize(
    ("said", "name", "value"),
    [
        ("set limit all", "limit", "None"),
        ("Set limit = off", "limit", "None"),
        ("set order newest", "order", "newest"),
        ("设置 篇数 全部", "limit", "None"),
        ("set order statistics", "limit", "20"),  # a query
        ("set the limit to 7", "limit", "7"),
    ],
)
@pytest.mark.parametrize("mention", [{}, {"is_addressed": True, "mentions_bot": True, "takes_bare_commands": True}])
@pytest.mark.sentences
async def test_set_does_what_it_says_without_its_slash(
    bot: BotHarness, said: str, name: str, value: str, mention: dict[str, bool]
) -> None:
    bot.admins[GROUP] = {"7"}
    chat = GROUP if mention else "telegram:42"
    await bot.says("/sub trees", chat, by="7", is_addressed=True)
    await bot.says("/set limit 20", chat, by="7", is_addressed=True)
    await bot.says(said, chat, by="7", **mention)
    assert str(bot.chat_of(chat).settings.value(name)) == value.replace("None", "all")

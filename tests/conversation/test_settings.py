"""What a chat chooses for itself, by word and by button."""

from zoneinfo import available_timezones

import pytest

from bot.commands.cities import A_PAGE, city_pages
from bot.commands.settings import MEANINGS
from bot.ports import Place
from subscriptions import SETTINGS, ChatKind, choices, get_chat, zone
from tests.make import NOON, address
from tests.talking import Talk

GROUP = "telegram:-1001"


def test_every_setting_says_what_it_is_for() -> None:
    assert tuple(MEANINGS) == SETTINGS


async def test_all_settings_are_shown_with_a_button_for_each_that_has_a_choice(talk: Talk) -> None:
    shown = await talk.says("/set")
    assert [line.split()[0] for line in shown.lines[1:]] == list(SETTINGS)
    assert "limit       20" in shown.lines
    single = {name for name in SETTINGS if len(choices(name, kind=ChatKind.PRIVATE)) == 1}
    assert shown.buttons == [name for name in SETTINGS if name not in single]


async def test_looking_makes_no_chat(talk: Talk) -> None:
    await talk.says("/set")
    await talk.says("/lang")
    await talk.says("/timezone")
    with talk.store.read() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM chat").scalar() == 0


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "timezone"])
async def test_every_setting_can_be_chosen_by_button(talk: Talk, name: str) -> None:
    words = choices(name, kind=ChatKind.PRIVATE)
    if len(words) == 1:
        said = await talk.says(f"/set {name}")
        assert said.text == f"In this kind of chat, {name} is always {words[0]}."
        return
    await talk.says("/set")
    shown = await talk.presses(name)
    assert shown.replaces
    marked = [label for label in shown.buttons if label.startswith("✓ ")]
    assert len(marked) == 1
    other = next(label for label in shown.buttons if label not in (*marked, "all settings"))
    done = await talk.presses(other)
    assert done.replaces
    value = {"English": "en", "中文": "zh"}.get(other, other)
    stored = getattr(get_chat(talk.store, address("telegram:42")).settings, name)
    assert value == ("all" if stored is None else str(stored))
    assert name in done.text
    assert value in done.text


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("/set limit 5", "✓ limit is now 5; it was 20."),
        ("/set limit=5", "✓ limit is now 5; it was 20."),
        ("/set LIMIT: 5", "✓ limit is now 5; it was 20."),
        ("/set limit 0", "✓ limit is now all; it was 20."),
        ("/set limit 20", "✓ limit is 20, as it was."),
        ("/set quiet off", "✓ quiet is now off; it was 22:00-08:00."),
        ("/set quiet 23-7", "✓ quiet is now 23:00-07:00; it was 22:00-08:00."),
        ("/set quiet day note on", "✓ quietday is now on; it was off."),
        ("/settings text titles", "✓ text is now titles; it was summary."),
        ("/preferences schedule weekdays 8:30", "✓ schedule is now weekdays 08:30; it was when-out 08:00-20:00."),
        ("/lang 中文", "✓ lang 现为 zh，原为 en。"),
        ("/set limit many", "✗ “many” is not a value for limit.\nPossible: a number from 1 to 200, or all."),
        ("/set text 🎉", "✗ “🎉” is not a value for text.\nPossible: summary, abstract, titles."),
        ("/set text מלל", "✗ “מלל” is not a value for text.\nPossible: summary, abstract, titles."),
        ("/set manage admins", "✗ In this kind of chat, manage is always person."),
        ("/set limt 5", f"✗ There is no setting “limt”.\nDid you mean limit? There are: {', '.join(SETTINGS)}."),
        ("/set 🎉", f"✗ There is no setting “🎉”.\nThere are: {', '.join(SETTINGS)}."),
        ("/tz +08:00", ("✓ timezone is now +08:00; it was UTC.\n+08:00 is a fixed offset, so it ignores summer time.\n"
                       "It is 20:00 there.")),
        ("/tz new york", "✓ timezone is now America/New_York; it was UTC.\nIt is 07:00 there."),
        ("/timezone 北京", "✓ timezone is now Asia/Shanghai; it was UTC.\nIt is 20:00 there."),
        ("/set timezone europe/berlin", "✓ timezone is now Europe/Berlin; it was UTC.\nIt is 13:00 there."),
        ("/tz Berln", "✗ “Berln” is not a time zone that I know.\nDid you mean Europe/Berlin?"),
        ("/tz nowhere", ("✗ “nowhere” is not a time zone that I know.\n"
                        "For example: Europe/Berlin, America/New_York, Asia/Shanghai or +08:00.")),
        ("/tz +25", "✗ “+25” is not an offset that any clock on Earth shows.\nFor example: +08:00, UTC-3 or +05:30."),
    ],
)  # fmt: skip
async def test_settings_by_word(talk: Talk, said: str, answer: str) -> None:
    assert (await talk.says(said)).text == answer


async def test_the_nearest_zone_is_a_button(talk: Talk) -> None:
    assert (await talk.says("/tz Berln")).buttons == ["Europe/Berlin"]
    assert "timezone is now Europe/Berlin" in (await talk.presses("Europe/Berlin")).text


async def test_a_change_can_be_taken_back(talk: Talk) -> None:
    assert (await talk.says("/set limit 5")).buttons == ["undo"]
    await talk.presses("undo")
    assert get_chat(talk.store, address("telegram:42")).settings.limit == 20


async def test_a_change_that_changes_nothing_has_nothing_to_undo(talk: Talk) -> None:
    assert (await talk.says("/set limit 20")).buttons == []


async def test_the_answer_to_a_new_language_is_in_that_language(talk: Talk) -> None:
    await talk.says("/lang")
    assert "现为 zh" in (await talk.presses("中文")).text
    assert "is now en" in (await talk.says("/lang en")).text


# ------------------------------------------------------------------------------------------------------ clocks and cities


async def test_a_zone_is_chosen_by_what_the_clock_shows(talk: Talk) -> None:
    asked = await talk.says("/timezone")
    assert "Which clock is yours?" in asked.text
    assert "13:00 Berlin" in asked.buttons
    done = await talk.presses("13:00 Berlin")
    assert done.replaces
    assert get_chat(talk.store, address("telegram:42")).settings.timezone == "Europe/Berlin"


async def test_more_cities_follow_page_by_page_and_begin_again(talk: Talk) -> None:
    first = await talk.says("/timezone")
    seen = [first.buttons]
    for _ in range(20):
        talk.later(minutes=1)
        page = await talk.presses("more")
        assert page.replaces
        if page.buttons[0].partition(" ")[2] == first.buttons[0].partition(" ")[2]:
            break
        seen.append(page.buttons)
    assert 3 < len(seen) < 10
    cities = [label.partition(" ")[2] for page in seen for label in page if label not in ("more", "all settings")]
    assert len(set(cities)) == len(cities)


async def test_cities_are_written_in_the_language_of_the_chat(talk: Talk) -> None:
    await talk.says("/lang zh", language="zh-hans")
    assert "20:00 上海" in (await talk.says("/timezone", language="zh-hans")).buttons


@pytest.mark.parametrize("operator", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "+05:45"])
@pytest.mark.parametrize("language", ["en", "zh-hans", "de", "pt-br", "", "tlh"])
def test_a_page_of_cities_has_eight_to_twelve_different_clocks(operator: str, language: str) -> None:
    pages = city_pages(NOON, operator=operator, language=language)
    assert 8 <= len(pages[0]) <= 12
    for page in pages:
        assert len(page) <= A_PAGE
        clocks = [NOON.astimezone(zone(name)).utcoffset() for name in page]
        assert clocks == sorted(set(clocks))  # type: ignore[type-var]
    assert {name for page in pages for name in page} <= available_timezones()
    if "/" in operator:
        assert operator in pages[0]
    if language == "zh-hans":
        assert "Asia/Shanghai" in pages[0]


# ----------------------------------------------------------------------------------------------------- groups, channels


async def test_in_a_group_values_stand_on_the_buttons_and_only_admins_change_them(talk: Talk) -> None:
    talk.managers[GROUP] = {"7"}
    shown = await talk.says("/set", GROUP, by="8")
    assert len(shown.lines) == 1
    assert "limit: 12" in shown.buttons
    assert (await talk.presses("limit: 12", GROUP, by="8")).toast == "Only admins of this chat can change that."
    picked = await talk.presses("limit: 12", GROUP, by="7")
    assert len(picked.lines) == 2
    assert (await talk.presses("50", GROUP, by="7")).text == "✓ limit is now 50; it was 12."
    assert (await talk.says("/set limit 5", GROUP, by="8")).text == "✗ Only admins of this chat can change that."


async def test_in_a_public_group_there_are_words_and_no_buttons(talk: Talk) -> None:
    talk.managers[GROUP] = {"7"}
    talk.public.add(GROUP)
    for said in ("/set", "/set limit", "/set text", "/timezone", "/set limit 5", "/tz Berln"):
        assert (await talk.says(said, GROUP, by="7")).buttons == []
    assert "Possible: /set buttons link | off" in (await talk.says("/set buttons", GROUP, by="7")).text
    refused = await talk.says("/set buttons full", GROUP, by="7")
    assert refused.text == "✗ “full” is not a value for buttons.\nPossible: link, off."


async def test_a_group_lives_by_the_clock_and_language_of_the_admin_who_sets_it_up(talk: Talk) -> None:
    talk.managers[GROUP] = {"7"}
    await talk.says("/tz berlin", "telegram:7")
    await talk.says("/lang zh", "telegram:7")
    await talk.says("/set limit 5", GROUP, by="7")
    settings = get_chat(talk.store, address(GROUP)).settings
    assert (settings.timezone, settings.lang) == ("Europe/Berlin", "zh")


async def test_a_channel_is_set_from_a_private_chat_and_its_buttons_are_about_it(talk: Talk) -> None:
    channel = address("telegram:-100200")
    place = Place(chat=channel, kind=ChatKind.BROADCAST, title="Lab papers", public=True)
    talk.places |= {"@lab_papers": place, "-100200": place}
    talk.managers["telegram:-100200"] = {"42"}
    assert "shape is now each; it was digest." in (await talk.says("/set @lab_papers shape each")).text
    await talk.says("/set @lab_papers text")
    await talk.presses("titles")
    assert get_chat(talk.store, channel).settings.text == "titles"
    await talk.presses("undo")
    assert get_chat(talk.store, channel).settings.text == "summary"
    assert (await talk.says("/set @lab_papers text abstract", "telegram:43")).text.startswith("✗")
    assert get_chat(talk.store, channel).settings.text == "summary"


async def test_the_first_subscription_asks_for_the_clock_and_other_cities_follow_below(talk: Talk) -> None:
    said = await talk.says("/sub diffusion")
    assert "13:00 Berlin" in said.buttons
    assert not (await talk.presses("more")).replaces
    assert (await talk.presses("more")).replaces
    await talk.says("/unsub 1")

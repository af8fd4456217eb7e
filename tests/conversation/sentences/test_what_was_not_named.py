"""A sentence never raises, and never changes anything that it does not name: no word, name or number widens to all.

The tables are wide on purpose: each row is a sentence with a missing, an odd or an unknown slot.
"""

from pathlib import Path

import pytest

from bot.sentences.words import intents, reader
from subscriptions.model import ChatKind
from subscriptions.service.conversation_state import known_or_new
from tests import make
from tests.bot_harness import BotHarness
from tests.conversation.deliverer import subscriptions_of
from tests.conversation.sentences.test_sentences import ME, a_bot

THREE = "/sub kelp forests daily 9\nsalt OR sand weekdays 8\n图神经网络 -综述 daily 10"
EXAMPLES = Path(reader.__file__).parent / "examples"
SLOTS = ("", "7", "2601.00001", "the tuba one", "低音号那个", "4 pm", "Nowhere", "31 february")  # odd values of a mark
_MARKS = (
    "{n}",
    "{id}",
    "{x}",
    "{not}",
    "{that}",
    "{name}",
    "{label}",
    "{when}",
    "{date}",
    "{place}",
    "{hours}",
    "{span}",
)


def state(bot: BotHarness) -> tuple[dict[int, tuple[str, str, str, str, str]], dict[str, str], str]:
    """Returns the subscriptions by number, the chosen settings, and the state of the chat."""
    chat = known_or_new(bot.store, make.address(ME), ChatKind.PRIVATE)
    there = {
        one.number: (one.text, one.name, str(one.cadence), str(one.state), str(one.paused_until))
        for one in subscriptions_of(bot)
    }
    return there, dict(chat.chosen), str(chat.state)


def _samples() -> list[str]:
    """Returns a few real sentences of each intent and language, with and without a value for each slot."""
    found = []
    for path in sorted(EXAMPLES.glob("*/*.txt")):
        lines = path.read_text("utf-8").splitlines()
        plain, slotted = [one for one in lines if "{" not in one], [one for one in lines if "{" in one]
        found += plain[:1]
        for at, line in enumerate(slotted[:: max(len(slotted) // 2, 1)][:2]):
            odd = SLOTS[(len(found) + at) % len(SLOTS)]
            for mark in _MARKS:
                line = line.replace(mark, odd)  # noqa: PLW2901 - the marks are replaced one after another
            found.append(line)
    return found


@pytest.mark.parametrize("before", ["", THREE])
async def test_every_intent_has_an_effect_or_a_refusal_and_none_raises(before: str) -> None:
    silent = []
    with a_bot() as bot:
        for said in _samples():
            bot.command_limits = type(bot.command_limits)()
            if before and not subscriptions_of(bot):
                await bot.says(before)
            answer = await bot.says(said)
            if not (answer.text or answer.toast or answer.file):
                silent.append(said)
    assert silent == []


@pytest.mark.parametrize(
    "said",
    [
        "my clock says 4 pm",
        "it is half past nine in the evening over here",
        "wrong time zone, my watch shows 16:00",
        "时区错了，我这边现在是晚上八点",
        "my time zone is odd",
        "4pm",
    ],
)
@pytest.mark.parametrize("before", ["", THREE])
async def test_a_local_time_is_answered_with_places(before: str, said: str) -> None:
    with a_bot() as bot:
        await bot.says(before or "/list")
        then = state(bot)
        answer = await bot.says(said)
        assert answer.buttons, answer.text
        assert state(bot)[0] == then[0]


@pytest.mark.parametrize(
    "said",
    [
        # of something else than deliveries, or only a hint
        "my meeting is at 9am",
        "we need to talk about kelp forests at 7",
        "kelp forests was a mistake",
        "I no longer work on kelp forests",
        "图神经网络我已经不研究了",
        "I sleep from 11 to 7",
        "每天都很忙",
        "周五我要去爬山",
        "周末我打算去海边",
        "abbestellen",
        "ja",
        # names that fit no subscription
        "pause the tuba one",
        "mute the tuba one for a week",
        "resume the tuba one",
        "remove the tuba one",
        "stop the tuba one",
        "silence the tuba one",
        "unsubscribe from all tuba papers",
        "make the tuba one weekly",
        "change the tuba one to 7",
        "rename the tuba one to brass",
        "no tuba for a week please",
        "weekdays only for the tuba one",
        "pause kelp forests and the tuba one",
        "低音号那个先停一停",
        "先停掉低音号的",
        "把低音号的暂停三天",
        "低音号那个恢复推送",
        "低音号那个删掉",
        "低音号那个改成每周一",
        "低音号停一周",
        # numbers that no subscription has
        "remove 9",
        "remove fog from number 9",
        "pause number 9",
        "call number 9 brass",
        "去掉第9个里的雾",
        # two names that disagree
        "remove number 2, the kelp forests one",
        "pause number 2, the kelp forests one",
        # all except some: one question
        "remove all except kelp forests",
        "everything but number 1 can go, remove the others",
        "unsubscribe from all but 2",
        "pause everything except kelp forests",
        "make all but number 2 weekly",
        "except for the tuba one, remove everything",
        "除了kelp forests都退掉",
        "除了第2个，其他的都暂停三天",
        "把1以外的全部删掉",
        "除了低音号都退掉",
        "只保留第2个",
        # of the whole chat, although one subscription is named
        "mute sounds for kelp forests",
        # no subject
        "tell me when there is",
        "ping me once one comes out",
        "有了告诉我",
        # a whole query or an exclusion, which is no word that can simply be taken out
        "remove kelp forests from number 1",
        "从第3个里去掉综述",
    ],
)
async def test_what_is_not_named_is_not_changed(said: str) -> None:
    with a_bot() as bot:
        await bot.says(THREE)
        before = state(bot)
        answer = await bot.says(said)
        assert answer.text
        assert "remove all" not in answer.buttons
        assert "全部删除" not in answer.buttons
        assert state(bot) == before, answer.text


@pytest.mark.parametrize(
    ("said", "press", "left"),
    [
        ("remove all except kelp forests", "remove 2, 3", {1}),
        ("drop the others, keep number 2", "remove 1, 3", {2}),
        ("/unsub all except 2", "remove 1, 3", {2}),
        ("unsubscribe from everything apart from 1 and 3", "remove 2", {1, 3}),
        ("除了kelp forests都退掉", "删除 2, 3", {1}),
        ("把第2个以外的都删了", "删除 1, 3", {2}),
        ("只留下图神经网络", "删除 1, 2", {3}),
    ],
)
async def test_all_but_some_are_removed_after_one_question(said: str, press: str, left: set[int]) -> None:
    with a_bot() as bot:
        await bot.says(THREE)
        await bot.says(said)
        await bot.presses(press)
        assert {*state(bot)[0]} == left
        await bot.says("/undo")
        assert {*state(bot)[0]} == {1, 2, 3}


async def test_all_but_one_are_paused_and_resumed_as_one_change() -> None:
    with a_bot() as bot:
        await bot.says(THREE)
        before = state(bot)
        await bot.says("pause everything except number 2 for a week")
        await bot.says("yes")
        assert [one[3] for one in state(bot)[0].values()] == ["paused", "active", "paused"]
        await bot.says("/undo")
        assert state(bot) == before


@pytest.mark.parametrize(
    ("said", "number", "text"),
    [
        ("remove fog from subscription 1", 1, "kelp forests -fog"),
        ('remove "fog" from my first subscription', 1, "kelp forests -fog"),
        ("take forests out of number 1", 1, "kelp"),
        ("delete the word sand from my second subscription", 2, "salt"),
        ("drop salt from 2", 2, "sand"),
        ("get rid of fog in the kelp forests one", 1, "kelp forests -fog"),
        ("从第1个订阅里去掉雾", 1, "kelp forests -雾"),
        ("把sand从订阅2里删掉", 2, "salt"),
        ("第2个里的sand去掉", 2, "salt"),
    ],
)
async def test_to_remove_a_word_is_to_edit(said: str, number: int, text: str) -> None:
    with a_bot() as bot:
        await bot.says(THREE)
        before = state(bot)[0]
        await bot.says(said)
        after = state(bot)[0]
        assert after[number][0] == text
        assert {one: after[one] for one in after if one != number} == {
            one: before[one] for one in before if one != number
        }


@pytest.mark.parametrize(
    ("said", "paused"),
    [
        ("mute kelp forests for a week", {1}),
        ("salt那个先停一停", {2}),
        ("暂停图神经网络那个", {3}),
        ("pause the kelp papers", {1}),
        ("pause", "chat"),
        ("mute everything until monday", "chat"),
        ("I am at sea for two weeks, no mails please", "chat"),
        ("全部先停一停", "chat"),
    ],
)
async def test_what_is_named_is_paused(said: str, paused: object) -> None:
    with a_bot() as bot:
        await bot.says(THREE)
        await bot.says(said)
        there, _, chat = state(bot)
        assert (chat if chat == "paused" else {n for n, one in there.items() if one[3] == "paused"}) == (
            "paused" if paused == "chat" else paused
        )


@pytest.mark.parametrize(
    "said",
    ["tell me when there is", "let me know once there are new ones", "keep me posted", "有了告诉我", "有的话通知我"],
)
async def test_who_wants_to_hear_of_a_search_subscribes_to_it(said: str) -> None:
    with a_bot() as bot:
        await bot.says("/search tubas")
        await bot.says(said)
        assert [one[0] for one in state(bot)[0].values()] == ["tubas"]
        assert "quietday" not in state(bot)[1]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("unsave 2601.11087", "✓ No longer saved:"),
        ("remove 2601.11087 from my saved papers", "✓ No longer saved:"),
        ("删除收藏 2601.11087", "✓ 已取消收藏："),
        ("取消收藏 2601.11087", "✓ 已取消收藏："),
        ("/unsave 2601.11087", "✓ No longer saved:"),
    ],
)
async def test_a_saved_paper_is_removed(said: str, text: str) -> None:
    with a_bot() as bot:
        await bot.says("/save 2601.11087")
        assert (await bot.says(said)).text.startswith(text)
        assert "2601.11087" not in (await bot.says("/export saved")).text


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("bibtex for 2601.11087", "@misc{zhang2026physrvg"),
        ("/export bib 2601.11087", "@misc{zhang2026physrvg"),
        ("给我 2601.11087 的 bibtex", "@misc{zhang2026physrvg"),
        ("ris for https://arxiv.org/abs/2601.11087", "TY  - UNPB"),
        ("bibtex for 2601.99998", "2601.99998 is not known here."),
    ],
)
async def test_the_bibtex_of_a_known_paper_is_shown(said: str, text: str) -> None:
    with a_bot() as bot:
        assert text in (await bot.says(said)).text


def test_a_meaning_needs_no_known_word() -> None:
    assert intents.meaning("").intent == reader.QUERY

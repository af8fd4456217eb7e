"""The bot understands sentences that people wrote.

The file sentences.jsonl, in the folder that PAPERWIRE_SHARED names, has the sentences with their expected results.

`python -m tests.conversation.sentences.test_sentences FILE…` prints the failing sentences of other files, with their answers.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import ANY

import pytest

from bot.digests import read_digest
from subscriptions.model import ChatKind
from subscriptions.query.parse import parse_query
from subscriptions.service.conversation_state import known_or_new
from subscriptions.store.database.store import Store
from tests import make
from tests.bot_harness import Answer, BotHarness
from tests.clock import NOON
from tests.conversation.deliverer import subscriptions_of

SHARED = os.environ.get("PAPERWIRE_SHARED", "")
SENTENCES = Path(SHARED) / "sentences.jsonl"
ME = "telegram:42"
ENOUGH = 80  # of the 85 sentences, at least so many must have the expected result
SAMPLES = Path(__file__).parents[3] / "bot" / "samples"


@cache
def _template() -> bytes:
    """Returns a database with the papers of the sample digests."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "paperwire.db"
        store = Store(f"sqlite:///{path}")
        store.open(now=NOON)
        for sample in sorted(SAMPLES.iterdir()):
            if sample.name != "README.md":
                document = read_digest(sample.read_bytes(), sample.name)
                make.ingest_digest(store, document, source="samples", day=NOON.date(), now=NOON)
        store.close()
        return path.read_bytes()


@contextmanager
def a_bot() -> Iterator[BotHarness]:
    """Makes a bot that has the papers of the sample digests."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "paperwire.db"
        path.write_bytes(_template())
        store = Store(f"sqlite:///{path}")
        store.open(now=NOON)
        yield BotHarness(store)
        store.close()


async def outcome(bot: BotHarness, said: Mapping[str, Any]) -> tuple[bool, str]:
    """Returns (whether a sentence has the expected result, the answer)."""
    for line in said.get("before", ()):
        await bot.says(line)
    answer = await bot.says(said["say"])
    pressed = await _pressed(bot, said, answer)
    text = "\n".join([*(f"[{label}]" for label in answer.buttons), answer.text, answer.toast])
    if answer.file:
        text += answer.file.text
    chat = known_or_new(bot.store, make.address(ME), ChatKind.PRIVATE)
    there = _there(bot)
    right = [
        "subs" not in said or _are(there, said["subs"]),
        all(str(getattr(chat, name)) == value for name, value in said.get("chat", {}).items()),
        all(chat.settings.value(name) == value for name, value in said.get("set", {}).items()),
        "must" not in said or bool(re.search(said["must"], text)),
        "never" not in said or not re.search(said["never"], text),
    ]
    return all(right), f"{there} | {pressed} | {text}"


async def _pressed(bot: BotHarness, said: Mapping[str, Any], answer: Answer) -> str:
    """Presses the button that `said` names, or [subscribe] if an expected subscription is missing.

    Returns "[LABEL] TEXT" with the text that then appears; "" if no button is pressed.
    """
    wanted = said.get("press") or ("^(subscribe|订阅)$" if said.get("subs") else "")
    if not wanted or ("subs" in said and _are(_there(bot), said["subs"])):
        return ""
    label = next((label for label in answer.buttons if re.search(wanted, label)), "")
    if not label:
        return ""
    then = await bot.presses(label)
    more = next((other for other in then.buttons if re.search("^(subscribe|订阅)$", other)), "")
    if more and said.get("subs"):
        await bot.presses(more)
    return f"[{label}] {then.text}"


def _there(bot: BotHarness) -> list[tuple[str, str]]:
    """Returns (query, cadence) of all subscriptions."""
    return [(one.text, str(one.cadence)) for one in subscriptions_of(bot)]


def _are(there: list[tuple[str, str]], wanted: list[list[str | None]]) -> bool:
    if len(there) != len(wanted):
        return False
    return all(
        _canonical(text) in {_canonical(one) for one in str(texts).split("||")}
        and (when is None or cadence == when or cadence.startswith(f"{when} "))
        for (text, cadence), (texts, when) in zip(there, wanted, strict=True)
    )


def _canonical(text: str) -> str:
    return parse_query(text).canonical


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


async def failures(path: Path) -> list[tuple[dict[str, Any], str]]:
    found = []
    for said in read(path):
        with a_bot() as bot:
            try:
                right, what = await outcome(bot, said)
            except Exception as error:  # noqa: BLE001 - any error is reported as a failure
                right, what = False, repr(error)
        if not right:
            found.append((said, what))
    return found


@pytest.mark.skipif(not SHARED, reason="PAPERWIRE_SHARED names no folder with sentences.jsonl")
async def test_sentences_lead_to_what_they_say() -> None:
    failed = await failures(SENTENCES)
    assert len(read(SENTENCES)) - len(failed) >= ENOUGH, failed


@pytest.mark.parametrize("before", [(), ("/sub mycology daily 9", "London")])
@pytest.mark.parametrize(
    ("said", "subscribes"),
    [
        *((said, False) for said in ("asdf qwer", "sjkdhf kjsdhf", "qwertz", "aaaaa", "!!!", "lol", "hmm ok")),
        *(
            (said, False)
            for said in ("哈哈哈哈", "你吃饭了吗", "沾一个边就行", "测试一下", "第9个只看diffusion出现在标题里的")
        ),
        *((said, True) for said in ("mamba", "rlhf", "NSGCLR", "Wertheim", "quantum gravity", "deepseek-r1")),
        *((said, True) for said in ("拓扑超导体", "列表解码", "停用词", "list decoding", "pause tokens")),
    ],
)
async def test_only_what_may_be_a_topic_can_be_subscribed_to(
    said: str, subscribes: bool, before: tuple[str, ...]
) -> None:
    with a_bot() as bot:
        for line in before:
            await bot.says(line)
        buttons = (await bot.says(said)).buttons
    assert bool({"subscribe", "订阅"} & {*buttons}) is subscribes


@pytest.mark.parametrize(
    ("said", "query"),
    [
        ("我那个订阅不光要diffusion，GAN也行", "diffusion OR GAN"),
        ("第1个只看diffusion出现在标题里的", "ti:diffusion"),
        ("第1个再加上flow matching，沾一个边就行", "diffusion OR (flow matching)"),
    ],
)
async def test_what_was_read_from_a_sentence_is_no_subject(said: str, query: str) -> None:
    with a_bot() as bot:
        await bot.says("/sub diffusion daily 9")
        await bot.says(said)
        assert [_canonical(text) for text, _ in _there(bot)] == [_canonical(query)]


MUSED = (
    "well so I'm working on these um lichens you know and what I'd like is that you tell me once a week maybe on Thursday "
    "afternoon at four when there is something new about thallus growth"
)


@pytest.mark.parametrize(
    ("before", "said", "there"),
    [
        ("/sub exoplanets daily 8", "exoplanets at 6am pls", ("exoplanets", "daily 06:00")),
        ("/sub gravity daily 8", "only with quantum in the title", ("gravity ti:quantum", "daily 08:00")),
        ("/sub quant-ph daily 8", "Yang Liu写的就不用推了", ('quant-ph -author:"Yang Liu"', "daily 08:00")),
        ("/sub diffusion daily 9", "weekly", ("diffusion", "weekly")),
        ("/sub graphene weekly thu 11", "make it friday", ("graphene", "weekly fri 11:00")),
        ("/sub diffusion daily 9", "an hour later please", ("diffusion", "daily 10:00")),
        ("/sub diffusion daily 9", "could it come half an hour earlier?", ("diffusion", "daily 08:30")),
        ("/sub diffusion daily 9", "1号提前一小时", ("diffusion", "daily 08:00")),
        ("/sub diffusion daily 9", "推迟半小时", ("diffusion", "daily 09:30")),
        (
            "",
            "neutrino oscillations or dark matter, both interest me",
            ("(neutrino oscillations) OR (dark matter)", "when-out 08:00-20:00"),
        ),
        ("", "send me diffusion papers every day at 14:00", ("diffusion", "daily 14:00")),
        ("", '每天8:30给我发"珊瑚礁"', ('"珊瑚礁"', "daily 08:30")),
        ("", "send me papers on wind turbines twice a week on mon and thu", ("wind turbines", "mon,thu 09:00")),
        ("", "Program synthesis please - but not the LLM ones", ("Program synthesis -LLM", "when-out 08:00-20:00")),
        ("", "primary category cs.CR only", ("primary:cs.CR", "when-out 08:00-20:00")),
        ("", "tell me immediately about sparse autoencoders", ("sparse autoencoders", "now")),
        ("", "要么讲 dark photon 要么讲 axion", ("(dark photon) OR axion", "when-out 08:00-20:00")),
        ("", "can I get the neutrino papers on Wednesdays at noon", ("neutrino", "weekly wed 12:00")),
        ("", "q-bio.NC without fMRI, weekdays 8am", ("q-bio.NC -fMRI", "weekdays 08:00")),
        (
            "",
            "每周一9点，把 David Baker 或 Demis Hassabis 写的论文发我",
            ('author:"David Baker" OR author:"Demis Hassabis"', "weekly mon 09:00"),
        ),
        ("/sub dengue daily 9", "noon would be better for me", ("dengue", "daily 12:00")),
        ("/sub dengue daily 9", "send them at 7 instead of 9", ("dengue", "daily 07:00")),
        ("/sub dengue daily 9", "make it 8 rather than at 10", ("dengue", "daily 08:00")),
        ("/sub 拓扑学 daily 9", "一周发一次就够了", ("拓扑学", "weekly mon 09:00")),
        ("/sub dengue weekdays 8", "weekends too", ("dengue", "daily 08:00")),
        ("/sub dengue weekly tue 8", "also on fridays please", ("dengue", "tue,fri 08:00")),
        ("/sub dengue weekdays 8", "周六也发一下", ("dengue", "mon,tue,wed,thu,fri,sat 08:00")),
        ("/sub dengue when-out 8-18 weekdays", "weekends as well", ("dengue", "when-out 08:00-18:00")),
        ("/sub 黑洞 weekdays 8", "以后原初黑洞的别给我发了", ("黑洞 -原初黑洞", "weekdays 08:00")),
        ("/sub 黑洞 weekdays 8", "可千万别把黑洞给我删了", ("黑洞", "weekdays 08:00")),
        (
            "/sub dengue fever weekdays 8",
            "Tuesdays and Saturdays would do for the dengue one",
            ("dengue fever", "tue,sat 08:00"),
        ),
        ("", "麻烦您以后凡是有冰川沉积的文章，都及时通知我一声", ("冰川沉积", "when-out 08:00-20:00")),
        (
            "",
            MUSED,
            ("thallus growth", "weekly thu 16:00"),
        ),
        (
            "",
            "那个就是说我最近在学地质嘛然后想让你每个礼拜二早上帮我看看有没有冰川沉积方面的新论文发我一下",
            ("冰川沉积", "weekly tue"),
        ),
    ],
)
async def test_a_sentence_leads_to_a_subscription(before: str, said: str, there: tuple[str, str]) -> None:
    query, when = there
    wanted = {"say": said, "before": [before] if before else [], "subs": [[query, when]]}
    with a_bot() as bot:
        assert await outcome(bot, wanted) == (True, ANY)


@pytest.mark.parametrize("before", ["", "/sub kelp daily 9"])
@pytest.mark.parametrize(
    ("said", "query"),
    [
        ("send me diffusion every day at 14:00", "diffusion"),
        ("deliver proteins at 14", "proteins"),
        ("diffusion, send it daily at 2pm", "diffusion"),
        ("每天14:00给我推送 cs.CL", "cs.CL"),
        ("蛋白质每天下午两点发", "蛋白质"),
        ("change diffusion to 14:00", ""),
        ("set proteins to 14:00", ""),
    ],
)
async def test_papers_to_be_sent_at_a_time_are_subscribed_to_at_once(before: str, said: str, query: str) -> None:
    with a_bot() as bot:
        if before:
            await bot.says(before)
        was = _there(bot)
        await bot.says(said)
        assert _there(bot) == [*was, *([(query, "daily 14:00")] if query else [])]


async def test_papers_of_a_subscription_get_the_time_at_which_they_shall_be_sent() -> None:
    with a_bot() as bot:
        await bot.says("/sub kelp daily 9")
        await bot.says("send me kelp at 14:00")
        assert _there(bot) == [("kelp", "daily 14:00")]


@pytest.mark.parametrize("said", ["alert me for cs.LG at 8", "给我推送 cs.CL", 'notify me about "sea ice"'])
async def test_a_wish_that_names_its_subject_is_not_about_the_last_search(said: str) -> None:
    with a_bot() as bot:
        await bot.says("coral reefs")
        await bot.says(said)
        assert len(_there(bot)) == 1
        assert "coral" not in _there(bot)[0][0]


async def test_a_subscription_may_be_named_by_when_it_comes() -> None:
    with a_bot() as bot:
        await bot.says("/sub dengue weekly fri 9")
        await bot.says("/sub malaria daily 9")
        await bot.says("/list")
        await bot.says("unsubscribe me from the Friday one")
        assert [text for text, _ in _there(bot)] == ["malaria"]


async def test_who_asks_for_a_setting_sees_it() -> None:
    with a_bot() as bot:
        await bot.says("/sub dengue daily 9")
        assert (await bot.says("How many papers do you send at most?")).lines[0].startswith("Papers shown")


@pytest.mark.parametrize(
    "said", ["rename diffusion to image generation", "I don't want surveys", "no surveys please", "改名叫视觉"]
)
async def test_a_change_of_what_is_not_there_is_no_query(said: str) -> None:
    with a_bot() as bot:
        answer = await bot.says(said)
        assert answer.lines[0] in (
            "There are no subscriptions yet. For example: /sub diffusion -survey",
            "还没有订阅。例如：/sub diffusion -survey",
        )
        assert _there(bot) == []


async def test_half_a_sentence_changes_nothing_for_the_whole_chat() -> None:
    with a_bot() as bot:
        await bot.says("/sub diffusion daily 9")
        await bot.says("i want to see number 1 right now")
        assert _there(bot) == [("diffusion", "daily 09:00")]


async def test_what_is_half_sure_is_asked_and_changes_nothing() -> None:
    with a_bot() as bot:
        await bot.says("/sub diffusion daily 9")
        answer = await bot.says("make number 1 8 bit models")
        assert answer.text == "Is that what you mean?"
        assert len(answer.buttons) == 2
        assert _there(bot) == [("diffusion", "daily 09:00")]


@pytest.mark.parametrize("said", ["别再给我发diffusion了", "no more diffusion please"])
async def test_what_is_not_wanted_and_is_a_subscription_may_be_removed(said: str) -> None:
    with a_bot() as bot:
        await bot.says("/sub diffusion daily 9")
        answer = await bot.says(said)
        assert "subscribe" not in answer.buttons
        assert "订阅" not in answer.buttons
        assert any(label.startswith(("remove", "删除", "退订", "undo", "撤销")) for label in answer.buttons), (
            answer.buttons
        )


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ("heading to a wedding, mute everything until monday", "Mon 26 Jan 00:00"),
        ("no papers please, resume on Feb 3", "Tue 3 Feb 00:00"),
        ("下个月再给我发吧", "2月1日 周日 00:00"),
    ],
)
async def test_a_pause_lasts_as_long_as_it_is_said(said: str, until: str) -> None:
    with a_bot() as bot:
        await bot.says("/sub diffusion daily 9")
        assert until in (await bot.says(said)).text


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("pause until yesterday", "“until yesterday” is over already."),
        ("mute it until 30 february please", "No calendar has this day."),
        ("take a break for -2 weeks", "“for -2 weeks” is over already."),
        ("pause for 4000000 months", "That is longer than two years."),
        ("暂停到上周三", "“到上周三”已经过去了。"),
    ],
)
async def test_a_pause_that_cannot_be_is_refused_with_its_reason(said: str, why: str) -> None:
    with a_bot() as bot:
        await bot.says("/sub diffusion daily 9")
        assert why in (await bot.says(said)).text
        assert known_or_new(bot.store, make.address(ME), ChatKind.PRIVATE).state == "active"


@pytest.mark.parametrize("said", ["pause just the gravity one", "mute the gravity one", "snooze only the gravity one"])
async def test_one_in_a_name_is_no_time(said: str) -> None:
    with a_bot() as bot:
        await bot.says("/sub diffusion daily 9")
        await bot.says("/sub gravity daily 9")
        assert (await bot.says(said)).lines[0] == "✓ 2  gravity is paused."


@pytest.mark.parametrize("said", ["2601.99999999", "arXiv:2601.99999999", "/search 2601.99999999", "2601.99999"])
async def test_an_id_that_is_not_stored_is_nothing_to_subscribe_to(said: str) -> None:
    with a_bot() as bot:
        answer = await bot.says(said)
        assert "subscribe" not in answer.buttons
        assert "2601.99999" in answer.text


async def test_a_day_without_such_papers_is_no_dead_end() -> None:
    with a_bot() as bot:
        answer = await bot.says("/today mycorrhiza")
    assert answer.text.startswith("Nothing fits among the ")
    assert answer.buttons == ["subscribe"]


if __name__ == "__main__":
    import bot.platforms.known  # noqa: F401 - declares the platforms

    for name in sys.argv[1:]:
        failed = asyncio.run(failures(Path(name)))
        for said, what in failed:
            print(json.dumps(said, ensure_ascii=False), "->", what.replace("\n", " ⏎ ")[:400])  # noqa: T201
        print(name, len(read(Path(name))) - len(failed), "of", len(read(Path(name))))  # noqa: T201


class TestSeveralWishes:
    async def test_each_is_done_and_named_and_one_undo_takes_all_back(self) -> None:
        with a_bot() as bot:
            await bot.says("/sub kelp daily 9\nmamba weekly")
            said = await bot.says("follow coral reefs, pause mamba and unsubscribe from robotics")
            heads = [line for line in said.lines if line.endswith("”:")]
            assert heads == ["✓ “follow coral reefs”:", "✓ “pause mamba”:", "✗ “unsubscribe from robotics”:"]
            assert said.buttons.count("undo") == 1
            assert [(one.text, one.state.value) for one in subscriptions_of(bot)] == [
                ("kelp", "active"),
                ("mamba", "paused"),
                ("coral reefs", "active"),
            ]
            await bot.presses("undo")
            assert [(one.text, one.state.value) for one in subscriptions_of(bot)] == [
                ("kelp", "active"),
                ("mamba", "active"),
            ]

    @pytest.mark.parametrize(
        ("said", "subscriptions"),
        [
            ("resume kelp and make it weekly", ["kelp weekly mon 09:00"]),
            ("drop kelp. follow sea grass instead", ["sea grass daily 09:00"]),
            ("send me at most 4 papers a day about sea ice", ["kelp daily 09:00", "sea ice when-out 08:00-20:00"]),
            ("thanks! also add sea ice on fridays", ["kelp daily 09:00", "sea ice weekly fri 09:00"]),
            ("i live in tokyo and i want cs.DB every morning", ["kelp daily 09:00", "cs.DB daily 09:00"]),
            ("undo and redo systems", ["kelp daily 09:00"]),
            ("undo the last thing and follow sea ice", ["sea ice when-out 08:00-20:00"]),
        ],
    )
    async def test_the_later_ones_may_be_about_the_first(self, said: str, subscriptions: list[str]) -> None:
        with a_bot() as bot:
            await bot.says("/sub kelp daily 9")
            await bot.says(said)
            assert [f"{one.text} {one.cadence}" for one in subscriptions_of(bot)] == subscriptions

    async def test_what_is_about_something_else_is_named(self) -> None:
        with a_bot() as bot:
            said = await bot.says("subscribe to kelp and mail the results to my boss")
            assert "I left out “mail the results to my boss”." in said.lines
            assert [one.text for one in subscriptions_of(bot)] == ["kelp"]

    async def test_numbered_lines_are_queries(self) -> None:
        with a_bot() as bot:
            said = await bot.says("1. agents\n2. diffusion\n3. sea ice")
            assert [line for line in said.lines if line.endswith("”:")] == ["“agents”:", "“diffusion”:", "“sea ice”:"]
            await bot.presses("subscribe")
            assert [one.text for one in subscriptions_of(bot)] == ["agents", "diffusion", "sea ice"]

    async def test_more_than_three_are_named_and_left(self) -> None:
        with a_bot() as bot:
            said = await bot.says("follow kelp, follow mud, follow sand dunes and follow sea ice")
            assert "I do three wishes at once. Not done: follow sea ice" in said.lines
            assert len(subscriptions_of(bot)) == 3


@pytest.mark.parametrize(
    ("said", "query"),
    [
        ("alert me when there is something on sea ice", "sea ice"),
        ("keep an eye on soft robots for me", "soft robots"),
        ("let me know about new permafrost papers", "permafrost"),
        ("send me papers on kelp every morning", "kelp"),
        ("帮我盯着量子引力", "量子引力"),
        ("钙钛矿一有新论文就推给我", "钙钛矿"),
        ("tell me about perovskites", None),
        ("papers on alert fatigue", None),
        ("send me papers about kelp from last friday", None),
        ("don't notify me about kelp", None),
        ("最近关注海冰，有什么论文", None),
        ("有没有关于通知系统的论文", None),
    ],
)
async def test_a_wish_to_be_told_subscribes_and_looking_only_looks(said: str, query: str | None) -> None:
    with a_bot() as bot:
        answer = await bot.says(said)
        assert [one.text for one in subscriptions_of(bot)] == ([query] if query else [])
        assert (not {"undo", "撤销"}.isdisjoint(answer.buttons)) is bool(query)


DICTATED = (
    "hi so i am a student in ecology and my supervisor told me to keep up with the literature but i never find time so could "
    "you please just send me whatever is new about mangrove forests every monday that would be great thanks"
)
PASTED = (
    "Why should a boat carry a sail when its motor never rests? Ropes wear out in salt, masts break in storms, and crews must "
    "learn knots. But wind costs nothing, and quiet hulls disturb no whales near the coast."
)


@pytest.mark.parametrize(
    ("said", "beginning", "query"),
    [
        (
            DICTATED,
            "✓ 1  mangrove forests · weekly mon 09:00",
            "mangrove forests",
        ),
        (
            PASTED,
            "Nothing is near to this text",
            None,
        ),
        ("find soft robots", "No paper that I know has “soft”", None),
        ("ok", "All right.", None),
        ("thanks", "You are welcome.", None),
        ("pause 1 and 2", "There are no subscriptions yet.", None),
    ],
)
async def test_a_dictated_text_is_a_wish_and_a_pasted_one_is_not(said: str, beginning: str, query: str | None) -> None:
    with a_bot() as bot:
        answer = await bot.says(said)
        assert answer.lines[0].startswith(beginning)
        assert [one.text for one in subscriptions_of(bot)] == ([query] if query else [])


async def test_invisible_characters_and_odd_blanks_change_no_order() -> None:
    with a_bot() as bot:
        await bot.says("/sub kelp daily 9\nrobotics daily 8")
        await bot.says("un\u200bsub\u200bscribe\u3000from\u00a0robo\u2060tics\ufeff")
        assert _there(bot) == [("kelp", "daily 09:00")]


async def test_only_what_is_in_a_query_already_is_not_added_again() -> None:
    with a_bot() as bot:
        await bot.says("/sub kelp forests daily 9")
        await bot.says("only kelp please")
        assert _there(bot) == [("kelp forests", "daily 09:00")]

"""Nothing is changed that was not asked for: undo, no, counts, places and lists mean exactly what was said or shown."""

import pytest

from subscriptions.model import ChatSettings
from subscriptions.service import listing
from subscriptions.states import ChatState
from tests import make
from tests.beginning import Beginning
from tests.bot_harness import Answer, BotHarness
from tests.conversation import deliverer

KELP, REEFS, ICE = "kelp daily 09:00", "coral reefs weekly mon 08:00", "sea ice weekdays 07:00"
ALL = [KELP, REEFS, ICE]


async def _subscribe(bot: BotHarness) -> None:
    make.ingested(bot.store, make.paper("Kelp one"), make.paper("Kelp two"), make.paper("Mud"))
    await _after(bot, "/sub kelp daily 9", "London", "/sub coral reefs weekly mon 8", "/sub sea ice weekdays 7")


SUBSCRIBED = Beginning(_subscribe)


@pytest.fixture(autouse=True)
async def _subscribed(bot: BotHarness) -> None:
    await SUBSCRIBED.of(bot)


async def _after(bot: BotHarness, *said: str) -> Answer:
    answer = Answer(stored_reply=None)
    for line in said:
        bot.later(seconds=1)
        answer = await bot.says(line)
    return answer


def _there(bot: BotHarness) -> list[str]:
    """Returns the subscriptions with their times; "-" marks one that is paused."""
    found = deliverer.subscriptions_of(bot)
    return [f"{'-' if one.state.value == 'paused' else ''}{one.text} {one.cadence}" for one in found]


def _settings(bot: BotHarness) -> ChatSettings:
    return listing.get_chat(bot.store, make.address("telegram:42")).settings


class TestUndo:
    @pytest.mark.parametrize(
        "said",
        [
            "no, keep it",
            "keep it",
            "wait, don't remove it",
            "leave it as it was",
            "等等，别退",
            "还是留着吧",
            "别删",
            "no wait dont",
            "先别取消",
        ],
    )
    async def test_a_removal_is_taken_back(self, bot: BotHarness, said: str) -> None:
        await _after(bot, "remove coral reefs", said)
        assert _there(bot) == ALL

    async def test_who_keeps_a_new_subscription_takes_nothing_back(self, bot: BotHarness) -> None:
        await _after(bot, "/sub mud daily 9", "keep it")
        assert _there(bot) == [*ALL, "mud daily 09:00"]

    @pytest.mark.parametrize("asks", ["/unsub", "unsubscribe", "pause all except coral", "/edit 2", "drop ice"])
    @pytest.mark.parametrize("said", ["cancel", "none of them"])
    async def test_an_open_question_is_closed(self, bot: BotHarness, asks: str, said: str) -> None:
        if asks == "/edit 2" and said == "none of them":
            return  # after this question, any words are a query
        answer = await _after(bot, asks, said)
        assert answer.text.endswith("Nothing is changed.")
        assert _there(bot) == ALL
        assert (await _after(bot, "2", "yes")).text
        assert _there(bot) == ALL

    async def test_after_a_press_that_only_shows_the_change_is_undone(self, bot: BotHarness) -> None:
        await _after(bot, "kelp", "/pause 2")
        for label in ("1", "2"):
            bot.later(seconds=1)
            assert "Kelp" in (await bot.presses(label)).text
        assert (await _after(bot, "undo")).text.startswith("✓ Undone.")
        assert _there(bot) == ALL

    async def test_the_question_below_a_change_does_not_keep_it(self, bot: BotHarness) -> None:
        await _after(bot, "/unsub all", "/sub mud daily 9", "undo")
        assert _there(bot) == []


class TestTakenBack:
    @pytest.mark.parametrize(
        "said",
        ["算了，不订了", "不订了", "actually no, cancel that", "on second thought, don't"],
    )
    async def test_a_wish_is_taken_back_once(self, bot: BotHarness, said: str) -> None:
        await _after(bot, "follow mud", said)
        assert _there(bot) == ALL

    async def test_a_removal_is_not_meant_by_the_bare_command(self, bot: BotHarness) -> None:
        answer = await _after(bot, "follow mud", "unsubscribe")
        assert answer.lines[0].startswith("Which one do you want to remove?")


class TestCorrections:
    """What was done with the wrong one is taken back, and done with the one that was meant."""

    @pytest.mark.parametrize(
        ("said", "there"),
        [
            (("pause the first one", "sorry, I meant the second"), [KELP, f"-{REEFS}", ICE]),
            (("remove kelp", "hold on, not that one, leave it in"), ALL),
            (("退订 kelp", "等等别删，留着吧"), ALL),
            (("remove kelp", "I shouldn't have, bring it back"), ALL),
            (("/sub mud daily 6", "hm 8 is better after all"), [*ALL, "mud daily 08:00"]),
            (
                ("/sub mud mon 9", "and sand too, same day same time"),
                [*ALL, "mud weekly mon 09:00", "sand weekly mon 09:00"],
            ),
            (("/sub mud mon 9", "沙子也来一个，时间跟它一样"), [*ALL, "mud weekly mon 09:00", "沙子 weekly mon 09:00"]),
            (("/sub mud daily 6", "8 is my lucky number"), [*ALL, "mud daily 06:00"]),
            (("/unsub 1", "leave 2 as it is"), [REEFS, ICE]),
            (("/sub mud daily 6", "also add sand to 1"), ["kelp OR sand daily 09:00", REEFS, ICE, "mud daily 06:00"]),
            (
                ("follow Karl Friston", "wrong guy, I meant Chris Frith"),
                [*ALL, 'author:"Chris Frith" when-out 08:00-20:00'],
            ),
            (("/sub wind chimes daily 9", "when will the first one come?"), [*ALL, "wind chimes daily 09:00"]),
            (("delete number 1", "sry I meant number 2"), ["kelp daily 09:00", ICE]),
            (("订阅 math.NT 和 math.AG，每周二",), [*ALL, "math.NT OR math.AG weekly tue 09:00"]),
            (("/sub mud daily 6", "weekly would be too rare, daily is too much … hmm"), [*ALL, "mud daily 06:00"]),
            (("/list", "pause the last one", "no, the second one I meant"), [KELP, f"-{REEFS}", ICE]),
            (("remove kelp", "wrong one, I meant sea ice"), [KELP, REEFS]),
            (("delete 1", "oops, number 3"), [KELP, REEFS]),
            (("/schedule 1 daily 6", "no, the ice one"), [KELP, REEFS, "sea ice weekdays 06:00"]),
            (("pause 1 for a week", "sorry, I meant the monday one"), [KELP, f"-{REEFS}", ICE]),
            (("暂停第一个", "说错了，是第二个"), [KELP, f"-{REEFS}", ICE]),
            (("退订 kelp", "不对，我说的是 sea ice"), [KELP, REEFS]),
            (("/sub mud daily 8", "no wait, 9:30"), [*ALL, "mud daily 09:30"]),
            (("add mud flats at 8", "9, not 8"), [*ALL, "mud flats daily 09:00"]),
            (("/sub mud daily 8", "9, not 7"), [*ALL, "mud daily 08:00"]),
            (("/sub coastal eroson daily 8", "I meant erosion"), [*ALL, "coastal erosion daily 08:00"]),
            (("订阅 泥滩 daily 8", "不要动物实验"), [*ALL, "泥滩 -动物实验 daily 08:00"]),
            (("pause 1", "/help", "sorry, I meant the second"), [f"-{KELP}", REEFS, ICE]),
        ],
    )
    async def test_of_the_subscription(self, bot: BotHarness, said: tuple[str, ...], there: list[str]) -> None:
        answer = await _after(bot, *said)
        assert _there(bot) == there, answer.text

    @pytest.mark.parametrize(
        ("said", "name", "value"),
        [
            (("use Berlin time", "sorry, Boston"), "timezone", "America/New_York"),
            (("用北京时间", "不对，东京"), "timezone", "Asia/Tokyo"),
            (("at most 5 papers a time", "rather 15"), "limit", "15"),
            (("每次最多十篇", "还是二十篇吧"), "limit", "20"),
            (("quiet hours from 10pm to 7am", "no, from 11pm to 6am"), "quiet", "23:00-06:00"),
            (("write to me in Chinese", "抱歉，英文"), "lang", "en"),
            (("use Berlin time", "/help", "Boston marathon"), "timezone", "Europe/Berlin"),
        ],
    )
    async def test_of_a_setting(self, bot: BotHarness, said: tuple[str, ...], name: str, value: str) -> None:
        answer = await _after(bot, *said)
        assert _settings(bot).value(name) == value, answer.text
        assert _there(bot) == ALL


class TestSavedPapers:
    """What was done with one paper of a list is done with others as well, or with another one instead."""

    @pytest.mark.parametrize(
        ("said", "saved"),
        [
            (("save the first one", "also the second"), ["Kelp one", "Kelp two"]),
            (("save the first one", "/help", "also the second"), ["Kelp one"]),
            (("also the second",), []),
        ],
    )
    async def test_are_those_that_were_meant(self, bot: BotHarness, said: tuple[str, ...], saved: list[str]) -> None:
        shown = await _after(bot, "find kelp")
        order = sorted(("Kelp one", "Kelp two"), key=shown.text.index)
        named = {"Kelp one": order[0], "Kelp two": order[1]}
        await _after(bot, *said)
        there = (await _after(bot, "/saved")).text
        assert [one for one in order if one in there] == [named[one] for one in saved]

    async def test_a_saved_paper_is_cited(self, bot: BotHarness) -> None:
        answer = await _after(bot, "find kelp", "save the first one", "give me that as bibtex")
        assert "title" in answer.text


class TestSpokenOf:
    """What others want, what happens elsewhere, and what shall not be done is no order."""

    @pytest.mark.parametrize(
        ("said", "there"),
        [
            (("My boss wants me to unsubscribe",), ALL),
            (
                ("My boss wants me to unsubscribe from kelp, but I'd rather get it weekly",),
                ["kelp weekly mon 09:00", REEFS, ICE],
            ),
            (("my advisor told me to drop sea ice",), ALL),
            (("导师让我退订 sea ice",), ALL),
            (("周五发工资",), ALL),
            (("周一发奖金",), ALL),
            (("kelp", "都不要"), ALL),
            (("都不要",), ALL),
            (("一个都不要",), ALL),
            (("drop ice", "都不要"), ALL),
            (("search for mud and don't subscribe me to anything",), ALL),
            (("Don't add anything, just show me mud",), ALL),
            (("不用订阅，给我看看 mud 就行",), ALL),
            (("/sub mud daily 9", "how do I unsubscribe again?"), [*ALL, "mud daily 09:00"]),
            (("/sub mud daily 9", "ok, I'd like that"), [*ALL, "mud daily 09:00"]),
            (("要不要订阅 mud 呢？", "我再想想"), ALL),
            (("每周五发 mud 的论文给我",), [*ALL, "mud weekly fri 09:00"]),
            (("pause kelp when I'm on vacation",), ALL),
            (("等我放假了再暂停 kelp",), ALL),
            (("my supervisor said: pause everything",), ALL),
            (("I was going to delete coral reefs but I won't",), ALL),
            (("remind me to remove kelp in june",), ALL),
            (("rather not remove kelp",), ALL),
            (("cancel coral reefs? hmm let me think",), ALL),
            (("pause kelp, or rather, leave it",), ALL),
            (("stop worrying, kelp stays",), ALL),
            (("pause coral reefs, but not kelp",), ALL),
            (("先暂停 kelp，sea ice 再说",), ALL),
            (("make kelp weekly but leave sea ice as it is",), ["kelp weekly mon 09:00", REEFS, ICE]),
            (("pause kelp, no wait, pause sea ice",), [KELP, REEFS, f"-{ICE}"]),
            (("暂停 kelp，不对，暂停 sea ice",), [KELP, REEFS, f"-{ICE}"]),
        ],
    )
    async def test_is_no_order(self, bot: BotHarness, said: tuple[str, ...], there: list[str]) -> None:
        answer = await _after(bot, *said)
        assert _there(bot) == there, answer.text


class TestAnswers:
    @pytest.mark.parametrize("before", [(), ("/list",), ("find papers on qutrits",), ("thanks",)])
    @pytest.mark.parametrize("said", ["yes", "no", "none", "neither", "sure", "是的"])
    async def test_without_a_question_they_do_nothing(
        self, bot: BotHarness, before: tuple[str, ...], said: str
    ) -> None:
        answer = await _after(bot, *before, said)
        assert answer.lines in (["I asked nothing."], ["我没有提问。"])
        assert _there(bot) == ALL


class TestLengthOfAPause:
    @pytest.mark.parametrize(
        ("said", "until"),
        [
            (("pause 1 for a week", "make it two weeks"), "2026-02-05 12:00"),
            (("pause 1", "make it monday"), "2026-01-26 00:00"),
            (("pause 1 until friday", "no, until monday"), "2026-01-26 00:00"),
            (("暂停1一周", "改成两周"), "2026-02-05 12:00"),
            (("pause 1 for two weeks", "sorry, one week is enough"), "2026-01-29 12:00"),
            (("暂停1两周", "算了，一周就够"), "2026-01-29 12:00"),
        ],
    )
    async def test_it_can_be_corrected(self, bot: BotHarness, said: tuple[str, ...], until: str) -> None:
        await _after(bot, *said)
        (one, *others) = deliverer.subscriptions_of(bot)
        assert f"{one.paused_until:%Y-%m-%d %H:%M}" == until
        assert not any(other.paused_until for other in others)


class TestWhichAreMeant:
    @pytest.mark.parametrize(
        ("said", "there"),
        [
            (("pause coral reefs",), [KELP, f"-{REEFS}", ICE]),
            (("pause coral reefs", "resume coral reefs"), ALL),
            (("/pause coral reefs 7d",), [KELP, f"-{REEFS}", ICE]),
            (("/name 2 Corals", "/pause corals", "/resume Corals"), ALL),
            (("/schedule sea ice daily 8",), [KELP, REEFS, "sea ice daily 08:00"]),
            (("暂停 coral reefs",), [KELP, f"-{REEFS}", ICE]),
            (("make all weekly except sea ice", "yes"), ["kelp weekly mon 09:00", REEFS, ICE]),
            (("pause everything for a week except kelp", "yes"), [KELP, f"-{REEFS}", f"-{ICE}"]),
            (("keep kelp but pause coral reefs",), [KELP, f"-{REEFS}", ICE]),
            (("保留 kelp，暂停 coral reefs",), [KELP, f"-{REEFS}", ICE]),
            (("remove the last two",), [KELP]),
            (("删掉最后两个",), [KELP]),
            (("pause the first two",), [f"-{KELP}", f"-{REEFS}", ICE]),
            (("the first two, pause them",), [f"-{KELP}", f"-{REEFS}", ICE]),
            (("follow kalp", "no"), [*ALL, "kalp when-out 08:00-20:00"]),
            (("make both weekly",), [KELP, REEFS, "sea ice weekly mon 07:00"]),
            (("/help", "make both weekly"), ALL),
            (("/list", "pause both of them", "no"), ALL),
            (("/unsub 1", "make both weekly"), ["coral reefs weekly mon 08:00", "sea ice weekly mon 07:00"]),
            (("/list", "the second one"), ALL),
            (("/list", "pause the second one"), [KELP, f"-{REEFS}", ICE]),
            (("/list", "第二个", "pause it"), [KELP, f"-{REEFS}", ICE]),
            (("/list", "remove the last one"), [KELP, REEFS]),
            (("/list", "last one please", "pause it"), [KELP, REEFS, f"-{ICE}"]),
            (("/unsub 1", "/list", "remove the second one"), [REEFS, ICE]),
            (("/list", "remove the first one", "remove the second one"), [ICE]),
            (("pause the monday one",), [KELP, f"-{REEFS}", ICE]),
            (("/list", "unsubscribe from the 8 o'clock one"), [KELP, ICE]),
            (("remove the weekly subscription",), [KELP, ICE]),
            (("move the daily one to 10",), ["kelp daily 10:00", REEFS, ICE]),
            (("暂停每天的那个",), [f"-{KELP}", REEFS, ICE]),
            (("退订周一的那个",), [KELP, ICE]),
            (("/schedule 1 weekly mon 9", "remove the monday one"), ["kelp weekly mon 09:00", REEFS, ICE]),
            (("remove the friday one",), ALL),
            (("when do I get coral reefs?", "that's too early, make it 11"), [KELP, REEFS.replace("08", "11"), ICE]),
            (("is kelp still on?", "pause it"), [f"-{KELP}", REEFS, ICE]),
            (("sea ice 那个几点发？", "太早了，改到十点半"), [KELP, REEFS, ICE.replace("07:00", "10:30")]),
            (("关注 mud，还有密码学也订上",), [*ALL, *(f"{one} when-out 08:00-20:00" for one in ("mud", "密码学"))]),
            (("add mud; also show me what you've got on kelp",), [*ALL, "mud when-out 08:00-20:00"]),
            (("kelp on fridays, sea ice every day at 6",), ["kelp weekly fri 09:00", REEFS, "sea ice daily 06:00"]),
            (("move kelp to 8 and sea ice to 10",), ["kelp daily 08:00", REEFS, "sea ice weekdays 10:00"]),
            (
                ("/unsub 3", "take reviews out of both"),
                ["kelp -review daily 09:00", "coral reefs -review weekly mon 08:00"],
            ),
            (("move all to 7am except sea ice", "great"), ["kelp daily 07:00", "coral reefs weekly mon 07:00", ICE]),
            (("great",), ALL),
            (("add mud flats",), [*ALL, "mud flats when-out 08:00-20:00"]),
            (("add noise",), ALL),
            (("drop kelp and add mud flats instead, mondays 8am",), [REEFS, ICE, "mud flats weekly mon 08:00"]),
            (("sub to mud",), [*ALL, "mud when-out 08:00-20:00"]),
            (("uh, follow um mud flats",), [*ALL, "mud flats when-out 08:00-20:00"]),
            (('pause "coral reefs"',), [KELP, f"-{REEFS}", ICE]),
            (('unsubscribe from "kelp"',), [REEFS, ICE]),
            (("暂停“sea ice”",), [KELP, REEFS, f"-{ICE}"]),
            (("暂停 kelp，sea ice 照常",), [f"-{KELP}", REEFS, ICE]),
            (("把 kelp 暂停一周，sea ice 别动",), [f"-{KELP}", REEFS, ICE]),
            (("remove one of my subscriptions",), ALL),
            (("drop some of them",), ALL),
            (("pause one of my subscriptions",), ALL),
            (("删掉其中一个",), ALL),
            (("暂停一个",), ALL),
            (("暂停一个", "sea ice 那个"), [KELP, REEFS, f"-{ICE}"]),
            (("pause one of my subscriptions", "the coral one"), [KELP, f"-{REEFS}", ICE]),
            (("drop one of them", "the second"), [KELP, ICE]),
            (("drop one of them", "the ice one"), [KELP, REEFS]),
            (("/unsub 2", "make it daily at 7", "both"), ["kelp daily 07:00", "sea ice daily 07:00"]),
            (("先别取消",), ALL),
            (("don't cancel",), ALL),
            (("delete everything", "no wait dont"), ALL),
            (("remove all my mud subscriptions",), ALL),
            (("cancel all termite alerts",), ALL),
            (("退订全部珊瑚论文",), ALL),
            (("unsubscribe from all sea ice papers",), [KELP, REEFS]),
            (("我室友把他的订阅都删光了",), ALL),
            (("1. mud\n2. remove all",), ALL),
            (("1. mud\n2. stop\n3. unsubscribe 1",), ALL),
            (("subscribe to:\n- mud\n- unsubscribe from everything",), [*ALL, "mud when-out 08:00-20:00"]),
            (("pause 1 and 2 until friday",), [f"-{KELP}", f"-{REEFS}", ICE]),
            (("unsubscribe from 1 and 3",), [REEFS]),
            (("name 2 'bugs', and number 1 should only come on weekends",), ["kelp sat,sun 09:00", REEFS, ICE]),
            (("don't you dare drop the kelp one",), ALL),
            (("Change number 1 to — hang on, phone's ringing",), ALL),
            (
                ("not before nine in the evening pls for the kelp thing, 9 sharp is good",),
                ["kelp daily 21:00", REEFS, ICE],
            ),
            (("I need a feed: mud at 8 every day",), [*ALL, "mud daily 08:00"]),
            (("第1个改成每周二", "还是周四吧"), ["kelp weekly thu 09:00", REEFS, ICE]),
            (("要是下周还这么多，我就把2号退了",), ALL),
            (("move 1 and 2 to 8",), ["kelp daily 08:00", "coral reefs weekly mon 08:00", ICE]),
            (("把1和2改到10点",), ["kelp daily 10:00", "coral reefs weekly mon 10:00", ICE]),
            (("暂停第2个订阅到2月1号",), [KELP, f"-{REEFS}", ICE]),
            (("remove 1 … actually no, leave it",), ALL),
            (("remove 1 and 2, never mind",), ALL),
            (("等等，我先想想要不要删 sea ice 那个",), ALL),
            (("pause 1, and tell me what came today",), [f"-{KELP}", REEFS, ICE]),
            (("pause the one that comes on mondays",), [KELP, f"-{REEFS}", ICE]),
        ],
    )
    async def test_these_and_no_others(self, bot: BotHarness, said: tuple[str, ...], there: list[str]) -> None:
        answer = await _after(bot, *said)
        assert _there(bot) == there, answer.text

    async def test_one_undo_takes_back_what_was_done_with_several(self, bot: BotHarness) -> None:
        await _after(bot, "pause the first two", "undo")
        assert _there(bot) == ALL

    async def test_both_are_the_two_that_were_named_last(self, bot: BotHarness) -> None:
        await _after(bot, "/name 1 Forest", "/name 3 Poles", "make both weekly")
        assert _there(bot) == ["kelp weekly mon 09:00", REEFS, "sea ice weekly mon 07:00"]

    @pytest.mark.parametrize("said", ["the second one", "number 2", "2", "第二个", "the second one, please"])
    async def test_the_list_that_was_shown_last_counts(self, bot: BotHarness, said: str) -> None:
        assert "coral reefs" in (await _after(bot, "kelp", "/list", said)).text
        if said != "2":  # which is the number of a subscription
            assert "Kelp" in (await _after(bot, "/list", "kelp", said)).text

    @pytest.mark.parametrize(
        "said",
        ["set the limit to 5, no, leave it", "如果太多了就限制5篇", "I thought you would stop at 5 papers a day"],
    )
    async def test_a_limit_that_is_only_spoken_of_is_asked_about(self, bot: BotHarness, said: str) -> None:
        before = _settings(bot)
        await _after(bot, said)
        assert _settings(bot).value("limit") == before.value("limit")

    @pytest.mark.parametrize("said", ["at most 4 papers a day about mud", "only 3 papers from number 2"])
    async def test_a_limit_of_one_subscription_is_asked_about(self, bot: BotHarness, said: str) -> None:
        answer = await _after(bot, said)
        assert "That is for all of this chat, not for one subscription." in answer.lines
        assert answer.buttons[0].startswith("/set limit")


class TestNamesThatSeveralShare:
    @pytest.mark.parametrize("said", ["remove coral", "remove the coral one", "delete coral"])
    async def test_a_removal_asks_which_one(self, bot: BotHarness, said: str) -> None:
        await _after(bot, "/sub coral fish weekly tue 8")
        asked = await _after(bot, said)
        assert asked.buttons[:2] == ["remove 2 coral reefs", "remove 4 coral fish"]
        assert _there(bot) == [*ALL, "coral fish weekly tue 08:00"]
        await _after(bot, "the fish one")
        assert _there(bot) == ALL

    @pytest.mark.parametrize("said", ["remove coral reefs and coral fish", "delete coral reefs and coral fish please"])
    async def test_who_names_each_removes_each(self, bot: BotHarness, said: str) -> None:
        await _after(bot, "/sub coral fish weekly tue 8", said)
        assert _there(bot) == [KELP, ICE]


class TestWhatIsOnlyTold:
    @pytest.mark.parametrize(
        "said",
        [
            "we lost our subscription to sea ice, the library stopped paying",
            "my access to sea ice has ended",
            "should I drop sea ice? dunno. add mud anyway, mondays",
            "should we cut kelp from sea ice?",
        ],
    )
    async def test_it_changes_nothing(self, bot: BotHarness, said: str) -> None:
        await _after(bot, said)
        assert _there(bot) == ALL

    @pytest.mark.parametrize("said", ["ugh forget it", "never mind", "算了"])
    async def test_who_drops_a_thought_hours_later_takes_nothing_back(self, bot: BotHarness, said: str) -> None:
        bot.later(hours=3)
        await _after(bot, said)
        assert _there(bot) == ALL


class TestAPauseOfEverything:
    @pytest.mark.parametrize("pause", ["/pause", "pause everything for two weeks"])
    @pytest.mark.parametrize("said", ["actually only the second one", "I meant coral reefs", "不对，只停第二个"])
    async def test_it_is_narrowed_to_the_one_that_was_meant(self, bot: BotHarness, pause: str, said: str) -> None:
        await _after(bot, pause, said)
        assert _there(bot) == [KELP, f"-{REEFS}", ICE]
        assert listing.get_chat(bot.store, make.address("telegram:42")).state is ChatState.ACTIVE

    async def test_after_something_else_it_stays(self, bot: BotHarness) -> None:
        await _after(bot, "/pause", "find mud", "actually only the second one")
        assert _there(bot) == ALL
        assert listing.get_chat(bot.store, make.address("telegram:42")).state is ChatState.PAUSED

    async def test_a_pause_of_one_until_a_day_is_of_that_one(self, bot: BotHarness) -> None:
        await _after(bot, "pause the ice one while I'm on leave, back feb 9")
        assert _there(bot) == [KELP, REEFS, f"-{ICE}"]
        assert listing.get_chat(bot.store, make.address("telegram:42")).state is ChatState.ACTIVE


@pytest.mark.parametrize("said", ["hold on dont", "no wait dont", "hold on, don't"])
async def test_what_was_only_asked_about_is_taken_back(bot: BotHarness, said: str) -> None:
    await _after(bot, "remove everything except kelp")
    assert (await _after(bot, said)).text == "✓ Nothing is changed."
    assert _there(bot) == ALL
    await _after(bot, "yes")
    assert _there(bot) == ALL


@pytest.mark.parametrize(
    "said",
    [
        "remove the first, no sorry the second",
        "delete 1, wait no 2",
        "just show me mud, dont sub me",
        "my advisor says everyone should follow Geoffrey Hinton, not so sure tho",
        "a friend said I should subscribe to mud",
    ],
)
async def test_what_is_corrected_denied_or_only_reported_is_not_done(bot: BotHarness, said: str) -> None:
    await _after(bot, said)
    assert _there(bot) == ALL

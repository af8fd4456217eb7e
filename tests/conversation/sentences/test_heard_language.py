"""A chat that has chosen no language and no zone follows the language of the person's messages and the browser's zone."""

import pytest

from subscriptions.model import ChatKind
from subscriptions.service.conversation_state import known_or_new
from tests import make
from tests.bot_harness import BotHarness

CHINESE, ENGLISH = "我想看扩散模型的论文", "show me papers on diffusion"
ME, PAGE = "telegram:42", "web:ada"


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= sign <= "\u9fff" for sign in text.replace("扩散模型", "").replace("大语言模型", ""))


class TestLanguage:
    @pytest.mark.parametrize("client", ["en", "zh-hans"])
    @pytest.mark.parametrize("before", [(), ("/sub graphs daily 9",)])
    async def test_a_sentence_decides_the_language_of_its_answer(
        self, bot: BotHarness, client: str, before: tuple[str, ...]
    ) -> None:
        make.ingested(bot.store, make.paper("Diffusion"))
        for line in before:
            await bot.says(line, language=client)
        for said in (CHINESE, ENGLISH, CHINESE):
            assert _is_chinese((await bot.says(said, language=client)).text) is (said == CHINESE)

    @pytest.mark.parametrize("stored", [True, False])
    @pytest.mark.parametrize("said", ["2601.99999", "???", "/list", "diffusion", "/sub mamba", "8:30", "大语言模型"])
    @pytest.mark.parametrize("last", [CHINESE, ENGLISH])
    async def test_what_is_no_sentence_keeps_the_language_of_the_chat(
        self, bot: BotHarness, last: str, said: str, *, stored: bool
    ) -> None:
        make.ingested(bot.store, make.paper("Diffusion"))
        client = "en" if last == CHINESE else "zh"
        if stored:
            await bot.says("/sub graphs daily 9", language=client)
        await bot.says(last, language=client)
        assert _is_chinese((await bot.says(said, language=client)).text) is (last == CHINESE)

    async def test_a_press_and_what_it_stores_have_the_language_of_the_sentence(self, bot: BotHarness) -> None:
        make.ingested(bot.store, make.paper("扩散"))
        await bot.says(CHINESE)
        assert _is_chinese((await bot.presses("订阅")).text)
        assert known_or_new(bot.store, make.address(ME), ChatKind.PRIVATE).settings.lang == "zh"

    @pytest.mark.parametrize("choice", ["/lang en", "/set lang en", "speak english please"])
    async def test_a_chosen_language_stays(self, bot: BotHarness, choice: str) -> None:
        await bot.says(choice, language="zh")
        assert not _is_chinese((await bot.says(CHINESE, language="zh")).text)

    @pytest.mark.both_databases
    async def test_what_is_heard_is_no_change_to_undo(self, bot: BotHarness) -> None:
        await bot.says("/sub graphs daily 9")
        await bot.says("你好，你是谁？")
        assert "graphs" in (await bot.says("/undo")).text
        assert "graphs" not in (await bot.says("/list")).text

    async def test_a_group_keeps_the_language_of_who_set_it_up(self, bot: BotHarness) -> None:
        bot.admins["telegram:-1001"] = {"7"}
        await bot.says(f"/sub@{'paperwire_test_bot'} graphs daily 9", "telegram:-1001", by="7")
        said = await bot.says(CHINESE, "telegram:-1001", by="7", is_addressed=True, mentions_bot=True)
        assert not _is_chinese(said.text)


class TestClock:
    async def test_the_zone_of_the_browser_is_that_of_a_chat_that_chose_none(self, bot: BotHarness) -> None:
        await bot.says("/sub graphs daily 9", PAGE)
        assert "UTC" not in (await bot.says("/list", PAGE, timezone="Asia/Tokyo")).text
        assert known_or_new(bot.store, make.address(PAGE), ChatKind.PRIVATE).settings.timezone == "Asia/Tokyo"
        assert "graphs" in (await bot.says("/undo", PAGE, timezone="Asia/Tokyo")).text, "no change of the person"

    async def test_a_chosen_zone_stays(self, bot: BotHarness) -> None:
        await bot.says("/sub graphs daily 9", PAGE, timezone="Asia/Tokyo")
        await bot.says("/timezone Oslo", PAGE, timezone="Asia/Tokyo")
        await bot.says("/list", PAGE, timezone="America/Lima")
        assert known_or_new(bot.store, make.address(PAGE), ChatKind.PRIVATE).settings.timezone == "Europe/Oslo"

    @pytest.mark.parametrize(
        ("said", "zone"),
        [
            ("I'm in Singapore", "Asia/Singapore"),
            ("我在北京", "Asia/Shanghai"),
            ("I live in Nairobi now", "Africa/Nairobi"),
            ("moved to São Paulo", "America/Sao_Paulo"),
            ("I have moved to Lisbon", "Europe/Lisbon"),
            ("我搬到上海了", "Asia/Shanghai"),
        ],
    )
    @pytest.mark.parametrize("before", [(), ("/sub graphs daily 9",)])
    async def test_a_place_that_is_said_sets_the_clock(
        self, bot: BotHarness, said: str, zone: str, before: tuple[str, ...]
    ) -> None:
        for line in before:
            await bot.says(line)
        await bot.says(said)
        assert known_or_new(bot.store, make.address(ME), ChatKind.PRIVATE).settings.timezone == zone

"""Text without a slash: words that mean commands, sentences with a query, and links that name no paper."""

import pytest

from bot.commands.context import BotInfo
from bot.rendering.language import translator
from subscriptions.service.listing import get_chat
from tests import make
from tests.bot_harness import BOT, BotHarness
from tests.conversation.deliverer import subscriptions_of, texts

ME, GROUP, PUBLIC = "telegram:42", "telegram:-1001", "telegram:-1002"
TO_SAY = "Send me words that papers should contain, such as diffusion -survey, or a link to a paper."


class TestCommands:
    @pytest.mark.parametrize(
        ("words", "command"),
        [
            ("list", "/list"),
            ("列表", "/list"),
            ("My subscriptions", "/list"),
            ("我的订阅", "/list"),
            ("help", "/help"),
            ("帮助", "/help"),
            ("unsubscribe", "/unsub"),
            ("取消订阅", "/unsub"),
            ("settings", "/set"),
            ("设置", "/set"),
            ("today", "/today"),
            ("what is new today?", "/today"),
            ("今天", "/today"),
            ("今天有什么新论文", "/today"),
            ("stop", "/stop"),
        ],
    )
    async def test_words_say_what_the_command_says(self, bot: BotHarness, words: str, command: str) -> None:
        make.ingested(bot.store, make.paper("Trees"))
        await bot.says("/sub graphs")
        assert (await bot.says(words)).text == (await bot.says(command)).text

    async def test_they_do_what_the_command_does(self, bot: BotHarness) -> None:
        await bot.says("subscribe diffusion daily 9")
        await bot.says("订阅 扩散模型")
        assert texts(bot) == ["diffusion", "扩散模型"]
        await bot.says("unsubscribe 1")
        assert texts(bot) == ["扩散模型"]
        await bot.says("undo")
        assert texts(bot) == ["diffusion", "扩散模型"]
        await bot.says("取消订阅 2")
        assert texts(bot) == ["diffusion"]
        assert (await bot.says("撤销")).text.startswith("✓")
        await bot.says("暂停")
        assert get_chat(bot.store, make.address(ME)).state == "paused"
        await bot.says("恢复")
        assert get_chat(bot.store, make.address(ME)).state == "active"

    async def test_whoever_says_subscribe_is_subscribed(self, bot: BotHarness) -> None:
        assert (await bot.says("subscribe to papers on diffusion")).lines[0].startswith("✓ 1  diffusion")
        assert "undo" in bot.last[ME][-1].buttons

    async def test_stop_offers_a_pause_and_the_end(self, bot: BotHarness) -> None:
        await bot.says("/sub diffusion")
        said = await bot.says("stop")
        assert said.lines == ["This chat has 1 subscription."]
        assert said.buttons == ["pause", "remove all"]
        assert get_chat(bot.store, make.address(ME)).state == "active"
        assert (await bot.presses("pause")).text.startswith("✓")
        assert get_chat(bot.store, make.address(ME)).state == "paused"
        assert (await bot.says("停止")).buttons == ["全部删除"]
        await bot.presses("全部删除")
        assert texts(bot) == []

    async def test_where_there_is_nothing_to_stop_it_says_so(self, bot: BotHarness) -> None:
        said = await bot.says("stop")
        assert (said.lines, said.buttons) == (["There is nothing to stop: this chat has no subscriptions."], [])

    @pytest.mark.parametrize(
        "query",
        [
            "attention",
            "today's language models",
            "search engines",
            "list decoding",
            "stop words",
            "help desk automation",
        ],
    )
    async def test_a_query_that_begins_so_is_a_query(self, bot: BotHarness, query: str) -> None:
        make.ingested(bot.store, make.paper(f"On {query}"))
        said = await bot.says(query)
        assert said.lines[0] == "1 paper in the last 7 days"
        assert said.buttons[-1] == "subscribe"

    async def test_a_word_that_is_nearly_one_and_finds_nothing_names_it(self, bot: BotHarness) -> None:
        assert (await bot.says("lsit")).lines == (await bot.says("/list")).lines
        assert (await bot.says("helpp")).lines[-1] == "Did you mean /help?"


class TestGreetings:
    @pytest.mark.parametrize(
        "text", ["hello", "Hi!", "what can you do?", "how does this work?", "你好", "你能做什么？", "怎么用", "早上好"]
    )
    async def test_they_get_three_lines_of_help(self, bot: BotHarness, text: str) -> None:
        said = await bot.says(text)
        assert said.lines == [
            translator("en" if text.isascii() else "zh")(line)
            for line in (
                TO_SAY,
                "Words such as list, today, settings and stop do what they say.",
                "/help lists what else I know.",
            )
        ]
        assert said.buttons == []


class TestSentences:
    @pytest.mark.parametrize(
        ("sentence", "text"),
        [
            ("I want papers on large language models, but no surveys", "large language models -survey"),
            ("show me papers on large language models without surveys", "large language models -survey"),
            ("please send me papers about graph neural networks", "graph neural networks"),
            ("我想看关于扩散模型的论文，不要综述", "扩散模型 -综述"),
        ],
    )
    async def test_what_is_left_is_offered_and_not_stored(self, bot: BotHarness, sentence: str, text: str) -> None:
        make.ingested(bot.store, make.paper("Trees"))
        await bot.says("/lang en")
        said = await bot.says(sentence)
        assert said.lines[0].startswith(
            ("No paper that I know has “", "The only paper of the last 7 days does not fit.")
        )
        assert said.lines[-1] == "(I left out the words around it; in quotation marks all of them count.)"
        assert said.buttons == ["how to ask", "subscribe"]
        with bot.store.read() as session:
            assert session.connection().exec_driver_sql("SELECT count(*) FROM subscription").scalar() == 0
        assert (await bot.presses("subscribe")).text.startswith("✓ 1")
        assert texts(bot) == [text]

    async def test_its_reading_stands_in_the_preview(self, bot: BotHarness) -> None:
        make.ingested(
            bot.store, make.paper("Large language models today"), make.paper("Large language models: a survey")
        )
        said = await bot.says("I want papers on large language models, but no surveys")
        assert said.lines[:2] == ["1 paper in the last 7 days", "large language models -survey"]

    async def test_a_time_in_it_survives(self, bot: BotHarness) -> None:
        said = await bot.says("I want papers on diffusion models every monday at 10, please")
        assert said.lines[0].startswith("✓ 1  diffusion models · weekly mon 10:00")
        assert "undo" in said.buttons

    async def test_a_sentence_that_leaves_no_query_is_taken_as_it_was_said(self, bot: BotHarness) -> None:
        assert (await bot.says("show me (")).lines[1].startswith("show me")


class TestLinks:
    @pytest.mark.parametrize(
        "text",
        [
            "https://openreview.net/forum?id=abc123",
            "https://twitter.com/ylecun/status/123456",
            "https://example.org/paper.pdf",
            "have a look at https://www.youtube.com/watch?v=abc",
        ],
    )
    async def test_one_that_names_no_paper_says_which_do_and_offers_nothing(self, bot: BotHarness, text: str) -> None:
        said = await bot.says(text)
        assert said.lines[0] == "✗ That link names no paper that I can look up."
        assert all(part in said.lines[1] for part in ("arxiv.org/abs/…", "doi.org/…"))
        assert said.buttons == []

    async def test_those_of_other_archives_name_their_papers(self, bot: BotHarness) -> None:
        make.ingested(
            bot.store,
            make.paper("Diffusion", arxiv_id="2601.00001"),
            make.paper("Cells", doi="10.1101/2026.01.02.000001"),
        )
        assert (await bot.says("https://www.alphaxiv.org/abs/2601.00001")).lines[0] == "Diffusion"
        link = "https://www.biorxiv.org/content/10.1101/2026.01.02.000001v2.full"
        assert (await bot.says(link)).lines[0] == "Cells"

    async def test_one_that_can_be_asked_of_arxiv_is_answered_at_once(self, bot: BotHarness) -> None:
        bot.bot_info = BotInfo(bot_names={"telegram": BOT}, looks_up_papers=True)
        make.ingested(bot.store, make.paper("Diffusion", arxiv_id="2601.00001"))
        said = await bot.says("https://arxiv.org/abs/2512.00009")
        assert said.lines == ["I look it up at arXiv: 2512.00009"]
        assert said.stored_reply is not None
        assert said.stored_reply.lookup_ids == ("2512.00009",)
        both = await bot.says("2512.00009 2601.00001 10.1000/xyz")
        assert both.lines[0] == "10.1000/xyz is not known here."
        assert both.lines[2] == "I look it up at arXiv: 2512.00009"
        assert "Diffusion" in both.text


class TestGroups:
    async def test_words_behind_the_bots_name_do_what_they_do_in_private(self, bot: BotHarness) -> None:
        make.ingested(bot.store, make.paper("Graph neural networks"))
        bot.admins[GROUP] = {"7"}
        said = await bot.says("graph neural networks", GROUP, by="9", is_addressed=True, mentions_bot=True)
        assert said.lines[0] == "1 paper in the last 7 days"
        assert said.buttons == ["1", "subscribe"]
        refused = await bot.presses("subscribe", GROUP, by="9")
        assert refused.toast == "Only admins of this chat can change that."
        assert (await bot.presses("subscribe", GROUP, by="7")).text.startswith("✓ 1")
        assert texts(bot, GROUP) == ["graph neural networks"]

    @pytest.mark.parametrize(
        ("words", "first"),
        [
            ("list", "There are no subscriptions yet."),
            ("我的订阅", "There are no subscriptions yet."),
            ("what can you do?", TO_SAY),
            ("https://openreview.net/forum?id=x", "✗ That link names no paper that I can look up."),
            ("I want papers on trees, but no surveys", "No papers are known yet."),
        ],
    )
    async def test_so_do_commands_greetings_links_and_sentences(self, bot: BotHarness, words: str, first: str) -> None:
        assert (await bot.says(words, GROUP, by="9", is_addressed=True, mentions_bot=True)).lines[0].startswith(first)

    async def test_a_member_changes_nothing_by_words_either(self, bot: BotHarness) -> None:
        bot.admins[GROUP] = {"7"}
        said = await bot.says("subscribe graphs", GROUP, by="9", is_addressed=True, mentions_bot=True)
        assert said.text == "✗ Only admins of this chat can change that."

    async def test_who_answers_the_bot_and_names_it_is_heard(self, bot: BotHarness) -> None:
        assert await bot.says(
            "graph neural networks", GROUP, by="9", is_addressed=True, mentions_bot=True, reply_to="m1"
        )
        assert not await bot.says("graph neural networks", GROUP, by="9", is_addressed=True, reply_to="m1")
        assert not await bot.says("https://arxiv.org/abs/2601.00001", GROUP, by="9", is_addressed=True, reply_to="m1")

    async def test_where_strangers_read_along_the_command_stands_instead_of_the_button(self, bot: BotHarness) -> None:
        bot.public.add(PUBLIC)
        said = await bot.says("I want papers on graphs", PUBLIC, by="9", is_addressed=True, mentions_bot=True)
        assert said.buttons == []
        assert said.lines[-1] == "To subscribe: /sub graphs"
        await bot.says("/sub graphs", PUBLIC, by="9", sender_is_admin=True)
        stop = await bot.says("stop", PUBLIC, by="9", is_addressed=True, mentions_bot=True)
        assert (stop.lines[-1], stop.buttons) == ("/pause holds everything, /unsub all removes it.", [])


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("edit 1 -ti:agents robots", ["robot -title:agent"]),
        ("edit 1 robots -ti:agents", ["robot -title:agent"]),
        ("unsub ti:agents", []),
        ("subscribe au: lecun", ["title:agent", "author:lecun"]),
        ('订阅 ti:"机器人" 每天 9点', ["title:agent", 'title:"机 器 人"']),
        ("search ti:robots", ["title:agent"]),  # looks only
    ],
)
async def test_a_command_with_a_field_is_typed_and_no_sentence(
    bot: BotHarness, typed: str, canonical: list[str]
) -> None:
    await bot.says("/sub ti:agents")
    await bot.says(typed)
    assert [one.canonical for one in subscriptions_of(bot)] == canonical


async def test_a_setting_is_the_first_thing_that_a_person_says(bot: BotHarness) -> None:
    said = await bot.says("no pings between 11pm and 6am please")
    assert said.text.splitlines()[0].endswith("Quiet hours: from 23:00 to 06:00 (was: from 22:00 to 08:00)")

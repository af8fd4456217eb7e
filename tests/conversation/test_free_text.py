"""Text without a command in a private chat, which may be a query or the answer to a question."""

from dataclasses import replace
from time import process_time

import pytest

from bench._hostile_texts import REPEATED
from bot.commands import asking, intent
from bot.commands.context import Callback, CommandContext
from bot.ports.channel import Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.model import CallbackToken
from tests.bot_harness import BotHarness
from tests.clock import NOON
from tests.make import add_callbacks, paper

ME, GROUP = "telegram:42", "telegram:-1001"
WHAT_TO_SAY = "Send me words that papers should contain, such as diffusion -survey, or a link to a paper."
ONLY_TEXT = "I read only text: words that papers should contain, or a link to a paper."


class TestQueries:
    async def test_it_is_a_preview_with_the_newest_papers_and_subscribe(self, bot: BotHarness) -> None:
        bot.brings(*(f"Diffusion {n}" for n in range(7)), "Graphs")
        said = await bot.says("diffusion -survey")
        assert said.lines[:2] == ["7 papers in the last 7 days", "diffusion, not survey"]
        assert "1 Diffusion 6 — Ada Example" in said.lines
        assert said.buttons == ["1", "2", "3", "4", "5", "subscribe", "show more"]
        assert "Diffusion 1" not in said.text
        done = await bot.presses("subscribe")
        assert done.lines[0].startswith("✓ 1  diffusion, not survey")

    async def test_several_lines_are_one_query(self, bot: BotHarness) -> None:
        bot.brings("Diffusion on graphs")
        assert (await bot.says("diffusion\ngraphs")).lines[1] == "diffusion graphs"
        assert (await bot.presses("subscribe")).lines[0].startswith("✓ 1  diffusion graphs")

    async def test_a_bare_name_that_only_an_author_has_finds_the_papers_of_the_author(self, bot: BotHarness) -> None:
        nets = [paper(f"Nets {n}", authors=("Ines Kovac",)) for n in range(2)]
        bot.brings(*nets, "Kovac numbers", paper("Nets", authors=("Nets Onbekend",)))
        for text, found, read in [
            ("ines kovac", 2, 'author:"ines kovac"'),
            ("Ines", 2, 'author:"Ines"'),
            ("ines kovac every monday", 2, 'author:"ines kovac"'),
            ("kovac", 1, "kovac"),  # a paper has this word
            ("nets", 3, "nets"),
        ]:
            said = await bot.says(text)
            assert said.lines[0].startswith(f"{found} paper"), said.text
            assert said.lines[1].startswith(read if read != text else ""), said.text  # as written, it is not said again
            assert ("is the name of an author" in said.text) == (read.isascii() and read.startswith("author"))
        assert (await bot.presses("subscribe")).lines[0].startswith("✓ 1  nets")

    async def test_a_pasted_abstract_finds_nothing_and_is_told_why(self, bot: BotHarness) -> None:
        bot.brings("Diffusion")
        said = await bot.says("We show that large models trained on small data sets can be made robust without labels")
        assert said.lines[-1] == "A paper must have all 16 words; fewer find more."

    @pytest.mark.parametrize(
        ("text", "first"),
        [
            ("hello", WHAT_TO_SAY),
            ("Hi!", WHAT_TO_SAY),
            ("thank you", "You are welcome."),
            ("你好", "请发来论文应包含的词，例如 diffusion -survey，或论文的链接。"),
            ("😀🎉", "All right."),
            ("图" * 4096, "✗ 超过了 1,000 个字符。"),
        ],
    )
    @pytest.mark.sentences
    async def test_small_talk_is_answered_in_its_language(self, bot: BotHarness, text: str, first: str) -> None:
        said = await bot.says(text)
        assert said.lines[0] == first
        assert len(said.lines) < 8


class TestQuestions:
    @pytest.fixture(autouse=True)
    def _questions(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def colour(context: CommandContext) -> Reply:
            return asking.ask(context, "try-colour", {"of": "the house"}, "Which colour?")

        def painted(context: CommandContext) -> Reply:
            if context.args == "invisible":
                raise Refused(Sentence("Nobody would see it."))
            return Reply(lines=(f"{context.arguments['of']} is {context.args}",), ok=True)

        callbacks = {
            **intent.REGISTRY.callbacks,
            "try-ask": Callback(run=colour, writes=True),
            "try-colour": Callback(run=painted),
        }
        monkeypatch.setattr(intent, "REGISTRY", replace(intent.REGISTRY, callbacks=callbacks))

    async def asked(self, bot: BotHarness, chat: str = ME, by: str = "42") -> None:
        with bot.store.write() as transaction:
            [link] = add_callbacks(transaction, [CallbackToken(verb="try-ask", place=chat)], now=NOON)
        said = await bot.sends_request(chat, callback_data=link, by=by)
        assert said.lines == ["Which colour?"]
        assert said.buttons == ["cancel"]

    @pytest.fixture(autouse=True)
    async def _is_asked(self, bot: BotHarness, _questions: None) -> None:
        await self.asked(bot)

    async def test_the_next_text_is_the_answer_and_the_one_after_is_not(self, bot: BotHarness) -> None:
        assert (await bot.says("green")).text == "✓ the house is green"
        assert (await bot.says("green")).lines[0] == "No papers are known yet."

    async def test_a_command_in_between_leaves_it(self, bot: BotHarness) -> None:
        await bot.says("/preview diffusion")
        assert (await bot.says("2601.00001")).text == "✓ the house is 2601.00001"

    async def test_an_answer_that_is_refused_leaves_it(self, bot: BotHarness) -> None:
        assert (await bot.says("invisible")).text == "✗ Nobody would see it."
        assert (await bot.says("red")).text == "✓ the house is red"

    async def test_nobody_answers_for_another(self, bot: BotHarness) -> None:
        assert (await bot.says("green", "telegram:43")).lines[0] == "No papers are known yet."
        assert (await bot.says("green")).text == "✓ the house is green"


async def seconds(bot: BotHarness, before: str, text: str) -> float:
    """Sends `before`, then `text`. Returns the processor time of the answer to `text`, in seconds."""
    bot.later(hours=1)
    await bot.says(before)
    began = process_time()
    await bot.says(text)
    return process_time() - began


@pytest.mark.parametrize(("before", "text"), [("/help", "{}"), ("/help", "/sub graphs{}x"), ("/edit 1", "x{}y")])
async def test_any_long_message_is_answered_soon(bot: BotHarness, before: str, text: str) -> None:
    """Compares the slowest answer with the answer to an ordinary message. After "/edit 1", the text answers a question."""
    await bot.says("/sub graphs")
    ordinary = max([await seconds(bot, before, "graphs and trees") for _ in range(5)])
    took = {piece: await seconds(bot, before, text.format(piece * (3_900 // len(piece)))) for piece in REPEATED}
    slowest = max(took, key=lambda piece: took[piece])
    assert took[slowest] < 100 * ordinary, f"{slowest!r}: {took[slowest]:.2f} s, an ordinary message {ordinary:.3f} s"

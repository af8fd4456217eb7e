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
from tests.unit.deliveries import HOSTILE

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

    async def test_nothing_is_stored_of_somebody_who_only_tries(self, bot: BotHarness) -> None:
        await bot.says("diffusion")
        with bot.store.read() as session:
            assert session.connection().exec_driver_sql("SELECT count(*) FROM chat").scalar() == 0

    async def test_a_pasted_abstract_finds_nothing_and_is_told_why(self, bot: BotHarness) -> None:
        bot.brings("Diffusion")
        said = await bot.says("We show that large models trained on small data sets can be made robust without labels")
        assert said.lines[-1] == "A paper must have all 16 words; fewer find more."

    @pytest.mark.parametrize(
        ("text", "first"),
        [
            ("?!", WHAT_TO_SAY),
            ("()", WHAT_TO_SAY),
            ("مرحبا بالعالم", "Nothing fits among the 2 papers of the last 7 days."),
            ("شبكة \u202e عصبية", "Nothing fits among the 2 papers of the last 7 days."),
            ("-survey", "✗ This only excludes. Say what you want, too."),
            ("graph)", "✗ This ) closes nothing."),
            ("x" * 4096, "✗ This is longer than 1,000 characters."),
            ("(" * 4096, WHAT_TO_SAY),
            ("\u0000\ud800 diffusion", "1 paper in the last 7 days"),
            ("   diffusion   ", "1 paper in the last 7 days"),
            ("a OR b OR diffusion", "1 paper in the last 7 days"),
        ],
    )
    async def test_every_text_is_answered_in_a_few_lines(self, bot: BotHarness, text: str, first: str) -> None:
        bot.brings("Diffusion", "Graphs")
        said = await bot.says(text)
        assert said.lines[0] == first
        assert len(said.lines) < 8

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

    @pytest.mark.parametrize("text", HOSTILE)
    async def test_whatever_is_written_is_answered_and_can_be_subscribed(self, bot: BotHarness, text: str) -> None:
        text = text.encode(errors="replace").decode()  # every channel replaces lone surrogates like this
        bot.brings("Diffusion", text)
        for said in [await bot.says(text), await bot.says(f"/preview {text}"), await bot.says(f"/search {text}")]:
            assert said.lines[0]
            assert "Something went wrong here" not in said.text
            if "subscribe" in said.buttons:
                assert (await bot.presses("subscribe")).lines[0][0] == "✓"

    @pytest.mark.parametrize("text", ["", "   "])
    async def test_what_is_no_text_gets_one_line(self, bot: BotHarness, text: str) -> None:
        assert (await bot.says(text)).lines == [ONLY_TEXT]

    async def test_in_a_group_it_is_silent(self, bot: BotHarness) -> None:
        assert not await bot.says("diffusion", GROUP, by="7")


class TestNamedPapers:
    @pytest.mark.parametrize(
        "text",
        [
            "2601.00001",
            "arXiv:2601.00001v2",
            "https://arxiv.org/pdf/2601.00001v1",
            "Forwarded: look at this, https://arxiv.org/abs/2601.00001！很好 😀",
            "huggingface.co/papers/2601.00001 is -worth ( a look",
        ],
    )
    async def test_a_link_or_id_is_answered_with_the_card(self, bot: BotHarness, text: str) -> None:
        bot.brings(paper("Diffusion", "cs.LG", arxiv_id="2601.00001", abstract="It learns."))
        said = await bot.says(text)
        assert said.lines[0] == "Diffusion"
        assert "It learns." in said.text
        assert "follow authors" in (await bot.presses("⋯")).buttons

    async def test_several_are_cards_with_numbers(self, bot: BotHarness) -> None:
        bot.brings(*(paper(f"Paper {n}", arxiv_id=f"2601.0000{n}") for n in range(1, 8)))
        said = await bot.says("2601.00001, 2601.00003 and https://arxiv.org/abs/2601.00001")
        assert [line for line in said.lines if "Paper" in line] == ["1 Paper 1", "2 Paper 3"]
        assert said.buttons == ["1", "2"]
        assert "Paper 3" in (await bot.presses("2")).text
        many = await bot.says(" ".join(f"2601.0000{n}" for n in range(1, 8)))
        assert many.lines[0] == "The first 5 of 7."
        assert many.buttons == ["1", "2", "3", "4", "5"]

    async def test_an_unknown_one_is_not_invented(self, bot: BotHarness) -> None:
        bot.brings(paper("Diffusion", arxiv_id="2601.00001"))
        said = await bot.says("2512.00009")
        assert said.lines == ["✗ 2512.00009 is not known here.", "I know the papers that came since Thu 22 Jan 12:00."]
        assert said.keys == [{"text": "look there", "url": "https://arxiv.org/abs/2512.00009"}]
        both = await bot.says("2512.00009 2601.00001")
        assert both.lines[0] == "2512.00009 is not known here."
        assert "Diffusion" in both.text

    async def test_before_the_first_paper_it_says_so(self, bot: BotHarness) -> None:
        assert (await bot.says("2512.00009")).lines == ["✗ 2512.00009 is not known here.", "No papers are known yet."]

    async def test_a_query_with_an_id_field_is_still_a_query(self, bot: BotHarness) -> None:
        bot.brings(paper("Diffusion", arxiv_id="2601.00001"))
        assert (await bot.says("id:2601.00001")).lines[0] == "1 paper in the last 7 days"


class TestDocuments:
    async def test_a_dropped_file_is_offered_for_import(self, bot: BotHarness) -> None:
        bot.files["f1"] = b"daily 09:00 UTC | diffusion -survey | \n"
        said = await bot.says("", file_id="f1")
        assert "diffusion -survey" in said.text
        assert "import" in said.buttons

    async def test_what_is_no_text_is_a_sentence(self, bot: BotHarness) -> None:
        bot.files["f1"] = b"%PDF-1.7\0\xff\xfe"
        assert (await bot.says("", file_id="f1")).lines[0].startswith("✗ ")

    async def test_a_link_beside_a_file_goes_first(self, bot: BotHarness) -> None:
        bot.brings(paper("Diffusion", arxiv_id="2601.00001"))
        bot.files["f1"] = b"%PDF-1.7\0"
        assert (await bot.says("https://arxiv.org/abs/2601.00001", file_id="f1")).lines[0] == "Diffusion"


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

    async def test_it_ends_after_a_quarter_of_an_hour(self, bot: BotHarness) -> None:
        bot.later(minutes=15, seconds=1)
        assert (await bot.says("green")).lines[0] == "No papers are known yet."

    async def test_cancel_lets_it_go_by_word_and_by_button(self, bot: BotHarness) -> None:
        assert (await bot.says("/cancel")).text == "✓ Nothing is changed."
        assert (await bot.says("green")).lines[0] == "No papers are known yet."
        await self.asked(bot)
        gone = await bot.presses("cancel")
        assert gone.replaces
        assert (await bot.says("green")).lines[0] == "No papers are known yet."
        assert (await bot.says("/cancel")).text == "There is nothing to cancel."

    async def test_a_sticker_is_no_answer(self, bot: BotHarness) -> None:
        assert (await bot.says("")).lines == [ONLY_TEXT]
        assert (await bot.says("green")).text == "✓ the house is green"

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

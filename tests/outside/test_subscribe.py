"""subscribe: the echo, the advice, the schedule, several queries at once, and edited messages."""

import html
from datetime import date, timedelta

import pytest

from bot.commands.context import BotInfo
from subscriptions.store import paper_words
from subscriptions.store.database.store import Transaction
from tests.bot_harness import BOT, Answer, BotHarness
from tests.clock import NOON
from tests.make import paper, subscribes, summary
from tests.stored import others_can_write

ME, GROUP = "telegram:42", "telegram:-1001"


def known(bot: BotHarness, *titles: str, category: str = "cs.LG") -> None:
    bot.brings(*(paper(title, category) for title in titles))


def texts(bot: BotHarness, chat: str = ME) -> list[tuple[int, str]]:
    return [(one.subscription.number, one.subscription.text) for one in bot.listed(chat)]


async def groups_admin(bot: BotHarness, text: str, **more: object) -> Answer:
    bot.admins[GROUP] = {"7", "8"}
    return await bot.says(text, GROUP, **{"by": "7", **more})


async def test_the_echo_says_how_it_was_read_what_it_would_have_brought_and_when_the_first_comes(
    bot: BotHarness,
) -> None:
    known(bot, "Diffusion on graphs", "Graphs without it")
    said = await bot.says("/sub diffusion -survey at 8")
    assert said.lines[:3] == [
        "✓ 1  diffusion, not survey · daily 08:00 UTC",
        "It finds 1 paper in the last 7 days:",
        "· Diffusion on graphs (" + said.lines[2].partition("(")[2],
    ]
    assert said.lines[3].startswith("First: Fri 23 Jan 08:00. Begins with what came since ")


async def test_a_guess_is_told_in_words(bot: BotHarness) -> None:
    said = await bot.says('/sub "graph neural')
    assert said.lines[:2] == ['✓ 1  "graph neural" · when-out 08:00-20:00 UTC', "(I closed the quotation mark.)"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "query",
    [
        "diffusion models -survey",
        "author:Jane Doe",
        "ti:graph cat:cs.CV -hep-th",
        "(graph OR -tree) forest -(survey review)",
        "rlhf, dpo, reward model, not benchmark",
        '=RAG few-sho* "OR" abs:"deep sets"',
        "stat.ML | cs.* | 2601.15529 | doi:10.1234/abc",
        "扩散模型 或 标题：流匹配，不含综述",
        "作者：何恺明 且 类别：cs.CV",
        "all:graph source:daily",
        "graph -daily",
        "ti:weekly OR tides",
    ],
)
async def test_the_echo_copied_and_sent_again_is_the_same_subscription(
    bot: BotHarness, language: str, query: str
) -> None:
    await bot.says(f"/lang {language}")
    said = await bot.says(f"/sub {query}")
    echo = html.unescape(said.markup.split("\n")[0]).removeprefix("<b>").removeprefix("✓ 1  ").partition(" · ")[0]
    assert (await bot.says(f"/sub {echo}")).lines[0] == said.lines[0]
    assert [number for number, _ in texts(bot)] == [1]


async def test_a_name_in_two_and_a_category_by_its_name_are_mended_by_a_button(bot: BotHarness) -> None:
    known(bot, "Diffusion on graphs")
    said = await bot.says("/sub author: Yann LeCun")
    assert said.lines[0].startswith("✓ 1  LeCun author:Yann · ")
    assert (await bot.presses("as one author")).lines[0].startswith('✓ 1  author:"Yann LeCun" · ')
    said = await bot.says("/sub cat:machine learning")
    assert "You may mean category:cs.LG OR category:stat.ML: 1 paper." in said.lines
    assert (await bot.presses("as that category")).lines[0].startswith("✓ 2  category:cs.LG OR category:stat.ML · ")


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("year:2024 tides", "(I cannot look for dates: a subscription asks for new papers. Leave out year:2024)"),
        ("tides; waves", "(A ; does not separate wishes. For several subscriptions write one per line.)"),
        ("cs.XX", "(There is no category cs.XX, so I look for the words. A category looks like cs.CV.)"),
    ],
)
async def test_what_other_engines_know_is_told(bot: BotHarness, query: str, hint: str) -> None:
    assert (await bot.says(f"/sub {query}")).lines[1] == hint


async def test_more_than_three_papers_are_counted_and_the_newest_three_named(bot: BotHarness) -> None:
    known(bot, *(f"Diffusion {number}" for number in range(1, 6)))
    said = await bot.says("/sub diffusion")
    assert "5 papers in the last 7 days, for example:" in said.lines
    assert [line[:13] for line in said.lines if line.startswith("·")] == ["· Diffusion 5", "· Diffusion 4", "· Diffusion 3"]  # fmt: skip


async def test_in_a_group_it_is_two_lines(bot: BotHarness) -> None:
    known(bot, "Diffusion on graphs", "Diffusion")
    said = await groups_admin(bot, "/sub diffusion")
    assert said.lines == [
        "✓ 1  diffusion · when-out 08:00-20:00 UTC",
        "2 papers in the last 7 days. First: as soon as papers are out.",
    ]
    assert said.buttons == ["undo"]


async def test_in_a_public_group_there_are_no_buttons(bot: BotHarness) -> None:
    bot.public.add(GROUP)
    assert (await groups_admin(bot, "/sub diffusion")).buttons == []


async def test_who_asked_is_remembered_by_a_plain_name(bot: BotHarness) -> None:
    await groups_admin(bot, "/sub diffusion")
    assert [one.subscription.added_by for one in bot.listed(GROUP)] == ["Ada Example"]


async def test_a_chat_that_is_paused_hears_that_it_is(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    await bot.says("/pause")
    assert "This chat is paused; /resume ends that." in (await bot.says("/sub graphs")).text


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("diffusion now", "✓ 1  diffusion · now"),
        ("diffusion at 8", "✓ 1  diffusion · daily 08:00 UTC"),
        ("diffusion weekly on mon at 9am", "✓ 1  diffusion · weekly mon 09:00 UTC"),
        ("diffusion when-out 9-18 weekdays", "✓ 1  diffusion · when-out 09:00-18:00 weekdays UTC"),
        ("diffusion when-out", "✓ 1  diffusion · when-out 08:00-20:00 UTC"),
        ("diffusion at home", "✓ 1  diffusion at home · when-out 08:00-20:00 UTC"),
        ('"diffusion now"', '✓ 1  "diffusion now" · when-out 08:00-20:00 UTC'),
        ("now", "✓ 1  now · when-out 08:00-20:00 UTC"),
    ],
)
async def test_a_time_is_read_at_the_end_only(bot: BotHarness, text: str, head: str) -> None:
    assert (await bot.says(f"/sub {text}")).lines[0] == head


@pytest.mark.parametrize(
    ("said", "canonical", "when"),
    [
        ("/sub cs.RO pliko now", "cat:cs.ro pliko", "now"),
        ("/add hep-th pliko daily 9", "cat:hep-th pliko", "daily 09:00"),
        ("sub stat.ML vorna now", "cat:stat.ml vorna", "now"),
        ("subscribe Vorna eess.AS every friday at 7", "cat:eess.as vorna", "weekly fri 07:00"),
        ("订阅 math.CO 沃纳 每天9点", '"沃 纳" cat:math.co', "daily 09:00"),
        ("/sub protein folding, without docking", '"protein folding" -docking', "when-out 08:00-20:00"),
        ("/sub protein folding, except mice daily 9", '"protein folding" -mice', "daily 09:00"),
        ("/sub protein folding, but not reviews", '"protein folding" -review', "when-out 08:00-20:00"),
        ("/sub protein folding but no reviews weekly", "folding protein -review", "weekly mon 09:00"),
        ("/sub 蛋白质，但不要综述", '"蛋 白 质" -"综 述"', "when-out 08:00-20:00"),
        ("／sub pliko now", "pliko", "now"),
        ("/sub: pliko now", "pliko", "now"),
        ("/sub，pliko", "pliko", "when-out 08:00-20:00"),
        ("sub: pliko now", "pliko", "now"),
        ("/Sub@paperwire_test_bot: pliko", "pliko", "when-out 08:00-20:00"),
    ],
)
@pytest.mark.sentences
async def test_the_query_of_a_command_is_never_read_as_a_sentence(
    bot: BotHarness, said: str, canonical: str, when: str
) -> None:
    known(bot, "Robots fold proteins")
    await bot.says("/sub trees")
    await bot.says(said)
    assert [(one.subscription.canonical, str(one.subscription.cadence)) for one in bot.listed(ME)][1:] == [
        (canonical, when)
    ]


@pytest.mark.sentences
async def test_a_sentence_after_the_command_is_offered_as_its_query(bot: BotHarness) -> None:
    known(bot, "Trees")
    said = await bot.says("/sub I want papers on protein folding, but no surveys")
    assert said.lines[0].startswith('✓ 1  "I want papers on protein folding", not surveys')
    assert "Did you mean “protein folding -survey”?" in said.lines
    await bot.presses("protein folding -survey")
    assert texts(bot) == [(1, "protein folding -survey")]


async def test_when_out_keeps_the_times_of_the_chat(bot: BotHarness) -> None:
    await bot.says("/sub graphs")
    await bot.says("/set schedule when-out 10:00-12:00")
    assert (await bot.says("/sub diffusion when-out")).lines[0].endswith("when-out 10:00-12:00 UTC")


async def test_the_same_wish_again_changes_its_schedule_and_says_so(bot: BotHarness) -> None:
    await bot.says("/sub diffusion models")
    said = await bot.says("/sub MODELS Diffusion at 8")
    assert said.lines[:2] == [
        "✓ 1  MODELS Diffusion · daily 08:00 UTC",
        "It was there already; its schedule is changed.",
    ]
    assert texts(bot) == [(1, "diffusion models")]
    again = await bot.says("/sub diffusion models")
    assert again.lines[1] == "It was there already; its schedule stays."
    assert "undo" not in again.buttons


async def test_the_first_wish_of_a_person_asks_for_their_clock(bot: BotHarness) -> None:
    said = await bot.says("/sub diffusion")
    assert "The times are those of UTC. Which clock is yours?" in said.lines
    assert said.buttons == ["look for older papers", "undo", "12:00 London", "another city"]
    await bot.presses("another city")
    await bot.presses("13:00 Berlin")
    assert (await bot.says("/sub graphs at 8")).lines[0] == "✓ 2  graphs · daily 08:00 Europe/Berlin"


async def test_the_second_wish_does_not_ask_and_neither_does_a_group(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    assert "another city" not in (await bot.says("/sub graphs")).buttons
    assert "another city" not in (await groups_admin(bot, "/sub diffusion")).buttons


@pytest.mark.parametrize(
    ("language", "row"),
    [("en", ["12:00 London", "another city"]), ("zh-hans", ["20:00 上海", "19:00 曼谷", "别的城市"])],
)
async def test_the_first_answer_has_one_row_of_clocks(bot: BotHarness, language: str, row: list[str]) -> None:
    bot.brings("Diffusion")
    said = await bot.says("/sub diffusion", language=language)
    rows = [[key["text"] for key in keys] for payload in said.payloads for keys in payload["buttons"]]
    assert len(rows) == 2
    assert rows[-1] == row


async def test_the_advice_rewrites_the_wish_and_can_be_undone(bot: BotHarness) -> None:
    known(bot, *(f"Diffusion models {n}" for n in range(4)), *(f"Models of heat diffusion {n}" for n in range(3)))
    said = await bot.says("/sub diffusion models -survey")
    assert 'As a phrase, "diffusion models", not survey: 4 papers.' in said.lines
    rewritten = await bot.presses("as a phrase")
    assert rewritten.replaces
    assert rewritten.lines[:2] == [
        '✓ 1  "diffusion models", not survey · when-out 08:00-20:00 UTC',
        "Instead of: diffusion models -survey",
    ]
    assert texts(bot) == [(1, '"diffusion models" -survey')]
    await bot.presses("undo")
    assert texts(bot) == [(1, "diffusion models -survey")]


async def test_a_category_that_no_source_tells_is_said(bot: BotHarness) -> None:
    bot.bot_info = BotInfo(bot_names={"telegram": BOT}, categorised=False)
    known(bot, "Diffusion on graphs")
    said = await bot.says("/sub cs.LG diffusion")
    assert "No source here gives categories, so no paper can fit." in said.lines
    assert (await bot.presses("without it")).lines[0].startswith("✓ 1  diffusion")


async def test_a_query_in_chinese_hears_how_many_papers_have_chinese_text(bot: BotHarness) -> None:
    bot.brings(paper("Diffusion", summaries=summary("扩散模型")), "Graphs")
    assert "Only papers with Chinese text can fit: 1 paper of the 2 I know." in (await bot.says("/sub 扩散")).lines


async def test_in_a_group_the_advice_is_a_button_only(bot: BotHarness) -> None:
    known(bot, *(f"Diffusion models {n}" for n in range(4)), *(f"Models of heat diffusion {n}" for n in range(3)))
    said = await groups_admin(bot, "/sub diffusion models")
    assert (len(said.lines), said.buttons) == (2, ["as a phrase", "undo"])


async def test_advice_on_a_subscription_that_is_gone(bot: BotHarness) -> None:
    known(bot, *(f"Diffusion models {n}" for n in range(4)), *(f"Models of heat diffusion {n}" for n in range(3)))
    await bot.says("/sub diffusion models")
    await bot.says("/unsub all")
    said = await bot.presses("as a phrase")
    assert said.toast == "That subscription is gone. /list shows those that are there."
    assert not said.payloads


async def test_several_lines_are_several_wishes_and_a_bad_one_refuses_only_itself(bot: BotHarness) -> None:
    said = await bot.says("/sub diffusion\n-survey\n\n  stat.ML daily 9\nti:")
    assert said.lines == [
        "✓ 2 of 4 lines are subscriptions now.",
        "-survey",
        "^ This only excludes. Say what you want, too.",
        "ti:",
        "^ ti: has nothing after it to look for.",
        "1  diffusion · when-out 08:00-20:00 UTC",
        "2  category:stat.ML · daily 09:00 UTC",
    ]
    await bot.presses("undo")
    assert texts(bot) == []


async def test_one_that_is_there_already_is_told_among_several(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    said = await bot.says("/sub diffusion\ngraphs")
    assert said.lines[1] == "1  diffusion · when-out 08:00-20:00 UTC · It was there already; its schedule stays."
    await bot.presses("undo")
    assert texts(bot) == [(1, "diffusion")]


async def test_fifty_lines_are_too_many_at_once(bot: BotHarness) -> None:
    said = await bot.says("/sub " + "\n".join(f"word{number}" for number in range(50)))
    assert said.lines == ["✗ That is 50 lines; I take 20 at once.", "Send the rest in another message."]


async def test_two_hundred_subscriptions_are_enough(bot: BotHarness) -> None:
    with bot.store.write() as transaction:  # all subscriptions were added in one change
        for number in range(200):
            subscribes(transaction, ME, f"word{number}")
    said = await bot.says("/sub diffusion")
    assert said.lines == ["✗ A chat can have 200 subscriptions.", "Remove one first."]
    assert (await bot.says("/sub word7 at 8")).text.startswith("✓ 8  word7 · daily 08:00 UTC")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("/sub", ["✗ Say what papers should contain.", 'For example: /sub diffusion -survey, /sub author:"Ranjay Krishna", /sub cs.LG daily 9']),
        ("/sub -survey", ["✗ This only excludes. Say what you want, too.", "-survey", "^", "For example: diffusion -survey"]),
        ("/sub 🙂 🎉", ["✗ There is no word in this to look for.", "🙂 🎉", "^", "For example: diffusion -survey"]),
    ],
)  # fmt: skip
async def test_a_refusal_shows_the_place_and_an_example(bot: BotHarness, text: str, lines: list[str]) -> None:
    said = await bot.says(text)
    assert said.lines == lines
    assert not said.buttons


async def test_a_message_as_long_as_telegram_allows_is_refused_in_few_words(bot: BotHarness) -> None:
    said = await bot.says("/sub " + "graph " * 681)
    assert said.lines[0] == "✗ This is longer than 1,000 characters."
    assert len(said.text) < 400


@pytest.mark.parametrize("text", ["שלום עולם", "تعلم عميق", "扩散模型", "\u202eevil\u202c text"])
async def test_words_of_any_script_are_words(bot: BotHarness, text: str) -> None:
    assert (await bot.says(f"/sub {text}")).text.startswith("✓ 1  ")
    assert texts(bot) == [(1, text)]


async def edits(bot: BotHarness, text: str, message: str = "m1") -> Answer:
    """Changes a message that was written at noon to this text."""
    return await bot.says(text, message_id=message, is_edit=True, written_at=NOON)


async def test_an_edited_sub_replaces_what_it_said_and_keeps_the_number(bot: BotHarness) -> None:
    await bot.says("/sub difusion", message_id="m1")
    bot.later(minutes=4)
    said = await edits(bot, "/sub diffusion at 8")
    assert said.lines[:2] == ["✓ 1  diffusion · daily 08:00 UTC", "Instead of: difusion"]
    assert texts(bot) == [(1, "diffusion")]


async def test_an_edited_sub_may_be_edited_again(bot: BotHarness) -> None:
    await bot.says("/sub a1", message_id="m1")
    await edits(bot, "/sub b2")
    await edits(bot, "/sub c3")
    assert texts(bot) == [(1, "c3")]


async def test_lines_that_stay_keep_their_numbers_and_lines_that_go_are_removed(bot: BotHarness) -> None:
    await bot.says("/sub one\ntwo\nthree", message_id="m1")
    await edits(bot, "/sub three\nfour")
    assert texts(bot) == [(1, "four"), (3, "three")]
    await bot.presses("undo")
    assert texts(bot) == [(1, "one"), (2, "two"), (3, "three")]


async def test_an_edit_that_is_refused_changes_nothing(bot: BotHarness) -> None:
    await bot.says("/sub diffusion", message_id="m1")
    said = await edits(bot, "/sub -survey")
    assert said.text.startswith("✗ This only excludes.")
    assert texts(bot) == [(1, "diffusion")]


async def test_what_was_refused_at_first_is_added_by_the_edit(bot: BotHarness) -> None:
    await bot.says("/sub -survey", message_id="m1")
    await edits(bot, "/sub diffusion -survey")
    assert texts(bot) == [(1, "diffusion -survey")]


async def test_an_edit_never_takes_the_place_of_a_wish_that_was_there_before(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    await bot.says("/sub diffusion", message_id="m9")
    await edits(bot, "/sub graphs", "m9")
    assert texts(bot) == [(1, "diffusion"), (2, "graphs")]


async def test_after_five_minutes_an_edit_is_answered_with_one_line(bot: BotHarness) -> None:
    await bot.says("/sub diffusion", message_id="m1")
    bot.later(minutes=5, seconds=1)
    said = await edits(bot, "/sub graphs")
    assert said.lines == ["An edit counts within five minutes. Send it as a new message, please."]
    assert texts(bot) == [(1, "diffusion")]
    assert (await edits(bot, "/list", "m2")).lines == said.lines


async def test_an_edit_of_another_command_runs_as_a_new_one(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    said = await edits(bot, "/list", "m2")
    assert said.text.startswith("1 subscription")


async def test_a_late_edit_of_what_people_say_among_themselves_is_not_answered(bot: BotHarness) -> None:
    written = bot.clock.now() - timedelta(hours=1)
    assert not await bot.says("diffusion", GROUP, by="7", is_edit=True, written_at=written)


async def test_unsub_by_number_by_query_and_all(bot: BotHarness) -> None:
    await bot.says("/sub diffusion\ngraphs\n2026\nrag")
    assert (await bot.says("/unsub 2")).lines == ["✓ Removed 1 subscription:", "2  graphs"]
    assert (await bot.says("/unsub Diffusion")).lines[1] == "1  diffusion"
    assert (await bot.says("/remove 2026")).lines[1] == "3  2026"
    assert (await bot.says("/unsub all")).lines[1] == "4  rag"
    await bot.presses("undo")
    assert texts(bot) == [(4, "rag")]
    await bot.says("/unsuball")
    assert texts(bot) == []


async def test_unsub_of_what_is_not_there(bot: BotHarness) -> None:
    assert (await bot.says("/unsub")).text.startswith("There are no subscriptions yet.")
    assert (await bot.says("/unsub all")).text == "There was no subscription to remove."
    await bot.says("/sub diffusion")
    assert (await bot.says("/unsub 7")).lines == [
        "✗ This chat has no subscription 7.",
        "/list shows those that are there.",
    ]


async def test_unsub_without_words_offers_pages_of_buttons(bot: BotHarness) -> None:
    await bot.says("/sub " + "\n".join(f"word{number}" for number in range(1, 11)))
    said = await bot.says("/unsub")
    assert said.buttons == [*(f"{number} word{number}" for number in range(1, 9)), "next page", "remove all"]
    more = await bot.presses("next page")
    assert more.replaces
    assert more.buttons == ["9 word9", "10 word10", "previous page", "remove all"]
    gone = await bot.presses("9 word9")
    assert gone.replaces
    assert gone.lines[1] == "9  word9"
    assert (await bot.presses("9 word9")).toast.startswith("That subscription is gone.")
    await bot.presses("remove all")
    assert texts(bot) == []


async def test_in_public_the_numbers_are_to_be_typed(bot: BotHarness) -> None:
    bot.public.add(GROUP)
    await groups_admin(bot, "/sub diffusion")
    said = await groups_admin(bot, "/unsub")
    assert said.buttons == []
    assert said.lines[1] == "1  diffusion"


async def test_who_speaks_chinese_is_understood_and_answered(bot: BotHarness) -> None:
    known(bot, "扩散模型")
    for text in ("/sub 扩散模型 -综述 at 8", "/list", "/unsub", "/pause 1 7d", "/resume 1", "/schedule 1", "/undo"):
        said = await bot.says(text, language="zh-hans")
        assert said.text
        assert "{" not in said.text
    assert texts(bot) == [(1, "扩散模型 -综述")]


async def test_the_papers_of_the_days_are_looked_up_while_others_can_write(
    bot: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(bot, "Diffusion on graphs")
    read = []
    news = paper_words.news

    def watched(session: Transaction, most: int, **days: date) -> object:
        assert others_can_write(bot.store)
        read.append(most)
        return news(session, most, **days)

    monkeypatch.setattr(paper_words, "news", watched)
    assert "It finds 1 paper" in (await bot.says("/sub diffusion")).text
    assert len(read) == 1

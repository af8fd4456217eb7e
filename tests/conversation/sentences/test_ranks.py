"""How many papers, and an order that only votes would give: what is left out is named, and the rest is looked for."""

import pytest

from bot.sentences.words.ranks import rank_in
from tests import make
from tests.bot_harness import BotHarness

_QUERIES = """top quark production
best arm identification
three body problem
first order logic
covid 19 papers
phase 3 papers on kelp
vitamin 12 in children
papers on the five factor model
learning to rank by relevance
nodes sorted by degree
most influential nodes in social networks
what is most important for sleep
top 10 list recommendation
ranking by citations
best AND votes
latest 3 papers
最好的优化算法
引用最多的蛋白
三体问题""".splitlines()
DAY = "I can show the papers of one day, but not of a longer time."
PAGES, ORDER = "I show 5 papers at a time.", "I know no votes, downloads or citations."


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ("newest 3 on kelp", f"(I left out “newest 3”: {PAGES})"),
        ("10 most recent articles about kelp", f"(I left out “10 most recent”: {PAGES})"),
        ("give me 2 papers on kelp", f"(I left out “2”: {PAGES})"),
        ("find me a couple of things about kelp", f"(I left out “a couple of”: {PAGES})"),
        ("top 3 by votes on kelp", f"(I left out “top 3”, “by votes”: {ORDER})"),
        ("top 5 most cited papers on kelp", f"(I left out “top 5 most cited”: {ORDER})"),
        ("most downloaded kelp papers", f"(I left out “most downloaded”: {ORDER})"),
        ("kelp papers with the most stars", f"(I left out “with the most stars”: {ORDER})"),
        ("best papers on kelp", f"(I left out “best”: {ORDER})"),
        ("papers on kelp this month", f"(I left out “this month”: {DAY})"),
        ("kelp papers this week", f"(I left out “this week”: {DAY})"),
        (
            "papers on kelp from MIT",
            "I do not know where authors work: no universities, institutions or companies (affiliations).",
        ),
        ("海带最热门的三篇论文", "（“最热门的三篇” 我略去了：我不知道投票、下载和引用的数量。）"),
        ("按引用排序海带论文", "（“按引用排序” 我略去了：我不知道投票、下载和引用的数量。）"),
    ],
)
async def test_what_is_left_out_is_named_beside_the_papers(bot: BotHarness, asked: str, line: str) -> None:
    make.ingested(bot.store, make.paper("Kelp 海带"), make.paper("Graphs"))
    said = await bot.says(asked)
    assert line in said.lines
    assert "Kelp" in said.text
    assert "Graphs" not in said.text


async def test_a_long_time_is_left_out_beside_a_rank(bot: BotHarness) -> None:
    make.ingested(bot.store, make.paper("Kelp"))
    said = await bot.says("most liked papers on kelp from last week")
    assert said.lines[0].startswith("(I left out “most liked”: ")
    assert said.lines[1].startswith("(I left out “from last week”: ")


@pytest.mark.parametrize(
    "query",
    _QUERIES,
)
def test_a_subject_keeps_its_numbers_and_superlatives(query: str) -> None:
    assert rank_in(query) is None


async def test_who_wrote_a_paper_is_on_its_card(bot: BotHarness) -> None:
    make.ingested(bot.store, make.paper("Kelp", arxiv_id="2601.11087"))
    said = await bot.says("who is the author of 2601.11087")
    assert "Ada Example" in said.text
    assert "citations" not in said.text
    said = await bot.says("how many citations has 2601.11087?")
    assert "I know no citations" in said.text
    assert "Ada Example" in said.text


@pytest.mark.parametrize("said", ["top 3 papers on kelp", "Top 10 kelp forests", "top 7 kelp reefs"])
async def test_a_request_or_title_with_top_sets_no_limit(bot: BotHarness, said: str) -> None:
    await bot.says("/sub mycology daily 9")
    before = (await bot.says("/set limit")).text
    assert "✓" not in (await bot.says(said)).text
    assert (await bot.says("/set limit")).text == before

"""The playground: how a query is read, what it finds, and what a change of it would do. Nothing is stored."""

import re
from html import unescape

import pytest

from bot.platforms.web.playground import Playground
from bot.ports.web_page import PageFrame, PageRequest, Visitor
from subscriptions.service.subscriptions.exporting import export_all
from subscriptions.store.database.store import Store
from tests.make import NOON, FakeClock, ingested, paper


@pytest.fixture
def playground(store: Store) -> Playground:
    ingested(
        store,
        paper("Diffusion models", "cs.LG", arxiv_id="2601.00001", abstract="A survey of models."),
        paper("Models of weather", "cs.LG", arxiv_id="2601.00002", abstract="Heat spreads. Here, diffusion helps."),
        paper("Graphs", "cs.LG", arxiv_id="2601.00003", abstract="<b>models</b> of graphs"),
    )
    return Playground(store, FakeClock(NOON))


async def shown(playground: Playground, query: str, language: str = "en") -> str:
    frame = PageFrame(
        path="/playground",
        language=language,
        has_chosen_language=True,
        token="secret",
        visitor=Visitor(name="me"),
    )
    answer = await playground.page().answer(PageRequest(frame=frame, headers={}, query={"q": query}))
    assert answer.status == 200
    return str(answer.body)


def words(html: str) -> str:
    """The text of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


async def test_words_are_marked_where_they_are_found(playground: Playground) -> None:
    page = await shown(playground, "diffusion models")
    assert "2 of 3 papers in the last 7 days" in words(page)
    assert "<mark>Diffusion</mark>" in page
    assert "<mark>diffusion</mark> helps" in page  # in the second sentence of the abstract, which the row does not show


async def test_what_is_near_to_a_paper_is_found_by_its_words(playground: Playground, store: Store) -> None:
    swarms = paper("Swarm robots", arxiv_id="2601.90001"), paper("A swarm of robots", arxiv_id="2601.90002")
    others = (paper(f"Theory {number}", arxiv_id=f"2601.9001{number}") for number in range(8))
    ingested(store, *swarms, *others, name="more")
    page = await shown(playground, "like:2601.90001 -fish")
    assert "1 of 13 papers in the last 7 days" in words(page)
    assert "<mark>swarm</mark>" in page
    assert "I do not know the paper 2601.99999 yet" in words(await shown(playground, "like:2601.99999"))


CHANGES = [
    ("diffusion models", '"diffusion models"', "words side by side as a phrase", "1 −1"),
    ("diffusion models", "models", "leave out diffusion", "3 +1"),
    ("diffusion models", "diffusion", "leave out models", "2 the same"),
    ("diffusion models", "ti:diffusion ti:models", "words in titles only", "1 −1"),
    ("models -survey", "models", "allow survey", "3 +1"),
    ("weather OR graphs", "weather", "leave out graphs", "1 −1"),
    ("(weather OR heat) diffusion", "weather OR heat", "leave out diffusion", "1 the same"),
]


@pytest.mark.parametrize(("query", "changed", "label", "figures"), CHANGES)
async def test_a_change_says_how_many_papers_it_finds(
    playground: Playground, query: str, changed: str, label: str, figures: str
) -> None:
    assert f"{label} {changed} {figures}" in words(await shown(playground, query))
    assert f" {figures.split(maxsplit=1)[0]} of 3 papers" in words(
        await shown(playground, changed)
    )  # which its link leads to


REFUSED = [
    ("title:", "title: has nothing to look for behind it."),
    ("daily at 9", "This is a time without a query."),
    ("-survey", "-survey"),
]


@pytest.mark.parametrize(("query", "said"), REFUSED)
async def test_what_is_no_query_is_told_with_its_place(playground: Playground, query: str, said: str) -> None:
    page = await shown(playground, query)
    assert said in words(page)
    assert 'role="alert"' in page
    assert "/chat/say" not in page


async def test_a_time_at_the_end_is_no_part_of_the_query(playground: Playground) -> None:
    page = await shown(playground, "weather daily at 9")
    assert "The time at the end, daily at 9, is no part of the query." in words(page)
    assert "1 of 3 papers" in words(page)
    assert 'value="/sub weather daily at 9"' in page


async def test_nothing_that_was_typed_becomes_markup(playground: Playground) -> None:
    page = await shown(playground, '"><script>alert(1)</script> models')
    assert "<script>alert" not in page
    assert "<b>" not in page


async def test_nothing_is_stored(playground: Playground, store: Store) -> None:
    await shown(playground, "diffusion")
    assert "".join(export_all(store)) == ""


async def test_the_page_is_translated(playground: Playground) -> None:
    page = words(await shown(playground, "diffusion models", "zh"))
    assert "最近 7 天的 3 篇论文中有 2 篇" in page
    assert not re.search(r"How it is read|Playground|subscribe", page)


async def test_without_papers_it_says_so(store: Store) -> None:
    assert "No papers are known yet." in words(await shown(Playground(store, FakeClock(NOON)), "diffusion"))

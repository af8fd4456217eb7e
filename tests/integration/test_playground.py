"""The playground: how a query is read, what it finds, and what a change of it would do. Nothing is stored."""

import re
from collections.abc import Mapping
from html import unescape
from types import MappingProxyType

import pytest

from bot.platforms.web.playground import Playground
from bot.ports.web_page import PageFrame, PageRequest, Visitor
from subscriptions.service.exporting import export_all
from subscriptions.store.database.store import Store
from tests.make import NOON, FakeClock, ingested, paper

NOTHING: Mapping[str, str] = MappingProxyType({})
LIVE = {"x-requested-with": "fetch"}


@pytest.fixture
def playground(store: Store) -> Playground:
    ingested(
        store,
        paper("Diffusion models", "cs.LG", arxiv_id="2601.00001", abstract="A survey of models."),
        paper("Models of weather", "cs.LG", arxiv_id="2601.00002", abstract="Heat spreads. Here, diffusion helps."),
        paper("Graphs", "cs.LG", arxiv_id="2601.00003", abstract="<b>models</b> of graphs"),
    )
    return Playground(store, FakeClock(NOON))


async def shown(
    playground: Playground, query: str, language: str = "en", *, off: str = "", headers: Mapping[str, str] = NOTHING
) -> str:
    frame = PageFrame(
        path="/playground",
        language=language,
        has_chosen_language=True,
        token="secret",
        visitor=Visitor(name="me"),
    )
    answer = await playground.page().answer(PageRequest(frame=frame, headers=headers, query={"q": query, "off": off}))
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


OFF = [
    ("diffusion models", "1", "diffusion", "2 of 3 papers"),
    ("diffusion models", "0", "models", "3 of 3 papers"),
    ("models -survey", "1", "models", "3 of 3 papers"),
    ("models -survey", "0", "", "2 of 3 papers"),  # nothing is wanted: all papers but surveys
    ("models -survey", "0,1", "", "3 of 3 papers"),
    ("models", "0", "", "3 of 3 papers"),
    ("(weather OR heat) survey", "2", "weather OR heat", "1 of 3 papers"),
    ("(weather OR heat) diffusion", "0,2", "heat", "1 of 3 papers"),
    ("models -(weather OR survey)", "2", "models -weather", "2 of 3 papers"),
    ("models -(weather OR survey)", "0", "", "1 of 3 papers"),
    ("weather daily at 9", "0", "", "3 of 3 papers"),
    ("weather graphs daily at 9", "0", "graphs daily at 9", "1 of 3 papers"),
    ("models", "7,x,²,,-1," + "9" * 3000, "models", "3 of 3 papers"),
]


@pytest.mark.parametrize(("query", "off", "left", "count"), OFF)
async def test_a_query_without_some_of_its_parts(
    playground: Playground, query: str, off: str, left: str, count: str
) -> None:
    page = await shown(playground, query, off=off)
    assert f'id="q" name="q" value="{left}"' in page
    assert count in words(page)
    assert (f'value="/sub {left}"' in page) == bool(left)
    assert f'<input type="hidden" name="q" value="{query}">' in page, "so that the parts can be switched on again"


PARTS = [
    ("models -survey", "", ["models", "-survey"]),
    ("models -survey", "1", ["models", "(-survey)"]),
    ("(weather OR heat) -(survey graphs)", "0,3", ["(weather)", "heat", "survey", "(graphs)"]),
    ('ti:"a b" author:Bo', "", ['ti:"a b"', "author:Bo"]),
]


@pytest.mark.parametrize(("query", "off", "parts"), PARTS)
async def test_each_part_of_a_query_is_a_switch(playground: Playground, query: str, off: str, parts: list[str]) -> None:
    page = await shown(playground, query, off=off)
    found = re.findall(
        r'<button id="part-\d+" name="off" value="([\d,]*)" aria-pressed="(\w+)" [^>]*><span>([^<]*)<', page
    )
    assert [unescape(text) if on == "true" else f"({text})" for _, on, text in found] == parts
    before = {place for place in off.split(",") if place}
    assert [set(filter(None, toggled.split(","))) ^ before for toggled, _, _ in found] == [
        {str(place)} for place in range(len(parts))
    ]


async def test_a_switch_says_what_it_would_do(playground: Playground) -> None:
    page = words(await shown(playground, "models -survey"))
    assert " models -survey +1 " in page
    assert " models -survey −1 " in words(await shown(playground, "models -survey", off="1"))


async def test_without_a_query_the_newest_papers_are_shown(playground: Playground) -> None:
    page = words(await shown(playground, ""))
    assert "For example: diffusion models -survey" in page
    assert "3 papers in the last 7 days The newest 1 Graphs" in page


async def test_the_script_gets_only_what_changes(playground: Playground) -> None:
    part = await shown(playground, "models -survey", headers=LIVE)
    assert "<html" not in part
    assert "2 of 3 papers" in words(part)


async def test_an_unfinished_query_leaves_what_was_found_last(playground: Playground) -> None:
    part = await shown(playground, "title:", headers=LIVE)
    assert "title: has nothing to look for behind it." in words(part)
    assert 'role="alert"' not in part
    assert re.findall(r'id="(\w+)"', part) == ["remarks"]


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

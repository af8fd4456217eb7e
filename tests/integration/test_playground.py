"""The playground, in which people try out queries: how a query is read, what it finds, what a change would do."""

import dataclasses
import re
from collections import abc
from html import unescape

import pytest

from bot.platforms.web.playground import Playground
from bot.ports.conversation import PageFrame, PageRequest, Visitor
from subscriptions.service.exporting import export_all
from subscriptions.store.database.store import Store
from tests import tables
from tests.clock import NOON, FakeClock
from tests.fakes.meaning import FakeEncoder
from tests.make import ingested, paper

FRAME = PageFrame(path="/", language="en", token="t", visitor=Visitor(name="me"))
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
    playground: Playground,
    query: str,
    language: str = "en",
    *,
    off: str = "",
    headers: abc.Mapping[str, str] | None = None,
) -> str:
    frame = dataclasses.replace(FRAME, path="/playground", language=language)
    answer = await playground.show(PageRequest(frame=frame, headers=headers or {}, query={"q": query, "off": off}))
    assert answer.status == 200
    return str(answer.body)


def words(html: str) -> str:
    """Returns the text of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


async def test_what_is_near_in_meaning_is_found_or_refused(store: Store) -> None:
    encoder = FakeEncoder()
    ingested(store, "Honey bees", "Graphs", encoder=encoder)
    query = "about:bees"
    assert "Meaning is off here" in words(await shown(Playground(store, FakeClock(NOON)), query))
    store.encoder = encoder.name
    found = words(await shown(Playground(store, FakeClock(NOON), encoder), query))
    assert "1 of 2 papers" in found
    assert "Honey bees" in found


async def test_what_is_near_to_a_paper_is_found_by_its_words(playground: Playground, store: Store) -> None:
    swarms = paper("Swarm robots", arxiv_id="2601.90001"), paper("A swarm of robots", arxiv_id="2601.90002")
    ingested(
        store,
        *swarms,
        *(paper(f"Theory {number}", arxiv_id=f"2601.9001{number}") for number in range(8)),
        name="more",
    )
    page = await shown(playground, "like:2601.90001 -fish")
    assert "1 of 13 papers in the last 7 days" in words(page)
    assert "<mark>swarm</mark>" in page
    assert "I do not know the paper 2601.99999 yet" in words(await shown(playground, "like:2601.99999"))


@pytest.mark.parametrize(
    ("query", "changed", "label", "figures"),
    tables.rows("""
        diffusion models            → "diffusion models"     → words side by side as a phrase → 1 −1
        diffusion models            → models                 → with or without diffusion      → 3 +1
        diffusion models            → diffusion              → with or without models         → 2 the same
        diffusion models            → ti:diffusion ti:models → words in titles only           → 1 −1
        models -survey              → models                 → allow survey                   → 3 +1
        weather OR graphs           → weather                → leave out graphs               → 1 −1
        (weather OR heat) diffusion → weather OR heat        → with or without diffusion      → 1 the same
    """),
)
async def test_a_change_says_how_many_papers_it_finds(
    playground: Playground, query: str, changed: str, label: str, figures: str
) -> None:
    assert f"{label} {changed} {figures}" in words(await shown(playground, query))
    # the link of the change leads to this page
    assert f" {figures.split(maxsplit=1)[0]} of 3 papers" in words(await shown(playground, changed))


@pytest.mark.parametrize(
    ("query", "off", "left", "count"),
    [
        *tables.rows("""
        diffusion models            → 1   → diffusion         → 2 of 3 papers
        diffusion models            → 0   → models            → 3 of 3 papers
        models -survey              → 1   → models            → 3 of 3 papers
        models -survey              → 0   →                   → 2 of 3 papers
        models -survey              → 0,1 →                   → 3 of 3 papers
        models                      → 0   →                   → 3 of 3 papers
        (weather OR heat) survey    → 2   → weather OR heat   → 1 of 3 papers
        (weather OR heat) diffusion → 0,2 → heat              → 1 of 3 papers
        models -(weather OR survey) → 2   → models -weather   → 2 of 3 papers
        models -(weather OR survey) → 0   →                   → 1 of 3 papers
        weather daily at 9          → 0   →                   → 3 of 3 papers
        weather graphs daily at 9   → 0   → graphs daily at 9 → 1 of 3 papers
    """),
        ("models", "7,x,²,,-1," + "9" * 3000, "models", "3 of 3 papers"),
    ],
)
async def test_a_query_without_some_of_its_parts(
    playground: Playground, query: str, off: str, left: str, count: str
) -> None:
    page = await shown(playground, query, off=off)
    assert f'id="q" name="q" value="{left}"' in page
    assert count in words(page)
    assert (f'value="/sub {left}"' in page) == bool(left)
    assert f'<input type="hidden" name="q" value="{query}">' in page, "so that the parts can be switched on again"


@pytest.mark.parametrize(
    ("query", "off", "parts"),
    [
        ("models -survey", "", ["models", "-survey"]),
        ("models -survey", "1", ["models", "(-survey)"]),
        ("(weather OR heat) -(survey graphs)", "0,3", ["(weather)", "heat", "survey", "(graphs)"]),
        ('ti:"a b" author:Bo', "", ['ti:"a b"', "author:Bo"]),
    ],
)
async def test_each_part_of_a_query_is_a_switch(playground: Playground, query: str, off: str, parts: list[str]) -> None:
    found = re.findall(
        r'<button id="part-\d+" name="off" value="([\d,]*)" aria-pressed="(\w+)" [^>]*><span>([^<]*)<',
        await shown(playground, query, off=off),
    )
    assert [unescape(text) if on == "true" else f"({text})" for _, on, text in found] == parts
    before = {place for place in off.split(",") if place}
    assert [set(filter(None, toggled.split(","))) ^ before for toggled, _, _ in found] == [
        {str(place)} for place in range(len(parts))
    ]


async def test_the_script_gets_only_what_changes(playground: Playground) -> None:
    part = await shown(playground, "models -survey", headers=LIVE)
    assert "<html" not in part
    assert "2 of 3 papers" in words(part)


@pytest.mark.parametrize("refused", ["title:", "-survey", "daily at 9", "like:2601.99999"])
async def test_a_refused_query_takes_away_what_the_last_one_found(playground: Playground, refused: str) -> None:
    found, part = [await shown(playground, query, headers=LIVE) for query in ("models -survey", refused)]
    assert {"remarks", "parts", "count", "offer", "tried"} <= set(re.findall(r'id="(\w+)"', found))
    assert set(re.findall(r'id="(\w+)"', part)) == {"remarks", "parts", "count", "offer", "tried"}
    assert 'class="paper"' not in part
    assert "<button" not in part


@pytest.mark.parametrize(
    ("query", "holds"),
    [  # (a query, texts and markup that its page contains)
        ("diffusion models", ["2 of 3 papers in the last 7 days", "<mark>Diffusion</mark>"]),
        # the page shows the sentence of the abstract that contains the word
        ("diffusion models", ["<mark>diffusion</mark> helps"]),
        ("models -survey", [" models -survey +1 "]),
        ("", ["For example: diffusion models -survey", "3 papers in the last 7 days The newest 1 Graphs"]),
        ("weather daily at 9", ["The time at the end, daily at 9, is no part of the query.", "1 of 3 papers"]),
        ("weather daily at 9", ['value="/sub weather daily at 9"']),
        ("title:", ["title: has nothing after it to look for.", 'role="alert"']),
        ("daily at 9", ["This is a time without a query.", 'role="alert"']),
        ("-survey", ["-survey", 'role="alert"']),
    ],
)
async def test_what_the_page_of_a_query_holds(
    playground: Playground, store: Store, query: str, holds: list[str]
) -> None:
    page = await shown(playground, query)
    assert [one for one in holds if one not in page + words(page)] == []
    assert ("/chat/say" in page) is (bool(query) and 'role="alert"' not in page)
    assert "".join(export_all(store)) == "", "nothing is stored"


async def test_what_is_typed_is_no_markup_and_the_page_translated(playground: Playground) -> None:
    page = await shown(playground, '"><script>alert(1)</script> models')
    assert "<script>alert" not in page
    assert "<b>" not in page
    page = words(await shown(playground, "diffusion models", "zh"))
    assert "最近 7 天的 3 篇论文中有 2 篇" in page
    assert not re.search(r"How it is read|Playground|subscribe", page)


async def test_without_papers_it_says_so(store: Store) -> None:
    assert "No papers are known yet." in words(await shown(Playground(store, FakeClock(NOON)), "diffusion"))

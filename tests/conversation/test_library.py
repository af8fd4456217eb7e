"""`/library`: a person's own papers from a file change the order of new papers, and are not sent again."""

from itertools import pairwise

import pytest

from tests.fakes.telegram import NAME, FakeTelegram
from tests.papers import paper
from tests.product import Product, Seen

pytestmark = pytest.mark.usefixtures("meaning")

GROUP = "-1001"
BIBTEX = b"""
@article{a, title = {{Swarm} Robots Learn to Fly}, eprint = {2601.80001}, archivePrefix = {arXiv}}
@inproceedings{b, title = {Control of a Robot Swarm}, doi = {10.1000/SWARM.2}}
@article{c, title = {A Swarm of Small Robots}}
"""
BROKEN = BIBTEX + b"@article{d, title = {No end\n@misc{e, year = 2020}\n"
OTHERS = [f"{word} theory" for word in ("Graph", "Ring", "Path", "Walk", "Cut", "Clique", "Tree", "Plane")]


def sends(product: Product, data: bytes = BIBTEX, caption: str = "/library", chat: str = "42", by: str = "") -> Seen:
    return product.says(caption, chat, by=by, file=("mine.bib", data.decode("utf-8", "surrogateescape")))


def comes(product: Product) -> list[str]:
    """Returns the titles of what is delivered now. Each title is in the line before its authors."""
    lines = [line for seen in product.later(minutes=1) for line in seen.lines]
    found = [title for title, authors in pairwise(lines) if authors.startswith("Ada Example")]
    found += [line.partition(" — ")[0] for line in lines if " — Ada Example" in line]
    return [title.lstrip("0123456789 ") for title in found]


def test_a_file_is_stored_shown_replaced_and_removed(product: Product) -> None:
    assert product.says("/library").text.startswith("There is no library here.\nExport yours as BibTeX")
    assert product.says("/library").text.endswith("send me the file; in a group with /library as its caption.")
    assert product.says("/sub like:library").lines[0] == "✗ There is no library here."
    said = sends(product)
    assert said.lines == [
        "✓ The library is stored: 3 entries. Papers like these come first, and papers that are in it are left out."
    ]
    assert said.buttons == ["bring such papers", "take out"]
    assert product.says("/library").lines == [
        "The library here has 3 entries; it was stored Thu 22 Jan 12:00. A new file replaces it."
    ]
    sends(product, b"TY  - JOUR\nTI  - Reef fish\nER  - \n", caption="")
    assert product.says("/library").text.startswith("The library here has 1 entry")
    assert product.presses("take out").text == "✓ The library is removed."
    assert product.says("/library remove").text == "There is no library here."


def test_broken_entries_are_counted_and_named_and_what_is_no_library_is_refused(product: Product) -> None:
    said = sends(product, BROKEN)
    assert said.lines[1] == "2 entries cannot be read, the first: @article{d, title = {No end · @misc{e, year = 2020}"
    for data, look in (
        (b"PK\x03\x04\x14\0", "a ZIP archive or an office document"),
        (b"<!doctype html><style>\n@media (x) {}</style>", "an HTML page"),
        (b"now | diffusion | ", 'text that begins "now | diffusion |"'),
        (b"", "an empty file"),
    ):
        assert sends(product, data).lines[0] == f"✗ This file is no library: it looks like {look}."
    assert "has 3 entries" in product.says("/library").text


def test_papers_of_the_library_do_not_come_and_whynot_tells(product: Product) -> None:
    sends(product)
    product.says("/sub swarm now")
    product.brings(
        paper("Swarm robots learn to fly, again", arxiv_id="2601.80001"), "A swarm of small robots", "A swarm of drones"
    )
    assert comes(product) == ["A swarm of drones"]
    said = product.says("/whynot 2601.80001")
    assert said.lines[-1] == "1  swarm: fits, but it is in the library of this chat, so it is left out: /library"
    marked = [line.endswith("in the library") for line in product.says("/search swarm").lines if "Ada Example" in line]
    assert sorted(marked) == [False, True, True]


def test_the_order_follows_the_library_and_why_names_the_entry(product: Product) -> None:
    product.brings(*OTHERS)
    sends(product)
    product.says("/sub system now")
    product.brings(paper("A system of robots in a swarm", arxiv_id="2601.80005"), "A system", "A system of reefs")
    assert comes(product)[0] == "A system of robots in a swarm"
    why = product.says("/why 2601.80005")
    assert "Further up, because your library has “Control of a Robot Swarm”" in why.text


def test_such_papers_are_brought_by_a_subscription_that_follows_the_file(product: Product) -> None:
    product.brings(*OTHERS)
    sends(product)
    product.presses("bring such papers")
    assert product.queries() == ["like:library"]
    product.says("/schedule 1 now")
    product.brings(*(f"Robot swarms {number}" for number in range(7)), "Reef fish eat")
    first = comes(product)
    assert len(first) == 5
    assert all(title.startswith("Robot swarms") for title in first)
    sends(product, b"@article{a, title={Reef fish}}\n@article{b, title={The fish of a reef}}\n")
    product.brings("A fish in its reef", "Robot swarms 8")
    assert comes(product) == ["A fish in its reef"]
    assert product.says("/library remove").lines == [
        "✓ The library is removed.",
        "Subscription 1 finds nothing without it; /unsub 1 ends it.",
    ]
    product.brings("A reef of fish")
    assert comes(product) == []
    assert product.says("/list").lines[1].endswith("rests until its meaning is known")


def test_each_chat_has_what_is_near_to_its_own_library(product: Product) -> None:
    for chat, title in (("42", "Swarm robots"), ("43", "Reef fish")):
        sends(product, f"@article{{a, title={{{title}}}}}".encode(), chat=chat)
        product.says("/sub like:library now", chat)
    product.brings("Robots of a swarm", "Fish in the reef", "Graph theory")
    came = {entry.chat: entry.text for seen in product.later(minutes=1) for entry in seen.entries}
    assert {chat: "Robots of a swarm" in text for chat, text in came.items()} == {"42": True, "43": False}
    assert {chat: "Fish in the reef" in text for chat, text in came.items()} == {"42": False, "43": True}


def test_it_moves_with_a_group(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows(GROUP, "group", people={"7": "creator"})
    sends(product, caption=f"/library@{NAME}", chat=GROUP, by="7")
    product.says("/sub like:library now", GROUP, by="7")
    telegram.migrates(GROUP, "-1007")
    product.listens()
    product.brings("Swarm robots learn", "Graph theory")
    (sent,) = product.later(minutes=1)
    assert (sent.chats, "Swarm robots learn" in sent.text, "Graph" in sent.text) == (["-1007"], True, False)


def test_it_is_exported_and_erased_with_the_chat(product: Product, telegram: FakeTelegram) -> None:
    sends(product)
    product.says("/privacy")
    assert "A Swarm of Small Robots" in telegram.files_in("42")[-1].text
    product.says("/forget")
    product.presses("erase everything")
    assert product.says("/library").lines[0] == "There is no library here."

"""One bad item never holds up the good ones: a bad entry, a bad file, a bad source."""

import os
from pathlib import Path

import pytest

from tests.papers import jsonl, paper
from tests.product import Product

ITEM = "<item><title>{title}</title><link>https://pots.example.org/doi/10.5555/{doi}</link>{more}</item>"
JOURNAL = '<rss version="2.0"><channel><title>Journal of Pots</title>{}</channel></rss>'
# parts of an item in which there is nothing that a reader sees
NOTHING_TO_SEE = {
    "a hard space": "<description>&amp;nbsp;</description>",
    "a byte order mark": "<description>\ufeff</description>",
    "a comment": "<description>&lt;!-- none --&gt;</description>",
    "a picture": '<description>&lt;img src="a.png"/&gt;</description>',
    "empty tags": "<description><![CDATA[<div><p></p></div>]]></description>",
    "an empty content": '<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">'
    "&lt;p/&gt;</content:encoded>",
}
GOOD = jsonl([paper("A good paper")])


def journal(*items: str) -> str:
    return JOURNAL.format("".join(items))


def item(title: str, number: int, more: str = "") -> str:
    return ITEM.format(title=title, doi=f"pot.{number}", more=more)


@pytest.mark.parametrize("nothing", NOTHING_TO_SEE)
def test_a_description_without_visible_text_is_no_description(product: Product, nothing: str) -> None:
    product.writes(
        "pots.xml",
        journal(item("A pot", 1, NOTHING_TO_SEE[nothing]), item("A lid", 2, "<description>Lids fit.</description>")),
    )
    (digest,) = product.tells("inspect", "pots.xml", "--papers")["digests"]
    assert [(one["title"], one["abstract"]) for one in digest["items"]] == [("A pot", ""), ("A lid", "Lids fit.")]
    assert digest["warnings"] == []


def findings(product: Product) -> list[str]:
    """Returns what `status` and `check` say about sources."""
    status = product.runs("status", "--json").json
    (overdue,) = [one["overdue"] for one in status["sources"]]
    found = [f"{one['sentence']} {one['why']}" for one in status["findings"] if one["id"].startswith("source ")]
    checked = product.runs("check", "--offline")
    assert overdue is bool(found)
    assert ("inbox cannot be read" in checked.out) is bool(found), checked.out
    return found


def test_a_bad_file_holds_up_no_other_and_is_told_until_it_is_gone(product: Product) -> None:
    product.says("/sub good now")
    bad = product.writes("inbox/a.md", "# A recipe\n\nStir.\n")
    product.writes("inbox/b.jsonl", GOOD)
    assert "A good paper" in product.listens().text
    (found,) = findings(product)
    assert "a.md" in found
    assert "Correct what is named here, or take it out of the folder" in product.runs("status").out
    product.writes("inbox/c.jsonl", jsonl([paper("Another good paper")]))
    assert "Another good paper" in product.listens().text
    assert findings(product) == [found]  # it is still there
    product.listens()
    assert product.round.err.count("a.md") == 1  # each round says it, and the source is not read anew
    product.writes("inbox/d.md", "# A recipe\n\nStir.\n")
    product.listens()
    bad.unlink()
    product.listens()
    (found,) = findings(product)
    assert ("a.md" in found, "d.md" in found) == (False, True)
    (product.folder / "inbox/d.md").unlink()
    assert findings(product) == []


def test_the_finding_ends_when_the_file_can_be_read(product: Product) -> None:
    product.writes("inbox/a.md", "# A recipe\n\nStir.\n")
    product.listens()
    assert findings(product)
    product.writes("inbox/a.md", GOOD)
    product.listens()
    assert findings(product) == []


def test_a_file_whose_name_is_not_utf8_is_told(product: Product) -> None:
    good = product.writes("inbox/good.jsonl", GOOD)
    bad = Path(os.fsdecode(bytes(good.parent) + b"/\xe9t\xe9.md"))
    bad.write_text("# A recipe\n\nStir.\n")
    product.listens()
    (found,) = findings(product)
    assert "no paper entries found" in found
    bad.unlink()
    assert findings(product) == []


@pytest.mark.parametrize("value", ["[1, 2]", '"x"', "5", "null", "{}"])
def test_a_line_with_another_value_loses_only_itself(product: Product, value: str) -> None:
    product.writes("a.jsonl", f"{value}\n{GOOD}{value}\n")
    (digest,) = product.tells("inspect", "a.jsonl")["digests"]
    assert (digest["format"], digest["papers"]) == ("daily_arxiv_jsonl", 1)
    assert {one["code"] for one in digest["warnings"]} == {"bad_json_line"}

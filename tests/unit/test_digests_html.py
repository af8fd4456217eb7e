"""HTML is split before it is read, and only whole tags are read: damage costs little and stays local."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digests import read_digest
from bot.digests._format import Warnings
from bot.digests._html import _MOST_TAGS, Node, Piece, _whole_tags, pieces, read_piece, tags_with

HEAD = "<!DOCTYPE html><html><body><div id='dlpage'><h3>New submissions</h3><dl id='articles'>\n"
FOOT = "</dl></div></body></html>"


def entry(n: int, title: str = "", abstract: str = "It flies.") -> str:
    return (
        f"<dt><a href='/abs/2601.{n:05}'>arXiv:2601.{n:05}</a></dt><dd><div class='list-title mathjax'>"
        f"<span class='descriptor'>Title:</span> {title or f'Kite {n}'}</div><p class='mathjax'>{abstract}</p></dd>\n"
    )


def node(markup: str) -> Node:
    found = read_piece(Piece(1, "p", markup), Warnings())
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("markup", "whole"),
    [
        ("<p>a</p>", "<p>a</p>"),
        ("a < b <c and <d e> f", "a &lt; b &lt;c and <d e> f"),
        ("<a title='<b>' href=\"x>y\">z</a>", "<a title='<b>' href=\"x>y\">z</a>"),
        ('<a title="never closed>', '&lt;a title="never closed>'),
        ("<!DOCTYPE x><![CDATA[y]]>z<!a", "z&lt;!a"),
        ("<? pi ?></ b></>", "&lt;? pi ?>&lt;/ b>&lt;/>"),
        ("<script>a</script><TITLE>b<textarea>", "ab"),
        ("&#12345678;&#x1F600;&#xfffffffff;", "&amp;#12345678;&#x1F600;&amp;#xfffffffff;"),
        ("<my-tag x>", "<my-tag x>"),
    ],
)  # fmt: skip
def test_what_is_no_whole_tag_is_text(markup: str, whole: str) -> None:
    assert _whole_tags(markup) == whole


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One<br>two<b>,</b> <i>three</i>.</p>", "One two, three."),
        ("<p>A &amp; B &lt;b&gt; &eacute; &#233; &#xe9; &notin; &nosuch</p>", "A & B <b> é é é ∉ &nosuch"),
        ("<p>One<div>Two</div></p>", "One"),
        ("<p>One\u00a0\n two</p>", "One two"),
        ("<p></p>", ""),
    ],
)
def test_a_text_goes_up_to_the_next_block(markup: str, text: str) -> None:
    found = node(markup).first("p")
    assert found is not None
    assert found.text == text


def test_elements_are_found_by_name_and_class() -> None:
    found = node("<div class='a b'><a href='x&amp;y'>1<a>2</a></a></div><div class='b'></div><div>")
    assert [len(found.all("div")), len(found.all("div", "b")), len(found.all("div", "c"))] == [3, 2, 0]
    first = found.first("div", "a")
    assert first is not None
    assert [(link.text, link.attribute("href")) for link in first.inline("a")] == [("1", "x&y"), ("2", "")]
    assert (first.has_class("b"), first.has_class("c"), first.name) == (True, False, "div")


def test_control_characters_written_as_references_are_counted() -> None:
    warnings = Warnings()
    found = read_piece(Piece(7, "p", "<p title='a&#8;b'>c&#12;d&#x1F;</p>"), warnings)
    assert found is not None
    paragraph = found.first("p")
    assert paragraph is not None
    assert (paragraph.text, paragraph.attribute("title")) == ("cd", "ab")
    (warning,) = warnings.collected()
    assert (warning.code, warning.count, warning.line) == ("control_characters", 2, 7)  # in attributes they are dropped


def test_a_page_is_cut_before_its_entries_and_lines_are_counted() -> None:
    page = "before\n<!-- <dt>\n -->\n<script>'<dt>'\n</script><DT>one\n\n<dt >two<dtx><style>\n<dt></style>\n<dt>three<!-- open <dt>"
    assert [(piece.line, piece.name, piece.markup.split(">")[1].strip()) for piece in pieces(page, ("dt",))] == [
        (5, "dt", "one"),
        (7, "dt", "two<dtx"),
        (9, "dt", "three<!-- open"),
        (9, "dt", ""),
    ]


def test_attributes_are_read_whatever_they_hold() -> None:
    page = (
        '<p>Papers</p>\n<div data-x=\'<a "> &amp;\n\' CLASS="a b" hidden data-target="Papers" bare=1&lt;2 data-y=\'\'>'
        "<div data-target='Other Papers'><p data-target=Papers data-x=\"&#99999999999;\"><div data-target='Papers"
    )
    assert list(tags_with(page, "data-target", "Papers")) == [
        (
            2,
            {"data-x": '<a "> &\n', "class": "a b", "hidden": "", "data-target": "Papers", "bare": "1<2", "data-y": ""},
        ),
        (3, {"data-target": "Papers", "data-x": "&#99999999999;"}),
    ]


# Given to Python's own parser unchanged, each of them would take many minutes or make it give up.
HOSTILE = {
    "tags that never end": "<a " * 50_000,
    "names of tags": "<a" * 75_000,
    "comments that never end": "<!--" * 40_000,
    "instructions": "<?" * 75_000,
    "ends that never end": "</" * 75_000,
    "attributes that never end": "<a " + "x='" * 50_000,
    "a tag of attributes": "<a " + "x " * 75_000 + ">",
    "marked sections": "<![x" * 40_000,
    "a reference of many digits": "&#" + "1" * 50_000 + ";",
    "an attribute of many digits": "<a href='&#" + "1" * 50_000 + ";'>",
    "scripts": "<script>" * 20_000,
    "areas of text": "<textarea>" * 15_000 + "</textarea",
    "quotes": "<a \"'" * 30_000,
    "blanks": "<a" + " " * 150_000,
    "more tags than any entry has": "<b>" * (_MOST_TAGS + 1),
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_hostile_markup_costs_its_own_entry_only(hostile: str) -> None:
    page = HEAD + entry(1) + entry(2, abstract=hostile) + entry(3, title=hostile) + entry(4) + FOOT
    digest = read_digest(page.encode(), "hostile.html")
    papers = {paper.key: paper for paper in digest.entries}
    for n in (1, 4):
        assert (papers[f"2601.{n:05}"].title, papers[f"2601.{n:05}"].abstract) == (f"Kite {n}", "It flies.")


@pytest.mark.parametrize(
    "tag", ["<b>", "<a>", "<div>", "<p class='mathjax'>", "<span class='descriptor'>", "<li>", "<x>y"]
)
def test_depth_costs_nothing(tag: str) -> None:
    deep = tag * (_MOST_TAGS - 20)
    page = HEAD + entry(1) + entry(2, title=deep + "deep") + entry(3, abstract=deep + "deep") + entry(4) + FOOT
    digest = read_digest(page.encode(), "deep.html")
    assert [paper.key for paper in digest.entries] == [f"2601.{n:05}" for n in range(1, 5)]
    assert (digest.entries[0].title, digest.entries[3].title) == ("Kite 1", "Kite 4")


def test_an_entry_with_too_many_tags_is_said() -> None:
    page = HEAD + entry(1) + entry(2, abstract="<b>" * _MOST_TAGS) + FOOT
    digest = read_digest(page.encode(), "deep.html")
    assert [paper.key for paper in digest.entries] == ["2601.00001"]
    assert [(warning.code, warning.line) for warning in digest.warnings] == [("unparsed_heading", 3)]


SIGNS = st.text(alphabet="<>/!-?&#;'\"= \nabdxt[]", max_size=80)


@given(SIGNS)
def test_any_signs_in_an_entry_leave_the_others(signs: str) -> None:
    digest = read_digest((HEAD + entry(1) + entry(2, abstract=signs) + entry(3) + FOOT).encode(), "signs.html")
    titles = {paper.key: paper.title for paper in digest.entries}
    assert titles["2601.00001"] == "Kite 1"
    assert titles["2601.00003"] == "Kite 3"


@given(SIGNS)
def test_any_signs_can_be_read(signs: str) -> None:
    found = node("<p>" + signs)
    assert isinstance(found.text, str)
    for element in found.all("a"):
        assert isinstance(element.text + element.attribute("x"), str)

"""How the HTML and the JSON of digests are parsed."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digests import _html, _json, read_digest
from bot.digests._warnings import Warnings
from bot.errors import BrokenDigest, UnknownFormat
from subscriptions.model import Digest
from tests import tables

HEAD = "<!DOCTYPE html><html><body><div id='dlpage'><h3>New submissions</h3><dl id='articles'>\n"
FOOT = "</dl></div></body></html>"


def entry(n: int, title: str = "", abstract: str = "It flies.") -> str:
    return (
        f"<dt><a href='/abs/2601.{n:05}'>arXiv:2601.{n:05}</a></dt><dd><div class='list-title mathjax'>"
        f"<span class='descriptor'>Title:</span> {title or f'Kite {n}'}</div><p class='mathjax'>{abstract}</p></dd>\n"
    )


def listing(*entries: str) -> Digest:
    """Returns what is read from a page with these entries."""
    return read_digest((HEAD + "".join(entries) + FOOT).encode(), "listing.html")


def node(markup: str) -> _html.Node:
    found = _html.read_piece(_html.Piece("p", markup), Warnings())
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("markup", "whole"),
    tables.rows("""
        <p>a</p>                             → <p>a</p>
        a < b <c and <d e> f                 → a &lt; b &lt;c and <d e> f
        <a title='<b>' href="x>y">z</a>      → <a title='<b>' href="x>y">z</a>
        <a title="never closed>              → &lt;a title="never closed>
        <!DOCTYPE x><![CDATA[y]]>z<!a        → z&lt;!a
        <? pi ?></ b></>                     → &lt;? pi ?>&lt;/ b>&lt;/>
        <script>a</script><TITLE>b<textarea> → ab
        &#12345678;&#x1F600;&#xfffffffff;    → &amp;#12345678;&#x1F600;&amp;#xfffffffff;
        <my-tag x>                           → <my-tag x>
    """),
)  # fmt: skip
def test_what_is_no_whole_tag_is_text(markup: str, whole: str) -> None:
    assert _html._whole_tags(markup) == whole


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
    found = _html.read_piece(_html.Piece("p", "<p title='a&#8;b'>c&#12;d&#x1F;</p>"), warnings)
    assert found is not None
    paragraph = found.first("p")
    assert paragraph is not None
    assert (paragraph.text, paragraph.attribute("title")) == ("cd", "ab")
    (warning,) = warnings.collected()
    # two in the text; those in attributes are dropped and not counted
    assert (warning.code, warning.count) == ("control_characters", 2)


def test_a_page_is_cut_before_its_entries() -> None:
    page = "before\n<!-- <dt>\n -->\n<script>'<dt>'\n</script><DT>one\n\n<dt >two<dtx><style>\n<dt></style>\n<dt>three<!-- open <dt>"
    assert [(piece.name, piece.markup.split(">")[1].strip()) for piece in _html.pieces(page, ("dt",))] == [
        ("dt", "one"),
        ("dt", "two<dtx"),
        ("dt", "three<!-- open"),
        ("dt", ""),
    ]


# Python's own parser would take many minutes for each of these, or give up, if we passed them on unchanged.
HOSTILE = {
    "tags that never end": "<a " * 20_000,
    "names of tags": "<a" * 20_000,
    "comments that never end": "<!--" * 20_000,
    "instructions": "<?" * 20_000,
    "ends that never end": "</" * 20_000,
    "attributes that never end": "<a " + "x='" * 20_000,
    "a tag of attributes": "<a " + "x " * 20_000 + ">",
    "marked sections": "<![x" * 20_000,
    "a reference of many digits": "&#" + "1" * 20_000 + ";",
    "an attribute of many digits": "<a href='&#" + "1" * 20_000 + ";'>",
    "scripts": "<script>" * 20_000,
    "areas of text": "<textarea>" * 20_000 + "</textarea",
    "quotes": "<a \"'" * 20_000,
    "blanks": "<a" + " " * 20_000,
    "more tags than any entry has": "<b>" * (_html._MOST_TAGS + 1),
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_hostile_markup_costs_its_own_entry_only(hostile: str) -> None:
    digest = listing(entry(1), entry(2, abstract=hostile), entry(3, title=hostile), entry(4))
    papers = {paper.key: paper for paper in digest.entries}
    for n in (1, 4):
        assert (papers[f"2601.{n:05}"].title, papers[f"2601.{n:05}"].abstract) == (f"Kite {n}", "It flies.")


@pytest.mark.parametrize("tag", ["<a>", "<p class='mathjax'>", "<x>y"])
def test_depth_costs_nothing(tag: str) -> None:
    deep = tag * (_html._MOST_TAGS - 20)
    digest = listing(entry(1), entry(2, title=deep + "deep"), entry(3, abstract=deep + "deep"), entry(4))
    assert [paper.key for paper in digest.entries] == [f"2601.{n:05}" for n in range(1, 5)]
    assert (digest.entries[0].title, digest.entries[3].title) == ("Kite 1", "Kite 4")


def test_an_entry_with_too_many_tags_is_said() -> None:
    digest = listing(entry(1), entry(2, abstract="<b>" * _html._MOST_TAGS))
    assert [paper.key for paper in digest.entries] == ["2601.00001"]
    assert [warning.code for warning in digest.warnings] == ["unparsed_heading"]


@given(st.text(alphabet="<>/!-?&#;'\"= \nabdxt[]", max_size=80))
def test_any_signs_in_an_entry_leave_the_others(signs: str) -> None:
    titles = {paper.key: paper.title for paper in listing(entry(1), entry(2, abstract=signs), entry(3)).entries}
    assert (titles["2601.00001"], titles["2601.00003"]) == ("Kite 1", "Kite 3")


DEEP = "[" * 100_000
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5), values, max_size=3),
    max_leaves=9,
)


def _members(records: Callable[..., object], text: str, *more: str) -> tuple[list[object], dict[str, int]]:
    warnings = Warnings()
    found = [record.members for record in records(text, warnings, *more)]  # type: ignore[attr-defined]  # both iterate
    return found, {warning.code: warning.count for warning in warnings.collected()}


def counted(warnings: str) -> dict[str, int]:
    """Returns the amounts of the warnings in a list like "glued_line 2, bad_json_line 1"."""
    found = (one.split() for one in warnings.split(", ") if one)
    return {name: int(amount) for name, amount in found}


@pytest.mark.parametrize(
    ("text", "member", "found", "warnings"),
    [
        *tables.rows("""
            [{"a": "1"}, {"b": []}]                                                →   → [{"a": "1"}, {"b": []}]                                                →
            {"a": {"b": null}}                                                     →   → [{"a": {"b": null}}]                                                   →
            [1, {"a": "1"}, "x", [{"b": "2"}]]                                     →   → [{"a": "1"}]                                                           → bad_json_line 3
            {"x": [[]], "c": [{"a": "1"}, {"a": "2"}], "c2": 3}                    → c → [{"a": "1"}, {"a": "2"}]                                               →
            {"c": {"a": "1"}}                                                      → c → []                                                                     →
            {}                                                                     → c → []                                                                     →
            [{"c": "1"}]                                                           → c → [{"c": "1"}]                                                           →
            [{"a": 2601.10, "b": -1e9999, "c": NaN}]                               →   → [{"a": "2601.10", "b": "-1e9999", "c": null}]                          →
            [{"a": "1", "a": "2"}]                                                 →   → [{"a": "2"}]                                                           →
            nothing                                                                →   → []                                                                     → bad_json_line 1
                                                                                   →   → []                                                                     →
        """),
        (" [ ] ", "", "[]", ""),
        ('[{"a": ' + "9" * 9999 + "}]", "", '[{"a": "' + "9" * 9999 + '"}]', ""),
        ('[{"a": "1"}][{"a": "2"}]\ufeff{"a": "3"}', "", '[{"a": "1"}, {"a": "2"}, {"a": "3"}]', "glued_line 2"),
        ('[{"a": "1"}]\n\n[\n{"a": "2"}\n] {"a": "3"}', "", '[{"a": "1"}, {"a": "2"}, {"a": "3"}]', "glued_line 1"),
        ('[{"a": "1"}]\nthe end', "", '[{"a": "1"}]', "bad_json_line 1"),
    ],
)
def test_a_document_gives_its_objects(text: str, member: str, found: str, warnings: str) -> None:
    assert _members(_json.json_items, text, member) == (json.loads(found), counted(warnings))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[{"a": "1"},\n{"a": "2"', 2),
        ('[{"a": "1"}\n\n{"a": "2"}]', 3),
        ('[{"a": "1"},\n]', 2),
        ('[\n{"a": "one\\x"}]', 2),
        ("[", 1),
        ('{"a":\n\n', 3),
        ("{a: 1}", 1),
        (DEEP, 1),
        ('{"a": ' * 100_000, 1),
    ],
)
def test_a_damaged_document_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(BrokenDigest, match=rf"cannot be read beyond line {line} \("):
        list(_json.json_items(text, Warnings()))


def test_the_first_objects_of_a_cut_document_are_found() -> None:
    assert [item.members for item in _json.first_items('[7, {"a": "1"}, {"b": "2"}, {"c')] == [{"a": "1"}, {"b": "2"}]
    assert len(list(_json.first_items('{"a": "1"}\n' * 99))) < 99
    for text in ("[", "[null", DEEP, "", "x", '{"a": '):
        assert not list(_json.first_items(text))


@pytest.mark.parametrize(
    ("text", "found", "warnings"),
    [
        ('{"a": "1"}\n\n  {"a": "2"}', [{"a": "1"}, {"a": "2"}], {}),
        ('{"a": "1"}{"a": "2"} {"a": "3"}', [{"a": "1"}, {"a": "2"}, {"a": "3"}], {"glued_line": 2}),
        ('{"a": "1{"a": "2"}', [{"a": "2"}], {"bad_json_line": 1, "glued_line": 1}),
        ('{ "a" : "1{ "a" : "2"}', [{"a": "2"}], {"bad_json_line": 1, "glued_line": 1}),
        ('{"a": "1", "b": \n{"a": "2"}', [{"a": "2"}], {"bad_json_line": 1}),
        ('{"a": "1"}\n' + DEEP + '\n{"a": "2"}', [{"a": "1"}, {"a": "2"}], {"bad_json_line": 1}),
        ('{"a": "1"}\x0c', [{"a": "1"}], {"bad_json_line": 1}),
        ('{"a": "1\u2028\x85 2"}', [{"a": "1\u2028\x85 2"}], {}),
        ('{"a": "a\ttab and a lone \r return"}', [{"a": "a\ttab and a lone \r return"}], {}),
        pytest.param('{"id": "' * 50_000, [], {"bad_json_line": 8}, id="a line of nothing but damage ends soon"),
    ],
)
def test_lines_give_their_objects_and_damage_stays_in_its_line(
    text: str, found: list[object], warnings: dict[str, int]
) -> None:
    assert _members(_json.json_lines, text) == (found, warnings)


def test_members_are_read_as_what_they_should_be() -> None:
    warnings = Warnings()
    (record,) = _json.json_items(
        r'{"t": " a \n b\u0000 \ud83d", "n": 7, "l": ["x", "", null, 8, {}], "r": {"t": "in"}, "p": [{"name": "Ada"}, "Bo", {"name": "Di", "hidden": true}, {"name": "Cy", "hidden": false}, {"name": null}], "f": true}',
        warnings,
    )
    assert [record.text(name) for name in ("t", "n", "l", "r", "f", "none")] == ["a b", "7", "", "", "", ""]
    assert [record.texts(name) for name in ("t", "l", "r", "none")] == [["a b"], ["x", "8"], [], []]
    assert [record.has_text(name) for name in ("t", "l", "none")] == [True, False, False]
    assert [record.names(name) for name in ("p", "l", "t", "none")] == [["Ada", "Bo", "Cy"], ["x", "8"], [], []]
    assert [record.record(name).text("t") for name in ("r", "t", "none")] == ["in", "", ""]
    (warning,) = warnings.collected()
    assert (warning.code, warning.count) == ("control_characters", 4)


@given(st.lists(VALUES, max_size=4), st.booleans())
def test_any_values_are_read_without_an_error(values: list[object], as_lines: bool) -> None:
    lines = [
        json.dumps({"id": value, "title": value, "summary": value, "authors": value, "AI": value}) for value in values
    ]
    page = "\n".join(lines) if as_lines else "[" + ",".join(f'{{"paper": {line}}}' for line in lines) + "]"
    try:
        digest = read_digest(page.encode(), "any")
    except (UnknownFormat, BrokenDigest):
        return
    for paper in digest.entries:
        json.dumps(paper.title).encode()
        paper.title.encode()
        paper.key.encode()


@given(
    st.lists(st.dictionaries(st.text(max_size=5), VALUES, max_size=4), max_size=4), st.integers(1, 90), st.booleans()
)
def test_it_matters_nothing_how_much_is_looked_at_at_once(
    values: list[dict[str, object]], look: int, spread: bool
) -> None:
    text = json.dumps(values, ensure_ascii=spread, indent=1 if spread else None)
    whole = _members(_json.json_items, text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.digests._json._WINDOW", look)
        assert _members(_json.json_items, text) == whole
        for broken in (text[: len(text) // 2], text.replace('"', "", 1), text.replace(":", "=", 1)):
            assert _damage(broken) == _damage(broken, 1 << 20)


def _damage(text: str, look: int = 0) -> str:
    with pytest.MonkeyPatch.context() as patch:
        if look:
            patch.setattr("bot.digests._json._WINDOW", look)
        try:
            return repr(_members(_json.json_items, text))
        except BrokenDigest as error:
            return str(error)


def test_an_object_that_is_too_long_is_refused() -> None:
    long = '{"a": "' + "x" * _json.MOST_CHARACTERS + '"}'
    with pytest.raises(BrokenDigest, match=r"beyond line 2 \(an object of more than a million signs\)"):
        list(_json.json_items('[{"a": "1"},\n' + long + "]", Warnings()))
    assert _members(_json.json_lines, '{"a": "1"}\n' + long + '\n{"a": "2"}') == (
        [{"a": "1"}, {"a": "2"}],
        {"bad_json_line": 1},
    )
    fits = '{"a": "' + "x" * (_json.MOST_CHARACTERS - 10) + '"}'
    assert _members(_json.json_items, f"[{fits}, {fits}]")[1] == {}


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ('{"a": "1", "b": [1, {"c": []}, "x"], "d": {"e": 2}, "f": []} rest', {"a": "1", "b": [], "d": {"e": "2"}, "f": []}),
        ("{}", {}),
        ("[{}]", None),
        ('{"a": [1, 2}', None),
        ('{"a": "1", ', None),
        ("{1: 2}", None),
        ("", None),
    ],
)  # fmt: skip
def test_the_head_of_a_document_has_no_items(text: str, head: dict[str, object] | None) -> None:
    found = _json.head_of(text)
    assert (found.members if found else None) == head

"""JSON in digests: lines and documents, warnings about damage, and the memory that reading takes."""

import json
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digests import read_digest
from bot.digests._format import Warnings
from bot.digests._json import MOST_CHARACTERS, first_items, head_of, json_items, json_lines
from bot.errors import BrokenDigest, UnknownFormat

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


@pytest.mark.parametrize(
    ("text", "member", "found", "warnings"),
    [
        ('[{"a": "1"}, {"b": []}]', "", [{"a": "1"}, {"b": []}], {}),
        (" [ ] ", "", [], {}),
        ('{"a": {"b": null}}', "", [{"a": {"b": None}}], {}),
        ('[1, {"a": "1"}, "x", [{"b": "2"}]]', "", [{"a": "1"}], {"bad_json_line": 3}),
        ('{"x": [[]], "c": [{"a": "1"}, {"a": "2"}], "c2": 3}', "c", [{"a": "1"}, {"a": "2"}], {}),
        ('{"c": {"a": "1"}}', "c", [], {}),
        ("{}", "c", [], {}),
        ('[{"c": "1"}]', "c", [{"c": "1"}], {}),
        ('[{"a": "1"}][{"a": "2"}]\ufeff{"a": "3"}', "", [{"a": "1"}, {"a": "2"}, {"a": "3"}], {"glued_line": 2}),
        ('[{"a": "1"}]\n\n[\n{"a": "2"}\n] {"a": "3"}', "", [{"a": "1"}, {"a": "2"}, {"a": "3"}], {"glued_line": 1}),
        ('[{"a": "1"}]\nthe end', "", [{"a": "1"}], {"bad_json_line": 1}),
        ('[{"a": 2601.10, "b": -1e9999, "c": NaN}]', "", [{"a": "2601.10", "b": "-1e9999", "c": None}], {}),
        ('[{"a": "1", "a": "2"}]', "", [{"a": "2"}], {}),
        ('[{"a": ' + "9" * 9999 + "}]", "", [{"a": "9" * 9999}], {}),
        ("nothing", "", [], {"bad_json_line": 1}),
        ("", "", [], {}),
    ],
)  # fmt: skip
def test_a_document_gives_its_objects(text: str, member: str, found: list[object], warnings: dict[str, int]) -> None:
    assert _members(json_items, text, member) == (found, warnings)


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
        list(json_items(text, Warnings()))


def test_the_first_objects_of_a_cut_document_are_found() -> None:
    assert [item.members for item in first_items('[7, {"a": "1"}, {"b": "2"}, {"c')] == [{"a": "1"}, {"b": "2"}]
    assert len(list(first_items('{"a": "1"}\n' * 99))) < 99
    for text in ("[", "[null", DEEP, "", "x", '{"a": '):
        assert not list(first_items(text))


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
    ],
)
def test_lines_give_their_objects_and_damage_stays_in_its_line(
    text: str, found: list[object], warnings: dict[str, int]
) -> None:
    assert _members(json_lines, text) == (found, warnings)


def test_a_line_of_nothing_but_damage_ends_soon() -> None:
    found, warnings = _members(json_lines, '{"id": "' * 50_000)
    assert (found, warnings) == ([], {"bad_json_line": 8})


def test_members_are_read_as_what_they_should_be() -> None:
    warnings = Warnings()
    (record,) = json_items(
        r'{"t": " a \n b\u0000 \ud83d", "n": 7, "l": ["x", "", null, 8, {}], "r": {"t": "in"}, "p": [{"name": "Ada"}, "Bo", {"name": "Di", "hidden": true}, {"name": "Cy", "hidden": false}, {"name": null}], "f": true}',
        warnings,
    )
    assert [record.text(name) for name in ("t", "n", "l", "r", "f", "none")] == ["a b", "7", "", "", "", ""]
    assert [record.texts(name) for name in ("t", "l", "r", "none")] == [["a b"], ["x", "8"], [], []]
    assert [record.has_text(name) for name in ("t", "l", "none")] == [True, False, False]
    assert [record.names(name) for name in ("p", "l", "t", "none")] == [["Ada", "Bo", "Cy"], ["x", "8"], [], []]
    assert [record.record(name).text("t") for name in ("r", "t", "none")] == ["in", "", ""]
    (warning,) = warnings.collected()
    assert (warning.code, warning.examples[:2]) == ("control_characters", ("U+0000", "U+D83D"))


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
    whole = _members(json_items, text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.digests._json._FIRST_SIZE", look)
        assert _members(json_items, text) == whole
        for broken in (text[: len(text) // 2], text.replace('"', "", 1), text.replace(":", "=", 1)):
            assert _damage(broken) == _damage(broken, 1 << 20)


def _damage(text: str, look: int = 0) -> str:
    with pytest.MonkeyPatch.context() as patch:
        if look:
            patch.setattr("bot.digests._json._FIRST_SIZE", look)
        try:
            return repr(_members(json_items, text))
        except BrokenDigest as error:
            return str(error)


def test_an_object_that_is_too_long_is_refused() -> None:
    long = '{"a": "' + "x" * MOST_CHARACTERS + '"}'
    with pytest.raises(BrokenDigest, match=r"beyond line 2 \(an object of more than a million signs\)"):
        list(json_items('[{"a": "1"},\n' + long + "]", Warnings()))
    assert _members(json_lines, '{"a": "1"}\n' + long + '\n{"a": "2"}') == (
        [{"a": "1"}, {"a": "2"}],
        {"bad_json_line": 1},
    )
    fits = '{"a": "' + "x" * (MOST_CHARACTERS - 10) + '"}'
    assert _members(json_items, f"[{fits}, {fits}]")[1] == {}


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
    found = head_of(text)
    assert (found.members if found else None) == head


LINE = {
    "id": "2601.00001",
    "title": "Kites",
    "summary": "We fly kites over hills, and the hills do not mind it. " * 18,
    "AI": dict.fromkeys(("tldr", "motivation", "method", "result", "conclusion"), "本文研究风筝如何在山上飞翔。" * 4),
}


@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize(("made", "most"), [("lines", 6), ("document", 10)])
def test_reading_takes_a_few_times_the_room_of_the_file(made: str, most: int, escaped: bool) -> None:
    papers = [LINE | {"id": f"2601.{n:05}"} for n in range(200)]
    texts = [json.dumps(one if made == "lines" else {"paper": one}, ensure_ascii=escaped) for one in papers]
    data = ("\n".join(texts) if made == "lines" else "[" + ",\n".join(texts) + "]").encode()
    tracemalloc.start()
    try:
        digest = read_digest(data, made)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(digest.entries) == 200
    assert peak + len(data) < most * len(data)

"""A set of queries that was written as bytes and read again is the same set; damaged bytes are refused."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.matching.batch import match
from subscriptions.matching.paper_index import PaperIndex
from subscriptions.matching.query_set import DamagedSnapshot, QuerySet, dump, load
from subscriptions.model import Paper
from subscriptions.query.parse import parse_query
from subscriptions.query.syntax import Query
from tests.unit.strategies import SHAPES, papers, queries

VOCABULARY = [f"w{number}" for number in range(100, 130)]
MORE_SHAPES = (*SHAPES, "au:{}", 'author:"{}, J."', "cat:cs.LG {}", "all:{}", "2601.15529 {}", "={}", "大语言模型 {}")


@given(st.lists(queries, max_size=5), st.lists(papers, max_size=3))
def test_any_queries_come_back(asked: list[Query], batch: list[Paper]) -> None:
    before, index = QuerySet(), PaperIndex.of(batch)
    handles = [before.add(query) for query in asked]
    after = load(dump(before))
    assert match(after, index) == match(after, index, many=0) == match(before, index)
    assert [after.add(query) for query in asked] == handles
    for handle in handles * 2:
        after.remove(handle)
    assert (len(after), after.slots.used) == (0, 0)


def test_thousands_of_changes_with_restarts_leave_what_a_new_set_has() -> None:
    random = Random(20261121)
    batch = [Paper(key=str(n), title=" ".join(random.choices(VOCABULARY, k=12))) for n in range(70)]
    changed, index = QuerySet(), PaperIndex.of(batch)
    kept: list[tuple[str, int]] = []
    for number in range(4000):
        if random.random() < 0.55 or not kept:
            text = random.choice(MORE_SHAPES).format(*random.choices(VOCABULARY, k=3))
            kept.append((text, changed.add_text(text)))
        else:
            _, handle = kept.pop(random.randrange(len(kept)))
            changed.remove(handle)
        if number % 200 == 0:
            changed = load(dump(changed))
    anew = QuerySet(parse_query(text) for text, _ in kept)
    found, expected = match(changed, index), match(anew, index)
    assert match(changed, index, many=0) == found
    assert (len(changed), changed.slots.used) == (len(anew), anew.slots.used)
    assert len(found) == len(expected) > 100
    for text, handle in kept:
        assert found.get(handle) == expected.get(anew.add_text(text)), text


def some_bytes() -> bytes:
    return dump(QuerySet(parse_query(shape.format(*VOCABULARY)) for shape in MORE_SHAPES))


def test_a_changed_bit_anywhere_is_refused() -> None:
    data = some_bytes()
    for place in range(0, len(data), 7):
        damaged = bytearray(data)
        damaged[place] ^= 1 << place % 8
        with pytest.raises(DamagedSnapshot):
            load(bytes(damaged))


@pytest.mark.parametrize("length", [0, 1, 20, 30, 51, 52, 60, 100, -1])
def test_what_was_cut_off_is_refused(length: int) -> None:
    with pytest.raises(DamagedSnapshot):
        load(some_bytes()[:length])


@pytest.mark.parametrize("data", [b"", b"\0" * 1000, some_bytes() + b"\0", b"x" + some_bytes()])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(DamagedSnapshot):
        load(data)


def test_nobody_can_know_the_digests_of_a_set() -> None:
    asked = [parse_query("graph neural")]
    assert QuerySet(asked).state()["handles.digests"] != QuerySet(asked).state()["handles.digests"]

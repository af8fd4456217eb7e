"""What is written as text is read back as it was: exports as JSON."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.store import chat_data


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_it_is_what_json_dumps_writes(value: Any) -> None:
    assert chat_data.json_text(value) == json.dumps(value, ensure_ascii=False, indent=2)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_iterator_is_a_list_that_is_read_as_it_is_written(count: int) -> None:
    read: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(count):
            read.append(number)
            yield number

    pieces = chat_data.json_pieces({"numbers": numbers(), "after": []})
    text = next(pieces)
    assert read == []
    text += "".join(pieces)
    assert text == json.dumps({"numbers": read, "after": []}, indent=2)
    assert len(read) == count

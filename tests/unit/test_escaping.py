"""Foreign text on a terminal and in the log: what a terminal would obey is visible, everything else stays."""

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.errors import PaperwireError, Sentence
from subscriptions.text import escaped, escaped_lines

DIRECTIONS = {0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}  # Unicode TR9, Bidi_Control


def test_exactly_what_a_terminal_obeys_is_escaped() -> None:
    hidden = {code for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) in ("Cc", "Cs", "Zl", "Zp")}
    assert {code for code in range(sys.maxunicode + 1) if escaped(chr(code)) != chr(code)} == hidden | DIRECTIONS


@pytest.mark.parametrize(
    "text", ["", "风筝 或 灯", "é e\u0301 ﬁ", "👩\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈", "نام\u200cها", "a\xa0b\u3000c", "\ue000", "\u00adx", "שלום"]
)  # fmt: skip
def test_what_people_write_stays(text: str) -> None:
    assert escaped(text) == escaped_lines(text) == text


def test_a_code_has_four_digits() -> None:
    assert escaped("a\nb\x1b[2J\u202ec\u2028") == "a\\u000ab\\u001b[2J\\u202ec\\u2028"


def test_lines_of_ours_keep_their_ends_and_what_they_isolate() -> None:
    text = "✓ 1 \u2068שלום\u2069\n\tKite \u202egnihtemos \u2066x \u2068open\n"
    assert escaped_lines(text) == "✓ 1 \u2068שלום\u2069\n\tKite \\u202egnihtemos \\u2066x \\u2068open\n"


@given(
    st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=9)
)
def test_json_stays_json(value: object) -> None:
    assert json.loads(escaped_lines(json.dumps(value, ensure_ascii=False))) == value


@given(st.text())
def test_a_value_of_a_sentence_ends_no_line(value: str) -> None:
    inner = Sentence("looks like {look}", {"look": value})
    error = PaperwireError(Sentence("{name}: {why}, {count:,}.", {"name": value, "why": inner, "count": 1000}))
    assert str(error) == f"{escaped(value)}: looks like {escaped(value)}, 1,000."
    assert escaped_lines(str(error)) == str(error)
    assert error.sentence.say(str) == f"{value}: looks like {value}, 1,000."  # chats clean it themselves

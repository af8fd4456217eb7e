"""Lines of an import: how they are read, and the messages about invalid ones. Also: which names are allowed."""

from contextlib import suppress
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.errors import Refused
from subscriptions.model import ChatAddress
from subscriptions.query.parse import parse_query
from subscriptions.schedule.zones import zone_name
from subscriptions.subscribing import export_format as portable
from tests import tables

ME = ChatAddress("console", "me")


@pytest.mark.parametrize(
    ("line", "schedule", "zone", "query", "name"),
    [
        *tables.rows("""
            daily 09:00 Europe/Berlin | diffusion -survey | mine → daily 09:00                   → Europe/Berlin → diffusion -survey → mine
            when-out 08:00-20:00 weekdays UTC | a | n            → when-out 08:00-20:00 weekdays → UTC           → a                 → n
            every monday at 9 Berlin | a | n                     → weekly mon 09:00              → Europe/Berlin → a                 → n
            daily 09:00 | diffusion |                            → daily 09:00                   →               → diffusion         →
            daily 09:00|diffusion                                → daily 09:00                   →               → diffusion         → ∅
            daily 09:00｜diffusion｜name                         → daily 09:00                   →               → diffusion         → name
            now | a | b |                                        → now                           →               → a | b             →
            now | | a | n                                        → now                           →               → | a               → n
            每天8点|扩散模型                                     → daily 08:00                   →               → 扩散模型          → ∅
        """),
        ("daily 09:00\t|\tdiffusion\t|\tname", "daily 09:00", "", "diffusion", "name"),
        ("  now  |  a   b  |  n   m  ", "now", "", "a b", "n m"),
        ("now | a\x1cb\x85c | n", "now", "", "a b c", "n"),
        ("\ufeffnow | a | n", "now", "", "a", "n"),
    ],
)
def test_a_line_is_read_as_its_row_says(line: str, schedule: str, zone: str, query: str, name: str) -> None:
    (read,) = portable.read_lines(line, ME)
    assert read.cadence is not None
    assert read.query is not None
    assert (str(read.cadence), read.zone or "", read.query.text) == (schedule, zone, query)
    assert read.name == (None if name == "∅" else name)
    assert read.query.canonical == parse_query(query).canonical


@pytest.mark.parametrize("schedule", ["when-out 08:00-20:00 weekdays", "now"])
def test_every_zone_that_there_is_comes_back(schedule: str) -> None:
    for name in {zone_name(name) for name in available_timezones() - {"Factory", "localtime", "posixrules"}} | {
        "+05:45",
        "-12:00",
        "+14:00",
    }:
        (line,) = portable.read_lines(f"{schedule} {name} | a | ", ME)
        assert line.cadence is not None
        assert (str(line.cadence), line.zone) == (schedule, name)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        *tables.rows("""
            diffusion -survey             → it is not WHEN | QUERY | NAME.
            daily 25:00 | a | n           → “daily 25:00” is not a schedule.
            now | -a | n                  → This only excludes.
            now | | n                     →
            [slack:foo]                   → “slack:foo” is not a Slack chat.
            set kind castle               → “castle” is not a value for kind.
        """),
        ("now | a | " + "n" * 61, "A name has at most 60 characters, and no |."),
        ("now | a | x\x07y", "A name is one line, without control characters."),
        (f"[console:{'x' * 201}]", "is not a chat."),
    ],
)
@pytest.mark.parametrize("before", ["# a remark", "[console:me]\r"])
def test_a_bad_line_is_quoted_with_its_number(line: str, why: str, before: str) -> None:
    with pytest.raises(Refused) as refused:
        portable.read_lines(f"{before}\n{line}\nnow | another | ", None if "[" in line + before else ME)
    said = str(refused.value.sentence)
    assert said.startswith("Line 2 cannot be imported: ")
    assert f"It says: “{portable.one_line(line)[:40]}" in said
    assert why in said


@pytest.mark.parametrize(
    ("text", "alone", "said"),
    [
        ("[console:me]\nnow | a | ", False, "the text names its chats itself, and --as names one, too."),
        ("now | a | \n[console:you]\nnow | b | ", False, "the text names its chats itself, and --as names one, too."),
        ("[console:you]\nset limit 5", True, "it is for another chat, and here only this one can be changed."),
    ],
)
def test_a_text_with_chats_is_refused_where_one_is_named(text: str, alone: bool, said: str) -> None:
    with pytest.raises(Refused, match=said):
        portable.read_lines(text, ME, alone=alone)


@given(
    st.lists(
        st.sampled_from(
            ["now | a | ", "[console:x]", "set limit 5", "daily", "|", " | ", "\r", "\ufeff", "｜", "[", "]", "\x00"]
        )
        | st.text(),
        max_size=12,
    )
)
def test_whatever_is_sent_is_lines_or_a_sentence(parts: list[str]) -> None:
    for address, alone in ((None, False), (ME, False), (ME, True)):
        with suppress(Refused):  # no other error
            portable.read_lines("\n".join(parts), address, alone=alone)


@pytest.mark.parametrize(
    "typed",
    ["a|b", "|", " | ", "x" * 61, "a\nb", "a\rb", "a\tb", "a\x00b", "a\x1bb", "a\x7fb", "a\x85b", "a\u2028b", "a\u2029b", "a\ud800b", "a\x1cb"],
)  # fmt: skip
def test_bars_line_ends_and_control_characters_make_no_name(typed: str) -> None:
    with pytest.raises(Refused):
        portable.checked_name(typed)


@given(st.text(max_size=200))
def test_a_name_of_other_words_is_mended_into_one_that_is_taken(text: str) -> None:
    mended = portable.mended_name(text)
    assert portable.checked_name(mended) == mended
    assert len(mended) <= portable.LONGEST_NAME

"""What a terminal and the log show: text of others without control characters, and a sentence for any error."""

import json
import sys
import unicodedata
from collections.abc import Callable
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bot.cli import run
from bot.rendering import cleaning
from subscriptions import errors, texts

DIRECTIONS = {0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}  # Unicode TR9, Bidi_Control


def test_exactly_what_a_terminal_obeys_is_escaped() -> None:
    every = [chr(code) for code in range(sys.maxunicode + 1)]
    hidden = {one for one in every if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")} | set(map(chr, DIRECTIONS))
    shown = "".join(one for one in every if one not in hidden)
    assert texts.escaped(shown) == shown
    assert not any(texts.escaped(one) == one for one in hidden)


@pytest.mark.parametrize(
    "text", ["", "风筝 或 灯", "é e\u0301 ﬁ", "👩\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈", "نام\u200cها", "a\xa0b\u3000c", "\ue000", "\u00adx", "שלום"]
)  # fmt: skip
def test_what_people_write_stays(text: str) -> None:
    assert texts.escaped(text) == texts.escaped_lines(text) == text


def test_a_code_has_four_digits() -> None:
    assert texts.escaped("a\nb\x1b[2J\u202ec\u2028") == "a\\u000ab\\u001b[2J\\u202ec\\u2028"


def test_lines_of_ours_keep_their_ends_and_what_they_isolate() -> None:
    assert (
        texts.escaped_lines("✓ 1 \u2068שלום\u2069\n\tKite \u202egnihtemos \u2066x \u2068open\n")
        == "✓ 1 \u2068שלום\u2069\n\tKite \\u202egnihtemos \\u2066x \\u2068open\n"
    )


@given(
    st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=9)
)
def test_json_stays_json(value: object) -> None:
    assert json.loads(texts.escaped_lines(json.dumps(value, ensure_ascii=False))) == value


@given(st.text())
def test_a_value_of_a_sentence_ends_no_line(value: str) -> None:
    inner = errors.Sentence("looks like {look}", {"look": value})
    error = errors.PaperwireError(
        errors.Sentence("{name}: {why}, {count:,}.", {"name": value, "why": inner, "count": 1000})
    )
    assert str(error) == f"{texts.escaped(value)}: looks like {texts.escaped(value)}, 1,000."
    assert texts.escaped_lines(str(error)) == str(error)
    assert error.sentence.say(str) == f"{value}: looks like {value}, 1,000."  # chats escape it themselves


ADDRESS = "https://arxiv.org/abs/2601.00001"


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        ("A title", 0),
        ("  of two", 2),
        (" 1  A title", 4),
        ("12  A title", 4),
        ("    ▸ why", 6),
        ("", 0),
        ("   ", 0),
        ("1 as it is", 0),
    ],
)
def test_how_far_a_line_hangs(line: str, columns: int) -> None:
    assert cleaning.hanging(line) == columns


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        (" 1  A title of several words", 24, [" 1  A title of several", "    words"]),
        ("  AI: 扩散模型在图像生成上很有效。", 24, ["  AI: 扩散模型在图像生成", "  上很有效。"]),
        ("    ▸ also one name and another", 26, ["    ▸ also one name and", "      another"]),
        (f"    {ADDRESS}", 24, [f"    {ADDRESS}"]),
        (f"    {ADDRESS}", 12, [f"    {ADDRESS}"]),
        ("    too narrow to hang", 12, ["    too", "narrow to", "hang"]),
        ("one\n\n  two", 80, ["one", "", "  two"]),
    ],
)
def test_lines_go_on_under_their_text(text: str, width: int, lines: list[str]) -> None:
    assert cleaning.folded(text, width).split("\n") == lines


@given(st.text(alphabet="ab1 ▸扩散。（“\n", max_size=80), st.integers(min_value=4, max_value=40))
def test_no_line_with_two_words_is_too_long_and_nothing_is_lost(text: str, width: int) -> None:
    lines = cleaning.folded(text, width).split("\n")
    assert all(cell_len(line) <= width for line in lines if len(line[cleaning.hanging(line) :].split()) > 1)
    assert "".join("".join(lines).split()) == "".join(text.split())


# --------------------------------------------------------------------------------------------------------------- errors


def circle(*errors: BaseException) -> BaseException:
    """Makes each error the cause of the one before it, and the first error the cause of the last. Returns the first."""
    for error, cause in zip(errors, (*errors[1:], errors[0]), strict=True):
        error.__cause__ = cause
    return errors[0]


def in_context(*errors: BaseException) -> BaseException:
    """Like `circle`, but links the errors as if each was raised while the next one was handled."""
    for error, before in zip(errors, (*errors[1:], errors[0]), strict=True):
        error.__context__ = before
    return errors[0]


def before(first: BaseException, *errors: BaseException) -> BaseException:
    """Makes a circle of errors the cause of the first one, which is not part of it."""
    first.__cause__ = circle(*errors)
    return first


BROKEN = "Something went wrong within paperwire: RuntimeError: broken. PAPERWIRE_LOG_LEVEL=debug shows where.\n"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("linked", "others", "ended"),
    [
        *((linked, [], (1, BROKEN)) for linked in (circle, in_context)),  # an error that is its own cause
        *((linked, [ValueError("one"), OSError("another")], (1, BROKEN)) for linked in (circle, in_context, before)),
        *((linked, [ImportError("half"), KeyboardInterrupt()], (130, "Stopped.\n")) for linked in (circle, in_context)),
    ],
)
def test_an_error_that_is_its_own_cause_ends_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    linked: Callable[..., BaseException],
    others: list[BaseException],
    ended: tuple[int, str],
) -> None:
    monkeypatch.setattr("bot.cli._call", Mock(side_effect=linked(RuntimeError("broken"), *others)))
    assert (run(["status"]), capsys.readouterr().err) == ended

"""Lines of a terminal: continuation lines are indented under the text, and an address is never broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bot.rendering.cleaning import folded, hanging

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
    assert hanging(line) == columns


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
    assert folded(text, width).split("\n") == lines


@given(st.text(alphabet="ab1 ▸扩散。（“\n", max_size=80), st.integers(min_value=4, max_value=40))
def test_no_line_with_two_words_is_too_long_and_nothing_is_lost(text: str, width: int) -> None:
    lines = folded(text, width).split("\n")
    assert all(cell_len(line) <= width for line in lines if len(line[hanging(line) :].split()) > 1)
    assert "".join("".join(lines).split()) == "".join(text.split())

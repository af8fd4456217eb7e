"""Which texts of a summary count."""

import pytest

from subscriptions.cutting import summary_state


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("A new bound for sorting networks.", "ok"),
        ("提出一种新的方法。", "ok"),
        ("The generation failed twice.", "ok"),  # real summaries hold the word "failed"
        ("Summary generation failed at step 3, so we restart.", "ok"),
        ("Error bounds", "ok"),
        ("The set {a, b}", "ok"),
        ("Summary generation failed", "failed"),
        ("Motivation analysis unavailable", "failed"),
        ("Method extraction failed", "failed"),
        ("Result analysis unavailable", "failed"),
        ("Conclusion extraction failed", "failed"),
        ("Processing failed", "failed"),
        ("Error", "failed"),
        ("  Error\n", "failed"),
        ("错误：AI分析失败。", "failed"),
        ("{tldr}", "placeholder"),
        (" {title_translation} ", "placeholder"),
        ("{cate}", "placeholder"),
        ("", "empty"),
        (" \n\t", "empty"),
        ("N/A", "not stated"),
        ("Not mentioned in abstract", "not stated"),
        ("未在摘要中提及", "not stated"),
    ],
)
def test_a_whole_value_decides_what_a_summary_is_worth(text: str, state: str) -> None:
    assert summary_state(text) == state

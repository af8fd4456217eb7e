"""Tells texts of a summary from the failures that generators write into fields that they could not fill.

The values are those that public digests of the daily-arXiv family hold. They are compared as a whole, since a real
summary may well contain the word "failed".
"""

import re
from typing import Literal

SummaryState = Literal["ok", "failed", "placeholder", "empty", "not stated"]

_FAILED = frozenset(
    {
        "Summary generation failed",
        "Motivation analysis unavailable",
        "Method extraction failed",
        "Result analysis unavailable",
        "Conclusion extraction failed",
        "Processing failed",
        "Error",
        "错误：AI分析失败。",
    },
)
_NOT_STATED = frozenset({"N/A", "Not mentioned in abstract", "未在摘要中提及"})
_PLACEHOLDER = re.compile(r"\{\w+\}")  # a template that was never filled: {tldr}


def summary_state(text: str) -> SummaryState:
    """The state of one field of a summary; only "ok" is text to show or to match.

    "not stated": the summariser found nothing to say. The other three are failures.
    """
    value = text.strip()
    if not value:
        return "empty"
    if value in _FAILED:
        return "failed"
    if value in _NOT_STATED:
        return "not stated"
    return "placeholder" if _PLACEHOLDER.fullmatch(value) else "ok"

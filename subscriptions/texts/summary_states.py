"""Whether a summary failed: error texts that generators write into its fields."""

import re
from typing import Literal

# Public digests of the daily-arXiv family contain these texts. A field has to equal one of them, since a real summary may
# contain the word "failed".


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
_ERROR = re.compile(r"[\[(*]*(?i:error|错误)(?:[\])]|\W*(?:[:：]|\d|$))")  # the beginning of an error
_ERROR_SIGNS = frozenset("[(*Ee错")  # with which it begins
_PLACEHOLDER = re.compile(r"\{\w+\}")  # a template that was never filled: {tldr}


def summary_state(text: str) -> SummaryState:
    """Returns the state of one field of a summary. Only fields in the state "ok" are shown and matched.

    "not stated" means that the summariser found nothing to say. The other three states are failures.
    """
    value = text.strip()
    if not value:
        return "empty"
    if value in _FAILED or (value[0] in _ERROR_SIGNS and _ERROR.match(value)):
        return "failed"
    if value in _NOT_STATED:
        return "not stated"
    if _PLACEHOLDER.fullmatch(value):
        return "placeholder"
    return "ok"

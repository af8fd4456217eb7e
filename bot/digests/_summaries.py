"""Summaries and translations of a paper: which fields count, which texts are failures or mean nothing (N/A), and two languages in one."""

from collections.abc import Mapping
from itertools import takewhile
from typing import Final

from bot.digests._languages import language_of
from subscriptions.model import Summary, Translation
from subscriptions.texts.summary_states import summary_state

# These functions leave out texts without content, and find the language of the others.


LEADING: Final = ("tldr", "task")
"""Names of the field that says in short what a paper is about. Without it, a paper has no usable summary."""
FIELDS_OF_SUMMARY: Final = (
    *LEADING, "motivation", "method", "result", "conclusion", "keywords", "ai_comments", "ai_abstract", "related_work",
    "potential_applications", "future_work",
)  # fmt: skip
"""Names that every reader uses. What stands below any other label may be something else than a summary."""
SECOND_LANGUAGE = "<br/>**VN**:"  # one fork writes each field in English, then in Vietnamese
_NO_SUMMARY = ("failed", "placeholder", "empty")


def meaningful(text: str) -> str:
    """Returns the text; "" if it is `N/A`, the message of a failure, or a placeholder."""
    return text if summary_state(text) == "ok" else ""


def is_failed(texts: Mapping[str, str]) -> bool:
    """Returns whether a summary failed.

    Its first field (tldr or task) decides; a summary without that field did not fail.
    """
    return summary_state(next((texts[name] for name in LEADING if name in texts), "N/A")) in _NO_SUMMARY


def summaries_of(texts: Mapping[str, str], language: str | None) -> tuple[Summary, ...]:
    """Returns the summary of all fields with content, and a second one if the fields hold a second language."""
    fields = summary_of({name: text for name, text in texts.items() if meaningful(text)})
    if not fields:
        return ()
    language = language or language_of(*fields.values())
    if not any(SECOND_LANGUAGE in text for text in fields.values()):
        return (Summary(language=language, fields=fields),)
    halves = {name: text.partition(SECOND_LANGUAGE) for name, text in fields.items()}
    first = {name: half.strip() for name, (half, _, _) in halves.items() if half.strip()}
    second = {name: half.strip() for name, (_, _, half) in halves.items() if half.strip()}
    both = (Summary(language=language, fields=first), Summary(language="vi", fields=second))
    return tuple(summary for summary in both if summary.fields)


def summary_of(fields: dict[str, str]) -> dict[str, str]:
    """Returns the fields of a summary. It begins with a field of a known name; without one, it is no summary: {}."""
    if next(iter(fields), "") in FIELDS_OF_SUMMARY:
        return fields
    further = set(takewhile(lambda name: name not in FIELDS_OF_SUMMARY, fields))
    if len(further) == len(fields):
        return {}
    known = {name: text for name, text in fields.items() if name not in further}
    return known | {name: text for name, text in fields.items() if name in further}


def translations_of(title: str, abstract: str, language: str | None) -> tuple[Translation, ...]:
    """Returns the translation of a title, an abstract or both; () if both are without content."""
    title, abstract = meaningful(title), meaningful(abstract)
    if not title and not abstract:
        return ()
    return (Translation(language=language or language_of(title, abstract), title=title, abstract=abstract),)

"""Guesses the language of a text from its script."""

import re
from collections.abc import Mapping

from subscriptions.cutting import summary_state
from subscriptions.model import Summary, Translation

KANA = "\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d"
HANGUL = "\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3"
HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_EAST_ASIAN = re.compile(f"[{KANA}{HANGUL}{HAN}]")
_NOT_HAN = re.compile(f"[{KANA}{HANGUL}]")
_A_KANA = re.compile(f"[{KANA}]")


def language_of(*texts: str) -> str:
    """Returns the ISO 639-1 code of the language of some texts: "ja" for kana, "ko" for Hangul, "zh" for Han.

    Any other script counts as English.
    """
    text = " ".join(text for text in texts if not text.isascii())
    first = _EAST_ASIAN.search(text)
    if not first:
        return "en"
    if not _NOT_HAN.search(text, first.start()):
        return "zh"
    return "ja" if _A_KANA.search(text, first.start()) else "ko"


# ------------------------------------------------------------------------------------------ summaries and translations

# leaves out texts without content, and finds the language of the others.


SECOND_LANGUAGE = "<br/>**VN**:"  # one fork writes each field in English, then in Vietnamese

_NO_SUMMARY = ("failed", "placeholder", "empty")


def meaningful(text: str) -> str:
    """Returns the text, or "" for `N/A`, the words of a failure, or a placeholder."""
    return text if summary_state(text) == "ok" else ""


def is_failed(texts: Mapping[str, str]) -> bool:
    """Returns whether a summary failed. Its first field (tldr or task) decides; a summary without it did not fail."""
    return summary_state(texts.get("tldr", texts.get("task", "N/A"))) in _NO_SUMMARY


def summaries_of(texts: Mapping[str, str], language: str | None) -> tuple[Summary, ...]:
    """Returns the summary of all fields with content, and a second one if the fields hold a second language."""
    fields = {name: text for name, text in texts.items() if meaningful(text)}
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


def translations_of(title: str, abstract: str, language: str | None) -> tuple[Translation, ...]:
    """Returns the translation of a title, an abstract or both; nothing if both are without content."""
    title, abstract = meaningful(title), meaningful(abstract)
    if not title and not abstract:
        return ()
    return (Translation(language=language or language_of(title, abstract), title=title, abstract=abstract),)

"""Summaries and translations of a paper, without the texts of generators that failed."""

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from bot.digests.scalars import language_of
from subscriptions.model import Paper, Summary, Translation
from subscriptions.texts.statements import summary_state

LEADING = ("tldr", "task")
"""Names of the field that says in short what a paper is about. Without it, a paper has no usable summary."""
FIELDS = (
    *LEADING, "motivation", "method", "result", "conclusion", "keywords", "ai_comments", "ai_abstract", "related_work",
    "potential_applications", "future_work", "conclusion_translation",
)  # fmt: skip
"""Names of all fields of a summary."""

_SECOND_LANGUAGE = "<br/>**VN**:"  # one fork writes each field in English, then in Vietnamese
_NO_SUMMARY = ("failed", "placeholder", "empty")
_LONG = 40  # bytes; two papers do not have so long a text in common, but they may both have "It works."
_SEVERAL = 3  # papers of which a short text is the summary in short
_ERROR = re.compile(  # the beginning of an error; a summary begins so only if its paper is about errors
    r"error\b(?!-)|.{0,20}\bapi.{0,6}(?:配额|额度|限额|quota|limit)|.{0,20}\bquota (?:is |was )?(?:exceeded|used up)",
    re.IGNORECASE,
)


def meaningful(text: str) -> str:
    """Returns the text; "" if it is `N/A`, the message of a failure, or a placeholder."""
    return text if summary_state(text) == "ok" else ""


def is_failed(texts: Mapping[str, str]) -> bool:
    """Returns whether a summary failed, by its first field (tldr or task). Without one, it did not."""
    return summary_state(next((texts[name] for name in LEADING if name in texts), "N/A")) in _NO_SUMMARY


def summaries_of(texts: Mapping[str, str], language: str | None) -> tuple[Summary, ...]:
    """Returns the summary of all fields with content, and a second one if the fields hold a second language."""
    fields = {name: text.strip() for name, text in texts.items() if meaningful(text)}
    language = language or language_of(*fields.values())
    halves = {name: text.partition(_SECOND_LANGUAGE) for name, text in fields.items()}
    first = {name: half.strip() for name, (half, _, _) in halves.items() if half.strip()}
    second = {name: half.strip() for name, (_, _, half) in halves.items() if half.strip()}
    both = (Summary(language=language, fields=first), Summary(language="vi", fields=second))
    return tuple(summary for summary in both if summary.fields)


def translations_of(title: str, abstract: str, language: str | None) -> tuple[Translation, ...]:
    """Returns the translation of a title, an abstract or both; () if both are without content."""
    title, abstract = meaningful(title.strip()), meaningful(abstract.strip())
    if not title and not abstract:
        return ()
    return (Translation(language=language or language_of(title, abstract), title=title, abstract=abstract),)


def without_failures(papers: Iterable[Paper]) -> tuple[list[Paper], int]:
    """Returns (the papers without the errors that a generator wrote where it had no summary, how many such texts).

    An error is known by its words, or because it stands below several papers that have nothing to do with one another.
    A paper that loses its summary in short is marked as failed.
    """
    papers = list(papers)
    below: dict[str, set[str]] = {}  # a text → the abstracts of the papers below which it stands
    leads: dict[str, set[str]] = {}  # the same for summaries in short
    for paper in {paper.key: paper for paper in reversed(papers)}.values():  # the first copy of each
        own = paper.abstract or paper.title
        for text in _texts(paper):
            below.setdefault(text, set()).add(own)
        for text in _leading(paper):
            leads.setdefault(text, set()).add(own)
    refused = {text for text, own in below.items() if len(own) > 1 and len(text.encode()) >= _LONG}
    refused |= {text for text, own in leads.items() if len(own) >= _SEVERAL}
    return [_without(paper, refused) for paper in papers], len(refused)


def _texts(paper: Paper) -> list[str]:
    texts = [text for summary in paper.summaries for text in summary.fields.values()]
    return texts + [text for one in paper.translations for text in (one.title, one.abstract) if text]


def _leading(paper: Paper) -> list[str]:
    return [summary.fields[name] for summary in paper.summaries for name in LEADING if name in summary.fields]


def _without(paper: Paper, refused: AbstractSet[str]) -> Paper:
    """Returns a paper without these texts, and without those that begin like an error, unless it is about errors."""
    is_of_errors = not paper.abstract or "error" in f"{paper.title} {paper.abstract}".lower()
    errors = set() if is_of_errors else {text for text in _texts(paper) if _ERROR.match(text)}
    errors |= {text for text in _texts(paper) if text in refused}
    if not errors:
        return paper
    summaries = [
        replace(one, fields={name: text for name, text in one.fields.items() if text not in errors})
        for one in paper.summaries
    ]
    translations = [
        replace(
            one, title="" if one.title in errors else one.title, abstract="" if one.abstract in errors else one.abstract
        )
        for one in paper.translations
    ]
    made = replace(
        paper,
        summaries=tuple(one for one in summaries if one.fields),
        translations=tuple(one for one in translations if one.title or one.abstract),
    )
    return replace(made, failed=paper.failed or (bool(_leading(paper)) and not _leading(made)))

"""Takes out the texts that a generator wrote where it had no summary: its errors, which stand below several papers or in several fields.

The words of an error are not known, but an error stands where no summary does: below several papers that have nothing to
do with one another, or in several fields of one paper. It may also begin with "Error", which a summary does only if its
paper is about errors.
"""

import re
from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final, NamedTuple

from bot.digests._summaries import LEADING, summary_of
from bot.digests._warnings import Warnings
from subscriptions.model import Paper, Summary, Translation

_LONG: Final = 40  # bytes; two papers do not have so long a text in common, but they may both have "It works."
_SEVERAL: Final = 3  # papers below which a short text stands, or fields of one paper with the same text
_ERROR: Final = re.compile(r"(?i:error)\b(?!-)")


def without_failures(entries: list[Paper], warnings: Warnings) -> list[Paper]:
    """Returns the entries without such texts. A paper that loses its summary in short is marked as failed."""
    shared = _shared(entries)
    refused = {text for text, papers in shared.items() if _is_long(text) or _leads(text, papers) >= _SEVERAL}
    if refused:
        warnings.add("repeated_texts", count=len(refused))
    known = _Known(refused, shared.keys())
    return [_without(paper, known) if shared or _is_doubtful(paper) else paper for paper in entries]


class _Known(NamedTuple):
    """Texts of a digest."""

    refused: AbstractSet[str]  # because they stand below several papers
    shared: AbstractSet[str]  # these, and short ones that two papers have in common


def _shared(entries: list[Paper]) -> dict[str, list[Paper]]:
    """Returns the papers of each text that stands below several papers. Papers with the same abstract count as one."""
    first: dict[str, Paper] = {}
    shared: dict[str, dict[str, Paper]] = {}
    for paper in {paper.key: paper for paper in reversed(entries)}.values():  # the first copy of each
        own = paper.abstract or paper.title
        for text in _texts(paper):
            other = first.setdefault(text, paper)
            if other is not paper and own != (other.abstract or other.title):
                shared.setdefault(text, {other.abstract or other.title: other}).setdefault(own, paper)
    return {text: list(papers.values()) for text, papers in shared.items()}


def _texts(paper: Paper) -> list[str]:
    texts: list[str] = []
    for summary in paper.summaries:
        texts += summary.fields.values()
    for translation in paper.translations:
        texts += filter(None, (translation.title, translation.abstract))
    return texts


def _leads(text: str, papers: list[Paper]) -> int:
    """Returns for how many of the papers a text is the summary in short."""
    return sum(text in _leading(paper) for paper in papers)


def _leading(paper: Paper) -> list[str]:
    return [summary.fields[name] for summary in paper.summaries for name in LEADING if name in summary.fields]


def _is_doubtful(paper: Paper) -> bool:
    """Returns whether a summary has a text twice or one that begins with "Error"."""
    for summary in paper.summaries:
        texts = summary.fields.values()
        if len(set(texts)) < len(texts):
            return True
        for text in texts:
            if text[0] in "Ee" and _ERROR.match(text):
                return True
    return False


def _without(paper: Paper, known: _Known) -> Paper:
    summaries = [_without_errors(summary, paper, known) for summary in paper.summaries]
    translations = [_translation(translation, known.refused) for translation in paper.translations]
    if summaries == [*paper.summaries] and translations == [*paper.translations]:
        return paper
    kept = tuple(summary for summary in summaries if summary.fields)
    return replace(
        paper,
        summaries=kept,
        translations=tuple(one for one in translations if one.title or one.abstract),
        failed=paper.failed
        or (any(_leading(paper)) and not any(name in one.fields for one in kept for name in LEADING)),
    )


def _without_errors(summary: Summary, paper: Paper, known: _Known) -> Summary:
    fields = summary.fields
    leading = [fields[name] for name in LEADING if name in fields]
    counts = Counter(fields.values())
    errors = [text for text in fields.values() if _ERROR.match(text)]
    own = {text for text, count in counts.items() if count >= _SEVERAL and (text in leading or _is_long(text))}
    if (len(errors) > 1 or not {*errors}.isdisjoint(leading)) and not _speaks_of_errors(paper):
        own.update(errors)
    # if the summary in short is an error, short texts that other papers have are errors, too
    others = known.refused if known.refused.isdisjoint(leading) else known.shared
    kept = {name: text for name, text in fields.items() if text not in own and text not in others}
    if len(kept) == len(fields):
        return summary
    return replace(summary, fields=summary_of(kept))


def _is_long(text: str) -> bool:
    return len(text.encode()) >= _LONG


def _speaks_of_errors(paper: Paper) -> bool:
    """Returns whether a summary of the paper may begin with "Error"; an unknown abstract may be about anything."""
    return not paper.abstract or "error" in f"{paper.title} {paper.abstract}".lower()


def _translation(translation: Translation, refused: AbstractSet[str]) -> Translation:
    if translation.title not in refused and translation.abstract not in refused:
        return translation
    title, abstract = ("" if text in refused else text for text in (translation.title, translation.abstract))
    return replace(translation, title=title, abstract=abstract)

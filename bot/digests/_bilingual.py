"""What the three forms of cn-chat-arxiv (Markdown, RSS, JSON) have in common: seven texts for each paper.

The program that makes them (github.com/qhduan/cn-chat-arxiv) reads arXiv's feed, cuts each abstract after a thousand
characters, and has title and abstract translated into Chinese and summarised in one sentence, the tldr. There are no authors
and no dates. The same day gives equal papers in all three forms.
"""

from dataclasses import dataclass

from bot.digests._arxiv import (
    arxiv_address,
    arxiv_link,
    paper_key,
    split_announcement,
    split_title,
    without_translated_announcement,
)
from bot.digests._format import Entry, Warnings
from bot.digests._plain import collapse
from bot.digests._summaries import is_failed, language_of, summaries_of, translations_of
from subscriptions.model import Paper, Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class BilingualRecord:
    """The texts of one paper as the document has them. They are English unless the name says otherwise."""

    line: int  # in which it begins, from 1
    link: str
    title: str  # until 2024 with an announcement at its end
    abstract: str = ""  # since 2024 with an announcement at its beginning
    translated_title: str = ""
    translated_abstract: str = ""
    tldr: str | None = None  # in the language of the translation; None if the document has no such field
    english_tldr: str = ""


def bilingual_entry(record: BilingualRecord, warnings: Warnings, language: str | None) -> Entry | None:
    """Returns the paper of a record, None if nothing identifies it."""
    of_title, title = split_title(record.title)
    of_abstract, abstract = split_announcement(record.abstract)
    announced = of_abstract or of_title
    address = arxiv_address(record.link)
    arxiv_id, version = address or (announced.arxiv_id if announced else None, None)
    if announced and announced.arxiv_id == arxiv_id:
        version = announced.version or version
    elif announced:
        warnings.add("id_mismatch", line=record.line, example=f"{announced.arxiv_id} / {arxiv_id}")
    abstract = collapse(abstract)
    key = paper_key(arxiv_id=arxiv_id, title=title, abstract=abstract)
    if key is None:
        return None
    translated_title = collapse(record.translated_title)
    translated_abstract = collapse(without_translated_announcement(record.translated_abstract))
    if not title:
        warnings.add("entry_without_title", line=record.line, example=arxiv_id or "")
    if not abstract and not translated_abstract:
        warnings.add("entry_without_text", line=record.line, example=arxiv_id or title)
    language = language or language_of(record.tldr or "", translated_title, translated_abstract)
    categories = of_title.categories if of_title else ()
    paper = Paper(
        key=key,
        title=title,
        abstract=abstract,
        categories=categories,
        primary=categories[0] if categories else None,
        arxiv_id=arxiv_id,
        version=version,
        url=arxiv_link(arxiv_id) if arxiv_id else None,
        announce_type=announced.kind if announced else None,
        summaries=_summaries(record, language),
        translations=translations_of(translated_title, translated_abstract, language),
        failed=record.tldr is not None and is_failed({"tldr": record.tldr}),
    )
    return Entry(line=record.line, paper=paper)


def _summaries(record: BilingualRecord, language: str) -> tuple[Summary, ...]:
    translated = summaries_of({"tldr": collapse(record.tldr or "")}, language)
    english = summaries_of({"tldr": collapse(record.english_tldr)}, "en")
    languages = {summary.language for summary in translated}
    return (*translated, *(summary for summary in english if summary.language not in languages))

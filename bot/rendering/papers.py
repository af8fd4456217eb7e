"""What is shown of a paper: title, authors, categories, text in the reader's language, reasons, marked words.

Pure functions of an item and the chat's settings.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache, reduce
from typing import TypeVar

from bot.rendering import cleaning
from bot.rendering.buttons import paper_url
from bot.rendering.views import LONGEST_SOURCE, ROW, TITLES, Measure, PaperView, Passage, Reader
from subscriptions.language import Language
from subscriptions.life import Notice
from subscriptions.model import SAMPLES, ChatSettings, Item, MatchReason, Paper, Summary, Translation
from subscriptions.papers.kept import LONGEST_COMMENT, article_of
from subscriptions.text import statements
from subscriptions.text.cutting import (
    clean,
    cut_at_clause,
    cut_at_sentence,
    cut_at_word,
    first_sentence,
    isolated,
    short,
)
from subscriptions.text.folding import token_spans
from subscriptions.text.words import written_tokens

AI_MARK = "AI:"
_AUTHOR_WIDTH = 60
_LABEL_WIDTH = 40
_LABELS = 2
_UNTITLED_SENTENCE = 200  # columns; in four of five abstracts the first sentence is shorter than this
_UNTITLED_WIDTH = 90
_NAME_WIDTH = 90
_FIELD = re.compile(r"^[A-Za-z]{2,10}:")


def paper_view(
    item: Item, reader: Reader, measure: Measure, *, number: int = 0, day: str = "", why: bool = True
) -> PaperView:
    """Return the view of a paper, no longer than `measure`.

    `why=False`: a heading already names the first subscription.
    """
    original, paper = item.paper.paper, titled_for(item.paper.paper, reader.settings)
    words = {word for because in item.because for word in because.words}
    since = gone(original, reader.language)
    name = _name(paper)
    title, rest = _title(paper, measure.title)
    below = "" if paper is original else cut_at_word(readable(original.title), measure.title)
    text, ai = ("", False) if since else _text(paper, reader, measure, rest)
    is_card, is_title = measure.form == "card", measure.form == "title"
    quoted = _translated(paper, reader.language.code) or paper.abstract
    quotation = _line(quoted, measure.quotation) if measure.quotation and not since else ""
    facts = {
        "sample": reader.language.say("a sample") if is_sample(original) else "",
        "authors": _authors(paper, reader.language, measure.authors),
        "categories": _categories(paper, measure.categories),
        "venue": "" if is_title or (paper.arxiv_id and not is_card) else short(paper.venue, _LABEL_WIDTH),
        "name": name if (is_card or _untitled(paper)) and name != title else "",
        "cross": reader.language.say("cross-list") if item.cross else "",
        "day": day,
        "life": _life(paper, reader.language) if is_card and not since else "",
        "withdrawn": since,
    }
    return PaperView(
        id=item.paper.id,
        form=measure.form,
        number=str(number) if number else "",
        title=marked(title, words),
        original=marked(below, words),
        url=paper_url(paper),
        withdrawn=since,
        facts=tuple((kind, text) for kind, text in facts.items() if text),
        ai=AI_MARK if ai else "",
        text=marked(text, words),
        quotation=isolated(quotation),
        why=_why(item.because if why else item.because[1:], reader, also=not why),
    )


def is_sample(paper: Paper) -> bool:
    """Return whether a paper is one of the samples. It is then shown as such."""
    return SAMPLES in paper.sources


def title_of(item: Item, reader: Reader) -> str:
    """Return the title of a paper as a list shows it."""
    return str(paper_view(item, reader, TITLES).title)


@lru_cache(maxsize=2048)  # the same papers go to many chats in one morning
def readable(text: str) -> str:
    """Return a foreign text on one line, with its TeX as letters."""
    return cleaning.readable(clean(text[:LONGEST_SOURCE]))


@lru_cache(maxsize=2048)
def _line(text: str, room: int) -> str:
    return cut_at_sentence(readable(text), room)


def titled_for(paper: Paper, settings: ChatSettings) -> Paper:
    """Return the paper with its title in the chat's language, if the chat reads both and there is such a title.

    Otherwise, and if the translation is the title itself, returns the same paper.
    """
    if settings.text != "both":
        return paper
    own = in_language(translations_of(paper), settings.lang)
    title = next((one.title for one in own if readable(one.title)), "")
    if title and written_tokens(title) != written_tokens(paper.title):
        return replace(paper, title=title)
    return paper


_Told = TypeVar("_Told", Summary, Translation)


def in_language(found: Iterable[_Told], language: str) -> list[_Told]:
    """Return the summaries or translations in this language, also those in one of its variants, such as "zh-TW"."""
    return [one for one in found if one.language.partition("-")[0].lower() == language]


def summaries_of(paper: Paper) -> tuple[Summary, ...]:
    """Return the summaries of a paper, those by the operator's language model last."""
    by_model = (Summary(language=one.language, fields=one.fields) for one in paper.by_model if one.fields)
    return (*paper.summaries, *by_model)


def translations_of(paper: Paper) -> tuple[Translation, ...]:
    """Return the translations of a paper, those by the operator's language model last."""
    by_model = (Translation(language=one.language, title=one.title) for one in paper.by_model if one.title)
    return (*paper.translations, *by_model)


def usable_fields(summary: Summary) -> dict[str, str]:
    """Return the fields of a summary whose texts say something."""
    return {name: text for name, text in summary.fields.items() if statements.summary_state(text) == "ok"}


def is_told_in(paper: Paper, language: str) -> bool:
    """Return whether the paper has a usable summary or a translated abstract in this language."""
    return bool(_summary(paper, language) or _translated(paper, language))


def _summary(paper: Paper, language: str) -> str:
    for summary in in_language(summaries_of(paper), language):
        if fields := usable_fields(summary):
            return fields.get("tldr") or next(iter(fields.values()))
    return ""


def _translated(paper: Paper, language: str) -> str:
    """Return the abstract in this language if a source has translated it; else ""."""
    return next((one.abstract for one in in_language(paper.translations, language) if one.abstract), "")


def _untitled(paper: Paper) -> bool:
    return not clean(paper.title[:LONGEST_SOURCE])


def _title(paper: Paper, room: int) -> tuple[str, str]:
    """Return (title, ""). Without a title, returns (start of the abstract in quotation marks, rest of the abstract).

    The start is a whole sentence if one fits, so that no sentence is split between title and text.
    """
    if title := readable(paper.title):
        return cut_at_word(title, room), ""
    abstract = readable(paper.abstract)
    if not abstract:
        return _name(paper) or cut_at_word(clean(paper.url or paper.key), room), ""
    if sentence := first_sentence(abstract, min(room, _UNTITLED_SENTENCE)):
        return f"“{sentence}”", abstract[len(sentence) :].strip()
    first = cut_at_clause(abstract, min(room, _UNTITLED_WIDTH))
    rest = abstract[len(first.rstrip("…")) :].lstrip(",;:，；： ") if first != abstract else ""
    return f"“{first}”", f"…{rest}" if rest else ""


def _text(paper: Paper, reader: Reader, measure: Measure, rest: str) -> tuple[str, bool]:
    """Return (text below the title, whether a model generated it). Texts are cut to what `measure` allows.

    The text is the first that exists of these: summary in the reader's language, abstract in it, English summary,
    original abstract. `rest` is the part of the abstract that `_title` did not use.
    """
    if reader.settings.text == "titles":
        return "", False
    translated = _translated(paper, reader.language.code)
    if reader.wants_summaries and measure.text:
        english = "" if translated else _summary(paper, "en")
        if summary := _summary(paper, reader.language.code) or english:
            return _line(summary, measure.text), True
    if not measure.abstract or measure.quotation:
        return "", False
    if rest and not translated:
        return cut_at_sentence(rest, measure.abstract), False
    return _line(translated or ("" if _untitled(paper) else paper.abstract), measure.abstract), False


def gone(paper: Paper, language: Language) -> str:
    """Return that a paper is retracted, by which notice, or withdrawn, by whom if its own text says so; "" for others."""
    facts = paper.facts
    if facts.retracted:
        day, doi = clean(language.written_day(facts.retracted.day)), _reference(facts.retracted.doi)
        return _listed(language, language.say("retracted"), day, doi)
    if facts.withdrawn is None:
        return ""
    day = language.short_day(language.local(facts.withdrawn.at).date())
    if facts.withdrawn.by_authors:
        return language.say("withdrawn by the authors, {day}", day=day)
    return language.say("withdrawn, {day}", day=day)


def _life(paper: Paper, language: Language) -> str:
    """Return what became of a paper that is still there: v3 · Tides, 22 Nov, doi:10.1234/t.3 · corrected, 1 Dec."""
    parts = [f"v{paper.version}"] if (paper.version or 0) > 1 else []
    if article := article_of(paper):
        venue = "" if article.venue == paper.venue else short(clean(article.venue), _LABEL_WIDTH)
        doi = _reference(article.doi) if paper.arxiv_id or article.doi != paper.doi else ""
        parts.append(_listed(language, venue, clean(language.written_day(article.day)) if doi else "", doi))
    elif accepted := statements.accepted_in(paper.comment[:LONGEST_COMMENT]):
        parts.append(f"“{short(clean(accepted), _AUTHOR_WIDTH)}”")
    if paper.facts.corrected:
        parts.append(_noticed(language.say("corrected"), paper.facts.corrected, language))
    parts.append(concern(paper, language))
    return " · ".join(filter(None, parts))


def concern(paper: Paper, language: Language) -> str:
    """Return that there is an expression of concern about a paper; "" if there is none."""
    notice = paper.facts.concern
    return _noticed(language.say("expression of concern"), notice, language) if notice else ""


def _noticed(said: str, notice: Notice, language: Language) -> str:
    return _listed(language, said, clean(language.written_day(notice.day)))


def _listed(language: Language, *parts: str) -> str:
    some = [part for part in parts if part]
    return reduce(lambda line, part: language.say("{event}, {day}", event=line, day=part), some) if some else ""


def _reference(doi: str) -> str:
    return f"doi:{cut_at_word(clean(doi), _NAME_WIDTH)}" if doi.startswith("10.") else ""


def author_names(paper: Paper) -> list[str]:
    """Return the full names of the authors."""
    return [name for author in paper.authors if (name := clean(author[:LONGEST_SOURCE]))]


def _authors(paper: Paper, language: Language, most: int) -> str:
    """Return at most so many authors on one line.

    Of more, the first and the last, and how many they are if there is room.
    """
    names = author_names(paper)
    # a comma may be part of a name, "Lark, Ada"
    between = "; " if any("," in name for name in names) else ", "
    shown = [short(name, _AUTHOR_WIDTH) for name in names]
    if not most or len(names) <= most:
        return between.join(shown[:most])
    line = between.join(shown[: most - 1])
    if most == ROW.authors:
        return f"{line} … {shown[-1]}"
    return f"{line}{between}… {shown[-1]} ({language.number(len(names))})"


def category_names(paper: Paper) -> list[str]:
    """Return the categories of a paper. The primary category is the first."""
    known = dict.fromkeys(([paper.primary] if paper.primary else []) + list(paper.categories))
    return [name for category in known if (name := cut_at_word(clean(category), _LABEL_WIDTH))]


def _categories(paper: Paper, room: int) -> str:
    names = category_names(paper)
    more = len(names) - room
    return ", ".join(names[:room]) + (f" +{more}" if more > 0 and room > 1 else "")


def _name(paper: Paper) -> str:
    return cut_at_word(clean(paper.arxiv_id or (f"doi:{paper.doi}" if paper.doi else "")), _NAME_WIDTH)


def _why(because: Sequence[MatchReason], reader: Reader, *, also: bool) -> str:
    """Return the labels of the subscriptions that matched: at most two, then "+2"; "" in a public chat.

    `also`: a heading names another one, so the line begins with "also".
    """
    if not because or reader.is_public:
        return ""
    more = len(because) - _LABELS
    line = " · ".join(map(subscription_label, because[:_LABELS])) + (f" +{more}" if more > 0 else "")
    return reader.language.say("also {names}", names=line) if also else line


def subscription_label(because: MatchReason) -> str:
    """Return the name of the subscription, or its query if it has none."""
    return short(because.label, _LABEL_WIDTH)


def marked(text: str, words: Iterable[str]) -> Passage:
    """Return the text with the first occurrence of each word or phrase of a query marked, isolated if need be.

    They are compared as queries compare them, so CO₂ is marked in the text for a paper's own `CO$_2$`.
    """
    tokens, places = written_tokens(text), token_spans(text)
    spans = set[tuple[int, int]]()
    for wanted in filter(None, (written_tokens(_FIELD.sub("", word)) for word in words)):
        for at in range(len(tokens) - len(wanted) + 1):
            if tokens[at : at + len(wanted)] == wanted:
                spans.add((places[at][0], places[at + len(wanted) - 1][1]))
                break
    pieces, done = list[str](), 0
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= done:
            pieces += [text[done:start], text[start:end]]
            done = end
    return Passage((*pieces, text[done:])).isolated()

"""The view of a paper in a message, as plain values: title, authors, text, and why the paper matched.

Pure functions of an item and the chat's settings. Templates lay the values out and escape them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal
from unicodedata import combining

from bot.ports.channel import Button
from bot.rendering import cleaning
from bot.rendering.language import Language
from bot.rendering.parts import Reader
from bot.rendering.tex import readable
from subscriptions import cutting
from subscriptions.model import Because, Item, Paper
from subscriptions.query.links import LIBRARY_QUERY
from subscriptions.text import normalized

AI_MARK = "AI:"
_LONGEST_SOURCE = 8000  # characters of a title or text that are read; no message holds more
_AUTHOR_WIDTH = 60
_LABEL_WIDTH = 40
_FIRST_AUTHORS = 2
_ALL_AUTHORS_UP_TO = 3
_FOLLOWED = 2
_CATEGORIES = 4
_LABELS = 2
_NEAR_WORDS = 4
_UNTITLED_SENTENCE = 200  # columns; four of five abstracts begin with a shorter sentence
_UNTITLED_WIDTH = 90
_NAME_WIDTH = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How much of a paper is shown, in columns."""

    title: int
    summary: int
    abstract: int
    quotation: int = 0  # the abstract as a quotation that opens on a click
    form: Literal["card", "row", "title"] = "card"


CARD = Measure(title=_LONGEST_SOURCE, summary=600, abstract=280)
ROW = Measure(title=_LONGEST_SOURCE, summary=180, abstract=180, form="row")
COMPACT = Measure(title=140, summary=90, abstract=90, form="row")
TITLES = Measure(title=140, summary=0, abstract=0, form="title")
HEAD = Measure(title=_LONGEST_SOURCE, summary=0, abstract=0)  # above the sections of a close-up


@dataclass(frozen=True, slots=True)
class CardButtons:
    """The buttons of one paper, in two rows. Each has a name, by which a template finds it."""

    opens: Button | None = None  # "card": in a list, the number that opens the card
    first: tuple[Button, ...] = ()  # a link ("pdf", else "page" or "search"), "save", "like", "dislike"
    second: tuple[Button, ...] = ()  # "more", "exclude", "menu"

    @property
    def rest(self) -> tuple[Button, ...]:
        """What ⋯ opens: "page", "why", "mute", "follow", "similar"."""
        return self.second[-1].options if self.second else ()

    def named(self, name: str) -> Button | None:
        """Returns the button with this name, wherever it is; None if the paper has none."""
        return next((button for button in (*self.first, *self.second, *self.rest) if button.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperView:
    """One paper as a message shows it. Every text is plain, on one line, and may be empty."""

    id: int
    form: Literal["card", "row", "title"]
    number: str  # "7" in a bulletin
    title: cleaning.Passage
    url: str
    withdrawn: str  # "withdrawn by the authors, 2 Feb"; the title is then struck through
    authors: str
    categories: str
    name: str  # arXiv id or DOI
    cross: str  # "cross-list"
    day: str  # "Thu 22 Jan"
    ai: str  # "AI:" before a summary
    text: cleaning.Passage
    quotation: str
    why: str
    buttons: CardButtons = CardButtons()  # on platforms that show them beside the paper

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The parts of the line under the title with their names: ("authors", "A, B"), ("categories", "cs.CL")."""
        parts = (
            ("authors", self.authors),
            ("categories", self.categories),
            ("name", self.name),
            ("cross", self.cross),
            ("day", self.day),
            ("withdrawn", self.withdrawn),
        )
        return tuple((kind, text) for kind, text in parts if text)


def paper_view(
    item: Item, reader: Reader, measure: Measure, *, number: int = 0, day: str = "", why: bool = True
) -> PaperView:
    """Returns the paper for this reader, no longer than `measure` allows. `why=False`: a heading names the first subscription."""
    paper = item.paper.paper
    words = tuple(word for because in item.because for word in because.words)
    whole = why or any(because.text == LIBRARY_QUERY for because in item.because[:1])
    gone = item.paper.withdrawn_at
    name = _name(paper)
    title, rest = _title(paper, measure.title)
    text, ai = ("", False) if gone else _text(paper, reader, measure, rest)
    card = measure.form == "card"
    gone_on = reader.language.short_day(reader.language.local(gone).date()) if gone else ""
    return PaperView(
        id=item.paper.id,
        form=measure.form,
        number=str(number) if number else "",
        title=isolated_passage(cleaning.marked(title, words)),
        url=cleaning.paper_url(paper),
        withdrawn=reader.language.say("withdrawn by the authors, {day}", day=gone_on) if gone else "",
        authors="" if measure.form == "title" else _authors(paper, words, reader.language, short=not card),
        categories="" if measure.form == "title" else _categories(paper, 1 if not card else _CATEGORIES),
        name=name if (card or _untitled(paper)) and name != title else "",
        cross=reader.language.say("cross-list") if item.cross else "",
        day=day,
        ai=AI_MARK if ai else "",
        text=isolated_passage(cleaning.marked(text, words)),
        quotation=cleaning.isolated(_quotation(paper, reader, measure.quotation))
        if measure.quotation and not gone
        else "",
        why="" if reader.is_public else why_line(item.because if whole else item.because[1:], reader, also=not whole),
    )


def why_line(because: tuple[Because, ...], reader: Reader, *, also: bool = False) -> str:
    """Returns the labels of the subscriptions that matched a paper: at most two, then "+2". `also`: beside a heading's."""
    if not because:
        return ""
    labels = [_reason(one, reader) for one in because[:_LABELS]]
    more = len(because) - _LABELS
    line = " · ".join(labels) + (f" +{more}" if more > 0 else "")
    return reader.language.say("also {names}", names=line) if also else line


def _reason(because: Because, reader: Reader) -> str:
    if because.text != LIBRARY_QUERY:
        return subscription_label(because, reader)
    words = ", ".join(cleaning.clean(word) for word in because.words[:_NEAR_WORDS])
    return reader.language.say("near to the library: {words}", words=cleaning.isolated(words))


def subscription_label(because: Because, reader: Reader) -> str:
    """Returns the name of the subscription, else its query; where papers name people, with who subscribed."""
    called = cleaning.isolated(cutting.cut_at_word(cleaning.clean(because.label), _LABEL_WIDTH))
    asked = (
        cleaning.isolated(cutting.cut_at_word(cleaning.clean(because.added_by), _LABEL_WIDTH))
        if reader.names_subscribers
        else ""
    )
    return f"{called} ({asked})" if asked else called


def is_told_in(paper: Paper, language: str) -> bool:
    """Returns whether the paper has a summary or a translated abstract in this language that can be shown."""
    return bool(_summary(paper, language) or _translated(paper, language))


def shrinking_measures(measure: Measure) -> Iterator[Measure]:
    """Yields the measure, then smaller and smaller ones, for a paper that fits into no message. The texts shrink first, then the title."""
    yield measure
    for text in (1500, 600, 200, 0):
        yield replace(
            measure,
            quotation=min(measure.quotation, text),
            summary=min(measure.summary, text),
            abstract=min(measure.abstract, text),
        )
    for title in (2000, 1000, 500, 200, 80, 30):
        yield replace(measure, quotation=0, summary=0, abstract=0, title=min(measure.title, title))


def isolated_passage(passage: cleaning.Passage) -> cleaning.Passage:
    """Returns the passage between isolating marks if it has right-to-left letters, as `isolated` does for a text."""
    whole = str(passage)
    if cleaning.isolated(whole) == whole:
        return passage
    fence, (first, *others) = cleaning.isolated(whole), passage.pieces
    *others, last = (fence[0] + first, *others)
    return cleaning.Passage((*others, last + fence[-1]))


@lru_cache(maxsize=2048)  # the papers of one morning go to many chats
def _line(text: str, room: int) -> str:
    return cutting.cut_at_sentence(_readable(text), room)


@lru_cache(maxsize=2048)
def _readable(text: str) -> str:
    return readable(cleaning.clean(text[:_LONGEST_SOURCE]))


def _title(paper: Paper, room: int) -> tuple[str, str]:
    """Returns the title and ""; for a paper without one the start of its abstract in quotation marks, and the rest of the abstract.

    The start is a whole sentence if that fits, so that no sentence is split between title and text.
    """
    if title := _readable(paper.title):
        return cutting.cut_at_word(title, room), ""
    abstract = _readable(paper.abstract)
    if not abstract:
        return _name(paper) or cutting.cut_at_word(cleaning.clean(paper.url or paper.key), room), ""
    if sentence := cutting.first_sentence(abstract, min(room, _UNTITLED_SENTENCE)):
        return f"“{sentence}”", abstract[len(sentence) :].strip()
    first = cutting.cut_at_clause(abstract, min(room, _UNTITLED_WIDTH))
    rest = abstract[len(first.rstrip("…")) :].lstrip(",;:，；： ") if first != abstract else ""
    return f"“{first}”", f"…{rest}" if rest else ""


def _text(paper: Paper, reader: Reader, measure: Measure, rest: str) -> tuple[str, bool]:
    """Returns the text below the title, and whether it is generated: a summary, else the first sentences of the abstract.

    The first that exists of: summary and abstract in the reader's language, English summary, original abstract. `rest` is
    what `_title` left of the abstract.
    """
    if reader.settings.text == "titles":
        return "", False
    translated = _translated(paper, reader.language.code)
    if reader.settings.text == "summary" and measure.summary:
        english = "" if translated else _summary(paper, "en")
        if summary := _summary(paper, reader.language.code) or english:
            return _line(summary, measure.summary), True
    if not measure.abstract or measure.quotation:
        return "", False
    if rest and not translated:
        return cutting.cut_at_sentence(rest, measure.abstract), False
    return _line(translated or ("" if _untitled(paper) else paper.abstract), measure.abstract), False


def _quotation(paper: Paper, reader: Reader, room: int) -> str:
    """Returns the abstract, in the reader's language if there is a translation."""
    return _line(_translated(paper, reader.language.code) or paper.abstract, room)


def _summary(paper: Paper, language: str) -> str:
    for summary in paper.summaries:
        if summary.language.split("-")[0].lower() == language:
            fields = {name: text for name, text in summary.fields.items() if cutting.summary_state(text) == "ok"}
            return fields.get("tldr") or next(iter(fields.values()), "")
    return ""


def _translated(paper: Paper, language: str) -> str:
    """Returns the abstract in this language if a source translated it, else ""."""
    for translation in paper.translations:
        if translation.language.split("-")[0].lower() == language and translation.abstract:
            return translation.abstract
    return ""


def _untitled(paper: Paper) -> bool:
    return not cleaning.clean(paper.title[:_LONGEST_SOURCE])


def _authors(paper: Paper, words: Iterable[str], language: Language, *, short: bool) -> str:
    """Returns the authors on one line: all if they are few, else the first, those whom `words` name, the last, and their number."""
    names = author_names(paper)
    if len(names) <= (_FIRST_AUTHORS if short else _ALL_AUTHORS_UP_TO):
        return ", ".join(map(_author, names))
    ends = {*range(1 if short else _FIRST_AUTHORS), len(names) - 1}
    shown = sorted(ends | set(_followed(names, words)[:_FOLLOWED]))
    line, previous = "", -1
    for place in shown:
        gap = place > previous + 1
        line += ("" if place == 0 else " … " if short and gap else ", … " if gap else ", ") + _author(names[place])
        previous = place
    return line if short else f"{line} ({language.number(len(names))})"


def author_names(paper: Paper) -> list[str]:
    """Returns the full names of the authors."""
    return [name for author in paper.authors if (name := cleaning.clean(author[:_LONGEST_SOURCE]))]


def _author(name: str) -> str:
    return cleaning.isolated(cutting.cut_at_word(name, _AUTHOR_WIDTH))


def _followed(names: list[str], words: Iterable[str]) -> list[int]:
    """Returns the places of the authors whom one of the words names."""
    wanted = [tokens for word in words if (tokens := _name_tokens(cleaning.plain_word(word)))]
    return [place for place, name in enumerate(names) if any(tokens <= _name_tokens(name) for tokens in wanted)]


@lru_cache(maxsize=4096)
def _name_tokens(name: str) -> frozenset[str]:
    plain = "".join(
        char if char.isalnum() else " " for char in normalized("NFD", name.casefold()) if not combining(char)
    )
    return frozenset(plain.split())


def category_names(paper: Paper) -> list[str]:
    """Returns the categories, the primary one first."""
    known = dict.fromkeys(([paper.primary] if paper.primary else []) + list(paper.categories))
    return [name for category in known if (name := cutting.cut_at_word(cleaning.clean(category), _LABEL_WIDTH))]


def _categories(paper: Paper, room: int) -> str:
    names = category_names(paper)
    more = len(names) - room
    return ", ".join(names[:room]) + (f" +{more}" if more > 0 and room > 1 else "")


def _name(paper: Paper) -> str:
    return cutting.cut_at_word(cleaning.clean(paper.arxiv_id or (f"doi:{paper.doi}" if paper.doi else "")), _NAME_WIDTH)

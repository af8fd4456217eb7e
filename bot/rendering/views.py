"""What is shown of a paper: title, authors (how many), categories, text (in which language, how long), reasons; as plain values.

Pure functions of an item and the chat's settings. Templates lay out and escape the values.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Literal, TypeVar
from unicodedata import combining

from bot.ports import channel
from bot.rendering import addresses_of_papers, cleaning, marked_hits
from bot.rendering.marked_hits import Passage
from subscriptions import model
from subscriptions.language import Language
from subscriptions.query.links import LIBRARY_QUERY
from subscriptions.texts import cutting, foreign, normal_forms, summary_states, withdrawals


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The facts about a chat that determine how its messages look."""

    language: Language
    settings: model.ChatSettings
    kind: model.ChatKind
    is_open_group: bool = False  # a group that strangers can read

    @property
    def is_public(self) -> bool:
        """Whether strangers can read the chat. If so, messages do not say who subscribed to what."""
        return self.is_open_group or self.kind is model.ChatKind.BROADCAST

    @property
    def wants_summaries(self) -> bool:
        """Whether a paper is shown with its summary, if it has one."""
        return self.settings.text in ("summary", "both")


def reader_of(chat: model.Chat) -> Reader:
    """Returns the reader of a chat's messages."""
    language = Language(chat.settings.lang, chat.settings.timezone)
    return Reader(language=language, settings=chat.settings, kind=chat.kind, is_open_group=chat.public)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sentence."""

    text: str
    mark: str = ""  # ✓ or ✗


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Lines in a font of fixed width: a query and its caret, a list."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """A notice: its title, the lines below the title, its buttons."""

    title: str
    lines: tuple[str, ...] = ()
    buttons: channel.Buttons = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The subject of a whole delivery, for platforms that show it outside the message."""

    text: str = ""  # "8 papers on diffusion and 2 more · 23 Nov"; "" means the first line of the message
    about: str = ""  # the subscription, if all papers come from one; its messages form a thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first line of a message."""

    title: str = ""  # "12 papers · Thu 22 Jan"
    label: str = ""  # the subscription, if all papers come from one
    part: str = ""  # "1/3"
    remark: str = ""  # "sent late because …"
    small: bool = False  # whether the head is only a small line with the number of the part

    @property
    def line(self) -> str:
        """Title, label and part as plain text."""
        return " · ".join(part for part in (self.title, self.label, self.part) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The message that begins a thread. Its titles are not links, since the links are in the thread."""

    line: str  # "12 papers for #vision-papers"
    remark: str = ""  # "sent late because …"
    titles: tuple[str, ...] = ()  # the titles of the first papers, with their numbers
    more: str = ""  # "and 10 more in the thread"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The name of a group of papers."""

    label: str
    count: str = ""  # of its papers; "" under lines that give their number
    continued: bool = False  # the group began in an earlier message


@dataclass(frozen=True, slots=True, kw_only=True)
class More:
    """The number of a group's papers beyond the chat's limit: 'and 5 more in “diffusion”'."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """The last lines of a delivery: what is missing, and the sources that require their name to be shown."""

    notes: tuple[str, ...] = ()
    sources_before: str = ""  # "from "
    sources: tuple[tuple[str, str], ...] = ()  # (title, link or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One text about a paper, with its label before it."""

    label: str  # "Method", "in the title:", "标题中："; "" for the continuation of a text
    text: Passage
    ai: str = ""  # "AI:" before a text that a model generated
    close: bool = False  # whether it belongs to the section above, without an empty line between them


AI_MARK = "AI:"
_LONGEST_SOURCE = 8000  # characters of a title or text that are used; no message contains more
_AUTHOR_WIDTH = 60
_LABEL_WIDTH = 40
_FIRST_AUTHORS = 2
_ALL_AUTHORS_UP_TO = 3
_FOLLOWED = 2
_CATEGORIES = 4
_LABELS = 2
_NEAR_WORDS = 4
_UNTITLED_SENTENCE = 200  # columns; in four of five abstracts the first sentence is shorter than this
_UNTITLED_WIDTH = 90
_NAME_WIDTH = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How much of a paper is shown, in columns."""

    title: int
    summary: int
    abstract: int
    quotation: int = 0  # columns of the abstract as a quotation that opens on a click
    form: Literal["card", "row", "title"] = "card"


CARD = Measure(title=_LONGEST_SOURCE, summary=600, abstract=280)
ROW = Measure(title=_LONGEST_SOURCE, summary=180, abstract=180, form="row")
COMPACT = Measure(title=140, summary=90, abstract=90, form="row")
TITLES = Measure(title=140, summary=0, abstract=0, form="title")
HEAD = Measure(title=_LONGEST_SOURCE, summary=0, abstract=0)  # above the sections of a close-up


@dataclass(frozen=True, slots=True)
class CardButtons:
    """The buttons of one paper, in two rows, as `outline.card_buttons` makes them. Templates find each by its name."""

    opens: channel.Button | None = None  # in a list, the number that opens the card
    first: channel.Row = ()
    second: channel.Row = ()

    def named(self, name: str) -> channel.Button | None:
        """Returns the button with this name from any of the rows; None if the paper has no such button."""
        return next((button for button in (*self.first, *self.second) if button.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperView:
    """One paper as a message shows it. Every text is plain, on one line, and may be empty."""

    id: int
    form: Literal["card", "row", "title"]
    number: str  # "7" in a bulletin
    title: marked_hits.Passage
    original: marked_hits.Passage  # the original title, if `title` is its translation
    url: str
    withdrawn: str  # "withdrawn, 2 Feb", perhaps with by whom; the title is then struck through
    authors: str
    categories: str
    venue: str
    name: str  # arXiv id or DOI
    cross: str  # "cross-list"
    day: str  # "Thu 22 Jan"
    ai: str  # "AI:" before a summary
    text: marked_hits.Passage
    quotation: str
    why: str
    buttons: CardButtons = CardButtons()  # used on platforms that show buttons beside the paper

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The parts of the line under the title, each with its name: ("authors", "A, B"), ("categories", "cs.CL")."""
        parts = (
            ("authors", self.authors),
            ("categories", self.categories),
            ("venue", self.venue),
            ("name", self.name),
            ("cross", self.cross),
            ("day", self.day),
            ("withdrawn", self.withdrawn),
        )
        return tuple((kind, text) for kind, text in parts if text)


def paper_view(
    item: model.Item, reader: Reader, measure: Measure, *, number: int = 0, day: str = "", why: bool = True
) -> PaperView:
    """Returns the view of a paper, no longer than `measure`. `why=False`: a heading already names the first subscription."""
    original, paper = item.paper.paper, titled_for(item.paper.paper, reader.settings)
    words = tuple(word for because in item.because for word in because.words)
    whole = why or any(because.text == LIBRARY_QUERY for because in item.because[:1])
    gone = item.paper.withdrawn_at
    name = _name(paper)
    title, rest = _title(paper, measure.title)
    below = "" if paper is original else cutting.cut_at_word(_readable(original.title), measure.title)
    text, ai = ("", False) if gone else _text(paper, reader, measure, rest)
    is_card, is_title = measure.form == "card", measure.form == "title"
    quoted = _translated(paper, reader.language.code) or paper.abstract
    quotation = _line(quoted, measure.quotation) if measure.quotation and not gone else ""
    return PaperView(
        id=item.paper.id,
        form=measure.form,
        number=str(number) if number else "",
        title=isolated_passage(marked_hits.marked(title, words)),
        original=isolated_passage(marked_hits.marked(below, words)),
        url=addresses_of_papers.paper_url(paper),
        withdrawn=_withdrawn(paper, reader, gone) if gone else "",
        authors="" if is_title else _authors(paper, words, reader.language, short=not is_card),
        categories="" if is_title else _categories(paper, _CATEGORIES if is_card else 1),
        venue="" if is_title or (paper.arxiv_id and not is_card) else foreign.short(paper.venue, _LABEL_WIDTH),
        name=name if (is_card or _untitled(paper)) and name != title else "",
        cross=reader.language.say("cross-list") if item.cross else "",
        day=day,
        ai=AI_MARK if ai else "",
        text=isolated_passage(marked_hits.marked(text, words)),
        quotation=foreign.isolated(quotation),
        why="" if reader.is_public else why_line(item.because if whole else item.because[1:], reader, also=not whole),
    )


def titled_for(paper: model.Paper, settings: model.ChatSettings) -> model.Paper:
    """Returns the paper with its title in the chat's language, if the chat reads both and there is such a title.

    Otherwise, and if the translation is the title itself, returns the same paper.
    """
    if settings.text != "both":
        return paper
    own = in_language(translations_of(paper), settings.lang)
    title = next((one.title for one in own if _readable(one.title)), "")
    if title and not _are_alike(title, paper.title):
        return replace(paper, title=title)
    return paper


def _are_alike(title: str, other: str) -> bool:
    """Returns whether two titles have the same letters and digits, in any case."""
    plain, plain_other = (
        "".join(filter(str.isalnum, normal_forms.normalized("NFKC", _readable(text)).casefold()))
        for text in (title, other)
    )
    return plain == plain_other


_Told = TypeVar("_Told", model.Summary, model.Translation)


def in_language(found: Iterable[_Told], language: str) -> list[_Told]:
    """Returns the summaries or translations in this language, also those in one of its variants, such as "zh-TW"."""
    return [one for one in found if one.language.partition("-")[0].lower() == language]


def summaries_of(paper: model.Paper) -> tuple[model.Summary, ...]:
    """Returns the summaries of a paper, those by the operator's language model last."""
    by_model = (model.Summary(language=one.language, fields=one.fields) for one in paper.by_model if one.fields)
    return (*paper.summaries, *by_model)


def translations_of(paper: model.Paper) -> tuple[model.Translation, ...]:
    """Returns the translations of a paper, those by the operator's language model last."""
    by_model = (model.Translation(language=one.language, title=one.title) for one in paper.by_model if one.title)
    return (*paper.translations, *by_model)


def why_line(because: tuple[model.Because, ...], reader: Reader, *, also: bool = False) -> str:
    """Returns the labels of the subscriptions that matched: at most two, then "+2".

    `also`: a heading names another one, so the line begins with "also".
    """
    if not because:
        return ""
    labels = [_reason(one, reader) for one in because[:_LABELS]]
    more = len(because) - _LABELS
    line = " · ".join(labels) + (f" +{more}" if more > 0 else "")
    if also:
        return reader.language.say("also {names}", names=line)
    return line


def _reason(because: model.Because, reader: Reader) -> str:
    if because.text != LIBRARY_QUERY:
        return subscription_label(because)
    words = ", ".join(foreign.clean(word) for word in because.words[:_NEAR_WORDS])
    return reader.language.say("near to the library: {words}", words=foreign.isolated(words))


def subscription_label(because: model.Because) -> str:
    """Returns the name of the subscription, or its query if it has none."""
    return foreign.short(because.label, _LABEL_WIDTH)


def is_told_in(paper: model.Paper, language: str) -> bool:
    """Returns whether the paper has a usable summary or a translated abstract in this language."""
    return bool(_summary(paper, language) or _translated(paper, language))


def shrinking_measures(measure: Measure) -> Iterator[Measure]:
    """Yields the measure, then ever smaller ones for a paper that is too large for a message: less text, then a shorter title."""
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


def isolated_passage(passage: marked_hits.Passage) -> marked_hits.Passage:
    """Returns the passage between isolating marks if it has right-to-left letters. Like `isolated`, but for a Passage."""
    whole = str(passage)
    if foreign.isolated(whole) == whole:
        return passage
    fence, (first, *others) = foreign.isolated(whole), passage.pieces
    *others, last = (fence[0] + first, *others)
    return marked_hits.Passage((*others, last + fence[-1]))


@lru_cache(maxsize=2048)  # the same papers go to many chats in one morning
def _line(text: str, room: int) -> str:
    return cutting.cut_at_sentence(_readable(text), room)


@lru_cache(maxsize=2048)
def _readable(text: str) -> str:
    return cleaning.readable(foreign.clean(text[:_LONGEST_SOURCE]))


def _withdrawn(paper: model.Paper, reader: Reader, gone: datetime) -> str:
    """Returns since when a paper is withdrawn, and that its authors withdrew it if its own text says so."""
    day = reader.language.short_day(reader.language.local(gone).date())
    if "authors" in (withdrawals.withdrawn_by(paper.comment), withdrawals.withdrawn_by(paper.abstract)):
        return reader.language.say("withdrawn by the authors, {day}", day=day)
    return reader.language.say("withdrawn, {day}", day=day)


def _title(paper: model.Paper, room: int) -> tuple[str, str]:
    """Returns (title, ""). Without a title, returns (start of the abstract in quotation marks, rest of the abstract).

    The start is a whole sentence if one fits, so that no sentence is split between title and text.
    """
    if title := _readable(paper.title):
        return cutting.cut_at_word(title, room), ""
    abstract = _readable(paper.abstract)
    if not abstract:
        return _name(paper) or cutting.cut_at_word(foreign.clean(paper.url or paper.key), room), ""
    if sentence := cutting.first_sentence(abstract, min(room, _UNTITLED_SENTENCE)):
        return f"“{sentence}”", abstract[len(sentence) :].strip()
    first = cutting.cut_at_clause(abstract, min(room, _UNTITLED_WIDTH))
    rest = abstract[len(first.rstrip("…")) :].lstrip(",;:，；： ") if first != abstract else ""
    return f"“{first}”", f"…{rest}" if rest else ""


def _text(paper: model.Paper, reader: Reader, measure: Measure, rest: str) -> tuple[str, bool]:
    """Returns (text below the title, whether a model generated it). Texts are cut to what `measure` allows.

    The text is the first that exists of these: summary in the reader's language, abstract in it, English summary, original
    abstract. `rest` is the part of the abstract that `_title` did not use.
    """
    if reader.settings.text == "titles":
        return "", False
    translated = _translated(paper, reader.language.code)
    if reader.wants_summaries and measure.summary:
        english = "" if translated else _summary(paper, "en")
        if summary := _summary(paper, reader.language.code) or english:
            return _line(summary, measure.summary), True
    if not measure.abstract or measure.quotation:
        return "", False
    if rest and not translated:
        return cutting.cut_at_sentence(rest, measure.abstract), False
    return _line(translated or ("" if _untitled(paper) else paper.abstract), measure.abstract), False


def _summary(paper: model.Paper, language: str) -> str:
    for summary in in_language(summaries_of(paper), language):
        if fields := usable_fields(summary):
            return fields.get("tldr") or next(iter(fields.values()))
    return ""


def usable_fields(summary: model.Summary) -> dict[str, str]:
    """Returns the fields of a summary whose texts say something."""
    return {name: text for name, text in summary.fields.items() if summary_states.summary_state(text) == "ok"}


def _translated(paper: model.Paper, language: str) -> str:
    """Returns the abstract in this language if a source has translated it; else ""."""
    return next((one.abstract for one in in_language(paper.translations, language) if one.abstract), "")


def _untitled(paper: model.Paper) -> bool:
    return not foreign.clean(paper.title[:_LONGEST_SOURCE])


def _authors(paper: model.Paper, words: Iterable[str], language: Language, *, short: bool) -> str:
    """Returns the authors on one line. If they are many: the first, those whom `words` name, the last, and their number."""
    names = author_names(paper)
    separator = between_names(names)
    if len(names) <= (_FIRST_AUTHORS if short else _ALL_AUTHORS_UP_TO):
        return separator.join(foreign.short(name, _AUTHOR_WIDTH) for name in names)
    ends = {*range(1 if short else _FIRST_AUTHORS), len(names) - 1}
    shown = sorted(ends | set(_followed(names, words)[:_FOLLOWED]))
    line, previous = "", -1
    gap = " … " if short else f"{separator}… "
    for place in shown:
        if place:
            line += separator if place == previous + 1 else gap
        line += foreign.short(names[place], _AUTHOR_WIDTH)
        previous = place
    if short:
        return line
    return f"{line} ({language.number(len(names))})"


def between_names(names: Iterable[str]) -> str:
    """Returns what stands between names: a semicolon if a comma stands within one, "Lark, Ada"."""
    if any("," in name for name in names):
        return "; "
    return ", "


def author_names(paper: model.Paper) -> list[str]:
    """Returns the full names of the authors."""
    return [name for author in paper.authors if (name := foreign.clean(author[:_LONGEST_SOURCE]))]


def _followed(names: list[str], words: Iterable[str]) -> list[int]:
    """Returns the indexes of the authors whom one of the words names."""
    wanted = [tokens for word in words if (tokens := _name_tokens(marked_hits.plain_word(word)))]
    return [place for place, name in enumerate(names) if any(tokens <= _name_tokens(name) for tokens in wanted)]


@lru_cache(maxsize=4096)
def _name_tokens(name: str) -> frozenset[str]:
    plain = "".join(
        char if char.isalnum() else " "
        for char in normal_forms.normalized("NFD", name.casefold())
        if not combining(char)
    )
    return frozenset(plain.split())


def category_names(paper: model.Paper) -> list[str]:
    """Returns the categories of a paper. The primary category is the first."""
    known = dict.fromkeys(([paper.primary] if paper.primary else []) + list(paper.categories))
    return [name for category in known if (name := cutting.cut_at_word(foreign.clean(category), _LABEL_WIDTH))]


def _categories(paper: model.Paper, room: int) -> str:
    names = category_names(paper)
    more = len(names) - room
    return ", ".join(names[:room]) + (f" +{more}" if more > 0 and room > 1 else "")


def _name(paper: model.Paper) -> str:
    return cutting.cut_at_word(foreign.clean(paper.arxiv_id or (f"doi:{paper.doi}" if paper.doi else "")), _NAME_WIDTH)

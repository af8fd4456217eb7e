"""What a message consists of, as plain values: lines, heads, groups, papers.

Templates lay them out, dialects escape them.

Every text is on one line unless it says otherwise, and "" means that it is not shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from sys import maxsize
from typing import Literal

from bot.messages import Button, Row
from subscriptions import model
from subscriptions.language import Language
from subscriptions.text import cutting

LONGEST_SOURCE = 8000  # characters of a title or text that are used; no message contains more
PaperForm = Literal["card", "row", "title"]


@dataclass(frozen=True, slots=True)
class Reader:
    """The facts about a chat that determine how its messages look."""

    language: Language
    settings: model.ChatSettings
    is_public: bool  # strangers can read the chat, so messages do not say who subscribed to what

    @property
    def wants_summaries(self) -> bool:
        """Whether a paper is shown with its summary, if it has one."""
        return self.settings.text in ("summary", "both")


def reader_of(chat: model.Chat) -> Reader:
    """Return the reader of a chat's messages."""
    language = Language(chat.settings.lang, chat.settings.timezone)
    is_public = chat.public or chat.kind is model.ChatKind.BROADCAST
    return Reader(language=language, settings=chat.settings, is_public=is_public)


@dataclass(frozen=True, slots=True)
class Passage:
    """A text with marked hits, split into pieces: ("a ", "hit", " and ", "another", "").

    Every second piece is a hit.
    """

    pieces: tuple[str, ...]

    @property
    def has_hit(self) -> bool:
        """Whether any piece is a hit."""
        return len(self.pieces) > 1

    def isolated(self) -> "Passage":
        """Return the passage between isolating marks if it has right-to-left letters, see `cutting.isolated`."""
        whole, pieces = str(self), list(self.pieces)
        fenced = cutting.isolated(whole)
        if fenced == whole:
            return self
        pieces[0] = fenced[0] + pieces[0]
        pieces[-1] += fenced[-1]
        return Passage(tuple(pieces))

    def __str__(self) -> str:
        return "".join(self.pieces)

    def __bool__(self) -> bool:
        return any(self.pieces)


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence."""

    text: str
    mark: str = ""  # ✓ or ✗


@dataclass(frozen=True, slots=True)
class Code:
    """Lines in a font of fixed width: a query and its caret, a list."""

    text: str


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice: its title, and the lines below the title."""

    title: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewsView:
    """What a notice tells of one paper."""

    number: str  # "": it is the only one
    title: str
    url: str
    is_gone: bool  # its title is struck through
    lines: tuple[tuple[str, str, str], ...]  # (text, label of a link, its address), the last two may be ""


@dataclass(frozen=True, slots=True)
class Head:
    """The first line of a message."""

    title: str = ""  # "12 papers · Thu 22 Jan"
    label: str = ""  # the subscription, if all papers come from one
    part: str = ""  # "1/3"
    remark: str = ""  # "sent late because …"
    small: bool = False  # whether the head is only a small line with the number of the part

    @property
    def line(self) -> str:
        """Title, label and part."""
        return " · ".join(part for part in (self.title, self.label, self.part) if part)


@dataclass(frozen=True, slots=True)
class Root:
    """The message that begins a thread. Its titles are not links, since the links are in the thread."""

    line: str  # "12 papers for #vision-papers"
    remark: str = ""  # "sent late because …"
    titles: tuple[str, ...] = ()  # the titles of the first papers, with their numbers
    more: str = ""  # "and 10 more in the thread"


@dataclass(frozen=True, slots=True)
class Heading:
    """The name of a group of papers."""

    label: str
    count: str = ""  # of its papers; "" under lines that give their number
    continued: bool = False  # the group began in an earlier message


@dataclass(frozen=True, slots=True)
class More:
    """The number of a group's papers beyond the chat's limit: 'and 5 more in “diffusion”'."""

    text: str


@dataclass(frozen=True, slots=True)
class Tail:
    """The last lines of a delivery: what is missing, and the sources that require their name to be shown."""

    notes: tuple[str, ...] = ()
    sources_before: str = ""  # "from "
    sources: tuple[tuple[str, str], ...] = ()  # (title, link or "")


@dataclass(frozen=True, slots=True)
class Section:
    """One text about a paper, with its label before it."""

    label: str  # "Method", "in the title:", "标题中："; "" for the continuation of a text
    text: Passage
    ai: str = ""  # "AI:" before a text that a model generated
    close: bool = False  # whether it belongs to the section above, without an empty line between them


@dataclass(frozen=True, slots=True)
class CardButtons:
    """The buttons of one paper, in two rows, as `buttons.card_buttons` makes them. Templates find each by its name."""

    opens: Button | None = None  # in a list, the number that opens the card
    first: Row = ()
    second: Row = ()

    def named(self, name: str) -> Button | None:
        """Return the button with this name from any of the rows; None if the paper has no such button."""
        return next((button for button in (*self.first, *self.second) if button.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperView:
    """One paper as a message shows it."""

    id: int
    form: PaperForm
    number: str  # "7" in a bulletin
    title: Passage
    original: Passage  # the original title, if `title` is its translation
    url: str
    withdrawn: str  # "withdrawn, 2 Feb", perhaps with by whom; the title is then struck through
    facts: tuple[tuple[str, str], ...]  # the line under the title: ("authors", "A, B"), ("categories", "cs.CL")
    ai: str  # "AI:" before a summary
    text: Passage
    quotation: str
    why: str
    buttons: CardButtons = CardButtons()  # used on platforms that show buttons beside the paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How much of a paper is shown, in columns."""

    title: int
    text: int  # of a summary
    abstract: int
    quotation: int = 0  # columns of the abstract as a quotation that opens on a click
    form: PaperForm = "card"
    authors: int = 3  # names
    categories: int = 4

    def narrower(self) -> Iterator["Measure"]:
        """Yield the measure, then smaller ones for a paper that is too large for a message."""
        yield self
        for text, title in ((300, LONGEST_SOURCE), (0, LONGEST_SOURCE), (0, 500), (0, 60)):
            yield replace(
                self,
                text=min(self.text, text),
                abstract=min(self.abstract, text),
                quotation=min(self.quotation, text),
                title=min(self.title, title),
                authors=min(self.authors, CARD.authors),
                categories=min(self.categories, CARD.categories),
            )


CARD = Measure(title=LONGEST_SOURCE, text=600, abstract=280)
ROW = Measure(title=LONGEST_SOURCE, text=180, abstract=180, form="row", authors=2, categories=1)
COMPACT = replace(ROW, title=140, text=90, abstract=90)
TITLES = Measure(title=140, text=0, abstract=0, form="title", authors=0, categories=0)
# above the sections of a close-up; WHOLE has nearly all authors, but some papers have thousands
HEAD = Measure(title=LONGEST_SOURCE, text=0, abstract=0)
WHOLE = replace(HEAD, authors=40, categories=maxsize)
_COMPACT_ABOVE, _TITLES_ABOVE = 10, 40  # papers


def measure_of_list(amount: int) -> Measure:
    """Return how much is shown of each paper in a list of this length: less in longer lists."""
    if amount > _TITLES_ABOVE:
        return TITLES
    if amount > _COMPACT_ABOVE:
        return COMPACT
    return ROW

"""The reader of a message: language, settings and kind of the chat that the message goes to."""

from dataclasses import dataclass

from bot.ports.channel import Buttons, Plot
from bot.rendering.cleaning import Passage
from bot.rendering.language import Language
from subscriptions.model import Chat, ChatKind, ChatSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The facts about a chat on which the look of its messages depends."""

    language: Language
    settings: ChatSettings
    kind: ChatKind
    is_open_group: bool = False  # a group that strangers can read

    @property
    def is_public(self) -> bool:
        """Whether strangers can read the chat: then messages do not say who subscribed to what."""
        return self.is_open_group or self.kind is ChatKind.BROADCAST

    @property
    def names_subscribers(self) -> bool:
        """Whether papers name who subscribed to them."""
        together = self.kind in (ChatKind.TEAM, ChatKind.GROUP) and not self.is_public
        return together and self.settings.credits == "on"


def language_of(chat: Chat) -> Language:
    """Returns the language and time zone of a chat."""
    return Language(chat.settings.lang, chat.settings.timezone)


def reader_of(chat: Chat) -> Reader:
    """Returns the reader of a chat's messages."""
    return Reader(language=language_of(chat), settings=chat.settings, kind=chat.kind, is_open_group=chat.public)


# -------------------------------------------------------------------------------- the parts of a message beside papers

# lines, notices, heads, headings, tails, sections.


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sentence."""

    text: str
    mark: str = ""  # ✓ or ✗


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Lines in a font of fixed width: a query and its caret, a list, a plot."""

    text: str
    plot: Plot | None = None  # what the text shows; a platform may draw it instead


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """A notice: its title, the lines below, its buttons."""

    title: str
    lines: tuple[str, ...] = ()
    buttons: Buttons = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The subject of a whole delivery, for platforms that show it apart from the message."""

    text: str = ""  # "8 papers on diffusion and 2 more · 23 Nov"; "": the first line of the message
    about: str = ""  # the subscription, if all papers come from one: its messages are one thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first line of a message."""

    title: str = ""  # "12 papers · Thu 22 Jan"
    label: str = ""  # the subscription, if all papers come from one
    part: str = ""  # "1/3"
    remark: str = ""  # "sent late because …"
    small: bool = False  # a line with the part only

    @property
    def line(self) -> str:
        """Title, label and part as plain text."""
        return " · ".join(part for part in (self.title, self.label, self.part) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The message that a thread hangs on. Its titles are no links; the links are in the thread."""

    line: str  # "12 papers for #vision-papers"
    remark: str = ""  # "sent late because …"
    titles: tuple[str, ...] = ()  # of the first papers, with their numbers
    more: str = ""  # "and 10 more in the thread"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The name of a group of papers."""

    label: str
    count: str = ""
    continued: bool = False  # the group began in an earlier message


@dataclass(frozen=True, slots=True, kw_only=True)
class More:
    """The count of a group's papers beyond the chat's limit: 'and 5 more in “diffusion”'."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """The last lines of a delivery: what is missing, and the sources that ask to be named."""

    notes: tuple[str, ...] = ()
    sources_before: str = ""  # "from "
    sources: tuple[tuple[str, str], ...] = ()  # (title, link or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One text about a paper, after its label."""

    label: str  # "Method", "in the title:", "标题中："; "" for the continuation of a text
    text: Passage
    ai: str = ""  # "AI:" before a text that was generated
    close: bool = False  # belongs to the section above, without a blank line between

"""Sentences that stand in a message without a paper: answers to people, notices."""

from dataclasses import dataclass

from bot.ports.button import Buttons
from bot.rendering.text.marks import Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sentence."""

    text: str
    mark: str = ""  # ✓ or ✗


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Lines that want a fixed width: a query and its caret, a list."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """News about the service itself."""

    title: str
    lines: tuple[str, ...] = ()
    buttons: Buttons = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first line of a message."""

    title: str = ""  # "12 papers · Thu 22 Jan"
    label: str = ""  # the subscription, where all papers come from one
    part: str = ""  # "1/3"
    remark: str = ""  # "sent late because …"
    small: bool = False  # a line that only counts

    @property
    def line(self) -> str:
        """All of it but the remark, as plain text."""
        return " · ".join(part for part in (self.title, self.label, self.part) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """What a thread hangs on. Its titles are no links: each paper has its link once, in the thread."""

    line: str  # "12 papers for #vision-papers"
    remark: str = ""  # "sent late because …"
    titles: tuple[str, ...] = ()  # the first of the thread, with their numbers
    more: str = ""  # "and 10 more in the thread"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The name of a group of papers."""

    label: str
    count: str = ""
    continued: bool = False  # the group began in the message before


@dataclass(frozen=True, slots=True, kw_only=True)
class More:
    """What a group holds beyond the chat's limit: 'and 5 more in “diffusion”'."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """The last lines of a delivery: what is missing, and the sources that want to be named."""

    notes: tuple[str, ...] = ()
    sources_before: str = ""  # "from "
    sources: tuple[tuple[str, str], ...] = ()  # (title, link or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Something that is told of a paper."""

    label: str  # "Method", "in the title:", "标题中："; "" where a text goes on
    text: Passage
    ai: str = ""  # "AI:" before what a machine wrote
    close: bool = False  # belongs closely to what stands above

"""What commands put into the middle of their lines: a query in words, a caret, a paper on one line."""

from typing import Protocol

from bot.rendering.text.cleaning import clean, isolated
from bot.rendering.text.queries import Translate, caret, words
from bot.rendering.text.tex import readable
from subscriptions.cutting import cut_at_word
from subscriptions.model import Paper
from subscriptions.query import Query

_TITLE = 90
_OPENING = 80  # characters of an abstract in place of a title that is not known


class _Speaking(Protocol):
    @property
    def translate(self) -> Translate: ...


class ReplyWords:
    """`bot.commands.Words` in one language."""

    def __init__(self, voice: _Speaking) -> None:
        self._translate = voice.translate

    def reading(self, query: Query) -> str:
        """What a query asks for, in the person's own words."""
        return words(query, self._translate)

    def caret(self, text: str, column: int) -> tuple[str, str]:
        """The line of a refused query, and a line with ^ under the column."""
        return caret(text, column)

    def title(self, paper: Paper) -> str:
        """A paper on one line: its title, readable, and its id."""
        return title_line(paper)


def title_line(paper: Paper) -> str:
    """A paper on one line: its title, readable, else the opening of its abstract in quotes; and its id."""
    title = cut_at_word(readable(clean(paper.title)), _TITLE) or f"“{cut_at_word(clean(paper.abstract), _OPENING)}”"
    name = paper.arxiv_id or paper.doi
    return f"{isolated(title)} ({name})" if name else isolated(title)

"""Texts that commands put into their lines: the reading of a query, a caret, a paper on one line."""

from typing import Protocol

from bot.rendering.text.cleaning import clean, isolated
from bot.rendering.text.queries import Translate, caret, query_in_words
from bot.rendering.text.tex import readable
from subscriptions.cutting import cut_at_word
from subscriptions.model import Paper
from subscriptions.query.syntax import Query

_TITLE = 90  # columns
_OPENING = 80  # columns of the abstract, for a paper without a title


class _HasTranslate(Protocol):
    @property
    def translate(self) -> Translate: ...


class TextFormatter:
    """The `InlineFormatter` of commands, in one language."""

    def __init__(self, localizer: _HasTranslate) -> None:
        self._translate = localizer.translate

    def reading(self, query: Query) -> str:
        """Returns the reading of a query: what it asks for, in the person's own words."""
        return query_in_words(query, self._translate)

    def caret(self, text: str, column: int) -> tuple[str, str]:
        """Returns the line of a refused query, and a line with ^ below the column."""
        return caret(text, column)

    def title(self, paper: Paper) -> str:
        """Returns the title and the id of a paper on one line."""
        return title_line(paper)


def title_line(paper: Paper) -> str:
    """Returns the title of a paper, else the first words of its abstract in quotation marks; and its id. One line."""
    title = cut_at_word(readable(clean(paper.title)), _TITLE) or f"“{cut_at_word(clean(paper.abstract), _OPENING)}”"
    name = paper.arxiv_id or paper.doi
    return f"{isolated(title)} ({name})" if name else isolated(title)

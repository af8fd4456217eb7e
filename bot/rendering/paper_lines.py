"""A paper on one line of a command: its title, or the beginning of its abstract, how long, and its id."""

from bot.rendering.cleaning import clean, isolated, readable
from subscriptions.model import Paper
from subscriptions.texts import cutting

_TITLE = 90  # columns
_OPENING = 80  # columns of the abstract that are shown for a paper without a title


def title_line(paper: Paper) -> str:
    """Returns the title of a paper, or the first words of its abstract in quotation marks, and its id. One line."""
    title = (
        cutting.cut_at_word(readable(clean(paper.title)), _TITLE)
        or f"“{cutting.cut_at_word(clean(paper.abstract), _OPENING)}”"
    )
    name = paper.arxiv_id or paper.doi
    if name:
        return f"{isolated(title)} ({name})"
    return isolated(title)

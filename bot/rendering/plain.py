"""Text without markup, with a paper's link on a separate line: for the terminal and every platform's plain form."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from bot.rendering.packing import Fragment, joined_texts, macro_name
from bot.rendering.papers import PaperView
from bot.rendering.parts import Head, Root
from bot.rendering.templating import Macro, macros
from subscriptions.cutting import cut_at_word

_SHORT_TITLE = 60


@lru_cache
def _macros() -> Mapping[str, Macro]:
    return macros("plain", "txt")


def plain_text(view: object) -> str:
    """Returns the view without markup."""
    return _macros()[macro_name(view)](view).strip("\n")


def short_text(view: object) -> str:
    """Returns the view without markup, a paper reduced to its title and link."""
    if isinstance(view, PaperView):
        title = cut_at_word(str(view.title), _SHORT_TITLE)
        return "\n".join(part for part in (f"{view.number} {title}".strip(), view.url) if part)
    return plain_text(view)


def plain_page(fragments: Sequence[Fragment]) -> str:
    """Returns a message without markup."""
    return joined_texts([(fragment.view, plain_text(fragment.view)) for fragment in fragments])


def notification_titles(fragments: Sequence[Fragment]) -> str:
    """Returns the head of a message and the titles of its papers: what a notification shows."""
    lines = []
    for fragment in fragments:
        match fragment.view:
            case PaperView() as paper:
                lines.append(f"{paper.number} {paper.title}".strip())
            case Head(small=False) | Root() as head:
                lines.append(head.line)
            case _:
                pass
    return "\n".join(lines)

"""The terminal, and the plain form of every other platform: text without markup, a paper's link on a line of its own."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache

from bot.ports.button import Buttons
from bot.rendering.templating import Macro, macros
from bot.rendering.views.medium import joined, name_of
from bot.rendering.views.packing import Fragment, Size
from bot.rendering.views.papers import PaperView
from bot.rendering.views.parts import Head, Root
from subscriptions.cutting import cut_at_word

_SHORT_TITLE = 60


@lru_cache
def _macros() -> Mapping[str, Macro]:
    return macros("console")


def plain_text(view: object) -> str:
    """A view without markup."""
    return _macros()[name_of(view)](view).strip("\n")


def short_text(view: object) -> str:
    """A view in as few letters as will do, still with a paper's link."""
    if isinstance(view, PaperView):
        title = cut_at_word(str(view.title), _SHORT_TITLE)
        return "\n".join(part for part in (f"{view.number} {title}".strip(), view.url) if part)
    return plain_text(view)


def page(fragments: Sequence[Fragment]) -> str:
    """A whole message without markup."""
    return joined([(fragment.view, plain_text(fragment.view)) for fragment in fragments])


def short_page(fragments: Sequence[Fragment]) -> str:
    """A whole message without markup, in as few letters as will do."""
    return joined([(fragment.view, short_text(fragment.view)) for fragment in fragments])


def titles(fragments: Sequence[Fragment]) -> str:
    """The titles in a message, behind its header: what a lock screen shows."""
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


class Console:
    """A terminal holds any length."""

    room = Size()
    numbers = 0
    menus = False

    def draw(self, view: object) -> Fragment:
        """The view as lines of text."""
        return Fragment(view=view, markup=plain_text(view))

    def beneath(self, buttons: Buttons) -> Size:  # noqa: ARG002 - any length
        """Nothing."""
        return Size()

    def compose(
        self,
        fragments: Sequence[Fragment],
        *,
        silent: bool,  # noqa: ARG002 - a terminal makes no sound
        buttons: Buttons = (),
        titled: Sequence[Fragment] = (),  # noqa: ARG002 - and shows everything
    ) -> tuple[str, str]:
        """{"text": …}; buttons stand under the text as their labels, links with their addresses unless it holds them."""
        text, pressed = page(fragments), [button for line in buttons for button in line]
        links = [f"{button.label}: {button.url}" for button in pressed if button.url and button.url not in text.split()]
        row = "  ".join(f"[{button.label}]" for button in pressed if not button.url)
        payload = json.dumps({"text": "\n".join(part for part in (text, *links, row) if part)}, ensure_ascii=False)
        return payload, payload

"""Text without markup, with a paper's link on a separate line: for the terminal and every platform's plain form."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache

from bot.ports.reply import Buttons
from bot.rendering.templating import Macro, macros
from bot.rendering.text.links import web_url
from bot.rendering.views.appearance import Display, Look, Paragraph, Span
from bot.rendering.views.medium import joined_texts, macro_name
from bot.rendering.views.packing import Fragment, Size
from bot.rendering.views.papers import PaperView
from bot.rendering.views.parts import Head, Root
from subscriptions.cutting import cut_at_word

_SHORT_TITLE = 60
_ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]}]")


@lru_cache
def _macros() -> Mapping[str, Macro]:
    return macros("console", "txt")


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


class Console:
    """The medium of a terminal, which takes messages of any length."""

    room = Size()
    numbers = 0
    menus = False

    def draw(self, view: object) -> Fragment:
        """Returns the view as text without markup."""
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
        """{"text": …} with the buttons' labels below, and the addresses of links that the text does not have."""
        text, shown_buttons = plain_page(fragments), [button for line in buttons for button in line]
        links = [
            f"{button.label}: {button.url}" for button in shown_buttons if button.url and button.url not in text.split()
        ]
        row = "  ".join(f"[{button.label}]" for button in shown_buttons if not button.url)
        payload = json.dumps({"text": "\n".join(part for part in (text, *links, row) if part)}, ensure_ascii=False)
        return payload, payload


def _read(payload: object, pressed: Collection[str]) -> Display | None:
    del pressed
    match payload:
        case {"text": str(text)}:
            lines = text.split("\n")
            return Display(paragraphs=tuple(Paragraph(spans=tuple(_with_addresses(line))) for line in lines))
    return None


def _with_addresses(text: str) -> Iterator[Span]:
    """Yields the text with its addresses as links, as terminals show it."""
    place = 0
    for address in _ADDRESS.finditer(text):
        if place < address.start():
            yield Span(text=text[place : address.start()])
        yield Span(text=address[0], link=web_url(address[0]))
        place = address.end()
    if place < len(text):
        yield Span(text=text[place:])


def _title_bar(title: str, detail: str) -> str:
    del detail
    return title


def _person(text: str) -> Display:
    return Display(paragraphs=(Paragraph(spans=(Span(text=text),)),))


LOOK = Look(style="terminal", columns=100, read=_read, title_bar=_title_bar, person=_person)

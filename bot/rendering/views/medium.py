"""The port of a platform's markup: a medium draws views as fragments, and composes fragments into a message."""

from collections.abc import Sequence
from typing import Protocol

from bot.ports.reply import Buttons
from bot.rendering.views.packing import Fragment, Size
from bot.rendering.views.papers import PaperView
from bot.rendering.views.parts import Code, Head, Heading, Line, More, Section

NUMBERS_IN_MESSAGE = 16  # papers whose numbers are buttons under one message: two rows


class Medium(Protocol):
    """Writes messages in the markup of one platform."""

    room: Size  # of one message
    numbers: int  # most papers whose numbers are buttons under one message; 0: there are no such buttons
    menus: bool  # whether each paper has a menu beside it

    def draw(self, view: object) -> Fragment:
        """Returns the view in this markup, never shortened: the fragment's `is_within_limits` and `size` tell whether it fits."""

    def beneath(self, buttons: Buttons) -> Size:
        """Returns the size of these buttons under a message."""

    def compose(
        self,
        fragments: Sequence[Fragment],
        *,
        silent: bool,
        buttons: Buttons = (),
        titled: Sequence[Fragment] = (),
    ) -> tuple[str, str]:
        """Returns payload and plain form of one message, both JSON objects as text.

        `titled` are fragments of other messages; their titles are listed in this message's notification.
        """


def macro_name(view: object) -> str:
    """Returns the name of the macro that draws a view: a paper's form, else its class without "View", in lower case."""
    return view.form if isinstance(view, PaperView) else type(view).__name__.removesuffix("View").lower()


def line_ends_between(above: object, below: object, *, under_head: str = "\n\n") -> str:
    """Returns the line ends between two views in one text: a blank line, unless the two belong together."""
    if isinstance(above, Head):
        return "\n\n" if above.remark else under_head
    if isinstance(above, Heading) or isinstance(below, More) or (isinstance(below, Section) and below.close):
        return "\n"
    if isinstance(above, PaperView) and isinstance(below, PaperView) and below.form == "title":
        return "\n"
    return "\n" if isinstance(above, Line | Code) and isinstance(below, Line | Code) else "\n\n"


def joined_texts(views_and_texts: Sequence[tuple[object, str]], *, under_head: str = "\n\n") -> str:
    """Returns the texts of views as one text, with line ends between them."""
    parts: list[str] = []
    above: object = None
    for view, text in views_and_texts:
        parts += [line_ends_between(above, view, under_head=under_head) if parts else "", text]
        above = view
    return "".join(parts)

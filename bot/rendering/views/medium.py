"""What rendering asks of a platform's writing: to draw views as fragments, and to make one message of several."""

from collections.abc import Sequence
from typing import Protocol

from bot.ports.button import Buttons
from bot.rendering.views.packing import Fragment, Size
from bot.rendering.views.papers import PaperView
from bot.rendering.views.parts import Code, Head, Heading, Line, More, Section

IN_MESSAGE = 16  # papers whose numbers stand under one message: two rows


class Medium(Protocol):
    """A platform as a place to write."""

    room: Size  # what one message holds
    numbers: int  # papers whose numbers stand as buttons under one message; 0: papers have no such buttons here
    menus: bool  # what can be done with a paper stands beside it

    def draw(self, view: object) -> Fragment:
        """The view as this platform writes it. Never shortens: `whole` and `size` say what would not fit."""

    def beneath(self, buttons: Buttons) -> Size:
        """What buttons under a message take of its room."""

    def compose(
        self,
        fragments: Sequence[Fragment],
        *,
        silent: bool,
        buttons: Buttons = (),
        titled: Sequence[Fragment] = (),
    ) -> tuple[str, str]:
        """Payload and plain form of one message, both JSON objects as text.

        `titled` are fragments of other messages whose titles the notification of this one lists below its first line.
        """


def name_of(view: object) -> str:
    """The macro that draws a view: its form if it is a paper, else what it is."""
    return view.form if isinstance(view, PaperView) else type(view).__name__.lower()


def gap(above: object, below: object, *, under_head: str = "\n\n") -> str:
    """What stands between two views in one text: a blank line, unless they belong closely together."""
    if isinstance(above, Head):
        return "\n\n" if above.remark else under_head
    if isinstance(above, Heading) or isinstance(below, More) or (isinstance(below, Section) and below.close):
        return "\n"
    if isinstance(above, PaperView) and isinstance(below, PaperView) and below.form == "title":
        return "\n"
    return "\n" if isinstance(above, Line | Code) and isinstance(below, Line | Code) else "\n\n"


def joined(views_and_texts: Sequence[tuple[object, str]], *, under_head: str = "\n\n") -> str:
    """Texts of views as one text."""
    parts: list[str] = []
    above: object = None
    for view, text in views_and_texts:
        parts += [gap(above, view, under_head=under_head) if parts else "", text]
        above = view
    return "".join(parts)

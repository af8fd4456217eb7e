"""The web: messages as HTML, with a plain text beside. Payload: {"html": …, "text": …}."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache

from bot.ports.reply import Buttons
from bot.rendering.platforms.console import plain_page
from bot.rendering.plots import rows_of_bars
from bot.rendering.templating import Macro, macros
from bot.rendering.views.medium import macro_name
from bot.rendering.views.packing import Fragment, Size
from bot.rendering.views.parts import Code


@lru_cache
def _macros() -> Mapping[str, Macro]:
    return macros("web", "html")


class Web:
    """The medium of a web page, which takes messages of any length."""

    room = Size()
    numbers = 0
    menus = True

    def draw(self, view: object) -> Fragment:
        """Returns the view as HTML, escaped."""
        if isinstance(view, Code) and view.plot:
            return Fragment(view=view, markup=rows_of_bars(view.plot))
        return Fragment(view=view, markup=_macros()[macro_name(view)](view).strip("\n"))

    def beneath(self, buttons: Buttons) -> Size:  # noqa: ARG002 - any length
        """Nothing."""
        return Size()

    def compose(
        self,
        fragments: Sequence[Fragment],
        *,
        silent: bool,  # noqa: ARG002 - a page makes no sound
        buttons: Buttons = (),
        titled: Sequence[Fragment] = (),  # noqa: ARG002 - and shows everything
    ) -> tuple[str, str]:
        """Returns the message as HTML and as text; the plain form is the text alone."""
        html = "\n".join(
            [*(fragment.markup for fragment in fragments), *(_macros()["buttons"](row) for row in buttons)]
        )
        text = plain_page(fragments)
        return json.dumps({"html": html, "text": text}, ensure_ascii=False), json.dumps(
            {"text": text}, ensure_ascii=False
        )

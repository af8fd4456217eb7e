"""What a mail shows: rows of one table in HTML, since some programs know little more, and a text that can be read alone.

Payload: {"subject": …, "about": …, "html": …, "text": …, "buttons": [[[label, data, url], …], …]}. What can be pressed has the
address press:DATA there, and gets its signed link when it is sent.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache

from bot.ports.channel import Buttons
from bot.rendering.packing import NO_SUBJECT, Beside, Fragment, Size, macro_name, plain_page
from bot.rendering.papers import PaperView
from bot.rendering.parts import Subject
from bot.rendering.templating import Macro, macros

_LONGEST_SUBJECT = 150
_PREVIEWED = 3  # titles that a list of mails shows beside the subject


@lru_cache
def _macros() -> Mapping[str, Macro]:
    return macros("email", "html")


class Email:
    """The medium of e-mail, which takes messages of any length."""

    room = Size()
    numbers = 0
    beside: Beside = "always"

    def draw(self, view: object) -> Fragment:
        """Returns the view as rows of a table, escaped."""
        return Fragment(view=view, markup=_macros()[macro_name(view)](view).strip("\n"))

    def beneath(self, buttons: Buttons) -> Size:  # noqa: ARG002 - any length
        """Nothing."""
        return Size()

    def compose(
        self,
        fragments: Sequence[Fragment],
        *,
        silent: bool,  # noqa: ARG002 - a mail makes no sound
        buttons: Buttons = (),
        titled: Sequence[Fragment] = (),  # noqa: ARG002 - and shows everything
        subject: Subject = NO_SUBJECT,
    ) -> tuple[str, str]:
        """Returns the mail; the plain form is without HTML."""
        text = plain_page(fragments)
        titles = [str(one.view.title) for one in fragments if isinstance(one.view, PaperView)]
        first = next((line.strip() for line in text.splitlines() if line.strip()), "paperwire")
        mail = {
            "subject": " ".join((subject.text or first).split())[:_LONGEST_SUBJECT],
            "about": subject.about,
            "preview": " · ".join(titles[:_PREVIEWED]),
            "text": text,
            "buttons": [[[one.label, one.data, one.url] for one in row] for row in buttons],
        }
        html = "\n".join(fragment.markup for fragment in fragments)
        return json.dumps({**mail, "html": html}, ensure_ascii=False), json.dumps(
            {**mail, "html": ""}, ensure_ascii=False
        )


MEDIUM = Email()

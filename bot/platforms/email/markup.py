"""What a mail shows: rows of one table in HTML, since some programs know little more, and a text that can be read alone.

Payload: {"subject": …, "about": …, "html": …, "text": …, "buttons": [[[label, data, url], …], …]}. What can be pressed has the
address press:DATA there, and gets its signed link when it is sent.
"""

import json
from collections.abc import Mapping
from functools import lru_cache

from bot.rendering.packing import Beside, Contents, Fragment, Medium, macro_name, plain_page
from bot.rendering.papers import PaperView
from bot.rendering.templating import Macro, macros

_LONGEST_SUBJECT = 150
_PREVIEWED = 3  # titles that a list of mails shows beside the subject


@lru_cache
def _macros() -> Mapping[str, Macro]:
    return macros("email", "html")


class Email(Medium):
    """The medium of e-mail, which takes messages of any length."""

    beside: Beside = "always"

    def draw(self, view: object) -> Fragment:
        """Returns the view as rows of a table, escaped."""
        return Fragment(view=view, markup=_macros()[macro_name(view)](view).strip("\n"))

    def compose(self, contents: Contents) -> tuple[str, str]:
        """Returns the mail; the plain form is without HTML."""
        text = plain_page(contents.fragments)
        titles = [str(one.view.title) for one in contents.fragments if isinstance(one.view, PaperView)]
        first = next((line.strip() for line in text.splitlines() if line.strip()), "paperwire")
        mail = {
            "subject": " ".join((contents.subject.text or first).split())[:_LONGEST_SUBJECT],
            "about": contents.subject.about,
            "preview": " · ".join(titles[:_PREVIEWED]),
            "text": text,
            "buttons": [[[one.label, one.data, one.url] for one in row] for row in contents.buttons],
        }
        html = "\n".join(fragment.markup for fragment in contents.fragments)
        return json.dumps({**mail, "html": html}, ensure_ascii=False), json.dumps(
            {**mail, "html": ""}, ensure_ascii=False
        )


MEDIUM = Email()

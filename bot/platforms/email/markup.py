"""What a mail shows: subject, titles beside it, rows of one HTML table, plain text, buttons.

Payload: {"subject": …, "preview": …, "html": …, "text": …, "buttons": [[[label, data, url], …], …]}. In the HTML of a payload, a
button has the address press:DATA, which becomes a signed link when the mail is sent.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

from bot.platforms.email.links import PRESS
from bot.rendering import packing
from bot.rendering.appearance import Appearance, Display, plain
from bot.rendering.dialects import draw_html
from bot.rendering.views import PaperView

_LONGEST_SUBJECT = 150
_PREVIEWED = 3  # titles of papers that mail programs show beside the subject


class Email(packing.Medium):
    """The medium of e-mail. It accepts messages of any length."""

    beside: Literal["never", "in lists", "always"] = "always"

    def draw(self, view: object) -> packing.Fragment:
        """Returns the view as escaped rows of a table."""
        return packing.Fragment(view=view, markup=draw_html("email", view))

    def compose(self, contents: packing.Contents) -> str:
        """See Medium."""
        text = packing.plain_text(contents.fragments)
        titles = [str(one.view.title) for one in contents.fragments if isinstance(one.view, PaperView)]
        first = next((line.strip() for line in text.splitlines() if line.strip()), "paperwire")
        mail = {
            "subject": " ".join((contents.subject.text or first).split())[:_LONGEST_SUBJECT],
            "preview": " · ".join(titles[:_PREVIEWED]),
            "html": "\n".join(fragment.markup for fragment in contents.fragments),
            "text": text,
            "buttons": [[[one.label, one.data, one.url] for one in row] for row in contents.buttons],
        }
        return json.dumps(mail, ensure_ascii=False)


def _read(payload: Mapping[str, Any]) -> Display:
    """Returns what a payload looks like. Its links do nothing without a chat that they belong to."""
    html = PRESS.sub(r"\2>\3<", payload["html"]).replace("&nbsp;", "&#160;")
    return Display(blocks=(plain(payload["text"]),), subject=payload["subject"], whole=html)


MEDIUM = Email()
LOOK = Appearance(style="letter", columns=80, read=_read, title_bar="{title}")

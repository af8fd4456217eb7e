"""What a mail shows: subject, titles beside it, rows of one HTML table, plain text, buttons.

Payload: {"subject": …, "preview": …, "html": …, "text": …, "buttons": [[[label, data, url], …], …]}. In the HTML of a
payload, a button has the address press:DATA, which becomes a signed link when the mail is sent.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from bot.rendering import packing
from bot.rendering.dialects import draw_html
from bot.rendering.packing import Display, plain
from bot.rendering.views import PaperView

Payload = Mapping[str, Any]
PRESS = re.compile(r'href="press:([^"]+)"([^>]*)>([^<]*)<')  # (data, style, label) of a button in a payload
_LONGEST_SUBJECT = 150
_PREVIEWED = 3  # titles of papers that mail programs show beside the subject


class Email(packing.Renderer):
    """The renderer of e-mail. It accepts messages of any length."""

    beside = "always"

    def draw(self, view: object) -> packing.Fragment:
        """Return the view as escaped rows of a table."""
        return packing.Fragment(view, draw_html("email", view))

    def compose(self, page: packing.Page) -> dict[str, Any]:
        """See Renderer."""
        text = packing.plain_text(page.fragments)
        titles = [str(one.view.title) for one in page.fragments if isinstance(one.view, PaperView)]
        first = next((line.strip() for line in text.splitlines() if line.strip()), "paperwire")
        return {
            "subject": " ".join((page.subject or first).split())[:_LONGEST_SUBJECT],
            "preview": " · ".join(titles[:_PREVIEWED]),
            "html": "\n".join(fragment.markup for fragment in page.fragments),
            "text": text,
            "buttons": [[[one.label, one.data, one.url] for one in row] for row in page.buttons],
        }

    def display(self, payload: Payload) -> Display:
        """See Renderer. Its links do nothing without a chat that they belong to."""
        html = PRESS.sub(r"\2>\3<", payload["html"]).replace("&nbsp;", "&#160;")
        return Display((plain(payload["text"]),), subject=payload["subject"], whole=html)


RENDERER = Email()


def line(words: str) -> Payload:
    """Return the payload of a line on a page."""
    return {"text": words, "html": f'<tr><td class="ink">{escape(words)}</td></tr>', "buttons": []}

"""What a mail shows: subject, titles beside it, rows of one HTML table, plain text, buttons.

Payload: {"subject": …, "preview": …, "html": …, "text": …, "buttons": [[[label, data, url], …], …]}. In the HTML of a
payload, a button has the address press:DATA, which becomes a signed link when the mail is sent (`write_mail`). The
headers are those of RFC 5322, RFC 2919 (List-Id), RFC 2369 and 8058 (List-Unsubscribe), RFC 3834 (Auto-Submitted).
"""

from collections.abc import Mapping
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from html import escape
from typing import Any

from bot.platforms.email.mail_links import AT_ONCE, FOOTER, PRESS, Reader
from bot.rendering import packing
from bot.rendering.dialects import draw, draw_html
from bot.rendering.packing import Display, plain
from bot.rendering.views import PaperView
from subscriptions.errors import Sentence
from subscriptions.texts.cutting import clean

Payload = Mapping[str, Any]
_LONGEST_SUBJECT = 150
_PREVIEWED = 3  # titles of papers that mail programs show beside the subject
LONGEST_LINE = 76  # characters of a line of a header
_REASON = Sentence("You get this because {address} asked for it.")


class Email(packing.Medium):
    """The medium of e-mail. It accepts messages of any length."""

    beside = "always"

    def draw(self, view: object) -> packing.Fragment:
        """Returns the view as escaped rows of a table."""
        return packing.Fragment(view, draw_html("email", view))

    def compose(self, page: packing.Page) -> dict[str, Any]:
        """See Medium."""
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
        """See Medium. Its links do nothing without a chat that they belong to."""
        html = PRESS.sub(r"\2>\3<", payload["html"]).replace("&nbsp;", "&#160;")
        return Display((plain(payload["text"]),), subject=payload["subject"], whole=html)


MEDIUM = Email()


def line(words: str) -> Payload:
    """Returns the payload of a line on a page."""
    return {"text": words, "html": f'<tr><td class="ink">{escape(words)}</td></tr>', "buttons": []}


def write_mail(payload: Payload, reader: Reader, *, sender: Address, message_id: str, now: datetime) -> bytes:
    """Returns the mail of a payload, as it is sent. To who has not agreed yet, it has no way to leave."""
    language, address = reader.language, reader.chat.address.address
    buttons = [
        [(label, url or reader.link("press", data, label)) for label, data, url in row] for row in payload["buttons"]
    ]
    headers = {
        "From": _mailbox(sender),
        "To": address,
        "Subject": _words("Subject", payload["subject"]),
        "Date": format_datetime(now),
        "Message-ID": message_id,
        "Auto-Submitted": "auto-generated",
        "Precedence": "bulk",
    }
    footer, reason = list[tuple[str, str]](), ""
    if reader.is_confirmed:
        said = {command: sentence.say(language.translate) for command, sentence in FOOTER.items()}
        footer = [(words, reader.link("say", command, words)) for command, words in said.items()]
        reason = language.say(_REASON.template, address=address)
        leave = reader.link("say", AT_ONCE, said["/stop"])
        headers |= {"List-Id": f"paperwire <papers.{sender.domain}>", "List-Unsubscribe": f"<{leave}>"}
        if leave.startswith("https:"):  # RFC 8058 requires it
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    content = EmailMessage(policy=SMTP)
    below = "\n".join(f"{label}: {url}" for row in [*buttons, footer] for label, url in row)
    content.set_content("\n\n".join(part for part in (payload["text"], reason, below) if part) + "\n")
    if payload["html"]:
        html = draw(
            "email",
            "mail.html",
            language=reader.chat.settings.lang,
            subject=payload["subject"],
            preview=payload["preview"],
            body=reader.linked(payload["html"]),
            buttons=buttons,
            footer=footer,
            reason=reason,
        )
        content.add_alternative(html, subtype="html")
    # The standard library would read these texts before it writes them: it decodes what looks encoded, with line ends,
    # and encodes long addresses of links. Each of its versions does so in another way.
    return b"".join(f"{name}: {value}\r\n".encode("ascii") for name, value in headers.items()) + content.as_bytes()


def _words(name: str, text: str) -> str:
    """Returns any text as the value of a header: folded, and encoded unless mail programs show it as it is."""
    plain = clean(text)
    can_be_folded = max(map(len, plain.split()), default=0) + len(f"{name}: ") <= LONGEST_LINE
    charset = "us-ascii" if _is_shown_as_it_is(plain) and can_be_folded else "utf-8"
    return Header(plain, charset, header_name=name, maxlinelen=LONGEST_LINE).encode(linesep="\r\n")


def _mailbox(sender: Address) -> str:
    """Returns the value of the header From."""
    name = clean(sender.display_name)
    if _is_shown_as_it_is(name):
        return formataddr((name, sender.addr_spec))  # in quotation marks if necessary
    return f"{_words('From', name)}\r\n <{sender.addr_spec}>"


def _is_shown_as_it_is(text: str) -> bool:
    """Returns whether no mail program decodes a part of the text; "=?" begins an encoded word (RFC 2047)."""
    return text.isascii() and "=?" not in text

"""Writes a mail: HTML and text from a payload, the signed links in them, and the headers.

The headers are those of RFC 5322, RFC 2919 (List-Id), RFC 2369 and 8058 (List-Unsubscribe), RFC 3834 (Auto-Submitted).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from html import escape, unescape
from typing import Any

from bot.platforms.email.links import Does, Link, Signer
from bot.rendering.language import Language
from bot.rendering.templating import draw
from subscriptions.errors import Sentence
from subscriptions.model import Chat
from subscriptions.states import ChatState

_PRESS = re.compile(r'href="press:([^"]+)"([^>]*)>([^<]*)<')  # its data, its style, its label
_FOOTER = {
    "/list": Sentence("change what comes"),
    "/set": Sentence("change when"),
    "/stop": Sentence("stop"),
}
_AT_ONCE = "/pause"  # what List-Unsubscribe says: it may ask nothing, as /stop does
_REASON = Sentence("You get this because {address} asked for it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The chat of a mail, and what signs its links."""

    chat: Chat
    signer: Signer

    @property
    def language(self) -> Language:
        """The chat's."""
        return Language(self.chat.settings.lang, self.chat.settings.timezone)

    @property
    def is_confirmed(self) -> bool:
        """Whether the address has said yes. Before that it gets the question alone, and there is nothing to stop."""
        return self.chat.state is not ChatState.UNCONFIRMED

    def link(self, does: Does, data: str, label: str) -> str:
        """Returns the address that does something in this chat."""
        return self.signer.url(Link(self.chat.id, str(self.chat.address), does, data, label))

    def linked(self, html: str) -> str:
        """Returns the HTML of a payload with the links of its actions."""

        def signed(found: re.Match[str]) -> str:
            data, style, label = found.groups()
            return f'href="{escape(self.link("press", unescape(data), unescape(label)))}"{style}>{label}<'

        return _PRESS.sub(signed, html)


def write_mail(
    payload: Mapping[str, Any], reader: Reader, *, sender: Address, message_id: str, thread: str, now: datetime
) -> EmailMessage:
    """Returns the mail of a payload. `thread` is the Message-ID that it answers, which need not exist."""
    language, mail = reader.language, EmailMessage(policy=SMTP)
    buttons = [
        [(label, url or reader.link("press", data, label)) for label, data, url in row] for row in payload["buttons"]
    ]
    said = {command: one.say(language.translate) for command, one in _FOOTER.items()} if reader.is_confirmed else {}
    footer = [(words, reader.link("say", command, words)) for command, words in said.items()]
    reason = language.say(_REASON.template, address=reader.chat.address.address) if footer else ""
    mail["From"], mail["To"] = sender, Address(addr_spec=reader.chat.address.address)
    mail["Subject"], mail["Date"], mail["Message-ID"] = payload["subject"], format_datetime(now), message_id
    mail["In-Reply-To"] = mail["References"] = thread
    mail["Auto-Submitted"], mail["Precedence"] = "auto-generated", "bulk"
    if footer:
        leave = reader.link("say", _AT_ONCE, footer[-1][0])
        mail["List-Id"], mail["List-Unsubscribe"] = f"paperwire <papers.{sender.domain}>", f"<{leave}>"
        if leave.startswith("https:"):  # as RFC 8058 asks for
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    below = "\n".join(f"{label}: {url}" for row in [*buttons, footer] for label, url in row)
    mail.set_content("\n\n".join(part for part in (payload["text"], reason, below) if part) + "\n")
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
        mail.add_alternative(html, subtype="html")
    return mail


def thread_of(chat: Chat, about: str, domain: str) -> str:
    """Returns the Message-ID that all mails about one subscription of a chat answer."""
    return f"<{sha256(f'{chat.id}:{about}'.encode()).hexdigest()[:24]}@{domain}>"

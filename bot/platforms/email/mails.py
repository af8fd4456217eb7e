"""Mails as bytes: headers (sender, thread, List-Unsubscribe), text and HTML with signed links."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from functools import partial
from hashlib import sha256
from html import escape, unescape
from typing import Any

from bot.platforms.email.markup import (
    AT_ONCE,
    CONTROL,
    CUT_AFTER,
    FOOTER,
    LONGEST_LINE,
    PRESS,
    REASON,
    Does,
    Link,
    Signer,
)
from bot.rendering.dialects import draw
from subscriptions.language import Language
from subscriptions.model import Chat
from subscriptions.states import ChatState


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReader:
    """The chat of a mail, and the signer of its links."""

    chat: Chat
    signer: Signer

    @property
    def language(self) -> Language:
        """The language and time zone of the chat."""
        return Language(self.chat.settings.lang, self.chat.settings.timezone)

    @property
    def is_confirmed(self) -> bool:
        """Whether the person has agreed.

        Before that, the address gets only the question whether to agree, so there is nothing to unsubscribe.
        """
        return self.chat.state is not ChatState.UNCONFIRMED

    def token(self, does: Does, data: str, label: str = "") -> str:
        """Returns the signed word of a link that does something in this chat."""
        return self.signer.token(Link(self.chat.id, str(self.chat.address), does, data, label))

    def link(self, does: Does, data: str, label: str) -> str:
        """Returns the web address of such a link."""
        return self.signer.url(self.token(does, data, label))

    def linked(self, html: str) -> str:
        """Returns the HTML of a payload with signed links for its actions."""

        def signed(found: re.Match[str]) -> str:
            data, style, label = found.groups()
            return f'href="{escape(self.link("press", unescape(data), unescape(label)))}"{style}>{label}<'

        return PRESS.sub(signed, html)


def write_mail(
    payload: Mapping[str, Any], reader: MailReader, *, sender: Address, message_id: str, thread: str, now: datetime
) -> bytes:
    """Returns the mail of a payload, as it is sent.

    `thread` is the Message-ID to which the mail replies; no mail with that id needs to exist.
    """
    language = reader.language
    buttons = [
        [(label, url or reader.link("press", data, label)) for label, data, url in row] for row in payload["buttons"]
    ]
    said = {}
    if reader.is_confirmed:
        said = {command: one.say(language.translate) for command, one in FOOTER.items()}
    footer = [(words, reader.link("say", command, words)) for command, words in said.items()]
    reason = ""
    if footer:
        reason = language.say(REASON.template, address=reader.chat.address.address)
    headers = {
        "From": _mailbox(sender),
        "To": reader.chat.address.address,
        "Subject": _words("Subject", payload["subject"]),
        "Date": format_datetime(now),
        "Message-ID": message_id,
        "In-Reply-To": thread,
        "References": thread,
        "Auto-Submitted": "auto-generated",
        "Precedence": "bulk",
    }
    if footer:
        leave = reader.link("say", AT_ONCE, footer[-1][0])
        headers |= {"List-Id": f"paperwire <papers.{sender.domain}>", "List-Unsubscribe": f"<{leave}>"}
        if leave.startswith("https:"):  # RFC 8058 requires it
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    content = EmailMessage(policy=SMTP)
    below = "\n".join(f"{label}: {url}" for row in [*buttons, footer] for label, url in row)
    content.set_content("\n\n".join(part for part in (payload["text"], reason, below) if part) + "\n")
    if payload["html"]:
        drawn = partial(
            draw,
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
        html = drawn(footer_first=False)
        if len(html.encode()) >= CUT_AFTER:
            html = drawn(footer_first=True)
        content.add_alternative(html, subtype="html")
    # The standard library would read these texts before it writes them: it decodes what looks encoded, with line ends,
    # and encodes long addresses of links. Each of its versions does so in another way.
    return b"".join(f"{name}: {value}\r\n".encode("ascii") for name, value in headers.items()) + content.as_bytes()


def _words(name: str, text: str) -> str:
    """Returns any text as the value of a header: folded, and encoded unless mail programs show it as it is."""
    plain = _one_line(text)
    can_be_folded = max(map(len, plain.split()), default=0) + len(f"{name}: ") <= LONGEST_LINE
    charset = "us-ascii" if _is_shown_as_it_is(plain) and can_be_folded else "utf-8"
    return Header(plain, charset, header_name=name, maxlinelen=LONGEST_LINE).encode(linesep="\r\n")


def _mailbox(sender: Address) -> str:
    """Returns the value of the header From."""
    name = _one_line(sender.display_name)
    if _is_shown_as_it_is(name):
        return formataddr((name, sender.addr_spec))  # in quotation marks if necessary
    return f"{_words('From', name)}\r\n <{sender.addr_spec}>"


def _one_line(text: str) -> str:
    return " ".join(CONTROL.sub(" ", text).split())


def _is_shown_as_it_is(text: str) -> bool:
    """Returns whether no mail program decodes a part of the text; "=?" begins an encoded word (RFC 2047)."""
    return text.isascii() and "=?" not in text


def thread_of(chat: Chat, about: str, domain: str) -> str:
    """Returns the Message-ID to which all mails about one subscription of a chat reply."""
    return f"<{sha256(f'{chat.id}:{about}'.encode()).hexdigest()[:24]}@{domain}>"

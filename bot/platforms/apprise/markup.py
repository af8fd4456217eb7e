"""Messages for the services of Apprise: {"title": …, "text": …, "format": "markdown" or "text"}.

Apprise makes HTML of Markdown where a service shows that. Services without either get text with its links. A title is
plain text; "" if a service has no titles. Nothing in it rings anybody.
"""

import json
import re
from collections.abc import Callable, Mapping
from html import escape as html_escaped
from typing import Any, Literal

from bot.rendering import packing, views
from bot.rendering.dialects import PLAIN, Dialect
from bot.rendering.packing import Block, Display
from subscriptions.text import cutting

Format = Literal["markdown", "text"]

# Characters of a message: enough for any digest, and few enough for Matrix, which sends HTML twice and encrypted, in at most
# 65,536 bytes.
LONGEST = 20_000
LONGEST_TITLE = 250
# a limit of at least so many counts bytes of the whole request, as for Feishu, DingTalk and Matrix
_OF_REQUESTS = 10_000
_GAP = "\n\n"

_ENDS_ADDRESS = re.compile(r"[\s()<>\"\\]")
_SIGNS = re.compile(r"[\\`*\[\]<]|~~+|\|\|+|(?<![^\W_])_+|_+(?![^\W_])|&(?=[#\w]+;)")
_AT_START = re.compile(r"^(\s*\d*)(?=>|[#+.)-]+(?:\s|$))")  # the beginning of a heading, a quotation or a list


class Markdown(Dialect):
    """CommonMark, with a backslash only before what it would interpret, since some services show other backslashes."""

    is_markup = True
    bold, italic, struck = "**{}**", "*{}*", "~~{}~~"

    def escape(self, text: str) -> str:
        """See Dialect."""
        signs = _SIGNS.sub(lambda found: "".join(f"\\{sign}" for sign in found[0]), without_mentions(text))
        return _AT_START.sub(r"\1\\", signs)

    def link(self, label: str, address: str) -> str:
        """See Dialect."""
        whole = _ENDS_ADDRESS.sub(lambda found: f"%{ord(found[0]):02X}", address_without_mentions(address))
        return f"[{label}]({whole})"


_MARKDOWN = Markdown()


class Service(packing.Renderer):
    """The renderer of a destination."""

    def __init__(
        self, form: Format = "text", *, limit: int = LONGEST, has_title: bool = False, in_bytes: bool = False
    ) -> None:
        """`limit`: characters of a message with its title; bytes, if the service counts those (`in_bytes`)."""
        self.form: Format = form
        self.has_title = has_title
        self.limit = min(limit, LONGEST) - (LONGEST_TITLE if has_title else 0)
        self.measure: Callable[[str], int] = cutting.units
        if in_bytes:
            self.measure = lambda text: len(text.encode("utf-8", "replace"))
        elif limit >= _OF_REQUESTS:
            self.measure = lambda text: len(json.dumps(text)) - 2  # a request of Apprise is ASCII JSON
        self.room = packing.Size(self.limit)

    def draw(self, view: object) -> packing.Fragment:
        """Return the view in the format of the service."""
        markup = (_MARKDOWN if self.form == "markdown" else PLAIN).draw(view)
        return packing.Fragment(view, markup, size=packing.Size(self.measure(self._written(markup + _GAP))))

    def compose(self, page: packing.Page) -> dict[str, Any]:
        """See Renderer. The head of a delivery is the title of its message."""
        title, shown = "", tuple(page.fragments)
        if self.has_title:
            title = page.about
            match shown[0].view:
                case views.Head() as head if shown[1:]:
                    title, shown = head.line, shown[1:]
                    if head.remark:
                        shown = (self.draw(views.Line(head.remark)), *shown)
        title = cutting.cut_at_word(without_mentions(title), LONGEST_TITLE)
        text = self._written(packing.joined([(one.view, one.markup) for one in shown]))
        return {"title": title, "text": text, "format": self.form}

    def display(self, payload: Mapping[str, Any]) -> Display:
        """See Renderer."""
        title = f"<b>{html_escaped(payload['title'])}</b>\n\n" if payload["title"] else ""
        return Display((Block(title + html_escaped(payload["text"], quote=False)),))

    def holds(self, text: str) -> bool:
        """Return whether the service accepts a text of this length."""
        return self.measure(text) <= self.limit

    def _written(self, markup: str) -> str:
        """Return the markup of views as it is sent. Only text can still contain mentions."""
        if self.form == "text":
            return without_mentions(markup)
        # without two spaces before its end, some services join a line to the next
        return "\n\n".join(part.replace("\n", "  \n") for part in markup.split("\n\n"))


RENDERER = Service()


_WORD_JOINER = "\u2060"  # invisible
_ADDRESS = re.compile(r"(https?://\S+)")
# How the services write a mention. An invisible character after its first one, or a code in its place in an address,
# makes it text.
_MENTION = re.compile(
    r"""
    [@＠]                   # @name: nearly all; @**name**: Zulip; @"name": Nextcloud; @[id]: Threema; ＠name: X
    | <(?=[^\s\w=-])        # <@id>: Discord, WeCom, Webex; <!channel>: Slack, Mattermost, Zoom; <%id>: Revolt
    | <(?=at>)              # <at>name</at>: Teams
    | <(?=[a-z][\w-]*[^\w>-])  # <at id=all>: Feishu, Lark; <users/all>: Google Chat; <user …>: Flock; <spark-mention …>: Webex
    | <(?=[a-z][\w-]*>[^<>]*</)  # any other element with a content
    | \[(?=CQ:|~)           # [CQ:at,qq=all]: QQ; [~name]: Jira
    | \](?=\()              # [name](mention:id): HumHub, Twist, RingCentral
    | \((?=(?:met|rol)\))   # (met)all(met): KOOK
    """,
    re.VERBOSE | re.IGNORECASE,
)


def without_mentions(text: str) -> str:
    """Return the text with an invisible character in each mention, and with percent-encoded mentions in its addresses."""
    parts = _ADDRESS.split(text)
    parts[::2] = [_MENTION.sub(rf"\g<0>{_WORD_JOINER}", part) for part in parts[::2]]
    parts[1::2] = map(address_without_mentions, parts[1::2])
    return "".join(parts)


def address_without_mentions(address: str) -> str:
    """Return the address with percent-encoded mentions."""
    return _MENTION.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), address)

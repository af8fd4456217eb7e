"""What a destination receives: HTML, Markdown or text, in messages as long as its service accepts.

Payload: {"title": …, "text": …, "format": "html", "markdown" or "text"}. A title is plain text; "" if a service has no titles.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from html import escape as html_escaped
from typing import Any, Literal

from bot.rendering import appearance, packing, views
from bot.rendering.dialects import PLAIN, Dialect, Html, without_markup
from subscriptions.texts import cutting

Format = Literal["html", "markdown", "text"]

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


def _whole(address: str) -> str:
    """Returns an address without mentions, and with what could end it early percent-encoded."""
    return _ENDS_ADDRESS.sub(lambda found: f"%{ord(found[0]):02X}", address_without_mentions(address))


class ServiceHtml(Html):
    """The HTML of services."""

    line_end, blank_line = "<br>\n", "<br>\n<br>\n"

    def escape(self, text: str) -> str:
        """See Dialect."""
        return html_escaped(without_mentions(text), quote=False)

    def link(self, label: str, address: str) -> str:
        """See Dialect."""
        return super().link(label, _whole(address))


class Markdown(Dialect):
    """CommonMark, with a backslash only before what it would interpret, since some services show other backslashes."""

    is_markup = True
    bold, italic, struck = "**{}**", "*{}*", "~~{}~~"
    line_end, blank_line = "  \n", "\n\n"  # without the spaces, some services join the lines

    def escape(self, text: str) -> str:
        """See Dialect."""
        signs = _SIGNS.sub(lambda found: "".join(f"\\{sign}" for sign in found[0]), without_mentions(text))
        return _AT_START.sub(r"\1\\", signs)

    def link(self, label: str, address: str) -> str:
        """See Dialect."""
        return f"[{label}]({_whole(address)})"


_MARKUPS: Mapping[Format, ServiceHtml | Markdown] = {"html": ServiceHtml(), "markdown": Markdown()}


def request_bytes(text: str) -> int:
    """Returns how many bytes a text takes in a request of Apprise, which is ASCII JSON."""
    return len(json.dumps(text)) - 2


def text_bytes(text: str) -> int:
    """Returns how many bytes a text takes in UTF-8."""
    return len(text.encode("utf-8", "replace"))


def push_bytes(text: str) -> int:
    """Returns how many bytes a text takes in a push, whose request may have twice as many, with the title."""
    return max(text_bytes(text), request_bytes(text) * 3 // 5 + 1)


class Service(packing.Medium):
    """The medium of a destination. `in_bytes`: the service counts bytes instead of characters. `is_push`: see `push_bytes`."""

    def __init__(
        self,
        form: Format = "text",
        *,
        limit: int = LONGEST,
        title: int = 0,
        shares: bool = False,
        in_bytes: bool = False,
        is_push: bool = False,
    ) -> None:
        """`limit`: characters of a message. `title`: characters of its title; 0: it has no title.

        `shares`: `limit` includes the title.
        """
        self.form = form
        self.title_limit = min(title, LONGEST_TITLE)
        self.limit = min(limit, LONGEST) - (self.title_limit if shares else 0)
        self.measure: Callable[[str], int] = cutting.units
        if is_push:
            self.measure = push_bytes
        elif in_bytes:
            self.measure = text_bytes
        elif limit >= _OF_REQUESTS:
            self.measure = request_bytes
        self.room = packing.Size(self.limit)

    def draw(self, view: object) -> packing.Fragment:
        """Returns the view in the format of the service."""
        markup = _MARKUPS.get(self.form, PLAIN).draw(view)
        return packing.Fragment(view=view, markup=markup, size=packing.Size(self.measure(self._written(markup + _GAP))))

    def compose(self, contents: packing.Contents) -> str:
        """See Medium."""
        title, shown = self._title(contents.fragments, contents.subject)
        text = self._written(packing.joined([(one.view, one.markup) for one in shown]))
        return json.dumps({"title": title, "text": text, "format": self.form}, ensure_ascii=False)

    def holds(self, text: str) -> bool:
        """Returns whether the service accepts a text of this length."""
        return self.measure(text) <= self.limit

    def _title(
        self, fragments: Sequence[packing.Fragment], subject: views.Subject
    ) -> tuple[str, Sequence[packing.Fragment]]:
        """Returns (title of a message, fragments below it). The fragments do not repeat the title."""
        if not self.title_limit:
            return "", fragments
        title, below = subject.text, tuple(fragments)
        match fragments[0].view:
            case views.Head() as head if below[1:]:
                title, below = head.line, below[1:]
                if head.remark:
                    below = (self.draw(views.Line(text=head.remark)), *below)
            case views.PaperView(title=named) if subject.about and str(named) == title:
                title = subject.about
            case views.NoticeView(lines=(_, *_)) as notice:
                title, below = notice.title, (self.draw(replace(notice, title="")), *below[1:])
        return cutting.cut_at_word(without_mentions(title), self.title_limit), below

    def _written(self, markup: str) -> str:
        """Returns the markup of views with the line ends of this format. Only text can still contain mentions."""
        if self.form == "text":
            return without_mentions(markup)
        form = _MARKUPS[self.form]
        return form.blank_line.join(part.replace("\n", form.line_end) for part in markup.split("\n\n"))


def plain_form(payload: Mapping[str, str]) -> dict[str, str]:
    """Returns a payload as text. Markdown is a text already."""
    text = payload["text"]
    return {**payload, "text": without_markup(text) if payload["format"] == "html" else text, "format": "text"}


def _read(payload: Mapping[str, Any]) -> appearance.Display:
    html = html_escaped(payload["text"], quote=False)
    if payload["format"] == "html":
        html = payload["text"].replace("<br>\n", "\n")
    title = f"<b>{html_escaped(payload['title'])}</b>\n\n" if payload["title"] else ""
    return appearance.Display(blocks=(appearance.Block(html=title + html),))


MEDIUM = Service()
LOOK = appearance.Appearance(style="terminal", columns=100, read=_read, title_bar="{title}")


_WORD_JOINER = "\u2060"  # invisible
_ADDRESS = re.compile(r"(https?://\S+)")
# How the services write a mention. An invisible sign after its first sign, or a code in place of that sign in an address,
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
    """Returns the text with an invisible sign in each mention, and with percent-encoded mentions in its addresses."""
    parts = _ADDRESS.split(text)
    parts[::2] = [_MENTION.sub(rf"\g<0>{_WORD_JOINER}", part) for part in parts[::2]]
    parts[1::2] = map(address_without_mentions, parts[1::2])
    return "".join(parts)


def address_without_mentions(address: str) -> str:
    """Returns the address with percent-encoded mentions."""
    return _MENTION.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), address)

"""What a destination receives: HTML, Markdown or text, in messages as long as its service accepts.

Payload: {"title": …, "text": …, "format": "html", "markdown" or "text"}. A title is plain text; "" if a service has no titles.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape as html_escaped
from typing import Literal

from bot.rendering import appearance, packing, views
from bot.rendering.templating import Macro, macros
from subscriptions.texts import cutting

Format = Literal["html", "markdown", "text"]

# Characters of a message: enough for any digest, and few enough for Matrix, which sends HTML twice and encrypted, in at most
# 65,536 bytes.
LONGEST = 20_000
LONGEST_TITLE = 250
# a limit of at least so many counts bytes of the whole request, as for Feishu, DingTalk and Matrix
_OF_REQUESTS = 10_000
_GAP = "\n\n"


class Markup(str):
    """Text with markup, which must not be escaped again."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How HTML or Markdown (CommonMark) writes its markup."""

    escape: Callable[[str], str]
    bold: str  # a pattern with {text}
    italic: str
    struck: str
    link: str  # a pattern with {url} and {text}
    address: Callable[[str], str]  # escapes an address for a link
    line_end: str
    blank_line: str

    def text(self, value: object) -> str:
        """Returns a value as a template prints it: escaped and without mentions unless it is Markup."""
        if isinstance(value, Markup):
            return value
        return self.escape(without_mentions(str(value)))

    def marked(self, form: str, **values: object) -> Markup:
        """Returns the pattern `form`, filled with the escaped values."""
        return Markup(form.format_map({name: self.text(value) for name, value in values.items()}))

    def linked(self, url: str, text: object) -> Markup:
        """Returns a link. Characters that could end the address early are percent-encoded."""
        whole = _ENDS_ADDRESS.sub(lambda found: f"%{ord(found[0]):02X}", address_without_mentions(url))
        return self.marked(self.link, url=Markup(self.address(whole)), text=text)

    def title(self, paper: views.PaperView) -> Markup:
        """Returns the title of a paper as a link to it, or in bold if the paper has no address."""
        title = self.linked(paper.url, paper.title) if paper.url else self.marked(self.bold, text=paper.title)
        if paper.withdrawn:
            return self.marked(self.struck, text=title)
        return title

    def written(self, text: str) -> str:
        """Returns a whole text with the line ends and blank lines of this format."""
        return self.blank_line.join(part.replace("\n", self.line_end) for part in text.split("\n\n"))


_ENDS_ADDRESS = re.compile(r"[\s()<>\"\\]")
_SIGNS = re.compile(r"[\\`*\[\]<]|~~+|\|\|+|(?<![^\W_])_+|_+(?![^\W_])|&(?=[#\w]+;)")
_AT_START = re.compile(r"^(\s*\d*)(?=>|[#+.)-]+(?:\s|$))")  # the beginning of a heading, a quotation or a list


def _markdown_escaped(text: str) -> str:
    """Returns the text with a backslash only before what Markdown would interpret, since some services show other backslashes."""
    return _AT_START.sub(r"\1\\", _SIGNS.sub(lambda found: "".join(f"\\{sign}" for sign in found[0]), text))


HTML = Dialect(
    escape=lambda text: html_escaped(text, quote=False),
    bold="<b>{text}</b>",
    italic="<i>{text}</i>",
    struck="<s>{text}</s>",
    link='<a href="{url}">{text}</a>',
    address=html_escaped,
    line_end="<br>\n",
    blank_line="<br>\n<br>\n",
)
MARKDOWN = Dialect(
    escape=_markdown_escaped,
    bold="**{text}**",
    italic="*{text}*",
    struck="~~{text}~~",
    link="[{text}]({url})",
    address=str,
    line_end="  \n",  # without the spaces, some services join the lines
    blank_line="\n\n",
)
_DIALECTS: Mapping[Format, Dialect] = {"html": HTML, "markdown": MARKDOWN}


@lru_cache
def _macros(form: Format) -> Mapping[str, Macro]:
    dialect = _DIALECTS[form]
    filters: tuple[tuple[str, Callable[..., str]], ...] = (
        ("title", dialect.title),
        ("link", dialect.linked),
        ("bold", lambda text: dialect.marked(dialect.bold, text=text)),
        ("italic", lambda text: dialect.marked(dialect.italic, text=text)),
    )
    return macros("apprise", "txt", filters=filters, escape=dialect.text)


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
        self.room = packing.Size((self.limit, self.limit))

    def draw(self, view: object) -> packing.Fragment:
        """Returns the view in the format of the service."""
        markup = packing.plain_text(view) if self.form == "text" else packing.markup(view, _macros(self.form))
        sizes = (self._written(markup + _GAP), without_mentions(packing.short_text(view) + _GAP))
        return packing.Fragment(view=view, markup=markup, size=packing.Size(tuple(map(self.measure, sizes))))

    def compose(self, contents: packing.Contents) -> tuple[str, str]:
        """Returns (message, its plain form). If the plain form is too long, it has only titles and links of papers."""
        title, shown = self._title(contents.fragments, contents.subject)
        text = self._written(packing.joined_texts([(one.view, one.markup) for one in shown]))
        plain = without_mentions(packing.plain_page(shown))
        if self.measure(plain) > self.limit:
            plain = without_mentions(packing.joined_texts([(one.view, packing.short_text(one.view)) for one in shown]))
        forms: tuple[tuple[str, Format], ...] = ((text, self.form), (plain, "text"))
        payload, other = (
            json.dumps({"title": title, "text": said, "format": form}, ensure_ascii=False) for said, form in forms
        )
        return payload, other

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
        return _DIALECTS[self.form].written(markup)


def _read(payload: object) -> appearance.Display:
    match payload:
        case {"title": str(title), "text": str(text), "format": str(form)}:
            lines = []
            if form == "html":
                lines = [appearance.Paragraph(html=line) for line in text.split("<br>\n")]
            head = []
            if title:
                head = [appearance.Paragraph(html=f"<b>{html_escaped(title)}</b>"), appearance.plain("")]
            return appearance.Display(paragraphs=(*head, *(lines or map(appearance.plain, text.split("\n")))))
    raise ValueError("this is no message of the platform")


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

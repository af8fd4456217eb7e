"""What a destination is sent: HTML, Markdown or text, in messages as long as its service takes them.

Payload: {"title": …, "text": …, "format": "html", "markdown" or "text"}. A title is plain text, "" where a service has none.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape as html_escaped
from typing import Literal

from bot.rendering import packing
from bot.rendering.appearance import Display, Look, Paragraph, plain
from bot.rendering.packing import Contents, Fragment, Medium, Size
from bot.rendering.papers import PaperView
from bot.rendering.parts import Head, Line, NoticeView, Subject
from bot.rendering.templating import Macro, macros
from subscriptions.cutting import cut_at_word, units

Format = Literal["html", "markdown", "text"]

# Enough for any digest. Matrix sends HTML twice and encrypts it, within 65,536 bytes.
LONGEST = 20_000
LONGEST_TITLE = 250
_OF_REQUESTS = 10_000  # a limit from here on is of the whole request in bytes, as of Feishu, DingTalk and Matrix
_GAP = "\n\n"
_CALLING = re.compile(r"(?<![\w/])@(?=\w)")  # the service would notify the person with that name
_WORD_JOINER = "\u2060"  # invisible


class Markup(str):
    """Text that has its markup and is not escaped again."""

    __slots__ = ()


# ------------------------------------------------------------------------------------- how a format writes its markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """HTML, or Markdown as CommonMark has it."""

    escape: Callable[[str], str]
    bold: str  # around {text}
    italic: str
    struck: str
    link: str  # with {url} and {text}
    address: Callable[[str], str]  # as a link has it
    line_end: str
    blank_line: str

    def text(self, value: object) -> str:
        """Returns a value as a template prints it."""
        return value if isinstance(value, Markup) else self.escape(str(value))

    def marked(self, form: str, **values: object) -> Markup:
        """Returns texts within their marks."""
        return Markup(form.format_map({name: self.text(value) for name, value in values.items()}))

    def linked(self, url: str, text: object) -> Markup:
        """Returns a link. Characters that could end the address early are percent-encoded."""
        whole = _ENDS_ADDRESS.sub(lambda found: f"%{ord(found[0]):02X}", url)
        return self.marked(self.link, url=Markup(self.address(whole)), text=text)

    def title(self, paper: PaperView) -> Markup:
        """Returns the title of a paper, which leads to it."""
        title = self.linked(paper.url, paper.title) if paper.url else self.marked(self.bold, text=paper.title)
        return self.marked(self.struck, text=title) if paper.withdrawn else title

    def written(self, text: str) -> str:
        """Returns a whole text with the line ends of this format."""
        return self.blank_line.join(part.replace("\n", self.line_end) for part in text.split("\n\n"))


_ENDS_ADDRESS = re.compile(r"[\s()<>\"\\]")
_SIGNS = re.compile(r"[\\`*\[\]<]|~~+|\|\|+|(?<![^\W_])_+|_+(?![^\W_])|&(?=[#\w]+;)")
_AT_START = re.compile(r"^(\s*\d*)(?=>|[#+.)-]+(?:\s|$))")  # what would begin a heading, a quotation or a list


def _markdown_escaped(text: str) -> str:
    """Returns the text with backslashes before what Markdown would read, and before nothing else: not all services know them."""
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
    line_end="  \n",  # else some show one line
    blank_line="\n\n",
)
_DIALECTS: Mapping[Format, Dialect] = {"html": HTML, "markdown": MARKDOWN}


@lru_cache
def _macros(form: Format) -> Mapping[str, Macro]:
    dialect = _DIALECTS[form]
    filters: Mapping[str, Callable[..., str]] = {
        "title": dialect.title,
        "link": dialect.linked,
        "bold": lambda text: dialect.marked(dialect.bold, text=text),
        "italic": lambda text: dialect.marked(dialect.italic, text=text),
    }
    return macros("apprise", "txt", filters=filters, escape=dialect.text)


# ------------------------------------------------------------------------------------------------------- the medium


def request_bytes(text: str) -> int:
    """Returns the bytes of a text in a request as Apprise writes it: JSON that is ASCII."""
    return len(json.dumps(text)) - 2


def text_bytes(text: str) -> int:
    """Returns the bytes of a text."""
    return len(text.encode("utf-8", "replace"))


class Service(Medium):
    """The medium of a destination. `in_bytes`: its service counts bytes where others count characters."""

    def __init__(
        self,
        form: Format = "text",
        *,
        limit: int = LONGEST,
        title: int = 0,
        shares: bool = False,
        in_bytes: bool = False,
    ) -> None:
        """`limit`: characters of a message, `title`: of its title, 0 for none; `shares`: the title counts as text, too."""
        self.form = form
        self.title_limit = min(title, LONGEST_TITLE)
        self.limit = min(limit, LONGEST) - (self.title_limit if shares else 0)
        self.measure = request_bytes if limit >= _OF_REQUESTS else text_bytes if in_bytes else units
        self.room = Size((self.limit, self.limit))

    def draw(self, view: object) -> Fragment:
        """Returns the view in the format of the service."""
        markup = (
            packing.plain_text(view)
            if self.form == "text"
            else _macros(self.form)[packing.macro_name(view)](view).strip("\n")
        )
        sizes = (self._written(markup + _GAP), _calm(packing.short_text(view) + _GAP))
        return Fragment(view=view, markup=markup, size=Size(tuple(map(self.measure, sizes))))

    def compose(self, contents: Contents) -> tuple[str, str]:
        """Returns the message. Its plain form is without markup, of each paper the title and link if more does not fit."""
        title, shown = self._title(contents.fragments, contents.subject)
        text = self._written(packing.joined_texts([(one.view, one.markup) for one in shown]))
        plain = _calm(packing.plain_page(shown))
        if self.measure(plain) > self.limit:
            plain = _calm(packing.joined_texts([(one.view, packing.short_text(one.view)) for one in shown]))
        forms: tuple[tuple[str, Format], ...] = ((text, self.form), (plain, "text"))
        payload, other = (
            json.dumps({"title": title, "text": said, "format": form}, ensure_ascii=False) for said, form in forms
        )
        return payload, other

    def holds(self, text: str) -> bool:
        """Returns whether the service takes a text of this length."""
        return self.measure(text) <= self.limit

    def _title(self, fragments: Sequence[Fragment], subject: Subject) -> tuple[str, Sequence[Fragment]]:
        """Returns the title of a message, and what is below it. Nothing is said in both."""
        if not self.title_limit:
            return "", fragments
        title, below = subject.text, tuple(fragments)
        match fragments[0].view:
            case Head() as head if below[1:]:
                title = head.line
                below = (*([self.draw(Line(text=head.remark))] if head.remark else []), *below[1:])
            case PaperView(title=named) if subject.about and str(named) == title:
                title = subject.about
            case NoticeView(lines=(_, *_)) as notice:
                title, below = notice.title, (self.draw(replace(notice, title="")), *below[1:])
        return cut_at_word(_calm(title), self.title_limit), below

    def _written(self, text: str) -> str:
        calm = _calm(text)
        return calm if self.form == "text" else _DIALECTS[self.form].written(calm)


def _calm(text: str) -> str:
    return _CALLING.sub(f"@{_WORD_JOINER}", text)


def _read(payload: object, pressed: Collection[str]) -> Display | None:
    del pressed
    match payload:
        case {"title": str(title), "text": str(text), "format": str(form)}:
            lines = [Paragraph(html=line) for line in text.split("<br>\n")] if form == "html" else []
            head = [Paragraph(html=f"<b>{html_escaped(title)}</b>"), plain("")] if title else []
            return Display(paragraphs=(*head, *(lines or map(plain, text.split("\n")))))
    return None


MEDIUM = Service()
LOOK = Look(style="terminal", columns=100, read=_read, title_bar="{title}")

"""The templates of messages, mails and pages, and how a markup writes bold, links and foreign text.

All platforms of texts share templates/message. A `Dialect` writes their marks; the dialect of this module writes none,
for terminals and for the text of a mail. Mails and pages have HTML templates of their own, with one macro for each
view.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from html import escape, unescape

from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.rendering import brand
from bot.rendering.views import Passage

Macro = Callable[[object], object]
_MESSAGES = ("papers.j2", "lines.j2")  # the templates with the macros of messages
_HTML_MESSAGES = ("delivery.html", "reply.html", "notice.html")

_LINK = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_LINE_END = re.compile(r"<br>\n?")
_TAG = re.compile(r"<[^>]*>")


class Marked(str):
    """Text in the markup of a platform, which must not be escaped again."""

    __slots__ = ()


class Dialect:
    """How a markup writes texts.

    This one has no marks: a link is its label, and its address is written below or after it.

    A dialect of a platform is a subclass. Its patterns are put around escaped text.
    """

    is_markup = False  # whether links are hidden in their labels, and lines need no indent
    has_bold_links = False  # whether the title of a card is bold although it is a link
    bold = italic = struck = "{}"
    hit = "{}"  # a word that a query found
    quotation = "{}"  # an abstract
    category = "{}"
    block = "{}"  # lines in a font of fixed width

    def escape(self, text: str) -> str:
        """Return foreign text so that it is shown as it is, and calls nobody."""
        return text

    def own(self, text: str) -> str:
        """Return a line of the bot, which may quote foreign text. Commands in it stay links."""
        return self.escape(text)

    def verbatim(self, text: str) -> str:
        """Return text for categories and blocks, which people copy."""
        return self.escape(text)

    def prose(self, passage: Passage) -> str:
        """Return a foreign text with its hits marked."""
        pieces = map(self.escape, passage.pieces)
        return "".join(self.around(self.hit, piece) if at % 2 else piece for at, piece in enumerate(pieces))

    def title(self, title: Passage | str) -> str:
        """Return a title, which may become the label of a link."""
        return self.prose(title) if isinstance(title, Passage) else self.escape(title)

    def link(self, label: str, address: str) -> str:  # noqa: ARG002 - a text shows only the label
        """Return a link with this label, which is escaped, unlike the address."""
        return label

    def around(self, pattern: str, text: str) -> str:
        """Return escaped text with one of the patterns around it."""
        return pattern.format(text)

    def number(self, number: str) -> str:
        """Return the number of a paper, with the space after it."""
        return f"{number} " if self.is_markup else f"{number:>2}  "

    def indent(self, number: str) -> str:
        """Return the spaces before the lines below the title of a paper with this number, "" for none."""
        if self.is_markup:
            return ""
        return "    " if number else "  "

    def written(self, value: object) -> str:
        """Return a value as a template prints it: escaped unless it is marked."""
        return value if isinstance(value, Marked) else self.escape(str(value))

    def draw(self, view: object) -> str:
        """Return a view (bot/rendering/views.py) in this markup."""
        return _drawn(_macros(self), view)


class Html(Dialect):
    """HTML that chats understand."""

    is_markup = True
    bold, italic, struck = "<b>{}</b>", "<i>{}</i>", "<s>{}</s>"

    def link(self, label: str, address: str) -> str:
        """See Dialect."""
        return f'<a href="{escape(address)}">{label}</a>'


PLAIN = Dialect()


def without_markup(html: str) -> str:
    """Return the text of HTML with our few tags. Each link is followed by its address."""
    written = _LINK.sub(lambda found: f"{found[2]} {found[1]}" if found[2] != found[1] else found[2], html)
    return unescape(_TAG.sub("", _LINE_END.sub("\n", written)))


def _drawn(macros: Mapping[str, Macro], view: object) -> str:
    """Return what the macro of a view prints; its name is that of the class in lower case, without "View"."""
    macro = macros[type(view).__name__.removesuffix("View").lower()]
    return str(macro(view)).strip("\n")  # Jinja's own string type would escape text that is added to it


@lru_cache
def _macros(dialect: Dialect) -> Mapping[str, Macro]:
    """Return the macros of the messages of texts by name. What a template prints is escaped unless it is marked."""
    made = _environment("message", finalize=dialect.written)
    made.globals["dialect"] = dialect
    made.filters |= {
        "marked": Marked,
        "own": lambda text: Marked(dialect.own(text)),
        "prose": lambda passage: Marked(dialect.prose(passage)),
        "title": lambda title: Marked(dialect.title(title)),
        "link": lambda label, address: Marked(dialect.link(dialect.written(label), address)),
        "category": lambda text: Marked(dialect.around(dialect.category, dialect.verbatim(text))),
        "block": lambda text: Marked(dialect.around(dialect.block, dialect.verbatim(text))),
    }
    for name in ("bold", "italic", "struck", "quotation"):
        made.filters[name] = _around(dialect, getattr(dialect, name))
    return _found(made, _MESSAGES)


def _around(dialect: Dialect, pattern: str) -> Callable[[object], Marked]:
    return lambda value: Marked(dialect.around(pattern, dialect.written(value)))


@lru_cache
def html_macros(platform: str) -> Mapping[str, Macro]:
    """Return the macros of a platform whose messages are HTML. What they print is escaped."""
    return _found(_environment(platform), _HTML_MESSAGES)


def draw_html(platform: str, view: object) -> str:
    """Return a view as HTML of a platform."""
    return _drawn(html_macros(platform), view)


def draw(folder: str, template: str, **values: object) -> str:
    """Return the document that an HTML template draws. `folder`: a folder of templates/."""
    return _environment(folder).get_template(template).render(**values)


def draw_text(folder: str, template: str, **values: object) -> str:
    """Return the document that a template of plain text draws. Nothing in it is escaped."""
    drawn = _environment(folder, finalize=str).get_template(template).render(**values)
    return drawn.strip("\n") + "\n"


def _found(environment: Environment, names: tuple[str, ...]) -> Mapping[str, Macro]:
    modules = [environment.get_template(name).module for name in names]
    return {macro: value for module in modules for macro, value in vars(module).items() if callable(value)}


@lru_cache
def _environment(folder: str, finalize: Callable[[object], object] | None = None) -> Environment:
    made = Environment(
        loader=PackageLoader("templates", folder),
        autoescape=finalize is None,  # noqa: S701 - a dialect has its own escape
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["brand"] = brand
    return made

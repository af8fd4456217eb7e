"""The only module that uses Jinja. It has an environment for each platform with its own escape, one for the gallery, one for pages.

A template is a set of macros, one for each kind of view: plain/delivery.txt has `card(paper)`, `head(head)` and so on.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from bot.ports.conversation import PageFrame
from bot.rendering import brand
from bot.rendering.language import Language
from subscriptions.errors import Sentence

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = ("delivery", "reply", "notice")

# The words of the gallery. Templates contain no words, so that all msgids are found in Python code.
_LABELS: Mapping[str, Sentence] = {
    "buttons": Sentence("Buttons"),
    "silent": Sentence("sent without a sound"),
    "edited": Sentence("edited"),
    "menu": Sentence("Menu: more about this paper"),
    "subscriptions": Sentence("Subscriptions"),
    "received": Sentence("What {chat} received"),
    "skip": Sentence("To the chats"),
    "chats": Sentence("Chats"),
    "turn": Sentence("Your turn"),
}

Macro = Callable[[object], object]


@lru_cache
def macros(
    platform: str,
    ending: Literal["html", "txt"],
    *,
    filters: tuple[tuple[str, Callable[..., str]], ...] = (),
    escape: Callable[[object], object] | None = None,
) -> Mapping[str, Macro]:
    """Returns the macros of a platform's templates by name.

    `escape` is applied to every value that a template prints. Without `escape`, HTML templates escape HTML. The result
    of a macro has a string type of Jinja, which escapes text that is added to it, so take `str` of it.
    """
    environment = _environment(platform, ending, escape)
    environment.filters.update(filters)
    found: dict[str, Macro] = {}
    for name in _TEMPLATES:
        module = environment.get_template(f"{name}.{ending}").module
        found |= {macro: value for macro, value in vars(module).items() if callable(value)}
    return found


@lru_cache
def _environment(folder: str, ending: str, escape: Callable[[object], object] | None) -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - Jinja takes 50 ms, and many processes write no message

    made = Environment(
        loader=PackageLoader("templates", folder),
        autoescape=ending == "html",  # noqa: S701 - other markup has its own escape
        finalize=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["brand"] = brand
    return made


def draw(platform: str, template: str, **values: object) -> str:
    """Returns the document that an HTML template of a platform draws."""
    return _environment(platform, "html", None).get_template(template).render(**values)


def page_environment() -> "Environment":
    """Returns the environment of the gallery's templates."""
    made = _environment("gallery", "html", None)
    made.filters.update(label=label)
    made.globals["papers_of_pages"] = _rules_of_papers()
    made.globals["faces"] = {
        name: b64encode(static_file(f"fonts/{face}-latin.woff2")).decode()
        for name, face in zip(("Serif", "Sans"), _FACES, strict=True)
    }
    return made


def _rules_of_papers() -> str:
    """Returns the rules of the pages' style sheet for papers, by which the gallery shows a message of a page."""
    lines = static_file("style.css").decode().splitlines()
    begin, end = (
        next(n for n, line in enumerate(lines) if line.startswith(rule)) for rule in (".paper {", ".paper.here")
    )
    return "\n".join(lines[begin:end])


def label(language: Language, name: str, **values: object) -> str:
    """Returns the text of the gallery that has this name, in a language."""
    return replace(_LABELS[name], values=values).say(language.translate)


# ------------------------------------------------------------------------------------------- draws the pages for people


_FACES = ("source-serif-4", "source-sans-3")  # variable fonts by Adobe, SIL Open Font License (fonts/OFL.txt)
_SCRIPTS = ("latin", "latin-ext", "greek", "cyrillic")  # a browser loads only those that the page needs
STATIC: Mapping[str, str] = {  # name -> media type
    "style.css": "text/css",
    **{
        one.name: "text/javascript"
        for one in files("templates").joinpath("web/static").iterdir()
        if one.name.endswith(".js")
    },
    **{f"fonts/{face}-{script}.woff2": "font/woff2" for face in _FACES for script in _SCRIPTS},
}

# The words of the frame. Templates contain no words, so that all msgids are found in Python code.
_WORDS: Mapping[str, Sentence] = {
    "skip": Sentence("To the content"),
    "navigation": Sentence("Pages"),
    "sign_out": Sentence("sign out"),
    "language": Sentence("Language"),
}
_LANGUAGES = (("en", "English"), ("zh", "中文"))


def draw_page(
    template: str,
    frame: PageFrame,
    title: Sentence | str,
    *,
    words: Mapping[str, Sentence] | None = None,
    **values: object,
) -> str:
    """Returns a page as HTML. `title` is a sentence, or a text in the reader's language.

    The template extends frame.html. It gets `values`, and the sentences of `words` translated, as `words.NAME`.
    """
    said = _said(frame, {**_WORDS, **(words or {})})
    return draw(
        "web/pages",
        template,
        **values,
        frame=frame,
        title=title if isinstance(title, str) else _say(title, frame),
        words=said,
        navigation=[(path, _say(label, frame)) for path, label in frame.navigation],
        offers=[(_say(offer.text, frame), _say(offer.label, frame), offer.action) for offer in frame.offers],
        languages=_LANGUAGES,
        static={name: f"/static/{name}?{static_version(name)}" for name in STATIC},
    )


def draw_part(template: str, frame: PageFrame, *, words: Mapping[str, Sentence] | None = None, **values: object) -> str:
    """Returns a part of a page as HTML, without the frame."""
    return draw("web/pages", template, **values, frame=frame, words=_said(frame, words or {}))


@lru_cache
def static_file(name: str) -> bytes:
    """Returns a file that belongs to the pages. Raises KeyError for a name that is not in STATIC."""
    if name not in STATIC:
        raise KeyError(name)
    content = files("templates").joinpath("web/static", name).read_bytes()
    return brand.style().encode() + content if name == "style.css" else content


@lru_cache
def static_version(name: str) -> str:
    """Returns a text that changes with the file's content, so that browsers may cache each version forever."""
    return sha256(static_file(name)).hexdigest()[:12]


def _said(frame: PageFrame, words: Mapping[str, Sentence]) -> dict[str, str]:
    return {name: _say(sentence, frame) for name, sentence in words.items()}


def _say(sentence: Sentence, frame: PageFrame) -> str:
    return sentence.say(Language(frame.language, "UTC").translate)

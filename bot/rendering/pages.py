"""Draws the pages for people, and serves their files that never change: style, scripts, fonts."""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files

from bot.ports.conversation import PageFrame
from bot.rendering import brand
from bot.rendering.dialects import draw
from subscriptions.errors import Sentence
from subscriptions.language import Language

FACES = ("source-serif-4", "source-sans-3")  # variable fonts by Adobe, SIL Open Font License (fonts/OFL.txt)
_SCRIPTS = ("latin", "latin-ext", "greek", "cyrillic")  # a browser loads only those that the page needs
STATIC: Mapping[str, str] = {  # name -> media type
    "style.css": "text/css",
    **{
        one.name: "text/javascript"
        for one in files("templates").joinpath("web/static").iterdir()
        if one.name.endswith(".js")
    },
    **{f"fonts/{face}-{script}.woff2": "font/woff2" for face in FACES for script in _SCRIPTS},
}
# The words of the frame. Templates contain no words, so that all msgids are found in Python code.
_WORDS: Mapping[str, Sentence] = {
    "skip": Sentence("To the content"),
    "sign_out": Sentence("sign out"),
    "language": Sentence("Language"),
}
_LANGUAGES = (("en", "English"), ("zh", "中文"))


@lru_cache
def static_file(name: str) -> bytes:
    """Returns a file that belongs to the pages. Raises KeyError for a name that is not in STATIC."""
    if name not in STATIC:
        raise KeyError(name)
    content = files("templates").joinpath("web/static", name).read_bytes()
    if name == "style.css":
        return brand.style().encode() + content
    return content


@lru_cache
def static_version(name: str) -> str:
    """Returns a text that changes with the file's content, so that browsers may cache each version forever."""
    return sha256(static_file(name)).hexdigest()[:12]


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
        offers=[(_say(offer.text, frame), _say(offer.label, frame), offer.action) for offer in frame.offers],
        languages=_LANGUAGES,
        static={name: f"/static/{name}?{static_version(name)}" for name in STATIC},
    )


def draw_part(template: str, frame: PageFrame, *, words: Mapping[str, Sentence] | None = None, **values: object) -> str:
    """Returns a part of a page as HTML, without the frame."""
    return draw("web/pages", template, **values, frame=frame, words=_said(frame, words or {}))


def _said(frame: PageFrame, words: Mapping[str, Sentence]) -> dict[str, str]:
    return {name: _say(sentence, frame) for name, sentence in words.items()}


def _say(sentence: Sentence, frame: PageFrame) -> str:
    return Language(frame.language, "UTC").say(sentence)

"""Draws the pages for people: one frame around all of them, and each page's own template (templates/web/pages)."""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from bot.ports.web_page import PageFrame
from bot.rendering.templating import web_environment
from bot.rendering.text.language import Language
from subscriptions.errors import Sentence

if TYPE_CHECKING:
    from jinja2 import Template

STATIC: Mapping[str, str] = {"style.css": "text/css", "page.js": "text/javascript"}  # name -> media type

# The words of the frame. Templates have none, so that all are found when msgids are collected.
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
    """Returns a page as HTML. `title`: a sentence, or a text in the reader's language.

    `words` are the page's own: its template has them, translated, as `words.NAME`.

    The template extends frame.html, and gets `values` beside.
    """
    said = _said(frame, {**_WORDS, **(words or {})})
    return _template(template).render(
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
    return _template(template).render(**values, frame=frame, words=_said(frame, words or {}))


@lru_cache
def static_file(name: str) -> bytes:
    """Returns a file that belongs to the pages. Raises KeyError for any name that is not in STATIC."""
    if name not in STATIC:
        raise KeyError(name)
    return files("templates").joinpath("web/static", name).read_bytes()


@lru_cache
def static_version(name: str) -> str:
    """Returns a word that changes with the file, so that browsers may keep it for ever."""
    return sha256(static_file(name)).hexdigest()[:12]


def _said(frame: PageFrame, words: Mapping[str, Sentence]) -> dict[str, str]:
    return {name: _say(sentence, frame) for name, sentence in words.items()}


def _say(sentence: Sentence, frame: PageFrame) -> str:
    return sentence.say(Language(frame.language, "UTC").translate)


def _template(name: str) -> "Template":
    return web_environment().get_template(name)

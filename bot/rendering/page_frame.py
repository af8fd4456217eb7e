"""Draws the pages for people, with the words of their frame, and reads their files that never change."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from bot.rendering.dialects import draw
from subscriptions.errors import Sentence
from subscriptions.language import LANGUAGES, Language

FACES = ("source-serif-4", "source-sans-3")  # variable fonts by Adobe, SIL Open Font License (fonts/OFL.txt)
# The words of the frame. Templates contain no words, so that all msgids are found in Python code.
_WORDS = {
    "skip": Sentence("To the content"),
    "sign_out": Sentence("sign out"),
}


@dataclass(frozen=True, slots=True)
class PageFrame:
    """What every page of a visitor needs."""

    language: str  # a key of LANGUAGES
    token: str  # of the session; every form must send it
    can_sign_out: bool = False


def static_file(name: str) -> bytes:
    """Returns a file that belongs to the pages, such as a style or a font."""
    return files("templates").joinpath("web/static", name).read_bytes()


def draw_page(
    template: str,
    frame: PageFrame,
    words: Mapping[str, Sentence],
    **values: object,
) -> str:
    """Returns a page as HTML, or a part of one.

    The template gets `values`, and the sentences of `words` in the reader's language, as `words.NAME`.
    """
    language = Language(frame.language, "UTC")
    said = {name: language.say(sentence) for name, sentence in {**_WORDS, **words}.items()}
    return draw("web/pages", template, **values, frame=frame, words=said, languages=LANGUAGES)

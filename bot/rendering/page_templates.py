"""Draws the pages for people."""

from collections.abc import Mapping

from bot.ports.conversation import PageFrame
from bot.rendering.static_files import STATIC, static_version
from bot.rendering.templating import draw
from subscriptions.errors import Sentence
from subscriptions.language import Language

# The words of the frame. Templates contain no words, so that all msgids are found in Python code.
_WORDS: Mapping[str, Sentence] = {
    "skip": Sentence("To the content"),
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

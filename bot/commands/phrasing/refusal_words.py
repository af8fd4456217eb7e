"""Refusals in words: the error, its place, and a correct example."""

from collections.abc import Sequence

from bot.commands.phrasing.localizer import Localizer
from bot.ports.channel import Reply
from subscriptions.cutting import cut_letters
from subscriptions.errors import PaperwireError, Sentence

_LONGEST = 60  # characters of a typed text that is repeated


def refused(error: PaperwireError, localizer: Localizer, *, code: Sequence[str] = ()) -> Reply:
    """Returns the reply to a refused request. `code` shows the place: the query, and a caret under its column."""
    hint = error.hint.say(localizer.translate)
    return Reply(
        lines=(short(error.sentence).say(localizer.translate), *([hint] if hint else [])), ok=False, code=tuple(code)
    )


def short(sentence: Sentence) -> Sentence:
    """Returns the sentence with long values cut, since a message may have only 4,096 characters."""
    return Sentence(sentence.template, {name: _cut(value) for name, value in sentence.values.items()})


def _cut(value: object) -> object:
    if isinstance(value, Sentence):
        return short(value)
    return cut_letters(value, _LONGEST) if isinstance(value, str) else value

"""How a refused request is answered in the chat's language; a caret shows where a refused query is wrong."""

from bot.ports.channel import Reply
from bot.rendering.queries_in_words import caret
from subscriptions import errors
from subscriptions.language import Language
from subscriptions.texts.cutting import cut_letters

_LONGEST_TYPED = 60  # characters of a typed text that is repeated


def refused(error: errors.PaperwireError, language: Language, typed: str = "") -> Reply:
    """Returns the reply to a refused request. For a QueryError, also shows `typed` with a caret under the error's column."""
    code = caret(typed, error.column) if isinstance(error, errors.QueryError) else ()
    hint = language.say(error.hint)
    return Reply(lines=(language.say(short(error.sentence)), *([hint] if hint else [])), ok=False, code=code)


def short(sentence: errors.Sentence) -> errors.Sentence:
    """Returns the sentence with long values cut, since a message may have only 4,096 characters."""
    return errors.Sentence(sentence.template, {name: _cut(value) for name, value in sentence.values.items()})


def _cut(value: object) -> object:
    if isinstance(value, errors.Sentence):
        return short(value)
    if isinstance(value, str):
        return cut_letters(value, _LONGEST_TYPED)
    return value

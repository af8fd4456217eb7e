"""Tells which kind of text a sentence wants below the titles, if it names just one: "only abstracts", 只要摘要. Pure."""

import re
from collections.abc import Sequence

from bot.sentences.words import reader, subjects
from bot.sentences.words.said import Said
from bot.sentences.words.word_lists import small_words
from subscriptions.chat_settings import SETTINGS

_TEXT = SETTINGS["text"]
_TITLES = "set-text-titles"
_ONLY = re.compile(r"\b(?:only|just|solely|merely|nothing (?:but|except|besides))\b|[只仅光]")
_NO_DENIAL = re.compile(rf"{_ONLY.pattern}|\b(?:want|keep|leave)\b")  # though `denies` takes these words for one
_TEXTS = re.compile(r"titl|headline|text|abstract|summar|short|brief|compact|long|[标題题文要总概]")
_AROUND = frozenset({"nothing", "but", "except", "besides", "just", "only", "each", "every", "all", "paper", "papers"})
_HAN_NAMES = {
    name: value for value, names in _TEXT.value_names.items() for name in names.split() if reader.is_han(name[0])
}


def with_named_text(found: Sequence[reader.Score], said: Said) -> Sequence[reader.Score]:
    """Returns the scores; if only another kind of text is named than titles, those of titles belong to that kind."""
    plain = reader.folded(said.text)
    if found[0].intent == _TITLES and said.has_unknown and not _TEXTS.search(plain):  # "I only need the potatoes"
        return [reader.Score(reader.QUERY, found[0].sure), *found[1:]]
    named = {value for name, value in _HAN_NAMES.items() if name in plain}
    values = [_TEXT.value_named(one.words) for one in said.tokens]
    named |= {value for value in values if value}
    around = {one.mark for one, value in zip(said.tokens, values, strict=True) if not value}
    is_of_text = found[0].intent == _TITLES or (found[0].intent == "narrow" and around <= small_words() | _AROUND)
    if not is_of_text or not _ONLY.search(plain) or subjects.denies(_NO_DENIAL.sub(" ", plain)):
        return found
    if len(named) != 1 or "titles" in named or "both" in named:
        return found
    meant = f"set-text-{named.pop()}"
    sure = sum(one.sure for one in found if one.intent in (found[0].intent, _TITLES, meant))
    return [reader.Score(meant, sure), *(one for one in found[1:] if one.intent != meant)]

"""Tells in which language a person writes, and which texts are too short to tell it, such as terms and ids. Pure."""

import re

from bot.sentences.words import languages, reader
from bot.sentences.words.intents import meaning

_CHINESE, _WORD = re.compile(r"[\u4e00-\u9fff]"), re.compile(r"[A-Za-z]{2,}")
_KANA = re.compile(r"[\u3041-\u30fa]")
_LONGEST_TERM = 6  # Chinese characters of the longest text that may be a term and not a sentence


def language_of(text: str) -> str:
    """Returns the language of a sentence, "en" or "zh"; "" for a text that is no sentence of them, such as a term or an id."""
    said, chinese, words = meaning(text), len(_CHINESE.findall(text)), len(_WORD.findall(text))
    if said.intent == languages.OTHER_LANGUAGE or _KANA.search(text):
        return ""
    if chinese > words:
        if said.intent != reader.QUERY or chinese > _LONGEST_TERM:
            return "zh"
        return ""
    if words > 1 and not chinese and said.intent != reader.QUERY:
        return "en"
    return ""

"""What a comma and a word of exclusion leave out: `diffusion, not survey`, `"graph neural", not (survey OR review)`."""

import re
from collections.abc import Iterator

from subscriptions.query._lexer import FIELDS, Kind, Lexeme, lexemes
from subscriptions.query._phrases import phrase
from subscriptions.query._sentences import Notes

# "No" alone is a name (author:Kim, No), and NO is nitric oxide.
EXCLUDES = r"""(?:
    (?: (?:[Bb]ut\s+)? (?: [Nn]ot | no | [Ww]ithout | [Ee]xcept(?:\s+for)? ) (?=[\s"(]|$) | No(?=\s+[^\s,)]) )
  | 但?(?:不含|不要)
)"""
_COMMAS = r"(?:,(?=\s)|[，、])"
_EXCLUSION = re.compile(rf"{_COMMAS}\s*{EXCLUDES}", re.VERBOSE)
_MARK = re.compile(rf'"[^"]*"?|(?P<comma>{_COMMAS}\s*)(?P<excludes>{EXCLUDES})?', re.VERBOSE)
_ITEM_ENDS = frozenset({Kind.CLOSE, Kind.BUT_NOT, Kind.COMMA})


def parts_of(text: str, notes: Notes) -> Iterator[Lexeme]:
    """The lexemes of a text that is no list. A comma means something only where some comma begins an exclusion."""
    if not any(comma in text for comma in ",，、") or not _EXCLUSION.search(text):
        return lexemes(text, 0, len(text), FIELDS)
    return _with_phrases(_between_commas(text), notes)


def _between_commas(text: str) -> Iterator[Lexeme]:
    done = 0
    for mark in _MARK.finditer(text):
        if mark["comma"] is None:  # a quote, in which a comma is punctuation
            continue
        yield from lexemes(text, done, mark.start(), FIELDS)
        done = mark.end()
        kind, group = (Kind.BUT_NOT, "excludes") if mark["excludes"] else (Kind.COMMA, "comma")
        yield Lexeme(kind, *mark.span(group), mark[group])
    yield from lexemes(text, done, len(text), FIELDS)


def _with_phrases(found: Iterator[Lexeme], notes: Notes) -> Iterator[Lexeme]:
    """Several plain words that are excluded together are a phrase, as in a list."""
    words: list[Lexeme] = []
    excluded = False
    for lexeme in found:
        if excluded and lexeme.kind is Kind.WORD:
            words.append(lexeme)
            continue
        is_phrase = len(words) > 1 and lexeme.kind in _ITEM_ENDS
        yield from [phrase(words, notes)] if is_phrase else words
        words, excluded = [], lexeme.kind is Kind.BUT_NOT
        yield lexeme
    yield from [phrase(words, notes)] if len(words) > 1 else words

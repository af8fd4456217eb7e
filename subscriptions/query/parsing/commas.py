"""Exclusions after commas: `diffusion, not survey`, `"graph neural", not (survey OR review)`."""

import re
from collections.abc import Iterator, Sequence

from subscriptions.errors import Sentence
from subscriptions.query.fields import FIELDS, Fields
from subscriptions.query.parsing.lexer import Lexeme, LexemeKind, lexemes
from subscriptions.query.parsing.sentences import STRAY_STAR, Notes, Rank

# "No" alone is a name (author:Kim, No), and "NO" is nitric oxide.
EXCLUDES = r"""(?:
    (?: (?:[Bb]ut\s+)? (?: [Nn]ot | no | [Ww]ithout | [Ee]xcept(?:\s+for)? ) (?=[\s"(]|$) | No(?=\s+[^\s,)]) )
  | 但?(?:不含|不要)
)"""
_COMMAS = r"(?:,(?=\s)|[，、])"
_EXCLUSION = re.compile(rf"{_COMMAS}\s*{EXCLUDES}", re.VERBOSE)
_MARK = re.compile(rf'"[^"]*"?|(?P<comma>{_COMMAS}\s*)(?P<excludes>{EXCLUDES})?', re.VERBOSE)
_ITEM_ENDS = frozenset({LexemeKind.CLOSE, LexemeKind.BUT_NOT, LexemeKind.COMMA})


def lexemes_with_exclusions(text: str, notes: Notes, fields: Fields = FIELDS) -> Iterator[Lexeme]:
    """Returns the lexemes of a text that is no list. Commas have a meaning only if some comma begins an exclusion."""
    if not _EXCLUSION.search(text):
        return lexemes(text, 0, len(text), fields)
    return _with_phrases(_between_commas(text, fields), notes)


def _between_commas(text: str, fields: Fields) -> Iterator[Lexeme]:
    done = 0
    for mark in _MARK.finditer(text):
        if mark["comma"] is None:  # a quote, in which a comma is punctuation
            continue
        yield from lexemes(text, done, mark.start(), fields)
        done = mark.end()
        kind, group = (LexemeKind.BUT_NOT, "excludes") if mark["excludes"] else (LexemeKind.COMMA, "comma")
        yield Lexeme(kind, *mark.span(group), mark[group])
    yield from lexemes(text, done, len(text), fields)


def _with_phrases(found: Iterator[Lexeme], notes: Notes) -> Iterator[Lexeme]:
    """Yields the lexemes with each sequence of excluded plain words joined to a phrase, as in a list."""
    words: list[Lexeme] = []
    excluded = False
    for lexeme in found:
        if excluded and lexeme.kind is LexemeKind.WORD:
            words.append(lexeme)
            continue
        is_phrase = len(words) > 1 and lexeme.kind in _ITEM_ENDS
        yield from [phrase(words, notes)] if is_phrase else words
        words, excluded = [], lexeme.kind is LexemeKind.BUT_NOT
        yield lexeme
    yield from [phrase(words, notes)] if len(words) > 1 else words


def phrase(words: Sequence[Lexeme], notes: Notes) -> Lexeme:
    """Returns words side by side as one quoted value, with the = of the first word and the star of the last."""
    found = [lexeme for lexeme in words if lexeme.kind is not LexemeKind.STAR]
    if not found:
        return Lexeme(LexemeKind.QUOTE, words[0].start, words[-1].end)
    first, last = found[0], found[-1]
    if len(found) < len(words) or any(lexeme.star for lexeme in found[:-1]):
        notes.add(Rank.STAR, STRAY_STAR)
    text = " ".join(lexeme.text for lexeme in found)
    if first.text in ("or", "and"):
        notes.add(
            Rank.LOWER_CASE,
            Sentence(
                "I look for the phrase {phrase}. In a list leave out the word {word}.",
                {"phrase": f'"{text}"', "word": first.text},
            ),
        )
    return Lexeme(LexemeKind.QUOTE, first.start, last.end, text, exact=first.exact, star=last.star)

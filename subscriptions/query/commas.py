"""Decides what commas mean (a list, one author, several papers, an exclusion), and which words exclude: not, without, except, 不要.

    rlhf, dpo, not reward model         any of the items, without the excluded one
    author:Doe, Jane                    one author
    like:2601.15529, 2601.15530         one value of nearness
    "graph neural", not survey, agents  not a list, since it has quotes: only the words after "not" are excluded
    graph neural but not survey         not a list, since it has no comma: the words after "but not" are excluded

This module replaces the commas by lexemes for the parser. Adjacent words of an item are a phrase.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, takewhile

from subscriptions.errors import Sentence
from subscriptions.query import Fields, ValueKind, lexer, sentences
from subscriptions.query.lexemes_of import Lexeme, LexemeKind, lexemes
from subscriptions.query.links import named_paper

Item = list[Lexeme]

# "no" excludes, but "No" is a name (author:Kim, No), and "NO" is nitric oxide.
EXCLUDES = r"""(?:
    (?: (?:[Bb]ut\s+)? (?: [Nn]ot | no | [Ww]ithout | [Ee]xcept(?:\s+for)? ) (?=[\s"(]|$) | No(?=\s+[^\s,)]) )
  | 但?(?:不含|不要)
)"""
# These exclude without a comma before them, too: no paper is looked for by such words.
_BUT_NOT = r"""(?:
    (?<=\S)\s+ (?= (?: [Bb]ut\s+(?:not|no|without) | [Ee]xcept(?:\s+for)? ) [\s"(] )
  | (?<=\S)\s* (?= 但(?:不含|不要) )
)"""
_COMMAS = r"(?:,(?=\s)|[，、])"
_EXCLUSION = re.compile(rf"(?:{_COMMAS}\s*|{_BUT_NOT}){EXCLUDES}", re.VERBOSE)
_MARK = re.compile(rf'"[^"]*"?|(?P<comma>{_COMMAS}\s*|{_BUT_NOT})(?P<excludes>{EXCLUDES})?', re.VERBOSE)
_LIST_COMMAS = re.compile(r"[,，、]")
_ENDS_OF_ITEMS = re.compile(rf"[,，、]|{_BUT_NOT}", re.VERBOSE)
_NO_LIST = re.compile(r'["()|]')
_EXCLUDED = re.compile(rf"\s*(?P<word>{EXCLUDES})", re.VERBOSE)
_MARKS = frozenset({LexemeKind.FIELD, LexemeKind.ITEM, LexemeKind.BUT_NOT})
_IN_ITEMS = _MARKS | {LexemeKind.WORD, LexemeKind.LINK, LexemeKind.STAR}


def lexemes_of_list(source: lexer.Typed, notes: sentences.Notes, fields: Fields) -> Iterator[Lexeme] | None:
    """Returns the lexemes of a list of two or more items, the excluded items last; None if the text is not a list.

    A text with operators, a minus, brackets or quotes is not a list.
    """
    if not _LIST_COMMAS.search(source.text) or _NO_LIST.search(source.text):
        return None
    items = list(_items(source.text, fields))
    if len(items) < 2 or any(lexeme.kind not in _IN_ITEMS for item in items for lexeme in item):  # noqa: PLR2004 - a list
        return None
    wanted = [item for item in items if item[0].kind is LexemeKind.ITEM]
    if wanted == items[:1]:  # "graph neural networks, no surveys" asks for one thing, whose words are no phrase
        return None
    excluded = [item for item in items if item[0].kind is not LexemeKind.ITEM]
    in_order = (*_as_one_value(wanted, notes), *excluded)
    return (lexeme for item in in_order for lexeme in _with_phrases(item, source, notes))


def _items(text: str, fields: Fields) -> Iterator[Item]:
    """Yields the lexemes between commas, each group after a lexeme ITEM or BUT_NOT.

    Yields nothing if a comma has no space after it.
    """
    end = len(text)
    while end and (text[end - 1].isspace() or _LIST_COMMAS.match(text[end - 1])):  # commas at the end mean nothing
        end -= 1
    commas = list(_ENDS_OF_ITEMS.finditer(text, 0, end))
    if any(comma[0] == "," and not text[comma.end()].isspace() for comma in commas):
        return
    starts = [0, *(comma.end() for comma in commas)]
    for start, stop in zip(starts, [*(comma.start() for comma in commas), end], strict=True):
        if word := _EXCLUDED.match(text, start, stop):
            excludes = Lexeme(LexemeKind.BUT_NOT, *word.span("word"), word["word"])
            yield [excludes, *lexemes(text, word.end(), stop, fields)]
        elif item := list(lexemes(text, start, stop, fields)):
            yield [Lexeme(LexemeKind.ITEM, start, start), *item]


def _as_one_value(items: list[Item], notes: sentences.Notes) -> list[Item]:
    """Joins the items of `author:Doe, Jane` and of `like:2601.15529, 2601.15530` to one. Other items stay."""
    if len(items) < 2:  # noqa: PLR2004 - two items
        return items
    fields = list(takewhile(lambda lexeme: lexeme.kind in _MARKS, items[0]))
    values = [items[0][len(fields) :], *(item[1:] for item in items[1:])]
    together = [lexeme for value in values for lexeme in value]
    field = fields[-1].field
    if field is None or any(lexeme.kind is LexemeKind.FIELD for lexeme in together):
        return items
    if field.kind is ValueKind.NAME and len(values) == 2 and values[0]:  # noqa: PLR2004 - last name, first name
        return [[*fields, _name(*values, notes=notes)]]
    if field.kind is ValueKind.NEARNESS and all(
        lexeme.kind is LexemeKind.WORD and named_paper(lexeme.text) for lexeme in together
    ):
        return [[*fields, together[0]._replace(text=",".join(lexeme.text for lexeme in together))]]
    return items


def _name(last_name: Item, first_name: Item, *, notes: sentences.Notes) -> Lexeme:
    # The part of the name with a star comes last, since a star has a meaning only there.
    first, last = sorted((phrase(first_name, notes), phrase(last_name, notes)), key=lambda name: name.star)
    if first.star:
        notes.add(sentences.Rank.STAR, sentences.STRAY_STAR)
    exact = first.exact or last.exact
    return last._replace(start=last_name[0].start, text=f"{first.text} {last.text}", exact=exact)


def _with_phrases(item: Item, source: lexer.Typed, notes: sentences.Notes) -> Iterator[Lexeme]:
    """Yields the lexemes of an item, adjacent words joined to a phrase. Raises QueryError for a star in a category."""
    before = item[0]
    for are_marks, group in groupby(item, lambda lexeme: lexeme.kind in _MARKS):
        words = list(group)
        if are_marks:
            before = words[-1]
            yield from words
            continue
        has_star = any(lexeme.kind is LexemeKind.STAR for lexeme in words)
        if has_star and before.field and before.field.kind is ValueKind.CATEGORY:
            raise sentences.star_in_category("cs", source.columns[words[0].start])
        yield phrase(words, notes) if len(words) > 1 or has_star else words[0]


def lexemes_with_exclusions(text: str, notes: sentences.Notes, fields: Fields) -> Iterator[Lexeme]:
    """Yields the lexemes of a text that is not a list. Its commas mean something only if it has an exclusion."""
    marks = []
    if _EXCLUSION.search(text):
        marks = [mark for mark in _MARK.finditer(text) if mark["comma"] is not None]
    ends = [*(mark.start() for mark in marks), len(text)]
    yield from lexemes(text, 0, ends[0], fields)
    for mark, end in zip(marks, ends[1:], strict=True):
        found = list(lexemes(text, mark.end(), end, fields))
        if mark["excludes"]:
            yield Lexeme(LexemeKind.BUT_NOT, *mark.span("excludes"), mark["excludes"])
            words = list(takewhile(lambda lexeme: lexeme.kind is LexemeKind.WORD, found))
            is_item = all(lexeme.kind is LexemeKind.CLOSE for lexeme in found[len(words) :][:1])
            if len(words) > 1 and is_item:
                found = [phrase(words, notes), *found[len(words) :]]
        else:
            yield Lexeme(LexemeKind.COMMA, *mark.span("comma"), mark["comma"])
        yield from found


def phrase(words: Sequence[Lexeme], notes: sentences.Notes) -> Lexeme:
    """Returns adjacent words as one quoted value, with the = of the first word and the star of the last."""
    found = [lexeme for lexeme in words if lexeme.kind is not LexemeKind.STAR]
    if not found:
        return Lexeme(LexemeKind.QUOTE, words[0].start, words[-1].end)
    first, last = found[0], found[-1]
    if len(found) < len(words) or any(lexeme.star for lexeme in found[:-1]):
        notes.add(sentences.Rank.STAR, sentences.STRAY_STAR)
    text = " ".join(lexeme.text for lexeme in found)
    if first.text in ("or", "and"):
        notes.add(
            sentences.Rank.LOWER_CASE,
            Sentence(
                "I look for the phrase {phrase}. In a list leave out the word {word}.",
                {"phrase": f'"{text}"', "word": first.text},
            ),
        )
    return Lexeme(LexemeKind.QUOTE, first.start, last.end, text, exact=first.exact, star=last.star)
